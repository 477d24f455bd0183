/* SPDX-License-Identifier: Apache-2.0 */
/* client - the first half of cf_ctl_call, for those who tell a dead daemon from one that says no.
 * The second one is cf_verdict_read. */
#pragma once

#include "certferry/ctl.h"

/* Sends and receives; whatever fails here, fails between us and the daemon. */
CF_MUST_USE enum cf_rc cf_ctl_exchange(const char *socket_path, const char *request,
                                       uint64_t timeout_ms, struct cf_json **ret_answer,
                                       struct cf_err *err);
