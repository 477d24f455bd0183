/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cloud - the port to the management service (docs/protocol/connector-api.md).
 *
 * All functions block, may run on several threads at once and end soon after *stop_flag is set.
 * But for the calls of SCEP validation they never retry, except once with a fresh token after a
 * 401: back-off is the caller's. Errors carry retry_after_s when the service gave one.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "certferry/buf.h"
#include "certferry/clock.h"
#include "certferry/err.h"
#include "certferry/finding.h"
#include "certferry/settings.h"
#include "certferry/text.h"

struct cf_cert;

struct cf_cloud_env {
    const struct cf_clock *clock;
    const volatile int *stop_flag;
    const char *connector_id;
    const char *host_name;
    bool uses_scep; /* a profile's challenges are judged by the service: `check` looks for it */
};

/* One element of a downloaded page. The body has not been looked at beyond its identity. */
struct cf_cloud_work {
    char *context;          /* NULL: without a usable one; cannot be answered */
    int64_t lease_until_ms; /* 0: none given or unreadable */
    struct cf_buf *body;    /* JSON text */
    struct cf_err err;      /* why context is NULL */
};
struct cf_cloud_page {
    struct cf_cloud_work *work; /* owned */
    size_t n;
    char activity[CF_UUID_SIZE]; /* client-request-id of the call */
};
void cf_cloud_page_done(struct cf_cloud_page *page);

struct cf_cloud_result {
    const char *context;
    struct cf_bytes json; /* the whole result object */
};
struct cf_cloud_verdict {
    bool accepted;
    bool retryable; /* when not accepted: the service asks for it again later */
    char text[CF_ERR_TEXT_MAX + 1];
};

struct cf_cloud_ca_health {
    const char *host;
    const char *ca_name;
    bool healthy;
};
struct cf_cloud_heartbeat {
    const struct cf_cloud_ca_health *cas;
    size_t n_cas;
    bool has_reencrypt; /* what not every configuration can do */
    bool has_import;
};

/* What upkeep of the connector's own credential did; texts are borrowed for the call. */
enum cf_credential_news {
    CF_CREDENTIAL_EXPIRING, /* renewal by itself is off or was refused: a person has to act */
    CF_CREDENTIAL_RENEWED,
    CF_CREDENTIAL_FAILED
};
typedef void cf_credential_fn(void *arg, enum cf_credential_news news, const char *text,
                              const struct cf_err *err);

/* A device's SCEP request, as the management service judges it. */
struct cf_scep_action {
    const char *transaction_id; /* of the message, as it came */
    struct cf_bytes csr;        /* DER, as it came */
};
struct cf_scep_issued {
    const struct cf_cert *cert;
    const char *ca; /* [ca] section: what a revocation brings back as caConfiguration */
};
/* The verdict is in the answer's code, never in its status. */
struct cf_scep_verdict {
    bool accepted;
    char code[64];                  /* "Success", "ChallengeExpired", ...; made printable */
    char text[CF_ERR_TEXT_MAX + 1]; /* what it means and what to do; the service's own words */
    char activity[CF_UUID_SIZE];    /* client-request-id of the call */
};

struct cf_cloud;

struct cf_cloud_ops {
    const char *name;
    unsigned abi; /* CF_CLOUD_ABI */

    enum cf_rc (*open)(const struct cf_cloud_settings *settings, const struct cf_cloud_env *env,
                       struct cf_cloud **ret_cloud, struct cf_err *err);
    void (*close)(struct cf_cloud *cloud);
    /* Token, discovery, one heartbeat-like call where the service has one: one finding each. */
    enum cf_rc (*check)(struct cf_cloud *cloud, cf_finding_fn *report, void *arg,
                        struct cf_err *err);

    /* A page of at most max requests; waits up to wait_ms for work. A page that is not JSON, too
     * large or of the wrong shape is CF_E_PROTOCOL as a whole. */
    enum cf_rc (*download)(struct cf_cloud *cloud, size_t max, uint64_t wait_ms,
                           struct cf_cloud_page *ret_page, struct cf_err *err);
    /* ret_verdicts has n places, in the order of the results. A result the answer does not
     * mention counts as not accepted, retryable. */
    enum cf_rc (*upload)(struct cf_cloud *cloud, const struct cf_cloud_result *results, size_t n,
                         struct cf_cloud_verdict *ret_verdicts, struct cf_err *err);
    enum cf_rc (*download_revocations)(struct cf_cloud *cloud, size_t max,
                                       struct cf_cloud_page *ret_page, struct cf_err *err);
    /* All or nothing: CF_OK means every result was recorded. */
    enum cf_rc (*upload_revocations)(struct cf_cloud *cloud, const struct cf_cloud_result *results,
                                     size_t n, struct cf_err *err);
    enum cf_rc (*heartbeat)(struct cf_cloud *cloud, const struct cf_cloud_heartbeat *heartbeat,
                            uint64_t *ret_lease_s, struct cf_err *err);

    /* The published calls of SCEP validation (docs/protocol/scep-validation.md). CF_OK: the service
     * judged, see the verdict; anything else but the code Success is a refusal. An error: it gave
     * no verdict (transient ones have been tried again once, notifications twice, within
     * budget_ms). A verdict that is not accepted is final for validate; for issued it says that the
     * certificate must not reach the device. */
    enum cf_rc (*scep_validate)(struct cf_cloud *cloud, const struct cf_scep_action *action,
                                uint64_t budget_ms, struct cf_scep_verdict *ret_verdict,
                                struct cf_err *err);
    enum cf_rc (*scep_issued)(struct cf_cloud *cloud, const struct cf_scep_action *action,
                              const struct cf_scep_issued *issued, uint64_t budget_ms,
                              struct cf_scep_verdict *ret_verdict, struct cf_err *err);
    /* failure: why there is no certificate; its rc becomes an HRESULT. */
    enum cf_rc (*scep_failed)(struct cf_cloud *cloud, const struct cf_scep_action *action,
                              const struct cf_err *failure, uint64_t budget_ms,
                              struct cf_scep_verdict *ret_verdict, struct cf_err *err);

    /* Renews the connector's own credential in good time; says when to come again. */
    enum cf_rc (*upkeep)(struct cf_cloud *cloud, cf_credential_fn *news, void *arg,
                         int64_t *ret_next_ms, struct cf_err *err);
};

enum { CF_CLOUD_ABI = 2 };

struct cf_cloud {
    const struct cf_cloud_ops *ops;
};

extern const struct cf_cloud_ops cf_cloud_connector; /* the Connector API over HTTPS */
extern const struct cf_cloud_ops cf_cloud_none;      /* [cloud] service = none */
