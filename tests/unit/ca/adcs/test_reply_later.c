/* SPDX-License-Identifier: Apache-2.0 */
/* What a reply is now and what it may become: certificates that time or the directory do not allow
 * yet, numbers that are a CA's own, and what is sure about a refusal. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "unit/ca/adcs/reply_kit.h"

/* The issuing CA as it was before it was renewed with the same key: valid for a day. */
static void
make_former(struct reply_kit *reply)
{
    assert_int_equal(
        kit_run(&reply->kit,
                "openssl x509 -req -in sub.csr -CA root.pem -CAkey root.key -CAcreateserial "
                "-extfile ca.cnf -extensions v3_ca -days 1 -out former.pem && "
                "cat former.pem root.pem > former-chain.pem"),
        0);
}

static void
expect_current(const struct reply_kit *reply, const struct cf_buf *chain_der)
{
    cf_own(cf_buf) wanted = reply_der(reply, "sub");
    cf_own(cf_chain) chain = NULL;

    assert_int_equal(cf_chain_parse_der(cf_buf_bytes(chain_der), &chain, NULL), CF_OK);
    assert_true(cf_bytes_equal(cf_cert_der(cf_chain_at(chain, 0)), cf_buf_bytes(wanted)));
}

static void
an_expired_ca_certificate_does_not_stand_before_the_renewed_one(void **state)
{
    struct reply_kit *reply = *state;
    struct cf_ca_answer answer = {0};
    struct cf_err err = {0};

    make_former(reply);
    reply_use_chain_file(reply, "former-chain.pem");
    reply_use_directory(reply);
    cf_clock_fake_advance(reply->kit.clock, 2 * KIT_DAY_MS);
    if (reply_answer(reply, "leaf", NULL, false, &answer, &err) != CF_OK)
        fail_msg("%s", err.text);
    expect_current(reply, answer.chain);
    cf_ca_answer_done(&answer);

    adcs_known_free(reply->ca.known);
    reply->ca.known = NULL;
    reply_expect_error(reply, "leaf", NULL, CF_E_MISMATCH, "valid now");
}

static void
of_two_in_the_directory_the_one_that_is_valid_counts(void **state)
{
    struct reply_kit *reply = *state;
    struct cf_ca_answer answer = {0};

    make_former(reply);
    reply_list_add(&reply->service.certs, reply_der(reply, "former"));
    reply_use_directory(reply);
    cf_clock_fake_advance(reply->kit.clock, 2 * KIT_DAY_MS);
    assert_int_equal(reply_answer(reply, "leaf", NULL, false, &answer, NULL), CF_OK);
    expect_current(reply, answer.chain);
    cf_ca_answer_done(&answer);
}

static void
expect_wait(struct reply_kit *reply)
{
    struct cf_ca_answer answer = {0};
    struct cf_err err = {0};

    if (reply_answer(reply, "leaf", NULL, false, &answer, &err) != CF_OK)
        fail_msg("%s", err.text);
    assert_int_equal(answer.disposition, CF_CA_ANSWER_PENDING);
    assert_string_equal(answer.cookie, "7 rpc ca1.corp.example Issuing CA");
    assert_int_equal(answer.retry_after_ms, 60000);
    assert_null(answer.cert);
    cf_ca_answer_done(&answer);
}

static void
an_issuer_that_the_directory_does_not_know_yet_is_waited_for(void **state)
{
    struct reply_kit *reply = *state;
    struct cf_der_list certs;

    reply_use_directory(reply);
    certs = reply->service.certs;
    reply->service.certs = (struct cf_der_list){0};
    expect_wait(reply);
    reply_expect_error(reply, "leaf", NULL, CF_E_CA_CONFIG, "request 7 is issued and waits");
    reply_expect_error(reply, "leaf", NULL, CF_E_CA_CONFIG, "Issuing CA");
    reply->service.certs = certs;
    cf_clock_fake_advance(reply->kit.clock, 60 * 1000);
    reply_expect_issued(reply, "leaf", NULL, 2);
}

static void
a_directory_that_is_away_makes_no_second_certificate(void **state)
{
    struct reply_kit *reply = *state;

    reply_use_directory(reply);
    fake_directory_set_failure(reply->directory, CF_E_DIRECTORY_DOWN, 0);
    expect_wait(reply);
    reply_expect_error(reply, "leaf", NULL, CF_E_DIRECTORY_DOWN, "Issuing CA");
}

