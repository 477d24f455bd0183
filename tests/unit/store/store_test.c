/* SPDX-License-Identifier: Apache-2.0 */
#include "store_test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int
make_place(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    assert_non_null(place);

    (void)snprintf(place->directory, sizeof place->directory, "/tmp/certferry-store-XXXXXX");
    assert_non_null(mkdtemp(place->directory));
    (void)snprintf(place->path, sizeof place->path, "%s/store.db", place->directory);
    place->clock = cf_clock_fake_new(NOW);
    assert_non_null(place->clock);
    *state = place;
    return 0;
}

int
remove_place(void **state)
{
    struct place *place = *state;
    DIR *directory = opendir(place->directory);
    assert_non_null(directory);

    for (struct dirent *entry = readdir(directory); entry; entry = readdir(directory))
        (void)unlinkat(dirfd(directory), entry->d_name, 0);
    (void)closedir(directory);
    assert_int_equal(rmdir(place->directory), 0);
    (void)cf_clock_fake_free(place->clock);
    free(place);
    return 0;
}

enum cf_rc
try_open(struct place *place, struct cf_store **ret_store)
{
    struct cf_store_options options = {.path = place->path, .clock = place->clock};

    return cf_store_sqlite.open(&options, ret_store, &place->err);
}

struct cf_store *
open_it(struct place *place)
{
    struct cf_store *store = NULL;

    if (try_open(place, &store) != CF_OK)
        fail_msg("%s", place->err.text);
    return store;
}

void
close_it(struct cf_store *store)
{
    store->ops->close(store);
}

enum cf_rc
receive_one(struct cf_store *store, const char *context, size_t body_len, struct cf_err *err)
{
    cf_own(cf_item) item = cf_item_new(CF_KIND_PKCS, context);
    enum cf_reception reception;
    char *body = calloc(1, body_len + 1);

    memset(body, 'b', body_len);
    item->body = cf_buf_copy(cf_bytes_of(body, body_len));
    free(body);
    item->due_ms = NOW;
    return store->ops->receive(store, &item, 1, &reception, err);
}

bool
has_item(struct cf_store *store, const char *context)
{
    cf_own(cf_item) item = NULL;

    return store->ops->get(store, CF_KIND_PKCS, context, &item, NULL) == CF_OK;
}

void
run_sql(const struct place *place, const char *sql)
{
    sqlite3 *db = NULL;
    char *text = NULL;

    assert_int_equal(sqlite3_open(place->path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &text) != SQLITE_OK)
        fail_msg("%s", text);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_int_equal(chmod(place->path, 0600), 0);
}

void
assert_says(const struct place *place, const char *words)
{
    if (!strstr(place->err.text, place->path) || !strstr(place->err.text, words))
        fail_msg("'%s' does not name the path and '%s'", place->err.text, words);
}

void
count_findings(void *arg, const struct cf_finding *finding)
{
    size_t *counts = arg;

    counts[finding->severity]++;
}
