/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cert_internal - a parsed certificate and what is decided about certificates in one place.
 */
#pragma once

#include "certferry/cert.h"
#include "internal.h"

struct cf_cert {
    X509 *x509; /* owned; its lazily computed parts are computed when it is parsed */
    struct cf_buf *der;
    struct cf_dn *subject;
    struct cf_dn *issuer;
    struct cf_extensions extensions;
    char serial[CF_SERIAL_TEXT_SIZE];
    char thumbprint[CF_SHA1_TEXT_SIZE];
    uint8_t sha256[32];
    uint8_t spki_sha256[32];
    int64_t not_before_ms;
    int64_t not_after_ms;
    unsigned key_bits; /* 0: neither RSA nor EC */
    bool key_is_rsa;
    bool is_self_signed; /* by its names and key identifiers; the signature is not checked */
};

struct cf_chain {
    struct cf_cert **certs;
    size_t n_certs;
};

enum { CF_PEM_MAX = 4 * 1024 * 1024 };

/* Room for n_max certificates; NULL when out of memory. */
struct cf_chain *cf_chain_new(size_t n_max);
/* Parses one and adds it, unless there are n_max already (CF_E_LIMIT). */
CF_MUST_USE enum cf_rc cf_chain_append(struct cf_chain *chain, size_t n_max, struct cf_bytes der,
                                       struct cf_err *err);

/* As cf_chain_parse_pem, for files that may hold more certificates than a chain. */
CF_MUST_USE enum cf_rc cf_chain_parse_pem_max(struct cf_bytes pem, size_t n_max,
                                              struct cf_chain **ret_chain, struct cf_err *err);

/* Adds "-----BEGIN CERTIFICATE-----" and so on. */
CF_MUST_USE enum cf_rc cf_cert_append_pem(const struct cf_cert *cert, struct cf_buf *pem,
                                          struct cf_err *err);

/* CF_E_MISMATCH unless issuer is a CA whose name, key identifier and key made `cert`, with a digest
 * that is still collision resistant. */
CF_MUST_USE enum cf_rc cf_cert_check_link(const struct cf_cert *cert, const struct cf_cert *issuer,
                                          struct cf_err *err);

/* CF_E_MISMATCH unless the first of the chain made `cert`, each other one the one before it, and
 * all are valid at now_ms. A chain has at least one certificate. */
CF_MUST_USE enum cf_rc cf_chain_check(const struct cf_cert *cert, const struct cf_chain *chain,
                                      int64_t now_ms, struct cf_err *err);

/*
 * Certificates in no order, out of which chains are made. They are as OpenSSL reads them: what is
 * wrong with one that ends up in no chain is nobody's concern.
 */
enum { CF_LOOSE_MAX = 200 };
struct cf_loose {
    STACK_OF(X509) * certs;
    unsigned n_verified; /* signatures looked at so far */
};
#define cf_own_loose __attribute__((cleanup(cf_loose_done))) struct cf_loose
void cf_loose_done(struct cf_loose *loose);
/* Whether `issuer` made `cert`, by names, key identifiers and signature. CF_E_LIMIT after some
 * thousand signatures: many certificates of one name would keep a worker busy for minutes. */
CF_MUST_USE enum cf_rc cf_loose_is_issuer(struct cf_loose *loose, X509 *issuer, X509 *cert,
                                          bool *ret_is_issuer, struct cf_err *err);
/* From leaf's issuer upwards, as far as the certificates go. */
CF_MUST_USE enum cf_rc cf_loose_chain(struct cf_loose *loose, const struct cf_cert *leaf,
                                      struct cf_chain **ret_chain, struct cf_err *err);

/* The pins of a trust: see certferry/cert.h for the file's form. */
struct cf_pins;
enum cf_pin_match {
    CF_PIN_NONE,        /* this key is not pinned */
    CF_PIN_KEY,         /* pinned for any device */
    CF_PIN_DEVICE,      /* pinned for one of the devices given */
    CF_PIN_OTHER_DEVICE /* pinned, but only for others */
};
CF_MUST_USE enum cf_rc cf_pins_parse(struct cf_bytes text, struct cf_pins **ret_pins,
                                     struct cf_err *err);
struct cf_pins *cf_pins_free(struct cf_pins *pins);
CF_DEFINE_OWN(cf_pins);
size_t cf_pins_count(const struct cf_pins *pins);
enum cf_pin_match cf_pins_find(const struct cf_pins *pins, const uint8_t spki_sha256[32],
                               const char *const *device_ids, size_t n_device_ids);

/* CF_E_RECIPIENT unless the certificate names one of the devices. */
CF_MUST_USE enum cf_rc cf_recipient_check_identity(const struct cf_cert *recipient,
                                                   const char *const *device_ids,
                                                   size_t n_device_ids, struct cf_err *err);

/* A name for error texts: RFC 4514, cut at size. */
void cf_cert_name_text(const struct cf_dn *dn, char *ret, size_t size);
