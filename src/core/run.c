/* SPDX-License-Identifier: Apache-2.0 */
/* The step runner: steps, commits, back-off and the log, in this order, for one item. */
#include <stdlib.h>
#include <string.h>

#include "backoff.h"
#include "certferry/stop.h"
#include "result.h"
#include "scep.h"

static cf_step_fn *const steps[] = {
    [CF_STEP_ADMIT] = cf_step_admit,
    [CF_STEP_KEY] = cf_step_key,
    [CF_STEP_SUBMIT] = cf_step_submit,
    [CF_STEP_POLL] = cf_step_poll,
    [CF_STEP_WRAP] = cf_step_wrap,
    [CF_STEP_REVOKE] = cf_step_revoke,
    [CF_STEP_REENCRYPT] = cf_step_reencrypt,
    [CF_STEP_IMPORT] = cf_step_import,
    [CF_STEP_SCEP_ADMIT] = cf_step_scep_admit,
    [CF_STEP_SCEP_VALIDATE] = cf_step_scep_validate,
    [CF_STEP_SCEP_RECORD] = cf_step_scep_record,
    [CF_STEP_SCEP_NOTIFY] = cf_step_scep_notify,
    [CF_STEP_SCEP_WITHDRAW] = cf_step_scep_withdraw,
    [CF_STEP_SCEP_FAIL] = cf_step_scep_fail,
};

/* What is done about a failure that is there already: that one stays the item's. */
static bool
is_aftermath(const struct cf_machine_row *row)
{
    return row->step == CF_STEP_SCEP_FAIL || row->step == CF_STEP_SCEP_WITHDRAW;
}

static enum cf_rc
commit(struct cf_work *work, bool keep_claim, struct cf_err *err)
{
    struct cf_site *site = work->site;
    int64_t now = cf_clock_now_ms(site->clock);
    const struct cf_change change = {
        .item = work->item,
        .from = work->stored,
        .history = work->note[0] ? work->note : NULL,
        .keep_claim = keep_claim,
        .recovery = work->issued ? work->recovery : NULL,
        .issued = work->issued,
        .revoked_ledger_id = work->revoked_ledger_id,
        .revoked_ms = work->revoked_ledger_id > 0 ? now : 0,
        .revocation_reason = site->settings->revocation_reason,
    };

    work->item->updated_ms = now;
    if (keep_claim)
        work->item->claimed_until_ms = now + CF_CLAIM_MS;
    CF_TRY(site->store->ops->commit(site->store, site->owner, &change, 1, err));
    work->stored = work->item->state;
    work->is_ahead = false;
    work->note[0] = '\0';
    work->issued = cf_ledger_entry_free(work->issued);
    work->recovery = cf_buf_free(work->recovery);
    work->revoked_ledger_id = 0;
    return CF_OK;
}

static void
enter(struct cf_work *work, const struct cf_machine_row *row, enum cf_state state)
{
    struct cf_item *item = work->item;

    if (item->state != state) {
        item->attempts = 0;
        item->first_failed_ms = 0;
    }
    item->state = state;
    item->due_ms = cf_clock_now_ms(work->site->clock);
    work->is_ahead = true;
    if (is_aftermath(row))
        return;
    item->rc = CF_OK;
    free(item->error);
    item->error = NULL;
}

static enum cf_rc
note_error(struct cf_work *work, const struct cf_machine_row *row, const struct cf_err *failure,
           struct cf_err *err)
{
    struct cf_item *item = work->item;

    if (is_aftermath(row)) {
        memcpy(work->note, failure->text, sizeof work->note);
        return CF_OK;
    }
    item->rc = failure->rc;
    item->fault = failure->fault;
    memcpy(work->note, failure->text, sizeof work->note);
    return cf_replace_text(&item->error, failure->text, err);
}

/* The request can never work: the sealed key goes, the result that says why stays. */
static enum cf_rc
fail(struct cf_work *work, const struct cf_machine_row *row, const struct cf_err *failure,
     struct cf_err *err)
{
    struct cf_item *item = work->item;
    cf_own(cf_buf) result = NULL;

    /* certferry-scepd asks; nobody is sent a result. */
    if (item->kind != CF_KIND_SCEP)
        CF_TRY(cf_result_failed(item->kind, item->context, failure, &result, err));
    enter(work, row, row->next[CF_OUTCOME_FAILED]);
    CF_TRY(note_error(work, row, failure, err));
    cf_buf_free(item->result);
    item->result = cf_give(result);
    work->key = cf_key_free(work->key);
    item->sealed_key = cf_buf_free(item->sealed_key);
    return CF_OK;
}

static enum cf_rc
retry_later(struct cf_work *work, const struct cf_machine_row *row, const struct cf_err *failure,
            struct cf_err *err)
{
    struct cf_item *item = work->item;
    const struct cf_settings *settings = work->site->settings;
    int64_t now = cf_clock_now_ms(work->site->clock);
    uint64_t delay = 0;

