/* SPDX-License-Identifier: Apache-2.0 */
/* oids - object identifiers of the extensions that are read and written here. */
#pragma once

#define CF_OID_KEY_USAGE "2.5.29.15"
#define CF_OID_SAN "2.5.29.17"
#define CF_OID_BASIC_CONSTRAINTS "2.5.29.19"
#define CF_OID_EKU "2.5.29.37"
#define CF_OID_TEMPLATE_NAME "1.3.6.1.4.1.311.20.2"
#define CF_OID_TEMPLATE "1.3.6.1.4.1.311.21.7"
#define CF_OID_APPLICATION_POLICIES "1.3.6.1.4.1.311.21.10"
#define CF_OID_SECURITY_IDENTIFIER "1.3.6.1.4.1.311.25.2"
