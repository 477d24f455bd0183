/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres_place.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certferry/file.h"
#include "certferry/stop.h"
#include "certferry/tcp.h"
#include "postgres_error.h"

enum { WORDS_MAX = 96, PASSWORD_MAX = 1024, MIN_VERSION = 130000 };

struct words {
    const char *key[WORDS_MAX + 1];
    const char *value[WORDS_MAX + 1];
    size_t n;
};

int64_t
cf_pg_now_ms(void)
{
    return cf_clock_monotonic_ms(cf_clock_real());
}

static const char *
option(const PQconninfoOption *options, const char *key)
{
    for (const PQconninfoOption *o = options; o->keyword; o++) {
        if (strcmp(o->keyword, key) == 0)
            return o->val;
    }
    return NULL;
}

/* The configuration may be read by others, and goes into reports. */
static enum cf_rc
refuse_secrets(const PQconninfoOption *options, struct cf_err *err)
{
    static const char *const SECRETS[] = {"password", "sslpassword"};

    for (size_t i = 0; i < CF_COUNT(SECRETS); i++) {
        if (option(options, SECRETS[i]))
            return cf_fail(err, CF_E_CONFIG,
                           "[store] connection: holds %s; put it into a file that only the "
                           "service can read, named by password_file",
                           SECRETS[i]);
    }
    return CF_OK;
}

enum cf_rc
cf_pg_place_init(struct cf_pg_place *place, const struct cf_store_options *options,
                 struct cf_err *err)
{
    char *text = NULL;

    *place = (struct cf_pg_place){.stop_flag = options->stop_flag};
    place->options = PQconninfoParse(options->connection ? options->connection : "", &text);
    bool is_oom = !place->options && !text;
    /* It may quote a part of a password. */
    PQfreemem(text);
    if (is_oom)
        return cf_fail_oom(err);
    if (!place->options)
        return cf_fail(err, CF_E_CONFIG,
                       "[store] connection: cannot be understood; write words such as 'host=db1 "
                       "dbname=certferry sslmode=verify-full', as in libpq's documentation");
    CF_TRY(refuse_secrets(place->options, err));
    if (options->password_file) {
        place->password_file = strdup(options->password_file);
        if (!place->password_file)
            return cf_fail_oom(err);
    }
    const char *host = option(place->options, "host");
    const char *database = option(place->options, "dbname");
    (void)snprintf(place->name, sizeof place->name, "%s/%s", host ? host : "local",
                   database ? database : "");
    return CF_OK;
}

void
cf_pg_place_done(struct cf_pg_place *place)
{
    for (PQconninfoOption *o = place->options; o && o->keyword; o++) {
        if (o->val && strcmp(o->dispchar, "*") == 0)
            cf_wipe(o->val, strlen(o->val));
    }
    PQconninfoFree(place->options);
    free(place->password_file);
    *place = (struct cf_pg_place){0};
}

enum cf_rc
cf_pg_await(const struct cf_pg_place *place, PGconn *pg, short events, int64_t *until_ms,
            struct cf_err *err)
{
    bool is_over = cf_stop_is_set(place->stop_flag);
    enum cf_rc rc =
        cf_tcp_await(PQsocket(pg), events, *until_ms, is_over ? NULL : place->stop_flag, err);

    if (rc != CF_E_STOPPED)
        return rc;
    int64_t soon_ms = cf_pg_now_ms() + CF_PG_STOP_MS;
    if (soon_ms < *until_ms)
        *until_ms = soon_ms;
    return cf_tcp_await(PQsocket(pg), events, *until_ms, NULL, err);
}

static void
add(struct words *words, const char *key, const char *value)
{
    if (words->n == WORDS_MAX)
        return;
    words->key[words->n] = key;
    words->value[words->n++] = value;
}

