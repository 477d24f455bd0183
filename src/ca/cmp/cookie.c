/* SPDX-License-Identifier: Apache-2.0 */
/* cookie - "1 CA KIND CSR FIRST [LAST]", all but KIND in base64. */
#include <stdlib.h>
#include <string.h>

#include "certferry/text.h"
#include "cmp.h"

enum { PARTS_MAX = 6, PARTS_MIN = 5, COOKIE_MAX = 400 * 1024 };

static const char VERSION[] = "1";
static const char *const KIND[] = {
    [CF_CMP_P10CR] = "p10cr", [CF_CMP_CR] = "cr", [CF_CMP_IR] = "ir"};

enum cf_rc
cf_cmp_cookie_ca(const struct cf_ca_settings *settings, struct cf_buf **ret_ca, struct cf_err *err)
{
    cf_own(cf_buf) ca = cf_buf_new(CMP_STORED_MAX);

    if (!ca)
        return cf_fail_oom(err);
    CF_TRY(cf_buf_appendf(ca, err, "%s %s", settings->host, settings->ca_name));
    *ret_ca = cf_give(ca);
    return CF_OK;
}

void
cf_cmp_cookie_done(struct cmp_cookie *cookie)
{
    cf_buf_free(cookie->ca);
    cf_buf_free(cookie->csr);
    cf_buf_free(cookie->first);
    cf_buf_free(cookie->last);
    *cookie = (struct cmp_cookie){0};
}

static enum cf_rc
append(struct cf_buf *out, const struct cf_buf *message, struct cf_err *err)
{
    cf_own_str text = NULL;

    if (cf_buf_len(message) > CMP_STORED_MAX)
        return cf_fail(err, CF_E_LIMIT,
                       "the CA wants time in a message of %zu bytes; %d can be kept until then",
                       cf_buf_len(message), CMP_STORED_MAX);
    CF_TRY(cf_text_base64(cf_buf_bytes(message), &text, err));
    CF_TRY(cf_buf_append_str(out, " ", err));
    return cf_buf_append_str(out, text, err);
}

enum cf_rc
cf_cmp_cookie_write(const struct cmp_cookie *cookie, char **ret_text, struct cf_err *err)
{
    cf_own(cf_buf) out = cf_buf_new(COOKIE_MAX);

    if (!out)
        return cf_fail_oom(err);
    CF_TRY(cf_buf_append_str(out, VERSION, err));
    CF_TRY(append(out, cookie->ca, err));
    CF_TRY(cf_buf_appendf(out, err, " %s", KIND[cookie->request]));
    CF_TRY(append(out, cookie->csr, err));
    CF_TRY(append(out, cookie->first, err));
    if (cookie->last)
        CF_TRY(append(out, cookie->last, err));
    char *text = strdup(cf_buf_str(out));
    if (!text)
        return cf_fail_oom(err);
    *ret_text = text;
    return CF_OK;
}

static enum cf_rc
fail_cookie(struct cf_err *err)
{
    return cf_fail(
        err, CF_E_CA_CONFIG,
        "what was kept to ask the CA again is not of CMP: name the former CA again until "
        "its requests are done, or cancel the request");
}

static enum cf_rc
take(const char *text, struct cf_buf **ret, struct cf_err *err)
{
    struct cf_err own = {0};
    enum cf_rc rc = cf_text_from_base64(text, CMP_STORED_MAX, ret, &own);

    if (rc == CF_E_OOM)
        return cf_fail_oom(err);
    return rc == CF_OK && cf_buf_len(*ret) > 0 ? CF_OK : fail_cookie(err);
}

static bool
find_kind(const char *text, enum cf_cmp_request *ret)
{
    for (size_t i = 0; i < CF_COUNT(KIND); i++) {
        if (strcmp(KIND[i], text) == 0) {
            *ret = (enum cf_cmp_request)i;
            return true;
        }
    }
    return false;
}

enum cf_rc
cf_cmp_cookie_read(const char *text, struct cmp_cookie *ret_cookie, struct cf_err *err)
{
    cf_own_cookie cookie = {0};
    char *part[PARTS_MAX];
    size_t n = 0;

    if (strlen(text) > COOKIE_MAX)
        return fail_cookie(err);
    cf_own_str copy = strdup(text);
    if (!copy)
        return cf_fail_oom(err);
    char *rest = copy;
    for (; rest && n < PARTS_MAX; n++)
        part[n] = strsep(&rest, " ");
    if (rest || n < PARTS_MIN || strcmp(part[0], VERSION) != 0 ||
        !find_kind(part[2], &cookie.request))
        return fail_cookie(err);
    CF_TRY(take(part[1], &cookie.ca, err));
    CF_TRY(take(part[3], &cookie.csr, err));
    CF_TRY(take(part[4], &cookie.first, err));
    if (n == PARTS_MAX)
        CF_TRY(take(part[5], &cookie.last, err));
    *ret_cookie = cookie;
    cookie = (struct cmp_cookie){0};
    return CF_OK;
}
