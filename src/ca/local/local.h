/* SPDX-License-Identifier: Apache-2.0 */
/*
 * local - what the files of the embedded CA share.
 *
 * The issued list lives in the store; the CA's certificate and key are read once and never change
 * while it is open. What changes is the published CRL, which has a lock of its own.
 */
#pragma once

#include "../../pki/ossl.h"
#include "certferry/ca.h"
#include "certferry/csr.h"
#include "certferry/stop.h"

/* Another code for the error that is there, whose text stays; returns rc. */
enum cf_rc cf_local_turn(struct cf_err *err, enum cf_rc rc);

/* Beyond those of ossl.h. */
CF_OSSL_OWN(ASN1_BIT_STRING, ASN1_BIT_STRING_free);
CF_OSSL_OWN(ASN1_ENUMERATED, ASN1_ENUMERATED_free);
CF_OSSL_OWN(ASN1_TIME, ASN1_TIME_free);
CF_OSSL_OWN(AUTHORITY_INFO_ACCESS, AUTHORITY_INFO_ACCESS_free);
CF_OSSL_OWN(AUTHORITY_KEYID, AUTHORITY_KEYID_free);
CF_OSSL_OWN(BASIC_CONSTRAINTS, BASIC_CONSTRAINTS_free);
CF_OSSL_OWN(CRL_DIST_POINTS, CRL_DIST_POINTS_free);
CF_OSSL_OWN(EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free);
CF_OSSL_OWN(X509_CRL, X509_CRL_free);
CF_OSSL_OWN(X509_REVOKED, X509_REVOKED_free);

/* The CRL that lies in the file, as far as this instance knows. */
struct local_crl {
    X509_CRL *crl; /* NULL: none yet, or not one that counts */
    int64_t this_update_ms;
    int64_t next_update_ms;
    uint64_t number;
};

struct local_ca {
    struct cf_ca base;
    const struct cf_ca_settings *settings; /* borrowed */
    struct cf_ca_env env;
    X509 *cert;
    EVP_PKEY *key;
    struct cf_buf *chain; /* DER, concatenated, the CA's own first */
    ASN1_OCTET_STRING *key_id;
    int64_t not_before_ms;
    int64_t not_after_ms;
    struct local_crl crl;
};

enum { LOCAL_REQUEST_KEY_SIZE = 2 * 32 + 1, LOCAL_SERIAL_LEN = 16 };

/* load.c: certificate chain and key, checked against each other. CF_E_CONFIG names the option. */
CF_MUST_USE enum cf_rc cf_local_load(struct local_ca *ca, struct cf_err *err);
const EVP_MD *cf_local_digest(const EVP_PKEY *key); /* for signing with the CA's key */

/* template.c */
/* CF_E_CA_CONFIG: no request could be served by this template. */
CF_MUST_USE enum cf_rc cf_local_template_check(const struct cf_template_settings *tmpl,
                                               struct cf_err *err);
/* A request that was parsed and whose signature is good. */
struct local_request {
    struct cf_csr *csr;
    X509_REQ *req; /* the same once more, for what goes into the certificate as it is */
};
/* Errors are the request's fault: CF_E_ENCODING and others. */
CF_MUST_USE enum cf_rc cf_local_request_parse(struct cf_bytes der, struct local_request *ret,
                                              struct cf_err *err);
void cf_local_request_done(struct local_request *request);
/* CF_E_REJECTED with the reason when the template does not allow what the request asks. */
CF_MUST_USE enum cf_rc cf_local_request_check(const struct local_request *request,
                                              const struct cf_template_settings *tmpl,
                                              struct cf_err *err);

/* issue.c */
struct local_issue {
    const struct local_request *request;
    const struct cf_template_settings *tmpl;
    uint64_t validity_ms; /* asked for; 0: the template's */
    const char *serial;   /* hex */
};
CF_MUST_USE enum cf_rc cf_local_issue(const struct local_ca *ca, const struct local_issue *issue,
                                      struct cf_buf **ret_cert, int64_t *ret_not_after_ms,
                                      struct cf_err *err);

