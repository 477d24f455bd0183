/* SPDX-License-Identifier: Apache-2.0 */
#include "conf_lab.h"

#include <stdio.h>
#include <string.h>

#include "certferry/csr.h"

/* A CA that issues by all three; from line 6 on. */
#define CA                                                                                         \
    "[ca corp]\nbackend=exec\nhost=h\nname=n\ntemplates=Device User RA\ncommand=/a\n"              \
    "[template Device]\n[template User]\n[template RA]\nvalidity = 90d\n"
/* Line 16. */
#define POLICY "[policy p]\nca = corp\ntemplates = Device User\ncertificate_type = device\n"
/* Line 20. */
#define SCEP_REST "ra_sign_template = RA\nra_encryption_template = RA\nra_key_file = /ra.key\n"
#define SCEP "[scep]\nlisten = 127.0.0.1:8080\n" SCEP_REST
/* Line 25. */
#define PROFILE_REST "ca = corp\ntemplate = Device\ncertificate_type = device\n"
#define PROFILE "[scep-profile phones]\nchallenge = intune\n" PROFILE_REST
#define BEFORE LAB_BASE CA POLICY
#define GOOD BEFORE SCEP PROFILE

/* One line in the profile, its fault in line 30. */
static void
expect_profile(const char *line, const char *fault)
{
    char text[4096];
    char expected[1024];

    (void)snprintf(text, sizeof text, GOOD "%s\n", line);
    (void)snprintf(expected, sizeof expected, "conf:30: [scep-profile phones] %s\n", fault);
    lab_expect_faults(text, expected);
}

/* One line in [scep], its fault in line 30. */
static void
expect_scep(const char *line, const char *fault)
{
    char text[4096];
    char expected[1024];

    (void)snprintf(text, sizeof text, BEFORE PROFILE SCEP "%s\n", line);
    (void)snprintf(expected, sizeof expected, "conf:30: [scep] %s\n", fault);
    lab_expect_faults(text, expected);
}

static void
there_is_no_front_door_without_its_section(void **state)
{
    (void)state;
    cf_own(cf_settings) settings = lab_good(LAB_BASE);
    cf_own_str text = lab_print(settings);

    assert_false(settings->scep.is_on);
    assert_int_equal(settings->n_scep_profiles, 0);
    assert_null(strstr(text, "[scep"));
    lab_expect_faults(
        BEFORE PROFILE,
        "conf:10: [ca corp] templates: no [policy] allows RA with this CA, so it would "
        "be refused: name both in one, or remove it\n"
        "conf:22: [scep-profile phones] ca: there is no section [scep]: write it, or "
        "remove this one\n");
    lab_expect_faults(BEFORE SCEP, "conf:21: [scep] listen: there is no [scep-profile], so every "
                                   "request would be refused: write one\n");
}

static void
a_profile_has_the_defaults_of_the_manual(void **state)
{
    (void)state;
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
    cf_own(cf_settings) settings = lab_good(GOOD);
    cf_own_str text = lab_print(settings);
    static const char EXPECTED[] = "[scep]\n"
                                   "listen = 127.0.0.1:8080\n"
                                   "socket = /run/certferry-scep/scep.sock\n"
                                   "socket_user = certferry-scep\n"
                                   "ra_key_file = /ra.key\n"
                                   "ra_sign_template = RA\n"
                                   "ra_encryption_template = RA\n"
                                   "ra_key = rsa2048\n"
                                   "ra_subject = CN=SCEP Registration Authority\n"
                                   "ra_renew_before = 4w 2d\n"
                                   "ra_overlap = 2w\n"
                                   "max_connections = 1000\n"
                                   "max_per_address = 100\n"
                                   "max_waiting = 256\n"
                                   "request_timeout = 20s\n"
                                   "answer_timeout = 25s\n"
                                   "\n"
                                   "[scep-profile phones]\n"
                                   "default = no\n"
                                   "ca = corp\n"
                                   "template = Device\n"
                                   "certificate_type = device\n"
                                   "challenge = intune\n"
                                   "renewal = challenge\n"
                                   "renewal_window = 100\n"
                                   "renewal_threshold = 20\n"
                                   "min_rsa = 2048\n"
                                   "validity = 0\n"
                                   "keep_trying = 1h\n"
                                   "clock_tolerance = 1h\n"
                                   "allow_sha1 = no\n"
                                   "allow_3des = yes\n"
                                   "allow_single_des = no\n"
                                   "get_cert = yes\n"
                                   "get_crl = yes\n"
                                   "root_in_bundle = no\n";

    assert_string_equal(strstr(text, "[scep]"), EXPECTED);
    assert_true(settings->scep.is_on);
    assert_int_equal(settings->scep_profiles[0]->challenge, CF_SCEP_INTUNE);
    assert_int_equal(settings->scep_profiles[0]->key_usage, 0);
    assert_null(settings->scep_profiles[0]->challenge_file);
    assert_ptr_equal(cf_settings_find_scep_profile(settings, "PHONES"), settings->scep_profiles[0]);
}

