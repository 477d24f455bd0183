/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl_kit.h"

static char dir[32];
static char config[64], identity[64], cert[64];

static void
write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void
write_config(const char *auth, const char *file_name)
{
    char text[1024];

    snprintf(text, sizeof text,
             "[connector]\nid = node1\nstate_dir = %s/state\n[cloud]\nendpoint = "
             "https://cloud.example/\ntenant = contoso.example\nclient_id = "
             "11111111-2222-3333-4444-555555555555\nauth = %s\nclient_secret_file = %s/secret\n"
             "tls_cert_file = %s/tls.pem\ntls_key_file = %s/tls.key\nassertion_file = %s/%s\n"
             "[recipient]\nca_file = %s/devices.pem\n[store]\nkey_file = %s/store.key\n",
             dir, auth, dir, dir, dir, dir, file_name, dir, dir);
    write_text(config, text);
}

static int
set_up(void **state)
{
    char path[64];

    (void)state;
    umask(0022);
    strcpy(dir, "/tmp/certferry-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/state", dir);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(config, sizeof config, "%s/certferry.conf", dir);
    snprintf(identity, sizeof identity, "%s/state/assertion.pem", dir);
    snprintf(cert, sizeof cert, "%s/cert.pem", dir);
    write_config("certificate", "state/assertion.pem");
    return 0;
}

static int
tear_down(void **state)
{
    char command[64];

    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return system(command);
}

