/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "certferry/file.h"

static char directory[64];
static char path[128];
static struct cf_err err;

static int
setup(void **state)
{
    (void)state;
    strcpy(directory, "/tmp/certferry-file-XXXXXX");
    if (!mkdtemp(directory))
        return -1;
    snprintf(path, sizeof path, "%s/file", directory);
    return 0;
}

static int
count_entries(const char *where, bool remove)
{
    int n = 0;
    DIR *stream = opendir(where);
    for (const struct dirent *entry; stream && (entry = readdir(stream));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        n++;
        if (remove)
            unlinkat(dirfd(stream), entry->d_name, 0);
    }
    closedir(stream);
    return n;
}

static int
teardown(void **state)
{
    (void)state;
    unsetenv("CREDENTIALS_DIRECTORY");
    count_entries(directory, true);
    return rmdir(directory);
}

static void
put(const char *where, const char *text, mode_t mode)
{
    FILE *file = fopen(where, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(where, mode), 0);
}

static void
reads_a_whole_file_up_to_the_limit(void **state)
{
    (void)state;
    cf_own(cf_buf) content = NULL;
    put(path, "0123456789", 0644);
    assert_int_equal(cf_file_read(path, 10, &content, &err), CF_OK);
    assert_string_equal(cf_buf_str(content), "0123456789");
    cf_own(cf_buf) more = NULL;
    assert_int_equal(cf_file_read(path, 9, &more, &err), CF_E_LIMIT);
    assert_non_null(strstr(err.text, path));
    assert_null(more);
}

static void
reads_files_that_claim_no_size(void **state)
{
    (void)state;
    cf_own(cf_buf) content = NULL;
    assert_int_equal(cf_file_read("/proc/self/stat", 4096, &content, &err), CF_OK);
    assert_true(cf_buf_len(content) > 10);
}

static void
names_a_file_that_is_missing(void **state)
{
    (void)state;
    cf_own(cf_buf) content = NULL;
    cf_own(cf_secret) secret = NULL;
    assert_int_equal(cf_file_read(path, 10, &content, &err), CF_E_IO);
    assert_non_null(strstr(err.text, path));
    assert_int_equal(err.native, ENOENT);
    assert_int_equal(err.fault, CF_FAULT_CONFIG);
    assert_int_equal(cf_file_read_secret(path, 10, &secret, &err), CF_E_IO);
    assert_null(secret);
}

static void
takes_only_regular_files_also_behind_a_link(void **state)
{
    (void)state;
    char fifo[192], link[192];
    cf_own(cf_buf) content = NULL;
    cf_own(cf_secret) secret = NULL;
    snprintf(fifo, sizeof fifo, "%s/fifo", directory);
    snprintf(link, sizeof link, "%s/link", directory);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(symlink(fifo, link), 0);
    const char *const bad[] = {fifo, link, directory, "/dev/zero"};
    for (size_t i = 0; i < CF_COUNT(bad); i++) {
        assert_int_equal(cf_file_read(bad[i], 10, &content, &err), CF_E_IO);
        assert_non_null(strstr(err.text, "regular file"));
        assert_int_equal(cf_file_read_secret(bad[i], 10, &secret, &err), CF_E_IO);
    }
    put(path, "good", 0600);
    unlink(link);
    assert_int_equal(symlink(path, link), 0);
    assert_int_equal(cf_file_read(link, 10, &content, &err), CF_OK);
    assert_int_equal(cf_file_read_secret(link, 10, &secret, &err), CF_OK);
}

static void
reads_a_secret_only_its_owner_can_open(void **state)
{
    (void)state;
    cf_own(cf_secret) secret = NULL;
    const mode_t bad[] = {0640, 0604, 0620, 0602, 0610, 0601, 0644};
    for (size_t i = 0; i < CF_COUNT(bad); i++) {
        put(path, "hush", bad[i]);
        assert_int_equal(cf_file_read_secret(path, 100, &secret, &err), CF_E_PERMISSION);
        assert_non_null(strstr(err.text, "chmod 0600"));
        assert_null(strstr(err.text, "hush"));
    }
    put(path, "hush", 0400);
    assert_int_equal(cf_file_read_secret(path, 4, &secret, &err), CF_OK);
    assert_int_equal(cf_secret_len(secret), 4);
    assert_memory_equal(cf_secret_data(secret), "hush", 4);
}

