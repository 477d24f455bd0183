/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dcom_activation - what is asked for: activation properties (MS-DCOM 2.2.22), a header that lists
 * properties and then each of them as a serialized type of its own (MS-RPCE 2.2.6).
 */
#include "dcom.h"
#include "dcom_properties.h"

enum {
    IN_PROPERTIES = 4,
    IN_MAX = 1024,
    REFERENT = 0x00020000, /* of the first pointer; the next ones are 4 apart */
    CONTEXT_REMOTE = 2,    /* MS-DCOM 2.2.20.1: to another machine */
    VERSION_MAJOR = 5,
    VERSION_MINOR = 7
};

static const struct cf_guid ACTIVATION_IN = CF_COM_GUID(0x1a2);
static const struct cf_guid IN_UNMARSHALER = CF_COM_GUID(0x338);
static const struct cf_guid LOCATION_INFO = CF_COM_GUID(0x1a4);
static const struct cf_guid CONTEXT_INFO = CF_COM_GUID(0x1a5);
static const struct cf_guid SCM_REQUEST_INFO = CF_COM_GUID(0x1aa);
static const struct cf_guid INSTANTIATION_INFO = CF_COM_GUID(0x1ab);

/* Common type header: version 1, little endian, 8 bytes, filler. */
static const uint8_t SERIAL_COMMON[CF_SERIAL_COMMON] = {0x01, 0x10, 0x08, 0x00,
                                                        0xcc, 0xcc, 0xcc, 0xcc};

/* Wraps what is in `body` and empties it. */
static void
write_serialized(struct cf_writer *writer, struct cf_writer *body)
{
    cf_write_align(body, 8);
    cf_write_bytes(writer, cf_bytes_of(SERIAL_COMMON, sizeof SERIAL_COMMON));
    cf_write_u32(writer, (uint32_t)cf_buf_len(body->buf));
    cf_write_u32(writer, 0);
    cf_write_bytes(writer, cf_buf_bytes(body->buf));
    cf_buf_clear(body->buf);
}

static void
write_instantiation(struct cf_writer *body, const struct cf_dcom_class *class)
{
    enum { WHOLE = CF_SERIAL_HEAD + 72 };

    cf_write_guid(body, &class->id);
    cf_write_u32(body, 0); /* class context: as the server has it */
    cf_write_u32(body, 0); /* activation flags */
    cf_write_u32(body, 0); /* no surrogate */
    cf_write_u32(body, 1); /* interfaces */
    cf_write_u32(body, 0); /* instantiation flag */
    cf_write_u32(body, REFERENT);
    cf_write_u32(body, WHOLE);
    cf_write_u16(body, VERSION_MAJOR);
    cf_write_u16(body, VERSION_MINOR);
    cf_write_u32(body, 1);
    cf_write_guid(body, &class->interface.id);
}

static void
write_scm_request(struct cf_writer *body)
{
    cf_write_u32(body, 0);
    cf_write_u32(body, REFERENT);
    cf_write_u32(body, 2); /* impersonation level: identify; ignored by servers */
    cf_write_u16(body, 1); /* protocols we speak */
    cf_write_u16(body, 0);
    cf_write_u32(body, REFERENT + 4);
    cf_write_u32(body, 1);
    cf_write_u16(body, CF_TOWER_TCP);
}

struct in_properties {
    struct cf_writer out;
    uint32_t size[IN_PROPERTIES];
    size_t n;
};

static void
add_property(struct in_properties *properties, struct cf_writer *body)
{
    size_t before = cf_buf_len(properties->out.buf);

    write_serialized(&properties->out, body);
    properties->size[properties->n++] = (uint32_t)(cf_buf_len(properties->out.buf) - before);
}

/* The order of the properties is the order of these. */
static const struct cf_guid *const IN_ORDER[IN_PROPERTIES] = {&INSTANTIATION_INFO, &CONTEXT_INFO,
                                                              &LOCATION_INFO, &SCM_REQUEST_INFO};

