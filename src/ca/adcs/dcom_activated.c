/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dcom_activated - the answer to an activation: the properties that come back, of which two are
 * read: the object's reference, and where its exporter listens.
 */
#include <stdio.h>
#include <string.h>

#include "dcom.h"
#include "dcom_properties.h"
#include "status.h"

static const struct cf_guid ACTIVATION_OUT = CF_COM_GUID(0x1a3);
static const struct cf_guid SCM_REPLY_INFO = CF_COM_GUID(0x1b6);
static const struct cf_guid PROPS_OUT_INFO = CF_COM_GUID(0x339);

/* Version 1, little endian, and its own length. */
static const uint8_t SERIAL_BEGIN[] = {0x01, 0x10, 0x08, 0x00};

/* What is inside of a serialized type. */
static struct cf_reader
read_serialized(struct cf_reader *reader, size_t len)
{
    struct cf_reader whole = cf_reader_of(cf_read_bytes(reader, len));
    struct cf_bytes common = cf_read_bytes(&whole, CF_SERIAL_COMMON);
    uint32_t body_len = cf_read_u32(&whole);

    (void)cf_read_u32(&whole);
    struct cf_bytes body = cf_read_bytes(&whole, body_len);
    if (!cf_reader_ok(&whole) || memcmp(common.data, SERIAL_BEGIN, sizeof SERIAL_BEGIN) != 0)
        cf_read_fail(reader);
    return cf_reader_of(cf_reader_ok(reader) ? body : cf_bytes_of(NULL, 0));
}

struct out_property {
    struct cf_guid id;
    uint32_t size;
};
struct out_properties {
    struct out_property property[CF_DCOM_PROPERTIES_MAX];
    uint32_t n;
};

static void
read_header(struct cf_reader *reader, struct out_properties *ret_properties)
{
    struct cf_reader ahead = *reader;
    uint32_t n_ids = 0, n_sizes = 0;

    /* The header says how long it is, at a fixed place. */
    (void)cf_read_bytes(&ahead, CF_SERIAL_HEAD);
    (void)cf_read_u32(&ahead);
    uint32_t header_len = cf_read_u32(&ahead);
    if (!cf_reader_ok(&ahead) || header_len < CF_SERIAL_HEAD)
        cf_read_fail(reader);
    struct cf_reader header = read_serialized(reader, header_len);
    (void)cf_read_bytes(&header, 16); /* the two lengths, reserved, context */
    ret_properties->n = cf_read_u32(&header);
    (void)cf_read_bytes(&header, sizeof(struct cf_guid) + 12);
    n_ids = cf_read_u32(&header);
    if (ret_properties->n > CF_DCOM_PROPERTIES_MAX || n_ids != ret_properties->n)
        cf_read_fail(&header);
    for (uint32_t i = 0; cf_reader_ok(&header) && i < n_ids; i++)
        ret_properties->property[i].id = cf_read_guid(&header);
    n_sizes = cf_read_u32(&header);
    if (n_sizes != ret_properties->n)
        cf_read_fail(&header);
    for (uint32_t i = 0; cf_reader_ok(&header) && i < n_sizes; i++)
        ret_properties->property[i].size = cf_read_u32(&header);
    if (!cf_reader_ok(&header))
        cf_read_fail(reader);
}

struct findings {
    struct cf_dcom_activation activation;
    uint32_t hresult; /* of the one interface */
    bool has_props;
    bool has_reply;
};

/* PropsOutInfo (2.2.22.2.9). */
static void
read_props_out(struct cf_reader *reader, const struct cf_dcom_class *class,
               struct findings *findings)
{
    uint32_t n = cf_read_u32(reader);
    (void)cf_read_bytes(reader, 12);
    uint32_t n_ids = cf_read_u32(reader);
    struct cf_guid id = cf_read_guid(reader);
    uint32_t n_hresults = cf_read_u32(reader);
    uint32_t hresult = cf_read_u32(reader);
    uint32_t n_pointers = cf_read_u32(reader);
    uint32_t pointer = cf_read_u32(reader);

    if (n != 1 || n_ids != 1 || n_hresults != 1 || n_pointers != 1 ||
        !cf_guid_equal(&id, &class->interface.id) || findings->has_props)
        cf_read_fail(reader);
    findings->has_props = true;
    findings->hresult = hresult;
    if (hresult != 0 || !cf_reader_ok(reader))
        return;
    uint32_t room = cf_read_u32(reader);
    uint32_t len = cf_read_u32(reader);
    struct cf_reader objref = cf_reader_of(cf_read_bytes(reader, len));
    findings->activation.reference = cf_dcom_read_objref(&objref, &class->interface.id);
    if (pointer == 0 || room != len || !cf_reader_ok(&objref))
        cf_read_fail(reader);
}

