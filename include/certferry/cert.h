/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cert - certificates (RFC 5280): facts, comparison with what was asked, trust in a recipient.
 *
 * A parsed certificate is immutable and may be shared between threads.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "certferry/csr.h"
#include "certferry/secret.h"

enum {
    CF_CERT_DER_MAX = 64 * 1024,
    CF_CERT_CHAIN_MAX = 10,
    CF_SERIAL_TEXT_SIZE = 2 * 32 + 1, /* up to 32 octets are read, RFC 5280 allows 20 */
    CF_SHA1_TEXT_SIZE = 2 * 20 + 1
};

struct cf_cert;

/* CF_E_ENCODING also for bytes after the certificate. */
CF_MUST_USE enum cf_rc cf_cert_parse(struct cf_bytes der, struct cf_cert **ret_cert,
                                     struct cf_err *err);
struct cf_cert *cf_cert_free(struct cf_cert *cert);
CF_DEFINE_OWN(cf_cert);

/* All borrowed. */
struct cf_bytes cf_cert_der(const struct cf_cert *cert);
const struct cf_dn *cf_cert_subject(const struct cf_cert *cert);
const struct cf_dn *cf_cert_issuer(const struct cf_cert *cert);
const char *cf_cert_sid(const struct cf_cert *cert);          /* security extension; NULL: none */
const struct cf_san *cf_cert_san(const struct cf_cert *cert); /* empty when absent */
const char *cf_cert_serial(const struct cf_cert *cert); /* upper-case hex, even, no sign octet */
int64_t cf_cert_not_before_ms(const struct cf_cert *cert);
int64_t cf_cert_not_after_ms(const struct cf_cert *cert);
const char *cf_cert_thumbprint(const struct cf_cert *cert); /* SHA-1, upper-case hex */
void cf_cert_sha256(const struct cf_cert *cert, uint8_t ret[32]);
void cf_cert_spki_sha256(const struct cf_cert *cert, uint8_t ret[32]);
bool cf_cert_is_ca(const struct cf_cert *cert);
bool cf_cert_key_is_rsa(const struct cf_cert *cert);
unsigned cf_cert_key_bits(const struct cf_cert *cert);

/* CF_OK when the PEM text holds the certificate's private key; CF_E_MISMATCH when it is another's,
 * CF_E_ENCODING or CF_E_UNSUPPORTED (encrypted) when it cannot be read. */
CF_MUST_USE enum cf_rc cf_cert_check_key(const struct cf_cert *cert,
                                         const struct cf_secret *key_pem, struct cf_err *err);

/* The channel binding of a TLS server with this certificate: "tls-server-end-point:" and its hash
 * (RFC 5929 section 4). CF_E_ENCODING, CF_E_CRYPTO. */
CF_MUST_USE enum cf_rc cf_cert_endpoint_binding(struct cf_bytes der, struct cf_buf **ret_binding,
                                                struct cf_err *err);

/* What can be told of a certificate that cf_cert_parse may refuse: those that devices make for
 * their first request are odd in many ways. CF_E_ENCODING, CF_E_LIMIT. */
struct cf_cert_sketch {
    struct cf_buf *spki;                /* SubjectPublicKeyInfo */
    char thumbprint[CF_SHA1_TEXT_SIZE]; /* SHA-1, upper-case hex */
    bool is_self_issued;                /* subject and issuer are the same name */
};
CF_MUST_USE enum cf_rc cf_cert_sketch(struct cf_bytes der, struct cf_cert_sketch *ret_sketch,
                                      struct cf_err *err);
void cf_cert_sketch_done(struct cf_cert_sketch *sketch);

/* Brings a serial number in any usual writing (case, colons, blanks, 0x, leading zeros) to the
 * form of cf_cert_serial, so that equal integers give equal texts. CF_E_SYNTAX. */
CF_MUST_USE enum cf_rc cf_serial_normalize(const char *text, char ret[CF_SERIAL_TEXT_SIZE],
                                           struct cf_err *err);

/* A chain: certificates one after another in DER, nearest issuer first, root last if present. */
struct cf_chain;
CF_MUST_USE enum cf_rc cf_chain_parse_pem(struct cf_bytes pem, struct cf_chain **ret_chain,
                                          struct cf_err *err);
CF_MUST_USE enum cf_rc cf_chain_parse_der(struct cf_bytes concatenated, struct cf_chain **ret_chain,
                                          struct cf_err *err);
/* The certificates of a CMS SignedData, in whatever order (RFC 5652 section 5, a "certs-only"
 * message or a full CMC response, RFC 5272; its signature is not looked at), ordered from `leaf`'s
 * issuer upwards; leaf itself and what is not above it are left out. An empty chain when its issuer
 * is not there. CF_E_ENCODING, CF_E_LIMIT. */
