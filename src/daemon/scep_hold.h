/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scep_hold - one call on the SCEP socket, from its line to its answer.
 *
 * It is with a worker, or watches an item, or pauses before it looks again; never two of them at
 * once. All but the worker's part happens on the loop's thread.
 */
#pragma once

#include "daemon.h"
#include "line_server.h"

/* Sees to it that the call is answered. */
void cf_scep_hold_start(struct cf_daemon *daemon, struct cf_line_call *call);
