/* SPDX-License-Identifier: Apache-2.0 */
#include "pki_test.h"

#include "certferry/san.h"

static void
append(struct cf_san *san, enum cf_san_type type, const char *value)
{
    struct cf_err err = {0};

    assert_ok(cf_san_append(san, type, value, &err), err);
}

static struct cf_san *
sample(void)
{
    struct cf_san *san = cf_san_new();

    append(san, CF_SAN_EMAIL, "jane.doe+x@example.com");
    append(san, CF_SAN_UPN, "jäne@corp.example");
    append(san, CF_SAN_DNS, "pc_1.example.com");
    append(san, CF_SAN_URI, "tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-1104");
    append(san, CF_SAN_URI, "IntuneDeviceId://0a1b");
    return san;
}

static void
names_survive_der(void **state)
{
    struct cf_err err = {0};
    cf_own(cf_san) san = sample();
    cf_own(cf_san) back = NULL;
    cf_own(cf_buf) der = NULL;
    size_t n_other = 99;

    (void)state;
    assert_ok(cf_san_der(san, &der, &err), err);
    assert_ok(cf_san_parse_der(cf_buf_bytes(der), &back, &n_other, &err), err);
    assert_true(cf_san_equal(san, back));
    assert_int_equal(n_other, 0);
    assert_int_equal(cf_san_count(back), 5);
    assert_int_equal(cf_san_type_at(back, 1), CF_SAN_UPN);
    assert_string_equal(cf_san_value_at(back, 1), "jäne@corp.example");
}

static void
values_of_a_wrong_form_are_refused(void **state)
{
    static char too_long[CF_SAN_VALUE_MAX + 2];
    static const struct {
        enum cf_san_type type;
        const char *value;
    } CASES[] = {
        {CF_SAN_EMAIL, ""},
        {CF_SAN_EMAIL, "a"},
        {CF_SAN_EMAIL, "@b.c"},
        {CF_SAN_EMAIL, "a@"},
        {CF_SAN_EMAIL, "a b@c.d"},
        {CF_SAN_EMAIL, "a@b@c.d"},
        {CF_SAN_EMAIL, ".a@c.d"},
        {CF_SAN_EMAIL, "a..b@c.d"},
        {CF_SAN_EMAIL, "a@c\n.d"},
        {CF_SAN_UPN, "a"},
        {CF_SAN_UPN, "a@"},
        {CF_SAN_UPN, "@b"},
        {CF_SAN_UPN, "a@b@c"},
        {CF_SAN_UPN, "a b@c"},
        {CF_SAN_UPN, "a@b\xff"},
        {CF_SAN_UPN, "a@b\x01"},
        {CF_SAN_DNS, "a..b"},
        {CF_SAN_DNS, ".a"},
        {CF_SAN_DNS, "a."},
        {CF_SAN_DNS, "-a.b"},
        {CF_SAN_DNS, "a-.b"},
        {CF_SAN_DNS, "a b"},
        {CF_SAN_DNS, "*.example.com"},
        {CF_SAN_DNS, "10.0.0.1"},
        {CF_SAN_DNS, "a,b"},
        {CF_SAN_URI, "a"},
        {CF_SAN_URI, ":a"},
        {CF_SAN_URI, "a:"},
        {CF_SAN_URI, "1a:b"},
        {CF_SAN_URI, "http://a b"},
        {CF_SAN_URI, "http://a/%4"},
        {CF_SAN_URI, "http://a/%zz"},
        {CF_SAN_URI, "http://ä"},
        {CF_SAN_URI, too_long},
    };

    (void)state;
    memset(too_long, 'x', sizeof too_long - 1);
    memcpy(too_long, "x:", 2);
    cf_own(cf_san) san = cf_san_new();
    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        struct cf_err err = {0};
        enum cf_rc rc = cf_san_append(san, CASES[i].type, CASES[i].value, &err);
        if (rc != CF_E_RANGE)
            fail_msg("%s: %s", CASES[i].value, cf_rc_name(rc));
        assert_contains(err.text, cf_san_type_name(CASES[i].type));
    }
    assert_int_equal(cf_san_count(san), 0);
}

static void
long_labels_are_refused(void **state)
{
    char label[65];
    cf_own(cf_san) san = cf_san_new();

    (void)state;
    memset(label, 'a', sizeof label - 1);
    label[64] = '\0';
    assert_rc(cf_san_append(san, CF_SAN_DNS, label, NULL), CF_E_RANGE);
    label[63] = '\0';
    append(san, CF_SAN_DNS, label);
    append(san, CF_SAN_DNS, "12345");
    append(san, CF_SAN_DNS, "xn--bcher-kva.example");
}

