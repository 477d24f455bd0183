/* SPDX-License-Identifier: Apache-2.0 */
/* A CA that wants time, and what is kept until it has had it. */
#include "unit/ca/cmp/cmp_kit.h"

#include <stdlib.h>

static char *
submit_pending(const struct cmp_kit *cmp, const struct cf_buf *csr, uint64_t retry_after_ms)
{
    struct cf_ca_answer answer = {0};
    struct cf_err err = {0};

    if (cmp_kit_submit(cmp, csr, &answer, &err) != CF_OK)
        fail_msg("%s", err.text);
    assert_int_equal(answer.disposition, CF_CA_ANSWER_PENDING);
    assert_int_equal(answer.retry_after_ms, retry_after_ms);
    assert_non_null(answer.cookie);
    return answer.cookie;
}

/* Replaces *cookie, if the CA still wants time. */
static enum cf_disposition
poll(const struct cmp_kit *cmp, char **cookie, const struct cf_buf *csr)
{
    struct cf_ca_answer answer = {0};
    struct cf_err err = {0};

    if (cmp->ca->ops->poll(cmp->ca, *cookie, &answer, &err) != CF_OK)
        fail_msg("%s", err.text);
    enum cf_disposition disposition = answer.disposition;
    if (disposition == CF_CA_ANSWER_ISSUED) {
        cmp_kit_check(cmp, &answer, csr);
    } else if (disposition == CF_CA_ANSWER_PENDING) {
        free(*cookie);
        *cookie = strdup(answer.cookie);
    }
    cf_ca_answer_done(&answer);
    return disposition;
}

static void
a_transaction_goes_on_after_restarts(void **state)
{
    struct cmp_kit *cmp = *state;
    static const enum cf_cmp_request KIND[] = {CF_CMP_P10CR, CF_CMP_CR, CF_CMP_IR};

    for (size_t i = 0; i < CF_COUNT(KIND); i++) {
        cf_own(cf_buf) csr = kit_csr("device-1");

        cmp->kit.settings.cmp_request = KIND[i];
        cmp_kit_open(cmp);
        cmp_kit_mode(cmp, "wait 7\n");
        cf_own_str cookie = submit_pending(cmp, csr, 7000);
        for (int k = 0; k < 3; k++) {
            cmp_kit_open(cmp);
            assert_int_equal(poll(cmp, &cookie, csr), CF_CA_ANSWER_PENDING);
        }
        /* Another kind in the configuration does not change what is under way. */
        cmp->kit.settings.cmp_request = CF_CMP_P10CR;
        cmp_kit_open(cmp);
        cmp_kit_mode(cmp, "\n");
        free(cmp_kit_log(cmp));
        assert_int_equal(poll(cmp, &cookie, csr), CF_CA_ANSWER_ISSUED);
        cf_own_str log = cmp_kit_log(cmp);
        kit_contains(log, "message 25\nissued");
    }
}

static void
a_refusal_after_days_is_one(void **state)
{
    struct cmp_kit *cmp = *state;
    cf_own(cf_buf) csr = kit_csr("device-1");
    struct cf_ca_answer answer = {0};
    struct cf_err err = {0};

    cmp_kit_open(cmp);
    cmp_kit_mode(cmp, "wait 0\n");
    cf_own_str cookie = submit_pending(cmp, csr, 0);
    cmp_kit_mode(cmp, "reject 2 the approver said no\n");
    assert_int_equal(cmp->ca->ops->poll(cmp->ca, cookie, &answer, &err), CF_OK);
    assert_int_equal(answer.disposition, CF_CA_ANSWER_REJECTED);
    kit_contains(answer.reason, "the approver said no (badRequest)");
    cf_ca_answer_done(&answer);
}

static void
a_dead_ca_is_polled_again_with_the_same_cookie(void **state)
{
    struct cmp_kit *cmp = *state;
    cf_own(cf_buf) csr = kit_csr("device-1");
    struct cf_ca_answer answer = {0};
    struct cf_err err = {0};

    cmp_kit_open(cmp);
    cmp_kit_mode(cmp, "wait 0\n");
    cf_own_str cookie = submit_pending(cmp, csr, 0);
    cmp_kit_mode(cmp, "cut\n");
    assert_int_equal(cmp->ca->ops->poll(cmp->ca, cookie, &answer, &err), CF_E_NET);
    cmp_kit_mode(cmp, "\n");
    assert_int_equal(poll(cmp, &cookie, csr), CF_CA_ANSWER_ISSUED);
    cmp_kit_stop_peer(cmp);
    assert_int_equal(cmp->ca->ops->poll(cmp->ca, cookie, &answer, &err), CF_E_CA_DOWN);
}

/* A few bits of the encoding mean nothing (unused bits of a BIT STRING): with these changed it is
 * still the same transaction. */
static void
a_changed_cookie_is_refused_unless_it_says_the_same(void **state)
{
    enum { CHANGES = 200, MEANINGLESS_MAX = 3 };
    struct cmp_kit *cmp = *state;
    cf_own(cf_buf) csr = kit_csr("device-1");
    unsigned n_taken = 0;

    cmp_kit_open(cmp);
    cmp_kit_mode(cmp, "wait 0\n");
    cf_own_str cookie = submit_pending(cmp, csr, 0);
    size_t len = strlen(cookie);
    for (size_t i = 0; i < len; i += 1 + len / CHANGES) {
        struct cf_ca_answer answer = {0};
        char kept = cookie[i];

        cookie[i] = kept == 'A' ? 'B' : 'A';
        enum cf_rc rc = cmp->ca->ops->poll(cmp->ca, cookie, &answer, NULL);
        if (rc == CF_OK && answer.disposition == CF_CA_ANSWER_ISSUED)
            fail_msg("issued with byte %zu changed", i);
        n_taken += rc == CF_OK;
        cf_ca_answer_done(&answer);
        cookie[i] = kept;
    }
    assert_true(n_taken <= MEANINGLESS_MAX);
}

