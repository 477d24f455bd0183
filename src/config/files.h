/* SPDX-License-Identifier: Apache-2.0 */
/*
 * files - what the checks of files share.
 */
#pragma once

#include "certferry/cert.h"
#include "certferry/config.h"
#include "certferry/secret.h"

enum { CF_CHECK_PEM_MAX = 1024 * 1024 };

struct cf_check {
    const struct cf_settings *settings;
    cf_finding_fn *report;
    void *arg;
    int64_t now_ms;
    char subject[160];
};

/* What the next findings are about. */
void cf_check_begin(struct cf_check *check, const char *format, ...) CF_PRINTF(2, 3);
void cf_check_ok(const struct cf_check *check, const char *format, ...) CF_PRINTF(2, 3);
void cf_check_warn(const struct cf_check *check, const char *remedy, const char *format, ...)
    CF_PRINTF(3, 4);
void cf_check_fail(const struct cf_check *check, const char *remedy, const char *format, ...)
    CF_PRINTF(3, 4);

/* NULL after a finding. `key` is the option that named the file. A credential that only the
 * service itself can see is a warning, when this is not the service. */
struct cf_secret *cf_check_secret(const struct cf_check *check, const char *key, const char *path);
struct cf_buf *cf_check_public(const struct cf_check *check, const char *key, const char *path);
struct cf_chain *cf_check_chain(const struct cf_check *check, const char *key, const char *path);
/* A secret that is sent as one line must be one. */
void cf_check_line(const struct cf_check *check, const char *key, const char *path);
/* Certificates of CAs that are believed. */
void cf_check_anchors(const struct cf_check *check, const char *key, const char *path);
/* Not yet valid or run out: an error; soon: a warning. */
void cf_check_validity(const struct cf_check *check, const char *key, const struct cf_cert *cert);
/* A certificate with those above it, and its private key. */
void cf_check_key_pair(const struct cf_check *check, const char *cert_key, const char *cert_path,
                       const char *key_key, const char *key_path);
/* CAs' certificates, the issuing one first. */
void cf_check_ca_chain(const struct cf_check *check, const char *key, const char *path);
void cf_check_program(const struct cf_check *check, const char *key, const char *path);
void cf_check_keytab(const struct cf_check *check, const char *path);
/* The directory that the file is in can be written, and not by everybody. */
void cf_check_directory_of(const struct cf_check *check, const char *key, const char *path);
void cf_check_directory(const struct cf_check *check, const char *key, const char *path);
/* The same of a socket; that it is not there is a warning. */
void cf_check_socket_directory(const struct cf_check *check, const char *key, const char *path,
                               const char *remedy);

/* Backends adcs and cmp. */
void cf_check_adcs(const struct cf_check *check, const struct cf_ca_settings *ca);
void cf_check_cmp(const struct cf_check *check, const struct cf_ca_settings *ca);
void cf_check_cas(struct cf_check *check);
/* Directory, import keys and recovery identity. */
void cf_check_accounts(struct cf_check *check);
/* What certferryd reads for SCEP. */
void cf_check_scep(struct cf_check *check);
