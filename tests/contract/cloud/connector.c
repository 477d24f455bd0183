/* SPDX-License-Identifier: Apache-2.0 */
/* The real client against the lab's tenant, once with each kind of credential. */
#include <stdio.h>
#include <string.h>

#include "certferry/file.h"
#include "certferry/http.h"
#include "certferry/identity.h"
#include "contract/cloud/contract.h"
#include "contract/cloud/tenant_child.h"
#include "unit/base/unit.h"

static struct cf_err err;
static enum cf_auth auth;

static struct cf_cloud *
connector_open(void)
{
    struct cf_cloud_settings settings = tenant_settings(auth);
    struct cf_cloud_env env = {.clock = cf_clock_real(),
                               .stop_flag = &contract_stop,
                               .connector_id = "contract-1",
                               .host_name = "host.example"};
    struct cf_cloud *cloud = NULL;

    assert_ok(cf_cloud_connector.open(&settings, &env, &cloud, &err), err);
    tenant_settings_done(&settings); /* the client keeps a copy */
    return cloud;
}

static void
connector_close(struct cf_cloud *cloud)
{
    cf_cloud_connector.close(cloud);
}

static void
offer(size_t n)
{
    char arguments[64];

    snprintf(arguments, sizeof arguments, "{\"per_device\":%zu}", n);
    (void)tenant_call("requests", arguments);
}

static void
offer_revocation(const char *serial)
{
    char arguments[128];

    snprintf(arguments, sizeof arguments, "{\"serialNumber\":\"%s\",\"issuerName\":\"CN=x\"}",
             serial);
    (void)tenant_call("revocation", arguments);
}

static void
go_wrong(enum contract_call call, enum contract_fault fault)
{
    static const char *const FAULTS[] = {[CONTRACT_THROTTLED] = "429",
                                         [CONTRACT_UNWELL] = "503",
                                         [CONTRACT_LOST_ANSWER] = "lostReply"};
    char arguments[256];

    snprintf(arguments, sizeof arguments,
             "{\"script\":[{\"match\":\"%s\",\"fault\":\"%s\",\"args\":{\"retryAfter\":7}}]}",
             call == CONTRACT_UPLOAD ? "uploadPkcs" : "downloadPkcs", FAULTS[fault]);
    (void)tenant_call("faults", arguments);
}

static void
check_service(void)
{
    assert_string_equal(tenant_call("violations", "{}"), "[]");
    (void)tenant_call("faults", "{\"script\":[]}");
}

/* A key for assertions whose certificate the tenant knows. */
static void
enroll(void)
{
    cf_own(cf_identity) identity = NULL;
    cf_own(cf_secret) pem = NULL;
    cf_own(cf_buf) cert = NULL;
    cf_own(cf_buf) arguments = cf_buf_new(1 << 16);
    struct cf_json_writer json;

    assert_ok(cf_identity_generate(CF_KEY_RSA_2048, "contract", cf_clock_now_ms(cf_clock_real()),
                                   86400000, &identity, &err),
              err);
    assert_ok(cf_identity_pem(identity, &pem, &err), err);
    assert_ok(cf_file_publish_secret(tenant_path("connector.pem"), pem, &err), err);
    assert_ok(cf_identity_cert_pem(identity, &cert, &err), err);
    cf_json_writer_begin(&json, arguments);
    cf_json_put_object(&json, NULL);
    cf_json_put_string(&json, "pem", cf_buf_str(cert));
    cf_json_put_object_end(&json);
    assert_ok(cf_json_writer_end(&json, &err), err);
    (void)tenant_call("certificates", cf_buf_str(arguments));
}

int
main(void)
{
    struct contract_impl impl = {.open = connector_open,
                                 .close = connector_close,
                                 .offer = offer,
                                 .offer_revocation = offer_revocation,
                                 .go_wrong = go_wrong,
                                 .check_service = check_service};
    int n_failed = 0;

    assert_ok(cf_pki_init(32768, &err), err);
    assert_ok(cf_http_global_init(&err), err);
    tenant_start();
    enroll();
    auth = CF_AUTH_SECRET;
    impl.name = "client secret";
    n_failed += contract_run(&impl);
    auth = CF_AUTH_CERTIFICATE;
    impl.name = "signed assertion";
    n_failed += contract_run(&impl);
    auth = CF_AUTH_TLS;
    impl.name = "mutual TLS";
    n_failed += contract_run(&impl);
    tenant_stop();
    cf_http_global_done();
    cf_pki_done();
    return n_failed == 0 ? 0 : 1;
}
