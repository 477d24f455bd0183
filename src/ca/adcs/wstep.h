/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wstep - certificate enrollment by web service (MS-WSTEP): its messages. Pure functions.
 */
#pragma once

#include "attributes.h"
#include "soap.h"

#define WSTEP_ACTION SOAP_NS_ENROLLMENT "/RST/wstep"

/* A request for a certificate; the attributes go as items of an additional context, which the
 * service hands to the CA as request attributes. CF_E_LIMIT. */
CF_MUST_USE enum cf_rc wstep_write_issue(const struct soap_head *head, struct cf_bytes csr,
                                         const struct adcs_attributes *attributes,
                                         struct soap_message *ret_message, struct cf_err *err);
/* What became of a request? */
CF_MUST_USE enum cf_rc wstep_write_query(const struct soap_head *head, uint32_t request_id,
                                         struct soap_message *ret_message, struct cf_err *err);

/*
 * The answer to either; `request_id` is the one that was asked about, or 0. Issued is what has a
 * certificate, whatever its words say; pending what names a number and cannot be read otherwise
 * when none was asked about. A refusal with an HRESULT is a reply, too; one without is an
 * error: CF_E_AUTH, CF_E_CA_CONFIG, CF_E_PROTOCOL, which stands for answers of the wrong shape,
 * too.
 */
CF_MUST_USE enum cf_rc wstep_read(struct cf_bytes answer, const char *message_id,
                                  uint32_t request_id, struct adcs_reply *ret_reply,
                                  struct cf_err *err);
