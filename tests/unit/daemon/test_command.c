/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "certferry/ctl.h"
#include "unit/daemon/daemon_kit.h"

static struct daemon_kit kit;

static int
set_up(void **state)
{
    (void)state;
    daemon_kit_open(&kit);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    daemon_kit_close(&kit);
    return 0;
}

/* Every answer is one line of JSON of one of the two shapes. */
static void
ask(const char *line, bool is_ok, const char *part)
{
    cf_own_str answer = daemon_kit_ask(&kit, line, strlen(line));
    cf_own(cf_json) document = NULL;
    const struct cf_json *object = NULL;
    bool ok = false;

    assert_ptr_equal(strchr(answer, '\n'), answer + strlen(answer) - 1);
    assert_int_equal(
        cf_json_parse(cf_bytes_of(answer, strlen(answer) - 1), CF_CTL_ANSWER_MAX, &document, NULL),
        CF_OK);
    assert_int_equal(cf_json_bool(document, "ok", &ok, NULL), CF_OK);
    assert_int_equal(cf_json_object(document, ok ? "result" : "error", &object, NULL), CF_OK);
    if (ok != is_ok || !strstr(answer, part))
        fail_msg("'%s' is not in: %s", part, answer);
}

static void
garbage_is_answered_with_an_error(void **state)
{
    static const char *const lines[] = {"",
                                        "{",
                                        "[]",
                                        "null",
                                        "7",
                                        "\"x\"",
                                        "{}",
                                        "{\"a\":1}",
                                        "\xff",
                                        "{\"command\":7}",
                                        "{\"command\":\"\"}",
                                        "{\"command\":\"a\",\"command\":\"b\"}"};

    (void)state;
    for (size_t i = 0; i < CF_COUNT(lines); i++)
        ask(lines[i], false, "\"name\":\"CF_E_");
}

static void
an_unknown_command_is_named_and_made_harmless(void **state)
{
    (void)state;
    ask("{\"command\":\"shutdown\"}", false, "does not know 'shutdown'");
    ask("{\"command\":\"x\\u001b[2J\"}", false, "does not know 'x?[2J'");
}

static void
status_counts_what_the_store_holds(void **state)
{
    (void)state;
    daemon_kit_receive(&kit, "r1");
    daemon_kit_receive(&kit, "r2");
    ask("{\"command\":\"status\"}", true, "\"requests\":{\"received\":2}");
    ask("{\"command\":\"status\"}", true, "\"connectorId\":\"node1\"");
    ask("{\"command\":\"status\"}", true, "\"name\":\"corp\"");
    cf_fake_store_fail_next(kit.daemon.store, CF_E_STORE_CORRUPT);
    ask("{\"command\":\"status\"}", false, "CF_E_STORE_CORRUPT");
}

static void
status_tells_how_a_ca_fares(void **state)
{
    struct cf_err err = {0};

    (void)state;
    ask("{\"command\":\"status\"}", true, "\"healthy\":true,\"lastError\":null");
    ask("{\"command\":\"status\"}", true, "\"preflightErrors\":0,\"preflightWarnings\":0");
    cf_fail(&err, CF_E_CA_CONFIG, "template user: no right to enroll");
    cf_ca_slot_note_error(&kit.site->cas[0], &err);
    ask("{\"command\":\"status\"}", true,
        "\"healthy\":true,\"lastError\":\"template user: no right to enroll\"");
}

