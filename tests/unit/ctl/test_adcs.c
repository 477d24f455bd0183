/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "certferry/json.h"
#include "ctl/render.h"
#include "unit/base/unit.h"
#include "unit/ctl/ctl_kit.h"

static const char RESULT[] =
    "{\"account\":\"CONN1$@CORP.EXAMPLE\",\"accountProblem\":null,\"cas\":[{"
    "\"name\":\"Corp Issuing CA\",\"host\":\"ca1.corp.example\","
    "\"notAfterUtc\":\"2031-01-01T00:00:00Z\","
    "\"urls\":[{\"url\":\"https://ca1/CES\",\"auth\":\"kerberos\",\"priority\":1}],"
    "\"templates\":[{\"name\":\"Device\",\"key\":\"rsa2048\",\"validity\":\"1y\","
    "\"mayEnroll\":\"yes\",\"obstacle\":null},"
    "{\"name\":\"Bad\\u001b[2J\",\"obstacle\":\"the subject is not supplied in the request\"}],"
    "\"configuration\":[\"[ca corp-issuing-ca]\",\"backend = adcs\",\"\",\"[template Device]\"]}]}";

static void
render(const char *text, enum cf_rc expected, struct kit_memory *memory)
{
    cf_own(cf_json) document = NULL;
    struct cf_err err = {0};

    assert_ok(cf_json_parse(cf_bytes_of(text, strlen(text)), 64 * 1024, &document, &err), err);
    kit_memory_open(memory);
    assert_rc(cf_render_adcs_discover(&memory->tool, document, &err), expected);
}

static void
cas_are_listed_with_sections_to_paste(void **state)
{
    struct kit_memory memory;

    (void)state;
    render(RESULT, CF_OK, &memory);
    const char *text = kit_memory_text(&memory);
    KIT_HAS(text, "CONN1$@CORP.EXAMPLE");
    KIT_HAS(text, "ca1.corp.example");
    KIT_HAS(text, "Certificate ends 2031-01-01");
    KIT_HAS(text, " https://ca1/CES");
    KIT_HAS(text, "not supplied");
    KIT_HAS(text, "\n[ca corp-issuing-ca]\nbackend = adcs\n\n[template Device]\n");
    kit_assert_harmless(text);
    kit_memory_close(&memory);
}

static void
a_forest_without_cas_is_said(void **state)
{
    struct kit_memory memory;

    (void)state;
    render("{\"cas\":[]}", CF_OK, &memory);
    KIT_HAS(kit_memory_text(&memory), "knows no CA");
    kit_memory_close(&memory);
}

static void
an_answer_of_the_wrong_shape_is_refused(void **state)
{
    static const char *const BAD[] = {
        "{}",
        "{\"cas\":{}}",
        "{\"cas\":[{}]}",
        "{\"cas\":[{\"name\":\"CA\",\"urls\":[],\"templates\":[]}]}",
        "{\"cas\":[{\"name\":\"CA\",\"urls\":[{}],\"templates\":[],\"configuration\":[]}]}",
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(BAD); i++) {
        struct kit_memory memory;
        render(BAD[i], CF_E_FIELD, &memory);
        kit_memory_close(&memory);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cas_are_listed_with_sections_to_paste),
        cmocka_unit_test(a_forest_without_cas_is_said),
        cmocka_unit_test(an_answer_of_the_wrong_shape_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
