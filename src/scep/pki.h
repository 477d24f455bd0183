/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pki - the stages of a PKIOperation: judge and open it, ask certferryd, reply.
 */
#pragma once

#include "operation.h"

/* On the io lane: what certferryd makes of it. */
struct cf_scep_stage cf_scep_pki_ask(struct cf_scep_job *job);
/* On the cpu lane: the CertRep for what job->pki.reply says. */
struct cf_scep_stage cf_scep_pki_reply(struct cf_scep_job *job);

/* A CertRep FAILURE, told to the journal with the reason in err; the next stage replies. */
struct cf_scep_stage cf_scep_pki_fail(struct cf_scep_job *job, enum cf_scep_fail_info fail_info,
                                      const struct cf_err *err);

/* What the profile says of how a message is signed, to be asked before its signature is looked at,
 * and of how and when it was sealed, to be asked after: CF_OK, or why not and *ret_fail_info. */
CF_MUST_USE enum cf_rc cf_scep_pki_judge_signer(const struct cf_scep_message *message,
                                                const struct cf_scep_profile *profile,
                                                enum cf_scep_fail_info *ret_fail_info,
                                                struct cf_err *err);
CF_MUST_USE enum cf_rc cf_scep_pki_judge_seal(const struct cf_scep_message *message,
                                              const struct cf_scep_profile *profile, int64_t now_ms,
                                              enum cf_scep_fail_info *ret_fail_info,
                                              struct cf_err *err);
/* "3DES", "SHA-1 and DES": what the profile allows all the same; "" when there is nothing. */
enum { CF_SCEP_WEAK_SIZE = 64 };
void cf_scep_pki_weak(const struct cf_scep_message *message, char ret[CF_SCEP_WEAK_SIZE]);

/* Who it is about, for the journal. Borrowed from the job. */
struct cf_log_fields cf_scep_pki_fields(const struct cf_scep_job *job, const struct cf_err *err);
