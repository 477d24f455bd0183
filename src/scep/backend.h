/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backend - certferryd, as certferry-scepd asks it (docs/protocol/scep-socket.md).
 *
 * Each call borrows one connection of a small pool for its time, or makes one. A connection that
 * breaks, also after the request was sent, is replaced and the same request sent again, which never
 * certifies anything twice, until the call's time is over; a certferryd that restarts is not
 * noticed. Once it has been away for longer than that a call fails at its first attempt. All calls
 * block and are thread-safe.
 *
 * Errors of every call: CF_E_NET (certferryd cannot be reached), CF_E_PERMISSION (the socket is not
 * for this user), CF_E_TIMEOUT, CF_E_STOPPED, CF_E_PROTOCOL (an answer that cannot be read), and
 * what certferryd itself answers, with its fault and text.
 */
#pragma once

#include "certferry/clock.h"
#include "certferry/scep.h"

enum {
    CF_SCEP_PROFILES_MAX = 256,
    CF_SCEP_CAS_MAX = 64,
    CF_SCEP_RA_CERTS_MAX = 2 * CF_SCEP_GENERATIONS_MAX
};

struct cf_scep_backend;
struct cf_scep_backend_options {
    const char *socket;  /* copied */
    uint64_t timeout_ms; /* of a call, besides the time it asks certferryd to wait; 0: 10 s */
    unsigned max_idle;   /* connections that are kept open; 0: 16 */
    const volatile int *stop_flag; /* ends all calls; may be NULL */
};
CF_MUST_USE enum cf_rc cf_scep_backend_new(const struct cf_scep_backend_options *options,
                                           struct cf_scep_backend **ret_backend,
                                           struct cf_err *err);
/* No call may be under way. */
struct cf_scep_backend *cf_scep_backend_free(struct cf_scep_backend *backend);
CF_DEFINE_OWN(cf_scep_backend);
/* Monotonic time (the real clock's) since when certferryd does not answer; 0: it does. */
int64_t cf_scep_backend_away_since_ms(struct cf_scep_backend *backend);

/* What certferryd serves, as it was at one moment. Immutable and counted. */
struct cf_scep_ca {
    char *name;
    struct cf_chain *chain; /* issuing CA first; NULL: was never known */
    char *text;             /* why it is not known just now; NULL: it is */
};
struct cf_scep_profile {
    char *name;
    const struct cf_scep_ca *ca; /* one of the same object's; never NULL */
    bool is_default;
    bool allow_sha1;
    bool allow_3des;
    bool allow_single_des;
    bool get_cert;
    bool get_crl;
    bool root_in_bundle;
    uint64_t min_rsa_bits;
    uint64_t clock_tolerance_ms; /* 0: not looked at */
    struct cf_chain *next_ca;    /* NULL: none */
};
struct cf_scep_profiles {
    unsigned refs; /* atomic */
    struct cf_scep_ca *cas;
    size_t n_cas;
    struct cf_scep_profile *profiles;
    size_t n_profiles;
};
struct cf_scep_profiles *cf_scep_profiles_ref(struct cf_scep_profiles *profiles);
struct cf_scep_profiles *cf_scep_profiles_free(struct cf_scep_profiles *profiles); /* one ref */
CF_DEFINE_OWN(cf_scep_profiles);
/* By name, or the default one with NULL; borrowed, NULL: there is none. */
const struct cf_scep_profile *cf_scep_profiles_find(const struct cf_scep_profiles *profiles,
                                                    const char *name);
const struct cf_scep_ca *cf_scep_profiles_find_ca(const struct cf_scep_profiles *profiles,
                                                  const char *name);

CF_MUST_USE enum cf_rc cf_scep_backend_profiles(struct cf_scep_backend *backend,
                                                struct cf_scep_profiles **ret_profiles,
                                                struct cf_err *err);

/* The outcomes are as scep.h has them; item_id is always 0. wait_s (0..CF_SCEP_WAIT_MAX_S) is how
 * long certferryd may wait before it answers WORKING. Done with cf_scep_answer_done. */
CF_MUST_USE enum cf_rc cf_scep_backend_enroll(struct cf_scep_backend *backend,
                                              const struct cf_scep_request *request,
                                              unsigned wait_s, struct cf_scep_answer *ret_answer,
                                              struct cf_err *err);
CF_MUST_USE enum cf_rc cf_scep_backend_poll(struct cf_scep_backend *backend, const char *profile,
                                            const char *transaction_id, struct cf_bytes signer,
                                            unsigned wait_s, struct cf_scep_answer *ret_answer,
                                            struct cf_err *err);
CF_MUST_USE enum cf_rc cf_scep_backend_look(struct cf_scep_backend *backend, const char *context,
                                            unsigned wait_s, struct cf_scep_answer *ret_answer,
                                            struct cf_err *err);
CF_MUST_USE enum cf_rc cf_scep_backend_get_cert(struct cf_scep_backend *backend,
                                                const char *profile, struct cf_bytes issuer,
                                                const char *serial,
                                                struct cf_scep_answer *ret_answer,
                                                struct cf_err *err);
/* *ret_crl is NULL unless the answer's state is ISSUED. */
CF_MUST_USE enum cf_rc cf_scep_backend_get_crl(struct cf_scep_backend *backend, const char *profile,
                                               struct cf_bytes issuer,
                                               struct cf_scep_answer *ret_answer,
                                               struct cf_buf **ret_crl, struct cf_err *err);

/* The registration authority's document of a CA: compact JSON; NULL with version 0. */
struct cf_scep_ra_state {
    uint64_t version;
    struct cf_buf *document;
    /* Serial numbers, as cf_cert_serial, of those of its certificates that were revoked. */
    char revoked[CF_SCEP_RA_CERTS_MAX][CF_SERIAL_TEXT_SIZE];
    size_t n_revoked;
};
void cf_scep_ra_state_done(struct cf_scep_ra_state *state);
CF_MUST_USE enum cf_rc cf_scep_backend_ra_get(struct cf_scep_backend *backend, const char *ca,
                                              struct cf_scep_ra_state *ret_state,
                                              struct cf_err *err);
/* CF_E_CONFLICT: another node was faster. After an answer that was lost on its way it is told for
 * one's own document, too: read it again. */
CF_MUST_USE enum cf_rc cf_scep_backend_ra_put(struct cf_scep_backend *backend, const char *ca,
                                              uint64_t version, struct cf_bytes document,
                                              uint64_t *ret_version, struct cf_err *err);
CF_MUST_USE enum cf_rc cf_scep_backend_ra_request(struct cf_scep_backend *backend, const char *ca,
                                                  enum cf_scep_ra_role role, struct cf_bytes csr,
                                                  unsigned wait_s,
                                                  struct cf_scep_answer *ret_answer,
                                                  struct cf_err *err);
