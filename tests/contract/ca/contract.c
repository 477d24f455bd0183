/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/ca/contract.h"

#include <pthread.h>
#include <stdlib.h>

static const struct contract_impl *the_impl;

static int
setup(void **state)
{
    struct contract *contract = calloc(1, sizeof *contract);

    assert_non_null(contract);
    contract->impl = the_impl;
    kit_open(&contract->kit, "3650", KIT_EC);
    contract->impl->open(contract);
    assert_non_null(contract->ca);
    *state = contract;
    return 0;
}

static int
teardown(void **state)
{
    struct contract *contract = *state;

    contract->impl->close(contract);
    kit_close(&contract->kit);
    free(contract);
    return 0;
}

static struct cf_chain *
chain_of(struct contract *contract)
{
    cf_own(cf_buf) der = NULL;
    struct cf_chain *chain = NULL;

    assert_int_equal(contract->ca->ops->chain(contract->ca, &der, NULL), CF_OK);
    assert_int_equal(cf_chain_parse_der(cf_buf_bytes(der), &chain, NULL), CF_OK);
    return chain;
}

static void
a_submit_issues_what_was_asked(void **state)
{
    struct contract *contract = *state;
    struct ca_kit *kit = &contract->kit;
    cf_own(cf_buf) der = kit_csr("device-1");
    cf_own(cf_cert) cert = kit_issue(kit, contract->ca, "r1", der);
    cf_own(cf_csr) csr = NULL;
    cf_own(cf_chain) chain = chain_of(contract);
    int64_t now = cf_clock_now_ms(kit->clock);
    struct cf_err err = {0};

    assert_int_equal(cf_csr_parse(cf_buf_bytes(der), &csr, NULL), CF_OK);
    struct cf_cert_expectation expectation = {
        .csr = csr,
        .chain = chain,
        .now_ms = now + 1000,
        .not_after_max_ms = now + (int64_t)kit->tmpl.validity_ms + 60000,
    };
    if (cf_cert_check_issued(cert, &expectation, &err) != CF_OK)
        fail_msg("%s", err.text);
    kit_write(kit, "leaf.der", cf_cert_der(cert));
    assert_int_equal(kit_run(kit, "openssl x509 -inform DER -in leaf.der -out leaf.pem && openssl "
                                  "verify -CAfile ca.pem leaf.pem >&2"),
                     0);
}

static void
the_answer_carries_the_chain(void **state)
{
    struct contract *contract = *state;
    cf_own(cf_buf) csr = kit_csr("a");
    struct cf_ca_submission submission = kit_submission(&contract->kit, "r1", csr);
    struct cf_ca_answer answer = {0};

    assert_int_equal(contract->ca->ops->submit(contract->ca, &submission, &answer, NULL), CF_OK);
    assert_int_equal(answer.disposition, CF_CA_ANSWER_ISSUED);
    cf_own(cf_chain) chain = chain_of(contract);
    cf_own(cf_buf) expected = NULL;
    assert_int_equal(cf_chain_der(chain, &expected, NULL), CF_OK);
    assert_true(cf_bytes_equal(cf_buf_bytes(answer.chain), cf_buf_bytes(expected)));
    cf_ca_answer_done(&answer);
}

static void
the_same_request_gives_the_same_certificate(void **state)
{
    struct contract *contract = *state;

    if (contract->impl->issues_anew)
        skip();
    cf_own(cf_buf) csr = kit_csr("a");
    cf_own(cf_cert) first = kit_issue(&contract->kit, contract->ca, "r1", csr);
    cf_own(cf_cert) again = kit_issue(&contract->kit, contract->ca, "r1", csr);
    cf_own(cf_cert) other = kit_issue(&contract->kit, contract->ca, "r2", csr);

    assert_string_equal(cf_cert_serial(first), cf_cert_serial(again));
    assert_string_not_equal(cf_cert_serial(first), cf_cert_serial(other));
}

