/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/stat.h>

#include "cloud_lab.h"
#include "unit/base/unit.h"

enum { N_THREADS = 8 };

static enum cf_rc
get(char token[64])
{
    cf_own(cf_secret) secret = NULL;
    uint64_t generation = 0;

    CF_TRY(cf_token_cache_get(&lab_connector->tokens, CF_TOKEN_SERVICE, &secret, &generation,
                              &lab_err));
    assert_true(cf_secret_len(secret) < 64);
    memcpy(token, cf_secret_data(secret), cf_secret_len(secret) + 1);
    return CF_OK;
}

static void
expect(const char *wanted)
{
    char token[64];

    assert_ok(get(token), lab_err);
    assert_string_equal(token, wanted);
}

static void
the_form_is_encoded(void **state)
{
    (void)state;
    lab_open(CF_AUTH_SECRET);
    expect("token-1");
    const char *request = lab_last("/tenant/oauth2/v2.0/token");
    assert_contains(request, "\ngrant_type=client_credentials&client_id=client&scope="
                             "https%3A%2F%2Fresource.example%2F%2F.default&client_secret="
                             "s3cret%20%26%25");
    assert_contains(request, "Content-Type: application/x-www-form-urlencoded\n");
    assert_contains(request, "User-Agent: certferry/");
}

static void
a_token_is_replaced_before_it_ends(void **state)
{
    (void)state;
    lab_open(CF_AUTH_SECRET);
    expect("token-1");
    cf_clock_fake_advance(lab_clock, (3600 - 300) * 1000 - 1);
    expect("token-1");
    cf_clock_fake_advance(lab_clock, 1);
    expect("token-2");
    assert_int_equal(lab_count("token"), 2);
}

static void
the_margin_is_half_of_a_short_life(void **state)
{
    (void)state;
    assert_int_equal(cf_token_margin_s(86400), 300);
    assert_int_equal(cf_token_margin_s(600), 300);
    assert_int_equal(cf_token_margin_s(100), 50);
    assert_int_equal(cf_token_margin_s(1), 0);
    assert_int_equal(cf_token_margin_s(0), 0);
    lab_tell("set", "{\"life\":100}");
    lab_open(CF_AUTH_SECRET);
    expect("token-1");
    cf_clock_fake_advance(lab_clock, 49999);
    expect("token-1");
    cf_clock_fake_advance(lab_clock, 1);
    expect("token-2");
}

static void
a_token_without_a_life_is_not_kept(void **state)
{
    (void)state;
    lab_open(CF_AUTH_SECRET);
    lab_tell("set", "{\"life\":null}");
    expect("token-1");
    expect("token-2");
    lab_tell("set", "{\"life\":0}");
    expect("token-3");
    expect("token-4");
}

static void
a_jump_of_the_wall_clock_changes_nothing(void **state)
{
    (void)state;
    lab_open(CF_AUTH_SECRET);
    expect("token-1");
    cf_clock_fake_set_wall(lab_clock, cf_clock_now_ms(lab_clock) + 86400000LL * 400);
    expect("token-1");
    cf_clock_fake_set_wall(lab_clock, 1000);
    expect("token-1");
}

static void *
get_in_thread(void *arg)
{
    cf_own(cf_secret) secret = NULL;
    uint64_t generation = 0;
    struct cf_err err = {0};

    (void)arg;
    return (void *)(intptr_t)cf_token_cache_get(&lab_connector->tokens, CF_TOKEN_SERVICE, &secret,
                                                &generation, &err);
}

static enum cf_rc
get_in_threads(void)
{
    pthread_t thread[N_THREADS];
    enum cf_rc rc = CF_OK;

    for (size_t i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, get_in_thread, NULL), 0);
    for (size_t i = 0; i < N_THREADS; i++) {
        void *result = NULL;

        assert_int_equal(pthread_join(thread[i], &result), 0);
        if (result)
            rc = (enum cf_rc)(intptr_t)result;
    }
    return rc;
}

static void
threads_share_one_request(void **state)
{
    (void)state;
    lab_open(CF_AUTH_SECRET);
    lab_tell("rules", "[{\"match\":\"token\",\"delay\":0.5,\"pass\":true}]");
    assert_rc(get_in_threads(), CF_OK);
    assert_int_equal(lab_count("token"), 1);
}

static void
threads_share_one_refusal(void **state)
{
    (void)state;
    lab_open(CF_AUTH_SECRET);
    lab_tell("rules", "[{\"match\":\"token\",\"delay\":0.7,\"status\":503,\"times\":9}]");
    assert_rc(get_in_threads(), CF_E_HTTP);
    assert_true(lab_count("token") < N_THREADS / 2);
}

static void
a_new_secret_is_used_for_the_next_token(void **state)
{
    char token[64];

    (void)state;
    lab_open(CF_AUTH_SECRET);
    expect("token-1");
    lab_tell("set", "{\"secret\":\"rotated\"}");
    cf_clock_fake_advance(lab_clock, 3600 * 1000);
    assert_rc(get(token), CF_E_AUTH);
    assert_contains(lab_err.text, "7000215");
    assert_contains(lab_err.text, "client_secret_file");
    lab_write("secret", "rotated");
    expect("token-2");
}

