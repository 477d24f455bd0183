/* SPDX-License-Identifier: Apache-2.0 */
/* log_write - where a formatted entry goes: the journal, or a line on stderr. */
#pragma once

#include <stddef.h>

#include "certferry/log.h"

enum { CF_LOG_FIELDS_MAX = 20, CF_LOG_VALUE_MAX = 512 };

/* One filled field: "CERTFERRY_STATE" and a value that is safe for a terminal. */
struct cf_log_field {
    const char *name;
    char value[CF_LOG_VALUE_MAX];
};

struct cf_log_entry {
    const struct cf_event_info *info;
    int priority;
    char message[1024];
    struct cf_log_field field[CF_LOG_FIELDS_MAX];
    size_t n_fields;
};

/* Fills entry->field from what is set in fields (may be NULL). */
void cf_log_collect(struct cf_log_entry *entry, const struct cf_log_fields *fields);

/* "<6> EVENT message key=value ..." and a newline; returns the length, cut at size. */
size_t cf_log_line(const struct cf_log_entry *entry, char *line, size_t size);

/* The value of $JOURNAL_STREAM (may be NULL) names the file behind fd. */
bool cf_log_is_journal(const char *journal_stream, int fd);

void cf_log_write(const struct cf_log_entry *entry);