static void
without_a_number_or_with_chain_file_a_stranger_is_refused_at_once(void **state)
{
    struct reply_kit *reply = *state;
    struct cf_ca_answer answer = {0};
    struct adcs_reply said = {.disposition = ADCS_ISSUED};

    reply_use_directory(reply);
    said.cert = reply_der(reply, "stray");
    assert_int_equal(adcs_answer(&reply->ca, &said, false, &answer, NULL), CF_E_MISMATCH);
    adcs_reply_done(&said);
    reply_use_chain_file(reply, "chain.pem");
    assert_int_equal(reply_answer(reply, "stray", NULL, false, &answer, NULL), CF_E_MISMATCH);
    reply_expect_error(reply, "stray", NULL, CF_E_MISMATCH, "Issuing CA");
}

static void
a_number_of_the_ca_says_that_nothing_was_issued(void **state)
{
    static const struct {
        uint32_t hresult;
        bool is_sure;
    } CASES[] = {
        {0x80094800, true},  /* CERTSRV_E_UNSUPPORTED_CERT_TYPE */
        {0x80094006, true},  /* CERTSRV_E_NO_CERT_TYPE */
        {0x80092013, true},  /* CRYPT_E_REVOCATION_OFFLINE */
        {0x80070057, true},  /* E_INVALIDARG */
        {0x800706ba, false}, /* RPC_S_SERVER_UNAVAILABLE, from a CES that asked the CA */
        {0x800706be, false}, /* RPC_S_CALL_FAILED */
        {0x800705b4, false}, /* ERROR_TIMEOUT */
        {0x800704d4, false}, /* ERROR_CONNECTION_ABORTED */
        {0x8001011f, false}, /* RPC_E_TIMEOUT */
    };
    struct reply_kit *reply = *state;

    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        const struct adcs_reply said = {.request_id = 7, .disposition = CASES[i].hresult};
        struct cf_ca_answer answer = {0};
        struct cf_err err = {0};
        assert_int_not_equal(adcs_answer(&reply->ca, &said, false, &answer, &err), CF_OK);
        if (answer.nothing_issued != CASES[i].is_sure)
            fail_msg("0x%08x", CASES[i].hresult);
    }
}

static void
a_cookie_is_good_at_its_own_ca_only(void **state)
{
    struct reply_kit *reply = *state;
    const struct cf_ca_settings *settings = &reply->kit.settings;
    static const char *const BAD[] = {"",
                                      "42",
                                      "42 ",
                                      " rpc ca1.corp.example Issuing CA",
                                      "0 rpc ca1.corp.example Issuing CA",
                                      "x y",
                                      "42 rpc",
                                      "cmp1 Y2E= p10cr MAA= MAA=",
                                      "42 rpc ca1.corp.example",
                                      "4294967296 rpc ca1.corp.example Issuing CA"};
    static const char *const OTHERS[] = {"42 rpc ca2.corp.example Issuing CA",
                                         "42 rpc ca1.corp.example Issuing CA 2",
                                         "42 rpc ca1.corp.example Issuing"};
    cf_own_str cookie = NULL;
    uint32_t request_id = 0;
    struct cf_err err = {0};

    assert_int_equal(adcs_cookie_write(settings, UINT32_MAX, &cookie, NULL), CF_OK);
    assert_int_equal(adcs_cookie_read(settings, cookie, &request_id, NULL), CF_OK);
    assert_int_equal(request_id, UINT32_MAX);
    assert_int_equal(
        adcs_cookie_read(settings, "5 rpc CA1.corp.EXAMPLE issuing ca", &request_id, NULL), CF_OK);
    assert_int_equal(request_id, 5);
    for (size_t i = 0; i < CF_COUNT(BAD); i++) {
        assert_int_equal(adcs_cookie_read(settings, BAD[i], &request_id, &err), CF_E_CA_CONFIG);
        kit_contains(err.text, "not of AD CS");
    }
    for (size_t i = 0; i < CF_COUNT(OTHERS); i++) {
        assert_int_equal(adcs_cookie_read(settings, OTHERS[i], &request_id, &err), CF_E_CA_CONFIG);
        kit_contains(err.text, "ca1.corp.example");
    }
    assert_int_equal(request_id, 5);
}

