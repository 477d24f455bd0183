/* SPDX-License-Identifier: Apache-2.0 */
/* The calls of SCEP validation against the lab's tenant, which takes nothing but their exact form.
 */
#include "contract/cloud/scep_tenant.h"

#include <stdio.h>
#include <string.h>

#include "certferry/http.h"
#include "certferry/key.h"
#include "contract/cloud/tenant_child.h"
#include "unit/base/unit.h"

static struct scep_sample sample;

static int
setup(void **state)
{
    (void)scep_setup(state);
    sample = scep_sample_new(NULL);
    return 0;
}

static int
teardown(void **state)
{
    scep_sample_done(&sample);
    return scep_teardown(state);
}

static void
assert_accepted(enum cf_rc rc)
{
    assert_ok(rc, scep_err);
    if (!scep_verdict.accepted)
        fail_msg("%s: %s", scep_verdict.code, scep_verdict.text);
    assert_string_equal(scep_verdict.code, "Success");
    assert_int_equal(strlen(scep_verdict.activity), CF_UUID_SIZE - 1);
}

static void
a_request_is_judged_and_its_certificate_told_of(void **state)
{
    char part[160];

    (void)state;
    assert_accepted(scep_validate(&sample));
    assert_contains(scep_last("validateRequest"), scep_verdict.activity);
    assert_accepted(scep_issued(&sample));
    const char *call = scep_last("successNotification");
    snprintf(part, sizeof part, "\\\"certificateSerialNumber\\\":\\\"%s\\\"",
             cf_cert_serial(sample.cert));
    assert_contains(call, part);
    assert_contains(call, cf_cert_thumbprint(sample.cert));
    assert_contains(call, "\\\"caConfiguration\\\":\\\"corp\\\"");
    assert_contains(call, "\"useragent\":\"certferry/");
}

static void
a_failure_is_told_with_its_number(void **state)
{
    struct cf_err failure = {0};

    (void)state;
    (void)cf_fail(&failure, CF_E_CA_DOWN, "the CA does not answer");
    assert_accepted(scep_validate(&sample));
    assert_accepted(scep_failed(&sample, &failure));
    const char *call = scep_last("failureNotification");
    assert_contains(call, "\\\"hResult\\\":-2147023174");
    assert_contains(call, "the CA does not answer");
}

static void
a_failure_without_words_gets_some(void **state)
{
    struct cf_err failure = {.rc = CF_E_REJECTED, .native = (long)0x80094800};

    (void)state;
    assert_accepted(scep_validate(&sample));
    assert_accepted(scep_failed(&sample, &failure));
    const char *call = scep_last("failureNotification");
    assert_contains(call, "\\\"hResult\\\":-2146875392");
    assert_contains(call, "refused by the certification authority");
}

static void
every_refusal_is_explained(void **state)
{
    static const char *const CODES[] = {"ChallengePasswordMissing",
                                        "ChallengeDecodingError",
                                        "ChallengeDecryptionError",
                                        "SignatureValidationFailed",
                                        "ChallengeDeserializationError",
                                        "ChallengeInvalidTimestamp",
                                        "ChallengeExpired",
                                        "BadCertificateRequestIdInChallenge",
                                        "BadDeviceIdInChallenge",
                                        "BadUserIdInChallenge",
                                        "BadTenantIdInChallenge",
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
                                        "Unknown",
                                        "CertificateRequestDecodingFailed"};

    (void)state;
    for (size_t i = 0; i < CF_COUNT(CODES); i++) {
        struct scep_sample bad = scep_sample_new(CODES[i]);

        assert_ok(scep_validate(&bad), scep_err);
        assert_false(scep_verdict.accepted);
        assert_string_equal(scep_verdict.code, CODES[i]);
        assert_contains(scep_verdict.text, "; ");
        assert_null(strstr(scep_verdict.text, "not known here"));
        scep_sample_done(&bad);
    }
    assert_int_equal(scep_count("validateRequest"), CF_COUNT(CODES));
}

