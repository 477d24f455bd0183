/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc_kit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ca/adcs/ndr.h"

const struct cf_rpc_interface kit_interface = {
    .id = CF_GUID(0x91ae6020, 0x9e3c, 0x11cf, 0x8d, 0x7c, 0x00, 0xaa, 0x00, 0xc0, 0x91, 0xbe),
    .major = 0,
    .minor = 0,
    .name = "ICertPassage",
};

static struct cf_buf *
new_buf(void)
{
    struct cf_buf *buf = cf_buf_new(8 << 20);

    assert_non_null(buf);
    return buf;
}

static void
end(struct cf_writer *writer)
{
    struct cf_err err;

    assert_ok(cf_writer_end(writer, &err), err);
}

struct cf_buf *
kit_pdu_with_token(unsigned type, unsigned flags, uint32_t call_id, struct cf_bytes body,
                   unsigned pad_len, const char *token)
{
    struct cf_buf *pdu = new_buf();
    struct cf_writer writer = cf_writer_to(pdu);
    size_t token_len = strlen(token);
    size_t len = 16 + body.len + (token_len > 0 ? 8 + token_len : 0);

    cf_write_bytes(&writer, cf_bytes_of("\x05\x00", 2));
    cf_write_u8(&writer, (uint8_t)type);
    cf_write_u8(&writer, (uint8_t)flags);
    cf_write_bytes(&writer, cf_bytes_of("\x10\x00\x00\x00", 4));
    cf_write_u16(&writer, (uint16_t)len);
    cf_write_u16(&writer, (uint16_t)token_len);
    cf_write_u32(&writer, call_id);
    cf_write_bytes(&writer, body);
    if (token_len > 0) {
        cf_write_bytes(&writer, cf_bytes_of("\x09\x05", 2));
        cf_write_u8(&writer, (uint8_t)pad_len);
        cf_write_bytes(&writer, cf_bytes_of("\x00\x01\x00\x00\x00", 5));
        cf_write_bytes(&writer, cf_bytes_of(token, token_len));
    }
    end(&writer);
    return pdu;
}

struct cf_buf *
kit_pdu(unsigned type, unsigned flags, uint32_t call_id, struct cf_bytes body)
{
    return kit_pdu_with_token(type, flags, call_id, body, 0, "");
}

struct cf_buf *
kit_ack(unsigned type, unsigned flags, uint16_t max_receive, uint16_t result, uint16_t reason)
{
    static const uint8_t NDR[] = {0x04, 0x5d, 0x88, 0x8a, 0xeb, 0x1c, 0xc9, 0x11, 0x9f, 0xe8,
                                  0x08, 0x00, 0x2b, 0x10, 0x48, 0x60, 0x02, 0x00, 0x00, 0x00};
    cf_own(cf_buf) body = new_buf();
    struct cf_writer writer = cf_writer_to(body);

    cf_write_u16(&writer, 5840);
    cf_write_u16(&writer, max_receive);
    cf_write_u32(&writer, 0x1234);
    cf_write_u16(&writer, 4);
    cf_write_bytes(&writer, cf_bytes_of("135", 4));
    cf_write_align(&writer, 4);
    cf_write_u32(&writer, 1);
    cf_write_u16(&writer, result);
    cf_write_u16(&writer, reason);
    cf_write_bytes(&writer, cf_bytes_of(NDR, sizeof NDR));
    end(&writer);
    return kit_pdu(type, flags, 1, cf_buf_bytes(body));
}

struct cf_buf *
kit_nak(uint16_t reason)
{
    uint8_t body[3] = {(uint8_t)reason, (uint8_t)(reason >> 8), 0};

    return kit_pdu(13, 3, 1, cf_bytes_of(body, sizeof body));
}

struct cf_buf *
kit_fault(uint32_t call_id, uint32_t status)
{
    cf_own(cf_buf) body = new_buf();
    struct cf_writer writer = cf_writer_to(body);

    cf_write_u64(&writer, 0);
    cf_write_u32(&writer, status);
    cf_write_u32(&writer, 0);
    end(&writer);
    return kit_pdu(3, 3, call_id, cf_buf_bytes(body));
}

struct cf_buf *
kit_response(unsigned flags, uint32_t call_id, struct cf_bytes stub)
{
    cf_own(cf_buf) body = new_buf();
    struct cf_writer writer = cf_writer_to(body);

    cf_write_u64(&writer, 0);
    cf_write_bytes(&writer, stub);
    end(&writer);
    return kit_pdu(2, flags, call_id, cf_buf_bytes(body));
}

struct cf_buf *
kit_tower(const struct cf_rpc_interface *interface, uint16_t port)
{
    struct cf_buf *tower = new_buf();
    struct cf_writer writer = cf_writer_to(tower);

    cf_write_bytes(&writer, cf_bytes_of("\x05\x00\x13\x00\x0d", 5));
    cf_write_guid(&writer, &interface->id);
    cf_write_u16(&writer, interface->major);
    cf_write_bytes(&writer, cf_bytes_of("\x02\x00\x00\x00\x13\x00\x0d", 7));
    cf_write_guid(&writer, &rpc_ndr_id);
    cf_write_bytes(&writer, cf_bytes_of("\x02\x00\x02\x00\x00\x00", 6));
    cf_write_bytes(&writer, cf_bytes_of("\x01\x00\x0b\x02\x00\x00\x00", 7));
    cf_write_bytes(&writer, cf_bytes_of("\x01\x00\x07\x02\x00", 5));
    cf_write_u8(&writer, (uint8_t)(port >> 8));
    cf_write_u8(&writer, (uint8_t)port);
    cf_write_bytes(&writer, cf_bytes_of("\x01\x00\x09\x04\x00\x0a\x35\x00\x01", 9));
    end(&writer);
    return tower;
}