/* extensions.c: each adds one extension to the certificate. */
CF_MUST_USE enum cf_rc cf_local_add_basics(const struct local_ca *ca, X509 *cert,
                                           struct cf_err *err);
CF_MUST_USE enum cf_rc cf_local_add_usage(X509 *cert, unsigned key_usage, const char *const *eku,
                                          size_t n_eku, struct cf_err *err);
CF_MUST_USE enum cf_rc cf_local_add_san(X509 *cert, const struct cf_san *san, bool critical,
                                        struct cf_err *err);
CF_MUST_USE enum cf_rc cf_local_add_pointers(const struct cf_ca_settings *settings, X509 *cert,
                                             struct cf_err *err);
CF_MUST_USE enum cf_rc cf_local_add_template_name(X509 *cert, const char *name, struct cf_err *err);
CF_MUST_USE enum cf_rc cf_local_add_sid(X509 *cert, const char *sid, struct cf_err *err);

/* submit.c and revoke.c: the operations of the port. */
enum cf_rc cf_local_submit(struct cf_ca *base, const struct cf_ca_submission *submission,
                           struct cf_ca_answer *ret_answer, struct cf_err *err);
enum cf_rc cf_local_poll(struct cf_ca *base, const char *cookie, struct cf_ca_answer *ret_answer,
                         struct cf_err *err);
enum cf_rc cf_local_decide(struct cf_ca *base, const char *cookie, bool approve,
                           struct cf_err *err);
enum cf_rc cf_local_revoke(struct cf_ca *base, const struct cf_ca_revocation *revocation,
                           struct cf_err *err);
enum cf_rc cf_local_check(struct cf_ca *base, cf_finding_fn *fn, void *arg, struct cf_err *err);

/* crl.c: what lies in the file, and when it has to be replaced. */
/* Held while anything below is read and while a CRL is made and published. One for the process:
 * during a reload two instances of a CA write the same file, and the later one has to say more. */
void cf_local_crl_lock(void);
void cf_local_crl_unlock(void);
/* ops->crl: what was published last. */
CF_MUST_USE enum cf_rc cf_local_crl(struct cf_ca *ca, struct cf_buf **ret_crl, struct cf_err *err);
/* Reads the file, if there is one. CF_E_CONFIG when it holds something that is not a CRL of this
 * CA, which must not be overwritten. */
CF_MUST_USE enum cf_rc cf_local_crl_load(struct local_ca *ca, struct cf_err *err);
void cf_local_crl_done(struct local_ca *ca);
/* When the published CRL has to be replaced; 0: now. The lock is held. */
int64_t cf_local_crl_due_ms(const struct local_ca *ca);
/* True when the published CRL does for this revoked record all that a new one would. The lock is
 * held. */
bool cf_local_crl_covers(const struct local_ca *ca, const struct cf_ca_record *record);
/* True when the published CRL covers every revoked record of the store. The lock is held. */
CF_MUST_USE enum cf_rc cf_local_crl_is_complete(struct local_ca *ca, bool *ret_complete,
                                                struct cf_err *err);
/* The entry may be left out of the next CRL. The lock is held. */
bool cf_local_crl_may_drop(const struct local_ca *ca, const struct cf_ca_record *record);
enum cf_rc cf_local_upkeep(struct cf_ca *base, int64_t *ret_next_ms, struct cf_err *err);

/* crl_publish.c: makes a CRL of all that is revoked and publishes it. The lock is held. */
CF_MUST_USE enum cf_rc cf_local_crl_publish(struct local_ca *ca, struct cf_err *err);

/* ossl.c: values between OpenSSL and the rest. */
CF_MUST_USE enum cf_rc cf_local_time_to_ms(const ASN1_TIME *time, int64_t *ret_ms,
                                           struct cf_err *err);
/* Whole seconds, rounded down. */
CF_MUST_USE enum cf_rc cf_local_time_from_ms(int64_t ms, ASN1_TIME **ret_time, struct cf_err *err);

static inline bool
cf_local_is_stopped(const struct local_ca *ca)
{
    return cf_stop_is_set(ca->env.stop_flag);
}
