/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "certferry/clock.h"
#include "certferry/text.h"
#include "ctl/render.h"
#include "ctl_kit.h"

static enum cf_rc
render(cf_tool_render_fn *fn, const char *json, struct kit_memory *memory, struct cf_err *err)
{
    cf_own(cf_json) document = NULL;

    kit_memory_open(memory);
    assert_int_equal(cf_json_parse(cf_bytes_of(json, strlen(json)), strlen(json), &document, err),
                     CF_OK);
    return fn(&memory->tool, document, err);
}

static void
expect_text(cf_tool_render_fn *fn, const char *json, const char *const *parts)
{
    struct kit_memory memory;
    struct cf_err err = {0};

    enum cf_rc rc = render(fn, json, &memory, &err);
    if (rc != CF_OK)
        fail_msg("%s", err.text);
    for (; *parts; parts++)
        KIT_HAS(kit_memory_text(&memory), *parts);
    kit_assert_harmless(kit_memory_text(&memory));
    kit_memory_close(&memory);
}
#define PARTS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void
expect_refusal(cf_tool_render_fn *fn, const char *json, const char *member)
{
    struct kit_memory memory;
    struct cf_err err = {0};

    assert_int_not_equal(render(fn, json, &memory, &err), CF_OK);
    KIT_HAS(err.text, member);
    kit_assert_harmless(kit_memory_text(&memory));
    kit_memory_close(&memory);
}

#define STATUS(cloud, cas, duties)                                                                 \
    "{\"version\":\"0.1.0\",\"connectorId\":\"node1\",\"pid\":7,\"startedUtc\":"                   \
    "\"2026-01-02T03:04:05Z\",\"cloudConnected\":" cloud ",\"inWork\":3,\"requests\":{"            \
    "\"received\":2,\"failed\":1},\"revocations\":{},\"cas\":" cas ",\"keysReady\":{"              \
    "\"rsa2048\":20,\"p256\":0},\"counters\":{},\"duties\":" duties "}"

static void
status_shows_failing_duties_first(void **state)
{
    struct kit_memory memory;

    (void)state;
    assert_int_equal(
        render(cf_render_status,
               STATUS("true",
                      "[{\"name\":\"corp\",\"backend\":\"local\",\"certificationAuthority\":\"h\","
                      "\"certificationAuthorityName\":\"n\",\"healthy\":false,\"lastError\":"
                      "\"away\"}]",
                      "[{\"name\":\"dispatch\",\"running\":true,\"dueInMs\":0,\"failures\":0,"
                      "\"lastError\":null},{\"name\":\"download\",\"running\":false,\"dueInMs\":"
                      "90000,\"failures\":4,\"lastError\":\"no route\"}]"),
               &memory, NULL),
        CF_OK);
    const char *text = kit_memory_text(&memory);
    KIT_HAS(text, "node1");
    KIT_HAS(text, "2026-01-02 03:04:05");
    KIT_HAS(text, "connected");
    KIT_HAS(text, "2 received, 1 failed");
    KIT_HAS(text, "Revocations none");
    KIT_HAS(text, "20 rsa2048");
    KIT_HAS(text, "away");
    KIT_HAS(text, "1m 30s");
    assert_true(strstr(text, "download") < strstr(text, "dispatch"));
    kit_memory_close(&memory);
}

#define CHECKED(errors, warnings)                                                                  \
    STATUS("true",                                                                                 \
           "[{\"name\":\"corp\",\"healthy\":true,\"preflightErrors\":" errors                      \
           ",\"preflightWarnings\":" warnings "}]",                                                \
           "[]")

