/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csra - the calls of MS-CSRA 3.1.4.1 as bytes: pure functions but for the causality id. Stubs
 * begin with what stands before every call of an object (dcom.h).
 */
#pragma once

#include "cursor.h"

#include "certferry/cert.h"

/* The form of the CA's database: lower-case hex, an even number of digits. CF_E_SYNTAX. */
CF_MUST_USE enum cf_rc cf_csra_serial(const char *serial, char ret[CF_SERIAL_TEXT_SIZE],
                                      struct cf_err *err);

CF_MUST_USE enum cf_rc cf_csra_revoke_write(const char *authority, const char *serial, int reason,
                                            int64_t revoked_ms, struct cf_buf **ret_stub,
                                            struct cf_err *err);
CF_MUST_USE enum cf_rc cf_csra_revoke_read(struct cf_bytes stub, uint32_t *ret_hresult,
                                           struct cf_err *err);
CF_MUST_USE enum cf_rc cf_csra_is_valid_write(const char *authority, const char *serial,
                                              struct cf_buf **ret_stub, struct cf_err *err);
CF_MUST_USE enum cf_rc cf_csra_is_valid_read(struct cf_bytes stub, uint32_t *ret_disposition,
                                             uint32_t *ret_hresult, struct cf_err *err);
CF_MUST_USE enum cf_rc cf_csra_roles_write(const char *authority, struct cf_buf **ret_stub,
                                           struct cf_err *err);
CF_MUST_USE enum cf_rc cf_csra_roles_read(struct cf_bytes stub, uint32_t *ret_roles,
                                          uint32_t *ret_hresult, struct cf_err *err);
