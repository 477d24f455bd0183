/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc_bind - naming the interface, and the legs of authentication that go with it (C706 12.6.4.3,
 * MS-RPCE 3.3.1.5.2).
 *
 * With SPNEGO each further leg is an alter_context that the server answers. With Kerberos alone
 * the third and last leg is an rpc_auth_3, and nobody answers that one.
 */
#include "rpc_parts.h"

#include "status.h"

enum { BODY_LEN = 56 };

static enum cf_rc
send_leg(struct cf_rpc *rpc, enum rpc_type type, const struct cf_rpc_interface *interface,
         struct cf_bytes token, struct cf_err *err)
{
    /* The padding of an rpc_auth_3 stands where other packets have a body. */
    size_t body_len = type == RPC_AUTH3 ? 4 : BODY_LEN;
    size_t len = RPC_HEADER_LEN + body_len + (token.len > 0 ? RPC_TRAILER_LEN + token.len : 0);
    struct rpc_header header = {
        .type = (uint8_t)type,
        .flags = type == RPC_BIND && rpc->gss ? RPC_WHOLE | RPC_HEADER_SIGN : RPC_WHOLE,
        .fragment_len = (uint16_t)len,
        .token_len = (uint16_t)token.len,
        .call_id = rpc->call_id,
    };
    struct rpc_trailer trailer = {
        .auth_type = rpc->auth_type,
        .level = RPC_LEVEL_PRIVACY,
        .context_id = RPC_AUTH_CONTEXT,
    };

    /* No server has said yet how much it takes; tickets with much in them are longer than what
     * all have to take, and servers take them. */
    if (len > UINT16_MAX)
        return cf_fail(err, CF_E_AUTH,
                       "the Kerberos ticket has %zu bytes, too many for RPC: "
                       "take the account out of some groups",
                       token.len);
    cf_own(cf_buf) pdu = cf_buf_new(len);
    if (!pdu)
        return cf_fail_oom(err);
    struct cf_writer writer = cf_writer_to(pdu);
    rpc_header_write(&writer, &header);
    if (type == RPC_AUTH3) {
        cf_write_u32(&writer, 0);
    } else {
        cf_write_u16(&writer, CF_RPC_FRAGMENT_MAX);
        cf_write_u16(&writer, CF_RPC_FRAGMENT_MAX);
        cf_write_u32(&writer, 0);
        cf_write_u32(&writer, 1);
        cf_write_u16(&writer, RPC_PRESENTATION);
        cf_write_u16(&writer, 1);
        cf_write_guid(&writer, &interface->id);
        cf_write_u16(&writer, interface->major);
        cf_write_u16(&writer, interface->minor);
        cf_write_guid(&writer, &rpc_ndr_id);
        cf_write_u32(&writer, RPC_NDR_VERSION);
    }
    if (token.len > 0) {
        rpc_trailer_write(&writer, &trailer);
        cf_write_bytes(&writer, token);
    }
    CF_TRY(cf_writer_end(&writer, err));
    return cf_tcp_write(rpc->tcp, cf_buf_bytes(pdu), err);
}

/* A fault, which anybody could have made: nothing was called yet, so it only says why not. */
static enum cf_rc
fail_by_fault(const struct rpc_pdu *pdu, struct cf_err *err)
{
    enum { ACCESS_DENIED = 5, SEC_PKG_ERROR = 0x721 };
    struct cf_err why = {0};
    uint32_t status;

    CF_TRY(rpc_fault_read(pdu, &status, err));
    enum cf_rc rc = cf_rpc_status_fail(&why, status, "the server refuses to bind");
    if (status == ACCESS_DENIED || status == SEC_PKG_ERROR)
        rc = CF_E_AUTH;
    else if (rc != CF_E_CA_CONFIG)
        rc = CF_E_CA_DOWN;
    return cf_fail_as(err, rc, &why);
}

static enum cf_rc
fail_by_nak(const struct rpc_pdu *pdu, struct cf_err *err)
{
    enum { PROTOCOL_VERSION = 4, AUTH_TYPE = 8 };
    uint16_t reason;

    CF_TRY(rpc_nak_read(pdu, &reason, err));
    if (reason == AUTH_TYPE)
        return cf_fail(err, CF_E_AUTH,
                       "the server does not know this way to authenticate: set the other rpc_auth");
    if (reason == PROTOCOL_VERSION)
        return cf_fail(err, CF_E_CA_CONFIG, "the server does not speak RPC version 5.0");
    return cf_fail(err, CF_E_CA_DOWN, "the server refuses to bind (reason %u), for now", reason);
}

