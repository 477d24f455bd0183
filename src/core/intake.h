/* SPDX-License-Identifier: Apache-2.0 */
/*
 * intake - a downloaded page becomes items of the store.
 */
#pragma once

#include "duty.h"

struct cf_intake {
    size_t n_new;
    size_t n_known;
    size_t n_redeliver;
    size_t n_unanswerable;
};

/* Takes what can be answered into the store, all or nothing; logs what cannot. `is_ours` (may be
 * NULL) filters; items of others are left alone. */
typedef enum cf_rc cf_intake_filter_fn(struct cf_site *site, const struct cf_cloud_work *work,
                                       bool *ret_is_ours, struct cf_err *err);
CF_MUST_USE enum cf_rc cf_intake_page(struct cf_scheduler *scheduler, struct cf_site *site,
                                      enum cf_kind kind, struct cf_cloud_page *page,
                                      cf_intake_filter_fn *filter, struct cf_intake *ret_intake,
                                      struct cf_err *err);
