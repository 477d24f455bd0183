/* SPDX-License-Identifier: Apache-2.0 */
/* san_der - GeneralNames to and from DER. */
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "certferry/text.h"
#include "internal.h"
#include "san_internal.h"

enum { DER_MAX = CF_SAN_MAX * (CF_SAN_VALUE_MAX + 32) };

static enum cf_rc
ia5_name(int general_type, const char *value, GENERAL_NAME **ret_general, struct cf_err *err)
{
    cf_own_ossl(GENERAL_NAME) general = GENERAL_NAME_new();
    cf_own_ossl(ASN1_STRING) string = ASN1_STRING_type_new(V_ASN1_IA5STRING);

    if (!general || !string || !ASN1_STRING_set(string, value, -1))
        return cf_fail_openssl(err, CF_E_OOM, "no memory for a name");
    GENERAL_NAME_set0_value(general, general_type, cf_give(string));
    *ret_general = cf_give(general);
    return CF_OK;
}

static enum cf_rc
to_general(const struct cf_san_name *name, GENERAL_NAME **ret_general, struct cf_err *err)
{
    switch (name->type) {
    case CF_SAN_UPN:
        return cf_other_name_new(CF_OID_UPN, V_ASN1_UTF8STRING, name->value, ret_general, err);
    case CF_SAN_EMAIL:
        /* RFC 9598 section 3: the new form only for what the old one cannot hold. */
        if (!cf_text_is_ascii(name->value))
            return cf_other_name_new(CF_OID_SMTP_UTF8_MAILBOX, V_ASN1_UTF8STRING, name->value,
                                     ret_general, err);
        return ia5_name(GEN_EMAIL, name->value, ret_general, err);
    case CF_SAN_DNS:
        return ia5_name(GEN_DNS, name->value, ret_general, err);
    case CF_SAN_URI:
        return ia5_name(GEN_URI, name->value, ret_general, err);
    }
    return cf_fail(err, CF_E_BUG, "alternative name of type %d", (int)name->type);
}

enum cf_rc
cf_san_der(const struct cf_san *san, struct cf_buf **ret_der, struct cf_err *err)
{
    if (san->n_name == 0)
        return cf_fail(err, CF_E_RANGE, "a list without any alternative name cannot be encoded");
    ERR_clear_error();
    cf_own_ossl(GENERAL_NAMES) generals = sk_GENERAL_NAME_new_null();
    if (!generals)
        return cf_fail_oom(err);
    for (size_t i = 0; i < san->n_name; i++) {
        cf_own_ossl(GENERAL_NAME) general = NULL;
        CF_TRY(to_general(&san->name[i], &general, err));
        if (!sk_GENERAL_NAME_push(generals, general))
            return cf_fail_oom(err);
        general = NULL;
    }
    unsigned char *der = NULL;
    int len = i2d_GENERAL_NAMES(generals, &der);
    return cf_buf_from_ossl(der, len, ret_der, err);
}

/* The string of an otherName of the types that are known, or NULL for any other. */
static enum cf_rc
string_of_other(const GENERAL_NAME *general, enum cf_san_type *ret_type,
                const ASN1_STRING **ret_string, struct cf_err *err)
{
    const ASN1_TYPE *upn = cf_other_name_value(general, CF_OID_UPN);
    const ASN1_TYPE *mailbox = cf_other_name_value(general, CF_OID_SMTP_UTF8_MAILBOX);
    const ASN1_TYPE *value = upn ? upn : mailbox;

    if (!value)
        return CF_OK;
    *ret_type = upn ? CF_SAN_UPN : CF_SAN_EMAIL;
    /* Left out as "another name" it could be read as what it says by somebody more lenient. */
    if (value->type != V_ASN1_UTF8STRING)
        return cf_fail(err, CF_E_ENCODING, "alternative name (%s): not an UTF8String",
                       cf_san_type_name(*ret_type));
    *ret_string = value->value.utf8string;
    return CF_OK;
}

/* The string of a name of the four types, or NULL for any other. */
static enum cf_rc
string_of(const GENERAL_NAME *general, enum cf_san_type *ret_type, const ASN1_STRING **ret_string,
          struct cf_err *err)
{
    *ret_string = NULL;
    switch (general->type) {
    case GEN_EMAIL:
        *ret_type = CF_SAN_EMAIL;
        break;
    case GEN_DNS:
        *ret_type = CF_SAN_DNS;
        break;
    case GEN_URI:
        *ret_type = CF_SAN_URI;
        break;
    case GEN_OTHERNAME:
        return string_of_other(general, ret_type, ret_string, err);
    default:
        return CF_OK;
    }
    *ret_string = general->d.ia5;
    return CF_OK;
}

static enum cf_rc
read_one(struct cf_san *san, const GENERAL_NAME *general, size_t *n_other, struct cf_err *err)
{
    enum cf_san_type type = CF_SAN_DNS;
    const ASN1_STRING *string = NULL;
    cf_own_str value = NULL;

    CF_TRY(string_of(general, &type, &string, err));
    if (!string) {
        (*n_other)++;
        return CF_OK;
    }
    enum cf_rc rc = cf_utf8_from_asn1(string, CF_SAN_VALUE_MAX, &value, err);
    if (rc != CF_OK)
        return (void)cf_err_prefix(err, "alternative name (%s)", cf_san_type_name(type)), rc;
    /* Written back it would be an ordinary address, which is not what was read. */
    if (general->type == GEN_OTHERNAME && type == CF_SAN_EMAIL && cf_text_is_ascii(value))
        return cf_fail(err, CF_E_ENCODING,
                       "alternative name (e-mail): an ASCII address as SmtpUTF8Mailbox");
    return cf_san_append_read(san, type, value, err);
}

enum cf_rc
cf_san_parse_der(struct cf_bytes der, struct cf_san **ret_san, size_t *ret_n_other,
                 struct cf_err *err)
{
    const unsigned char *at = der.data;
    size_t n_other = 0;

    if (der.len > DER_MAX)
        return cf_fail(err, CF_E_LIMIT, "alternative names of %zu bytes", der.len);
    ERR_clear_error();
    cf_own_ossl(GENERAL_NAMES) generals =
        der.len ? d2i_GENERAL_NAMES(NULL, &at, (long)der.len) : NULL;
    if (!generals || at != der.data + der.len)
        return cf_fail_openssl(err, CF_E_ENCODING, "no list of alternative names");
    if (sk_GENERAL_NAME_num(generals) > CF_SAN_MAX)
        return cf_fail(err, CF_E_LIMIT, "%d alternative names; at most %d are accepted",
                       sk_GENERAL_NAME_num(generals), CF_SAN_MAX);

    cf_own(cf_san) san = cf_san_new();
    if (!san)
        return cf_fail_oom(err);
    for (int i = 0; i < sk_GENERAL_NAME_num(generals); i++)
        CF_TRY(read_one(san, sk_GENERAL_NAME_value(generals, i), &n_other, err));
    if (ret_n_other)
        *ret_n_other = n_other;
    *ret_san = cf_give(san);
    return CF_OK;
}
