/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pfx_limits - how much work a PKCS#12 file asks for, before any of it is done.
 *
 * Whoever made the file chose the iteration counts and salts; each is bounded, and so is their sum.
 */
#include "pfx_internal.h"

#include <openssl/err.h>

enum {
    SALT_MAX = 128, /* the key derivation of PKCS#12 takes longer for longer salts */
    BAGS_MAX = 64,
    DEPTH_MAX = 3,
    /* MAC, certificates and key in a usual file; some writers encrypt one part more */
    DERIVATIONS_MAX = 4
};

#define HOW_TO_CONVERT                                                                             \
    "export it again with AES, or: openssl pkcs12 -legacy -in OLD -noenc | "                       \
    "openssl pkcs12 -export -out NEW"

static enum cf_rc
add_iterations(const ASN1_INTEGER *count, struct cf_pfx_cost *cost, struct cf_err *err)
{
    uint64_t n = 1; /* where the format lets the count be left out */

    if (count && ASN1_INTEGER_get_uint64(&n, count) != 1)
        n = UINT64_MAX;
    ERR_clear_error();
    if (n == 0)
        return cf_fail(err, CF_E_ENCODING, "PFX: an iteration count of 0");
    if (n > CF_PFX_READ_ITERATIONS_MAX)
        return cf_fail(err, CF_E_LIMIT,
                       "PFX: an iteration count above %d; export it again with fewer",
                       CF_PFX_READ_ITERATIONS_MAX);
    cost->iterations += n;
    if (cost->iterations > (uint64_t)DERIVATIONS_MAX * CF_PFX_READ_ITERATIONS_MAX)
        return cf_fail(err, CF_E_LIMIT,
                       "PFX: its iteration counts add up to more than %d; export it again with "
                       "fewer",
                       DERIVATIONS_MAX * CF_PFX_READ_ITERATIONS_MAX);
    return CF_OK;
}

static enum cf_rc
check_salt(const ASN1_OCTET_STRING *salt, struct cf_err *err)
{
    int len = salt ? ASN1_STRING_length(salt) : 0;

    if (len < 0 || len > SALT_MAX)
        return cf_fail(err, CF_E_LIMIT, "PFX: a salt of %d bytes; at most %d are read", len,
                       SALT_MAX);
    return CF_OK;
}

static enum cf_rc
fail_algorithm(const ASN1_OBJECT *object, const char *use, struct cf_err *err)
{
    char name[64] = "?";

    OBJ_obj2txt(name, sizeof name, object, 0);
    return cf_fail(err, CF_E_UNSUPPORTED, "PFX: %s %s is not read here; " HOW_TO_CONVERT, use,
                   name);
}

enum cf_rc
cf_pfx_check_mac(const PKCS12 *pfx, struct cf_pfx_cost *cost, struct cf_err *err)
{
    const ASN1_OCTET_STRING *mac = NULL, *salt = NULL;
    const X509_ALGOR *algorithm = NULL;
    const ASN1_INTEGER *iterations = NULL;
    const ASN1_OBJECT *object = NULL;
    int parameter_type = V_ASN1_UNDEF;

    if (!PKCS12_mac_present(pfx))
        return cf_fail(err, CF_E_UNSUPPORTED,
                       "PFX: without a MAC, so nobody can tell whether it was changed; export it "
                       "again with a password");
    PKCS12_get0_mac(&mac, &algorithm, &salt, &iterations, pfx);
    X509_ALGOR_get0(&object, &parameter_type, NULL, algorithm);
    switch (OBJ_obj2nid(object)) {
    case NID_sha1:
    case NID_sha224:
    case NID_sha256:
    case NID_sha384:
    case NID_sha512:
        break;
    default:
        return fail_algorithm(object, "a MAC by", err);
    }
    if (parameter_type != V_ASN1_NULL && parameter_type != V_ASN1_UNDEF)
        return cf_fail(err, CF_E_ENCODING, "PFX: the MAC's digest has parameters");
    CF_TRY(check_salt(salt, err));
    return add_iterations(iterations, cost, err);
}

static void
pbe_free(PBEPARAM **pbe)
{
    PBEPARAM_free(*pbe);
}

static void
pbes2_free(PBE2PARAM **pbes2)
{
    PBE2PARAM_free(*pbes2);
}

static void
pbkdf2_free(PBKDF2PARAM **pbkdf2)
{
    PBKDF2PARAM_free(*pbkdf2);
}

static enum cf_rc
check_pkcs12_pbe(const X509_ALGOR *algorithm, struct cf_pfx_cost *cost, struct cf_err *err)
{
    __attribute__((cleanup(pbe_free))) PBEPARAM *pbe =
        ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBEPARAM), algorithm->parameter);

    if (!pbe)
        return cf_fail_openssl(err, CF_E_ENCODING, "PFX: encryption parameters");
    CF_TRY(check_salt(pbe->salt, err));
    return add_iterations(pbe->iter, cost, err);
}

