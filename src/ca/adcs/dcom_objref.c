/* SPDX-License-Identifier: Apache-2.0 */
/* dcom_objref - a reference to an object, and where its exporter listens. */
#include <string.h>

#include "certferry/text.h"
#include "dcom.h"
#include "dcom_properties.h"

enum { ADDRESS_SIZE = 300 };

/* DUALSTRINGARRAY: number of units, where the security bindings begin, the units. */
static struct cf_reader
read_array(struct cf_reader *reader, bool has_count)
{
    uint32_t count = has_count ? cf_read_u32(reader) : UINT16_MAX;
    size_t n_units = cf_read_u16(reader);
    size_t n_addresses = cf_read_u16(reader);
    struct cf_bytes units = cf_read_bytes(reader, 2 * n_units);

    if (n_units > count || n_addresses > n_units)
        cf_read_fail(reader);
    return cf_reader_of(cf_bytes_of(units.data, cf_reader_ok(reader) ? 2 * n_addresses : 0));
}

struct cf_dcom_reference
cf_dcom_read_objref(struct cf_reader *reader, const struct cf_guid *interface)
{
    struct cf_dcom_reference reference = {0};

    uint32_t signature = cf_read_u32(reader);
    uint32_t form = cf_read_u32(reader);
    struct cf_guid iid = cf_read_guid(reader);
    (void)cf_read_u32(reader); /* flags */
    reference.n_references = cf_read_u32(reader);
    (void)cf_read_u64(reader); /* OXID */
    (void)cf_read_u64(reader); /* OID */
    reference.ipid = cf_read_guid(reader);
    /* Bindings of the object resolver, which nobody has to ask. */
    (void)read_array(reader, false);

    if (signature != CF_OBJREF_SIGNATURE || form != CF_OBJREF_STANDARD ||
        !cf_guid_equal(&iid, interface) || reference.n_references > CF_DCOM_REFERENCES_MAX)
        cf_read_fail(reader);
    return reference;
}

/* "host[port]": the port. 0: none, or none that could be. */
static uint16_t
port_of(char *address)
{
    char *open = strrchr(address, '[');
    size_t len = strlen(address);
    uint64_t port = 0;

    if (!open || address[len - 1] != ']')
        return 0;
    address[len - 1] = '\0';
    if (cf_text_u64(open + 1, 1, UINT16_MAX, &port, NULL) != CF_OK || port == CF_EPM_PORT)
        return 0;
    return (uint16_t)port;
}

/* One address up to its NUL unit; what is no ASCII, or too long, is no address. */
static void
read_address(struct cf_reader *reader, char ret[ADDRESS_SIZE])
{
    size_t len = 0;

    for (uint16_t unit; (unit = cf_read_u16(reader)) != 0;) {
        if (unit > 0x7e || len + 1 >= ADDRESS_SIZE)
            cf_read_fail(reader);
        else
            ret[len++] = (char)unit;
    }
    ret[len] = '\0';
}

uint16_t
cf_dcom_read_bindings(struct cf_reader *reader)
{
    struct cf_reader units = read_array(reader, true);
    char address[ADDRESS_SIZE];
    uint16_t port = 0;

    while (cf_reader_ok(reader) && cf_reader_left(&units) > 0) {
        uint16_t tower = cf_read_u16(&units);
        if (tower == 0)
            break;
        read_address(&units, address);
        uint16_t found = tower == CF_TOWER_TCP ? port_of(address) : 0;
        if (!cf_reader_ok(&units) || (tower == CF_TOWER_TCP && found == 0))
            cf_read_fail(reader);
        if (port == 0)
            port = found;
    }
    if (port == 0)
        cf_read_fail(reader);
    return cf_reader_ok(reader) ? port : 0;
}
