/* SPDX-License-Identifier: Apache-2.0 */
/* pem - certificates of an answer as PEM or DER, checked to be no more than that. */
#pragma once

#include "certferry/json.h"

/* The member `der` of an entry: its bytes appended to out, as they are or as a PEM block. */
CF_MUST_USE enum cf_rc cf_pem_append(const struct cf_json *entry, bool as_der, struct cf_buf *out,
                                     struct cf_err *err);
/* CF_E_PROTOCOL unless text is PEM of certificates and nothing that could harm a terminal. */
CF_MUST_USE enum cf_rc cf_pem_check(const char *text, struct cf_err *err);
