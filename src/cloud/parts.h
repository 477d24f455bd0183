/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parts - what the Connector API's client is made of.
 *
 * cloud.c opens them in this order; each knows only those above it. All are thread-safe. Unlike
 * elsewhere err must not be NULL: the operations of the port see to it.
 */
#pragma once

#include <pthread.h>

#include "certferry/cloud.h"
#include "certferry/http.h"
#include "certferry/identity.h"

#define CF_CLOUD_AGENT "certferry/" CERTFERRY_VERSION
#define CF_CLOUD_USER_AGENT "User-Agent: " CF_CLOUD_AGENT

/* settings_copy.c: the caller's settings may go away with the next reload. */
CF_MUST_USE enum cf_rc cf_cloud_settings_copy(const struct cf_cloud_settings *from,
                                              struct cf_cloud_settings *ret_to, struct cf_err *err);
void cf_cloud_settings_done(struct cf_cloud_settings *settings);

/* url.c: base and path joined by exactly one slash. */
CF_MUST_USE enum cf_rc cf_url_join(const char *base, const char *path, char **ret_url,
                                   struct cf_err *err);
/* Writes text with all but unreserved characters percent-encoded; returns the length. out may be
 * NULL to measure. */
size_t cf_url_encode(struct cf_bytes text, char *out);

/* flight.c: several threads need the same thing; one gets it, the others wait for its result. */
typedef enum cf_rc cf_flight_work_fn(void *arg, struct cf_err *err);
typedef void cf_flight_publish_fn(void *arg);
struct cf_flight {
    pthread_mutex_t lock;
    pthread_cond_t landed;
    bool is_busy;
    uint64_t n_landed;
    struct cf_err result;
};
CF_MUST_USE enum cf_rc cf_flight_init(struct cf_flight *flight, struct cf_err *err);
void cf_flight_done(struct cf_flight *flight);
void cf_flight_lock(struct cf_flight *flight);
void cf_flight_unlock(struct cf_flight *flight);
/* With the lock held. `work` runs without it, `publish` (on success) with it; the lock is held
 * again on return. The others get the leader's error. */
CF_MUST_USE enum cf_rc cf_flight_run(struct cf_flight *flight, cf_flight_work_fn *work,
                                     cf_flight_publish_fn *publish, void *arg, struct cf_err *err);

/* transport.c: each call that is under way has a client of its own. */
struct cf_transport;
CF_MUST_USE enum cf_rc cf_transport_new(const struct cf_cloud_settings *settings,
                                        const struct cf_clock *clock, const volatile int *stop_flag,
                                        struct cf_transport **ret_transport, struct cf_err *err);
struct cf_transport *cf_transport_free(struct cf_transport *transport);
CF_DEFINE_OWN(cf_transport);
/* As cf_http_send, on a client that nobody else uses. */
CF_MUST_USE enum cf_rc cf_transport_send(struct cf_transport *transport,
                                         const struct cf_http_request *request,
                                         struct cf_http_response *ret_response, struct cf_err *err);

/* What this thread sends ends by then, on the monotonic clock, whatever timeout it asks for: the
 * token and the map that a call needs count, too. 0: no such end. */
void cf_transport_set_deadline(int64_t monotonic_ms);

/* By how much the cloud's clock was ahead of ours in its last answer; false: it never said. */
bool cf_transport_clock_ahead(struct cf_transport *transport, int64_t *ret_s);

/* assertion.c: a JWT signed by one of the connector's own keys. */
struct cf_assertion {
    const struct cf_identity *identity;
    const char *audience;
    const char *issuer;
    const char *subject; /* NULL: no sub and no jti, as a proof of possession */
    int64_t now_ms;
};
CF_MUST_USE enum cf_rc cf_assertion_sign(const struct cf_assertion *assertion,
                                         struct cf_secret **ret_jwt, struct cf_err *err);

/*
 * identity_files.c: the connector's key on disk. FILE is the one in use, FILE.next its successor
 * until the tenant knows it, FILE.old its predecessor until that expires.
 */
struct cf_identity_files;
enum cf_identity_slot { CF_IDENTITY_CURRENT, CF_IDENTITY_NEXT, CF_IDENTITY_OLD };
CF_MUST_USE enum cf_rc cf_identity_files_new(const char *path, const struct cf_clock *clock,
                                             struct cf_identity_files **ret_files,
                                             struct cf_err *err);
struct cf_identity_files *cf_identity_files_free(struct cf_identity_files *files);
CF_DEFINE_OWN(cf_identity_files);
const char *cf_identity_files_path(const struct cf_identity_files *files,
                                   enum cf_identity_slot slot);
const char *cf_identity_files_next_cert_path(const struct cf_identity_files *files);
/* CF_E_NOT_FOUND when there is no such file; a file that is no identity is CF_E_CONFIG. */
CF_MUST_USE enum cf_rc cf_identity_files_load(struct cf_identity_files *files,
                                              enum cf_identity_slot slot,
                                              struct cf_identity **ret_identity,
                                              struct cf_err *err);
