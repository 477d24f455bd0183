/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "certferry/finding.h"

struct heard {
    unsigned n;
    enum cf_severity severity;
    char subject[CF_FINDING_SUBJECT_SIZE];
    char text[CF_FINDING_TEXT_SIZE];
    const char *remedy;
};

static void
hear(void *arg, const struct cf_finding *finding)
{
    struct heard *heard = arg;

    heard->n++;
    heard->severity = finding->severity;
    heard->remedy = finding->remedy;
    (void)snprintf(heard->subject, sizeof heard->subject, "%s", finding->subject);
    (void)snprintf(heard->text, sizeof heard->text, "%s", finding->text);
}

static void
a_finding_has_the_reports_subject(void **state)
{
    struct heard heard = {0};
    const struct cf_report report = cf_report_to(hear, &heard, "ca %s", "corp");

    (void)state;
    cf_report_say(&report, CF_FINDING_WARNING, "renew it", "ends in %d days", 3);
    assert_int_equal(heard.n, 1);
    assert_int_equal(heard.severity, CF_FINDING_WARNING);
    assert_string_equal(heard.subject, "ca corp");
    assert_string_equal(heard.text, "ends in 3 days");
    assert_string_equal(heard.remedy, "renew it");
    cf_report_say(&report, CF_FINDING_OK, NULL, "all is well");
    assert_int_equal(heard.n, 2);
    assert_null(heard.remedy);
}

static void
what_is_too_long_is_cut(void **state)
{
    char text[2 * CF_FINDING_TEXT_SIZE];
    struct heard heard = {0};

    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    const struct cf_report report = cf_report_to(hear, &heard, "%s", text);
    cf_report_say(&report, CF_FINDING_ERROR, NULL, "%s", text);
    assert_int_equal(strlen(heard.subject), CF_FINDING_SUBJECT_SIZE - 1);
    assert_int_equal(strlen(heard.text), CF_FINDING_TEXT_SIZE - 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_finding_has_the_reports_subject),
        cmocka_unit_test(what_is_too_long_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
