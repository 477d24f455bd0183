/* SPDX-License-Identifier: Apache-2.0 */
/* log_write - native journal fields, or one line on stderr. */
#include "log_write.h"

/* The place would always be this file. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <threads.h>
#include <unistd.h>

#include "certferry/text.h"

enum { LINE_SIZE = 8192, FIXED_FIELDS = 5 };

enum { PREFIX_LEN = sizeof "CERTFERRY_" - 1 };

static void
add_field(struct cf_log_entry *entry, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    assert(entry->n_fields < CF_LOG_FIELDS_MAX);
    struct cf_log_field *field = &entry->field[entry->n_fields++];
    field->name = name;
    cf_text_sanitize(value, strlen(value), field->value, sizeof field->value);
}

void
cf_log_collect(struct cf_log_entry *entry, const struct cf_log_fields *fields)
{
    entry->n_fields = 0;
    if (!fields)
        return;
    add_field(entry, "CERTFERRY_REQUEST", fields->request);
    add_field(entry, "CERTFERRY_KIND", fields->kind);
    add_field(entry, "CERTFERRY_STATE", fields->state);
    add_field(entry, "CERTFERRY_DEVICE", fields->device);
    add_field(entry, "CERTFERRY_CA", fields->ca);
    add_field(entry, "CERTFERRY_BACKEND", fields->backend);
    add_field(entry, "CERTFERRY_TEMPLATE", fields->template_name);
    add_field(entry, "CERTFERRY_SERIAL", fields->serial);
    add_field(entry, "CERTFERRY_SUBJECT", fields->subject);
    add_field(entry, "CERTFERRY_ACTIVITY", fields->activity);
    add_field(entry, "CERTFERRY_TRANSACTION", fields->transaction);
    add_field(entry, "CERTFERRY_PROFILE", fields->profile);
    add_field(entry, "CERTFERRY_REMOTE", fields->remote);
    if (fields->err && fields->err->rc != CF_OK) {
        char native[32] = "";
        if (fields->err->native != 0)
            (void)snprintf(native, sizeof native, "%ld", fields->err->native);
        add_field(entry, "CERTFERRY_ERROR", cf_rc_name(fields->err->rc));
        add_field(entry, "CERTFERRY_FAULT", cf_fault_name(fields->err->fault));
        add_field(entry, "CERTFERRY_NATIVE", native);
    }
}

/* Appends with the last byte kept for the newline. */
static void
put(char *line, size_t size, size_t *used, const char *text, size_t len)
{
    size_t room = size - 1 - *used;

    if (len > room)
        len = room;
    memcpy(line + *used, text, len);
    *used += len;
}

static void
put_str(char *line, size_t size, size_t *used, const char *text)
{
    put(line, size, used, text, strlen(text));
}

static void
put_value(char *line, size_t size, size_t *used, const char *value)
{
    if (!strpbrk(value, " \"=")) {
        put_str(line, size, used, value);
        return;
    }
    put_str(line, size, used, "\"");
    for (const char *at = value; *at; at++) {
        if (*at == '"' || *at == '\\')
            put_str(line, size, used, "\\");
        put(line, size, used, at, 1);
    }
    put_str(line, size, used, "\"");
}

size_t
cf_log_line(const struct cf_log_entry *entry, char *line, size_t size)
{
    size_t used = 0;
    char priority[8];

    (void)snprintf(priority, sizeof priority, "<%d> ", entry->priority & 7);
    put_str(line, size, &used, priority);
    put_str(line, size, &used, entry->info->name);
    put_str(line, size, &used, " ");
    put_str(line, size, &used, entry->message);
    for (size_t i = 0; i < entry->n_fields; i++) {
        put_str(line, size, &used, " ");
        for (const char *at = entry->field[i].name + PREFIX_LEN; *at; at++) {
            char lower = *at >= 'A' && *at <= 'Z' ? (char)(*at - 'A' + 'a') : *at;
            put(line, size, &used, &lower, 1);
        }
        put_str(line, size, &used, "=");
        put_value(line, size, &used, entry->field[i].value);
    }
    line[used++] = '\n';
    return used;
}

bool
cf_log_is_journal(const char *journal_stream, int fd)
{
    struct stat st;
    char name[64];

    if (!journal_stream || fstat(fd, &st) < 0)
        return false;
    (void)snprintf(name, sizeof name, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    return strcmp(name, journal_stream) == 0;
}

static once_flag journal_once = ONCE_FLAG_INIT;
static bool has_journal;

/* Asked once: the environment and stderr are those the process was started with. */
static void
find_journal(void)
{
    has_journal = cf_log_is_journal(getenv("JOURNAL_STREAM"), STDERR_FILENO);
}

static struct iovec
field_iov(char *text, size_t size, const char *name, const char *value)
{
    int len = snprintf(text, size, "%s=%s", name, value);
    size_t used = len < 0 ? 0 : (size_t)len < size ? (size_t)len : size - 1;

    return (struct iovec){.iov_base = text, .iov_len = used};
}

static bool
write_journal(const struct cf_log_entry *entry)
{
    char fixed[FIXED_FIELDS][sizeof entry->message + 32];
    char text[CF_LOG_FIELDS_MAX][CF_LOG_VALUE_MAX + 32];
    struct iovec iov[FIXED_FIELDS + CF_LOG_FIELDS_MAX];
    char priority[8];
    int n = 0;

    (void)snprintf(priority, sizeof priority, "%d", entry->priority & 7);
    iov[n] = field_iov(fixed[n], sizeof fixed[n], "MESSAGE", entry->message);
    n++;
    iov[n] = field_iov(fixed[n], sizeof fixed[n], "PRIORITY", priority);
    n++;
    iov[n] = field_iov(fixed[n], sizeof fixed[n], "MESSAGE_ID", entry->info->message_id);
    n++;
    iov[n] = field_iov(fixed[n], sizeof fixed[n], "CERTFERRY_EVENT", entry->info->name);
    n++;
    iov[n] =
        field_iov(fixed[n], sizeof fixed[n], "SYSLOG_IDENTIFIER", program_invocation_short_name);
    n++;
    for (size_t i = 0; i < entry->n_fields; i++)
        iov[n++] = field_iov(text[i], sizeof text[i], entry->field[i].name, entry->field[i].value);
    return sd_journal_sendv(iov, n) >= 0;
}

void
cf_log_write(const struct cf_log_entry *entry)
{
    char line[LINE_SIZE];

    call_once(&journal_once, find_journal);
    if (has_journal && write_journal(entry))
        return;
    /* One write per entry keeps the lines of several threads apart. */
    size_t len = cf_log_line(entry, line, sizeof line);
    for (size_t done = 0; done < len;) {
        ssize_t n = write(STDERR_FILENO, line + done, len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return; /* nowhere left to say it */
        done += (size_t)n;
    }
}
