/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ra_kit - nodes with a keyring each over one certferryd that is a few lines of this file, linked
 * in the backend's place (--wrap). One thread.
 */
#pragma once

#include "certferry/log.h"
#include "scep/ra.h"
#include "unit/pki/cert_lab.h"

enum { RA_REQUESTS_MAX = 64, RA_LOGS_MAX = 256 };

struct ra_request {
    struct cf_buf *csr;
    struct cf_buf *cert; /* NULL: not issued */
    enum cf_scep_ra_role role;
};

/* What certferryd, its store and the CA have in common. */
struct ra_world {
    struct cf_clock *clock;
    uint64_t version;
    struct cf_buf *document;
    X509 *ca;
    EVP_PKEY *ca_pkey;
    int64_t validity_ms;
    struct ra_request request[RA_REQUESTS_MAX];
    size_t n_requests;
    enum cf_scep_answer_state answer; /* to requests that are not issued yet */
    char revoked[4][CF_SERIAL_TEXT_SIZE];
    size_t n_revoked;
    unsigned n_gets;
    unsigned n_puts;
    void (*before_put)(void); /* once; NULL: nothing */
};

/* The backend of a node is the node. */
struct cf_scep_backend {
    int calls_left;    /* then the node dies; negative: it does not */
    bool loses_answer; /* the last call is done, and nobody hears of it */
};

struct ra_node {
    struct cf_scep_backend backend;
    struct cf_scep_profile_cache *profiles;
    struct cf_scep_keyring *keyring;
};

extern struct ra_world ra_world;
extern struct cf_scep_settings ra_settings;
extern const struct cf_secret *ra_pin; /* with ra_settings.ra_token in place of ra_key_file */
extern unsigned ra_logged[CF_EV_MAX_];
extern char ra_last_log[CF_EV_MAX_][512];

int ra_set_up(void **state);
int ra_tear_down(void **state);

/* A keyring with the usual ra_key_file, or one of its own. */
void ra_node_start(struct ra_node *node, const char *name, bool has_other_key);
void ra_node_stop(struct ra_node *node);
void ra_node_tick(struct ra_node *node);

/* A CA certificate of its own key. */
void ra_use_ca(const char *cn);
void ra_advance(int64_t ms);
/* Generations in the document. */
size_t ra_generations(void);
bool ra_is_pending(void);
void ra_revoke_newest(void);

/* What devices get from this node now; "" when it has nothing. Valid until the next call. */
struct cf_bytes ra_bundle(struct ra_node *node);
size_t ra_decrypters(struct ra_node *node);
/* Whether the node can open what is encrypted to this certificate. */
bool ra_can_open(struct ra_node *node, struct cf_bytes cert);

/* Two nodes, "a" and "b". */
#define RA_ROUND_MS INT64_C(30000)
extern struct ra_node ra_a, ra_b;
void ra_start_both(void);
void ra_stop_both(void);
/* Both look after their keys for a while. */
void ra_run_both(unsigned n_rounds);
void ra_assert_same_bundle(void);
/* Starts both, up to the time of the renewal. */
void ra_live_until_renewal(void);