static void
requests_are_filtered_and_paged(void **state)
{
    (void)state;
    daemon_kit_receive(&kit, "r1");
    daemon_kit_receive(&kit, "r2");
    ask("{\"command\":\"requests\",\"limit\":1}", true, "\"after\":");
    ask("{\"command\":\"requests\",\"state\":\"failed\"}", true, "\"requests\":[]");
    ask("{\"command\":\"requests\",\"device\":\"nobody\"}", true, "\"requests\":[]");
    ask("{\"command\":\"requests\"}", true, "\"requestContext\":\"r2\"");
    ask("{\"command\":\"requests\",\"state\":\"lost\"}", false, "lost");
    ask("{\"command\":\"requests\",\"limit\":0}", false, "limit");
    ask("{\"command\":\"requests\",\"limit\":1001}", false, "limit");
    ask("{\"command\":\"requests\",\"limit\":\"5\"}", false, "limit");
    ask("{\"command\":\"requests\",\"after\":-1}", false, "after");
}

static void
a_request_can_be_explained_retried_and_cancelled(void **state)
{
    (void)state;
    daemon_kit_receive(&kit, "r1");
    ask("{\"command\":\"explain\",\"id\":\"r1\"}", true, "\"state\":\"received\"");
    ask("{\"command\":\"explain\",\"id\":\"none\"}", false, "CF_E_NOT_FOUND");
    ask("{\"command\":\"explain\"}", false, "id");
    ask("{\"command\":\"retry\",\"id\":\"r1\"}", true, "\"requestContext\":\"r1\"");
    ask("{\"command\":\"explain\",\"id\":\"r1\"}", true, "retry asked for by the operator");
    ask("{\"command\":\"approve\",\"id\":\"r1\"}", false, "CF_E_CONFLICT");
    ask("{\"command\":\"deny\",\"id\":\"r1\"}", false, "CF_E_CONFLICT");
    ask("{\"command\":\"cancel\",\"id\":\"r1\"}", true, "\"requestContext\":\"r1\"");
    ask("{\"command\":\"explain\",\"id\":\"r1\"}", true, "cancelled by tester");
    ask("{\"command\":\"cancel\",\"id\":\"r1\"}", false, "CF_E_CONFLICT");
    ask("{\"command\":\"cancel\",\"id\":\"none\"}", false, "CF_E_NOT_FOUND");
}

static void
certificates_are_handed_out_with_their_facts(void **state)
{
    (void)state;
    ask("{\"command\":\"ca-cert\",\"name\":\"corp\"}", true, "\"issuer\":\"CN=node1\"");
    ask("{\"command\":\"ca-cert\",\"name\":\"corp\"}", true, "BEGIN CERTIFICATE");
    ask("{\"command\":\"ca-cert\",\"name\":\"other\"}", false, "[ca other]");
    ask("{\"command\":\"ca-cert\"}", false, "name");
    ask("{\"command\":\"recipient-info\"}", true, "BEGIN CERTIFICATE");
}

static void
revocation_of_what_was_never_issued_is_refused(void **state)
{
    (void)state;
    ask("{\"command\":\"revoke\",\"serial\":\"0A\"}", false, "CF_E_NOT_FOUND");
    ask("{\"command\":\"revoke\",\"serial\":\"xyz\"}", false, "CF_E_SYNTAX");
    ask("{\"command\":\"revoke\",\"serial\":\"0A\",\"reason\":11}", false, "reason");
    ask("{\"command\":\"revoke\"}", false, "serial");
}

static void
without_a_directory_no_ca_is_discovered(void **state)
{
    (void)state;
    ask("{\"command\":\"adcs-discover\"}", false, "configure [directory]");
}

static void
a_request_is_tried_on_the_policy(void **state)
{
    (void)state;
    ask("{\"command\":\"policy-test\"}", false, "document");
    ask("{\"command\":\"policy-test\",\"document\":{}}", false, "document");
    ask("{\"command\":\"policy-test\",\"document\":\"{}\"}", true, "\"verdict\":\"refused\"");
    ask("{\"command\":\"policy-test\",\"document\":\"\\u001b\"}", true, "CF_E_ENCODING");
}

static void
a_check_that_fails_is_a_finding(void **state)
{
    (void)state;
    cf_fake_store_fail_next_of(kit.daemon.store, "check", CF_E_STORE_CORRUPT);
    ask("{\"command\":\"check\"}", true, "see the journal");
}

