/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl_kit.h"

static void
expect_misuse(struct kit_run run, const char *words)
{
    assert_int_equal(run.code, CF_TOOL_USAGE);
    assert_string_equal(run.out, "");
    KIT_HAS(run.err, words);
    kit_assert_harmless(run.err);
    kit_run_done(&run);
}

static void
wrong_usage_is_named_with_exit_code_64(void **state)
{
    (void)state;
    expect_misuse(KIT_RUN("statsu"), "did you mean status?");
    expect_misuse(KIT_RUN("frobnicate\033[2J"), "frobnicate?[2J");
    expect_misuse(KIT_RUN("status", "now"), "takes no argument");
    expect_misuse(KIT_RUN("explain"), "needs an argument: ID");
    expect_misuse(KIT_RUN("explain", "a", "b"), "takes one argument");
    expect_misuse(KIT_RUN("status", "--josn"), "did you mean --json?");
    expect_misuse(KIT_RUN("--state", "failed", "requests"), "unknown option --state");
    expect_misuse(KIT_RUN("status", "-x"), "unknown option -x");
    expect_misuse(KIT_RUN("status", "--json=yes"), "takes no value");
    expect_misuse(KIT_RUN("status", "--json", "--json"), "given twice");
    expect_misuse(KIT_RUN("status", "--socket"), "needs a value: PATH");
    expect_misuse(KIT_RUN("status", "--socket="), "needs a value: PATH");
    expect_misuse(KIT_RUN("status", "--timeout", "soon"), "--timeout");
    expect_misuse(KIT_RUN("requests", "--state", "lost"), "--state");
    expect_misuse(KIT_RUN("requests", "--limit", "0"), "--limit");
    expect_misuse(KIT_RUN("requests", "--limit", "1001"), "--limit");
    expect_misuse(KIT_RUN("requests", "--limit=5", "--all"), "exclude each other");
    expect_misuse(KIT_RUN("expiring", "--days", "0"), "--days");
    expect_misuse(KIT_RUN("expiring", "--days", "3661"), "--days");
    expect_misuse(KIT_RUN("expiring", "--due", "--days=3"), "--due excludes");
    expect_misuse(KIT_RUN("expiring", "--due", "--ended"), "--due excludes");
    expect_misuse(KIT_RUN("expiring", "--limit=5", "--all"), "exclude each other");
    expect_misuse(KIT_RUN("revoke", "01", "--reason", "removeFromCRL"), "--reason");
    expect_misuse(KIT_RUN("ca-cert", "corp", "--chain", "--root"), "--chain");
    expect_misuse(KIT_RUN("enroll", "--lifetime", "1h"), "--lifetime");
    expect_misuse(KIT_RUN("help", "nothing"), "no command 'nothing'");
    expect_misuse(KIT_RUN("completion", "fish"), "bash is");
    expect_misuse(KIT_RUN("explain", "\xff\xfe"), "argument cannot be sent");
}

static void
no_command_prints_the_usage_as_an_error(void **state)
{
    struct kit_run run = kit_run((const char *const[]){NULL});

    (void)state;
    assert_int_equal(run.code, CF_TOOL_USAGE);
    KIT_HAS(run.err, "Usage: certferry");
    kit_run_done(&run);
}

static void
every_command_has_help_and_a_place_in_usage_and_completion(void **state)
{
    struct kit_run usage = KIT_RUN("help");
    struct kit_run completion = KIT_RUN("completion", "bash");

    (void)state;
    assert_int_equal(usage.code, CF_TOOL_OK);
    for (size_t i = 0; i < cf_tool_n_commands; i++) {
        const struct cf_tool_command *command = &cf_tool_commands[i];
        struct kit_run run = KIT_RUN("help", command->name);
        struct kit_run same = KIT_RUN(command->name, "--help");

        assert_int_equal(run.code, CF_TOOL_OK);
        assert_string_equal(run.out, same.out);
        KIT_HAS(usage.out, command->help);
        const char *second = strchr(command->name, ' ');
        KIT_HAS(completion.out, second ? second : command->name);
        size_t n = 0;
        for (const struct cf_tool_option *option = command->options; option->name; option++, n++) {
            KIT_HAS(run.out, option->name);
            KIT_HAS(completion.out, option->name);
        }
        assert_true(n < CF_TOOL_OPTIONS_MAX);
        kit_run_done(&run);
        kit_run_done(&same);
    }
    kit_run_done(&usage);
    kit_run_done(&completion);
}

