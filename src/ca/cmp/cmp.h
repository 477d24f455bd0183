/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmp - what the files of the backend that speaks CMP (RFC 4210) share.
 *
 * OpenSSL's client makes, protects and verifies the messages; cf_http carries them (RFC 6712). What
 * was read at open never changes, and each call has a session of its own.
 */
#pragma once

#include <openssl/cmp.h>

#include "../../pki/ossl.h"
#include "certferry/ca.h"
#include "certferry/http_pool.h"
#include "certferry/secret.h"

enum { CMP_MESSAGE_MAX = 1024 * 1024, CMP_STORED_MAX = 64 * 1024 };

CF_OSSL_OWN(OSSL_CMP_MSG, OSSL_CMP_MSG_free);

struct cmp_ca {
    struct cf_ca base;
    const struct cf_ca_settings *settings; /* borrowed */
    struct cf_ca_env env;
    struct cf_chain *chain; /* of chain_file */
    X509 *issuer;           /* its first */
    X509 *server;           /* whose signature is believed; NULL: none is */
    X509_NAME *recipient;
    struct cf_secret *secret; /* protection secret */
    X509 *signer;             /* protection certificate */
    EVP_PKEY *signer_key;
    bool has_tls;
    struct cf_http_pool *pool;
};

/* load.c: fills all but the pool. CF_E_CONFIG and the like name the option. */
CF_MUST_USE enum cf_rc cf_cmp_load(struct cmp_ca *ca, struct cf_err *err);

/* cookie.c: what a poll has to know, also of another process. */
struct cmp_cookie {
    struct cf_buf *ca; /* who was asked: host and name */
    enum cf_cmp_request request;
    struct cf_buf *csr;
    struct cf_buf *first; /* the CA's answer to the request: waiting */
    struct cf_buf *last;  /* its answer to the last poll; NULL: none yet */
};
/* "HOST NAME", as profiles name the CA. */
CF_MUST_USE enum cf_rc cf_cmp_cookie_ca(const struct cf_ca_settings *settings,
                                        struct cf_buf **ret_ca, struct cf_err *err);
void cf_cmp_cookie_done(struct cmp_cookie *cookie);
#define cf_own_cookie __attribute__((cleanup(cf_cmp_cookie_done))) struct cmp_cookie
/* CF_E_LIMIT: an answer of more than CMP_STORED_MAX bytes cannot be kept. */
CF_MUST_USE enum cf_rc cf_cmp_cookie_write(const struct cmp_cookie *cookie, char **ret_text,
                                           struct cf_err *err);
/* CF_E_CA_CONFIG: not one of ours. */
CF_MUST_USE enum cf_rc cf_cmp_cookie_read(const char *text, struct cmp_cookie *ret_cookie,
                                          struct cf_err *err);

/*
 * session.c: one transaction.
 *
 * An earlier transaction goes on in a new session by playing its answers again: OpenSSL's context
 * asks what it asked then, and gets what the CA answered then instead of a message being sent. The
 * stored answers are verified as if they had just come.
 */
struct cmp_session {
    const struct cmp_ca *ca;
    OSSL_CMP_CTX *ctx;
    struct cf_http *http;
    struct cf_bytes replay[2]; /* answers to play again */
    size_t n_replay;
    size_t n_exchanges;
    bool was_sent;         /* the CA may have taken a message of ours */
    struct cf_buf *first;  /* the answer to the first message */
    struct cf_buf *last;   /* the latest answer, when there was a later one */
    struct cf_err failure; /* of the transfer; rc CF_OK: none */
    struct cf_err refusal; /* why the certificate was not taken; rc CF_OK: it was */
};
void cf_cmp_session_done(struct cmp_session *session);
#define cf_own_session __attribute__((cleanup(cf_cmp_session_done))) struct cmp_session
/* *session is zeroed; it must not move afterwards. */
CF_MUST_USE enum cf_rc cf_cmp_session_init(struct cmp_session *session, const struct cmp_ca *ca,
                                           struct cf_err *err);
/* The error of a call of OpenSSL that failed: the transport's, the CA's (status.c), or that the
 * answer was not good. Empties OpenSSL's error queue. */
CF_MUST_USE enum cf_rc cf_cmp_session_fail(struct cmp_session *session, bool is_revocation,
                                           struct cf_err *err);

/* status.c: what the CA says (PKIStatusInfo, RFC 4210 5.2.3). Never CF_OK; CF_E_REJECTED when it
 * refuses this request. The text has the CA's own words, made printable. */
CF_MUST_USE enum cf_rc cf_cmp_status_fail(const OSSL_CMP_CTX *ctx, bool is_revocation,
                                          struct cf_err *err);

/* The operations. */
enum cf_rc cf_cmp_submit(struct cf_ca *base, const struct cf_ca_submission *submission,
                         struct cf_ca_answer *ret_answer, struct cf_err *err);
enum cf_rc cf_cmp_poll(struct cf_ca *base, const char *text, struct cf_ca_answer *ret_answer,
                       struct cf_err *err);
enum cf_rc cf_cmp_revoke(struct cf_ca *base, const struct cf_ca_revocation *revocation,
                         struct cf_err *err);
enum cf_rc cf_cmp_check(struct cf_ca *base, cf_finding_fn *fn, void *arg, struct cf_err *err);
