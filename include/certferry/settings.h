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
    bool is_off;      /* service = none: there is no cloud, all that needs one is refused */
    bool serves_pkcs; /* the service speaks the Connector API's PKCS calls and heartbeat */
    char *endpoint;   /* base URL of the service; NULL: discovery */
    char *authority;  /* "https://login.microsoftonline.com/" */
    char *graph;
    char *resource;
    char *service_app_id;    /* whose endpoints discovery asks for */
    char *service_name;      /* "PkiConnectorFEService" */
    char *scep_service_name; /* "ScepRequestValidationFEService" */
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

/* Whether the account's SID goes into certificates (strong mapping), and how. */
enum cf_sid_mode {
    CF_SID_AS_CA,      /* template only: as the CA's section says */
    CF_SID_OFF,        /* a profile that asks for it is refused */
    CF_SID_ON_REQUEST, /* when the profile asks for it */
    CF_SID_ALWAYS
};
enum cf_sid_form {
    CF_SID_FORM_AS_CA,     /* template only */
    CF_SID_FORM_EXTENSION, /* 1.3.6.1.4.1.311.25.2 */
    CF_SID_FORM_URI,       /* SAN URI tag:microsoft.com,2022-09-14:sid:... */
    CF_SID_FORM_BOTH
};

enum cf_rdn_order { CF_RDN_RFC4514, CF_RDN_AS_WRITTEN };

/* What a [template] section says itself; the CA may know the rest (ca.h: complete_template). */
enum {
    CF_TEMPLATE_KEY = 1 << 0,
    CF_TEMPLATE_MIN_KEY = 1 << 1,
    CF_TEMPLATE_KEY_USAGE = 1 << 2,
    CF_TEMPLATE_EKU = 1 << 3,
    CF_TEMPLATE_VALIDITY = 1 << 4
};

struct cf_template_settings {
    char *name;        /* section name = template name in requests */
    unsigned given;    /* CF_TEMPLATE_...: written in the configuration, not a preset */
    char *oid;         /* never configured: the CA's, for the CSR; NULL: it goes by name */
    bool eku_is_fixed; /* never configured: the CA puts in these usages whatever is asked for */
    enum cf_key_kind key;
    uint64_t min_rsa_bits;
    unsigned key_usage; /* CF_KU_... */
    char **eku;         /* dotted OIDs, n_eku of them */
    size_t n_eku;
    uint64_t validity_ms;
    bool approval; /* a person has to approve (backend local) */
    enum cf_sid_mode sid_mode;
    enum cf_sid_form sid_form;
};

enum cf_adcs_transport { CF_ADCS_RPC, CF_ADCS_CES };
enum cf_adcs_revoke { CF_ADCS_REVOKE_RPC, CF_ADCS_REVOKE_COMMAND, CF_ADCS_REVOKE_NONE };
enum cf_adcs_auth { CF_ADCS_KERBEROS, CF_ADCS_PASSWORD, CF_ADCS_CERTIFICATE }; /* of CES */
enum cf_rpc_auth { CF_RPC_NEGOTIATE, CF_RPC_KERBEROS };
enum cf_cmp_request { CF_CMP_P10CR, CF_CMP_CR, CF_CMP_IR };
enum cf_cmp_protection { CF_CMP_SECRET, CF_CMP_CERTIFICATE };

struct cf_ca_settings {
    char *name;                              /* section name */
    char *backend;                           /* "local", "exec", "adcs", "cmp" */
    char *host;                              /* certificationAuthority of requests */
    char *ca_name;                           /* certificationAuthorityName of requests */
    struct cf_template_settings **templates; /* allowed ones; borrowed from cf_settings */
    size_t n_templates;
    enum cf_rdn_order rdn_order;
    bool enforce_dn_limits; /* X.520 upper bounds */
    enum cf_sid_mode sid_mode;
    enum cf_sid_form sid_form;
    bool sid_must_be_kept; /* a certificate without the SID that was asked for is refused */

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

    /* all: how many calls may be under way at once, and how long one that failed keeps the others
     * back; the time doubles with each failure in a row */
    uint64_t max_parallel;
    uint64_t breaker_min_ms;
    uint64_t breaker_max_ms;

    /* adcs; chain_file and timeout_ms as above */
    enum cf_adcs_transport transport;
    enum cf_adcs_revoke revoke_transport;
    enum cf_rpc_auth rpc_auth;
    char *rpc_host;    /* NULL: host */
    uint64_t rpc_port; /* 0: asks the endpoint mapper */
    char *keytab_file; /* [directory]'s when not written and there is one */
    char *principal;
    char *ces_url;
    char *cep_url; /* NULL: no policy service */
    enum cf_adcs_auth auth;
    char *username; /* auth password: UPN or DOMAIN\name */
    char *password_file;
    char *tls_cert_file; /* auth certificate, and CMP's TLS */
    char *tls_key_file;
    char *tls_ca_file;     /* roots for HTTPS; NULL: the system's */
    bool channel_binding;  /* ties Kerberos to the TLS connection */
    bool delegates;        /* hands CES a ticket in our name, for a CES apart from its CA */
    char **revoke_command; /* argv, NULL-terminated */
    uint64_t connect_timeout_ms;

