/* SPDX-License-Identifier: Apache-2.0 */
/* gss_talk - both ends of a security context in one process. */
#pragma once

#include <gssapi/gssapi_ext.h>
#include <stdio.h>

#include "certferry/kerberos.h"

/* The other end: libgssapi by itself, with the service's keytab. */
struct acceptor {
    gss_cred_id_t credential;
    gss_ctx_id_t context;
    struct cf_bytes binding; /* borrowed */
    bool is_complete;
};

bool acceptor_open(struct acceptor *acceptor, const char *keytab);
void acceptor_close(struct acceptor *acceptor);
/* Our token in, its token out (also when it refuses ours); false when it refuses. */
bool acceptor_step(struct acceptor *acceptor, struct cf_bytes token, struct cf_buf **ret_token);
/* Seals, or only signs; and opens what was sealed. */
bool acceptor_wrap(struct acceptor *acceptor, const struct cf_gss_message *message, bool seals,
                   uint8_t *ret_token, size_t token_len);
bool acceptor_unwrap(struct acceptor *acceptor, const struct cf_gss_message *message,
                     uint8_t *token, size_t token_len);

/* Prints one line "ok=NAME" or "bad=NAME" for each thing that has to hold of sealed messages. */
void check_seals(struct cf_gss *gss, struct acceptor *acceptor);

typedef enum cf_rc make_context_fn(const struct cf_kerberos *kerberos, struct cf_err *err);
/* Many threads make contexts with the same tickets, which are thrown away again and again. Prints
 * "failed=N". */
void check_crowd(const struct cf_kerberos *kerberos, make_context_fn *make_context);
