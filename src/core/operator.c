/* SPDX-License-Identifier: Apache-2.0 */
#include "certferry/operator.h"

#include <stdio.h>

#include "result.h"
#include "revoke.h"
#include "scep.h"

enum { SAME_SERIAL_MAX = 16 };

static enum cf_rc
claim(struct cf_site *site, const char *context, struct cf_item **ret_item, struct cf_err *err)
{
    int64_t now = cf_clock_now_ms(site->clock);
    enum cf_rc rc = CF_E_NOT_FOUND;

    for (unsigned kind = 0; kind < CF_KIND_MAX_ && rc == CF_E_NOT_FOUND; kind++)
        rc = site->store->ops->claim_one(site->store, site->owner, (enum cf_kind)kind, context, now,
                                         now + CF_CLAIM_MS, ret_item, err);
    if (rc == CF_E_LEASE)
        return cf_fail(err, CF_E_LEASE, "request %s is being worked on now; try again in a moment",
                       context);
    if (rc == CF_E_NOT_FOUND)
        return cf_fail(err, CF_E_NOT_FOUND,
                       "no request %s; `certferry requests` lists those that are kept", context);
    return rc;
}

static enum cf_rc
commit(struct cf_site *site, struct cf_item *item, enum cf_state from, const char *history,
       struct cf_err *err)
{
    const struct cf_change change = {.item = item, .from = from, .history = history};

    item->updated_ms = cf_clock_now_ms(site->clock);
    enum cf_rc rc = site->store->ops->commit(site->store, site->owner, &change, 1, err);
    if (rc != CF_OK)
        (void)site->store->ops->release(site->store, site->owner, &item->id, 1, NULL);
    return rc;
}

enum cf_rc
cf_operator_retry(struct cf_site *site, const char *context, struct cf_err *err)
{
    cf_own(cf_item) item = NULL;

    CF_TRY(claim(site, context, &item, err));
    if (cf_machine_is_final(item->kind, item->state)) {
        CF_TRY(site->store->ops->release(site->store, site->owner, &item->id, 1, err));
        return cf_fail(err, CF_E_CONFLICT,
                       "request %s is finished (%s); the cloud has to offer a new one", context,
                       cf_state_name(item->state));
    }
    item->due_ms = cf_clock_now_ms(site->clock);
    item->attempts = 0;
    return commit(site, item, item->state, "retry asked for by the operator", err);
}

enum cf_rc
cf_operator_cancel(struct cf_site *site, const char *context, const char *who, struct cf_err *err)
{
    cf_own(cf_item) item = NULL;
    struct cf_err failure = {0};
    enum cf_state from;

    CF_TRY(claim(site, context, &item, err));
    from = item->state;
    bool is_issuing = item->kind == CF_KIND_PKCS || item->kind == CF_KIND_SCEP;
    bool has_certificate = is_issuing && item->cert;
    bool is_over =
        from == CF_STATE_FAILED || !(CF_STATE_BIT(from) & cf_machine_work_states(item->kind));
    if (has_certificate || is_over) {
        CF_TRY(site->store->ops->release(site->store, site->owner, &item->id, 1, err));
        return cf_fail(err, CF_E_CONFLICT, "request %s is %s%s", context, cf_state_name(from),
                       has_certificate ? "; revoke its certificate instead" : " already");
    }

    cf_fail(&failure, CF_E_CANCELLED, "cancelled by %s", who);
    item->result = cf_buf_free(item->result);
    item->state = cf_machine_row(item->kind, from)->next[CF_OUTCOME_FAILED];
    if (item->kind != CF_KIND_SCEP)
        CF_TRY(cf_result_failed(item->kind, context, &failure, &item->result, err));
    else if (cf_machine_is_final(item->kind, item->state))
        CF_TRY(cf_scep_forget(item, err));
    item->sealed_key = cf_buf_free(item->sealed_key);
    item->due_ms = cf_clock_now_ms(site->clock);
    item->attempts = 0;
    item->rc = failure.rc;
    item->fault = failure.fault;
    CF_TRY(cf_replace_text(&item->error, failure.text, err));
    return commit(site, item, from, failure.text, err);
}

static enum cf_rc
decide(struct cf_site *site, const struct cf_item *item, bool approve, struct cf_err *err)
{
    struct cf_ca_slot *slot = NULL;

    if (item->state != CF_STATE_SUBMITTED || !item->cookie)
        return cf_fail(err, CF_E_CONFLICT, "request %s does not wait for an approval, it is %s",
                       item->context, cf_state_name(item->state));
    CF_TRY(cf_site_need_ca(site, item->ca, &slot, err));
    if (!slot->ca->ops->decide)
        return cf_fail(err, CF_E_UNSUPPORTED,
                       "CA %s decides by itself; approve or deny the request there", item->ca);
    return slot->ca->ops->decide(slot->ca, item->cookie, approve, err);
}

enum cf_rc
cf_operator_decide(struct cf_site *site, const char *context, bool approve, const char *who,
                   struct cf_err *err)
{
    cf_own(cf_item) item = NULL;
    char history[CF_ERR_TEXT_MAX + 1];

    CF_TRY(claim(site, context, &item, err));
    enum cf_rc rc = decide(site, item, approve, err);
    if (rc != CF_OK) {
        (void)site->store->ops->release(site->store, site->owner, &item->id, 1, NULL);
        return rc;
    }
    snprintf(history, sizeof history, "%s by %s", approve ? "approved" : "denied", who);
    item->due_ms = cf_clock_now_ms(site->clock);
    return commit(site, item, item->state, history, err);
}

static enum cf_rc
revoke_found(struct cf_site *site, const struct cf_ledger *ledger, const char *serial, int reason,
             bool *ret_was_revoked, struct cf_err *err)
{
    if (ledger->n == 0)
        return cf_fail(err, CF_E_NOT_FOUND, "this connector issued no certificate %s", serial);
    if (ledger->n > 1)
        return cf_fail(err, CF_E_CONFLICT,
                       "several CAs issued a certificate %s; name the issuer with --issuer",
                       serial);

    const struct cf_ledger_entry *entry = ledger->entry[0];
    *ret_was_revoked = entry->revoked_ms > 0;
    if (*ret_was_revoked)
        return CF_OK;
    CF_TRY(cf_revoke_entry(site, entry, reason, NULL, err));
    return site->store->ops->ledger_revoke(site->store, entry->id, cf_clock_now_ms(site->clock),
                                           reason, err);
}

enum cf_rc
cf_operator_revoke(struct cf_site *site, const char *serial, const char *issuer, int reason,
                   bool *ret_was_revoked, struct cf_err *err)
{
    char normal[CF_SERIAL_TEXT_SIZE];
    struct cf_ledger ledger = {0};

    CF_TRY(cf_serial_normalize(serial, normal, err));
    const struct cf_ledger_filter filter = {
        .serial = normal, .issuer = issuer, .limit = SAME_SERIAL_MAX};
    CF_TRY(site->store->ops->ledger(site->store, &filter, &ledger, err));
    enum cf_rc rc = revoke_found(site, &ledger, normal, reason, ret_was_revoked, err);
    cf_ledger_done(&ledger);
    return rc;
}
