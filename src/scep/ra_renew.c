/* SPDX-License-Identifier: Apache-2.0 */
/* ra_renew - one step after another until a CA has certificates that are good for long enough. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "certferry/log.h"
#include "certferry/text.h"
#include "ra_internal.h"

enum {
    LEASE_MS = 15 * 60 * 1000,
    WAIT_S = 10,
    LOOK_AGAIN_MS = 5 * 1000,
    PENDING_MAX_MS = 5 * 60 * 1000,
    REFUSED_PAUSE_MS = 10 * 60 * 1000,
    HOUR_MS = 60 * 60 * 1000,
    DAY_MS = 24 * HOUR_MS
};

static int64_t
now_of(const struct cf_ra_work *work)
{
    return cf_clock_now_ms(work->keyring->options.clock);
}

static enum cf_rc
put(struct cf_ra_work *work, bool *ret_has_changed, struct cf_err *err)
{
    cf_own(cf_buf) json = NULL;
    uint64_t version = 0;

    CF_TRY(cf_ra_document_print(work->document, &json, err));
    CF_TRY(cf_scep_backend_ra_put(work->keyring->options.backend, work->ca->name,
                                  work->state.version, cf_buf_bytes(json), &version, err));
    *ret_has_changed = true;
    return CF_OK;
}

static bool
is_revoked(const struct cf_ra_work *work, const struct cf_ra_part *part)
{
    cf_own(cf_cert) cert = NULL;

    if (!part->der || cf_cert_parse(cf_buf_bytes(part->der), &cert, NULL) != CF_OK)
        return false;
    for (size_t i = 0; i < work->state.n_revoked; i++) {
        if (strcmp(work->state.revoked[i], cf_cert_serial(cert)) == 0)
            return true;
    }
    return false;
}

static bool
is_generation_revoked(const struct cf_ra_work *work, const struct cf_ra_generation *generation)
{
    return is_revoked(work, &generation->sign) || is_revoked(work, &generation->encryption);
}

/* A replaced key goes when its time is over, or at once when it was revoked. */
static bool
is_to_be_retired(const struct cf_ra_work *work, size_t index)
{
    const struct cf_ra_generation *generation = &work->document->generation[index];
    int64_t now = now_of(work);

    if (generation->replaced_ms == 0 || now < generation->replaced_ms)
        return false;
    return now - generation->replaced_ms >=
               (int64_t)work->keyring->options.settings->ra_overlap_ms ||
           is_generation_revoked(work, generation);
}

static enum cf_rc
retire(struct cf_ra_work *work, bool *ret_has_changed, struct cf_err *err)
{
    unsigned n_retired = 0;

    for (size_t i = work->document->n; i-- > 0;) {
        if (is_to_be_retired(work, i)) {
            cf_ra_document_remove(work->document, i);
            n_retired++;
        }
    }
    if (n_retired == 0)
        return CF_OK;
    CF_TRY(put(work, ret_has_changed, err));
    cf_log(CF_EV_RA_RETIRED, &(struct cf_log_fields){.ca = work->ca->name},
           "%u replaced RA key set%s of CA %s removed", n_retired, n_retired == 1 ? "" : "s",
           work->ca->name);
    return CF_OK;
}

/* Whether the CA that is there now has issued it; true when nobody can tell. */
static bool
is_of_this_ca(const struct cf_ra_work *work, const struct cf_cert *cert)
{
    cf_own(cf_chain) above = NULL;
    const struct cf_chain *chain = work->authority->chain;

    if (!chain || cf_chain_count(chain) == 0)
        return true;
    const struct cf_bytes issuer = cf_cert_der(cf_chain_at(chain, 0));
    if (cf_chain_build(&issuer, 1, cert, &above, NULL) != CF_OK)
        return true;
    return cf_chain_count(above) > 0;
}

