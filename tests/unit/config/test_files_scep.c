/* SPDX-License-Identifier: Apache-2.0 */
/* The files of the SCEP front door: each daemon looks at its own. */
#include "conf_lab.h"

#include <stdlib.h>
#include <string.h>

#include "file_lab.h"
#include "finding_lab.h"

static int
set_up(void **state)
{
    (void)state;
    (void)unsetenv("CREDENTIALS_DIRECTORY");
    file_lab_begin();
    file_lab_write("store.key", "0123456789abcdef0123456789abcdef", 32, 0600);
    file_lab_write("ra.key", "0123456789abcdef0123456789abcdef", 32, 0600);
    file_lab_write("challenges", "hunter2hunter2hunter2\n\nhunter2hunter2hunter3\n", 45, 0600);
    file_lab_write("pin", "hunter2\n", 8, 0600);
    file_lab_cert("next.pem", "P-384", true, -1, 365);
    file_lab_cert("ca.pem", "P-384", true, -1, 365);
    file_lab_cert("tls.pem", "P-256", false, -1, 365);
    file_lab_key("tls.key", "P-256");
    file_lab_write("program", "#!/bin/sh\n", 10, 0755);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    file_lab_end();
    return 0;
}

#define SERVICE                                                                                    \
    "[connector]\nstate_dir = @\n[store]\nkey_file = @/store.key\n"                                \
    "[control]\nsocket = @/control.sock\ngroup = root\n[cloud]\nservice = none\n"                  \
    "[ca c]\nbackend=exec\nhost=h\nname=e\ntemplates=T "                                           \
    "R\ncommand=@/program\nchain_file=@/ca.pem\n"                                                  \
    "[template T]\n[template R]\n" LAB_POLICY("c", "T")
#define FRONT                                                                                      \
    "[scep]\nsocket = @/scep.sock\nsocket_user = root\nra_sign_template = R\n"                     \
    "ra_encryption_template = R\n"
#define FILES                                                                                      \
    "tls_listen = h:443\ntls_cert_file = @/tls.pem\ntls_key_file = @/tls.key\n"                    \
    "ra_key_file = @/ra.key\n"
#define PROFILE                                                                                    \
    "[scep-profile p]\nca = c\ntemplate = T\ncertificate_type = device\nchallenge = static\n"      \
    "challenge_file = @/challenges\nnext_ca_file = @/next.pem\n"
#define GOOD SERVICE FRONT FILES PROFILE

static void
expect_front_clean(const char *text)
{
    lab_check(cf_config_check_front, text);
    assert_string_equal(findings.text, "");
    assert_true(findings.n_ok > 0);
}

static void
expect_front(const char *text, const char *finding)
{
    lab_expect_finding(cf_config_check_front, text, finding);
}

static void
files_in_order_give_no_finding(void **state)
{
    (void)state;
    expect_files_clean(GOOD);
    expect_front_clean(GOOD);
    expect_front_clean(SERVICE FRONT "listen = h:80\nra_token = pkcs11:token=t\n"
                                     "ra_pin_file = @/pin\n" PROFILE);
}

static void
challenges_are_lines_that_nobody_guesses(void **state)
{
    (void)state;
    file_lab_write("challenges", "hunter2\nhunter2hunter2hunter2", 29, 0600);
    expect_file_finding(GOOD, "warning scep-profile p: challenge_file: 1 of 2 challenges have less "
                              "than 16 characters");
    file_lab_write("challenges", "\n\n", 2, 0600);
    expect_file_finding(GOOD, "error scep-profile p: challenge_file: is empty");
    file_lab_write("challenges", "hunter2\0hunter2hunter2", 22, 0600);
    expect_file_finding(GOOD, "error scep-profile p: challenge_file: is no text");
    file_lab_write("challenges", "hunter2hunter2hunter2", 21, 0644);
    expect_file_finding(GOOD, "error scep-profile p: challenge_file: ");
    assert_contains(findings.text, "is open to other users");
}

static void
the_coming_certificate_is_a_cas(void **state)
{
    (void)state;
    file_lab_cert("next.pem", "P-384", false, -1, 365);
    expect_file_finding(GOOD, "error scep-profile p: next_ca_file: certificate 1 is not that of a "
                              "CA");
}

static void
the_socket_needs_its_directory_and_its_user(void **state)
{
    (void)state;
#define SOCKET(lines)                                                                              \
    SERVICE "[scep]\nra_sign_template = R\nra_encryption_template = R\n" lines FILES PROFILE
    expect_file_finding(SOCKET("socket = @/none/scep.sock\nsocket_user = root\n"),
                        "warning scep: socket: directory /tmp/");
    expect_file_finding(SOCKET("socket = @/scep.sock\nsocket_user = no-such-user\n"),
                        "warning scep: socket_user: there is no user no-such-user");
}

/* Neither daemon can read what is the other one's alone. */
static void
each_daemon_looks_at_its_own_files(void **state)
{
    (void)state;
    file_lab_remove("ra.key");
    file_lab_remove("tls.key");
    expect_files_clean(GOOD);
    file_lab_write("ra.key", "0123456789abcdef", 16, 0600);
    file_lab_key("tls.key", "P-256");
    file_lab_remove("challenges");
    file_lab_remove("next.pem");
    file_lab_remove("store.key");
    expect_front(GOOD, "error scep: ra_key_file: 16 bytes, exactly 32 are needed");
    file_lab_write("ra.key", "0123456789abcdef0123456789abcdef", 32, 0640);
    expect_front(GOOD, "error scep: ra_key_file: ");
}

static void
the_key_of_the_listener_is_that_of_its_certificate(void **state)
{
    (void)state;
    file_lab_key("tls.key", "P-384");
    expect_front(GOOD, "error scep: tls_key_file: ");
    file_lab_key("tls.key", "P-256");
    file_lab_cert("tls.pem", "P-256", false, -10, -1);
    expect_front(GOOD, "error scep: tls_cert_file: the certificate ran out");
}

static void
a_credential_that_only_the_front_door_sees_is_a_warning(void **state)
{
    (void)state;
    expect_front(SERVICE FRONT "listen = h:80\nra_key_file = credential:ra\n" PROFILE,
                 "warning scep: ra_key_file: the credential ra is visible to the service only");
}

static void
a_front_door_needs_its_section(void **state)
{
    (void)state;
    expect_front(LAB_BASE, "error scep: there is no section [scep]");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(files_in_order_give_no_finding),
        TEST(challenges_are_lines_that_nobody_guesses),
        TEST(the_coming_certificate_is_a_cas),
        TEST(the_socket_needs_its_directory_and_its_user),
        TEST(each_daemon_looks_at_its_own_files),
        TEST(the_key_of_the_listener_is_that_of_its_certificate),
        TEST(a_credential_that_only_the_front_door_sees_is_a_warning),
        TEST(a_front_door_needs_its_section),
    };
    return cmocka_run_group_tests(tests, file_lab_setup, file_lab_teardown);
}