static void
write_properties(struct in_properties *properties, struct cf_writer *body,
                 const struct cf_dcom_class *class)
{
    write_instantiation(body, class);
    add_property(properties, body);
    cf_write_zeros(body, 24); /* no client or prototype context */
    add_property(properties, body);
    cf_write_zeros(body, 16); /* anywhere */
    add_property(properties, body);
    write_scm_request(body);
    add_property(properties, body);
}

static void
write_header(struct cf_writer *body, const struct in_properties *properties)
{
    enum { HEADER = CF_SERIAL_HEAD + 136 }; /* of four properties */

    cf_write_u32(body, HEADER + (uint32_t)cf_buf_len(properties->out.buf));
    cf_write_u32(body, HEADER);
    cf_write_u32(body, 0);
    cf_write_u32(body, CONTEXT_REMOTE);
    cf_write_u32(body, IN_PROPERTIES);
    cf_write_zeros(body, sizeof(struct cf_guid)); /* class info */
    cf_write_u32(body, REFERENT);
    cf_write_u32(body, REFERENT + 4);
    cf_write_u32(body, 0);
    cf_write_u32(body, IN_PROPERTIES);
    for (size_t i = 0; i < IN_PROPERTIES; i++)
        cf_write_guid(body, IN_ORDER[i]);
    cf_write_u32(body, IN_PROPERTIES);
    for (size_t i = 0; i < IN_PROPERTIES; i++)
        cf_write_u32(body, properties->size[i]);
}

static void
write_objref(struct cf_writer *writer, struct cf_bytes header, struct cf_bytes properties)
{
    enum { OBJREF_HEAD = 48, BLOB_HEAD = 8 };
    uint32_t len = (uint32_t)(header.len + properties.len);

    cf_write_u32(writer, OBJREF_HEAD + BLOB_HEAD + len); /* conformance of the interface pointer */
    cf_write_u32(writer, OBJREF_HEAD + BLOB_HEAD + len);
    cf_write_u32(writer, CF_OBJREF_SIGNATURE);
    cf_write_u32(writer, CF_OBJREF_CUSTOM);
    cf_write_guid(writer, &ACTIVATION_IN);
    cf_write_guid(writer, &IN_UNMARSHALER);
    cf_write_u32(writer, 0); /* extension */
    cf_write_u32(writer, BLOB_HEAD + len);
    cf_write_u32(writer, len);
    cf_write_u32(writer, 0);
    cf_write_bytes(writer, header);
    cf_write_bytes(writer, properties);
    cf_write_align(writer, 4);
}

enum cf_rc
cf_dcom_activation_write(const struct cf_dcom_class *class, struct cf_buf **ret_stub,
                         struct cf_err *err)
{
    cf_own(cf_buf) stub = cf_buf_new(IN_MAX);
    cf_own(cf_buf) property_bytes = cf_buf_new(IN_MAX);
    cf_own(cf_buf) header_bytes = cf_buf_new(IN_MAX);
    cf_own(cf_buf) body_bytes = cf_buf_new(IN_MAX);

    if (!stub || !property_bytes || !header_bytes || !body_bytes)
        return cf_fail_oom(err);
    struct in_properties properties = {.out = cf_writer_to(property_bytes)};
    struct cf_writer writer = cf_writer_to(stub);
    struct cf_writer header = cf_writer_to(header_bytes);
    struct cf_writer body = cf_writer_to(body_bytes);

    write_properties(&properties, &body, class);
    write_header(&body, &properties);
    write_serialized(&header, &body);
    cf_dcom_write_this(&writer);
    cf_write_u32(&writer, 0); /* not aggregated */
    cf_write_u32(&writer, REFERENT);
    write_objref(&writer, cf_buf_bytes(header_bytes), cf_buf_bytes(property_bytes));

    CF_TRY(cf_writer_end(&body, err));
    CF_TRY(cf_writer_end(&properties.out, err));
    CF_TRY(cf_writer_end(&header, err));
    CF_TRY(cf_writer_end(&writer, err));
    *ret_stub = cf_give(stub);
    return CF_OK;
}