struct cf_buf *
kit_map_answer(struct cf_buf *const *towers, uint32_t n_towers, uint32_t status)
{
    struct cf_buf *stub = new_buf();
    struct cf_writer writer = cf_writer_to(stub);

    cf_write_zeros(&writer, 20);
    cf_write_u32(&writer, n_towers);
    cf_write_u32(&writer, EPM_TOWERS_MAX);
    cf_write_u32(&writer, 0);
    cf_write_u32(&writer, n_towers);
    for (uint32_t i = 0; i < n_towers; i++)
        cf_write_u32(&writer, towers[i] ? 3 + i : 0);
    for (uint32_t i = 0; i < n_towers; i++) {
        if (!towers[i])
            continue;
        cf_write_align(&writer, 4);
        cf_write_u32(&writer, (uint32_t)cf_buf_len(towers[i]));
        cf_write_u32(&writer, (uint32_t)cf_buf_len(towers[i]));
        cf_write_bytes(&writer, cf_buf_bytes(towers[i]));
    }
    cf_write_align(&writer, 4);
    cf_write_u32(&writer, status);
    end(&writer);
    return stub;
}

/* False: the client is gone. */
static bool
receive_pdu(int fd, struct cf_buf *received, bool *ret_is_last)
{
    uint8_t pdu[UINT16_MAX];
    size_t want = 16;

    for (size_t have = 0; have < want;) {
        ssize_t n = recv(fd, pdu + have, want - have, 0);
        if (n <= 0)
            return false;
        have += (size_t)n;
        if (have == 16)
            want = (size_t)pdu[8] | (size_t)pdu[9] << 8;
    }
    *ret_is_last = (pdu[3] & 2) != 0;
    return cf_buf_append(received, pdu, want, NULL) == CF_OK;
}

static bool
send_all(int fd, struct cf_bytes bytes)
{
    while (bytes.len > 0) {
        ssize_t n = send(fd, bytes.data, bytes.len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        bytes = cf_bytes_of(bytes.data + n, bytes.len - (size_t)n);
    }
    return true;
}

static bool
play(struct rpc_peer *peer, int fd, const struct peer_step *step)
{
    bool is_last = step->sends_only;
    uint8_t octet;

    while (!is_last) {
        if (!receive_pdu(fd, peer->received, &is_last))
            return false;
        if (!step->waits_for_last)
            break;
    }
    for (unsigned i = 0; step->take_bytes && (i == 0 || i < step->n_times); i++) {
        if (!send_all(fd, cf_buf_bytes(step->take_bytes)))
            return false;
    }
    if (step->resets) {
        struct linger linger = {.l_onoff = 1};
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
        return false;
    }
    while (step->stays && recv(fd, &octet, 1, 0) > 0)
        continue;
    return true;
}

static void *
run(void *arg)
{
    struct rpc_peer *peer = arg;
    cf_own_fd fd = accept(peer->listener, NULL, NULL);

    for (size_t i = 0; fd >= 0 && i < peer->n_steps; i++) {
        if (!play(peer, fd, &peer->steps[i]))
            break;
    }
    return NULL;
}

void
peer_add(struct rpc_peer *peer, struct peer_step step)
{
    assert_true(peer->n_steps < PEER_STEPS_MAX);
    peer->steps[peer->n_steps++] = step;
}

void
peer_start(struct rpc_peer *peer)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;

    peer->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(peer->listener >= 0);
    assert_int_equal(bind(peer->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(peer->listener, 1), 0);
    assert_int_equal(getsockname(peer->listener, (struct sockaddr *)&address, &len), 0);
    peer->port = ntohs(address.sin_port);
    peer->target.port = peer->port;
    assert_int_equal(pthread_create(&peer->thread, NULL, run, peer), 0);
}

void
peer_stop(struct rpc_peer *peer)
{
    if (peer->listener < 0)
        return;
    (void)shutdown(peer->listener, SHUT_RDWR);
    (void)pthread_join(peer->thread, NULL);
    (void)close(peer->listener);
    peer->listener = -1;
}

int
peer_setup(void **state)
{
    struct rpc_peer *peer = calloc(1, sizeof *peer);

    assert_non_null(peer);
    peer->listener = -1;
    peer->received = new_buf();
    peer->target = (struct cf_rpc_target){
        .host = "127.0.0.1",
        .connect_timeout_ms = 20 * 1000,
        .timeout_ms = 20 * 1000,
        .stop_flag = &peer->stop,
    };
    *state = peer;
    return 0;
}

int
peer_teardown(void **state)
{
    struct rpc_peer *peer = *state;

    peer_stop(peer);
    for (size_t i = 0; i < peer->n_steps; i++)
        cf_buf_free(peer->steps[i].take_bytes);
    cf_buf_free(peer->received);
    free(peer);
    return 0;
}
