/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "kerberos_internal.h"

enum { HEAD, BODY, TRAIL, TOKEN, N_PARTS };
enum { SEAL_TOKEN_MAX = 512 };

static gss_iov_buffer_desc
signed_part(struct cf_bytes bytes)
{
    gss_iov_buffer_desc part = {.type = GSS_IOV_BUFFER_TYPE_EMPTY};

    if (bytes.len == 0)
        return part;
    part.type = GSS_IOV_BUFFER_TYPE_SIGN_ONLY;
    part.buffer.length = bytes.len;
    /* Not const, but only read. */
    memcpy(&part.buffer.value, &bytes.data, sizeof part.buffer.value);
    return part;
}

static void
lay_out(const struct cf_gss_message *message, uint8_t *token, size_t token_len,
        gss_iov_buffer_desc ret_parts[N_PARTS])
{
    ret_parts[HEAD] = signed_part(message->head);
    ret_parts[BODY] =
        (gss_iov_buffer_desc){.type = GSS_IOV_BUFFER_TYPE_DATA,
                              .buffer = {.length = message->body_len, .value = message->body}};
    ret_parts[TRAIL] = signed_part(message->trail);
    ret_parts[TOKEN] = (gss_iov_buffer_desc){.type = GSS_IOV_BUFFER_TYPE_HEADER,
                                             .buffer = {.length = token_len, .value = token}};
}

static enum cf_rc
check_usable(const struct cf_gss *gss, struct cf_err *err)
{
    if (!gss->is_complete || !(gss->needed & GSS_C_DCE_STYLE) || !(gss->needed & GSS_C_CONF_FLAG))
        return cf_fail(err, CF_E_BUG, "Kerberos: %s: sealing without a context made for it",
                       gss->service);
    return CF_OK;
}

/* Sealing fails only with a context that has come to its end. */
static enum cf_rc
fail_seal(const struct cf_gss *gss, OM_uint32 major, OM_uint32 minor, struct cf_err *err)
{
    struct cf_err own = {0};

    (void)cf_kerberos_explain(gss->service, cf_kerberos_oid(gss->mech), major, minor, NULL, &own);
    return cf_fail(err, CF_E_NET, "cannot seal a message: %s", own.text);
}

enum cf_rc
cf_gss_token_len(struct cf_gss *gss, const struct cf_gss_message *message, size_t *ret_len,
                 struct cf_err *err)
{
    gss_iov_buffer_desc parts[N_PARTS];
    OM_uint32 minor = 0;
    int is_sealed = 0;

    CF_TRY(check_usable(gss, err));
    lay_out(message, NULL, 0, parts);
    OM_uint32 major =
        gss_wrap_iov_length(&minor, gss->context, 1, GSS_C_QOP_DEFAULT, &is_sealed, parts, N_PARTS);
    if (major != GSS_S_COMPLETE)
        return fail_seal(gss, major, minor, err);
    *ret_len = parts[TOKEN].buffer.length;
    return CF_OK;
}

enum cf_rc
cf_gss_seal(struct cf_gss *gss, const struct cf_gss_message *message, uint8_t *ret_token,
            size_t token_len, struct cf_err *err)
{
    gss_iov_buffer_desc parts[N_PARTS];
    OM_uint32 minor = 0;
    int is_sealed = 0;

    CF_TRY(check_usable(gss, err));
    lay_out(message, ret_token, token_len, parts);
    OM_uint32 major =
        gss_wrap_iov(&minor, gss->context, 1, GSS_C_QOP_DEFAULT, &is_sealed, parts, N_PARTS);
    if (major != GSS_S_COMPLETE)
        return fail_seal(gss, major, minor, err);
    if (!is_sealed || parts[TOKEN].buffer.length != token_len)
        return cf_fail(err, CF_E_BUG, "Kerberos: %s: a message was not sealed as asked",
                       gss->service);
    return CF_OK;
}

static const char *
fault_of(OM_uint32 major, int is_sealed)
{
    if (GSS_ROUTINE_ERROR(major) == GSS_S_BAD_SIG)
        return "was changed on the way";
    if (GSS_ERROR(major))
        return "is not sealed as it has to be";
    if (major & (GSS_S_DUPLICATE_TOKEN | GSS_S_OLD_TOKEN))
        return "came twice";
    if (major != GSS_S_COMPLETE)
        return "is out of order";
    return is_sealed ? NULL : "is only signed, not encrypted";
}

enum cf_rc
cf_gss_unseal(struct cf_gss *gss, const struct cf_gss_message *message, struct cf_bytes token,
              struct cf_err *err)
{
    gss_iov_buffer_desc parts[N_PARTS];
    uint8_t copy[SEAL_TOKEN_MAX]; /* the library turns its bytes round */
    OM_uint32 minor = 0;
    int is_sealed = 0;

    CF_TRY(check_usable(gss, err));
    if (token.len == 0 || token.len > sizeof copy)
        return cf_fail(err, CF_E_PROTOCOL, "Kerberos: %s: sealing token of %zu bytes", gss->service,
                       token.len);
    memcpy(copy, token.data, token.len);
    lay_out(message, copy, token.len, parts);
    OM_uint32 major = gss_unwrap_iov(&minor, gss->context, &is_sealed, NULL, parts, N_PARTS);
    const char *fault = fault_of(major, is_sealed);
    if (fault)
        return cf_fail(err, CF_E_PROTOCOL, "Kerberos: %s: the server's message %s", gss->service,
                       fault);
    return CF_OK;
}
