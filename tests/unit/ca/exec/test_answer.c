/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/ca/ca_kit.h"

#include <stdlib.h>

#include "ca/exec/exec.h"

static struct cf_ca_program_end
end_of(int exit_status, const char *output, const char *errors)
{
    return (struct cf_ca_program_end){
        .program = "/usr/libexec/ca",
        .exit_status = exit_status,
        .output = cf_bytes_of(output, strlen(output)),
        .errors = cf_bytes_of(errors, strlen(errors)),
    };
}

static void
expect_error(int exit_status, const char *output, const char *errors, enum cf_rc rc,
             const char *text)
{
    struct cf_ca_program_end end = end_of(exit_status, output, errors);
    struct cf_ca_answer answer = {0};
    struct cf_err err = {0};

    assert_int_equal(cf_exec_read_answer(&end, NULL, NULL, &answer, &err), rc);
    assert_null(answer.cert);
    assert_null(answer.cookie);
    kit_contains(err.text, "/usr/libexec/ca");
    kit_contains(err.text, text);
}

static void
wait_takes_a_cookie_of_one_line(void **state)
{
    (void)state;
    struct cf_ca_program_end end = end_of(1, "req/42 ä\r\n\n", "");
    struct cf_ca_answer answer = {0};

    assert_int_equal(cf_exec_read_answer(&end, NULL, NULL, &answer, NULL), CF_OK);
    assert_int_equal(answer.disposition, CF_CA_ANSWER_PENDING);
    assert_string_equal(answer.cookie, "req/42 ä");
    assert_int_equal(answer.retry_after_ms, 0);
    cf_ca_answer_done(&answer);

    expect_error(1, "", "", CF_E_PROTOCOL, "no cookie");
    expect_error(1, "\n\n", "", CF_E_PROTOCOL, "no cookie");
    expect_error(1, "a\nb\n", "", CF_E_PROTOCOL, "one line");
    expect_error(1, "a\x01z", "", CF_E_PROTOCOL, "printable");
    expect_error(1, "\xff\xfe", "", CF_E_PROTOCOL, "printable");
}

static void
a_cookie_has_at_most_4096_bytes(void **state)
{
    (void)state;
    char text[4098];
    struct cf_ca_answer answer = {0};

    memset(text, 'c', sizeof text);
    text[4096] = '\0';
    struct cf_ca_program_end end = end_of(1, text, "");
    assert_int_equal(cf_exec_read_answer(&end, NULL, NULL, &answer, NULL), CF_OK);
    cf_ca_answer_done(&answer);
    text[4096] = 'c';
    text[4097] = '\0';
    expect_error(1, text, "", CF_E_PROTOCOL, "4096");
}

static void
a_nul_does_not_shorten_a_cookie(void **state)
{
    (void)state;
    struct cf_ca_program_end end = end_of(1, "", "");
    struct cf_ca_answer answer = {0};

    end.output = cf_bytes_of("a\0b", 3);
    assert_int_equal(cf_exec_read_answer(&end, NULL, NULL, &answer, NULL), CF_E_PROTOCOL);
}

static void
wait_with_seconds_reads_both(void **state)
{
    (void)state;
    struct cf_ca_program_end end = end_of(5, "3600\ncookie\n", "");
    struct cf_ca_answer answer = {0};

    assert_int_equal(cf_exec_read_answer(&end, NULL, NULL, &answer, NULL), CF_OK);
    assert_string_equal(answer.cookie, "cookie");
    assert_int_equal(answer.retry_after_ms, 3600000);
    cf_ca_answer_done(&answer);

    expect_error(5, "", "", CF_E_PROTOCOL, "seconds");
    expect_error(5, "cookie\n", "", CF_E_PROTOCOL, "seconds");
    expect_error(5, "-1\ncookie", "", CF_E_PROTOCOL, "seconds");
    expect_error(5, "99999999999999999999\ncookie", "", CF_E_PROTOCOL, "seconds");
    expect_error(5, "31536001\ncookie", "", CF_E_PROTOCOL, "seconds");
    expect_error(5, "10", "", CF_E_PROTOCOL, "no cookie");
}

static void
a_poll_without_a_new_cookie_keeps_the_old_one(void **state)
{
    (void)state;
    struct cf_ca_program_end end = end_of(5, "60\n", "");
    struct cf_ca_answer answer = {0};

    assert_int_equal(cf_exec_read_answer(&end, NULL, "old", &answer, NULL), CF_OK);
    assert_string_equal(answer.cookie, "old");
    cf_ca_answer_done(&answer);
}

static void
a_refusal_carries_the_first_line_of_stderr(void **state)
{
    (void)state;
    struct cf_ca_program_end end = end_of(2, "ignored", "no \x1b[31mquota\r\nsecond line");
    struct cf_ca_answer answer = {0};

    assert_int_equal(cf_exec_read_answer(&end, NULL, NULL, &answer, NULL), CF_OK);
    assert_int_equal(answer.disposition, CF_CA_ANSWER_REJECTED);
    assert_string_equal(answer.reason, "no ?[31mquota");
    end = end_of(2, "", "");
    assert_int_equal(cf_exec_read_answer(&end, NULL, NULL, &answer, NULL), CF_OK);
    kit_contains(answer.reason, "no reason");
}

