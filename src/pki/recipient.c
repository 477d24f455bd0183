/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recipient - what a recipient certificate says of itself: is it usable, which device does it name?
 */
#include "cert_internal.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>

#include "certferry/text.h"

#define OID_COMMON_NAME "2.5.4.3"

enum { RSA_BITS_MIN = 2048, NAME_SIZE = 80 };

static bool
names_device(const char *text, const char *const *device_ids, size_t n_device_ids)
{
    for (size_t i = 0; i < n_device_ids; i++) {
        /* An empty fact must not match an empty name. */
        if (device_ids[i] && *device_ids[i] && cf_text_equal_nocase(text, device_ids[i]))
            return true;
    }
    return false;
}

static const char *
device_part_of_uri(const char *uri)
{
    const char *authority = strstr(uri, "://");
    if (authority)
        return authority + 3;
    const char *colon = strrchr(uri, ':');
    return colon ? colon + 1 : NULL;
}

enum cf_rc
cf_recipient_check_identity(const struct cf_cert *recipient, const char *const *device_ids,
                            size_t n_device_ids, struct cf_err *err)
{
    char name[NAME_SIZE];
    const struct cf_san *san = recipient->extensions.san;

    if (names_device(cf_dn_find(recipient->subject, OID_COMMON_NAME), device_ids, n_device_ids))
        return CF_OK;
    for (size_t i = 0; i < cf_san_count(san); i++) {
        const char *value = cf_san_value_at(san, i);
        enum cf_san_type type = cf_san_type_at(san, i);
        if (type == CF_SAN_URI)
            value = device_part_of_uri(value);
        if ((type == CF_SAN_URI || type == CF_SAN_DNS) &&
            names_device(value, device_ids, n_device_ids))
            return CF_OK;
    }
    cf_cert_name_text(recipient->subject, name, sizeof name);
    return cf_fail(err, CF_E_RECIPIENT,
                   "recipient certificate: issued to '%s', which does not name the device '%s'",
                   name, n_device_ids > 0 && device_ids[0] ? device_ids[0] : "");
}

/* With one as exponent the ciphertext is the message. */
static enum cf_rc
check_exponent(const struct cf_cert *recipient, struct cf_err *err)
{
    BIGNUM *e = NULL;
    bool is_good =
        EVP_PKEY_get_bn_param(X509_get0_pubkey(recipient->x509), OSSL_PKEY_PARAM_RSA_E, &e) == 1 &&
        BN_is_odd(e) && !BN_is_one(e);

    BN_free(e);
    if (is_good)
        return CF_OK;
    ERR_clear_error();
    return cf_fail(err, CF_E_RECIPIENT,
                   "recipient certificate: its RSA key has one or an even number as public "
                   "exponent, which encrypts nothing");
}

static enum cf_rc
check_key(const struct cf_cert *recipient, struct cf_err *err)
{
    char group[64] = "";

    if (recipient->key_is_rsa) {
        if (recipient->key_bits < RSA_BITS_MIN)
            return cf_fail(err, CF_E_RECIPIENT,
                           "recipient certificate: RSA key of %u bits, %d or more are needed",
                           recipient->key_bits, RSA_BITS_MIN);
        return check_exponent(recipient, err);
    }
    const EVP_PKEY *pkey = X509_get0_pubkey(recipient->x509);
    if (recipient->key_bits == 0 || EVP_PKEY_get_group_name(pkey, group, sizeof group, NULL) != 1 ||
        (strcmp(group, "prime256v1") != 0 && strcmp(group, "secp384r1") != 0)) {
        ERR_clear_error();
        return cf_fail(err, CF_E_RECIPIENT,
                       "recipient certificate: the key is neither RSA nor P-256 nor P-384");
    }
    return CF_OK;
}

enum cf_rc
cf_cert_check_usable_recipient(const struct cf_cert *recipient, int64_t now_ms, struct cf_err *err)
{
    const struct cf_extensions *extensions = &recipient->extensions;
    unsigned needed = recipient->key_is_rsa ? CF_KU_KEY_ENCIPHERMENT : CF_KU_KEY_AGREEMENT;
    char limit[CF_TEXT_TIME_SIZE];

    if (recipient->not_before_ms > now_ms) {
        cf_text_from_time(recipient->not_before_ms, limit);
        return cf_fail(err, CF_E_RECIPIENT, "recipient certificate: not valid before %s", limit);
    }
    if (recipient->not_after_ms <= now_ms) {
        cf_text_from_time(recipient->not_after_ms, limit);
        return cf_fail(err, CF_E_RECIPIENT, "recipient certificate: expired at %s", limit);
    }
    if (cf_cert_is_ca(recipient))
        return cf_fail(err, CF_E_RECIPIENT,
                       "recipient certificate: a CA certificate, not one of a device");
    CF_TRY(check_key(recipient, err));
    if (extensions->has_key_usage && !(extensions->key_usage & needed))
        return cf_fail(err, CF_E_RECIPIENT, "recipient certificate: key usage lacks %s",
                       recipient->key_is_rsa ? "keyEncipherment" : "keyAgreement");
    return CF_OK;
}
