/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postgres_place - where a PostgreSQL store is, and making connections to it.
 */
#pragma once

#include <libpq-fe.h>

#include "certferry/store.h"

struct cf_pg_place {
    char name[128]; /* "HOST/DATABASE", for texts */
    PQconninfoOption *options;
    char *password_file;
    const volatile int *stop_flag;
};

enum {
    CF_PG_CONNECT_MS = 10000,
    CF_PG_STATEMENT_MS = 25000, /* the server gives up before: its statement_timeout */
    CF_PG_STOP_MS = 2000        /* what is on its way may take this once the service stops */
};

/* CF_E_CONFIG for words that libpq does not know, and for a password among them. */
CF_MUST_USE enum cf_rc cf_pg_place_init(struct cf_pg_place *place,
                                        const struct cf_store_options *options, struct cf_err *err);
void cf_pg_place_done(struct cf_pg_place *place);

/* A connection that is ready for use, in non-blocking mode. The password file is read each time.
 * CF_E_STORE_BUSY when nobody answers; CF_E_CONFIG when this can never work. */
CF_MUST_USE enum cf_rc cf_pg_connect(const struct cf_pg_place *place, PGconn **ret_pg,
                                     struct cf_err *err);

/* Waits for the socket; once the service stops only for CF_PG_STOP_MS more. CF_E_TIMEOUT. */
CF_MUST_USE enum cf_rc cf_pg_await(const struct cf_pg_place *place, PGconn *pg, short events,
                                   int64_t *until_ms, struct cf_err *err);
int64_t cf_pg_now_ms(void); /* monotonic */
