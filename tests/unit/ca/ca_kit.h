/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ca_kit - what the tests of CA backends share: a CA made by the openssl command in a directory of
 * its own, settings that name it, requests, and the openssl command as a second opinion.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* After the headers it needs. */
#include <cmocka.h>

#include "certferry/ca.h"
#include "certferry/cert.h"
#include "certferry/csr.h"
#include "fake/fake_ca_store.h"

#define KIT_EC "ec -pkeyopt ec_paramgen_curve:P-256"
#define KIT_DAY_MS (24LL * 60 * 60 * 1000)
#define KIT_CLIENT_AUTH "1.3.6.1.5.5.7.3.2"
#define KIT_SERVER_AUTH "1.3.6.1.5.5.7.3.1"

struct ca_kit {
    char dir[64];
    struct cf_clock *clock; /* begins a minute after the present time */
    struct fake_ca_store *store;
    volatile int stop;
    struct cf_ca_env env;
    char *eku[2];
    struct cf_template_settings tmpl; /* "device": client and server authentication, 1 year */
    struct cf_template_settings *tmpls[1];
    struct cf_ca_settings settings; /* backend local, "corp" */
};

void kit_open(struct ca_kit *kit, const char *ca_days, const char *key_algorithm);
void kit_close(struct ca_kit *kit);
/* For cmocka: *state is a kit with a P-256 CA that lives ten years. */
int kit_setup(void **state);
int kit_teardown(void **state);
struct cf_ca *kit_ca(struct ca_kit *kit); /* opened; fails the test when it does not open */

/* Runs a shell command in kit->dir; its exit status. */
int kit_run(const struct ca_kit *kit, const char *format, ...) CF_PRINTF(2, 3);
/* The same, its standard output (malloc'd). */
char *kit_output(const struct ca_kit *kit, const char *format, ...) CF_PRINTF(2, 3);
void kit_write(const struct ca_kit *kit, const char *name, struct cf_bytes content);
struct cf_buf *kit_read(const struct ca_kit *kit, const char *name);

/* A request for CN=cn with client authentication and digitalSignature, from a fresh P-256 key. */
struct cf_buf *kit_csr(const char *cn);
struct cf_buf *kit_csr_of(enum cf_key_kind kind, const struct cf_csr_spec *spec);
/* One made by the openssl command: `extensions` are lines of its configuration. */
struct cf_buf *kit_csr_openssl(const struct ca_kit *kit, const char *newkey,
                               const char *extensions);

struct cf_ca_submission kit_submission(const struct ca_kit *kit, const char *context,
                                       const struct cf_buf *csr);
/* Submits and expects a certificate. */
struct cf_cert *kit_issue(const struct ca_kit *kit, struct cf_ca *ca, const char *context,
                          const struct cf_buf *csr);
/* Submits and expects a refusal whose reason has `text` in it. */
void kit_expect_rejected(const struct ca_kit *kit, struct cf_ca *ca, const char *context,
                         const struct cf_buf *csr, const char *text);
enum cf_rc kit_revoke(struct cf_ca *ca, const char *serial, int reason, struct cf_err *err);

static inline void
kit_contains(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" is not in \"%s\"", part, text);
}
