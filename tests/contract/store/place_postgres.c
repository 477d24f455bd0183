/* SPDX-License-Identifier: Apache-2.0 */
/* place_postgres - a schema of its own in a database server that is started for the tests. */
#include <stdio.h>

#include "contract.h"
#include "place.h"
#include "postgres_child.h"

static char connection[256];
static char schema[32];
static unsigned n_places;
static bool is_empty; /* the last place may be used again */

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
    if (!is_empty) {
        (void)snprintf(schema, sizeof schema, "place_%u", ++n_places);
        postgres_make_schema(schema);
    }
    is_empty = false;
    postgres_connection(connection, sizeof connection, schema);
    options->connection = connection;
    options->owner = "contract";
}

/* Tables are made more slowly than they are emptied. */
void
place_remove(void)
{
    char sql[640];

    (void)snprintf(sql, sizeof sql,
                   "SET session_replication_role = replica; DO 'DECLARE name text; BEGIN "
                   "FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = ''%s'' "
                   "AND tablename NOT IN (''certferry_schema'', ''item_kind'', ''item_state'') "
                   "LOOP EXECUTE ''DELETE FROM %s.'' || name; END LOOP; END'",
                   schema, schema);
    postgres_run(sql);
    is_empty = true;
}
