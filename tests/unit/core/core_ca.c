/* SPDX-License-Identifier: Apache-2.0 */
/* core_ca - the embedded CA behind a wrapper that misbehaves when told to. */
#include "unit/core/core_ca.h"

#include <stdio.h>
#include <string.h>

static struct core_ca *
of(struct cf_ca *ca)
{
    return (struct core_ca *)ca;
}

/* Lock held. */
static enum cf_rc
scripted(struct core_ca *ca, struct cf_err *err)
{
    enum cf_rc rc = ca->fail;

    if (rc != CF_OK && ca->fail_times > 0 && --ca->fail_times == 0)
        ca->fail = CF_OK;
    return rc == CF_OK ? CF_OK : cf_fail(err, rc, "as the test wants it");
}

static void
keep_first(struct core_ca *ca, struct cf_ca_answer *answer)
{
    if (answer->disposition != CF_CA_ANSWER_ISSUED)
        return;
    if (!ca->first_cert) {
        ca->first_cert = cf_buf_copy(cf_buf_bytes(answer->cert));
        ca->first_chain = cf_buf_copy(cf_buf_bytes(answer->chain));
    }
    if (ca->replays) {
        cf_buf_free(answer->cert);
        cf_buf_free(answer->chain);
        answer->cert = cf_buf_copy(cf_buf_bytes(ca->first_cert));
        answer->chain = cf_buf_copy(cf_buf_bytes(ca->first_chain));
    }
}

static void
note_submission(struct core_ca *ca, const struct cf_ca_submission *submission)
{
    ca->n_submits++;
    ca->n_repeats += submission->is_repeat;
    for (const struct core_seen *seen = ca->seen; seen; seen = seen->next) {
        if (strcmp(seen->context, submission->request_context) == 0) {
            ca->n_changed += !cf_bytes_equal(cf_buf_bytes(seen->csr), submission->csr);
            return;
        }
    }
    struct core_seen *seen = calloc(1, sizeof *seen);
    assert_non_null(seen);
    *seen = (struct core_seen){.next = ca->seen,
                               .context = strdup(submission->request_context),
                               .csr = cf_buf_copy(submission->csr)};
    ca->seen = seen;
}

static enum cf_rc
answer_submission(struct core_ca *ca, const struct cf_ca_submission *submission,
                  struct cf_ca_answer *answer, struct cf_err *err)
{
    struct cf_ca_submission asked = *submission;
    cf_own(cf_buf) other = ca->swaps ? kit_csr("somebody else") : NULL;

    answer->nothing_issued = ca->fails_before;
    CF_TRY(scripted(ca, err));
    answer->nothing_issued = false;
    if (ca->reject_reason) {
        answer->disposition = CF_CA_ANSWER_REJECTED;
        memcpy(answer->reason, ca->reject_reason, strlen(ca->reject_reason) + 1);
        return CF_OK;
    }
    if (other) {
        asked.csr = cf_buf_bytes(other);
        asked.request_context = "somebody else";
    }
    if (ca->issues_by)
        asked.template_settings = ca->issues_by;
    CF_TRY(ca->inner->ops->submit(ca->inner, &asked, answer, err));
    keep_first(ca, answer);
    if (answer->disposition == CF_CA_ANSWER_PENDING) {
        answer->retry_after_ms = ca->retry_after_ms;
        (void)snprintf(answer->reason, sizeof answer->reason, "request 12");
        if (ca->drops_cookie) {
            free(answer->cookie);
            answer->cookie = NULL;
        }
    }
    if (ca->lose_times == 0)
        return CF_OK;
    ca->lose_times--;
    cf_ca_answer_done(answer);
    return cf_fail(err, ca->lose, "the answer was lost");
}

/* Lock held at both ends. */
static void
wait_if_told(struct core_ca *ca)
{
    if (!ca->is_holding)
        return;
    ca->n_held++;
    while (ca->is_holding)
        pthread_cond_wait(&ca->let_go, &ca->lock);
    ca->n_held--;
}

static enum cf_rc
core_submit(struct cf_ca *base, const struct cf_ca_submission *submission,
            struct cf_ca_answer *ret_answer, struct cf_err *err)
{
    struct core_ca *ca = of(base);
    struct cf_ca_answer answer = {0};

    pthread_mutex_lock(&ca->lock);
    note_submission(ca, submission);
    wait_if_told(ca);
    enum cf_rc rc = answer_submission(ca, submission, &answer, err);
    pthread_mutex_unlock(&ca->lock);
    if (rc == CF_OK)
        *ret_answer = answer;
    else
        ret_answer->nothing_issued = answer.nothing_issued;
    return rc;
}

static enum cf_rc
core_poll(struct cf_ca *base, const char *cookie, struct cf_ca_answer *ret_answer,
          struct cf_err *err)
{
    struct core_ca *ca = of(base);

    pthread_mutex_lock(&ca->lock);
    ca->n_polls++;
    enum cf_rc rc = scripted(ca, err);
    pthread_mutex_unlock(&ca->lock);
    if (rc == CF_OK)
        rc = ca->inner->ops->poll(ca->inner, cookie, ret_answer, err);
    if (rc == CF_OK)
        ret_answer->retry_after_ms = ca->retry_after_ms;
    return rc;
}

static enum cf_rc
core_revoke(struct cf_ca *base, const struct cf_ca_revocation *revocation, struct cf_err *err)
{
    struct core_ca *ca = of(base);

    pthread_mutex_lock(&ca->lock);
    ca->n_revokes++;
    enum cf_rc rc = scripted(ca, err);
    pthread_mutex_unlock(&ca->lock);
    return rc == CF_OK ? ca->inner->ops->revoke(ca->inner, revocation, err) : rc;
}

