/* SPDX-License-Identifier: Apache-2.0 */
/* op_ca - the embedded CA's issued list and CRL numbers. */
#include <stdlib.h>
#include <string.h>

#include "op.h"

enum { PAGE = 256 };

static enum cf_rc
get_record(struct cf_query *q, struct cf_ca_record **ret_record, struct cf_err *err)
{
    cf_own(cf_ca_record) record = calloc(1, sizeof *record);
    if (!record)
        return cf_fail_oom(err);

    record->ca = cf_query_get_text(q);
    record->serial = cf_query_get_text(q);
    record->request_key = cf_query_get_text(q);
    record->status = (enum cf_ca_status)cf_query_get_enum(q, CF_CA_REVOKED + 1);
    record->template_name = cf_query_get_text(q);
    record->subject = cf_query_get_text(q);
    record->requested_ms = cf_query_get_i64(q);
    record->validity_ms = (uint64_t)cf_query_get_i64(q);
    record->not_after_ms = cf_query_get_i64(q);
    record->revoked_ms = cf_query_get_i64(q);
    record->revocation_reason = (int)cf_query_get_i64(q);
    record->csr = cf_query_get_buf(q);
    record->cert = cf_query_get_buf(q);
    CF_TRY(cf_query_ok(q, err));

    *ret_record = cf_give(record);
    return CF_OK;
}

/* *ret_record is left alone when there is none. */
static enum cf_rc
find(struct cf_conn *conn, enum cf_sql sql, const char *ca, const char *key,
     struct cf_ca_record **ret_record, struct cf_err *err)
{
    cf_own_query q = {0};
    bool has_row = false;

    CF_TRY(cf_query_init(&q, conn, sql, err));
    cf_query_put_text(&q, ca);
    cf_query_put_text(&q, key);
    CF_TRY(cf_query_step(&q, &has_row, err));
    return has_row ? get_record(&q, ret_record, err) : CF_OK;
}

struct one {
    const struct cf_ca_record *record; /* add, update */
    enum cf_ca_status from;            /* update */
    enum cf_sql sql;                   /* get */
    const char *ca;
    const char *key;
    struct cf_ca_record *found;
};

static enum cf_rc
add(struct cf_conn *conn, void *arg, struct cf_err *err)
{
    struct one *call = (struct one *)arg;
    const struct cf_ca_record *record = call->record;

    call->found = cf_ca_record_free(call->found);
    CF_TRY(
        find(conn, CF_SQL_CA_BY_REQUEST_KEY, record->ca, record->request_key, &call->found, err));
    if (call->found)
        return CF_OK;

    cf_own_query q = {0};
    bool is_taken = false;
    CF_TRY(cf_query_init(&q, conn, CF_SQL_CA_INSERT, err));
    cf_query_put_text(&q, record->ca);
    cf_query_put_text(&q, record->serial);
    cf_query_put_text(&q, record->request_key);
    cf_query_put_i64(&q, record->status);
    cf_query_put_text(&q, record->template_name);
    cf_query_put_text(&q, record->subject);
    cf_query_put_buf(&q, record->csr);
    cf_query_put_buf(&q, record->cert);
    cf_query_put_i64(&q, record->requested_ms);
    cf_query_put_i64(&q, (int64_t)record->validity_ms);
    cf_query_put_i64(&q, record->not_after_ms);
    cf_query_put_i64(&q, record->revoked_ms);
    cf_query_put_i64(&q, record->revocation_reason);
    CF_TRY(cf_query_insert(&q, &is_taken, err));
    if (!is_taken)
        return CF_OK;
    /* Another node may have entered the same request since. */
    CF_TRY(
        find(conn, CF_SQL_CA_BY_REQUEST_KEY, record->ca, record->request_key, &call->found, err));
    if (call->found)
        return CF_OK;
    return cf_fail(err, CF_E_CONFLICT, "CA '%s': serial number %s is taken", record->ca,
                   record->serial);
}

enum cf_rc
cf_op_ca_add(struct cf_store *store, const struct cf_ca_record *record,
             struct cf_ca_record **ret_existing, struct cf_err *err)
{
    struct one call = {.record = record};

    if (!record->ca || !record->serial || !record->request_key)
        return cf_fail(err, CF_E_BUG, "CA record without CA, serial number or request key");
    enum cf_rc rc = cf_op_write(store, add, &call, err);
    if (rc == CF_OK)
        *ret_existing = call.found;
    else
        (void)cf_ca_record_free(call.found);
    return rc;
}

static enum cf_rc
get(struct cf_conn *conn, void *arg, struct cf_err *err)
{
    struct one *call = (struct one *)arg;

    return find(conn, call->sql, call->ca, call->key, &call->found, err);
}

enum cf_rc
cf_op_ca_get(struct cf_store *store, const char *ca, const char *serial, const char *request_key,
             struct cf_ca_record **ret_record, struct cf_err *err)
{
    struct one call = {.sql = serial ? CF_SQL_CA_BY_SERIAL : CF_SQL_CA_BY_REQUEST_KEY,
                       .ca = ca,
                       .key = serial ? serial : request_key};

