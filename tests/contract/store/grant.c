/* SPDX-License-Identifier: Apache-2.0 */
/* grant - a policy's limits hold over the last hour, whoever asks and however often. */
#include "contract.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { THREADS = 6, ASKS = 20, LIMIT = 45 };
#define HOUR (60 * MINUTE)

static enum cf_rc
ask(struct fixture *f, const char *context, struct cf_rate_request request)
{
    if (!request.policy)
        request.policy = "devices";
    if (request.now_ms == 0)
        request.now_ms = cf_clock_now_ms(f->clock);
    request.context = context;
    return f->store->ops->grant(f->store, &request, &f->err);
}

static void
expect_grant(struct fixture *f, const char *context, struct cf_rate_request request)
{
    assert_ok(f, ask(f, context, request));
}

static void
expect_limit(struct fixture *f, const char *context, struct cf_rate_request request,
             const char *words)
{
    assert_int_equal(ask(f, context, request), CF_E_RATE);
    if (!strstr(f->err.text, words))
        fail_msg("'%s' does not say '%s'", f->err.text, words);
}

static void
counts_users_devices_and_all(void **state)
{
    struct fixture *f = *state;
    const struct cf_rate_request anna = {
        .user_name = "anna@example.org", .device_id = "d1", .per_user = 2};
    const struct cf_rate_request bert = {.user_name = "bert", .device_id = "d1", .per_device = 3};
    const struct cf_rate_request carl = {.user_name = "carl", .device_id = "d2", .per_all = 4};

    expect_grant(f, "1", anna);
    expect_grant(f, "2", anna);
    expect_limit(f, "3", anna, "per_user_hour");
    expect_grant(f, "4", bert);
    expect_limit(f, "5", bert, "per_device_hour");
    expect_grant(f, "6", carl);
    expect_limit(f, "7", carl, "per_hour");
    /* What was refused is not entered. */
    expect_grant(f, "8", (struct cf_rate_request){.device_id = "d2", .per_all = 5});
    expect_limit(f, "9", (struct cf_rate_request){.device_id = "d2", .per_all = 5}, "per_hour");
}

static void
allows_anything_without_a_limit(void **state)
{
    struct fixture *f = *state;
    char context[16];

    for (int i = 0; i < 50; i++) {
        (void)snprintf(context, sizeof context, "%d", i);
        expect_grant(f, context, (struct cf_rate_request){.device_id = "d", .user_name = "u"});
    }
    /* They count for a limit that is set later. */
    expect_limit(f, "x", (struct cf_rate_request){.device_id = "d", .per_device = 50},
                 "per_device_hour");
    expect_grant(f, "y", (struct cf_rate_request){.device_id = "d", .per_device = UINT64_MAX});
}

static void
counts_a_context_once(void **state)
{
    struct fixture *f = *state;
    const struct cf_rate_request one = {.device_id = "d", .user_name = "u", .per_all = 1};

    expect_grant(f, "1", one);
    reopen(f);
    expect_grant(f, "1", one);
    cf_clock_fake_advance(f->clock, HOUR - 1);
    expect_grant(f, "1", one);
    expect_limit(f, "2", one, "per_hour");
}

static void
keeps_policies_apart(void **state)
{
    struct fixture *f = *state;
    struct cf_rate_request request = {.policy = "a", .device_id = "d", .per_all = 1};

    expect_grant(f, "1", request);
    request.policy = "b";
    expect_grant(f, "1", request);
    expect_limit(f, "2", request, "policy 'b'");
    request.policy = "' OR 1=1 --";
    expect_grant(f, "2", request);
}

static void
takes_names_without_regard_to_case(void **state)
{
    struct fixture *f = *state;

    expect_grant(f, "1", (struct cf_rate_request){.user_name = "Anna@Example.org", .per_user = 1});
    expect_limit(f, "2", (struct cf_rate_request){.user_name = "anna@example.ORG", .per_user = 1},
                 "per_user_hour");
    expect_grant(f, "3", (struct cf_rate_request){.device_id = "AB", .per_device = 1});
    expect_limit(f, "4", (struct cf_rate_request){.device_id = "ab", .per_device = 1},
                 "per_device_hour");
}

static void
limits_no_user_where_there_is_none(void **state)
{
    struct fixture *f = *state;

    expect_grant(f, "1", (struct cf_rate_request){.per_user = 1, .per_device = 1});
    expect_grant(f, "2", (struct cf_rate_request){.per_user = 1, .per_device = 1});
}

static void
forgets_after_an_hour(void **state)
{
    struct fixture *f = *state;
    const struct cf_rate_request two = {.device_id = "d", .user_name = "u", .per_user = 2};

    expect_grant(f, "1", two);
    cf_clock_fake_advance(f->clock, HOUR / 2);
    expect_grant(f, "2", two);
    cf_clock_fake_advance(f->clock, HOUR / 2 - 1);
    expect_limit(f, "3", two, "per_user_hour");
    cf_clock_fake_advance(f->clock, 1);
    expect_grant(f, "3", two);
    expect_limit(f, "4", two, "per_user_hour");
    cf_clock_fake_advance(f->clock, HOUR);
    expect_grant(f, "1", two);
    expect_grant(f, "4", two);
    expect_limit(f, "5", two, "per_user_hour");
}

