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
cf_tool_render_fn cf_render_scep_challenge;
cf_tool_render_fn cf_render_scep_status;

/* One line: how many there are in each state, by the member of that name. */
CF_MUST_USE enum cf_rc cf_render_states(struct cf_tool *tool, const struct cf_json *result,
                                        const char *member, const char *label, struct cf_err *err);

/* What a state means, and what is to be done about an error; never NULL. */
const char *cf_explain_state(enum cf_kind kind, enum cf_state state);
const char *cf_explain_error(enum cf_rc rc);
const char *cf_explain_fault(enum cf_kind kind, enum cf_fault fault);
/* What a request without an error waits for; NULL: for nothing. */
const char *cf_explain_wait(enum cf_kind kind, enum cf_state state);
