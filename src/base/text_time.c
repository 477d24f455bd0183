/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_time - RFC 3339 and HTTP dates.
 *
 * The calendar is computed here and not by strptime, timegm or gmtime: those read the locale, or
 * quietly carry the 31st of February over into March.
 */
#include <stdio.h>
#include <string.h>

#include "certferry/text.h"

enum { DAY_S = 86400, YEAR_MIN = 1970, YEAR_MAX = 9999 };

static const char MONTH_NAME[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char DAY_NAME[] = "ThuFriSatSunMonTueWed"; /* 1970-01-01 was a Thursday */

struct civil {
    int64_t year, month, day, hour, minute, second;
};

static bool
is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t
days_in_month(int64_t year, int64_t month)
{
    static const int8_t DAYS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return month == 2 && is_leap(year) ? 29 : DAYS[month - 1];
}

static int64_t
days_before_year(int64_t year)
{
    int64_t y = year - 1;

    return (year - 1970) * 365 + (y / 4 - 1969 / 4) - (y / 100 - 1969 / 100) +
           (y / 400 - 1969 / 400);
}

static int64_t
days_since_1970(int64_t year, int64_t month, int64_t day)
{
    int64_t days = days_before_year(year) + day - 1;

    for (int64_t m = 1; m < month; m++)
        days += days_in_month(year, m);
    return days;
}

/* Exactly n digits at *at. */
static bool
number(const char **at, int n, int64_t *ret)
{
    int64_t value = 0;

    for (int i = 0; i < n; i++) {
        char c = (*at)[i];
        if (c < '0' || c > '9')
            return false;
        value = value * 10 + (c - '0');
    }
    *at += n;
    *ret = value;
    return true;
}

static bool
literal(const char **at, const char *text)
{
    size_t len = strlen(text);

    if (strncmp(*at, text, len) != 0)
        return false;
    *at += len;
    return true;
}

/* 1 to 9 digits after the point; what is finer than a millisecond is cut off. */
static bool
fraction(const char **at, int64_t *ret_ms)
{
    int64_t ms = 0;
    int n = 0;
    int64_t digit;

    for (; n < 9 && number(at, 1, &digit); n++) {
        if (n < 3)
            ms = ms * 10 + digit;
    }
    for (int i = n; i < 3; i++)
        ms *= 10;
    *ret_ms = ms;
    return n > 0;
}

static bool
offset(const char **at, int64_t *ret_s)
{
    int64_t hour;
    int64_t minute;

    if (literal(at, "Z") || literal(at, "z")) {
        *ret_s = 0;
        return true;
    }
    bool is_west = **at == '-';
    if (!literal(at, "+") && !literal(at, "-"))
        return false;
    if (!number(at, 2, &hour) || !literal(at, ":") || !number(at, 2, &minute))
        return false;
    *ret_s = (hour * 60 + minute) * 60 * (is_west ? -1 : 1);
    return hour < 24 && minute < 60;
}

static bool
clock_time(const char **at, struct civil *t)
{
    return number(at, 2, &t->hour) && literal(at, ":") && number(at, 2, &t->minute) &&
           literal(at, ":") && number(at, 2, &t->second);
}

static bool
is_possible(const struct civil *t)
{
    return t->month >= 1 && t->month <= 12 && t->day >= 1 &&
           t->day <= days_in_month(t->year, t->month) && t->hour < 24 && t->minute < 60 &&
           t->second <= 60;
}

/* Second 60 is the second after 59, wherever it stands. */
static int64_t
seconds_of(const struct civil *t)
{
    return days_since_1970(t->year, t->month, t->day) * DAY_S + t->hour * 3600 + t->minute * 60 +
           t->second;
}

enum cf_rc
cf_text_time(const char *text, int64_t *ret_ms, struct cf_err *err)
{
    const char *at = text;
    struct civil t;
    int64_t ms = 0;
    int64_t offset_s;

    bool is_read = number(&at, 4, &t.year) && literal(&at, "-") && number(&at, 2, &t.month) &&
                   literal(&at, "-") && number(&at, 2, &t.day) &&
                   (literal(&at, "T") || literal(&at, "t")) && clock_time(&at, &t) &&
                   (!literal(&at, ".") || fraction(&at, &ms)) && offset(&at, &offset_s) &&
                   *at == '\0';
    if (!is_read)
        return cf_fail(err, CF_E_SYNTAX,
                       "\"%.40s\" is not an RFC 3339 time such as 2031-05-06T07:08:09Z", text);
    if (!is_possible(&t))
        return cf_fail(err, CF_E_RANGE, "\"%.40s\": there is no such day or time of day", text);

    int64_t seconds = seconds_of(&t) - offset_s;
    if (t.year < YEAR_MIN || seconds < 0 || seconds >= days_before_year(YEAR_MAX + 1) * DAY_S)
        return cf_fail(err, CF_E_RANGE, "\"%.40s\" is outside the years 1970 to 9999", text);
    *ret_ms = seconds * 1000 + ms;
    return CF_OK;
}

void
cf_text_from_time(int64_t ms, char text[CF_TEXT_TIME_SIZE])
{
    int64_t end_ms = days_before_year(YEAR_MAX + 1) * DAY_S * 1000;

    if (ms < 0)
        ms = 0;
    if (ms >= end_ms)
        ms = end_ms - 1;
    int64_t days = ms / 1000 / DAY_S;
    int64_t second = ms / 1000 % DAY_S;

    int64_t year = YEAR_MIN + days / 366; /* never too late; the loop runs a few times */
    while (days_before_year(year + 1) <= days)
        year++;
    days -= days_before_year(year);
    int64_t month = 1;
    for (; days >= days_in_month(year, month); month++)
        days -= days_in_month(year, month);

    /* Room for any int: the compiler cannot know how small these numbers are. */
    char scratch[96];
    (void)snprintf(scratch, sizeof scratch, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", (int)year,
                   (int)month, (int)days + 1, (int)(second / 3600), (int)(second / 60 % 60),
                   (int)(second % 60), (int)(ms % 1000));
    memcpy(text, scratch, CF_TEXT_TIME_SIZE - 1);
    text[CF_TEXT_TIME_SIZE - 1] = '\0';
}

static bool
name_of(const char **at, const char *names, int64_t n_names, int64_t *ret_index)
{
    for (int64_t i = 0; i < n_names; i++) {
        if (strncmp(*at, names + 3 * i, 3) == 0) {
            *at += 3;
            *ret_index = i;
            return true;
        }
    }
    return false;
}

enum cf_rc
cf_text_http_date(const char *text, int64_t *ret_s, struct cf_err *err)
{
    const char *at = text;
    struct civil t;
    int64_t weekday;

    bool is_read = name_of(&at, DAY_NAME, 7, &weekday) && literal(&at, ", ") &&
                   number(&at, 2, &t.day) && literal(&at, " ") &&
                   name_of(&at, MONTH_NAME, 12, &t.month) && literal(&at, " ") &&
                   number(&at, 4, &t.year) && literal(&at, " ") && clock_time(&at, &t) &&
                   literal(&at, " GMT") && *at == '\0';
    if (!is_read)
        return cf_fail(err, CF_E_SYNTAX,
                       "\"%.40s\" is not an HTTP date such as Sun, 06 Nov 1994 08:49:37 GMT", text);
    t.month++;
    if (t.year < YEAR_MIN || !is_possible(&t))
        return cf_fail(err, CF_E_RANGE, "\"%.40s\": there is no such day or time of day", text);
    if (days_since_1970(t.year, t.month, t.day) % 7 != weekday)
        return cf_fail(err, CF_E_RANGE, "\"%.40s\": the weekday is not that of the date", text);
    *ret_s = seconds_of(&t);
    return CF_OK;
}
