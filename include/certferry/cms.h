/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cms - the envelopes in which a PFX leaves the connector (RFC 5652, 5083, 5084, 3560, 5753).
 *
 * docs/protocol/envelopes.md describes them byte for byte. Only DER leaves these functions.
 */
#pragma once

#include "certferry/identity.h"
#include "certferry/secret.h"

/* Arc of the signed attributes: .1 request context (UTF8String), .2 SHA-256 of the recipient
 * certificate (OCTET STRING), .3 PFX password (UTF8String, `agent` only). */
#define CF_OID_ENVELOPE "2.25.273467295940240526966020311459324812106"

enum cf_transport {
    CF_TRANSPORT_MODERN, /* RSAES-OAEP SHA-256 or ECDH-ES X9.63 SHA-256 with AES-256 wrap;
                            AES-256-GCM (AuthEnvelopedData) */
    CF_TRANSPORT_NATIVE  /* RSA PKCS#1 v1.5 or ECDH-ES as above; AES-256-CBC (EnvelopedData) */
};

struct cf_seal_binding {
    const char *request_context;
    const struct cf_cert *recipient;
    const struct cf_identity *signer;
    int64_t now_ms; /* signingTime */
};

/* PFX in SignedData (attributes .1 .2, and .3 when password is not NULL) in an envelope. */
CF_MUST_USE enum cf_rc cf_cms_seal_pfx(struct cf_bytes pfx, const struct cf_secret *password,
                                       const struct cf_seal_binding *binding,
                                       enum cf_transport transport, struct cf_buf **ret_der,
                                       struct cf_err *err);
/* Bytes alone in an EnvelopedData (PFXCertPassword, Apple payload array). */
CF_MUST_USE enum cf_rc cf_cms_seal_secret(const struct cf_secret *content,
                                          const struct cf_cert *recipient,
                                          enum cf_transport transport, struct cf_buf **ret_der,
                                          struct cf_err *err);

/*
 * The other direction, for copies sealed to the connector itself: opens what cf_cms_seal_pfx made
 * with CF_TRANSPORT_MODERN and a password for `identity`'s certificate. Signer (any certificate
 * among n_signers), request context and recipient have to be those of the binding; now_ms is not
 * looked at. CF_E_CRYPTO for all that is not so, without telling which; CF_E_ENCODING, CF_E_LIMIT.
 */
CF_MUST_USE enum cf_rc cf_cms_open_pfx(struct cf_bytes der, const struct cf_identity *identity,
                                       const char *request_context,
                                       const struct cf_cert *const *signers, size_t n_signers,
                                       struct cf_secret **ret_pfx, struct cf_secret **ret_password,
                                       struct cf_err *err);

/* The array of one com.apple.security.pkcs12 payload as an XML property list. */
struct cf_apple_payload {
    const char *identifier; /* reverse-DNS, unique per request */
    const char *uuid;
    const char *display_name;
    bool is_macos; /* adds KeyIsExtractable=false and AllowAllAppsAccess */
    bool allow_all_apps_access;
};
CF_MUST_USE enum cf_rc cf_apple_payload_array(const struct cf_apple_payload *payload,
                                              struct cf_bytes pfx, const struct cf_secret *password,
                                              struct cf_secret **ret_plist, struct cf_err *err);