static void
what_a_profile_says_is_read(void **state)
{
    (void)state;
    cf_own(cf_settings) settings =
        lab_good(BEFORE "[scep]\ntls_listen = 0.0.0.0:443 [::]:8443\ntls_cert_file = /c\n"
                        "tls_key_file = /k\nra_sign_template = ra\nra_encryption_template = RA\n"
                        "ra_token = pkcs11:token=t\nra_pin_file = /p\nra_key = rsa3072\n"
                        "[scep-profile a]\ndefault = yes\nca = CORP\ntemplate = device\n"
                        "certificate_type = device\nchallenge = static\nchallenge_file = /x\n"
                        "renewal = certificate\nrenewal_window = 30\nkey_usage = digitalSignature\n"
                        "eku = clientAuth\nkeys = rsa2048, p256\nvalidity = 180d\n"
                        "[scep-profile b]\nca = corp\ntemplate = User\ncertificate_type = device\n"
                        "challenge = one-time\n");
    const struct cf_scep_profile_settings *profile = settings->scep_profiles[0];

    assert_string_equal(settings->scep.tls_listen[1], "[::]:8443");
    assert_null(settings->scep.tls_listen[2]);
    assert_string_equal(settings->scep.ra_sign_template, "RA");
    assert_int_equal(settings->scep.ra_key, CF_KEY_RSA_3072);
    assert_string_equal(profile->ca, "corp");
    assert_string_equal(profile->template_name, "Device");
    assert_true(profile->is_default);
    assert_int_equal(profile->challenge, CF_SCEP_STATIC);
    assert_int_equal(profile->renewal, CF_SCEP_RENEWAL_CERTIFICATE);
    assert_int_equal(profile->renewal_window_percent, 30);
    assert_int_equal(profile->key_usage, CF_KU_DIGITAL_SIGNATURE);
    assert_int_equal(profile->n_eku, 1);
    assert_string_equal(profile->keys[1], "p256");
    assert_int_equal(settings->scep_profiles[1]->challenge, CF_SCEP_ONE_TIME);
}

static void
the_front_door_needs_a_listener_and_the_files_of_tls(void **state)
{
    (void)state;
    lab_expect_faults(BEFORE PROFILE "[scep]\n" SCEP_REST,
                      "conf:25: [scep] listen: is missing: set it, or tls_listen for HTTPS\n");
    lab_expect_faults(BEFORE PROFILE SCEP "tls_listen = h:443\ntls_key_file = /k\n",
                      "conf:25: [scep] tls_cert_file: is missing: it is needed with tls_listen\n");
    expect_scep("tls_cert_file = /c", "tls_cert_file: there is no HTTPS: set tls_listen, too");
}

static void
an_address_has_a_host_and_a_port(void **state)
{
    static const char *const BAD[] = {"8080",        ":8080",  "host",  "host:",  "host:0",
                                      "h:65536",     "::1:80", "[::1]", "[x]:80", "a/b:80",
                                      "http://h:80", "h:8a",   "*:80",  "[]:80"};
    char text[2048];

    (void)state;
    for (size_t i = 0; i < CF_COUNT(BAD); i++) {
        (void)snprintf(text, sizeof text, BEFORE PROFILE SCEP "tls_listen = %s\n", BAD[i]);
        static struct lab_faults faults;
        assert_null(lab_parse(text, &faults));
        assert_non_null(strstr(faults.text, "conf:30: [scep] tls_listen: \""));
    }
}