static void
equality_ignores_order_but_counts(void **state)
{
    cf_own(cf_san) a = cf_san_new();
    cf_own(cf_san) b = cf_san_new();
    cf_own(cf_san) c = cf_san_new();

    (void)state;
    append(a, CF_SAN_DNS, "a");
    append(a, CF_SAN_DNS, "b");
    append(b, CF_SAN_DNS, "B");
    append(b, CF_SAN_DNS, "a");
    append(c, CF_SAN_DNS, "a");
    append(c, CF_SAN_DNS, "a");
    assert_true(cf_san_equal(a, b));
    assert_false(cf_san_equal(a, c));
    assert_false(cf_san_equal(c, a));
    cf_own(cf_san) upn = cf_san_new();
    cf_own(cf_san) email = cf_san_new();
    append(upn, CF_SAN_UPN, "a@b");
    append(email, CF_SAN_EMAIL, "a@b");
    assert_false(cf_san_equal(upn, email));
}

static void
other_types_are_counted_and_left_out(void **state)
{
    /* dNSName a, iPAddress 1.2.3.4, otherName 1.2.3 UTF8String x */
    static const uint8_t DER[] = {0x30, 0x14, 0x82, 0x01, 'a',  0x87, 0x04, 1,    2,    3,    4,
                                  0xa0, 0x09, 0x06, 0x02, 0x2a, 0x03, 0xa0, 0x03, 0x0c, 0x01, 'x'};
    struct cf_err err = {0};
    cf_own(cf_san) san = NULL;
    size_t n_other = 0;

    (void)state;
    assert_ok(cf_san_parse_der(cf_bytes_of(DER, sizeof DER), &san, &n_other, &err), err);
    assert_int_equal(cf_san_count(san), 1);
    assert_int_equal(n_other, 2);
}

static void
smuggled_strings_are_refused(void **state)
{
    static const struct {
        uint8_t der[32];
        size_t len;
    } CASES[] = {
        {{0x30, 5, 0x82, 3, 'a', 0, 'b'}, 7}, /* embedded NUL */
        {{0x30, 3, 0x82, 1, 0xe4}, 5},        /* not ASCII */
        {{0x30, 3, 0x82, 1, 'a', 0}, 6},      /* bytes after it */
        {{0x30, 4, 0x82, 2, 'a'}, 5},         /* cut short */
        {{0x30, 0x12, 0xa0, 0x10, 6, 10, 0x2b, 6, 1,    4,
          1,    0x82, 0x37, 0x14, 2, 3,  0xa0, 2, 0x16, 0},
         20}, /* a UPN that is an IA5String */
        {{0x04, 1, 'a'}, 3},
        {{0}, 0},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        cf_own(cf_san) san = NULL;
        assert_rc(cf_san_parse_der(cf_bytes_of(CASES[i].der, CASES[i].len), &san, NULL, NULL),
                  CF_E_ENCODING);
        assert_null(san);
    }
}

static void
the_number_of_names_is_limited(void **state)
{
    struct cf_err err = {0};
    cf_own(cf_san) san = cf_san_new();
    cf_own(cf_buf) none = NULL;

    (void)state;
    assert_rc(cf_san_der(san, &none, &err), CF_E_RANGE);
    for (int i = 0; i < CF_SAN_MAX; i++)
        append(san, CF_SAN_DNS, "a");
    assert_rc(cf_san_append(san, CF_SAN_DNS, "a", &err), CF_E_LIMIT);

    /* 501 names of "a" */
    enum { N = CF_SAN_MAX + 1 };
    uint8_t der[4 + 3 * N] = {0x30, 0x82, (3 * N) >> 8, (3 * N) & 0xff};
    for (int i = 0; i < N; i++)
        memcpy(der + 4 + 3 * i,
               "\x82\x01"
               "a",
               3);
    struct cf_san *back = NULL;
    assert_rc(cf_san_parse_der(cf_bytes_of(der, sizeof der), &back, NULL, &err), CF_E_LIMIT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_survive_der),
        cmocka_unit_test(values_of_a_wrong_form_are_refused),
        cmocka_unit_test(long_labels_are_refused),
        cmocka_unit_test(equality_ignores_order_but_counts),
        cmocka_unit_test(other_types_are_counted_and_left_out),
        cmocka_unit_test(smuggled_strings_are_refused),
        cmocka_unit_test(the_number_of_names_is_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
