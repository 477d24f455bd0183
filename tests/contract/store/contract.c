/* SPDX-License-Identifier: Apache-2.0 */
/* contract - the fixture. */
#include "contract.h"

#include <stdlib.h>
#include <string.h>

#include "fake/fake_store.h"
#include "place.h"

int
set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);

    f->clock = cf_clock_fake_new(NOW);
    assert_non_null(f->clock);
    f->options.clock = f->clock;
    place_make(&f->options);
    assert_ok(f, STORE_OPS.open(&f->options, &f->store, &f->err));
    *state = f;
    return 0;
}

int
tear_down(void **state)
{
    struct fixture *f = *state;

    f->store->ops->close(f->store);
    (void)cf_clock_fake_free(f->clock);
    place_remove();
    free(f);
    return 0;
}

void
reopen(struct fixture *f)
{
    if (strcmp(STORE_OPS.name, "fake") == 0)
        return;
    f->store->ops->close(f->store);
    assert_ok(f, STORE_OPS.open(&f->options, &f->store, &f->err));
}

struct cf_buf *
bytes_of(const char *text)
{
    struct cf_buf *buf = cf_buf_copy(cf_bytes_of(text, strlen(text)));

    assert_non_null(buf);
    return buf;
}

void
assert_buf(const struct cf_buf *buf, const char *text)
{
    assert_non_null(buf);
    assert_int_equal(cf_buf_len(buf), strlen(text));
    assert_memory_equal(cf_buf_bytes(buf).data, text, strlen(text));
}

enum cf_reception
receive_one(struct fixture *f, enum cf_kind kind, const char *context, enum cf_state state,
            int64_t due_ms)
{
    cf_own(cf_item) item = cf_item_new(kind, context);
    enum cf_reception reception = CF_RECEPTION_NEW;

    item->state = state;
    item->due_ms = due_ms;
    item->lease_until_ms = NOW + 10 * MINUTE;
    item->body = bytes_of("{\"request\":1}");
    item->device_id = strdup("device-1");
    assert_ok(f, f->store->ops->receive(f->store, &item, 1, &reception, &f->err));
    return reception;
}

void
receive_new(struct fixture *f, const char *context)
{
    assert_int_equal(receive_one(f, CF_KIND_PKCS, context, CF_STATE_RECEIVED, NOW),
                     CF_RECEPTION_NEW);
}

struct cf_item *
claim_it(struct fixture *f, const char *owner, const char *context)
{
    struct cf_item *item = NULL;

    assert_ok(f, f->store->ops->claim_one(f->store, owner, CF_KIND_PKCS, context,
                                          cf_clock_now_ms(f->clock),
                                          cf_clock_now_ms(f->clock) + MINUTE, &item, &f->err));
    return item;
}

struct cf_item *
get_it(struct fixture *f, enum cf_kind kind, const char *context)
{
    struct cf_item *item = NULL;

    assert_ok(f, f->store->ops->get(f->store, kind, context, &item, &f->err));
    return item;
}

void
finish(struct fixture *f, enum cf_kind kind, const char *context, enum cf_state state)
{
    cf_own(cf_item) item = NULL;

    assert_ok(f, f->store->ops->claim_one(f->store, "w", kind, context, cf_clock_now_ms(f->clock),
                                          cf_clock_now_ms(f->clock) + MINUTE, &item, &f->err));
    enum cf_state from = item->state;
    item->state = state;
    (void)cf_buf_free(item->result);
    item->result = bytes_of("{\"result\":1}");
    struct cf_change change = {.item = item, .from = from, .history = "finished"};
    assert_ok(f, f->store->ops->commit(f->store, "w", &change, 1, &f->err));
}

struct cf_ledger_entry *
entry_of(const char *issuer, const char *serial, const char *context)
{
    struct cf_ledger_entry *entry = calloc(1, sizeof *entry);
    assert_non_null(entry);

    entry->issuer = strdup(issuer);
    entry->serial = strdup(serial);
    entry->context = strdup(context);
    entry->ca = strdup("corp");
    entry->template_name = strdup("Device");
    entry->device_id = strdup("device-1");
    entry->user_name = strdup("anna@example.org");
    entry->profile_id = strdup("profile-1");
    entry->subject = strdup("CN=device-1");
    entry->thumbprint = strdup("AA11");
    entry->not_before_ms = NOW;
    entry->not_after_ms = NOW + 100 * MINUTE;
    entry->issued_ms = NOW;
    entry->renewal_threshold_percent = 20;
    entry->cert = bytes_of("der");
    return entry;
}

/* Through an item of that context, as it happens in the daemon; gives the entry's id. */
int64_t
add_to_ledger(struct fixture *f, const struct cf_ledger_entry *entry, const char *context)
{
    struct cf_ledger ledger = {0};

    (void)receive_one(f, CF_KIND_PKCS, context, CF_STATE_SUBMITTED, NOW);
    cf_own(cf_item) item = claim_it(f, "w", context);
    item->state = CF_STATE_ISSUED;
    struct cf_change change = {.item = item, .from = CF_STATE_SUBMITTED, .issued = entry};
    assert_ok(f, f->store->ops->commit(f->store, "w", &change, 1, &f->err));

    struct cf_ledger_filter filter = {
        .serial = entry->serial, .issuer = entry->issuer, .limit = 10};
    assert_ok(f, f->store->ops->ledger(f->store, &filter, &ledger, &f->err));
    assert_int_equal(ledger.n, 1);
    int64_t id = ledger.entry[0]->id;
    cf_ledger_done(&ledger);
    return id;
}

struct cf_ledger
find_ledger(struct fixture *f, struct cf_ledger_filter filter)
{
    struct cf_ledger ledger = {0};

    if (filter.limit == 0)
        filter.limit = 10;
    assert_ok(f, f->store->ops->ledger(f->store, &filter, &ledger, &f->err));
    return ledger;
}

void
assert_ledger(struct fixture *f, struct cf_ledger_filter filter, const char *expected)
{
    struct cf_ledger ledger = find_ledger(f, filter);
    char found[256] = "";

    for (size_t i = 0; i < ledger.n; i++) {
        strcat(found, i ? " " : "");
        strcat(found, ledger.entry[i]->serial);
    }
    cf_ledger_done(&ledger);
    assert_string_equal(found, expected);
}
