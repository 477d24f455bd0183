/* SPDX-License-Identifier: Apache-2.0 */
#include "pki_test.h"

static struct cf_dn *
dn_of(const char *const *pairs)
{
    struct cf_err err = {0};
    struct cf_dn *dn = cf_dn_new();

    assert_non_null(dn);
    for (; pairs[0]; pairs += 2) {
        if (pairs[0][0] == '+')
            assert_ok(cf_dn_append_joined(dn, pairs[0] + 1, pairs[1], &err), err);
        else
            assert_ok(cf_dn_append(dn, pairs[0], pairs[1], &err), err);
    }
    return dn;
}
#define DN(...) dn_of((const char *const[]){__VA_ARGS__, NULL})

static struct cf_dn *
der_round_trip(const struct cf_dn *dn)
{
    struct cf_err err = {0};
    struct cf_dn *back = NULL;
    cf_own(cf_buf) der = NULL;

    assert_ok(cf_dn_der(dn, &der, &err), err);
    assert_ok(cf_dn_parse_der(cf_buf_bytes(der), &back, &err), err);
    return back;
}

static void
a_name_survives_der(void **state)
{
    (void)state;
    cf_own(cf_dn) dn = DN("C", "DE", "DC", "example", "O", "Müller, Söhne & Co", "OU", "a", "+CN",
                          "joined", "serialnumber", "S-1 (2)", "E", "a@b.example", "1.2.3.4", "x");
    cf_own(cf_dn) back = der_round_trip(dn);
    assert_true(cf_dn_equal(dn, back));
    assert_int_equal(cf_dn_count(back), 7);
    assert_string_equal(cf_dn_find(back, "2.5.4.3"), "joined");
    assert_null(cf_dn_find(back, "2.5.4.4"));
}

static void
string_types_follow_the_attribute(void **state)
{
    static const uint8_t EXPECTED[] = {
        0x30, 0x3b, 0x31, 0x0b, 0x30, 0x09, 0x06, 0x03, 0x55, 0x04, 0x06, 0x13, 0x02,
        'D',  'E',  0x31, 0x0a, 0x30, 0x08, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0c, 0x01,
        'x',  0x31, 0x10, 0x30, 0x0e, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d,
        0x01, 0x09, 0x01, 0x16, 0x01, '@',  0x31, 0x0e, 0x30, 0x0c, 0x06, 0x03, 0x55,
        0x04, 0x05, 0x13, 0x05, '1',  '2',  '3',  '4',  '5'};
    struct cf_err err = {0};
    cf_own(cf_dn) dn = DN("C", "DE", "CN", "x", "E", "@", "SERIALNUMBER", "12345");
    cf_own(cf_buf) der = NULL;

    (void)state;
    assert_ok(cf_dn_der(dn, &der, &err), err);
    assert_int_equal(cf_buf_len(der), sizeof EXPECTED);
    assert_memory_equal(cf_buf_bytes(der).data, EXPECTED, sizeof EXPECTED);
}

