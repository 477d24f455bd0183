/* SPDX-License-Identifier: Apache-2.0 */
#include "conf_lab.h"

#include <stdio.h>
#include <string.h>

static void
bytes_that_are_no_text_are_refused_with_their_line(void **state)
{
    (void)state;
    static const char NUL[] = LAB_BASE "[store]\npath = /a\0b\n";
    static struct lab_faults faults;

    assert_null(lab_parse_bytes(cf_bytes_of(NUL, sizeof NUL - 1), &faults));
    assert_memory_equal(faults.text, "conf:7: a NUL byte: this is not a text file\n", 44);
    assert_null(lab_parse(LAB_BASE "[store]\n\npath = /\xff\n", &faults));
    assert_contains(faults.text, "conf:8: not UTF-8: save the file in UTF-8\n");
    assert_null(lab_parse(LAB_BASE "[store]\npath = /a\x1b[0m\n", &faults));
    assert_string_equal(faults.text, "conf:7: a control character in the line: write plain text\n");
}

static void
a_file_over_its_limit_is_refused(void **state)
{
    (void)state;
    static struct lab_faults faults;
    size_t size = 1024 * 1024 + 1;
    char *text = malloc(size);

    memset(text, '#', size);
    for (size_t i = 99; i < size; i += 100)
        text[i] = '\n';
    assert_null(lab_parse_bytes(cf_bytes_of(text, size), &faults));
    assert_contains(faults.text, "conf:1: the file is larger than 1048576 bytes\n");
    free(text);
}

static void
an_overlong_line_is_told_and_the_next_one_is_read(void **state)
{
    (void)state;
    char text[8192] = LAB_BASE "[ca corp]\ncert_file = /";
    size_t len = strlen(text);

    memset(text + len, 'a', 4000);
    strcpy(text + len + 4000, "\nbogus\n");
    static struct lab_faults faults;
    assert_null(lab_parse(text, &faults));
    assert_contains(faults.text, "conf:7: longer than 4000 bytes: continue a long list in lines "
                                 "that begin with a blank\n");
    assert_contains(faults.text,
                    "conf:8: neither [SECTION] nor KEY = VALUE nor a comment (# at its "
                    "beginning)\n");
}

static void
the_longest_line_is_read_whole(void **state)
{
    (void)state;
    char text[8192] = LAB_BASE "[template T]\neku = clientAuth";
    size_t len = strlen(text) - strlen("eku = clientAuth");

    memset(text + strlen(text), ' ', 4000);
    strcpy(text + len + 4000 - strlen("1.2.3"), "1.2.3\n");
    cf_own(cf_settings) settings = lab_good(text);
    assert_string_equal(settings->templates[0]->eku[1], "1.2.3");
}

static void
lines_that_are_nothing_are_each_told_without_their_text(void **state)
{
    (void)state;
    lab_expect_faults(LAB_BASE "hunter2\n= value\n[store\n[]\n[a]b]\n",
                      "conf:6: neither [SECTION] nor KEY = VALUE nor a comment (# at its "
                      "beginning)\n"
                      "conf:7: neither [SECTION] nor KEY = VALUE nor a comment (# at its "
                      "beginning)\n"
                      "conf:8: not a section header: write [SECTION] or [SECTION NAME], alone on "
                      "its line\n"
                      "conf:9: not a section header: write [SECTION] or [SECTION NAME], alone on "
                      "its line\n"
                      "conf:10: not a section header: write [SECTION] or [SECTION NAME], alone on "
                      "its line\n");
}

static void
a_key_before_the_first_section_is_a_fault(void **state)
{
    (void)state;
    lab_expect_faults("id = x\n" LAB_BASE,
                      "conf:1: a key before the first section: write [SECTION] above it\n");
}

static void
the_same_key_twice_is_a_fault_that_names_both_lines(void **state)
{
    (void)state;
    lab_expect_faults(LAB_BASE "[keys]\npool_p256 = 1\n\npool_p256 = 2\n",
                      "conf:9: this key is there twice in this section; it was first set in line "
                      "7: remove one\n");
}

static void
the_same_section_twice_is_a_fault_also_when_only_case_differs(void **state)
{
    (void)state;
    lab_expect_faults(
        LAB_BASE "[keys]\n[keys]\n",
        "conf:7: section [keys] is there twice in this file: put its keys together\n");
    lab_expect_faults(LAB_BASE "[template Web]\n[template web]\n",
                      "conf:7: section [template web] is there twice in this file: put its keys "
                      "together\n");
}

static void
a_blank_continues_lists_and_nothing_else(void **state)
{
    (void)state;
    cf_own(cf_settings) settings =
        lab_good(LAB_BASE "[template T]\neku = clientAuth,\n\tserverAuth\n\n  # why\n   1.2.3\n");

    assert_int_equal(settings->templates[0]->n_eku, 3);
    assert_string_equal(settings->templates[0]->eku[1], "1.3.6.1.5.5.7.3.1");
    assert_string_equal(settings->templates[0]->eku[2], "1.2.3");
    lab_expect_faults(LAB_BASE "[store]\npath = /a\n  retain = 1d\n",
                      "conf:8: begins with a blank, which continues the value of path above, but "
                      "that is no list: remove the blank\n");
    lab_expect_faults(LAB_BASE "[store]\n  path = /a\n",
                      "conf:7: begins with a blank, which continues the value above, but there is "
                      "none: remove the blank\n");
}

