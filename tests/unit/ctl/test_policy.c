/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit/ctl/ctl_kit.h"

static char dir[] = "/tmp/certferry-XXXXXX";
static char conf[64], request[64];

static const char CONF[] = "[cloud]\ntenant = 00000000-0000-0000-0000-000000000001\n"
                           "client_id = 00000000-0000-0000-0000-000000000002\n"
                           "client_secret_file = /nonexistent/secret\n"
                           "[recipient]\ncheck = no\n"
                           "[control]\nsocket = /nonexistent/control.sock\n"
                           "[ca corp]\nbackend = local\nhost = ca.example.com\nname = Example CA\n"
                           "cert_file = /nonexistent/ca.pem\nkey_file = /nonexistent/ca.key\n"
                           "templates = device\n"
                           "[template device]\nkey = p256\neku = clientAuth\n"
                           "[policy staff]\nca = corp\ntemplates = device\n"
                           "certificate_type = user\nsubject_allow = CN=LAPTOP-*\n";
static const char DIRECTORY[] = "refused_groups = privileged\n"
                                "[directory]\nuri = ldaps://dc.example.com\nauth = simple\n"
                                "bind_dn = CN=x,DC=example\n"
                                "password_file = /nonexistent/password\n";
static const char REQUEST[] =
    "{\"requestContext\":\"ctx-1\",\"requestType\":\"issue\","
    "\"leaseExpiresUtc\":\"2030-01-01T00:00:00Z\",\"certificationAuthority\":\"ca.example.com\","
    "\"certificationAuthorityName\":\"Example CA\",\"certificateTemplateName\":\"device\","
    "\"profile\":{\"id\":\"p\",\"name\":\"Wi-Fi\",\"platform\":\"agent\","
    "\"certificateType\":\"user\",\"subjectNameFormat\":\"CN={{DeviceName}}\","
    "\"validityPeriod\":{\"value\":90,\"scale\":\"days\"},\"renewalThresholdPercentage\":20},"
    "\"device\":{\"id\":\"d\",\"platform\":\"agent\",\"osVersion\":\"12.0\","
    "\"deviceName\":\"%s\"},"
    "\"user\":{\"userName\":\"ada\",\"userPrincipalName\":\"ada@example.com\"},"
    "\"recipientCertificate\":\"AAEC\"}\n";

static void
write_file(char *path, const char *name, const char *a, const char *b)
{
    snprintf(path, 64, "%s/%s", dir, name);
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(a, file);
    fputs(b, file);
    assert_int_equal(fclose(file), 0);
}

static void
write_request(const char *device_name)
{
    char text[2048];

    snprintf(text, sizeof text, REQUEST, device_name);
    write_file(request, "request.json", text, "");
}

static int
set_up(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/certferry-XXXXXX");
    assert_non_null(mkdtemp(dir));
    write_file(conf, "certferry.conf", CONF, "");
    write_request("LAPTOP-1");
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    unlink(conf);
    unlink(request);
    return rmdir(dir);
}

static void
offline_the_configuration_judges(void **state)
{
    struct kit_run run = KIT_RUN("-c", conf, "policy", "test", "--offline", request);

    (void)state;
    KIT_HAS(run.out, "Verdict: allowed");
    KIT_HAS(run.out, "CN=LAPTOP-1");
    assert_int_equal(run.code, CF_TOOL_OK);
    kit_run_done(&run);
}

static void
a_refusal_names_its_rule_and_is_exit_code_4(void **state)
{
    (void)state;
    write_request("Administrator");
    struct kit_run run = KIT_RUN("-c", conf, "policy", "--json", "test", request, "--offline");

    KIT_HAS(run.out, "\"verdict\":\"refused\",\"error\":\"CF_E_POLICY\"");
    KIT_HAS(run.out, "[policy staff] subject_allow");
    assert_int_equal(run.code, CF_TOOL_FINDINGS);
    kit_run_done(&run);
}

/* The request of set_up with one more member of its profile. */
static void
write_sid_request(void)
{
    char text[2048], longer[2048];

    snprintf(text, sizeof text, REQUEST, "LAPTOP-1");
    char *end = strstr(text, "20},");
    assert_non_null(end);
    snprintf(longer, sizeof longer, "%.*s20,\"includeSecurityIdentifier\":true%s",
             (int)(end - text), text, end + 2);
    write_file(request, "request.json", longer, "");
}

