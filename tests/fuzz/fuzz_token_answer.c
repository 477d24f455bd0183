/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_token_answer - a token that is taken fits into one header line.
 * Covers cf_wire_token, cf_wire_token_error and cf_wire_status.
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

static void
refuse(const uint8_t *data, size_t size, long status)
{
    struct cf_err err = {0};
    struct cf_http_response response = {.status = status,
                                        .body = cf_buf_copy(cf_bytes_of(data, size))};

    if (response.body) {
        must(cf_wire_token_error(&response, &err) != CF_OK);
        must(cf_text_is_printable(err.text, strlen(err.text)));
        must(cf_wire_status(&response, &err) != CF_OK);
        must(cf_text_is_printable(err.text, strlen(err.text)));
    }
    cf_http_response_done(&response);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cf_own(cf_secret) token = NULL;
    uint64_t life_s = 0;
    struct cf_err err = {0};

    if (cf_wire_token(cf_bytes_of(data, size), &token, &life_s, &err) == CF_OK) {
        must(life_s <= CF_CLOUD_TOKEN_LIFE_MAX_S && cf_secret_len(token) > 0);
        for (size_t i = 0; i < cf_secret_len(token); i++)
            must(cf_secret_data(token)[i] > ' ' && cf_secret_data(token)[i] < 0x7f);
    } else {
        must(!token && cf_text_is_printable(err.text, strlen(err.text)));
    }
    refuse(data, size, 400);
    refuse(data, size, 503);
    return 0;
}
