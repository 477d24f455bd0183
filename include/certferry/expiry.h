/* SPDX-License-Identifier: Apache-2.0 */
/*
 * expiry - the certificates that the connector stands on, and how long they still will.
 *
 * Those that nobody else watches: CAs and those above them, the CAs of device certificates, the
 * signer of the envelopes. The credential for the cloud is the cloud adapter's business. The
 * recovery certificate is left out: copies are sealed and opened whatever its dates are, and a new
 * one would open none of them.
 */
#pragma once

#include "certferry/finding.h"
#include "certferry/site.h"

/* `what` ("ca corp: certificate 2 of the chain, CN=Root") is borrowed for the call. A certificate
 * that cannot be had is left out: what is wrong with it is told where it is used. */
typedef void cf_expiry_fn(void *arg, const char *what, const struct cf_cert *cert);
void cf_expiry_each(struct cf_site *site, cf_expiry_fn *fn, void *arg);

/* How near the end is: 0 for more than 30 days, then 1 (30 days or less), 2 (14), 3 (7), 4 (1), 5
 * (over). */
enum { CF_EXPIRY_STAGES = 6 };
unsigned cf_expiry_stage(int64_t left_ms);

/* One finding for each: an error in the last seven days and after, a warning in the last 30. */
void cf_expiry_check(struct cf_site *site, cf_finding_fn *report, void *arg);