static void
the_registration_authority_has_its_keys_in_one_place(void **state)
{
    (void)state;
    expect_scep("ra_token = pkcs11:token=t", "ra_token: ra_key_file is set, too: remove one");
    expect_scep("ra_pin_file = /p",
                "ra_pin_file: belongs to ra_token, which is not set: remove it");
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
    cf_own(cf_settings) settings =
        lab_good(BEFORE PROFILE "[scep]\nlisten = h:80\nra_sign_template = RA\n"
                                "ra_encryption_template = RA\n");
    assert_string_equal(settings->scep.ra_key_file,
                        "/run/credentials/certferry-scepd.service/scep-ra-key");
    assert_null(settings->scep.ra_token);
    lab_expect_fault_begins(BEFORE PROFILE
                            "[scep]\nlisten = h:80\nra_sign_template = RA\n"
                            "ra_encryption_template = RA\nra_token = pkcs11:token=t;object=x\n",
                            "conf:29: [scep] ra_token: must name the token alone");
    lab_expect_fault_begins(BEFORE PROFILE "[scep]\nlisten = h:80\nra_sign_template = RA\n"
                                           "ra_encryption_template = RA\nra_token = tpm:x\n",
                            "conf:29: [scep] ra_token: must begin with pkcs11:");
}

static void
the_templates_of_the_registration_authority_can_do_their_work(void **state)
{
    (void)state;
#define RA_OF(rules, sign, encryption)                                                             \
    LAB_BASE "[ca corp]\nbackend=exec\nhost=h\nname=n\ntemplates=Device RA\ncommand=/a\n"          \
             "[template Device]\n[template RA]\n" rules                                            \
             "[policy p]\nca=corp\ntemplates=Device\ncertificate_type=device\n" PROFILE            \
             "[scep]\nlisten = h:80\nra_key_file = /k\nra_sign_template = " sign                   \
             "\nra_encryption_template = " encryption "\n"

    lab_expect_faults(RA_OF("key_usage = keyEncipherment\n", "RA", "RA"),
                      "conf:27: [scep] ra_sign_template: key_usage of [template RA] has no "
                      "digitalSignature: add it\n");
    lab_expect_faults(RA_OF("key_usage = digitalSignature\n", "RA", "RA"),
                      "conf:28: [scep] ra_encryption_template: key_usage of [template RA] has no "
                      "keyEncipherment: add it\n");
    lab_expect_faults(RA_OF("min_key = 3072\nkey = rsa3072\n", "RA", "RA"),
                      "conf:25: [scep] ra_key: is less than min_key of [template RA]\n"
                      "conf:25: [scep] ra_key: is less than min_key of [template RA]\n");
    lab_expect_fault_begins(
        RA_OF("", "Devise", "RA"),
        "conf:26: [scep] ra_sign_template: there is no section [template Devise]: "
        "did you mean Device?");
    lab_expect_fault_begins(RA_OF("[template Other]\n", "RA", "Other"),
                            "conf:28: [scep] ra_encryption_template: [ca corp], which "
                            "[scep-profile phones] names, does not issue by Other");
    lab_expect_fault_begins(RA_OF("", "RA", "Device"),
                            "conf:21: [scep-profile phones] template: Device is that of the "
                            "registration authority");
    expect_scep("ra_renew_before = 90d",
                "ra_renew_before: must be less than validity of [template RA]: a certificate would "
                "be renewed again at once\n"
                "conf:30: [scep] ra_renew_before: must be less than validity of [template RA]: a "
                "certificate would be renewed again at once");
}

static void
a_socket_has_a_path_of_its_own_that_fits(void **state)
{
    char line[200] = "socket = /";

    (void)state;
    memset(line + 10, 'x', 107);
    expect_scep(line, "socket: a socket's path has at most 107 bytes: choose a shorter one");
    expect_scep("socket = /run/certferry/control.sock",
                "socket: is that of [control], too: each needs its own");
}

static void
a_profile_names_what_is_there(void **state)
{
    (void)state;
    lab_expect_faults(BEFORE SCEP "[scep-profile a]\nca = corpp\ntemplate = Devise\n"
                                  "certificate_type = device\nchallenge = intune\n",
                      "conf:26: [scep-profile a] ca: there is no section [ca corpp]: did you mean "
                      "corp?\n"
                      "conf:27: [scep-profile a] template: there is no section [template Devise]: "
                      "did you mean Device?\n");
    lab_expect_faults(BEFORE SCEP "[scep-profile a]\nca = corp\ntemplate = Device\n"
                                  "certificate_type = user\nchallenge = intune\n",
                      "conf:28: [scep-profile a] certificate_type: no [policy] allows Device of "
                      "[ca corp] for it, so every request would be refused: name all three in "
                      "one\n");
    lab_expect_faults(BEFORE "[template Other]\n" SCEP
                             "[scep-profile a]\nca = corp\ntemplate = Other\n"
                             "certificate_type = device\nchallenge = intune\n",
                      "conf:28: [scep-profile a] template: [ca corp] does not issue by Other: add "
                      "it to its templates\n");
}

