/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "ctl/table.h"
#include "ctl_kit.h"

static const struct cf_table_column columns[] = {
    {.title = "NAME", .may_shrink = true},
    {.title = "COUNT", .is_number = true},
    {.title = "TEXT", .may_shrink = true},
};

static void
check(const char *const *cells, size_t n, unsigned width, bool colours, const char *expected)
{
    struct kit_memory memory;
    cf_own(cf_table) table = cf_table_new(columns, CF_COUNT(columns));

    assert_non_null(table);
    kit_memory_open(&memory);
    memory.tool.width = width;
    memory.tool.colours = colours;
    for (size_t i = 0; i < n; i++)
        cf_table_cell(table, i % 3 == 1 ? CF_STYLE_BAD : CF_STYLE_PLAIN, cells[i]);
    assert_int_equal(cf_table_print(table, &memory.tool, NULL), CF_OK);
    assert_string_equal(kit_memory_text(&memory), expected);
    kit_memory_close(&memory);
}

static void
columns_are_as_wide_as_their_widest_cell(void **state)
{
    static const char *const cells[] = {"a", "7", "first", "longer name", "12345678", "second"};

    (void)state;
    check(cells, CF_COUNT(cells), 0, false,
          "NAME            COUNT  TEXT\n"
          "a                   7  first\n"
          "longer name  12345678  second\n");
}

static void
empty_cells_show_a_dash_and_no_line_ends_in_blanks(void **state)
{
    static const char *const cells[] = {NULL, "", NULL};

    (void)state;
    check(cells, CF_COUNT(cells), 0, false, "NAME  COUNT  TEXT\n-         -  -\n");
}

static void
characters_count_not_octets(void **state)
{
    static const char *const cells[] = {"größe", "1", "x", "abcdef", "2", "y"};

    (void)state;
    check(cells, CF_COUNT(cells), 0, false,
          "NAME    COUNT  TEXT\n"
          "größe       1  x\n"
          "abcdef      2  y\n");
}

static void
a_narrow_terminal_cuts_the_widest_column_only(void **state)
{
    static const char *const cells[] = {"abc", "1", "a text that is far too long for this"};

    (void)state;
    check(cells, CF_COUNT(cells), 30, false,
          "NAME  COUNT  TEXT\n"
          "abc       1  a text that is...\n");
}

static void
no_column_shrinks_to_nothing(void **state)
{
    static const char *const cells[] = {"abcdefghijkl", "123456789", "abcdefghijkl"};

    (void)state;
    check(cells, CF_COUNT(cells), 5, false,
          "NAME          COUNT  TEXT\n"
          "abcde...  123456789  abcde...\n");
}

static void
control_characters_do_not_leave_a_cell(void **state)
{
    static const char *const cells[] = {"a\033[2Jb", "1\r", "x\ny\x7f\xff"};

    (void)state;
    check(cells, CF_COUNT(cells), 0, false,
          "NAME    COUNT  TEXT\n"
          "a?[2Jb     1?  x?y??\n");
}

static void
colours_do_not_change_the_layout(void **state)
{
    static const char *const cells[] = {"a", "1", "x"};

    (void)state;
    check(cells, CF_COUNT(cells), 0, true,
          "\033[1mNAME\033[0m  \033[1mCOUNT\033[0m  \033[1mTEXT\033[0m\n"
          "a         \033[31m1\033[0m  x\n");
}

static void
a_table_without_columns_or_with_too_many_is_refused(void **state)
{
    static const struct cf_table_column many[CF_TABLE_COLUMNS_MAX + 1] = {{.title = "X"}};

    (void)state;
    assert_null(cf_table_new(columns, 0));
    assert_null(cf_table_new(many, CF_COUNT(many)));
    assert_null(cf_table_free(NULL));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
        cmocka_unit_test(empty_cells_show_a_dash_and_no_line_ends_in_blanks),
        cmocka_unit_test(characters_count_not_octets),
        cmocka_unit_test(a_narrow_terminal_cuts_the_widest_column_only),
        cmocka_unit_test(no_column_shrinks_to_nothing),
        cmocka_unit_test(control_characters_do_not_leave_a_cell),
        cmocka_unit_test(colours_do_not_change_the_layout),
        cmocka_unit_test(a_table_without_columns_or_with_too_many_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