static void
bash_reads_the_completion_and_offers_what_fits(void **state)
{
    char path[] = "/tmp/certferry-XXXXXX";
    char command[512], line[256] = "";
    struct kit_run run = KIT_RUN("completion", "bash");

    (void)state;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, run.out, strlen(run.out)), (ssize_t)strlen(run.out));
    close(fd);
    snprintf(command, sizeof command,
             "bash -c '. %s; COMP_WORDS=(certferry requests --state del); COMP_CWORD=3; _certferry;"
             " echo ${COMPREPLY[*]}'",
             path);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    assert_non_null(fgets(line, sizeof line, pipe));
    assert_int_equal(pclose(pipe), 0);
    assert_string_equal(line, "delivered\n");
    unlink(path);
    kit_run_done(&run);
}

static void
a_configuration_that_cannot_be_read_is_exit_code_78(void **state)
{
    struct kit_run run = KIT_RUN("status");

    (void)state;
    assert_int_equal(run.code, CF_TOOL_CONFIG);
    KIT_HAS(run.err, "/nonexistent/certferry.conf");
    KIT_HAS(run.err, "--socket");
    kit_run_done(&run);
}

static void
expect_code(const char *answer, int code, const char *in_out, const char *in_err,
            const char *const *words, const char *request)
{
    struct kit_server server;
    const char *all[16] = {"--socket"};
    size_t n = 2;

    kit_serve(&server, KIT_ANSWER, answer);
    all[1] = server.path;
    for (; *words; words++)
        all[n++] = *words;
    struct kit_run run = kit_run(all);
    kit_stop(&server);
    assert_int_equal(run.code, code);
    KIT_HAS(run.out, in_out);
    KIT_HAS(run.err, in_err);
    kit_assert_harmless(run.out);
    kit_assert_harmless(run.err);
    assert_string_equal(server.request[0], request);
    kit_run_done(&run);
}
#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Bytes that are no text go to a file. */
static void
expect_file(const char *answer, const char *bytes, size_t len, const char *const *words,
            const char *request)
{
    char path[] = "/tmp/certferry-ca-cert-XXXXXX";
    char found[64];
    const char *with_output[8] = {NULL};
    size_t n = 0;
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    for (; words[n]; n++)
        with_output[n] = words[n];
    with_output[n++] = "-o";
    with_output[n] = path;
    expect_code(answer, CF_TOOL_OK, "", "", with_output, request);
    close(fd);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(read(fd, found, sizeof found), len);
    assert_memory_equal(found, bytes, len);
    close(fd);
    unlink(path);
}

static void
exit_codes_tell_refusal_from_absence_from_silence(void **state)
{
    static const char request[] = "{\"command\":\"retry\",\"id\":\"r1\"}";
    struct kit_run run = KIT_RUN("retry", "r1", "--socket", "/nonexistent/control");

    (void)state;
    assert_int_equal(run.code, CF_TOOL_UNREACHABLE);
    kit_run_done(&run);
    expect_code("{\"ok\":true,\"result\":{\"requestContext\":\"r1\"}}\n", CF_TOOL_OK,
                "Request r1 is tried again now.\n", "", WORDS("retry", "r1"), request);
    expect_code("{\"ok\":false,\"error\":{\"name\":\"CF_E_CONFLICT\",\"fault\":\"request\","
                "\"text\":\"finished\\u001b[2J\"}}\n",
                CF_TOOL_REFUSED, "", "finished?[2J", WORDS("retry", "r1"), request);
    expect_code("{\"ok\":false,\"error\":{\"name\":\"CF_E_NOT_FOUND\",\"fault\":\"request\","
                "\"text\":\"no request r1\"}}\n",
                CF_TOOL_NOT_FOUND, "", "no request r1", WORDS("retry", "r1"), request);
    /* A daemon that could not reach a CA is not a daemon that cannot be reached. */
    expect_code("{\"ok\":false,\"error\":{\"name\":\"CF_E_NET\",\"fault\":\"transient\","
                "\"text\":\"CA away\"}}\n",
                CF_TOOL_REFUSED, "", "CA away", WORDS("retry", "r1"), request);
    expect_code("nonsense\n", CF_TOOL_UNREACHABLE, "", "not JSON", WORDS("retry", "r1"), request);
}

