/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scep - what the files that serve certferry-scepd share.
 *
 * An item's body is JSON: who asks for what. The CSR may carry a challenge, so it stays with the
 * item only until that is finished.
 */
#pragma once

#include "certferry/cert.h"
#include "certferry/expiry.h"
#include "certferry/scep.h"
#include "work.h"

/* For what has no profile: the registration authority's own requests. */
enum { CF_SCEP_PATIENCE_MS = 60 * 60 * 1000 };
/* A device waits for half a minute; each of the calls to the cloud gets a third of it. */
enum { CF_SCEP_CLOUD_MS = 10 * 1000 };

/* scep_context.c. Both CF_E_RANGE for a name that is too long. */
/* "PROFILE/KEY/" */
CF_MUST_USE enum cf_rc cf_scep_prefix(const char *profile, const char *transaction_id,
                                      struct cf_bytes signer_spki, char ret[CF_CONTEXT_MAX + 1],
                                      struct cf_err *err);
/* The prefix and the hash of what is asked for; `others` is hashed with it: what sets this request
 * apart from one with the same CSR. */
CF_MUST_USE enum cf_rc cf_scep_context(const char *prefix, struct cf_bytes csr,
                                       struct cf_bytes others, char ret[CF_CONTEXT_MAX + 1],
                                       struct cf_err *err);

/* scep_body.c: what was asked, as it lies in the store; texts are borrowed from `document`. */
struct cf_scep_body {
    struct cf_json *document;
    const char *profile; /* NULL: for the registration authority */
    const char *ca;      /* without a profile */
    enum cf_scep_ra_role role;
    enum cf_scep_message_type type;
    const char *transaction_id;
    const char *remote;
    bool is_for_cloud;  /* admitted for the management service's verdict, whatever the profile says
                         * by now */
    struct cf_buf *csr; /* NULL once it is the item's, or forgotten */
    struct cf_buf *signer;
};
/* csr and signer are left out where they are NULL or empty. */
CF_MUST_USE enum cf_rc cf_scep_body_write(const struct cf_scep_body *body, struct cf_bytes csr,
                                          struct cf_bytes signer, struct cf_buf **ret_json,
                                          struct cf_err *err);
CF_MUST_USE enum cf_rc cf_scep_body_read(struct cf_bytes json, struct cf_scep_body *ret_body,
                                         struct cf_err *err);
void cf_scep_body_done(struct cf_scep_body *body);
/* Of a finished item: the CSR goes, here and in the body. */
CF_MUST_USE enum cf_rc cf_scep_forget(struct cf_item *item, struct cf_err *err);

/* scep_ask.c: a device's request as it is judged; derived again after a restart. */
struct cf_scep_ask {
    struct cf_scep_body body;
    const struct cf_scep_profile_settings *profile; /* NULL: for the registration authority */
    struct cf_csr *csr;
    struct cf_cert_sketch signer;    /* with a profile */
    struct cf_ledger_entry *renewed; /* the certificate that signed, where it is one to renew */
    bool has_renewal;                /* that has been looked for */
};
struct cf_scep_ask *cf_scep_ask_free(struct cf_scep_ask *ask);

/* Body, profile, CSR and signer, once. CF_E_POLICY: the profile is not configured any more. */
CF_MUST_USE enum cf_rc cf_scep_need_body(struct cf_work *work, struct cf_err *err);
/* And work->ask with the grant, once: what cf_work_need_ask does for this kind. */
CF_MUST_USE enum cf_rc cf_scep_need_ask(struct cf_work *work, struct cf_err *err);
/* NULL where the profile is none, or not configured any more. */
const struct cf_scep_profile_settings *cf_scep_profile_of(struct cf_work *work);
bool cf_scep_is_judged_by_cloud(struct cf_work *work);

/* scep_request.c: the CSR as a request that the policy understands; borrows from ask. */
CF_MUST_USE enum cf_rc cf_scep_request(const struct cf_work *work, const struct cf_scep_ask *ask,
                                       struct cf_request **ret_request, struct cf_err *err);
/* Errors of the policy name members of the cloud's requests; a device sent a CSR. Returns err->rc.
 */
enum cf_rc cf_scep_reword(struct cf_err *err);