static void
status_points_to_what_tells_more(void **state)
{
    struct kit_memory memory;

    (void)state;
    expect_text(cf_render_status, CHECKED("2", "1"),
                PARTS("CHECK", "2 errors, 1 warning", "`certferry check`"));
    expect_text(cf_render_status, CHECKED("1", "0"), PARTS("1 error ", "`certferry check`"));
    expect_text(cf_render_status, CHECKED("0", "3"), PARTS("3 warnings", "`certferry check`"));
    expect_text(
        cf_render_status,
        STATUS("true", "[{\"name\":\"corp\",\"healthy\":true,\"lastError\":\"no right\"}]", "[]"),
        PARTS("no right", "`certferry requests`"));
    expect_refusal(cf_render_status, CHECKED("-1", "0"), "preflightErrors");
    expect_refusal(cf_render_status, CHECKED("0", "true"), "preflightWarnings");

    assert_int_equal(render(cf_render_status, CHECKED("0", "0"), &memory, NULL), CF_OK);
    KIT_HAS(kit_memory_text(&memory), "no finding");
    assert_null(strstr(kit_memory_text(&memory), "`certferry"));
    kit_memory_close(&memory);
}

static void
a_duty_that_events_wake_shows_no_time(void **state)
{
    (void)state;
    expect_text(cf_render_status,
                STATUS("true", "[]", "[{\"name\":\"deliver\",\"dueInMs\":86300000}]"),
                PARTS("deliver", "when asked"));
}

static void
status_without_a_ca_says_what_is_missing(void **state)
{
    (void)state;
    expect_text(cf_render_status, STATUS("false", "[]", "[]"),
                PARTS("not reached", "Add a [ca NAME] section"));
}

static void
status_of_the_wrong_shape_is_refused(void **state)
{
    (void)state;
    expect_refusal(cf_render_status, "{}", "cloudConnected");
    expect_refusal(cf_render_status, STATUS("\"yes\"", "[]", "[]"), "cloudConnected");
    expect_refusal(cf_render_status, STATUS("true", "{}", "[]"), "cas");
    expect_refusal(cf_render_status, STATUS("true", "[7]", "[]"), "cas");
    expect_refusal(cf_render_status, STATUS("true", "[{\"healthy\":true}]", "[]"), "name");
    expect_refusal(cf_render_status, STATUS("true", "[]", "[{\"name\":\"d\",\"failures\":-1}]"),
                   "failures");
    expect_refusal(cf_render_status, STATUS("true", "[]", "[{\"name\":\"d\",\"running\":1}]"),
                   "running");
}

static void
control_characters_never_reach_the_terminal(void **state)
{
    (void)state;
    expect_text(cf_render_status,
                STATUS("true",
                       "[{\"name\":\"\\u001b]0;x\\u0007\",\"healthy\":true,\"backend\":"
                       "\"\\u009b2J\"}]",
                       "[{\"name\":\"d\\r\\n\",\"dueInMs\":-9,\"lastError\":\"\\u202e\\u007f\"}]"),
                PARTS("?]0;x?", "d??", "when asked"));
    expect_text(cf_render_requests,
                "{\"requests\":[{\"requestContext\":\"a\\u001b[31m\",\"state\":\"k\\n\","
                "\"updatedUtc\":\"\\u001bc\",\"text\":\"\\t\"}]}",
                PARTS("a?[31m", "k?"));
    expect_text(cf_render_explain,
                "{\"requestContext\":\"\\u001b[31m\",\"kind\":\"\\u0008\",\"state\":\"\\u001b\","
                "\"error\":\"\\u001b\",\"fault\":\"\\u001b\",\"text\":\"\\u001b\",\"updatedUtc\":"
                "\"\\u001b\",\"dueUtc\":\"\\u001b\",\"history\":[{\"from\":\"\\u001b\",\"to\":"
                "\"\\n\",\"atUtc\":\"\\u001b\",\"text\":\"\\u001b\"}],\"receivedUtc\":\"\\u001b\"}",
                PARTS("?[31m", "What to do"));
    expect_text(cf_render_revoke, "{\"serial\":\"\\u001b\",\"wasRevoked\":false}",
                PARTS("Certificate ? is revoked"));
    expect_text(cf_render_check,
                "{\"findings\":[{\"severity\":\"error\",\"subject\":\"\\u001b\",\"text\":\"\\r\","
                "\"remedy\":\"\\u001b\"}]}",
                PARTS("error    ?: ?"));
}

