/* SPDX-License-Identifier: Apache-2.0 */
/* place_postgres - a schema of its own in a database server that is started for the tests. */
#include <stdio.h>

#include "contract.h"
#include "place.h"
#include "postgres_child.h"

static char connection[256];
static unsigned n_places;

void
place_start(void)
{
    postgres_prepare();
    postgres_allow("local all secretive scram-sha-256");
    postgres_listen();
    postgres_start();
}

void
place_stop(void)
{
    postgres_clean();
}

void
place_make(struct cf_store_options *options)
{
    char schema[32];

    (void)snprintf(schema, sizeof schema, "place_%u", ++n_places);
    postgres_make_schema(schema);
    postgres_connection(connection, sizeof connection, schema);
    options->connection = connection;
    options->owner = "contract";
}

void
place_remove(void)
{
}
