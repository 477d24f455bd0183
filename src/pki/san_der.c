/* SPDX-License-Identifier: Apache-2.0 */
/* san_der - GeneralNames to and from DER. */
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "internal.h"
#include "san_internal.h"

enum { DER_MAX = CF_SAN_MAX * (CF_SAN_VALUE_MAX + 32) };

CF_OSSL_OWN(ASN1_TYPE, ASN1_TYPE_free);
CF_OSSL_OWN(GENERAL_NAME, GENERAL_NAME_free);

static enum cf_rc
set_upn(GENERAL_NAME *general, const char *value, struct cf_err *err)
{
    cf_own_ossl(ASN1_OBJECT) oid = OBJ_txt2obj(CF_OID_UPN, 1);
    cf_own_ossl(ASN1_STRING) string = ASN1_STRING_type_new(V_ASN1_UTF8STRING);
    cf_own_ossl(ASN1_TYPE) any = ASN1_TYPE_new();

    if (!oid || !string || !any || !ASN1_STRING_set(string, value, -1))
        return cf_fail_openssl(err, CF_E_OOM, "no memory for a name");
    ASN1_TYPE_set(any, V_ASN1_UTF8STRING, cf_give(string));
    if (!GENERAL_NAME_set0_othername(general, oid, any))
        return cf_fail_openssl(err, CF_E_OOM, "no memory for a name");
    oid = NULL;
    any = NULL;
    return CF_OK;
}

static enum cf_rc
set_ia5(GENERAL_NAME *general, int general_type, const char *value, struct cf_err *err)
{
    cf_own_ossl(ASN1_STRING) string = ASN1_STRING_type_new(V_ASN1_IA5STRING);

    if (!string || !ASN1_STRING_set(string, value, -1))
        return cf_fail_openssl(err, CF_E_OOM, "no memory for a name");
    GENERAL_NAME_set0_value(general, general_type, cf_give(string));
    return CF_OK;
}

static enum cf_rc
to_general(const struct cf_san_name *name, GENERAL_NAME *general, struct cf_err *err)
{
    switch (name->type) {
    case CF_SAN_UPN:
        return set_upn(general, name->value, err);
    case CF_SAN_EMAIL:
        return set_ia5(general, GEN_EMAIL, name->value, err);
    case CF_SAN_DNS:
        return set_ia5(general, GEN_DNS, name->value, err);
    case CF_SAN_URI:
        return set_ia5(general, GEN_URI, name->value, err);
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
        cf_own_ossl(GENERAL_NAME) general = GENERAL_NAME_new();
        if (!general)
            return cf_fail_oom(err);
        CF_TRY(to_general(&san->name[i], general, err));
        if (!sk_GENERAL_NAME_push(generals, general))
            return cf_fail_oom(err);
        general = NULL;
    }
    unsigned char *der = NULL;
    int len = i2d_GENERAL_NAMES(generals, &der);
    return cf_buf_from_ossl(der, len, ret_der, err);
}

static bool
is_upn(const GENERAL_NAME *general)
{
    char oid[sizeof CF_OID_UPN + 1];

    return general->type == GEN_OTHERNAME &&
           OBJ_obj2txt(oid, sizeof oid, general->d.otherName->type_id, 1) ==
               (int)sizeof CF_OID_UPN - 1 &&
           strcmp(oid, CF_OID_UPN) == 0;
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
    default:
        if (!is_upn(general))
            return CF_OK;
        /* Left out as "another name" it could be read as a UPN by somebody more lenient. */
        if (general->d.otherName->value->type != V_ASN1_UTF8STRING)
            return cf_fail(err, CF_E_ENCODING, "alternative name (UPN): not an UTF8String");
        *ret_type = CF_SAN_UPN;
        *ret_string = general->d.otherName->value->value.utf8string;
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