/* Threads read their clocks before they wait for one another. */
static void
counts_what_a_later_clock_entered(void **state)
{
    struct fixture *f = *state;

    expect_grant(f, "1", (struct cf_rate_request){.now_ms = NOW + 5, .per_all = 1});
    expect_limit(f, "2", (struct cf_rate_request){.now_ms = NOW, .per_all = 1}, "per_hour");
    expect_grant(f, "1", (struct cf_rate_request){.now_ms = NOW, .per_all = 1});
}

static void
is_not_held_up_by_a_clock_that_was_wrong(void **state)
{
    struct fixture *f = *state;

    expect_grant(f, "1", (struct cf_rate_request){.now_ms = NOW + 1000 * HOUR, .per_all = 1});
    expect_grant(f, "2", (struct cf_rate_request){.now_ms = NOW, .per_all = 1});
    expect_limit(f, "3", (struct cf_rate_request){.now_ms = NOW + 1, .per_all = 1}, "per_hour");
}

static void
loses_nothing_that_counts_to_pruning(void **state)
{
    struct fixture *f = *state;
    const struct cf_rate_request two = {.device_id = "d", .per_all = 2};
    uint64_t n = 7;

    expect_grant(f, "1", two);
    cf_clock_fake_advance(f->clock, HOUR / 2);
    expect_grant(f, "2", two);
    assert_ok(f, f->store->ops->prune(f->store, NOW + HOUR, &n, &f->err));
    assert_int_equal(n, 0);
    expect_limit(f, "3", two, "per_hour");
    cf_clock_fake_advance(f->clock, HOUR / 2);
    assert_ok(f, f->store->ops->prune(f->store, NOW, &n, &f->err));
    expect_grant(f, "3", two);
    expect_limit(f, "4", two, "per_hour");
}

struct asker {
    struct fixture *f;
    int number;
    atomic_int *n_granted;
    atomic_int *n_wrong;
};

static void *
ask_often(void *arg)
{
    const struct asker *asker = arg;
    char context[32];

    for (int i = 0; i < ASKS; i++) {
        /* Half of the contexts are asked for by two threads. */
        (void)snprintf(context, sizeof context, "%d-%d", i % 2 ? asker->number : asker->number / 2,
                       i);
        const struct cf_rate_request request = {.policy = "p",
                                                .context = context,
                                                .device_id = "d",
                                                .user_name = "u",
                                                .now_ms = NOW + i,
                                                .per_device = LIMIT};
        enum cf_rc rc = asker->f->store->ops->grant(asker->f->store, &request, NULL);
        if (rc == CF_OK)
            atomic_fetch_add(asker->n_granted, 1);
        else if (rc != CF_E_RATE)
            atomic_fetch_add(asker->n_wrong, 1);
    }
    return NULL;
}

static void
never_exceeds_a_limit_when_many_ask_at_once(void **state)
{
    struct fixture *f = *state;
    pthread_t threads[THREADS];
    struct asker askers[THREADS];
    atomic_int n_granted = 0;
    atomic_int n_wrong = 0;

    for (int i = 0; i < THREADS; i++) {
        askers[i] = (struct asker){f, i, &n_granted, &n_wrong};
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, &askers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        (void)pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&n_wrong), 0);
    /* Some of the answers were for a context that was there already. */
    assert_true(atomic_load(&n_granted) >= LIMIT);
    const struct cf_rate_request exact = {.device_id = "d", .policy = "p", .per_all = LIMIT};
    const struct cf_rate_request more = {.device_id = "d", .policy = "p", .per_all = LIMIT + 1};
    expect_limit(f, "x", exact, "per_hour");
    expect_grant(f, "x", more);
}

static void
reports_a_limit_as_the_requests_fault(void **state)
{
    struct fixture *f = *state;

    expect_grant(f, "1", (struct cf_rate_request){.per_all = 1});
    expect_limit(f, "2", (struct cf_rate_request){.per_all = 1}, "devices");
    assert_int_equal(f->err.rc, CF_E_RATE);
    assert_int_equal(f->err.fault, CF_FAULT_REQUEST);
}

int
run_grant(void)
{
    const struct CMUnitTest tests[] = {
        CONTRACT_TEST(counts_users_devices_and_all),
        CONTRACT_TEST(allows_anything_without_a_limit),
        CONTRACT_TEST(counts_a_context_once),
        CONTRACT_TEST(keeps_policies_apart),
        CONTRACT_TEST(takes_names_without_regard_to_case),
        CONTRACT_TEST(limits_no_user_where_there_is_none),
        CONTRACT_TEST(forgets_after_an_hour),
        CONTRACT_TEST(counts_what_a_later_clock_entered),
        CONTRACT_TEST(is_not_held_up_by_a_clock_that_was_wrong),
        CONTRACT_TEST(loses_nothing_that_counts_to_pruning),
        CONTRACT_TEST(never_exceeds_a_limit_when_many_ask_at_once),
        CONTRACT_TEST(reports_a_limit_as_the_requests_fault),
    };
    return cmocka_run_group_tests_name("grant", tests, NULL, NULL);
}
