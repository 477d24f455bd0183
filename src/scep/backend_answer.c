/* SPDX-License-Identifier: Apache-2.0 */
/* backend_answer - what certferryd says became of a request. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend_call.h"
#include "certferry/text.h"

enum { BLOB_MAX = CF_SCEP_LINE_MAX / 4 * 3, RETRY_AFTER_MAX_S = 30 * 24 * 3600, TEXT_MAX = 4096 };

static enum cf_rc
parse_fail_info(const struct cf_json *result, enum cf_scep_fail_info *ret, struct cf_err *err)
{
    const char *name = NULL;

    CF_TRY(cf_json_string(result, "failInfo", 1, CF_SCEP_NAME_MAX, &name, err));
    for (enum cf_scep_fail_info info = CF_SCEP_BAD_ALG; info <= CF_SCEP_BAD_CERT_ID; info++) {
        if (strcmp(cf_scep_fail_info_name(info), name) == 0) {
            *ret = info;
            return CF_OK;
        }
    }
    return cf_fail(err, CF_E_FIELD, "failInfo: is no name of RFC 8894");
}

static enum cf_rc
parse_text(const struct cf_json *result, struct cf_scep_answer *answer, struct cf_err *err)
{
    const char *text = "";

    CF_TRY(cf_json_string_opt(result, "text", 0, TEXT_MAX, &text, err));
    cf_text_sanitize(text, strlen(text), answer->text, sizeof answer->text);
    return CF_OK;
}

static enum cf_rc
parse_retry_after(const struct cf_json *result, struct cf_scep_answer *answer, struct cf_err *err)
{
    int64_t seconds = 0;

    CF_TRY(cf_json_int(result, "retryAfterSeconds", 0, RETRY_AFTER_MAX_S, &seconds, err));
    answer->retry_after_ms = (uint64_t)seconds * 1000;
    return CF_OK;
}

/* A certificate that is asked for by its serial number may come without a chain. */
static enum cf_rc
parse_chain(const struct cf_json *result, struct cf_scep_answer *answer, struct cf_err *err)
{
    const char *text = "";

    CF_TRY(cf_json_string_opt(result, "chain", 0, CF_SCEP_LINE_MAX, &text, err));
    if (text[0] != '\0')
        return cf_json_base64(result, "chain", BLOB_MAX, &answer->chain, err);
    answer->chain = cf_buf_copy(cf_bytes_of("", 0));
    return answer->chain ? CF_OK : cf_fail_oom(err);
}

static enum cf_rc
parse_issued(const struct cf_json *result, struct cf_scep_answer *answer, struct cf_buf **ret_crl,
             struct cf_err *err)
{
    if (ret_crl)
        return cf_json_base64(result, "crl", BLOB_MAX, ret_crl, err);
    CF_TRY(cf_json_base64(result, "certificate", CF_CERT_DER_MAX, &answer->cert, err));
    return parse_chain(result, answer, err);
}

static enum cf_rc
parse_members(const struct cf_json *result, struct cf_scep_answer *answer, struct cf_buf **ret_crl,
              struct cf_err *err)
{
    const char *state = NULL, *context = "";

    CF_TRY(cf_json_string(result, "state", 1, CF_SCEP_NAME_MAX, &state, err));
    if (!cf_scep_answer_state_parse(state, &answer->state))
        return cf_fail(err, CF_E_FIELD, "state: is not known to this version");
    CF_TRY(cf_json_string_opt(result, "context", 0, CF_CONTEXT_MAX, &context, err));
    (void)snprintf(answer->context, sizeof answer->context, "%s", context);
    switch (answer->state) {
    case CF_SCEP_ANSWER_ISSUED:
        return parse_issued(result, answer, ret_crl, err);
    case CF_SCEP_ANSWER_PENDING:
        return parse_retry_after(result, answer, err);
    case CF_SCEP_ANSWER_FAILED:
        CF_TRY(parse_fail_info(result, &answer->fail_info, err));
        return parse_text(result, answer, err);
    case CF_SCEP_ANSWER_WORKING:
        if (answer->context[0] == '\0')
            return cf_fail(err, CF_E_FIELD, "context: is missing");
        return CF_OK;
    case CF_SCEP_ANSWER_LATER:
        CF_TRY(parse_retry_after(result, answer, err));
        return parse_text(result, answer, err);
    }
    return CF_OK;
}

static enum cf_rc
fail_protocol(const struct cf_err *why, struct cf_err *err)
{
    if (why->rc == CF_E_OOM)
        return cf_fail_oom(err);
    return cf_fail(err, CF_E_PROTOCOL, "certferryd's answer cannot be read: %s", why->text);
}

enum cf_rc
cf_scep_parse_answer(const struct cf_json *result, struct cf_scep_answer *ret_answer,
                     struct cf_buf **ret_crl, struct cf_err *err)
{
    struct cf_scep_answer answer = {0};
    struct cf_buf *crl = NULL;
    struct cf_err why = {0};

    if (parse_members(result, &answer, ret_crl ? &crl : NULL, &why) != CF_OK) {
        cf_scep_answer_done(&answer);
        return fail_protocol(&why, err);
    }
    *ret_answer = answer;
    if (ret_crl)
        *ret_crl = crl;
    return CF_OK;
}

static enum cf_rc
parse_revoked(const struct cf_json *result, struct cf_scep_ra_state *state, struct cf_err *err)
{
    const struct cf_json *revoked = NULL;

    CF_TRY(cf_json_array(result, "revoked", CF_SCEP_RA_CERTS_MAX, &revoked, err));
    for (size_t i = 0; i < cf_json_length(revoked); i++) {
        const char *serial = NULL;

        CF_TRY(cf_json_at_string(revoked, i, 1, CF_SERIAL_TEXT_SIZE - 1, &serial, err));
        CF_TRY(cf_serial_normalize(serial, state->revoked[i], err));
        state->n_revoked = i + 1;
    }
    return CF_OK;
}

static enum cf_rc
parse_state(const struct cf_json *result, struct cf_scep_ra_state *state, struct cf_err *err)
{
    const struct cf_json *document = NULL;
    int64_t version = 0;

    CF_TRY(cf_json_int(result, "version", 0, INT64_MAX - 1, &version, err));
    state->version = (uint64_t)version;
    if (version > 0) {
        CF_TRY(cf_json_object(result, "document", &document, err));
        CF_TRY(cf_json_print(document, CF_SCEP_RA_DOCUMENT_MAX, &state->document, err));
    }
    return parse_revoked(result, state, err);
}

enum cf_rc
cf_scep_parse_ra_state(const struct cf_json *result, struct cf_scep_ra_state *ret_state,
                       struct cf_err *err)
{
    struct cf_scep_ra_state state = {0};
    struct cf_err why = {0};

    if (parse_state(result, &state, &why) != CF_OK) {
        cf_scep_ra_state_done(&state);
        return fail_protocol(&why, err);
    }
    *ret_state = state;
    return CF_OK;
}

void
cf_scep_ra_state_done(struct cf_scep_ra_state *state)
{
    state->document = cf_buf_free(state->document);
}
