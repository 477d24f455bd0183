/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "certferry/json.h"
#include "ctl/render.h"
#include "unit/base/unit.h"
#include "unit/ctl/ctl_kit.h"

#define CHALLENGE "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

static void
a_challenge_goes_alone_to_the_output(void **state)
{
    struct kit_server server;

    (void)state;
    kit_serve(&server, KIT_ANSWER,
              "{\"ok\":true,\"result\":{\"profile\":\"phones\",\"challenge\":\"" CHALLENGE
              "\",\"expiresUtc\":\"2031-01-01T00:00:00Z\"}}\n");
    struct kit_run run = KIT_RUN("--socket", server.path, "scep", "challenge", "phones",
                                 "--subject", "CN=a,O=b", "--lifetime", "2h");
    assert_int_equal(run.code, CF_TOOL_OK);
    assert_string_equal(run.out, CHALLENGE "\n");
    KIT_HAS(run.err, "good for one request, until 2031-01-01 00:00:00");
    KIT_HAS_NOT(run.err, CHALLENGE);
    kit_run_done(&run);
    KIT_HAS(server.request[0], "\"command\":\"scep-challenge\"");
    KIT_HAS(server.request[0], "\"profile\":\"phones\"");
    KIT_HAS(server.request[0], "\"subject\":\"CN=a,O=b\"");
    KIT_HAS(server.request[0], "\"lifetimeSeconds\":7200");
    run = KIT_RUN("--socket", server.path, "scep", "challenge", "phones");
    assert_int_equal(run.code, CF_TOOL_OK);
    kit_run_done(&run);
    KIT_HAS_NOT(server.request[1], "subject");
    KIT_HAS_NOT(server.request[1], "lifetime");
    kit_stop(&server);
}

static void
a_challenge_is_refused_where_it_makes_no_sense(void **state)
{
    struct kit_server server;

    (void)state;
    kit_expect(KIT_RUN("scep", "challenge"), CF_TOOL_USAGE, "", "needs an argument: PROFILE");
    kit_expect(KIT_RUN("scep", "challenge", "p", "--lifetime", "59s"), CF_TOOL_USAGE, "",
               "--lifetime");
    kit_expect(KIT_RUN("scep", "challenge", "p", "--lifetime", "31d"), CF_TOOL_USAGE, "",
               "--lifetime");
    kit_expect(KIT_RUN("scep"), CF_TOOL_USAGE, "", "certferry scep challenge");
    kit_expect(KIT_RUN("scep", "chalenge"), CF_TOOL_USAGE, "", "did you mean challenge?");
    kit_serve(&server, KIT_ANSWER,
              "{\"ok\":false,\"error\":{\"name\":\"CF_E_UNSUPPORTED\",\"fault\":\"request\","
              "\"text\":\"[scep-profile p] does not have challenge = one-time\"}}\n");
    kit_expect(KIT_RUN("--socket", server.path, "scep", "challenge", "p"), CF_TOOL_REFUSED, "",
               "one-time");
    kit_stop(&server);
}

static const char STATUS[] =
    "{\"connections\":4,\"connectedSinceUtc\":\"2026-01-02T03:04:05Z\","
    "\"requests\":{\"delivered\":7,\"recorded\":1},"
    "\"profiles\":[{\"name\":\"phones\",\"isDefault\":true,\"ca\":\"corp\",\"template\":\"Device\","
    "\"certificateType\":\"device\",\"challenge\":\"intune\"},"
    "{\"name\":\"lab\\u001b[2J\",\"ca\":\"corp\"}],"
    "\"cas\":[{\"name\":\"corp\",\"version\":3,\"problem\":null,\"generations\":["
    "{\"isShown\":false,\"activeFromUtc\":\"2026-01-01T00:00:00Z\","
    "\"replacedUtc\":\"2026-05-01T00:00:00Z\","
    "\"sign\":{\"serial\":\"0A\",\"notAfterUtc\":\"2026-06-01T00:00:00Z\"},"
    "\"encryption\":{\"serial\":\"0A\",\"notAfterUtc\":\"2026-06-01T00:00:00Z\"}},"
    "{\"isShown\":true,\"activeFromUtc\":\"2026-05-01T00:00:00Z\",\"replacedUtc\":null,"
    "\"sign\":{\"serial\":\"0B\",\"notAfterUtc\":\"2096-06-01T00:00:00Z\"},"
    "\"encryption\":{\"serial\":\"0C\",\"notAfterUtc\":\"2096-06-01T00:00:00Z\"}}]},"
    "{\"name\":\"new\",\"version\":0,\"generations\":[]},"
    "{\"name\":\"odd\",\"version\":1,\"problem\":\"the document is damaged\",\"generations\":[]}]}";

