/* SPDX-License-Identifier: Apache-2.0 */
/*
 * adcs - Microsoft AD CS: what the files of this backend share.
 *
 * Requests go over RPC (MS-ICPR) or HTTPS (MS-WSTEP); both give a struct adcs_reply, of which
 * reply.c alone makes an answer. Revocation has a way of its own.
 */
#pragma once

#include <pthread.h>

#include "certferry/ca.h"
#include "certferry/cert.h"
#include "certferry/http.h"
#include "certferry/kerberos.h"

#include "rpc.h"
#include "status.h"

enum {
    ADCS_MESSAGE_SIZE = 512, /* of the CA's own words, UTF-8 */
    ADCS_CMS_MAX = 1024 * 1024,
    ADCS_ATTRIBUTES_MAX = 1536, /* characters, MS-WCCE 3.2.1.4.3.1.1 */
    ADCS_COOKIE_MAX = 512
};

/* Dispositions (MS-WCCE 3.2.1.4.2.1.4.9): any other is an HRESULT. */
enum { ADCS_INCOMPLETE = 0, ADCS_DENIED = 2, ADCS_ISSUED = 3, ADCS_PENDING = 5, ADCS_REVOKED = 6 };

struct adcs_reply {
    uint32_t request_id; /* 0: the CA gave none */
    uint32_t disposition;
    uint32_t result;                 /* the call's own return value */
    struct cf_buf *cert;             /* DER; may be NULL though issued */
    struct cf_buf *response;         /* CMS with the chain; may be NULL */
    char message[ADCS_MESSAGE_SIZE]; /* printable */
    bool nothing_issued;             /* as in struct cf_ca_answer */
};
void adcs_reply_done(struct adcs_reply *reply); /* NULL members are fine */

struct adcs_ca {
    struct cf_ca base; /* first: the port's handle is this object */
    const struct cf_ca_settings *settings;
    struct cf_ca_env env;
    struct cf_kerberos *kerberos; /* NULL: not needed */
    struct cf_chain *chain;       /* of chain_file; NULL when not set */
    struct adcs_known *known;     /* the directory's CA certificates; NULL: no directory */
    struct adcs_ces *ces;         /* transport ces; NULL otherwise */
    struct adcs_templates *templates;
};

/* One request by either transport; both fill all of *ret_reply, errors as cf_rpc_call's. After one
 * of a submission nothing_issued alone has been filled. */
CF_MUST_USE enum cf_rc adcs_rpc_submit(struct adcs_ca *ca,
                                       const struct cf_ca_submission *submission,
                                       struct adcs_reply *ret_reply, struct cf_err *err);
CF_MUST_USE enum cf_rc adcs_rpc_poll(struct adcs_ca *ca, uint32_t request_id,
                                     struct adcs_reply *ret_reply, struct cf_err *err);
/* Connects and binds as a request would, and calls nothing. */
CF_MUST_USE enum cf_rc adcs_rpc_try(struct adcs_ca *ca, struct cf_err *err);
CF_MUST_USE enum cf_rc adcs_ces_submit(struct adcs_ca *ca,
                                       const struct cf_ca_submission *submission,
                                       struct adcs_reply *ret_reply, struct cf_err *err);
CF_MUST_USE enum cf_rc adcs_ces_poll(struct adcs_ca *ca, uint32_t request_id,
                                     struct adcs_reply *ret_reply, struct cf_err *err);
/* Where calls by RPC go. */
struct cf_rpc_target adcs_rpc_target(const struct adcs_ca *ca);

/* icpr.c: MS-ICPR 3.1.4.1 CertServerRequest, both ways; pure functions. */
CF_MUST_USE enum cf_rc adcs_icpr_write(const char *authority, uint32_t request_id,
                                       const char *attributes, struct cf_bytes csr,
                                       struct cf_buf **ret_stub, struct cf_err *err);
CF_MUST_USE enum cf_rc adcs_icpr_read(struct cf_bytes stub, struct adcs_reply *ret_reply,
                                      struct cf_err *err);

/* ces.c, soap_*.c, xcep.c: HTTPS. */
CF_MUST_USE enum cf_rc adcs_ces_new(struct adcs_ca *ca, struct adcs_ces **ret_ces,
                                    struct cf_err *err);
struct adcs_ces *adcs_ces_free(struct adcs_ces *ces);
CF_DEFINE_OWN(adcs_ces);
/* A template as the policy service (MS-XCEP) tells of it. CF_E_NOT_FOUND: it offers no such one;
 * CF_E_UNSUPPORTED: cep_url is not set. *ret_may_enroll is the service's word. */
