/* SPDX-License-Identifier: Apache-2.0 */
/* icpr - CertServerRequest as bytes. */
#include "adcs.h"
#include "ndr.h"

enum { STUB_MAX = 4 * 1024 * 1024, FLAGS_PKCS10 = 0x100 };
enum {
    AUTHORITY_REFERENT = 0x00020000,
    ATTRIBUTES_REFERENT = 0x00020004,
    CSR_REFERENT = 0x00020008
};

enum cf_rc
adcs_icpr_write(const char *authority, uint32_t request_id, const char *attributes,
                struct cf_bytes csr, struct cf_buf **ret_stub, struct cf_err *err)
{
    cf_own(cf_buf) stub = cf_buf_new(STUB_MAX);
    cf_own(cf_buf) utf16 = NULL;
    struct cf_bytes attribute_bytes = {0};

    if (!stub)
        return cf_fail_oom(err);
    if (attributes) {
        CF_TRY(cf_utf16_from_utf8(attributes, true, &utf16, err));
        attribute_bytes = cf_buf_bytes(utf16);
        if (attribute_bytes.len / 2 > ADCS_ATTRIBUTES_MAX)
            return cf_fail(err, CF_E_LIMIT, "request attributes of %zu characters, %d is the most",
                           attribute_bytes.len / 2, ADCS_ATTRIBUTES_MAX);
    }
    struct cf_writer writer = cf_writer_to(stub);
    cf_write_u32(&writer, csr.len > 0 ? FLAGS_PKCS10 : 0);
    cf_ndr_write_string(&writer, AUTHORITY_REFERENT, authority);
    cf_write_align(&writer, 4);
    cf_write_u32(&writer, request_id);
    cf_ndr_write_blob(&writer, ATTRIBUTES_REFERENT, attribute_bytes);
    cf_ndr_write_blob(&writer, CSR_REFERENT, csr);
    CF_TRY(cf_writer_end(&writer, err));
    *ret_stub = cf_give(stub);
    return CF_OK;
}

/* NULL for an empty one. */
static enum cf_rc
copy_of(struct cf_bytes bytes, struct cf_buf **ret, struct cf_err *err)
{
    struct cf_buf *copy = NULL;

    if (bytes.len > 0) {
        copy = cf_buf_copy(bytes);
        if (!copy)
            return cf_fail_oom(err);
    }
    *ret = copy;
    return CF_OK;
}

enum cf_rc
adcs_icpr_read(struct cf_bytes stub, struct adcs_reply *ret_reply, struct cf_err *err)
{
    struct cf_reader reader = cf_reader_of(stub);
    struct adcs_reply reply = {0};
    cf_own(cf_buf) cert = NULL;
    cf_own(cf_buf) response = NULL;

    reply.request_id = cf_read_u32(&reader);
    reply.disposition = cf_read_u32(&reader);
    struct cf_bytes response_bytes = cf_ndr_read_blob(&reader, ADCS_CMS_MAX);
    struct cf_bytes cert_bytes = cf_ndr_read_blob(&reader, ADCS_CMS_MAX);
    struct cf_bytes message = cf_ndr_read_blob(&reader, ADCS_CMS_MAX);
    cf_read_align(&reader, 4);
    reply.result = cf_read_u32(&reader);
    if (!cf_reader_ok(&reader))
        return cf_fail(err, CF_E_PROTOCOL, "the CA's answer of %zu bytes cannot be read", stub.len);

    CF_TRY(copy_of(cert_bytes, &cert, err));
    CF_TRY(copy_of(response_bytes, &response, err));
    reply.cert = cf_give(cert);
    reply.response = cf_give(response);
    cf_utf16_to_text(message, reply.message, sizeof reply.message);
    *ret_reply = reply;
    return CF_OK;
}
