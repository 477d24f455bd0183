/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scep_faults - each hop of a SCEP call fails in each way: no step lets a request pass, none is
 * remembered once it is over.
 */
#include <stdio.h>
#include <string.h>

#include "certferry/file.h"
#include "contract/cloud/scep_tenant.h"
#include "contract/cloud/tenant_child.h"
#include "unit/base/unit.h"

#define GRAPH_TOKEN "\"match\":\"/oauth2/\",\"times\":0"
#define SERVICE_TOKEN GRAPH_TOKEN ",\"after\":1"
#define MAP "\"match\":\"servicePrincipals\",\"times\":0"
#define ACTION "\"match\":\"ScepActions\",\"times\":0"
#define SILENCE "\"fault\":\"timeout\",\"args\":{\"seconds\":3}"
#define RESET "\"fault\":\"reset\""
#define HTML "\"fault\":\"garbage\""
#define BROKEN "\"fault\":\"garbage\",\"args\":{\"text\":\"{\\\"code\\\":\",\"type\":\"text/json\"}"
#define STATUS(n) "\"fault\":\"status\",\"args\":{\"status\":" #n "}"
#define OAUTH(n)                                                                                   \
    "\"fault\":\"status\",\"args\":{\"status\":" #n ",\"body\":{\"error\":\"invalid_client\","     \
    "\"error_description\":\"AADSTS7000222: expired\"}}"
/* A port where nobody listens. */
#define NOWHERE                                                                                    \
    "\"fault\":\"wrongShape\",\"args\":{\"body\":{\"value\":[{\"providerName\":"                   \
    "\"ScepRequestValidationFEService\",\"uri\":\"https://127.0.0.1:1/x\"}]}}"

struct step {
    const char *name;
    const char *rule;
    enum cf_rc rc;
    enum cf_fault fault;
    unsigned n_calls; /* of the hop that fails: two where it may be over in a moment */
};

static const struct step STEPS[] = {
    {"token for the map, silence", GRAPH_TOKEN "," SILENCE, CF_E_TIMEOUT, CF_FAULT_TRANSIENT, 2},
    {"token for the map, reset", GRAPH_TOKEN "," RESET, CF_E_NET, CF_FAULT_TRANSIENT, 2},
    {"token for the map, 500", GRAPH_TOKEN "," STATUS(500), CF_E_HTTP, CF_FAULT_TRANSIENT, 1},
    {"token for the map, 503", GRAPH_TOKEN "," STATUS(503), CF_E_HTTP, CF_FAULT_TRANSIENT, 2},
    {"token for the map, 400", GRAPH_TOKEN "," OAUTH(400), CF_E_AUTH, CF_FAULT_CONFIG, 1},
    {"token for the map, no JSON", GRAPH_TOKEN "," BROKEN, CF_E_PROTOCOL, CF_FAULT_TRANSIENT, 1},
    {"map, silence", MAP "," SILENCE, CF_E_TIMEOUT, CF_FAULT_TRANSIENT, 2},
    {"map, 500", MAP "," STATUS(500), CF_E_HTTP, CF_FAULT_TRANSIENT, 1},
    {"map, 503", MAP "," STATUS(503), CF_E_HTTP, CF_FAULT_TRANSIENT, 2},
    {"map, 401", MAP "," STATUS(401), CF_E_AUTH, CF_FAULT_CONFIG, 2},
    {"map, 403", MAP "," STATUS(403), CF_E_AUTH, CF_FAULT_CONFIG, 1},
    {"map, no JSON", MAP "," BROKEN, CF_E_PROTOCOL, CF_FAULT_TRANSIENT, 1},
    {"token for the service, silence", SERVICE_TOKEN "," SILENCE, CF_E_TIMEOUT, CF_FAULT_TRANSIENT,
     2},
    {"token for the service, 500", SERVICE_TOKEN "," STATUS(500), CF_E_HTTP, CF_FAULT_TRANSIENT, 1},
    {"token for the service, 503", SERVICE_TOKEN "," STATUS(503), CF_E_HTTP, CF_FAULT_TRANSIENT, 2},
    {"token for the service, 400", SERVICE_TOKEN "," OAUTH(400), CF_E_AUTH, CF_FAULT_CONFIG, 1},
    {"token for the service, no JSON", SERVICE_TOKEN "," BROKEN, CF_E_PROTOCOL, CF_FAULT_TRANSIENT,
     1},
    {"action, silence", ACTION "," SILENCE, CF_E_TIMEOUT, CF_FAULT_TRANSIENT, 2},
    {"action, reset", ACTION "," RESET, CF_E_NET, CF_FAULT_TRANSIENT, 2},
    /* The map is asked once more after each refusal: the service may have moved. */
    {"action, refused", MAP "," NOWHERE, CF_E_NET, CF_FAULT_TRANSIENT, 3},
    {"action, 500", ACTION "," STATUS(500), CF_E_HTTP, CF_FAULT_TRANSIENT, 1},
    {"action, 503", ACTION "," STATUS(503), CF_E_HTTP, CF_FAULT_TRANSIENT, 2},
    {"action, 401", ACTION "," STATUS(401), CF_E_AUTH, CF_FAULT_CONFIG, 2},
    {"action, no JSON", ACTION "," BROKEN, CF_E_PROTOCOL, CF_FAULT_TRANSIENT, 1},
    {"action, HTML", ACTION "," HTML, CF_E_PROTOCOL, CF_FAULT_TRANSIENT, 1},
    {"action, 400", ACTION "," STATUS(400), CF_E_HTTP, CF_FAULT_CONFIG, 1},
};

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

