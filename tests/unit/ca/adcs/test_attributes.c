/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "ca/adcs/attributes.h"
#include "unit/base/unit.h"

static const uint64_t SECOND = 1000, HOUR = 3600 * SECOND, DAY = 24 * HOUR;

static struct cf_err err;

static const char *
text_of(unsigned given, uint64_t own_ms, uint64_t asked_ms)
{
    static char name[] = "Device";
    static char text[128];
    const struct cf_template_settings template_settings = {
        .name = name, .given = given, .validity_ms = own_ms};
    const struct cf_ca_submission submission = {.template_settings = &template_settings,
                                                .validity_ms = asked_ms};
    struct adcs_attributes attributes;

    adcs_attributes_of(&submission, &attributes);
    assert_ok(adcs_attributes_text(&attributes, text, sizeof text, &err), err);
    return text;
}

#define TEMPLATE "CertificateTemplate:Device\n"
#define PERIOD(unit, n) TEMPLATE "ValidityPeriod:" unit "\nValidityPeriodUnits:" n "\n"

static void
nothing_is_asked_for_where_the_templates_validity_will_do(void **state)
{
    (void)state;
    assert_string_equal(text_of(0, 365 * DAY, 0), TEMPLATE);
    assert_string_equal(text_of(0, 365 * DAY, 365 * DAY), TEMPLATE);
    assert_string_equal(text_of(0, 365 * DAY, 366 * DAY), TEMPLATE);
    assert_string_equal(text_of(0, 0, 0), TEMPLATE);
    assert_string_equal(text_of(CF_TEMPLATE_VALIDITY, 0, 0), TEMPLATE);
}

static void
a_shorter_validity_is_asked_for(void **state)
{
    (void)state;
    assert_string_equal(text_of(0, 365 * DAY, 90 * DAY), PERIOD("Days", "90"));
    assert_string_equal(text_of(0, 0, 90 * DAY), PERIOD("Days", "90"));
    assert_string_equal(text_of(CF_TEMPLATE_KEY, 365 * DAY, 364 * DAY), PERIOD("Days", "364"));
}

static void
what_the_section_says_is_asked_for(void **state)
{
    (void)state;
    assert_string_equal(text_of(CF_TEMPLATE_VALIDITY, 180 * DAY, 0), PERIOD("Days", "180"));
    assert_string_equal(text_of(CF_TEMPLATE_VALIDITY, 180 * DAY, 365 * DAY), PERIOD("Days", "180"));
    assert_string_equal(text_of(CF_TEMPLATE_VALIDITY, 180 * DAY, 30 * DAY), PERIOD("Days", "30"));
}

static void
the_unit_is_the_largest_that_says_it_to_the_second(void **state)
{
    (void)state;
    assert_string_equal(text_of(0, 365 * DAY, DAY), PERIOD("Days", "1"));
    assert_string_equal(text_of(0, 365 * DAY, DAY + HOUR), PERIOD("Hours", "25"));
    assert_string_equal(text_of(0, 365 * DAY, 90 * 60 * SECOND), PERIOD("Minutes", "90"));
    assert_string_equal(text_of(0, 365 * DAY, 61 * SECOND), PERIOD("Seconds", "61"));
    assert_string_equal(text_of(0, 365 * DAY, HOUR + 999), PERIOD("Hours", "1"));
    assert_string_equal(text_of(0, 365 * DAY, 999), TEMPLATE);
    assert_string_equal(text_of(0, 0, UINT64_MAX), PERIOD("Seconds", "18446744073709551"));
}

static void
a_name_that_does_not_fit_is_the_configurations_fault(void **state)
{
    static char name[] = "ANameThatIsMuchTooLongForTheRoom";
    const struct cf_template_settings template_settings = {.name = name};
    const struct cf_ca_submission submission = {.template_settings = &template_settings,
                                                .validity_ms = DAY};
    struct adcs_attributes attributes;
    char text[96];

    (void)state;
    adcs_attributes_of(&submission, &attributes);
    assert_ok(adcs_attributes_text(&attributes, text, sizeof text, &err), err);
    size_t len = strlen(text);
    assert_ok(adcs_attributes_text(&attributes, text, len + 1, &err), err);
    for (size_t size = 1; size <= len; size++) {
        assert_rc(adcs_attributes_text(&attributes, text, size, &err), CF_E_CA_CONFIG);
        assert_contains(err.text, name);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_asked_for_where_the_templates_validity_will_do),
        cmocka_unit_test(a_shorter_validity_is_asked_for),
        cmocka_unit_test(what_the_section_says_is_asked_for),
        cmocka_unit_test(the_unit_is_the_largest_that_says_it_to_the_second),
        cmocka_unit_test(a_name_that_does_not_fit_is_the_configurations_fault),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
