/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cms_internal - the two layers of an envelope.
 */
#pragma once

#include "certferry/cms.h"
#include "internal.h"

/* Sends content through a CMS structure made with CMS_PARTIAL and finishes it. CMS_final would
 * leave a piece of the content on the stack. */
CF_MUST_USE enum cf_rc cf_cms_fill(CMS_ContentInfo *cms, struct cf_bytes content,
                                   struct cf_err *err);

CF_MUST_USE enum cf_rc cf_cms_add_attribute(CMS_SignerInfo *signer, const char *oid, int type,
                                            struct cf_bytes value, struct cf_err *err);
/* The caller's time and not the system's, which OpenSSL would put there. */
CF_MUST_USE enum cf_rc cf_cms_add_signing_time(CMS_SignerInfo *signer, int64_t now_ms,
                                               struct cf_err *err);

/* The inner layer. *ret_der holds the password when one is given and is therefore a secret. */
CF_MUST_USE enum cf_rc cf_cms_sign(struct cf_bytes pfx, const struct cf_secret *password,
                                   const struct cf_seal_binding *binding,
                                   struct cf_secret **ret_der, struct cf_err *err);

/* True for DER that has every outer part of an AuthEnvelopedData with AES-256-GCM, one recipient,
 * and nonce and tag of the usual length. */
bool cf_cms_has_sealed_shape(struct cf_bytes der);