    /* cmp */
    char *url;
    enum cf_cmp_request cmp_request;
    enum cf_cmp_protection protection;
    char *reference; /* protection secret: senderKID */
    char *secret_file;
    char *signer_file;      /* protection certificate: PEM identity, secret */
    char *server_cert_file; /* PEM: the CMP server's own certificate, pinned; NULL: by chain_file */
    char *recipient;        /* DN of the server's name in messages; NULL: the chain's first */
    bool implicit_confirm;
    char *proxy; /* http://HOST:PORT for HTTPS of adcs and cmp; NULL: none */
};

/* Active Directory or another LDAP directory; uri NULL: none. */
enum cf_directory_auth { CF_DIRECTORY_GSSAPI, CF_DIRECTORY_SIMPLE };
enum cf_directory_tls { CF_DIRECTORY_LDAPS, CF_DIRECTORY_STARTTLS, CF_DIRECTORY_SIGNED };

struct cf_directory_settings {
    char **uri; /* ldap:// or ldaps://, tried in turn; NULL-terminated */
    enum cf_directory_auth auth;
    enum cf_directory_tls tls; /* SIGNED: GSSAPI's own protection on a plain connection */
    char *base;                /* NULL: the server's defaultNamingContext */
    char *bind_dn;
    char *password_file;
    char *keytab_file;
    char *principal; /* NULL: the keytab's first */
    char *ca_file;   /* NULL: the system's CAs */
    uint64_t connect_timeout_ms;
    uint64_t timeout_ms; /* of one search */
    uint64_t cache_ms;   /* how long an account's facts are believed; 0: not kept */
    uint64_t retry_ms;   /* after a failure others do not try before */
};

/* What one group of requests may ask for. A request has to meet every rule of one policy that
 * names its CA, template and certificate type; where no policy does it is refused. Lists are
 * NULL-terminated; NULL where nothing is configured. */
enum cf_certificate_types { CF_TYPES_USER = 1, CF_TYPES_DEVICE = 2, CF_TYPES_BOTH = 3 };

struct cf_policy_settings {
    char *name;
    char **cas;       /* [ca] sections */
    char **templates; /* template names */
    enum cf_certificate_types types;
    char **eku; /* dotted OIDs; NULL: those of the template */
    size_t n_eku;
    char **subject_allow; /* TYPE=PATTERN; each attribute has to match one */
    char **subject_refuse;
    char **san_allow; /* email:, upn:, dns:, uri: and a pattern; each name has to match one */
    char **san_refuse;
    char **upn_suffixes;
    char **refused_accounts; /* UPN, SAM account name or SID */
    char **refused_groups;   /* SID, name, DN, or "privileged": the built-in ones; nested. Without
                                words: none, as written */
    uint64_t min_rsa_bits;
    uint64_t min_ec_bits;
    uint64_t max_validity_ms; /* 0: no limit of its own */
    uint64_t per_user_hour;   /* requests; 0: no limit */
    uint64_t per_device_hour;
    uint64_t per_hour;
};

/* A private key under which passwords of imported PFX files are encrypted. */
struct cf_import_key_settings {
    char *name;
    char *provider; /* providerName of requests; NULL: any */
    char *key_name; /* keyName of requests */
    char *key_file; /* PEM or TSS2 PEM, secret; or ... */
    char *key_uri;  /* ... pkcs11: or another URI that OpenSSL's loaders know */
    char *pin_file; /* secret; NULL: none */
};

/*
 * The SCEP front door, certferry-scepd: what it listens on, and its keys. The same for every CA
 * that a SCEP profile names.
 */
struct cf_scep_settings {
    bool is_on;    /* there is a [scep] section */
    char **listen; /* HOST:PORT or [IPv6]:PORT for plain HTTP; NULL-terminated; NULL: none */
    char **tls_listen;
    char *tls_cert_file; /* PEM: the server's certificate, then its issuers */
    char *tls_key_file;  /* PEM, secret */
    char *socket;        /* where certferryd answers certferry-scepd */
    char *socket_user;   /* who may ask there, besides root */
    char *ra_key_file;   /* secret of 32 bytes under which RA keys lie in the store; or ... */
    char *ra_token;      /* ... pkcs11: URI of the token, without object, that has them */
    char *ra_pin_file;
    /* [template] sections; the same one twice: one RA certificate for both. */
    char *ra_sign_template;
    char *ra_encryption_template;
    enum cf_key_kind ra_key;     /* RSA */
    char *ra_subject;            /* distinguished name */
    uint64_t ra_renew_before_ms; /* before the end of a certificate */
    uint64_t ra_overlap_ms;      /* a replaced key still decrypts for this long */
    uint64_t max_connections;
    uint64_t max_per_address;
    uint64_t max_waiting;        /* requests; more are turned away with 503 */
    uint64_t request_timeout_ms; /* a client has to have sent its request by then */
    uint64_t answer_timeout_ms;  /* then a device is told to come again */
};

