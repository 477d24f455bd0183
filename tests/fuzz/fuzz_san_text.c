/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_san_text - the value of an alternative name with variables, and behind the first NUL what
 * every variable stands for.
 *
 * Covers cf_expand, cf_san_append with its checks and A-labels. What was taken survives DER and is
 * taken again as it is.
 */
#include "certferry/san.h"
#include "certferry/subject.h"
#include "certferry/text.h"
#include "fuzz_pki.h"

static enum cf_rc
fact(const void *facts, const char *name, size_t len, const char **ret, struct cf_err *err)
{
    (void)name;
    (void)len;
    (void)err;
    *ret = facts;
    return CF_OK;
}

static void
must_be_stable(const struct cf_san *san)
{
    cf_own(cf_buf) der = NULL;
    cf_own(cf_san) back = NULL;
    cf_own(cf_san) again = cf_san_new();
    size_t n_other = 0;

    must(cf_san_der(san, &der, NULL) == CF_OK);
    must(cf_san_parse_der(cf_buf_bytes(der), &back, &n_other, NULL) == CF_OK);
    must(n_other == 0 && cf_san_equal(san, back));
    must(cf_san_append(again, cf_san_type_at(san, 0), cf_san_value_at(san, 0), NULL) == CF_OK);
    must(cf_san_equal(san, again));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cf_own_str text = text_of(data, size);
    const char *value = strlen(text) < size ? text + strlen(text) + 1 : "jane";
    cf_own_str expanded = NULL;

    if (cf_expand(text, fact, value, CF_SAN_VALUE_MAX, &expanded, NULL) != CF_OK)
        return 0;
    must(strlen(expanded) <= CF_SAN_VALUE_MAX);
    for (int type = CF_SAN_EMAIL; type <= CF_SAN_URI; type++) {
        cf_own(cf_san) san = cf_san_new();
        if (cf_san_append(san, (enum cf_san_type)type, expanded, NULL) != CF_OK)
            continue;
        must(cf_text_is_printable(expanded, strlen(expanded)));
        must(type == CF_SAN_UPN || type == CF_SAN_EMAIL ||
             cf_text_is_ascii(cf_san_value_at(san, 0)));
        must_be_stable(san);
    }
    return 0;
}