static void
every_string_type_is_read_as_utf8(void **state)
{
    static const struct {
        uint8_t der[40];
        size_t len;
        const char *value; /* NULL: refused */
    } CASES[] = {
        /* CN as T61String e4 (Latin-1) */
        {{0x30, 0x0c, 0x31, 0x0a, 0x30, 0x08, 6, 3, 0x55, 4, 3, 0x14, 1, 0xe4}, 14, "\xc3\xa4"},
        /* BMPString U+00E4 */
        {{0x30, 0x0d, 0x31, 0x0b, 0x30, 0x09, 6, 3, 0x55, 4, 3, 0x1e, 2, 0, 0xe4}, 15, "\xc3\xa4"},
        /* UniversalString U+1F600 */
        {{0x30, 0x0f, 0x31, 0x0d, 0x30, 0x0b, 6, 3, 0x55, 4, 3, 0x1c, 4, 0, 1, 0xf6, 0},
         17,
         "\xf0\x9f\x98\x80"},
        /* BMPString of an odd length, UTF8String of no UTF-8, embedded NUL, IA5String e4 */
        {{0x30, 0x0c, 0x31, 0x0a, 0x30, 0x08, 6, 3, 0x55, 4, 3, 0x1e, 1, 0xe4}, 14, NULL},
        {{0x30, 0x0c, 0x31, 0x0a, 0x30, 0x08, 6, 3, 0x55, 4, 3, 0x0c, 1, 0xe4}, 14, NULL},
        {{0x30, 0x0d, 0x31, 0x0b, 0x30, 0x09, 6, 3, 0x55, 4, 3, 0x0c, 2, 'a', 0}, 15, NULL},
        {{0x30, 0x0c, 0x31, 0x0a, 0x30, 0x08, 6, 3, 0x55, 4, 3, 0x16, 1, 0xe4}, 14, NULL},
        /* a BMPString with half a surrogate pair */
        {{0x30, 0x0d, 0x31, 0x0b, 0x30, 0x09, 6, 3, 0x55, 4, 3, 0x1e, 2, 0xd8, 0}, 15, NULL},
        /* an INTEGER, and bytes after the name */
        {{0x30, 0x0c, 0x31, 0x0a, 0x30, 0x08, 6, 3, 0x55, 4, 3, 0x02, 1, 1}, 14, NULL},
        {{0x30, 0x0c, 0x31, 0x0a, 0x30, 0x08, 6, 3, 0x55, 4, 3, 0x0c, 1, 'a', 0}, 15, NULL},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        struct cf_err err = {0};
        cf_own(cf_dn) dn = NULL;
        enum cf_rc rc = cf_dn_parse_der(cf_bytes_of(CASES[i].der, CASES[i].len), &dn, &err);
        if (CASES[i].value) {
            assert_ok(rc, err);
            assert_string_equal(cf_dn_find(dn, "2.5.4.3"), CASES[i].value);
        } else {
            assert_rc(rc, CF_E_ENCODING);
            assert_null(dn);
        }
    }
}

static void
values_that_a_type_cannot_hold_are_refused(void **state)
{
    static char too_long[CF_DN_VALUE_MAX + 2];
    static const char *const CASES[][2] = {
        {"CN", ""},          {"CN", "\xff"}, {"CN", "a\nb"},   {"C", "DEU"},
        {"C", "D_"},         {"C", "D1"},    {"C", " -"},      {"C", "\xc3\xa4"},
        {"E", "ü@b"},        {"DC", "ü"},    {"CN", too_long}, {"SERIALNUMBER", "a*"},
        {"CN", "\xc2\x85x"},
    };
    cf_own(cf_dn) dn = cf_dn_new();

    (void)state;
    memset(too_long, 'x', sizeof too_long - 1);
    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        struct cf_err err = {0};
        assert_rc(cf_dn_append(dn, CASES[i][0], CASES[i][1], &err), CF_E_RANGE);
        assert_contains(err.text, CASES[i][0]);
    }
    too_long[CF_DN_VALUE_MAX] = '\0';
    assert_int_equal(cf_dn_append(dn, "CN", too_long, NULL), CF_OK);
    assert_int_equal(cf_dn_count(dn), 1);
}

static void
an_unknown_keyword_is_refused_with_the_nearest_one(void **state)
{
    struct cf_err err = {0};
    cf_own(cf_dn) dn = cf_dn_new();

    (void)state;
    assert_rc(cf_dn_append(dn, "Emial", "a@b", &err), CF_E_SYNTAX);
    assert_contains(err.text, "Email");
    assert_rc(cf_dn_append(dn, "2.5..4", "x", &err), CF_E_SYNTAX);
    assert_rc(cf_dn_append(dn, "9.5.4", "x", &err), CF_E_SYNTAX);
    assert_rc(cf_dn_append(dn, "2.5.04.3", "x", &err), CF_E_SYNTAX);
    assert_rc(cf_dn_append(dn, "2.5.4.", "x", &err), CF_E_SYNTAX);
    assert_rc(cf_dn_append(dn, "2", "x", &err), CF_E_SYNTAX);
    assert_rc(cf_dn_append(dn, "", "x", &err), CF_E_SYNTAX);
    assert_int_equal(cf_dn_count(dn), 0);
}

static void
a_dotted_oid_and_its_keyword_are_the_same(void **state)
{
    cf_own(cf_dn) a = DN("2.5.4.3", "x", "OID.2.5.4.8", "y", "g", "z");
    cf_own(cf_dn) b = DN("cn", "x", "S", "y", "GivenName", "z");

    (void)state;
    assert_true(cf_dn_equal(a, b));
}

