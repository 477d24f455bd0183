/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc_verify - the verification trailer of a call (MS-RPCE 2.2.2.13): what stands unsigned in the
 * headers, once more where it is sealed.
 *
 * Somebody on the way can take header signing out of a bind, which nobody signs, and then give a
 * call another operation or interface. The server compares both with what came to it.
 */
#include "rpc_parts.h"

enum command { BITMASK_1 = 1, PCONTEXT = 2, HEADER_2 = 3, IS_LAST = 0x4000 };

enum { OFFERED_HEADER_SIGNING = 1, SYNTAX_LEN = 20, TRAILER_MAX = 96 };

static void
write_syntax(struct cf_writer *writer, const struct cf_guid *id, uint16_t major, uint16_t minor)
{
    cf_write_guid(writer, id);
    cf_write_u16(writer, major);
    cf_write_u16(writer, minor);
}

enum cf_rc
rpc_verify_write(const struct cf_rpc *rpc, uint16_t opnum, struct cf_bytes stub,
                 struct cf_buf **ret_stub, struct cf_err *err)
{
    static const uint8_t SIGNATURE[] = {0x8a, 0xe3, 0x13, 0x71, 0x02, 0xf4, 0x36, 0x71};
    cf_own(cf_buf) whole = cf_buf_new(stub.len + TRAILER_MAX);

    if (!whole)
        return cf_fail_oom(err);
    struct cf_writer writer = cf_writer_to(whole);
    if (stub.len > 0)
        cf_write_bytes(&writer, stub);
    cf_write_align(&writer, 4);
    cf_write_bytes(&writer, cf_bytes_of(SIGNATURE, sizeof SIGNATURE));
    cf_write_u16(&writer, BITMASK_1);
    cf_write_u16(&writer, 4);
    cf_write_u32(&writer, OFFERED_HEADER_SIGNING);
    cf_write_u16(&writer, PCONTEXT);
    cf_write_u16(&writer, 2 * SYNTAX_LEN);
    write_syntax(&writer, &rpc->interface.id, rpc->interface.major, rpc->interface.minor);
    write_syntax(&writer, &rpc_ndr_id, RPC_NDR_VERSION, 0);
    cf_write_u16(&writer, HEADER_2 | IS_LAST);
    cf_write_u16(&writer, 16);
    cf_write_u32(&writer, RPC_REQUEST);
    cf_write_u32(&writer, RPC_DREP_LITTLE_ASCII_IEEE);
    cf_write_u32(&writer, rpc->call_id);
    cf_write_u16(&writer, RPC_PRESENTATION);
    cf_write_u16(&writer, opnum);
    CF_TRY(cf_writer_end(&writer, err));
    *ret_stub = cf_give(whole);
    return CF_OK;
}
