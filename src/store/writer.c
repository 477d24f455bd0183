/* SPDX-License-Identifier: Apache-2.0 */
#include "writer.h"

#include <errno.h>

struct cf_write {
    struct cf_write *next;
    cf_write_fn *fn;
    void *arg;
    struct cf_err *err;
    enum cf_rc rc;
    bool is_done;
};

void
cf_writer_init(struct cf_writer *writer)
{
    pthread_mutex_init(&writer->mutex, NULL);
    pthread_cond_init(&writer->changed, NULL);
    writer->last = &writer->first;
}

void
cf_writer_done(struct cf_writer *writer)
{
    cf_sqlite_conn_done(&writer->conn);
    pthread_cond_destroy(&writer->changed);
    pthread_mutex_destroy(&writer->mutex);
}

static enum cf_rc
run(struct cf_sqlite_conn *conn, enum cf_sql sql, struct cf_err *err)
{
    cf_own_query q = {0};

    CF_TRY(cf_query_init(&q, &conn->conn, sql, err));
    return cf_query_run(&q, err);
}

/* Fails only when the whole transaction is lost; the operation's own result goes to write->rc. */
static enum cf_rc
run_one(struct cf_sqlite_conn *conn, struct cf_write *write, struct cf_err *err)
{
    CF_TRY(run(conn, CF_SQL_SAVEPOINT, err));
    struct cf_err own = {0};
    write->rc = write->fn(&conn->conn, write->arg, &own);
    if (write->rc != CF_OK) {
        if (write->err)
            *write->err = own;
        /* A full disk, for one, makes SQLite roll back everything by itself. */
        if (sqlite3_get_autocommit(conn->db)) {
            *err = own;
            return write->rc;
        }
        CF_TRY(run(conn, CF_SQL_SAVEPOINT_UNDO, err));
    }
    return run(conn, CF_SQL_SAVEPOINT_END, err);
}

static enum cf_rc
run_all(struct cf_sqlite_conn *conn, struct cf_write *group, struct cf_err *err)
{
    CF_TRY(run(conn, CF_SQL_BEGIN, err));
    /* After BEGIN, which is where a log that is missing from the start is made. */
    CF_TRY(cf_sqlite_conn_check_place(conn, err));
    for (struct cf_write *write = group; write; write = write->next)
        CF_TRY(run_one(conn, write, err));
    return run(conn, CF_SQL_COMMIT, err);
}

static void
commit_group(struct cf_sqlite_conn *conn, struct cf_write *group)
{
    struct cf_err err = {0};
    enum cf_rc rc = run_all(conn, group, &err);

    if (rc == CF_OK)
        return;
    if (!sqlite3_get_autocommit(conn->db))
        (void)run(conn, CF_SQL_ROLLBACK, NULL);
    for (struct cf_write *write = group; write; write = write->next) {
        write->rc = rc;
        if (write->err)
            *write->err = err;
    }
}

/* Called and left with the mutex held. */
static void
lead(struct cf_writer *writer)
{
    struct cf_write *group = writer->first;

    writer->first = NULL;
    writer->last = &writer->first;
    writer->is_led = true;
    pthread_mutex_unlock(&writer->mutex);

    commit_group(&writer->conn, group);

    pthread_mutex_lock(&writer->mutex);
    writer->is_led = false;
    writer->n_commits++;
    while (group) {
        /* Read before is_done: the operation lives on its caller's stack. */
        struct cf_write *next = group->next;
        group->is_done = true;
        writer->n_operations++;
        group = next;
    }
    pthread_cond_broadcast(&writer->changed);
}

enum cf_rc
cf_writer_run(struct cf_writer *writer, cf_write_fn *fn, void *arg, struct cf_err *err)
{
    struct cf_write write = {.fn = fn, .arg = arg, .err = err, .rc = CF_E_BUG};

    pthread_mutex_lock(&writer->mutex);
    *writer->last = &write;
    writer->last = &write.next;
    while (!write.is_done) {
        if (writer->is_led)
            pthread_cond_wait(&writer->changed, &writer->mutex);
        else
            lead(writer);
    }
    pthread_mutex_unlock(&writer->mutex);
    return write.rc;
}

enum cf_rc
cf_writer_empty_log(struct cf_writer *writer, struct cf_err *err)
{
    struct cf_sqlite_conn *conn = &writer->conn;

    pthread_mutex_lock(&writer->mutex);
    while (writer->is_led)
        pthread_cond_wait(&writer->changed, &writer->mutex);
    writer->is_led = true;
    pthread_mutex_unlock(&writer->mutex);

    errno = 0;
    conn->never_waits = true;
    int code = sqlite3_wal_checkpoint_v2(conn->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    conn->never_waits = false;

    pthread_mutex_lock(&writer->mutex);
    writer->is_led = false;
    pthread_cond_broadcast(&writer->changed);
    pthread_mutex_unlock(&writer->mutex);

    bool is_later = (code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED;
    return code == SQLITE_OK || is_later ? CF_OK
                                         : cf_sqlite_conn_fail(conn, code, "emptying its log", err);
}
