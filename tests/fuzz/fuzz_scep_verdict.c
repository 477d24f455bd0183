/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_scep_verdict - a verdict is printable, and only Success is an accepting one.
 * Covers cf_wire_scep_verdict and cf_wire_scep_code.
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
    struct cf_scep_verdict verdict = {0};
    struct cf_err err = {0};

    if (cf_wire_scep_verdict(cf_bytes_of(data, size), &verdict, &err) != CF_OK) {
        must(!verdict.accepted && verdict.code[0] == '\0');
        must(cf_text_is_printable(err.text, strlen(err.text)));
        return 0;
    }
    size_t code_len = strnlen(verdict.code, sizeof verdict.code);
    size_t text_len = strnlen(verdict.text, sizeof verdict.text);
    must(code_len > 0 && code_len < sizeof verdict.code);
    must(text_len < sizeof verdict.text);
    must(cf_text_is_printable(verdict.code, code_len));
    must(cf_text_is_printable(verdict.text, text_len));
    must(verdict.accepted == (strcmp(verdict.code, "Success") == 0));
    must(verdict.accepted || text_len > 0);
    return 0;
}
