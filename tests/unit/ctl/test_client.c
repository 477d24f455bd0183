/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "certferry/ctl.h"
#include "ctl_kit.h"

enum { TIMEOUT_MS = 5000 };

static enum cf_rc
call(const char *path, uint64_t timeout_ms, struct cf_err *err)
{
    cf_own(cf_json) answer = NULL;
    enum cf_rc rc = cf_ctl_call(path, "{\"command\":\"status\"}", timeout_ms, &answer, err);

    assert_true((rc == CF_OK) == (answer != NULL));
    return rc;
}

static void
expect_answer(enum kit_manner manner, const char *answer, enum cf_rc rc, const char *words)
{
    struct kit_server server;
    struct cf_err err = {0};

    kit_serve(&server, manner, answer);
    assert_int_equal(call(server.path, TIMEOUT_MS, &err), rc);
    kit_stop(&server);
    if (rc != CF_OK) {
        assert_int_equal(err.rc, rc);
        KIT_HAS(err.text, words);
    }
}

static void
a_result_comes_back_whole(void **state)
{
    struct kit_server server;
    cf_own(cf_json) answer = NULL;
    const struct cf_json *result = NULL;
    int64_t n = 0;

    (void)state;
    kit_serve(&server, KIT_ANSWER, "{\"ok\":true,\"result\":{\"n\":42}}\n");
    assert_int_equal(
        cf_ctl_call(server.path, "{\"command\":\"status\"}", TIMEOUT_MS, &answer, NULL), CF_OK);
    kit_stop(&server);
    assert_string_equal(server.request[0], "{\"command\":\"status\"}");
    assert_int_equal(cf_json_object(answer, "result", &result, NULL), CF_OK);
    assert_int_equal(cf_json_int(result, "n", 0, 100, &n, NULL), CF_OK);
    assert_int_equal(n, 42);
}

static void
an_error_comes_back_with_its_own_name_fault_and_text(void **state)
{
    struct kit_server server;
    struct cf_err err = {0};

    (void)state;
    kit_serve(&server, KIT_ANSWER,
              "{\"ok\":false,\"error\":{\"name\":\"CF_E_CA_DOWN\",\"fault\":\"config\","
              "\"text\":\"CA corp is away\"}}\n");
    assert_int_equal(call(server.path, TIMEOUT_MS, &err), CF_E_CA_DOWN);
    kit_stop(&server);
    assert_int_equal(err.fault, CF_FAULT_CONFIG);
    assert_string_equal(err.text, "CA corp is away");
}

static void
an_error_of_a_newer_daemon_is_an_error_still(void **state)
{
    (void)state;
    expect_answer(KIT_ANSWER,
                  "{\"ok\":false,\"error\":{\"name\":\"CF_E_NOVEL\",\"fault\":\"x\","
                  "\"text\":\"something new\"}}\n",
                  CF_E_BUG, "something new");
    expect_answer(KIT_ANSWER,
                  "{\"ok\":false,\"error\":{\"name\":\"CF_OK\",\"fault\":\"x\","
                  "\"text\":\"not ok\"}}\n",
                  CF_E_BUG, "not ok");
}

static void
a_socket_that_nobody_listens_on_says_how_to_start(void **state)
{
    struct kit_server server;
    struct cf_err err = {0};

    (void)state;
    assert_int_equal(call("/nonexistent/control", TIMEOUT_MS, &err), CF_E_NET);
    KIT_HAS(err.text, "systemctl start certferryd");

    kit_serve(&server, KIT_ANSWER, "");
    shutdown(server.fd, SHUT_RDWR);
    pthread_join(server.thread, NULL);
    close(server.fd);
    assert_int_equal(call(server.path, TIMEOUT_MS, &err), CF_E_NET);
    unlink(server.path);
    rmdir(server.dir);
}

static void
a_socket_that_is_closed_to_us_says_who_may(void **state)
{
    struct kit_server server;
    struct cf_err err = {0};

    (void)state;
    if (geteuid() == 0 && seteuid(65534) != 0)
        skip();
    if (geteuid() == 65534)
        assert_int_equal(seteuid(0), 0);
    kit_serve(&server, KIT_ANSWER, "{\"ok\":true,\"result\":{}}\n");
    assert_int_equal(chmod(server.dir, 0755), 0);
    assert_int_equal(chmod(server.path, 0), 0);
    bool was_root = geteuid() == 0;
    if (was_root)
        assert_int_equal(seteuid(65534), 0);
    assert_int_equal(call(server.path, TIMEOUT_MS, &err), CF_E_PERMISSION);
    if (was_root)
        assert_int_equal(seteuid(0), 0);
    kit_stop(&server);
    KIT_HAS(err.text, "[control] group");
}

