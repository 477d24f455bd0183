/* SPDX-License-Identifier: Apache-2.0 */
/*
 * query - what a request target asks for, read from the raw bytes of the request line.
 *
 * Clients differ in how they write base64 into a query (RFC 8894 4.1): plain, percent-encoded, with
 * the URL-safe alphabet, with line breaks, without padding. A '+' is one however it is written, so
 * this is not application/x-www-form-urlencoded.
 */
#pragma once

#include "certferry/buf.h"

enum {
    CF_SCEP_TARGET_MAX = 128 * 1024, /* bytes of a request target */
    CF_SCEP_PATH_MAX = 255,          /* of its path, decoded */
    CF_SCEP_PARAMETERS_MAX = 16
};

enum cf_scep_operation {
    CF_SCEP_OP_NONE, /* no operation= */
    CF_SCEP_OP_UNKNOWN,
    CF_SCEP_OP_GET_CA_CAPS,
    CF_SCEP_OP_GET_CA_CERT,
    CF_SCEP_OP_GET_NEXT_CA_CERT,
    CF_SCEP_OP_PKI_OPERATION
};
const char *cf_scep_operation_name(enum cf_scep_operation operation);

struct cf_scep_query {
    char path[CF_SCEP_PATH_MAX + 1]; /* printable ASCII, begins with '/', no "//", no last '/' */
    enum cf_scep_operation operation;
    struct cf_buf *message; /* of PKIOperation, decoded, owned; NULL: none, or not readable */
};

/* `target` is origin-form or absolute-form (RFC 9112 3.2). CF_E_LIMIT: over the limits;
 * CF_E_ENCODING for one without a path; CF_E_NOT_FOUND: its path is none that a server of ours
 * could have. What is wrong with message= is not an error here: with POST nobody looks at it. */
CF_MUST_USE enum cf_rc cf_scep_query_parse(const char *target, struct cf_scep_query *ret_query,
                                           struct cf_err *err);
void cf_scep_query_done(struct cf_scep_query *query);
