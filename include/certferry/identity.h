/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity - a key of the connector's own with its self-signed certificate.
 *
 * One signs the envelopes, another the assertions for the token endpoint. Immutable; signing is
 * thread-safe.
 */
#pragma once

#include "certferry/cert.h"
#include "certferry/secret.h"

struct cf_identity;

/* A new key and self-signed certificate: CN = common_name, digitalSignature, valid from five
 * minutes before now_ms for lifetime_ms. */
CF_MUST_USE enum cf_rc cf_identity_generate(enum cf_key_kind kind, const char *common_name,
                                            int64_t now_ms, uint64_t lifetime_ms,
                                            struct cf_identity **ret_identity, struct cf_err *err);
/* PEM: one PKCS#8 private key and the certificate, in any order; they must match
 * (CF_E_MISMATCH). Encrypted keys are CF_E_UNSUPPORTED. */
CF_MUST_USE enum cf_rc cf_identity_parse(const struct cf_secret *pem,
                                         struct cf_identity **ret_identity, struct cf_err *err);
CF_MUST_USE enum cf_rc cf_identity_pem(const struct cf_identity *identity,
                                       struct cf_secret **ret_pem, struct cf_err *err);
struct cf_identity *cf_identity_free(struct cf_identity *identity);
CF_DEFINE_OWN(cf_identity);

const struct cf_cert *cf_identity_cert(const struct cf_identity *identity); /* borrowed */
CF_MUST_USE enum cf_rc cf_identity_cert_pem(const struct cf_identity *identity,
                                            struct cf_buf **ret_pem, struct cf_err *err);

/* A JWS signature (RFC 7518): PS256 for RSA keys, ES256 (r||s) for P-256. *ret_alg is static. */
CF_MUST_USE enum cf_rc cf_identity_sign_jws(const struct cf_identity *identity,
                                            struct cf_bytes signing_input, const char **ret_alg,
                                            struct cf_buf **ret_signature, struct cf_err *err);
