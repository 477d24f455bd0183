/* SPDX-License-Identifier: Apache-2.0 */
/* Every way to write a name that profiles use, as Windows reads them and as RFC 4514 does. */
#include "subject_test.h"

#include <ctype.h>
#include <stdio.h>

static void
every_keyword_is_known_in_any_case(void **state)
{
    static const struct {
        const char *keyword;
        const char *oid;
        const char *value;
    } CASES[] = {
        {"CN", "2.5.4.3", "x"},
        {"E", "1.2.840.113549.1.9.1", "x@y.example"},
        {"Email", "1.2.840.113549.1.9.1", "x@y.example"},
        {"OU", "2.5.4.11", "x"},
        {"O", "2.5.4.10", "x"},
        {"L", "2.5.4.7", "x"},
        {"S", "2.5.4.8", "x"},
        {"ST", "2.5.4.8", "x"},
        {"C", "2.5.4.6", "DE"},
        {"DC", "0.9.2342.19200300.100.1.25", "x"},
        {"G", "2.5.4.42", "x"},
        {"GivenName", "2.5.4.42", "x"},
        {"SN", "2.5.4.4", "x"},
        {"SurName", "2.5.4.4", "x"},
        {"I", "2.5.4.43", "x"},
        {"Initials", "2.5.4.43", "x"},
        {"T", "2.5.4.12", "x"},
        {"Title", "2.5.4.12", "x"},
        {"STREET", "2.5.4.9", "x"},
        {"SERIALNUMBER", "2.5.4.5", "x"},
        {"UID", "0.9.2342.19200300.100.1.1", "x"},
        {"2.5.4.3", "2.5.4.3", "x"},
        {"OID.2.5.4.3", "2.5.4.3", "x"},
        {"oid.1.2.3.4", "1.2.3.4", "x"},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        for (int casing = 0; casing < 3; casing++) {
            char text[64];
            (void)snprintf(text, sizeof text, "%s=%s", CASES[i].keyword, CASES[i].value);
            for (char *c = text; casing > 0 && *c != '='; c++)
                *c = (char)(casing == 1 ? tolower(*c) : toupper(*c));
            cf_own(cf_dn) dn = render(text, NULL);
            assert_int_equal(cf_dn_count(dn), 1);
            const char *value = cf_dn_find(dn, CASES[i].oid);
            if (!value || strcmp(value, CASES[i].value) != 0)
                fail_msg("%s: %s", text, value ? value : "another attribute");
            char oid[CF_DN_OID_MAX];
            assert_rc(cf_dn_type_oid(CASES[i].keyword, oid, NULL), CF_OK);
            assert_string_equal(oid, CASES[i].oid);
        }
    }
}

static void
a_type_nobody_knows_is_refused(void **state)
{
    static const char *const CASES[] = {"X",        "CNN",        "OID.",        "OID.CN", "2",
                                        "2.5.4.",   "2..5",       "2.5.4.03",    "3.1",    "1.2.3 ",
                                        "OIDD.1.2", "CN\xc2\xa0", "{{UserName}}"};

    (void)state;
    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        char oid[CF_DN_OID_MAX] = "untouched";
        if (cf_dn_type_oid(CASES[i], oid, NULL) != CF_E_SYNTAX)
            fail_msg("%s", CASES[i]);
        assert_string_equal(oid, "untouched");
    }
}

