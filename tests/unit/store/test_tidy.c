/* SPDX-License-Identifier: Apache-2.0 */
/* What was deleted is not left in the files beside the store. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_test.h"

#define NEEDLE "sealed-key-7fb1c2-that-must-not-stay"

static bool
is_in_file(const struct place *place, const char *suffix)
{
    enum { CONTENT_MAX = 4 * 1024 * 1024 };
    char path[128];

    (void)snprintf(path, sizeof path, "%s%s", place->path, suffix);
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    char *content = malloc(CONTENT_MAX);
    assert_non_null(content);
    size_t len = fread(content, 1, CONTENT_MAX, file);
    (void)fclose(file);
    assert_true(len < CONTENT_MAX);
    bool is_there = memmem(content, len, NEEDLE, strlen(NEEDLE)) != NULL;
    free(content);
    return is_there;
}

static void
commit_key(struct place *place, struct cf_store *store, const char *key)
{
    cf_own(cf_item) item = NULL;

    assert_int_equal(
        store->ops->claim_one(store, "w", CF_KIND_PKCS, "r", NOW, NOW + 9, &item, &place->err),
        CF_OK);
    cf_buf_free(item->sealed_key);
    item->sealed_key = key ? cf_buf_copy(cf_bytes_of(key, strlen(key))) : NULL;
    const struct cf_change change = {.item = item, .from = item->state};
    assert_int_equal(store->ops->commit(store, "w", &change, 1, &place->err), CF_OK);
}

static void
a_deleted_key_leaves_the_log_too(void **state)
{
    struct place *place = *state;
    struct cf_store *store = open_it(place);

    assert_int_equal(receive_one(store, "r", 100, &place->err), CF_OK);
    commit_key(place, store, NEEDLE);
    assert_true(is_in_file(place, "-wal"));
    assert_int_equal(store->ops->tidy(store, &place->err), CF_OK);
    assert_true(is_in_file(place, ""));
    commit_key(place, store, NULL);
    assert_int_equal(store->ops->tidy(store, &place->err), CF_OK);
    assert_false(is_in_file(place, "-wal"));
    assert_false(is_in_file(place, ""));

    commit_key(place, store, NEEDLE);
    commit_key(place, store, NULL);
    assert_true(is_in_file(place, "-wal"));
    assert_int_equal(store->ops->tidy(store, &place->err), CF_OK);
    assert_false(is_in_file(place, "-wal"));
    assert_false(is_in_file(place, ""));
    close_it(store);
}

/* A reader keeps its view; the next turn finishes. */
static void
a_reader_of_another_process_holds_up_nothing(void **state)
{
    struct place *place = *state;
    struct cf_store *store = open_it(place);
    sqlite3 *other = NULL;

    assert_int_equal(receive_one(store, "r", 100, &place->err), CF_OK);
    assert_int_equal(sqlite3_open(place->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN; SELECT count(*) FROM item", NULL, NULL, NULL),
                     SQLITE_OK);
    commit_key(place, store, NEEDLE);
    commit_key(place, store, NULL);
    assert_int_equal(store->ops->tidy(store, &place->err), CF_OK);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    assert_int_equal(store->ops->tidy(store, &place->err), CF_OK);
    assert_false(is_in_file(place, "-wal"));
    assert_true(has_item(store, "r"));
    close_it(store);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_deleted_key_leaves_the_log_too),
        STORE_TEST(a_reader_of_another_process_holds_up_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
