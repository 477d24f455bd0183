/* SPDX-License-Identifier: Apache-2.0 */
/* log - levels, limits and the forming of an entry; log_write sends it. */
#include "certferry/log.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "certferry/clock.h"
#include "certferry/text.h"
#include "log_limit.h"
#include "log_write.h"

enum { LEVEL_INFO = 6 };

static atomic_int level = LEVEL_INFO;

/* Guards the limits and the sink; never held while an entry is written to journal or stderr. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct cf_log_limit limits[CF_EV_MAX_];
static cf_log_sink_fn *sink_fn;
static void *sink_arg;

void
cf_log_set_level(int priority)
{
    atomic_store(&level, priority);
}

void
cf_log_set_sink(cf_log_sink_fn *sink, void *arg)
{
    pthread_mutex_lock(&lock);
    sink_fn = sink;
    sink_arg = arg;
    /* Each test starts with its bursts unspent. */
    memset(limits, 0, sizeof limits);
    pthread_mutex_unlock(&lock);
}

static bool
passes(enum cf_event event, unsigned burst, uint64_t *ret_left_out)
{
    pthread_mutex_lock(&lock);
    bool is_passed = cf_log_limit_pass(&limits[event], burst,
                                       cf_clock_monotonic_ms(cf_clock_real()), ret_left_out);
    pthread_mutex_unlock(&lock);
    return is_passed;
}

static void append(char *text, size_t size, const char *format, ...) CF_PRINTF(3, 4);

static void
append(char *text, size_t size, const char *format, ...)
{
    size_t used = strlen(text);
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text + used, size - used, format, args);
    va_end(args);
}

/* True when a test took the entry. */
static bool
give_to_sink(enum cf_event event, const struct cf_log_entry *entry,
             const struct cf_log_fields *fields)
{
    /* Under the lock, so that a sink needs none of its own and is never called after it was
     * taken away. */
    pthread_mutex_lock(&lock);
    bool has_sink = sink_fn;
    if (has_sink)
        sink_fn(sink_arg, event, entry->priority, entry->message, fields);
    pthread_mutex_unlock(&lock);
    return has_sink;
}

void
cf_log(enum cf_event event, const struct cf_log_fields *fields, const char *format, ...)
{
    static const struct cf_log_fields NO_FIELDS = {0};
    int saved_errno = errno;
    struct cf_log_entry entry;
    char text[sizeof entry.message] = "";
    uint64_t n_left_out;
    va_list args;

    entry.info = cf_event_info(event);
    entry.priority = entry.info->priority;
    if (!fields)
        fields = &NO_FIELDS;
    if (entry.priority > atomic_load(&level) ||
        !passes(event, entry.info->burst_per_min, &n_left_out))
        return;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (fields->err && fields->err->rc != CF_OK)
        append(text, sizeof text, ": %s", fields->err->text);
    if (n_left_out > 0)
        append(text, sizeof text, " (%" PRIu64 " entries like this one were left out before it)",
               n_left_out);
    cf_text_sanitize(text, strlen(text), entry.message, sizeof entry.message);

    if (!give_to_sink(event, &entry, fields)) {
        cf_log_collect(&entry, fields);
        cf_log_write(&entry);
    }
    errno = saved_errno;
}
