/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile_lint - what in a PKCS certificate profile will fail later, and why.
 *
 * Names are tried out by the code that serves requests, on a device and user for whom every
 * variable has a value; the configuration's own rules are asked. The rest are the known traps of
 * the platforms.
 */
#pragma once

#include "certferry/buf.h"
#include "certferry/finding.h"
#include "certferry/settings.h"

enum { CF_PROFILE_JSON_MAX = 1024 * 1024 };

/*
 * `json` is the profile of a PkcsRequest (docs/protocol/connector-api.md, section 3.2) with the
 * members certificationAuthority, certificationAuthorityName and certificateTemplateName beside
 * it, a whole PkcsRequest, or a profile as Microsoft Graph exports it ("@odata.type" ends in
 * PkcsCertificateProfile). One finding each, OK ones included; its subject is the member's name.
 * CF_E_ENCODING, CF_E_LIMIT; CF_E_FIELD when it is no profile at all.
 */
CF_MUST_USE enum cf_rc cf_profile_lint(const struct cf_settings *settings, struct cf_bytes json,
                                       cf_finding_fn *report, void *arg, struct cf_err *err);
