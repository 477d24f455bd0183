/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc_epm.h"

#include "rpc_pdu.h"
#include "status.h"

/* Protocol identifiers of a tower's floors (C706 appendix I). */
enum floor_id { FLOOR_IP = 0x09, FLOOR_TCP = 0x07, FLOOR_RPC_CO = 0x0b, FLOOR_UUID = 0x0d };

enum { N_FLOORS = 5, EPT_MAP = 3, SYNTAX_LEN = 19, HANDLE_LEN = 20, NDR_MAJOR = 2 };

static const struct cf_rpc_interface EPM = {
    .id = CF_GUID(0xe1af8308, 0x5d1f, 0x11c9, 0x91, 0xa4, 0x08, 0x00, 0x2b, 0x14, 0xa0, 0xfa),
    .major = 3,
    .minor = 0,
    .name = "the endpoint mapper",
};

static void
write_syntax(struct cf_writer *writer, const struct cf_guid *id, uint16_t major, uint16_t minor)
{
    cf_write_u16(writer, SYNTAX_LEN);
    cf_write_u8(writer, FLOOR_UUID);
    cf_write_guid(writer, id);
    cf_write_u16(writer, major);
    cf_write_u16(writer, 2);
    cf_write_u16(writer, minor);
}

static void
write_floor(struct cf_writer *writer, enum floor_id id, size_t len)
{
    cf_write_u16(writer, 1);
    cf_write_u8(writer, (uint8_t)id);
    cf_write_u16(writer, (uint16_t)len);
    cf_write_zeros(writer, len);
}

static enum cf_rc
write_tower(const struct cf_rpc_interface *interface, struct cf_buf *tower, struct cf_err *err)
{
    struct cf_writer writer = cf_writer_to(tower);

    cf_write_u16(&writer, N_FLOORS);
    write_syntax(&writer, &interface->id, interface->major, interface->minor);
    write_syntax(&writer, &rpc_ndr_id, NDR_MAJOR, 0);
    write_floor(&writer, FLOOR_RPC_CO, 2);
    write_floor(&writer, FLOOR_TCP, 2);
    write_floor(&writer, FLOOR_IP, 4);
    return cf_writer_end(&writer, err);
}

enum cf_rc
epm_map_write(const struct cf_rpc_interface *interface, struct cf_buf **ret_stub,
              struct cf_err *err)
{
    enum { OBJECT_REFERENT = 1, TOWER_REFERENT = 2 };
    cf_own(cf_buf) tower = cf_buf_new(EPM_TOWER_MAX);
    cf_own(cf_buf) stub = cf_buf_new(2 * EPM_TOWER_MAX);

    if (!tower || !stub)
        return cf_fail_oom(err);
    CF_TRY(write_tower(interface, tower, err));
    struct cf_writer writer = cf_writer_to(stub);
    cf_write_u32(&writer, OBJECT_REFERENT);
    cf_write_zeros(&writer, sizeof(struct cf_guid));
    cf_write_u32(&writer, TOWER_REFERENT);
    cf_write_u32(&writer, (uint32_t)cf_buf_len(tower));
    cf_write_u32(&writer, (uint32_t)cf_buf_len(tower));
    cf_write_bytes(&writer, cf_buf_bytes(tower));
    cf_write_align(&writer, 4);
    cf_write_zeros(&writer, HANDLE_LEN);
    cf_write_u32(&writer, EPM_TOWERS_MAX);
    CF_TRY(cf_writer_end(&writer, err));
    *ret_stub = cf_give(stub);
    return CF_OK;
}

/* One floor: what it says has to be `id`; its other half is given. */
static struct cf_bytes
read_floor(struct cf_reader *reader, enum floor_id id, size_t len)
{
    if (cf_read_u16(reader) != 1 || cf_read_u8(reader) != id || cf_read_u16(reader) != len)
        cf_read_fail(reader);
    return cf_read_bytes(reader, len);
}

static void
read_syntax(struct cf_reader *reader, const struct cf_guid *id, uint16_t major)
{
    if (cf_read_u16(reader) != SYNTAX_LEN || cf_read_u8(reader) != FLOOR_UUID)
        cf_read_fail(reader);
    struct cf_guid found = cf_read_guid(reader);
    if (cf_read_u16(reader) != major || !cf_guid_equal(&found, id))
        cf_read_fail(reader);
    if (cf_read_u16(reader) != 2)
        cf_read_fail(reader);
    (void)cf_read_u16(reader);
}

