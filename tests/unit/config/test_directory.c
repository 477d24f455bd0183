/* SPDX-License-Identifier: Apache-2.0 */
/* Directory, import keys, recovery, and what CAs and templates say of names and SIDs. */
#include "conf_lab.h"

#include <stdio.h>
#include <string.h>

#define KEYTAB "keytab_file = /etc/certferry/keytab\n"

/* Lines in [directory], which begins in line 6; the fault with its line. */
static void
expect_directory(const char *lines, const char *faults)
{
    char text[4096];

    (void)snprintf(text, sizeof text, LAB_BASE "[directory]\n%s", lines);
    lab_expect_faults(text, faults);
}

static void
without_uri_there_is_no_directory(void **state)
{
    (void)state;
    cf_own(cf_settings) settings = lab_good(LAB_BASE "[directory]\ntimeout = 3s\n");

    assert_null(settings->directory.uri);
    expect_directory("base = DC=example\nca_file = /ca.pem\nprincipal = c@R\n" KEYTAB,
                     "conf:7: [directory] base: there is no directory: set uri, too\n"
                     "conf:10: [directory] keytab_file: there is no directory: set uri, too\n"
                     "conf:9: [directory] principal: there is no directory: set uri, too\n"
                     "conf:8: [directory] ca_file: there is no directory: set uri, too\n");
}

static void
a_directory_is_kept_whole(void **state)
{
    (void)state;
    cf_own(cf_settings) settings = lab_good(
        LAB_BASE "[directory]\nuri = ldaps://dc1.example.com ldaps://dc2.example.com:3269\n" KEYTAB
                 "principal = certferry@EXAMPLE.COM\nbase = OU=Staff,DC=example,DC=com\n"
                 "ca_file = /etc/directory-ca.pem\nconnect_timeout = 2s\ntimeout = 3s\n"
                 "cache = 0\nretry = 1m\n");
    const struct cf_directory_settings *directory = &settings->directory;

    assert_string_equal(directory->uri[0], "ldaps://dc1.example.com");
    assert_string_equal(directory->uri[1], "ldaps://dc2.example.com:3269");
    assert_null(directory->uri[2]);
    assert_int_equal(directory->auth, CF_DIRECTORY_GSSAPI);
    assert_int_equal(directory->tls, CF_DIRECTORY_LDAPS);
    assert_string_equal(directory->keytab_file, "/etc/certferry/keytab");
    assert_string_equal(directory->principal, "certferry@EXAMPLE.COM");
    assert_string_equal(directory->base, "OU=Staff,DC=example,DC=com");
    assert_string_equal(directory->ca_file, "/etc/directory-ca.pem");
    assert_null(directory->bind_dn);
    assert_int_equal(directory->connect_timeout_ms, 2000);
    assert_int_equal(directory->timeout_ms, 3000);
    assert_int_equal(directory->cache_ms, 0);
    assert_int_equal(directory->retry_ms, 60000);
}

static void
each_way_to_bind_asks_for_its_own_options(void **state)
{
    (void)state;
    expect_directory("uri = ldaps://dc\n", "conf:6: [directory] keytab_file: is missing: it is "
                                           "needed with auth = gssapi\n");
    expect_directory("uri = ldaps://dc\nauth = simple\n",
                     "conf:6: [directory] bind_dn: is missing: it is needed with auth = simple\n"
                     "conf:6: [directory] password_file: is missing: it is needed with auth = "
                     "simple\n");
    cf_own(cf_settings) simple =
        lab_good(LAB_BASE "[directory]\nuri = ldap://dc\nauth = simple\nprotection = starttls\n"
                          "bind_dn = svc@example.com\npassword_file = /p\n");
    assert_int_equal(simple->directory.auth, CF_DIRECTORY_SIMPLE);
    assert_int_equal(simple->directory.tls, CF_DIRECTORY_STARTTLS);
    assert_string_equal(simple->directory.bind_dn, "svc@example.com");
}

static void
the_protection_fits_uris_and_bind(void **state)
{
    (void)state;
    expect_directory("uri = ldaps://a ldap://b\n" KEYTAB,
                     "conf:7: [directory] uri: ldap://b is not protected: write ldaps://, or set "
                     "protection = starttls or signed\n");
    expect_directory("uri = ldaps://a\nprotection = signed\n" KEYTAB,
                     "conf:7: [directory] uri: ldaps://a has TLS of its own: write ldap://, or set "
                     "protection = ldaps\n");
    expect_directory("uri = ldap://a\nprotection = signed\nauth = simple\nbind_dn = d\n"
                     "password_file = /p\n",
                     "conf:8: [directory] protection: signed needs auth = gssapi: the password "
                     "would cross the network unprotected\n");
    cf_own(cf_settings) is_signed =
        lab_good(LAB_BASE "[directory]\nuri = ldap://a\nprotection = signed\n" KEYTAB);
    assert_int_equal(is_signed->directory.tls, CF_DIRECTORY_SIGNED);
}

