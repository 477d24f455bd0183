/* SPDX-License-Identifier: Apache-2.0 */
/* What happens when the file is not as it should be: an error that names it, nothing half done. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store_test.h"

static void
fill(struct place *place, int n)
{
    struct cf_store *store = open_it(place);

    for (int i = 0; i < n; i++) {
        char context[16];
        (void)snprintf(context, sizeof context, "r%d", i);
        assert_int_equal(receive_one(store, context, 3000, &place->err), CF_OK);
    }
    close_it(store);
}

static void
overwrite(const struct place *place, off_t at, size_t len)
{
    cf_own_fd fd = open(place->path, O_WRONLY | O_CLOEXEC);
    char *garbage = malloc(len);

    assert_true(fd >= 0);
    memset(garbage, 0xa5, len);
    assert_int_equal(pwrite(fd, garbage, len, at), len);
    free(garbage);
}

static void
refuses_a_file_that_is_no_database(void **state)
{
    struct place *place = *state;
    struct cf_store *store = NULL;

    fill(place, 3);
    overwrite(place, 0, 100);
    assert_int_equal(try_open(place, &store), CF_E_STORE_CORRUPT);
    assert_int_equal(place->err.native & 0xff, SQLITE_NOTADB);
    assert_says(place, "restore a backup");
    assert_null(store);
}

static void
writes_nothing_to_a_file_that_is_no_longer_in_its_place(void **state)
{
    static const char *const ends[] = {"", "-wal"};
    struct place *place = *state;
    struct cf_store *store = open_it(place);

    assert_int_equal(receive_one(store, "before", 100, &place->err), CF_OK);
    for (size_t i = 0; i < CF_COUNT(ends); i++) {
        char path[128], aside[160];
        (void)snprintf(path, sizeof path, "%s%s", place->path, ends[i]);
        (void)snprintf(aside, sizeof aside, "%s.aside", path);
        assert_int_equal(rename(path, aside), 0);
        assert_int_equal(receive_one(store, "lost", 100, &place->err), CF_E_STORE);
        assert_says(place, "removed or replaced");
        assert_int_equal(rename(aside, path), 0);
        assert_int_equal(receive_one(store, i == 0 ? "a" : "b", 100, &place->err), CF_OK);
    }
    assert_false(has_item(store, "lost"));
    close_it(store);
}

static void
refuses_a_truncated_file(void **state)
{
    struct place *place = *state;
    struct cf_store *store = NULL;
    struct stat st;

    fill(place, 20);
    assert_int_equal(stat(place->path, &st), 0);
    assert_int_equal(truncate(place->path, st.st_size / 2), 0);
    assert_int_equal(try_open(place, &store), CF_E_STORE_CORRUPT);
    assert_says(place, "restore a backup");
    assert_null(store);
}

static void
reports_damage_in_the_middle_and_goes_on_saying_so(void **state)
{
    struct place *place = *state;
    struct stat st;
    size_t counts[3] = {0};

    fill(place, 60);
    assert_int_equal(stat(place->path, &st), 0);
    overwrite(place, 3 * 4096, (size_t)st.st_size - 3 * 4096);
    struct cf_store *store = NULL;
    enum cf_rc rc = try_open(place, &store);
    if (rc == CF_OK) {
        assert_int_equal(store->ops->check(store, count_findings, counts, &place->err), CF_OK);
        assert_true(counts[CF_FINDING_ERROR] > 0);
        rc = receive_one(store, "new", 10, &place->err);
        close_it(store);
    }
    assert_int_equal(rc, CF_E_STORE_CORRUPT);
}

static void
makes_the_file_for_its_owner_alone(void **state)
{
    struct place *place = *state;
    struct stat st;
    char side[128];

    mode_t old = umask(0);
    struct cf_store *store = open_it(place);
    assert_int_equal(receive_one(store, "a", 10, &place->err), CF_OK);
    (void)umask(old);
    assert_int_equal(stat(place->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    (void)snprintf(side, sizeof side, "%s-wal", place->path);
    assert_int_equal(stat(side, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    close_it(store);
}

static void
refuses_a_place_others_can_reach(void **state)
{
    struct place *place = *state;
    struct cf_store *store = NULL;

    fill(place, 1);
    assert_int_equal(chmod(place->path, 0640), 0);
    assert_int_equal(try_open(place, &store), CF_E_PERMISSION);
    assert_says(place, "chmod 600");
    assert_int_equal(chmod(place->path, 0600), 0);
    assert_int_equal(chmod(place->directory, 0770), 0);
    assert_int_equal(try_open(place, &store), CF_E_PERMISSION);
    assert_non_null(strstr(place->err.text, "chmod 700"));
    assert_int_equal(chmod(place->directory, 0700), 0);
    assert_null(store);
}

static void
refuses_a_path_that_is_not_a_file_of_its_own(void **state)
{
    struct place *place = *state;
    struct cf_store *store = NULL;
    static const char *const PATHS[] = {"relative.db", "", ":memory:", "/tmp/"};

    for (size_t i = 0; i < CF_COUNT(PATHS); i++) {
        struct cf_store_options options = {.path = PATHS[i], .clock = place->clock};
        assert_int_equal(cf_store_sqlite.open(&options, &store, &place->err), CF_E_CONFIG);
    }
    assert_int_equal(symlink("/dev/null", place->path), 0);
    assert_int_equal(try_open(place, &store), CF_E_CONFIG);
    assert_says(place, "regular file");
    assert_int_equal(unlink(place->path), 0);
    struct cf_store_options nowhere = {.path = "/tmp/certferry-no-such/x", .clock = place->clock};
    assert_int_equal(cf_store_sqlite.open(&nowhere, &store, &place->err), CF_E_CONFIG);
    assert_null(store);
}

static void
says_busy_while_another_process_holds_the_lock(void **state)
{
    struct place *place = *state;
    int ready[2];
    int done[2];
    char byte = 0;

    fill(place, 1);
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(done), 0);
    pid_t child = fork();
    if (child == 0) {
        sqlite3 *db = NULL;
        /* So that it ends with its parent, whatever happens there. */
        (void)close(done[1]);
        if (sqlite3_open(place->path, &db) != SQLITE_OK ||
            sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
            _exit(1);
        (void)!write(ready[1], "r", 1);
        (void)!read(done[0], &byte, 1);
        _exit(0);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);

    struct cf_store *store = open_it(place);
    (void)sqlite3_busy_timeout(cf_sqlite_of(store)->writer.conn.db, 50);
    assert_int_equal(receive_one(store, "new", 10, &place->err), CF_E_STORE_BUSY);
    assert_int_equal(place->err.fault, CF_FAULT_TRANSIENT);
    assert_says(place, "another process");
    assert_true(has_item(store, "r0")); /* reading goes on */
    (void)!write(done[1], "d", 1);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(receive_one(store, "new", 10, &place->err), CF_OK);
    close_it(store);
    for (int i = 0; i < 2; i++) {
        (void)close(ready[i]);
        (void)close(done[i]);
    }
}

