/* SPDX-License-Identifier: Apache-2.0 */
/* Fixed formats, the variable that is a whole name, and values that try to be more than one. */
#include "subject_test.h"

static const char *const JANE[] = {"UserName",
                                   "Jane Doe",
                                   "EmailAddress",
                                   "jane@example.com",
                                   "IMEI",
                                   "990000862471854",
                                   "SerialNumber",
                                   "C02XK1ZGJG5J",
                                   "AAD_Device_ID",
                                   "aad-1",
                                   "DeviceId",
                                   "mdm-1",
                                   "OnPrem_Distinguished_Name",
                                   "CN=Doe\\, Jane,OU=Staff+L=Bonn,DC=corp,DC=example",
                                   NULL};

static void
fixed_formats_are_templates(void **state)
{
    static const char *const CASES[][2] = {
        {"commonName", "CN=Jane Doe"},
        {"commonNameIncludingEmail", "CN=Jane Doe,E=jane@example.com"},
        {"commonNameAsEmail", "CN=jane@example.com"},
        {"commonNameAsIMEI", "CN=990000862471854"},
        {"commonNameAsSerialNumber", "CN=C02XK1ZGJG5J"},
        {"commonNameAsAadDeviceId", "CN=aad-1"},
        {"commonNameAsIntuneDeviceId", "CN=mdm-1"},
        {"COMMONNAME", "CN=Jane Doe"},
        {"commonnameasimei", "CN=990000862471854"},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        cf_own(cf_dn) dn = render(CASES[i][0], JANE);
        assert_dn_text(dn, CASES[i][1]);
    }
}

static void
formats_that_name_nothing_say_what_to_write(void **state)
{
    struct cf_err err = {0};

    (void)state;
    assert_rc(try_render("custom", JANE, &err), CF_E_SYNTAX);
    assert_contains(err.text, "CN={{UserName}}");
    assert_rc(try_render("commonNameAsDurableDeviceId", JANE, &err), CF_E_UNSUPPORTED);
    assert_contains(err.text, "CN={{AAD_Device_ID}}");
    assert_rc(try_render("commonNames", JANE, &err), CF_E_SYNTAX);
}

static void
a_distinguished_name_takes_the_place_of_its_variable(void **state)
{
    static const struct {
        const char *text;
        const char *rfc4514;
        const char *as_written;
    } CASES[] = {
        {"CN={{OnPrem_Distinguished_Name}}", "CN=Doe\\, Jane,OU=Staff+L=Bonn,DC=corp,DC=example",
         "DC=example,DC=corp,OU=Staff+L=Bonn,CN=Doe\\, Jane"},
        {"CN=\"{{onprem_distinguished_name}}\"",
         "CN=Doe\\, Jane,OU=Staff+L=Bonn,DC=corp,DC=example",
         "DC=example,DC=corp,OU=Staff+L=Bonn,CN=Doe\\, Jane"},
        {"E={{EmailAddress}},CN={{OnPrem_Distinguished_Name}},C=DE",
         "E=jane@example.com,CN=Doe\\, Jane,OU=Staff+L=Bonn,DC=corp,DC=example,C=DE",
         "C=DE,DC=example,DC=corp,OU=Staff+L=Bonn,CN=Doe\\, Jane,E=jane@example.com"},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        struct cf_err err = {0};
        cf_own(cf_dn) reversed = NULL;
        cf_own(cf_dn) as_written = NULL;
        assert_ok(render_as(CASES[i].text, false, JANE, &reversed, &err), err);
        assert_dn_text(reversed, CASES[i].rfc4514);
        assert_ok(render_as(CASES[i].text, true, JANE, &as_written, &err), err);
        assert_dn_text(as_written, CASES[i].as_written);
    }
}

