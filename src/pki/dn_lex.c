/* SPDX-License-Identifier: Apache-2.0 */
/* dn_lex - one attribute at a time from the written form of a name. */
#include "dn_lex.h"

#include <string.h>

#include "certferry/text.h"
#include "dn_internal.h"
#include "internal.h"

static size_t
column(const struct cf_dn_lexer *lexer)
{
    return (size_t)(lexer->at - lexer->text) + 1;
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static bool
is_separator(char c)
{
    return c == ',' || c == ';' || c == '\n' || c == '+';
}

static void
skip(struct cf_dn_lexer *lexer, bool newlines_too)
{
    while (is_blank(*lexer->at) || (newlines_too && *lexer->at == '\n'))
        lexer->at++;
}

enum cf_rc
cf_dn_lexer_init(struct cf_dn_lexer *lexer, const char *text, bool is_template, struct cf_err *err)
{
    size_t len = strlen(text);

    if (len > CF_SUBJECT_TEXT_MAX)
        return cf_fail(err, CF_E_LIMIT, "a name of %zu bytes; at most %d are accepted", len,
                       CF_SUBJECT_TEXT_MAX);
    if (!cf_text_is_utf8(text, len))
        return cf_fail(err, CF_E_SYNTAX, "a name that is not UTF-8");
    *lexer = (struct cf_dn_lexer){.text = text, .at = text, .is_template = is_template};
    return CF_OK;
}

bool
cf_dn_lexer_is_at_end(struct cf_dn_lexer *lexer)
{
    skip(lexer, true);
    return *lexer->at == '\0';
}

static enum cf_rc
lex_type(struct cf_dn_lexer *lexer, char ret_oid[CF_DN_OID_MAX], struct cf_err *err)
{
    char type[CF_DN_OID_MAX + sizeof "OID."];
    size_t len = 0;

    skip(lexer, true);
    size_t at_column = column(lexer);
    while (strchr("=,;+\"\\\n \t\r", lexer->at[len]) == NULL)
        len++;
    if (len == 0 || len >= sizeof type)
        return cf_fail(err, CF_E_SYNTAX,
                       "column %zu: an attribute as in CN=value is expected here; a ',' ';' or "
                       "'+' inside a value needs a '\\' before it or the value in double quotes",
                       at_column);
    memcpy(type, lexer->at, len);
    type[len] = '\0';
    lexer->at += len;
    skip(lexer, false);
    if (*lexer->at != '=')
        return cf_fail(err, CF_E_SYNTAX,
                       "column %zu: \"%.40s\" is not followed by '='; a ',' ';' or '+' inside a "
                       "value needs a '\\' before it or the value in double quotes",
                       at_column, type);
    lexer->at++;
    enum cf_rc rc = cf_dn_type_oid(type, ret_oid, err);
    if (rc != CF_OK)
        (void)cf_err_prefix(err, "column %zu", at_column);
    return rc;
}

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* "\," or "\2C" at the cursor. */
static enum cf_rc
lex_escape(struct cf_dn_lexer *lexer, struct cf_pattern *value, struct cf_err *err)
{
    const char *c = lexer->at + 1;

    if (*c != '\0' && strchr(" \"#+,;<=>\\", *c)) {
        lexer->at += 2;
        return cf_pattern_add_text(value, c, 1, err);
    }
    int high = hex_digit(c[0]);
    int low = high >= 0 ? hex_digit(c[1]) : -1;
    if (low < 0)
        return cf_fail(err, CF_E_SYNTAX,
                       "column %zu: '\\' is followed by no special character and no two hex "
                       "digits; a backslash itself is written '\\\\'",
                       column(lexer));
    char byte = (char)(high << 4 | low);
    if (byte == '\0')
        return cf_fail(err, CF_E_SYNTAX, "column %zu: a NUL in a value", column(lexer));
    lexer->at += 3;
    return cf_pattern_add_text(value, &byte, 1, err);
}

static bool
is_variable(const struct cf_dn_lexer *lexer)
{
    return lexer->is_template && strncmp(lexer->at, "{{", 2) == 0;
}

/* Things that have no meaning in a value and so are a slip of whoever wrote the text. */
static enum cf_rc
check_plain(const struct cf_dn_lexer *lexer, struct cf_err *err)
{
    char c = *lexer->at;

    if (lexer->is_template && strncmp(lexer->at, "}}", 2) == 0)
        return cf_fail(err, CF_E_SYNTAX, "column %zu: \"}}\" without \"{{\"", column(lexer));
    if (c == '"' || c == '<' || c == '>')
        return cf_fail(err, CF_E_SYNTAX,
                       "column %zu: '%c' inside a value needs a '\\' before it or the value in "
                       "double quotes",
                       column(lexer), c);
    return CF_OK;
}

static enum cf_rc
lex_plain(struct cf_dn_lexer *lexer, struct cf_pattern *value, struct cf_err *err)
{
    const char *blanks = lexer->at; /* seen but not added: at the end they do not count */

    while (*lexer->at != '\0' && !is_separator(*lexer->at)) {
        if (is_blank(*lexer->at)) {
            lexer->at++;
            continue;
        }
        CF_TRY(cf_pattern_add_text(value, blanks, (size_t)(lexer->at - blanks), err));
        if (*lexer->at == '\\') {
            CF_TRY(lex_escape(lexer, value, err));
        } else if (is_variable(lexer)) {
            CF_TRY(cf_pattern_add_variable(value, lexer->text, &lexer->at, err));
        } else {
            CF_TRY(check_plain(lexer, err));
            CF_TRY(cf_pattern_add_text(value, lexer->at, 1, err));
            lexer->at++;
        }
        blanks = lexer->at;
    }
    return CF_OK;
}

static enum cf_rc
lex_quoted(struct cf_dn_lexer *lexer, struct cf_pattern *value, struct cf_err *err)
{
    size_t opened = column(lexer);

    lexer->at++;
    for (;;) {
        if (*lexer->at == '\0')
            return cf_fail(err, CF_E_SYNTAX, "column %zu: the quote is not closed", opened);
        /* X.500 texts read it as an escape, Windows as itself: no guess is the right one. */
        if (*lexer->at == '\\')
            return cf_fail(err, CF_E_SYNTAX,
                           "column %zu: '\\' inside double quotes; write the value without quotes "
                           "and escape in it, or leave the '\\' out",
                           column(lexer));
        if (is_variable(lexer)) {
            CF_TRY(cf_pattern_add_variable(value, lexer->text, &lexer->at, err));
            continue;
        }
        if (*lexer->at == '"') {
            lexer->at++;
            if (*lexer->at != '"')
                return CF_OK;
        } else if (lexer->is_template && strncmp(lexer->at, "}}", 2) == 0) {
            return check_plain(lexer, err);
        }
        CF_TRY(cf_pattern_add_text(value, lexer->at, 1, err));
        lexer->at++;
    }
}

/* "#0C0141": the DER of the value. */
static enum cf_rc
lex_hex(struct cf_dn_lexer *lexer, struct cf_pattern *value, struct cf_err *err)
{
    unsigned char der[CF_DN_VALUE_MAX + 8];
    size_t len = 0;
    cf_own_str text = NULL;

    size_t began = column(lexer);
    for (lexer->at++; hex_digit(lexer->at[0]) >= 0; lexer->at += 2) {
        int low = hex_digit(lexer->at[1]);
        if (low < 0 || len == sizeof der)
            return cf_fail(err, CF_E_SYNTAX,
                           "column %zu: a value in hex with half an octet, or of too many; a '#' "
                           "at the beginning of a text is written '\\#'",
                           began);
        der[len++] = (unsigned char)(hex_digit(lexer->at[0]) << 4 | low);
    }
    const unsigned char *at = der;
    ASN1_TYPE *any = len ? d2i_ASN1_TYPE(NULL, &at, (long)len) : NULL;
    enum cf_rc rc = CF_OK;
    if (!any || at != der + len || any->type == V_ASN1_BOOLEAN || any->type == V_ASN1_NULL ||
        any->type == V_ASN1_OBJECT)
        rc = cf_fail_openssl(err, CF_E_SYNTAX,
                             "a '#' is not followed by the hex digits of a string in DER; at the "
                             "beginning of a text it is written '\\#'");
    else
        rc = cf_utf8_from_asn1(any->value.asn1_string, CF_DN_VALUE_MAX, &text, err);
    ASN1_TYPE_free(any);
    if (rc != CF_OK)
        return (void)cf_err_prefix(err, "column %zu", began), rc;
    return cf_pattern_add_text(value, text, strlen(text), err);
}

static enum cf_rc
lex_follow(struct cf_dn_lexer *lexer, enum cf_dn_follow *ret_follow, struct cf_err *err)
{
    skip(lexer, false);
    char c = *lexer->at;
    if (c != '\0' && !is_separator(c))
        return cf_fail(err, CF_E_SYNTAX, "column %zu: text after the end of a value",
                       column(lexer));
    if (c != '\0')
        lexer->at++;
    /* A newline at the very end separates nothing. */
    if (c == '\0' || (c == '\n' && cf_dn_lexer_is_at_end(lexer)))
        *ret_follow = CF_DN_FOLLOW_END;
    else
        *ret_follow = c == '+' ? CF_DN_FOLLOW_JOINED : CF_DN_FOLLOW_RDN;
    return CF_OK;
}

enum cf_rc
cf_dn_lex(struct cf_dn_lexer *lexer, struct cf_dn_token *ret_token, struct cf_err *err)
{
    struct cf_dn_token token;
    cf_own(cf_pattern) value = cf_pattern_new();
    if (!value)
        return cf_fail_oom(err);

    CF_TRY(lex_type(lexer, token.oid, err));
    skip(lexer, false);
    size_t value_column = column(lexer);
    if (*lexer->at == '"')
        CF_TRY(lex_quoted(lexer, value, err));
    else if (*lexer->at == '#')
        CF_TRY(lex_hex(lexer, value, err));
    else
        CF_TRY(lex_plain(lexer, value, err));
    if (lexer->is_template && cf_pattern_is_empty(value))
        return cf_fail(err, CF_E_SYNTAX, "column %zu: an attribute without a value", value_column);
    CF_TRY(lex_follow(lexer, &token.follow, err));

    token.value = cf_give(value);
    *ret_token = token;
    return CF_OK;
}
