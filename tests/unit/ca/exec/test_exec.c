/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/ca/ca_kit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A CA whose program is the shell script `body`. */
struct exec_kit {
    struct ca_kit kit;
    char *command[4];
    struct cf_ca *ca;
};

static int
setup(void **state)
{
    struct exec_kit *exec = calloc(1, sizeof *exec);

    assert_non_null(exec);
    kit_open(&exec->kit, "3650", KIT_EC);
    exec->kit.settings.command = exec->command;
    exec->kit.settings.timeout_ms = 5000;
    exec->kit.settings.output_max = 65536;
    *state = exec;
    return 0;
}

static void
close_script(struct exec_kit *exec)
{
    if (exec->ca)
        exec->ca->ops->close(exec->ca);
    exec->ca = NULL;
    free(exec->command[0]);
    exec->command[0] = NULL;
}

static int
teardown(void **state)
{
    struct exec_kit *exec = *state;

    close_script(exec);
    free(exec->command[1]);
    kit_close(&exec->kit);
    free(exec);
    return 0;
}

static void
open_script(struct exec_kit *exec, const char *body)
{
    const struct cf_ca_ops *ops = cf_ca_find_backend("exec");
    cf_own_str script = NULL;
    struct cf_err err = {0};

    close_script(exec);
    assert_true(asprintf(&script, "#!/bin/sh\ncd %s\n%s\n", exec->kit.dir, body) > 0);
    kit_write(&exec->kit, "ca.sh", cf_bytes_of(script, strlen(script)));
    assert_int_equal(kit_run(&exec->kit, "chmod 755 ca.sh"), 0);
    assert_true(asprintf(&exec->command[0], "%s/ca.sh", exec->kit.dir) > 0);
    if (ops->open(&exec->kit.settings, &exec->kit.env, &exec->ca, &err) != CF_OK)
        fail_msg("%s", err.text);
}

static enum cf_rc
submit(struct exec_kit *exec, const char *context, struct cf_ca_answer *ret_answer,
       struct cf_err *err)
{
    cf_own(cf_buf) csr = kit_csr("a");
    struct cf_ca_submission submission = kit_submission(&exec->kit, context, csr);

    submission.validity_ms = 90 * KIT_DAY_MS;
    submission.is_repeat = true;
    return exec->ca->ops->submit(exec->ca, &submission, ret_answer, err);
}

static void
the_program_gets_the_request_and_nothing_else(void **state)
{
    struct exec_kit *exec = *state;
    struct cf_ca_answer answer = {0};

    setenv("SECRET_OF_THE_DAEMON", "x", 1);
    exec->command[1] = strdup("two words; $(touch pwned)");
    exec->kit.settings.host = (char[]){"ca.example.com"};
    exec->kit.settings.ca_name = (char[]){"Corp CA"};
    open_script(exec,
                "env > env.txt; printf '%s' \"$1\" > arg.txt; cat > req.pem; echo c1; exit 1");
    assert_int_equal(submit(exec, "r 1;$(touch pwned)\nX=1", &answer, NULL), CF_OK);
    assert_string_equal(answer.cookie, "c1");
    cf_ca_answer_done(&answer);

    cf_own_str env = kit_output(&exec->kit, "cat env.txt");
    kit_contains(env, "CERTFERRY_CA_OPERATION=submit\n");
    kit_contains(env, "CERTFERRY_CA_REQUEST_ID=r 1;$(touch pwned)?X=1\n");
    kit_contains(env, "CERTFERRY_CA_TEMPLATE=device\n");
    kit_contains(env, "CERTFERRY_CA_DEVICE_ID=device-1\n");
    kit_contains(env, "CERTFERRY_CA_VALIDITY_SECONDS=7776000\n");
    kit_contains(env, "CERTFERRY_CA_REPEAT=1\n");
    kit_contains(env, "CERTFERRY_CA_NAME=Corp CA\n");
    kit_contains(env, "CERTFERRY_CA_HOST=ca.example.com\n");
    assert_null(strstr(env, "SECRET_OF_THE_DAEMON"));
    cf_own_str arg = kit_output(&exec->kit, "cat arg.txt");
    assert_string_equal(arg, exec->command[1]);
    assert_int_not_equal(kit_run(&exec->kit, "test -e pwned"), 0);
    assert_int_equal(kit_run(&exec->kit,
                             "openssl req -in req.pem -verify -noout && test $(openssl "
                             "req -in req.pem -outform DER | sha256sum | cut -d' ' -f1) "
                             "= $(sed -n 's/CERTFERRY_CA_CSR_SHA256=//p' env.txt)"),
                     0);
    exec->kit.settings.host = NULL;
    exec->kit.settings.ca_name = NULL;
}