static int64_t
smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* A CA that ends itself gives nothing that would last longer. */
static bool
is_as_long_as_the_ca(const struct cf_ra_work *work, const struct cf_cert *cert)
{
    const struct cf_chain *chain = work->authority->chain;

    return chain && cf_chain_count(chain) > 0 &&
           cf_cert_not_after_ms(cert) >= cf_cert_not_after_ms(cf_chain_at(chain, 0)) - HOUR_MS;
}

/* A certificate that lives shorter than ra_renew_before is renewed at half of its life. */
static bool
is_part_due(const struct cf_ra_work *work, const struct cf_ra_part *part)
{
    cf_own(cf_cert) cert = NULL;

    if (!part->der)
        return false;
    if (cf_cert_parse(cf_buf_bytes(part->der), &cert, NULL) != CF_OK)
        return true;
    int64_t end = cf_cert_not_after_ms(cert);
    int64_t before = smaller((int64_t)work->keyring->options.settings->ra_renew_before_ms,
                             (end - cf_cert_not_before_ms(cert)) / 2);
    return now_of(work) >= end - before && !is_as_long_as_the_ca(work, cert);
}

static bool
is_generation_of_this_ca(const struct cf_ra_work *work, const struct cf_ra_generation *generation)
{
    cf_own(cf_cert) cert = NULL;

    return cf_cert_parse(cf_buf_bytes(generation->sign.der), &cert, NULL) == CF_OK &&
           is_of_this_ca(work, cert);
}

/* While some nodes know a CA's new certificate and others do not yet, each of them finds one of its
 * own in the document: they must not replace each other's in turn. */
static bool
has_ca_changed(const struct cf_ra_work *work)
{
    const struct cf_ra_document *document = work->document;
    const struct cf_ra_generation *newest = &document->generation[document->n - 1];

    if (is_generation_of_this_ca(work, newest))
        return false;
    for (size_t i = 0; i + 1 < document->n; i++) {
        if (is_generation_of_this_ca(work, &document->generation[i]))
            return now_of(work) - newest->made_ms > DAY_MS;
    }
    return true;
}

static bool
is_due(const struct cf_ra_work *work)
{
    const struct cf_ra_document *document = work->document;

    if (document->n == 0)
        return true;
    const struct cf_ra_generation *newest = &document->generation[document->n - 1];
    return is_generation_revoked(work, newest) || is_part_due(work, &newest->sign) ||
           is_part_due(work, &newest->encryption) || has_ca_changed(work);
}

static bool
is_part_usable(const struct cf_ra_work *work, const struct cf_ra_part *part)
{
    cf_own(cf_cert) cert = NULL;

    if (!part->der)
        return true;
    return cf_cert_parse(cf_buf_bytes(part->der), &cert, NULL) == CF_OK &&
           now_of(work) < cf_cert_not_after_ms(cert) && is_of_this_ca(work, cert);
}

/* Whether devices can wait for the new certificates until all nodes have them. */
static bool
is_newest_usable(const struct cf_ra_work *work)
{
    const struct cf_ra_document *document = work->document;

    if (document->n == 0)
        return false;
    const struct cf_ra_generation *newest = &document->generation[document->n - 1];
    return !is_generation_revoked(work, newest) && is_part_usable(work, &newest->sign) &&
           is_part_usable(work, &newest->encryption);
}

static enum cf_rc
begin(struct cf_ra_work *work, bool *ret_has_changed, struct cf_err *err)
{
    const struct cf_scep_keyring_options *options = &work->keyring->options;
    struct cf_ra_pending *pending = &work->document->pending;

    pending->by = strdup(work->keyring->node);
    if (!pending->by)
        return cf_fail_oom(err);
    pending->until_ms = now_of(work) + LEASE_MS;
    pending->is_one =
        strcmp(options->settings->ra_sign_template, options->settings->ra_encryption_template) == 0;
    CF_TRY(cf_ra_key_make(options, work->ca->name,
                          pending->is_one ? CF_SCEP_RA_BOTH : CF_SCEP_RA_SIGN, &pending->sign,
                          err));
    if (!pending->is_one)
        CF_TRY(cf_ra_key_make(options, work->ca->name, CF_SCEP_RA_ENCRYPTION, &pending->encryption,
                              err));
    return put(work, ret_has_changed, err);
}