static void
a_path_that_is_too_long_is_refused(void **state)
{
    char path[200];
    struct cf_err err = {0};

    (void)state;
    memset(path, 'a', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    assert_int_equal(call(path, TIMEOUT_MS, &err), CF_E_CONFIG);
    assert_int_equal(call("", TIMEOUT_MS, &err), CF_E_CONFIG);
}

static void
a_broken_answer_violates_the_protocol(void **state)
{
    (void)state;
    expect_answer(KIT_CLOSE_AT_ONCE, NULL, CF_E_PROTOCOL, "without an answer");
    expect_answer(KIT_ANSWER, "", CF_E_PROTOCOL, "without an answer");
    expect_answer(KIT_ANSWER, "{\"ok\":true,", CF_E_PROTOCOL, "breaks off after 11 bytes");
    expect_answer(KIT_ANSWER, "hello\n", CF_E_PROTOCOL, "not JSON");
    expect_answer(KIT_ANSWER, "\n", CF_E_PROTOCOL, "not JSON");
    expect_answer(KIT_ANSWER, "[]\n", CF_E_PROTOCOL, "cannot be read");
    expect_answer(KIT_ANSWER, "{}\n", CF_E_PROTOCOL, "ok");
    expect_answer(KIT_ANSWER, "{\"ok\":1}\n", CF_E_PROTOCOL, "ok");
    expect_answer(KIT_ANSWER, "{\"ok\":true}\n", CF_E_PROTOCOL, "result");
    expect_answer(KIT_ANSWER, "{\"ok\":true,\"result\":[]}\n", CF_E_PROTOCOL, "result");
    expect_answer(KIT_ANSWER, "{\"ok\":false}\n", CF_E_PROTOCOL, "error");
    expect_answer(KIT_ANSWER, "{\"ok\":false,\"error\":{\"name\":7}}\n", CF_E_PROTOCOL, "name");
    expect_answer(KIT_ANSWER, "{\"ok\":true,\"result\":{}}\n{}\n", CF_E_PROTOCOL, "one line");
}

static void
an_answer_without_end_is_cut_off(void **state)
{
    (void)state;
    expect_answer(KIT_FLOOD, NULL, CF_E_PROTOCOL, "larger than");
}

static void
a_daemon_that_hangs_costs_the_timeout_only(void **state)
{
    struct kit_server server;
    struct cf_err err = {0};

    (void)state;
    kit_serve(&server, KIT_SILENCE, NULL);
    assert_int_equal(call(server.path, 100, &err), CF_E_TIMEOUT);
    kit_stop(&server);
    KIT_HAS(err.text, "--timeout");
}

static void
a_request_that_cannot_be_one_line_is_not_sent(void **state)
{
    static char big[CF_CTL_REQUEST_MAX + 2];
    cf_own(cf_json) answer = NULL;

    (void)state;
    assert_int_equal(cf_ctl_call("/nonexistent", "{}\n{}", 100, &answer, NULL), CF_E_BUG);
    memset(big, ' ', sizeof big - 1);
    assert_int_equal(cf_ctl_call("/nonexistent", big, 100, &answer, NULL), CF_E_LIMIT);
    assert_null(answer);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_result_comes_back_whole),
        cmocka_unit_test(an_error_comes_back_with_its_own_name_fault_and_text),
        cmocka_unit_test(an_error_of_a_newer_daemon_is_an_error_still),
        cmocka_unit_test(a_socket_that_nobody_listens_on_says_how_to_start),
        cmocka_unit_test(a_socket_that_is_closed_to_us_says_who_may),
        cmocka_unit_test(a_path_that_is_too_long_is_refused),
        cmocka_unit_test(a_broken_answer_violates_the_protocol),
        cmocka_unit_test(an_answer_without_end_is_cut_off),
        cmocka_unit_test(a_daemon_that_hangs_costs_the_timeout_only),
        cmocka_unit_test(a_request_that_cannot_be_one_line_is_not_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