static void
a_continuation_of_a_broken_line_does_not_join_the_key_before_it(void **state)
{
    (void)state;
    lab_expect_faults(LAB_BASE "[template T]\neku = clientAuth\nbroken\n serverAuth\n",
                      "conf:8: neither [SECTION] nor KEY = VALUE nor a comment (# at its "
                      "beginning)\n"
                      "conf:9: begins with a blank, which continues the value above, but there is "
                      "none: remove the blank\n");
}

static void
a_value_is_bounded_with_its_continuations(void **state)
{
    (void)state;
    char text[32 * 1024] = LAB_BASE "[template T]\neku = clientAuth\n";
    static struct lab_faults faults;

    for (int i = 0; i < 5; i++) {
        strcat(text, "  ");
        size_t len = strlen(text);
        memset(text + len, 'a', 3900);
        strcpy(text + len + 3900, "\n");
    }
    assert_null(lab_parse(text, &faults));
    assert_contains(faults.text, "conf:12: the value is longer than 16384 bytes\n");
}

static void
what_looks_like_a_comment_behind_a_value_is_part_of_it(void **state)
{
    (void)state;
    cf_own(cf_settings) settings =
        lab_good(LAB_BASE "[ca c]\nbackend=exec\nhost=h\nname = A ; B # C\ntemplates=T\n"
                          "command = /bin/c 'x ; y'\n[template T]\n" LAB_POLICY("c", "T"));

    assert_string_equal(settings->cas[0]->ca_name, "A ; B # C");
    assert_string_equal(settings->cas[0]->command[1], "x ; y");
    lab_expect_faults(
        LAB_BASE "[keys]\npool_p256 = 5 ; five\n",
        "conf:7: [keys] pool_p256: \"5 ; five\" is not a number: write decimal digits "
        "only\n");
}

static void
line_ends_marks_and_a_missing_last_newline_do_not_matter(void **state)
{
    (void)state;
    cf_own(cf_settings) settings = lab_good("\xef\xbb\xbf[cloud]\r\ntenant = contoso\r\n"
                                            "client_id:app\r\n;c\r\n[ recipient ]\r\n"
                                            "ca_file = /etc/ca.pem");

    assert_string_equal(settings->cloud.tenant, "contoso");
    assert_string_equal(settings->cloud.client_id, "app");
    assert_string_equal(settings->recipient_ca_file, "/etc/ca.pem");
}

static void
long_section_names_are_not_cut(void **state)
{
    (void)state;
    char text[1024];

    (void)snprintf(text, sizeof text, LAB_BASE "[template %060d]\nvalidity = 5d\n", 7);
    cf_own(cf_settings) settings = lab_good(text);
    assert_int_equal(strlen(settings->templates[0]->name), 60);
    assert_int_equal(settings->templates[0]->validity_ms, 5 * 86400000ULL);
    (void)snprintf(text, sizeof text, LAB_BASE "[template %065d]\n", 7);
    lab_expect_faults(text, "conf:6: the section's name is longer than 64 bytes\n");
}

static void
a_flood_of_faults_is_cut_and_says_so(void **state)
{
    (void)state;
    static struct lab_faults faults;
    static char text[5000 * 2 + 1];

    for (size_t i = 0; i < 5000; i++)
        memcpy(text + 2 * i, "x\n", 3);
    assert_null(lab_parse(text, &faults));
    assert_int_equal(faults.n, 1001);
}

static void
sections_and_keys_are_bounded(void **state)
{
    (void)state;
    static struct lab_faults faults;
    static char text[64 * 1024];

    text[0] = '\0';
    for (int i = 0; i < 600; i++)
        (void)sprintf(text + strlen(text), "[template t%d]\n", i);
    assert_null(lab_parse(text, &faults));
    assert_contains(faults.text,
                    "conf:501: more than 500 sections: this file is not read further\n");

    strcpy(text, LAB_BASE "[keys]\n");
    for (int i = 0; i < 201; i++)
        (void)sprintf(text + strlen(text), "zzzzzzzz%d = 1\n", i);
    assert_null(lab_parse(text, &faults));
    assert_contains(faults.text, "conf:207: more than 200 keys in one section\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_that_are_no_text_are_refused_with_their_line),
        cmocka_unit_test(a_file_over_its_limit_is_refused),
        cmocka_unit_test(an_overlong_line_is_told_and_the_next_one_is_read),
        cmocka_unit_test(the_longest_line_is_read_whole),
        cmocka_unit_test(lines_that_are_nothing_are_each_told_without_their_text),
        cmocka_unit_test(a_key_before_the_first_section_is_a_fault),
        cmocka_unit_test(the_same_key_twice_is_a_fault_that_names_both_lines),
        cmocka_unit_test(the_same_section_twice_is_a_fault_also_when_only_case_differs),
        cmocka_unit_test(a_blank_continues_lists_and_nothing_else),
        cmocka_unit_test(a_continuation_of_a_broken_line_does_not_join_the_key_before_it),
        cmocka_unit_test(a_value_is_bounded_with_its_continuations),
        cmocka_unit_test(what_looks_like_a_comment_behind_a_value_is_part_of_it),
        cmocka_unit_test(line_ends_marks_and_a_missing_last_newline_do_not_matter),
        cmocka_unit_test(long_section_names_are_not_cut),
        cmocka_unit_test(a_flood_of_faults_is_cut_and_says_so),
        cmocka_unit_test(sections_and_keys_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
