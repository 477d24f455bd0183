/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request - one PkcsRequest of the Connector API, read strictly (docs/protocol/connector-api.md).
 *
 * Texts are borrowed from the request object and NULL where the cloud sent nothing.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "certferry/import_key.h"
#include "certferry/json.h"
#include "certferry/san.h"
#include "certferry/store.h"

enum cf_request_type {
    CF_REQUEST_ISSUE,
    CF_REQUEST_RENEW,
    CF_REQUEST_REENCRYPT,
    CF_REQUEST_IMPORT
};

/* keyStorageProvider; the numbers are KeyLocation of the ClientCertificateInstall CSP. */
enum cf_key_storage {
    CF_KEY_STORAGE_UNSET = 0,
    CF_KEY_STORAGE_TPM_OR_FAIL = 1,
    CF_KEY_STORAGE_TPM_OR_SOFTWARE = 2,
    CF_KEY_STORAGE_SOFTWARE = 3,
    CF_KEY_STORAGE_PASSPORT = 4
};

struct cf_request_san {
    enum cf_san_type type;
    const char *value; /* may hold {{variables}} */
};

struct cf_request_profile {
    const char *id;
    const char *name;
    const char *platform;
    bool is_device; /* certificateType: device */
    const char *subject_format;
    struct cf_request_san *san; /* owned by the request */
    size_t n_san;
    const char *eku[32]; /* dotted OIDs; empty: the template's */
    size_t n_eku;
    unsigned key_size;    /* 0: the template's */
    uint64_t validity_ms; /* 0: the template's */
    unsigned renewal_threshold_percent;
    bool allow_all_apps_access;
    bool wants_sid; /* includeSecurityIdentifier */
    enum cf_key_storage key_storage;
    const char *container_name;  /* with CF_KEY_STORAGE_PASSPORT */
    bool is_machine_store;       /* certificateStore: machine */
    const char *root_thumbprint; /* rootCertificateThumbprint: SHA-1 hex; NULL: any */
};

struct cf_request_device {
    const char *id;
    const char *platform;
    const char *os_version;
    const char *azure_ad_device_id;
    const char *name;
    const char *serial_number;
    const char *imei;
    const char *meid;
    const char *wifi_mac;
    const char *fqdn;
};

struct cf_request_user {
    bool is_present;
    const char *name;
    const char *upn;
    const char *email;
    const char *given_name;
    const char *surname;
    const char *department;
    const char *distinguished_name;
    const char *sam_account_name;
    const char *security_identifier;
};

struct cf_request {
    struct cf_json *document; /* owned */
    const char *context;
    enum cf_request_type type;
    const char *ca_host;
    const char *ca_name;
    const char *ca_section; /* of a request that was not the cloud's, in place of both: [ca] */
    const char *template_name;
    struct cf_request_profile profile;
    struct cf_request_device device;
    struct cf_request_user user;
    struct cf_buf *recipient; /* DER, owned */

    /* renew, reencrypt: the certificate meant; NULL: the newest of profile, device and user */
    const char *certificate_thumbprint;

    /* importPfx */
    struct cf_buf *encrypted_pfx;      /* DER, owned */
    struct cf_buf *encrypted_password; /* owned */
    const char *provider_name;
    const char *key_name;
    enum cf_oaep padding;
};

enum { CF_REQUEST_MAX = 4 * 1024 * 1024 };

/* CF_E_ENCODING (not JSON, not base64), CF_E_FIELD, CF_E_RANGE, CF_E_UNSUPPORTED; each names the
 * member. */
CF_MUST_USE enum cf_rc cf_request_parse(struct cf_bytes json, struct cf_request **ret_request,
                                        struct cf_err *err);
struct cf_request *cf_request_free(struct cf_request *request);
CF_DEFINE_OWN(cf_request);

/* Which kind of item an element of a page is, by its requestType alone; CF_KIND_PKCS for what
 * cannot be read, which admission then refuses. */
enum cf_kind cf_request_kind(struct cf_bytes json);

/* One revocation request as published. */
struct cf_revocation_request {
    struct cf_json *document; /* owned */
    const char *context;
    char serial[65];              /* cf_cert_serial form */
    const char *issuer;           /* may be NULL */
    const char *ca_configuration; /* may be NULL */
};
CF_MUST_USE enum cf_rc cf_revocation_request_parse(struct cf_bytes json,
                                                   struct cf_revocation_request **ret_request,
                                                   struct cf_err *err);
struct cf_revocation_request *cf_revocation_request_free(struct cf_revocation_request *request);
CF_DEFINE_OWN(cf_revocation_request);
