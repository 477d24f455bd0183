/* SPDX-License-Identifier: Apache-2.0 */
#include "directory/account.h"

#include <string.h>

#include "unit/base/unit.h"

static struct cf_account *account;
static struct cf_err err;
static const uint8_t SID[] = {1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2, 0, 0};

static int
setup(void **state)
{
    (void)state;
    account = calloc(1, sizeof *account);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    account = cf_account_free(account);
    return 0;
}

static enum cf_rc
take(const char *attribute, const void *value, size_t len)
{
    return cf_account_take(account, attribute, cf_bytes_of(value, len), &err);
}

static void
takes(const char *attribute, const char *value)
{
    assert_ok(take(attribute, value, strlen(value)), err);
}

static void
refuses(const char *attribute, const void *value, size_t len)
{
    assert_rc(take(attribute, value, len), CF_E_PROTOCOL);
    assert_contains(err.text, attribute);
}

static void
each_attribute_has_its_place(void **state)
{
    (void)state;
    takes("distinguishedName", "CN=a,DC=b");
    takes("USERPRINCIPALNAME", "a@b");
    takes("sAMAccountName", "a");
    takes("mail", "a@m");
    takes("dNSHostName", "h.b");
    takes("description", "no fact");
    assert_ok(take("objectSid", SID, sizeof SID), err);
    assert_string_equal(account->dn, "CN=a,DC=b");
    assert_string_equal(account->upn, "a@b");
    assert_string_equal(account->sam_account_name, "a");
    assert_string_equal(account->mail, "a@m");
    assert_string_equal(account->dns_host_name, "h.b");
    assert_string_equal(account->sid, "S-1-5-32-544");
}

static void
the_disabled_bit_counts(void **state)
{
    (void)state;
    takes("userAccountControl", "514");
    assert_true(account->is_disabled);
    takes("userAccountControl", "512");
    assert_false(account->is_disabled);
    takes("userAccountControl", "-2147483646");
    assert_true(account->is_disabled);
    refuses("userAccountControl", "2a", 2);
    refuses("userAccountControl", "", 0);
    refuses("userAccountControl", "-", 1);
    refuses("userAccountControl", "12345678901234", 14);
    refuses("userAccountControl", "5\0004", 3);
}

static void
odd_texts_are_refused_and_change_nothing(void **state)
{
    static char longest[CF_ACCOUNT_DN_MAX + 1];

    (void)state;
    takes("mail", "a@m");
    refuses("mail", "a\0b", 3);
    refuses("mail", "a\r\nb", 4);
    refuses("mail", "a\xff", 2);
    refuses("mail", "a\xe2\x80\xae", 4);
    memset(longest, 'a', sizeof longest);
    refuses("mail", longest, CF_ACCOUNT_TEXT_MAX + 1);
    refuses("distinguishedName", longest, CF_ACCOUNT_DN_MAX + 1);
    refuses("objectSid", SID, sizeof SID - 1);
    assert_string_equal(account->mail, "a@m");
    assert_null(account->dn);
    assert_string_equal(account->sid, "");
}

static void
groups_are_taken_up_to_the_limit(void **state)
{
    (void)state;
    for (int i = 0; i < CF_ACCOUNT_GROUPS_MAX; i++)
        assert_ok(cf_account_add_group(account, cf_bytes_of(SID, sizeof SID), &err), err);
    assert_rc(cf_account_add_group(account, cf_bytes_of(SID, sizeof SID), &err), CF_E_PROTOCOL);
    assert_int_equal(account->n_groups, CF_ACCOUNT_GROUPS_MAX);
    assert_string_equal(account->group_sids[CF_ACCOUNT_GROUPS_MAX - 1], "S-1-5-32-544");
}

static void
a_clone_is_a_copy(void **state)
{
    cf_own(cf_account) copy = NULL;

    (void)state;
    takes("distinguishedName", "CN=a");
    takes("userAccountControl", "2");
    assert_ok(cf_account_add_group(account, cf_bytes_of(SID, sizeof SID), &err), err);
    account->has_groups = true;
    copy = cf_account_clone(account);
    assert_int_equal(cf_account_size(copy), cf_account_size(account));
    account = cf_account_free(account);
    assert_string_equal(copy->dn, "CN=a");
    assert_null(copy->mail);
    assert_true(copy->is_disabled && copy->has_groups);
    assert_string_equal(copy->group_sids[0], "S-1-5-32-544");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_attribute_has_its_place),
        TEST(the_disabled_bit_counts),
        TEST(odd_texts_are_refused_and_change_nothing),
        TEST(groups_are_taken_up_to_the_limit),
        TEST(a_clone_is_a_copy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
