/* SPDX-License-Identifier: Apache-2.0 */
/*
 * intune_scep - the published calls by which the management service judges SCEP requests and hears
 * of their outcome (docs/protocol/scep-validation.md).
 */
#include <stdio.h>
#include <string.h>

#include "certferry/cert.h"
#include "certferry/dn.h"
#include "certferry/json.h"

#include "parts.h"
#include "wire.h"

#define API_VERSION "2018-02-20"

enum {
    BODY_MAX = 512 * 1024,
    MORE_VALIDATIONS = 1,
    MORE_NOTIFICATIONS = 2 /* a certificate is there by then: more is at stake */
};

static enum cf_rc
begin_body(const char *root, const struct cf_scep_action *action, struct cf_json_writer *json,
           struct cf_buf **ret_body, struct cf_err *err)
{
    struct cf_buf *body = cf_buf_new(BODY_MAX);

    if (!body)
        return cf_fail_oom(err);
    *ret_body = body;
    cf_json_writer_begin(json, body);
    cf_json_put_object(json, NULL);
    cf_json_put_object(json, root);
    cf_json_put_string(json, "transactionId", action->transaction_id);
    cf_json_put_base64(json, "certificateRequest", action->csr);
    return CF_OK;
}

static enum cf_rc
end_body(struct cf_json_writer *json, struct cf_err *err)
{
    cf_json_put_string(json, "callerInfo", CF_CLOUD_AGENT);
    cf_json_put_object_end(json);
    cf_json_put_object_end(json);
    return cf_json_writer_end(json, err);
}

static enum cf_rc
send_action(struct cf_connector *connector, const char *path, struct cf_bytes body, unsigned n_more,
            uint64_t budget_ms, struct cf_scep_verdict *ret_verdict, struct cf_err *err)
{
    cf_own(cf_buf) answer = NULL;
    char activity[CF_UUID_SIZE];
    struct cf_scep_verdict verdict = {0};
    struct cf_service_call call = {
        .path = path, .api_version = API_VERSION, .body = body, .is_scep = true};

    CF_TRY(cf_service_send_within(connector, &call, n_more, budget_ms, &answer, activity, err));
    CF_TRY(cf_wire_scep_verdict(cf_buf_bytes(answer), &verdict, err));
    (void)snprintf(verdict.activity, sizeof verdict.activity, "%s", activity);
    *ret_verdict = verdict;
    return CF_OK;
}

enum cf_rc
cf_connector_scep_validate(struct cf_connector *connector, const struct cf_scep_action *action,
                           uint64_t budget_ms, struct cf_scep_verdict *ret_verdict,
                           struct cf_err *err)
{
    cf_own(cf_buf) body = NULL;
    struct cf_json_writer json;

    CF_TRY(begin_body("request", action, &json, &body, err));
    CF_TRY(end_body(&json, err));
    return send_action(connector, "ScepActions/validateRequest", cf_buf_bytes(body),
                       MORE_VALIDATIONS, budget_ms, ret_verdict, err);
}

enum cf_rc
cf_connector_scep_issued(struct cf_connector *connector, const struct cf_scep_action *action,
                         const struct cf_scep_issued *issued, uint64_t budget_ms,
                         struct cf_scep_verdict *ret_verdict, struct cf_err *err)
{
    cf_own(cf_buf) body = NULL;
    cf_own_str issuer = NULL;
    char not_after[CF_TEXT_TIME_SIZE];
    struct cf_json_writer json;

    CF_TRY(cf_dn_text(cf_cert_issuer(issued->cert), &issuer, err));
    cf_text_from_time(cf_cert_not_after_ms(issued->cert), not_after);
    CF_TRY(begin_body("notification", action, &json, &body, err));
    cf_json_put_string(&json, "certificateThumbprint", cf_cert_thumbprint(issued->cert));
    cf_json_put_string(&json, "certificateSerialNumber", cf_cert_serial(issued->cert));
    cf_json_put_string(&json, "certificateExpirationDateUtc", not_after);
    cf_json_put_string(&json, "issuingCertificateAuthority", issuer);
    cf_json_put_string(&json, "caConfiguration", issued->ca);
    CF_TRY(end_body(&json, err));
    return send_action(connector, "ScepActions/successNotification", cf_buf_bytes(body),
                       MORE_NOTIFICATIONS, budget_ms, ret_verdict, err);
}

enum cf_rc
cf_connector_scep_failed(struct cf_connector *connector, const struct cf_scep_action *action,
                         const struct cf_err *failure, uint64_t budget_ms,
                         struct cf_scep_verdict *ret_verdict, struct cf_err *err)
{
    cf_own(cf_buf) body = NULL;
    const char *text = failure->text[0] ? failure->text : cf_rc_text(failure->rc);
    char description[CF_ERR_TEXT_MAX + 1];
    struct cf_json_writer json;

    cf_text_sanitize(text, strlen(text), description, sizeof description);
    CF_TRY(begin_body("notification", action, &json, &body, err));
    cf_json_put_int(&json, "hResult", cf_wire_hresult(failure));
    cf_json_put_string(&json, "errorDescription", description);
    CF_TRY(end_body(&json, err));
    return send_action(connector, "ScepActions/failureNotification", cf_buf_bytes(body),
                       MORE_NOTIFICATIONS, budget_ms, ret_verdict, err);
}
