/* SPDX-License-Identifier: Apache-2.0 */
#include "directory/cache.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "unit/base/unit.h"

static struct cf_ldap_cache cache;
static struct cf_clock *clock_;

static int
setup(void **state)
{
    (void)state;
    clock_ = cf_clock_fake_new(1000000);
    cf_ldap_cache_init(&cache, clock_, 60000);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    cf_ldap_cache_done(&cache);
    clock_ = cf_clock_fake_free(clock_);
    return 0;
}

static void
put(enum cf_ldap_kind kind, const char *name, size_t n_groups)
{
    struct cf_account account = {.has_groups = n_groups > 0, .n_groups = n_groups};

    snprintf(account.sid, sizeof account.sid, "S-1-5-%s", name);
    account.group_sids = calloc(n_groups + 1, sizeof *account.group_sids);
    cf_ldap_cache_put(&cache, kind, name, &account);
    free(account.group_sids);
}

static bool
has(enum cf_ldap_kind kind, const char *name, bool wants_groups)
{
    cf_own(cf_account) account = cf_ldap_cache_get(&cache, kind, name, wants_groups);

    return account != NULL;
}

static void
what_was_put_is_got_without_case(void **state)
{
    (void)state;
    put(CF_LDAP_USER, "alice", 0);
    assert_true(has(CF_LDAP_USER, "ALICE", false));
    assert_false(has(CF_LDAP_COMPUTER, "alice", false));
    assert_false(has(CF_LDAP_USER, "alice2", false));
}

static void
groups_are_not_made_up(void **state)
{
    (void)state;
    put(CF_LDAP_USER, "alice", 0);
    assert_false(has(CF_LDAP_USER, "alice", true));
    put(CF_LDAP_USER, "alice", 2);
    assert_true(has(CF_LDAP_USER, "alice", true));
    assert_true(has(CF_LDAP_USER, "alice", false));
    assert_int_equal(cache.n_entries, 1);
}

static void
entries_end_with_their_lifetime(void **state)
{
    (void)state;
    put(CF_LDAP_USER, "alice", 0);
    cf_clock_fake_advance(clock_, 59999);
    assert_true(has(CF_LDAP_USER, "alice", false));
    put(CF_LDAP_USER, "bob", 0);
    cf_clock_fake_advance(clock_, 1);
    assert_false(has(CF_LDAP_USER, "alice", false));
    assert_true(has(CF_LDAP_USER, "bob", false));
}

static void
the_number_is_bounded_and_the_oldest_goes(void **state)
{
    char name[32];

    (void)state;
    for (int i = 0; i <= CF_LDAP_CACHE_ENTRIES; i++) {
        snprintf(name, sizeof name, "user%d", i);
        put(CF_LDAP_USER, name, 0);
    }
    assert_int_equal(cache.n_entries, CF_LDAP_CACHE_ENTRIES);
    assert_false(has(CF_LDAP_USER, "user0", false));
    assert_true(has(CF_LDAP_USER, "user1", false));
    assert_true(has(CF_LDAP_USER, name, false));
}

static void
the_memory_is_bounded(void **state)
{
    char name[32];

    (void)state;
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "user%d", i);
        put(CF_LDAP_USER, name, CF_ACCOUNT_GROUPS_MAX);
        assert_true(cache.n_bytes <= CF_LDAP_CACHE_BYTES);
    }
    assert_true(has(CF_LDAP_USER, name, true));
    assert_false(has(CF_LDAP_USER, "user0", true));
}

static void
replacing_keeps_the_list_whole(void **state)
{
    (void)state;
    put(CF_LDAP_USER, "a", 0);
    put(CF_LDAP_USER, "b", 0);
    put(CF_LDAP_USER, "c", 0);
    put(CF_LDAP_USER, "b", 0);
    put(CF_LDAP_USER, "b", 0);
    put(CF_LDAP_USER, "a", 0);
    assert_int_equal(cache.n_entries, 3);
    assert_true(has(CF_LDAP_USER, "a", false) && has(CF_LDAP_USER, "b", false) &&
                has(CF_LDAP_USER, "c", false));
    cf_clock_fake_advance(clock_, 60000);
    assert_false(has(CF_LDAP_USER, "c", false));
    assert_int_equal(cache.n_entries, 0);
    assert_int_equal(cache.n_bytes, 0);
}

static void
without_a_lifetime_nothing_is_kept(void **state)
{
    (void)state;
    cache.lifetime_ms = 0;
    put(CF_LDAP_USER, "alice", 0);
    assert_false(has(CF_LDAP_USER, "alice", false));
    assert_int_equal(cache.n_entries, 0);
}

