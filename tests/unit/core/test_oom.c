/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lets the n-th allocation fail, for every n: no crash, no leak, and no request is lost. Reached
 * are the allocations of our own code; the fakes are left alone, and so is OpenSSL, which is why
 * cf_pki_init, which gives it our allocator, is not called.
 */
#include "unit/core/scep_kit.h"

#include <stdio.h>
#include <string.h>

#include "core/result.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
char *__wrap_strdup(const char *text);

enum { NEVER = -1, SWEEP_MAX = 3000 };
static int until_failure = NEVER;
static int paused;

static bool
fails_now(void)
{
    return !paused && until_failure != NEVER && until_failure-- == 0;
}

void *
__wrap_malloc(size_t size)
{
    return fails_now() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t n, size_t size)
{
    return fails_now() ? NULL : __real_calloc(n, size);
}

void *
__wrap_realloc(void *p, size_t size)
{
    return fails_now() ? NULL : __real_realloc(p, size);
}

char *
__wrap_strdup(const char *text)
{
    return fails_now() ? NULL : __real_strdup(text);
}

/* The fake store aborts when it runs out of memory. */
#define PAUSED(call)                                                                               \
    do {                                                                                           \
        paused++;                                                                                  \
        enum cf_rc paused_rc_ = cf_store_fake.call;                                                \
        paused--;                                                                                  \
        return paused_rc_;                                                                         \
    } while (0)

static enum cf_rc
paused_commit(struct cf_store *store, const char *owner, const struct cf_change *changes, size_t n,
              struct cf_err *err)
{
    PAUSED(commit(store, owner, changes, n, err));
}

static enum cf_rc
paused_ledger(struct cf_store *store, const struct cf_ledger_filter *filter,
              struct cf_ledger *ret_ledger, struct cf_err *err)
{
    PAUSED(ledger(store, filter, ret_ledger, err));
}

/* The CA of the kit is a fake, too. */
static const struct cf_ca_ops *inner;

static enum cf_rc
paused_submit(struct cf_ca *ca, const struct cf_ca_submission *submission,
              struct cf_ca_answer *ret_answer, struct cf_err *err)
{
    paused++;
    enum cf_rc rc = inner->submit(ca, submission, ret_answer, err);
    paused--;
    return rc;
}

static enum cf_rc
paused_revoke(struct cf_ca *ca, const struct cf_ca_revocation *revocation, struct cf_err *err)
{
    paused++;
    enum cf_rc rc = inner->revoke(ca, revocation, err);
    paused--;
    return rc;
}

static struct cf_store_ops store_ops;
static struct cf_ca_ops ca_ops;

static void
pause_fakes(struct core_kit *kit)
{
    store_ops = cf_store_fake;
    store_ops.commit = paused_commit;
    store_ops.ledger = paused_ledger;
    kit->store->ops = &store_ops;
    inner = kit->ca->base.ops;
    ca_ops = *inner;
    ca_ops.submit = paused_submit;
    ca_ops.revoke = paused_revoke;
    kit->ca->base.ops = &ca_ops;
}

static enum cf_rc
use_parsers_and_writers(const char *json, struct cf_err *err)
{
    static const char revocation[] = "{\"requestContext\":\"v\",\"serialNumber\":\"77\"}";
    cf_own(cf_request) request = NULL;
    cf_own(cf_revocation_request) revoked = NULL;
    cf_own(cf_buf) pending = NULL;
    cf_own(cf_buf) failed = NULL;
    struct cf_err failure = {.rc = CF_E_FACT, .text = "why"};

    CF_TRY(cf_request_parse(cf_bytes_of(json, strlen(json)), &request, err));
    CF_TRY(
        cf_revocation_request_parse(cf_bytes_of(revocation, sizeof revocation - 1), &revoked, err));
    CF_TRY(cf_result_pending("r", &pending, err));
    return cf_result_failed(CF_KIND_PKCS, "r", &failure, &failed, err);
}

static void
parsers_and_writers_survive_each_failed_allocation(void **state)
{
    struct core_kit *kit = *state;
    cf_own_str json = core_request(kit, "r1", NULL);
    enum cf_rc rc = CF_E_OOM;
    int n = 0;

    for (; n < SWEEP_MAX && rc != CF_OK; n++) {
        struct cf_err err = {0};

        until_failure = n;
        rc = use_parsers_and_writers(json, &err);
        until_failure = NEVER;
        if (rc != CF_OK)
            assert_rc(rc, CF_E_OOM);
    }
    assert_rc(rc, CF_OK);
    assert_true(n > 10);
}

