/* SPDX-License-Identifier: Apache-2.0 */
#include "pki_test.h"

#include <stdio.h>

/* A name of one attribute whose value has n characters. */
static struct cf_dn *
name_of(const char *type, size_t n, const char *character)
{
    struct cf_err err = {0};
    struct cf_dn *dn = cf_dn_new();
    char value[CF_DN_VALUE_MAX + 1] = "";
    size_t len = strlen(character);

    assert_true(n * len <= CF_DN_VALUE_MAX);
    for (size_t i = 0; i < n; i++)
        memcpy(value + i * len, character, len + 1);
    assert_ok(cf_dn_append(dn, type, value, &err), err);
    return dn;
}

static void
values_are_bounded_as_the_standard_says(void **state)
{
    static const struct {
        const char *type;
        size_t max;
    } CASES[] = {
        {"CN", 64},        {"OU", 64},      {"O", 64},    {"L", 128},
        {"ST", 128},       {"STREET", 128}, {"T", 64},    {"SERIALNUMBER", 64},
        {"E", 255},        {"DC", 63},      {"UID", 256}, {"OID.2.5.4.17", 40},
        {"2.5.4.65", 128},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        struct cf_err err = {0};
        cf_own(cf_dn) longest = name_of(CASES[i].type, CASES[i].max, "x");
        assert_ok(cf_dn_check_limits(longest, &err), err);
        cf_own(cf_dn) longer = name_of(CASES[i].type, CASES[i].max + 1, "x");
        assert_rc(cf_dn_check_limits(longer, &err), CF_E_RANGE);
        assert_contains(err.text, "X.520");
        assert_contains(err.text, "enforce_dn_limits");
    }
}

static void
characters_count_not_bytes(void **state)
{
    struct cf_err err = {0};
    cf_own(cf_dn) fits = name_of("CN", 64, "ü");
    cf_own(cf_dn) emoji = name_of("CN", 64, "😀");
    cf_own(cf_dn) longer = name_of("CN", 65, "ü");

    (void)state;
    assert_ok(cf_dn_check_limits(fits, &err), err);
    assert_ok(cf_dn_check_limits(emoji, &err), err);
    assert_rc(cf_dn_check_limits(longer, &err), CF_E_RANGE);
    assert_contains(err.text, "CN:");
    assert_contains(err.text, "65 characters");
}

static void
every_attribute_is_looked_at(void **state)
{
    struct cf_err err = {0};
    cf_own(cf_dn) dn = name_of("CN", 3, "x");
    char value[66];

    (void)state;
    memset(value, 'x', 65);
    value[65] = '\0';
    /* Names of persons, and types nobody has bounded, are as long as any value. */
    assert_ok(cf_dn_append(dn, "G", value, &err), err);
    assert_ok(cf_dn_append(dn, "1.2.3.4", value, &err), err);
    assert_ok(cf_dn_check_limits(dn, &err), err);
    assert_ok(cf_dn_append_joined(dn, "OU", value, &err), err);
    assert_rc(cf_dn_check_limits(dn, &err), CF_E_RANGE);
    assert_contains(err.text, "OU:");
}

static enum cf_rc
write_attr(void *arg, const char *oid, const char *value, struct cf_err *err)
{
    char *text = arg;

    if (strcmp(value, "stop") == 0)
        return cf_fail(err, CF_E_POLICY, "stopped");
    (void)sprintf(text + strlen(text), "%s=%s;", oid, value);
    return CF_OK;
}

static void
attributes_are_walked_in_encoding_order(void **state)
{
    struct cf_err err = {0};
    char text[256] = "";
    cf_own(cf_dn) dn = NULL;
    cf_own(cf_dn) stopped = NULL;

    (void)state;
    assert_ok(cf_dn_parse_text("CN=a+OU=b,C=DE", &dn, &err), err);
    assert_ok(cf_dn_each(dn, write_attr, text, &err), err);
    assert_string_equal(text, "2.5.4.6=DE;2.5.4.3=a;2.5.4.11=b;");
    text[0] = '\0';
    assert_ok(cf_dn_parse_text("CN=a,OU=stop,C=DE", &stopped, &err), err);
    assert_rc(cf_dn_each(stopped, write_attr, text, &err), CF_E_POLICY);
    assert_string_equal(text, "2.5.4.6=DE;");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_bounded_as_the_standard_says),
        cmocka_unit_test(characters_count_not_bytes),
        cmocka_unit_test(every_attribute_is_looked_at),
        cmocka_unit_test(attributes_are_walked_in_encoding_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
