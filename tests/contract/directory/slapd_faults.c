/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/directory/slapd_faults.h"

#include <stdio.h>
#include <string.h>

#include "contract/directory/contract.h"
#include "contract/directory/slapd_child.h"
#include "unit/base/unit.h"

static struct cf_directory_settings settings;
static struct cf_directory *directory;
static struct cf_account *account;
static struct cf_err err;

static enum cf_rc
open_with(void)
{
    struct cf_directory_env env = {.clock = cf_clock_real(), .stop_flag = &contract_stop};

    return cf_directory_ldap.open(&settings, &env, &directory, &err);
}

static enum cf_rc
find_user(const char *upn, bool wants_groups)
{
    account = cf_account_free(account);
    return directory->ops->find_user(directory, upn, wants_groups, &account, &err);
}

/* Each test says which server and settings it wants. */
static int
setup(void **state)
{
    (void)state;
    __atomic_store_n(&contract_stop, 0, __ATOMIC_RELEASE);
    settings = slapd_settings(CF_DIRECTORY_LDAPS);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    account = cf_account_free(account);
    if (directory)
        directory->ops->close(directory);
    directory = NULL;
    slapd_stop();
    return 0;
}

static void
a_wrong_password_is_told_without_the_password(void **state)
{
    (void)state;
    char path[128];
    slapd_start("good");
    snprintf(path, sizeof path, "%s", slapd_path("wrong-password"));
    settings.password_file = path;
    assert_ok(open_with(), err);
    assert_rc(find_user("alice@corp.example", false), CF_E_AUTH);
    assert_int_equal(err.fault, CF_FAULT_CONFIG);
    assert_contains(err.text, "password");
    assert_null(strstr(err.text, "battery"));
}

static void
refuses_certificate(const char *kind, enum cf_directory_tls tls, const char *part)
{
    slapd_start(kind);
    settings = slapd_settings(tls);
    assert_ok(open_with(), err);
    assert_rc(find_user("alice@corp.example", false), CF_E_TLS);
    assert_int_equal(err.fault, CF_FAULT_CONFIG);
    assert_contains(err.text, part);
}

static void
an_expired_certificate_is_refused(void **state)
{
    (void)state;
    refuses_certificate("expired", CF_DIRECTORY_LDAPS, "expired at");
}

static void
an_expired_certificate_is_refused_after_starttls(void **state)
{
    (void)state;
    refuses_certificate("expired", CF_DIRECTORY_STARTTLS, "expired at");
}

static void
a_certificate_for_another_name_is_refused(void **state)
{
    (void)state;
    refuses_certificate("other-name", CF_DIRECTORY_LDAPS, "not for the name");
}

static void
a_certificate_for_another_name_is_refused_after_starttls(void **state)
{
    (void)state;
    refuses_certificate("other-name", CF_DIRECTORY_STARTTLS, "not for the name");
}

static void
a_certificate_of_a_strange_ca_is_refused(void **state)
{
    (void)state;
    refuses_certificate("untrusted", CF_DIRECTORY_LDAPS, "ca_file");
}

static void
each_directory_has_its_own_trust(void **state)
{
    struct cf_directory_settings strict = settings;
    struct cf_directory *other = NULL;
    struct cf_directory_env env = {.clock = cf_clock_real()};
    char path[128];

    (void)state;
    slapd_start("good");
    snprintf(path, sizeof path, "%s", slapd_path("stranger.pem"));
    strict.ca_file = path;
    assert_ok(open_with(), err);
    assert_ok(cf_directory_ldap.open(&strict, &env, &other, &err), err);
    assert_ok(find_user("alice@corp.example", false), err);
    assert_rc(other->ops->find_user(other, "alice@corp.example", false, &account, &err), CF_E_TLS);
    assert_ok(find_user("bob@corp.example", false), err);
    other->ops->close(other);
}

static void
a_missing_base_is_named(void **state)
{
    char base[] = "dc=nowhere,dc=example";

    (void)state;
    slapd_start("good");
    settings.base = base;
    assert_ok(open_with(), err);
    assert_rc(find_user("alice@corp.example", false), CF_E_CONFIG);
    assert_contains(err.text, "base");
}

static void
groups_that_are_not_shown_are_an_error(void **state)
{
    (void)state;
    slapd_start("good");
    assert_ok(open_with(), err);
    assert_rc(find_user("bob@corp.example", true), CF_E_UNSUPPORTED);
    assert_int_equal(err.fault, CF_FAULT_CONFIG);
    assert_contains(err.text, "tokenGroups");
    assert_ok(find_user("bob@corp.example", false), err);
}

static void
odd_values_are_refused_by_name(void **state)
{
    (void)state;
    slapd_start("good");
    assert_ok(open_with(), err);
    assert_rc(find_user("short-sid@corp.example", false), CF_E_PROTOCOL);
    assert_contains(err.text, "objectSid");
    assert_rc(find_user("bidi@corp.example", false), CF_E_PROTOCOL);
    assert_contains(err.text, "sAMAccountName");
    assert_rc(find_user("two-mails@corp.example", false), CF_E_PROTOCOL);
    assert_contains(err.text, "mail");
    assert_ok(find_user("alice@corp.example", false), err);
}

