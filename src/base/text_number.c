/* SPDX-License-Identifier: Apache-2.0 */
/* text_number - numbers, sizes, durations, yes and no. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "certferry/text.h"

struct unit {
    const char *name;
    uint64_t factor;
};

/* From the largest to the smallest: the order in which a duration is written. */
static const struct unit DURATION_UNIT[] = {
    {"y", 365 * 86400000ULL},
    {"w", 7 * 86400000ULL},
    {"d", 86400000ULL},
    {"h", 3600000},
    {"m", 60000},
    {"s", 1000},
    {"ms", 1},
};

static const struct unit SIZE_UNIT[] = {{"", 1}, {"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}};

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads digits at *at and moves it past them. */
static enum cf_rc
digits(const char **at, const char *text, uint64_t *ret, struct cf_err *err)
{
    const char *p = *at;
    uint64_t value = 0;

    if (!is_digit(*p))
        return cf_fail(err, CF_E_SYNTAX, "\"%s\" is not a number: write decimal digits only", text);
    if (*p == '0' && is_digit(p[1]))
        return cf_fail(err, CF_E_SYNTAX, "\"%s\": a number must not start with 0", text);
    for (; is_digit(*p); p++) {
        if (__builtin_mul_overflow(value, 10u, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*p - '0'), &value))
            return cf_fail(err, CF_E_RANGE, "\"%s\" is too large", text);
    }
    *at = p;
    *ret = value;
    return CF_OK;
}

enum cf_rc
cf_text_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret, struct cf_err *err)
{
    const char *at = text;
    uint64_t value;

    CF_TRY(digits(&at, text, &value, err));
    if (*at != '\0')
        return cf_fail(err, CF_E_SYNTAX, "\"%s\" is not a number: write decimal digits only", text);
    if (value < min || value > max)
        return cf_fail(err, CF_E_RANGE,
                       "%" PRIu64 " is out of range: it must be from %" PRIu64 " to %" PRIu64,
                       value, min, max);
    *ret = value;
    return CF_OK;
}

/* The unit whose name is all of the letters at `at`. */
static const struct unit *
find_unit(const struct unit *units, size_t n_units, const char *at, size_t len)
{
    for (size_t i = 0; i < n_units; i++) {
        if (strlen(units[i].name) == len && strncmp(units[i].name, at, len) == 0)
            return &units[i];
    }
    return NULL;
}

static size_t
letters_len(const char *at)
{
    size_t len = 0;

    while ((at[len] >= 'a' && at[len] <= 'z') || (at[len] >= 'A' && at[len] <= 'Z'))
        len++;
    return len;
}

/* One term such as "30s" at *at, added to *sum. */
static enum cf_rc
duration_term(const char **at, const char *text, uint64_t *sum, struct cf_err *err)
{
    uint64_t value;
    uint64_t product;

    CF_TRY(digits(at, text, &value, err));
    size_t len = letters_len(*at);
    const struct unit *unit = find_unit(DURATION_UNIT, CF_COUNT(DURATION_UNIT), *at, len);
    if (!unit)
        return cf_fail(err, CF_E_SYNTAX,
                       "\"%s\" has no known unit of time: write one of ms, s, m, h, d, w, y", text);
    if (__builtin_mul_overflow(value, unit->factor, &product) ||
        __builtin_add_overflow(*sum, product, sum))
        return cf_fail(err, CF_E_RANGE, "\"%s\" is too long a time", text);
    *at += len;
    return CF_OK;
}

enum cf_rc
cf_text_duration(const char *text, uint64_t min_ms, uint64_t max_ms, uint64_t *ret_ms,
                 struct cf_err *err)
{
    const char *at = text;
    uint64_t sum = 0;

    if (strcmp(text, "0") != 0) {
        CF_TRY(duration_term(&at, text, &sum, err));
        while (*at == ' ') {
            at++;
            CF_TRY(duration_term(&at, text, &sum, err));
        }
        if (*at != '\0')
            return cf_fail(err, CF_E_SYNTAX,
                           "\"%s\" is not a time span: write it as in 30s or 1h 30m", text);
    }
    if (sum < min_ms || sum > max_ms) {
        char low[64];
        char high[64];

        cf_text_from_duration(min_ms, low, sizeof low);
        cf_text_from_duration(max_ms, high, sizeof high);
        return cf_fail(err, CF_E_RANGE, "\"%s\" is out of range: it must be from %s to %s", text,
                       low, high);
    }
    *ret_ms = sum;
    return CF_OK;
}

void
cf_text_from_duration(uint64_t ms, char *text, size_t size)
{
    size_t used = 0;

    if (size == 0)
        return;
    text[0] = '\0';
    if (ms == 0)
        (void)snprintf(text, size, "0");
    for (size_t i = 0; i < CF_COUNT(DURATION_UNIT) && ms > 0; i++) {
        uint64_t n = ms / DURATION_UNIT[i].factor;
        if (n == 0)
            continue;
        ms %= DURATION_UNIT[i].factor;
        int len = snprintf(text + used, size - used, "%s%" PRIu64 "%s", used ? " " : "", n,
                           DURATION_UNIT[i].name);
        if (len < 0 || (size_t)len >= size - used)
            return;
        used += (size_t)len;
    }
}

enum cf_rc
cf_text_size(const char *text, uint64_t min, uint64_t max, uint64_t *ret, struct cf_err *err)
{
    const char *at = text;
    uint64_t value;

    CF_TRY(digits(&at, text, &value, err));
    const struct unit *unit = find_unit(SIZE_UNIT, CF_COUNT(SIZE_UNIT), at, strlen(at));
    if (!unit)
        return cf_fail(err, CF_E_SYNTAX, "\"%s\" is not a size: write it as in 4096, 64K, 8M, 1G",
                       text);
    if (__builtin_mul_overflow(value, unit->factor, &value))
        return cf_fail(err, CF_E_RANGE, "\"%s\" is too large", text);
    if (value < min || value > max)
        return cf_fail(err, CF_E_RANGE,
                       "\"%s\" is out of range: it must be from %" PRIu64 " to %" PRIu64 " bytes",
                       text, min, max);
    *ret = value;
    return CF_OK;
}

enum cf_rc
cf_text_bool(const char *text, bool *ret, struct cf_err *err)
{
    static const char *const YES[] = {"yes", "true", "on", "1"};
    static const char *const NO[] = {"no", "false", "off", "0"};

    for (size_t i = 0; i < CF_COUNT(YES); i++) {
        bool is_yes = cf_text_equal_nocase(text, YES[i]);
        if (is_yes || cf_text_equal_nocase(text, NO[i])) {
            *ret = is_yes;
            return CF_OK;
        }
    }
    return cf_fail(err, CF_E_SYNTAX, "\"%s\" is neither yes nor no", text);
}
