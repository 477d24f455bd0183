/* SPDX-License-Identifier: Apache-2.0 */
/* dn_der - names to and from DER, by way of OpenSSL's X509_NAME. */
#include "dn_internal.h"

#include <limits.h>
#include <string.h>

#include <openssl/err.h>

#include "internal.h"

enum { DER_MAX = CF_DN_ATTR_MAX * (CF_DN_VALUE_MAX + CF_DN_OID_MAX) };

static int
asn1_type(const struct cf_dn_attr *attr)
{
    const struct cf_attr_type *row = cf_attr_type_of_oid(attr->oid);

    if (!row || row->string == CF_DN_UTF8 || !cf_attr_string_holds(row->string, attr->value))
        return V_ASN1_UTF8STRING;
    return row->string == CF_DN_IA5 ? V_ASN1_IA5STRING : V_ASN1_PRINTABLESTRING;
}

enum cf_rc
cf_dn_to_x509_name(const struct cf_dn *dn, X509_NAME **ret_name, struct cf_err *err)
{
    ERR_clear_error();
    cf_own_ossl(X509_NAME) name = X509_NAME_new();
    if (!name)
        return cf_fail_oom(err);

    for (size_t i = 0; i < dn->n_attr; i++) {
        const struct cf_dn_attr *attr = &dn->attr[i];
        cf_own_ossl(ASN1_OBJECT) object = OBJ_txt2obj(attr->oid, 1);
        if (!object || !X509_NAME_add_entry_by_OBJ(
                           name, object, asn1_type(attr), (const unsigned char *)attr->value,
                           (int)strlen(attr->value), -1, attr->is_joined ? -1 : 0))
            return cf_fail_openssl(err, CF_E_ENCODING, "attribute %s cannot be encoded", attr->oid);
    }
    *ret_name = cf_give(name);
    return CF_OK;
}

static enum cf_rc
append_entry(struct cf_dn *dn, const X509_NAME_ENTRY *entry, bool is_joined, struct cf_err *err)
{
    char oid[CF_DN_OID_MAX];
    cf_own_str value = NULL;

    int len = OBJ_obj2txt(oid, sizeof oid, X509_NAME_ENTRY_get_object(entry), 1);
    if (len <= 0 || (size_t)len >= sizeof oid)
        return cf_fail_openssl(err, CF_E_LIMIT,
                               "a name with an attribute type of more than %d characters",
                               CF_DN_OID_MAX - 1);
    enum cf_rc rc =
        cf_utf8_from_asn1(X509_NAME_ENTRY_get_data(entry), CF_DN_VALUE_MAX, &value, err);
    if (rc != CF_OK)
        return cf_err_prefix(err, "attribute %s of a name", oid), rc;
    return cf_dn_append_read(dn, oid, value, is_joined, err);
}

enum cf_rc
cf_dn_from_x509_name(const X509_NAME *name, struct cf_dn **ret_dn, struct cf_err *err)
{
    cf_own(cf_dn) dn = cf_dn_new();
    if (!dn)
        return cf_fail_oom(err);

    int last_set = -1;
    for (int i = 0; i < X509_NAME_entry_count(name); i++) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
        int set = X509_NAME_ENTRY_set(entry);
        CF_TRY(append_entry(dn, entry, i > 0 && set == last_set, err));
        last_set = set;
    }
    *ret_dn = cf_give(dn);
    return CF_OK;
}

enum cf_rc
cf_dn_parse_der(struct cf_bytes der, struct cf_dn **ret_dn, struct cf_err *err)
{
    const unsigned char *at = der.data;

    if (der.len > DER_MAX)
        return cf_fail(err, CF_E_LIMIT, "a name of %zu bytes", der.len);
    ERR_clear_error();
    cf_own_ossl(X509_NAME) name = der.len ? d2i_X509_NAME(NULL, &at, (long)der.len) : NULL;
    if (!name)
        return cf_fail_openssl(err, CF_E_ENCODING, "not a name");
    if (at != der.data + der.len)
        return cf_fail(err, CF_E_ENCODING, "bytes after a name");
    return cf_dn_from_x509_name(name, ret_dn, err);
}

enum cf_rc
cf_dn_der(const struct cf_dn *dn, struct cf_buf **ret_der, struct cf_err *err)
{
    cf_own_ossl(X509_NAME) name = NULL;
    unsigned char *der = NULL;

    CF_TRY(cf_dn_to_x509_name(dn, &name, err));
    int len = i2d_X509_NAME(name, &der);
    return cf_buf_from_ossl(der, len, ret_der, err);
}
