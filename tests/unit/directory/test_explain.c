/* SPDX-License-Identifier: Apache-2.0 */
#include "directory/explain.h"

#include <ldap.h>
#include <stdio.h>
#include <string.h>

#include "unit/base/unit.h"

static struct cf_err err;

static void
means(enum cf_ldap_stage stage, int code, const char *diagnostic, enum cf_rc rc, const char *part)
{
    assert_rc(cf_ldap_explain(stage, "ldap://dc1", code, diagnostic, &err), rc);
    assert_int_equal(err.rc, rc);
    assert_int_equal(err.native, code);
    assert_contains(err.text, "ldap://dc1");
    assert_contains(err.text, part);
}

static void
active_directory_s_numbers_have_a_meaning(void **state)
{
    static const char format[] =
        "80090308: LdapErr: DSID-0C090439, comment: AcceptSecurityContext error, data %s, v4563";
    static const struct {
        const char *data, *part;
    } rows[] = {
        {"52e", "wrong password"}, {"525", "does not exist"}, {"532", "expired"},
        {"533", "disabled"},       {"701", "expired"},        {"773", "changed first"},
        {"775", "locked out"},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(rows); i++) {
        char text[200];
        snprintf(text, sizeof text, format, rows[i].data);
        means(CF_LDAP_STAGE_BIND, LDAP_INVALID_CREDENTIALS, text, CF_E_AUTH, rows[i].part);
        assert_int_equal(err.fault, CF_FAULT_CONFIG);
    }
}

static void
kerberos_texts_have_a_meaning(void **state)
{
    static const struct {
        const char *text;
        enum cf_rc rc;
        const char *part;
    } rows[] = {
        {"SASL(-1): generic failure: GSSAPI Error: (Clock skew too great)", CF_E_DIRECTORY_DOWN,
         "clocks"},
        {"Preauthentication failed", CF_E_AUTH, "keytab"},
        {"Client's credentials have been revoked", CF_E_AUTH, "disabled"},
        {"Client 'X$@Y' not found in Kerberos database", CF_E_AUTH, "principal"},
        {"Server ldap/dc1@Y not found in Kerberos database", CF_E_AUTH, "ldap/HOST"},
        {"Cannot contact any KDC for realm 'Y'", CF_E_DIRECTORY_DOWN, "port 88"},
        {"Cannot find KDC for realm \"Y\"", CF_E_DIRECTORY_DOWN, "krb5.conf"},
        {"KDC has no support for encryption type", CF_E_AUTH, "AES"},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(rows); i++)
        means(CF_LDAP_STAGE_BIND, LDAP_LOCAL_ERROR, rows[i].text, rows[i].rc, rows[i].part);
}

static void
missing_protection_is_told_with_the_option(void **state)
{
    (void)state;
    means(CF_LDAP_STAGE_BIND, LDAP_STRONG_AUTH_REQUIRED,
          "SASL:[GSSAPI]: Sign or Seal are required.", CF_E_AUTH, "protection = signed");
    means(CF_LDAP_STAGE_BIND, LDAP_STRONG_AUTH_REQUIRED,
          "BindSimple: Transport encryption required.", CF_E_AUTH, "ldaps");
}

static void
what_is_unknown_is_told_by_its_stage(void **state)
{
    (void)state;
    means(CF_LDAP_STAGE_TLS, LDAP_CONNECT_ERROR, NULL, CF_E_TLS, "ca_file");
    means(CF_LDAP_STAGE_BIND, LDAP_UNWILLING_TO_PERFORM, NULL, CF_E_AUTH, "auth");
    means(CF_LDAP_STAGE_SEARCH, LDAP_OTHER, NULL, CF_E_PROTOCOL, "search");
    means(CF_LDAP_STAGE_SEARCH, LDAP_BUSY, NULL, CF_E_DIRECTORY_DOWN, "busy");
    means(CF_LDAP_STAGE_SEARCH, LDAP_REFERRAL, NULL, CF_E_CONFIG, "base");
}

static void
the_peer_s_text_is_made_printable(void **state)
{
    char longest[4000];

    (void)state;
    means(CF_LDAP_STAGE_SEARCH, LDAP_OTHER, "a\x1b[31m\nb\xff", CF_E_PROTOCOL, "a?[31m?b?");
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    means(CF_LDAP_STAGE_SEARCH, LDAP_OTHER, longest, CF_E_PROTOCOL, "xxx");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(active_directory_s_numbers_have_a_meaning),
        cmocka_unit_test(kerberos_texts_have_a_meaning),
        cmocka_unit_test(missing_protection_is_told_with_the_option),
        cmocka_unit_test(what_is_unknown_is_told_by_its_stage),
        cmocka_unit_test(the_peer_s_text_is_made_printable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