static void
requests_carry_what_the_options_say(void **state)
{
    static const char empty[] = "{\"ok\":true,\"result\":{\"requests\":[]}}\n";
    static const char revoked[] =
        "{\"ok\":true,\"result\":{\"serial\":\"0A\",\"wasRevoked\":true}}\n";

    (void)state;
    expect_code(
        empty, CF_TOOL_OK, "No requests.", "",
        WORDS("requests", "--state=failed", "--device", "d\"1", "--limit", "7"),
        "{\"command\":\"requests\",\"state\":\"failed\",\"device\":\"d\\\"1\",\"limit\":7}");
    expect_code(revoked, CF_TOOL_OK, "Certificate 0A was revoked before", "",
                WORDS("revoke", "0A", "--reason", "keycompromise", "--issuer=CN=x"),
                "{\"command\":\"revoke\",\"serial\":\"0A\",\"issuer\":\"CN=x\",\"reason\":1}");
    expect_code("{\"ok\":true,\"result\":{\"requestContext\":\"-x\"}}\n", CF_TOOL_OK, "denied", "",
                WORDS("deny", "--", "-x"), "{\"command\":\"deny\",\"id\":\"-x\"}");
}

static void
expiring_carries_what_the_options_say(void **state)
{
    static const char empty[] = "{\"ok\":true,\"result\":{\"certificates\":[]}}\n";

    (void)state;
    expect_code(empty, CF_TOOL_OK, "No certificates.", "", WORDS("expiring"),
                "{\"command\":\"expiring\",\"which\":\"ending\"}");
    expect_code(empty, CF_TOOL_OK, "No certificates.", "", WORDS("expiring", "--due", "--limit=9"),
                "{\"command\":\"expiring\",\"which\":\"due\",\"limit\":9}");
    expect_code(empty, CF_TOOL_OK, "No certificates.", "",
                WORDS("expiring", "--ended", "--days", "7", "--all"),
                "{\"command\":\"expiring\",\"which\":\"ended\",\"days\":7,\"limit\":1000,"
                "\"after\":0}");
    expect_code(empty, CF_TOOL_OK, "{\"certificates\":[]}\n", "",
                WORDS("expiring", "--all", "--json"),
                "{\"command\":\"expiring\",\"which\":\"ending\",\"limit\":1000,\"after\":0}");
}

static void
all_pages_become_one_list(void **state)
{
    struct kit_server server;

    (void)state;
    for (int json = 0; json < 2; json++) {
        kit_serve(&server, KIT_ANSWER,
                  "{\"ok\":true,\"result\":{\"requests\":[{\"requestContext\":\"r1\",\"state\":"
                  "\"keyed\"}],\"after\":17}}\n");
        server.answer[1] = "{\"ok\":true,\"result\":{\"requests\":[{\"requestContext\":\"r2\","
                           "\"state\":\"failed\"}]}}\n";
        server.n_answers = 2;
        struct kit_run run =
            KIT_RUN("requests", "--all", "-s", server.path, json ? "--json" : "--timeout=5s");
        kit_stop(&server);
        assert_int_equal(run.code, CF_TOOL_OK);
        assert_int_equal(server.n_requests, 2);
        assert_string_equal(server.request[1],
                            "{\"command\":\"requests\",\"limit\":1000,\"after\":17}");
        if (json)
            assert_string_equal(run.out,
                                "{\"requests\":[{\"requestContext\":\"r1\",\"state\":\"keyed\"},"
                                "{\"requestContext\":\"r2\",\"state\":\"failed\"}]}\n");
        KIT_HAS(run.out, "r1");
        KIT_HAS(run.out, "r2");
        kit_run_done(&run);
    }
}

static void
pages_that_do_not_go_on_end_the_listing(void **state)
{
    struct kit_server server;

    (void)state;
    kit_serve(&server, KIT_ANSWER, "{\"ok\":true,\"result\":{\"requests\":[],\"after\":5}}\n");
    struct kit_run run = KIT_RUN("requests", "--all", "-s", server.path);
    kit_stop(&server);
    assert_int_equal(run.code, CF_TOOL_UNREACHABLE);
    assert_int_equal(server.n_requests, 2);
    kit_run_done(&run);
}

static void
json_is_the_result_with_nothing_for_a_terminal_to_act_on(void **state)
{
    (void)state;
    expect_code("{\"ok\":true,\"result\":{\"a\":\"x\\u0007\\u007f\\u009b\\u202e\xf0\x9f\x98\x80"
                "\"}}\n",
                CF_TOOL_OK, "\\u0007\\u007f\\u009b\\u202e", "", WORDS("status", "--json"),
                "{\"command\":\"status\"}");
}

