/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc_pdu.h"

enum { VERSION = 5, MINOR_MAX = 1 };

const struct cf_guid rpc_ndr_id =
    CF_GUID(0x8a885d04, 0x1ceb, 0x11c9, 0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48, 0x60);

enum cf_rc
rpc_header_read(struct cf_bytes bytes, struct rpc_header *ret_header, struct cf_err *err)
{
    struct cf_reader reader = cf_reader_of(bytes);
    struct rpc_header header;

    uint8_t major = cf_read_u8(&reader);
    uint8_t minor = cf_read_u8(&reader);
    header.type = cf_read_u8(&reader);
    header.flags = cf_read_u8(&reader);
    uint32_t drep = cf_read_u32(&reader);
    header.fragment_len = cf_read_u16(&reader);
    header.token_len = cf_read_u16(&reader);
    header.call_id = cf_read_u32(&reader);
    if (!cf_reader_ok(&reader))
        return cf_fail(err, CF_E_PROTOCOL, "an RPC packet of %zu bytes is cut off", bytes.len);

    if (major != VERSION || minor > MINOR_MAX)
        return cf_fail(err, CF_E_PROTOCOL, "RPC version %u.%u in place of 5.0: is this port RPC?",
                       major, minor);
    if (drep != RPC_DREP_LITTLE_ASCII_IEEE)
        return cf_fail(err, CF_E_PROTOCOL, "RPC data representation 0x%08x is not little-endian",
                       drep);
    if (header.fragment_len < RPC_HEADER_LEN || header.fragment_len > CF_RPC_FRAGMENT_MAX)
        return cf_fail(err, CF_E_PROTOCOL, "an RPC fragment of %u bytes, %d..%d were agreed on",
                       header.fragment_len, RPC_HEADER_LEN, CF_RPC_FRAGMENT_MAX);
    if (header.token_len > 0 &&
        RPC_HEADER_LEN + RPC_TRAILER_LEN + header.token_len > header.fragment_len)
        return cf_fail(err, CF_E_PROTOCOL, "%u bytes of security in an RPC fragment of %u bytes",
                       header.token_len, header.fragment_len);
    *ret_header = header;
    return CF_OK;
}

void
rpc_header_write(struct cf_writer *writer, const struct rpc_header *header)
{
    cf_write_u8(writer, VERSION);
    cf_write_u8(writer, 0);
    cf_write_u8(writer, header->type);
    cf_write_u8(writer, header->flags);
    cf_write_u32(writer, RPC_DREP_LITTLE_ASCII_IEEE);
    cf_write_u16(writer, header->fragment_len);
    cf_write_u16(writer, header->token_len);
    cf_write_u32(writer, header->call_id);
}

void
rpc_trailer_write(struct cf_writer *writer, const struct rpc_trailer *trailer)
{
    cf_write_u8(writer, trailer->auth_type);
    cf_write_u8(writer, trailer->level);
    cf_write_u8(writer, trailer->pad_len);
    cf_write_u8(writer, 0);
    cf_write_u32(writer, trailer->context_id);
}

enum cf_rc
rpc_pdu_read(struct cf_bytes bytes, struct rpc_pdu *ret_pdu, struct cf_err *err)
{
    struct rpc_pdu pdu = {.bytes = bytes};

    CF_TRY(rpc_header_read(bytes, &pdu.header, err));
    if (pdu.header.fragment_len != bytes.len)
        return cf_fail(err, CF_E_PROTOCOL, "an RPC fragment of %zu bytes says that it has %u",
                       bytes.len, pdu.header.fragment_len);

    struct cf_reader reader = cf_reader_of(bytes);
    (void)cf_read_bytes(&reader, RPC_HEADER_LEN);
    size_t security_len = pdu.header.token_len;
    if (security_len > 0)
        security_len += RPC_TRAILER_LEN;
    pdu.body = cf_read_bytes(&reader, cf_reader_left(&reader) - security_len);
    if (security_len > 0) {
        pdu.trailer.auth_type = cf_read_u8(&reader);
        pdu.trailer.level = cf_read_u8(&reader);
        pdu.trailer.pad_len = cf_read_u8(&reader);
        (void)cf_read_u8(&reader);
        pdu.trailer.context_id = cf_read_u32(&reader);
        pdu.token = cf_read_bytes(&reader, pdu.header.token_len);
        if (pdu.trailer.pad_len > pdu.body.len)
            return cf_fail(err, CF_E_PROTOCOL, "%u bytes of padding in %zu bytes of an RPC packet",
                           pdu.trailer.pad_len, pdu.body.len);
    }
    *ret_pdu = pdu;
    return CF_OK;
}

static enum cf_rc
expect_whole(const struct rpc_pdu *pdu, const char *what, struct cf_err *err)
{
    if ((pdu->header.flags & RPC_WHOLE) != RPC_WHOLE)
        return cf_fail(err, CF_E_PROTOCOL, "%s in fragments (flags 0x%02x)", what,
                       pdu->header.flags);
    return CF_OK;
}

