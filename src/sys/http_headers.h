/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_headers - header lines: what a caller may send, what is read of an answer's head.
 *
 * Knows nothing of the library that carries them.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "certferry/err.h"
#include "certferry/secret.h"

enum {
    CF_HTTP_HEAD_LEN_MAX = 64 * 1024,
    CF_HTTP_HEAD_LINES_MAX = 128,
    CF_HTTP_NEGOTIATE_MAX = 12 * 1024,
    CF_HTTP_RETRY_AFTER_MAX_S = 366 * 86400, /* more is nonsense and counts as absent */
};

/* CF_E_SYNTAX for anything but "Name: value" of visible text (a line break above all), and for
 * headers that are the client's own business (Host, lengths, encodings, connection, proxy). */
CF_MUST_USE enum cf_rc cf_http_check_header(const char *line, struct cf_err *err);
/* "Authorization: Bearer TOKEN"; CF_E_SYNTAX when the token is not one word of visible ASCII. */
CF_MUST_USE enum cf_rc cf_http_bearer_line(const struct cf_secret *token,
                                           struct cf_secret **ret_line, struct cf_err *err);

/* "Authorization: VALUE"; CF_E_SYNTAX when the value is not words of visible ASCII. */
CF_MUST_USE enum cf_rc cf_http_authorization_line(const struct cf_secret *value,
                                                  struct cf_secret **ret_line, struct cf_err *err);

/* What the lines of an answer's head said so far; starts zeroed. */
struct cf_http_head {
    size_t len;     /* of all lines, those of interim answers and trailers included */
    size_t n_lines; /* likewise */
    bool is_framed; /* the end of the body can be told from the end of the connection */
    long retry_after_s;
    int64_t date_s;
    char content_type[128];
    bool offers_negotiate;
    char negotiate[CF_HTTP_NEGOTIATE_MAX + 1]; /* base64; empty: no token came */
};

/* Takes one line, with or without its line break. CF_E_LIMIT when the head grows too large;
 * CF_E_PROTOCOL for a Negotiate token that is none, or a second one. */
CF_MUST_USE enum cf_rc cf_http_head_take(struct cf_http_head *head, const char *line, size_t len,
                                         struct cf_err *err);
/* Takes the value of one WWW-Authenticate. CF_E_PROTOCOL as above. */
CF_MUST_USE enum cf_rc cf_http_take_challenge(struct cf_http_head *head, const char *value,
                                              struct cf_err *err);