static void
each_way_to_write_a_name_means_what_it_should(void **state)
{
    static const char *const CASES[][2] = {
        /* An escaped special character, the defect of the Windows stack. */
        {"CN=Test User (TestCompany\\, LLC),OU=UserAccounts,DC=corp,DC=contoso,DC=com",
         "CN=Test User (TestCompany\\, LLC),OU=UserAccounts,DC=corp,DC=contoso,DC=com"},
        {"CN=\"Test User (TestCompany, LLC)\",OU=UserAccounts,DC=corp,DC=contoso,DC=com",
         "CN=Test User (TestCompany\\, LLC),OU=UserAccounts,DC=corp,DC=contoso,DC=com"},
        {"CN=Test User (TestCompany LLC),OU=UserAccounts,DC=corp,DC=contoso,DC=com",
         "CN=Test User (TestCompany LLC),OU=UserAccounts,DC=corp,DC=contoso,DC=com"},
        {"CN=a\\+b\\,c\\;d\\=e,O=x", "CN=a\\+b\\,c\\;d=e,O=x"},
        {"CN=a=b,O=x", "CN=a=b,O=x"},
        /* Separators. */
        {"CN=a,OU=b,O=c", "CN=a,OU=b,O=c"},
        {"CN=a;OU=b;O=c", "CN=a,OU=b,O=c"},
        {"CN=a\nOU=b\r\nO=c\n", "CN=a,OU=b,O=c"},
        {"CN=a;OU=b\nO=c,C=DE", "CN=a,OU=b,O=c,C=DE"},
        {"CN=a+UID=b,O=c", "CN=a+UID=b,O=c"},
        {"CN = a + UID = b ; O = c", "CN=a+UID=b,O=c"},
        /* Quotes. */
        {"CN=\"a, b; c + d = e\"", "CN=a\\, b\\; c \\+ d = e"},
        {"CN=\"the \"\"big\"\" one\",O=x", "CN=the \\\"big\\\" one,O=x"},
        {"CN=\"\"\"\"", "CN=\\\""},
        {"CN=\" a \"", "CN=\\ a\\ "},
        {"CN=\"#a\"", "CN=\\#a"},
        {"CN=\"<a>\" ,O=x", "CN=\\<a\\>,O=x"},
        /* RFC 4514. */
        {"CN=\\#a\\ ,O=\\\"x\\\"\\\\", "CN=\\#a\\ ,O=\\\"x\\\"\\\\"},
        {"CN=Lu\\C4\\8Di\\C4\\87", "CN=Lučić"},
        {"CN=\\4a\\4A", "CN=JJ"},
        {"CN=#0C024869", "CN=Hi"},
        {"CN=#1302486a,O=x", "CN=Hj,O=x"},
        {"1.2.3.4=#0C0161,O=x", "1.2.3.4=#0C0161,O=x"},
        {"OID.2.5.4.11=x", "OU=x"},
        /* Blanks count inside a value only. */
        {"  CN=  a  b  ,  O=x  ", "CN=a  b,O=x"},
        {"CN=\ta\t,O=x", "CN=a,O=x"},
        {"CN=Müller,O=株式会社", "CN=Müller,O=株式会社"},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        cf_own(cf_dn) dn = render(CASES[i][0], NULL);
        cf_own_str text = NULL;
        assert_rc(cf_dn_text(dn, &text, NULL), CF_OK);
        if (strcmp(text, CASES[i][1]) != 0)
            fail_msg("%s: %s", CASES[i][0], text);
    }
}

static void
both_orders_keep_rdns_together(void **state)
{
    struct cf_err err = {0};
    cf_own(cf_dn) reversed = NULL;
    cf_own(cf_dn) as_written = NULL;
    const char *text = "CN=a+OU=b,O=c,C=DE";

    (void)state;
    assert_ok(render_as(text, false, NULL, &reversed, &err), err);
    assert_ok(render_as(text, true, NULL, &as_written, &err), err);
    assert_dn_text(reversed, "CN=a+OU=b,O=c,C=DE");
    assert_dn_text(as_written, "C=DE,O=c,CN=a+OU=b");
}

/* Each string type on the wire, by what is read of the DER here. */
static void
string_types_follow_the_attribute(void **state)
{
    struct cf_err err = {0};
    cf_own(cf_buf) der = NULL;
    cf_own(cf_dn) dn = render("CN=a,C=DE,E=a@b.example,DC=x,SERIALNUMBER=1", NULL);
    static const struct {
        uint8_t bytes[24];
        size_t len;
    } PARTS[] = {
        {{0x06, 3, 0x55, 4, 3, 0x0c, 1, 'a'}, 8},
        {{0x06, 3, 0x55, 4, 6, 0x13, 2, 'D', 'E'}, 9},
        {{0x86, 0xf7, 0x0d, 1, 9, 1, 0x16, 11, 'a', '@'}, 10},
        {{0xf2, 0x2c, 0x64, 1, 0x19, 0x16, 1, 'x'}, 8},
        {{0x06, 3, 0x55, 4, 5, 0x13, 1, '1'}, 8},
    };

    (void)state;
    assert_ok(cf_dn_der(dn, &der, &err), err);
    for (size_t i = 0; i < CF_COUNT(PARTS); i++)
        assert_non_null(
            memmem(cf_buf_bytes(der).data, cf_buf_len(der), PARTS[i].bytes, PARTS[i].len));
}

