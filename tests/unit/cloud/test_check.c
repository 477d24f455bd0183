/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cloud_lab.h"
#include "unit/base/unit.h"

static struct {
    enum cf_severity severity;
    char subject[64];
    char text[512];
    bool has_remedy;
} found[8];
static unsigned n_found;

static void
collect(void *arg, const struct cf_finding *finding)
{
    (void)arg;
    assert_true(n_found < CF_COUNT(found));
    found[n_found].severity = finding->severity;
    strncpy(found[n_found].subject, finding->subject, sizeof found[0].subject - 1);
    strncpy(found[n_found].text, finding->text, sizeof found[0].text - 1);
    found[n_found].has_remedy = finding->remedy != NULL;
    assert_true(found[n_found].has_remedy == (finding->severity != CF_FINDING_OK));
    n_found++;
}

static void
check(void)
{
    n_found = 0;
    memset(found, 0, sizeof found);
    assert_ok(cf_cloud_connector.check(&lab_connector->base, collect, NULL, &lab_err), lab_err);
}

static void
expect(unsigned i, enum cf_severity severity, const char *subject, const char *words)
{
    assert_true(i < n_found);
    assert_int_equal(found[i].severity, severity);
    assert_string_equal(found[i].subject, subject);
    assert_contains(found[i].text, words);
}

static void
all_is_well(void **state)
{
    (void)state;
    lab_open(CF_AUTH_SECRET);
    check();
    assert_int_equal(n_found, 5);
    expect(0, CF_FINDING_OK, "cloud credential", "client secret");
    expect(1, CF_FINDING_OK, "cloud token", "token");
    expect(2, CF_FINDING_OK, "cloud discovery", "/svc");
    expect(3, CF_FINDING_OK, "cloud service", "300 s");
    expect(4, CF_FINDING_OK, "clock", "the cloud's");
}

static void
a_wrong_clock_is_found(void **state)
{
    static const struct {
        int64_t off_s;
        enum cf_severity severity;
        const char *words;
    } cases[] = {
        {120, CF_FINDING_WARNING, "ahead of"},
        {-120, CF_FINDING_WARNING, "behind"},
        {900, CF_FINDING_ERROR, "ahead of"},
        {-900, CF_FINDING_ERROR, "behind"},
    };

    (void)state;
    lab_open(CF_AUTH_SECRET);
    for (size_t i = 0; i < CF_COUNT(cases); i++) {
        cf_clock_fake_set_wall(lab_clock, cf_clock_now_ms(cf_clock_real()) + cases[i].off_s * 1000);
        check();
        expect(n_found - 1, cases[i].severity, "clock", cases[i].words);
    }
}

static void
a_missing_secret_is_found(void **state)
{
    (void)state;
    lab_open(CF_AUTH_SECRET);
    assert_int_equal(unlink(lab_path("secret")), 0);
    check();
    expect(0, CF_FINDING_ERROR, "cloud credential", "secret");
    expect(1, CF_FINDING_ERROR, "cloud token", "secret");
    expect(2, CF_FINDING_ERROR, "cloud discovery", "secret");
    assert_int_equal(n_found, 3);
}

static void
a_failing_service_is_found(void **state)
{
    (void)state;
    lab_open(CF_AUTH_SECRET);
    lab_tell("rules", "[{\"match\":\"heartbeat\",\"status\":500,\"times\":9}]");
    check();
    expect(3, CF_FINDING_ERROR, "cloud service", "500");
}

static void
a_certificate_about_to_expire_is_found(void **state)
{
    (void)state;
    lab_identity("identity", 20, true);
    lab_open(CF_AUTH_CERTIFICATE);
    check();
    expect(0, CF_FINDING_OK, "cloud credential", "valid until"); /* renewed by itself */
    lab_settings.assertion_renew = false;
    lab_open(CF_AUTH_CERTIFICATE);
    check();
    expect(0, CF_FINDING_WARNING, "cloud credential", "valid until");
    cf_clock_fake_advance(lab_clock, 21LL * 24 * 3600 * 1000);
    check();
    expect(0, CF_FINDING_ERROR, "cloud credential", "expired at");
}

static void
a_successor_that_waits_is_found(void **state)
{
    (void)state;
    lab_identity("identity", 20, true);
    lab_identity("identity.next", 365, false);
    lab_open(CF_AUTH_CERTIFICATE);
    check();
    expect(1, CF_FINDING_WARNING, "cloud credential", "identity.next.crt");
}

static void
missing_tls_files_are_found(void **state)
{
    (void)state;
    lab_settings.tls_cert_file = strdup("/nonexistent/cert");
    lab_settings.tls_key_file = strdup("/nonexistent/key");
    lab_open(CF_AUTH_TLS);
    check();
    expect(0, CF_FINDING_ERROR, "cloud credential", "/nonexistent");
    assert_int_equal(lab_count("token"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, lab_setup, lab_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_is_well),
        TEST(a_wrong_clock_is_found),
        TEST(a_missing_secret_is_found),
        TEST(a_failing_service_is_found),
        TEST(a_certificate_about_to_expire_is_found),
        TEST(a_successor_that_waits_is_found),
        TEST(missing_tls_files_are_found),
    };

    return cmocka_run_group_tests(tests, lab_start, lab_end);
}
