/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operator - what a person may do to work in progress. Runs on a worker; each deed is written to
 * the item's history and logged by the caller.
 */
#pragma once

#include "certferry/site.h"

/* Lets a waiting item try again at once. CF_E_NOT_FOUND, CF_E_LEASE (being worked on),
 * CF_E_CONFLICT (finished). */
CF_MUST_USE enum cf_rc cf_operator_retry(struct cf_site *site, const char *context,
                                         struct cf_err *err);
/* Ends an item that has no certificate yet as failed, which is reported. CF_E_CONFLICT when it has
 * one. */
CF_MUST_USE enum cf_rc cf_operator_cancel(struct cf_site *site, const char *context,
                                          const char *who, struct cf_err *err);
/* Approves or denies a request that waits at a CA with that ability. CF_E_UNSUPPORTED. */
CF_MUST_USE enum cf_rc cf_operator_decide(struct cf_site *site, const char *context, bool approve,
                                          const char *who, struct cf_err *err);
/* Revokes at the issuing CA; issuer may be NULL when the serial alone is unique (CF_E_CONFLICT says
 * so when it is not). *ret_was_revoked: it was already. */
CF_MUST_USE enum cf_rc cf_operator_revoke(struct cf_site *site, const char *serial,
                                          const char *issuer, int reason, bool *ret_was_revoked,
                                          struct cf_err *err);
