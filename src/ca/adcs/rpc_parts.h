/* SPDX-License-Identifier: Apache-2.0 */
/* rpc_parts - the connection, as the files behind rpc.h share it. */
#pragma once

#include "rpc_pdu.h"

struct cf_rpc {
    struct cf_tcp *tcp;
    struct cf_gss *gss; /* NULL: without authentication */
    struct cf_rpc_interface interface;
    uint8_t auth_type;  /* RPC_C_AUTHN_GSS_... of every trailer */
    bool signs_headers; /* the server agreed to */
    bool is_used_up;    /* a call failed, or is under way */
    bool was_sent;      /* the last call, to its end */
    size_t max_send;    /* fragment size that the server takes */
    uint32_t call_id;
    uint64_t timeout_ms;
    char where[192];                       /* "ICertPassage on ca1.corp.example port 49667" */
    const char *peer;                      /* of it "ca1.corp.example port 49667" */
    uint8_t fragment[CF_RPC_FRAGMENT_MAX]; /* the one received last */
};

/* What to put before the text of `why`: errors of the connection name the peer themselves. */
const char *rpc_where(const struct cf_rpc *rpc, const struct cf_err *why);

/* The next packet, which has to belong to the call under way; its bytes are rpc->fragment. Errors
 * of cf_tcp_read and rpc_pdu_read. */
CF_MUST_USE enum cf_rc rpc_receive(struct cf_rpc *rpc, struct rpc_pdu *ret_pdu, struct cf_err *err);
/* `stub` with the verification trailer of the call under way. */
CF_MUST_USE enum cf_rc rpc_verify_write(const struct cf_rpc *rpc, uint16_t opnum,
                                        struct cf_bytes stub, struct cf_buf **ret_stub,
                                        struct cf_err *err);
/* Binds rpc, whose tcp and gss are there. Errors as cf_rpc_open's, CF_E_NET and CF_E_TIMEOUT. */
CF_MUST_USE enum cf_rc rpc_bind(struct cf_rpc *rpc, const struct cf_rpc_interface *interface,
                                struct cf_err *err);
