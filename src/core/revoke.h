/* SPDX-License-Identifier: Apache-2.0 */
/*
 * revoke - one certificate of the ledger, at the CA that issued it.
 */
#pragma once

#include "certferry/request.h"
#include "certferry/site.h"

/* Does the request mean this certificate, whose serial number it has? */
bool cf_revocation_means(const struct cf_revocation_request *request,
                         const struct cf_ledger_entry *entry);
/* CF_OK also when the CA says that it was revoked before. The ledger is the caller's to mark.
 * *ret_kept_back_ms is set when the CA was not asked, to when to come again; may be NULL. */
CF_MUST_USE enum cf_rc cf_revoke_entry(struct cf_site *site, const struct cf_ledger_entry *entry,
                                       int reason, uint64_t *ret_kept_back_ms, struct cf_err *err);
