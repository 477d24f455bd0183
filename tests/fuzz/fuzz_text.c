/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_text - every conversion reads one input; what it accepts must survive the way back.
 * Covers the number, duration, time, base64, hex and UTF-8 functions of text.h.
 */
#include <stdlib.h>
#include <string.h>

#include "certferry/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT_MAX = 4096 };

static void
must(bool claim)
{
    if (!claim)
        abort();
}

static void
numbers(const char *text)
{
    uint64_t value;
    bool flag;

    (void)!cf_text_u64(text, 3, 1000, &value, NULL);
    (void)!cf_text_size(text, 0, UINT64_MAX, &value, NULL);
    (void)!cf_text_bool(text, &flag, NULL);
    if (cf_text_duration(text, 0, UINT64_MAX, &value, NULL) == CF_OK) {
        char written[64];
        uint64_t back;
        cf_text_from_duration(value, written, sizeof written);
        must(cf_text_duration(written, 0, UINT64_MAX, &back, NULL) == CF_OK && back == value);
    }
}

static void
times(const char *text)
{
    int64_t ms;

    (void)!cf_text_http_date(text, &ms, NULL);
    if (cf_text_time(text, &ms, NULL) == CF_OK) {
        char written[CF_TEXT_TIME_SIZE];
        int64_t back;
        cf_text_from_time(ms, written);
        must(cf_text_time(written, &back, NULL) == CF_OK && back == ms);
    }
}

static void
encodings(const char *text)
{
    cf_own(cf_buf) base64 = NULL;
    cf_own(cf_buf) hex = NULL;
    cf_own_str written = NULL;

    /* Canonical: one text per value. */
    if (cf_text_from_base64(text, TEXT_MAX, &base64, NULL) == CF_OK) {
        must(cf_text_base64(cf_buf_bytes(base64), &written, NULL) == CF_OK);
        must(strcmp(written, text) == 0);
    }
    if (cf_text_from_hex(text, &hex, NULL) == CF_OK) {
        char lower[TEXT_MAX + 2];
        cf_text_hex(cf_buf_bytes(hex), false, lower, sizeof lower);
        must(cf_text_equal_nocase(lower, text));
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const NAMES[] = {"endpoint", "poll_interval", "ca"};
    char text[TEXT_MAX + 1];
    char safe[100];

    if (size > TEXT_MAX)
        size = TEXT_MAX;
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';

    cf_text_sanitize(text, size, safe, sizeof safe);
    must(cf_text_is_printable(safe, strlen(safe)));
    must(!cf_text_is_printable(text, size) || cf_text_is_utf8(text, size));
    numbers(text);
    times(text);
    encodings(text);
    (void)cf_text_nearest(text, NAMES, 3);
    return 0;
}
