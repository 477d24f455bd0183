/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc_call - a call in fragments that are sealed one by one, and its answer (C706 12.6.4,
 * MS-RPCE 2.2.2.11 and 3.3.1.5.2.2).
 */
#include <string.h>

#include "rpc_parts.h"
#include "status.h"

enum { SEAL_BLOCK = 16, HEAD_MAX = RPC_CALL_HEADER_LEN + sizeof(struct cf_guid) };

struct request {
    uint16_t opnum;
    const struct cf_guid *object;
    struct cf_bytes stub;
};

/* A fragment that is being made, in the order of its parts. */
struct fragment {
    uint8_t bytes[CF_RPC_FRAGMENT_MAX];
    size_t head_len;
    size_t body_len; /* with its padding */
    size_t pad_len;
    size_t token_len;
};

static size_t
fragment_len(const struct cf_rpc *rpc, const struct fragment *fragment)
{
    size_t len = fragment->head_len + fragment->body_len;

    return rpc->gss ? len + RPC_TRAILER_LEN + fragment->token_len : len;
}

/* Without header signing (an old server) neither header nor trailer are part of what is signed;
 * what counts of them is then said in the stub once more. */
static struct cf_gss_message
sealed_part(const struct cf_rpc *rpc, uint8_t *bytes, size_t head_len, size_t body_len)
{
    struct cf_gss_message message = {.body = bytes + head_len, .body_len = body_len};

    if (rpc->signs_headers) {
        message.head = cf_bytes_of(bytes, head_len);
        message.trail = cf_bytes_of(bytes + head_len + body_len, RPC_TRAILER_LEN);
    }
    return message;
}

/* How much of the stub a fragment takes, and where in it what goes. */
static enum cf_rc
lay_out(struct cf_rpc *rpc, size_t left, struct fragment *fragment, size_t *ret_len,
        struct cf_err *err)
{
    size_t room = rpc->max_send - fragment->head_len;

    fragment->pad_len = 0;
    fragment->token_len = 0;
    if (rpc->gss) {
        fragment->body_len = (room - RPC_TRAILER_LEN) / SEAL_BLOCK * SEAL_BLOCK;
        struct cf_gss_message message =
            sealed_part(rpc, fragment->bytes, fragment->head_len, fragment->body_len);
        CF_TRY(cf_gss_token_len(rpc->gss, &message, &fragment->token_len, err));
        if (fragment->token_len > room - RPC_TRAILER_LEN - SEAL_BLOCK)
            return cf_fail(err, CF_E_PROTOCOL, "fragments of %zu bytes have no room for security",
                           rpc->max_send);
        room -= RPC_TRAILER_LEN + fragment->token_len;
    }
    room = room / SEAL_BLOCK * SEAL_BLOCK;
    size_t len = left < room ? left : room;
    if (rpc->gss) {
        fragment->pad_len = (SEAL_BLOCK - len % SEAL_BLOCK) % SEAL_BLOCK;
        struct cf_gss_message message =
            sealed_part(rpc, fragment->bytes, fragment->head_len, len + fragment->pad_len);
        CF_TRY(cf_gss_token_len(rpc->gss, &message, &fragment->token_len, err));
    }
    fragment->body_len = len + fragment->pad_len;
    if (fragment_len(rpc, fragment) > rpc->max_send)
        return cf_fail(err, CF_E_BUG, "a fragment of %zu bytes, the server takes %zu",
                       fragment_len(rpc, fragment), rpc->max_send);
    *ret_len = len;
    return CF_OK;
}

/* Header, body and trailer; the token's place stays empty. */
static enum cf_rc
fill(const struct cf_rpc *rpc, const struct request *request, size_t at, size_t len,
     struct fragment *fragment, struct cf_err *err)
{
    cf_own(cf_buf) buf = cf_buf_new(CF_RPC_FRAGMENT_MAX);
    size_t left = request->stub.len - at;
    unsigned flags = request->object ? RPC_OBJECT : 0U;

    if (!buf)
        return cf_fail_oom(err);
    if (at == 0)
        flags |= RPC_FIRST;
    if (len == left)
        flags |= RPC_LAST;
    struct rpc_header header = {
        .type = RPC_REQUEST,
        .flags = (uint8_t)flags,
        .fragment_len = (uint16_t)fragment_len(rpc, fragment),
        .token_len = (uint16_t)fragment->token_len,
        .call_id = rpc->call_id,
    };
    struct rpc_trailer trailer = {
        .auth_type = rpc->auth_type,
        .level = RPC_LEVEL_PRIVACY,
        .pad_len = (uint8_t)fragment->pad_len,
        .context_id = RPC_AUTH_CONTEXT,
    };
    struct cf_writer writer = cf_writer_to(buf);
    rpc_header_write(&writer, &header);
    cf_write_u32(&writer, (uint32_t)left);
    cf_write_u16(&writer, RPC_PRESENTATION);
    cf_write_u16(&writer, request->opnum);
    if (request->object)
        cf_write_guid(&writer, request->object);
    if (len > 0)
        cf_write_bytes(&writer, cf_bytes_of(request->stub.data + at, len));
    cf_write_zeros(&writer, fragment->pad_len);
    if (rpc->gss)
        rpc_trailer_write(&writer, &trailer);
    CF_TRY(cf_writer_end(&writer, err));
    struct cf_bytes bytes = cf_buf_bytes(buf);
    memcpy(fragment->bytes, bytes.data, bytes.len);
    return CF_OK;
}

