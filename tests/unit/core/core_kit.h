/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core_kit - a whole connector in memory: the fake store and cloud, the embedded CA behind a
 * wrapper that misbehaves when told to, a device that can receive, and the log caught.
 */
#pragma once

#include "unit/ca/ca_kit.h"

#include <pthread.h>
#include <stdlib.h>

#include "certferry/log.h"
#include "certferry/metrics.h"
#include "certferry/request.h"
#include "core/duty.h"
#include "core/work.h"
#include "fake/fake_cloud.h"
#include "fake/fake_store.h"
#include "unit/core/core_json.h"

#define CORE_MIN_MS 1000
#define CORE_MAX_MS 60000

struct core_seen {
    struct core_seen *next;
    char *context;
    struct cf_buf *csr;
};

/* The embedded CA, and what a test wants it to do. Members under the lock when threads run. */
struct core_ca {
    struct cf_ca base;
    struct cf_ca_ops ops; /* is_idempotent: false unless the test says so */
    struct cf_ca *inner;
    pthread_mutex_t lock;

    enum cf_rc fail; /* every call fails like this, so many times (0: always) */
    unsigned fail_times;
    bool fails_before; /* says with it that nothing was issued */
    enum cf_rc lose;   /* submit is carried out, and then fails like this */
    unsigned lose_times;
    bool swaps;   /* answers with a certificate for another CSR */
    bool replays; /* answers with the first certificate it ever issued */
    bool drops_cookie;
    bool is_holding; /* core_ca_hold: submissions wait, and with holds_checks checks */
    bool holds_checks;
    pthread_cond_t let_go;
    enum cf_rc fail_check;
    enum cf_rc fail_completion;
    const struct cf_template_settings *completion; /* what ops.complete_template fills in */
    const struct cf_template_settings *issues_by;  /* in place of what is submitted */
    struct cf_finding findings[4];                 /* of a check; ended by one without text */
    const char *reject_reason;
    uint64_t retry_after_ms;

    unsigned n_submits;
    unsigned n_repeats; /* submissions with is_repeat */
    unsigned n_polls;
    unsigned n_revokes;
    unsigned n_completions;
    unsigned n_checks;
    unsigned n_held;        /* of the calls that wait now */
    struct core_seen *seen; /* the first CSR of each context */
    unsigned n_changed;     /* submissions with another one */
    struct cf_buf *first_cert;
    struct cf_buf *first_chain;
};

struct core_log {
    pthread_mutex_t lock;
    unsigned n[CF_EV_MAX_];
    char last[CF_EV_MAX_][512];
    enum cf_rc rc[CF_EV_MAX_]; /* of the last one's error */
    char request[CF_EV_MAX_][300];
};

struct core_kit {
    struct ca_kit ca_kit;
    struct cf_store *store;
    struct fake_cloud *cloud;
    struct core_ca *ca;
    struct cf_keypool *keypool;
    struct cf_site *site;
    struct cf_clock *clock;
    volatile int stop;
    struct core_log log;
    char *recipient; /* a JSON string */

    /* core_start_scheduler */
    struct cf_pool *pool;
    struct cf_scheduler *scheduler;
};

int core_group_setup(void **state);       /* cf_pki_init, and a CA and device made once */
int core_group_setup_plain(void **state); /* without cf_pki_init */
int core_group_teardown(void **state);
int core_setup(void **state); /* *state is a struct core_kit */
int core_teardown(void **state);

/* Another site over the same store, cloud and keys; owned by the caller. Its CA is the embedded
 * one. */
struct cf_site *core_site(struct core_kit *kit, struct core_ca **ret_ca);
/* A second CA, [ca other] at other.example.com with the same key, before the scheduler is there. */
struct core_ca *core_add_ca(struct core_kit *kit);
/* With a pool of one worker per lane; the duties are called by the test. */
void core_start_scheduler(struct core_kit *kit, unsigned n_workers);

/* The good request for this context and the kit's device, changed by pairs as core_json. */
char *core_request(const struct core_kit *kit, const char *context, const char *const *pairs);
/* Puts an item into the store as it was received. */
void core_receive(struct core_kit *kit, enum cf_kind kind, const char *context, const char *json);
void core_receive_good(struct core_kit *kit, const char *context);
/* A revocation request for the certificate of this context. */
char *core_revocation(struct core_kit *kit, const char *context, const char *of_context);

/* Claims the item and runs it through its lanes until it rests; the store's rc, after which the
 * claim has been given back. */
enum cf_rc core_run(struct core_kit *kit, enum cf_kind kind, const char *context,
                    struct cf_err *err);
/* As core_run, and fails the test on an error; the state it rests in. */
enum cf_state core_run_ok(struct core_kit *kit, const char *context);
/* Advances the clock until the item is due. */
void core_wait(struct core_kit *kit, const char *context);
struct cf_item *core_item(struct core_kit *kit, enum cf_kind kind, const char *context);
size_t core_ledger(struct core_kit *kit, const char *context); /* entries for this context */

#define assert_state(kit, context, expected)                                                       \
    do {                                                                                           \
        cf_own(cf_item) state_item_ = core_item((kit), CF_KIND_PKCS, (context));                   \
        assert_string_equal(cf_state_name(state_item_->state), cf_state_name(expected));           \
    } while (0)
#define assert_ok(expr, err)                                                                       \
    do {                                                                                           \
        if ((expr) != CF_OK)                                                                       \
            fail_msg("%s: %s", #expr, (err).text);                                                 \
    } while (0)
#define assert_rc(expr, rc) assert_string_equal(cf_rc_name(expr), cf_rc_name(rc))
#define assert_contains(text, part) kit_contains((text), (part))
#define core_test(name) cmocka_unit_test_setup_teardown(name, core_setup, core_teardown)

enum cf_rc core_parse_request(const char *json, struct cf_request **ret, struct cf_err *err);
/* The good request with one member changed: the error, and that it names the member. */
void core_expect_request(const char *path, const char *value, enum cf_rc rc);
