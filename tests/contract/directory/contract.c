/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/directory/contract.h"

#include <string.h>

#include "unit/base/unit.h"

int contract_stop;

static const struct contract_impl *impl;
static struct cf_directory *directory;
static struct cf_account *account;
static char sid[CF_SID_TEXT_SIZE];
static struct cf_err err;

static int
setup(void **state)
{
    (void)state;
    __atomic_store_n(&contract_stop, 0, __ATOMIC_RELEASE);
    directory = impl->open();
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    account = cf_account_free(account);
    impl->close(directory);
    return 0;
}

static enum cf_rc
find_user(const char *upn, bool wants_groups)
{
    account = cf_account_free(account);
    return directory->ops->find_user(directory, upn, wants_groups, &account, &err);
}

static enum cf_rc
find_computer(const char *name, bool wants_groups)
{
    account = cf_account_free(account);
    return directory->ops->find_computer(directory, name, wants_groups, &account, &err);
}

static enum cf_rc
find_group(const char *name)
{
    return directory->ops->find_group(directory, name, sid, &err);
}

static void
a_user_is_found_with_what_the_directory_knows(void **state)
{
    (void)state;
    assert_ok(find_user("alice@corp.example", false), err);
    assert_string_equal(account->dn, "cn=alice," CONTRACT_BASE);
    assert_string_equal(account->upn, "alice@corp.example");
    assert_string_equal(account->sam_account_name, "alice");
    assert_string_equal(account->mail, "alice@mail.example");
    assert_null(account->dns_host_name);
    assert_string_equal(account->sid, CONTRACT_DOMAIN "-1101");
    assert_false(account->is_disabled);
}

static void
names_compare_without_case(void **state)
{
    (void)state;
    assert_ok(find_user("ALICE@Corp.Example", false), err);
    assert_string_equal(account->sam_account_name, "alice");
}

static void
groups_come_when_they_are_wanted(void **state)
{
    (void)state;
    assert_ok(find_user("alice@corp.example", false), err);
    assert_false(account->has_groups);
    assert_ok(find_user("alice@corp.example", true), err);
    assert_true(account->has_groups);
    assert_int_equal(account->n_groups, 2);
    assert_string_equal(account->group_sids[0], CONTRACT_DOMAIN "-513");
    assert_string_equal(account->group_sids[1], CONTRACT_DOMAIN "-1201");
}

static void
a_disabled_user_is_told(void **state)
{
    (void)state;
    assert_ok(find_user("bob@corp.example", false), err);
    assert_true(account->is_disabled);
    assert_null(account->mail);
    assert_null(account->group_sids);
}

static void
nobody_is_found_for_an_unknown_name(void **state)
{
    struct cf_account *untouched = NULL;

    (void)state;
    assert_rc(directory->ops->find_user(directory, "nobody@corp.example", true, &untouched, &err),
              CF_E_NOT_FOUND);
    assert_null(untouched);
    assert_contains(err.text, "nobody@corp.example");
}

static void
a_name_is_never_a_pattern(void **state)
{
    (void)state;
    assert_rc(find_user("*", false), CF_E_NOT_FOUND);
    assert_rc(find_user("alice*", false), CF_E_NOT_FOUND);
    assert_rc(find_user("x)(userPrincipalName=alice@corp.example", false), CF_E_NOT_FOUND);
    assert_rc(find_user("\\2a", false), CF_E_NOT_FOUND);
    assert_rc(find_group("*"), CF_E_NOT_FOUND);
}

static void
two_of_a_name_are_a_conflict(void **state)
{
    (void)state;
    assert_rc(find_user("twin@corp.example", false), CF_E_CONFLICT);
    assert_contains(err.text, "twin@corp.example");
}

static void
a_computer_is_found_by_its_dns_name(void **state)
{
    (void)state;
    assert_ok(find_computer("PC1.corp.example", true), err);
    assert_string_equal(account->dns_host_name, "pc1.corp.example");
    assert_string_equal(account->sam_account_name, "PC1$");
    assert_string_equal(account->sid, CONTRACT_DOMAIN "-1301");
    assert_int_equal(account->n_groups, 1);
    assert_string_equal(account->group_sids[0], CONTRACT_DOMAIN "-515");
}

static void
users_and_computers_are_not_mixed_up(void **state)
{
    (void)state;
    assert_rc(find_computer("alice@corp.example", false), CF_E_NOT_FOUND);
    assert_rc(find_user("pc1.corp.example", false), CF_E_NOT_FOUND);
}

static void
a_group_is_found_by_name_and_by_dn(void **state)
{
    (void)state;
    assert_ok(find_group("admins"), err);
    assert_string_equal(sid, CONTRACT_DOMAIN "-1201");
    assert_ok(find_group("CN=admins,DC=corp,DC=example"), err);
    assert_string_equal(sid, CONTRACT_DOMAIN "-1201");
}

static void
an_unknown_group_is_not_found(void **state)
{
    (void)state;
    assert_rc(find_group("ghosts"), CF_E_NOT_FOUND);
    assert_contains(err.text, "ghosts");
    assert_rc(find_group("cn=ghosts,dc=corp,dc=example"), CF_E_NOT_FOUND);
    assert_rc(find_group("a=b=c"), CF_E_NOT_FOUND);
    assert_rc(find_group("alice"), CF_E_NOT_FOUND);
}

static void
stopping_ends_searches(void **state)
{
    (void)state;
    __atomic_store_n(&contract_stop, 1, __ATOMIC_RELEASE);
    assert_rc(find_user("alice@corp.example", false), CF_E_STOPPED);
    assert_rc(find_group("admins"), CF_E_STOPPED);
}

static void
count_problems(void *arg, const struct cf_finding *finding)
{
    unsigned *n = arg;

    assert_non_null(finding->subject);
    assert_non_null(finding->text);
    if (finding->severity == CF_FINDING_ERROR) {
        print_message("%s: %s\n", finding->subject, finding->text);
        ++*n;
    }
}

static void
a_check_finds_all_well(void **state)
{
    unsigned n_problems = 0;

    (void)state;
    assert_ok(directory->ops->check(directory, count_problems, &n_problems, &err), err);
    assert_int_equal(n_problems, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
contract_run(const struct contract_impl *wanted)
{
    const struct CMUnitTest tests[] = {
        TEST(a_user_is_found_with_what_the_directory_knows),
        TEST(names_compare_without_case),
        TEST(groups_come_when_they_are_wanted),
        TEST(a_disabled_user_is_told),
        TEST(nobody_is_found_for_an_unknown_name),
        TEST(a_name_is_never_a_pattern),
        TEST(two_of_a_name_are_a_conflict),
        TEST(a_computer_is_found_by_its_dns_name),
        TEST(users_and_computers_are_not_mixed_up),
        TEST(a_group_is_found_by_name_and_by_dn),
        TEST(an_unknown_group_is_not_found),
        TEST(stopping_ends_searches),
        TEST(a_check_finds_all_well),
    };

    impl = wanted;
    return cmocka_run_group_tests_name(impl->name, tests, NULL, NULL);
}
