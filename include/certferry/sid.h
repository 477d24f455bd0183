/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sid - security identifiers of Windows accounts, as text and in the security extension
 * 1.3.6.1.4.1.311.25.2 by which a directory maps a certificate to its account.
 */
#pragma once

#include "certferry/buf.h"
#include "certferry/err.h"

enum { CF_SID_TEXT_SIZE = 185 };

/* With a SID behind it, what Microsoft's directories take for a strong mapping in a SAN URI. */
#define CF_SID_URI "tag:microsoft.com,2022-09-14:sid:"

/* "S-1-", an authority and one to fifteen sub-authorities (MS-DTYP 2.4.2.1), in its one canonical
 * writing: equal identifiers are equal texts. CF_E_RANGE. */
CF_MUST_USE enum cf_rc cf_sid_check(const char *text, struct cf_err *err);

/* From the form on the wire and in directories (MS-DTYP 2.4.2.2). The bytes are the whole
 * identifier: revision 1, 1 to 15 sub-authorities, nothing after them. CF_E_ENCODING. */
CF_MUST_USE enum cf_rc cf_sid_from_bytes(struct cf_bytes bytes, char ret_text[CF_SID_TEXT_SIZE],
                                         struct cf_err *err);

/* The extension's content: GeneralNames of one otherName 1.3.6.1.4.1.311.25.2.1 with the text as
 * OCTET STRING. CF_E_RANGE as cf_sid_check. */
CF_MUST_USE enum cf_rc cf_sid_der(const char *sid, struct cf_buf **ret_der, struct cf_err *err);
/* CF_E_ENCODING for anything else than exactly that; malloc'd. */
CF_MUST_USE enum cf_rc cf_sid_parse_der(struct cf_bytes der, char **ret_sid, struct cf_err *err);
