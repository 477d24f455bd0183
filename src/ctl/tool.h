/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tool - what the commands of `certferry` share: streams, exit codes, and text that is safe to
 * show.
 *
 * Nothing that came from a file or from the daemon reaches a terminal but through cf_tool_put and
 * cf_table, which make it harmless.
 */
#pragma once

#include <stdio.h>

#include "certferry/json.h"

enum cf_tool_exit {
    CF_TOOL_OK = 0,
    CF_TOOL_REFUSED = 1,     /* the daemon or the CA said no, or the deed failed here */
    CF_TOOL_NOT_FOUND = 2,   /* no such request, certificate or CA */
    CF_TOOL_UNREACHABLE = 3, /* no usable answer from the daemon */
    CF_TOOL_FINDINGS = 4,    /* check or lint-profile found errors */
    CF_TOOL_WARNINGS = 5,    /* ... warnings only */
    CF_TOOL_USAGE = 64,
    CF_TOOL_CONFIG = 78
};

enum cf_tool_style { CF_STYLE_PLAIN, CF_STYLE_GOOD, CF_STYLE_WARN, CF_STYLE_BAD, CF_STYLE_HEAD };

struct cf_tool {
    FILE *out;
    FILE *err;
    const char *config_path;
    const char *socket_path; /* NULL: as configured */
    uint64_t timeout_ms;     /* 0: the command's own */
    bool json;
    bool colours;
    unsigned width; /* of the terminal; 0: none */
};

/* cf_pki_init, the first time only: commands that need no key do not ask for locked memory. */
CF_MUST_USE enum cf_rc cf_tool_open_pki(struct cf_err *err);
/* Streams, and the terminal they may lead to. */
void cf_tool_init(struct cf_tool *tool);
/* Flushes; a failed write (disk full, closed pipe) turns success into failure. */
int cf_tool_end(struct cf_tool *tool, int code);

/* "-" for NULL and "". */
void cf_tool_put(struct cf_tool *tool, const char *text);
void cf_tool_put_styled(struct cf_tool *tool, enum cf_tool_style style, const char *text);
/* The escape sequence that turns a style on, or off for PLAIN; "" without colours. */
const char *cf_tool_style(const struct cf_tool *tool, enum cf_tool_style style);
/* "LABEL     text\n" with the texts of all such lines below one another. */
void cf_tool_line(struct cf_tool *tool, const char *label, const char *text);
/* Breaks text between words so that it fits the terminal, each line after `indent` blanks. */
void cf_tool_paragraph(struct cf_tool *tool, unsigned indent, const char *text);
/* "certferry: TEXT" to err. */
void cf_tool_complain(struct cf_tool *tool, const char *format, ...) CF_PRINTF(2, 3);
/* "certferry: TEXT" of err, and the exit code that its rc stands for. */
int cf_tool_fail(struct cf_tool *tool, const struct cf_err *failure);

/* A JSON document or view, without a newline; whatever could harm a terminal is escaped. */
int cf_tool_put_json(struct cf_tool *tool, const struct cf_json *json);
/* Writes to path (mode 0644, as a whole), or to out when path is NULL or "-". */
CF_MUST_USE enum cf_rc cf_tool_write(struct cf_tool *tool, const char *path,
                                     struct cf_bytes content, struct cf_err *err);
