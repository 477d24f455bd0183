/* SPDX-License-Identifier: Apache-2.0 */
/* client - the two halves of cf_ctl_call, for those who tell a dead daemon from one that says no.
 */
#pragma once

#include "certferry/ctl.h"

/* Sends and receives; whatever fails here, fails between us and the daemon. */
CF_MUST_USE enum cf_rc cf_ctl_exchange(const char *socket_path, const char *request,
                                       uint64_t timeout_ms, struct cf_json **ret_answer,
                                       struct cf_err *err);
/* The daemon's own verdict: CF_OK, or its error. CF_E_PROTOCOL when it is neither; then and only
 * then *ret_is_verdict is false. */
CF_MUST_USE enum cf_rc cf_ctl_verdict(const struct cf_json *answer, bool *ret_is_verdict,
                                      struct cf_err *err);