CF_MUST_USE enum cf_rc adcs_xcep_template(struct adcs_ca *ca, const char *name,
                                          struct cf_ad_template **ret_template,
                                          bool *ret_may_enroll, struct cf_err *err);
enum cf_rc adcs_ces_check(struct adcs_ca *ca, cf_finding_fn *fn, void *arg, struct cf_err *err);

/* reply.c: the one meaning of a reply. `is_poll` says which meaning of disposition 2 and 6 holds.
 * A certificate is read, its chain put together from the response, chain_file and the directory,
 * and refused (CF_E_MISMATCH) when it does not lead to a CA that is known. After an error
 * ret_answer->nothing_issued alone has been filled. */
CF_MUST_USE enum cf_rc adcs_answer(struct adcs_ca *ca, const struct adcs_reply *reply, bool is_poll,
                                   struct cf_ca_answer *ret_answer, struct cf_err *err);
/* The CA's own certificates as configured, or as the directory has them, issuing CA first.
 * CF_E_CA_CONFIG when neither knows any. */
CF_MUST_USE enum cf_rc adcs_known_chain(struct adcs_ca *ca, struct cf_chain **ret_chain,
                                        struct cf_err *err);

/* cookie.c: what a request that waits is asked for with. CF_E_CA_CONFIG when the section's host,
 * name, transport or ces_url is no longer that by which the request went (numbers are a CA's own),
 * or another backend wrote the cookie. */
CF_MUST_USE enum cf_rc adcs_cookie_write(const struct cf_ca_settings *settings, uint32_t request_id,
                                         char **ret_cookie, struct cf_err *err);
CF_MUST_USE enum cf_rc adcs_cookie_read(const struct cf_ca_settings *settings, const char *cookie,
                                        uint32_t *ret_request_id, struct cf_err *err);

/* admin.c over csra.c and dcom.c: MS-CSRA ICertAdminD and ICertAdminD2. */
struct adcs_admin;
enum {
    ADCS_ROLE_ADMIN = 1,
    ADCS_ROLE_OFFICER = 2,
    ADCS_ROLE_READ = 0x100,
    ADCS_ROLE_ENROLL = 0x200
};
CF_MUST_USE enum cf_rc adcs_admin_open(const struct cf_rpc_target *target, const char *authority,
                                       struct adcs_admin **ret_admin, struct cf_err *err);
/* Lets the server's object go (RemRelease) first; failing to is no error. */
struct adcs_admin *adcs_admin_free(struct adcs_admin *admin);
CF_DEFINE_OWN(adcs_admin);
/* serial: cf_cert_serial's form. *ret_hresult is what the CA said; 0 also for one that was revoked
 * before. */
CF_MUST_USE enum cf_rc adcs_admin_revoke(struct adcs_admin *admin, const char *serial, int reason,
                                         int64_t revoked_ms, uint32_t *ret_hresult,
                                         struct cf_err *err);
enum { ADCS_CERT_REVOKED = 2, ADCS_CERT_VALID = 3, ADCS_CERT_UNKNOWN = 4 };
CF_MUST_USE enum cf_rc adcs_admin_is_valid(struct adcs_admin *admin, const char *serial,
                                           uint32_t *ret_disposition, uint32_t *ret_hresult,
                                           struct cf_err *err);
CF_MUST_USE enum cf_rc adcs_admin_roles(struct adcs_admin *admin, uint32_t *ret_roles,
                                        uint32_t *ret_hresult, struct cf_err *err);

/* revoke.c: by the configured way. */
enum cf_rc adcs_revoke(struct cf_ca *base, const struct cf_ca_revocation *revocation,
                       struct cf_err *err);

/* templates.c: what directory or policy service say of a template, kept for some minutes. */
CF_MUST_USE enum cf_rc adcs_templates_new(struct adcs_templates **ret_templates,
                                          struct cf_err *err);
struct adcs_templates *adcs_templates_free(struct adcs_templates *templates);
enum cf_rc adcs_complete_template(struct cf_ca *base,
                                  struct cf_template_settings *template_settings,
                                  struct cf_err *err);

/* check.c; preflight_*.c: findings. */
enum cf_rc adcs_check(struct cf_ca *base, cf_finding_fn *report, void *arg, struct cf_err *err);