static void
elsewhere_that_variable_is_refused(void **state)
{
    static const char *const CASES[] = {
        "OU={{OnPrem_Distinguished_Name}}",      "CN=x{{OnPrem_Distinguished_Name}}",
        "CN={{OnPrem_Distinguished_Name}}x",     "CN={{UserName}}{{OnPrem_Distinguished_Name}}",
        "CN={{OnPrem_Distinguished_Name}}+OU=x", "OU=x+CN={{OnPrem_Distinguished_Name}}",
        "OU=x,O={{ONPREM_DISTINGUISHED_NAME}}",  "CN=x{{OnPremisesDistinguishedName}}",
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        struct cf_err err = {0};
        if (try_render(CASES[i], JANE, &err) != CF_E_FACT)
            fail_msg("%s", CASES[i]);
        assert_contains(err.text, "CN={{OnPrem_Distinguished_Name}}");
    }
}

static void
a_distinguished_name_that_is_none_is_refused(void **state)
{
    static char huge[64 * 1024];
    static char many[6 * 1000 + 1];
    static const struct {
        const char *value;
        enum cf_rc rc;
    } CASES[] = {
        {"Jane Doe", CF_E_SYNTAX},
        {"CN=Jane,", CF_E_SYNTAX},
        {"CN=Jane,XYZ=1", CF_E_SYNTAX},
        {"CN=\"Jane", CF_E_SYNTAX},
        {"CN=Jane\\", CF_E_SYNTAX},
        {"CN=Jane\xff", CF_E_SYNTAX},
        {"CN=\\00", CF_E_SYNTAX},
        {"CN=#020101", CF_E_ENCODING},
        {" ", CF_E_FACT},
        {"CN=", CF_E_RANGE},
        {"CN=Jane\\0ACNF:1", CF_E_RANGE},
        {"CN=Jane\\E2\\80\\AE", CF_E_RANGE},
        {"CN=Jane,C=Germany", CF_E_RANGE},
        {huge, CF_E_RANGE},
        {many, CF_E_RANGE},
    };

    (void)state;
    memset(huge, 'x', sizeof huge - 1);
    memcpy(huge, "CN=", 3);
    for (size_t i = 0; i < 1000; i++)
        memcpy(many + 6 * i, "CN=ab,", 6);
    many[sizeof many - 2] = '\0';
    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        struct cf_err err = {0};
        enum cf_rc rc = try_render("CN={{OnPrem_Distinguished_Name}}",
                                   FACTS("OnPrem_Distinguished_Name", CASES[i].value), &err);
        if (rc != CASES[i].rc)
            fail_msg("%.60s: %s %s", CASES[i].value, cf_rc_name(rc), err.text);
        assert_contains(err.text, "subject");
        assert_contains(err.text, "OnPrem_Distinguished_Name");
    }
    many[6 * 40 - 1] = '\0';
    struct cf_err err = {0};
    assert_rc(try_render("CN={{OnPrem_Distinguished_Name}}",
                         FACTS("OnPrem_Distinguished_Name", many), &err),
              CF_E_LIMIT);
}

static void
a_template_tells_its_variables(void **state)
{
    struct cf_err err = {0};
    cf_own(cf_subject) subject = NULL;
    cf_own(cf_subject) preset = NULL;

    (void)state;
    assert_ok(cf_subject_compile("CN=a{{UserName}}b,OU=\"{{DeviceId}}\"", &subject, &err), err);
    assert_true(cf_subject_uses(subject, "username"));
    assert_true(cf_subject_uses(subject, "DEVICEID"));
    assert_false(cf_subject_uses(subject, "Device"));
    assert_false(cf_subject_uses(subject, "a"));
    assert_ok(cf_subject_compile("commonNameAsIMEI", &preset, &err), err);
    assert_true(cf_subject_uses(preset, "IMEI"));
}

