/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_discovery_answer - an address that is taken is a plain https one without a slash at its end.
 * Covers cf_wire_endpoints, cf_wire_check_url and cf_wire_same_origin.
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
    cf_own_str url = NULL;
    cf_own_str next = NULL;
    struct cf_err err = {0};

    if (cf_wire_endpoints(cf_bytes_of(data, size), "PkiConnectorFEService", &url, &next, &err) !=
        CF_OK) {
        must(!url && !next && cf_text_is_printable(err.text, strlen(err.text)));
        return 0;
    }
    if (url) {
        must(cf_wire_check_url(url, &err) == CF_OK && url[strlen(url) - 1] != '/');
        must(cf_wire_same_origin(url, url));
    }
    if (next) {
        must(cf_wire_check_url(next, &err) == CF_OK);
        must(!cf_wire_same_origin("https://graph.microsoft.com/", next) ||
             strncasecmp(next, "https://graph.microsoft.com", 27) == 0);
    }
    return 0;
}
