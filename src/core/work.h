/* SPDX-License-Identifier: Apache-2.0 */
/*
 * work - one claimed item on its way through the steps.
 *
 * A step is a plain blocking function. It reads and changes the work, never the store, and answers
 * with an outcome or an error; the runner commits and logs.
 */
#pragma once

#include "certferry/facts.h"
#include "certferry/log.h"
#include "certferry/machine.h"
#include "certferry/platform.h"
#include "certferry/policy.h"
#include "certferry/request.h"
#include "certferry/site.h"

enum { CF_CLAIM_MS = 10 * 60 * 1000, CF_WAIT_MAX_MS = 24 * 60 * 60 * 1000 };

/* What a request comes to once it has been judged; derived again when a request is taken up after
 * a restart. */
struct cf_ask {
    struct cf_request *request;
    struct cf_delivery delivery;
    struct cf_cert *recipient;
    struct cf_grant grant;
    struct cf_facts facts;
    struct cf_dn *subject;
    struct cf_san *san;
    const char *sid; /* for the security extension, borrowed; NULL: none */
};

struct cf_scep_ask; /* scep.h */

struct cf_work {
    struct cf_site *site; /* a reference */
    struct cf_item *item; /* owned */
    enum cf_state stored; /* what the store has */
    bool is_ahead;        /* item differs from the store */
    bool has_recipient;   /* how far ask has been filled */
    bool has_ask;
    bool has_names;
    struct cf_ask ask;
    struct cf_scep_ask *scep; /* owned; of kind SCEP alone */
    struct cf_ca_call call;   /* for submit and poll, begun by the runner */
    struct cf_key *key;       /* between key and wrap, so that nothing has to be unsealed */
    struct cf_ledger_entry *issued;
    struct cf_buf *recovery; /* goes with issued */
    int64_t revoked_ledger_id;
    char note[CF_ERR_TEXT_MAX + 1]; /* for the history */
    char activity[CF_UUID_SIZE];    /* client-request-id of the last call to the cloud; or empty */
};

struct cf_outcome {
    bool is_pending;       /* the CA wants time */
    uint64_t wait_ms;      /* with is_pending */
    uint64_t kept_back_ms; /* with an error: the CA was not asked, and may be after this time */
};

typedef enum cf_rc cf_step_fn(struct cf_work *work, struct cf_outcome *ret_outcome,
                              struct cf_err *err);

cf_step_fn cf_step_admit;
cf_step_fn cf_step_key;
cf_step_fn cf_step_submit;
cf_step_fn cf_step_poll;
cf_step_fn cf_step_wrap;
cf_step_fn cf_step_revoke;
cf_step_fn cf_step_reencrypt;
cf_step_fn cf_step_import;
cf_step_fn cf_step_scep_admit;
cf_step_fn cf_step_scep_validate;
cf_step_fn cf_step_scep_record;
cf_step_fn cf_step_scep_notify;
cf_step_fn cf_step_scep_withdraw;
cf_step_fn cf_step_scep_fail;

/* Takes the item and a reference on the site; NULL when out of memory (the item is freed then). */
struct cf_work *cf_work_new(struct cf_site *site, struct cf_item *take_item);
struct cf_work *cf_work_free(struct cf_work *work);
CF_DEFINE_OWN(cf_work);

/* Fills work->ask.request, once: read, not judged. */
CF_MUST_USE enum cf_rc cf_work_need_request(struct cf_work *work, struct cf_err *err);
/* Fills request, delivery and recipient, once: to whom it would be sealed, and that it may be. */
CF_MUST_USE enum cf_rc cf_work_need_recipient(struct cf_work *work, struct cf_err *err);
/* And the grant, once. */
CF_MUST_USE enum cf_rc cf_work_need_ask(struct cf_work *work, struct cf_err *err);
/* And the names, once: only these may need the directory. Everything that can be wrong with a
 * request has been found then. */
CF_MUST_USE enum cf_rc cf_work_need_names(struct cf_work *work, struct cf_err *err);
/* Subject and alternative names of a request that has its grant and facts; not judged. */
CF_MUST_USE enum cf_rc cf_ask_render_names(struct cf_ask *ask, struct cf_err *err);
/* The template's, or the CA's; never CF_SID_AS_CA. */
enum cf_sid_mode cf_grant_sid_mode(const struct cf_grant *grant);
/* Whether a SID goes into the certificate, by the CA's and the template's options, and in which
 * form; behind the policy, which does not judge what the connector adds by itself. */
CF_MUST_USE enum cf_rc cf_ask_settle_sid(struct cf_ask *ask, struct cf_err *err);
/* The request is the item's; what people want to know of it is kept with the item even when it is
 * refused later on. */
CF_MUST_USE enum cf_rc cf_work_note_request(struct cf_work *work, struct cf_err *err);

/* Counts the request against its policy's hourly limits: last of all, so that only what would be
 * served is counted; one that comes by again is known by its context. CF_E_RATE. */
CF_MUST_USE enum cf_rc cf_work_count(struct cf_work *work, struct cf_err *err);

/* Keeps a place at the CA that the next step calls, if it calls one that has a place. */
void cf_work_expect_call(struct cf_work *work);
/* Runs consecutive steps while their lane is `lane` or nothing better can be done, commits and
 * logs. CF_OK with *ret_handoff true: the work goes on in *ret_lane. Otherwise it has ended here
 * and its claim is given back. An error means that the store did not take the outcome. */
CF_MUST_USE enum cf_rc cf_work_run(struct cf_work *work, enum cf_lane lane, bool *ret_handoff,
                                   enum cf_lane *ret_lane, struct cf_err *err);

/* Fields for log entries; borrowed from the work and err. */
struct cf_log_fields cf_work_fields(const struct cf_work *work, const struct cf_err *err);
void cf_log_outcome(const struct cf_work *work, const struct cf_err *err);
/* What cf_log_outcome does for kind SCEP. */
void cf_log_scep_outcome(const struct cf_work *work, const struct cf_err *err);
/* A step will be tried again. */
void cf_log_retry(const struct cf_work *work, const struct cf_err *err);

CF_MUST_USE enum cf_rc cf_replace_text(char **text, const char *value, struct cf_err *err);
