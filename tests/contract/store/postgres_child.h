/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postgres_child - a PostgreSQL server of the tests' own, on a socket in a directory of its own.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

void
postgres_prepare(void);     /* makes the cluster; the superuser is "postgres", without a password */
void postgres_start(void);  /* returns when it answers */
void postgres_kill(void);   /* SIGKILL, as when the machine fails */
void postgres_stop(void);   /* in good order, ending its clients */
void postgres_clean(void);  /* kills it, removes everything */
void postgres_freeze(void); /* SIGSTOP of the server and all it has started */
void postgres_thaw(void);

const char *postgres_directory(void); /* of the socket */
int postgres_port(void);
void postgres_connection(char *text, size_t size, const char *schema);
/* Through psql, behind the store's back; must succeed. */
void postgres_run(const char *sql);
/* The first value that comes back. */
void postgres_ask(const char *sql, char *value, size_t size);
void postgres_make_schema(const char *schema);
/* With TLS on 127.0.0.1, too, by a certificate of its own for "localhost", which is
 * DIRECTORY/server.pem. To be called before the server starts. */
void postgres_listen(void);
/* Lines before all others of pg_hba.conf; read when the server starts. */
void postgres_allow(const char *lines);
