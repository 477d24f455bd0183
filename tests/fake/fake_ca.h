/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_ca - a CA behind the port that does what a test says and remembers what it was asked.
 *
 * Certificates come from a callback; disposition, failures and decisions are set by the test.
 * Thread-safe: members may be read while holding `lock`, or when no other thread uses the CA.
 */
#pragma once

#include <pthread.h>

#include "certferry/ca.h"

enum { FAKE_CA_REQUESTS_MAX = 512 };

/* Makes a certificate for the CSR: DER, and the chain as the port wants it; both owned. */
typedef enum cf_rc fake_ca_issue_fn(void *arg, struct cf_bytes csr, struct cf_buf **ret_cert,
                                    struct cf_buf **ret_chain, struct cf_err *err);

struct fake_ca_request {
    char *context;
    char *template_name;
    char *cookie;
    char *serial; /* NULL until issued */
    struct cf_buf *csr;
    struct cf_buf *cert;
    struct cf_buf *chain;
    unsigned submits;
    bool is_approved;
    bool is_denied;
    bool is_revoked;
    int revocation_reason;
};

struct fake_ca {
    struct cf_ca base;
    pthread_mutex_t lock;
    struct cf_ca_env env;
    fake_ca_issue_fn *issue;
    void *issue_arg;

    /* The script. */
    bool needs_approval;
    uint64_t retry_after_ms;
    const char *reject_reason; /* every submit is refused with it; NULL: none is */
    enum cf_rc fail_submit;    /* CF_OK: none */
    enum cf_rc fail_poll;
    enum cf_rc fail_revoke;
    enum cf_rc fail_completion;
    const char *template_oid; /* what the CA knows of every template; NULL: nothing */
    bool eku_is_fixed;
    unsigned fail_times; /* how often the failures above are served; 0: always */
    bool loses_answers;  /* issues, remembers, and fails with CF_E_TIMEOUT */

    /* What happened. */
    struct fake_ca_request request[FAKE_CA_REQUESTS_MAX];
    size_t n_requests;
    unsigned n_submits;
    unsigned n_polls;
    unsigned n_revokes;
    unsigned n_issued;
    unsigned n_completions;
};

struct fake_ca *fake_ca_new(const struct cf_ca_env *env, fake_ca_issue_fn *issue, void *arg);
/* ops->close does the same. */
struct fake_ca *fake_ca_free(struct fake_ca *ca);