static void
a_check_with_errors_is_exit_code_4_and_with_warnings_5(void **state)
{
    static const char request[] = "{\"command\":\"check\"}";

    (void)state;
    expect_code("{\"ok\":true,\"result\":{\"findings\":[{\"severity\":\"warning\",\"subject\":"
                "\"store\",\"text\":\"old\",\"remedy\":\"prune\"}]}}\n",
                CF_TOOL_WARNINGS, "0 errors, 1 warning, 0 in order", "", WORDS("check"), request);
    expect_code("{\"ok\":true,\"result\":{\"findings\":[{\"severity\":\"error\",\"subject\":"
                "\"store\",\"text\":\"bad\",\"remedy\":null}]}}\n",
                CF_TOOL_FINDINGS, "\"severity\":\"error\"", "", WORDS("check", "--json"), request);
    /* What we do not know is not taken for good. */
    expect_code("{\"ok\":true,\"result\":{\"findings\":[{\"severity\":\"fatal\"}]}}\n",
                CF_TOOL_FINDINGS, "1 error,", "", WORDS("check"), request);
}

static void
a_ca_certificate_is_written_as_asked(void **state)
{
    static const char answer[] =
        "{\"ok\":true,\"result\":{\"name\":\"corp\",\"pem\":\"x\",\"certificates\":[{\"subject\":"
        "\"CN=sub\",\"issuer\":\"CN=root\",\"der\":\"MAA=\"},{\"subject\":\"CN=root\",\"issuer\":"
        "\"CN=root\",\"der\":\"MAEA\"}]}}\n";
    static const char cut[] =
        "{\"ok\":true,\"result\":{\"certificates\":[{\"subject\":\"CN=sub\",\"issuer\":\"CN=root\","
        "\"der\":\"MAA=\"}]}}\n";
    static const char hostile[] =
        "{\"ok\":true,\"result\":{\"certificates\":[{\"der\":\"\\u001b[2J\"}]}}\n";
    static const char request[] = "{\"command\":\"ca-cert\",\"name\":\"corp\"}";

    (void)state;
    expect_code(answer, CF_TOOL_OK,
                "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", "",
                WORDS("ca-cert", "corp"), request);
    expect_code(answer, CF_TOOL_OK, "\nMAEA\n", "", WORDS("ca-cert", "corp", "--root"), request);
    expect_code(answer, CF_TOOL_OK, "-----\nMAEA\n", "", WORDS("ca-cert", "corp", "--chain"),
                request);
    expect_file(answer, "0\0000\001\0", 5, WORDS("ca-cert", "corp", "--chain", "--der"), request);
    expect_file(answer, "0\001\0", 3, WORDS("ca-cert", "corp", "--root", "--der"), request);
    expect_code(cut, CF_TOOL_NOT_FOUND, "", "below its root", WORDS("ca-cert", "corp", "--root"),
                request);
    expect_code(hostile, CF_TOOL_REFUSED, "", "certferry:", WORDS("ca-cert", "corp"), request);
    expect_code("{\"ok\":true,\"result\":{\"certificates\":[]}}\n", CF_TOOL_NOT_FOUND, "",
                "no certificate", WORDS("ca-cert", "corp"), request);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_usage_is_named_with_exit_code_64),
        cmocka_unit_test(no_command_prints_the_usage_as_an_error),
        cmocka_unit_test(every_command_has_help_and_a_place_in_usage_and_completion),
        cmocka_unit_test(bash_reads_the_completion_and_offers_what_fits),
        cmocka_unit_test(a_configuration_that_cannot_be_read_is_exit_code_78),
        cmocka_unit_test(exit_codes_tell_refusal_from_absence_from_silence),
        cmocka_unit_test(requests_carry_what_the_options_say),
        cmocka_unit_test(expiring_carries_what_the_options_say),
        cmocka_unit_test(all_pages_become_one_list),
        cmocka_unit_test(pages_that_do_not_go_on_end_the_listing),
        cmocka_unit_test(json_is_the_result_with_nothing_for_a_terminal_to_act_on),
        cmocka_unit_test(a_check_with_errors_is_exit_code_4_and_with_warnings_5),
        cmocka_unit_test(a_ca_certificate_is_written_as_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