/* scep_rules.c: what the profile says of the CSR besides its names. */
CF_MUST_USE enum cf_rc cf_scep_check_profile(const struct cf_work *work, struct cf_err *err);
/* scep_sid.c: a SID that the CSR names has to be that of the account. */
CF_MUST_USE enum cf_rc cf_scep_check_sid(struct cf_work *work, struct cf_err *err);
/* scep_renewal.c: which of our certificates signed the message, and whether it may be renewed. */
CF_MUST_USE enum cf_rc cf_scep_find_renewed(struct cf_work *work, struct cf_err *err);
CF_MUST_USE enum cf_rc cf_scep_check_signer(struct cf_work *work, struct cf_err *err);
/* scep_challenge.c. CF_E_CHALLENGE. A one-time challenge is used up by it. */
CF_MUST_USE enum cf_rc cf_scep_check_challenge(struct cf_work *work, struct cf_err *err);

/* scep_ra.c: the registration authority's own request, judged by template and configuration. */
CF_MUST_USE enum cf_rc cf_scep_ra_grant(struct cf_work *work, struct cf_err *err);

/* scep_expiry.c: the document of a CA's registration authority. CF_E_NOT_FOUND: there is none. */
CF_MUST_USE enum cf_rc cf_scep_ra_load(struct cf_site *site, const char *ca,
                                       struct cf_scep_ra_generations *ret_generations,
                                       struct cf_err *err);
/* What devices see now: the last generation whose time has come; NULL: none. Borrowed. */
const struct cf_scep_ra_generation *
cf_scep_ra_active(const struct cf_scep_ra_generations *generations, int64_t now_ms);
/* Whether no profile before this one names its CA. */
bool cf_scep_is_first_of_ca(const struct cf_settings *settings, size_t index);
/* Calls fn for each certificate that devices see now. */
void cf_scep_expiry_each(struct cf_site *site, cf_expiry_fn *fn, void *arg);

/* scep_patience.c: how long a device's request is worth trying; profile may be NULL. */
uint64_t cf_scep_patience_ms(const struct cf_scep_profile_settings *profile);
/* An error, of fault "request", once a step has been tried for long enough. */
CF_MUST_USE enum cf_rc cf_scep_check_patience(struct cf_work *work, struct cf_err *err);

/* scep_answer.c */
/* FAILED with these. */
void cf_scep_refuse(struct cf_scep_answer *answer, enum cf_scep_fail_info fail_info,
                    const char *format, ...) CF_PRINTF(3, 4);
/* How this item stands. */
CF_MUST_USE enum cf_rc cf_scep_answer_of(struct cf_scheduler *scheduler, struct cf_site *site,
                                         const struct cf_item *item,
                                         struct cf_scep_answer *ret_answer, struct cf_err *err);
/* A certificate of the ledger, unless it is revoked. */
CF_MUST_USE enum cf_rc cf_scep_answer_entry(struct cf_site *site,
                                            const struct cf_ledger_entry *entry,
                                            struct cf_scep_answer *answer, struct cf_err *err);
/* The chain of a [ca] section; *ret_chain stays NULL when it cannot be had now. */
void cf_scep_chain_of(struct cf_site *site, const char *ca, struct cf_buf **ret_chain);

/* scep_intake.c: puts a new item into the store, or one that begins anew, and begins its work if
 * that can be done here now. *answer says how it stands. */
struct cf_scep_intake {
    const char *context;
    struct cf_buf *body;
    uint64_t patience_ms;
};
CF_MUST_USE enum cf_rc cf_scep_take_in(struct cf_scheduler *scheduler, struct cf_site *site,
                                       const struct cf_scep_intake *intake,
                                       struct cf_scep_answer *answer, struct cf_err *err);
/* Of a context that is in the store: how it stands, begun where nobody has begun it. */
CF_MUST_USE enum cf_rc cf_scep_go_on(struct cf_scheduler *scheduler, struct cf_site *site,
                                     const struct cf_item *item, struct cf_scep_answer *answer,
                                     struct cf_err *err);
/* NULL in *ret_item: there is none. */
CF_MUST_USE enum cf_rc cf_scep_find_item(struct cf_site *site, const char *context,
                                         struct cf_item **ret_item, struct cf_err *err);
/* The certificate that was issued for a context, the newest; NULL: none. */
CF_MUST_USE enum cf_rc cf_scep_find_issued(struct cf_site *site, const char *context,
                                           struct cf_ledger_entry **ret_entry, struct cf_err *err);
