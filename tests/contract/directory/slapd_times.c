/* SPDX-License-Identifier: Apache-2.0 */
/* A server that dies, comes back, or falls silent. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "contract/directory/contract.h"
#include "contract/directory/slapd_child.h"
#include "contract/directory/slapd_faults.h"
#include "unit/base/unit.h"

static struct cf_directory_settings settings;
static struct cf_directory *directory;
static struct cf_err err;

static int
setup(void **state)
{
    (void)state;
    __atomic_store_n(&contract_stop, 0, __ATOMIC_RELEASE);
    settings = slapd_settings(CF_DIRECTORY_LDAPS);
    slapd_start("good");
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    slapd_signal(SIGCONT);
    directory->ops->close(directory);
    directory = NULL;
    slapd_stop();
    return 0;
}

static void
open_with(void)
{
    struct cf_directory_env env = {.clock = cf_clock_real(), .stop_flag = &contract_stop};

    assert_ok(cf_directory_ldap.open(&settings, &env, &directory, &err), err);
}

static enum cf_rc
find_with(struct cf_err *own)
{
    cf_own(cf_account) account = NULL;

    return directory->ops->find_user(directory, "alice@corp.example", true, &account, own);
}

static int64_t
now_ms(void)
{
    return cf_clock_monotonic_ms(cf_clock_real());
}

static void
a_dead_server_is_down_and_comes_back(void **state)
{
    (void)state;
    open_with();
    assert_ok(find_with(&err), err);
    slapd_stop();
    assert_rc(find_with(&err), CF_E_DIRECTORY_DOWN);
    assert_int_equal(err.fault, CF_FAULT_TRANSIENT);
    slapd_start("good");
    assert_ok(find_with(&err), err);
}

static void
a_dropped_connection_costs_no_request(void **state)
{
    (void)state;
    settings.retry_ms = 60000;
    open_with();
    assert_ok(find_with(&err), err);
    slapd_stop();
    slapd_start("good");
    assert_ok(find_with(&err), err);
}

static void
others_are_told_at_once_while_it_is_down(void **state)
{
    (void)state;
    settings.retry_ms = 60000;
    open_with();
    slapd_stop();
    assert_rc(find_with(&err), CF_E_DIRECTORY_DOWN);
    slapd_start("good");
    assert_rc(find_with(&err), CF_E_DIRECTORY_DOWN);
    assert_true(err.retry_after_s > 50 && err.retry_after_s <= 60);
}

static void
the_cache_answers_for_a_dead_server(void **state)
{
    (void)state;
    settings.cache_ms = 60000;
    open_with();
    assert_ok(find_with(&err), err);
    slapd_stop();
    assert_ok(find_with(&err), err);
    slapd_start("good");
}

static void
a_second_server_stands_in(void **state)
{
    char *both[] = {(char[]){"ldaps://127.0.0.1:1"}, settings.uri[0], NULL};

    (void)state;
    settings.uri = both;
    open_with();
    assert_ok(find_with(&err), err);
}

static void
a_silent_server_is_given_up_in_time(enum cf_directory_tls tls, bool is_connected)
{
    settings = slapd_settings(tls);
    settings.timeout_ms = 700;
    settings.connect_timeout_ms = 700;
    open_with();
    if (is_connected)
        assert_ok(find_with(&err), err);
    slapd_signal(SIGSTOP);
    int64_t start = now_ms();
    assert_rc(find_with(&err), CF_E_DIRECTORY_DOWN);
    assert_true(now_ms() - start < 3000);
}

static void
silence_amid_tls_is_given_up_in_time(void **state)
{
    (void)state;
    a_silent_server_is_given_up_in_time(CF_DIRECTORY_LDAPS, false);
}

static void
silence_before_starttls_is_given_up_in_time(void **state)
{
    (void)state;
    a_silent_server_is_given_up_in_time(CF_DIRECTORY_STARTTLS, false);
}

static void
silence_in_a_search_is_given_up_in_time(void **state)
{
    (void)state;
    a_silent_server_is_given_up_in_time(CF_DIRECTORY_LDAPS, true);
}

static void *
stop_soon(void *arg)
{
    (void)arg;
    usleep(300 * 1000);
    __atomic_store_n(&contract_stop, 1, __ATOMIC_RELEASE);
    return NULL;
}

static void
stopping_ends_a_search_that_waits(void **state)
{
    pthread_t thread;

    (void)state;
    settings.timeout_ms = 30000;
    open_with();
    assert_ok(find_with(&err), err);
    slapd_signal(SIGSTOP);
    int64_t start = now_ms();
    assert_int_equal(pthread_create(&thread, NULL, stop_soon, NULL), 0);
    assert_rc(find_with(&err), CF_E_STOPPED);
    assert_true(now_ms() - start < 2000);
    pthread_join(thread, NULL);
}

static void *
search_often(void *arg)
{
    unsigned *n_failed = arg;
    struct cf_err own;

    for (int i = 0; i < 20; i++)
        *n_failed += find_with(&own) != CF_OK;
    return NULL;
}

static void
threads_share_the_connections(void **state)
{
    pthread_t threads[6];
    unsigned n_failed[CF_COUNT(threads)] = {0};

    (void)state;
    open_with();
    for (size_t i = 0; i < CF_COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, search_often, &n_failed[i]), 0);
    for (size_t i = 0; i < CF_COUNT(threads); i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(n_failed[i], 0);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
slapd_times_run(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_dead_server_is_down_and_comes_back),
        TEST(a_dropped_connection_costs_no_request),
        TEST(others_are_told_at_once_while_it_is_down),
        TEST(the_cache_answers_for_a_dead_server),
        TEST(a_second_server_stands_in),
        TEST(silence_amid_tls_is_given_up_in_time),
        TEST(silence_before_starttls_is_given_up_in_time),
        TEST(silence_in_a_search_is_given_up_in_time),
        TEST(stopping_ends_a_search_that_waits),
        TEST(threads_share_the_connections),
    };

    return cmocka_run_group_tests_name("times", tests, NULL, NULL);
}
