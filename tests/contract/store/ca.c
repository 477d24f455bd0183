/* SPDX-License-Identifier: Apache-2.0 */
/* ca - the embedded CA's issued list: unique serials, one record per request. */
#include "contract.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct cf_ca_record *
record_of(const char *ca, const char *serial, const char *key)
{
    struct cf_ca_record *record = calloc(1, sizeof *record);
    assert_non_null(record);

    record->ca = strdup(ca);
    record->serial = strdup(serial);
    record->request_key = strdup(key);
    record->status = CF_CA_PENDING;
    record->template_name = strdup("Device");
    record->subject = strdup("CN=x");
    record->csr = bytes_of("csr");
    record->requested_ms = NOW;
    record->validity_ms = 5000;
    return record;
}

static void
add(struct fixture *f, const char *ca, const char *serial, const char *key)
{
    cf_own(cf_ca_record) record = record_of(ca, serial, key);
    struct cf_ca_record *existing = record;

    assert_ok(f, f->store->ops->ca_add(f->store, record, &existing, &f->err));
    assert_null(existing);
}

static struct cf_ca_record *
get(struct fixture *f, const char *ca, const char *serial, const char *key)
{
    struct cf_ca_record *record = NULL;

    assert_ok(f, f->store->ops->ca_get(f->store, ca, serial, key, &record, &f->err));
    return record;
}

static void
keeps_a_record_and_finds_it_by_serial_and_by_key(void **state)
{
    struct fixture *f = *state;
    struct cf_ca_record *none = NULL;

    add(f, "corp", "0A", "key-1");
    reopen(f);
    cf_own(cf_ca_record) record = get(f, "corp", "0A", NULL);
    assert_string_equal(record->request_key, "key-1");
    assert_string_equal(record->template_name, "Device");
    assert_string_equal(record->subject, "CN=x");
    assert_int_equal(record->status, CF_CA_PENDING);
    assert_int_equal(record->requested_ms, NOW);
    assert_int_equal(record->validity_ms, 5000);
    assert_buf(record->csr, "csr");
    assert_null(record->cert);
    cf_own(cf_ca_record) same = get(f, "corp", NULL, "key-1");
    assert_string_equal(same->serial, "0A");

    assert_int_equal(f->store->ops->ca_get(f->store, "other", "0A", NULL, &none, &f->err),
                     CF_E_NOT_FOUND);
    assert_int_equal(f->store->ops->ca_get(f->store, "corp", NULL, "0A", &none, &f->err),
                     CF_E_NOT_FOUND);
    assert_null(none);
}

static void
never_gives_a_serial_twice(void **state)
{
    struct fixture *f = *state;
    cf_own(cf_ca_record) record = record_of("corp", "0A", "key-2");
    struct cf_ca_record *existing = NULL;

    add(f, "corp", "0A", "key-1");
    add(f, "other", "0A", "key-1");
    assert_int_equal(f->store->ops->ca_add(f->store, record, &existing, &f->err), CF_E_CONFLICT);
    assert_null(existing);
}

static void
answers_a_repeated_request_with_the_old_record(void **state)
{
    struct fixture *f = *state;
    cf_own(cf_ca_record) again = record_of("corp", "0B", "key-1");
    cf_own(cf_ca_record) existing = NULL;
    struct cf_ca_record *none = NULL;

    add(f, "corp", "0A", "key-1");
    assert_ok(f, f->store->ops->ca_add(f->store, again, &existing, &f->err));
    assert_non_null(existing);
    assert_string_equal(existing->serial, "0A");
    assert_buf(existing->csr, "csr");
    assert_int_equal(f->store->ops->ca_get(f->store, "corp", "0B", NULL, &none, &f->err),
                     CF_E_NOT_FOUND);
}

