/* SPDX-License-Identifier: Apache-2.0 */
/* dn_attr - attribute types: keyword, OID, string type, and what a value may hold. */
#include "dn_internal.h"

#include <string.h>

#include "certferry/text.h"
#include "internal.h"

static const struct cf_attr_type TYPES[] = {
    {"CN", NULL, "2.5.4.3", CF_DN_UTF8, 0},
    {"OU", NULL, "2.5.4.11", CF_DN_UTF8, 0},
    {"O", NULL, "2.5.4.10", CF_DN_UTF8, 0},
    {"L", NULL, "2.5.4.7", CF_DN_UTF8, 0},
    {"ST", "S", "2.5.4.8", CF_DN_UTF8, 0},
    {"C", NULL, "2.5.4.6", CF_DN_PRINTABLE, 2},
    {"DC", NULL, "0.9.2342.19200300.100.1.25", CF_DN_IA5, 0},
    {"E", "Email", "1.2.840.113549.1.9.1", CF_DN_IA5, 0},
    {"GivenName", "G", "2.5.4.42", CF_DN_UTF8, 0},
    {"SN", "Surname", "2.5.4.4", CF_DN_UTF8, 0},
    {"Title", "T", "2.5.4.12", CF_DN_UTF8, 0},
    {"Initials", "I", "2.5.4.43", CF_DN_UTF8, 0},
    {"STREET", NULL, "2.5.4.9", CF_DN_UTF8, 0},
    {"SERIALNUMBER", NULL, "2.5.4.5", CF_DN_PRINTABLE, 0},
    {"UID", NULL, "0.9.2342.19200300.100.1.1", CF_DN_UTF8, 0},
};

const struct cf_attr_type *
cf_attr_type_of_oid(const char *oid)
{
    for (size_t i = 0; i < CF_COUNT(TYPES); i++) {
        if (strcmp(TYPES[i].oid, oid) == 0)
            return &TYPES[i];
    }
    return NULL;
}

static const struct cf_attr_type *
type_of_keyword(const char *keyword)
{
    for (size_t i = 0; i < CF_COUNT(TYPES); i++) {
        if (cf_text_equal_nocase(TYPES[i].keyword, keyword) ||
            cf_text_equal_nocase(TYPES[i].alias, keyword))
            return &TYPES[i];
    }
    return NULL;
}

static enum cf_rc
fail_unknown(const char *keyword, struct cf_err *err)
{
    const char *names[2 * CF_COUNT(TYPES)];
    size_t n = 0;

    for (size_t i = 0; i < CF_COUNT(TYPES); i++) {
        names[n++] = TYPES[i].keyword;
        if (TYPES[i].alias)
            names[n++] = TYPES[i].alias;
    }
    const char *nearest = cf_text_nearest(keyword, names, n);
    if (nearest)
        return cf_fail(err, CF_E_SYNTAX, "\"%.40s\" is no known attribute type; is \"%s\" meant?",
                       keyword, nearest);
    return cf_fail(err, CF_E_SYNTAX,
                   "\"%.40s\" is no known attribute type; use a keyword such as CN, OU, O or "
                   "the dotted OID",
                   keyword);
}

enum cf_rc
cf_dn_type_oid(const char *type, char ret_oid[CF_DN_OID_MAX], struct cf_err *err)
{
    const struct cf_attr_type *row = type_of_keyword(type);
    if (row) {
        (void)strcpy(ret_oid, row->oid);
        return CF_OK;
    }
    const char *dotted = strncasecmp(type, "OID.", 4) == 0 ? type + 4 : type;
    if (dotted[0] < '0' || dotted[0] > '9')
        return fail_unknown(type, err);

    char oid[CF_DN_OID_MAX];
    cf_own_ossl(ASN1_OBJECT) object = strlen(dotted) < sizeof oid ? cf_object_of_oid(dotted) : NULL;
    int len = object ? OBJ_obj2txt(oid, sizeof oid, object, 1) : 0;
    if (len <= 0 || (size_t)len >= sizeof oid)
        return cf_fail_openssl(err, CF_E_SYNTAX, "\"%.64s\" is no object identifier", dotted);
    (void)memcpy(ret_oid, oid, (size_t)len + 1);
    return CF_OK;
}

static bool
is_printable_string_char(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr(" '()+,-./:=?", c));
}

static bool
has_letters_only(const char *value)
{
    for (; *value; value++) {
        if (!((*value >= 'A' && *value <= 'Z') || (*value >= 'a' && *value <= 'z')))
            return false;
    }
    return true;
}

bool
cf_attr_string_holds(enum cf_dn_string string, const char *value)
{
    for (const char *c = value; *c && string != CF_DN_UTF8; c++) {
        if (string == CF_DN_PRINTABLE && !is_printable_string_char(*c))
            return false;
        if (string == CF_DN_IA5 && (unsigned char)*c >= 0x80)
            return false;
    }
    return true;
}

enum cf_rc
cf_attr_check_value(const char *oid, const char *value, struct cf_err *err)
{
    static const char *const STRING_NAME[] = {"UTF8String", "PrintableString", "IA5String"};
    const struct cf_attr_type *row = cf_attr_type_of_oid(oid);
    const char *name = row ? row->keyword : oid;
    size_t len = strlen(value);

    if (len == 0)
        return cf_fail(err, CF_E_RANGE, "%s: the value is empty", name);
    if (len > CF_DN_VALUE_MAX)
        return cf_fail(err, CF_E_RANGE, "%s: a value of %zu bytes; at most %d are possible", name,
                       len, CF_DN_VALUE_MAX);
    if (!cf_text_is_printable(value, len))
        return cf_fail(err, CF_E_RANGE,
                       "%s: \"%.100s\" has control or invisible characters, or is not UTF-8", name,
                       value);
    if (row && !cf_attr_string_holds(row->string, value))
        return cf_fail(err, CF_E_RANGE, "%s: \"%.100s\" has characters that a %s cannot hold", name,
                       value, STRING_NAME[row->string]);
    if (row && row->n_letters > 0 && (len != row->n_letters || !has_letters_only(value)))
        return cf_fail(err, CF_E_RANGE, "%s: \"%.100s\" has to be of %u letters, as in DE", name,
                       value, row->n_letters);
    return CF_OK;
}
