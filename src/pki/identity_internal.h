/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity_internal - what an identity holds.
 */
#pragma once

#include "cert_internal.h"
#include "certferry/identity.h"

struct cf_identity {
    EVP_PKEY *pkey; /* owned; private */
    struct cf_cert *cert;
};

/* CF_E_UNSUPPORTED unless the key can sign assertions: RSA of 2048 bits or more, or P-256. */
CF_MUST_USE enum cf_rc cf_identity_check_key(const EVP_PKEY *pkey, struct cf_err *err);
