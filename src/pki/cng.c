/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cng - RSA keys in the files of Windows' CNG: six little-endian numbers, then the members of the
 * key in big-endian, one after another without padding.
 */
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>

#include "certferry/import_key.h"
#include "internal.h"

enum {
    HEADER_LEN = 24,
    BITS_MIN = 2048,
    BITS_MAX = 16384,
    EXPONENT_MAX = 8,
    /* In the order of the file. */
    MEMBER_E = 0,
    MEMBER_N,
    MEMBER_P,
    MEMBER_Q,
    MEMBER_DP,
    MEMBER_DQ,
    MEMBER_QINV,
    MEMBER_D,
    MEMBERS_MAX
};

CF_OSSL_OWN(OSSL_PARAM_BLD, OSSL_PARAM_BLD_free);

struct header {
    uint32_t magic;
    uint32_t bits;
    uint32_t e_len;
    uint32_t n_len;
    uint32_t p_len;
    uint32_t q_len;
};

#define MAGIC(a, b, c, d)                                                                          \
    ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)

static const struct {
    uint32_t magic;
    const char *name;
} OTHERS[] = {
    {MAGIC('R', 'S', 'A', '2'), "RSAPRIVATEBLOB (RSA2), which lacks members; export it as "
                                "RSAFULLPRIVATEBLOB"},
    {MAGIC('E', 'C', 'K', '1'), "ECCPUBLICBLOB (ECDH P-256); an RSA key is needed"},
    {MAGIC('E', 'C', 'K', '2'), "ECCPRIVATEBLOB (ECDH P-256); an RSA key is needed"},
    {MAGIC('E', 'C', 'S', '1'), "ECCPUBLICBLOB (ECDSA P-256); an RSA key is needed"},
    {MAGIC('E', 'C', 'S', '2'), "ECCPRIVATEBLOB (ECDSA P-256); an RSA key is needed"},
    {MAGIC('D', 'S', 'P', 'B'), "DSAPUBLICBLOB; an RSA key is needed"},
    {MAGIC('D', 'S', 'P', 'V'), "DSAPRIVATEBLOB; an RSA key is needed"},
    {MAGIC('D', 'H', 'P', 'B'), "DHPUBLICBLOB; an RSA key is needed"},
    {MAGIC('D', 'H', 'P', 'V'), "DHPRIVATEBLOB; an RSA key is needed"},
    {MAGIC('K', 'D', 'B', 'M'), "KEYDATABLOB, a symmetric key; an RSA key is needed"},
    /* PUBLICKEYBLOB and PRIVATEKEYBLOB of CryptoAPI begin with type, version and algorithm. */
    {MAGIC(6, 2, 0, 0), "legacy PUBLICKEYBLOB of CryptoAPI; export it by CNG"},
    {MAGIC(7, 2, 0, 0), "legacy PRIVATEKEYBLOB of CryptoAPI; export it by CNG"},
};

