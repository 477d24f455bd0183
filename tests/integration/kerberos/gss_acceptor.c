/* SPDX-License-Identifier: Apache-2.0 */
#include <gssapi/gssapi_krb5.h>
#include <string.h>

#include "gss_talk.h"

static void *
untyped(const uint8_t *data)
{
    void *same;

    memcpy(&same, &data, sizeof same);
    return same;
}

bool
acceptor_open(struct acceptor *acceptor, const char *keytab)
{
    gss_key_value_element_desc element = {"keytab", keytab};
    gss_key_value_set_desc store = {.count = 1, .elements = &element};
    OM_uint32 minor;

    return gss_acquire_cred_from(&minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, GSS_C_NO_OID_SET,
                                 GSS_C_ACCEPT, &store, &acceptor->credential, NULL,
                                 NULL) == GSS_S_COMPLETE;
}

void
acceptor_close(struct acceptor *acceptor)
{
    OM_uint32 minor;

    if (acceptor->context != GSS_C_NO_CONTEXT)
        (void)gss_delete_sec_context(&minor, &acceptor->context, GSS_C_NO_BUFFER);
    if (acceptor->credential != GSS_C_NO_CREDENTIAL)
        (void)gss_release_cred(&minor, &acceptor->credential);
}

bool
acceptor_step(struct acceptor *acceptor, struct cf_bytes token, struct cf_buf **ret_token)
{
    gss_buffer_desc input = {.length = token.len, .value = untyped(token.data)};
    gss_buffer_desc output = GSS_C_EMPTY_BUFFER;
    struct gss_channel_bindings_struct binding = {0};
    OM_uint32 minor, ignored;

    binding.application_data.length = acceptor->binding.len;
    binding.application_data.value = untyped(acceptor->binding.data);
    OM_uint32 major =
        gss_accept_sec_context(&minor, &acceptor->context, acceptor->credential, &input,
                               acceptor->binding.len > 0 ? &binding : GSS_C_NO_CHANNEL_BINDINGS,
                               NULL, NULL, &output, NULL, NULL, NULL);
    *ret_token = cf_buf_copy(cf_bytes_of(output.value, output.length));
    (void)gss_release_buffer(&ignored, &output);
    acceptor->is_complete = major == GSS_S_COMPLETE;
    return !GSS_ERROR(major);
}

enum { N_PARTS = 4 };

static void
lay_out(const struct cf_gss_message *message, uint8_t *token, size_t token_len,
        gss_iov_buffer_desc parts[N_PARTS])
{
    const struct {
        OM_uint32 type;
        size_t len;
        void *data;
    } rows[N_PARTS] = {
        {GSS_IOV_BUFFER_TYPE_SIGN_ONLY, message->head.len, untyped(message->head.data)},
        {GSS_IOV_BUFFER_TYPE_DATA, message->body_len, message->body},
        {GSS_IOV_BUFFER_TYPE_SIGN_ONLY, message->trail.len, untyped(message->trail.data)},
        {GSS_IOV_BUFFER_TYPE_HEADER, token_len, token},
    };

    for (int i = 0; i < N_PARTS; i++)
        parts[i] = (gss_iov_buffer_desc){.type = rows[i].type,
                                         .buffer = {.length = rows[i].len, .value = rows[i].data}};
}

bool
acceptor_wrap(struct acceptor *acceptor, const struct cf_gss_message *message, bool seals,
              uint8_t *ret_token, size_t token_len)
{
    gss_iov_buffer_desc parts[N_PARTS];
    OM_uint32 minor;

    lay_out(message, ret_token, token_len, parts);
    return gss_wrap_iov(&minor, acceptor->context, seals, GSS_C_QOP_DEFAULT, NULL, parts,
                        N_PARTS) == GSS_S_COMPLETE;
}

bool
acceptor_unwrap(struct acceptor *acceptor, const struct cf_gss_message *message, uint8_t *token,
                size_t token_len)
{
    gss_iov_buffer_desc parts[N_PARTS];
    OM_uint32 minor;
    int is_sealed = 0;

    lay_out(message, token, token_len, parts);
    return gss_unwrap_iov(&minor, acceptor->context, &is_sealed, NULL, parts, N_PARTS) ==
               GSS_S_COMPLETE &&
           is_sealed;
}
