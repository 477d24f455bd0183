/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc_epm - the endpoint mapper's ept_map (C706 appendix O, MS-RPCE 2.2.1.2): pure functions.
 *
 * The answer is not signed. All that is taken from it is a port number on the host that was asked;
 * who listens there has to prove to be that host.
 */
#pragma once

#include "rpc.h"

enum { EPM_TOWERS_MAX = 4, EPM_TOWER_MAX = 1024 };

CF_MUST_USE enum cf_rc epm_map_write(const struct cf_rpc_interface *interface,
                                     struct cf_buf **ret_stub, struct cf_err *err);
/* *ret_port: of the first tower that leads to the interface by TCP; 0: none does. *ret_status is
 * the mapper's own. CF_E_PROTOCOL. */
CF_MUST_USE enum cf_rc epm_map_read(struct cf_bytes stub, const struct cf_rpc_interface *interface,
                                    uint16_t *ret_port, uint32_t *ret_status, struct cf_err *err);
/* 0: this is no tower that leads to the interface by TCP. */
uint16_t epm_tower_port(struct cf_bytes tower, const struct cf_rpc_interface *interface);
