/* SPDX-License-Identifier: Apache-2.0 */
/* Internationalised names, and what may not pass for one. */
#include "pki_test.h"

#include <stdio.h>

#include "certferry/san.h"

static void
domains_become_a_labels(void **state)
{
    static const struct {
        enum cf_san_type type;
        const char *value;
        const char *expected;
    } CASES[] = {
        {CF_SAN_DNS, "bücher.example", "xn--bcher-kva.example"},
        {CF_SAN_DNS, "BÜCHER.Example", "xn--bcher-kva.example"},
        {CF_SAN_DNS,
         "bu\xcc\x88"
         "cher.example",
         "xn--bcher-kva.example"}, /* u and a mark above it */
        {CF_SAN_DNS, "faß.de", "xn--fa-hia.de"},
        {CF_SAN_DNS, "pc_1.bücher.example", "pc_1.xn--bcher-kva.example"},
        {CF_SAN_DNS, "例え.テスト", "xn--r8jz45g.xn--zckzah"},
        {CF_SAN_DNS, "xn--bcher-kva.example", "xn--bcher-kva.example"},
        {CF_SAN_DNS, "Pc1.Example", "Pc1.Example"},
        {CF_SAN_EMAIL, "jane@bücher.example", "jane@xn--bcher-kva.example"},
        {CF_SAN_EMAIL, "jörg@bücher.example", "jörg@xn--bcher-kva.example"},
        {CF_SAN_EMAIL, "jörg@example.com", "jörg@example.com"},
        {CF_SAN_EMAIL, "Jane@Example.com", "Jane@Example.com"},
        {CF_SAN_UPN, "jörg@bücher.example", "jörg@bücher.example"},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        struct cf_err err = {0};
        cf_own(cf_san) san = cf_san_new();
        assert_ok(cf_san_append(san, CASES[i].type, CASES[i].value, &err), err);
        assert_string_equal(cf_san_value_at(san, 0), CASES[i].expected);
        cf_own(cf_buf) der = NULL;
        cf_own(cf_san) back = NULL;
        size_t n_other = 9;
        assert_ok(cf_san_der(san, &der, &err), err);
        assert_ok(cf_san_parse_der(cf_buf_bytes(der), &back, &n_other, &err), err);
        assert_true(cf_san_equal(san, back));
        assert_int_equal(n_other, 0);
        assert_int_equal(cf_san_type_at(back, 0), CASES[i].type);
    }
}

static void
what_idna_does_not_allow_is_refused(void **state)
{
    static const struct {
        enum cf_san_type type;
        const char *value;
    } CASES[] = {
        {CF_SAN_DNS, "☕.example"},
        {CF_SAN_DNS, "ü😀.example"},
        {CF_SAN_DNS, "bü_cher.example"},
        {CF_SAN_DNS, "-ü.example"},
        {CF_SAN_DNS, "ü-.example"},
        {CF_SAN_DNS, "ü..example"},
        {CF_SAN_DNS, "ü.example."},
        {CF_SAN_DNS, "*.ü.example"},
        {CF_SAN_DNS, "ab--ü.example"},
        {CF_SAN_DNS, "1אב.example"},
        {CF_SAN_DNS, "a\xe2\x80\x8cü.example"},
        {CF_SAN_DNS, "ü\xe2\x80\x8b.example"},
        {CF_SAN_DNS, "ü\xe2\x80\xae.example"},
        {CF_SAN_DNS, "ü,b.example"},
        {CF_SAN_DNS, "ü b.example"},
        {CF_SAN_DNS, "xn--a.example"},
        {CF_SAN_DNS, "xn--.example"},
        {CF_SAN_DNS, "a.XN--zz99999.example"},
        {CF_SAN_DNS, "xn--1ch.example"}, /* the sign "not equal" */
        {CF_SAN_EMAIL, "jörg@"},
        {CF_SAN_EMAIL, "@bücher.example"},
        {CF_SAN_EMAIL, "jö rg@example.com"},
        {CF_SAN_EMAIL, "jö\"rg@example.com"},
        {CF_SAN_EMAIL, "jö@rg@example.com"},
        {CF_SAN_EMAIL, "jörg.@example.com"},
        {CF_SAN_EMAIL, "jö\xe2\x80\xaerg@example.com"},
        {CF_SAN_EMAIL, "jane@☕.example"},
        {CF_SAN_EMAIL, "ääääääääääääääääääääääääääääääääx@example.com"},
        {CF_SAN_URI, "https://bücher.example/"},
        {CF_SAN_URI, "https://example.com/ü"},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        struct cf_err err = {0};
        cf_own(cf_san) san = cf_san_new();
        if (cf_san_append(san, CASES[i].type, CASES[i].value, &err) != CF_E_RANGE)
            fail_msg("%s: %s", CASES[i].value, cf_san_count(san) ? cf_san_value_at(san, 0) : "?");
        assert_contains(err.text, cf_san_type_name(CASES[i].type));
        assert_int_equal(cf_san_count(san), 0);
    }
    struct cf_err err = {0};
    cf_own(cf_san) san = cf_san_new();
    assert_rc(cf_san_append(san, CF_SAN_URI, "https://bücher.example/", &err), CF_E_RANGE);
    assert_contains(err.text, "percent-encode");
}

