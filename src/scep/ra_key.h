/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ra_key - private keys of the registration authority: made, written into the document, opened.
 */
#pragma once

#include "ra.h"
#include "ra_document.h"

/* Makes a key and the CSR for it. part is empty before. The errors of key.h and csr.h. */
CF_MUST_USE enum cf_rc cf_ra_key_make(const struct cf_scep_keyring_options *options, const char *ca,
                                      enum cf_scep_ra_role role, struct cf_ra_part *part,
                                      struct cf_err *err);
/* CF_E_CRYPTO: ra_key_file is not the one that it was sealed with; CF_E_CONFIG: this node has no
 * ra_key_file; the errors of cf_key_open_token. */
CF_MUST_USE enum cf_rc cf_ra_key_open(const struct cf_scep_keyring_options *options, const char *ca,
                                      enum cf_scep_ra_role role, const char *text,
                                      struct cf_key **ret_key, struct cf_err *err);
/* CF_E_MISMATCH when the certificate is for another key than the CSR. */
CF_MUST_USE enum cf_rc cf_ra_key_check_cert(struct cf_bytes csr, const struct cf_cert *cert,
                                            struct cf_err *err);
