/* SPDX-License-Identifier: Apache-2.0 */
#include "fake/fake_ca_store.h"

#include <stdlib.h>
#include <string.h>

enum { RECORDS_MAX = 256 };

static char *
copy_text(const char *text)
{
    return text ? strdup(text) : NULL;
}

static struct cf_buf *
copy_bytes(const struct cf_buf *bytes)
{
    return bytes ? cf_buf_copy(cf_buf_bytes(bytes)) : NULL;
}

static struct cf_ca_record *
copy_record(const struct cf_ca_record *from, bool with_blobs)
{
    struct cf_ca_record *to = calloc(1, sizeof *to);

    if (!to)
        abort();
    *to = *from;
    to->ca = copy_text(from->ca);
    to->serial = copy_text(from->serial);
    to->request_key = copy_text(from->request_key);
    to->template_name = copy_text(from->template_name);
    to->subject = copy_text(from->subject);
    to->csr = with_blobs ? copy_bytes(from->csr) : NULL;
    to->cert = with_blobs ? copy_bytes(from->cert) : NULL;
    return to;
}

static struct cf_ca_record *
find(struct fake_ca_store *store, const char *ca, const char *serial, const char *request_key)
{
    for (size_t i = 0; i < store->n; i++) {
        struct cf_ca_record *record = store->record[i];
        if (strcmp(record->ca, ca) == 0 && (!serial || strcmp(record->serial, serial) == 0) &&
            (!request_key || strcmp(record->request_key, request_key) == 0))
            return record;
    }
    return NULL;
}

static enum cf_rc
ca_add(struct cf_store *base, const struct cf_ca_record *record, struct cf_ca_record **ret_existing,
       struct cf_err *err)
{
    struct fake_ca_store *store = (struct fake_ca_store *)base;
    struct cf_ca_record *existing = find(store, record->ca, NULL, record->request_key);

    store->n_adds++;
    if (existing) {
        *ret_existing = copy_record(existing, true);
        return CF_OK;
    }
    if (store->add_conflicts > 0) {
        store->add_conflicts--;
        return cf_fail(err, CF_E_CONFLICT, "serial taken");
    }
    if (find(store, record->ca, record->serial, NULL) || store->n == RECORDS_MAX)
        return cf_fail(err, CF_E_CONFLICT, "serial taken");
    store->record[store->n++] = copy_record(record, true);
    if (store->fail_after_add != CF_OK) {
        enum cf_rc rc = store->fail_after_add;
        store->fail_after_add = CF_OK;
        return cf_fail(err, rc, "the answer was lost");
    }
    return CF_OK;
}

static enum cf_rc
ca_get(struct cf_store *base, const char *ca, const char *serial, const char *request_key,
       struct cf_ca_record **ret_record, struct cf_err *err)
{
    struct cf_ca_record *record = find((struct fake_ca_store *)base, ca, serial, request_key);

    if (!record)
        return cf_fail(err, CF_E_NOT_FOUND, "no such record");
    *ret_record = copy_record(record, true);
    return CF_OK;
}

static enum cf_rc
ca_update(struct cf_store *base, const struct cf_ca_record *record, enum cf_ca_status from,
          struct cf_err *err)
{
    struct fake_ca_store *store = (struct fake_ca_store *)base;
    struct cf_ca_record *kept = find(store, record->ca, record->serial, NULL);

    if (store->fail_update != CF_OK)
        return cf_fail(err, store->fail_update, "update refused");
    if (!kept || kept->status != from)
        return cf_fail(err, CF_E_CONFLICT, "status changed");
    kept->status = record->status;
    cf_buf_free(kept->cert);
    kept->cert = copy_bytes(record->cert);
    kept->not_after_ms = record->not_after_ms;
    kept->revoked_ms = record->revoked_ms;
    kept->revocation_reason = record->revocation_reason;
    return CF_OK;
}

static enum cf_rc
ca_each(struct cf_store *base, const char *ca, enum cf_ca_status status, cf_ca_record_fn *fn,
        void *arg, struct cf_err *err)
{
    struct fake_ca_store *store = (struct fake_ca_store *)base;

    for (size_t i = 0; i < store->n; i++) {
        if (strcmp(store->record[i]->ca, ca) != 0 || store->record[i]->status != status)
            continue;
        cf_own(cf_ca_record) record = copy_record(store->record[i], false);
        CF_TRY(fn(arg, record, err));
    }
    return CF_OK;
}

static enum cf_rc
ca_crl_number(struct cf_store *base, const char *ca, uint64_t *ret_number, struct cf_err *err)
{
    struct fake_ca_store *store = (struct fake_ca_store *)base;

    (void)ca;
    if (store->fail_crl_number != CF_OK)
        return cf_fail(err, store->fail_crl_number, "number refused");
    *ret_number = ++store->crl_number;
    return CF_OK;
}

static const struct cf_store_ops OPS = {
    .name = "fake_ca_store",
    .abi = CF_STORE_ABI,
    .ca_add = ca_add,
    .ca_get = ca_get,
    .ca_update = ca_update,
    .ca_each = ca_each,
    .ca_crl_number = ca_crl_number,
};

struct fake_ca_store *
fake_ca_store_new(void)
{
    struct fake_ca_store *store = calloc(1, sizeof *store);

    if (!store)
        abort();
    store->base.ops = &OPS;
    store->record = calloc(RECORDS_MAX, sizeof(struct cf_ca_record *));
    if (!store->record)
        abort();
    return store;
}

struct fake_ca_store *
fake_ca_store_free(struct fake_ca_store *store)
{
    if (!store)
        return NULL;
    for (size_t i = 0; i < store->n; i++)
        cf_ca_record_free(store->record[i]);
    free(store->record);
    free(store);
    return NULL;
}

struct cf_ca_record *
fake_ca_store_find(struct fake_ca_store *store, const char *serial)
{
    for (size_t i = 0; i < store->n; i++) {
        if (strcmp(store->record[i]->serial, serial) == 0)
            return store->record[i];
    }
    return NULL;
}
