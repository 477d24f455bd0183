/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forward - hands one call's stub bytes to the process that plays the CA and answers with what it
 * says. Nothing of the interfaces is known here.
 *
 * One connection to the UNIX socket per call, all numbers little-endian:
 *   there: u32 length of the facts, u32 length of the stub, facts ("name=value\n"...), stub
 *   back:  u32 fault (0: none), u32 length of the stub, stub
 * A connection that ends without an answer ends the client's connection, too.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include <talloc.h>
#include <tevent.h>

#include <core/ntstatus.h>
#include <dcerpc_server.h>
#include <gen_ndr/auth.h>
#include <gen_ndr/dcerpc.h>

/* Starts it; dcesrv_reply is called when the answer is there. */
NTSTATUS forward_call(struct dcesrv_call_state *call, const char *socket_path, DATA_BLOB stub);
/* The answer's stub, once there is one. */
DATA_BLOB forward_answer(void *forwarded);