/* The successor, when there is one that is worth another try now; NULL otherwise. */
struct cf_identity *cf_identity_files_candidate(struct cf_identity_files *files);
/* The tenant does not know the successor yet: it is left alone for a while. */
void cf_identity_files_postpone(struct cf_identity_files *files);
CF_MUST_USE enum cf_rc cf_identity_files_publish_next(struct cf_identity_files *files,
                                                      const struct cf_identity *next,
                                                      struct cf_err *err);
/* Writes the successor's certificate where the tenant's administrator can pick it up. */
CF_MUST_USE enum cf_rc cf_identity_files_publish_next_cert(struct cf_identity_files *files,
                                                           const struct cf_identity *next,
                                                           struct cf_err *err);
/* The successor has got a token: it becomes the current one, which becomes the old one. */
CF_MUST_USE enum cf_rc cf_identity_files_promote(struct cf_identity_files *files,
                                                 const struct cf_identity *next,
                                                 struct cf_err *err);
/* Whether the tenant took the successor's certificate in; survives restarts. */
bool cf_identity_files_is_registered(struct cf_identity_files *files,
                                     const struct cf_identity *next);
CF_MUST_USE enum cf_rc cf_identity_files_set_registered(struct cf_identity_files *files,
                                                        const struct cf_identity *next,
                                                        struct cf_err *err);
/* True once after each promotion. */
bool cf_identity_files_take_promoted(struct cf_identity_files *files);
/* Removes an old identity that has expired and what a crash left beside no successor. */
void cf_identity_files_tidy(struct cf_identity_files *files);

/* oauth.c: client credentials in exchange for a token. */
struct cf_oauth {
    const struct cf_cloud_settings *settings;
    const struct cf_clock *clock;
    struct cf_transport *http;
    struct cf_identity_files *files; /* NULL unless auth = certificate */
    char *token_url;
};
CF_MUST_USE enum cf_rc cf_oauth_token(struct cf_oauth *oauth, const char *scope,
                                      struct cf_secret **ret_token, uint64_t *ret_life_s,
                                      struct cf_err *err);
/* The same by the successor's key, which then replaces the current one. CF_E_NOT_FOUND: there is
 * none to try now, or the tenant does not know it yet. */
CF_MUST_USE enum cf_rc cf_oauth_token_by_successor(struct cf_oauth *oauth, const char *scope,
                                                   struct cf_secret **ret_token,
                                                   uint64_t *ret_life_s, struct cf_err *err);

/* token_cache.c */
enum cf_token_use { CF_TOKEN_GRAPH, CF_TOKEN_SERVICE, CF_TOKEN_USE_MAX_ };
struct cf_token_slot {
    struct cf_flight flight;
    struct cf_token_cache *cache;
    char *scope;
    struct cf_secret *token;
    int64_t good_until_ms; /* monotonic; includes the margin */
    uint64_t generation;
    struct cf_secret *fresh; /* only the leader of a flight touches these two */
    uint64_t fresh_life_s;
};
struct cf_token_cache {
    struct cf_oauth *oauth;
    struct cf_token_slot slot[CF_TOKEN_USE_MAX_];
};
CF_MUST_USE enum cf_rc cf_token_cache_init(struct cf_token_cache *cache, struct cf_oauth *oauth,
                                           struct cf_err *err);
void cf_token_cache_done(struct cf_token_cache *cache);
/* A copy; *ret_generation names it for cf_token_cache_drop. With auth = tls: NULL and CF_OK. */
CF_MUST_USE enum cf_rc cf_token_cache_get(struct cf_token_cache *cache, enum cf_token_use use,
                                          struct cf_secret **ret_token, uint64_t *ret_generation,
                                          struct cf_err *err);
/* A peer refused this one; a newer one stays. */
void cf_token_cache_drop(struct cf_token_cache *cache, enum cf_token_use use, uint64_t generation);
uint64_t cf_token_margin_s(uint64_t life_s); /* so long before its end a token is replaced */

/* call.c: one request with a token, sent again once with a fresh token after a 401. */
struct cf_call {
    enum cf_token_use use;
    const char *method;
    const char *url;
    const char *api_version; /* NULL: no such header */
    struct cf_bytes body;
    uint64_t timeout_ms;
    /* To the published SCEP service: with its odd header, never sent again by the HTTP client, and
     * again with a fresh token after a 403, too. */
    bool is_scep;
};
struct cf_caller {
    struct cf_transport *http;
    struct cf_token_cache *tokens;
};
/* The body of a 2xx answer, or its error. activity receives the client-request-id. */
CF_MUST_USE enum cf_rc cf_call_send(const struct cf_caller *caller, const struct cf_call *call,
                                    struct cf_buf **ret_body, char activity[CF_UUID_SIZE],
                                    struct cf_err *err);

