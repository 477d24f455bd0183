/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pfx_key - is the private key of a file one that is written again?
 *
 * Decoding computes: OpenSSL works out the public half of a DSA key as large as the file is, and
 * fills the secure heap with the numbers of an RSA key. So kind and length are looked at before,
 * and the sizes of the numbers before anything is computed with them.
 */
#include "pfx_internal.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>

enum {
    RSA_BITS_MIN = 2048,
    RSA_BITS_MAX = 16384,   /* what OpenSSL works with */
    KEY_LEN_MAX = 10 * 1024 /* of RSA_BITS_MAX: modulus, exponent and five halves of one */
};

#define WRONG_KIND "PFX: the key is neither RSA nor of the curves P-256, P-384, P-521"

enum cf_rc
cf_pfx_decode_key(const PKCS8_PRIV_KEY_INFO *info, EVP_PKEY **ret_pkey, struct cf_err *err)
{
    const ASN1_OBJECT *algorithm = NULL;
    const unsigned char *octets = NULL;
    int len = 0;

    if (!info || PKCS8_pkey_get0(&algorithm, &octets, &len, NULL, info) != 1)
        return cf_fail_openssl(err, CF_E_ENCODING, "PFX: the private key cannot be read");
    if (OBJ_obj2nid(algorithm) != NID_rsaEncryption &&
        OBJ_obj2nid(algorithm) != NID_X9_62_id_ecPublicKey)
        return cf_fail(err, CF_E_UNSUPPORTED, WRONG_KIND);
    if (len > KEY_LEN_MAX)
        return cf_fail(err, CF_E_LIMIT, "PFX: a private key of %d bytes; at most %d are read", len,
                       KEY_LEN_MAX);
    EVP_PKEY *pkey = EVP_PKCS82PKEY(info);
    if (!pkey)
        return cf_fail_openssl(err, CF_E_ENCODING, "PFX: the private key cannot be read");
    *ret_pkey = pkey;
    return CF_OK;
}

static int
bits_of(const EVP_PKEY *pkey, const char *name)
{
    BIGNUM *number = BN_secure_new();
    int bits = number && EVP_PKEY_get_bn_param(pkey, name, &number) == 1 ? BN_num_bits(number) : 0;

    BN_clear_free(number);
    return bits;
}

/* Two primes, and nothing larger than it can be. */
static bool
has_rsa_sizes(const EVP_PKEY *pkey, unsigned modulus_bits)
{
    int bits = (int)modulus_bits;
    int p = bits_of(pkey, OSSL_PKEY_PARAM_RSA_FACTOR1);
    int q = bits_of(pkey, OSSL_PKEY_PARAM_RSA_FACTOR2);
    bool is_good = p > 0 && q > 0 && p + q >= bits && p + q <= bits + 1 &&
                   bits_of(pkey, OSSL_PKEY_PARAM_RSA_D) <= bits &&
                   bits_of(pkey, OSSL_PKEY_PARAM_RSA_EXPONENT1) <= p &&
                   bits_of(pkey, OSSL_PKEY_PARAM_RSA_EXPONENT2) <= q &&
                   bits_of(pkey, OSSL_PKEY_PARAM_RSA_COEFFICIENT1) <= p &&
                   bits_of(pkey, OSSL_PKEY_PARAM_RSA_FACTOR3) == 0;

    ERR_clear_error();
    return is_good;
}

static enum cf_rc
check_kind(const EVP_PKEY *pkey, struct cf_err *err)
{
    static const char *const curves[] = {"prime256v1", "secp384r1", "secp521r1"};
    bool is_rsa = false;
    unsigned bits = cf_pkey_bits(pkey, &is_rsa);
    char group[64] = "";

    if (is_rsa && (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX))
        return cf_fail(err, CF_E_UNSUPPORTED, "PFX: an RSA key of %u bits; %d to %d are possible",
                       bits, RSA_BITS_MIN, RSA_BITS_MAX);
    if (is_rsa && !has_rsa_sizes(pkey, bits))
        return cf_fail(err, CF_E_MISMATCH, "PFX: the numbers of the RSA key do not make a key");
    if (is_rsa)
        return CF_OK;
    if (bits > 0 && EVP_PKEY_get_group_name(pkey, group, sizeof group, NULL) == 1) {
        for (size_t i = 0; i < CF_COUNT(curves); i++) {
            if (strcmp(group, curves[i]) == 0)
                return CF_OK;
        }
    }
    ERR_clear_error();
    return cf_fail(err, CF_E_UNSUPPORTED, WRONG_KIND);
}

/* A key names its public half itself; whether it is that one shows when it is used. */
static bool
does_work(EVP_PKEY *pkey, EVP_PKEY *public_key)
{
    static const unsigned char trial[] = "certferry";
    unsigned char signature[RSA_BITS_MAX / 8];
    size_t len = sizeof signature;

    cf_own_ossl(EVP_MD_CTX) signing = EVP_MD_CTX_new();
    cf_own_ossl(EVP_MD_CTX) verifying = EVP_MD_CTX_new();
    return signing && verifying && public_key &&
           EVP_DigestSignInit(signing, NULL, EVP_sha256(), NULL, pkey) == 1 &&
           EVP_DigestSign(signing, signature, &len, trial, sizeof trial) == 1 &&
           EVP_DigestVerifyInit(verifying, NULL, EVP_sha256(), NULL, public_key) == 1 &&
           EVP_DigestVerify(verifying, signature, len, trial, sizeof trial) == 1;
}

enum cf_rc
cf_pfx_check_key(EVP_PKEY *pkey, const struct cf_cert *cert, struct cf_err *err)
{
    CF_TRY(check_kind(pkey, err));
    ERR_clear_error();
    if (does_work(pkey, X509_get0_pubkey(cert->x509)))
        return CF_OK;
    ERR_clear_error();
    return cf_fail(err, CF_E_MISMATCH,
                   "PFX: the private key does not sign what its certificate verifies; export it "
                   "again");
}
