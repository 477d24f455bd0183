/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scep - what certferryd does for certferry-scepd: judges devices' requests, has them certified,
 * and knows what became of them.
 *
 * A request is an item of kind CF_KIND_SCEP. Its context is "PROFILE/KEY/CSR": KEY is the SHA-256
 * of transaction id and signer key, CSR that of the CSR (both as the first 40 hex digits), so that
 * the same message is the same item on every node and whoever polls has to have the key. All
 * functions block for the store alone and are thread-safe.
 */
#pragma once

#include "certferry/scep_message.h"
#include "certferry/scheduler.h"

struct cf_scep_request {
    const char *profile;            /* [scep-profile] */
    enum cf_scep_message_type type; /* PKCS_REQ, RENEWAL_REQ */
    const char *transaction_id;
    struct cf_bytes csr;    /* DER, as decrypted */
    struct cf_bytes signer; /* DER certificate that signed the message */
    const char *remote;     /* the device's address, for people; may be NULL */
};

enum cf_scep_answer_state {
    CF_SCEP_ANSWER_ISSUED,
    CF_SCEP_ANSWER_PENDING, /* the CA wants time */
    CF_SCEP_ANSWER_FAILED,
    CF_SCEP_ANSWER_WORKING, /* it is being worked on; ask again with the context */
    CF_SCEP_ANSWER_LATER    /* by no fault of the request: the same message again, later */
};
struct cf_scep_answer {
    enum cf_scep_answer_state state;
    enum cf_scep_fail_info fail_info; /* FAILED */
    char text[CF_ERR_TEXT_MAX + 1];   /* FAILED, LATER: for the administrator */
    struct cf_buf *cert;              /* ISSUED: DER, owned */
    struct cf_buf *chain;             /* ISSUED: DER concatenated, owned */
    uint64_t retry_after_ms;          /* PENDING, LATER */
    char context[CF_CONTEXT_MAX + 1]; /* of the item; empty: there is none */
    int64_t item_id;                  /* with WORKING: here, or in another process */
};
void cf_scep_answer_done(struct cf_scep_answer *answer);

/* What both ends of the SCEP socket have to agree on (docs/protocol/scep-socket.md). */
enum {
    CF_SCEP_LINE_MAX = 2 * 1024 * 1024, /* a request or an answer */
    CF_SCEP_WAIT_MAX_S = 60,
    CF_SCEP_NAME_MAX = 64, /* a profile or CA */
    CF_SCEP_ISSUER_MAX = 16 * 1024
};
const char *cf_scep_answer_state_name(enum cf_scep_answer_state state); /* "issued" */
/* False when there is no such name. */
bool cf_scep_answer_state_parse(const char *name, enum cf_scep_answer_state *ret);

/* Takes a request in, or finds out how it fares: the same one again is never certified again.
 * Errors are the store's, and CF_E_NOT_FOUND for a profile that does not exist. */
CF_MUST_USE enum cf_rc cf_scep_enroll(struct cf_scheduler *scheduler,
                                      const struct cf_scep_request *request,
                                      struct cf_scep_answer *ret_answer, struct cf_err *err);
/* CertPoll: the newest request of this transaction and signer. None: FAILED with badCertId. */
CF_MUST_USE enum cf_rc cf_scep_poll(struct cf_scheduler *scheduler, const char *profile,
                                    const char *transaction_id, struct cf_bytes signer,
                                    struct cf_scep_answer *ret_answer, struct cf_err *err);
/* A certificate for the registration authority itself, by the template of its role; the same CSR
 * gives the same certificate. */
enum cf_scep_ra_role { CF_SCEP_RA_SIGN = 1, CF_SCEP_RA_ENCRYPTION = 2, CF_SCEP_RA_BOTH = 3 };
const char *cf_scep_ra_role_name(enum cf_scep_ra_role role); /* "sign", "encryption", "both" */
bool cf_scep_ra_role_parse(const char *name, enum cf_scep_ra_role *ret);
CF_MUST_USE enum cf_rc cf_scep_ra_enroll(struct cf_scheduler *scheduler, const char *ca,
                                         enum cf_scep_ra_role role, struct cf_bytes csr,
                                         struct cf_scep_answer *ret_answer, struct cf_err *err);
/* How the item of a context fares now. CF_E_NOT_FOUND. */
CF_MUST_USE enum cf_rc cf_scep_look(struct cf_scheduler *scheduler, const char *context,
                                    struct cf_scep_answer *ret_answer, struct cf_err *err);

/* Calls fn(arg) once, on any thread, as soon as this process does not work on the item: at once
 * when it does not now. CF_E_LIMIT. `unwatch` takes back what was not called yet; after it fn is
 * not called and not running. fn has to be short and may call neither of the two. */
typedef void cf_scep_rest_fn(void *arg);
CF_MUST_USE enum cf_rc cf_scep_watch(struct cf_scheduler *scheduler, int64_t item_id,
                                     cf_scep_rest_fn *fn, void *arg, struct cf_err *err);
void cf_scep_unwatch(struct cf_scheduler *scheduler, cf_scep_rest_fn *fn, void *arg);

/* GetCert: a certificate that was issued by this profile's CA through us; FAILED with badCertId
 * otherwise, with badRequest where get_cert is off. issuer: a name in DER. */
CF_MUST_USE enum cf_rc cf_scep_get_cert(struct cf_scheduler *scheduler, const char *profile,
                                        struct cf_bytes issuer, const char *serial,
                                        struct cf_scep_answer *ret_answer, struct cf_err *err);
/* GetCRL: *ret_crl is NULL unless the answer's state is ISSUED. */
CF_MUST_USE enum cf_rc cf_scep_get_crl(struct cf_scheduler *scheduler, const char *profile,
                                       struct cf_bytes issuer, struct cf_scep_answer *ret_answer,
                                       struct cf_buf **ret_crl, struct cf_err *err);

/* A one-time challenge for a profile that wants such ones: 32 characters of base32, good until
 * expires_ms and, with a subject, for it alone. */
CF_MUST_USE enum cf_rc cf_scep_new_challenge(struct cf_site *site, const char *profile,
                                             const struct cf_dn *subject, uint64_t lifetime_ms,
                                             const char *made_by, struct cf_secret **ret_challenge,
                                             int64_t *ret_expires_ms, struct cf_err *err);

/*
 * The registration authority's document, as certferry-scepd keeps it in the store. Reads what
 * certferryd needs of it: the certificates. CF_E_ENCODING, CF_E_FIELD, CF_E_LIMIT.
 */
enum { CF_SCEP_RA_DOCUMENT_MAX = CF_STORE_RA_MAX, CF_SCEP_GENERATIONS_MAX = 16 };
struct cf_scep_ra_generation {
    int64_t active_from_ms;
    int64_t replaced_ms; /* 0: it is not */
    struct cf_cert *sign;
    struct cf_cert *encryption; /* the same as sign: one certificate for both; not owned twice */
};
struct cf_scep_ra_generations {
    struct cf_scep_ra_generation generation[CF_SCEP_GENERATIONS_MAX]; /* oldest first */
    size_t n;
};
CF_MUST_USE enum cf_rc cf_scep_ra_read(struct cf_bytes document,
                                       struct cf_scep_ra_generations *ret_generations,
                                       struct cf_err *err);
void cf_scep_ra_generations_done(struct cf_scep_ra_generations *generations);
/* Findings about profiles, challenges, RA certificates of every CA that a profile names, and the
 * listener's TLS certificate (Apple's rules for server certificates included). */
void cf_scep_check(struct cf_site *site, cf_finding_fn *report, void *arg);