static void
refuses_a_secret_of_another_user_too_large_or_empty(void **state)
{
    (void)state;
    cf_own(cf_secret) secret = NULL;
    put(path, "hush", 0600);
    assert_int_equal(cf_file_read_secret(path, 3, &secret, &err), CF_E_LIMIT);
    if (geteuid() == 0) {
        assert_int_equal(chown(path, 12345, 12345), 0);
        assert_int_equal(seteuid(12346), 0);
        assert_int_equal(cf_file_read_secret(path, 100, &secret, &err), CF_E_PERMISSION);
        assert_int_equal(seteuid(0), 0);
        /* Root checks the files of the service. */
        assert_int_equal(cf_file_read_secret(path, 100, &secret, &err), CF_OK);
        secret = cf_secret_free(secret);
        assert_int_equal(chown(path, 0, 0), 0);
    }
    put(path, "", 0600);
    assert_int_equal(cf_file_read_secret(path, 100, &secret, &err), CF_E_CONFIG);
    assert_int_equal(truncate(path, CF_SECRET_MAX + 1), 0);
    assert_int_equal(cf_file_read_secret(path, SIZE_MAX, &secret, &err), CF_E_LIMIT);
    assert_null(secret);
}

static void
trusts_the_service_manager_inside_its_directory_only(void **state)
{
    (void)state;
    char outside[192], dots[256], link[192];
    cf_own(cf_secret) secret = NULL;
    put(path, "hush", 0440);
    setenv("CREDENTIALS_DIRECTORY", directory, 1);
    assert_int_equal(cf_file_read_secret(path, 100, &secret, &err), CF_OK);

    /* Neither "..", a link out of it, nor a name that only begins alike is inside. */
    snprintf(outside, sizeof outside, "%s-outside", directory);
    put(outside, "hush", 0440);
    snprintf(dots, sizeof dots, "%s/../%s", directory, strrchr(outside, '/') + 1);
    snprintf(link, sizeof link, "%s/link", directory);
    assert_int_equal(symlink(outside, link), 0);
    cf_own(cf_secret) none = NULL;
    assert_int_equal(cf_file_read_secret(outside, 100, &none, &err), CF_E_PERMISSION);
    assert_int_equal(cf_file_read_secret(dots, 100, &none, &err), CF_E_PERMISSION);
    assert_int_equal(cf_file_read_secret(link, 100, &none, &err), CF_E_PERMISSION);
    setenv("CREDENTIALS_DIRECTORY", "/", 1);
    assert_int_equal(cf_file_read_secret(outside, 100, &none, &err), CF_E_PERMISSION);
    unlink(outside);
}

static void
drops_one_newline_and_no_more(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"a\n", "a"}, {"a\r\n", "a"}, {"a\n\n", "a\n"},
                                           {"a", "a"},   {"a ", "a "},   {"\n", ""}};
    for (size_t i = 0; i < CF_COUNT(cases); i++) {
        cf_own(cf_secret) secret = NULL;
        assert_int_equal(cf_secret_copy(cases[i][0], strlen(cases[i][0]), &secret, &err), CF_OK);
        cf_file_trim_newline(secret);
        assert_int_equal(cf_secret_len(secret), strlen(cases[i][1]));
        assert_memory_equal(cf_secret_data(secret), cases[i][1], strlen(cases[i][1]));
    }
}

static void
finds_a_credential_that_exists(void **state)
{
    (void)state;
    char *found = NULL;
    assert_int_equal(cf_file_credential_path("file", &found, &err), CF_OK);
    assert_null(found);
    setenv("CREDENTIALS_DIRECTORY", directory, 1);
    assert_int_equal(cf_file_credential_path("file", &found, &err), CF_OK);
    assert_null(found);
    put(path, "x", 0400);
    assert_int_equal(cf_file_credential_path("file", &found, &err), CF_OK);
    assert_string_equal(found, path);
    free(found);
    const char *const bad[] = {"", ".", "..", "a/b", "../file", "/etc/passwd"};
    for (size_t i = 0; i < CF_COUNT(bad); i++)
        assert_int_equal(cf_file_credential_path(bad[i], &found, &err), CF_E_CONFIG);
}

