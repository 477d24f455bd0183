/* SPDX-License-Identifier: Apache-2.0 */
/* store_test - a directory of its own for each test, and short ways to fill a store. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "certferry/store.h"
#include "store/sqlite.h"

#define NOW INT64_C(1700000000000)
#define ALL_STATES ((1u << CF_STATE_MAX_) - 1)
#define ALL_KINDS ((1u << CF_KIND_MAX_) - 1)

struct place {
    char directory[64];
    char path[96];
    struct cf_clock *clock;
    struct cf_err err;
};

int make_place(void **state);
int remove_place(void **state);
#define STORE_TEST(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)

enum cf_rc try_open(struct place *place, struct cf_store **ret_store);
struct cf_store *open_it(struct place *place); /* must succeed */
void close_it(struct cf_store *store);
enum cf_rc receive_one(struct cf_store *store, const char *context, size_t body_len,
                       struct cf_err *err);
bool has_item(struct cf_store *store, const char *context);
/* Runs SQL on the file behind the store's back. */
void run_sql(const struct place *place, const char *sql);
/* The error's text must name the path and hold these words. */
void assert_says(const struct place *place, const char *words);
/* Reports are counted by severity. */
void count_findings(void *arg, const struct cf_finding *finding);
