/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "unit/ca/adcs/reply_kit.h"

static void
what_is_issued_has_its_chain_by_chain_file(void **state)
{
    struct reply_kit *reply = *state;

    reply_use_chain_file(reply, "chain.pem");
    reply_expect_issued(reply, "leaf", "all.p7b", 2);
    reply_expect_issued(reply, "leaf", NULL, 2);
}

static void
a_certificate_that_is_only_in_the_response_is_found(void **state)
{
    struct reply_kit *reply = *state;

    reply_use_chain_file(reply, "chain.pem");
    reply_expect_issued(reply, NULL, "all.p7b", 2);
}

static void
a_response_that_cannot_be_read_does_not_matter_beside_the_rest(void **state)
{
    struct reply_kit *reply = *state;

    reply_use_chain_file(reply, "chain.pem");
    reply_expect_issued(reply, "leaf", "ca.cnf", 2);
    reply_expect_error(reply, NULL, "ca.cnf", CF_E_ENCODING, "cannot be read");
}

static void
the_directory_tells_what_chain_file_does_not(void **state)
{
    struct reply_kit *reply = *state;

    reply_use_directory(reply);
    reply_expect_issued(reply, "leaf", NULL, 2);
    reply_expect_issued(reply, "leaf", "all.p7b", 2);
    assert_int_equal(reply->directory->n_find_services, 1);
}

static void
a_directory_that_fails_later_does_not_matter(void **state)
{
    struct reply_kit *reply = *state;

    reply_use_directory(reply);
    reply_expect_issued(reply, "leaf", NULL, 2);
    fake_directory_set_failure(reply->directory, CF_E_DIRECTORY_DOWN, 0);
    cf_clock_fake_advance(reply->kit.clock, KIT_DAY_MS);
    reply_expect_issued(reply, "leaf", NULL, 2);
}

static void
a_directory_that_was_never_there_is_an_error_that_passes(void **state)
{
    struct reply_kit *reply = *state;

    reply_use_directory(reply);
    fake_directory_set_failure(reply->directory, CF_E_DIRECTORY_DOWN, 0);
    reply_expect_error(reply, "leaf", "all.p7b", CF_E_DIRECTORY_DOWN, "Issuing CA");
    fake_directory_set_failure(reply->directory, CF_OK, 0);
    reply_expect_issued(reply, "leaf", "all.p7b", 2);
}

static void
a_ca_renewed_meanwhile_is_looked_up_again(void **state)
{
    struct reply_kit *reply = *state;
    struct cf_der_list certs;

    reply_use_directory(reply);
    certs = reply->service.certs;
    reply->service.certs = (struct cf_der_list){0};
    reply_expect_error(reply, "leaf", NULL, CF_E_CA_CONFIG, "Issuing CA");
    reply->service.certs = certs;
    cf_clock_fake_advance(reply->kit.clock, 60 * 1000);
    unsigned n_forget = reply->directory->n_forget;
    reply_expect_issued(reply, "leaf", NULL, 2);
    /* ... and not in what the directory's part keeps itself. */
    assert_int_equal(reply->directory->n_forget, n_forget + 1);
    reply_expect_issued(reply, "leaf", NULL, 2);
    assert_int_equal(reply->directory->n_forget, n_forget + 1);
}

static void
another_ca_of_the_same_name_is_refused(void **state)
{
    struct reply_kit *reply = *state;

    reply_use_chain_file(reply, "chain.pem");
    reply_expect_error(reply, "stray", NULL, CF_E_MISMATCH, "Issuing CA");
    assert_int_equal(kit_run(&reply->kit, "cat stray.pem evil.pem > e.pem && openssl crl2pkcs7 "
                                          "-nocrl -certfile e.pem -outform DER -out e.p7b"),
                     0);
    reply_expect_error(reply, "stray", "e.p7b", CF_E_MISMATCH, "chain_file");
    reply_expect_error(reply, NULL, "e.p7b", CF_E_MISMATCH, "chain_file");
    reply_use_directory(reply);
    reply_expect_error(reply, "stray", "e.p7b", CF_E_MISMATCH, "Issuing CA");
}

static void
a_chain_that_leads_to_nothing_known_is_refused_with_both_names(void **state)
{
    struct reply_kit *reply = *state;

    reply_use_directory(reply);
    reply_list_done(&reply->directory->certs[CF_AD_ROOTS]);
    reply_list_add(&reply->directory->certs[CF_AD_ROOTS], reply_der(reply, "evil"));
    reply_expect_error(reply, "leaf", "all.p7b", CF_E_CA_CONFIG,
                       "'CN=Issuing CA' ends in 'CN=Test CA'");
}