static void
requests_are_listed_and_more_are_announced(void **state)
{
    (void)state;
    expect_text(cf_render_requests,
                "{\"requests\":[{\"requestContext\":\"r1\",\"kind\":\"pkcs\",\"state\":\"failed\","
                "\"updatedUtc\":\"2026-01-02T03:04:05.678Z\",\"device\":\"d1\",\"serial\":null,"
                "\"text\":\"no room\"}],\"after\":9}",
                PARTS("r1", "pkcs", "failed", "2026-01-02 03:04:05", "d1", "no room", "--all"));
    expect_text(cf_render_requests, "{\"requests\":[]}", PARTS("No requests."));
    expect_refusal(cf_render_requests, "{}", "requests");
    expect_refusal(cf_render_requests, "{\"requests\":[{}]}", "requestContext");
    expect_refusal(cf_render_requests, "{\"requests\":[{\"requestContext\":\"\"}]}",
                   "requestContext");
    expect_refusal(cf_render_requests, "{\"requests\":[{\"requestContext\":\"r\",\"state\":1}]}",
                   "state");
}

static void
explain_tells_the_way_the_state_and_the_remedy(void **state)
{
    (void)state;
    expect_text(cf_render_explain,
                "{\"requestContext\":\"r1\",\"kind\":\"pkcs\",\"state\":\"keyed\",\"receivedUtc\":"
                "\"2026-01-02T03:04:05Z\",\"updatedUtc\":\"2026-01-02T03:05:00Z\",\"dueUtc\":"
                "\"2999-01-02T03:05:00Z\",\"attempts\":3,\"device\":\"d1\",\"ca\":\"corp\","
                "\"error\":\"CF_E_CA_DOWN\",\"fault\":\"transient\",\"text\":\"corp is away\","
                "\"final\":false,\"inWork\":false,\"history\":[{\"atUtc\":\"2026-01-02T03:04:06Z\","
                "\"from\":\"received\",\"to\":\"keyed\",\"error\":null,\"text\":\"key made\"},"
                "{\"atUtc\":\"2026-01-02T03:05:00Z\",\"from\":\"keyed\",\"to\":\"keyed\","
                "\"error\":\"CF_E_CA_DOWN\",\"text\":\"corp is away\"}]}",
                PARTS("2026-01-02 03:04:06  received -> keyed: key made",
                      "2026-01-02 03:05:00  keyed: corp is away",
                      "It is keyed since 2026-01-02 03:05:00",
                      "Last error: corp is away (CF_E_CA_DOWN,", "Tried 3 times; next at 2999",
                      "Bring the CA back", "certferry retry ID"));
    expect_text(cf_render_explain,
                "{\"requestContext\":\"r1\",\"kind\":\"pkcs\",\"state\":\"submitted\",\"inWork\":"
                "true,\"history\":[]}",
                PARTS("A worker has it in hand", "approve ID"));
    expect_text(cf_render_explain,
                "{\"requestContext\":\"r1\",\"kind\":\"revocation\",\"state\":\"delivered\","
                "\"final\":true,\"history\":[]}",
                PARTS("revoked, and the cloud knows", "Nothing."));
    /* A newer daemon may know kinds, states and errors that we do not. */
    expect_text(cf_render_explain,
                "{\"requestContext\":\"r1\",\"kind\":\"scep\",\"state\":\"odd\",\"error\":"
                "\"CF_E_NOVEL\",\"history\":[]}",
                PARTS("It is odd since"));
    expect_refusal(cf_render_explain, "{\"requestContext\":\"r\",\"kind\":\"pkcs\"}", "state");
    expect_refusal(cf_render_explain,
                   "{\"requestContext\":\"r\",\"kind\":\"pkcs\",\"state\":\"keyed\"}", "history");
    expect_refusal(cf_render_explain,
                   "{\"requestContext\":\"r\",\"kind\":\"pkcs\",\"state\":\"keyed\",\"history\":"
                   "[{\"from\":\"a\"}]}",
                   "to");
}

