/* SPDX-License-Identifier: Apache-2.0 */
/*
 * line_server - a Unix socket on which a line is a request and a line its answer.
 *
 * The loop's thread accepts, reads and writes; the handler is called there with a whole line and
 * answers when it can, from any thread. All functions but cf_line_answer, cf_line_request and
 * cf_line_who belong to the loop's thread.
 */
#pragma once

#include <sys/types.h>

#include "certferry/buf.h"
#include "certferry/loop.h"

struct cf_line_server;
struct cf_line_call; /* a request that has not been answered */

/* Must not block. Sees to it that the call is answered once. */
typedef void cf_line_handle_fn(void *arg, struct cf_line_call *call);
/* Whether this user may ask; `who` is the user's name. */
typedef bool cf_line_admit_fn(void *arg, uid_t uid, const char *who);
typedef void cf_line_gone_fn(void *arg);

struct cf_line_server_options {
    struct cf_loop *loop;
    const char *section; /* "[control]": for error texts */
    const char *access;  /* the section's option that gid follows from: "group" */
    const char *path;    /* copied */
    gid_t gid;           /* whose members can open it: mode 0660 */
    unsigned max_connections;
    size_t request_max;   /* bytes of a line; beyond it the connection is closed */
    uint64_t transfer_ms; /* to send a request once it has begun; to take an answer */
    uint64_t idle_ms;     /* until a request begins; 0: a connection carries one request, whose time
                             begins when it is made */
    cf_line_admit_fn *admit; /* NULL: whoever can open it */
    cf_line_handle_fn *handle;
    void *arg; /* of both */
};

/* An old socket that nobody listens on is replaced. CF_E_CONFIG: another process listens there;
 * CF_E_PERMISSION, CF_E_IO. */
CF_MUST_USE enum cf_rc cf_line_server_open(const struct cf_line_server_options *options,
                                           struct cf_line_server **ret_server, struct cf_err *err);
/* Drops connections and removes the socket. The loop and whoever answers from other threads must
 * have ended; calls that still are open are told that they are gone, and are no more after that.
 * Takes NULL. */
void cf_line_server_close(struct cf_line_server *server);
unsigned cf_line_server_connections(const struct cf_line_server *server); /* from any thread */
/* Since when there has been at least one; 0: there is none. From any thread. */
int64_t cf_line_server_since_ms(const struct cf_line_server *server);

struct cf_bytes cf_line_request(const struct cf_line_call *call); /* until it is answered */
const char *cf_line_who(const struct cf_line_call *call);
/* Calls fn(arg) when the peer goes away before the answer: nobody waits for it, but it still has to
 * be given. NULL: not any more. False: it has gone already, and fn is not called. Taken back before
 * the call goes to another thread that may answer. */
bool cf_line_on_gone(struct cf_line_call *call, cf_line_gone_fn *fn, void *arg);
/* The whole line with its end; NULL: the connection is closed without one. The call is not to be
 * used any more. */
void cf_line_answer(struct cf_line_call *call, struct cf_buf *take_answer);