static void
poll_passes_the_cookie_and_revoke_the_serial(void **state)
{
    struct exec_kit *exec = *state;
    struct cf_ca_answer answer = {0};

    open_script(exec, "env > env.$CERTFERRY_CA_OPERATION; [ $CERTFERRY_CA_OPERATION = poll ] && "
                      "exit 1; exit 7");
    assert_int_equal(exec->ca->ops->poll(exec->ca, "cookie \"1\"", &answer, NULL), CF_OK);
    assert_string_equal(answer.cookie, "cookie \"1\"");
    cf_ca_answer_done(&answer);
    assert_int_equal(kit_revoke(exec->ca, "0xab:0c", 4, NULL), CF_E_CONFLICT);
    cf_own_str polled = kit_output(&exec->kit, "cat env.poll");
    cf_own_str revoked = kit_output(&exec->kit, "cat env.revoke");
    kit_contains(polled, "CERTFERRY_CA_COOKIE=cookie \"1\"\n");
    kit_contains(revoked, "CERTFERRY_CA_SERIAL=AB0C\n");
    kit_contains(revoked, "CERTFERRY_CA_REASON=4\n");
}

static void
a_program_that_hangs_is_ended_at_the_deadline(void **state)
{
    struct exec_kit *exec = *state;
    struct cf_ca_answer answer = {0};
    struct cf_err err = {0};

    exec->kit.settings.timeout_ms = 300;
    open_script(exec, "sleep 60");
    assert_int_equal(submit(exec, "r1", &answer, &err), CF_E_TIMEOUT);
    assert_int_equal(err.fault, CF_FAULT_TRANSIENT);
    kit_contains(err.text, "ca.sh");
}

static void
a_flood_on_stdout_is_cut_off(void **state)
{
    struct exec_kit *exec = *state;
    struct cf_ca_answer answer = {0};
    struct cf_err err = {0};

    open_script(exec, "exec yes");
    assert_int_equal(submit(exec, "r1", &answer, &err), CF_E_PROTOCOL);
    assert_int_equal(err.fault, CF_FAULT_TRANSIENT);
    kit_contains(err.text, "ca.sh");
    kit_contains(err.text, "65536");
}

static void
a_flood_on_stderr_is_read_and_dropped(void **state)
{
    struct exec_kit *exec = *state;
    struct cf_ca_answer answer = {0};

    open_script(exec, "echo quota used up >&2; head -c 3000000 /dev/zero >&2; exit 2");
    assert_int_equal(submit(exec, "r1", &answer, NULL), CF_OK);
    assert_int_equal(answer.disposition, CF_CA_ANSWER_REJECTED);
    assert_string_equal(answer.reason, "quota used up");
}

static void
garbage_and_signals_may_pass(void **state)
{
    struct exec_kit *exec = *state;
    struct cf_ca_answer answer = {0};
    struct cf_err err = {0};

    open_script(exec, "[ -e once ] && kill -SEGV $$; touch once; head -c 5000 /dev/urandom");
    assert_int_equal(submit(exec, "r1", &answer, &err), CF_E_PROTOCOL);
    kit_contains(err.text, "output of");
    assert_int_equal(submit(exec, "r1", &answer, &err), CF_E_PROTOCOL);
    kit_contains(err.text, "signal 11");
}

static void
a_program_that_has_gone_parks_the_ca(void **state)
{
    struct exec_kit *exec = *state;
    struct cf_ca_answer answer = {0};
    struct cf_err err = {0};

    open_script(exec, "exit 0");
    assert_int_equal(kit_run(&exec->kit, "rm ca.sh"), 0);
    assert_int_equal(submit(exec, "r1", &answer, &err), CF_E_CA_CONFIG);
    kit_contains(err.text, "ca.sh");
    assert_true(answer.nothing_issued);
    open_script(exec, "exit 4");
    assert_int_equal(submit(exec, "r1", &answer, &err), CF_E_CA_CONFIG);
    assert_true(answer.nothing_issued);
    open_script(exec, "exit 77");
    assert_int_equal(submit(exec, "r1", &answer, &err), CF_E_PROTOCOL);
    assert_false(answer.nothing_issued);
}