static void
a_request_that_is_none_is_refused(void **state)
{
    struct cf_scep_action action = {.transaction_id = "x", .csr = cf_bytes_of("garbage", 7)};

    (void)state;
    assert_ok(scep_cloud->ops->scep_validate(scep_cloud, &action, 5000, &scep_verdict, NULL),
              scep_err);
    assert_string_equal(scep_verdict.code, "CertificateRequestDecodingFailed");
}

static void
a_refused_notification_is_no_error_but_a_verdict(void **state)
{
    (void)state;
    assert_accepted(scep_validate(&sample));
    scep_fault("[{\"match\":\"successNotification\",\"fault\":\"scepCode\","
               "\"args\":{\"code\":\"ChallengeExpired\"}}]");
    assert_ok(scep_issued(&sample), scep_err);
    assert_false(scep_verdict.accepted);
    assert_string_equal(scep_verdict.code, "ChallengeExpired");
    assert_int_equal(scep_count("successNotification"), 1);
}

static void
token_and_map_serve_many_calls(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++)
        assert_accepted(scep_validate(&sample));
    assert_int_equal(scep_count("/oauth2/"), 2);
    assert_int_equal(scep_count("servicePrincipals"), 1);
}

static void
a_token_that_is_not_taken_any_more_is_replaced_once(void **state)
{
    (void)state;
    assert_accepted(scep_validate(&sample));
    (void)tenant_call("revoke-tokens", "{}");
    assert_accepted(scep_validate(&sample));
    assert_int_equal(scep_count("/oauth2/"), 3);
    scep_fault("[{\"match\":\"validateRequest\",\"fault\":\"403\"}]");
    assert_accepted(scep_validate(&sample));
    assert_int_equal(scep_count("/oauth2/"), 4);
    scep_fault("[{\"match\":\"validateRequest\",\"fault\":\"401\",\"times\":9}]");
    assert_rc(scep_validate(&sample), CF_E_AUTH);
    assert_int_equal(scep_count("/oauth2/"), 5);
}

static void
a_service_that_moved_is_found_again(void **state)
{
    (void)state;
    assert_accepted(scep_validate(&sample));
    (void)tenant_call("settings", "{\"scepBase\":\"/RACerts/Moved\"}");
    assert_accepted(scep_validate(&sample));
    assert_int_equal(scep_count("/RACerts/Moved/ScepActions/validateRequest"), 1);
    assert_int_equal(scep_count("servicePrincipals"), 2);
    assert_accepted(scep_issued(&sample));
    assert_int_equal(scep_count("servicePrincipals"), 2);
}

static void
a_service_that_is_not_published_has_its_own_words(void **state)
{
    (void)state;
    (void)tenant_call("settings", "{\"publishScep\":false}");
    assert_rc(scep_validate(&sample), CF_E_AUTH);
    assert_contains(scep_err.text, "no service ScepRequestValidationFEService for this tenant");
    assert_contains(scep_err.text, "scep_challenge_provider");
    (void)tenant_call("settings", "{\"publishScep\":true,\"discoveryPages\":true}");
    assert_accepted(scep_validate(&sample));
    assert_int_equal(scep_count("servicePrincipals"), 3);
    (void)tenant_call("settings", "{\"discoveryPages\":false}");
}

static void
a_configured_endpoint_is_asked_without_a_map(void **state)
{
    cf_own(cf_json) json = NULL;
    const char *base = NULL;
    cf_own_str endpoint = NULL;

    (void)state;
    const char *text = tenant_call("state", "{}");
    assert_ok(cf_json_parse(cf_bytes_of(text, strlen(text)), 1 << 20, &json, &scep_err), scep_err);
    assert_ok(cf_json_string(json, "scepUrl", 1, 200, &base, &scep_err), scep_err);
    assert_true(asprintf(&endpoint, "%s/", base) > 0);
    scep_reopen(NULL, endpoint, 0);
    assert_accepted(scep_validate(&sample));
    assert_int_equal(scep_count("servicePrincipals"), 0);
    assert_int_equal(scep_count("/oauth2/"), 1);
}

