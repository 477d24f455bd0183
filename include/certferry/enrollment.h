/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enrollment - what Active Directory publishes about its CAs and certificate templates.
 *
 * Plain data, read by the directory, judged by the AD CS backend. Texts are owned, UTF-8, and NULL
 * where the directory has none. Attribute names and bits are those of MS-CRTD and MS-WCCE.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "certferry/buf.h"
#include "certferry/key.h"

enum {
    CF_ENROLLMENT_SERVICES_MAX = 200,
    CF_ENROLLMENT_TEMPLATES_MAX = 1000, /* of one CA */
    CF_ENROLLMENT_CERTS_MAX = 200,
    CF_ENROLLMENT_URLS_MAX = 32,
    CF_SECURITY_DESCRIPTOR_MAX = 64 * 1024
};

/* msPKI-Enrollment-Servers: how clients prove who they are (MS-XCEP 3.1.4.1.3.3). */
enum cf_ces_auth {
    CF_CES_ANONYMOUS = 1,
    CF_CES_KERBEROS = 2,
    CF_CES_PASSWORD = 4,
    CF_CES_CERTIFICATE = 8
};

struct cf_ces_url {
    unsigned priority; /* the lower wins */
    enum cf_ces_auth auth;
    bool renewal_only;
    char *url;
};

/* A list of DER objects. */
struct cf_der_list {
    struct cf_buf **der;
    size_t n;
};
void cf_der_list_done(struct cf_der_list *list);
/* Adds a copy. CF_E_LIMIT above CF_ENROLLMENT_CERTS_MAX. */
CF_MUST_USE enum cf_rc cf_der_list_add(struct cf_der_list *list, struct cf_bytes der,
                                       struct cf_err *err);
CF_MUST_USE enum cf_rc cf_der_list_copy(const struct cf_der_list *list,
                                        struct cf_der_list *ret_copy, struct cf_err *err);

/* pKIEnrollmentService: one CA. */
struct cf_enrollment_service {
    char *name; /* cn: what the CA calls itself on the wire */
    char *display_name;
    char *host; /* dNSHostName */
    char *dn;
    char **templates; /* cn of those it issues by */
    size_t n_templates;
    struct cf_der_list certs; /* cACertificate: of a renewed CA several */
    struct cf_ces_url *urls;
    size_t n_urls;
};
struct cf_enrollment_services {
    struct cf_enrollment_service *service;
    size_t n;
    char *fault; /* why an entry was left out, the first of them; NULL: none was */
};
void cf_enrollment_services_done(struct cf_enrollment_services *services);
CF_MUST_USE enum cf_rc cf_enrollment_services_copy(const struct cf_enrollment_services *services,
                                                   struct cf_enrollment_services *ret_copy,
                                                   struct cf_err *err);
/* By CA name, and by host where given; without case. NULL when there is none. Borrowed. */
const struct cf_enrollment_service *
cf_enrollment_service_find(const struct cf_enrollment_services *services, const char *host,
                           const char *name);

/* msPKI-Certificate-Name-Flag, msPKI-Enrollment-Flag, msPKI-Private-Key-Flag (MS-CRTD 2.26..2.28)
 */
#define CF_CT_ENROLLEE_SUPPLIES_SUBJECT UINT32_C(0x00000001)
#define CF_CT_PEND_ALL_REQUESTS UINT32_C(0x00000002)
#define CF_CT_PUBLISH_TO_DS UINT32_C(0x00000008)
#define CF_CT_NO_SECURITY_EXTENSION UINT32_C(0x00080000)
#define CF_CT_REQUIRE_PRIVATE_KEY_ARCHIVAL UINT32_C(0x00000001)
#define CF_CT_EXPORTABLE_KEY UINT32_C(0x00000010)
#define CF_CT_ATTEST_REQUIRED UINT32_C(0x00002000)

/* pKICertificateTemplate. A number that the directory does not have is 0. */
struct cf_ad_template {
    char *name; /* cn */
    char *display_name;
    char *dn;
    char *oid; /* msPKI-Cert-Template-OID; NULL: schema version 1 */
    unsigned schema_version;
    unsigned revision;
    unsigned minor_revision;
    uint32_t name_flags;
    uint32_t enrollment_flags;
    uint32_t private_key_flags;
    unsigned ra_signatures;
    unsigned min_key_bits;
    char *key_algorithm; /* "RSA", "ECDH_P256", ...; NULL: not said, which is RSA */
    unsigned key_usage;  /* CF_KU_... */
    char **eku;          /* dotted OIDs */
    size_t n_eku;
    uint64_t validity_ms;
    uint64_t overlap_ms;                /* renewal period */
    struct cf_buf *security_descriptor; /* owner and DACL (MS-DTYP 2.4.6); NULL: not shown */
};
struct cf_ad_template *cf_ad_template_free(struct cf_ad_template *ad_template);
CF_DEFINE_OWN(cf_ad_template);
/* NULL: out of memory. */
struct cf_ad_template *cf_ad_template_clone(const struct cf_ad_template *ad_template);

/* Where Active Directory keeps CA certificates. */
enum cf_ad_certs {
    CF_AD_NTAUTH, /* CAs that may issue for logon */
    CF_AD_ROOTS,  /* Certification Authorities: trusted roots */
    CF_AD_AIA     /* issuing and intermediate CAs */
};