static struct {
    pthread_mutex_t lock;
    pthread_cond_t has_ended;
    bool second_has_ended;
    bool first_has_waited_in_vain;
} meeting = {.lock = PTHREAD_MUTEX_INITIALIZER, .has_ended = PTHREAD_COND_INITIALIZER};

static void
say(cf_finding_fn *report, void *arg, const char *text)
{
    const struct cf_finding finding = {
        .severity = CF_FINDING_WARNING, .subject = "ca", .text = text, .remedy = "mend it"};

    report(arg, &finding);
}

/* Ends only after the check of the CA behind it. */
static enum cf_rc
check_first(struct cf_ca *ca, cf_finding_fn *report, void *arg, struct cf_err *err)
{
    struct timespec end;

    (void)ca;
    (void)err;
    (void)clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += 60;
    pthread_mutex_lock(&meeting.lock);
    while (!meeting.second_has_ended && !meeting.first_has_waited_in_vain)
        meeting.first_has_waited_in_vain =
            pthread_cond_timedwait(&meeting.has_ended, &meeting.lock, &end) != 0;
    pthread_mutex_unlock(&meeting.lock);
    say(report, arg, "first one");
    say(report, arg, "first two");
    return CF_OK;
}

static enum cf_rc
check_second(struct cf_ca *ca, cf_finding_fn *report, void *arg, struct cf_err *err)
{
    (void)ca;
    say(report, arg, "second one");
    pthread_mutex_lock(&meeting.lock);
    meeting.second_has_ended = true;
    pthread_cond_broadcast(&meeting.has_ended);
    pthread_mutex_unlock(&meeting.lock);
    return cf_fail(err, CF_E_CA_DOWN, "second breaks off");
}

static void
cas_are_checked_side_by_side_and_told_in_the_order_of_the_configuration(void **state)
{
    static struct cf_ca_ops ops[2];
    const struct cf_ca_env env = {.clock = cf_clock_real(), .stop_flag = kit.site->stop_flag};
    struct cf_site *site = kit.site;

    (void)state;
    site->cas = reallocarray(site->cas, 2, sizeof *site->cas);
    assert_non_null(site->cas);
    cf_ca_slot_done(&site->cas[0]);
    for (size_t i = 0; i < 2; i++) {
        struct cf_ca *ca = &fake_ca_new(&env, NULL, NULL)->base;

        cf_ca_slot_init(&site->cas[i], site->settings->cas[0], cf_clock_real());
        ops[i] = *ca->ops;
        ops[i].check = i == 0 ? check_first : check_second;
        ca->ops = &ops[i];
        site->cas[i].ca = ca;
    }
    site->n_cas = 2;
    cf_own_str answer = daemon_kit_ask(&kit, "{\"command\":\"check\"}", 19);
    assert_false(meeting.first_has_waited_in_vain);
    static const char *const order[] = {"first one",  "mend it",           "first two",
                                        "second one", "second breaks off", NULL};
    const char *at = answer;
    for (size_t i = 0; order[i]; i++) {
        at = strstr(at, order[i]);
        assert_non_null(at);
    }
}

int
main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(garbage_is_answered_with_an_error),
        TEST(an_unknown_command_is_named_and_made_harmless),
        TEST(status_counts_what_the_store_holds),
        TEST(status_tells_how_a_ca_fares),
        TEST(requests_are_filtered_and_paged),
        TEST(a_request_can_be_explained_retried_and_cancelled),
        TEST(certificates_are_handed_out_with_their_facts),
        TEST(revocation_of_what_was_never_issued_is_refused),
        TEST(without_a_directory_no_ca_is_discovered),
        TEST(a_request_is_tried_on_the_policy),
        TEST(a_check_that_fails_is_a_finding),
        TEST(cas_are_checked_side_by_side_and_told_in_the_order_of_the_configuration),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
