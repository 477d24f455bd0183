/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "contract/cloud/contract.h"
#include "fake/fake_cloud.h"

static struct fake_cloud *fake;

static struct cf_cloud *
fake_open(void)
{
    fake = fake_cloud_new(&contract_stop);
    return fake_cloud_port(fake);
}

static void
fake_close(struct cf_cloud *cloud)
{
    cloud->ops->close(cloud);
    fake = NULL;
}

static void
offer(size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char uuid[CF_UUID_SIZE];
        char text[256];

        cf_text_uuid(uuid);
        snprintf(text, sizeof text,
                 "{\"requestContext\":\"%s\",\"leaseExpiresUtc\":\"2999-01-01T00:00:00Z\"}", uuid);
        fake_cloud_offer(fake, text);
    }
}

static void
offer_revocation(const char *serial)
{
    char uuid[CF_UUID_SIZE];
    char text[256];

    cf_text_uuid(uuid);
    snprintf(text, sizeof text,
             "{\"requestContext\":\"%s\",\"serialNumber\":\"%s\",\"issuerName\":\"CN=x\"}", uuid,
             serial);
    fake_cloud_offer_revocation(fake, text);
}

static void
go_wrong(enum contract_call call, enum contract_fault fault)
{
    enum fake_cloud_call which = call == CONTRACT_UPLOAD ? FAKE_CLOUD_UPLOAD : FAKE_CLOUD_DOWNLOAD;
    struct cf_err err;

    if (fault == CONTRACT_LOST_ANSWER) {
        fake_cloud_lose_answers(fake, which, 1);
        return;
    }
    (void)cf_fail(&err, fault == CONTRACT_THROTTLED ? CF_E_THROTTLED : CF_E_HTTP, "told to");
    err.retry_after_s = fault == CONTRACT_THROTTLED ? 7 : 0;
    fake_cloud_fail(fake, which, &err, 1);
}

static void
check_service(void)
{
}

int
main(void)
{
    const struct contract_impl impl = {.name = "fake",
                                       .open = fake_open,
                                       .close = fake_close,
                                       .offer = offer,
                                       .offer_revocation = offer_revocation,
                                       .go_wrong = go_wrong,
                                       .check_service = check_service};

    return contract_run(&impl);
}
