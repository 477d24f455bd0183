/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text - strict conversions between text and values.
 *
 * Nothing is skipped, guessed or rounded: the whole text is the value or the call fails with
 * CF_E_SYNTAX or CF_E_RANGE. No function reads or changes the locale.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "certferry/buf.h"
#include "certferry/err.h"

/* Decimal digits only: no sign, blank or leading zero. */
CF_MUST_USE enum cf_rc cf_text_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret,
                                   struct cf_err *err);
/* "250ms", "30s", "5m", "2h", "7d", "2w", "1y" (365 d), also sums "1h 30m"; "0" is allowed.
 * Result in milliseconds. */
CF_MUST_USE enum cf_rc cf_text_duration(const char *text, uint64_t min_ms, uint64_t max_ms,
                                        uint64_t *ret_ms, struct cf_err *err);
/* The shortest text that cf_text_duration reads back ("90s" -> "1m 30s"); buf of 64 bytes. */
void cf_text_from_duration(uint64_t ms, char *text, size_t size);
/* "4096", "64K", "8M", "1G" (powers of 1024); result in bytes. */
CF_MUST_USE enum cf_rc cf_text_size(const char *text, uint64_t min, uint64_t max, uint64_t *ret,
                                    struct cf_err *err);
/* yes/no/true/false/on/off/1/0, any case. */
CF_MUST_USE enum cf_rc cf_text_bool(const char *text, bool *ret, struct cf_err *err);

/* RFC 3339 date-time, any offset, fraction up to 9 digits; milliseconds since 1970 UTC.
 * Years 1970..9999. A leap second is read as the second after it. */
CF_MUST_USE enum cf_rc cf_text_time(const char *text, int64_t *ret_ms, struct cf_err *err);
enum { CF_TEXT_TIME_SIZE = sizeof "9999-12-31T23:59:59.999Z" };
void cf_text_from_time(int64_t ms, char text[CF_TEXT_TIME_SIZE]);
/* An HTTP date (RFC 9110, IMF-fixdate only), seconds since 1970. */
CF_MUST_USE enum cf_rc cf_text_http_date(const char *text, int64_t *ret_s, struct cf_err *err);

bool cf_text_is_ascii(const char *text);
bool cf_text_is_utf8(const char *text, size_t len); /* RFC 3629: no overlong form, no surrogate */
/* Valid UTF-8 without control characters (C0, DEL, C1), without line separators, marks that turn
 * the direction of text around, and characters that are not seen. */
bool cf_text_is_printable(const char *text, size_t len);
/* Copies text so that it is safe in a log line: what is not printable becomes '?'; cut at
 * size at a character boundary. Always terminates. */
void cf_text_sanitize(const char *text, size_t len, char *ret, size_t size);

bool cf_text_equal_nocase(const char *a, const char *b); /* ASCII only; NULL equals nothing */
/* Byte for byte; words end with NULL, and NULL is a list without words. */
bool cf_text_is_listed(char *const *words, const char *text);
bool cf_text_starts_with(const char *text, const char *prefix);

void cf_text_hex(struct cf_bytes bytes, bool upper, char *ret, size_t size); /* 2 * len + 1 */
int cf_text_hex_value(char digit); /* 0..15, of either case; -1: it is no hexadecimal digit */
CF_MUST_USE enum cf_rc cf_text_from_hex(const char *text, struct cf_buf **ret, struct cf_err *err);

/* RFC 4648: standard alphabet with padding, one line; decoding refuses anything else,
 * non-zero trailing bits included (CF_E_ENCODING). max_len limits the decoded bytes
 * (CF_E_LIMIT). */
CF_MUST_USE enum cf_rc cf_text_base64(struct cf_bytes bytes, char **ret_text, struct cf_err *err);
CF_MUST_USE enum cf_rc cf_text_from_base64(const char *text, size_t max_len, struct cf_buf **ret,
                                           struct cf_err *err);
/* RFC 4648 section 5 without padding, into a buffer of 4 * ((len + 2) / 3) + 1 bytes. */
void cf_text_base64url(struct cf_bytes bytes, char *ret, size_t size);

/* The name nearest to `text` by edit distance, or NULL when none is near (more than a third of
 * the letters differ). */
const char *cf_text_nearest(const char *text, const char *const *names, size_t n_names);

/* A random RFC 9562 version 4 UUID, lower case. */
enum { CF_UUID_SIZE = 37 };
void cf_text_uuid(char text[CF_UUID_SIZE]);
