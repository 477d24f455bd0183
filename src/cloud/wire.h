/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire - what the peers' answers mean, apart from how they travelled.
 *
 * Pure functions over bytes from outside. An answer of the wrong shape is CF_E_PROTOCOL as a whole.
 * Unlike elsewhere err must not be NULL: the operations of the port see to it.
 */
#pragma once

#include "certferry/cloud.h"
#include "certferry/http.h"
#include "certferry/secret.h"

enum {
    CF_CLOUD_ANSWER_MAX = 8 * 1024 * 1024,
    CF_CLOUD_PAGE_MAX = 500,
    CF_CLOUD_URL_MAX = 2048,
    CF_CLOUD_TOKEN_MAX = 32 * 1024,
    CF_CLOUD_TOKEN_LIFE_MAX_S = 24 * 3600
};

/* Bytes that do not hold what they should are the service's fault, not the request's: turns
 * syntax, shape and limit errors into CF_E_PROTOCOL; others stay. Returns err->rc. */
enum cf_rc cf_wire_blame_peer(struct cf_err *err);
/* The same for the administrator's files and settings: CF_E_CONFIG. */
enum cf_rc cf_wire_blame_settings(struct cf_err *err);

/* The token endpoint. A life of 0: none was given; the token is good for what is done right now. */
CF_MUST_USE enum cf_rc cf_wire_token(struct cf_bytes body, struct cf_secret **ret_token,
                                     uint64_t *ret_life_s, struct cf_err *err);
/* An answer of the token endpoint that is not 2xx: CF_E_AUTH with the remedy for the AADSTS number,
 * or what cf_http_check_status says of the status. */
enum cf_rc cf_wire_token_error(const struct cf_http_response *response, struct cf_err *err);

/* One page of the service map. *ret_url without a trailing slash, or NULL: not on this page;
 * *ret_next: the next page, or NULL. Both malloc'd. */
CF_MUST_USE enum cf_rc cf_wire_endpoints(struct cf_bytes body, const char *service_name,
                                         char **ret_url, char **ret_next, struct cf_err *err);
/* https, a host, no user information, no fragment, printable ASCII only. */
CF_MUST_USE enum cf_rc cf_wire_check_url(const char *url, struct cf_err *err);
/* Scheme, host and port are the same text, but for case. */
bool cf_wire_same_origin(const char *a, const char *b);

/* A page of requests or of revocations. */
CF_MUST_USE enum cf_rc cf_wire_page(struct cf_bytes body, size_t max,
                                    struct cf_cloud_page *ret_page, struct cf_err *err);
/* Fills all n verdicts; one malformed verdict counts as absent. */
CF_MUST_USE enum cf_rc cf_wire_verdicts(struct cf_bytes body, const struct cf_cloud_result *results,
                                        size_t n, struct cf_cloud_verdict *ret_verdicts,
                                        struct cf_err *err);
/* {"value": true}: anything else is an error. */
CF_MUST_USE enum cf_rc cf_wire_recorded(struct cf_bytes body, struct cf_err *err);
CF_MUST_USE enum cf_rc cf_wire_heartbeat(struct cf_bytes body, uint64_t *ret_lease_s,
                                         struct cf_err *err);
/* An answer of the service or of the directory: CF_OK for 2xx, else the status' error with the
 * code and message of the body's error object. */
enum cf_rc cf_wire_status(const struct cf_http_response *response, struct cf_err *err);

/* How a SCEP request was judged, but for the activity; any JSON is a verdict. */
CF_MUST_USE enum cf_rc
cf_wire_scep_verdict(struct cf_bytes body, struct cf_scep_verdict *ret_verdict, struct cf_err *err);
/* What a code means and what is to be done; NULL: nobody told of this one. Static texts. */
struct cf_scep_code {
    const char *name;
    const char *meaning;
    const char *remedy;
};
const struct cf_scep_code *cf_wire_scep_code(const char *name);
/* The HRESULT that says best why there is no certificate; always negative. */
int32_t cf_wire_hresult(const struct cf_err *failure);