static void
chain_file_decides_about_the_root_beside_a_directory(void **state)
{
    struct reply_kit *reply = *state;

    reply_use_chain_file(reply, "evil.pem");
    reply_use_directory(reply);
    reply_expect_error(reply, "leaf", "all.p7b", CF_E_MISMATCH, "Issuing CA");
    reply->ca.chain = cf_chain_free(reply->ca.chain);
    reply_use_chain_file(reply, "root.pem");
    reply_expect_issued(reply, "leaf", "all.p7b", 2);
}

static void
the_known_chain_is_the_configured_or_the_directory_s(void **state)
{
    struct reply_kit *reply = *state;
    cf_own(cf_chain) by_directory = NULL;
    cf_own(cf_chain) by_file = NULL;
    struct cf_err err = {0};

    assert_int_equal(adcs_known_chain(&reply->ca, &by_file, &err), CF_E_CA_CONFIG);
    reply_use_directory(reply);
    assert_int_equal(adcs_known_chain(&reply->ca, &by_directory, NULL), CF_OK);
    reply_use_chain_file(reply, "chain.pem");
    assert_int_equal(adcs_known_chain(&reply->ca, &by_file, NULL), CF_OK);
    assert_int_equal(cf_chain_count(by_directory), 2);
    assert_int_equal(cf_chain_count(by_file), 2);
    for (size_t i = 0; i < 2; i++)
        assert_true(cf_bytes_equal(cf_cert_der(cf_chain_at(by_file, i)),
                                   cf_cert_der(cf_chain_at(by_directory, i))));
}

static void
issued_without_a_certificate_is_asked_for_by_its_number(void **state)
{
    struct reply_kit *reply = *state;
    struct adcs_reply said = {.request_id = 7, .disposition = ADCS_ISSUED};
    struct cf_ca_answer answer = {0};
    struct cf_err err = {0};

    assert_int_equal(adcs_answer(&reply->ca, &said, false, &answer, NULL), CF_OK);
    assert_int_equal(answer.disposition, CF_CA_ANSWER_PENDING);
    assert_string_equal(answer.cookie, "7 rpc ca1.corp.example Issuing CA");
    assert_string_equal(answer.reason, "request 7"); /* where its manager finds it */
    cf_ca_answer_done(&answer);
    assert_int_equal(adcs_answer(&reply->ca, &said, true, &answer, &err), CF_E_PROTOCOL);
    kit_contains(err.text, "sends no certificate");
    said.request_id = 0;
    assert_int_equal(adcs_answer(&reply->ca, &said, false, &answer, NULL), CF_E_PROTOCOL);
}

static void
a_certificate_that_is_none_is_refused(void **state)
{
    struct reply_kit *reply = *state;
    struct adcs_reply said = {.request_id = 7, .disposition = ADCS_ISSUED};
    struct cf_ca_answer answer = {0};

    reply_use_chain_file(reply, "chain.pem");
    said.cert = cf_buf_copy(cf_bytes_of("\x30\x03\x02\x01\x00", 5));
    assert_int_equal(adcs_answer(&reply->ca, &said, false, &answer, NULL), CF_E_ENCODING);
    assert_null(answer.cert);
    adcs_reply_done(&said);
}

