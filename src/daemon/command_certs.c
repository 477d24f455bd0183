/* SPDX-License-Identifier: Apache-2.0 */
/* ca-cert, recipient-info, revoke: certificates to hand on, and one to take back. */
#include "certferry/log.h"
#include "certferry/operator.h"
#include "certferry/text.h"
#include "command.h"

static void
put_cert(struct cf_json_writer *out, const struct cf_cert *cert)
{
    cf_own_str subject = NULL;
    cf_own_str issuer = NULL;
    uint8_t digest[32];
    char hex[2 * sizeof digest + 1];

    if (cf_dn_text(cf_cert_subject(cert), &subject, NULL) == CF_OK)
        cf_json_put_string(out, "subject", subject);
    if (cf_dn_text(cf_cert_issuer(cert), &issuer, NULL) == CF_OK)
        cf_json_put_string(out, "issuer", issuer);
    cf_cert_sha256(cert, digest);
    cf_text_hex(cf_bytes_of(digest, sizeof digest), false, hex, sizeof hex);
    cf_json_put_string(out, "serial", cf_cert_serial(cert));
    cf_json_put_string(out, "sha256", hex);
    cf_command_put_time(out, "notBeforeUtc", cf_cert_not_before_ms(cert));
    cf_command_put_time(out, "notAfterUtc", cf_cert_not_after_ms(cert));
}

enum cf_rc
cf_command_ca_cert(const struct cf_command_call *call, struct cf_json_writer *out,
                   struct cf_err *err)
{
    struct cf_ca_slot *slot;
    cf_own(cf_buf) der = NULL;
    cf_own(cf_buf) pem = NULL;
    cf_own(cf_chain) chain = NULL;
    const char *name = NULL;

    CF_TRY(cf_json_string(call->request, "name", 1, 256, &name, err));
    slot = cf_site_ca(call->site, name);
    if (!slot)
        return cf_fail(err, CF_E_NOT_FOUND, "there is no [ca %s]; `certferry status` lists the CAs",
                       name);
    CF_TRY(slot->ca->ops->chain(slot->ca, &der, err));
    CF_TRY(cf_chain_parse_der(cf_buf_bytes(der), &chain, err));
    CF_TRY(cf_chain_pem(chain, &pem, err));
    cf_json_put_string(out, "name", name);
    cf_json_put_string(out, "pem", cf_buf_str(pem));
    cf_json_put_array(out, "certificates");
    for (size_t i = 0; i < cf_chain_count(chain); i++) {
        cf_json_put_object(out, NULL);
        put_cert(out, cf_chain_at(chain, i));
        cf_json_put_base64(out, "der", cf_cert_der(cf_chain_at(chain, i)));
        cf_json_put_object_end(out);
    }
    cf_json_put_array_end(out);
    return CF_OK;
}

enum cf_rc
cf_command_recipient_info(const struct cf_command_call *call, struct cf_json_writer *out,
                          struct cf_err *err)
{
    cf_own(cf_buf) pem = NULL;

    CF_TRY(cf_identity_cert_pem(call->site->signer, &pem, err));
    put_cert(out, cf_identity_cert(call->site->signer));
    cf_json_put_string(out, "pem", cf_buf_str(pem));
    return CF_OK;
}

enum cf_rc
cf_command_revoke(const struct cf_command_call *call, struct cf_json_writer *out,
                  struct cf_err *err)
{
    const char *serial = NULL, *issuer = NULL;
    int64_t reason = call->site->settings->revocation_reason;
    bool was_revoked = false;

    CF_TRY(cf_json_string(call->request, "serial", 1, 256, &serial, err));
    CF_TRY(cf_json_string_opt(call->request, "issuer", 1, 4096, &issuer, err));
    CF_TRY(cf_json_int_opt(call->request, "reason", 0, 10, &reason, err));
    CF_TRY(cf_operator_revoke(call->site, serial, issuer, (int)reason, &was_revoked, err));

    const struct cf_log_fields fields = {.serial = serial};
    cf_log(was_revoked ? CF_EV_OPERATOR_ACTION : CF_EV_CERTIFICATE_REVOKED, &fields,
           "%s: revoke %s%s", call->who, serial, was_revoked ? " (it was revoked before)" : "");
    cf_json_put_string(out, "serial", serial);
    cf_json_put_bool(out, "wasRevoked", was_revoked);
    return CF_OK;
}
