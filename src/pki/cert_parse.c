/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cert_parse - DER into a cf_cert. Everything that is derived is derived here, so that a parsed
 * certificate never changes and needs no lock.
 */
#include "cert_internal.h"

#include <string.h>

#include "certferry/text.h"

static enum cf_rc
two_digits(const unsigned char *at, int *ret)
{
    if (at[0] < '0' || at[0] > '9' || at[1] < '0' || at[1] > '9')
        return CF_E_ENCODING;
    *ret = (at[0] - '0') * 10 + (at[1] - '0');
    return CF_OK;
}

static int64_t
days_from_civil(int year, int month, int day)
{
    /* Years are counted from March, so that the leap day is the last day of a year. */
    int y = month > 2 ? year : year - 1;
    int era = y / 400;
    int year_of_era = y - era * 400;
    int day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return (int64_t)era * 146097 + day_of_era - 719468;
}

/* RFC 5280 section 4.1.2.5: seconds present, "Z", no fraction. OpenSSL's own reader takes more. */
static enum cf_rc
read_time(const ASN1_TIME *time, const char *field, int64_t *ret_ms, struct cf_err *err)
{
    static const int month_days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const unsigned char *at = ASN1_STRING_get0_data(time);
    int len = ASN1_STRING_length(time);
    int type = ASN1_STRING_type(time);
    int part[7] = {0}; /* century, year, month, day, hour, minute, second */
    int first = type == V_ASN1_GENERALIZEDTIME ? 0 : 1;

    if ((type != V_ASN1_GENERALIZEDTIME || len != 15) && (type != V_ASN1_UTCTIME || len != 13))
        return cf_fail(err, CF_E_ENCODING, "certificate: %s has not the form of RFC 5280", field);
    for (int i = first; i < 7; i++, at += 2) {
        if (two_digits(at, &part[i]) != CF_OK)
            return cf_fail(err, CF_E_ENCODING, "certificate: %s holds a non-digit", field);
    }
    if (first == 1)
        part[0] = part[1] < 50 ? 20 : 19;

    int year = part[0] * 100 + part[1];
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (*at != 'Z' || part[2] < 1 || part[2] > 12 || part[3] < 1 ||
        part[3] > month_days[part[2] - 1] || (part[2] == 2 && part[3] == 29 && !is_leap) ||
        part[4] > 23 || part[5] > 59 || part[6] > 59)
        return cf_fail(err, CF_E_ENCODING, "certificate: %s is not a time in UTC", field);

    int64_t seconds = days_from_civil(year, part[2], part[3]) * 86400 + (int64_t)part[4] * 3600 +
                      (int64_t)part[5] * 60 + part[6];
    *ret_ms = seconds * 1000;
    return CF_OK;
}

static enum cf_rc
read_serial(struct cf_cert *cert, struct cf_err *err)
{
    enum { OCTETS_MAX = (CF_SERIAL_TEXT_SIZE - 1) / 2 };
    const ASN1_INTEGER *serial = X509_get0_serialNumber(cert->x509);
    const uint8_t *data = ASN1_STRING_get0_data(serial);
    size_t len = (size_t)ASN1_STRING_length(serial);

    if (ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER)
        return cf_fail(err, CF_E_ENCODING, "certificate: the serial number is negative");
    while (len > 1 && *data == 0) {
        data++;
        len--;
    }
    if (len > OCTETS_MAX)
        return cf_fail(err, CF_E_ENCODING, "certificate: the serial number is over %d octets",
                       OCTETS_MAX);
    cf_text_hex(cf_bytes_of(len > 0 ? data : (const uint8_t *)"", len > 0 ? len : 1), true,
                cert->serial, sizeof cert->serial);
    return CF_OK;
}

static enum cf_rc
hash(const EVP_MD *md, struct cf_bytes bytes, uint8_t *ret, struct cf_err *err)
{
    if (EVP_Digest(bytes.data, bytes.len, ret, NULL, md, NULL) != 1)
        return cf_fail_openssl(err, CF_E_CRYPTO, "certificate: cannot be hashed");
    return CF_OK;
}

