/* SPDX-License-Identifier: Apache-2.0 */
/* place_file - a file in a directory of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "contract.h"
#include "place.h"

static char directory[64];
static char path[96];

void
place_start(void)
{
}

void
place_stop(void)
{
}

void
place_make(struct cf_store_options *options)
{
    (void)snprintf(directory, sizeof directory, "/tmp/certferry-store-XXXXXX");
    assert_non_null(mkdtemp(directory));
    (void)snprintf(path, sizeof path, "%s/store.db", directory);
    options->path = path;
}

void
place_remove(void)
{
    static const char *const ENDS[] = {"", "-wal", "-shm"};
    char name[128];

    for (size_t i = 0; i < CF_COUNT(ENDS); i++) {
        (void)snprintf(name, sizeof name, "%s%s", path, ENDS[i]);
        (void)unlink(name);
    }
    assert_int_equal(rmdir(directory), 0);
}
