/* SPDX-License-Identifier: Apache-2.0 */
/* One journal entry per outcome of a device's own request. */
#include "certferry/metrics.h"
#include "scep.h"

static const char *
subject_of(const struct cf_item *item)
{
    return item->subject && item->subject[0] ? item->subject : "an empty subject";
}

static void
log_refused(const struct cf_work *work, const struct cf_err *err)
{
    const struct cf_log_fields fields = cf_work_fields(work, err);
    const struct cf_item *item = work->item;
    bool may_pass = err->fault == CF_FAULT_TRANSIENT || err->fault == CF_FAULT_CONFIG;

    if (item->cert) {
        cf_metric_add(CF_M_REVOCATIONS_FAILED, 1);
        cf_log(CF_EV_REVOCATION_FAILED, &fields, "certificate %s could not be revoked",
               item->serial);
        return;
    }
    cf_metric_add(may_pass ? CF_M_STEPS_RETRIED : CF_M_REQUESTS_REFUSED, 1);
    if (err->fault == CF_FAULT_BUG)
        cf_log(CF_EV_INTERNAL_ERROR, &fields, "request %s failed", item->context);
    else
        cf_log(may_pass ? CF_EV_ENROLLMENT_DELAYED : CF_EV_ENROLLMENT_REFUSED, &fields, "%s, %s",
               subject_of(item), may_pass ? "has to ask again" : "refused");
}

/* With attempts it is the step for that state that failed, and will be tried again. */
static void
log_failure(const struct cf_work *work, const struct cf_err *err)
{
    const struct cf_log_fields fields = cf_work_fields(work, err);
    const struct cf_item *item = work->item;
    bool is_new = item->attempts == 0;

    if (item->state == CF_STATE_REPORTED) {
        log_refused(work, err);
    } else if (item->state == CF_STATE_FAILED && is_new) {
        cf_metric_add(CF_M_REQUESTS_FAILED, 1);
        cf_log(err->fault == CF_FAULT_BUG ? CF_EV_INTERNAL_ERROR
               : err->rc == CF_E_MISMATCH ? CF_EV_CERTIFICATE_MISMATCH
                                          : CF_EV_ENROLLMENT_FAILED,
               &fields, "%s, request %s failed", subject_of(item), item->context);
    } else if (item->state == CF_STATE_REFUSED && is_new) {
        cf_metric_add(CF_M_REQUESTS_FAILED, 1);
        cf_log(CF_EV_ENROLLMENT_WITHDRAWN, &fields, "certificate %s of %s is not handed out",
               item->serial, subject_of(item));
    } else {
        cf_log_retry(work, err);
    }
}

static void
log_delivered(const struct cf_work *work)
{
    const struct cf_log_fields fields = cf_work_fields(work, NULL);
    const struct cf_item *item = work->item;
    const struct cf_ledger_entry *renewed = work->scep ? work->scep->renewed : NULL;

    cf_metric_add(CF_M_CERTIFICATES_ISSUED, 1);
    if (renewed)
        cf_log(CF_EV_ENROLLMENT_RENEWED, &fields, "certificate %s issued to %s in place of %s",
               item->serial, subject_of(item), renewed->serial);
    else
        cf_log(CF_EV_ENROLLMENT_ISSUED, &fields, "certificate %s issued to %s", item->serial,
               subject_of(item));
}

void
cf_log_scep_outcome(const struct cf_work *work, const struct cf_err *err)
{
    const struct cf_log_fields fields = cf_work_fields(work, NULL);
    const struct cf_item *item = work->item;

    if (err && err->rc != CF_OK) {
        log_failure(work, err);
        return;
    }
    switch (item->state) {
    case CF_STATE_SUBMITTED:
        cf_log(CF_EV_REQUEST_PENDING, &fields, "request %s waits for CA %s", item->context,
               item->ca);
        break;
    case CF_STATE_DELIVERED:
        log_delivered(work);
        break;
    case CF_STATE_REPORTED:
        if (!item->cert)
            break;
        cf_metric_add(CF_M_REVOCATIONS_DONE, 1);
        cf_log(CF_EV_CERTIFICATE_REVOKED, &fields, "certificate %s revoked at CA %s", item->serial,
               item->ca);
        break;
    default:
        break;
    }
}
