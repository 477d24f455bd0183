/* SPDX-License-Identifier: Apache-2.0 */
/* rpc_transport - requests by ICertPassage (MS-ICPR). */
#include "adcs.h"
#include "attributes.h"

enum { CERT_SERVER_REQUEST = 0, ATTRIBUTES_SIZE = 512 };

static const struct cf_rpc_interface ICERTPASSAGE = {
    .id = CF_GUID(0x91ae6020, 0x9e3c, 0x11cf, 0x8d, 0x7c, 0x00, 0xaa, 0x00, 0xc0, 0x91, 0xbe),
    .major = 0,
    .minor = 0,
    .name = "ICertPassage",
};

struct cf_rpc_target
adcs_rpc_target(const struct adcs_ca *ca)
{
    const struct cf_ca_settings *settings = ca->settings;

    return (struct cf_rpc_target){
        .host = settings->rpc_host ? settings->rpc_host : settings->host,
        .port = (uint16_t)settings->rpc_port,
        .kerberos = ca->kerberos,
        .mech = settings->rpc_auth == CF_RPC_KERBEROS ? CF_GSS_KERBEROS : CF_GSS_SPNEGO,
        .connect_timeout_ms = settings->connect_timeout_ms,
        .timeout_ms = settings->timeout_ms,
        .stop_flag = ca->env.stop_flag,
    };
}

/* Nothing was asked of the CA before the call, so what may pass is its absence. */
static enum cf_rc
open_connection(struct adcs_ca *ca, struct cf_rpc **ret_rpc, struct cf_err *err)
{
    struct cf_rpc_target target = adcs_rpc_target(ca);
    struct cf_err why = {0};

    if (!target.kerberos)
        return cf_fail(err, CF_E_BUG, "no Kerberos for %s", target.host);
    enum cf_rc rc = cf_rpc_open(&target, &ICERTPASSAGE, ret_rpc, &why);
    if (rc == CF_OK)
        return CF_OK;
    if (rc == CF_E_PROTOCOL)
        rc = CF_E_CA_DOWN;
    return cf_fail_as(err, rc, &why);
}

static enum cf_rc
request(struct adcs_ca *ca, uint32_t request_id, const char *attributes, struct cf_bytes csr,
        struct adcs_reply *ret_reply, struct cf_err *err)
{
    cf_own(cf_rpc) rpc = NULL;
    cf_own(cf_buf) question = NULL;
    cf_own(cf_buf) answer = NULL;

    ret_reply->nothing_issued = true;
    CF_TRY(adcs_icpr_write(ca->settings->ca_name, request_id, attributes, csr, &question, err));
    CF_TRY(open_connection(ca, &rpc, err));
    enum cf_rc rc =
        cf_rpc_call(rpc, CERT_SERVER_REQUEST, NULL, cf_buf_bytes(question), &answer, err);
    /* The server itself refuses who is not configured as it wants it: access, interface. */
    ret_reply->nothing_issued = !cf_rpc_was_sent(rpc) || rc == CF_E_CA_CONFIG;
    CF_TRY(rc);
    return adcs_icpr_read(cf_buf_bytes(answer), ret_reply, err);
}

enum cf_rc
adcs_rpc_submit(struct adcs_ca *ca, const struct cf_ca_submission *submission,
                struct adcs_reply *ret_reply, struct cf_err *err)
{
    struct adcs_attributes attributes;
    char text[ATTRIBUTES_SIZE];

    ret_reply->nothing_issued = true;
    adcs_attributes_of(submission, &attributes);
    CF_TRY(adcs_attributes_text(&attributes, text, sizeof text, err));
    return request(ca, 0, text, submission->csr, ret_reply, err);
}

enum cf_rc
adcs_rpc_poll(struct adcs_ca *ca, uint32_t request_id, struct adcs_reply *ret_reply,
              struct cf_err *err)
{
    return request(ca, request_id, NULL, cf_bytes_of(NULL, 0), ret_reply, err);
}

enum cf_rc
adcs_rpc_try(struct adcs_ca *ca, struct cf_err *err)
{
    cf_own(cf_rpc) rpc = NULL;

    return open_connection(ca, &rpc, err);
}
