/* SPDX-License-Identifier: Apache-2.0 */
/*
 * duty - what the files of the scheduler share.
 *
 * A duty runs on a worker and never twice at once. It answers with the time until it wants to run
 * again (a kick may come first), or with an error, after which it runs again by back-off.
 */
#pragma once

#include <pthread.h>

#include "certferry/scheduler.h"

typedef enum cf_rc cf_duty_fn(struct cf_scheduler *scheduler, struct cf_site *site,
                              uint64_t *ret_next_ms, struct cf_err *err);

enum {
    CF_DUTY_NEVER_MS = 24 * 60 * 60 * 1000,
    CF_ORPHANS_MAX = 1024,
    CF_IN_FLIGHT_MAX = 256,
    CF_WATCHERS_MAX = 512
};

struct duty_run {
    bool running;
    bool kicked;     /* while running: once more */
    int64_t next_ms; /* monotonic */
    unsigned failures;
    struct cf_err last_error;
};

/* A claim that was not given back: the store did not take it, or is better left alone for now. */
struct cf_orphan {
    int64_t id;
    int64_t from_ms; /* monotonic; given back then */
};

/* An item whose worker is in this process. */
struct cf_busy {
    int64_t id;
    int64_t until_ms; /* wall clock; the claim holds at least until then */
};

/* Somebody who waits until an item is no longer in work here. */
struct cf_watcher {
    int64_t item_id;
    void (*fn)(void *arg);
    void *arg;
};

/* How far the coming end of a certificate has been told. */
struct cf_expiry_note {
    char thumbprint[CF_SHA1_TEXT_SIZE];
    unsigned stage;
};

/* What preflight has told of a CA, as hashes of its name and of the finding. */
struct cf_preflight_note {
    uint64_t ca;
    uint64_t finding;
    unsigned sweep; /* when it was found last */
    enum cf_severity severity;
};

struct cf_scheduler {
    struct cf_scheduler_options options;
    pthread_mutex_t lock;
    struct cf_site *site; /* guarded by lock, like all that follows */
    struct duty_run duty[CF_DUTY_MAX_];
    struct cf_busy busy[CF_IN_FLIGHT_MAX];
    unsigned in_flight; /* how many of them */
    bool cloud_is_up;
    bool store_is_down;
    bool has_started; /* claims of an earlier life have been given back */
    struct cf_orphan orphan[CF_ORPHANS_MAX];
    size_t n_orphans;
    unsigned commit_failures; /* in a row */
    struct cf_preflight_note preflight[512];
    size_t n_preflight;
    unsigned preflight_sweep;
    bool preflight_is_running;

    /* Taken before `lock` where both are; held while a watcher is called. */
    pthread_mutex_t watch_lock;
    struct cf_watcher watcher[CF_WATCHERS_MAX];
    size_t n_watchers;

    /* Each of these belongs to one duty. */
    size_t batch[CF_KIND_MAX_]; /* deliver ([CF_KIND_PKCS]: all results), acknowledge; 0: the
                                   configured one */
    int64_t last_wall_ms;       /* maintenance */
    int64_t last_monotonic_ms;
    int64_t next_prune_ms;
    struct cf_expiry_note expiry[64]; /* expiry */
    _Atomic uint64_t lease_ms;        /* heartbeat, read by pending */
};

cf_duty_fn cf_duty_dispatch;
cf_duty_fn cf_duty_download;
cf_duty_fn cf_duty_deliver;
cf_duty_fn cf_duty_pending;
cf_duty_fn cf_duty_revocations;
cf_duty_fn cf_duty_acknowledge;
cf_duty_fn cf_duty_heartbeat;
cf_duty_fn cf_duty_ca_upkeep;
cf_duty_fn cf_duty_preflight;
cf_duty_fn cf_duty_credentials;
cf_duty_fn cf_duty_expiry;
cf_duty_fn cf_duty_keys;
cf_duty_fn cf_duty_maintenance;

int64_t cf_scheduler_now_ms(const struct cf_scheduler *scheduler); /* wall clock */
/* Notes success or failure of store and cloud, logs changes and, at a bounded rate, failures. A
 * duty notes the success of a call itself: one that found nothing to say knows nothing. */
void cf_scheduler_note_store(struct cf_scheduler *scheduler, enum cf_rc rc,
                             const struct cf_err *err);
void cf_scheduler_note_cloud(struct cf_scheduler *scheduler, const char *call, enum cf_rc rc,
                             const struct cf_err *err);
bool cf_rc_is_store(enum cf_rc rc);

/* False until dispatch has given back what an earlier process had claimed under our name. */
bool cf_scheduler_has_started(struct cf_scheduler *scheduler);
/* Gives claims back; what the store does not take now is tried again by dispatch. */
void cf_scheduler_release(struct cf_scheduler *scheduler, struct cf_site *site, const int64_t *ids,
                          size_t n);
/* in_flight.c: the items that are in work here. false: there is no room for one more. */
CF_MUST_USE bool cf_in_flight_enter(struct cf_scheduler *scheduler, const struct cf_item *item);
void cf_in_flight_leave(struct cf_scheduler *scheduler, int64_t id);
bool cf_in_flight_has(const struct cf_scheduler *scheduler, int64_t id); /* the lock is held */
/* Before anything is claimed at `now`: none of their claims may have run out by then. */
CF_MUST_USE enum cf_rc cf_in_flight_renew(struct cf_scheduler *scheduler, struct cf_site *site,
                                          int64_t now, struct cf_err *err);
/* scep_watch.c: the item is no longer in work here. */
void cf_watch_rest(struct cf_scheduler *scheduler, int64_t id);
/* Starts a claimed item on its lane; takes it. Without room its claim is given back. */
void cf_scheduler_start_work(struct cf_scheduler *scheduler, struct cf_site *site,
                             struct cf_item *take_item);