static void
a_sid_that_the_daemon_could_not_put_in_is_a_refusal(void **state)
{
    (void)state;
    write_sid_request();
    struct kit_run run = KIT_RUN("-c", conf, "policy", "--json", "test", request, "--offline");

    KIT_HAS(run.out, "{\"rule\":\"security_identifier\",\"verdict\":\"refused\"");
    KIT_HAS(run.out, "\"verdict\":\"refused\",\"error\":\"CF_E_FACT\"");
    assert_int_equal(run.code, CF_TOOL_FINDINGS);
    kit_run_done(&run);

    write_request("LAPTOP-1");
    struct kit_run without = KIT_RUN("-c", conf, "policy", "--json", "test", request, "--offline");
    KIT_HAS(without.out, "{\"rule\":\"security_identifier\",\"verdict\":\"not concerned\"");
    assert_int_equal(without.code, CF_TOOL_OK);
    kit_run_done(&without);
}

static void
what_is_no_request_is_refused(void **state)
{
    static const char *const texts[] = {"", "{}", "[", "\x01", "{\"requestContext\":7}"};

    (void)state;
    for (size_t i = 0; i < CF_COUNT(texts); i++) {
        write_file(request, "request.json", texts[i], "");
        struct kit_run run = KIT_RUN("-c", conf, "policy", "test", "--offline", request);

        KIT_HAS(run.out, "Verdict: refused");
        assert_int_equal(run.code, CF_TOOL_FINDINGS);
        kit_run_done(&run);
    }
    struct kit_run run = KIT_RUN("-c", conf, "policy", "test", "--offline", "/nonexistent");
    assert_int_not_equal(run.code, CF_TOOL_OK);
    KIT_HAS(run.err, "/nonexistent");
    kit_run_done(&run);
}

static void
without_the_daemon_rules_of_the_directory_stay_open(void **state)
{
    (void)state;
    write_file(conf, "certferry.conf", CONF, DIRECTORY);
    struct kit_run run = KIT_RUN("-c", conf, "policy", "test", request);

    KIT_HAS(run.err, "certferryd does not run");
    KIT_HAS(run.out, "refused_groups");
    KIT_HAS(run.out, "Verdict: undecided");
    assert_int_equal(run.code, CF_TOOL_WARNINGS);
    kit_run_done(&run);
}

static void
the_daemon_is_asked_with_the_text_of_the_request(void **state)
{
    static const char answer[] = "{\"ok\":true,\"result\":{\"rules\":[{\"rule\":\"eku\","
                                 "\"verdict\":\"refused\",\"text\":\"no\\u001b[2J\"}],"
                                 "\"verdict\":\"refused\",\"text\":\"no\"}}\n";
    struct kit_server server;

    (void)state;
    kit_serve(&server, KIT_ANSWER, answer);
    struct kit_run run = KIT_RUN("-s", server.path, "policy", "test", request);
    kit_stop(&server);
    KIT_HAS(server.request[0], "\"command\":\"policy-test\",\"document\":\"{\\\"requestContext");
    KIT_HAS(run.out, "eku");
    kit_assert_harmless(run.out);
    assert_int_equal(run.code, CF_TOOL_FINDINGS);
    kit_run_done(&run);
}

static void
commands_of_two_words_are_wanted_whole(void **state)
{
    struct kit_run alone = KIT_RUN("policy");
    struct kit_run wrong = KIT_RUN("policy", "tset", request);
    struct kit_run lacking = KIT_RUN("policy", "test");
    struct kit_run twice = KIT_RUN("policy", "test", "a", "b");
    struct kit_run help = KIT_RUN("help", "policy");

    (void)state;
    assert_int_equal(alone.code, CF_TOOL_USAGE);
    KIT_HAS(alone.err, "certferry policy test");
    assert_int_equal(wrong.code, CF_TOOL_USAGE);
    KIT_HAS(wrong.err, "did you mean test?");
    assert_int_equal(lacking.code, CF_TOOL_USAGE);
    KIT_HAS(lacking.err, "FILE");
    assert_int_equal(twice.code, CF_TOOL_USAGE);
    assert_int_equal(help.code, CF_TOOL_OK);
    KIT_HAS(help.out, "Usage: certferry policy test FILE");
    kit_run_done(&alone);
    kit_run_done(&wrong);
    kit_run_done(&lacking);
    kit_run_done(&twice);
    kit_run_done(&help);
}

int
main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(offline_the_configuration_judges),
        TEST(a_refusal_names_its_rule_and_is_exit_code_4),
        TEST(a_sid_that_the_daemon_could_not_put_in_is_a_refusal),
        TEST(what_is_no_request_is_refused),
        TEST(without_the_daemon_rules_of_the_directory_stay_open),
        TEST(the_daemon_is_asked_with_the_text_of_the_request),
        TEST(commands_of_two_words_are_wanted_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
