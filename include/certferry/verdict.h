/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verdict - the frame of every answer on the daemon's sockets: {"ok":true,"result":{...}} or
 * {"ok":false,"error":{"name","fault","text"}}.
 */
#pragma once

#include "certferry/json.h"

/* CF_OK with a view of the result, or the error that the other end answered with. CF_E_PROTOCOL
 * when it is neither; then and only then *ret_is_verdict is false. */
CF_MUST_USE enum cf_rc cf_verdict_read(const struct cf_json *answer, bool *ret_is_verdict,
                                       const struct cf_json **ret_result, struct cf_err *err);