static void
other_endings_are_errors_of_their_class(void **state)
{
    (void)state;
    expect_error(3, "", "down for lunch\n", CF_E_CA_DOWN, "down for lunch");
    expect_error(4, "", "no profile", CF_E_CA_CONFIG, "no profile");
    expect_error(6, "", "", CF_E_UNSUPPORTED, "not support");
    expect_error(7, "", "", CF_E_PROTOCOL, "exit code 7");
    expect_error(127, "", "", CF_E_PROTOCOL, "exit code 127");
    expect_error(-11, "", "", CF_E_PROTOCOL, "signal 11");
    assert_int_equal(cf_rc_fault(CF_E_PROTOCOL), CF_FAULT_TRANSIENT);
}

static void
output_that_is_no_certificate_may_pass(void **state)
{
    (void)state;
    expect_error(0, "", "", CF_E_PROTOCOL, "output of");
    expect_error(0, "Sign the certificate? [y/n]", "", CF_E_PROTOCOL, "output of");
    expect_error(0, "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", "",
                 CF_E_PROTOCOL, "output of");
    expect_error(0, "-----BEGIN CERTIFICATE-----\nMIIB", "", CF_E_PROTOCOL, "output of");
}

static void
revocation_endings_have_their_codes(void **state)
{
    (void)state;
    static const struct {
        int exit_status;
        enum cf_rc rc;
    } CASES[] = {{0, CF_OK},         {1, CF_E_PROTOCOL},  {2, CF_E_REJECTED},
                 {3, CF_E_CA_DOWN},  {4, CF_E_CA_CONFIG}, {6, CF_E_UNSUPPORTED},
                 {7, CF_E_CONFLICT}, {8, CF_E_NOT_FOUND}, {9, CF_E_PROTOCOL},
                 {-9, CF_E_PROTOCOL}};

    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        struct cf_ca_program_end end = end_of(CASES[i].exit_status, "", "why");
        assert_int_equal(cf_ca_program_read_revocation(&end, NULL), CASES[i].rc);
    }
}

/* Two certificates of which nobody signed the other: enough to compare bytes. */
static void
the_chain_is_compared_with_chain_file(void **state)
{
    struct ca_kit *kit = *state;

    assert_int_equal(kit_run(kit,
                             "openssl req -x509 -config ca.cnf -extensions v3_leaf -newkey " KIT_EC
                             " -nodes -keyout /dev/null -out leaf.pem"),
                     0);
    cf_own_str leaf = kit_output(kit, "cat leaf.pem");
    cf_own_str both = kit_output(kit, "cat leaf.pem ca.pem");
    cf_own_str twice = kit_output(kit, "cat leaf.pem leaf.pem");
    cf_own_str three = kit_output(kit, "cat leaf.pem ca.pem leaf.pem");
    cf_own(cf_buf) pem = kit_read(kit, "ca.pem");
    cf_own(cf_chain) chain = NULL;
    assert_int_equal(cf_chain_parse_pem(cf_buf_bytes(pem), &chain, NULL), CF_OK);

    const struct {
        const char *output;
        const struct cf_chain *chain;
        enum cf_rc rc;
    } CASES[] = {
        {leaf, chain, CF_OK},          {both, chain, CF_OK}, {twice, chain, CF_E_PROTOCOL},
        {three, chain, CF_E_PROTOCOL}, {both, NULL, CF_OK},  {leaf, NULL, CF_E_PROTOCOL},
    };
    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        struct cf_ca_program_end end = end_of(0, CASES[i].output, "");
        struct cf_ca_answer answer = {0};
        assert_int_equal(cf_exec_read_answer(&end, CASES[i].chain, NULL, &answer, NULL),
                         CASES[i].rc);
        if (CASES[i].rc == CF_OK) {
            cf_own(cf_chain) got = NULL;
            assert_int_equal(cf_chain_parse_der(cf_buf_bytes(answer.chain), &got, NULL), CF_OK);
            assert_int_equal(cf_chain_count(got), 1);
            assert_true(cf_bytes_equal(cf_cert_der(cf_chain_at(got, 0)),
                                       cf_cert_der(cf_chain_at(chain, 0))));
        }
        cf_ca_answer_done(&answer);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wait_takes_a_cookie_of_one_line),
        cmocka_unit_test(a_cookie_has_at_most_4096_bytes),
        cmocka_unit_test(a_nul_does_not_shorten_a_cookie),
        cmocka_unit_test(wait_with_seconds_reads_both),
        cmocka_unit_test(a_poll_without_a_new_cookie_keeps_the_old_one),
        cmocka_unit_test(a_refusal_carries_the_first_line_of_stderr),
        cmocka_unit_test(other_endings_are_errors_of_their_class),
        cmocka_unit_test(output_that_is_no_certificate_may_pass),
        cmocka_unit_test(revocation_endings_have_their_codes),
        cmocka_unit_test_setup_teardown(the_chain_is_compared_with_chain_file, kit_setup,
                                        kit_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
