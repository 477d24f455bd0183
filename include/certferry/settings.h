/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settings - what the administrator configured, as plain data.
 *
 * Filled by the config adapter from the INI files, read by everybody else, changed by nobody: a
 * reload makes a new object. Texts are owned by it and are NULL where nothing is configured and
 * there is no default. Secrets are never in here, only the paths of the files that hold them.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "certferry/key.h"

enum cf_auth { CF_AUTH_SECRET, CF_AUTH_CERTIFICATE, CF_AUTH_TLS };

struct cf_cloud_settings {
    char *endpoint;  /* base URL of the service; NULL: discovery */
    char *authority; /* "https://login.microsoftonline.com/" */
    char *graph;
    char *resource;
    char *service_app_id; /* whose endpoints discovery asks for */
    char *service_name;   /* "PkiConnectorFEService" */
    char *tenant;
    char *client_id;
    enum cf_auth auth;
    char *client_secret_file;
    char *assertion_file; /* PEM identity, written by `certferry enroll` */
    bool assertion_renew;
    uint64_t assertion_lifetime_ms;
    uint64_t assertion_renew_before_ms;
    char *tls_cert_file;
    char *tls_key_file;
    char *ca_file;
    char *proxy;
    char *proxy_user;
    char *proxy_password_file;
    uint64_t connect_timeout_ms;
    uint64_t timeout_ms;
    uint64_t poll_wait_ms;
    uint64_t poll_interval_ms; /* between polls that brought nothing */
    uint64_t max_requests;
    uint64_t upload_batch;
    uint64_t upload_delay_ms; /* how long a result may wait for company */
    uint64_t revocation_interval_ms;
    uint64_t heartbeat_interval_ms;
    uint64_t retry_min_ms;
    uint64_t retry_max_ms;
};

struct cf_template_settings {
    char *name; /* section name = template name in requests */
    enum cf_key_kind key;
    uint64_t min_rsa_bits;
    unsigned key_usage; /* CF_KU_... */
    char **eku;         /* dotted OIDs, n_eku of them */
    size_t n_eku;
    uint64_t validity_ms;
    bool approval; /* a person has to approve (backend local) */
};

struct cf_ca_settings {
    char *name;                              /* section name */
    char *backend;                           /* "local", "exec" */
    char *host;                              /* certificationAuthority of requests */
    char *ca_name;                           /* certificationAuthorityName of requests */
    struct cf_template_settings **templates; /* allowed ones; borrowed from cf_settings */
    size_t n_templates;

    /* local */
    char *cert_file;  /* PEM: the CA's certificate, then its issuers up to the root */
    char *key_file;   /* PEM, not readable by others; or a credential */
    char *crl_file;   /* where the CRL is published (DER) */
    char *crl_url;    /* CRL distribution point; NULL: no extension */
    char *issuer_url; /* caIssuers of authority information access; NULL: none */
    uint64_t crl_lifetime_ms;
    uint64_t crl_overlap_ms; /* a new CRL this long before nextUpdate */
    uint64_t backdate_ms;    /* notBefore lies this far in the past */

    /* exec */
    char **command;   /* argv, NULL-terminated */
    char *chain_file; /* PEM: issuing CA first */
    uint64_t timeout_ms;
    uint64_t output_max;
};

struct cf_settings {
    char *connector_id;
    char *state_dir;
    int log_level;
    uint64_t cpu_workers; /* 0: as many as there are cores */
    uint64_t io_workers;

    struct cf_cloud_settings cloud;

    char *store_path;
    char *store_key_file;
    uint64_t store_retain_ms;

    uint64_t keypool_size[CF_KEY_KIND_MAX_];
    uint64_t keypool_max_age_ms;
    uint64_t secure_heap;

    uint64_t pfx_iterations;
    bool pfx_allow_legacy;
    bool check_recipient;
    char *recipient_ca_file;
    char *recipient_pins_file;
    int revocation_reason; /* RFC 5280 CRLReason */

    uint64_t step_retry_min_ms;
    uint64_t step_retry_max_ms;

    char *control_socket;
    char *control_group;

    struct cf_ca_settings **cas;
    size_t n_cas;
    struct cf_template_settings **templates;
    size_t n_templates;
};

struct cf_settings *cf_settings_new(void); /* zeroed; NULL when out of memory */
struct cf_settings *cf_settings_free(struct cf_settings *settings);
CF_DEFINE_OWN(cf_settings);

/* Borrowed; NULL when there is none. Host and name compare without case. */
const struct cf_ca_settings *cf_settings_find_ca(const struct cf_settings *settings,
                                                 const char *host, const char *ca_name);
const struct cf_template_settings *cf_ca_settings_template(const struct cf_ca_settings *ca,
                                                           const char *name);