static void
a_profile_asks_for_no_more_than_its_template_gives(void **state)
{
    (void)state;
    expect_profile("validity = 366d", "validity: is more than that of [template Device]");
    expect_profile("key_usage = nonRepudiation",
                   "key_usage: has more than key_usage of [template Device]: no request could be "
                   "served");
    expect_profile("keys = rsa1024",
                   "keys: \"rsa1024\" is none of rsa2048, rsa3072, rsa4096, p256, p384");
}

static void
a_renewal_is_not_due_before_it_can_be(void **state)
{
    (void)state;
    expect_profile("renewal_threshold = 30\nrenewal_window = 20",
                   "renewal_threshold: must not be more than renewal_window: certificates would be "
                   "due before they can be renewed");
}

static void
one_profile_at_most_is_the_default(void **state)
{
    (void)state;
    lab_expect_faults(GOOD "default = yes\n[scep-profile b]\nchallenge = intune\n" PROFILE_REST
                           "default = on\n",
                      "conf:36: [scep-profile b] default: [scep-profile phones] is the default: "
                      "only one can be\n");
}

static void
the_name_of_a_profile_fits_into_a_url(void **state)
{
    static const char *const BAD[] = {"a b", "a/b", ".a", "-a", "\xC3\xA4", "a%20"};
    char text[4096];
    char expected[256];

    (void)state;
    for (size_t i = 0; i < CF_COUNT(BAD); i++) {
        (void)snprintf(text, sizeof text,
                       BEFORE SCEP "[scep-profile %s]\nchallenge = intune\n" PROFILE_REST, BAD[i]);
        (void)snprintf(expected, sizeof expected,
                       "conf:25: the name of a SCEP profile must have letters, digits and . _ - "
                       "only and begin with a letter or digit\n");
        lab_expect_faults(text, expected);
    }
}

static void
challenges_lie_in_a_file_where_they_are_static(void **state)
{
    (void)state;
    expect_profile("challenge_file = /x", "challenge_file: belongs to challenge = static, which "
                                          "this section does not have: remove it");
    lab_expect_faults(BEFORE SCEP "[scep-profile a]\nchallenge = static\n" PROFILE_REST,
                      "conf:25: [scep-profile a] challenge_file: is missing: it is needed with "
                      "challenge = static\n");
    lab_expect_fault_begins(GOOD "challenge_password = hush\n",
                            "conf:30: [scep-profile] has no key \"challenge_password\": secrets "
                            "are never written into this file");
}

static void
without_a_management_service_nothing_of_it_is_needed(void **state)
{
    (void)state;
    cf_own(cf_settings) settings = lab_good("[cloud]\nservice = none\n");
    cf_own_str text = lab_print(settings);

    assert_true(settings->cloud.is_off);
    assert_false(settings->cloud.serves_pkcs);
    assert_contains(text, "\nservice = none\n");
    lab_expect_faults("[cloud]\nservice = none\npkcs = yes\n",
                      "conf:3: [cloud] pkcs: there is no management service: remove it, or service "
                      "= none\n");
    lab_expect_faults("[cloud]\nservice = none\n" CA POLICY SCEP PROFILE,
                      "conf:23: [scep-profile phones] challenge: intune needs the management "
                      "service: [cloud] service = none\n");
}

static void
without_keys_of_devices_no_recipient_is_needed(void **state)
{
    (void)state;
    cf_own(cf_settings) settings =
        lab_good("[cloud]\ntenant = t\nclient_id = c\npkcs = no\nscep_service_name = S\n");

    assert_false(settings->cloud.is_off);
    assert_false(settings->cloud.serves_pkcs);
    assert_string_equal(settings->cloud.scep_service_name, "S");
}

