/* SPDX-License-Identifier: Apache-2.0 */
/* Against the mock server of the openssl command, which is somebody else's word on the protocol. It
 * knows one certificate. */
#include "unit/ca/cmp/cmp_kit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static struct cf_buf *
make_one_certificate(const struct cmp_kit *cmp)
{
    assert_int_equal(
        kit_run(
            &cmp->kit,
            "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout dev.key "
            "-subj /CN=device-1 -addext keyUsage=critical,digitalSignature "
            "-addext extendedKeyUsage=clientAuth -outform DER -out dev.csr && "
            "openssl x509 -req -inform DER -in dev.csr -CA ca.pem -CAkey ca.key -days 30 "
            "-copy_extensions copyall -set_serial 0x4711 -out dev.pem"),
        0);
    return kit_read(&cmp->kit, "dev.csr");
}

/* The port comes with its first line of output. */
static void
start_mock(struct cmp_kit *cmp, const char *options)
{
    enum { STEP_US = 10000, STEPS = 2000 };
    cf_own_str command = NULL;
    int port = 0;

    cmp_kit_stop_peer(cmp);
    assert_int_equal(kit_run(&cmp->kit, "rm -f mock.out"), 0);
    assert_true(asprintf(&command,
                         "cd %s && exec openssl cmp -port 0 -srv_ref certferry -srv_secret "
                         "file:secret -rsp_cert dev.pem %s >mock.out 2>mock.err",
                         cmp->kit.dir, options) > 0);
    cmp->peer = fork();
    assert_true(cmp->peer >= 0);
    if (cmp->peer == 0) {
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    for (int i = 0; i < STEPS && port == 0; i++) {
        cf_own_str line =
            kit_output(&cmp->kit, "sed -n 's/^ACCEPT.*:\\([0-9]*\\).*/\\1/p' mock.out");
        port = atoi(line); /* NOLINT: the openssl command's own number */
        usleep(STEP_US);
    }
    assert_true(port > 0);
    (void)snprintf(cmp->url, sizeof cmp->url, "http://127.0.0.1:%d/pkix/", port);
    cmp_kit_open(cmp);
}

static void
it_issues_confirms_and_revokes(void **state)
{
    struct cmp_kit *cmp = *state;
    static const enum cf_cmp_request KIND[] = {CF_CMP_P10CR, CF_CMP_CR, CF_CMP_IR};
    cf_own(cf_buf) csr = make_one_certificate(cmp);
    struct cf_err err = {0};

    for (size_t i = 0; i < CF_COUNT(KIND); i++) {
        struct cf_ca_answer answer = {0};

        cmp->kit.settings.cmp_request = KIND[i];
        cmp->kit.settings.implicit_confirm = i > 0;
        start_mock(cmp, "-accept_raverified -grant_implicitconf");
        if (cmp_kit_submit(cmp, csr, &answer, &err) != CF_OK)
            fail_msg("%s", err.text);
        cmp_kit_check(cmp, &answer, csr);
        cf_ca_answer_done(&answer);
    }
    if (kit_revoke(cmp->ca, "4711", 4, &err) != CF_OK)
        fail_msg("%s", err.text);
    assert_int_equal(kit_revoke(cmp->ca, "4712", 4, &err), CF_E_REJECTED);
}

static void
it_can_be_polled_after_a_restart(void **state)
{
    struct cmp_kit *cmp = *state;
    cf_own(cf_buf) csr = make_one_certificate(cmp);
    struct cf_ca_answer waiting = {0};
    struct cf_ca_answer answer = {.disposition = CF_CA_ANSWER_PENDING};
    struct cf_err err = {0};

    start_mock(cmp, "-poll_count 2 -check_after 1");
    if (cmp_kit_submit(cmp, csr, &waiting, &err) != CF_OK)
        fail_msg("%s", err.text);
    assert_int_equal(waiting.disposition, CF_CA_ANSWER_PENDING);
    assert_int_equal(waiting.retry_after_ms, 1000);
    for (int i = 0; i < 3 && answer.disposition != CF_CA_ANSWER_ISSUED; i++) {
        cmp_kit_open(cmp);
        if (cmp->ca->ops->poll(cmp->ca, waiting.cookie, &answer, &err) != CF_OK)
            fail_msg("%s", err.text);
        if (answer.disposition == CF_CA_ANSWER_PENDING) {
            cf_ca_answer_done(&waiting);
            waiting = answer;
            answer = (struct cf_ca_answer){.disposition = CF_CA_ANSWER_PENDING};
        }
    }
    cmp_kit_check(cmp, &answer, csr);
    cf_ca_answer_done(&waiting);
    cf_ca_answer_done(&answer);
}

static void
its_failures_are_read(void **state)
{
    struct cmp_kit *cmp = *state;

    cf_buf_free(make_one_certificate(cmp));
    start_mock(cmp, "-pkistatus 2 -failure 23");
    cmp_kit_expect_error(cmp, CF_E_CA_CONFIG, "notAuthorized");
    start_mock(cmp, "-pkistatus 2 -failure 24");
    cmp_kit_expect_error(cmp, CF_E_CA_DOWN, "systemUnavail");
    /* Anybody on the way could have made it. */
    start_mock(cmp, "-pkistatus 2 -failure 2 -send_unprot_err");
    cmp_kit_expect_error(cmp, CF_E_CA_CONFIG, "not protected as configured");
    start_mock(cmp, "-send_unprotected");
    cmp_kit_expect_error(cmp, CF_E_CA_CONFIG, "not protected as configured");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cmp_kit_setup, cmp_kit_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_issues_confirms_and_revokes),
        TEST(it_can_be_polled_after_a_restart),
        TEST(its_failures_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
