/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ca - the port to a certification authority.
 *
 * A backend lives in its own folder below src/ca and is named once in src/ca/registry.c. All
 * functions block, may run on several threads at once, and end soon after *stop_flag is set
 * (CF_E_STOPPED).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "certferry/buf.h"
#include "certferry/clock.h"
#include "certferry/directory.h"
#include "certferry/err.h"
#include "certferry/finding.h"
#include "certferry/settings.h"
#include "certferry/store.h"

struct cf_chain;
struct cf_json_writer;

struct cf_ca_env {
    const struct cf_clock *clock;
    struct cf_store *store;         /* outlives the CA */
    struct cf_directory *directory; /* outlives the CA; NULL: none configured */
    const volatile int *stop_flag;
};

struct cf_ca_submission {
    const char *request_context;
    const char *device_id; /* may be NULL */
    struct cf_bytes csr;   /* DER PKCS#10; the same request always brings the same bytes */
    const struct cf_template_settings *template_settings;
    uint64_t validity_ms; /* asked for by the profile; 0: the template's */
    bool is_repeat;       /* this CSR may have reached the CA before */
};

enum cf_disposition { CF_CA_ANSWER_ISSUED, CF_CA_ANSWER_PENDING, CF_CA_ANSWER_REJECTED };

struct cf_ca_answer {
    enum cf_disposition disposition;
    struct cf_buf *cert;     /* ISSUED: DER, owned */
    struct cf_buf *chain;    /* ISSUED: DER concatenated, issuing CA first, owned */
    char *cookie;            /* PENDING: what poll wants, owned */
    uint64_t retry_after_ms; /* PENDING: 0 leaves it to the caller */
    /* REJECTED: for the administrator; PENDING: what the CA calls the request, or empty */
    char reason[CF_ERR_TEXT_MAX + 1];
    bool nothing_issued; /* with an error of submit: surely no certificate was made of this CSR, so
                            the next try is no repetition */
};
void cf_ca_answer_done(struct cf_ca_answer *answer);

struct cf_ca_revocation {
    const char *serial;   /* cf_cert_serial form */
    struct cf_bytes cert; /* DER; empty when only the serial is known */
    int reason;           /* RFC 5280 CRLReason */
    int64_t revoked_ms;
};

struct cf_ca;

struct cf_ca_ops {
    const char *name; /* value of `backend =` */
    unsigned abi;     /* CF_CA_ABI */

    /* Reads files and keys; does not have to reach the CA. CF_E_CONFIG names the option; the caller
     * names the section. settings outlives the CA. */
    enum cf_rc (*open)(const struct cf_ca_settings *settings, const struct cf_ca_env *env,
                       struct cf_ca **ret_ca, struct cf_err *err);
    void (*close)(struct cf_ca *ca);
    /* Reports what is and is not in order, one finding each. */
    enum cf_rc (*check)(struct cf_ca *ca, cf_finding_fn *report, void *arg, struct cf_err *err);

    /* CF_OK with an answer, or an error: CF_E_CA_DOWN and other transient ones are tried again with
     * the same CSR, CF_E_CA_CONFIG parks the CA. CF_E_CA_DOWN says that the CSR did not reach the
     * CA: the next try is no repetition. When that is not sure the error has to be another one.
     * With any other error ret_answer->nothing_issued says the same; of ret_answer nothing else is
     * touched. A request whose answers are lost too often is given up. */
    enum cf_rc (*submit)(struct cf_ca *ca, const struct cf_ca_submission *submission,
                         struct cf_ca_answer *ret_answer, struct cf_err *err);
    enum cf_rc (*poll)(struct cf_ca *ca, const char *cookie, struct cf_ca_answer *ret_answer,
                       struct cf_err *err);
    /* CF_OK: revoked by this call. CF_E_CONFLICT: was revoked already. CF_E_NOT_FOUND: not a
     * certificate of this CA. CF_E_UNSUPPORTED: the CA cannot. */
    enum cf_rc (*revoke)(struct cf_ca *ca, const struct cf_ca_revocation *revocation,
                         struct cf_err *err);
    /* Issuing CA first, DER concatenated; owned. */
    enum cf_rc (*chain)(struct cf_ca *ca, struct cf_buf **ret_chain, struct cf_err *err);

    /* optional: the CA's current CRL, DER, owned. CF_E_NOT_FOUND: there is none yet. */
    enum cf_rc (*crl)(struct cf_ca *ca, struct cf_buf **ret_crl, struct cf_err *err);

    /* optional: work by the clock (a CRL that needs renewal); says when to come again. */
    enum cf_rc (*upkeep)(struct cf_ca *ca, int64_t *ret_next_ms, struct cf_err *err);
    /* optional: the operator's decision about a request that is pending with this cookie. */
    enum cf_rc (*decide)(struct cf_ca *ca, const char *cookie, bool approve, struct cf_err *err);
    /* optional: fills in what the configuration leaves open (template_settings->given) with what
     * the CA knows of the template: key, usages, validity, object identifier. Cheap when asked
     * again: what was found out is kept for minutes. CF_E_CA_CONFIG: the CA does not issue by this
     * template; CF_E_DIRECTORY_DOWN and its like. */
    enum cf_rc (*complete_template)(struct cf_ca *ca,
                                    struct cf_template_settings *template_settings,
                                    struct cf_err *err);
    /* optional: the CAs of this kind that the directory knows, their templates, and the sections to
     * paste; no CA of it has to be configured. Writes members of an object
     * (docs/protocol/control-socket.md: adcs-discover). */
    enum cf_rc (*discover)(const struct cf_settings *settings, struct cf_directory *directory,
                           struct cf_json_writer *out, struct cf_err *err);
    /* optional: true when a submit of the same CSR is known to give the same certificate again. */
    bool is_idempotent;
    /* optional: true when a call leaves neither this process nor this host, so that there is
     * nothing to wait for: as many may be under way as there are workers. */
    bool is_in_process;
    /* optional: what an administrator does when certificates are valid for longer than was asked
     * for. */
    const char *validity_remedy;
};

enum { CF_CA_ABI = 3 };

struct cf_ca {
    const struct cf_ca_ops *ops;
};

/* Certificates that an option of a [ca] section names, PEM, issuing CA first; what they are is left
 * to the caller. CF_E_CONFIG names the option: not set, or no certificates; the errors of
 * cf_file_read. */
CF_MUST_USE enum cf_rc cf_ca_read_chain(const char *option, const char *path,
                                        struct cf_chain **ret_chain, struct cf_err *err);

/* The array of backends, NULL-terminated (src/ca/registry.c). */
extern const struct cf_ca_ops *const cf_ca_backends[];
const struct cf_ca_ops *cf_ca_find_backend(const char *name); /* NULL when unknown */
