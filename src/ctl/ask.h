/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ask - a command to the daemon, from the members of its request to the exit code.
 *
 * Functions that return int have said what went wrong and return the exit code.
 */
#pragma once

#include "certferry/settings.h"
#include "tool.h"

enum { CF_ASK_TEXT_MAX = 64 * 1024 };

/* A member of the request: text, or number when text is NULL; left out when both say nothing. */
struct cf_ask_member {
    const char *name;
    const char *text;
    int64_t number; /* below 0: none */
};

struct cf_ask {
    const char *command;
    struct cf_ask_member member[4];
    uint64_t timeout_ms; /* 0: 30 s */
};

/* The configuration; its faults go to err. */
int cf_tool_load(struct cf_tool *tool, struct cf_settings **ret_settings);

/* *ret_result is a view into *ret_answer. *ret_is_down (may be NULL: then it is complained about)
 * is set in place of a complaint when nobody listens on the socket. */
int cf_tool_ask(struct cf_tool *tool, const struct cf_ask *ask, struct cf_json **ret_answer,
                const struct cf_json **ret_result, bool *ret_is_down);

/* Shows a result for people. */
typedef enum cf_rc cf_tool_render_fn(struct cf_tool *tool, const struct cf_json *result,
                                     struct cf_err *err);
/* The result by render, or as it is with --json. An answer of the wrong shape is complained about.
 */
int cf_tool_show(struct cf_tool *tool, const struct cf_json *result, cf_tool_render_fn *render);
int cf_tool_ask_and_show(struct cf_tool *tool, const struct cf_ask *ask, cf_tool_render_fn *render);
int cf_tool_fail_answer(struct cf_tool *tool, const struct cf_err *err);

/* Optional text of an answer: NULL when it is not there. */
CF_MUST_USE enum cf_rc cf_tool_text(const struct cf_json *object, const char *name,
                                    const char **ret, struct cf_err *err);
/* "2026-11-21 22:34:38" of an RFC 3339 text; any other text cut and made harmless. */
enum { CF_TOOL_TIME_SIZE = 32 };
void cf_tool_time(const char *text, char ret[CF_TOOL_TIME_SIZE]);
/* " (2h 3m ago)" or " (in 5m)"; "" when the text is no time. */
void cf_tool_distance(const char *text, int64_t now_ms, char ret[64]);
