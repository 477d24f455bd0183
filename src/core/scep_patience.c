/* SPDX-License-Identifier: Apache-2.0 */
/* scep_patience - a device does not wait for ever, so its request is not worked on for ever. */
#include "scep.h"

uint64_t
cf_scep_patience_ms(const struct cf_scep_profile_settings *profile)
{
    return profile && profile->keep_trying_ms > 0 ? profile->keep_trying_ms : CF_SCEP_PATIENCE_MS;
}

/* Until when the item is tried in its state; 0: for as long as it takes. Before a CA has it, the
 * device's patience counts, which was noted as the lease when it asked; a CA that wants time gets
 * it; a withdrawal has no end. */
static int64_t
until_ms(struct cf_work *work)
{
    const struct cf_item *item = work->item;

    switch (item->state) {
    case CF_STATE_RECEIVED:
    case CF_STATE_ADMITTED:
    case CF_STATE_KEYED:
        return item->lease_until_ms;
    case CF_STATE_RECORDED:
    case CF_STATE_FAILED:
        return item->first_failed_ms > 0
                   ? item->first_failed_ms + (int64_t)cf_scep_patience_ms(cf_scep_profile_of(work))
                   : 0;
    default:
        return 0;
    }
}

enum cf_rc
cf_scep_check_patience(struct cf_work *work, struct cf_err *err)
{
    const struct cf_item *item = work->item;
    int64_t until = until_ms(work);

    if (until == 0 || cf_clock_now_ms(work->site->clock) < until)
        return CF_OK;
    enum cf_rc rc = item->rc != CF_OK ? item->rc : CF_E_TIMEOUT;
    cf_fail(err, rc, "given up, the device has waited long enough; %.180s",
            item->error ? item->error : "nobody had time for it");
    if (err)
        err->fault = CF_FAULT_REQUEST;
    return rc;
}
