/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shift_clock - a preloaded library that shifts the wall clock, and only it, by the seconds that
 * the file $SHIFT_CLOCK_FILE holds. The monotonic clock goes on as it does when a clock is set.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *ret);
int gettimeofday(struct timeval *restrict ret, void *restrict zone);
time_t time(time_t *ret);

static long
shift(void)
{
    const char *path = getenv("SHIFT_CLOCK_FILE");
    FILE *file = path ? fopen(path, "re") : NULL;
    char text[32] = "";
    long seconds = 0;

    if (!file)
        return 0;
    if (fgets(text, sizeof text, file))
        seconds = strtol(text, NULL, 10);
    fclose(file);
    return seconds;
}

int
clock_gettime(clockid_t clock, struct timespec *ret)
{
    static int (*real)(clockid_t, struct timespec *);

    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
    int rc = real(clock, ret);
    if (rc == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        ret->tv_sec += shift();
    return rc;
}

int
gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
    struct timespec now;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    *ret = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
    return 0;
}

time_t
time(time_t *ret)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (ret)
        *ret = now.tv_sec;
    return now.tv_sec;
}
