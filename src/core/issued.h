/* SPDX-License-Identifier: Apache-2.0 */
/*
 * issued - what a CA answered with: on record, and compared with what was asked.
 */
#pragma once

#include "work.h"

/* Makes work->issued, the ledger's entry, of a certificate; the request has been read. */
CF_MUST_USE enum cf_rc cf_issued_enter(struct cf_work *work, const struct cf_cert *cert,
                                       struct cf_err *err);
/* CF_E_MISMATCH unless the certificate is what the item's CSR and the grant asked for. */
CF_MUST_USE enum cf_rc cf_issued_check(struct cf_work *work, const struct cf_cert *cert,
                                       const struct cf_chain *chain, struct cf_err *err);