/* What the section names now is not who has the request. */
static void
a_request_that_waits_elsewhere_waits_for_the_administrator(void **state)
{
    struct cmp_kit *cmp = *state;
    cf_own(cf_buf) csr = kit_csr("device-1");
    struct cf_ca_answer answer = {0};
    struct cf_err err = {0};

    cmp_kit_open(cmp);
    cmp_kit_mode(cmp, "wait 0\n");
    cf_own_str cookie = submit_pending(cmp, csr, 0);
    free(cmp_kit_log(cmp));
    free(cmp->kit.settings.ca_name);
    cmp->kit.settings.ca_name = strdup("New CA");
    cmp_kit_open(cmp);
    assert_int_equal(cmp->ca->ops->poll(cmp->ca, cookie, &answer, &err), CF_E_CA_CONFIG);
    kit_contains(err.text, "name the former CA again");
    /* Cookies of other backends. */
    assert_int_equal(cmp->ca->ops->poll(cmp->ca, "42 ca.example.com Example CA", &answer, &err),
                     CF_E_CA_CONFIG);
    kit_contains(err.text, "name the former CA again");
    assert_int_equal(cmp->ca->ops->poll(cmp->ca, "", &answer, &err), CF_E_CA_CONFIG);
    cf_own_str log = cmp_kit_log(cmp);
    assert_null(strstr(log, "message"));
    free(cmp->kit.settings.ca_name);
    cmp->kit.settings.ca_name = strdup("Example CA");
    cmp_kit_open(cmp);
    cmp_kit_mode(cmp, "\n");
    assert_int_equal(poll(cmp, &cookie, csr), CF_CA_ANSWER_ISSUED);
}

/* The CA's side of the transaction went on; nobody knows its last nonce. */
static void
a_lost_answer_to_a_poll_may_end_the_transaction(void **state)
{
    struct cmp_kit *cmp = *state;
    cf_own(cf_buf) csr = kit_csr("device-1");
    struct cf_ca_answer answer = {0};
    struct cf_err err = {0};

    cmp_kit_open(cmp);
    cmp_kit_mode(cmp, "wait 0\n");
    cf_own_str cookie = submit_pending(cmp, csr, 0);
    cmp_kit_mode(cmp, "lose\n");
    assert_int_equal(cmp->ca->ops->poll(cmp->ca, cookie, &answer, &err), CF_E_NET);
    cmp_kit_mode(cmp, "\n");
    assert_int_equal(cmp->ca->ops->poll(cmp->ca, cookie, &answer, &err), CF_OK);
    assert_int_equal(answer.disposition, CF_CA_ANSWER_REJECTED);
    kit_contains(answer.reason, "unexpected pkibody");
    cf_ca_answer_done(&answer);
}

/* The request itself has arrived. */
static void
a_first_poll_that_fails_is_made_again_instead_of_another_request(void **state)
{
    struct cmp_kit *cmp = *state;
    static const char *const MODE[] = {"waitcut 0\n", "waitjunk 0\n", "waitold 0\n"};

    for (size_t i = 0; i < CF_COUNT(MODE); i++) {
        cf_own(cf_buf) csr = kit_csr("device-1");

        cmp_kit_open(cmp);
        cmp_kit_mode(cmp, MODE[i]);
        cf_own_str cookie = submit_pending(cmp, csr, 0);
        cmp_kit_mode(cmp, "\n");
        assert_int_equal(poll(cmp, &cookie, csr), CF_CA_ANSWER_ISSUED);
    }
}

static void
an_answer_to_another_message_is_not_believed(void **state)
{
    struct cmp_kit *cmp = *state;
    cf_own(cf_buf) csr = kit_csr("device-1");
    struct cf_ca_answer answer = {0};
    struct cf_err err = {0};

    cmp_kit_open(cmp);
    cf_cert_free(cmp_kit_issue(cmp));
    cmp_kit_mode(cmp, "old\n");
    cmp_kit_expect_error(cmp, CF_E_PROTOCOL, "the CA's answer is not as CMP has it");
    cmp_kit_mode(cmp, "wait 0\n");
    cf_own_str cookie = submit_pending(cmp, csr, 0);
    cmp_kit_mode(cmp, "old\n");
    assert_int_equal(cmp->ca->ops->poll(cmp->ca, cookie, &answer, &err), CF_E_PROTOCOL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cmp_kit_setup, cmp_kit_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_transaction_goes_on_after_restarts),
        TEST(a_refusal_after_days_is_one),
        TEST(a_dead_ca_is_polled_again_with_the_same_cookie),
        TEST(a_changed_cookie_is_refused_unless_it_says_the_same),
        TEST(a_request_that_waits_elsewhere_waits_for_the_administrator),
        TEST(a_lost_answer_to_a_poll_may_end_the_transaction),
        TEST(a_first_poll_that_fails_is_made_again_instead_of_another_request),
        TEST(an_answer_to_another_message_is_not_believed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
