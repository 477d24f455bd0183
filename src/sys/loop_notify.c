/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "certferry/loop.h"
#include "certferry/text.h"

enum { STATUS_SIZE = 512 };

/* A status with a line break would be read as one more assignment, so it is made one line. */
static void
notify(const char *assignment, const char *status)
{
    char line[STATUS_SIZE];

    if (!status) {
        (void)sd_notify(0, assignment);
        return;
    }
    cf_text_sanitize(status, strlen(status), line, sizeof line);
    (void)sd_notifyf(0, "%s%sSTATUS=%s", assignment, *assignment ? "\n" : "", line);
}

void
cf_loop_notify_ready(struct cf_loop *loop, const char *status)
{
    (void)loop;
    notify("READY=1", status);
}

void
cf_loop_notify_reloading(struct cf_loop *loop)
{
    char text[64];
    struct timespec now;

    (void)loop;
    /* MONOTONIC_USEC is what Type=notify-reload asks for; older managers ignore it. */
    clock_gettime(CLOCK_MONOTONIC, &now);
    snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%llu",
             (unsigned long long)now.tv_sec * 1000000 + (unsigned long long)now.tv_nsec / 1000);
    notify(text, NULL);
}

void
cf_loop_notify_status(struct cf_loop *loop, const char *status)
{
    (void)loop;
    notify("", status);
}

void
cf_loop_notify_stopping(struct cf_loop *loop, const char *status)
{
    (void)loop;
    notify("STOPPING=1", status);
}