static uint32_t
number_at(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static enum cf_rc
check_magic(uint32_t magic, bool is_private, struct cf_err *err)
{
    const uint32_t is_public_kind = MAGIC('R', 'S', 'A', '1');
    const uint32_t is_private_kind = MAGIC('R', 'S', 'A', '3');

    if (magic == (is_private ? is_private_kind : is_public_kind))
        return CF_OK;
    if (magic == is_public_kind)
        return cf_fail(err, CF_E_UNSUPPORTED,
                       "CNG key: RSAPUBLICBLOB (RSA1), the public half only; export it as "
                       "RSAFULLPRIVATEBLOB");
    if (magic == is_private_kind)
        return cf_fail(err, CF_E_UNSUPPORTED,
                       "CNG key: RSAFULLPRIVATEBLOB (RSA3), a private key where a public one is "
                       "expected");
    for (size_t i = 0; i < CF_COUNT(OTHERS); i++) {
        if (magic == OTHERS[i].magic)
            return cf_fail(err, CF_E_UNSUPPORTED, "CNG key: %s", OTHERS[i].name);
    }
    return cf_fail(err, CF_E_ENCODING, "CNG key: begins with no known mark (%08x)", magic);
}

static enum cf_rc
read_header(struct cf_bytes blob, bool is_private, struct header *ret, struct cf_err *err)
{
    const uint8_t *at = blob.data;

    if (blob.len < HEADER_LEN)
        return cf_fail(err, CF_E_ENCODING, "CNG key: %zu bytes; its head alone has %d", blob.len,
                       HEADER_LEN);
    struct header h = {number_at(at),      number_at(at + 4),  number_at(at + 8),
                       number_at(at + 12), number_at(at + 16), number_at(at + 20)};
    CF_TRY(check_magic(h.magic, is_private, err));
    if (h.bits < BITS_MIN || h.bits > BITS_MAX)
        return cf_fail(err, CF_E_LIMIT, "CNG key: %u bits; %d to %d are possible", h.bits, BITS_MIN,
                       BITS_MAX);
    if (h.e_len == 0 || h.e_len > EXPONENT_MAX)
        return cf_fail(err, CF_E_LIMIT, "CNG key: a public exponent of %u bytes; 1 to %d are read",
                       h.e_len, EXPONENT_MAX);
    if (h.n_len != (h.bits + 7) / 8)
        return cf_fail(err, CF_E_ENCODING, "CNG key: a modulus of %u bytes for %u bits", h.n_len,
                       h.bits);
    if (is_private ? (h.p_len == 0 || h.q_len == 0 || h.p_len > h.n_len || h.q_len > h.n_len)
                   : (h.p_len != 0 || h.q_len != 0))
        return cf_fail(err, CF_E_ENCODING, "CNG key: primes of %u and %u bytes", h.p_len, h.q_len);
    *ret = h;
    return CF_OK;
}

static void
members_done(BIGNUM *(*members)[MEMBERS_MAX])
{
    for (size_t i = 0; i < MEMBERS_MAX; i++)
        BN_clear_free((*members)[i]);
}

static enum cf_rc
read_members(struct cf_bytes blob, const struct header *h, bool is_private,
             BIGNUM *members[MEMBERS_MAX], struct cf_err *err)
{
    const uint32_t lens[MEMBERS_MAX] = {h->e_len, h->n_len, h->p_len, h->q_len,
                                        h->p_len, h->q_len, h->p_len, h->n_len};
    size_t n_members = is_private ? MEMBERS_MAX : MEMBER_N + 1;
    size_t at = HEADER_LEN;

    for (size_t i = 0; i < n_members; i++) {
        if (blob.len - at < lens[i])
            return cf_fail(err, CF_E_ENCODING, "CNG key: cut off after %zu bytes", blob.len);
        members[i] = i > MEMBER_N ? BN_secure_new() : BN_new();
        if (!members[i] || !BN_bin2bn(blob.data + at, (int)lens[i], members[i]))
            return cf_fail_openssl(err, CF_E_OOM, "CNG key");
        at += lens[i];
    }
    if (at != blob.len)
        return cf_fail(err, CF_E_ENCODING, "CNG key: %zu bytes follow its end", blob.len - at);
    if (BN_num_bits(members[MEMBER_N]) != (int)h->bits)
        return cf_fail(err, CF_E_MISMATCH, "CNG key: the modulus has %d bits where %u are said",
                       BN_num_bits(members[MEMBER_N]), h->bits);
    if (!BN_is_odd(members[MEMBER_E]) || BN_is_one(members[MEMBER_E]))
        return cf_fail(err, CF_E_MISMATCH, "CNG key: the public exponent is 1 or even");
    return CF_OK;
}

static enum cf_rc
build(BIGNUM *const members[MEMBERS_MAX], bool is_private, EVP_PKEY **ret_pkey, struct cf_err *err)
{
    static const char *const names[MEMBERS_MAX] = {
        OSSL_PKEY_PARAM_RSA_E,
        OSSL_PKEY_PARAM_RSA_N,
        OSSL_PKEY_PARAM_RSA_FACTOR1,
        OSSL_PKEY_PARAM_RSA_FACTOR2,
        OSSL_PKEY_PARAM_RSA_EXPONENT1,
        OSSL_PKEY_PARAM_RSA_EXPONENT2,
        OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
        OSSL_PKEY_PARAM_RSA_D,
    };
    EVP_PKEY *pkey = NULL;

    cf_own_ossl(OSSL_PARAM_BLD) builder = OSSL_PARAM_BLD_new();
    bool is_good = builder != NULL;
    for (size_t i = 0; is_good && i < MEMBERS_MAX && members[i]; i++)
        is_good = OSSL_PARAM_BLD_push_BN(builder, names[i], members[i]) == 1;
    OSSL_PARAM *params = is_good ? OSSL_PARAM_BLD_to_param(builder) : NULL;
    cf_own_ossl(EVP_PKEY_CTX) context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    is_good = params && context && EVP_PKEY_fromdata_init(context) == 1 &&
              EVP_PKEY_fromdata(context, &pkey, is_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY,
                                params) == 1;
    OSSL_PARAM_free(params);
    if (!is_good) {
        EVP_PKEY_free(pkey);
        return cf_fail_openssl(err, CF_E_MISMATCH, "CNG key: its members make no RSA key");
    }
    *ret_pkey = pkey;
    return CF_OK;
}

static enum cf_rc
read_blob(struct cf_bytes blob, bool is_private, EVP_PKEY **ret_pkey, struct cf_err *err)
{
    __attribute__((cleanup(members_done))) BIGNUM *members[MEMBERS_MAX] = {0};
    struct header header;

    ERR_clear_error();
    CF_TRY(read_header(blob, is_private, &header, err));
    CF_TRY(read_members(blob, &header, is_private, members, err));
    return build(members, is_private, ret_pkey, err);
}

enum cf_rc
cf_cng_private_pem(const struct cf_secret *blob, struct cf_secret **ret_pem, struct cf_err *err)
{
    cf_own_ossl(EVP_PKEY) pkey = NULL;

    CF_TRY(read_blob(cf_bytes_of(cf_secret_data(blob), cf_secret_len(blob)), true, &pkey, err));
    /* Primes, their product, and each exponent and coefficient against them. */
    cf_own_ossl(EVP_PKEY_CTX) context = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    if (!context || EVP_PKEY_check(context) != 1) {
        ERR_clear_error();
        return cf_fail(err, CF_E_MISMATCH,
                       "CNG key: its members do not belong together; it was damaged");
    }
    return cf_pkey_to_pem(pkey, cf_bytes_of("", 0), ret_pem, err);
}

enum cf_rc
cf_cng_public_pem(struct cf_bytes blob, struct cf_buf **ret_pem, struct cf_err *err)
{
    cf_own_ossl(EVP_PKEY) pkey = NULL;

    CF_TRY(read_blob(blob, false, &pkey, err));
    return cf_pkey_public_pem(pkey, ret_pem, err);
}
