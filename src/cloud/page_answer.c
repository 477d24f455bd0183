/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page_answer - a downloaded page, taken apart only as far as each element's identity.
 *
 * The page is refused whole or taken whole; what is inside an element is the admission's business.
 */
#include <string.h>

#include "certferry/json.h"
#include "certferry/text.h"

#include "wire.h"

enum { CONTEXT_MAX = 256 };

static enum cf_rc
read_context(const struct cf_json *element, char **ret_context, struct cf_err *err)
{
    const char *text = NULL;

    CF_TRY(cf_json_string(element, "requestContext", 1, CONTEXT_MAX, &text, err));
    if (!cf_text_is_printable(text, strlen(text)))
        return cf_fail(err, CF_E_RANGE, "requestContext holds control or invisible characters");
    char *context = strdup(text);
    if (!context)
        return cf_fail_oom(err);
    *ret_context = context;
    return CF_OK;
}

/* A lease that cannot be read is none: the request is good all the same. */
static int64_t
read_lease(const struct cf_json *element)
{
    const char *text = NULL;
    int64_t lease_ms = 0;

    if (cf_json_string_opt(element, "leaseExpiresUtc", 1, 64, &text, NULL) != CF_OK || !text ||
        cf_text_time(text, &lease_ms, NULL) != CF_OK)
        return 0;
    return lease_ms;
}

static enum cf_rc
read_work(const struct cf_json *array, size_t index, struct cf_cloud_work *work, struct cf_err *err)
{
    const struct cf_json *element = NULL;

    if (cf_json_at_object(array, index, &element, &work->err) != CF_OK) {
        work->body = cf_buf_copy(cf_bytes_of("null", 4));
        return work->body ? CF_OK : cf_fail_oom(err);
    }
    CF_TRY(cf_json_print(element, CF_CLOUD_ANSWER_MAX, &work->body, err));
    work->lease_until_ms = read_lease(element);
    if (read_context(element, &work->context, &work->err) == CF_E_OOM)
        return cf_fail_oom(err);
    return CF_OK;
}

static enum cf_rc
read_page(struct cf_bytes body, size_t max, struct cf_cloud_page *page, struct cf_err *err)
{
    cf_own(cf_json) answer = NULL;
    const struct cf_json *value = NULL;

    CF_TRY(cf_json_parse(body, CF_CLOUD_ANSWER_MAX, &answer, err));
    CF_TRY(cf_json_array(answer, "value", max, &value, err));
    size_t n = cf_json_length(value);
    if (n == 0)
        return CF_OK;
    page->work = calloc(n, sizeof *page->work);
    if (!page->work)
        return cf_fail_oom(err);
    page->n = n;
    for (size_t i = 0; i < n; i++)
        CF_TRY(read_work(value, i, &page->work[i], err));
    return CF_OK;
}

enum cf_rc
cf_wire_page(struct cf_bytes body, size_t max, struct cf_cloud_page *ret_page, struct cf_err *err)
{
    struct cf_cloud_page page = {0};

    if (read_page(body, max, &page, err) != CF_OK) {
        cf_cloud_page_done(&page);
        (void)cf_err_prefix(err, "page of requests");
        return cf_wire_blame_peer(err);
    }
    *ret_page = page;
    return CF_OK;
}
