/* SPDX-License-Identifier: Apache-2.0 */
/* core_items - requests into the store, through the steps, and looked at. */
#include <stdio.h>
#include <string.h>

#include "unit/core/core_kit.h"

enum { PAIRS_MAX = 64 };

char *
core_request(const struct core_kit *kit, const char *context, const char *const *pairs)
{
    const char *all[2 * PAIRS_MAX + 5];
    char name[300];
    size_t n = 0;

    snprintf(name, sizeof name, "\"%s\"", context);
    for (; pairs && pairs[n]; n++)
        all[n] = pairs[n];
    all[n++] = "requestContext";
    all[n++] = name;
    all[n++] = "recipientCertificate";
    all[n++] = kit->recipient;
    all[n] = NULL;
    return core_json_of(all);
}

void
core_receive(struct core_kit *kit, enum cf_kind kind, const char *context, const char *json)
{
    cf_own(cf_item) item = cf_item_new(kind, context);
    enum cf_reception reception;
    struct cf_err err = {0};

    item->state = CF_STATE_RECEIVED;
    item->due_ms = cf_clock_now_ms(kit->clock);
    item->lease_until_ms = item->due_ms + 600000;
    item->body = cf_buf_copy(cf_bytes_of(json, strlen(json)));
    assert_ok(kit->store->ops->receive(kit->store, &item, 1, &reception, &err), err);
}

void
core_receive_good(struct core_kit *kit, const char *context)
{
    cf_own_str json = core_request(kit, context, NULL);

    core_receive(kit, CF_KIND_PKCS, context, json);
}

char *
core_revocation(struct core_kit *kit, const char *context, const char *of_context)
{
    const struct cf_ledger_filter filter = {.context = of_context, .limit = 1};
    struct cf_ledger ledger = {0};
    struct cf_err err = {0};
    char *json = NULL;

    assert_ok(kit->store->ops->ledger(kit->store, &filter, &ledger, &err), err);
    assert_int_equal(ledger.n, 1);
    assert_true(asprintf(&json,
                         "{\"requestContext\":\"%s\",\"serialNumber\":\"%s\","
                         "\"issuerName\":null,\"caConfiguration\":\"corp\"}",
                         context, ledger.entry[0]->serial) > 0);
    cf_ledger_done(&ledger);
    return json;
}

enum cf_rc
core_run(struct core_kit *kit, enum cf_kind kind, const char *context, struct cf_err *err)
{
    struct cf_item *item = NULL;
    int64_t now = cf_clock_now_ms(kit->clock);
    struct cf_err claim_err = {0};

    assert_ok(kit->store->ops->claim_one(kit->store, kit->site->owner, kind, context, now,
                                         now + CF_CLAIM_MS, &item, &claim_err),
              claim_err);
    int64_t id = item->id;
    enum cf_lane lane = cf_machine_row(kind, item->state)->lane;
    cf_own(cf_work) work = cf_work_new(kit->site, item);
    bool handoff = true;
    enum cf_rc rc = CF_OK;

    assert_non_null(work);
    while (rc == CF_OK && handoff)
        rc = cf_work_run(work, lane, &handoff, &lane, err);
    if (rc != CF_OK)
        assert_ok(kit->store->ops->release(kit->store, kit->site->owner, &id, 1, &claim_err),
                  claim_err);
    return rc;
}

enum cf_state
core_run_ok(struct core_kit *kit, const char *context)
{
    struct cf_err err = {0};

    assert_ok(core_run(kit, CF_KIND_PKCS, context, &err), err);
    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, context);
    assert_int_equal(item->claimed_until_ms, 0);
    return item->state;
}

void
core_wait(struct core_kit *kit, const char *context)
{
    cf_own(cf_item) item = core_item(kit, CF_KIND_PKCS, context);
    int64_t now = cf_clock_now_ms(kit->clock);

    if (item->due_ms > now)
        cf_clock_fake_advance(kit->clock, item->due_ms - now);
}

struct cf_item *
core_item(struct core_kit *kit, enum cf_kind kind, const char *context)
{
    struct cf_item *item = NULL;
    struct cf_err err = {0};

    assert_ok(kit->store->ops->get(kit->store, kind, context, &item, &err), err);
    return item;
}

size_t
core_ledger(struct core_kit *kit, const char *context)
{
    const struct cf_ledger_filter filter = {.context = context, .limit = 100};
    struct cf_ledger ledger = {0};
    struct cf_err err = {0};

    assert_ok(kit->store->ops->ledger(kit->store, &filter, &ledger, &err), err);
    size_t n = ledger.n;
    cf_ledger_done(&ledger);
    return n;
}
