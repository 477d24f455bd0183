/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/ca/adcs/dcom_kit.h"

const struct cf_dcom_class kit_class = {
    .id = CF_COM_GUID(0x777),
    .interface = {.id = CF_COM_GUID(0x778), .name = "IKit"},
};
const struct cf_guid kit_ipid = CF_COM_GUID(0x1111);
const struct cf_guid kit_rem_unknown = CF_COM_GUID(0x2222);

static const struct cf_guid OTHER = CF_COM_GUID(0x9999);
static const struct cf_guid ACTIVATION_OUT = CF_COM_GUID(0x1a3);
static const struct cf_guid PROPS_OUT = CF_COM_GUID(0x339);
static const struct cf_guid SCM_REPLY = CF_COM_GUID(0x1b6);

static struct cf_buf *
fresh(void)
{
    struct cf_buf *buf = cf_buf_new(1 << 20);

    assert_non_null(buf);
    return buf;
}

static void
done(const struct cf_writer *writer)
{
    assert_int_equal(cf_writer_end(writer, NULL), CF_OK);
}

static void
write_array(struct cf_writer *writer, const struct dcom_answer *answer, bool has_count)
{
    cf_own(cf_buf) units = fresh();
    struct cf_writer body = cf_writer_to(units);

    for (size_t i = 0; answer->bindings && answer->bindings[i]; i++) {
        const char *text = answer->bindings[i];
        cf_write_u16(&body, answer->tower ? answer->tower : CF_TOWER_TCP);
        for (size_t k = 0; k <= strlen(text); k++)
            cf_write_u16(&body, (uint8_t)text[k]);
    }
    cf_write_u16(&body, 0);
    uint16_t n_addresses = (uint16_t)(cf_buf_len(units) / 2);
    cf_write_u16(&body, 9); /* one security binding: negotiate, no name */
    cf_write_u16(&body, 0xffff);
    cf_write_u16(&body, 0);
    cf_write_u16(&body, 0);
    done(&body);
    uint16_t n_units = (uint16_t)(cf_buf_len(units) / 2);
    if (has_count)
        cf_write_u32(writer, n_units);
    cf_write_u16(writer, n_units);
    cf_write_u16(writer, n_addresses);
    cf_write_bytes(writer, cf_buf_bytes(units));
}

struct cf_buf *
kit_bindings(const struct dcom_answer *answer)
{
    struct cf_buf *buf = fresh();
    struct cf_writer writer = cf_writer_to(buf);

    write_array(&writer, answer, true);
    done(&writer);
    return buf;
}

struct cf_buf *
kit_objref(const struct dcom_answer *answer)
{
    struct cf_buf *buf = fresh();
    struct cf_writer writer = cf_writer_to(buf);

    cf_write_u32(&writer, CF_OBJREF_SIGNATURE);
    cf_write_u32(&writer, answer->objref_form ? answer->objref_form : CF_OBJREF_STANDARD);
    cf_write_guid(&writer, answer->has_other_iid ? &OTHER : &kit_class.interface.id);
    cf_write_u32(&writer, 0);
    cf_write_u32(&writer, answer->n_references ? answer->n_references : 5);
    cf_write_u64(&writer, 1);
    cf_write_u64(&writer, 2);
    cf_write_guid(&writer, &kit_ipid);
    /* The resolver's bindings: another host, and no ports. */
    static const char *const ELSEWHERE[] = {"elsewhere.example.net", NULL};
    const struct dcom_answer resolver = {.bindings = ELSEWHERE};
    write_array(&writer, &resolver, false);
    done(&writer);
    return buf;
}

/* As a serialized type, behind what is there; its length. */
static uint32_t
put_property(struct cf_writer *writer, struct cf_writer *body)
{
    cf_write_align(body, 8);
    done(body);
    uint32_t len = (uint32_t)cf_buf_len(body->buf);
    cf_write_u32(writer, 0x00081001);
    cf_write_u32(writer, 0xcccccccc);
    cf_write_u32(writer, len);
    cf_write_u32(writer, 0);
    cf_write_bytes(writer, cf_buf_bytes(body->buf));
    cf_buf_clear(body->buf);
    return len + CF_SERIAL_HEAD;
}

static void
write_props_out(struct cf_writer *body, const struct dcom_answer *answer)
{
    cf_own(cf_buf) objref = kit_objref(answer);

    cf_write_u32(body, 1);
    cf_write_u32(body, 0x20000);
    cf_write_u32(body, 0x20004);
    cf_write_u32(body, 0x20008);
    cf_write_u32(body, 1);
    cf_write_guid(body, &kit_class.interface.id);
    cf_write_u32(body, 1);
    cf_write_u32(body, answer->interface_hresult);
    cf_write_u32(body, 1);
    cf_write_u32(body, answer->interface_hresult ? 0 : 0x2000c);
    if (answer->interface_hresult)
        return;
    cf_write_u32(body, (uint32_t)cf_buf_len(objref));
    cf_write_u32(body, (uint32_t)cf_buf_len(objref));
    cf_write_bytes(body, cf_buf_bytes(objref));
}