static size_t
count_at(const struct step *step)
{
    return scep_count(strstr(step->rule, "/oauth2/")      ? "/oauth2/"
                      : strstr(step->rule, "ScepActions") ? "ScepActions"
                                                          : "servicePrincipals");
}

static void
run_step(const struct step *step)
{
    char script[600];

    scep_reopen(NULL, NULL, 600);
    size_t before = count_at(step);
    snprintf(script, sizeof script, "[{%s}]", step->rule);
    scep_fault(script);
    enum cf_rc rc = scep_validate(&sample);
    if (rc != step->rc || scep_err.fault != step->fault)
        fail_msg("%s: %s, %s: %s", step->name, cf_rc_name(rc), cf_fault_name(scep_err.fault),
                 scep_err.text);
    size_t spared = strstr(step->rule, "\"after\":1") ? 1 : 0;
    size_t n = count_at(step) - before - spared;
    if (n != step->n_calls)
        fail_msg("%s: %zu calls of the hop that fails", step->name, n);
    scep_fault("[]");
    if (scep_validate(&sample) != CF_OK || !scep_verdict.accepted)
        fail_msg("%s is not forgotten: %s", step->name, scep_err.text);
}

static void
no_failing_hop_lets_a_request_pass(void **state)
{
    (void)state;
    for (size_t i = 0; i < CF_COUNT(STEPS); i++)
        run_step(&STEPS[i]);
}

static void
nobody_else_is_asked(void **state)
{
    (void)state;
    assert_ok(scep_validate(&sample), scep_err);
    assert_int_equal(scep_count("discovery/instance"), 0);
    assert_int_equal(scep_count(".well-known"), 0);
    assert_int_equal(scep_count(""), 4);
}

static void
a_token_endpoint_that_is_down_is_named(void **state)
{
    (void)state;
    scep_reopen("https://127.0.0.1:1", NULL, 0);
    assert_rc(scep_validate(&sample), CF_E_NET);
    assert_contains(scep_err.text, "token endpoint");
}

static void
what_passes_is_tried_again(void **state)
{
    (void)state;
    scep_fault("[{\"match\":\"validateRequest\",\"fault\":\"503\"}]");
    assert_ok(scep_validate(&sample), scep_err);
    assert_true(scep_verdict.accepted);
    assert_int_equal(scep_count("validateRequest"), 2);
    scep_fault("[{\"match\":\"successNotification\",\"fault\":\"lostReply\",\"times\":2}]");
    assert_ok(scep_issued(&sample), scep_err);
    assert_true(scep_verdict.accepted);
    assert_int_equal(scep_count("successNotification"), 3);
    scep_fault("[{\"match\":\"successNotification\",\"fault\":\"502\",\"times\":3}]");
    assert_rc(scep_issued(&sample), CF_E_HTTP);
    assert_int_equal(scep_count("successNotification"), 6);
}

static void
a_service_that_asks_for_a_moment_gets_it(void **state)
{
    const struct cf_clock *clock = cf_clock_real();
    int64_t start_ms = cf_clock_monotonic_ms(clock);

    (void)state;
    scep_fault("[{\"match\":\"validateRequest\",\"fault\":\"429\",\"args\":{\"retryAfter\":2}}]");
    assert_ok(scep_validate(&sample), scep_err);
    assert_true(cf_clock_monotonic_ms(clock) - start_ms >= 2000);
}