/* ScmReplyInfoData (2.2.22.2.8). */
static void
read_scm_reply(struct cf_reader *reader, struct findings *findings)
{
    uint32_t reserved = cf_read_u32(reader);
    uint32_t reply = cf_read_u32(reader);

    if (reserved != 0)
        (void)cf_read_u32(reader);
    cf_read_align(reader, 8);
    (void)cf_read_u64(reader); /* OXID */
    uint32_t bindings = cf_read_u32(reader);
    findings->activation.rem_unknown = cf_read_guid(reader);
    (void)cf_read_u32(reader); /* authentication hint: ours is the highest */
    (void)cf_read_u32(reader); /* COM version */
    findings->activation.port = cf_dcom_read_bindings(reader);
    if (reply == 0 || bindings == 0 || findings->has_reply)
        cf_read_fail(reader);
    findings->has_reply = cf_reader_ok(reader);
}

static void
read_blob(struct cf_reader *reader, const struct cf_dcom_class *class, struct findings *findings)
{
    struct out_properties properties = {0};

    /* Its length again, which writers count in different ways, and a reserved number: what holds
     * is the length of what it stands in. */
    (void)cf_read_u64(reader);
    struct cf_reader blob = cf_reader_of(cf_read_bytes(reader, cf_reader_left(reader)));
    read_header(&blob, &properties);
    for (uint32_t i = 0; cf_reader_ok(&blob) && i < properties.n; i++) {
        const struct out_property *property = &properties.property[i];
        struct cf_reader body = read_serialized(&blob, property->size);
        if (cf_guid_equal(&property->id, &PROPS_OUT_INFO))
            read_props_out(&body, class, findings);
        else if (cf_guid_equal(&property->id, &SCM_REPLY_INFO))
            read_scm_reply(&body, findings);
        if (!cf_reader_ok(&body))
            cf_read_fail(&blob);
    }
    if (!cf_reader_ok(&blob))
        cf_read_fail(reader);
}

/* OBJREF_CUSTOM (2.2.18.6) with activation properties in it. */
static void
read_custom(struct cf_reader *reader, const struct cf_dcom_class *class, struct findings *findings)
{
    uint32_t signature = cf_read_u32(reader);
    uint32_t form = cf_read_u32(reader);
    struct cf_guid iid = cf_read_guid(reader);

    (void)cf_read_guid(reader); /* who unmarshals it: we do */
    uint32_t extension_len = cf_read_u32(reader);
    (void)cf_read_u32(reader); /* reserved */
    (void)cf_read_bytes(reader, extension_len);
    if (signature != CF_OBJREF_SIGNATURE || form != CF_OBJREF_CUSTOM ||
        !cf_guid_equal(&iid, &ACTIVATION_OUT))
        cf_read_fail(reader);
    read_blob(reader, class, findings);
}

static enum cf_rc
refused(const struct cf_dcom_class *class, uint32_t hresult, struct cf_err *err)
{
    char what[80];

    (void)snprintf(what, sizeof what, "activation for %s", class->interface.name);
    return cf_hresult_fail(err, hresult, NULL, what);
}

enum cf_rc
cf_dcom_activation_read(struct cf_bytes stub, const struct cf_dcom_class *class,
                        struct cf_dcom_activation *ret_activation, struct cf_err *err)
{
    struct cf_reader reader = cf_reader_of(stub);
    struct cf_reader objref = cf_reader_of(cf_bytes_of(NULL, 0));
    struct findings findings = {0};

    cf_dcom_read_that(&reader);
    bool has_blob = cf_read_u32(&reader) != 0;
    if (has_blob) {
        uint32_t room = cf_read_u32(&reader);
        uint32_t len = cf_read_u32(&reader);
        if (room != len || len > CF_DCOM_BLOB_MAX)
            cf_read_fail(&reader);
        objref = cf_reader_of(cf_read_bytes(&reader, len));
        cf_read_align(&reader, 4);
    }
    uint32_t hresult = cf_read_u32(&reader);
    if (cf_reader_ok(&reader) && hresult != 0)
        return refused(class, hresult, err);
    if (cf_reader_ok(&reader) && has_blob)
        read_custom(&objref, class, &findings);
    if (cf_reader_ok(&objref) && findings.has_props && findings.hresult != 0)
        return refused(class, findings.hresult, err);
    if (!cf_reader_ok(&reader) || !cf_reader_ok(&objref) || !findings.has_props ||
        !findings.has_reply)
        return cf_fail(err, CF_E_PROTOCOL,
                       "%s: the answer to the activation of its class makes no sense: %s",
                       class->interface.name,
                       findings.has_props && !findings.has_reply
                           ? "it does not say at which TCP port the object is"
                           : "a length, an identifier or a binding is not as it has to be");
    *ret_activation = findings.activation;
    return CF_OK;
}