static void
write_scm_reply(struct cf_writer *body, const struct dcom_answer *answer)
{
    cf_write_u32(body, 0);
    cf_write_u32(body, 0x20000);
    cf_write_u64(body, 1);
    cf_write_u32(body, 0x20004);
    cf_write_guid(body, &kit_rem_unknown);
    cf_write_u32(body, 6);
    cf_write_u16(body, 5);
    cf_write_u16(body, 7);
    write_array(body, answer, true);
}

static void
write_header(struct cf_writer *body, const struct dcom_answer *answer, const struct cf_guid *ids,
             const uint32_t *sizes, uint32_t n)
{
    uint32_t n_claimed = n + answer->n_more_ids;
    uint32_t len = CF_SERIAL_HEAD + ((48 + 4 + 16 * n + 4 + 4 * n + 7) & ~7U);
    uint32_t total = len;

    for (uint32_t i = 0; i < n; i++)
        total += sizes[i];
    cf_write_u32(body, total);
    cf_write_u32(body, len + answer->header_len_off);
    cf_write_u32(body, 0);
    cf_write_u32(body, 2);
    cf_write_u32(body, n_claimed);
    cf_write_zeros(body, 16);
    cf_write_u32(body, 0x20000);
    cf_write_u32(body, 0x20004);
    cf_write_u32(body, 0);
    cf_write_u32(body, n_claimed);
    for (uint32_t i = 0; i < n; i++)
        cf_write_guid(body, &ids[i]);
    cf_write_u32(body, n_claimed);
    for (uint32_t i = 0; i < n; i++)
        cf_write_u32(body, sizes[i] + (i == 0 ? answer->property_off : 0));
}

static struct cf_buf *
activation_blob(const struct dcom_answer *answer)
{
    cf_own(cf_buf) scratch = fresh();
    cf_own(cf_buf) property_bytes = fresh();
    struct cf_buf *blob = fresh();
    struct cf_writer body = cf_writer_to(scratch);
    struct cf_writer properties = cf_writer_to(property_bytes);
    struct cf_writer writer = cf_writer_to(blob);
    struct cf_guid ids[3];
    uint32_t sizes[3];
    uint32_t n = 0;

    if (answer->has_strange_third) {
        cf_write_zeros(&body, 20);
        ids[n] = OTHER;
        sizes[n++] = put_property(&properties, &body);
    }
    write_props_out(&body, answer);
    ids[n] = PROPS_OUT;
    sizes[n++] = put_property(&properties, &body);
    if (!answer->has_no_scm_reply) {
        write_scm_reply(&body, answer);
        ids[n] = SCM_REPLY;
        sizes[n++] = put_property(&properties, &body);
    }
    cf_write_u32(&writer, 0); /* the length, which readers do not need */
    cf_write_u32(&writer, 0);
    write_header(&body, answer, ids, sizes, n);
    (void)put_property(&writer, &body);
    cf_write_bytes(&writer, cf_buf_bytes(property_bytes));
    done(&writer);
    return blob;
}

static void
write_that(struct cf_writer *writer, const struct dcom_answer *answer)
{
    cf_write_u32(writer, 0);
    cf_write_u32(writer, answer->has_extensions ? 0x20000 : 0);
    if (!answer->has_extensions)
        return;
    cf_write_u32(writer, 1);
    cf_write_u32(writer, 0);
    cf_write_u32(writer, 0x20004);
    cf_write_u32(writer, 2);
    cf_write_u32(writer, 0x20008);
    cf_write_u32(writer, 0);
    cf_write_u32(writer, 8);
    cf_write_guid(writer, &OTHER);
    cf_write_u32(writer, 3);
    cf_write_zeros(writer, 8);
}

struct cf_buf *
kit_activation_answer(const struct dcom_answer *answer)
{
    enum { OBJREF_HEAD = 48 };
    cf_own(cf_buf) blob = activation_blob(answer);
    struct cf_buf *stub = fresh();
    struct cf_writer writer = cf_writer_to(stub);
    uint32_t len = OBJREF_HEAD + (uint32_t)cf_buf_len(blob);

    write_that(&writer, answer);
    cf_write_u32(&writer, 0x20000);
    cf_write_u32(&writer, len);
    cf_write_u32(&writer, len);
    cf_write_u32(&writer, CF_OBJREF_SIGNATURE);
    cf_write_u32(&writer, CF_OBJREF_CUSTOM);
    cf_write_guid(&writer, &ACTIVATION_OUT);
    cf_write_guid(&writer, &PROPS_OUT);
    cf_write_u32(&writer, 0);
    cf_write_u32(&writer, (uint32_t)cf_buf_len(blob));
    cf_write_bytes(&writer, cf_buf_bytes(blob));
    cf_write_align(&writer, 4);
    cf_write_u32(&writer, answer->hresult);
    done(&writer);
    return stub;
}