    enter(work, row, row->state);
    /* A stop is nobody's failure: the item is due again as soon as somebody is there. */
    if (failure->rc != CF_E_STOPPED) {
        delay = cf_backoff_ms(settings->step_retry_min_ms, settings->step_retry_max_ms,
                              item->attempts, failure);
        item->attempts++;
        if (item->first_failed_ms == 0)
            item->first_failed_ms = now;
    }
    item->due_ms = now + (int64_t)(delay < CF_WAIT_MAX_MS ? delay : CF_WAIT_MAX_MS);
    return note_error(work, row, failure, err);
}

static void
wait_for_ca(struct cf_work *work, const struct cf_machine_row *row, uint64_t wait_ms)
{
    struct cf_item *item = work->item;
    uint32_t polls = item->state == CF_STATE_SUBMITTED ? item->attempts + 1 : 0;

    enter(work, row, row->next[CF_OUTCOME_PENDING]);
    item->attempts = polls;
    item->first_failed_ms = 0;
    item->due_ms = cf_clock_now_ms(work->site->clock) + (int64_t)wait_ms;
}

/* The CA handed out a certificate that is on record already: somebody else's, so it is refused and
 * not entered again. */
static enum cf_rc
refuse_known_certificate(struct cf_work *work, struct cf_err *err)
{
    struct cf_err failure = {0};
    const struct cf_machine_row *row = cf_machine_row(work->item->kind, CF_STATE_ISSUED);

    work->issued = cf_ledger_entry_free(work->issued);
    cf_fail(&failure, CF_E_MISMATCH,
            "CA %s answered with certificate %s, which it issued before; look at the CA",
            work->item->ca, work->item->serial);
    CF_TRY(fail(work, row, &failure, err));
    CF_TRY(commit(work, false, err));
    cf_log_outcome(work, &failure);
    return CF_OK;
}

/* An earlier try of this request may have put the certificate on record before it had to wait. */
static enum cf_rc
is_on_record_as_ours(const struct cf_work *work, bool *ret, struct cf_err *err)
{
    struct cf_store *store = work->site->store;
    struct cf_ledger ledger = {0};
    const struct cf_ledger_filter filter = {
        .serial = work->issued->serial, .issuer = work->issued->issuer, .limit = 1};

    CF_TRY(store->ops->ledger(store, &filter, &ledger, err));
    *ret = ledger.n > 0 && strcmp(ledger.entry[0]->context, work->item->context) == 0;
    cf_ledger_done(&ledger);
    return CF_OK;
}

/* *ret_is_refused: the certificate is on record as another request's, and the work has ended. */
static enum cf_rc
commit_issued(struct cf_work *work, bool keep_claim, bool *ret_is_refused, struct cf_err *err)
{
    enum cf_rc rc = commit(work, keep_claim, err);
    bool is_ours = false;

    *ret_is_refused = false;
    if (rc != CF_E_CONFLICT || !work->issued)
        return rc;
    CF_TRY(is_on_record_as_ours(work, &is_ours, err));
    if (!is_ours) {
        *ret_is_refused = true;
        return refuse_known_certificate(work, err);
    }
    work->issued = cf_ledger_entry_free(work->issued);
    return commit(work, keep_claim, err);
}

static enum cf_rc
finish(struct cf_work *work, const struct cf_err *failure, struct cf_err *err)
{
    bool is_refused = false;

    if (work->item->kind == CF_KIND_SCEP &&
        cf_machine_is_final(work->item->kind, work->item->state))
        CF_TRY(cf_scep_forget(work->item, err));
    CF_TRY(commit_issued(work, false, &is_refused, err));
    if (!is_refused)
        cf_log_outcome(work, failure);
    return CF_OK;
}

/* Nobody's failure: it is neither counted nor told in the history. */
static enum cf_rc
give_back(struct cf_work *work, const struct cf_err *reason, uint64_t wait_ms, struct cf_err *err)
{
    struct cf_item *item = work->item;
    const struct cf_machine_row *row = cf_machine_row(item->kind, item->state);

    item->due_ms = cf_clock_now_ms(work->site->clock) + (int64_t)wait_ms;
    if (reason->rc != CF_E_CA_BUSY && !is_aftermath(row)) {
        item->rc = reason->rc;
        item->fault = reason->fault;
        CF_TRY(cf_replace_text(&item->error, reason->text, err));
    }
    return commit(work, false, err);
}

/* The CA that is called in this state; NULL: none, or one that is not there any more, of which the
 * step tells. */
static struct cf_ca_slot *
slot_to_call(const struct cf_work *work, const struct cf_machine_row *row)
{
    bool is_call = row->step == CF_STEP_SUBMIT || row->step == CF_STEP_POLL;

    return is_call && work->item->ca ? cf_site_ca(work->site, work->item->ca) : NULL;
}

void
cf_work_expect_call(struct cf_work *work)
{
    const struct cf_machine_row *row = cf_machine_row(work->item->kind, work->item->state);
    struct cf_ca_slot *slot = row ? slot_to_call(work, row) : NULL;

    if (slot)
        cf_ca_call_expect(slot, &work->call);
}

