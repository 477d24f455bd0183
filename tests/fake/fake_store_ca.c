/* SPDX-License-Identifier: Apache-2.0 */
/* fake_store_ca - the embedded CA's issued list and CRL numbers. */
#include "fake/fake_store_internal.h"

#include <stdlib.h>
#include <string.h>

static struct cf_ca_record *
copy_record(const struct cf_ca_record *record, bool with_blobs)
{
    struct cf_ca_record *copy = malloc(sizeof *copy);
    if (!copy)
        abort();

    *copy = *record;
    copy->ca = fake_copy_text(record->ca);
    copy->serial = fake_copy_text(record->serial);
    copy->request_key = fake_copy_text(record->request_key);
    copy->template_name = fake_copy_text(record->template_name);
    copy->subject = fake_copy_text(record->subject);
    copy->csr = with_blobs ? fake_copy_buf(record->csr) : NULL;
    copy->cert = with_blobs ? fake_copy_buf(record->cert) : NULL;
    return copy;
}

/* By serial or by request_key, the other NULL. */
static struct cf_ca_record *
find(const struct fake_store *fake, const char *ca, const char *serial, const char *request_key)
{
    for (size_t i = 0; i < fake->n_records; i++) {
        struct cf_ca_record *record = fake->record[i];
        if (strcmp(record->ca, ca) == 0 && (!serial || strcmp(record->serial, serial) == 0) &&
            (!request_key || strcmp(record->request_key, request_key) == 0))
            return record;
    }
    return NULL;
}

enum cf_rc
fake_ca_add(struct cf_store *store, const struct cf_ca_record *record,
            struct cf_ca_record **ret_existing, struct cf_err *err)
{
    struct fake_store *fake = NULL;

    if (!record->ca || !record->serial || !record->request_key)
        return cf_fail(err, CF_E_BUG, "CA record without CA, serial number or request key");
    CF_TRY(fake_enter(store, "ca_add", &fake, err));
    const struct cf_ca_record *known = find(fake, record->ca, NULL, record->request_key);
    if (!known && find(fake, record->ca, record->serial, NULL))
        return fake_leave(fake, cf_fail(err, CF_E_CONFLICT, "serial %s is taken", record->serial));
    if (!known)
        *FAKE_ADD(fake->record, fake->n_records) = copy_record(record, true);
    *ret_existing = known ? copy_record(known, true) : NULL;
    return fake_leave(fake, CF_OK);
}

enum cf_rc
fake_ca_get(struct cf_store *store, const char *ca, const char *serial, const char *request_key,
            struct cf_ca_record **ret_record, struct cf_err *err)
{
    struct fake_store *fake = NULL;

    CF_TRY(fake_enter(store, "ca_get", &fake, err));
    const struct cf_ca_record *record = find(fake, ca, serial, serial ? NULL : request_key);
    if (!record)
        return fake_leave(fake, cf_fail(err, CF_E_NOT_FOUND, "CA '%s' has no such record", ca));
    *ret_record = copy_record(record, true);
    return fake_leave(fake, CF_OK);
}

enum cf_rc
fake_ca_update(struct cf_store *store, const struct cf_ca_record *record, enum cf_ca_status from,
               struct cf_err *err)
{
    struct fake_store *fake = NULL;

    CF_TRY(fake_enter(store, "ca_update", &fake, err));
    struct cf_ca_record *known = find(fake, record->ca, record->serial, NULL);
    if (!known)
        return fake_leave(fake, cf_fail(err, CF_E_NOT_FOUND, "no serial %s", record->serial));
    if (known->status != from)
        return fake_leave(fake, cf_fail(err, CF_E_CONFLICT, "%s was changed", record->serial));
    known->status = record->status;
    known->not_after_ms = record->not_after_ms;
    known->revoked_ms = record->revoked_ms;
    known->revocation_reason = record->revocation_reason;
    if (record->cert) {
        (void)cf_buf_free(known->cert);
        known->cert = fake_copy_buf(record->cert);
    }
    return fake_leave(fake, CF_OK);
}

static int
by_serial(const void *a, const void *b)
{
    const struct cf_ca_record *const *x = (const struct cf_ca_record *const *)a;
    const struct cf_ca_record *const *y = (const struct cf_ca_record *const *)b;

    return strcmp((*x)->serial, (*y)->serial);
}

enum cf_rc
fake_ca_each(struct cf_store *store, const char *ca, enum cf_ca_status status, cf_ca_record_fn *fn,
             void *arg, struct cf_err *err)
{
    struct fake_store *fake = NULL;
    struct cf_ca_record **found = NULL;
    size_t n = 0;
    enum cf_rc rc = CF_OK;

    CF_TRY(fake_enter(store, "ca_each", &fake, err));
    for (size_t i = 0; i < fake->n_records; i++) {
        if (fake->record[i]->status == status && strcmp(fake->record[i]->ca, ca) == 0)
            *FAKE_ADD(found, n) = copy_record(fake->record[i], false);
    }
    (void)fake_leave(fake, CF_OK);
    if (n > 0)
        qsort(found, n, sizeof *found, by_serial);
    for (size_t i = 0; i < n; i++) {
        if (rc == CF_OK)
            rc = fn(arg, found[i], err);
        (void)cf_ca_record_free(found[i]);
    }
    free(found);
    return rc;
}

enum cf_rc
fake_ca_crl_number(struct cf_store *store, const char *ca, uint64_t *ret_number, struct cf_err *err)
{
    struct fake_store *fake = NULL;

    CF_TRY(fake_enter(store, "ca_crl_number", &fake, err));
    for (size_t i = 0; i < fake->n_numbers; i++) {
        if (strcmp(fake->number[i].ca, ca) == 0) {
            *ret_number = ++fake->number[i].number;
            return fake_leave(fake, CF_OK);
        }
    }
    struct fake_number *number = FAKE_ADD(fake->number, fake->n_numbers);
    number->ca = fake_copy_text(ca);
    *ret_number = number->number = 1;
    return fake_leave(fake, CF_OK);
}
