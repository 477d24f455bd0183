/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A dcerpc_server module of the lab's domain controller: the interfaces of a certification
 * authority, each call of which goes on to the process behind the socket as it came.
 */
#include "forward.h"

#include <stdlib.h>
#include <string.h>

#include <ndr.h>

/* One port for all of them, as one exporter has it; the doubles know it. */
#define SERVICE "ncacn_ip_tcp:[49300]"

static const char *
socket_path(void)
{
    const char *path = getenv("CERTFERRY_LAB_CA_SOCKET");
    return path ? path : "";
}

static NTSTATUS
bind_any(struct dcesrv_connection_context *context, const struct dcesrv_interface *interface)
{
    /* The CA itself refuses what is protected too little, as its opposite number does. */
    return dcesrv_interface_bind_allow_connect(context, interface);
}

static void
unbind(struct dcesrv_connection_context *context, const struct dcesrv_interface *interface)
{
    (void)context, (void)interface;
}

static NTSTATUS
pull(struct dcesrv_call_state *call, TALLOC_CTX *mem, struct ndr_pull *ndr, void **ret_call)
{
    (void)call;
    DATA_BLOB *stub = talloc_zero(mem, DATA_BLOB);
    if (!stub)
        return NT_STATUS_NO_MEMORY;
    stub->data = ndr->data + ndr->offset;
    stub->length = ndr->data_size - ndr->offset;
    ndr->offset = ndr->data_size;
    *ret_call = stub;
    return NT_STATUS_OK;
}

static NTSTATUS
dispatch(struct dcesrv_call_state *call, TALLOC_CTX *mem, void *stub)
{
    (void)mem;
    return forward_call(call, socket_path(), *(DATA_BLOB *)stub);
}

static NTSTATUS
reply(struct dcesrv_call_state *call, TALLOC_CTX *mem, void *forwarded)
{
    (void)mem, (void)forwarded;
    return call->fault_code == 0 ? NT_STATUS_OK : NT_STATUS_NET_WRITE_FAULT;
}

static NTSTATUS
push(struct dcesrv_call_state *call, TALLOC_CTX *mem, struct ndr_push *ndr, const void *forwarded)
{
    (void)mem, (void)forwarded;
    DATA_BLOB answer = forward_answer(call->r);
    if (ndr_push_bytes(ndr, answer.data, (uint32_t)answer.length) != NDR_ERR_SUCCESS)
        return NT_STATUS_NET_WRITE_FAULT;
    return NT_STATUS_OK;
}

#define INTERFACE(label, low, mid, high, seq, ...)                                                 \
    {                                                                                              \
        .name = label, .syntax_id = {{low, mid, high, seq, __VA_ARGS__}, 0}, .bind = bind_any,     \
        .unbind = unbind, .ndr_pull = pull, .dispatch = dispatch, .reply = reply,                  \
        .ndr_push = push, .local = dispatch                                                        \
    }

static const struct {
    const char *binding;
    struct dcesrv_interface interface;
} offered[] = {
    {SERVICE, INTERFACE("icertpassage", 0x91ae6020, 0x9e3c, 0x11cf, {0x8d, 0x7c},
                        {0x00, 0xaa, 0x00, 0xc0, 0x91, 0xbe})},
    {"ncacn_ip_tcp:[135]", INTERFACE("iremotescmactivator", 0x000001a0, 0x0000, 0x0000,
                                     {0xc0, 0x00}, {0x00, 0x00, 0x00, 0x00, 0x00, 0x46})},
    {SERVICE, INTERFACE("icertadmind", 0xd99e6e71, 0xfc88, 0x11d0, {0xb4, 0x98},
                        {0x00, 0xa0, 0xc9, 0x03, 0x12, 0xf3})},
    {SERVICE, INTERFACE("icertadmind2", 0x7fe0d935, 0xdda6, 0x443f, {0x85, 0xd0},
                        {0x1c, 0xfb, 0x58, 0xfe, 0x41, 0xdd})},
    {SERVICE, INTERFACE("iremunknown", 0x00000131, 0x0000, 0x0000, {0xc0, 0x00},
                        {0x00, 0x00, 0x00, 0x00, 0x00, 0x46})},
};
enum { N_OFFERED = sizeof offered / sizeof offered[0] };

static NTSTATUS
init_server(struct dcesrv_context *context, const struct dcesrv_endpoint_server *server)
{
    (void)server;
    for (size_t i = 0; i < N_OFFERED; i++) {
        NTSTATUS status = dcesrv_interface_register(context, offered[i].binding, NULL,
                                                    &offered[i].interface, NULL);
        if (!NT_STATUS_IS_OK(status))
            return status;
    }
    return NT_STATUS_OK;
}

static NTSTATUS
shutdown_server(struct dcesrv_context *context, const struct dcesrv_endpoint_server *server)
{
    (void)context, (void)server;
    return NT_STATUS_OK;
}

static bool
find_by_uuid(struct dcesrv_interface *interface, const struct GUID *uuid, uint32_t version)
{
    for (size_t i = 0; i < N_OFFERED; i++) {
        const struct ndr_syntax_id *id = &offered[i].interface.syntax_id;
        if (GUID_equal(&id->uuid, uuid) && id->if_version == version) {
            memcpy(interface, &offered[i].interface, sizeof *interface);
            return true;
        }
    }
    return false;
}

static bool
find_by_name(struct dcesrv_interface *interface, const char *name)
{
    for (size_t i = 0; i < N_OFFERED; i++) {
        if (strcmp(offered[i].interface.name, name) == 0) {
            memcpy(interface, &offered[i].interface, sizeof *interface);
            return true;
        }
    }
    return false;
}

NTSTATUS samba_init_module(TALLOC_CTX *context);

NTSTATUS
samba_init_module(TALLOC_CTX *context)
{
    static const struct dcesrv_endpoint_server server = {
        .name = "certferrylab",
        .init_server = init_server,
        .shutdown_server = shutdown_server,
        .interface_by_uuid = find_by_uuid,
        .interface_by_name = find_by_name,
    };
    (void)context;
    return dcerpc_register_ep_server(&server);
}