static void
each_disposition_has_its_meaning(void **state)
{
    struct reply_kit *reply = *state;
    enum { REJECTED = CF_CA_ANSWER_REJECTED, PENDING = CF_CA_ANSWER_PENDING, NONE = -1 };
    static const struct {
        uint32_t disposition, result;
        bool is_poll;
        enum cf_rc rc;
        int wanted;
        const char *text;
    } CASES[] = {
        {5, 0, false, CF_OK, PENDING, NULL},
        {5, 0, true, CF_OK, PENDING, NULL},
        {2, 0, true, CF_OK, REJECTED, "denied by a certificate manager"},
        {2, 0x80094014, true, CF_OK, REJECTED, "the words of the CA"},
        {2, 0x80094014, false, CF_OK, REJECTED, "denied"},
        {6, 0, true, CF_OK, REJECTED, "revoked"},
        {6, 0, false, CF_E_PROTOCOL, NONE, "disposition 6"},
        {0, 0, true, CF_OK, REJECTED, "another CA"},
        {0, 0, false, CF_E_PROTOCOL, NONE, "disposition 0"},
        {1, 0, false, CF_E_PROTOCOL, NONE, "disposition 1"},
        {4, 0, true, CF_E_PROTOCOL, NONE, "disposition 4"},
        {0x7fffffff, 0, true, CF_E_PROTOCOL, NONE, "disposition"},
        {0x80094001, 0, false, CF_OK, REJECTED, "0x80094001"},
        {0x80094811, 0, false, CF_OK, REJECTED, "0x80094811"},
        {0x80094014, 0, false, CF_OK, REJECTED, "0x80094014"},
        {0x80094800, 0, false, CF_E_CA_CONFIG, NONE, "0x80094800"},
        {0x80094012, 0, false, CF_E_CA_CONFIG, NONE, "0x80094012"},
        {0, 0x80070057, false, CF_E_CA_CONFIG, NONE, "0x80070057"},
        {0x80094006, 0, false, CF_E_PROTOCOL, NONE, "0x80094006"},
        {0, 0x80092013, false, CF_E_PROTOCOL, NONE, "0x80092013"},
        {0x80094004, 0, true, CF_OK, REJECTED, "no such request"},
        {0, 0x80094004, true, CF_OK, REJECTED, "no such request"},
        {3, 0x80094014, false, CF_OK, REJECTED, "0x80094014"},
        {5, 0x80094006, false, CF_E_PROTOCOL, NONE, "0x80094006"},
    };

    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        struct adcs_reply said = {.request_id = 7,
                                  .disposition = CASES[i].disposition,
                                  .result = CASES[i].result,
                                  .message = "the words of the CA"};
        struct cf_ca_answer answer = {.disposition = CF_CA_ANSWER_ISSUED};
        struct cf_err err = {0};
        enum cf_rc rc = adcs_answer(&reply->ca, &said, CASES[i].is_poll, &answer, &err);
        if (rc != CASES[i].rc)
            fail_msg("case %zu: %s: %s", i, cf_rc_name(rc), err.text);
        if (CASES[i].wanted != NONE)
            assert_int_equal(answer.disposition, CASES[i].wanted);
        if (CASES[i].text)
            kit_contains(rc == CF_OK ? answer.reason : err.text, CASES[i].text);
        cf_ca_answer_done(&answer);
    }
}

static void
a_refusal_without_a_number_names_the_ca(void **state)
{
    struct reply_kit *reply = *state;
    struct adcs_reply said = {.disposition = ADCS_DENIED};
    struct cf_ca_answer answer = {0};
    struct cf_err err = {0};

    assert_int_equal(adcs_answer(&reply->ca, &said, false, &answer, &err), CF_OK);
    assert_string_equal(answer.reason, "request to Issuing CA: denied");
    cf_ca_answer_done(&answer);
}

static void
pending_without_a_number_is_an_error(void **state)
{
    struct reply_kit *reply = *state;
    struct adcs_reply said = {.disposition = ADCS_PENDING};
    struct cf_ca_answer answer = {0};
    struct cf_err err = {0};

    assert_int_equal(adcs_answer(&reply->ca, &said, false, &answer, &err), CF_E_PROTOCOL);
    assert_null(answer.cookie);
    kit_contains(err.text, "no number");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        reply_test(what_is_issued_has_its_chain_by_chain_file),
        reply_test(a_certificate_that_is_only_in_the_response_is_found),
        reply_test(a_response_that_cannot_be_read_does_not_matter_beside_the_rest),
        reply_test(the_directory_tells_what_chain_file_does_not),
        reply_test(a_directory_that_fails_later_does_not_matter),
        reply_test(a_directory_that_was_never_there_is_an_error_that_passes),
        reply_test(a_ca_renewed_meanwhile_is_looked_up_again),
        reply_test(another_ca_of_the_same_name_is_refused),
        reply_test(a_chain_that_leads_to_nothing_known_is_refused_with_both_names),
        reply_test(chain_file_decides_about_the_root_beside_a_directory),
        reply_test(the_known_chain_is_the_configured_or_the_directory_s),
        reply_test(issued_without_a_certificate_is_asked_for_by_its_number),
        reply_test(a_certificate_that_is_none_is_refused),
        reply_test(each_disposition_has_its_meaning),
        reply_test(a_refusal_without_a_number_names_the_ca),
        reply_test(pending_without_a_number_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