    CF_TRY(cf_op_read(store, get, &call, err));
    if (!call.found)
        return cf_fail(err, CF_E_NOT_FOUND, "CA '%s' has no %s '%s'", ca,
                       serial ? "certificate with serial number" : "request with key", call.key);
    *ret_record = call.found;
    return CF_OK;
}

static enum cf_rc
update(struct cf_conn *conn, void *arg, struct cf_err *err)
{
    struct one *call = (struct one *)arg;
    const struct cf_ca_record *record = call->record;
    cf_own(cf_ca_record) found = NULL;
    cf_own_query q = {0};

    CF_TRY(cf_query_init(&q, conn, CF_SQL_CA_UPDATE, err));
    cf_query_put_i64(&q, record->status);
    cf_query_put_buf(&q, record->cert);
    cf_query_put_i64(&q, record->not_after_ms);
    cf_query_put_i64(&q, record->revoked_ms);
    cf_query_put_i64(&q, record->revocation_reason);
    cf_query_put_text(&q, record->ca);
    cf_query_put_text(&q, record->serial);
    cf_query_put_i64(&q, call->from);
    CF_TRY(cf_query_run(&q, err));
    if (cf_query_changes(&q) > 0)
        return CF_OK;

    CF_TRY(find(conn, CF_SQL_CA_BY_SERIAL, record->ca, record->serial, &found, err));
    if (!found)
        return cf_fail(err, CF_E_NOT_FOUND, "CA '%s' has no certificate with serial number '%s'",
                       record->ca, record->serial);
    return cf_fail(err, CF_E_CONFLICT, "CA '%s': the status of %s was changed by somebody else",
                   record->ca, record->serial);
}

enum cf_rc
cf_op_ca_update(struct cf_store *store, const struct cf_ca_record *record, enum cf_ca_status from,
                struct cf_err *err)
{
    struct one call = {.record = record, .from = from};

    return cf_op_write(store, update, &call, err);
}

struct page {
    const char *ca;
    enum cf_ca_status status;
    const char *after;
    struct cf_ca_record *record[PAGE];
    size_t n;
};

static enum cf_rc
get_page(struct cf_conn *conn, void *arg, struct cf_err *err)
{
    struct page *page = (struct page *)arg;
    cf_own_query q = {0};

    CF_TRY(cf_query_init(&q, conn, CF_SQL_CA_PAGE, err));
    cf_query_put_text(&q, page->ca);
    cf_query_put_i64(&q, page->status);
    cf_query_put_text(&q, page->after);
    cf_query_put_i64(&q, PAGE);
    while (page->n < PAGE) {
        bool has_row = false;

        CF_TRY(cf_query_step(&q, &has_row, err));
        if (!has_row)
            break;
        CF_TRY(get_record(&q, &page->record[page->n], err));
        page->n++;
    }
    return CF_OK;
}

static void
page_done(struct page *page)
{
    for (size_t i = 0; i < page->n; i++)
        (void)cf_ca_record_free(page->record[i]);
    page->n = 0;
}

/* Page by page, so that fn runs without a lock and may use the store. */
enum cf_rc
cf_op_ca_each(struct cf_store *store, const char *ca, enum cf_ca_status status, cf_ca_record_fn *fn,
              void *arg, struct cf_err *err)
{
    cf_own_str after = strdup("");
    size_t n = 0;

    do {
        struct page page = {.ca = ca, .status = status, .after = after};

        if (!after)
            return cf_fail_oom(err);
        enum cf_rc rc = cf_op_read(store, get_page, &page, err);
        n = page.n;
        for (size_t i = 0; rc == CF_OK && i < n; i++)
            rc = fn(arg, page.record[i], err);
        if (rc == CF_OK && n > 0) {
            free(after);
            after = cf_give(page.record[n - 1]->serial);
        }
        page_done(&page);
        CF_TRY(rc);
    } while (n == PAGE);
    return CF_OK;
}

struct number {
    const char *ca;
    int64_t number;
};

static enum cf_rc
next_number(struct cf_conn *conn, void *arg, struct cf_err *err)
{
    struct number *call = (struct number *)arg;
    cf_own_query q = {0};
    bool has_row = false;

    CF_TRY(cf_query_init(&q, conn, CF_SQL_CA_CRL_NUMBER, err));
    cf_query_put_text(&q, call->ca);
    CF_TRY(cf_query_step(&q, &has_row, err));
    if (!has_row)
        return cf_fail(err, CF_E_BUG, "store: no CRL number came back");
    call->number = cf_query_get_i64(&q);
    return CF_OK;
}

enum cf_rc
cf_op_ca_crl_number(struct cf_store *store, const char *ca, uint64_t *ret_number,
                    struct cf_err *err)
{
    struct number call = {ca, 0};

    CF_TRY(cf_op_write(store, next_number, &call, err));
    *ret_number = (uint64_t)call.number;
    return CF_OK;
}
