/* SPDX-License-Identifier: Apache-2.0 */
/* ossl - small conversions from OpenSSL's types to ours. */
#include "internal.h"

#include <string.h>

#include <openssl/core_names.h>

#include "certferry/text.h"

enum cf_rc
cf_buf_from_ossl(unsigned char *take_data, int len, struct cf_buf **ret_buf, struct cf_err *err)
{
    if (len <= 0 || !take_data) {
        OPENSSL_free(take_data);
        return cf_fail_openssl(err, CF_E_CRYPTO, "DER encoding failed");
    }
    struct cf_buf *buf = cf_buf_copy(cf_bytes_of(take_data, (size_t)len));
    OPENSSL_free(take_data);
    if (!buf)
        return cf_fail_oom(err);
    *ret_buf = buf;
    return CF_OK;
}

static bool
is_ascii_type(int type)
{
    return type == V_ASN1_PRINTABLESTRING || type == V_ASN1_IA5STRING ||
           type == V_ASN1_NUMERICSTRING || type == V_ASN1_VISIBLESTRING;
}

static bool
is_string_type(int type)
{
    return is_ascii_type(type) || type == V_ASN1_UTF8STRING || type == V_ASN1_T61STRING ||
           type == V_ASN1_BMPSTRING || type == V_ASN1_UNIVERSALSTRING;
}

enum cf_rc
cf_utf8_from_asn1(const ASN1_STRING *string, size_t max_len, char **ret_text, struct cf_err *err)
{
    int type = ASN1_STRING_type(string);
    if (!is_string_type(type))
        return cf_fail(err, CF_E_ENCODING, "a value of ASN.1 type %d where text is expected", type);
    if (is_ascii_type(type)) {
        const unsigned char *data = ASN1_STRING_get0_data(string);
        for (int i = 0; i < ASN1_STRING_length(string); i++) {
            if (data[i] >= 0x80)
                return cf_fail(err, CF_E_ENCODING, "an ASCII string type with the byte 0x%02x",
                               data[i]);
        }
    }

    /* T61String is read as Latin-1, as every other implementation does. */
    unsigned char *utf8 = NULL;
    int utf8_len = ASN1_STRING_to_UTF8(&utf8, string);
    if (utf8_len < 0)
        return cf_fail_openssl(err, CF_E_ENCODING, "a string that is not of its own type");

    size_t len = (size_t)utf8_len;
    enum cf_rc rc = CF_OK;
    if (len > max_len)
        rc = cf_fail(err, CF_E_ENCODING, "a text of %zu bytes; at most %zu are accepted", len,
                     max_len);
    else if (memchr(utf8, '\0', len))
        rc = cf_fail(err, CF_E_ENCODING, "a text with an embedded NUL");
    else if (!cf_text_is_utf8((const char *)utf8, len))
        rc = cf_fail(err, CF_E_ENCODING, "a text that is not UTF-8");

    char *text = rc == CF_OK ? strndup((const char *)utf8, len) : NULL;
    OPENSSL_free(utf8);
    CF_TRY(rc);
    if (!text)
        return cf_fail_oom(err);
    *ret_text = text;
    return CF_OK;
}

enum cf_rc
cf_serial_to_asn1(const char *serial, ASN1_INTEGER **ret_serial, struct cf_err *err)
{
    cf_own_ossl(BIGNUM) number = NULL;
    char hex[CF_SERIAL_TEXT_SIZE];

    CF_TRY(cf_serial_normalize(serial, hex, err));
    if (BN_hex2bn(&number, hex) == 0)
        return cf_fail_oom(err);
    *ret_serial = BN_to_ASN1_INTEGER(number, NULL);
    return *ret_serial ? CF_OK : cf_fail_oom(err);
}

ASN1_OBJECT *
cf_object_of_oid(const char *oid)
{
    const char *arc = oid;
    size_t len = strspn(arc, "0123456789");

    while (len > 0 && (len == 1 || arc[0] != '0')) {
        if (arc[len] == '\0')
            return OBJ_txt2obj(oid, 1);
        if (arc[len] != '.')
            return NULL;
        arc += len + 1;
        len = strspn(arc, "0123456789");
    }
    return NULL;
}

unsigned
cf_pkey_bits(const EVP_PKEY *pkey, bool *ret_is_rsa)
{
    bool is_rsa = pkey && EVP_PKEY_is_a(pkey, "RSA");
    bool is_known = is_rsa || (pkey && EVP_PKEY_is_a(pkey, "EC"));
    int bits = is_known ? EVP_PKEY_get_bits(pkey) : 0;

    if (ret_is_rsa)
        *ret_is_rsa = is_rsa;
    return bits > 0 ? (unsigned)bits : 0;
}

/* To verify on a curve that came with the key could take as long as its sender likes. */
static bool
is_named_curve(const EVP_PKEY *pkey)
{
    int is_explicit = 0;

    return EVP_PKEY_get_int_param(pkey, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
                                  &is_explicit) == 1 &&
           !is_explicit;
}

static bool
has_short_exponent(const EVP_PKEY *pkey)
{
    cf_own_ossl(BIGNUM) exponent = NULL;

    return EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &exponent) == 1 &&
           BN_num_bits(exponent) <= CF_PKEY_EXPONENT_BITS_MAX;
}

enum cf_rc
cf_pkey_check_cost(const EVP_PKEY *pkey, struct cf_err *err)
{
    bool is_rsa = false;
    unsigned bits = cf_pkey_bits(pkey, &is_rsa);

    if (bits == 0)
        return cf_fail(err, CF_E_UNSUPPORTED, "the public key is neither an RSA nor an EC key");
    if (bits > CF_PKEY_BITS_MAX)
        return cf_fail(err, CF_E_LIMIT, "a public key of %u bits; at most %d are accepted", bits,
                       CF_PKEY_BITS_MAX);
    if (is_rsa && !has_short_exponent(pkey))
        return cf_fail(err, CF_E_LIMIT,
                       "a public key with an RSA exponent of more than %d bits; 65537 is usual",
                       CF_PKEY_EXPONENT_BITS_MAX);
    if (!is_rsa && !is_named_curve(pkey))
        return cf_fail(err, CF_E_UNSUPPORTED,
                       "a public key on a curve of its own; P-256, P-384 and P-521 are usual");
    return CF_OK;
}
