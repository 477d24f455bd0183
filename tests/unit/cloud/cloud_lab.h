/* SPDX-License-Identifier: Apache-2.0 */
/* cloud_lab - starts cloud_peer.py and opens clients of it. */
#pragma once

#include "cloud/parts.h"
#include "cloud/wire.h"

extern struct cf_err lab_err;
extern struct cf_cloud_settings
    lab_settings;                          /* fresh for each test, changed by it before lab_open */
extern struct cf_clock *lab_clock;         /* a fake one, at the real time */
extern struct cf_connector *lab_connector; /* what lab_open opened */
extern int lab_stop;

int lab_start(void **state); /* group set-up and tear-down */
int lab_end(void **state);
int lab_setup(void **state); /* around each test */
int lab_teardown(void **state);

struct cf_cloud *lab_open(enum cf_auth auth);
void lab_close(void);

/* POST /control/VERB; see cloud_peer.py. */
void lab_tell(const char *verb, const char *body);
int lab_count(const char *match);        /* requests whose path holds this */
const char *lab_last(const char *match); /* the last of them as text; until the next call */

/* "DIRECTORY/NAME"; valid until the fourth next call. */
const char *lab_path(const char *name);
void lab_write(const char *name, const char *content); /* mode 0600 */
bool lab_exists(const char *name);
/* A new key in a file of the lab; its certificate ends after so many days. */
void lab_identity(const char *name, int days, bool is_known);
/* The SHA-256 of a file's certificate, in hex; valid until the fourth next call. */
const char *lab_fingerprint(const char *name);
