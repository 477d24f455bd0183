/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csr - PKCS#10 certification requests (RFC 2986) with an extensionRequest attribute.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "certferry/dn.h"
#include "certferry/key.h"
#include "certferry/san.h"
#include "certferry/secret.h"

/* Key usage bits, RFC 5280 section 4.2.1.3: bit n of the BIT STRING is 1 << n. */
enum {
    CF_KU_DIGITAL_SIGNATURE = 1 << 0,
    CF_KU_NON_REPUDIATION = 1 << 1,
    CF_KU_KEY_ENCIPHERMENT = 1 << 2,
    CF_KU_DATA_ENCIPHERMENT = 1 << 3,
    CF_KU_KEY_AGREEMENT = 1 << 4,
    CF_KU_KEY_CERT_SIGN = 1 << 5,
    CF_KU_CRL_SIGN = 1 << 6
};

enum { CF_EKU_MAX = 32, CF_CSR_DER_MAX = 64 * 1024, CF_CSR_CHALLENGE_MAX = 16 * 1024 };

/* The values of two extensions that a template has, too (RFC 5280 4.2.1.3 and 4.2.1.12). *ret_eku:
 * dotted OIDs, owned by the caller. CF_E_ENCODING, CF_E_LIMIT. */
CF_MUST_USE enum cf_rc cf_key_usage_parse_der(struct cf_bytes der, unsigned *ret_key_usage,
                                              struct cf_err *err);
CF_MUST_USE enum cf_rc cf_eku_parse_der(struct cf_bytes der, char ***ret_eku, size_t *ret_n_eku,
                                        struct cf_err *err);

struct cf_csr_spec {
    const struct cf_dn *subject; /* may be empty only with a SAN */
    const struct cf_san *san;    /* NULL or empty: no extension; critical when subject is empty */
    unsigned key_usage;          /* 0: no extension; critical */
    const char *const *eku;      /* dotted OIDs */
    size_t n_eku;
    const char *template_name; /* 1.3.6.1.4.1.311.20.2 as BMPString; NULL: none */
    const char *template_oid;  /* 1.3.6.1.4.1.311.21.7 without versions (MS-WCCE 2.2.2.7.7.2), in
                                  place of template_name; NULL: none */
    const char *sid; /* security extension 1.3.6.1.4.1.311.25.2 (MS-WCCE 2.2.2.7.7.4); NULL: none */
};

/* SHA-256 signature (SHA-384 for P-384). */
CF_MUST_USE enum cf_rc cf_csr_build(const struct cf_key *key, const struct cf_csr_spec *spec,
                                    struct cf_buf **ret_der, struct cf_err *err);

struct cf_csr;
/* Parses and verifies the self-signature (CF_E_CRYPTO); CF_E_ENCODING, CF_E_LIMIT. */
CF_MUST_USE enum cf_rc cf_csr_parse(struct cf_bytes der, struct cf_csr **ret_csr,
                                    struct cf_err *err);
struct cf_csr *cf_csr_free(struct cf_csr *csr);
CF_DEFINE_OWN(cf_csr);

/* All borrowed. */
const struct cf_dn *cf_csr_subject(const struct cf_csr *csr);
const struct cf_san *cf_csr_san(const struct cf_csr *csr); /* empty when absent */
unsigned cf_csr_key_usage(const struct cf_csr *csr);
size_t cf_csr_n_eku(const struct cf_csr *csr);
const char *cf_csr_eku(const struct cf_csr *csr, size_t index);
const char *cf_csr_template_name(const struct cf_csr *csr); /* NULL when absent */
const char *cf_csr_template_oid(const struct cf_csr *csr);  /* NULL when absent */
const char *cf_csr_sid(const struct cf_csr *csr);           /* NULL when absent */
struct cf_bytes cf_csr_spki(const struct cf_csr *csr);
/* challengePassword (RFC 2985 5.4.1, up to CF_CSR_CHALLENGE_MAX octets, whatever string type) as
 * UTF-8; NULL when absent or empty. It is a secret. */
const struct cf_secret *cf_csr_challenge(const struct cf_csr *csr);
/* The hash of the self-signature: 1, 256, 384, 512 for the SHA of that name; 0: another. */
unsigned cf_csr_signature_sha(const struct cf_csr *csr);
bool cf_csr_has_key_usage(const struct cf_csr *csr);
/* CF_E_POLICY when it asks for what the functions above do not tell: a CA certificate, alternative
 * names of other types, application policies that differ from the extended key usages. */
CF_MUST_USE enum cf_rc cf_csr_check_plain(const struct cf_csr *csr, struct cf_err *err);
/* false: a size or curve that cf_key_kind does not have. */
bool cf_csr_key_kind(const struct cf_csr *csr, enum cf_key_kind *ret_kind);
/* RSA modulus or curve bits; *ret_is_rsa may be NULL. */
unsigned cf_csr_key_bits(const struct cf_csr *csr, bool *ret_is_rsa);
