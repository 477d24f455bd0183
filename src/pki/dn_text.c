/* SPDX-License-Identifier: Apache-2.0 */
/* dn_text - names as RFC 4514 strings, and back. */
#include <stdlib.h>
#include <string.h>

#include "certferry/text.h"
#include "dn_internal.h"
#include "dn_lex.h"
#include "internal.h"

/* Every byte of every value may take three characters, and #hex two for each and a header. */
enum { TEXT_MAX = CF_DN_ATTR_MAX * (CF_DN_OID_MAX + 3 * CF_DN_VALUE_MAX + 16) };

static bool
needs_backslash(const char *value, size_t i, size_t len)
{
    char c = value[i];

    return strchr("\"+,;<>\\", c) || (c == '#' && i == 0) || (c == ' ' && (i == 0 || i == len - 1));
}

/* C0, DEL, and the lead byte of C1 (U+0080 to U+009F): a name's text stays on its line. */
static bool
needs_hex(const char *value, size_t i)
{
    unsigned char c = (unsigned char)value[i];
    unsigned char next = (unsigned char)value[i + 1];
    unsigned char before = i > 0 ? (unsigned char)value[i - 1] : 0;

    return c < 0x20 || c == 0x7f || (c == 0xc2 && next < 0xa0) || (before == 0xc2 && c < 0xa0);
}

static enum cf_rc
append_escaped(struct cf_buf *out, const char *value, struct cf_err *err)
{
    size_t len = strlen(value);

    for (size_t i = 0; i < len; i++) {
        if (needs_hex(value, i)) {
            CF_TRY(cf_buf_appendf(out, err, "\\%02X", (unsigned)(unsigned char)value[i]));
            continue;
        }
        if (needs_backslash(value, i, len))
            CF_TRY(cf_buf_append(out, "\\", 1, err));
        CF_TRY(cf_buf_append(out, value + i, 1, err));
    }
    return CF_OK;
}

/* RFC 4514 section 2.4: a type written as an OID has its value as the hex of its DER. */
static enum cf_rc
append_hex(struct cf_buf *out, const char *value, struct cf_err *err)
{
    cf_own_ossl(ASN1_STRING) string = ASN1_STRING_type_new(V_ASN1_UTF8STRING);
    unsigned char *der = NULL;
    cf_own(cf_buf) buf = NULL;

    if (!string || !ASN1_STRING_set(string, value, -1))
        return cf_fail_oom(err);
    int len = i2d_ASN1_UTF8STRING(string, &der);
    CF_TRY(cf_buf_from_ossl(der, len, &buf, err));

    struct cf_bytes bytes = cf_buf_bytes(buf);
    CF_TRY(cf_buf_append(out, "#", 1, err));
    for (size_t i = 0; i < bytes.len; i++)
        CF_TRY(cf_buf_appendf(out, err, "%02X", (unsigned)bytes.data[i]));
    return CF_OK;
}

static enum cf_rc
append_attr(struct cf_buf *out, const struct cf_dn_attr *attr, struct cf_err *err)
{
    const struct cf_attr_type *row = cf_attr_type_of_oid(attr->oid);

    CF_TRY(cf_buf_appendf(out, err, "%s=", row ? row->keyword : attr->oid));
    return row ? append_escaped(out, attr->value, err) : append_hex(out, attr->value, err);
}

enum cf_rc
cf_dn_text(const struct cf_dn *dn, char **ret_text, struct cf_err *err)
{
    cf_own(cf_buf) out = cf_buf_new(TEXT_MAX);
    if (!out)
        return cf_fail_oom(err);

    for (size_t end = dn->n_attr; end > 0;) {
        size_t begin = end - 1;
        while (dn->attr[begin].is_joined)
            begin--;
        for (size_t i = begin; i < end; i++) {
            if (i > begin || end < dn->n_attr)
                CF_TRY(cf_buf_append(out, i > begin ? "+" : ",", 1, err));
            CF_TRY(append_attr(out, &dn->attr[i], err));
        }
        end = begin;
    }
    char *text = strdup(cf_buf_str(out));
    if (!text)
        return cf_fail_oom(err);
    *ret_text = text;
    return CF_OK;
}

static enum cf_rc
append_token(struct cf_dn *dn, const struct cf_dn_token *token, bool is_joined, struct cf_err *err)
{
    cf_own_str value = NULL;

    CF_TRY(cf_pattern_expand(token->value, NULL, NULL, CF_DN_VALUE_MAX, &value, err));
    return cf_dn_append_read(dn, token->oid, value, is_joined, err);
}

enum cf_rc
cf_dn_parse_text(const char *text, struct cf_dn **ret_dn, struct cf_err *err)
{
    struct cf_dn_lexer lexer;
    struct cf_dn_token token = {.follow = CF_DN_FOLLOW_RDN};
    cf_own(cf_dn) dn = cf_dn_new();
    if (!dn)
        return cf_fail_oom(err);

    CF_TRY(cf_dn_lexer_init(&lexer, text, false, err));
    if (cf_dn_lexer_is_at_end(&lexer))
        token.follow = CF_DN_FOLLOW_END;
    while (token.follow != CF_DN_FOLLOW_END) {
        bool is_joined = token.follow == CF_DN_FOLLOW_JOINED;
        CF_TRY(cf_dn_lex(&lexer, &token, err));
        enum cf_rc rc = append_token(dn, &token, is_joined, err);
        token.value = cf_pattern_free(token.value);
        CF_TRY(rc);
    }
    cf_dn_reverse(dn);
    *ret_dn = cf_give(dn);
    return CF_OK;
}
