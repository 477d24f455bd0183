/* SPDX-License-Identifier: Apache-2.0 */
/* CMP over HTTPS and through a proxy. */
#include "unit/ca/cmp/cmp_kit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct front {
    struct cmp_kit *cmp;
    pid_t pid;
    int input;
    char url[64];
    char proxy[64];
};

static void
start_front(struct front *front)
{
    enum { STEP_US = 10000, STEPS = 2000 };
    struct cmp_kit *cmp = front->cmp;
    int in[2], tls_port = 0, proxy_port = 0;
    char port[16];

    (void)snprintf(port, sizeof port, "%d", cmp->port);
    assert_int_equal(pipe(in), 0);
    front->pid = fork();
    assert_true(front->pid >= 0);
    if (front->pid == 0) {
        dup2(in[0], STDIN_FILENO);
        close(in[0]);
        close(in[1]);
        execl(TLS_FRONT_PYTHON, TLS_FRONT_PYTHON, TLS_FRONT, cmp->kit.dir, port, (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    front->input = in[1];
    cf_own_str path = cmp_kit_path(cmp, "front.ports");
    for (int i = 0; i < STEPS && access(path, F_OK) != 0; i++)
        usleep(STEP_US);
    cf_own_str ports = kit_output(&cmp->kit, "cat front.ports");
    assert_int_equal(sscanf(ports, "%d %d", &tls_port, &proxy_port), 2);
    (void)snprintf(front->url, sizeof front->url, "https://localhost:%d/cmp", tls_port);
    (void)snprintf(front->proxy, sizeof front->proxy, "http://127.0.0.1:%d", proxy_port);
}

static int
setup(void **state)
{
    struct front *front = calloc(1, sizeof *front);
    void *cmp = NULL;

    assert_non_null(front);
    assert_int_equal(cmp_kit_setup(&cmp), 0);
    front->cmp = cmp;
    assert_int_equal(
        kit_run(&front->cmp->kit,
                "for name in server client; do "
                "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
                "-keyout $name.key -subj /CN=$name -addext subjectAltName=DNS:localhost -out "
                "$name.csr && openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -days 30 "
                "-copy_extensions copyall -out $name.pem || exit 1; done; chmod 600 *.key"),
        0);
    start_front(front);
    front->cmp->kit.settings.url = front->url;
    front->cmp->kit.settings.tls_ca_file = cmp_kit_path(front->cmp, "ca.pem");
    *state = front;
    return 0;
}

static int
teardown(void **state)
{
    struct front *front = *state;
    struct cf_ca_settings *settings = &front->cmp->kit.settings;
    void *cmp = front->cmp;

    close(front->input);
    (void)waitpid(front->pid, NULL, 0);
    free(settings->tls_ca_file);
    free(settings->tls_cert_file);
    free(settings->tls_key_file);
    free(front);
    return cmp_kit_teardown(&cmp);
}

static void
a_server_behind_tls_has_to_be_trusted(void **state)
{
    struct front *front = *state;
    struct cmp_kit *cmp = front->cmp;

    cmp_kit_open(cmp);
    cf_cert_free(cmp_kit_issue(cmp));
    free(cmp_kit_log(cmp));
    free(cmp->kit.settings.tls_ca_file);
    cmp->kit.settings.tls_ca_file = NULL;
    cmp_kit_open(cmp);
    cmp_kit_expect_error(cmp, CF_E_TLS, "server not trusted");
    cf_own_str log = cmp_kit_log(cmp);
    assert_null(strstr(log, "message"));
}

static void
the_server_may_want_a_client_certificate(void **state)
{
    struct front *front = *state;
    struct cmp_kit *cmp = front->cmp;

    assert_int_equal(kit_run(&cmp->kit, "cp ca.pem clients-ca.pem"), 0);
    cmp_kit_open(cmp);
    cf_own(cf_buf) csr = kit_csr("device-1");
    struct cf_ca_answer answer = {0};
    assert_int_not_equal(cmp_kit_submit(cmp, csr, &answer, NULL), CF_OK);
    cf_own_str log = cmp_kit_log(cmp);
    assert_null(strstr(log, "message"));
    cmp->kit.settings.tls_cert_file = cmp_kit_path(cmp, "client.pem");
    cmp->kit.settings.tls_key_file = cmp_kit_path(cmp, "client.key");
    cmp_kit_open(cmp);
    cf_cert_free(cmp_kit_issue(cmp));
}

static void
the_way_leads_through_the_proxy(void **state)
{
    struct front *front = *state;
    struct cmp_kit *cmp = front->cmp;

    cmp->kit.settings.proxy = front->proxy;
    cmp_kit_open(cmp);
    cf_cert_free(cmp_kit_issue(cmp));
    cf_own_str log = kit_output(&cmp->kit, "cat front.log");
    kit_contains(log, "CONNECT localhost:");
    char gone[] = "http://127.0.0.1:1";
    cmp->kit.settings.proxy = gone;
    cmp_kit_open(cmp);
    /* The CA has nothing of it. */
    cmp_kit_expect_error(cmp, CF_E_CA_DOWN, "127.0.0.1");
    cmp->kit.settings.proxy = NULL;
}

/* TLS says who sent it; without, anybody on the way could have. */
static void
an_error_without_protection_is_believed_only_over_tls(void **state)
{
    struct front *front = *state;
    struct cmp_kit *cmp = front->cmp;
    cf_own(cf_buf) csr = kit_csr("device-1");
    struct cf_ca_answer answer = {0};

    assert_int_equal(kit_run(&cmp->kit, "echo 'another shared secret' >secret"), 0);
    cmp_kit_mode(cmp, "openerr\n");
    cmp_kit_open(cmp);
    assert_int_equal(cmp_kit_submit(cmp, csr, &answer, NULL), CF_OK);
    assert_int_equal(answer.disposition, CF_CA_ANSWER_REJECTED);
    kit_contains(answer.reason, "wrong pbm value");
    cf_ca_answer_done(&answer);
    cmp->kit.settings.url = cmp->url;
    cmp_kit_open(cmp);
    cmp_kit_expect_error(cmp, CF_E_CA_CONFIG, "not protected as configured");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_server_behind_tls_has_to_be_trusted),
        TEST(the_server_may_want_a_client_certificate),
        TEST(the_way_leads_through_the_proxy),
        TEST(an_error_without_protection_is_believed_only_over_tls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
