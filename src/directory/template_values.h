/* SPDX-License-Identifier: Apache-2.0 */
/*
 * template_values - values of pKICertificateTemplate (MS-CRTD 2) and pKIEnrollmentService
 * (MS-WCCE 2.2.2.11.2), turned to facts. Pure functions.
 */
#pragma once

#include "certferry/enrollment.h"

enum { CF_PKI_NAME_MAX = 256, CF_PKI_URL_MAX = 2048, CF_PKI_EKU_MAX = 100 };

/*
 * Takes all values of one attribute; names compare without case, other attributes are left alone.
 * CF_E_PROTOCOL names the attribute: several values where there should be one, not printable, no
 * number, no period, no object identifier, too many, too long.
 *
 * A template of schema version 2 has its usages twice: msPKI-Certificate-Application-Policy counts
 * when it was given after pKIExtendedKeyUsage.
 */
CF_MUST_USE enum cf_rc cf_template_take(struct cf_ad_template *ad_template, const char *attribute,
                                        const struct cf_bytes *values, size_t n,
                                        struct cf_err *err);
CF_MUST_USE enum cf_rc cf_service_take(struct cf_enrollment_service *service, const char *attribute,
                                       const struct cf_bytes *values, size_t n, struct cf_err *err);
/* The values of cACertificate; the placeholder of one octet, by which Active Directory says that
 * there is none, is left out. */
CF_MUST_USE enum cf_rc cf_certs_take(struct cf_der_list *certs, const struct cf_bytes *values,
                                     size_t n, struct cf_err *err);