/* What comes later counts. */
static void
collect(const struct cf_pg_place *place, const struct cf_secret *password, struct words *words)
{
    add(words, "fallback_application_name", "certferry");
    /* Else a ticket that the service holds for a CA would be offered to the database. */
    add(words, "gssencmode", "disable");
    add(words, "keepalives_idle", "30");
    add(words, "keepalives_interval", "10");
    add(words, "keepalives_count", "3");
    add(words, "tcp_user_timeout", "20000");
    for (const PQconninfoOption *o = place->options; o->keyword; o++) {
        if (o->val)
            add(words, o->keyword, o->val);
    }
    add(words, "client_encoding", "UTF8");
    if (password)
        add(words, "password", (const char *)cf_secret_data(password));
}

static void
ignore_notice(void *arg, const PGresult *result)
{
    (void)arg;
    (void)result;
}

static enum cf_rc
start(const struct cf_pg_place *place, PGconn **ret_pg, struct cf_err *err)
{
    cf_own(cf_secret) password = NULL;
    struct words words = {0};

    if (place->password_file) {
        CF_TRY(cf_file_read_secret(place->password_file, PASSWORD_MAX, &password, err));
        cf_file_trim_newline(password);
    }
    collect(place, password, &words);
    PGconn *pg = PQconnectStartParams(words.key, words.value, 0);
    if (!pg)
        return cf_fail_oom(err);
    (void)PQsetNoticeReceiver(pg, ignore_notice, NULL);
    /* Only so does a refusal say its SQLSTATE. */
    (void)PQsetErrorVerbosity(pg, PQERRORS_VERBOSE);
    *ret_pg = pg;
    return CF_OK;
}

static enum cf_rc
finish(const struct cf_pg_place *place, PGconn *pg, struct cf_err *err)
{
    int64_t until_ms = cf_pg_now_ms() + CF_PG_CONNECT_MS;
    PostgresPollingStatusType next = PGRES_POLLING_WRITING;

    if (PQstatus(pg) == CONNECTION_BAD)
        return cf_pg_fail_connect(place, pg, err);
    while (next == PGRES_POLLING_READING || next == PGRES_POLLING_WRITING) {
        short events = next == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        if (cf_pg_await(place, pg, events, &until_ms, NULL) != CF_OK)
            return cf_fail(err, CF_E_STORE_BUSY,
                           "store %s: no connection in time; see that the database server runs "
                           "and can be reached",
                           place->name);
        next = PQconnectPoll(pg);
    }
    return next == PGRES_POLLING_OK ? CF_OK : cf_pg_fail_connect(place, pg, err);
}

static enum cf_rc
check_server(const struct cf_pg_place *place, PGconn *pg, struct cf_err *err)
{
    const char *encoding = PQparameterStatus(pg, "server_encoding");
    const char *standby = PQparameterStatus(pg, "in_hot_standby");

    if (PQserverVersion(pg) < MIN_VERSION)
        return cf_fail(err, CF_E_CONFIG, "store %s: PostgreSQL %d is too old; use 13 or later",
                       place->name, PQserverVersion(pg) / 10000);
    if (!encoding || strcmp(encoding, "UTF8") != 0)
        return cf_fail(err, CF_E_CONFIG,
                       "store %s: the database has the encoding %s; create one with ENCODING "
                       "'UTF8' TEMPLATE template0",
                       place->name, encoding ? encoding : "(none)");
    if (standby && strcmp(standby, "on") == 0)
        return cf_fail(err, CF_E_STORE_BUSY,
                       "store %s: the server is a standby; name all servers in connection, with "
                       "target_session_attrs=read-write",
                       place->name);
    return CF_OK;
}

enum cf_rc
cf_pg_connect(const struct cf_pg_place *place, PGconn **ret_pg, struct cf_err *err)
{
    PGconn *pg = NULL;

    CF_TRY(start(place, &pg, err));
    enum cf_rc rc = finish(place, pg, err);
    if (rc == CF_OK)
        rc = check_server(place, pg, err);
    if (rc == CF_OK && PQsetnonblocking(pg, 1) != 0)
        rc = cf_fail_oom(err);
    if (rc != CF_OK) {
        PQfinish(pg);
        return rc;
    }
    *ret_pg = pg;
    return CF_OK;
}
