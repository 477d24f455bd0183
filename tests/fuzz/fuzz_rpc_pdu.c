/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_rpc_pdu - a stream of RPC packets, as a connection reads it.
 * Covers rpc_header_read, rpc_pdu_read, rpc_ack_read, rpc_nak_read, rpc_fault_read and
 * rpc_response_read.
 */
#include "ca/adcs/rpc_pdu.h"
#include "fuzz_pki.h"

static void
must_be_inside(struct cf_bytes outer, struct cf_bytes inner)
{
    if (inner.len > 0)
        must(inner.data >= outer.data && inner.data + inner.len <= outer.data + outer.len);
}

static bool
one_packet(struct cf_bytes bytes, size_t *n_fragments)
{
    struct rpc_pdu pdu;
    struct rpc_ack ack;
    struct rpc_response response;
    uint16_t reason;
    uint32_t status;

    if (rpc_pdu_read(bytes, &pdu, NULL) != CF_OK)
        return false;
    must(RPC_HEADER_LEN + pdu.body.len + pdu.token.len <= bytes.len);
    must_be_inside(bytes, pdu.body);
    must_be_inside(bytes, pdu.token);
    if (rpc_ack_read(&pdu, &ack, NULL) == CF_OK)
        must(bytes.len >= RPC_HEADER_LEN + 12);
    if (rpc_nak_read(&pdu, &reason, NULL) == CF_OK)
        must(pdu.body.len >= 2);
    if (rpc_fault_read(&pdu, &status, NULL) == CF_OK)
        must(status != 0 && pdu.body.len >= 12);
    if (rpc_response_read(&pdu, *n_fragments, &response, NULL) != CF_OK)
        return false;
    must(response.body_at + response.body_len <= bytes.len);
    must(response.stub_len <= response.body_len);
    (*n_fragments)++;
    return !response.is_last;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t n_fragments = 0, at = 0;
    struct rpc_header header;

    while (rpc_header_read(cf_bytes_of(data + at, size - at), &header, NULL) == CF_OK) {
        must(header.fragment_len <= CF_RPC_FRAGMENT_MAX);
        if (header.fragment_len > size - at)
            break;
        (void)one_packet(cf_bytes_of(data + at, header.fragment_len), &n_fragments);
        at += header.fragment_len;
    }
    return 0;
}