static void
bad_addresses_and_names_are_told_and_secrets_not_repeated(void **state)
{
    (void)state;
#define URI_FAULT                                                                                  \
    "conf:7: [directory] uri: must be written as ldaps://HOST or ldaps://HOST:PORT, without "      \
    "anything behind it\n"
    expect_directory("uri = ldaps://user:hunter2@dc\n", URI_FAULT);
    expect_directory("uri = ldaps://dc/DC=example\n", URI_FAULT);
    expect_directory("uri = ldaps://\n", URI_FAULT);
    expect_directory("uri = https://dc\n",
                     "conf:7: [directory] uri: must begin with ldaps:// or ldap://\n");
    lab_expect_fault_begins(LAB_BASE "[directory]\nuri = ldaps://dc\nbase = example.com\n" KEYTAB,
                            "conf:8: [directory] base: is no distinguished name such as "
                            "DC=example,DC=com: ");
    expect_directory("uri = ldaps://dc\nprincipal = certferry\n" KEYTAB,
                     "conf:8: [directory] principal: must be written as NAME@REALM, for example "
                     "certferry@EXAMPLE.COM\n");
    expect_directory("protection = none\n", "conf:7: [directory] protection: \"none\" is none of "
                                            "ldaps, starttls, signed\n");
    expect_directory("bind_pwd = hunter2\n",
                     "conf:7: [directory] has no key \"bind_pwd\": secrets are never written into "
                     "this file; put it into a file of its own or a systemd credential and name "
                     "that with password_file or keytab_file\n");
    expect_directory("password = hunter2\n",
                     "conf:7: [directory] has no key \"password\": secrets are never written into "
                     "this file; put it into a file of its own or a systemd credential and name "
                     "that with password_file or keytab_file\n");
    lab_expect_faults(LAB_BASE "[directry]\n",
                      "conf:6: there is no section [directry]: did you mean [directory]?\n");
}

static void
a_change_of_the_directory_needs_no_restart(void **state)
{
    (void)state;
#define URI "[directory]\nuri = ldaps://dc\n"
    cf_own(cf_settings) old = lab_good(LAB_BASE URI KEYTAB);
    cf_own(cf_settings) fresh = lab_good(LAB_BASE "[directory]\nuri = ldaps://other\n"
                                                  "keytab_file = /other\n"
                                                  "principal = c@EXAMPLE.COM\n");
    cf_own(cf_buf) out = cf_buf_new(1000);
    struct cf_err err = {0};

    assert_ok(cf_config_restart_needed(old, fresh, out, &err), err);
    assert_string_equal(cf_buf_str(out), "");
}

static void
import_keys_come_from_one_place_each(void **state)
{
    (void)state;
    cf_own(cf_settings) settings =
        lab_good(LAB_BASE "[import-key a]\nname = Key\nkey_file = credential:import\n"
                          "[import-key b]\nprovider = Some Provider\nname = Key\n"
                          "key_uri = pkcs11:token=t;object=o\npin_file = /pin\n");
    assert_int_equal(settings->n_import_keys, 2);
    assert_string_equal(settings->import_keys[0]->name, "a");
    assert_null(settings->import_keys[0]->provider);
    assert_string_equal(settings->import_keys[0]->key_name, "Key");
    assert_string_equal(settings->import_keys[1]->provider, "Some Provider");
    assert_string_equal(settings->import_keys[1]->key_uri, "pkcs11:token=t;object=o");
    assert_string_equal(settings->import_keys[1]->pin_file, "/pin");

    lab_expect_faults(LAB_BASE "[import-key a]\nname = k\n[import-key b]\n"
                               "name = l\nkey_file = /k\nkey_uri = pkcs11:x\n"
                               "[import-key c]\nkey_file = /k\npin_file = /p\n",
                      "conf:12: [import-key c] name: is missing: The key, as requests name it "
                      "(keyName).\n"
                      "conf:6: [import-key a] key_file: is missing: set it, or key_uri for a key "
                      "in a token or TPM\n"
                      "conf:11: [import-key b] key_uri: key_file is set, too: remove one\n"
                      "conf:14: [import-key c] pin_file: belongs to key_uri, which is not set: "
                      "remove it\n");
}

static void
two_import_keys_must_be_told_apart(void **state)
{
    (void)state;
    lab_expect_faults(LAB_BASE "[import-key a]\nname = Key\nkey_file = /a\n"
                               "[import-key b]\nname = key\nkey_file = /b\n",
                      "conf:10: [import-key b] name: provider and name are those of [import-key "
                      "a], too: requests could not tell them apart\n");
    lab_expect_faults(LAB_BASE "[import-key a]\nname = K\nprovider = P\nkey_file = /a\n"
                               "[import-key b]\nname = K\nprovider = p\nkey_file = /b\n",
                      "conf:11: [import-key b] name: provider and name are those of [import-key "
                      "a], too: requests could not tell them apart\n");
}