uint16_t
epm_tower_port(struct cf_bytes tower, const struct cf_rpc_interface *interface)
{
    struct cf_reader reader = cf_reader_of(tower);

    if (cf_read_u16(&reader) != N_FLOORS)
        return 0;
    read_syntax(&reader, &interface->id, interface->major);
    read_syntax(&reader, &rpc_ndr_id, NDR_MAJOR);
    (void)read_floor(&reader, FLOOR_RPC_CO, 2);
    struct cf_bytes port = read_floor(&reader, FLOOR_TCP, 2);
    (void)read_floor(&reader, FLOOR_IP, 4);
    if (!cf_reader_ok(&reader) || cf_reader_left(&reader) > 0)
        return 0;
    return (uint16_t)(port.data[0] << 8 | port.data[1]);
}

static struct cf_bytes
read_tower(struct cf_reader *reader)
{
    cf_read_align(reader, 4);
    uint32_t max_count = cf_read_u32(reader);
    uint32_t len = cf_read_u32(reader);

    if (max_count != len || len > EPM_TOWER_MAX)
        cf_read_fail(reader);
    return cf_read_bytes(reader, len);
}

enum cf_rc
epm_map_read(struct cf_bytes stub, const struct cf_rpc_interface *interface, uint16_t *ret_port,
             uint32_t *ret_status, struct cf_err *err)
{
    struct cf_reader reader = cf_reader_of(stub);
    bool is_there[EPM_TOWERS_MAX] = {false};
    uint16_t port = 0;

    (void)cf_read_bytes(&reader, HANDLE_LEN);
    uint32_t n_towers = cf_read_u32(&reader);
    uint32_t max_count = cf_read_u32(&reader);
    uint32_t offset = cf_read_u32(&reader);
    uint32_t n_here = cf_read_u32(&reader);
    if (n_towers > EPM_TOWERS_MAX || n_here != n_towers || offset != 0 || max_count < n_here)
        return cf_fail(err, CF_E_PROTOCOL,
                       "the endpoint mapper's answer contradicts itself: %u towers, %u of %u from "
                       "%u",
                       n_towers, n_here, max_count, offset);
    for (uint32_t i = 0; i < n_here; i++)
        is_there[i] = cf_read_u32(&reader) != 0;
    for (uint32_t i = 0; i < n_here; i++) {
        if (!is_there[i])
            continue;
        struct cf_bytes tower = read_tower(&reader);
        if (port == 0)
            port = epm_tower_port(tower, interface);
    }
    cf_read_align(&reader, 4);
    uint32_t status = cf_read_u32(&reader);
    if (!cf_reader_ok(&reader))
        return cf_fail(err, CF_E_PROTOCOL, "the endpoint mapper's answer is cut off");
    *ret_port = port;
    *ret_status = status;
    return CF_OK;
}

static enum cf_rc
ask(const struct cf_rpc_target *target, const struct cf_rpc_interface *interface,
    uint16_t *ret_port, uint32_t *ret_status, struct cf_err *err)
{
    struct cf_rpc_target mapper = *target;
    cf_own(cf_rpc) rpc = NULL;
    cf_own(cf_buf) question = NULL;
    cf_own(cf_buf) answer = NULL;

    mapper.kerberos = NULL;
    if (mapper.port == 0)
        mapper.port = CF_EPM_PORT;
    CF_TRY(cf_rpc_open(&mapper, &EPM, &rpc, err));
    CF_TRY(epm_map_write(interface, &question, err));
    CF_TRY(cf_rpc_call(rpc, EPT_MAP, NULL, cf_buf_bytes(question), &answer, err));
    if (epm_map_read(cf_buf_bytes(answer), interface, ret_port, ret_status, err) != CF_OK)
        return cf_err_prefix(err, "%s", target->host);
    return CF_OK;
}

enum cf_rc
cf_rpc_find_port(const struct cf_rpc_target *target, const struct cf_rpc_interface *interface,
                 uint16_t *ret_port, struct cf_err *err)
{
    enum { NOT_REGISTERED = 0x16c9a0d6 };
    struct cf_err why = {0};
    uint32_t status = 0;
    uint16_t port = 0;

    enum cf_rc rc = ask(target, interface, &port, &status, &why);
    if (rc == CF_OK && port != 0) {
        *ret_port = port;
        return CF_OK;
    }
    if (rc == CF_OK) {
        (void)cf_rpc_status_fail(&why, status ? status : NOT_REGISTERED, interface->name);
        (void)cf_err_prefix(&why, "%s", target->host);
        rc = CF_E_CA_DOWN;
    } else if (rc == CF_E_NET || rc == CF_E_TIMEOUT || rc == CF_E_LIMIT) {
        /* Nobody signed the answer: it may not end a request for good. */
        rc = CF_E_CA_DOWN;
    }
    return cf_fail_as(err, rc, &why);
}