static enum cf_rc
fail_by_result(const struct rpc_ack *ack, struct cf_err *err)
{
    enum { PROVIDER_REJECTION = 2, LOCAL_LIMIT = 3 };

    if (ack->result == PROVIDER_REJECTION && ack->reason == LOCAL_LIMIT)
        return cf_fail(err, CF_E_CA_DOWN, "the server has too many connections, for now");
    return cf_fail(err, CF_E_CA_CONFIG,
                   "the server does not offer this interface (result %u, reason %u): is the role "
                   "installed there, is the port the right one?",
                   ack->result, ack->reason);
}

static enum cf_rc
receive_ack(struct cf_rpc *rpc, enum rpc_type sent, struct rpc_pdu *ret_pdu, struct cf_err *err)
{
    struct rpc_pdu pdu;
    struct rpc_ack ack;

    CF_TRY(rpc_receive(rpc, &pdu, err));
    if (pdu.header.type == RPC_FAULT)
        return fail_by_fault(&pdu, err);
    if (pdu.header.type == RPC_BIND_NAK)
        return fail_by_nak(&pdu, err);
    if (pdu.header.type != (sent == RPC_BIND ? RPC_BIND_ACK : RPC_ALTER_CONTEXT_RESP))
        return cf_fail(err, CF_E_PROTOCOL, "an RPC packet of type %u in place of a bind answer",
                       pdu.header.type);
    CF_TRY(rpc_ack_read(&pdu, &ack, err));
    if (ack.result != 0)
        return fail_by_result(&ack, err);
    if (sent == RPC_BIND) {
        if (ack.max_receive < CF_RPC_FRAGMENT_MIN)
            return cf_fail(err, CF_E_PROTOCOL, "the server takes %u bytes, %d is the least allowed",
                           ack.max_receive, CF_RPC_FRAGMENT_MIN);
        if (ack.max_receive < rpc->max_send)
            rpc->max_send = ack.max_receive;
        rpc->signs_headers = ack.signs_headers;
    }
    *ret_pdu = pdu;
    return CF_OK;
}

static enum cf_rc
check_security(const struct cf_rpc *rpc, const struct rpc_pdu *pdu, struct cf_err *err)
{
    if (pdu->token.len == 0)
        return cf_fail(err, CF_E_CA_CONFIG, "the server does not authenticate itself");
    if (pdu->trailer.level != RPC_LEVEL_PRIVACY)
        return cf_fail(err, CF_E_CA_CONFIG,
                       "the server offers protection level %u, only 6 (privacy) is accepted",
                       pdu->trailer.level);
    if (pdu->trailer.auth_type != rpc->auth_type || pdu->trailer.context_id != RPC_AUTH_CONTEXT)
        return cf_fail(err, CF_E_PROTOCOL, "the server answers for another security context");
    return CF_OK;
}

static enum cf_rc
bind_authenticated(struct cf_rpc *rpc, const struct cf_rpc_interface *interface, struct cf_err *err)
{
    enum rpc_type type = RPC_BIND;
    cf_own(cf_buf) token = NULL;
    struct rpc_pdu pdu = {0};
    bool is_complete;

    CF_TRY(cf_gss_step(rpc->gss, cf_bytes_of(NULL, 0), &token, &is_complete, err));
    cf_tcp_limit(rpc->tcp, rpc->timeout_ms);
    for (int leg = 0; leg < CF_RPC_BIND_LEGS_MAX; leg++) {
        if (cf_buf_len(token) == 0)
            return cf_fail(err, CF_E_PROTOCOL, "authentication came to no end");
        CF_TRY(send_leg(rpc, type, interface, cf_buf_bytes(token), err));
        if (type == RPC_AUTH3)
            return CF_OK;
        CF_TRY(receive_ack(rpc, type, &pdu, err));
        if (is_complete)
            return CF_OK;
        CF_TRY(check_security(rpc, &pdu, err));
        token = cf_buf_free(token);
        CF_TRY(cf_gss_step(rpc->gss, pdu.token, &token, &is_complete, err));
        if (is_complete && cf_buf_len(token) == 0)
            return CF_OK;
        type = is_complete && rpc->auth_type == RPC_AUTH_KERBEROS ? RPC_AUTH3 : RPC_ALTER_CONTEXT;
    }
    return cf_fail(err, CF_E_PROTOCOL, "more than %d legs of authentication", CF_RPC_BIND_LEGS_MAX);
}

enum cf_rc
rpc_bind(struct cf_rpc *rpc, const struct cf_rpc_interface *interface, struct cf_err *err)
{
    struct rpc_pdu pdu;

    if (rpc->gss)
        return bind_authenticated(rpc, interface, err);
    cf_tcp_limit(rpc->tcp, rpc->timeout_ms);
    CF_TRY(send_leg(rpc, RPC_BIND, interface, cf_bytes_of(NULL, 0), err));
    return receive_ack(rpc, RPC_BIND, &pdu, err);
}