/* discovery.c: where a service lives. */
struct cf_discovery {
    struct cf_flight flight; /* to be initialised, like the next five, by the owner */
    const struct cf_cloud_settings *settings;
    const struct cf_clock *clock;
    const struct cf_caller *caller;
    const char *service_name;
    const char *remedy; /* where the map does not have it */
    char *url;
    int64_t good_until_ms; /* monotonic */
    char *fresh;           /* only the leader of a flight touches it */
};
void cf_discovery_done(struct cf_discovery *discovery);
/* malloc'd, without a trailing slash. */
CF_MUST_USE enum cf_rc cf_discovery_get(struct cf_discovery *discovery, char **ret_url,
                                        struct cf_err *err);
/* The service does not answer at this address any more. */
void cf_discovery_drop(struct cf_discovery *discovery, const char *url);

struct cf_connector {
    struct cf_cloud base;
    struct cf_cloud_settings settings;
    const struct cf_clock *clock;
    const volatile int *stop_flag;
    char *connector_id;
    char *host_name;
    struct cf_transport *http;
    struct cf_identity_files *files;
    struct cf_oauth oauth;
    struct cf_token_cache tokens;
    bool has_tokens; /* tokens was initialised */
    struct cf_caller caller;
    struct cf_discovery discovery;
    bool has_discovery; /* discovery was initialised */
    struct cf_discovery scep_discovery;
    bool has_scep_discovery;
    bool uses_scep;
    int64_t refused_ms; /* when the directory last refused a successor, monotonic; upkeep's own */
    bool was_refused;
};

static inline struct cf_connector *
cf_connector_of(struct cf_cloud *cloud)
{
    return (struct cf_connector *)cloud; /* base is its first member */
}

/* service.c: a POST to the service, found again once when it has moved. */
struct cf_service_call {
    const char *path; /* below the service's base URL */
    const char *api_version;
    struct cf_bytes body;
    uint64_t wait_ms; /* added to the timeout: how long the service may think */
    bool is_scep;     /* it goes to the service that judges SCEP requests */
};
CF_MUST_USE enum cf_rc cf_service_send(struct cf_connector *connector,
                                       const struct cf_service_call *call, struct cf_buf **ret_body,
                                       char activity[CF_UUID_SIZE], struct cf_err *err);
/* {"results":[...]} of as many results as go into one call, from *at, which moves on. */
CF_MUST_USE enum cf_rc cf_service_results_body(const struct cf_cloud_result *results, size_t n,
                                               size_t *at, struct cf_buf **ret_body,
                                               struct cf_err *err);

/* connector_api.c */
enum cf_rc cf_connector_download(struct cf_connector *connector, size_t max, uint64_t wait_ms,
                                 struct cf_cloud_page *ret_page, struct cf_err *err);
enum cf_rc cf_connector_upload(struct cf_connector *connector,
                               const struct cf_cloud_result *results, size_t n,
                               struct cf_cloud_verdict *ret_verdicts, struct cf_err *err);
enum cf_rc cf_connector_heartbeat(struct cf_connector *connector,
                                  const struct cf_cloud_heartbeat *heartbeat, uint64_t *ret_lease_s,
                                  struct cf_err *err);

/* intune_revocation.c */
enum cf_rc cf_connector_download_revocations(struct cf_connector *connector, size_t max,
                                             struct cf_cloud_page *ret_page, struct cf_err *err);
enum cf_rc cf_connector_upload_revocations(struct cf_connector *connector,
                                           const struct cf_cloud_result *results, size_t n,
                                           struct cf_err *err);

/* patience.c: a service call that is worth another try when it goes wrong for a while. */
CF_MUST_USE enum cf_rc cf_service_send_within(struct cf_connector *connector,
                                              const struct cf_service_call *call, unsigned n_more,
                                              uint64_t budget_ms, struct cf_buf **ret_body,
                                              char activity[CF_UUID_SIZE], struct cf_err *err);

/* intune_scep.c */
enum cf_rc cf_connector_scep_validate(struct cf_connector *connector,
                                      const struct cf_scep_action *action, uint64_t budget_ms,
                                      struct cf_scep_verdict *ret_verdict, struct cf_err *err);
enum cf_rc cf_connector_scep_issued(struct cf_connector *connector,
                                    const struct cf_scep_action *action,
                                    const struct cf_scep_issued *issued, uint64_t budget_ms,
                                    struct cf_scep_verdict *ret_verdict, struct cf_err *err);
enum cf_rc cf_connector_scep_failed(struct cf_connector *connector,
                                    const struct cf_scep_action *action,
                                    const struct cf_err *failure, uint64_t budget_ms,
                                    struct cf_scep_verdict *ret_verdict, struct cf_err *err);

/* register_key.c: tells the tenant's directory of the successor. */
CF_MUST_USE enum cf_rc cf_register_key(struct cf_connector *connector,
                                       const struct cf_identity *current,
                                       const struct cf_identity *next, struct cf_err *err);

/* credential.c */
enum cf_rc cf_credential_upkeep(struct cf_connector *connector, cf_credential_fn *news, void *arg,
                                int64_t *ret_next_ms, struct cf_err *err);

/* check.c */
enum cf_rc cf_connector_check(struct cf_connector *connector, cf_finding_fn *report, void *arg,
                              struct cf_err *err);
