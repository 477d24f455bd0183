/* SPDX-License-Identifier: Apache-2.0 */
/* http_lab - starts http_peer.py and makes requests to it short to write. */
#pragma once

#include "certferry/http.h"

extern struct cf_err lab_err;
extern struct cf_http_response lab_response;
extern int lab_stop; /* the stop flag of all clients */

int lab_start(void **state); /* group set-up and tear-down */
int lab_end(void **state);
int lab_clean(void **state); /* after each test */

/* "https://localhost:PORT/PATH" of the named server; valid for the next 15 calls of this kind. */
const char *lab_url(const char *server, const char *path);
int lab_port(const char *server);
const char *lab_file(const char *name); /* likewise */

/* Options that trust the lab's root, and a request with a limit of 5 s. */
struct cf_http_options lab_options(void);
struct cf_http_request lab_get(const char *url);
/* Sends with a new client. */
enum cf_rc lab_send(const struct cf_http_options *options, const struct cf_http_request *request);
enum cf_rc lab_fetch(const char *server, const char *path);
const char *lab_body(void);
