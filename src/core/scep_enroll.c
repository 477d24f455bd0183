/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scep_enroll - a device's message becomes an item, or is found to be one.
 *
 * Devices repeat themselves: after a time-out, on another node, after days. What was certified once
 * is answered with the same certificate, and what is in work is not begun a second time.
 */
#include <stdio.h>
#include <string.h>

#include "scep.h"

/* Certificates of one CSR that have expired since, one after another. */
enum { LIVES_MAX = 16, SAME_TRANSACTION_MAX = 20 };

struct enrollment {
    struct cf_scheduler *scheduler;
    struct cf_site *site;
    const struct cf_scep_request *request;
    const struct cf_scep_profile_settings *profile;
    struct cf_cert_sketch signer;
    char prefix[CF_CONTEXT_MAX + 1];
    char context[CF_CONTEXT_MAX + 1];
    struct cf_ledger_entry *issued; /* for this context before; NULL: none */
};

/* A renewal may bring the same CSR as the request before it: the certificate that signed it tells
 * them apart. So does one that has expired: a device that asks with the same CSR then wants another
 * one. */
static enum cf_rc
find_context(struct enrollment *enrollment, struct cf_err *err)
{
    const struct cf_scep_request *request = enrollment->request;
    int64_t now = cf_clock_now_ms(enrollment->site->clock);
    bool is_renewal = request->type == CF_SCEP_RENEWAL_REQ || !enrollment->signer.is_self_issued;
    struct cf_bytes others = is_renewal ? request->signer : (struct cf_bytes){0};
    char thumbprint[CF_SHA1_TEXT_SIZE];

    CF_TRY(cf_scep_prefix(request->profile, request->transaction_id,
                          cf_buf_bytes(enrollment->signer.spki), enrollment->prefix, err));
    for (unsigned life = 0; life < LIVES_MAX; life++) {
        enrollment->issued = cf_ledger_entry_free(enrollment->issued);
        CF_TRY(cf_scep_context(enrollment->prefix, request->csr, others, enrollment->context, err));
        CF_TRY(
            cf_scep_find_issued(enrollment->site, enrollment->context, &enrollment->issued, err));
        if (!enrollment->issued || enrollment->issued->not_after_ms > now)
            return CF_OK;
        (void)snprintf(thumbprint, sizeof thumbprint, "%s", enrollment->issued->thumbprint);
        others = cf_bytes_of(thumbprint, strlen(thumbprint));
    }
    return CF_OK;
}

/* Of this transaction, with another CSR, and not decided yet. */
static enum cf_rc
find_other(const struct enrollment *enrollment, bool *ret_is_there, struct cf_err *err)
{
    const struct cf_item_filter filter = {
        .states = CF_STATE_BIT(CF_STATE_RECEIVED) | CF_STATE_BIT(CF_STATE_ADMITTED) |
                  CF_STATE_BIT(CF_STATE_KEYED) | CF_STATE_BIT(CF_STATE_SUBMITTED) |
                  CF_STATE_BIT(CF_STATE_ISSUED) | CF_STATE_BIT(CF_STATE_RECORDED),
        .kinds = 1u << CF_KIND_SCEP,
        .context_prefix = enrollment->prefix,
        .newest_first = true,
        .limit = SAME_TRANSACTION_MAX,
    };
    struct cf_store *store = enrollment->site->store;
    struct cf_items items = {0};

    *ret_is_there = false;
    CF_TRY(store->ops->list(store, &filter, &items, err));
    for (size_t i = 0; i < items.n; i++) {
        if (strcmp(items.item[i]->context, enrollment->context) != 0)
            *ret_is_there = true;
    }
    cf_items_done(&items);
    return CF_OK;
}

static enum cf_rc
take_in(const struct enrollment *enrollment, struct cf_scep_answer *answer, struct cf_err *err)
{
    const struct cf_scep_request *request = enrollment->request;
    const struct cf_scep_body body = {
        .profile = request->profile,
        .type = request->type,
        .transaction_id = request->transaction_id,
        .remote = request->remote,
    };
    cf_own(cf_buf) json = NULL;
    bool has_other = false;

    CF_TRY(find_other(enrollment, &has_other, err));
    if (has_other) {
        cf_scep_refuse(answer, CF_SCEP_BAD_REQUEST, "transaction %.64s is in work with another CSR",
                       request->transaction_id);
        return CF_OK;
    }
    CF_TRY(cf_scep_body_write(&body, request->csr, request->signer, &json, err));
    const struct cf_scep_intake intake = {
        .context = enrollment->context,
        .body = json,
        .patience_ms = cf_scep_patience_ms(enrollment->profile),
    };
    return cf_scep_take_in(enrollment->scheduler, enrollment->site, &intake, answer, err);
}

static enum cf_rc
enroll(struct enrollment *enrollment, struct cf_scep_answer *answer, struct cf_err *err)
{
    cf_own(cf_item) item = NULL;

    CF_TRY(find_context(enrollment, err));
    (void)snprintf(answer->context, sizeof answer->context, "%s", enrollment->context);
    CF_TRY(cf_scep_find_item(enrollment->site, enrollment->context, &item, err));
    if (!item && enrollment->issued)
        return cf_scep_answer_entry(enrollment->site, enrollment->issued, answer, err);
    if (!item ||
        cf_store_begins_anew(item->kind, item->state, item->rc, item->csr != NULL, item->submits))
        return take_in(enrollment, answer, err);
    return cf_scep_go_on(enrollment->scheduler, enrollment->site, item, answer, err);
}

