/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_rpc_tower - what an endpoint mapper answers, and the towers in it.
 * Covers epm_map_read and epm_tower_port.
 */
#include "ca/adcs/rpc_epm.h"
#include "fuzz_pki.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct cf_rpc_interface INTERFACE = {
        .id = CF_GUID(0x91ae6020, 0x9e3c, 0x11cf, 0x8d, 0x7c, 0x00, 0xaa, 0x00, 0xc0, 0x91, 0xbe),
        .name = "ICertPassage",
    };
    uint16_t port = 0;
    uint32_t status;

    /* Five floors are 75 bytes long, whatever they say. */
    if (epm_tower_port(cf_bytes_of(data, size), &INTERFACE) != 0)
        must(size == 75);
    if (epm_map_read(cf_bytes_of(data, size), &INTERFACE, &port, &status, NULL) != CF_OK)
        must(port == 0);
    else if (port != 0)
        must(size >= 75);
    return 0;
}