static char *
submit_pending(struct contract *contract, const struct cf_buf *csr)
{
    struct cf_ca_submission submission = kit_submission(&contract->kit, "r1", csr);
    struct cf_ca_answer answer = {0};

    assert_int_equal(contract->ca->ops->submit(contract->ca, &submission, &answer, NULL), CF_OK);
    assert_int_equal(answer.disposition, CF_CA_ANSWER_PENDING);
    assert_non_null(answer.cookie);
    char *cookie = strdup(answer.cookie);
    cf_ca_answer_done(&answer);
    assert_int_equal(contract->ca->ops->poll(contract->ca, cookie, &answer, NULL), CF_OK);
    assert_int_equal(answer.disposition, CF_CA_ANSWER_PENDING);
    assert_non_null(answer.cookie);
    free(cookie);
    cookie = strdup(answer.cookie);
    cf_ca_answer_done(&answer);
    return cookie;
}

static void
a_pending_request_is_issued_when_approved(void **state)
{
    struct contract *contract = *state;
    cf_own(cf_buf) csr = kit_csr("a");
    struct cf_ca_answer answer = {0};

    contract->impl->need_approval(contract);
    cf_own_str cookie = submit_pending(contract, csr);
    contract->impl->decide(contract, cookie, true);
    assert_int_equal(contract->ca->ops->poll(contract->ca, cookie, &answer, NULL), CF_OK);
    assert_int_equal(answer.disposition, CF_CA_ANSWER_ISSUED);
    cf_own(cf_cert) cert = NULL;
    assert_int_equal(cf_cert_parse(cf_buf_bytes(answer.cert), &cert, NULL), CF_OK);
    assert_string_equal(cf_dn_find(cf_cert_subject(cert), "2.5.4.3"), "a");
    cf_ca_answer_done(&answer);
}

static void
a_pending_request_is_rejected_when_denied(void **state)
{
    struct contract *contract = *state;
    cf_own(cf_buf) csr = kit_csr("a");
    struct cf_ca_answer answer = {0};

    contract->impl->need_approval(contract);
    cf_own_str cookie = submit_pending(contract, csr);
    contract->impl->decide(contract, cookie, false);
    assert_int_equal(contract->ca->ops->poll(contract->ca, cookie, &answer, NULL), CF_OK);
    assert_int_equal(answer.disposition, CF_CA_ANSWER_REJECTED);
    assert_true(answer.reason[0]);
    cf_ca_answer_done(&answer);
}

static void
a_refusal_has_a_reason(void **state)
{
    struct contract *contract = *state;
    cf_own(cf_buf) csr = kit_csr("a");
    struct cf_ca_submission submission = kit_submission(&contract->kit, "r1", csr);
    struct cf_ca_answer answer = {0};

    contract->impl->refuse_all(contract);
    submission.template_settings = &contract->kit.tmpl;
    assert_int_equal(contract->ca->ops->submit(contract->ca, &submission, &answer, NULL), CF_OK);
    assert_int_equal(answer.disposition, CF_CA_ANSWER_REJECTED);
    assert_true(answer.reason[0]);
    assert_null(answer.cert);
    cf_ca_answer_done(&answer);
}

static void
a_revocation_is_done_once_and_known_after(void **state)
{
    struct contract *contract = *state;
    cf_own(cf_buf) csr = kit_csr("a");
    cf_own(cf_cert) cert = kit_issue(&contract->kit, contract->ca, "r1", csr);
    struct cf_ca_revocation revocation = {.serial = cf_cert_serial(cert),
                                          .cert = cf_cert_der(cert),
                                          .reason = 4,
                                          .revoked_ms = cf_clock_now_ms(contract->kit.clock)};

    assert_int_equal(contract->ca->ops->revoke(contract->ca, &revocation, NULL), CF_OK);
    assert_int_equal(contract->ca->ops->revoke(contract->ca, &revocation, NULL), CF_E_CONFLICT);
    assert_int_equal(kit_revoke(contract->ca, cf_cert_serial(cert), 0, NULL), CF_E_CONFLICT);
    assert_int_equal(kit_revoke(contract->ca, "0F", 0, NULL), CF_E_NOT_FOUND);
}

