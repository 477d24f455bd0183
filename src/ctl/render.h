/* SPDX-License-Identifier: Apache-2.0 */
/* render - results of the daemon as people read them; an answer of the wrong shape is an error. */
#pragma once

#include "ask.h"
#include "certferry/store.h"

cf_tool_render_fn cf_render_status;
cf_tool_render_fn cf_render_requests;
cf_tool_render_fn cf_render_explain;
cf_tool_render_fn cf_render_revoke;
cf_tool_render_fn cf_render_expiring;
cf_tool_render_fn cf_render_check;
cf_tool_render_fn cf_render_recipient_info;
cf_tool_render_fn cf_render_policy_test;
cf_tool_render_fn cf_render_adcs_discover;

/* What a state means, and what is to be done about an error; never NULL. */
const char *cf_explain_state(enum cf_kind kind, enum cf_state state);
const char *cf_explain_error(enum cf_rc rc);
const char *cf_explain_fault(enum cf_fault fault);
/* What a request without an error waits for; NULL: for nothing. */
const char *cf_explain_wait(enum cf_kind kind, enum cf_state state);
