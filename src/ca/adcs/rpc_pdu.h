/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc_pdu - the packets of connection-oriented RPC (C706 12.6.3, MS-RPCE 2.2.2): pure functions
 * over bytes, most of which nobody has signed.
 *
 * What is read is borrowed from the bytes. Every reading function fails with CF_E_PROTOCOL, and
 * CF_E_LIMIT for an answer in too many fragments.
 */
#pragma once

#include "rpc.h"

enum {
    RPC_HEADER_LEN = 16,
    RPC_CALL_HEADER_LEN = 24, /* of requests without an object, responses and faults */
    RPC_TRAILER_LEN = 8,      /* sec_trailer, before the token */
    RPC_LEVEL_PRIVACY = 6,    /* RPC_C_AUTHN_LEVEL_PKT_PRIVACY */
    RPC_AUTH_NEGOTIATE = 9,   /* RPC_C_AUTHN_GSS_NEGOTIATE */
    RPC_AUTH_KERBEROS = 16,   /* RPC_C_AUTHN_GSS_KERBEROS */
    RPC_AUTH_CONTEXT = 1,     /* our number for the one security context */
    RPC_PRESENTATION = 0,     /* our number for the one interface */
    RPC_NDR_VERSION = 2,
    RPC_DREP_LITTLE_ASCII_IEEE = 0x10
};

enum rpc_type {
    RPC_REQUEST = 0,
    RPC_RESPONSE = 2,
    RPC_FAULT = 3,
    RPC_BIND = 11,
    RPC_BIND_ACK = 12,
    RPC_BIND_NAK = 13,
    RPC_ALTER_CONTEXT = 14,
    RPC_ALTER_CONTEXT_RESP = 15,
    RPC_AUTH3 = 16
};

enum rpc_flags {
    RPC_FIRST = 0x01,
    RPC_LAST = 0x02,
    RPC_WHOLE = RPC_FIRST | RPC_LAST,
    RPC_HEADER_SIGN = 0x04, /* PFC_SUPPORT_HEADER_SIGN, of bind and bind_ack */
    RPC_OBJECT = 0x80
};

extern const struct cf_guid rpc_ndr_id; /* NDR, version 2.0 */

struct rpc_header {
    uint8_t type;
    uint8_t flags;
    uint16_t fragment_len;
    uint16_t token_len;
    uint32_t call_id;
};
/* The first 16 bytes. Versions 5.0 and 5.1, little-endian ASCII; a length that we did not offer to
 * take, or in which the token has no room, is refused. */
CF_MUST_USE enum cf_rc rpc_header_read(struct cf_bytes bytes, struct rpc_header *ret_header,
                                       struct cf_err *err);
void rpc_header_write(struct cf_writer *writer, const struct rpc_header *header);

struct rpc_trailer {
    uint8_t auth_type;
    uint8_t level;
    uint8_t pad_len;
    uint32_t context_id;
};
void rpc_trailer_write(struct cf_writer *writer, const struct rpc_trailer *trailer);

struct rpc_pdu {
    struct rpc_header header;
    struct cf_bytes bytes;      /* all of it */
    struct cf_bytes body;       /* between header and trailer, its padding included */
    struct rpc_trailer trailer; /* when there is a token */
    struct cf_bytes token;      /* empty: the packet carries no security */
};
/* `bytes` has to be the whole of one fragment. */
CF_MUST_USE enum cf_rc rpc_pdu_read(struct cf_bytes bytes, struct rpc_pdu *ret_pdu,
                                    struct cf_err *err);

/* bind_ack and alter_context_resp. */
struct rpc_ack {
    uint16_t max_receive; /* by the server */
    uint16_t result;      /* 0: accepted, and NDR 2.0 it is */
    uint16_t reason;
    bool signs_headers;
};
CF_MUST_USE enum cf_rc rpc_ack_read(const struct rpc_pdu *pdu, struct rpc_ack *ret_ack,
                                    struct cf_err *err);
CF_MUST_USE enum cf_rc rpc_nak_read(const struct rpc_pdu *pdu, uint16_t *ret_reason,
                                    struct cf_err *err);
CF_MUST_USE enum cf_rc rpc_fault_read(const struct rpc_pdu *pdu, uint32_t *ret_status,
                                      struct cf_err *err);

/* One fragment of an answer, of which n_before have been. */
struct rpc_response {
    size_t body_at; /* in pdu->bytes: what is sealed begins */
    size_t body_len;
    size_t stub_len; /* the same without its padding */
    bool is_last;
};
CF_MUST_USE enum cf_rc rpc_response_read(const struct rpc_pdu *pdu, size_t n_before,
                                         struct rpc_response *ret_response, struct cf_err *err);
