/* SPDX-License-Identifier: Apache-2.0 */
#include "result.h"

#include <string.h>

#include "certferry/json.h"
#include "certferry/text.h"

static enum cf_rc
begin(struct cf_json_writer *writer, const char *context, bool succeeded, struct cf_buf **ret_out,
      struct cf_err *err)
{
    struct cf_buf *out = cf_buf_new(CF_RESULT_MAX);
    if (!out)
        return cf_fail_oom(err);

    cf_json_writer_begin(writer, out);
    cf_json_put_object(writer, NULL);
    cf_json_put_string(writer, "requestContext", context);
    cf_json_put_bool(writer, "succeeded", succeeded);
    *ret_out = out;
    return CF_OK;
}

static enum cf_rc
end(struct cf_json_writer *writer, struct cf_err *err)
{
    cf_json_put_object_end(writer);
    return cf_json_writer_end(writer, err);
}

static void
put_verdict(struct cf_json_writer *writer, enum cf_cloud_code code, const char *message)
{
    cf_json_put_string(writer, "errorCode", cf_cloud_code_name(code));
    cf_json_put_string(writer, "errorMessage", message);
}

static void
put_time(struct cf_json_writer *writer, const char *name, int64_t ms)
{
    char text[CF_TEXT_TIME_SIZE];

    cf_text_from_time(ms, text);
    cf_json_put_string(writer, name, text);
}

/* Nodes of the ClientCertificateInstall configuration service provider. */
static void
put_key_storage(struct cf_json_writer *writer, const struct cf_request_profile *profile)
{
    enum cf_key_storage storage = profile->key_storage;

    if (storage == CF_KEY_STORAGE_UNSET)
        storage = CF_KEY_STORAGE_TPM_OR_SOFTWARE;
    cf_json_put_int(writer, "keyLocation", (int64_t)storage);
    if (storage == CF_KEY_STORAGE_PASSPORT)
        cf_json_put_string(writer, "containerName", profile->container_name);
    cf_json_put_bool(writer, "pfxKeyExportable", false);
    cf_json_put_string(writer, "certificateStore", profile->is_machine_store ? "machine" : "user");
}

enum cf_rc
cf_result_issued(const struct cf_issued *issued, struct cf_buf **ret_json, struct cf_err *err)
{
    const struct cf_cert *cert = issued->cert;
    const struct cf_sealed *sealed = issued->sealed;
    cf_own(cf_buf) out = NULL;
    cf_own_str issuer = NULL;
    struct cf_json_writer writer;

    CF_TRY(cf_dn_text(cf_cert_issuer(cert), &issuer, err));
    CF_TRY(begin(&writer, issued->context, true, &out, err));
    cf_json_put_string(&writer, "status", "issued");
    put_verdict(&writer, CF_CLOUD_NONE, NULL);
    cf_json_put_base64(&writer, "sealedPfx", cf_buf_bytes(sealed->pfx));
    if (sealed->password)
        cf_json_put_base64(&writer, "sealedPfxPassword", cf_buf_bytes(sealed->password));
    else
        cf_json_put_string(&writer, "sealedPfxPassword", NULL);
    cf_json_put_string(&writer, "envelope", cf_envelope_name(issued->envelope));
    cf_json_put_base64(&writer, "certificate", cf_cert_der(cert));
    cf_json_put_string(&writer, "certificateThumbprint", cf_cert_thumbprint(cert));
    cf_json_put_string(&writer, "certificateSerialNumber", cf_cert_serial(cert));
    put_time(&writer, "certificateNotBeforeUtc", cf_cert_not_before_ms(cert));
    put_time(&writer, "certificateExpirationDateUtc", cf_cert_not_after_ms(cert));
    cf_json_put_string(&writer, "issuingCertificateAuthority", issuer);
    cf_json_put_string(&writer, "caConfiguration", issued->ca_section);
    if (issued->root)
        cf_json_put_base64(&writer, "rootCertificate", cf_cert_der(issued->root));
    if (issued->envelope == CF_ENVELOPE_WINDOWS_CSP)
        put_key_storage(&writer, issued->profile);
    CF_TRY(end(&writer, err));

    *ret_json = cf_give(out);
    return CF_OK;
}

enum cf_rc
cf_result_pending(const char *context, struct cf_buf **ret_json, struct cf_err *err)
{
    cf_own(cf_buf) out = NULL;
    struct cf_json_writer writer;

    CF_TRY(begin(&writer, context, false, &out, err));
    cf_json_put_string(&writer, "status", "pending");
    put_verdict(&writer, CF_CLOUD_NONE, NULL);
    CF_TRY(end(&writer, err));

    *ret_json = cf_give(out);
    return CF_OK;
}

enum cf_rc
cf_result_failed(enum cf_kind kind, const char *context, const struct cf_err *failure,
                 struct cf_buf **ret_json, struct cf_err *err)
{
    cf_own(cf_buf) out = NULL;
    struct cf_json_writer writer;
    char message[CF_ERR_TEXT_MAX + 1];

    /* A failure has to be reported, so no text may stand in its way. */
    cf_text_sanitize(failure->text, strlen(failure->text), message, sizeof message);
    CF_TRY(begin(&writer, context, false, &out, err));
    if (kind != CF_KIND_REVOCATION)
        cf_json_put_string(&writer, "status", "failed");
    put_verdict(&writer, cf_rc_cloud_code(failure->rc),
                message[0] ? message : cf_rc_text(failure->rc));
    CF_TRY(end(&writer, err));

    *ret_json = cf_give(out);
    return CF_OK;
}

enum cf_rc
cf_result_revoked(const char *context, struct cf_buf **ret_json, struct cf_err *err)
{
    cf_own(cf_buf) out = NULL;
    struct cf_json_writer writer;

    CF_TRY(begin(&writer, context, true, &out, err));
    put_verdict(&writer, CF_CLOUD_NONE, NULL);
    CF_TRY(end(&writer, err));

    *ret_json = cf_give(out);
    return CF_OK;
}