/* Before the intent to submit is written: a CA that is not asked has not been submitted to. */
static enum cf_rc
begin_call(struct cf_work *work, const struct cf_machine_row *row, bool *ret_goes_on,
           struct cf_err *err)
{
    struct cf_ca_slot *slot = slot_to_call(work, row);
    struct cf_err reason = {0};

    *ret_goes_on = !slot || cf_ca_call_begin(slot, &work->call, &reason) == CF_OK;
    if (*ret_goes_on)
        return CF_OK;
    return give_back(work, &reason, cf_ca_slot_wait_ms(slot, &reason), err);
}

static enum cf_rc
run_step(struct cf_work *work, const struct cf_machine_row *row, bool *ret_goes_on,
         struct cf_err *err)
{
    struct cf_outcome outcome = {0};
    struct cf_err failure = {0};
    enum cf_rc rc = steps[row->step](work, &outcome, &failure);

    cf_ca_call_cancel(&work->call); /* by a step that did not come to it */
    *ret_goes_on = false;
    if (rc == CF_OK && !outcome.is_pending) {
        enter(work, row, row->next[CF_OUTCOME_DONE]);
        *ret_goes_on = true;
        return CF_OK;
    }
    if (rc == CF_OK) {
        wait_for_ca(work, row, outcome.wait_ms);
        return finish(work, NULL, err);
    }
    if (outcome.kept_back_ms > 0)
        return give_back(work, &failure, outcome.kept_back_ms, err);
    bool may_pass = failure.fault == CF_FAULT_TRANSIENT || failure.fault == CF_FAULT_CONFIG;
    /* A step that is not tried again in the background fails, unless it is we who stop. */
    bool is_retried = row->next[CF_OUTCOME_RETRY] == row->state || failure.rc == CF_E_STOPPED;
    if (may_pass && is_retried)
        CF_TRY(retry_later(work, row, &failure, err));
    else
        CF_TRY(fail(work, row, &failure, err));
    return finish(work, &failure, err);
}

/* The intent to submit is on disk before the CA hears of the CSR. */
static enum cf_rc
make_durable(struct cf_work *work, const struct cf_machine_row *row, bool *ret_goes_on,
             struct cf_err *err)
{
    bool is_refused = false;
    /* Where nobody is notified the certificate is on record and handed out at once. */
    bool is_told =
        row->step != CF_STEP_SCEP_NOTIFY || !work->scep || cf_scep_is_judged_by_cloud(work);

    if (row->step == CF_STEP_SUBMIT) {
        work->item->submits++;
        work->is_ahead = true;
    }
    if (row->durable && is_told && work->is_ahead)
        CF_TRY(commit_issued(work, true, &is_refused, err));
    *ret_goes_on = !is_refused;
    return CF_OK;
}

/* Before a call begins: what nobody waits for any more is not asked for. */
static enum cf_rc
check_patience(struct cf_work *work, const struct cf_machine_row *row, bool *ret_goes_on,
               struct cf_err *err)
{
    struct cf_err failure = {0};

    *ret_goes_on =
        work->item->kind != CF_KIND_SCEP || cf_scep_check_patience(work, &failure) == CF_OK;
    if (*ret_goes_on)
        return CF_OK;
    CF_TRY(fail(work, row, &failure, err));
    return finish(work, &failure, err);
}

/* At a stop only a CA's answer is carried on to where it is safe: all else can be done again from
 * what the store has. */
static bool
is_stopping(const struct cf_work *work)
{
    return cf_stop_is_set(work->site->stop_flag) && work->item->state != CF_STATE_ISSUED;
}

enum cf_rc
cf_work_run(struct cf_work *work, enum cf_lane lane, bool *ret_handoff, enum cf_lane *ret_lane,
            struct cf_err *err)
{
    *ret_handoff = false;
    for (;;) {
        const struct cf_machine_row *row = cf_machine_row(work->item->kind, work->item->state);
        bool goes_on = false;

        if (!row)
            return cf_fail(err, CF_E_BUG, "a %s has no state %s", cf_kind_name(work->item->kind),
                           cf_state_name(work->item->state));
        if (row->step == CF_STEP_NONE || row->step == CF_STEP_DELIVER)
            return finish(work, NULL, err);
        if (is_stopping(work))
            return cf_fail(err, CF_E_STOPPED, "the service is stopping");
        if (row->lane != lane) {
            *ret_handoff = true;
            *ret_lane = row->lane;
            return CF_OK;
        }
        CF_TRY(check_patience(work, row, &goes_on, err));
        if (!goes_on)
            return CF_OK;
        CF_TRY(begin_call(work, row, &goes_on, err));
        if (!goes_on)
            return CF_OK;
        CF_TRY(make_durable(work, row, &goes_on, err));
        if (!goes_on)
            return CF_OK;
        CF_TRY(run_step(work, row, &goes_on, err));
        if (!goes_on)
            return CF_OK;
    }
}
