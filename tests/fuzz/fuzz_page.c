/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_page - a page that is taken has no more elements than asked for, each with its text and
 * either a usable context or the reason why it has none. Covers cf_wire_page.
 */
#include <stdlib.h>
#include <string.h>

#include "certferry/json.h"
#include "certferry/text.h"
#include "cloud/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ASKED_FOR = 5 };

static void
must(bool claim)
{
    if (!claim)
        abort();
}

static void
look_at(const struct cf_cloud_work *work)
{
    struct cf_err err = {0};
    cf_own(cf_json) json = NULL;

    must(work->body);
    if (!work->context) {
        must(work->err.rc != CF_OK && cf_text_is_printable(work->err.text, strlen(work->err.text)));
        return;
    }
    size_t len = strlen(work->context);
    must(len >= 1 && len <= 256 && cf_text_is_printable(work->context, len));
    must(cf_json_parse(cf_buf_bytes(work->body), CF_CLOUD_ANSWER_MAX, &json, &err) == CF_OK);
    must(cf_json_has(json, "requestContext"));
    must(work->lease_until_ms >= 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cf_cloud_page page = {0};
    struct cf_err err = {0};

    if (cf_wire_page(cf_bytes_of(data, size), ASKED_FOR, &page, &err) == CF_OK) {
        must(page.n <= ASKED_FOR);
        for (size_t i = 0; i < page.n; i++)
            look_at(&page.work[i]);
    } else {
        must(page.n == 0 && !page.work && cf_text_is_printable(err.text, strlen(err.text)));
    }
    cf_cloud_page_done(&page);
    return 0;
}
