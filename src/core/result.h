/* SPDX-License-Identifier: Apache-2.0 */
/*
 * result - the objects that are uploaded, written once and kept as bytes.
 */
#pragma once

#include "certferry/cert.h"
#include "certferry/platform.h"
#include "certferry/request.h"
#include "certferry/store.h"

enum { CF_RESULT_MAX = 5 * 1024 * 1024 };

struct cf_sealed {
    struct cf_buf *pfx;
    struct cf_buf *password; /* NULL where the envelope holds it */
};

struct cf_issued {
    const char *context;
    const char *ca_section; /* NULL: none of ours, as of an imported PFX */
    enum cf_envelope envelope;
    const struct cf_sealed *sealed;
    const struct cf_cert *cert;
    const struct cf_cert *root;               /* NULL: the chain does not end in one */
    const struct cf_request_profile *profile; /* what Windows is told about the key */
};
CF_MUST_USE enum cf_rc cf_result_issued(const struct cf_issued *issued, struct cf_buf **ret_json,
                                        struct cf_err *err);
CF_MUST_USE enum cf_rc cf_result_pending(const char *context, struct cf_buf **ret_json,
                                         struct cf_err *err);
/* A failed result of any kind from the error's cloud code and text. */
CF_MUST_USE enum cf_rc cf_result_failed(enum cf_kind kind, const char *context,
                                        const struct cf_err *failure, struct cf_buf **ret_json,
                                        struct cf_err *err);
CF_MUST_USE enum cf_rc cf_result_revoked(const char *context, struct cf_buf **ret_json,
                                         struct cf_err *err);