static void
a_database_on_a_server_is_named_without_its_password(void **state)
{
    (void)state;
    cf_own(cf_settings) settings =
        lab_good(LAB_BASE "[store]\nbackend = postgres\nconnection = host=db user=c\n"
                          "password_file = /p\n");
    cf_own_str text = lab_print(settings);

    assert_int_equal(settings->store_backend, CF_STORE_POSTGRES);
    assert_string_equal(settings->store_connection, "host=db user=c");
    assert_contains(text, "backend = postgres\nconnection = host=db user=c\npassword_file = /p\n");
    assert_null(strstr(text, "certferry.db"));
    lab_expect_faults(LAB_BASE "[store]\nbackend = postgres\n",
                      "conf:6: [store] connection: is missing: it is needed with backend = "
                      "postgres\n");
    lab_expect_faults(LAB_BASE "[store]\nconnection = host=db\n",
                      "conf:7: [store] connection: belongs to backend = postgres, which this "
                      "section does not have: remove it\n");
    lab_expect_faults(LAB_BASE "[store]\nbackend = postgres\nconnection = host=a\npath = /x\n",
                      "conf:9: [store] path: belongs to backend = sqlite, which this section does "
                      "not have: remove it\n");
    static struct lab_faults faults;
    assert_null(lab_parse(LAB_BASE "[store]\nbackend = postgres\n"
                                   "connection = host=a password=hush\n",
                          &faults));
    assert_contains(faults.text, "name its file with password_file");
    assert_null(strstr(faults.text, "hush"));
    assert_null(lab_parse(LAB_BASE "[store]\nbackend = postgres\n"
                                   "connection = postgresql://u:hush@h/d\n",
                          &faults));
    assert_contains(faults.text, "must be written as KEYWORD=VALUE");
    assert_null(strstr(faults.text, "hush"));
}

static void
expect_credentials(const char *directory, const char *own, const char *front)
{
    if (directory)
        assert_int_equal(setenv("CREDENTIALS_DIRECTORY", directory, 1), 0);
    else
        assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
    cf_own(cf_settings) settings =
        lab_good(BEFORE PROFILE "[scep]\nlisten = h:80\nra_sign_template = RA\n"
                                "ra_encryption_template = RA\nra_key_file = credential:ra\n");
    assert_string_equal(settings->store_key_file, own);
    assert_string_equal(settings->scep.ra_key_file, front);
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
}

/* Whichever of the two reads the file. */
static void
each_daemon_has_the_credentials_of_its_own_unit(void **state)
{
    (void)state;
    expect_credentials(NULL, "/run/credentials/certferryd.service/store-key",
                       "/run/credentials/certferry-scepd.service/ra");
    expect_credentials("/run/credentials/certferryd.service",
                       "/run/credentials/certferryd.service/store-key",
                       "/run/credentials/certferry-scepd.service/ra");
    expect_credentials("/run/credentials/certferry-scepd@b.service",
                       "/run/credentials/certferryd@b.service/store-key",
                       "/run/credentials/certferry-scepd@b.service/ra");
    expect_credentials("/tmp/certferryd", "/tmp/certferryd/store-key", "/tmp/certferryd/ra");
}

static void
names_what_needs_a_restart(void **state)
{
    (void)state;
    cf_own(cf_settings) old = lab_good(GOOD);
    cf_own(cf_settings) moved =
        lab_good(BEFORE PROFILE SCEP "socket = /s\nmax_waiting = 9\nsocket_user = u\n");
    cf_own(cf_settings) without = lab_good(LAB_BASE);
    cf_own(cf_buf) out = cf_buf_new(1000);
    struct cf_err err = {0};

    assert_ok(cf_config_restart_needed(old, moved, out, &err), err);
    assert_string_equal(cf_buf_str(out), "scep.socket scep.socket_user");
    cf_buf_clear(out);
    assert_ok(cf_config_restart_needed(old, without, out, &err), err);
    assert_string_equal(cf_buf_str(out), "scep");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_is_no_front_door_without_its_section),
        cmocka_unit_test(a_profile_has_the_defaults_of_the_manual),
        cmocka_unit_test(what_a_profile_says_is_read),
        cmocka_unit_test(the_front_door_needs_a_listener_and_the_files_of_tls),
        cmocka_unit_test(an_address_has_a_host_and_a_port),
        cmocka_unit_test(the_registration_authority_has_its_keys_in_one_place),
        cmocka_unit_test(the_templates_of_the_registration_authority_can_do_their_work),
        cmocka_unit_test(a_socket_has_a_path_of_its_own_that_fits),
        cmocka_unit_test(a_profile_names_what_is_there),
        cmocka_unit_test(a_profile_asks_for_no_more_than_its_template_gives),
        cmocka_unit_test(a_renewal_is_not_due_before_it_can_be),
        cmocka_unit_test(one_profile_at_most_is_the_default),
        cmocka_unit_test(the_name_of_a_profile_fits_into_a_url),
        cmocka_unit_test(challenges_lie_in_a_file_where_they_are_static),
        cmocka_unit_test(without_a_management_service_nothing_of_it_is_needed),
        cmocka_unit_test(without_keys_of_devices_no_recipient_is_needed),
        cmocka_unit_test(a_database_on_a_server_is_named_without_its_password),
        cmocka_unit_test(each_daemon_has_the_credentials_of_its_own_unit),
        cmocka_unit_test(names_what_needs_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
