/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pfx_internal - what writing and reading PKCS#12 files share.
 */
#pragma once

#include "cert_internal.h"
#include "certferry/pfx.h"

/* cf_pfx_build for any private key. */
CF_MUST_USE enum cf_rc cf_pfx_write(EVP_PKEY *pkey, const struct cf_cert *cert,
                                    const struct cf_chain *chain, enum cf_pfx_preset preset,
                                    unsigned iterations, const struct cf_secret *password,
                                    const char *friendly_name, struct cf_buf **ret_der,
                                    struct cf_err *err);

/* The work that a file asks for, added up while it is looked at. */
struct cf_pfx_cost {
    uint64_t iterations;
    unsigned n_bags;
};

/* These look at parameters only; no key is derived. CF_E_UNSUPPORTED names the algorithm and what
 * to do, CF_E_LIMIT says what is too much, CF_E_ENCODING. */
CF_MUST_USE enum cf_rc cf_pfx_check_mac(const PKCS12 *pfx, struct cf_pfx_cost *cost,
                                        struct cf_err *err);
CF_MUST_USE enum cf_rc cf_pfx_check_pbe(const X509_ALGOR *algorithm, struct cf_pfx_cost *cost,
                                        struct cf_err *err);
/* The encrypted keys among bags, and the number and nesting of the bags. */
CF_MUST_USE enum cf_rc cf_pfx_check_bags(const STACK_OF(PKCS12_SAFEBAG) * bags,
                                         struct cf_pfx_cost *cost, struct cf_err *err);

/* CF_E_UNSUPPORTED for what is no RSA or EC key, CF_E_LIMIT, CF_E_ENCODING. */
CF_MUST_USE enum cf_rc cf_pfx_decode_key(const PKCS8_PRIV_KEY_INFO *info, EVP_PKEY **ret_pkey,
                                         struct cf_err *err);
/* A key that is written again: of a kind that devices read, and the one of the certificate in more
 * than its public half. CF_E_UNSUPPORTED, CF_E_MISMATCH. */
CF_MUST_USE enum cf_rc cf_pfx_check_key(EVP_PKEY *pkey, const struct cf_cert *cert,
                                        struct cf_err *err);