static void
every_error_fault_and_state_has_words(void **state)
{
    (void)state;
    for (unsigned rc = CF_OK + 1; rc < CF_E_MAX_; rc++) {
        assert_non_null(cf_explain_error((enum cf_rc)rc));
        if (rc != CF_E_BUG)
            assert_ptr_not_equal(cf_explain_error((enum cf_rc)rc), cf_explain_error(CF_E_BUG));
    }
    for (unsigned fault = CF_FAULT_BUG; fault <= CF_FAULT_CONFIG; fault++)
        assert_non_null(cf_explain_fault(CF_KIND_PKCS, (enum cf_fault)fault));
    for (unsigned kind = 0; kind < CF_KIND_MAX_; kind++) {
        for (unsigned at = 0; at < CF_STATE_MAX_; at++)
            assert_non_null(cf_explain_state((enum cf_kind)kind, (enum cf_state)at));
    }
}

static void
revoke_says_what_was_done(void **state)
{
    (void)state;
    expect_text(cf_render_revoke, "{\"serial\":\"0A1B\",\"wasRevoked\":false}",
                PARTS("Certificate 0A1B is revoked"));
    expect_text(cf_render_revoke, "{\"serial\":\"0A1B\",\"wasRevoked\":true}",
                PARTS("0A1B was revoked before; nothing had to be done"));
    expect_refusal(cf_render_revoke, "{\"serial\":\"0A1B\"}", "wasRevoked");
    expect_refusal(cf_render_revoke, "{\"wasRevoked\":true}", "serial");
}

static void
check_shows_errors_before_warnings(void **state)
{
    struct kit_memory memory;

    (void)state;
    assert_int_equal(render(cf_render_check,
                            "{\"findings\":[{\"severity\":\"ok\",\"subject\":\"a\",\"text\":"
                            "\"fine\"},{\"severity\":\"warning\",\"subject\":\"b\",\"text\":"
                            "\"hm\",\"remedy\":\"look\"},{\"severity\":\"error\",\"subject\":"
                            "\"c\",\"text\":\"bad\",\"remedy\":\"mend\"}]}",
                            &memory, NULL),
                     CF_OK);
    assert_string_equal(kit_memory_text(&memory), "error    c: bad\n"
                                                  "         mend\n"
                                                  "warning  b: hm\n"
                                                  "         look\n"
                                                  "ok       a: fine\n"
                                                  "1 error, 1 warning, 1 in order\n");
    kit_memory_close(&memory);
    expect_refusal(cf_render_check, "{}", "findings");
    expect_refusal(cf_render_check, "{\"findings\":[{}]}", "severity");
    expect_refusal(cf_render_check, "{\"findings\":[{\"severity\":\"ok\",\"remedy\":[]}]}",
                   "remedy");
}

static void
recipient_info_prints_pem_and_nothing_else_as_pem(void **state)
{
    (void)state;
    expect_text(cf_render_recipient_info,
                "{\"subject\":\"CN=node1\",\"serial\":\"0A\",\"sha256\":\"ab\",\"pem\":"
                "\"-----BEGIN CERTIFICATE-----\\nMAA=\\n-----END CERTIFICATE-----\\n\"}",
                PARTS("CN=node1", "-----BEGIN CERTIFICATE-----\nMAA=\n"));
    expect_refusal(cf_render_recipient_info, "{}", "pem");
    expect_refusal(cf_render_recipient_info,
                   "{\"pem\":\"-----BEGIN CERTIFICATE-----\\n\\u001b[2J\"}", "pem");
    expect_refusal(cf_render_recipient_info, "{\"pem\":\"-----BEGIN PRIVATE KEY-----\\n\"}", "pem");
}