/* What no item is made of. */
static bool
is_refused(struct enrollment *enrollment, struct cf_scep_answer *answer)
{
    const struct cf_scep_request *request = enrollment->request;
    size_t len = strlen(request->transaction_id);
    struct cf_err fault = {0};

    if (request->type != CF_SCEP_PKCS_REQ && request->type != CF_SCEP_RENEWAL_REQ)
        cf_scep_refuse(answer, CF_SCEP_BAD_REQUEST, "messages of type %d are not served",
                       request->type);
    else if (len == 0 || len > 4 * CF_SCEP_TRANSACTION_MAX)
        cf_scep_refuse(answer, CF_SCEP_BAD_REQUEST, "a transaction id of %zu bytes", len);
    else if (request->csr.len == 0 || request->csr.len > CF_CSR_DER_MAX)
        cf_scep_refuse(answer, CF_SCEP_BAD_REQUEST, "a CSR of %zu bytes", request->csr.len);
    else if (cf_cert_sketch(request->signer, &enrollment->signer, &fault) != CF_OK)
        cf_scep_refuse(answer, CF_SCEP_BAD_REQUEST, "signer of the message: %.200s", fault.text);
    else
        return false;
    return true;
}

static enum cf_rc
find_profile(struct enrollment *enrollment, struct cf_err *err)
{
    const char *name = enrollment->request->profile;

    enrollment->profile = cf_settings_find_scep_profile(enrollment->site->settings, name);
    return enrollment->profile
               ? CF_OK
               : cf_fail(err, CF_E_NOT_FOUND, "there is no [scep-profile %.64s]", name);
}

enum cf_rc
cf_scep_enroll(struct cf_scheduler *scheduler, const struct cf_scep_request *request,
               struct cf_scep_answer *ret_answer, struct cf_err *err)
{
    cf_own(cf_site) site = cf_scheduler_site(scheduler);
    struct enrollment enrollment = {.scheduler = scheduler, .site = site, .request = request};
    struct cf_scep_answer answer = {0};

    CF_TRY(find_profile(&enrollment, err));
    enum cf_rc rc = is_refused(&enrollment, &answer) ? CF_OK : enroll(&enrollment, &answer, err);
    cf_cert_sketch_done(&enrollment.signer);
    cf_ledger_entry_free(enrollment.issued);
    if (rc == CF_OK)
        *ret_answer = answer;
    else
        cf_scep_answer_done(&answer);
    return rc;
}

static enum cf_rc
enroll_ra(struct cf_scheduler *scheduler, struct cf_site *site, const struct cf_scep_body *body,
          struct cf_bytes csr, struct cf_scep_answer *answer, struct cf_err *err)
{
    char prefix[CF_CONTEXT_MAX + 1], context[CF_CONTEXT_MAX + 1];
    const struct cf_bytes none = {0};
    cf_own(cf_item) item = NULL;
    cf_own(cf_ledger_entry) issued = NULL;
    cf_own(cf_buf) json = NULL;

    /* No profile has an empty name. */
    (void)snprintf(prefix, sizeof prefix, "/%.128s/%s/", body->ca,
                   cf_scep_ra_role_name(body->role));
    CF_TRY(cf_scep_context(prefix, csr, none, context, err));
    (void)snprintf(answer->context, sizeof answer->context, "%s", context);
    CF_TRY(cf_scep_find_item(site, context, &item, err));
    if (item &&
        !cf_store_begins_anew(item->kind, item->state, item->rc, item->csr != NULL, item->submits))
        return cf_scep_go_on(scheduler, site, item, answer, err);
    CF_TRY(cf_scep_find_issued(site, context, &issued, err));
    if (issued)
        return cf_scep_answer_entry(site, issued, answer, err);
    CF_TRY(cf_scep_body_write(body, csr, none, &json, err));
    const struct cf_scep_intake intake = {
        .context = context, .body = json, .patience_ms = cf_scep_patience_ms(NULL)};
    return cf_scep_take_in(scheduler, site, &intake, answer, err);
}

enum cf_rc
cf_scep_ra_enroll(struct cf_scheduler *scheduler, const char *ca, enum cf_scep_ra_role role,
                  struct cf_bytes csr, struct cf_scep_answer *ret_answer, struct cf_err *err)
{
    cf_own(cf_site) site = cf_scheduler_site(scheduler);
    const struct cf_scep_body body = {.ca = ca, .role = role};
    struct cf_scep_answer answer = {0};
    enum cf_rc rc = CF_OK;

    if (!cf_site_ca(site, ca))
        return cf_fail(err, CF_E_NOT_FOUND, "there is no [ca %.64s]", ca);
    if (csr.len == 0 || csr.len > CF_CSR_DER_MAX)
        cf_scep_refuse(&answer, CF_SCEP_BAD_REQUEST, "a CSR of %zu bytes", csr.len);
    else
        rc = enroll_ra(scheduler, site, &body, csr, &answer, err);
    if (rc == CF_OK)
        *ret_answer = answer;
    else
        cf_scep_answer_done(&answer);
    return rc;
}
