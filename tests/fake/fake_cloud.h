/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_cloud - a management service in memory that does what a test says and remembers what it got.
 *
 * Work is handed out in the order in which it was offered. A result is accepted when its context
 * was handed out and no other final result came before; verdicts and errors can be scripted.
 * Thread-safe.
 */
#pragma once

#include "certferry/cloud.h"

enum fake_cloud_call {
    FAKE_CLOUD_DOWNLOAD,
    FAKE_CLOUD_UPLOAD,
    FAKE_CLOUD_DOWNLOAD_REVOCATIONS,
    FAKE_CLOUD_UPLOAD_REVOCATIONS,
    FAKE_CLOUD_HEARTBEAT,
    FAKE_CLOUD_UPKEEP,
    FAKE_CLOUD_SCEP_VALIDATE,
    FAKE_CLOUD_SCEP_ISSUED,
    FAKE_CLOUD_SCEP_FAILED,
    FAKE_CLOUD_CALL_MAX_
};

struct fake_cloud;

/* stop_flag may be NULL. */
struct fake_cloud *fake_cloud_new(const volatile int *stop_flag);
struct fake_cloud *fake_cloud_free(struct fake_cloud *fake);
struct cf_cloud *fake_cloud_port(struct fake_cloud *fake);

/* One element of a page; the text is copied and may be anything. */
void fake_cloud_offer(struct fake_cloud *fake, const char *json);
void fake_cloud_offer_revocation(struct fake_cloud *fake, const char *json);

/* The next `times` calls of this kind fail like this and do nothing. */
void fake_cloud_fail(struct fake_cloud *fake, enum fake_cloud_call call, const struct cf_err *err,
                     unsigned times);
/* The next `times` calls of this kind are carried out and then fail with CF_E_NET. */
void fake_cloud_lose_answers(struct fake_cloud *fake, enum fake_cloud_call call, unsigned times);
/* The next upload of a result for this context gets this verdict, and is not recorded. */
void fake_cloud_judge(struct fake_cloud *fake, const char *context,
                      const struct cf_cloud_verdict *verdict);
/* What the next upkeep tells; its next visit is `again_in_ms` after the real time. */
void fake_cloud_set_news(struct fake_cloud *fake, enum cf_credential_news news, const char *text,
                         int64_t again_in_ms);

unsigned fake_cloud_calls(struct fake_cloud *fake, enum fake_cloud_call call);
/* How often a result for this context arrived, refused ones included. */
unsigned fake_cloud_uploads(struct fake_cloud *fake, const char *context);
/* The last one recorded, as JSON; NULL: none. malloc'd. */
char *fake_cloud_result(struct fake_cloud *fake, const char *context);
unsigned fake_cloud_waiting(struct fake_cloud *fake); /* offered and not yet handed out */

/* The next calls of this kind (FAKE_CLOUD_SCEP_...) are refused with this code; NULL: accepted. */
void fake_cloud_refuse(struct fake_cloud *fake, enum fake_cloud_call call, const char *code);
/* What the last SCEP call of any kind brought; texts are malloc'd. */
struct fake_cloud_scep {
    char *transaction_id;
    struct cf_buf *csr;
    char *thumbprint;      /* issued */
    char *ca;              /* issued */
    struct cf_err failure; /* failed */
};
void fake_cloud_last_scep(struct fake_cloud *fake, struct fake_cloud_scep *ret);
void fake_cloud_scep_done(struct fake_cloud_scep *scep);