static void
count_findings(void *arg, const struct cf_finding *finding)
{
    unsigned *n = arg;

    if (strcmp(finding->subject, "cloud scep") != 0)
        return;
    ++n[finding->severity == CF_FINDING_OK ? 0 : 1];
}

static void
a_check_looks_for_the_service(void **state)
{
    unsigned n[2] = {0};

    (void)state;
    assert_ok(scep_cloud->ops->check(scep_cloud, count_findings, n, &scep_err), scep_err);
    assert_int_equal(n[0], 1);
    (void)tenant_call("settings", "{\"publishScep\":false}");
    scep_reopen(NULL, NULL, 0);
    assert_ok(scep_cloud->ops->check(scep_cloud, count_findings, n, &scep_err), scep_err);
    assert_int_equal(n[1], 1);
    (void)tenant_call("settings", "{\"publishScep\":true}");
}

static void
no_cloud_says_so(void **state)
{
    struct cf_cloud *none = NULL;
    struct cf_err err = {0};
    struct cf_scep_action action = {.transaction_id = "x", .csr = cf_bytes_of("x", 1)};
    unsigned n[2] = {0};

    (void)state;
    assert_int_equal(cf_cloud_none.abi, CF_CLOUD_ABI);
    assert_ok(cf_cloud_none.open(NULL, NULL, &none, &err), err);
    assert_rc(none->ops->scep_validate(none, &action, 1000, &scep_verdict, &err), CF_E_CONFIG);
    assert_contains(err.text, "[cloud] service");
    assert_rc(none->ops->heartbeat(none, NULL, NULL, NULL), CF_E_CONFIG);
    assert_rc(none->ops->upload(none, NULL, 0, NULL, NULL), CF_E_CONFIG);
    assert_rc(none->ops->download(none, 1, 0, NULL, NULL), CF_E_CONFIG);
    assert_rc(none->ops->upload_revocations(none, NULL, 0, NULL), CF_E_CONFIG);
    assert_rc(none->ops->download_revocations(none, 1, NULL, NULL), CF_E_CONFIG);
    assert_rc(none->ops->scep_issued(none, &action, NULL, 1, NULL, NULL), CF_E_CONFIG);
    assert_rc(none->ops->scep_failed(none, &action, NULL, 1, NULL, NULL), CF_E_CONFIG);
    assert_ok(none->ops->check(none, count_findings, n, NULL), err);
    none->ops->close(none);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_request_is_judged_and_its_certificate_told_of),
        TEST(a_failure_is_told_with_its_number),
        TEST(a_failure_without_words_gets_some),
        TEST(every_refusal_is_explained),
        TEST(a_request_that_is_none_is_refused),
        TEST(a_refused_notification_is_no_error_but_a_verdict),
        TEST(token_and_map_serve_many_calls),
        TEST(a_token_that_is_not_taken_any_more_is_replaced_once),
        TEST(a_service_that_moved_is_found_again),
        TEST(a_service_that_is_not_published_has_its_own_words),
        TEST(a_configured_endpoint_is_asked_without_a_map),
        TEST(a_check_looks_for_the_service),
        TEST(no_cloud_says_so),
    };

    assert_ok(cf_pki_init(32768, &scep_err), scep_err);
    assert_ok(cf_http_global_init(&scep_err), scep_err);
    tenant_start();
    (void)tenant_call("scep-profile", "{\"name\":\"wifi\"}");
    int n_failed = cmocka_run_group_tests_name("scep", tests, NULL, NULL);
    n_failed += scep_run_faults();
    tenant_stop();
    cf_http_global_done();
    cf_pki_done();
    return n_failed == 0 ? 0 : 1;
}