/* The same CSR would be refused again: the next attempt is another one. */
static enum cf_rc
give_up(struct cf_ra_work *work, const struct cf_scep_answer *answer, bool *ret_has_changed,
        struct cf_err *err)
{
    cf_ra_pending_done(&work->document->pending);
    CF_TRY(put(work, ret_has_changed, err));
    work->ca->begin_after_ms =
        cf_clock_monotonic_ms(work->keyring->options.clock) + REFUSED_PAUSE_MS;
    return cf_fail(err, CF_E_REJECTED, "%s", answer->text);
}

static void
wait_for_approval(struct cf_ra_work *work, enum cf_scep_ra_role role,
                  const struct cf_scep_answer *answer)
{
    struct cf_ra_ca *ca = work->ca;
    char *waits_for = ca->waits_for[role == CF_SCEP_RA_ENCRYPTION];

    work->delay_ms =
        answer->retry_after_ms < PENDING_MAX_MS ? answer->retry_after_ms : PENDING_MAX_MS;
    if (strcmp(waits_for, answer->context) == 0)
        return;
    memcpy(waits_for, answer->context, sizeof answer->context);
    cf_log(CF_EV_RA_PENDING, &(struct cf_log_fields){.ca = ca->name, .request = answer->context},
           "CA %s holds an RA certificate for approval", ca->name);
}

/* *ret_cert is NULL while there is nothing yet, or when the attempt was given up. */
static enum cf_rc
request(struct cf_ra_work *work, enum cf_scep_ra_role role, const struct cf_ra_part *part,
        struct cf_buf **ret_cert, bool *ret_has_changed, struct cf_err *err)
{
    struct cf_scep_answer answer = {0};
    cf_own(cf_cert) cert = NULL;
    enum cf_rc rc = CF_OK;

    CF_TRY(cf_scep_backend_ra_request(work->keyring->options.backend, work->ca->name, role,
                                      cf_buf_bytes(part->der), WAIT_S, &answer, err));
    switch (answer.state) {
    case CF_SCEP_ANSWER_ISSUED:
        rc = cf_cert_parse(cf_buf_bytes(answer.cert), &cert, err);
        if (rc == CF_OK)
            rc = cf_ra_key_check_cert(cf_buf_bytes(part->der), cert, err);
        if (rc == CF_OK)
            *ret_cert = cf_give(answer.cert);
        break;
    case CF_SCEP_ANSWER_PENDING:
        wait_for_approval(work, role, &answer);
        break;
    case CF_SCEP_ANSWER_FAILED:
        rc = give_up(work, &answer, ret_has_changed, err);
        break;
    case CF_SCEP_ANSWER_WORKING:
        work->delay_ms = LOOK_AGAIN_MS;
        break;
    case CF_SCEP_ANSWER_LATER:
        work->delay_ms = answer.retry_after_ms;
        rc = cf_fail(err, CF_E_CA_DOWN, "%s", answer.text);
        break;
    }
    cf_scep_answer_done(&answer);
    return rc;
}

static void
log_obtained(const struct cf_ra_work *work, int64_t active_from_ms)
{
    char from[CF_TEXT_TIME_SIZE];

    cf_text_from_time(active_from_ms, from);
    cf_log(CF_EV_RA_OBTAINED, &(struct cf_log_fields){.ca = work->ca->name},
           "new RA certificates of CA %s, shown to devices from %s on", work->ca->name, from);
}