static void
long_international_names_are_held_to_the_limits_of_dns(void **state)
{
    char name[900] = "";
    cf_own(cf_san) san = cf_san_new();

    (void)state;
    for (int i = 0; i < 40; i++)
        strcat(name, "ü");
    strcat(name, "x.example"); /* fits a label in A-label form */
    assert_rc(cf_san_append(san, CF_SAN_DNS, name, NULL), CF_OK);
    name[0] = '\0';
    for (int i = 0; i < 80; i++)
        strcat(name, "ü");
    assert_rc(cf_san_append(san, CF_SAN_DNS, name, NULL), CF_E_RANGE);
    name[0] = '\0';
    for (int i = 0; i < 50; i++)
        strcat(name, i ? ".üüü" : "üüü");
    assert_rc(cf_san_append(san, CF_SAN_DNS, name, NULL), CF_E_RANGE);
}

static void
a_mailbox_that_is_not_ascii_is_an_smtp_utf8_mailbox(void **state)
{
    /* [0] { 1.3.6.1.5.5.7.8.9, [0] UTF8String "é@a.b" } */
    static const uint8_t EXPECTED[] = {0x30, 0x16, 0xa0, 0x14, 0x06, 0x08, 0x2b, 0x06,
                                       0x01, 0x05, 0x05, 0x07, 0x08, 0x09, 0xa0, 0x08,
                                       0x0c, 0x06, 0xc3, 0xa9, '@',  'a',  '.',  'b'};
    struct cf_err err = {0};
    cf_own(cf_san) san = cf_san_new();
    cf_own(cf_buf) der = NULL;

    (void)state;
    assert_ok(cf_san_append(san, CF_SAN_EMAIL, "é@a.b", &err), err);
    assert_ok(cf_san_der(san, &der, &err), err);
    assert_int_equal(cf_buf_len(der), sizeof EXPECTED);
    assert_memory_equal(cf_buf_bytes(der).data, EXPECTED, sizeof EXPECTED);
}

static void
a_mailbox_in_the_wrong_form_is_refused(void **state)
{
    static const struct {
        const char *what;
        size_t len;
        uint8_t der[32];
    } CASES[] = {
        {"an ASCII address as SmtpUTF8Mailbox", 23, {0x30, 0x15, 0xa0, 0x13, 0x06, 0x08, 0x2b, 0x06,
                                                     0x01, 0x05, 0x05, 0x07, 0x08, 0x09, 0xa0, 0x07,
                                                     0x0c, 0x05, 'e',  '@',  'a',  '.',  'b'}},
        {"not an UTF8String", 24, {0x30, 0x16, 0xa0, 0x14, 0x06, 0x08, 0x2b, 0x06,
                                   0x01, 0x05, 0x05, 0x07, 0x08, 0x09, 0xa0, 0x08,
                                   0x16, 0x06, 0xc3, 0xa9, '@',  'a',  '.',  'b'}},
        {"a NUL in it", 24, {0x30, 0x16, 0xa0, 0x14, 0x06, 0x08, 0x2b, 0x06,
                             0x01, 0x05, 0x05, 0x07, 0x08, 0x09, 0xa0, 0x08,
                             0x0c, 0x06, 0xc3, 0xa9, '@',  'a',  0,    'b'}},
        {"bad UTF-8", 24, {0x30, 0x16, 0xa0, 0x14, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07,
                           0x08, 0x09, 0xa0, 0x08, 0x0c, 0x06, 0xc3, 0x29, '@',  'a',  '.',  'b'}},
        {"an rfc822Name that is not ASCII",
         10,
         {0x30, 0x08, 0x81, 0x06, 0xc3, 0xa9, '@', 'a', '.', 'b'}},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        cf_own(cf_san) san = NULL;
        if (cf_san_parse_der(cf_bytes_of(CASES[i].der, CASES[i].len), &san, NULL, NULL) !=
            CF_E_ENCODING)
            fail_msg("%s", CASES[i].what);
        assert_null(san);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(domains_become_a_labels),
        cmocka_unit_test(what_idna_does_not_allow_is_refused),
        cmocka_unit_test(long_international_names_are_held_to_the_limits_of_dns),
        cmocka_unit_test(a_mailbox_that_is_not_ascii_is_an_smtp_utf8_mailbox),
        cmocka_unit_test(a_mailbox_in_the_wrong_form_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