static void
stop_ends_every_operation(void **state)
{
    struct contract *contract = *state;
    cf_own(cf_buf) csr = kit_csr("a");
    struct cf_ca_submission submission = kit_submission(&contract->kit, "r1", csr);
    struct cf_ca_answer answer = {0};
    struct cf_err err = {0};
    const struct cf_ca_ops *ops = contract->ca->ops;

    contract->kit.stop = 1;
    assert_int_equal(ops->submit(contract->ca, &submission, &answer, &err), CF_E_STOPPED);
    assert_int_equal(err.fault, CF_FAULT_TRANSIENT);
    assert_int_equal(ops->poll(contract->ca, "c", &answer, &err), CF_E_STOPPED);
    assert_int_equal(kit_revoke(contract->ca, "01", 0, &err), CF_E_STOPPED);
}

static void
count(void *arg, const struct cf_finding *finding)
{
    unsigned *n = arg;

    n[finding->severity]++;
}

static void
check_has_something_good_to_say(void **state)
{
    struct contract *contract = *state;
    unsigned n[3] = {0};

    assert_int_equal(contract->ca->ops->check(contract->ca, count, n, NULL), CF_OK);
    assert_true(n[CF_FINDING_OK] > 0);
    assert_int_equal(n[CF_FINDING_ERROR], 0);
}

enum { THREADS = 4, ROUNDS = 3 };

struct worker {
    struct contract *contract;
    struct cf_buf *csr;
    char context[16];
    enum cf_rc rc;
    char serial[ROUNDS][CF_SERIAL_TEXT_SIZE];
};

/* No assertion in here: cmocka's may only fail on the main thread. */
static void *
work(void *arg)
{
    struct worker *worker = arg;
    struct cf_ca *ca = worker->contract->ca;

    for (int i = 0; i < ROUNDS && worker->rc == CF_OK; i++) {
        struct cf_ca_submission submission =
            kit_submission(&worker->contract->kit, worker->context, worker->csr);
        struct cf_ca_answer answer = {0};
        cf_own(cf_cert) cert = NULL;

        worker->context[0] = (char)('a' + i);
        worker->rc = ca->ops->submit(ca, &submission, &answer, NULL);
        if (worker->rc == CF_OK)
            worker->rc = cf_cert_parse(cf_buf_bytes(answer.cert), &cert, NULL);
        if (worker->rc == CF_OK)
            strcpy(worker->serial[i], cf_cert_serial(cert));
        cf_ca_answer_done(&answer);
        if (worker->rc == CF_OK)
            worker->rc = kit_revoke(ca, worker->serial[i], 4, NULL);
    }
    return NULL;
}

static void
threads_do_not_disturb_each_other(void **state)
{
    struct worker worker[THREADS] = {0};
    pthread_t thread[THREADS];

    for (int i = 0; i < THREADS; i++) {
        worker[i].contract = *state;
        worker[i].csr = kit_csr("a");
        worker[i].context[1] = (char)('0' + i);
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, work, &worker[i]), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(worker[i].rc, CF_OK);
        for (int k = 0; k < i * ROUNDS; k++)
            assert_string_not_equal(worker[i].serial[0], worker[k / ROUNDS].serial[k % ROUNDS]);
        cf_buf_free(worker[i].csr);
    }
}

#define CLAIM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
contract_main(const struct contract_impl *impl)
{
    const struct CMUnitTest tests[] = {
        CLAIM(a_submit_issues_what_was_asked),
        CLAIM(the_answer_carries_the_chain),
        CLAIM(the_same_request_gives_the_same_certificate),
        CLAIM(a_pending_request_is_issued_when_approved),
        CLAIM(a_pending_request_is_rejected_when_denied),
        CLAIM(a_refusal_has_a_reason),
        CLAIM(a_revocation_is_done_once_and_known_after),
        CLAIM(stop_ends_every_operation),
        CLAIM(check_has_something_good_to_say),
        CLAIM(threads_do_not_disturb_each_other),
    };

    the_impl = impl;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
