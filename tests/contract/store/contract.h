/* SPDX-License-Identifier: Apache-2.0 */
/*
 * contract - one suite for every implementation of the store's port.
 *
 * STORE_OPS names the implementation; each test gets an empty store and a clock that stands at
 * NOW.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "certferry/store.h"

#define NOW INT64_C(1700000000000)
#define MINUTE INT64_C(60000)
#define ALL_STATES ((1u << CF_STATE_MAX_) - 1)
#define ALL_KINDS ((1u << CF_KIND_MAX_) - 1)
#define PKCS_ONLY (1u << CF_KIND_PKCS)

struct fixture {
    struct cf_store_options options;
    struct cf_clock *clock;
    struct cf_store *store;
    struct cf_err err;
};

int set_up(void **state);
int tear_down(void **state);
void reopen(struct fixture *f); /* as a restart; the fake, which loses all then, stays open */

#define CONTRACT_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* Fails the test with the error's text. */
#define assert_ok(f, call)                                                                         \
    do {                                                                                           \
        if ((call) != CF_OK)                                                                       \
            fail_msg("%s: %s", #call, (f)->err.text);                                              \
    } while (0)

struct cf_buf *bytes_of(const char *text);
void assert_buf(const struct cf_buf *buf, const char *text);

/* Takes in one item that is due at once; gives its reception. */
enum cf_reception receive_one(struct fixture *f, enum cf_kind kind, const char *context,
                              enum cf_state state, int64_t due_ms);
void receive_new(struct fixture *f, const char *context); /* received, due NOW, PKCS */
struct cf_item *claim_it(struct fixture *f, const char *owner, const char *context);
struct cf_item *get_it(struct fixture *f, enum cf_kind kind, const char *context);
/* Claims, changes to the state with a result, commits. */
void finish(struct fixture *f, enum cf_kind kind, const char *context, enum cf_state state);
struct cf_ledger_entry *entry_of(const char *issuer, const char *serial, const char *context);
int64_t add_to_ledger(struct fixture *f, const struct cf_ledger_entry *entry, const char *context);
struct cf_ledger find_ledger(struct fixture *f, struct cf_ledger_filter filter);
/* `expected`: the serials found, in order, joined by blanks. */
void assert_ledger(struct fixture *f, struct cf_ledger_filter filter, const char *expected);

int run_receive(void);
int run_claims(void);
int run_shares(void);
int run_commit(void);
int run_views(void);
int run_ledger(void);
int run_renewal(void);
int run_grant(void);
int run_scep(void);
int run_ca(void);
