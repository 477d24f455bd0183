/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postgres_error - what libpq's and the server's errors mean for the store.
 */
#pragma once

#include "postgres_place.h"

enum cf_pg_effect {
    CF_PG_PLAIN, /* the transaction is lost, the connection is good */
    CF_PG_AGAIN, /* undone for the sake of another transaction: the same may be run again */
    CF_PG_LOST   /* the connection is of no use any more */
};

/* A connection that could not be made. */
enum cf_rc cf_pg_fail_connect(const struct cf_pg_place *place, const PGconn *pg,
                              struct cf_err *err);
/* A statement's error; `what` says what was being done. */
enum cf_rc cf_pg_fail_result(const struct cf_pg_place *place, const PGresult *result,
                             const char *what, enum cf_pg_effect *ret_effect, struct cf_err *err);
/* The connection broke. */
enum cf_rc cf_pg_fail_lost(const struct cf_pg_place *place, const PGconn *pg, const char *what,
                           struct cf_err *err);