static void
long_texts_break_between_words_on_a_terminal(void **state)
{
    struct kit_memory memory;

    (void)state;
    kit_memory_open(&memory);
    memory.tool.width = 26;
    cf_tool_paragraph(&memory.tool, 2, "one two three four five six averyveryverylongwordindeed x");
    assert_string_equal(kit_memory_text(&memory), "  one two three four five\n"
                                                  "  six\n"
                                                  "  averyveryverylongwordindeed\n"
                                                  "  x\n");
    kit_memory_close(&memory);
}

static void
expect_end(int64_t left_ms, const char *expected)
{
    char end[CF_TEXT_TIME_SIZE], json[256];

    cf_text_from_time(cf_clock_now_ms(cf_clock_real()) + left_ms, end);
    (void)snprintf(json, sizeof json,
                   "{\"certificates\":[{\"serial\":\"0A\",\"notAfterUtc\":\"%s\"}]}", end);
    expect_text(cf_render_expiring, json, PARTS(expected));
}

static void
expiring_shows_who_is_affected_and_since_when(void **state)
{
    (void)state;
    expect_text(cf_render_expiring,
                "{\"certificates\":[{\"device\":\"d1\",\"user\":\"anna\",\"profile\":\"p1\","
                "\"subject\":\"CN=a\\u001b[2J\",\"serial\":\"0AFF\",\"notAfterUtc\":"
                "\"2020-01-01T00:00:00Z\",\"renewalUtc\":\"2019-12-01T03:04:05Z\"},{\"serial\":"
                "\"0B\",\"notAfterUtc\":\"9999-01-01T00:00:00Z\",\"renewalUtc\":"
                "\"9998-12-01T00:00:00Z\"}],\"after\":7}",
                PARTS("DEVICE", "RENEWAL SINCE (UTC)", "anna", "0AFF", "ended ", " ago",
                      "2019-12-01 03:04:05", "not yet", "--all"));
    expect_end(INT64_C(400) * 24 * 60 * 60 * 1000 + 90 * 60 * 1000, " 400d 1h ");
    expect_end(INT64_C(90) * 60 * 1000 + 30 * 1000, " 1h 30m ");
    expect_end(INT64_C(-36) * 60 * 60 * 1000, " ended 1d 12h ago ");
    expect_text(cf_render_expiring, "{\"certificates\":[]}", PARTS("No certificates."));
    expect_refusal(cf_render_expiring, "{}", "certificates");
    expect_refusal(cf_render_expiring,
                   "{\"certificates\":[{\"notAfterUtc\":\"2020-01-01T00:00:00Z\"}]}", "serial");
    expect_refusal(cf_render_expiring, "{\"certificates\":[{\"serial\":\"0A\"}]}", "notAfterUtc");
    expect_refusal(cf_render_expiring,
                   "{\"certificates\":[{\"serial\":\"0A\",\"notAfterUtc\":\"soon\"}]}", "soon");
    expect_refusal(cf_render_expiring,
                   "{\"certificates\":[{\"serial\":\"0A\",\"notAfterUtc\":"
                   "\"2020-01-01T00:00:00Z\",\"renewalUtc\":\"x\"}]}",
                   "x");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expiring_shows_who_is_affected_and_since_when),
        cmocka_unit_test(status_shows_failing_duties_first),
        cmocka_unit_test(status_points_to_what_tells_more),
        cmocka_unit_test(a_duty_that_events_wake_shows_no_time),
        cmocka_unit_test(status_without_a_ca_says_what_is_missing),
        cmocka_unit_test(status_of_the_wrong_shape_is_refused),
        cmocka_unit_test(control_characters_never_reach_the_terminal),
        cmocka_unit_test(requests_are_listed_and_more_are_announced),
        cmocka_unit_test(explain_tells_the_way_the_state_and_the_remedy),
        cmocka_unit_test(every_error_fault_and_state_has_words),
        cmocka_unit_test(revoke_says_what_was_done),
        cmocka_unit_test(check_shows_errors_before_warnings),
        cmocka_unit_test(recipient_info_prints_pem_and_nothing_else_as_pem),
        cmocka_unit_test(long_texts_break_between_words_on_a_terminal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