static void
names_that_are_no_text_are_refused(void **state)
{
    char long_name[2000];

    (void)state;
    slapd_start("good");
    assert_ok(open_with(), err);
    memset(long_name, 'a', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    assert_rc(find_user(long_name, false), CF_E_RANGE);
    assert_rc(find_user("", false), CF_E_RANGE);
    assert_rc(find_user("a\x01z", false), CF_E_ENCODING);
    assert_rc(find_user("a\xff", false), CF_E_ENCODING);
}

static void
letters_beyond_ascii_are_looked_up(void **state)
{
    (void)state;
    slapd_start("good");
    assert_ok(open_with(), err);
    assert_ok(find_user("zoë@corp.example", false), err);
    assert_contains(account->dn, "Jr");
}

static void
settings_that_cannot_work_are_named(void **state)
{
    char *plain[] = {(char[]){"ldap://127.0.0.1"}, NULL};
    char *none[] = {NULL};
    char missing[] = "/nonexistent/file";

    (void)state;
    settings.uri = plain;
    assert_rc(open_with(), CF_E_CONFIG);
    assert_contains(err.text, "[directory] uri");
    settings.uri = none;
    assert_rc(open_with(), CF_E_CONFIG);
    settings = slapd_settings(CF_DIRECTORY_SIGNED);
    assert_rc(open_with(), CF_E_CONFIG);
    assert_contains(err.text, "protection");
    settings = slapd_settings(CF_DIRECTORY_LDAPS);
    settings.ca_file = missing;
    assert_rc(open_with(), CF_E_IO);
    assert_contains(err.text, "ca_file");
    settings = slapd_settings(CF_DIRECTORY_LDAPS);
    settings.password_file = missing;
    assert_rc(open_with(), CF_E_IO);
    assert_contains(err.text, "password_file");
    settings.auth = CF_DIRECTORY_GSSAPI;
    assert_rc(open_with(), CF_E_CONFIG);
    assert_contains(err.text, "keytab_file");
    settings.keytab_file = slapd_settings(CF_DIRECTORY_LDAPS).password_file;
    assert_rc(open_with(), CF_E_CONFIG);
    assert_contains(err.text, "no keytab");
    assert_null(directory);
}

struct findings {
    unsigned n_errors, n_warnings;
    char subject[64];
    char text[512];
};

static void
take_finding(void *arg, const struct cf_finding *finding)
{
    struct findings *findings = arg;

    findings->n_errors += finding->severity == CF_FINDING_ERROR;
    findings->n_warnings += finding->severity == CF_FINDING_WARNING;
    if (finding->severity == CF_FINDING_OK)
        return;
    assert_non_null(finding->remedy);
    snprintf(findings->subject, sizeof findings->subject, "%s", finding->subject);
    snprintf(findings->text, sizeof findings->text, "%s", finding->text);
}

static void
a_check_tells_what_is_wrong(void **state)
{
    struct findings findings = {0};

    (void)state;
    assert_ok(open_with(), err);
    assert_ok(directory->ops->check(directory, take_finding, &findings, &err), err);
    assert_int_equal(findings.n_errors, 1);
    assert_string_equal(findings.subject, "directory server");

    slapd_start("late");
    findings = (struct findings){0};
    assert_ok(directory->ops->check(directory, take_finding, &findings, &err), err);
    assert_int_equal(findings.n_errors, 0);
    assert_int_equal(findings.n_warnings, 1);
    assert_contains(findings.text, "valid until");
}

static void
a_check_looks_for_users_and_their_groups(void **state)
{
    static char lonely[] = "cn=bob,dc=corp,dc=example";
    static char empty[] = "cn=admins,dc=corp,dc=example";
    char *const bases[] = {lonely, empty};
    static const char *const told[] = {"tokenGroups", "no user"};
    struct findings findings;

    (void)state;
    slapd_start("good");
    for (size_t i = 0; i < CF_COUNT(bases); i++) {
        findings = (struct findings){0};
        settings.base = bases[i];
        assert_ok(open_with(), err);
        assert_ok(directory->ops->check(directory, take_finding, &findings, &err), err);
        assert_int_equal(findings.n_errors, 0);
        assert_int_equal(findings.n_warnings, 1);
        assert_string_equal(findings.subject, "directory groups");
        assert_contains(findings.text, told[i]);
        directory->ops->close(directory);
        directory = NULL;
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
slapd_faults_run(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_wrong_password_is_told_without_the_password),
        TEST(an_expired_certificate_is_refused),
        TEST(an_expired_certificate_is_refused_after_starttls),
        TEST(a_certificate_for_another_name_is_refused),
        TEST(a_certificate_for_another_name_is_refused_after_starttls),
        TEST(a_certificate_of_a_strange_ca_is_refused),
        TEST(each_directory_has_its_own_trust),
        TEST(a_missing_base_is_named),
        TEST(groups_that_are_not_shown_are_an_error),
        TEST(odd_values_are_refused_by_name),
        TEST(names_that_are_no_text_are_refused),
        TEST(letters_beyond_ascii_are_looked_up),
        TEST(settings_that_cannot_work_are_named),
        TEST(a_check_tells_what_is_wrong),
        TEST(a_check_looks_for_users_and_their_groups),
    };

    return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