static void
changes_a_record_only_from_the_status_expected(void **state)
{
    struct fixture *f = *state;
    cf_own(cf_ca_record) record = record_of("corp", "0A", "key-1");

    add(f, "corp", "0A", "key-1");
    record->status = CF_CA_ISSUED;
    record->cert = bytes_of("cert");
    record->not_after_ms = NOW + 9;
    assert_ok(f, f->store->ops->ca_update(f->store, record, CF_CA_PENDING, &f->err));
    assert_int_equal(f->store->ops->ca_update(f->store, record, CF_CA_PENDING, &f->err),
                     CF_E_CONFLICT);
    /* Without a certificate, as ca_each gives it: the one that is there stays. */
    record->cert = cf_buf_free(record->cert);
    record->status = CF_CA_REVOKED;
    record->revoked_ms = NOW + 4;
    record->revocation_reason = 1;
    assert_ok(f, f->store->ops->ca_update(f->store, record, CF_CA_ISSUED, &f->err));

    cf_own(cf_ca_record) now = get(f, "corp", "0A", NULL);
    assert_int_equal(now->status, CF_CA_REVOKED);
    assert_int_equal(now->not_after_ms, NOW + 9);
    assert_int_equal(now->revoked_ms, NOW + 4);
    assert_int_equal(now->revocation_reason, 1);
    assert_buf(now->cert, "cert");
    free(record->serial);
    record->serial = strdup("0B");
    assert_int_equal(f->store->ops->ca_update(f->store, record, CF_CA_ISSUED, &f->err),
                     CF_E_NOT_FOUND);
}

struct walk {
    struct fixture *f;
    char last[16];
    size_t n;
    size_t stop_at;
};

/* Uses the store within the walk, which must not block. */
static enum cf_rc
visit(void *arg, const struct cf_ca_record *record, struct cf_err *err)
{
    struct walk *walk = arg;

    assert_true(strcmp(record->serial, walk->last) > 0);
    (void)snprintf(walk->last, sizeof walk->last, "%s", record->serial);
    assert_null(record->csr);
    assert_null(record->cert);
    cf_own(cf_ca_record) whole = get(walk->f, "corp", record->serial, NULL);
    assert_buf(whole->csr, "csr");
    return ++walk->n == walk->stop_at ? cf_fail(err, CF_E_STOPPED, "enough") : CF_OK;
}

static void
walks_all_records_of_a_status_by_serial(void **state)
{
    struct fixture *f = *state;
    struct walk walk = {.f = f};
    struct walk stopped = {.f = f, .stop_at = 3};

    for (unsigned i = 0; i < 300; i++) { /* more than a page, in no order */
        char serial[16];
        char key[16];
        (void)snprintf(serial, sizeof serial, "%04X", i * 7919 % 65521);
        (void)snprintf(key, sizeof key, "k%u", i);
        add(f, "corp", serial, key);
    }
    add(f, "other", "01", "k");
    assert_ok(f, f->store->ops->ca_each(f->store, "corp", CF_CA_PENDING, visit, &walk, &f->err));
    assert_int_equal(walk.n, 300);
    assert_int_equal(
        f->store->ops->ca_each(f->store, "corp", CF_CA_PENDING, visit, &stopped, &f->err),
        CF_E_STOPPED);
    assert_int_equal(stopped.n, 3);
    walk.n = 0;
    assert_ok(f, f->store->ops->ca_each(f->store, "corp", CF_CA_REVOKED, visit, &walk, &f->err));
    assert_int_equal(walk.n, 0);
}

static void
never_gives_a_crl_number_twice(void **state)
{
    struct fixture *f = *state;
    uint64_t number = 0;

    for (uint64_t i = 1; i <= 3; i++) {
        assert_ok(f, f->store->ops->ca_crl_number(f->store, "corp", &number, &f->err));
        assert_int_equal(number, i);
        reopen(f);
    }
    assert_ok(f, f->store->ops->ca_crl_number(f->store, "other", &number, &f->err));
    assert_int_equal(number, 1);
}

int
run_ca(void)
{
    const struct CMUnitTest tests[] = {
        CONTRACT_TEST(keeps_a_record_and_finds_it_by_serial_and_by_key),
        CONTRACT_TEST(never_gives_a_serial_twice),
        CONTRACT_TEST(answers_a_repeated_request_with_the_old_record),
        CONTRACT_TEST(changes_a_record_only_from_the_status_expected),
        CONTRACT_TEST(walks_all_records_of_a_status_by_serial),
        CONTRACT_TEST(never_gives_a_crl_number_twice),
    };
    return cmocka_run_group_tests_name("ca", tests, NULL, NULL);
}
