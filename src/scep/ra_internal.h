/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ra_internal - the keyring's parts: what a CA has (ra.c), and how it comes to new certificates
 * (ra_renew.c).
 */
#pragma once

#include <pthread.h>

#include "ra_keys.h"

/* One CA. */
struct cf_ra_ca {
    char name[CF_SCEP_NAME_MAX + 1];

    /* Guarded by the keyring's lock. */
    struct cf_scep_keys *keys; /* NULL: none; `why` says why */
    uint64_t version;          /* of the document they were opened from */
    bool was_read;
    struct cf_err why;
    int64_t reloaded_ms; /* monotonic; 0: never */

    /* The tick's alone. */
    int64_t due_ms;                        /* monotonic */
    int64_t begin_after_ms;                /* monotonic: no new attempt before */
    int64_t complained_ms;                 /* monotonic */
    struct cf_err complaint;               /* the last one that was logged */
    char waits_for[2][CF_CONTEXT_MAX + 1]; /* whose approval was logged, by use */
};

struct cf_scep_keyring {
    struct cf_scep_keyring_options options;
    char node[CF_RA_NODE_MAX + 1];
    pthread_mutex_t lock; /* guards the list and the members above */
    struct cf_ra_ca *cas[CF_SCEP_CAS_MAX];
    size_t n_cas;
};

/* A document just read, and where it stands. */
struct cf_ra_work {
    struct cf_scep_keyring *keyring;
    struct cf_ra_ca *ca;
    const struct cf_scep_ca *authority; /* its chain may be NULL */
    struct cf_scep_ra_state state;
    struct cf_ra_document *document;
    uint64_t delay_ms; /* until it is worth coming again */
};

/* Does the next thing that is to be done about the document. *ret_has_changed: it was written, and
 * has to be read again. CF_E_CONFLICT: somebody else was faster; the same. */
CF_MUST_USE enum cf_rc cf_ra_advance(struct cf_ra_work *work, bool *ret_has_changed,
                                     struct cf_err *err);
/* Until the end of the newest certificates: negative when it has passed; INT64_MIN: there are none.
 */
int64_t cf_ra_left_ms(const struct cf_ra_document *document, int64_t now_ms);