static void
a_secret_file_that_cannot_be_right_is_refused(void **state)
{
    char token[64];

    (void)state;
    lab_open(CF_AUTH_SECRET);
    char *large = calloc(1, 8193);

    assert_non_null(large);
    memset(large, 's', 8192);
    lab_write("secret", large);
    free(large);
    assert_rc(get(token), CF_E_CONFIG);
    assert_int_equal(lab_err.fault, CF_FAULT_CONFIG);
    lab_write("secret", "\n");
    assert_rc(get(token), CF_E_CONFIG);
    assert_int_equal(lab_err.fault, CF_FAULT_CONFIG);
    assert_contains(lab_err.text, "empty");
    assert_int_equal(chmod(lab_path("secret"), 0644), 0);
    assert_rc(get(token), CF_E_PERMISSION);
    assert_contains(lab_err.text, "secret");
    assert_int_equal(unlink(lab_path("secret")), 0);
    assert_rc(get(token), CF_E_IO);
    assert_contains(lab_err.text, "secret");
    assert_int_equal(lab_count("token"), 0);
}

static void
a_newer_token_survives_the_refusal_of_an_older(void **state)
{
    (void)state;
    lab_open(CF_AUTH_SECRET);
    expect("token-1");
    cf_token_cache_drop(&lab_connector->tokens, CF_TOKEN_SERVICE, 1);
    expect("token-2");
    cf_token_cache_drop(&lab_connector->tokens, CF_TOKEN_SERVICE, 1);
    expect("token-2");
}

static void
scopes_have_tokens_of_their_own(void **state)
{
    cf_own(cf_secret) secret = NULL;
    uint64_t generation = 0;

    (void)state;
    lab_open(CF_AUTH_SECRET);
    expect("token-1");
    assert_ok(
        cf_token_cache_get(&lab_connector->tokens, CF_TOKEN_GRAPH, &secret, &generation, &lab_err),
        lab_err);
    assert_string_equal((const char *)cf_secret_data(secret), "token-2");
    assert_contains(lab_last("token"), "%2Fgraph%2F.default&");
    expect("token-1");
}

static void
an_overloaded_endpoint_tells_when_to_come_again(void **state)
{
    char token[64];

    (void)state;
    lab_open(CF_AUTH_SECRET);
    lab_tell("rules", "[{\"match\":\"token\",\"status\":429,\"headers\":{\"Retry-After\":\"7\"}}]");
    assert_rc(get(token), CF_E_THROTTLED);
    assert_int_equal(lab_err.retry_after_s, 7);
    expect("token-1");
}

static void
nonsense_from_the_endpoint_is_no_token(void **state)
{
    char token[64];

    (void)state;
    lab_open(CF_AUTH_SECRET);
    lab_tell("rules", "[{\"match\":\"token\",\"body\":\"<html>\"},{\"match\":\"token\",\"size\":"
                      "9000000},{\"match\":\"token\",\"status\":302,\"headers\":"
                      "{\"Location\":\"/elsewhere\"}}]");
    assert_rc(get(token), CF_E_PROTOCOL);
    assert_rc(get(token), CF_E_PROTOCOL);
    assert_rc(get(token), CF_E_HTTP);
    assert_int_equal(lab_count("elsewhere"), 0);
    assert_int_equal(lab_count("token"), 3);
}

static void
stopping_ends_the_wait(void **state)
{
    (void)state;
    lab_open(CF_AUTH_SECRET);
    __atomic_store_n(&lab_stop, 1, __ATOMIC_RELEASE);
    assert_rc(get_in_threads(), CF_E_STOPPED);
}

static void
mutual_tls_needs_no_token(void **state)
{
    cf_own(cf_secret) secret = NULL;
    uint64_t generation = 0;

    (void)state;
    lab_settings.tls_cert_file = strdup("/nonexistent");
    lab_settings.tls_key_file = strdup("/nonexistent");
    lab_open(CF_AUTH_TLS);
    assert_ok(cf_token_cache_get(&lab_connector->tokens, CF_TOKEN_SERVICE, &secret, &generation,
                                 &lab_err),
              lab_err);
    assert_null(secret);
    assert_int_equal(lab_count("token"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, lab_setup, lab_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_form_is_encoded),
        TEST(a_token_is_replaced_before_it_ends),
        TEST(the_margin_is_half_of_a_short_life),
        TEST(a_token_without_a_life_is_not_kept),
        TEST(a_jump_of_the_wall_clock_changes_nothing),
        TEST(threads_share_one_request),
        TEST(threads_share_one_refusal),
        TEST(a_new_secret_is_used_for_the_next_token),
        TEST(a_secret_file_that_cannot_be_right_is_refused),
        TEST(a_newer_token_survives_the_refusal_of_an_older),
        TEST(scopes_have_tokens_of_their_own),
        TEST(an_overloaded_endpoint_tells_when_to_come_again),
        TEST(nonsense_from_the_endpoint_is_no_token),
        TEST(stopping_ends_the_wait),
        TEST(mutual_tls_needs_no_token),
    };

    return cmocka_run_group_tests(tests, lab_start, lab_end);
}
