/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/ca/cmp/cmp_kit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "certferry/http.h"

char *
cmp_kit_path(const struct cmp_kit *cmp, const char *name)
{
    char *path = NULL;

    assert_true(asprintf(&path, "%s/%s", cmp->kit.dir, name) > 0);
    return path;
}

pid_t
cmp_peer_start(const struct ca_kit *kit, int *ret_port)
{
    enum { STEP_US = 10000, STEPS = 2000 };
    cf_own_str path = NULL;

    assert_int_equal(
        kit_run(kit, "umask 077; rm -f port; [ -e secret ] || echo 'the shared secret' >secret"),
        0);
    pid_t peer = fork();
    assert_true(peer >= 0);
    if (peer == 0) {
        execl(CMP_PEER, CMP_PEER, kit->dir, (char *)NULL);
        _exit(127);
    }
    assert_true(asprintf(&path, "%s/port", kit->dir) > 0);
    for (int i = 0; i < STEPS && access(path, F_OK) != 0; i++)
        usleep(STEP_US);
    cf_own_str port = kit_output(kit, "cat port");
    *ret_port = atoi(port); /* NOLINT: the peer's own number */
    assert_true(*ret_port > 0);
    return peer;
}

void
cmp_peer_stop(pid_t peer)
{
    (void)kill(peer, SIGKILL);
    (void)waitpid(peer, NULL, 0);
}

void
cmp_kit_start_peer(struct cmp_kit *cmp)
{
    cmp->peer = cmp_peer_start(&cmp->kit, &cmp->port);
    (void)snprintf(cmp->url, sizeof cmp->url, "http://127.0.0.1:%d/cmp", cmp->port);
}

int
cmp_kit_setup(void **state)
{
    struct cmp_kit *cmp = calloc(1, sizeof *cmp);
    struct cf_err err = {0};

    assert_non_null(cmp);
    assert_int_equal(cf_http_global_init(&err), CF_OK);
    kit_open(&cmp->kit, "3650", KIT_EC);
    cmp_kit_start_peer(cmp);
    struct cf_ca_settings *settings = &cmp->kit.settings;
    settings->chain_file = cmp_kit_path(cmp, "ca.pem");
    settings->secret_file = cmp_kit_path(cmp, "secret");
    settings->reference = strdup("certferry");
    settings->host = strdup("ca.example.com");
    settings->ca_name = strdup("Example CA");
    settings->url = cmp->url;
    settings->implicit_confirm = true;
    settings->connect_timeout_ms = 5000;
    settings->timeout_ms = 20000;
    *state = cmp;
    return 0;
}

void
cmp_kit_stop_peer(struct cmp_kit *cmp)
{
    if (cmp->peer <= 0)
        return;
    cmp_peer_stop(cmp->peer);
    cmp->peer = 0;
}

void
cmp_kit_restart_peer(struct cmp_kit *cmp)
{
    cmp_kit_stop_peer(cmp);
    cmp_kit_start_peer(cmp);
}

int
cmp_kit_teardown(void **state)
{
    struct cmp_kit *cmp = *state;
    struct cf_ca_settings *settings = &cmp->kit.settings;

    if (cmp->ca)
        cmp->ca->ops->close(cmp->ca);
    cmp_kit_stop_peer(cmp);
    free(settings->chain_file);
    free(settings->secret_file);
    free(settings->reference);
    free(settings->host);
    free(settings->ca_name);
    free(settings->signer_file);
    free(settings->server_cert_file);
    free(settings->recipient);
    kit_close(&cmp->kit);
    cf_http_global_done();
    free(cmp);
    return 0;
}

void
cmp_kit_open(struct cmp_kit *cmp)
{
    const struct cf_ca_ops *ops = cf_ca_find_backend("cmp");
    struct cf_err err = {0};

    if (cmp->ca)
        cmp->ca->ops->close(cmp->ca);
    cmp->ca = NULL;
    if (ops->open(&cmp->kit.settings, &cmp->kit.env, &cmp->ca, &err) != CF_OK)
        fail_msg("%s", err.text);
}

void
cmp_kit_mode(const struct cmp_kit *cmp, const char *mode)
{
    kit_write(&cmp->kit, "mode", cf_bytes_of(mode, strlen(mode)));
}

char *
cmp_kit_log(const struct cmp_kit *cmp)
{
    return kit_output(&cmp->kit, "touch log; mv log log.old; cat log.old");
}

enum cf_rc
cmp_kit_submit(const struct cmp_kit *cmp, const struct cf_buf *csr, struct cf_ca_answer *ret_answer,
               struct cf_err *err)
{
    const struct cf_ca_submission submission = kit_submission(&cmp->kit, "context", csr);

    return cmp->ca->ops->submit(cmp->ca, &submission, ret_answer, err);
}

bool
cmp_kit_expect_error(const struct cmp_kit *cmp, enum cf_rc expected, const char *text)
{
    cf_own(cf_buf) csr = kit_csr("device-1");
    struct cf_ca_answer answer = {0};
    struct cf_err err = {0};

    enum cf_rc rc = cmp_kit_submit(cmp, csr, &answer, &err);
    if (rc != expected)
        fail_msg("%s: %s", cf_rc_name(rc), rc == CF_OK ? answer.reason : err.text);
    assert_int_equal(err.rc, expected);
    kit_contains(err.text, text);
    assert_null(strstr(err.text, "shared secret"));
    assert_null(answer.cert);
    assert_null(answer.cookie);
    return answer.nothing_issued;
}

void
cmp_kit_check(const struct cmp_kit *cmp, const struct cf_ca_answer *answer,
              const struct cf_buf *csr_der)
{
    cf_own(cf_cert) cert = NULL;
    cf_own(cf_chain) chain = NULL;
    cf_own(cf_csr) csr = NULL;
    struct cf_err err = {0};

    assert_int_equal(answer->disposition, CF_CA_ANSWER_ISSUED);
    assert_int_equal(cf_cert_parse(cf_buf_bytes(answer->cert), &cert, &err), CF_OK);
    assert_int_equal(cf_chain_parse_der(cf_buf_bytes(answer->chain), &chain, &err), CF_OK);
    assert_int_equal(cf_csr_parse(cf_buf_bytes(csr_der), &csr, &err), CF_OK);
    const struct cf_cert_expectation expectation = {
        .csr = csr, .chain = chain, .now_ms = cf_clock_now_ms(cmp->kit.clock)};
    if (cf_cert_check_issued(cert, &expectation, &err) != CF_OK)
        fail_msg("%s", err.text);
}

struct cf_cert *
cmp_kit_issue(const struct cmp_kit *cmp)
{
    cf_own(cf_buf) csr = kit_csr("device-1");
    struct cf_ca_answer answer = {0};
    struct cf_cert *cert = NULL;
    struct cf_err err = {0};

    if (cmp_kit_submit(cmp, csr, &answer, &err) != CF_OK)
        fail_msg("%s", err.text);
    cmp_kit_check(cmp, &answer, csr);
    assert_int_equal(cf_cert_parse(cf_buf_bytes(answer.cert), &cert, &err), CF_OK);
    cf_ca_answer_done(&answer);
    return cert;
}
