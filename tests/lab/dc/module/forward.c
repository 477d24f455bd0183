/* SPDX-License-Identifier: Apache-2.0 */
#include "forward.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <ndr.h>
#include <tsocket.h>

enum { HEADER_SIZE = 8, ANSWER_MAX = 256 * 1024 * 1024 };

struct forwarded {
    struct dcesrv_call_state *call;
    struct tevent_fd *event;
    int fd;
    uint8_t *data;
    size_t len;
};

static int
forwarded_close(struct forwarded *forwarded)
{
    TALLOC_FREE(forwarded->event);
    if (forwarded->fd >= 0)
        close(forwarded->fd);
    forwarded->fd = -1;
    return 0;
}

static void
put_u32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

static uint32_t
get_u32(const uint8_t *at)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++)
        value |= (uint32_t)at[i] << (8 * i);
    return value;
}

static bool
write_all(int fd, const void *data, size_t len)
{
    const uint8_t *at = data;
    while (len > 0) {
        ssize_t n = send(fd, at, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

static char *
sid_text(TALLOC_CTX *mem, const struct dom_sid *sid)
{
    uint64_t authority = 0;
    for (int i = 0; i < 6; i++)
        authority = authority << 8 | sid->id_auth[i];
    char *text = talloc_asprintf(mem, "S-%u-%llu", sid->sid_rev_num, (unsigned long long)authority);
    for (int i = 0; text && i < sid->num_auths; i++)
        text = talloc_asprintf_append(text, "-%u", sid->sub_auths[i]);
    return text;
}

static char *
facts_of(TALLOC_CTX *mem, struct dcesrv_call_state *call)
{
    enum dcerpc_AuthType type = DCERPC_AUTH_TYPE_NONE;
    enum dcerpc_AuthLevel level = DCERPC_AUTH_LEVEL_NONE;
    dcesrv_call_auth_info(call, &type, &level);
    const struct auth_session_info *session = dcesrv_call_session_info(call);
    const struct tsocket_address *remote = dcesrv_connection_get_remote_address(call->conn);
    const char *account = dcesrv_call_account_name(call);
    char *text = talloc_asprintf(
        mem, "interface=%s\nopnum=%u\nauth_type=%d\nauth_level=%d\naccount=%s\nremote=%s\n",
        GUID_string(mem, &call->context->iface->syntax_id.uuid), call->pkt.u.request.opnum, type,
        level, account ? account : "", tsocket_address_inet_addr_string(remote, mem));

    if (text && (call->pkt.pfc_flags & DCERPC_PFC_FLAG_OBJECT_UUID))
        text = talloc_asprintf_append(text, "object=%s\n",
                                      GUID_string(mem, &call->pkt.u.request.object.object));
    const struct security_token *token = session ? session->security_token : NULL;
    for (uint32_t i = 0; text && token && i < token->num_sids; i++)
        text = talloc_asprintf_append(text, "sid=%s\n", sid_text(mem, &token->sids[i]));
    return text;
}

static void
end_connection(struct forwarded *forwarded)
{
    struct dcesrv_connection *connection = forwarded->call->conn;
    /* With a call under way the end would wait for its answer. */
    talloc_free(forwarded->call);
    dcesrv_terminate_connection(connection, "the CA let go of the call");
}

static void
read_some(struct tevent_context *events, struct tevent_fd *event, uint16_t flags, void *data)
{
    struct forwarded *forwarded = data;
    struct dcesrv_call_state *call = forwarded->call;
    uint8_t chunk[65536];
    (void)events, (void)event, (void)flags;

    ssize_t n = recv(forwarded->fd, chunk, sizeof chunk, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0 || forwarded->len + (size_t)n > ANSWER_MAX) {
        end_connection(forwarded);
        return;
    }
    forwarded->data = talloc_realloc_size(forwarded, forwarded->data, forwarded->len + (size_t)n);
    if (!forwarded->data) {
        end_connection(forwarded);
        return;
    }
    memcpy(forwarded->data + forwarded->len, chunk, (size_t)n);
    forwarded->len += (size_t)n;
    if (forwarded->len < HEADER_SIZE || forwarded->len - HEADER_SIZE < get_u32(forwarded->data + 4))
        return;
    forwarded_close(forwarded);
    call->fault_code = get_u32(forwarded->data);
    if (!NT_STATUS_IS_OK(dcesrv_reply(call)))
        dcesrv_terminate_connection(call->conn, "the answer could not be sent");
}

static int
open_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return -1;
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

NTSTATUS
forward_call(struct dcesrv_call_state *call, const char *socket_path, DATA_BLOB stub)
{
    struct forwarded *forwarded = talloc_zero(call, struct forwarded);
    if (!forwarded)
        return NT_STATUS_NO_MEMORY;
    forwarded->call = call;
    forwarded->fd = -1;
    talloc_set_destructor(forwarded, forwarded_close);
    char *facts = facts_of(forwarded, call);
    if (!facts)
        return NT_STATUS_NO_MEMORY;

    uint8_t header[HEADER_SIZE];
    put_u32(header, (uint32_t)strlen(facts));
    put_u32(header + 4, (uint32_t)stub.length);
    forwarded->fd = open_socket(socket_path);
    if (forwarded->fd < 0 || !write_all(forwarded->fd, header, sizeof header) ||
        !write_all(forwarded->fd, facts, strlen(facts)) ||
        !write_all(forwarded->fd, stub.data, stub.length)) {
        talloc_free(forwarded);
        call->fault_code = DCERPC_FAULT_SERVER_UNAVAILABLE;
        return NT_STATUS_NET_WRITE_FAULT;
    }
    forwarded->event = tevent_add_fd(call->event_ctx, forwarded, forwarded->fd, TEVENT_FD_READ,
                                     read_some, forwarded);
    if (!forwarded->event)
        return NT_STATUS_NO_MEMORY;
    call->r = forwarded;
    call->state_flags |= DCESRV_CALL_STATE_FLAG_ASYNC;
    return NT_STATUS_OK;
}

DATA_BLOB
forward_answer(void *forwarded)
{
    const struct forwarded *done = forwarded;
    return (DATA_BLOB){done->data + HEADER_SIZE, get_u32(done->data + 4)};
}