enum cf_scep_challenge { CF_SCEP_STATIC, CF_SCEP_ONE_TIME, CF_SCEP_INTUNE };
enum cf_scep_renewal {
    CF_SCEP_RENEWAL_CHALLENGE,  /* like any other request */
    CF_SCEP_RENEWAL_CERTIFICATE /* the certificate being renewed stands for a challenge */
};

/* What a device may ask for under /scep/NAME. Its names are judged by the [policy] sections. */
struct cf_scep_profile_settings {
    char *name;
    bool is_default; /* answers under the paths of NDES, too */
    char *ca;        /* [ca] section */
    char *template_name;
    enum cf_certificate_types types; /* USER or DEVICE */
    enum cf_scep_challenge challenge;
    char *challenge_file; /* secret: one challenge per line */
    enum cf_scep_renewal renewal;
    /* Of the lifetime: renewed only when no more is left; 100: at any time. */
    uint64_t renewal_window_percent;
    uint64_t renewal_threshold_percent; /* when `certferry expiring` calls it due; 0: never */
    unsigned key_usage; /* CF_KU_...: a CSR has to ask for just these; 0: as the template allows */
    char **eku;         /* a CSR may ask for no others; NULL: the template's */
    size_t n_eku;
    char **keys;                 /* allowed: "rsa2048", ... "p384"; NULL: any the policy allows */
    uint64_t min_rsa_bits;       /* of subject keys and of message signers */
    uint64_t validity_ms;        /* 0: the template's */
    uint64_t keep_trying_ms;     /* a request whose CA is down is given up after this */
    uint64_t clock_tolerance_ms; /* of signingTime; 0: not looked at */
    bool allow_sha1;
    bool allow_3des;
    bool allow_single_des;
    bool get_cert;
    bool get_crl;
    bool root_in_bundle;
    /* PEM: the CA's coming certificate and its issuers; NULL: no GetNextCACert. */
    char *next_ca_file;
};

enum cf_store_backend { CF_STORE_SQLITE, CF_STORE_POSTGRES };

struct cf_settings {
    char *connector_id;
    char *state_dir;
    int log_level;
    uint64_t cpu_workers; /* 0: as many as there are cores */
    uint64_t io_workers;

    struct cf_cloud_settings cloud;

    enum cf_store_backend store_backend;
    char *store_path;          /* sqlite */
    char *store_connection;    /* postgres: libpq's key = value words, without a password */
    char *store_password_file; /* postgres: secret; NULL: none is needed */
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

    struct cf_directory_settings directory;
    struct cf_policy_settings **policies;
    size_t n_policies;
    struct cf_import_key_settings **import_keys;
    size_t n_import_keys;
    struct cf_scep_settings scep;
    struct cf_scep_profile_settings **scep_profiles;
    size_t n_scep_profiles;
    char *recovery_file; /* PEM identity to which copies for re-encryption are sealed; NULL: none */
};

struct cf_settings *cf_settings_new(void); /* zeroed; NULL when out of memory */
struct cf_settings *cf_settings_free(struct cf_settings *settings);
CF_DEFINE_OWN(cf_settings);

/* A deep copy, for what a CA knows to be filled in. NULL when out of memory. */
struct cf_template_settings *
cf_template_settings_copy(const struct cf_template_settings *template_settings);
struct cf_template_settings *
cf_template_settings_free(struct cf_template_settings *template_settings);
CF_DEFINE_OWN(cf_template_settings);
/* What a certificate may be valid for: the shorter one of `asked_ms` and the template's. 0 is no
 * limit, of either and of both. */
uint64_t cf_template_validity_ms(const struct cf_template_settings *template_settings,
                                 uint64_t asked_ms);

/* Borrowed; NULL when there is none. Host and name compare without case. */
const struct cf_ca_settings *cf_settings_find_ca(const struct cf_settings *settings,
                                                 const char *host, const char *ca_name);
/* The first that names all three (CA and template by section name), which is the one that requests
 * are judged by. */
const struct cf_policy_settings *cf_settings_find_policy(const struct cf_settings *settings,
                                                         const char *ca, const char *template_name,
                                                         enum cf_certificate_types type);
/* By section name. */
const struct cf_scep_profile_settings *
cf_settings_find_scep_profile(const struct cf_settings *settings, const char *name);
const struct cf_template_settings *cf_ca_settings_template(const struct cf_ca_settings *ca,
                                                           const char *name);