static enum cf_rc
read_hashes(struct cf_cert *cert, struct cf_err *err)
{
    uint8_t sha1[20];
    unsigned char *spki = NULL;
    cf_own(cf_buf) spki_der = NULL;

    CF_TRY(hash(EVP_sha1(), cf_buf_bytes(cert->der), sha1, err));
    cf_text_hex(cf_bytes_of(sha1, sizeof sha1), true, cert->thumbprint, sizeof cert->thumbprint);
    CF_TRY(hash(EVP_sha256(), cf_buf_bytes(cert->der), cert->sha256, err));

    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert->x509), &spki);
    CF_TRY(cf_buf_from_ossl(spki, len, &spki_der, err));
    return hash(EVP_sha256(), cf_buf_bytes(spki_der), cert->spki_sha256, err);
}

static enum cf_rc
read_facts(struct cf_cert *cert, struct cf_err *err)
{
    X509 *x509 = cert->x509;

    CF_TRY(read_serial(cert, err));
    CF_TRY(read_time(X509_get0_notBefore(x509), "notBefore", &cert->not_before_ms, err));
    CF_TRY(read_time(X509_get0_notAfter(x509), "notAfter", &cert->not_after_ms, err));
    CF_TRY(read_hashes(cert, err));

    enum cf_rc rc = cf_dn_from_x509_name(X509_get_subject_name(x509), &cert->subject, err);
    if (rc != CF_OK) {
        (void)cf_err_prefix(err, "certificate: subject");
        return rc;
    }
    rc = cf_dn_from_x509_name(X509_get_issuer_name(x509), &cert->issuer, err);
    if (rc != CF_OK) {
        (void)cf_err_prefix(err, "certificate: issuer");
        return rc;
    }
    rc = cf_extensions_read(X509_get0_extensions(x509), &cert->extensions, err);
    if (rc != CF_OK) {
        (void)cf_err_prefix(err, "certificate");
        return rc;
    }

    /* Makes OpenSSL fill its cache, which it would else do at some later, unchecked call. */
    (void)X509_check_purpose(x509, -1, 0);
    if (X509_get_extension_flags(x509) & EXFLAG_INVALID)
        return cf_fail_openssl(err, CF_E_ENCODING, "certificate: an extension cannot be read");
    cert->is_self_signed = (X509_get_extension_flags(x509) & EXFLAG_SS) != 0;

    const EVP_PKEY *pkey = X509_get0_pubkey(x509);
    if (!pkey)
        return cf_fail_openssl(err, CF_E_ENCODING, "certificate: the public key cannot be read");
    cert->key_bits = cf_pkey_bits(pkey, &cert->key_is_rsa);
    return CF_OK;
}

enum cf_rc
cf_cert_parse(struct cf_bytes der, struct cf_cert **ret_cert, struct cf_err *err)
{
    if (der.len == 0 || der.len > CF_CERT_DER_MAX)
        return cf_fail(err, CF_E_ENCODING, "certificate: %zu bytes, 1 to %d are expected", der.len,
                       CF_CERT_DER_MAX);

    cf_own(cf_cert) cert = calloc(1, sizeof *cert);
    if (!cert)
        return cf_fail_oom(err);
    cert->der = cf_buf_copy(der);
    if (!cert->der)
        return cf_fail_oom(err);

    const unsigned char *at = der.data;
    cert->x509 = d2i_X509(NULL, &at, (long)der.len);
    if (!cert->x509)
        return cf_fail_openssl(err, CF_E_ENCODING, "certificate: not an X.509 certificate in DER");
    if (at != der.data + der.len)
        return cf_fail(err, CF_E_ENCODING, "certificate: %zu bytes follow its end",
                       (size_t)(der.data + der.len - at));
    CF_TRY(read_facts(cert, err));

    *ret_cert = cf_give(cert);
    return CF_OK;
}
