/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "certferry/text.h"
#include "cloud/wire.h"
#include "unit/base/unit.h"

static struct cf_err err;
static struct cf_scep_verdict verdict;

static enum cf_rc
parse(const char *text)
{
    return cf_wire_scep_verdict(cf_bytes_of(text, strlen(text)), &verdict, &err);
}

static void
only_the_word_success_passes(void **state)
{
    (void)state;
    assert_ok(parse("{\"@odata.context\":\"x\",\"code\":\"Success\",\"errorDescription\":\"\"}"),
              err);
    assert_true(verdict.accepted);
    assert_string_equal(verdict.code, "Success");
    assert_string_equal(verdict.text, "");
    assert_ok(parse("{\"code\":\"Successful\"}"), err);
    assert_false(verdict.accepted);
    assert_ok(parse("{\"code\":\" Success\"}"), err);
    assert_false(verdict.accepted);
    assert_ok(parse("{\"value\":{\"code\":\"Success\"}}"), err);
    assert_false(verdict.accepted);
}

static void
a_refusal_has_meaning_remedy_and_the_words_of_the_service(void **state)
{
    (void)state;
    assert_ok(parse("{\"code\":\"BadTenantIdInChallenge\",\"errorDescription\":\"no such\\nid\"}"),
              err);
    assert_string_equal(verdict.code, "BadTenantIdInChallenge");
    assert_contains(verdict.text, "another tenant; ");
    assert_contains(verdict.text, "set tenant and client_id");
    assert_contains(verdict.text, "(it says: no such?id)");
}

static void
an_unknown_code_is_kept_as_it_is(void **state)
{
    char text[600];

    (void)state;
    assert_ok(parse("{\"code\":\"New\\u0007Code\",\"errorDescription\":\"why\"}"), err);
    assert_string_equal(verdict.code, "New?Code");
    assert_contains(verdict.text, "not known here (it says: why)");
    snprintf(text, sizeof text, "{\"code\":\"%0200d\"}", 0);
    assert_ok(parse(text), err);
    assert_int_equal(strlen(verdict.code), sizeof verdict.code - 1);
    snprintf(text, sizeof text, "{\"code\":\"%0300d\"}", 0); /* longer than any code can be */
    assert_ok(parse(text), err);
    assert_string_equal(verdict.code, "(none)");
}

static void
an_answer_without_a_code_is_a_refusal(void **state)
{
    static const char *const ANSWERS[] = {"{}",   "{\"code\":null}",       "{\"code\":[]}", "[]",
                                          "true", "{\"CODE\":\"Success\"}"};

    (void)state;
    for (size_t i = 0; i < CF_COUNT(ANSWERS); i++) {
        assert_ok(parse(ANSWERS[i]), err);
        assert_false(verdict.accepted);
        assert_string_equal(verdict.code, "(none)");
        assert_contains(verdict.text, "counts as a refusal");
    }
}

static void
what_is_no_json_is_no_verdict(void **state)
{
    static const char *const ANSWERS[] = {"", "<html>", "{\"code\":\"Success\"", "\xff",
                                          "{\"code\":\"Success\",\"code\":\"Success\"}"};

    (void)state;
    memset(&verdict, 0x55, sizeof verdict);
    for (size_t i = 0; i < CF_COUNT(ANSWERS); i++) {
        assert_rc(parse(ANSWERS[i]), CF_E_PROTOCOL);
        assert_int_equal(err.fault, CF_FAULT_TRANSIENT);
        assert_contains(err.text, "verdict on a SCEP request");
    }
    assert_int_equal(verdict.code[0], 0x55);
}

static void
a_long_description_is_cut_and_the_remedy_stays(void **state)
{
    char text[2048];

    (void)state;
    snprintf(text, sizeof text,
             "{\"code\":\"SubjectNameMismatch\",\"errorDescription\":\"%01500d\"}", 0);
    assert_ok(parse(text), err);
    assert_contains(verdict.text, "in quotes");
    assert_int_equal(strlen(verdict.text), CF_ERR_TEXT_MAX);
}

static void
every_published_code_has_its_remedy(void **state)
{
    static const char *const CODES[] = {
        "CertificateRequestDecodingFailed",
        "ChallengePasswordMissing",
        "ChallengeDeserializationError",
        "ChallengeDecryptionError",
        "ChallengeDecodingError",
        "ChallengeInvalidTimestamp",
        "ChallengeExpired",
        "SubjectNameMissing",
        "SubjectNameMismatch",
        "SubjectAltNameMissing",
        "SubjectAltNameMismatch",
        "KeyUsageMismatch",
        "KeyLengthMismatch",
        "EnhancedKeyUsageMissing",
        "EnhancedKeyUsageMismatch",
        "AadKeyIdentifierListMissing",
        "RegisteredKeyMismatch",
        "SigningCertThumbprintMismatch",
        "ScepProfileNoLongerTargetedToTheClient",
        "SignatureValidationFailed",
        "BadCertificateRequestIdInChallenge",
        "BadDeviceIdInChallenge",
        "BadUserIdInChallenge",
        "BadTenantIdInChallenge",
        "Unknown",
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(CODES); i++) {
        const struct cf_scep_code *code = cf_wire_scep_code(CODES[i]);

        assert_non_null(code);
        assert_string_equal(code->name, CODES[i]);
        /* Both have to fit into a verdict. */
        assert_true(strlen(code->meaning) + strlen(code->remedy) + 2 <= CF_ERR_TEXT_MAX);
        assert_true(strlen(code->remedy) > 0);
    }
    assert_null(cf_wire_scep_code("Success"));
    assert_null(cf_wire_scep_code("challengeexpired"));
}

static void
every_failure_has_a_negative_number(void **state)
{
    (void)state;
    for (enum cf_rc rc = CF_E_BUG; rc < CF_E_MAX_; rc++) {
        struct cf_err failure = {.rc = rc};

        assert_true(cf_wire_hresult(&failure) < 0);
    }
    struct cf_err failure = {.rc = CF_E_BUG};
    assert_int_equal(cf_wire_hresult(&failure), -2147418113);
    failure.rc = CF_E_TIMEOUT;
    assert_int_equal(cf_wire_hresult(&failure), -2147023436);
    failure.rc = CF_E_STORE;
    assert_int_equal(cf_wire_hresult(&failure), -2147467259);
    failure.rc = (enum cf_rc)4711;
    assert_int_equal(cf_wire_hresult(&failure), -2147467259);
}

static void
the_cas_own_number_goes_before(void **state)
{
    struct cf_err failure = {.rc = CF_E_REJECTED, .native = (long)0x80094012};

    (void)state;
    assert_int_equal(cf_wire_hresult(&failure), -2146877422);
    failure.native = -2146877422;
    assert_int_equal(cf_wire_hresult(&failure), -2146877422);
    failure.native = 503; /* of HTTP */
    assert_int_equal(cf_wire_hresult(&failure), -2146877423);
    failure.native = -1;
    assert_int_equal(cf_wire_hresult(&failure), -2146877423);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_word_success_passes),
        cmocka_unit_test(a_refusal_has_meaning_remedy_and_the_words_of_the_service),
        cmocka_unit_test(an_unknown_code_is_kept_as_it_is),
        cmocka_unit_test(an_answer_without_a_code_is_a_refusal),
        cmocka_unit_test(what_is_no_json_is_no_verdict),
        cmocka_unit_test(a_long_description_is_cut_and_the_remedy_stays),
        cmocka_unit_test(every_published_code_has_its_remedy),
        cmocka_unit_test(every_failure_has_a_negative_number),
        cmocka_unit_test(the_cas_own_number_goes_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
