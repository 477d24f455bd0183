/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postgres_session - the connection that holds a store's locks: on its schema, so that it does not
 * change, and on the owner's name, so that no two daemons go by it.
 *
 * The locks go with the connection, as when the server is started anew, and are taken again before
 * anything else is written. Thread-safe.
 */
#pragma once

#include <pthread.h>

#include "postgres_conn.h"

struct cf_pg_session {
    const struct cf_pg_place *place;
    char *owner; /* NULL: none */
    pthread_mutex_t mutex;
    struct cf_pg_conn *conn; /* NULL: lost */
};

/* CF_E_STORE_BUSY while another one has this owner's name; and as cf_pg_hold_schema. */
CF_MUST_USE enum cf_rc cf_pg_session_open(struct cf_pg_session *session,
                                          const struct cf_pg_place *place, const char *owner,
                                          struct cf_err *err);
void cf_pg_session_done(struct cf_pg_session *session); /* also after a failed open */
/* The locks are held, as far as can be told. CF_E_STORE_BUSY while they cannot be had. */
CF_MUST_USE enum cf_rc cf_pg_session_check(struct cf_pg_session *session, struct cf_err *err);