/* One turn of the item with the n-th allocation failing; false when none did. */
static bool
turn(struct core_kit *kit, enum cf_kind kind, const char *context, int n)
{
    struct cf_item *item = NULL;
    struct cf_err err = {0};
    int64_t now = cf_clock_now_ms(kit->clock);
    enum cf_rc rc = CF_OK;
    bool handoff = true;

    assert_ok(kit->store->ops->claim_one(kit->store, kit->site->owner, kind, context, now,
                                         now + CF_CLAIM_MS, &item, &err),
              err);
    int64_t id = item->id;
    enum cf_lane lane = cf_machine_row(kind, item->state)->lane;

    until_failure = n;
    struct cf_work *work = cf_work_new(kit->site, item);
    while (work && rc == CF_OK && handoff)
        rc = cf_work_run(work, lane, &handoff, &lane, &err);
    cf_work_free(work);
    bool has_failed = until_failure == NEVER;
    until_failure = NEVER;
    if (rc != CF_OK)
        assert_rc(rc, CF_E_OOM);
    assert_ok(kit->store->ops->release(kit->store, kit->site->owner, &id, 1, &err), err);
    return has_failed;
}

static void
sweep(struct core_kit *kit, enum cf_kind kind, enum cf_state end)
{
    bool has_failed = true;
    int n = 0;

    pause_fakes(kit);
    for (; n < SWEEP_MAX && has_failed; n++) {
        char context[40];

        snprintf(context, sizeof context, "oom-%d", n);
        if (kind == CF_KIND_PKCS) {
            core_receive_good(kit, context);
        } else {
            cf_own_str json = core_revocation(kit, context, "r1");
            core_receive(kit, kind, context, json);
        }
        has_failed = turn(kit, kind, context, n);
        for (int i = 0; i < 5; i++) {
            cf_own(cf_item) item = core_item(kit, kind, context);

            if (CF_STATE_BIT(item->state) & cf_machine_deliver_states(kind))
                break;
            (void)turn(kit, kind, context, NEVER);
        }
        cf_own(cf_item) item = core_item(kit, kind, context);
        if (item->state != end)
            fail_msg("allocation %d: %s, %s", n, cf_state_name(item->state),
                     item->error ? item->error : "");
        assert_non_null(item->result);
        if (kind == CF_KIND_PKCS)
            assert_int_equal(core_ledger(kit, context), 1);
    }
    assert_false(has_failed);
    assert_true(n > 8);
}

static void
a_request_survives_each_failed_allocation(void **state)
{
    sweep(*state, CF_KIND_PKCS, CF_STATE_WRAPPED);
}

static void
a_revocation_survives_each_failed_allocation(void **state)
{
    struct core_kit *kit = *state;

    core_receive_good(kit, "r1");
    assert_int_equal(core_run_ok(kit, "r1"), CF_STATE_WRAPPED);
    sweep(kit, CF_KIND_REVOCATION, CF_STATE_REVOKED);
}

/* What a device waits for is not judged again in the background: it sends its message again. */
static void
a_devices_request_survives_each_failed_allocation(void **state)
{
    struct core_kit *kit = *state;
    bool has_failed = true;
    int n = 0;

    scep_configure(kit);
    pause_fakes(kit);
    for (; n < SWEEP_MAX && has_failed; n++) {
        own_device device = scep_device();
        cf_own(cf_buf) csr = scep_good_csr(device.key);
        char context[40];

        snprintf(context, sizeof context, "wifi/oom/%d", n);
        scep_receive(kit, context, &device, csr);
        has_failed = turn(kit, CF_KIND_SCEP, context, n);
        for (int i = 0; i < 5; i++) {
            cf_own(cf_item) item = core_item(kit, CF_KIND_SCEP, context);

            if (item->state == CF_STATE_DELIVERED)
                break;
            if (item->state == CF_STATE_REPORTED)
                scep_receive(kit, context, &device, csr);
            (void)turn(kit, CF_KIND_SCEP, context, NEVER);
        }
        assert_scep_state(kit, context, CF_STATE_DELIVERED);
        assert_int_equal(core_ledger(kit, context), 1);
    }
    assert_false(has_failed);
    assert_true(n > 20);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        core_test(parsers_and_writers_survive_each_failed_allocation),
        core_test(a_request_survives_each_failed_allocation),
        core_test(a_revocation_survives_each_failed_allocation),
        core_test(a_devices_request_survives_each_failed_allocation),
    };

    return cmocka_run_group_tests(tests, core_group_setup_plain, core_group_teardown);
}
