/* SPDX-License-Identifier: Apache-2.0 */
#include "postgres_session.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "certferry/stop.h"
#include "postgres_migrate.h"

/* The server may take a moment to see that an earlier daemon of this name has ended. */
enum { NAME_WAIT_MS = 2000, NAME_TURN_MS = 100 };

static enum cf_rc
take_name(struct cf_pg_conn *conn, const char *owner, struct cf_err *err)
{
    const struct timespec turn = {.tv_nsec = NAME_TURN_MS * 1000000L};
    int64_t until_ms = cf_pg_now_ms() + NAME_WAIT_MS;
    bool is_held = false;

    for (;;) {
        CF_TRY(cf_pg_try_lock(conn, false, "owner", owner, &is_held, err));
        if (is_held)
            return CF_OK;
        if (cf_pg_now_ms() >= until_ms || cf_stop_is_set(conn->place->stop_flag))
            break;
        (void)nanosleep(&turn, NULL);
    }
    /* A node that lost its power is missed only by the server's keepalives. */
    return cf_fail(err, CF_E_STORE_BUSY,
                   "store %s: another service named '%s' works with it, or did until a minute ago; "
                   "give each node a connector_id of its own",
                   conn->place->name, owner);
}

static enum cf_rc
connect(struct cf_pg_session *session, struct cf_err *err)
{
    cf_own(cf_pg_conn) conn = NULL;

    CF_TRY(cf_pg_conn_new(session->place, &conn, err));
    if (session->owner)
        CF_TRY(take_name(conn, session->owner, err));
    CF_TRY(cf_pg_hold_schema(conn, err));
    session->conn = cf_give(conn);
    return CF_OK;
}

enum cf_rc
cf_pg_session_open(struct cf_pg_session *session, const struct cf_pg_place *place,
                   const char *owner, struct cf_err *err)
{
    session->place = place;
    pthread_mutex_init(&session->mutex, NULL);
    if (owner) {
        session->owner = strdup(owner);
        if (!session->owner)
            return cf_fail_oom(err);
    }
    return connect(session, err);
}

void
cf_pg_session_done(struct cf_pg_session *session)
{
    if (!session->place)
        return;
    session->conn = cf_pg_conn_free(session->conn);
    free(session->owner);
    pthread_mutex_destroy(&session->mutex);
    *session = (struct cf_pg_session){0};
}

static enum cf_rc
check(struct cf_pg_session *session, struct cf_err *err)
{
    if (session->conn && cf_pg_conn_is_alive(session->conn))
        return CF_OK;
    session->conn = cf_pg_conn_free(session->conn);
    enum cf_rc rc = connect(session, err);
    /* It was well when the service started: it may become so again. */
    if (rc != CF_E_CONFIG)
        return rc;
    if (err) {
        err->rc = CF_E_STORE_BUSY;
        err->fault = CF_FAULT_TRANSIENT;
    }
    return CF_E_STORE_BUSY;
}

enum cf_rc
cf_pg_session_check(struct cf_pg_session *session, struct cf_err *err)
{
    pthread_mutex_lock(&session->mutex);
    enum cf_rc rc = check(session, err);
    pthread_mutex_unlock(&session->mutex);
    return rc;
}
