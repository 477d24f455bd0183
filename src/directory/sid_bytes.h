/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sid_bytes - a security identifier as the directory stores it (MS-DTYP 2.4.2.2), turned to text.
 */
#pragma once

#include "certferry/buf.h"
#include "certferry/directory.h"

/* The bytes are the whole identifier: revision 1, 1 to 15 sub-authorities, nothing after them.
 * CF_E_ENCODING. */
CF_MUST_USE enum cf_rc cf_sid_from_bytes(struct cf_bytes bytes, char ret_text[CF_SID_TEXT_SIZE],
                                         struct cf_err *err);