static void
one_that_asks_for_longer_is_left_alone(void **state)
{
    (void)state;
    scep_fault("[{\"match\":\"validateRequest\",\"fault\":\"429\",\"args\":{\"retryAfter\":11}},"
               "{\"match\":\"validateRequest\",\"fault\":\"503\",\"args\":{\"retryAfter\":9}}]");
    assert_rc(scep_validate(&sample), CF_E_THROTTLED);
    assert_int_equal(scep_err.retry_after_s, 11);
    assert_rc(scep_validate(&sample), CF_E_HTTP); /* nine seconds are not in the budget of eight */
    assert_int_equal(scep_count("validateRequest"), 2);
}

static void
the_budget_ends_a_call(void **state)
{
    const struct cf_clock *clock = cf_clock_real();
    int64_t start_ms = cf_clock_monotonic_ms(clock);

    (void)state;
    scep_fault("[{\"match\":\"servicePrincipals\",\"fault\":\"timeout\",\"times\":0,"
               "\"args\":{\"seconds\":3}}]");
    struct cf_scep_action action = {.transaction_id = "x", .csr = sample.action.csr};
    assert_rc(scep_cloud->ops->scep_validate(scep_cloud, &action, 700, &scep_verdict, &scep_err),
              CF_E_TIMEOUT);
    assert_true(cf_clock_monotonic_ms(clock) - start_ms < 2900);
}

static void
an_answer_that_is_not_success_is_a_refusal(void **state)
{
    static const struct {
        const char *body;
        const char *code;
    } rows[] = {
        {"{}", "(none)"},
        {"{\\\"code\\\":null}", "(none)"},
        {"{\\\"code\\\":\\\"\\\"}", "(none)"},
        {"{\\\"code\\\":0}", "(none)"},
        {"{\\\"Code\\\":\\\"Success\\\"}", "(none)"},
        {"{\\\"code\\\":\\\"success\\\"}", "success"},
        {"{\\\"code\\\":\\\"SomethingNew\\\"}", "SomethingNew"},
        {"[]", "(none)"},
    };

    (void)state;
    for (size_t i = 0; i < 2 * CF_COUNT(rows); i++) {
        bool is_notification = i >= CF_COUNT(rows);
        const char *body = rows[i % CF_COUNT(rows)].body;
        char script[300];

        scep_fault("[]");
        assert_ok(scep_validate(&sample), scep_err);
        snprintf(script, sizeof script,
                 "[{\"match\":\"ScepActions\",\"fault\":\"garbage\",\"args\":{\"text\":\"%s\"}}]",
                 body);
        scep_fault(script);
        assert_ok(is_notification ? scep_issued(&sample) : scep_validate(&sample), scep_err);
        assert_false(scep_verdict.accepted);
        assert_string_equal(scep_verdict.code, rows[i % CF_COUNT(rows)].code);
        assert_true(scep_verdict.text[0] != '\0');
    }
}

static void
a_wrong_secret_is_named(void **state)
{
    cf_own(cf_buf) kept = NULL;
    struct cf_bytes wrong = cf_bytes_of("wrong\n", 6);

    (void)state;
    assert_ok(cf_file_read(tenant_path("client-secret"), 1000, &kept, &scep_err), scep_err);
    assert_ok(cf_file_publish(tenant_path("client-secret"), wrong, 0600, &scep_err), scep_err);
    assert_rc(scep_validate(&sample), CF_E_AUTH);
    assert_contains(scep_err.text, "AADSTS7000215");
    assert_ok(cf_file_publish(tenant_path("client-secret"), cf_buf_bytes(kept), 0600, &scep_err),
              scep_err);
    assert_ok(scep_validate(&sample), scep_err);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
scep_run_faults(void)
{
    const struct CMUnitTest tests[] = {
        TEST(no_failing_hop_lets_a_request_pass),
        TEST(nobody_else_is_asked),
        TEST(a_token_endpoint_that_is_down_is_named),
        TEST(what_passes_is_tried_again),
        TEST(a_service_that_asks_for_a_moment_gets_it),
        TEST(one_that_asks_for_longer_is_left_alone),
        TEST(the_budget_ends_a_call),
        TEST(an_answer_that_is_not_success_is_a_refusal),
        TEST(a_wrong_secret_is_named),
    };

    return cmocka_run_group_tests_name("scep faults", tests, NULL, NULL);
}
