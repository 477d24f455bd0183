/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "certferry/json.h"
#include "certferry/text.h"
#include "scep.h"

enum { BODY_MAX = 512 * 1024, NAME_MAX_LEN = 256, REMOTE_MAX = 128 };

enum cf_rc
cf_scep_body_write(const struct cf_scep_body *body, struct cf_bytes csr, struct cf_bytes signer,
                   struct cf_buf **ret_json, struct cf_err *err)
{
    cf_own(cf_buf) out = cf_buf_new(BODY_MAX);
    struct cf_json_writer writer;
    char remote[REMOTE_MAX];

    if (!out)
        return cf_fail_oom(err);
    cf_json_writer_begin(&writer, out);
    cf_json_put_object(&writer, NULL);
    if (body->profile) {
        cf_json_put_string(&writer, "profile", body->profile);
        cf_json_put_int(&writer, "type", body->type);
        cf_json_put_string(&writer, "transactionId", body->transaction_id);
        if (body->is_for_cloud)
            cf_json_put_bool(&writer, "isForCloud", true);
    } else {
        cf_json_put_string(&writer, "ca", body->ca);
        cf_json_put_int(&writer, "role", body->role);
    }
    if (body->remote) {
        cf_text_sanitize(body->remote, strlen(body->remote), remote, sizeof remote);
        cf_json_put_string(&writer, "remote", remote);
    }
    if (csr.len > 0)
        cf_json_put_base64(&writer, "csr", csr);
    if (signer.len > 0)
        cf_json_put_base64(&writer, "signer", signer);
    cf_json_put_object_end(&writer);
    CF_TRY(cf_json_writer_end(&writer, err));
    *ret_json = cf_give(out);
    return CF_OK;
}

static enum cf_rc
read_bytes(const struct cf_json *object, const char *name, size_t max, struct cf_buf **ret,
           struct cf_err *err)
{
    const char *text = NULL;

    CF_TRY(cf_json_string_opt(object, name, 1, 2 * max, &text, err));
    return text ? cf_text_from_base64(text, max, ret, err) : CF_OK;
}

static enum cf_rc
read_device(struct cf_scep_body *body, struct cf_err *err)
{
    int64_t type = 0;

    CF_TRY(cf_json_int(body->document, "type", CF_SCEP_CERT_REP, CF_SCEP_GET_CRL, &type, err));
    body->type = (enum cf_scep_message_type)type;
    CF_TRY(cf_json_bool_opt(body->document, "isForCloud", &body->is_for_cloud, err));
    return cf_json_string(body->document, "transactionId", 1, CF_SCEP_TRANSACTION_MAX * 4,
                          &body->transaction_id, err);
}

static enum cf_rc
read_authority(struct cf_scep_body *body, struct cf_err *err)
{
    int64_t role = 0;

    CF_TRY(cf_json_string(body->document, "ca", 1, NAME_MAX_LEN, &body->ca, err));
    CF_TRY(cf_json_int(body->document, "role", CF_SCEP_RA_SIGN, CF_SCEP_RA_BOTH, &role, err));
    body->role = (enum cf_scep_ra_role)role;
    return CF_OK;
}

static enum cf_rc
read_body(struct cf_bytes json, struct cf_scep_body *body, struct cf_err *err)
{
    CF_TRY(cf_json_parse(json, BODY_MAX, &body->document, err));
    CF_TRY(cf_json_string_opt(body->document, "profile", 1, NAME_MAX_LEN, &body->profile, err));
    CF_TRY(body->profile ? read_device(body, err) : read_authority(body, err));
    CF_TRY(cf_json_string_opt(body->document, "remote", 0, REMOTE_MAX, &body->remote, err));
    CF_TRY(read_bytes(body->document, "csr", CF_CSR_DER_MAX, &body->csr, err));
    return read_bytes(body->document, "signer", CF_CERT_DER_MAX, &body->signer, err);
}

enum cf_rc
cf_scep_body_read(struct cf_bytes json, struct cf_scep_body *ret_body, struct cf_err *err)
{
    struct cf_scep_body body = {0};
    enum cf_rc rc = read_body(json, &body, err);

    if (rc == CF_OK)
        *ret_body = body;
    else
        cf_scep_body_done(&body);
    return rc;
}

void
cf_scep_body_done(struct cf_scep_body *body)
{
    cf_buf_free(body->csr);
    cf_buf_free(body->signer);
    cf_json_free(body->document);
    *body = (struct cf_scep_body){0};
}

enum cf_rc
cf_scep_forget(struct cf_item *item, struct cf_err *err)
{
    struct cf_scep_body body = {0};
    struct cf_buf *json = NULL;
    const struct cf_bytes none = {0};

    item->csr = cf_buf_free(item->csr);
    /* What cannot be read says nothing to anybody. */
    if (!item->body || cf_scep_body_read(cf_buf_bytes(item->body), &body, NULL) != CF_OK) {
        item->body = cf_buf_free(item->body);
        return CF_OK;
    }
    enum cf_rc rc = cf_scep_body_write(&body, none, none, &json, err);
    cf_scep_body_done(&body);
    if (rc == CF_OK) {
        cf_buf_free(item->body);
        item->body = json;
    }
    return rc;
}
