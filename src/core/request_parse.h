/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request_parse - the parts of reading a request; each names the member that is wrong.
 */
#pragma once

#include "certferry/request.h"

enum { CF_REQUEST_NAME_MAX = 256, CF_REQUEST_TEXT_MAX = 1024 };

/* Index of text in names; the error lists what is known. */
CF_MUST_USE enum cf_rc cf_request_parse_choice(const char *field, const char *text,
                                               const char *const *names, size_t n_names,
                                               size_t *ret, struct cf_err *err);
/* 40 hexadecimal digits. */
CF_MUST_USE enum cf_rc cf_request_check_thumbprint(const char *field, const char *text,
                                                   struct cf_err *err);

/* request->type is known. */
CF_MUST_USE enum cf_rc cf_request_parse_profile(const struct cf_json *json,
                                                enum cf_request_type type,
                                                struct cf_request_profile *ret, struct cf_err *err);
/* The combinations of Windows' key storage settings that a device could not install. */
CF_MUST_USE enum cf_rc cf_request_check_key_storage(const struct cf_request *request,
                                                    struct cf_err *err);
CF_MUST_USE enum cf_rc cf_request_parse_import(struct cf_request *request, struct cf_err *err);