/* The oldest go when there is no room: there always is for what devices use now. */
static enum cf_rc
add_generation(struct cf_ra_work *work, struct cf_buf *take_sign, struct cf_buf *take_encryption,
               bool *ret_has_changed, struct cf_err *err)
{
    struct cf_ra_document *document = work->document;
    struct cf_ra_pending *pending = &document->pending;
    int64_t now = now_of(work);
    int64_t active_from_ms = is_newest_usable(work) ? now + 2 * CF_SCEP_REFRESH_MS : now;

    if (document->n == CF_SCEP_GENERATIONS_MAX)
        cf_ra_document_remove(document, 0);
    if (document->n > 0)
        document->generation[document->n - 1].replaced_ms = active_from_ms;
    document->generation[document->n++] = (struct cf_ra_generation){
        .made_ms = now,
        .active_from_ms = active_from_ms,
        .is_one = pending->is_one,
        .sign = {.der = take_sign, .key = cf_give(pending->sign.key)},
        .encryption = {.der = take_encryption, .key = cf_give(pending->encryption.key)},
    };
    cf_ra_pending_done(pending);
    CF_TRY(put(work, ret_has_changed, err));
    log_obtained(work, active_from_ms);
    return CF_OK;
}

static enum cf_rc
go_on(struct cf_ra_work *work, bool *ret_has_changed, struct cf_err *err)
{
    struct cf_ra_pending *pending = &work->document->pending;
    cf_own(cf_buf) sign = NULL;
    cf_own(cf_buf) encryption = NULL;

    CF_TRY(request(work, pending->is_one ? CF_SCEP_RA_BOTH : CF_SCEP_RA_SIGN, &pending->sign, &sign,
                   ret_has_changed, err));
    if (!pending->is_one)
        CF_TRY(request(work, CF_SCEP_RA_ENCRYPTION, &pending->encryption, &encryption,
                       ret_has_changed, err));
    if (!sign || (!pending->is_one && !encryption))
        return CF_OK;
    return add_generation(work, cf_give(sign), cf_give(encryption), ret_has_changed, err);
}

/* Under way on this node, or on one that has let its time pass. */
static enum cf_rc
take_on(struct cf_ra_work *work, bool *ret_has_changed, struct cf_err *err)
{
    struct cf_ra_pending *pending = &work->document->pending;
    bool is_ours = strcmp(pending->by, work->keyring->node) == 0;
    int64_t left_ms = pending->until_ms - now_of(work);

    if (!is_ours && left_ms > 0)
        return CF_OK;
    if (is_ours && left_ms > LEASE_MS / 2)
        return go_on(work, ret_has_changed, err);
    char *by = strdup(work->keyring->node);
    if (!by)
        return cf_fail_oom(err);
    free(pending->by);
    pending->by = by;
    pending->until_ms = now_of(work) + LEASE_MS;
    return put(work, ret_has_changed, err);
}

enum cf_rc
cf_ra_advance(struct cf_ra_work *work, bool *ret_has_changed, struct cf_err *err)
{
    *ret_has_changed = false;
    CF_TRY(retire(work, ret_has_changed, err));
    if (*ret_has_changed)
        return CF_OK;
    if (work->document->pending.by)
        return take_on(work, ret_has_changed, err);
    if (is_due(work) &&
        cf_clock_monotonic_ms(work->keyring->options.clock) >= work->ca->begin_after_ms)
        return begin(work, ret_has_changed, err);
    return CF_OK;
}

int64_t
cf_ra_left_ms(const struct cf_ra_document *document, int64_t now_ms)
{
    const struct cf_ra_part *parts[2] = {0};
    int64_t left_ms = INT64_MAX;

    if (document->n == 0)
        return INT64_MIN;
    parts[0] = &document->generation[document->n - 1].sign;
    parts[1] = &document->generation[document->n - 1].encryption;
    for (size_t i = 0; i < CF_COUNT(parts); i++) {
        cf_own(cf_cert) cert = NULL;

        if (parts[i]->der && cf_cert_parse(cf_buf_bytes(parts[i]->der), &cert, NULL) == CF_OK)
            left_ms = smaller(left_ms, cf_cert_not_after_ms(cert) - now_ms);
    }
    return left_ms;
}
