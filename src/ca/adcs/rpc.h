/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc - connection-oriented DCE/RPC 5.0 over TCP, as much of it as a certificate client needs (C706
 * chapter 12, MS-RPCE): one interface per connection, one call at a time, NDR 2.0.
 *
 * Every call is sealed (RPC_C_AUTHN_LEVEL_PKT_PRIVACY) in a context with mutual authentication;
 * answers that are less are refused. Only bind answers, faults and the endpoint mapper's answers
 * are read unprotected, and nothing is believed of them but where to connect and that a call
 * failed. Where header signing is not agreed on, each call tells the server that it was offered,
 * and which operation is meant, so that nobody on the way took it out or chose another.
 */
#pragma once

#include "certferry/kerberos.h"
#include "certferry/tcp.h"

#include "cursor.h"

enum {
    CF_RPC_FRAGMENT_MAX = 5840,        /* what we offer to receive, and the most we send */
    CF_RPC_FRAGMENT_MIN = 1432,        /* C706: every peer takes that much */
    CF_RPC_STUB_MAX = 4 * 1024 * 1024, /* of an answer, all fragments */
    CF_RPC_FRAGMENTS_MAX = 4096,       /* of one answer */
    CF_RPC_BIND_LEGS_MAX = 8,
    CF_EPM_PORT = 135
};

struct cf_rpc_interface {
    struct cf_guid id;
    uint16_t major;
    uint16_t minor;
    const char *name; /* for error texts: "ICertPassage" */
};

struct cf_rpc_target {
    const char *host;
    uint16_t port;                      /* 0: as the endpoint mapper says */
    const struct cf_kerberos *kerberos; /* NULL: without authentication (endpoint mapper only) */
    enum cf_gss_mech mech;
    uint64_t connect_timeout_ms; /* and of getting tickets */
    uint64_t timeout_ms;         /* of the whole bind, and of each call */
    const volatile int *stop_flag;
};

struct cf_rpc;

/* Asks the endpoint mapper for the interface's TCP port. CF_E_CA_DOWN: unreachable, or it knows no
 * such interface (native: the status); CF_E_PROTOCOL, CF_E_STOPPED. target->port is the mapper's
 * own, 0 for 135; kerberos is not used. */
CF_MUST_USE enum cf_rc cf_rpc_find_port(const struct cf_rpc_target *target,
                                        const struct cf_rpc_interface *interface,
                                        uint16_t *ret_port, struct cf_err *err);

/* Connects and binds. CF_E_CA_DOWN: nobody is there, or not now; CF_E_AUTH: Kerberos or the server
 * refuses us; CF_E_CA_CONFIG: the server does not have the interface, or does not seal;
 * CF_E_PROTOCOL, CF_E_STOPPED. Whatever fails here, no call has been made. */
CF_MUST_USE enum cf_rc cf_rpc_open(const struct cf_rpc_target *target,
                                   const struct cf_rpc_interface *interface,
                                   struct cf_rpc **ret_rpc, struct cf_err *err);
struct cf_rpc *cf_rpc_free(struct cf_rpc *rpc);
CF_DEFINE_OWN(cf_rpc);

/*
 * One call: NDR in, NDR out. `object` names an object of the server (DCOM's IPID); NULL: none.
 *
 * CF_E_CA_DOWN: not all of it was sent, so it was not executed. A fault becomes what
 * cf_rpc_status_fail makes of its status. CF_E_TIMEOUT, CF_E_NET, CF_E_LIMIT, CF_E_PROTOCOL and
 * CF_E_STOPPED: it was sent and may have been executed. After any error the connection is of no
 * more use.
 */
CF_MUST_USE enum cf_rc cf_rpc_call(struct cf_rpc *rpc, uint16_t opnum, const struct cf_guid *object,
                                   struct cf_bytes stub, struct cf_buf **ret_stub,
                                   struct cf_err *err);
/* Whether the last call was sent to its end. */
bool cf_rpc_was_sent(const struct cf_rpc *rpc);
