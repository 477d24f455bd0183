/* SPDX-License-Identifier: Apache-2.0 */
/* One journal entry per outcome of a step. */
#include "certferry/metrics.h"
#include "work.h"

static enum cf_event
failure_event(const struct cf_work *work, const struct cf_err *err)
{
    switch (err->rc) {
    case CF_E_POLICY:
        return CF_EV_POLICY_REFUSED;
    case CF_E_RATE:
        return CF_EV_POLICY_RATE;
    case CF_E_RECIPIENT:
        return CF_EV_RECIPIENT_REFUSED;
    case CF_E_MISMATCH:
        return CF_EV_CERTIFICATE_MISMATCH;
    case CF_E_BUG:
        return CF_EV_INTERNAL_ERROR;
    default:
        return work->item->kind == CF_KIND_REVOCATION ? CF_EV_REVOCATION_FAILED
                                                      : CF_EV_REQUEST_FAILED;
    }
}

void
cf_log_retry(const struct cf_work *work, const struct cf_err *err)
{
    const struct cf_log_fields fields = cf_work_fields(work, err);
    const char *context = work->item->context;

    cf_metric_add(CF_M_STEPS_RETRIED, 1);
    if (err->fault == CF_FAULT_CONFIG)
        cf_log(CF_EV_REQUEST_PARKED, &fields, "request %s waits for the administrator", context);
    else
        cf_log(CF_EV_REQUEST_WAITING, &fields, "request %s will be tried again", context);
}

static void
log_failure(const struct cf_work *work, const struct cf_err *err)
{
    const struct cf_log_fields fields = cf_work_fields(work, err);
    const char *context = work->item->context;

    if (work->item->state == CF_STATE_FAILED) {
        bool is_refusal =
            err->rc == CF_E_POLICY || err->rc == CF_E_RATE || err->rc == CF_E_RECIPIENT;
        if (work->item->kind == CF_KIND_REVOCATION)
            cf_metric_add(CF_M_REVOCATIONS_FAILED, 1);
        else
            cf_metric_add(is_refusal ? CF_M_REQUESTS_REFUSED : CF_M_REQUESTS_FAILED, 1);
        cf_log(failure_event(work, err), &fields, "request %s failed", context);
    } else {
        cf_log_retry(work, err);
    }
}

void
cf_log_outcome(const struct cf_work *work, const struct cf_err *err)
{
    const struct cf_item *item = work->item;
    const struct cf_log_fields fields = cf_work_fields(work, NULL);

    if (item->kind == CF_KIND_SCEP) {
        cf_log_scep_outcome(work, err);
        return;
    }
    if (err && err->rc != CF_OK) {
        log_failure(work, err);
        return;
    }
    switch (item->state) {
    case CF_STATE_SUBMITTED:
        cf_log(CF_EV_REQUEST_PENDING, &fields, "request %s waits for CA %s", item->context,
               item->ca);
        break;
    case CF_STATE_WRAPPED:
        if (item->kind == CF_KIND_REENCRYPT) {
            cf_log(CF_EV_CERTIFICATE_RESEALED, &fields,
                   "certificate %s of %s sealed to device %s too", item->serial,
                   item->user_name ? item->user_name : "no user", item->device_id);
            break;
        }
        if (item->kind == CF_KIND_IMPORT) {
            cf_log(CF_EV_PFX_IMPORTED, &fields, "certificate %s of a PFX sealed to device %s",
                   item->serial, item->device_id);
            break;
        }
        cf_metric_add(CF_M_CERTIFICATES_ISSUED, 1);
        cf_log(CF_EV_CERTIFICATE_ISSUED, &fields, "certificate %s issued to %s", item->serial,
               item->subject ? item->subject : "an empty subject");
        break;
    case CF_STATE_REVOKED:
        cf_metric_add(CF_M_REVOCATIONS_DONE, 1);
        cf_log(CF_EV_CERTIFICATE_REVOKED, &fields, "certificate %s revoked at CA %s", item->serial,
               item->ca);
        break;
    default:
        break;
    }
}
