/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ctl - the control socket's protocol (docs/protocol/control-socket.md), client side.
 *
 * One request per connection: a JSON object on one line, answered by a JSON object on one line:
 * {"ok":true,"result":{...}} or {"ok":false,"error":{"name","fault","text"}}.
 */
#pragma once

#include "certferry/json.h"

/* A request of the cloud, up to 1 MiB, goes into a string, in which quotes count double. */
enum { CF_CTL_REQUEST_MAX = 2 * 1024 * 1024 + 64 * 1024, CF_CTL_ANSWER_MAX = 8 * 1024 * 1024 };

/* Sends request (one object, no newline in it) and reads the answer. CF_E_NET: the daemon does not
 * listen (says how to start it); CF_E_PERMISSION; CF_E_TIMEOUT; CF_E_PROTOCOL. An answer with ok
 * false comes back as its own rc, fault and text. *ret_result is the document; its "result" member
 * is an object. */
CF_MUST_USE enum cf_rc cf_ctl_call(const char *socket_path, const char *request,
                                   uint64_t timeout_ms, struct cf_json **ret_answer,
                                   struct cf_err *err);
