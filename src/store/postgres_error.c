/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres_error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct meaning {
    const char *state; /* a SQLSTATE, or the class it begins with */
    enum cf_rc rc;
    enum cf_pg_effect effect;
    const char *remedy;
};

static const char MAKE_ROOM[] = "make room on the database server";
static const char SEE_LOG[] = "see the database server's log";
static const char SEE_ROLE[] = "see user, password_file and the server's pg_hba.conf";
static const char PASSES[] = "it is tried again";
static const char RESTORE[] =
    "stop all services that use it, see the server's log, restore a backup";

/* The first that fits counts. */
static const struct meaning MEANINGS[] = {
    {"28", CF_E_CONFIG, CF_PG_LOST, SEE_ROLE},
    {"3D000", CF_E_CONFIG, CF_PG_LOST, "create the database, or correct dbname in connection"},
    {"3F000", CF_E_CONFIG, CF_PG_PLAIN, "create the schema, or correct the role's search_path"},
    {"42501", CF_E_CONFIG, CF_PG_PLAIN,
     "let the role own the database, or GRANT it CREATE and USAGE on its schema"},
    {"42P07", CF_E_CONFIG, CF_PG_PLAIN,
     "its tables are another program's; give the store a database or schema of its own"},
    {"42710", CF_E_CONFIG, CF_PG_PLAIN,
     "its tables are another program's; give the store a database or schema of its own"},
    {"40", CF_E_STORE_BUSY, CF_PG_AGAIN, PASSES},
    {"55P03", CF_E_STORE_BUSY, CF_PG_PLAIN, "somebody holds a lock: see pg_locks on the server"},
    {"57014", CF_E_STORE_BUSY, CF_PG_PLAIN, "the server is too slow, or an administrator ended it"},
    {"53100", CF_E_DISK_FULL, CF_PG_PLAIN, MAKE_ROOM},
    {"53300", CF_E_STORE_BUSY, CF_PG_LOST, "raise max_connections on the server"},
    {"53", CF_E_STORE_BUSY, CF_PG_PLAIN, SEE_LOG},
    {"57P", CF_E_STORE_BUSY, CF_PG_LOST,
     "the server stops, starts or failed over; it is tried again"},
    {"25006", CF_E_STORE_BUSY, CF_PG_LOST,
     "the server is read-only now; name all servers with target_session_attrs=read-write"},
    {"25P03", CF_E_STORE_BUSY, CF_PG_LOST, PASSES},
    {"08", CF_E_STORE_BUSY, CF_PG_LOST, PASSES},
    /* Prepared statements that are gone: somebody sits in between. */
    {"26000", CF_E_STORE_BUSY, CF_PG_LOST,
     "connect to the server itself, or pool by session, not by transaction"},
    {"58030", CF_E_STORE, CF_PG_PLAIN, SEE_LOG},
    {"XX001", CF_E_STORE_CORRUPT, CF_PG_PLAIN, RESTORE},
    {"XX002", CF_E_STORE_CORRUPT, CF_PG_PLAIN, RESTORE},
    {"XX", CF_E_STORE, CF_PG_PLAIN, SEE_LOG},
    /* The schema and the statements are ours; the server's text names what does not fit. */
    {"", CF_E_STORE, CF_PG_PLAIN, "please report this"},
};

static const struct meaning *
meaning_of(const char *state)
{
    const struct meaning *meaning = MEANINGS;

    while (strncmp(meaning->state, state, strlen(meaning->state)) != 0)
        meaning++;
    return meaning;
}

static enum cf_rc
fail(const struct cf_pg_place *place, const char *state, const char *what, const char *text,
     struct cf_err *err)
{
    const struct meaning *meaning = meaning_of(state);

    (void)cf_fail(err, meaning->rc, "store %s: %s: %.120s (%s); %s", place->name, what, text, state,
                  meaning->remedy);
    if (err)
        err->native = strtol(state, NULL, 36);
    return meaning->rc;
}

enum cf_rc
cf_pg_fail_result(const struct cf_pg_place *place, const PGresult *result, const char *what,
                  enum cf_pg_effect *ret_effect, struct cf_err *err)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

    /* libpq's own errors have none: the connection broke while a result was awaited. */
    if (!state)
        state = "08006";
    *ret_effect = meaning_of(state)->effect;
    return fail(place, state, what, text ? text : "the connection broke", err);
}

/* Copies the first line, without what libpq puts before the last colon of a refused address. */
static void
first_line(char *line, size_t size, const char *text)
{
    size_t len = strcspn(text, "\n");

    (void)snprintf(line, size, "%.*s", (int)(len < size ? len : size - 1), text);
}

enum cf_rc
cf_pg_fail_lost(const struct cf_pg_place *place, const PGconn *pg, const char *what,
                struct cf_err *err)
{
    char line[160];

    first_line(line, sizeof line, PQerrorMessage(pg));
    return fail(place, "08006", what, line[0] ? line : "the connection broke", err);
}

/* "FATAL:  28P01: password authentication failed for user ..."; NULL when the server said nothing.
 */
static const char *
find_state(const char *text, char state[6])
{
    static const char DIGITS[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    for (const char *at = strstr(text, ":  "); at; at = strstr(at + 3, ":  ")) {
        const char *code = at + 3;

        if (strspn(code, DIGITS) == 5 && code[5] == ':') {
            memcpy(state, code, 5);
            state[5] = '\0';
            return code + 6 + strspn(code + 6, " ");
        }
    }
    return NULL;
}

static bool
is_of_tls(const char *text)
{
    return strstr(text, "SSL") || strstr(text, "certificate");
}

enum cf_rc
cf_pg_fail_connect(const struct cf_pg_place *place, const PGconn *pg, struct cf_err *err)
{
    static const char CONNECTING[] = "connecting";
    const char *text = PQerrorMessage(pg);
    char state[6];
    char line[160];

    const char *said = find_state(text, state);
    first_line(line, sizeof line, said ? said : text);
    if (said)
        return fail(place, state, CONNECTING, line, err);
    if (PQconnectionNeedsPassword(pg))
        return cf_fail(err, CF_E_CONFIG,
                       "store %s: the server asks for a password; give [store] password_file",
                       place->name);
    if (is_of_tls(text))
        return cf_fail(err, CF_E_CONFIG,
                       "store %s: TLS: %s; see sslmode, sslrootcert and the server's certificate",
                       place->name, line);
    return cf_fail(err, CF_E_STORE_BUSY, "store %s: %s; see that the database server runs",
                   place->name, line);
}
