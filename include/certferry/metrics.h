/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics - process-wide counters and gauges, lock-free and thread-safe.
 *
 * Counters only grow, from zero at start. Names are those of the heartbeat and of
 * `certferry status --json`.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define CF_METRIC_LIST(X)                                                                          \
    X(REQUESTS_RECEIVED, "requestsReceived")                                                       \
    X(REQUESTS_DUPLICATE, "requestsDuplicate")                                                     \
    X(REQUESTS_MALFORMED, "requestsMalformed")                                                     \
    X(CERTIFICATES_ISSUED, "certificatesIssued")                                                   \
    X(REQUESTS_FAILED, "requestsFailed")                                                           \
    X(REQUESTS_REFUSED, "requestsRefused")                                                         \
    X(RESULTS_DELIVERED, "resultsDelivered")                                                       \
    X(RESULTS_REFUSED, "resultsRefused")                                                           \
    X(REVOCATIONS_RECEIVED, "revocationsReceived")                                                 \
    X(REVOCATIONS_DONE, "revocationsDone")                                                         \
    X(REVOCATIONS_FAILED, "revocationsFailed")                                                     \
    X(STEPS_RETRIED, "stepsRetried")                                                               \
    X(CLOUD_ERRORS, "cloudErrors")                                                                 \
    X(CA_ERRORS, "caErrors")                                                                       \
    X(STORE_ERRORS, "storeErrors")                                                                 \
    X(KEYS_GENERATED, "keysGenerated")                                                             \
    X(KEYS_FROM_POOL, "keysFromPool")

enum cf_metric {
#define X(name, text) CF_M_##name,
    CF_METRIC_LIST(X)
#undef X
        CF_M_MAX_
};

void cf_metric_add(enum cf_metric metric, uint64_t n);
uint64_t cf_metric_get(enum cf_metric metric);
const char *cf_metric_name(enum cf_metric metric);
void cf_metric_reset_all(void); /* for tests */