static void
what_a_string_type_cannot_hold_is_refused(void **state)
{
    static const char *const CASES[][2] = {
        {"C=Germany", "2 letters"},
        {"C=D", "2 letters"},
        {"C=\xc3\x9f", "PrintableString"},
        {"E=jörg@example.com", "IA5String"},
        {"DC=bücher", "IA5String"},
        {"SERIALNUMBER=a_b", "PrintableString"},
        {"SERIALNUMBER=a@b", "PrintableString"},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        struct cf_err err = {0};
        assert_rc(try_render(CASES[i][0], NULL, &err), CF_E_RANGE);
        assert_contains(err.text, CASES[i][1]);
    }
}

static void
formats_beyond_all_measure_are_refused(void **state)
{
    static char huge[64 * 1024];
    static char many[5 * 1000];
    char rdns[5 * 40];
    struct cf_err err = {0};

    (void)state;
    memset(huge, 'x', sizeof huge - 1);
    memcpy(huge, "CN=", 3);
    assert_rc(try_render(huge, NULL, &err), CF_E_LIMIT);
    assert_contains(err.text, "subject name format");
    for (size_t i = 0; i < 1000; i++)
        memcpy(many + 5 * i, "CN=a,", 5);
    many[sizeof many - 1] = '\0';
    assert_rc(try_render(many, NULL, &err), CF_E_LIMIT);
    memcpy(rdns, many, sizeof rdns);
    rdns[sizeof rdns - 1] = '\0';
    assert_rc(try_render(rdns, NULL, &err), CF_E_LIMIT);
    assert_contains(err.text, "RDNs");
    many[4] = '\0';
    assert_rc(try_render(many, NULL, &err), CF_OK);
}

static void
formats_that_deceive_a_reader_are_refused(void **state)
{
    static const struct {
        const char *text;
        enum cf_rc rc;
    } CASES[] = {
        {"CN=a\xff", CF_E_SYNTAX},
        {"CN=\xc0\xaf", CF_E_SYNTAX},
        {"CN=a\xe2\x80\xae", CF_E_RANGE},
        {"CN=\\E2\\80\\AEx", CF_E_RANGE},
        {"CN=\\FF", CF_E_RANGE},
        {"CN=a\\0Ab", CF_E_RANGE},
        {"CN=\"a\nb\"", CF_E_RANGE},
        {"CN=a\rb", CF_E_RANGE},
        {"CN=#0C03E280AE", CF_E_RANGE},
        {"CN=#0C0100", CF_E_ENCODING},
        {"CN=a\\00", CF_E_SYNTAX},
        {"\xe2\x80\x8b"
         "CN=a",
         CF_E_SYNTAX},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        struct cf_err err = {0};
        enum cf_rc rc = try_render(CASES[i].text, NULL, &err);
        if (rc != CASES[i].rc)
            fail_msg("%s: %s %s", CASES[i].text, cf_rc_name(rc), err.text);
        assert_contains(err.text, "subject");
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_keyword_is_known_in_any_case),
        cmocka_unit_test(a_type_nobody_knows_is_refused),
        cmocka_unit_test(each_way_to_write_a_name_means_what_it_should),
        cmocka_unit_test(both_orders_keep_rdns_together),
        cmocka_unit_test(string_types_follow_the_attribute),
        cmocka_unit_test(formats_beyond_all_measure_are_refused),
        cmocka_unit_test(formats_that_deceive_a_reader_are_refused),
        cmocka_unit_test(what_a_string_type_cannot_hold_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
