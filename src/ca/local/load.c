/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load - the CA's certificate chain and key, checked against each other.
 *
 * That the certificate has expired is not looked at here: the daemon has to start, revoke and
 * report all the same. Issuing refuses then, and check says so long before.
 */
#include <stdio.h>
#include <string.h>

#include "certferry/file.h"
#include "local.h"

enum { CERT_FILE_MAX = 1024 * 1024, KEY_FILE_MAX = 32 * 1024, CA_RSA_BITS_MIN = 2048 };

/* Each certificate signed by the next: a chain in the wrong order would fail at every device. */
static enum cf_rc
check_links(const struct cf_chain *chain, const char *path, struct cf_err *err)
{
    for (size_t i = 0; i + 1 < cf_chain_count(chain); i++) {
        cf_own_ossl(X509) cert = cf_cert_x509(cf_chain_at(chain, i));
        cf_own_ossl(X509) issuer = cf_cert_x509(cf_chain_at(chain, i + 1));

        if (X509_check_issued(issuer, cert) != X509_V_OK ||
            X509_verify(cert, X509_get0_pubkey(issuer)) != 1)
            return cf_fail_openssl(err, CF_E_CONFIG,
                                   "cert_file %s: certificate %zu is not signed by the one "
                                   "after it: put the CA's own first, the root last",
                                   path, i + 1);
    }
    return CF_OK;
}

static enum cf_rc
check_is_ca(X509 *cert, const char *path, struct cf_err *err)
{
    uint32_t flags = X509_get_extension_flags(cert);
    uint32_t usage = X509_get_key_usage(cert);

    if (flags & EXFLAG_INVALID)
        return cf_fail_openssl(err, CF_E_CONFIG, "cert_file %s: its extensions are malformed",
                               path);
    if (!(flags & EXFLAG_BCONS) || !(flags & EXFLAG_CA))
        return cf_fail(err, CF_E_CONFIG,
                       "cert_file %s: not a CA certificate (basicConstraints lacks CA:TRUE)", path);
    if (!(flags & EXFLAG_KUSAGE) || !(usage & KU_KEY_CERT_SIGN) || !(usage & KU_CRL_SIGN))
        return cf_fail(err, CF_E_CONFIG,
                       "cert_file %s: the key usage of a CA must have keyCertSign and cRLSign",
                       path);
    return CF_OK;
}

static enum cf_rc
load_chain(struct local_ca *ca, struct cf_err *err)
{
    const char *path = ca->settings->cert_file;
    cf_own(cf_buf) pem = NULL;
    cf_own(cf_chain) chain = NULL;

    if (!path)
        return cf_fail(err, CF_E_CONFIG, "cert_file is not set: it names the CA's certificate");
    CF_TRY(cf_file_read(path, CERT_FILE_MAX, &pem, err));
    if (cf_chain_parse_pem(cf_buf_bytes(pem), &chain, err) != CF_OK) {
        cf_err_prefix(err, "cert_file %s", path);
        return cf_local_turn(err, CF_E_CONFIG);
    }
    CF_TRY(check_links(chain, path, err));
    ca->cert = cf_cert_x509(cf_chain_at(chain, 0));
    CF_TRY(check_is_ca(ca->cert, path, err));
    CF_TRY(cf_local_time_to_ms(X509_get0_notBefore(ca->cert), &ca->not_before_ms, err));
    CF_TRY(cf_local_time_to_ms(X509_get0_notAfter(ca->cert), &ca->not_after_ms, err));
    return cf_chain_der(chain, &ca->chain, err);
}

static enum cf_rc
check_key(const struct local_ca *ca, const char *path, struct cf_err *err)
{
    bool is_rsa = EVP_PKEY_is_a(ca->key, "RSA");

    if (!is_rsa && !EVP_PKEY_is_a(ca->key, "EC"))
        return cf_fail(err, CF_E_CONFIG, "key_file %s: the CA's key must be RSA or EC", path);
    if (is_rsa && EVP_PKEY_get_bits(ca->key) < CA_RSA_BITS_MIN)
        return cf_fail(err, CF_E_CONFIG, "key_file %s: RSA key of %d bits: at least %d are needed",
                       path, EVP_PKEY_get_bits(ca->key), CA_RSA_BITS_MIN);
    if (X509_check_private_key(ca->cert, ca->key) != 1)
        return cf_fail_openssl(err, CF_E_CONFIG,
                               "key_file %s: not the key of the first certificate in %s", path,
                               ca->settings->cert_file);
    return CF_OK;
}

static enum cf_rc
load_key(struct local_ca *ca, struct cf_err *err)
{
    cf_own(cf_secret) pem = NULL;
    cf_own_str credential = NULL;
    const char *path = ca->settings->key_file;

    if (!path) {
        char name[256];
        (void)snprintf(name, sizeof name, "ca-%s-key", ca->settings->name);
        CF_TRY(cf_file_credential_path(name, &credential, err));
        if (!credential)
            return cf_fail(err, CF_E_CONFIG,
                           "key_file is not set, and there is no systemd credential %s", name);
        path = credential;
    }
    if (cf_file_read_secret(path, KEY_FILE_MAX, &pem, err) != CF_OK)
        return cf_err_prefix(err, "key_file");
    if (cf_pkey_from_pem(pem, &ca->key, err) != CF_OK) {
        cf_err_prefix(err, "key_file %s", path);
        return cf_local_turn(err, CF_E_CONFIG);
    }
    return check_key(ca, path, err);
}

static enum cf_rc
load_key_id(struct local_ca *ca, struct cf_err *err)
{
    const ASN1_OCTET_STRING *present = X509_get0_subject_key_id(ca->cert);
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    if (present) {
        ca->key_id = ASN1_OCTET_STRING_dup(present);
        return ca->key_id ? CF_OK : cf_fail_oom(err);
    }
    ca->key_id = ASN1_OCTET_STRING_new();
    if (!ca->key_id || X509_pubkey_digest(ca->cert, EVP_sha1(), digest, &len) != 1 ||
        ASN1_OCTET_STRING_set(ca->key_id, digest, (int)len) != 1)
        return cf_fail_openssl(err, CF_E_CRYPTO, "key identifier of the CA");
    return CF_OK;
}

enum cf_rc
cf_local_load(struct local_ca *ca, struct cf_err *err)
{
    CF_TRY(load_chain(ca, err));
    CF_TRY(load_key(ca, err));
    return load_key_id(ca, err);
}

const EVP_MD *
cf_local_digest(const EVP_PKEY *key)
{
    if (EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_bits(key) > 384)
        return EVP_sha512();
    if (EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_bits(key) > 256)
        return EVP_sha384();
    return EVP_sha256();
}
