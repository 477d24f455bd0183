/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the fake cloud share. */
#pragma once

#include <pthread.h>

#include "fake/fake_cloud.h"

enum { ELEMENTS_MAX = 4096, LEASE_S = 300 };

struct element {
    char *json;
    char *context; /* NULL: without a usable one */
    int64_t lease_until_ms;
    struct cf_err err;
    bool is_revocation;
    bool is_handed_out;
    unsigned n_uploads;
    char *result; /* last one recorded */
    bool is_final;
    bool has_verdict;
    struct cf_cloud_verdict verdict;
};

struct fake_cloud {
    struct cf_cloud base;
    pthread_mutex_t lock;
    const volatile int *stop_flag;
    struct element element[ELEMENTS_MAX];
    size_t n;
    unsigned n_calls[FAKE_CLOUD_CALL_MAX_];
    struct cf_err error[FAKE_CLOUD_CALL_MAX_];
    unsigned n_errors[FAKE_CLOUD_CALL_MAX_];
    unsigned n_lost[FAKE_CLOUD_CALL_MAX_];
    bool has_news;
    enum cf_credential_news news;
    char news_text[256];
    int64_t again_in_ms;
    char *refusal[FAKE_CLOUD_CALL_MAX_];
    struct fake_cloud_scep scep;
};

extern const struct cf_cloud_ops fake_cloud_ops;

/* All with the lock held. */
struct element *fake_cloud_find(struct fake_cloud *fake, const char *context, bool is_revocation);
/* The scripted error of a call, counted; the lock is held when it is CF_OK, until leave. */
enum cf_rc fake_cloud_enter(struct fake_cloud *fake, enum fake_cloud_call call, struct cf_err *err);
enum cf_rc fake_cloud_leave(struct fake_cloud *fake, enum fake_cloud_call call, struct cf_err *err);
enum cf_rc fake_cloud_scep_validate(struct cf_cloud *cloud, const struct cf_scep_action *action,
                                    uint64_t budget_ms, struct cf_scep_verdict *ret_verdict,
                                    struct cf_err *err);
enum cf_rc fake_cloud_scep_issued(struct cf_cloud *cloud, const struct cf_scep_action *action,
                                  const struct cf_scep_issued *issued, uint64_t budget_ms,
                                  struct cf_scep_verdict *ret_verdict, struct cf_err *err);
enum cf_rc fake_cloud_scep_failed(struct cf_cloud *cloud, const struct cf_scep_action *action,
                                  const struct cf_err *failure, uint64_t budget_ms,
                                  struct cf_scep_verdict *ret_verdict, struct cf_err *err);