static void
a_key_uri_holds_no_pin_and_names_no_file(void **state)
{
    (void)state;
#define URI_OF_KEY(uri) LAB_BASE "[import-key a]\nname = k\nkey_uri = " uri "\n"
    lab_expect_faults(URI_OF_KEY("pkcs11:object=o?pin-value=hunter2"),
                      "conf:8: [import-key a] key_uri: a PIN does not belong into a URI: name its "
                      "file with pin_file\n");
    lab_expect_faults(URI_OF_KEY("file:/k"),
                      "conf:8: [import-key a] key_uri: a file is named with key_file\n");
    lab_expect_faults(URI_OF_KEY("/k"), "conf:8: [import-key a] key_uri: must be a URI such as "
                                        "pkcs11:token=NAME;object=NAME, without blanks\n");
    lab_expect_faults(LAB_BASE "[import_key a]\n",
                      "conf:6: there is no section [import_key]: did you mean [import-key]?\n");
}

static void
copies_are_kept_only_with_an_identity(void **state)
{
    (void)state;
    cf_own(cf_settings) without = lab_good(LAB_BASE);
    assert_null(without->recovery_file);
    cf_own(cf_settings) with = lab_good(LAB_BASE "[recovery]\nidentity_file = /r.pem\n");
    assert_string_equal(with->recovery_file, "/r.pem");
    lab_expect_faults(LAB_BASE "[recovery]\nidentity_file = r.pem\nidentity_fil = x\n",
                      "conf:8: [recovery] has no key \"identity_fil\": did you mean "
                      "identity_file?\n"
                      "conf:7: [recovery] identity_file: must name the file that holds the secret, "
                      "never the secret itself: write an absolute path or credential:NAME\n");
}

static void
cas_and_templates_say_how_names_and_sids_are_written(void **state)
{
    (void)state;
    cf_own(cf_settings) plain = lab_good(LAB_BASE LAB_CAS);
    assert_int_equal(plain->cas[0]->rdn_order, CF_RDN_RFC4514);
    assert_true(plain->cas[0]->enforce_dn_limits);
    assert_int_equal(plain->cas[0]->sid_mode, CF_SID_ON_REQUEST);
    assert_int_equal(plain->cas[0]->sid_form, CF_SID_FORM_EXTENSION);
    assert_true(plain->cas[1]->sid_must_be_kept);
    assert_int_equal(plain->templates[0]->sid_mode, CF_SID_AS_CA);
    assert_int_equal(plain->templates[0]->sid_form, CF_SID_FORM_AS_CA);

    cf_own(cf_settings) other = lab_good(
        LAB_BASE
        "[ca a]\nbackend=exec\nhost=h\nname=n\ntemplates=T\ncommand=/a\n"
        "rdn_order = as-written\nenforce_dn_limits = no\nsecurity_identifier = always\n"
        "security_identifier_form = both\nrequire_security_identifier = no\n"
        "[template T]\nsecurity_identifier = off\nsecurity_identifier_form = uri\n" LAB_POLICY(
            "a", "T"));
    assert_int_equal(other->cas[0]->rdn_order, CF_RDN_AS_WRITTEN);
    assert_false(other->cas[0]->enforce_dn_limits);
    assert_int_equal(other->cas[0]->sid_mode, CF_SID_ALWAYS);
    assert_int_equal(other->cas[0]->sid_form, CF_SID_FORM_BOTH);
    assert_false(other->cas[0]->sid_must_be_kept);
    assert_int_equal(other->templates[0]->sid_mode, CF_SID_OFF);
    assert_int_equal(other->templates[0]->sid_form, CF_SID_FORM_URI);

    lab_expect_faults(LAB_BASE "[template T]\nsecurity_identifier = allways\n",
                      "conf:7: [template T] security_identifier: \"allways\" is none of as-ca, "
                      "off, on-request, always: did you mean always?\n");
    lab_expect_faults(LAB_BASE "[ca a]\nbackend=exec\nhost=h\nname=n\ntemplates=T\ncommand=/a\n"
                               "security_identifier = as-ca\nrdn_oder = as-written\n"
                               "[template T]\n" LAB_POLICY("a", "T"),
                      "conf:13: [ca] has no key \"rdn_oder\": did you mean rdn_order?\n"
                      "conf:12: [ca a] security_identifier: \"as-ca\" is none of off, on-request, "
                      "always\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_uri_there_is_no_directory),
        cmocka_unit_test(a_directory_is_kept_whole),
        cmocka_unit_test(each_way_to_bind_asks_for_its_own_options),
        cmocka_unit_test(the_protection_fits_uris_and_bind),
        cmocka_unit_test(bad_addresses_and_names_are_told_and_secrets_not_repeated),
        cmocka_unit_test(a_change_of_the_directory_needs_no_restart),
        cmocka_unit_test(import_keys_come_from_one_place_each),
        cmocka_unit_test(two_import_keys_must_be_told_apart),
        cmocka_unit_test(a_key_uri_holds_no_pin_and_names_no_file),
        cmocka_unit_test(copies_are_kept_only_with_an_identity),
        cmocka_unit_test(cas_and_templates_say_how_names_and_sids_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
