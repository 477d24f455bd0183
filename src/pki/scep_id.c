/* SPDX-License-Identifier: Apache-2.0 */
/* scep_id - whose key a signature or an encrypted content key is for. */
#include "scep_internal.h"

#include <stdio.h>
#include <string.h>

#include "certferry/text.h"

bool
cf_scep_take_id(struct cf_der *der, struct cf_scep_id *ret_id)
{
    struct cf_der content;

    *ret_id = (struct cf_scep_id){0};
    if (cf_der_take(der, V_ASN1_CONTEXT_SPECIFIC, 0, &content)) {
        ret_id->key_id = cf_der_rest(content);
        return ret_id->key_id.len > 0;
    }
    return cf_der_take(der, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE, &content) &&
           cf_der_take_whole(&content, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE, &ret_id->issuer) &&
           cf_der_take_whole(&content, V_ASN1_UNIVERSAL, V_ASN1_INTEGER, &ret_id->serial) &&
           cf_der_is_empty(&content);
}

static X509_NAME *
name_of(struct cf_bytes der)
{
    const unsigned char *at = der.data;
    return d2i_X509_NAME(NULL, &at, (long)der.len);
}

static ASN1_INTEGER *
integer_of(struct cf_bytes der)
{
    const unsigned char *at = der.data;
    return d2i_ASN1_INTEGER(NULL, &at, (long)der.len);
}

static bool
has_serial(X509 *x509, struct cf_bytes serial)
{
    cf_own_ossl(ASN1_INTEGER) number = integer_of(serial);
    return number && ASN1_INTEGER_cmp(number, X509_get0_serialNumber(x509)) == 0;
}

static bool
has_key_id(X509 *x509, struct cf_bytes key_id)
{
    const ASN1_OCTET_STRING *own = X509_get0_subject_key_id(x509);

    return own && cf_bytes_equal(key_id, cf_bytes_of(ASN1_STRING_get0_data(own),
                                                     (size_t)ASN1_STRING_length(own)));
}

bool
cf_scep_id_is(const struct cf_scep_id *id, X509 *x509)
{
    if (id->key_id.len > 0)
        return has_key_id(x509, id->key_id);
    if (!has_serial(x509, id->serial))
        return false;
    cf_own_ossl(X509_NAME) issuer = name_of(id->issuer);
    return issuer && X509_NAME_cmp(issuer, X509_get_issuer_name(x509)) == 0;
}

/* What cannot be a name by cf_dn is told by its length. */
static void
issuer_text(struct cf_bytes issuer, char *ret, size_t size)
{
    cf_own(cf_dn) dn = NULL;

    if (cf_dn_parse_der(issuer, &dn, NULL) == CF_OK)
        cf_cert_name_text(dn, ret, size);
    else
        snprintf(ret, size, "a name of %zu octets", issuer.len);
}

static void
serial_text(struct cf_bytes serial, char *ret, size_t size)
{
    struct cf_der der = cf_der_of(serial);
    struct cf_der content = {0};

    (void)cf_der_take(&der, V_ASN1_UNIVERSAL, V_ASN1_INTEGER, &content);
    while (content.end - content.at > 1 && *content.at == 0)
        content.at++;
    if (2 * (size_t)(content.end - content.at) < size)
        cf_text_hex(cf_der_rest(content), true, ret, size);
    else
        snprintf(ret, size, "a number of %zu octets", (size_t)(content.end - content.at));
}

void
cf_scep_id_text(const struct cf_scep_id *id, char *ret, size_t size)
{
    char issuer[200], serial[96];

    if (id->key_id.len > 0) {
        struct cf_bytes start =
            cf_bytes_of(id->key_id.data, id->key_id.len < 32 ? id->key_id.len : 32);
        cf_text_hex(start, true, serial, sizeof serial);
        snprintf(ret, size, "key identifier %s", serial);
        return;
    }
    issuer_text(id->issuer, issuer, sizeof issuer);
    serial_text(id->serial, serial, sizeof serial);
    snprintf(ret, size, "%s / %s", issuer, serial);
}
