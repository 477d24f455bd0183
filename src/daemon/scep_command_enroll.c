/* SPDX-License-Identifier: Apache-2.0 */
/* enroll, poll, look, ra-request: requests, and what became of them. */
#include <string.h>

#include "certferry/csr.h"
#include "scep_commands.h"

enum {
    TRANSACTION_BYTES_MAX = 4 * CF_SCEP_TRANSACTION_MAX, /* of UTF-8 */
    REMOTE_MAX = 128
};

/* A wrong waitSeconds is found before anything is taken in. */
static enum cf_rc
check_wait(const struct cf_command_call *call, struct cf_err *err)
{
    int64_t wait_s = 0;

    return cf_json_int_opt(call->request, "waitSeconds", 0, CF_SCEP_WAIT_MAX_S, &wait_s, err);
}

static enum cf_rc
parse_type(const struct cf_command_call *call, enum cf_scep_message_type *ret, struct cf_err *err)
{
    const char *type = NULL;

    CF_TRY(cf_json_string(call->request, "type", 1, CF_SCEP_NAME_MAX, &type, err));
    if (strcmp(type, cf_scep_message_type_name(CF_SCEP_PKCS_REQ)) == 0)
        *ret = CF_SCEP_PKCS_REQ;
    else if (strcmp(type, cf_scep_message_type_name(CF_SCEP_RENEWAL_REQ)) == 0)
        *ret = CF_SCEP_RENEWAL_REQ;
    else
        return cf_fail(err, CF_E_FIELD, "type: must be PKCSReq or RenewalReq");
    return CF_OK;
}

static enum cf_rc
put_and_end(const struct cf_command_call *call, struct cf_scep_answer *take_answer,
            struct cf_json_writer *out, struct cf_err *err)
{
    enum cf_rc rc = cf_scep_command_put(call, take_answer, NULL, out, err);

    cf_scep_answer_done(take_answer);
    return rc;
}

enum cf_rc
cf_scep_command_enroll(const struct cf_command_call *call, struct cf_json_writer *out,
                       struct cf_err *err)
{
    cf_own(cf_buf) csr = NULL;
    cf_own(cf_buf) signer = NULL;
    struct cf_scep_request request = {0};
    struct cf_scep_answer answer = {0};

    CF_TRY(check_wait(call, err));
    CF_TRY(cf_json_string(call->request, "profile", 1, CF_SCEP_NAME_MAX, &request.profile, err));
    CF_TRY(parse_type(call, &request.type, err));
    CF_TRY(cf_json_string(call->request, "transactionId", 1, TRANSACTION_BYTES_MAX,
                          &request.transaction_id, err));
    CF_TRY(cf_json_base64(call->request, "csr", CF_CSR_DER_MAX, &csr, err));
    CF_TRY(cf_json_base64(call->request, "signer", CF_CERT_DER_MAX, &signer, err));
    CF_TRY(cf_json_string_opt(call->request, "remote", 0, REMOTE_MAX, &request.remote, err));
    request.csr = cf_buf_bytes(csr);
    request.signer = cf_buf_bytes(signer);
    CF_TRY(cf_scep_enroll(call->daemon->scheduler, &request, &answer, err));
    return put_and_end(call, &answer, out, err);
}

enum cf_rc
cf_scep_command_poll(const struct cf_command_call *call, struct cf_json_writer *out,
                     struct cf_err *err)
{
    cf_own(cf_buf) signer = NULL;
    const char *profile = NULL, *transaction_id = NULL;
    struct cf_scep_answer answer = {0};

    CF_TRY(check_wait(call, err));
    CF_TRY(cf_json_string(call->request, "profile", 1, CF_SCEP_NAME_MAX, &profile, err));
    CF_TRY(cf_json_string(call->request, "transactionId", 1, TRANSACTION_BYTES_MAX, &transaction_id,
                          err));
    CF_TRY(cf_json_base64(call->request, "signer", CF_CERT_DER_MAX, &signer, err));
    CF_TRY(cf_scep_poll(call->daemon->scheduler, profile, transaction_id, cf_buf_bytes(signer),
                        &answer, err));
    return put_and_end(call, &answer, out, err);
}

enum cf_rc
cf_scep_command_look(const struct cf_command_call *call, struct cf_json_writer *out,
                     struct cf_err *err)
{
    const char *context = NULL;
    struct cf_scep_answer answer = {0};

    CF_TRY(check_wait(call, err));
    CF_TRY(cf_json_string(call->request, "context", 1, CF_CONTEXT_MAX, &context, err));
    CF_TRY(cf_scep_look(call->daemon->scheduler, context, &answer, err));
    return put_and_end(call, &answer, out, err);
}

static enum cf_rc
parse_role(const struct cf_command_call *call, enum cf_scep_ra_role *ret, struct cf_err *err)
{
    const char *name = NULL;

    CF_TRY(cf_json_string(call->request, "role", 1, CF_SCEP_NAME_MAX, &name, err));
    if (cf_scep_ra_role_parse(name, ret))
        return CF_OK;
    return cf_fail(err, CF_E_FIELD, "role: must be sign, encryption or both");
}

enum cf_rc
cf_scep_command_ra_request(const struct cf_command_call *call, struct cf_json_writer *out,
                           struct cf_err *err)
{
    cf_own(cf_buf) csr = NULL;
    const char *ca = NULL;
    enum cf_scep_ra_role role = CF_SCEP_RA_BOTH;
    struct cf_scep_answer answer = {0};

    CF_TRY(check_wait(call, err));
    CF_TRY(cf_json_string(call->request, "ca", 1, CF_SCEP_NAME_MAX, &ca, err));
    CF_TRY(parse_role(call, &role, err));
    CF_TRY(cf_json_base64(call->request, "csr", CF_CSR_DER_MAX, &csr, err));
    CF_TRY(cf_scep_ra_enroll(call->daemon->scheduler, ca, role, cf_buf_bytes(csr), &answer, err));
    return put_and_end(call, &answer, out, err);
}