/* Values that a device or an attacker can choose. */
static void
a_value_cannot_add_or_change_an_rdn(void **state)
{
    static const char *const HOSTILE[] = {
        "x,CN=root",
        "x, OU=Domain Admins",
        "x+CN=root",
        "x;O=evil",
        "\"",
        "\"\"",
        "\"x\",OU=y",
        "x\",OU=y,O=\"",
        "\\",
        "x\\",
        "\\,",
        "\\2C",
        "\\2COU=y",
        "#0C0161",
        "#",
        " lead and trail ",
        "{{Secret}}",
        "{{",
        "}}",
        "=",
        "CN=x",
        "CN=root,DC=corp",
        "<x>",
        "x\\,CN=y",
        "/CN=root",
        "x/OU=y",
        "OID.2.5.4.3=x",
        ("x\xef\xbc\x8c"
         "CN=root"), /* a full-width comma */
        "%s%n",
        "../../etc/passwd",
        "$(id)",
    };
    static const char *const TEMPLATES[] = {
        "CN={{N}},OU=Fleet",
        "CN=\"{{N}}\",OU=Fleet",
        "CN = {{n}} ; OU=Fleet",
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(HOSTILE) * CF_COUNT(TEMPLATES); i++) {
        const char *value = HOSTILE[i / CF_COUNT(TEMPLATES)];
        cf_own(cf_dn) dn =
            render(TEMPLATES[i % CF_COUNT(TEMPLATES)], FACTS("N", value, "Secret", "leaked"));
        assert_int_equal(cf_dn_count(dn), 2);
        assert_string_equal(cf_dn_find(dn, "2.5.4.3"), value);
        assert_string_equal(cf_dn_find(dn, "2.5.4.11"), "Fleet");
        cf_own(cf_buf) der = NULL;
        cf_own(cf_dn) back = NULL;
        assert_rc(cf_dn_der(dn, &der, NULL), CF_OK);
        assert_rc(cf_dn_parse_der(cf_buf_bytes(der), &back, NULL), CF_OK);
        assert_true(cf_dn_equal(dn, back));
    }
}

static void
values_that_deceive_or_are_broken_are_refused_and_named(void **state)
{
    static char huge[64 * 1024];
    static const char *const HOSTILE[] = {
        "x\ny",
        "x\ry",
        "x\ty",
        "\x01",
        "\x1b[31m",
        "\x7f",
        "\xc2\x85",
        "\xd8\x9c",
        "\xe2\x80\x8e",
        "\xe2\x80\x8f",
        "a\xe2\x80\xaa",
        "a\xe2\x80\xab",
        "a\xe2\x80\xac",
        "a\xe2\x80\xad",
        "a\xe2\x80\xae",
        "\xe2\x81\xa6",
        "\xe2\x81\xa7",
        "\xe2\x81\xa8",
        "\xe2\x81\xa9",
        "\xe2\x80\x8b",
        "\xef\xbb\xbfx",
        "a\xc2\xad",
        "\xe3\x85\xa4",
        "\xef\xbe\xa0",
        "\xf3\xa0\x81\xa1",
        "\xe2\x80\xa8",
        "\xef\xbf\xbd",
        "\xff",
        "\xc0\xaf",
        "\xed\xa0\x80",
        "\xf4\x90\x80\x80",
        "\xe2\x80",
        huge,
    };

    (void)state;
    memset(huge, 'x', sizeof huge - 1);
    for (size_t i = 0; i < CF_COUNT(HOSTILE); i++) {
        struct cf_err err = {0};
        if (try_render("CN={{N}}", FACTS("N", HOSTILE[i]), &err) != CF_E_RANGE)
            fail_msg("value %zu was taken", i);
        assert_contains(err.text, "CN");
        assert_rc(try_render("OU=x,CN=\"a{{N}}\"", FACTS("N", HOSTILE[i]), NULL), CF_E_RANGE);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixed_formats_are_templates),
        cmocka_unit_test(formats_that_name_nothing_say_what_to_write),
        cmocka_unit_test(a_distinguished_name_takes_the_place_of_its_variable),
        cmocka_unit_test(elsewhere_that_variable_is_refused),
        cmocka_unit_test(a_distinguished_name_that_is_none_is_refused),
        cmocka_unit_test(a_template_tells_its_variables),
        cmocka_unit_test(a_value_cannot_add_or_change_an_rdn),
        cmocka_unit_test(values_that_deceive_or_are_broken_are_refused_and_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