CF_MUST_USE enum cf_rc cf_chain_parse_cms(struct cf_bytes der, const struct cf_cert *leaf,
                                          struct cf_chain **ret_chain, struct cf_err *err);
/* From leaf's issuer upwards, out of n loose certificates in DER; as above. */
CF_MUST_USE enum cf_rc cf_chain_build(const struct cf_bytes *certs, size_t n,
                                      const struct cf_cert *leaf, struct cf_chain **ret_chain,
                                      struct cf_err *err);
/* The certificate that a certs-only message or full CMC response was made to carry: the one that
 * none of the others was issued by. CF_E_NOT_FOUND. */
CF_MUST_USE enum cf_rc cf_cert_from_cms(struct cf_bytes der, struct cf_cert **ret_cert,
                                        struct cf_err *err);
struct cf_chain *cf_chain_free(struct cf_chain *chain);
CF_DEFINE_OWN(cf_chain);
size_t cf_chain_count(const struct cf_chain *chain);
const struct cf_cert *cf_chain_at(const struct cf_chain *chain, size_t index);
CF_MUST_USE enum cf_rc cf_chain_der(const struct cf_chain *chain, struct cf_buf **ret_der,
                                    struct cf_err *err);
CF_MUST_USE enum cf_rc cf_chain_pem(const struct cf_chain *chain, struct cf_buf **ret_pem,
                                    struct cf_err *err);

/*
 * Compares an issued certificate with the request it was issued for: public key, subject, SAN
 * (exactly), SID extension, key usage (the same bits), EKU (the same set), not a CA, validity
 * inside the limits (notBefore at most five minutes ahead of now_ms), signature by the chain's
 * first certificate, and the chain linked to its end. CF_E_MISMATCH names the field with both
 * values. not_after_max_ms 0: no limit.
 */
struct cf_cert_expectation {
    const struct cf_csr *csr;
    const struct cf_chain *chain;
    int64_t now_ms;
    int64_t not_after_max_ms;
    const char *validity_remedy; /* told where not_after_max_ms is exceeded; may be NULL */
    bool sid_may_be_missing;     /* the CA may have left the security extension out */
    /* What the template puts in where the CSR itself asks for no usage; all zero: then there must
     * be none in the certificate either. Key usage: the bits that go with the kind of key. */
    unsigned key_usage;
    const char *const *eku;
    size_t n_eku;
};
CF_MUST_USE enum cf_rc cf_cert_check_issued(const struct cf_cert *cert,
                                            const struct cf_cert_expectation *expectation,
                                            struct cf_err *err);

/*
 * Trust in recipient certificates: the roots (and intermediates) of the CA that issues device
 * certificates, and pins. Immutable.
 *
 * A self-signed certificate among the roots is an anchor and the others only help to reach one;
 * when none is self-signed, each is an anchor. CF_E_CONFIG: one that is not a CA, or neither a
 * root nor a pin.
 *
 * A pin file has one pin per line: the SHA-256 of a SubjectPublicKeyInfo in hex, then optionally a
 * blank and the device id it is bound to; '#' begins a comment.
 */
struct cf_trust;
CF_MUST_USE enum cf_rc cf_trust_new(struct cf_bytes roots_pem, struct cf_bytes pins_text,
                                    struct cf_trust **ret_trust, struct cf_err *err);
struct cf_trust *cf_trust_free(struct cf_trust *trust);
CF_DEFINE_OWN(cf_trust);
const struct cf_chain *cf_trust_roots(const struct cf_trust *trust); /* as given; NULL: only pins */

/*
 * CF_E_RECIPIENT, naming the failed check, unless: the certificate is pinned (for this device) or
 * chains to a root; is valid at now_ms; is not a CA; has an RSA key of 2048 bits or more, or
 * P-256/P-384; its key usage, when present, allows keyEncipherment (RSA) or keyAgreement (EC); and
 * one of device_ids (case-insensitive) is its subject CN, a DNS SAN, or the part after "://" or
 * after the last ':' of a SAN URI. A pin that names the device stands for the identity check too.
 * A key that is pinned to other devices only is refused whatever it chains to.
 */
CF_MUST_USE enum cf_rc cf_trust_check_recipient(const struct cf_trust *trust,
                                                const struct cf_cert *recipient,
                                                const char *const *device_ids, size_t n_device_ids,
                                                int64_t now_ms, struct cf_err *err);
/* The checks that need no trust anchor (validity, key, usage), for when the operator has turned
 * the rest off. */
CF_MUST_USE enum cf_rc cf_cert_check_usable_recipient(const struct cf_cert *recipient,
                                                      int64_t now_ms, struct cf_err *err);
