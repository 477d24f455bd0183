/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_verdicts - every result gets a verdict; one that is not accepted says why in print.
 * Covers cf_wire_verdicts, cf_wire_recorded and cf_wire_heartbeat.
 */
#include <stdlib.h>
#include <string.h>

#include "certferry/text.h"
#include "cloud/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool claim)
{
    if (!claim)
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct cf_cloud_result results[] = {{.context = "a"}, {.context = "b"}};
    struct cf_cloud_verdict verdict[2];
    struct cf_bytes body = cf_bytes_of(data, size);
    struct cf_err err = {0};
    uint64_t lease_s = 0;

    if (cf_wire_verdicts(body, results, 2, verdict, &err) == CF_OK) {
        for (size_t i = 0; i < 2; i++) {
            size_t len = strnlen(verdict[i].text, sizeof verdict[i].text);
            must(len < sizeof verdict[i].text && cf_text_is_printable(verdict[i].text, len));
            must(verdict[i].accepted || len > 0);
        }
    }
    if (cf_wire_heartbeat(body, &lease_s, &err) == CF_OK)
        must(lease_s > 0 && cf_wire_recorded(body, &err) == CF_OK);
    return 0;
}
