/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backend_call - one question to certferryd: built member by member, sent until it is answered.
 */
#pragma once

#include "backend.h"
#include "certferry/json.h"

struct cf_scep_call {
    struct cf_buf *head; /* the request without its end */
    struct cf_json_writer out;
    bool has_wait;   /* `waitSeconds` goes with it */
    unsigned wait_s; /* at most CF_SCEP_WAIT_MAX_S */
};

/* Members are put into call->out then. */
CF_MUST_USE enum cf_rc cf_scep_call_begin(struct cf_scep_call *call, const char *command,
                                          struct cf_err *err);
/* *ret_result is a view into *ret_answer. The errors of every call (backend.h). Ends the call. */
CF_MUST_USE enum cf_rc cf_scep_call_run(struct cf_scep_backend *backend, struct cf_scep_call *call,
                                        struct cf_json **ret_answer,
                                        const struct cf_json **ret_result, struct cf_err *err);

/* The members of an outcome. *ret_crl, where it may be one of a CRL; NULL: it may not.
 * CF_E_PROTOCOL with the member's name. */
CF_MUST_USE enum cf_rc cf_scep_parse_answer(const struct cf_json *result,
                                            struct cf_scep_answer *ret_answer,
                                            struct cf_buf **ret_crl, struct cf_err *err);
CF_MUST_USE enum cf_rc cf_scep_parse_profiles(const struct cf_json *result,
                                              struct cf_scep_profiles **ret_profiles,
                                              struct cf_err *err);
CF_MUST_USE enum cf_rc cf_scep_parse_ra_state(const struct cf_json *result,
                                              struct cf_scep_ra_state *ret_state,
                                              struct cf_err *err);