static void
render(const char *text, enum cf_rc expected, struct kit_memory *memory)
{
    cf_own(cf_json) document = NULL;
    struct cf_err err = {0};

    assert_ok(cf_json_parse(cf_bytes_of(text, strlen(text)), 64 * 1024, &document, &err), err);
    kit_memory_open(memory);
    assert_rc(cf_render_scep_status(&memory->tool, document, &err), expected);
}

static void
status_tells_door_profiles_and_keys(void **state)
{
    struct kit_memory memory;

    (void)state;
    render(STATUS, CF_OK, &memory);
    const char *text = kit_memory_text(&memory);
    KIT_HAS(text, "connected since 2026-01-02 03:04:05");
    KIT_HAS(text, "4 connections");
    KIT_HAS(text, "7 delivered, 1 recorded");
    KIT_HAS(text, "phones");
    KIT_HAS(text, "intune");
    KIT_HAS(text, "replaced                 2026-01-01 00:00:00  0A");
    KIT_HAS(text, "in use");
    KIT_HAS(text, "0C");
    KIT_HAS(text, "none yet");
    KIT_HAS(text, "the document is damaged");
    kit_assert_harmless(text);
    kit_memory_close(&memory);
}

static void
a_door_that_is_away_is_said(void **state)
{
    struct kit_memory memory;

    (void)state;
    render("{\"connections\":0,\"requests\":{},\"profiles\":[],\"cas\":[]}", CF_OK, &memory);
    KIT_HAS(kit_memory_text(&memory), "not connected; see `systemctl status certferry-scepd`");
    kit_memory_close(&memory);
}

static const char NO_TIME[] =
    "{\"connections\":1,\"requests\":{},\"profiles\":[],\"cas\":[{\"name\":\"c\","
    "\"generations\":[{\"isShown\":true,\"sign\":{}}]}]}";

static void
an_answer_of_the_wrong_shape_is_refused(void **state)
{
    static const char *const BAD[] = {
        "{}",
        "{\"connections\":1,\"requests\":{},\"profiles\":{},\"cas\":[]}",
        "{\"connections\":1,\"requests\":{},\"profiles\":[{}],\"cas\":[]}",
        "{\"connections\":1,\"requests\":{},\"profiles\":[],\"cas\":[{\"name\":\"c\"}]}",
        "{\"connections\":1,\"requests\":{},\"profiles\":[],\"cas\":[{\"generations\":[]}]}",
        NO_TIME,
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(BAD); i++) {
        struct kit_memory memory;
        render(BAD[i], CF_E_FIELD, &memory);
        kit_memory_close(&memory);
    }
}

static void
explain_speaks_of_the_device(void **state)
{
    static const char REQUEST[] =
        "{\"requestContext\":\"phones/aa/bb\",\"kind\":\"scep\",\"state\":\"reported\","
        "\"receivedUtc\":\"2026-01-01T00:00:00Z\",\"updatedUtc\":\"2026-01-01T00:00:00Z\","
        "\"final\":true,\"inWork\":false,\"error\":\"CF_E_POLICY\",\"fault\":\"request\","
        "\"text\":\"no\",\"history\":[]}";
    cf_own(cf_json) document = NULL;
    struct kit_memory memory;
    struct cf_err err = {0};

    (void)state;
    assert_ok(cf_json_parse(cf_bytes_of(REQUEST, strlen(REQUEST)), 4096, &document, &err), err);
    kit_memory_open(&memory);
    assert_ok(cf_render_explain(&memory.tool, document, &err), err);
    const char *text = kit_memory_text(&memory);
    KIT_HAS(text, "received from the device");
    KIT_HAS(text, "the device is told so");
    KIT_HAS(text, "the device has to ask anew");
    KIT_HAS_NOT(text, "cloud");
    kit_memory_close(&memory);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_challenge_goes_alone_to_the_output),
        cmocka_unit_test(a_challenge_is_refused_where_it_makes_no_sense),
        cmocka_unit_test(status_tells_door_profiles_and_keys),
        cmocka_unit_test(a_door_that_is_away_is_said),
        cmocka_unit_test(an_answer_of_the_wrong_shape_is_refused),
        cmocka_unit_test(explain_speaks_of_the_device),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