static void
open_refuses_commands_that_cannot_run(void **state)
{
    struct exec_kit *exec = *state;
    const struct cf_ca_ops *ops = cf_ca_find_backend("exec");
    struct cf_err err = {0};

    assert_int_equal(ops->open(&exec->kit.settings, &exec->kit.env, &exec->ca, &err), CF_E_CONFIG);
    kit_contains(err.text, "command is not set");
    exec->command[0] = strdup("bin/ca");
    assert_int_equal(ops->open(&exec->kit.settings, &exec->kit.env, &exec->ca, &err), CF_E_CONFIG);
    kit_contains(err.text, "absolute");
    free(exec->command[0]);
    exec->command[0] = strdup("/nonexistent/ca");
    assert_int_equal(ops->open(&exec->kit.settings, &exec->kit.env, &exec->ca, &err), CF_E_CONFIG);
    kit_contains(err.text, "/nonexistent/ca");
    assert_null(exec->ca);
    free(exec->command[0]);
    exec->command[0] = strdup("/bin/true");
    exec->kit.settings.chain_file = (char[]){"/dev/null"};
    assert_int_not_equal(ops->open(&exec->kit.settings, &exec->kit.env, &exec->ca, &err), CF_OK);
    exec->kit.settings.chain_file = NULL;
}

static void
nothing_is_started_while_stopping(void **state)
{
    struct exec_kit *exec = *state;
    struct cf_ca_answer answer = {0};

    open_script(exec, "touch started; sleep 60");
    exec->kit.stop = 1;
    assert_int_equal(submit(exec, "r1", &answer, NULL), CF_E_STOPPED);
    assert_int_not_equal(kit_run(&exec->kit, "test -e started"), 0);
}

/* Raises the flag as soon as the program runs. */
static void *
stop_when_started(void *arg)
{
    struct exec_kit *exec = arg;

    while (kit_run(&exec->kit, "test -e started") != 0)
        usleep(10000);
    exec->kit.stop = 1;
    return NULL;
}

static void
stop_ends_a_running_program(void **state)
{
    struct exec_kit *exec = *state;
    struct cf_ca_answer answer = {0};
    pthread_t thread;

    exec->kit.settings.timeout_ms = 60000;
    open_script(exec, "touch started; sleep 60");
    assert_int_equal(pthread_create(&thread, NULL, stop_when_started, exec), 0);
    assert_int_equal(submit(exec, "r1", &answer, NULL), CF_E_STOPPED);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void
count(void *arg, const struct cf_finding *finding)
{
    unsigned *n = arg;

    n[finding->severity]++;
}

static void
check_reports_what_the_program_says(void **state)
{
    struct exec_kit *exec = *state;

    exec->kit.settings.chain_file = exec->kit.settings.cert_file;
    open_script(exec, "[ -e bad ] && exit 4; exit 0");
    unsigned good[3] = {0};
    assert_int_equal(exec->ca->ops->check(exec->ca, count, good, NULL), CF_OK);
    assert_int_equal(good[CF_FINDING_OK], 2);
    assert_int_equal(good[CF_FINDING_ERROR] + good[CF_FINDING_WARNING], 0);
    assert_int_equal(kit_run(&exec->kit, "touch bad"), 0);
    unsigned bad[3] = {0};
    assert_int_equal(exec->ca->ops->check(exec->ca, count, bad, NULL), CF_OK);
    assert_int_equal(bad[CF_FINDING_ERROR], 1);
}

#define WITH_KIT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_KIT(the_program_gets_the_request_and_nothing_else),
        WITH_KIT(poll_passes_the_cookie_and_revoke_the_serial),
        WITH_KIT(a_program_that_hangs_is_ended_at_the_deadline),
        WITH_KIT(a_flood_on_stdout_is_cut_off),
        WITH_KIT(a_flood_on_stderr_is_read_and_dropped),
        WITH_KIT(garbage_and_signals_may_pass),
        WITH_KIT(a_program_that_has_gone_parks_the_ca),
        WITH_KIT(open_refuses_commands_that_cannot_run),
        WITH_KIT(nothing_is_started_while_stopping),
        WITH_KIT(stop_ends_a_running_program),
        WITH_KIT(check_reports_what_the_program_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
