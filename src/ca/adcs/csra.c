/* SPDX-License-Identifier: Apache-2.0 */
/* csra - arguments and results of the administration interfaces. */
#include "csra.h"

#include <ctype.h>
#include <string.h>

#include "dcom.h"
#include "ndr.h"

enum { STUB_MAX = 16 * 1024, REFERENT = 0x00020000 };

/* FILETIME (MS-DTYP 2.3.3): 100 ns since 1601. */
static const int64_t FILETIME_EPOCH_MS = 11644473600000;
enum { FILETIME_PER_MS = 10000 };

enum cf_rc
cf_csra_serial(const char *serial, char ret[CF_SERIAL_TEXT_SIZE], struct cf_err *err)
{
    char text[CF_SERIAL_TEXT_SIZE];

    CF_TRY(cf_serial_normalize(serial, text, err));
    for (size_t i = 0; i < sizeof text; i++)
        ret[i] = (char)tolower((unsigned char)text[i]);
    return CF_OK;
}

/* `serial` NULL: the call has none. */
static enum cf_rc
begin(const char *authority, const char *serial, struct cf_buf *buf, struct cf_writer *ret_writer,
      struct cf_err *err)
{
    char text[CF_SERIAL_TEXT_SIZE];

    *ret_writer = cf_writer_to(buf);
    cf_dcom_write_this(ret_writer);
    cf_ndr_write_string(ret_writer, REFERENT, authority);
    if (!serial)
        return CF_OK;
    CF_TRY(cf_csra_serial(serial, text, err));
    cf_ndr_write_string(ret_writer, REFERENT + 4, text);
    return CF_OK;
}

enum cf_rc
cf_csra_revoke_write(const char *authority, const char *serial, int reason, int64_t revoked_ms,
                     struct cf_buf **ret_stub, struct cf_err *err)
{
    cf_own(cf_buf) stub = cf_buf_new(STUB_MAX);
    uint64_t filetime = (uint64_t)(revoked_ms + FILETIME_EPOCH_MS) * FILETIME_PER_MS;
    struct cf_writer writer;

    if (!stub)
        return cf_fail_oom(err);
    CF_TRY(begin(authority, serial, stub, &writer, err));
    cf_write_align(&writer, 4);
    cf_write_u32(&writer, (uint32_t)reason);
    cf_write_u32(&writer, (uint32_t)filetime);
    cf_write_u32(&writer, (uint32_t)(filetime >> 32));
    CF_TRY(cf_writer_end(&writer, err));
    *ret_stub = cf_give(stub);
    return CF_OK;
}

/* A call without other arguments than these. */
static enum cf_rc
write_plain(const char *authority, const char *serial, struct cf_buf **ret_stub, struct cf_err *err)
{
    cf_own(cf_buf) stub = cf_buf_new(STUB_MAX);
    struct cf_writer writer;

    if (!stub)
        return cf_fail_oom(err);
    CF_TRY(begin(authority, serial, stub, &writer, err));
    CF_TRY(cf_writer_end(&writer, err));
    *ret_stub = cf_give(stub);
    return CF_OK;
}

enum cf_rc
cf_csra_is_valid_write(const char *authority, const char *serial, struct cf_buf **ret_stub,
                       struct cf_err *err)
{
    return write_plain(authority, serial, ret_stub, err);
}

enum cf_rc
cf_csra_roles_write(const char *authority, struct cf_buf **ret_stub, struct cf_err *err)
{
    return write_plain(authority, NULL, ret_stub, err);
}

static enum cf_rc
too_short(const char *method, struct cf_err *err)
{
    return cf_fail(err, CF_E_PROTOCOL, "%s: the CA's answer is cut short or malformed", method);
}

enum cf_rc
cf_csra_revoke_read(struct cf_bytes stub, uint32_t *ret_hresult, struct cf_err *err)
{
    struct cf_reader reader = cf_reader_of(stub);

    cf_dcom_read_that(&reader);
    uint32_t hresult = cf_read_u32(&reader);
    if (!cf_reader_ok(&reader))
        return too_short("RevokeCertificate", err);
    *ret_hresult = hresult;
    return CF_OK;
}

enum cf_rc
cf_csra_is_valid_read(struct cf_bytes stub, uint32_t *ret_disposition, uint32_t *ret_hresult,
                      struct cf_err *err)
{
    struct cf_reader reader = cf_reader_of(stub);

    cf_dcom_read_that(&reader);
    (void)cf_read_u32(&reader); /* the reason it was revoked for */
    uint32_t disposition = cf_read_u32(&reader);
    uint32_t hresult = cf_read_u32(&reader);
    if (!cf_reader_ok(&reader))
        return too_short("IsValidCertificate", err);
    *ret_disposition = disposition;
    *ret_hresult = hresult;
    return CF_OK;
}

enum cf_rc
cf_csra_roles_read(struct cf_bytes stub, uint32_t *ret_roles, uint32_t *ret_hresult,
                   struct cf_err *err)
{
    struct cf_reader reader = cf_reader_of(stub);

    cf_dcom_read_that(&reader);
    uint32_t roles = cf_read_u32(&reader);
    uint32_t hresult = cf_read_u32(&reader);
    if (!cf_reader_ok(&reader))
        return too_short("GetMyRoles", err);
    *ret_roles = roles;
    *ret_hresult = hresult;
    return CF_OK;
}