static void *
use_often(void *arg)
{
    char name[32];

    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "user%d", i % 40);
        put(CF_LDAP_USER, name, (size_t)i % 3);
        (void)has(CF_LDAP_USER, name, arg != NULL);
    }
    return NULL;
}

static void
threads_share_it(void **state)
{
    pthread_t threads[4];

    (void)state;
    for (size_t i = 0; i < CF_COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_often, i % 2 ? &threads[i] : NULL),
                         0);
    for (size_t i = 0; i < CF_COUNT(threads); i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(cache.n_entries, 40);
}

static void
each_kind_of_answer_is_copied(void **state)
{
    struct cf_enrollment_service service = {.name = (char[]){"Corp CA"}};
    struct cf_enrollment_services services = {.service = &service, .n = 1};
    struct cf_ad_template ad_template = {.name = (char[]){"User"}, .min_key_bits = 2048};
    struct cf_der_list certs = {0};

    (void)state;
    assert_ok(cf_der_list_add(&certs, cf_bytes_of("DER", 3), NULL), (struct cf_err){0});
    cf_ldap_cache_put(&cache, CF_LDAP_SERVICES, "*", &services);
    cf_ldap_cache_put(&cache, CF_LDAP_TEMPLATE, "User", &ad_template);
    cf_ldap_cache_put(&cache, CF_LDAP_CA_CERTS, "AIA", &certs);
    cf_der_list_done(&certs);

    struct cf_enrollment_services *kept = cf_ldap_cache_get(&cache, CF_LDAP_SERVICES, "*", false);
    assert_string_equal(kept->service[0].name, "Corp CA");
    cf_ldap_value_of(CF_LDAP_SERVICES)->free(kept);
    cf_own(cf_ad_template) copy = cf_ldap_cache_get(&cache, CF_LDAP_TEMPLATE, "USER", false);
    assert_int_equal(copy->min_key_bits, 2048);
    struct cf_der_list *list = cf_ldap_cache_get(&cache, CF_LDAP_CA_CERTS, "AIA", false);
    assert_int_equal(list->n, 1);
    cf_ldap_value_of(CF_LDAP_CA_CERTS)->free(list);
    assert_null(cf_ldap_cache_get(&cache, CF_LDAP_CA_CERTS, "User", false));
}

static void
one_kind_is_forgotten_wherever_it_stands(void **state)
{
    static const char *const NAMES[] = {"a", "b", "c", "d"};
    struct cf_ad_template ad_template = {.name = (char[]){"User"}};
    struct cf_enrollment_services services = {0};
    size_t n_empty = cache.n_entries;

    (void)state;
    cf_ldap_cache_put(&cache, CF_LDAP_TEMPLATE, NAMES[0], &ad_template);
    cf_ldap_cache_put(&cache, CF_LDAP_TEMPLATE, NAMES[1], &ad_template);
    cf_ldap_cache_put(&cache, CF_LDAP_SERVICES, "*", &services);
    cf_ldap_cache_put(&cache, CF_LDAP_TEMPLATE, NAMES[2], &ad_template);
    cf_ldap_cache_forget(&cache, CF_LDAP_TEMPLATE);
    assert_int_equal(cache.n_entries, n_empty + 1);
    for (size_t i = 0; i < CF_COUNT(NAMES); i++)
        assert_null(cf_ldap_cache_get(&cache, CF_LDAP_TEMPLATE, NAMES[i], false));
    cf_ldap_cache_put(&cache, CF_LDAP_TEMPLATE, NAMES[3], &ad_template);
    cf_own(cf_ad_template) kept = cf_ldap_cache_get(&cache, CF_LDAP_TEMPLATE, NAMES[3], false);
    assert_non_null(kept);
    cf_ldap_cache_forget(&cache, CF_LDAP_TEMPLATE);
    cf_ldap_cache_forget(&cache, CF_LDAP_SERVICES);
    assert_int_equal(cache.n_entries, n_empty);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_put_is_got_without_case),
        TEST(groups_are_not_made_up),
        TEST(entries_end_with_their_lifetime),
        TEST(the_number_is_bounded_and_the_oldest_goes),
        TEST(the_memory_is_bounded),
        TEST(replacing_keeps_the_list_whole),
        TEST(without_a_lifetime_nothing_is_kept),
        TEST(threads_share_it),
        TEST(each_kind_of_answer_is_copied),
        TEST(one_kind_is_forgotten_wherever_it_stands),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
