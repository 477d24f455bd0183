/* SPDX-License-Identifier: Apache-2.0 */
/* rpc - opening a connection, and reading packets from it. */
#include "rpc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certferry/text.h"

#include "rpc_parts.h"
#include "status.h"

enum { SERVICE_SIZE = 300 };

struct cf_rpc *
cf_rpc_free(struct cf_rpc *rpc)
{
    if (rpc) {
        rpc->gss = cf_gss_free(rpc->gss);
        rpc->tcp = cf_tcp_free(rpc->tcp);
        free(rpc);
    }
    return NULL;
}

const char *
rpc_where(const struct cf_rpc *rpc, const struct cf_err *why)
{
    return cf_text_starts_with(why->text, rpc->peer) ? rpc->interface.name : rpc->where;
}

enum cf_rc
rpc_receive(struct cf_rpc *rpc, struct rpc_pdu *ret_pdu, struct cf_err *err)
{
    struct rpc_header header;

    CF_TRY(cf_tcp_read(rpc->tcp, rpc->fragment, RPC_HEADER_LEN, err));
    CF_TRY(rpc_header_read(cf_bytes_of(rpc->fragment, RPC_HEADER_LEN), &header, err));
    CF_TRY(cf_tcp_read(rpc->tcp, rpc->fragment + RPC_HEADER_LEN,
                       (size_t)header.fragment_len - RPC_HEADER_LEN, err));
    if (header.call_id != rpc->call_id)
        return cf_fail(err, CF_E_PROTOCOL, "an RPC packet belongs to call %u, not to call %u",
                       header.call_id, rpc->call_id);
    return rpc_pdu_read(cf_bytes_of(rpc->fragment, header.fragment_len), ret_pdu, err);
}

static enum cf_rc
prepare_security(struct cf_rpc *rpc, const struct cf_rpc_target *target, struct cf_err *err)
{
    char service[SERVICE_SIZE];

    int len = snprintf(service, sizeof service, "host@%s", target->host);
    if (len < 0 || (size_t)len >= sizeof service)
        return cf_fail(err, CF_E_CA_CONFIG, "the host name is too long for a service principal");
    struct cf_gss_options options = {
        .kerberos = target->kerberos,
        .service = service,
        .mech = target->mech,
        .is_dce_style = true,
        .wants_privacy = true,
        .timeout_ms = target->connect_timeout_ms,
        .stop_flag = target->stop_flag,
    };
    rpc->auth_type = target->mech == CF_GSS_KERBEROS ? RPC_AUTH_KERBEROS : RPC_AUTH_NEGOTIATE;
    return cf_gss_new(&options, &rpc->gss, err);
}

static enum cf_rc
open_at(const struct cf_rpc_target *target, uint16_t port, const struct cf_rpc_interface *interface,
        struct cf_rpc **ret_rpc, struct cf_err *err)
{
    struct cf_tcp_options options = {
        .host = target->host,
        .port = port,
        .connect_timeout_ms = target->connect_timeout_ms,
        .stop_flag = target->stop_flag,
    };
    cf_own(cf_rpc) rpc = calloc(1, sizeof *rpc);

    if (!rpc)
        return cf_fail_oom(err);
    (void)snprintf(rpc->where, sizeof rpc->where, "%s on %s port %u", interface->name, target->host,
                   port);
    rpc->peer = rpc->where + strlen(interface->name) + strlen(" on ");
    rpc->interface = *interface;
    rpc->timeout_ms = target->timeout_ms;
    rpc->max_send = CF_RPC_FRAGMENT_MAX;
    rpc->call_id = 1;
    CF_TRY(cf_tcp_open(&options, &rpc->tcp, err));
    if (target->kerberos)
        CF_TRY(prepare_security(rpc, target, err));
    if (rpc_bind(rpc, interface, err) != CF_OK)
        return cf_err_prefix(err, "%s", rpc_where(rpc, err));
    *ret_rpc = cf_give(rpc);
    return CF_OK;
}

enum cf_rc
cf_rpc_open(const struct cf_rpc_target *target, const struct cf_rpc_interface *interface,
            struct cf_rpc **ret_rpc, struct cf_err *err)
{
    struct cf_err why = {0};
    uint16_t port = target->port;

    if (port == 0)
        CF_TRY(cf_rpc_find_port(target, interface, &port, err));
    enum cf_rc rc = open_at(target, port, interface, ret_rpc, &why);
    if (rc == CF_OK)
        return CF_OK;
    bool is_away = rc == CF_E_NET || rc == CF_E_TIMEOUT;
    return cf_fail_as(err, is_away ? CF_E_CA_DOWN : rc, &why);
}