static void
fails_whole_when_the_disk_is_full_and_recovers(void **state)
{
    struct place *place = *state;
    struct rlimit limit;
    struct rlimit small = {.rlim_cur = 400 * 1024};
    enum cf_rc rc = CF_OK;
    int n = 0;

    struct cf_store *store = open_it(place);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    small.rlim_max = limit.rlim_max;
    void (*old)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    for (; rc == CF_OK && n < 100; n++) {
        char context[16];
        (void)snprintf(context, sizeof context, "r%d", n);
        rc = receive_one(store, context, 20000, &place->err);
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    (void)signal(SIGXFSZ, old);

    if (rc != CF_E_DISK_FULL)
        fail_msg("%s: %s", cf_rc_name(rc), place->err.text);
    assert_int_equal(place->err.fault, CF_FAULT_TRANSIENT);
    assert_says(place, "make room");
    for (int i = 0; i < n; i++) {
        char context[16];
        (void)snprintf(context, sizeof context, "r%d", i);
        assert_int_equal(has_item(store, context), i < n - 1);
    }
    assert_int_equal(receive_one(store, "after", 20000, &place->err), CF_OK);
    close_it(store);
}

static void
fails_whole_when_the_database_may_not_grow(void **state)
{
    struct place *place = *state;
    struct cf_store *store = open_it(place);
    sqlite3 *db = cf_sqlite_of(store)->writer.conn.db;

    assert_int_equal(sqlite3_exec(db, "PRAGMA max_page_count = 1", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(receive_one(store, "big", 100000, &place->err), CF_E_DISK_FULL);
    assert_int_equal(place->err.native & 0xff, SQLITE_FULL);
    assert_false(has_item(store, "big"));
    assert_int_equal(sqlite3_exec(db, "PRAGMA max_page_count = 100000", NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(receive_one(store, "big", 100000, &place->err), CF_OK);
    close_it(store);
}

static bool
holds(const char *path, const char *needle)
{
    cf_own_fd fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) != 0)
        return false;
    char *content = malloc((size_t)st.st_size + 1);
    assert_int_equal(pread(fd, content, (size_t)st.st_size, 0), st.st_size);
    bool found = memmem(content, (size_t)st.st_size, needle, strlen(needle)) != NULL;
    free(content);
    return found;
}

static void
leaves_no_trace_of_a_sealed_key_that_was_dropped(void **state)
{
    static const char KEY[] = "a sealed key that must not be found later";
    struct place *place = *state;
    struct cf_store *store = open_it(place);
    cf_own(cf_item) item = NULL;

    assert_int_equal(receive_one(store, "r", 10, &place->err), CF_OK);
    assert_int_equal(
        store->ops->claim_one(store, "w", CF_KIND_PKCS, "r", NOW, NOW + 9, &item, &place->err),
        CF_OK);
    item->sealed_key = cf_buf_copy(cf_bytes_of(KEY, strlen(KEY)));
    struct cf_change change = {.item = item, .keep_claim = true};
    assert_int_equal(store->ops->commit(store, "w", &change, 1, &place->err), CF_OK);
    close_it(store);
    assert_true(holds(place->path, KEY));

    store = open_it(place);
    item->sealed_key = cf_buf_free(item->sealed_key);
    assert_int_equal(store->ops->commit(store, "w", &change, 1, &place->err), CF_OK);
    close_it(store);
    assert_false(holds(place->path, KEY));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(refuses_a_file_that_is_no_database),
        STORE_TEST(writes_nothing_to_a_file_that_is_no_longer_in_its_place),
        STORE_TEST(refuses_a_truncated_file),
        STORE_TEST(reports_damage_in_the_middle_and_goes_on_saying_so),
        STORE_TEST(makes_the_file_for_its_owner_alone),
        STORE_TEST(refuses_a_place_others_can_reach),
        STORE_TEST(refuses_a_path_that_is_not_a_file_of_its_own),
        STORE_TEST(says_busy_while_another_process_holds_the_lock),
        STORE_TEST(fails_whole_when_the_disk_is_full_and_recovers),
        STORE_TEST(fails_whole_when_the_database_may_not_grow),
        STORE_TEST(leaves_no_trace_of_a_sealed_key_that_was_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
