/* SPDX-License-Identifier: Apache-2.0 */
/* backend_calls - the commands of docs/protocol/scep-socket.md, one function each. */
#include "backend_call.h"

static void
allow_wait(struct cf_scep_call *call, unsigned wait_s)
{
    call->has_wait = true;
    call->wait_s = wait_s < CF_SCEP_WAIT_MAX_S ? wait_s : CF_SCEP_WAIT_MAX_S;
}

static enum cf_rc
run_for_answer(struct cf_scep_backend *backend, struct cf_scep_call *call,
               struct cf_scep_answer *ret_answer, struct cf_buf **ret_crl, struct cf_err *err)
{
    cf_own(cf_json) answer = NULL;
    const struct cf_json *result = NULL;

    CF_TRY(cf_scep_call_run(backend, call, &answer, &result, err));
    return cf_scep_parse_answer(result, ret_answer, ret_crl, err);
}

enum cf_rc
cf_scep_backend_profiles(struct cf_scep_backend *backend, struct cf_scep_profiles **ret_profiles,
                         struct cf_err *err)
{
    struct cf_scep_call call = {0};
    cf_own(cf_json) answer = NULL;
    const struct cf_json *result = NULL;

    CF_TRY(cf_scep_call_begin(&call, "profiles", err));
    CF_TRY(cf_scep_call_run(backend, &call, &answer, &result, err));
    return cf_scep_parse_profiles(result, ret_profiles, err);
}

enum cf_rc
cf_scep_backend_enroll(struct cf_scep_backend *backend, const struct cf_scep_request *request,
                       unsigned wait_s, struct cf_scep_answer *ret_answer, struct cf_err *err)
{
    struct cf_scep_call call = {0};

    CF_TRY(cf_scep_call_begin(&call, "enroll", err));
    cf_json_put_string(&call.out, "profile", request->profile);
    cf_json_put_string(&call.out, "type", cf_scep_message_type_name(request->type));
    cf_json_put_string(&call.out, "transactionId", request->transaction_id);
    cf_json_put_base64(&call.out, "csr", request->csr);
    cf_json_put_base64(&call.out, "signer", request->signer);
    if (request->remote)
        cf_json_put_string(&call.out, "remote", request->remote);
    allow_wait(&call, wait_s);
    return run_for_answer(backend, &call, ret_answer, NULL, err);
}

enum cf_rc
cf_scep_backend_poll(struct cf_scep_backend *backend, const char *profile,
                     const char *transaction_id, struct cf_bytes signer, unsigned wait_s,
                     struct cf_scep_answer *ret_answer, struct cf_err *err)
{
    struct cf_scep_call call = {0};

    CF_TRY(cf_scep_call_begin(&call, "poll", err));
    cf_json_put_string(&call.out, "profile", profile);
    cf_json_put_string(&call.out, "transactionId", transaction_id);
    cf_json_put_base64(&call.out, "signer", signer);
    allow_wait(&call, wait_s);
    return run_for_answer(backend, &call, ret_answer, NULL, err);
}

enum cf_rc
cf_scep_backend_look(struct cf_scep_backend *backend, const char *context, unsigned wait_s,
                     struct cf_scep_answer *ret_answer, struct cf_err *err)
{
    struct cf_scep_call call = {0};

    CF_TRY(cf_scep_call_begin(&call, "look", err));
    cf_json_put_string(&call.out, "context", context);
    allow_wait(&call, wait_s);
    return run_for_answer(backend, &call, ret_answer, NULL, err);
}

enum cf_rc
cf_scep_backend_get_cert(struct cf_scep_backend *backend, const char *profile,
                         struct cf_bytes issuer, const char *serial,
                         struct cf_scep_answer *ret_answer, struct cf_err *err)
{
    struct cf_scep_call call = {0};

    CF_TRY(cf_scep_call_begin(&call, "get-cert", err));
    cf_json_put_string(&call.out, "profile", profile);
    cf_json_put_base64(&call.out, "issuer", issuer);
    cf_json_put_string(&call.out, "serial", serial);
    return run_for_answer(backend, &call, ret_answer, NULL, err);
}

enum cf_rc
cf_scep_backend_get_crl(struct cf_scep_backend *backend, const char *profile,
                        struct cf_bytes issuer, struct cf_scep_answer *ret_answer,
                        struct cf_buf **ret_crl, struct cf_err *err)
{
    struct cf_scep_call call = {0};

    *ret_crl = NULL;
    CF_TRY(cf_scep_call_begin(&call, "get-crl", err));
    cf_json_put_string(&call.out, "profile", profile);
    cf_json_put_base64(&call.out, "issuer", issuer);
    return run_for_answer(backend, &call, ret_answer, ret_crl, err);
}

enum cf_rc
cf_scep_backend_ra_get(struct cf_scep_backend *backend, const char *ca,
                       struct cf_scep_ra_state *ret_state, struct cf_err *err)
{
    struct cf_scep_call call = {0};
    cf_own(cf_json) answer = NULL;
    const struct cf_json *result = NULL;

    CF_TRY(cf_scep_call_begin(&call, "ra-get", err));
    cf_json_put_string(&call.out, "ca", ca);
    CF_TRY(cf_scep_call_run(backend, &call, &answer, &result, err));
    return cf_scep_parse_ra_state(result, ret_state, err);
}

enum cf_rc
cf_scep_backend_ra_put(struct cf_scep_backend *backend, const char *ca, uint64_t version,
                       struct cf_bytes document, uint64_t *ret_version, struct cf_err *err)
{
    struct cf_scep_call call = {0};
    cf_own(cf_json) answer = NULL;
    cf_own(cf_json) tree = NULL;
    const struct cf_json *result = NULL;
    int64_t new_version = 0;

    CF_TRY(cf_json_parse(document, CF_SCEP_RA_DOCUMENT_MAX, &tree, err));
    CF_TRY(cf_scep_call_begin(&call, "ra-put", err));
    cf_json_put_string(&call.out, "ca", ca);
    cf_json_put_int(&call.out, "version", (int64_t)version);
    cf_json_put_json(&call.out, "document", tree);
    CF_TRY(cf_scep_call_run(backend, &call, &answer, &result, err));
    if (cf_json_int(result, "version", 1, INT64_MAX, &new_version, err) != CF_OK)
        return cf_fail(err, CF_E_PROTOCOL, "certferryd's answer to ra-put has no version");
    *ret_version = (uint64_t)new_version;
    return CF_OK;
}

enum cf_rc
cf_scep_backend_ra_request(struct cf_scep_backend *backend, const char *ca,
                           enum cf_scep_ra_role role, struct cf_bytes csr, unsigned wait_s,
                           struct cf_scep_answer *ret_answer, struct cf_err *err)
{
    struct cf_scep_call call = {0};

    CF_TRY(cf_scep_call_begin(&call, "ra-request", err));
    cf_json_put_string(&call.out, "ca", ca);
    cf_json_put_string(&call.out, "role", cf_scep_ra_role_name(role));
    cf_json_put_base64(&call.out, "csr", csr);
    allow_wait(&call, wait_s);
    return run_for_answer(backend, &call, ret_answer, NULL, err);
}
