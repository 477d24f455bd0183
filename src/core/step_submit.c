/* SPDX-License-Identifier: Apache-2.0 */
/* submit and poll: the CSR goes to the CA, whose answer is kept. */
#include <stdio.h>
#include <string.h>

#include "seal.h"

enum {
    POLL_FIRST_MS = 30 * 1000,
    POLL_MAX_MS = 60 * 60 * 1000,
    LOST_MAX = 10 /* submissions of one request whose answers were lost */
};

/* Doubles with each poll, unless the CA said when. */
static uint64_t
poll_delay(const struct cf_work *work, uint64_t asked_ms)
{
    uint64_t delay = POLL_FIRST_MS;
    uint32_t polls = work->item->state == CF_STATE_SUBMITTED ? work->item->attempts + 1 : 0;

    if (asked_ms > 0)
        return asked_ms < CF_WAIT_MAX_MS ? asked_ms : CF_WAIT_MAX_MS;
    for (uint32_t i = 0; i < polls && delay < POLL_MAX_MS; i++)
        delay *= 2;
    return delay < POLL_MAX_MS ? delay : POLL_MAX_MS;
}

static enum cf_rc
take_answer(struct cf_work *work, struct cf_ca_slot *slot, struct cf_ca_answer *answer,
            struct cf_outcome *ret_outcome, struct cf_err *err)
{
    struct cf_item *item = work->item;

    switch (answer->disposition) {
    case CF_CA_ANSWER_ISSUED:
        cf_buf_free(item->cert);
        cf_buf_free(item->chain);
        item->cert = cf_give(answer->cert);
        item->chain = cf_give(answer->chain);
        cf_ca_slot_count(slot, CF_CA_COUNT_ISSUED);
        snprintf(work->note, sizeof work->note, "CA %s issued", item->ca);
        return CF_OK;
    case CF_CA_ANSWER_PENDING:
        if (!answer->cookie)
            return cf_fail(err, CF_E_PROTOCOL,
                           "CA %s wants time, but gave nothing to ask for the certificate with",
                           item->ca);
        CF_TRY(cf_replace_text(&item->cookie, answer->cookie, err));
        if (item->state != CF_STATE_SUBMITTED)
            cf_ca_slot_count(slot, CF_CA_COUNT_PENDING);
        ret_outcome->is_pending = true;
        ret_outcome->wait_ms = poll_delay(work, answer->retry_after_ms);
        snprintf(work->note, sizeof work->note, "CA %s wants time%s%.80s", item->ca,
                 answer->reason[0] ? ": " : "", answer->reason);
        return CF_OK;
    case CF_CA_ANSWER_REJECTED:
        cf_ca_slot_count(slot, CF_CA_COUNT_REJECTED);
        return cf_fail(err, CF_E_REJECTED, "CA %s refused: %s", item->ca, answer->reason);
    }
    return cf_fail(err, CF_E_BUG, "CA %s gave an answer that does not exist", item->ca);
}

/* The next try is not a repetition. */
static bool
is_surely_nothing(enum cf_rc rc, const struct cf_ca_answer *answer)
{
    return rc == CF_E_CA_DOWN || (rc != CF_OK && answer->nothing_issued);
}

static enum cf_rc
send(struct cf_work *work, struct cf_ca_slot *slot, struct cf_ca_answer *answer, struct cf_err *err)
{
    struct cf_item *item = work->item;
    const struct cf_ca_submission submission = {
        .request_context = item->context,
        .device_id = item->device_id,
        .csr = cf_buf_bytes(item->csr),
        .template_settings = work->ask.grant.template_settings,
        .validity_ms = work->ask.grant.validity_ms,
        .is_repeat = item->submits > 1,
    };

    if (submission.is_repeat && !slot->ca->ops->is_idempotent) {
        const struct cf_log_fields fields = cf_work_fields(work, NULL);
        cf_log(CF_EV_SUBMIT_REPEATED, &fields,
               "the answer to an earlier submission is lost; the same CSR goes to CA %s again",
               item->ca);
    }
    enum cf_rc rc = slot->ca->ops->submit(slot->ca, &submission, answer, err);
    cf_ca_call_end(&work->call, rc, err);
    if (!is_surely_nothing(rc, answer))
        cf_ca_slot_count(slot, CF_CA_COUNT_SUBMITTED);
    return rc;
}

/* Each lost answer may be a certificate that nobody has: a CA whose answers are never any good
 * would make one more at each try. */
static enum cf_rc
check_lost(const struct cf_item *item, const struct cf_ca_slot *slot, struct cf_err *err)
{
    if (slot->ca->ops->is_idempotent || item->submits <= LOST_MAX)
        return CF_OK;
    return cf_fail(
        err, CF_E_CONFLICT,
        "CA %s got this request %u times, and no answer of it could be used: it may have "
        "issued each time. See in the journal why, look at the CA for certificates that "
        "nobody has, and have the device ask anew",
        item->ca, item->submits - 1);
}

/* A certificate that its devices would not trust need not be issued; what the CA answers with is
 * looked at again. */
static enum cf_rc
check_root(struct cf_work *work, struct cf_ca_slot *slot, struct cf_err *err)
{
    cf_own(cf_buf) der = NULL;
    cf_own(cf_chain) chain = NULL;

    if (!work->ask.request->profile.root_thumbprint ||
        slot->ca->ops->chain(slot->ca, &der, NULL) != CF_OK ||
        cf_chain_parse_der(cf_buf_bytes(der), &chain, NULL) != CF_OK)
        return CF_OK;
    return cf_seal_check_root(&work->ask.request->profile, cf_seal_root(chain), work->item->ca,
                              err);
}

enum cf_rc
cf_step_submit(struct cf_work *work, struct cf_outcome *ret_outcome, struct cf_err *err)
{
    struct cf_ca_slot *slot = NULL;
    struct cf_ca_answer answer = {0};

    enum cf_rc rc = cf_work_need_ask(work, err);
    if (rc == CF_OK)
        rc = cf_site_need_ca(work->site, work->item->ca, &slot, err);
    if (rc == CF_OK)
        rc = check_lost(work->item, slot, err);
    if (rc == CF_OK)
        rc = check_root(work, slot, err);
    bool has_been_asked = rc == CF_OK;
    if (rc == CF_OK)
        rc = send(work, slot, &answer, err);
    if (!has_been_asked || is_surely_nothing(rc, &answer))
        work->item->submits--;
    if (rc == CF_OK)
        rc = take_answer(work, slot, &answer, ret_outcome, err);
    cf_ca_answer_done(&answer);
    return rc;
}

enum cf_rc
cf_step_poll(struct cf_work *work, struct cf_outcome *ret_outcome, struct cf_err *err)
{
    struct cf_item *item = work->item;
    struct cf_ca_slot *slot = NULL;
    struct cf_ca_answer answer = {0};

    CF_TRY(cf_site_need_ca(work->site, item->ca, &slot, err));
    if (!item->cookie)
        return cf_fail(err, CF_E_BUG, "CA %s: nothing to poll with", item->ca);

    enum cf_rc rc = slot->ca->ops->poll(slot->ca, item->cookie, &answer, err);
    cf_ca_call_end(&work->call, rc, err);
    if (rc == CF_OK)
        rc = take_answer(work, slot, &answer, ret_outcome, err);
    cf_ca_answer_done(&answer);
    return rc;
}