static void CF_PRINTF(1, 2) shell(const char *format, ...)
{
    char command[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    if (system(command) != 0)
        fail_msg("%s", command);
}

static void
openssl_verifies_key_and_certificate(void **state)
{
    struct stat st;

    (void)state;
    kit_expect(KIT_RUN("enroll", "-c", config, "-o", cert, "--lifetime", "90d"), CF_TOOL_OK,
               "scep_challenge_provider", "");
    assert_int_equal(stat(identity, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(stat(cert, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0644);
    shell("openssl x509 -in %s -noout -checkend %d", cert, 89 * 86400);
    shell("! openssl x509 -in %s -noout -checkend %d >/dev/null", cert, 91 * 86400);
    shell("openssl verify -CAfile %s %s >/dev/null", cert, cert);
    shell("openssl x509 -in %s -noout -subject | grep -q 'CN = node1$'", cert);
    shell("openssl pkey -in %s -noout -text | grep -q '2048 bit'", identity);
    shell("test \"$(openssl pkey -in %s -pubout)\" = \"$(openssl x509 -in %s -noout -pubkey)\"",
          identity, cert);
    shell("! grep -q PRIVATE %s", cert);
}

static void
the_thumbprints_are_those_of_the_certificate(void **state)
{
    char output[64];

    (void)state;
    struct kit_run run = KIT_RUN("enroll", "-c", config);
    assert_int_equal(run.code, CF_TOOL_OK);
    snprintf(output, sizeof output, "%s/output", dir);
    write_text(output, run.out);
    kit_run_done(&run);
    shell("openssl x509 -in %s -out %s", output, cert);
    shell("grep -qE \"^SHA-1 *$(openssl x509 -in %s -noout -fingerprint -sha1 | sed 's/.*=//; "
          "s/://g')$\" %s",
          cert, output);
    shell("grep -q \"^SHA-256 *$(openssl x509 -in %s -noout -fingerprint -sha256 | sed 's/.*=//; "
          "s/://g')$\" %s",
          cert, output);
}

static void
an_identity_that_is_there_is_kept_without_force(void **state)
{
    struct stat first, second;
    char next[80];

    (void)state;
    kit_expect(KIT_RUN("enroll", "-c", config, "-o", cert), CF_TOOL_OK, "Valid until", "");
    assert_int_equal(stat(identity, &first), 0);
    kit_expect(KIT_RUN("enroll", "-c", config, "-o", cert), CF_TOOL_REFUSED, "", "valid until 2");
    assert_int_equal(stat(identity, &second), 0);
    assert_int_equal(first.st_ino, second.st_ino);

    /* The successor of the old identity must not take the place of the new one. */
    snprintf(next, sizeof next, "%s.next", identity);
    write_text(next, "x");
    kit_expect(KIT_RUN("enroll", "-c", config, "-o", cert, "--force"), CF_TOOL_OK, "", "");
    assert_int_equal(stat(identity, &second), 0);
    assert_int_not_equal(first.st_ino, second.st_ino);
    assert_int_not_equal(access(next, F_OK), 0);
}

static void
something_else_at_its_place_is_not_overwritten(void **state)
{
    (void)state;
    write_text(identity, "precious\n");
    kit_expect(KIT_RUN("enroll", "-c", config), CF_TOOL_REFUSED, "", "is no identity");
    shell("grep -q precious %s", identity);
}

static void
a_symbolic_link_is_never_followed(void **state)
{
    char victim[64], link[64];

    (void)state;
    snprintf(victim, sizeof victim, "%s/victim", dir);
    write_text(victim, "precious\n");
    assert_int_equal(symlink(victim, identity), 0);
    kit_expect(KIT_RUN("enroll", "-c", config, "--force"), CF_TOOL_REFUSED, "", "no regular file");
    shell("grep -q precious %s && test -L %s", victim, identity);

    snprintf(link, sizeof link, "%s/link", dir);
    assert_int_equal(symlink("state", link), 0);
    write_config("certificate", "link/other.pem");
    kit_expect(KIT_RUN("enroll", "-c", config), CF_TOOL_REFUSED, "",
               "symbolic link is not followed");
    shell("test ! -e %s/state/other.pem", dir);
}

static void
a_directory_that_others_can_write_is_refused(void **state)
{
    char path[64];

    (void)state;
    snprintf(path, sizeof path, "%s/state", dir);
    assert_int_equal(chmod(path, 0777), 0);
    kit_expect(KIT_RUN("enroll", "-c", config), CF_TOOL_REFUSED, "", "chmod go-w");
    assert_int_not_equal(access(identity, F_OK), 0);
}

static void
root_gives_the_file_to_the_owner_of_the_state_directory(void **state)
{
    char path[64];
    struct stat st;

    (void)state;
    if (geteuid() != 0)
        skip();
    snprintf(path, sizeof path, "%s/state", dir);
    assert_int_equal(chown(path, 65534, 65534), 0);
    kit_expect(KIT_RUN("enroll", "-c", config), CF_TOOL_OK, "BEGIN CERTIFICATE", "");
    assert_int_equal(stat(identity, &st), 0);
    assert_int_equal(st.st_uid, 65534);
    assert_int_equal(st.st_gid, 65534);
    assert_int_equal(st.st_mode & 07777, 0600);
    kit_expect(KIT_RUN("enroll", "-c", config), CF_TOOL_REFUSED, "", "--force replaces it");
}

static void
a_missing_directory_is_named(void **state)
{
    (void)state;
    write_config("certificate", "nowhere/assertion.pem");
    kit_expect(KIT_RUN("enroll", "-c", config), CF_TOOL_REFUSED, "", "nowhere does not exist");
}

static void
other_ways_to_sign_in_need_no_enrolment(void **state)
{
    (void)state;
    write_config("secret", "state/assertion.pem");
    kit_expect(KIT_RUN("enroll", "-c", config), CF_TOOL_OK, "client_secret_file", "");
    write_config("tls", "state/assertion.pem");
    kit_expect(KIT_RUN("enroll", "-c", config), CF_TOOL_OK, "tls_cert_file", "");
    assert_int_not_equal(access(identity, F_OK), 0);
}

static void
json_says_the_same_to_a_program(void **state)
{
    (void)state;
    kit_expect(KIT_RUN("enroll", "-c", config, "--json"), CF_TOOL_OK, "{\"enrolled\":true,", "");
}

static void
check_offline_looks_at_the_files_without_a_daemon(void **state)
{
    (void)state;
    kit_expect(KIT_RUN("check", "-c", config, "--offline"), CF_TOOL_FINDINGS, "error", "");
    kit_expect(KIT_RUN("check", "-c", config, "-s", "/nonexistent/control", "--json"),
               CF_TOOL_FINDINGS, "\"offline\":true", "does not run");
    write_text(config, "[connector]\nidd = node1\n");
    kit_expect(KIT_RUN("check", "-c", config, "--offline"), CF_TOOL_CONFIG, "", ":2: ");
}

int
main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(openssl_verifies_key_and_certificate),
        TEST(the_thumbprints_are_those_of_the_certificate),
        TEST(an_identity_that_is_there_is_kept_without_force),
        TEST(something_else_at_its_place_is_not_overwritten),
        TEST(a_symbolic_link_is_never_followed),
        TEST(a_directory_that_others_can_write_is_refused),
        TEST(root_gives_the_file_to_the_owner_of_the_state_directory),
        TEST(a_missing_directory_is_named),
        TEST(other_ways_to_sign_in_need_no_enrolment),
        TEST(json_says_the_same_to_a_program),
        TEST(check_offline_looks_at_the_files_without_a_daemon),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
