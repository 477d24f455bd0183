/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cert_lab - certificates of any shape for the tests of this folder, and a shell for other
 * people's readers.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "certferry/cert.h"

#define LAB_DAY_MS (INT64_C(24) * 3600 * 1000)
#define LAB_NOW_MS INT64_C(1790000000000) /* 2026-09-21T14:13:20Z */

struct lab_extension {
    const char *name; /* as in openssl.cnf; NULL ends the list */
    const char *value;
};

struct lab_spec {
    const char *cn; /* NULL: the empty name */
    const struct lab_extension *extensions;
    EVP_PKEY *pkey;        /* borrowed; its public half is certified */
    X509 *issuer;          /* NULL: self-signed */
    EVP_PKEY *issuer_pkey; /* NULL: pkey */
    int64_t not_before_ms; /* 0: a day ago */
    int64_t not_after_ms;  /* 0: in a year */
    const EVP_MD *md;      /* NULL: SHA-256 */
};

extern const struct lab_extension lab_ca[]; /* CA:TRUE, keyCertSign, cRLSign, SKI */
extern const struct lab_extension
    lab_device[]; /* keyEncipherment, keyAgreement, digitalSignature */

int lab_setup(void **state); /* cf_pki_init; a group's set-up */
int lab_teardown(void **state);

EVP_PKEY *lab_key(const char *kind); /* "RSA" (2048), or a curve's name; made once, borrowed */
EVP_PKEY *lab_fresh_key(const char *kind, unsigned bits); /* owned */
/* Owned; slow to verify with: RSA with an exponent of 65 bits, or P-256 spelled out. */
EVP_PKEY *lab_slow_key(bool is_rsa);
X509 *lab_x509(const struct lab_spec *spec);
struct cf_cert *lab_to_cf(X509 *x509);
struct cf_cert *lab_cert(const struct lab_spec *spec); /* both steps */
struct cf_buf *lab_to_der(X509 *x509);
struct cf_buf *lab_pem(X509 *const *x509s, size_t n);
struct cf_chain *lab_chain(X509 *const *x509s, size_t n);

/* Temporary directories and files in them. */
void lab_dir(char dir[64]);
void lab_remove_dir(const char *dir);
void lab_write(const char *dir, const char *name, struct cf_bytes content);
struct cf_buf *lab_read(const char *dir, const char *name);
void lab_write_key(const char *dir, const char *name, EVP_PKEY *pkey);
/* Runs a command line with sh in dir, output to dir/log; its exit status. */
int lab_sh(const char *dir, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* As lab_sh, and fails the test with the log when the status is not 0. */
void lab_sh_ok(const char *dir, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* False, with a line that says so, when the program is not installed. */
bool lab_has_program(const char *name, const char *package);

/* Fails the test with err's text when rc is not CF_OK. */
#define assert_ok(rc, err)                                                                         \
    do {                                                                                           \
        if ((rc) != CF_OK)                                                                         \
            fail_msg("%s", (err).text);                                                            \
    } while (0)
#define assert_contains(text, part)                                                                \
    do {                                                                                           \
        if (!strstr((text), (part)))                                                               \
            fail_msg("'%s' does not contain '%s'", (text), (part));                                \
    } while (0)
