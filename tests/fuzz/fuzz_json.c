/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_json - whatever parses must print to text that parses to the same text again.
 * Covers cf_json_scan, cf_json_parse, the getters and cf_json_print.
 */
#include <stdlib.h>
#include <string.h>

#include "certferry/json.h"
#include "certferry/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT_MAX = 1 << 20 };

static void
must(bool claim)
{
    if (!claim)
        abort();
}

static void
read_members(const struct cf_json *json)
{
    struct cf_err err;
    const struct cf_json *view = NULL;
    const char *text = NULL;
    int64_t number = 0;
    bool flag;

    if (cf_json_string(json, "a", 0, 8, &text, &err) == CF_OK)
        must(strlen(text) <= 8);
    else
        must(cf_text_is_printable(err.text, strlen(err.text)));
    if (cf_json_int(json, "a", -5, 5, &number, &err) == CF_OK)
        must(number >= -5 && number <= 5);
    (void)!cf_json_bool_opt(json, "a", &flag, &err);
    if (cf_json_object(json, "a", &view, &err) == CF_OK)
        read_members(view);
    if (cf_json_array(json, "a", 3, &view, &err) == CF_OK) {
        must(cf_json_length(view) <= 3);
        (void)!cf_json_at_string(view, 0, 1, 8, &text, &err);
        if (cf_json_at_object(view, 1, &view, &err) == CF_OK)
            read_members(view);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cf_err err;
    cf_own(cf_json) first = NULL;
    cf_own(cf_json) second = NULL;
    cf_own(cf_buf) text = NULL;
    cf_own(cf_buf) again = NULL;

    if (cf_json_parse(cf_bytes_of(data, size), TEXT_MAX, &first, &err) != CF_OK) {
        must(!first && cf_text_is_printable(err.text, strlen(err.text)));
        return 0;
    }
    read_members(first);
    must(cf_json_print(first, 8 * TEXT_MAX, &text, &err) == CF_OK);
    must(cf_json_parse(cf_buf_bytes(text), 8 * TEXT_MAX, &second, &err) == CF_OK);
    must(cf_json_print(second, 8 * TEXT_MAX, &again, &err) == CF_OK);
    must(cf_bytes_equal(cf_buf_bytes(text), cf_buf_bytes(again)));
    return 0;
}
