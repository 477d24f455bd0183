/* SPDX-License-Identifier: Apache-2.0 */
/* scep_answer - what a device is told of its request, by how the item stands. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "certferry/text.h"
#include "duty.h"
#include "scep.h"

enum { LATER_MS = 30 * 1000, LATER_RATE_MS = 5 * 60 * 1000, SOON_MS = 1000 };

void
cf_scep_answer_done(struct cf_scep_answer *answer)
{
    cf_buf_free(answer->cert);
    cf_buf_free(answer->chain);
    *answer = (struct cf_scep_answer){0};
}

void
cf_scep_refuse(struct cf_scep_answer *answer, enum cf_scep_fail_info fail_info, const char *format,
               ...)
{
    va_list args;

    answer->state = CF_SCEP_ANSWER_FAILED;
    answer->fail_info = fail_info;
    va_start(args, format);
    (void)vsnprintf(answer->text, sizeof answer->text, format, args);
    va_end(args);
}

void
cf_scep_chain_of(struct cf_site *site, const char *ca, struct cf_buf **ret_chain)
{
    struct cf_ca_slot *slot = ca ? cf_site_ca(site, ca) : NULL;
    struct cf_buf *chain = NULL;

    if (slot && slot->ca->ops->chain(slot->ca, &chain, NULL) == CF_OK)
        *ret_chain = chain;
}

static enum cf_rc
answer_cert(struct cf_scep_answer *answer, const struct cf_buf *cert, const struct cf_buf *chain,
            struct cf_err *err)
{
    answer->cert = cf_buf_copy(cf_buf_bytes(cert));
    answer->chain = chain ? cf_buf_copy(cf_buf_bytes(chain)) : cf_buf_new(1);
    if (!answer->cert || !answer->chain)
        return cf_fail_oom(err);
    answer->state = CF_SCEP_ANSWER_ISSUED;
    return CF_OK;
}

enum cf_rc
cf_scep_answer_entry(struct cf_site *site, const struct cf_ledger_entry *entry,
                     struct cf_scep_answer *answer, struct cf_err *err)
{
    cf_own(cf_buf) chain = NULL;

    if (entry->revoked_ms > 0) {
        cf_scep_refuse(answer, CF_SCEP_BAD_REQUEST,
                       "certificate %s was issued for this request and is revoked; the device has "
                       "to ask with a new one",
                       entry->serial);
        return CF_OK;
    }
    cf_scep_chain_of(site, entry->ca, &chain);
    return answer_cert(answer, entry->cert, chain, err);
}

static enum cf_rc
answer_delivered(struct cf_site *site, const struct cf_item *item, struct cf_scep_answer *answer,
                 struct cf_err *err)
{
    cf_own(cf_ledger_entry) entry = NULL;

    CF_TRY(cf_scep_find_issued(site, item->context, &entry, err));
    if (!entry)
        return cf_fail(err, CF_E_BUG, "the certificate of request %s is not on record",
                       item->context);
    if (entry->revoked_ms > 0 || !item->cert)
        return cf_scep_answer_entry(site, entry, answer, err);
    return answer_cert(answer, item->cert, item->chain, err);
}

static enum cf_scep_fail_info
fail_info_of(enum cf_rc rc)
{
    return rc == CF_E_UNSUPPORTED ? CF_SCEP_BAD_ALG : CF_SCEP_BAD_REQUEST;
}

/* By no fault of the request, and it may come again: see cf_store_begins_anew. */
static bool
may_pass(const struct cf_item *item)
{
    return item->submits == 0 && (cf_cloud_code_is_retryable(cf_rc_cloud_code(item->rc)) ||
                                  cf_rc_fault(item->rc) == CF_FAULT_CONFIG);
}

static void
answer_failed(const struct cf_item *item, struct cf_scep_answer *answer)
{
    const char *text = item->error ? item->error : cf_rc_text(item->rc);

    cf_scep_refuse(answer, fail_info_of(item->rc), "%s", text);
    if (item->state != CF_STATE_REFUSED && may_pass(item)) {
        answer->state = CF_SCEP_ANSWER_LATER;
        answer->retry_after_ms = item->rc == CF_E_RATE ? LATER_RATE_MS : LATER_MS;
    }
}

static uint64_t
due_in_ms(const struct cf_item *item, int64_t now)
{
    return item->due_ms > now + SOON_MS ? (uint64_t)(item->due_ms - now) : SOON_MS;
}

static void
answer_unfinished(struct cf_scheduler *scheduler, const struct cf_item *item,
                  struct cf_scep_answer *answer)
{
    int64_t now = cf_scheduler_now_ms(scheduler);
    bool is_tried = item->state != CF_STATE_RECEIVED && item->state != CF_STATE_ADMITTED;

    pthread_mutex_lock(&scheduler->lock);
    bool is_in_work = cf_in_flight_has(scheduler, item->id);
    pthread_mutex_unlock(&scheduler->lock);
    answer->state = CF_SCEP_ANSWER_WORKING;
    answer->item_id = item->id;
    if (is_in_work || item->claimed_until_ms > now || !is_tried || item->due_ms <= now)
        return;
    answer->state = CF_SCEP_ANSWER_LATER;
    answer->retry_after_ms = due_in_ms(item, now);
    (void)snprintf(answer->text, sizeof answer->text, "%s",
                   item->error ? item->error : "it will be tried again");
}

enum cf_rc
cf_scep_answer_of(struct cf_scheduler *scheduler, struct cf_site *site, const struct cf_item *item,
                  struct cf_scep_answer *ret_answer, struct cf_err *err)
{
    struct cf_scep_answer answer = {0};
    enum cf_rc rc = CF_OK;

    (void)snprintf(answer.context, sizeof answer.context, "%s", item->context);
    switch (item->state) {
    case CF_STATE_DELIVERED:
        rc = answer_delivered(site, item, &answer, err);
        break;
    case CF_STATE_REPORTED:
    case CF_STATE_FAILED:
    case CF_STATE_REFUSED:
        answer_failed(item, &answer);
        break;
    case CF_STATE_SUBMITTED:
        answer.state = CF_SCEP_ANSWER_PENDING;
        answer.retry_after_ms = due_in_ms(item, cf_scheduler_now_ms(scheduler));
        break;
    default:
        answer_unfinished(scheduler, item, &answer);
        break;
    }
    if (rc == CF_OK)
        *ret_answer = answer;
    else
        cf_scep_answer_done(&answer);
    return rc;
}