static void
a_number_is_asked_for_by_the_way_it_came(void **state)
{
    struct reply_kit *reply = *state;
    struct cf_ca_settings *settings = &reply->kit.settings;
    char first[] = "https://ces1.corp.example/A_CES_Kerberos/service.svc/CES";
    char second[] = "https://ces1.corp.example/B_CES_Kerberos/service.svc/CES";
    cf_own_str cookie = NULL;
    uint32_t request_id = 0;
    struct cf_err err = {0};

    settings->transport = CF_ADCS_CES;
    settings->ces_url = first;
    assert_int_equal(adcs_cookie_write(settings, 42, &cookie, NULL), CF_OK);
    assert_null(strstr(cookie, "https:"));
    assert_int_equal(adcs_cookie_read(settings, cookie, &request_id, NULL), CF_OK);
    assert_int_equal(request_id, 42);
    settings->ces_url = second;
    assert_int_equal(adcs_cookie_read(settings, cookie, &request_id, &err), CF_E_CA_CONFIG);
    kit_contains(err.text, "ces_url");
    settings->ces_url = NULL;
    settings->transport = CF_ADCS_RPC;
    assert_int_equal(adcs_cookie_read(settings, cookie, &request_id, &err), CF_E_CA_CONFIG);
    kit_contains(err.text, "transport");
}

/* A directory in which somebody else asks while it is being read. */
static struct {
    struct cf_directory_ops ops;
    const struct cf_directory_ops *real;
    struct reply_kit *reply;
    size_t n_certs; /* that the other one got; SIZE_MAX: nobody asked */
    bool is_on;
} slow;

static void *
ask_meanwhile(void *arg)
{
    struct adcs_ca *ca = arg;
    const struct adcs_known_certs *known = NULL;

    if (adcs_known_begin(ca, ADCS_KNOWN_KEPT_MS, &known, NULL) == CF_OK) {
        slow.n_certs = known->service.n;
        adcs_known_end(ca, known);
    }
    return NULL;
}

static enum cf_rc
slow_services(struct cf_directory *directory, struct cf_enrollment_services *ret_services,
              struct cf_err *err)
{
    pthread_t other;

    if (slow.is_on) {
        assert_int_equal(pthread_create(&other, NULL, ask_meanwhile, &slow.reply->ca), 0);
        assert_int_equal(pthread_join(other, NULL), 0);
    }
    return slow.real->find_enrollment_services(directory, ret_services, err);
}

static void
who_asks_while_the_directory_is_read_gets_what_is_known(void **state)
{
    struct reply_kit *reply = *state;

    reply_use_directory(reply);
    reply_expect_issued(reply, "leaf", NULL, 2);
    slow.real = reply->directory->base.ops;
    slow.ops = *slow.real;
    slow.ops.find_enrollment_services = slow_services;
    slow.reply = reply;
    slow.n_certs = SIZE_MAX;
    slow.is_on = true;
    reply->directory->base.ops = &slow.ops;
    cf_clock_fake_advance(reply->kit.clock, KIT_DAY_MS);
    reply_list_add(&reply->service.certs, reply_der(reply, "evil"));
    reply_expect_issued(reply, "leaf", NULL, 2);
    assert_int_equal(slow.n_certs, 1);
    slow.is_on = false;
    (void)ask_meanwhile(&reply->ca);
    assert_int_equal(slow.n_certs, 2);
    assert_int_equal(reply->directory->n_find_services, 2);
    reply->directory->base.ops = slow.real;
}

static void
what_is_in_use_outlives_the_next_reading(void **state)
{
    struct reply_kit *reply = *state;
    const struct adcs_known_certs *first = NULL;
    const struct adcs_known_certs *second = NULL;

    reply_use_directory(reply);
    assert_int_equal(adcs_known_begin(&reply->ca, ADCS_KNOWN_KEPT_MS, &first, NULL), CF_OK);
    cf_clock_fake_advance(reply->kit.clock, KIT_DAY_MS);
    assert_int_equal(adcs_known_begin(&reply->ca, ADCS_KNOWN_KEPT_MS, &second, NULL), CF_OK);
    assert_ptr_not_equal(first, second);
    assert_int_equal(first->service.n, 1);
    adcs_known_end(&reply->ca, first);
    assert_int_equal(second->service.n, 1);
    adcs_known_end(&reply->ca, second);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        reply_test(an_expired_ca_certificate_does_not_stand_before_the_renewed_one),
        reply_test(of_two_in_the_directory_the_one_that_is_valid_counts),
        reply_test(an_issuer_that_the_directory_does_not_know_yet_is_waited_for),
        reply_test(a_directory_that_is_away_makes_no_second_certificate),
        reply_test(without_a_number_or_with_chain_file_a_stranger_is_refused_at_once),
        reply_test(a_number_of_the_ca_says_that_nothing_was_issued),
        reply_test(a_cookie_is_good_at_its_own_ca_only),
        reply_test(a_number_is_asked_for_by_the_way_it_came),
        reply_test(who_asks_while_the_directory_is_read_gets_what_is_known),
        reply_test(what_is_in_use_outlives_the_next_reading),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