static void
publishes_with_the_mode_asked_for_and_leaves_nothing_beside(void **state)
{
    (void)state;
    struct stat st;
    cf_own(cf_buf) content = NULL;
    mode_t old = umask(0077);
    put(path, "old", 0600);
    assert_int_equal(cf_file_publish(path, cf_bytes_of("new crl", 7), 0644, &err), CF_OK);
    umask(old);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0644);
    assert_int_equal(cf_file_read(path, 100, &content, &err), CF_OK);
    assert_string_equal(cf_buf_str(content), "new crl");
    assert_int_equal(count_entries(directory, false), 1);

    cf_own(cf_secret) secret = NULL;
    cf_own(cf_secret) back = NULL;
    assert_int_equal(cf_secret_copy("key", 3, &secret, &err), CF_OK);
    assert_int_equal(cf_file_publish_secret(path, secret, &err), CF_OK);
    assert_int_equal(cf_file_read_secret(path, 100, &back, &err), CF_OK);
    assert_true(cf_secret_equal(secret, back));
}

static void
keeps_the_old_content_when_the_new_does_not_fit(void **state)
{
    (void)state;
    static const char large[8192];
    cf_own(cf_buf) content = NULL;
    put(path, "old", 0644);
    struct rlimit limit, saved;
    getrlimit(RLIMIT_FSIZE, &saved);
    signal(SIGXFSZ, SIG_IGN);
    limit = (struct rlimit){4096, saved.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    enum cf_rc rc = cf_file_publish(path, cf_bytes_of(large, sizeof large), 0644, &err);
    setrlimit(RLIMIT_FSIZE, &saved);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(rc, CF_E_IO);
    assert_int_equal(err.native, EFBIG);
    assert_int_equal(cf_file_read(path, 100, &content, &err), CF_OK);
    assert_string_equal(cf_buf_str(content), "old");
    assert_int_equal(count_entries(directory, false), 1);
}

static void
says_where_it_cannot_write(void **state)
{
    (void)state;
    char bad[192];
    snprintf(bad, sizeof bad, "%s/missing/file", directory);
    assert_int_equal(cf_file_publish(bad, cf_bytes_of("x", 1), 0644, &err), CF_E_IO);
    assert_non_null(strstr(err.text, bad));
    /* Over a directory the rename fails, and nothing stays behind. */
    assert_int_equal(cf_file_publish(directory, cf_bytes_of("x", 1), 0644, &err), CF_E_IO);
    assert_int_equal(count_entries(directory, false), 0);
}

static void
replaces_a_link_and_not_what_it_points_at(void **state)
{
    (void)state;
    char link[192];
    cf_own(cf_buf) content = NULL;
    snprintf(link, sizeof link, "%s/link", directory);
    put(path, "target", 0600);
    assert_int_equal(symlink(path, link), 0);
    assert_int_equal(cf_file_publish(link, cf_bytes_of("new", 3), 0600, &err), CF_OK);
    assert_int_equal(cf_file_read(path, 100, &content, &err), CF_OK);
    assert_string_equal(cf_buf_str(content), "target");
}

#define FILE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        FILE_TEST(reads_a_whole_file_up_to_the_limit),
        FILE_TEST(reads_files_that_claim_no_size),
        FILE_TEST(names_a_file_that_is_missing),
        FILE_TEST(takes_only_regular_files_also_behind_a_link),
        FILE_TEST(reads_a_secret_only_its_owner_can_open),
        FILE_TEST(refuses_a_secret_of_another_user_too_large_or_empty),
        FILE_TEST(trusts_the_service_manager_inside_its_directory_only),
        FILE_TEST(drops_one_newline_and_no_more),
        FILE_TEST(finds_a_credential_that_exists),
        FILE_TEST(publishes_with_the_mode_asked_for_and_leaves_nothing_beside),
        FILE_TEST(keeps_the_old_content_when_the_new_does_not_fit),
        FILE_TEST(says_where_it_cannot_write),
        FILE_TEST(replaces_a_link_and_not_what_it_points_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