static enum cf_rc
core_chain(struct cf_ca *base, struct cf_buf **ret_chain, struct cf_err *err)
{
    return of(base)->inner->ops->chain(of(base)->inner, ret_chain, err);
}

static enum cf_rc
core_crl(struct cf_ca *base, struct cf_buf **ret_crl, struct cf_err *err)
{
    return of(base)->inner->ops->crl(of(base)->inner, ret_crl, err);
}

static enum cf_rc
core_upkeep(struct cf_ca *base, int64_t *ret_next_ms, struct cf_err *err)
{
    struct core_ca *ca = of(base);

    pthread_mutex_lock(&ca->lock);
    enum cf_rc rc = scripted(ca, err);
    pthread_mutex_unlock(&ca->lock);
    return rc == CF_OK ? ca->inner->ops->upkeep(ca->inner, ret_next_ms, err) : rc;
}

static enum cf_rc
core_decide(struct cf_ca *base, const char *cookie, bool approve, struct cf_err *err)
{
    return of(base)->inner->ops->decide(of(base)->inner, cookie, approve, err);
}

static enum cf_rc
core_check(struct cf_ca *base, cf_finding_fn *report, void *arg, struct cf_err *err)
{
    struct core_ca *ca = of(base);

    pthread_mutex_lock(&ca->lock);
    ca->n_checks++;
    if (ca->holds_checks)
        wait_if_told(ca);
    for (size_t i = 0; i < CF_COUNT(ca->findings) && ca->findings[i].text; i++)
        report(arg, &ca->findings[i]);
    enum cf_rc rc = ca->fail_check;
    pthread_mutex_unlock(&ca->lock);
    return rc == CF_OK ? CF_OK : cf_fail(err, rc, "as the test wants it");
}

/* As a CA does it: what is configured stays. */
static enum cf_rc
core_complete(struct cf_ca *base, struct cf_template_settings *template_settings,
              struct cf_err *err)
{
    struct core_ca *ca = of(base);
    cf_own(cf_template_settings) known = NULL;

    pthread_mutex_lock(&ca->lock);
    ca->n_completions++;
    enum cf_rc rc = ca->fail_completion;
    if (ca->completion)
        known = cf_template_settings_copy(ca->completion);
    pthread_mutex_unlock(&ca->lock);
    if (rc != CF_OK)
        return cf_fail(err, rc, "as the test wants it");
    if (!known)
        return CF_OK;
    free(template_settings->oid);
    template_settings->oid = cf_give(known->oid);
    template_settings->eku_is_fixed = known->eku_is_fixed;
    if (!(template_settings->given & CF_TEMPLATE_KEY))
        template_settings->key = known->key;
    if (!(template_settings->given & CF_TEMPLATE_VALIDITY))
        template_settings->validity_ms = known->validity_ms;
    if (template_settings->given & CF_TEMPLATE_EKU)
        return CF_OK;
    char **eku = template_settings->eku;
    size_t n_eku = template_settings->n_eku;
    template_settings->eku = known->eku;
    template_settings->n_eku = known->n_eku;
    known->eku = eku;
    known->n_eku = n_eku;
    return CF_OK;
}

void
core_ca_hold(struct core_ca *ca, bool is_holding)
{
    pthread_mutex_lock(&ca->lock);
    ca->is_holding = is_holding;
    pthread_cond_broadcast(&ca->let_go);
    pthread_mutex_unlock(&ca->lock);
}

unsigned
core_ca_held(struct core_ca *ca)
{
    pthread_mutex_lock(&ca->lock);
    unsigned n = ca->n_held;
    pthread_mutex_unlock(&ca->lock);
    return n;
}

static void
core_close(struct cf_ca *base)
{
    struct core_ca *ca = of(base);

    ca->inner->ops->close(ca->inner);
    while (ca->seen) {
        struct core_seen *seen = ca->seen;
        ca->seen = seen->next;
        free(seen->context);
        cf_buf_free(seen->csr);
        free(seen);
    }
    cf_buf_free(ca->first_cert);
    cf_buf_free(ca->first_chain);
    pthread_cond_destroy(&ca->let_go);
    pthread_mutex_destroy(&ca->lock);
    free(ca);
}

struct core_ca *
core_ca_new(struct cf_ca *take_inner)
{
    struct core_ca *ca = calloc(1, sizeof *ca);

    assert_non_null(ca);
    pthread_mutex_init(&ca->lock, NULL);
    pthread_cond_init(&ca->let_go, NULL);
    ca->inner = take_inner;
    ca->ops = (struct cf_ca_ops){
        .name = "local",
        .abi = CF_CA_ABI,
        .close = core_close,
        .check = core_check,
        .complete_template = core_complete,
        .submit = core_submit,
        .poll = core_poll,
        .revoke = core_revoke,
        .chain = core_chain,
        .crl = core_crl,
        .upkeep = core_upkeep,
        .decide = core_decide,
    };
    ca->base.ops = &ca->ops;
    return ca;
}

void
core_ca_limit(struct core_kit *kit, uint64_t max_parallel, uint64_t breaker_min_ms,
              uint64_t breaker_max_ms)
{
    struct cf_ca_settings *settings = kit->site->settings->cas[0];
    struct cf_ca_slot *slot = &kit->site->cas[0];
    struct cf_ca *ca = slot->ca;

    settings->max_parallel = max_parallel;
    settings->breaker_min_ms = breaker_min_ms;
    settings->breaker_max_ms = breaker_max_ms;
    slot->ca = NULL;
    cf_ca_slot_done(slot);
    cf_ca_slot_init(slot, settings, kit->clock);
    slot->ca = ca;
}