static enum cf_rc
send_request(struct cf_rpc *rpc, const struct request *request, struct cf_err *err)
{
    struct fragment fragment;
    size_t at = 0, len;

    fragment.head_len = request->object ? HEAD_MAX : RPC_CALL_HEADER_LEN;
    do {
        CF_TRY(lay_out(rpc, request->stub.len - at, &fragment, &len, err));
        CF_TRY(fill(rpc, request, at, len, &fragment, err));
        if (rpc->gss) {
            struct cf_gss_message message =
                sealed_part(rpc, fragment.bytes, fragment.head_len, fragment.body_len);
            size_t token_at = fragment.head_len + fragment.body_len + RPC_TRAILER_LEN;
            CF_TRY(cf_gss_seal(rpc->gss, &message, fragment.bytes + token_at, fragment.token_len,
                               err));
        }
        struct cf_bytes bytes = cf_bytes_of(fragment.bytes, fragment_len(rpc, &fragment));
        CF_TRY(cf_tcp_write(rpc->tcp, bytes, err));
        at += len;
    } while (at < request->stub.len);
    return CF_OK;
}

static enum cf_rc
unseal(struct cf_rpc *rpc, const struct rpc_pdu *pdu, const struct rpc_response *response,
       struct cf_err *err)
{
    if (pdu->token.len == 0)
        return cf_fail(err, CF_E_PROTOCOL, "the answer is not protected, so it is refused");
    if (pdu->trailer.level != RPC_LEVEL_PRIVACY || pdu->trailer.auth_type != rpc->auth_type ||
        pdu->trailer.context_id != RPC_AUTH_CONTEXT)
        return cf_fail(err, CF_E_PROTOCOL,
                       "the answer is protected otherwise than agreed (level %u, type %u, context "
                       "%u), so it is refused",
                       pdu->trailer.level, pdu->trailer.auth_type, pdu->trailer.context_id);
    struct cf_gss_message message =
        sealed_part(rpc, rpc->fragment, response->body_at, response->body_len);
    return cf_gss_unseal(rpc->gss, &message, pdu->token, err);
}

static enum cf_rc
fail_by_fault(const struct cf_rpc *rpc, const struct rpc_pdu *pdu, struct cf_err *err)
{
    uint32_t status;

    CF_TRY(rpc_fault_read(pdu, &status, err));
    return cf_rpc_status_fail(err, status, rpc->where);
}

static enum cf_rc
receive_answer(struct cf_rpc *rpc, struct cf_buf *stub, struct cf_err *err)
{
    struct rpc_response response = {0};
    struct rpc_pdu pdu;

    for (size_t n = 0; !response.is_last; n++) {
        CF_TRY(rpc_receive(rpc, &pdu, err));
        if (pdu.header.type == RPC_FAULT)
            return fail_by_fault(rpc, &pdu, err);
        CF_TRY(rpc_response_read(&pdu, n, &response, err));
        if (rpc->gss)
            CF_TRY(unseal(rpc, &pdu, &response, err));
        else if (pdu.token.len > 0)
            return cf_fail(err, CF_E_PROTOCOL, "a protected answer to an unprotected call");
        CF_TRY(cf_buf_append(stub, rpc->fragment + response.body_at, response.stub_len, err));
    }
    return CF_OK;
}

/* What was not sent to its end was not executed, whatever the reason. */
static enum cf_rc
fail_unsent(const struct cf_rpc *rpc, const struct cf_err *why, struct cf_err *err)
{
    bool is_away = why->rc == CF_E_NET || why->rc == CF_E_TIMEOUT;

    (void)cf_fail(err, is_away ? CF_E_CA_DOWN : why->rc, "%s: not sent: %s", rpc_where(rpc, why),
                  why->text);
    if (err)
        err->native = why->native;
    return is_away ? CF_E_CA_DOWN : why->rc;
}

enum cf_rc
cf_rpc_call(struct cf_rpc *rpc, uint16_t opnum, const struct cf_guid *object, struct cf_bytes stub,
            struct cf_buf **ret_stub, struct cf_err *err)
{
    struct request request = {.opnum = opnum, .object = object, .stub = stub};
    cf_own(cf_buf) verified = NULL;
    struct cf_err why = {0};

    if (rpc->is_used_up)
        return cf_fail(err, CF_E_BUG, "%s: a call failed before", rpc->where);
    cf_own(cf_buf) answer = cf_buf_new(CF_RPC_STUB_MAX);
    if (!answer)
        return cf_fail_oom(err);
    rpc->is_used_up = true;
    rpc->was_sent = false;
    rpc->call_id++;
    if (rpc->gss && !rpc->signs_headers) {
        CF_TRY(rpc_verify_write(rpc, opnum, stub, &verified, err));
        request.stub = cf_buf_bytes(verified);
    }
    cf_tcp_limit(rpc->tcp, rpc->timeout_ms);
    if (send_request(rpc, &request, &why) != CF_OK)
        return fail_unsent(rpc, &why, err);
    rpc->was_sent = true;
    enum cf_rc rc = receive_answer(rpc, answer, &why);
    if (rc != CF_OK) {
        if (err) {
            *err = why;
            if (!why.native)
                (void)cf_err_prefix(err, "%s", rpc_where(rpc, err));
        }
        return rc;
    }
    rpc->is_used_up = false;
    *ret_stub = cf_give(answer);
    return CF_OK;
}

bool
cf_rpc_was_sent(const struct cf_rpc *rpc)
{
    return rpc->was_sent;
}
