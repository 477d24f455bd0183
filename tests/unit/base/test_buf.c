/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <string.h>

#include "certferry/buf.h"

static void
an_empty_buffer_is_an_empty_string(void **state)
{
    (void)state;
    cf_own(cf_buf) buf = cf_buf_new(10);

    assert_non_null(buf);
    assert_string_equal(cf_buf_str(buf), "");
    assert_int_equal(cf_buf_bytes(buf).len, 0);
    cf_buf_clear(buf);
}

static void
a_buffer_grows_up_to_its_maximum_and_no_further(void **state)
{
    (void)state;
    struct cf_err err;
    cf_own(cf_buf) buf = cf_buf_new(1000);

    for (int i = 0; i < 100; i++)
        assert_ok(cf_buf_append(buf, "0123456789", 10, &err), err);
    assert_rc(cf_buf_append(buf, "x", 1, &err), CF_E_LIMIT);
    assert_contains(err.text, "1000");
    assert_int_equal(cf_buf_len(buf), 1000);
    assert_memory_equal(cf_buf_str(buf) + 990, "0123456789", 11);
}

static void
a_failed_append_adds_nothing(void **state)
{
    (void)state;
    cf_own(cf_buf) buf = cf_buf_new(5);

    assert_rc(cf_buf_append_str(buf, "abc", NULL), CF_OK);
    assert_rc(cf_buf_append_str(buf, "def", NULL), CF_E_LIMIT);
    assert_rc(cf_buf_appendf(buf, NULL, "%d", 123), CF_E_LIMIT);
    assert_rc(cf_buf_append(buf, "x", SIZE_MAX, NULL), CF_E_LIMIT);
    assert_string_equal(cf_buf_str(buf), "abc");
    assert_rc(cf_buf_appendf(buf, NULL, "%d", 12), CF_OK);
    assert_string_equal(cf_buf_str(buf), "abc12");
}

static void
a_cleared_buffer_is_wiped_and_usable(void **state)
{
    (void)state;
    cf_own(cf_buf) buf = cf_buf_new(100);

    assert_rc(cf_buf_append_str(buf, "secret", NULL), CF_OK);
    const uint8_t *data = cf_buf_bytes(buf).data;
    cf_buf_clear(buf);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(data[i], 0);
    assert_rc(cf_buf_append_str(buf, "x", NULL), CF_OK);
    assert_string_equal(cf_buf_str(buf), "x");
}

static void
an_unlimited_maximum_does_not_wrap(void **state)
{
    (void)state;
    cf_own(cf_buf) buf = cf_buf_new(SIZE_MAX);

    assert_rc(cf_buf_append_str(buf, "abc", NULL), CF_OK);
    assert_string_equal(cf_buf_str(buf), "abc");
}

static void
a_copy_is_independent_and_may_not_grow(void **state)
{
    (void)state;
    uint8_t bytes[] = {1, 0, 3};
    cf_own(cf_buf) copy = cf_buf_copy(cf_bytes_of(bytes, sizeof bytes));
    cf_own(cf_buf) empty = cf_buf_copy(cf_bytes_of(NULL, 0));

    bytes[0] = 9;
    assert_non_null(copy);
    assert_int_equal(cf_buf_bytes(copy).data[0], 1);
    assert_rc(cf_buf_append(copy, "x", 1, NULL), CF_E_LIMIT);
    assert_int_equal(cf_buf_len(empty), 0);
}

static void
views_are_equal_by_content(void **state)
{
    (void)state;
    assert_true(cf_bytes_equal(cf_bytes_of(NULL, 0), cf_bytes_of("", 0)));
    assert_false(cf_bytes_equal(cf_bytes_of("a", 1), cf_bytes_of("ab", 2)));
    assert_false(cf_bytes_equal(cf_bytes_of("a", 1), cf_bytes_of("b", 1)));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_buffer_is_an_empty_string),
        cmocka_unit_test(a_buffer_grows_up_to_its_maximum_and_no_further),
        cmocka_unit_test(a_failed_append_adds_nothing),
        cmocka_unit_test(a_cleared_buffer_is_wiped_and_usable),
        cmocka_unit_test(an_unlimited_maximum_does_not_wrap),
        cmocka_unit_test(a_copy_is_independent_and_may_not_grow),
        cmocka_unit_test(views_are_equal_by_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