static enum cf_rc
check_pbkdf2(const X509_ALGOR *algorithm, struct cf_pfx_cost *cost, struct cf_err *err)
{
    __attribute__((cleanup(pbkdf2_free))) PBKDF2PARAM *pbkdf2 =
        ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), algorithm->parameter);

    if (!pbkdf2 || !pbkdf2->salt || pbkdf2->salt->type != V_ASN1_OCTET_STRING)
        return cf_fail_openssl(err, CF_E_ENCODING, "PFX: PBKDF2 parameters");
    CF_TRY(check_salt(pbkdf2->salt->value.octet_string, err));
    if (pbkdf2->prf) {
        switch (OBJ_obj2nid(pbkdf2->prf->algorithm)) {
        case NID_hmacWithSHA1:
        case NID_hmacWithSHA224:
        case NID_hmacWithSHA256:
        case NID_hmacWithSHA384:
        case NID_hmacWithSHA512:
            break;
        default:
            return fail_algorithm(pbkdf2->prf->algorithm, "PBKDF2 with", err);
        }
    }
    return add_iterations(pbkdf2->iter, cost, err);
}

static enum cf_rc
check_pbes2(const X509_ALGOR *algorithm, struct cf_pfx_cost *cost, struct cf_err *err)
{
    __attribute__((cleanup(pbes2_free))) PBE2PARAM *pbes2 =
        ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), algorithm->parameter);

    if (!pbes2 || !pbes2->keyfunc || !pbes2->encryption)
        return cf_fail_openssl(err, CF_E_ENCODING, "PFX: PBES2 parameters");
    if (OBJ_obj2nid(pbes2->keyfunc->algorithm) != NID_id_pbkdf2)
        return fail_algorithm(pbes2->keyfunc->algorithm, "key derivation by", err);
    switch (OBJ_obj2nid(pbes2->encryption->algorithm)) {
    case NID_aes_128_cbc:
    case NID_aes_192_cbc:
    case NID_aes_256_cbc:
    case NID_des_ede3_cbc:
        return check_pbkdf2(pbes2->keyfunc, cost, err);
    default:
        return fail_algorithm(pbes2->encryption->algorithm, "encryption with", err);
    }
}

enum cf_rc
cf_pfx_check_pbe(const X509_ALGOR *algorithm, struct cf_pfx_cost *cost, struct cf_err *err)
{
    ERR_clear_error();
    if (!algorithm)
        return cf_fail(err, CF_E_ENCODING, "PFX: an encrypted part without its algorithm");
    switch (OBJ_obj2nid(algorithm->algorithm)) {
    case NID_pbes2:
        return check_pbes2(algorithm, cost, err);
    case NID_pbe_WithSHA1And3_Key_TripleDES_CBC:
    case NID_pbe_WithSHA1And2_Key_TripleDES_CBC:
        return check_pkcs12_pbe(algorithm, cost, err);
    default:
        return fail_algorithm(algorithm->algorithm, "encryption with", err);
    }
}

static enum cf_rc
check_bags(const STACK_OF(PKCS12_SAFEBAG) * bags, unsigned depth, struct cf_pfx_cost *cost,
           struct cf_err *err)
{
    if (depth > DEPTH_MAX)
        return cf_fail(err, CF_E_LIMIT, "PFX: bags nested deeper than %d", DEPTH_MAX);
    for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags); i++) {
        const PKCS12_SAFEBAG *bag = sk_PKCS12_SAFEBAG_value(bags, i);

        if (++cost->n_bags > BAGS_MAX)
            return cf_fail(err, CF_E_LIMIT, "PFX: more than %d keys, certificates and other bags",
                           BAGS_MAX);
        if (PKCS12_SAFEBAG_get_nid(bag) == NID_safeContentsBag) {
            CF_TRY(check_bags(PKCS12_SAFEBAG_get0_safes(bag), depth + 1, cost, err));
        } else if (PKCS12_SAFEBAG_get_nid(bag) == NID_pkcs8ShroudedKeyBag) {
            const X509_ALGOR *algorithm = NULL;
            const X509_SIG *shrouded = PKCS12_SAFEBAG_get0_pkcs8(bag);

            if (shrouded)
                X509_SIG_get0(shrouded, &algorithm, NULL);
            CF_TRY(cf_pfx_check_pbe(algorithm, cost, err));
        }
    }
    return CF_OK;
}

enum cf_rc
cf_pfx_check_bags(const STACK_OF(PKCS12_SAFEBAG) * bags, struct cf_pfx_cost *cost,
                  struct cf_err *err)
{
    return check_bags(bags, 0, cost, err);
}