enum cf_rc
rpc_ack_read(const struct rpc_pdu *pdu, struct rpc_ack *ret_ack, struct cf_err *err)
{
    CF_TRY(expect_whole(pdu, "an RPC bind answer", err));

    /* From the packet's start: its alignment counts from there. */
    struct cf_reader reader = cf_reader_of(
        cf_bytes_of(pdu->bytes.data, RPC_HEADER_LEN + pdu->body.len - pdu->trailer.pad_len));
    struct rpc_ack ack = {.signs_headers = (pdu->header.flags & RPC_HEADER_SIGN) != 0};
    (void)cf_read_bytes(&reader, RPC_HEADER_LEN);
    (void)cf_read_u16(&reader);
    ack.max_receive = cf_read_u16(&reader);
    (void)cf_read_u32(&reader);
    uint16_t address_len = cf_read_u16(&reader);
    (void)cf_read_bytes(&reader, address_len);
    cf_read_align(&reader, 4);
    uint8_t n_results = cf_read_u8(&reader);
    (void)cf_read_bytes(&reader, 3);
    ack.result = cf_read_u16(&reader);
    ack.reason = cf_read_u16(&reader);
    struct cf_guid syntax = cf_read_guid(&reader);
    uint32_t syntax_version = cf_read_u32(&reader);

    if (!cf_reader_ok(&reader))
        return cf_fail(err, CF_E_PROTOCOL, "an RPC bind answer is cut off");
    if (n_results != 1)
        return cf_fail(err, CF_E_PROTOCOL, "an RPC bind answer about %u interfaces, asked for one",
                       n_results);
    if (ack.result == 0 &&
        (!cf_guid_equal(&syntax, &rpc_ndr_id) || syntax_version != RPC_NDR_VERSION))
        return cf_fail(err, CF_E_PROTOCOL, "the server accepts another transfer syntax than NDR");
    *ret_ack = ack;
    return CF_OK;
}

enum cf_rc
rpc_nak_read(const struct rpc_pdu *pdu, uint16_t *ret_reason, struct cf_err *err)
{
    struct cf_reader reader = cf_reader_of(pdu->body);
    uint16_t reason = cf_read_u16(&reader);

    if (!cf_reader_ok(&reader))
        return cf_fail(err, CF_E_PROTOCOL, "an RPC bind refusal gives no reason");
    *ret_reason = reason;
    return CF_OK;
}

enum cf_rc
rpc_fault_read(const struct rpc_pdu *pdu, uint32_t *ret_status, struct cf_err *err)
{
    struct cf_reader reader = cf_reader_of(pdu->body);

    (void)cf_read_bytes(&reader, RPC_CALL_HEADER_LEN - RPC_HEADER_LEN);
    uint32_t status = cf_read_u32(&reader);
    if (!cf_reader_ok(&reader) || status == 0)
        return cf_fail(err, CF_E_PROTOCOL, "an RPC fault gives no status");
    *ret_status = status;
    return CF_OK;
}

enum cf_rc
rpc_response_read(const struct rpc_pdu *pdu, size_t n_before, struct rpc_response *ret_response,
                  struct cf_err *err)
{
    struct cf_reader reader = cf_reader_of(pdu->body);

    if (pdu->header.type != RPC_RESPONSE)
        return cf_fail(err, CF_E_PROTOCOL, "an RPC packet of type %u in place of an answer",
                       pdu->header.type);
    if (((pdu->header.flags & RPC_FIRST) != 0) != (n_before == 0))
        return cf_fail(err, CF_E_PROTOCOL, "RPC fragment %zu is out of order (flags 0x%02x)",
                       n_before + 1, pdu->header.flags);
    if (n_before >= CF_RPC_FRAGMENTS_MAX)
        return cf_fail(err, CF_E_LIMIT, "an RPC answer has more than %d fragments",
                       CF_RPC_FRAGMENTS_MAX);

    (void)cf_read_u32(&reader);
    uint16_t presentation = cf_read_u16(&reader);
    (void)cf_read_u16(&reader);
    if (!cf_reader_ok(&reader))
        return cf_fail(err, CF_E_PROTOCOL, "an RPC answer is cut off");
    if (presentation != RPC_PRESENTATION)
        return cf_fail(err, CF_E_PROTOCOL, "an RPC answer is of interface %u, asked was %d",
                       presentation, RPC_PRESENTATION);
    size_t body_len = cf_reader_left(&reader);
    if (pdu->trailer.pad_len > body_len)
        return cf_fail(err, CF_E_PROTOCOL, "%u bytes of padding in %zu bytes of an RPC answer",
                       pdu->trailer.pad_len, body_len);
    *ret_response = (struct rpc_response){
        .body_at = RPC_CALL_HEADER_LEN,
        .body_len = body_len,
        .stub_len = body_len - pdu->trailer.pad_len,
        .is_last = (pdu->header.flags & RPC_LAST) != 0,
    };
    return CF_OK;
}
