/* SPDX-License-Identifier: Apache-2.0 */
#include "conf_lab.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static char dir[64];
static char main_path[80];
static struct lab_faults faults;

static int
set_up(void **state)
{
    (void)state;
    char path[128];

    strcpy(dir, "/tmp/certferry-config-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    (void)snprintf(main_path, sizeof main_path, "%s/c.conf", dir);
    (void)snprintf(path, sizeof path, "%s.d", main_path);
    return mkdir(path, 0755);
}

static int
tear_down(void **state)
{
    (void)state;
    char command[128];

    (void)snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return system(command);
}

static void
write_file(const char *name, const char *text)
{
    char path[200];

    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0644), 0);
}

static enum cf_rc
load(struct cf_settings **ret_settings, struct cf_err *err)
{
    faults = (struct lab_faults){.n = 0};
    return cf_config_load(main_path, lab_fault, &faults, ret_settings, err);
}

/* Each @ of the expected text is the directory. */
static void
expect_faults(const char *expected)
{
    struct cf_settings *settings = NULL;
    char text[4096] = "";
    struct cf_err err = {0};

    for (; *expected; expected++) {
        size_t len = strlen(text);
        (void)snprintf(text + len, sizeof text - len, "%.*s", *expected == '@' ? 64 : 1,
                       *expected == '@' ? dir : expected);
    }
    assert_rc(load(&settings, &err), CF_E_CONFIG);
    assert_null(settings);
    assert_string_equal(faults.text, text);
}

static void
drop_ins_replace_key_by_key_in_the_order_of_their_names(void **state)
{
    (void)state;
    cf_own(cf_settings) settings = NULL;
    struct cf_err err = {0};

    write_file("c.conf", LAB_BASE "[keys]\npool_p256 = 1\npool_p384 = 1\npool_rsa2048 = 1\n");
    write_file("c.conf.d/20.conf", "[keys]\npool_p256 = 20\n");
    write_file("c.conf.d/10.conf", "[keys]\npool_p256 = 10\npool_p384 = 10\n");
    write_file("c.conf.d/9.conf", "[keys]\npool_rsa3072 = 9\n[template New]\n");
    write_file("c.conf.d/99.conf.bak", "garbage");
    write_file("c.conf.d/.99.conf", "garbage");
    assert_ok(load(&settings, &err), err);
    assert_int_equal(settings->keypool_size[CF_KEY_P256], 20);
    assert_int_equal(settings->keypool_size[CF_KEY_P384], 10);
    assert_int_equal(settings->keypool_size[CF_KEY_RSA_2048], 1);
    assert_int_equal(settings->keypool_size[CF_KEY_RSA_3072], 9);
    assert_int_equal(settings->n_templates, 1);
}

static void
faults_are_told_with_the_file_they_are_in(void **state)
{
    (void)state;
    write_file("c.conf", LAB_BASE "[keys]\npool_p256 = x\n");
    write_file("c.conf.d/a.conf", "\n[keys]\npool_p384 = x\n");
    expect_faults("@/c.conf:7: [keys] pool_p256: \"x\" is not a number: write decimal digits "
                  "only\n"
                  "@/c.conf.d/a.conf:3: [keys] pool_p384: \"x\" is not a number: write decimal "
                  "digits only\n");
}

static void
a_bad_value_that_a_drop_in_replaced_does_not_count(void **state)
{
    (void)state;
    cf_own(cf_settings) settings = NULL;
    struct cf_err err = {0};

    write_file("c.conf", LAB_BASE "[keys]\npool_p256 = x\n");
    write_file("c.conf.d/a.conf", "[keys]\npool_p256 = 3\n");
    assert_ok(load(&settings, &err), err);
    assert_int_equal(settings->keypool_size[CF_KEY_P256], 3);
}

static void
files_that_everybody_can_write_are_refused(void **state)
{
    (void)state;
    char path[200];

    write_file("c.conf", LAB_BASE);
    write_file("c.conf.d/a.conf", "");
    (void)snprintf(path, sizeof path, "%s/c.conf.d/a.conf", dir);
    assert_int_equal(chmod(path, 0666), 0);
    expect_faults("@/c.conf.d/a.conf:1: everybody may write it (mode 0666): chmod o-w "
                  "@/c.conf.d/a.conf\n");
    assert_int_equal(chmod(path, 0644), 0);

    (void)snprintf(path, sizeof path, "%s/c.conf.d", dir);
    assert_int_equal(chmod(path, 0777), 0);
    expect_faults("@/c.conf.d:1: everybody may write it (mode 0777): chmod o-w "
                  "@/c.conf.d\n");
    assert_int_equal(chmod(path, 0755), 0);

    assert_int_equal(chmod(main_path, 0646), 0);
    expect_faults("@/c.conf:1: everybody may write it (mode 0646): chmod o-w @/c.conf\n");
}

static void
a_file_that_is_too_large_is_a_fault(void **state)
{
    (void)state;
    static char text[1024 * 1024 + 2];

    memset(text, '\n', sizeof text - 1);
    write_file("c.conf", LAB_BASE);
    write_file("c.conf.d/a.conf", text);
    expect_faults("@/c.conf.d/a.conf:1: the file is larger than 1048576 bytes\n");
}

static void
a_file_that_cannot_be_read_is_an_error_of_its_own(void **state)
{
    (void)state;
    struct cf_settings *settings = NULL;
    struct cf_err err = {0};
    char path[200];

    assert_rc(load(&settings, &err), CF_E_IO);
    assert_contains(err.text, main_path);
    assert_int_equal(faults.n, 0);

    write_file("c.conf", LAB_BASE);
    (void)snprintf(path, sizeof path, "%s/c.conf.d/a.conf", dir);
    assert_int_equal(mkdir(path, 0755), 0);
    assert_rc(load(&settings, &err), CF_E_IO);
    assert_contains(err.text, "a.conf is not a regular file");
    assert_null(settings);
}

static void
a_directory_of_drop_ins_may_be_missing(void **state)
{
    (void)state;
    cf_own(cf_settings) settings = NULL;
    struct cf_err err = {0};
    char path[200];

    (void)snprintf(path, sizeof path, "%s/c.conf.d", dir);
    assert_int_equal(rmdir(path), 0);
    write_file("c.conf", LAB_BASE);
    assert_ok(load(&settings, &err), err);
}

static void
nobody_has_to_listen_to_the_faults(void **state)
{
    (void)state;
    struct cf_settings *settings = NULL;

    write_file("c.conf", "nonsense");
    assert_rc(cf_config_load(main_path, NULL, NULL, &settings, NULL), CF_E_CONFIG);
    assert_null(settings);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(drop_ins_replace_key_by_key_in_the_order_of_their_names),
        TEST(faults_are_told_with_the_file_they_are_in),
        TEST(a_bad_value_that_a_drop_in_replaced_does_not_count),
        TEST(files_that_everybody_can_write_are_refused),
        TEST(a_file_that_is_too_large_is_a_fault),
        TEST(a_file_that_cannot_be_read_is_an_error_of_its_own),
        TEST(a_directory_of_drop_ins_may_be_missing),
        TEST(nobody_has_to_listen_to_the_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