static void
equality_knows_order_sets_and_case(void **state)
{
    cf_own(cf_dn) a = DN("O", "o", "CN", "x", "+OU", "y", "+OU", "z");
    cf_own(cf_dn) same = DN("O", "o", "OU", "z", "+CN", "x", "+OU", "y");
    cf_own(cf_dn) twice = DN("O", "o", "OU", "z", "+CN", "x", "+OU", "z");
    cf_own(cf_dn) split = DN("O", "o", "CN", "x", "OU", "y", "+OU", "z");
    cf_own(cf_dn) shifted = DN("O", "o", "+CN", "x", "OU", "y", "+OU", "z");
    cf_own(cf_dn) cased = DN("O", "O", "CN", "x", "+OU", "y", "+OU", "z");
    cf_own(cf_dn) shorter = DN("O", "o");

    (void)state;
    assert_true(cf_dn_equal(a, same));
    assert_false(cf_dn_equal(a, twice));
    assert_false(cf_dn_equal(twice, a));
    assert_false(cf_dn_equal(a, split));
    assert_false(cf_dn_equal(a, shifted));
    assert_false(cf_dn_equal(a, cased));
    assert_false(cf_dn_equal(a, shorter));
}

static void
reversing_keeps_each_rdn_together(void **state)
{
    cf_own(cf_dn) dn = DN("C", "DE", "O", "o", "+OU", "u", "+L", "l", "CN", "x");
    cf_own(cf_dn) expected = DN("CN", "x", "O", "o", "+OU", "u", "+L", "l", "C", "DE");

    (void)state;
    cf_dn_reverse(dn);
    assert_true(cf_dn_equal(dn, expected));
}

static void
the_number_of_rdns_is_limited(void **state)
{
    struct cf_err err = {0};
    cf_own(cf_dn) dn = cf_dn_new();

    (void)state;
    for (int i = 0; i < CF_DN_RDN_MAX; i++)
        assert_ok(cf_dn_append(dn, "OU", "x", &err), err);
    assert_rc(cf_dn_append(dn, "OU", "x", &err), CF_E_LIMIT);
    assert_ok(cf_dn_append_joined(dn, "OU", "x", &err), err);
    for (int i = 0; i < 31; i++)
        assert_ok(cf_dn_append_joined(dn, "OU", "x", &err), err);
    assert_rc(cf_dn_append_joined(dn, "OU", "x", &err), CF_E_LIMIT);
}

static void
truncated_der_is_refused_everywhere(void **state)
{
    struct cf_err err = {0};
    cf_own(cf_dn) dn = DN("C", "DE", "O", "o", "+OU", "u", "CN", "x");
    cf_own(cf_buf) der = NULL;

    (void)state;
    assert_ok(cf_dn_der(dn, &der, &err), err);
    for (size_t len = 0; len < cf_buf_len(der); len++) {
        cf_own(cf_dn) back = NULL;
        assert_rc(cf_dn_parse_der(cf_bytes_of(cf_buf_bytes(der).data, len), &back, &err),
                  CF_E_ENCODING);
        assert_null(back);
    }
}

static void
an_attribute_cannot_be_joined_to_nothing(void **state)
{
    cf_own(cf_dn) dn = cf_dn_new();

    (void)state;
    assert_rc(cf_dn_append_joined(dn, "CN", "x", NULL), CF_E_BUG);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_survives_der),
        cmocka_unit_test(string_types_follow_the_attribute),
        cmocka_unit_test(every_string_type_is_read_as_utf8),
        cmocka_unit_test(values_that_a_type_cannot_hold_are_refused),
        cmocka_unit_test(an_unknown_keyword_is_refused_with_the_nearest_one),
        cmocka_unit_test(a_dotted_oid_and_its_keyword_are_the_same),
        cmocka_unit_test(equality_knows_order_sets_and_case),
        cmocka_unit_test(reversing_keeps_each_rdn_together),
        cmocka_unit_test(the_number_of_rdns_is_limited),
        cmocka_unit_test(truncated_der_is_refused_everywhere),
        cmocka_unit_test(an_attribute_cannot_be_joined_to_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
