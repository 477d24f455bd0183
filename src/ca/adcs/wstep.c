/* SPDX-License-Identifier: Apache-2.0 */
#include "wstep.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TOKEN_TYPE                                                                                 \
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3"
#define ANSWER_ACTION SOAP_NS_ENROLLMENT "/RSTRC/wstep"

static void
write_token(struct soap_writer *writer, const char *base64)
{
    soap_begin(writer, "BinarySecurityToken", SOAP_NS_SECURITY);
    soap_attribute(writer, "ValueType", SOAP_NS_ENROLLMENT "#PKCS10");
    soap_attribute(writer, "EncodingType", SOAP_NS_SECURITY "#base64binary");
    soap_text(writer, base64);
    soap_end(writer);
}

static void
write_context(struct soap_writer *writer, const struct adcs_attributes *attributes)
{
    soap_begin(writer, "AdditionalContext", SOAP_NS_CONTEXT);
    for (size_t i = 0; i < attributes->n; i++) {
        soap_begin(writer, "ContextItem", NULL);
        soap_attribute(writer, "Name", attributes->attribute[i].name);
        soap_element(writer, "Value", NULL, attributes->attribute[i].value);
        soap_end(writer);
    }
    soap_end(writer);
}

static void
begin_request(struct soap_writer *writer, const char *type)
{
    soap_begin(writer, "RequestSecurityToken", SOAP_NS_TRUST);
    soap_element(writer, "TokenType", NULL, TOKEN_TYPE);
    soap_element(writer, "RequestType", NULL, type);
}

enum cf_rc
wstep_write_issue(const struct soap_head *head, struct cf_bytes csr,
                  const struct adcs_attributes *attributes, struct soap_message *ret_message,
                  struct cf_err *err)
{
    cf_own(soap_writer) writer = NULL;
    cf_own_str base64 = NULL;

    CF_TRY(cf_text_base64(csr, &base64, err));
    CF_TRY(soap_writer_new(head, &writer, err));
    begin_request(writer, SOAP_NS_TRUST "/Issue");
    write_token(writer, base64);
    write_context(writer, attributes);
    soap_nil(writer, "RequestID", SOAP_NS_ENROLLMENT);
    soap_end(writer);
    return soap_writer_end(writer, ret_message, err);
}

enum cf_rc
wstep_write_query(const struct soap_head *head, uint32_t request_id,
                  struct soap_message *ret_message, struct cf_err *err)
{
    cf_own(soap_writer) writer = NULL;
    char number[16];

    (void)snprintf(number, sizeof number, "%" PRIu32, request_id);
    CF_TRY(soap_writer_new(head, &writer, err));
    begin_request(writer, SOAP_NS_ENROLLMENT "/QueryTokenStatus");
    soap_element(writer, "RequestID", SOAP_NS_ENROLLMENT, number);
    soap_end(writer);
    return soap_writer_end(writer, ret_message, err);
}

/* A small number in a fault would be taken for a disposition: only failures are believed. */
static enum cf_rc
read_fault(struct soap_fault *fault, struct adcs_reply *reply, struct cf_err *err)
{
    if (fault->has_error_code && fault->error_code < 0)
        reply->disposition = (uint32_t)fault->error_code;
    else if (fault->is_invalid_request)
        reply->disposition = ADCS_DENIED;
    else
        return soap_fault_fail(fault, err);
    reply->request_id = fault->request_id;
    reply->response = cf_give(fault->response);
    memcpy(reply->message, fault->reason, sizeof reply->message);
    return CF_OK;
}

static enum cf_rc
read_request_id(const struct soap_node *response, uint32_t asked, uint32_t *ret_id,
                struct cf_err *err)
{
    int64_t number = 0;
    bool has = false;

    CF_TRY(soap_get_integer(response, SOAP_NS_ENROLLMENT, "RequestID", 0, UINT32_MAX, &has, &number,
                            err));
    if (asked != 0 && has && number != 0 && number != asked)
        return cf_fail(err, CF_E_PROTOCOL,
                       "an answer about request %" PRId64 " where %" PRIu32 " was asked about",
                       number, asked);
    *ret_id = number != 0 ? (uint32_t)number : asked;
    return CF_OK;
}

static enum cf_rc
read_token(const struct soap_node *response, struct adcs_reply *reply, struct cf_err *err)
{
    const struct soap_node *requested = NULL;
    const struct soap_node *reference = NULL;
    const struct soap_node *leaf = NULL;

    CF_TRY(soap_child(response, SOAP_NS_TRUST, "RequestedSecurityToken", &requested, err));
    if (!requested)
        return cf_fail(err, CF_E_PROTOCOL, "an answer without a RequestedSecurityToken");
    CF_TRY(soap_child(requested, SOAP_NS_SECURITY, "BinarySecurityToken", &leaf, err));
    CF_TRY(soap_child(requested, SOAP_NS_SECURITY, "SecurityTokenReference", &reference, err));
    if (!leaf == !reference)
        return cf_fail(err, CF_E_PROTOCOL, "an answer that is neither issued nor pending, or both");
    if (leaf) {
        reply->disposition = ADCS_ISSUED;
        CF_TRY(soap_get_base64(requested, SOAP_NS_SECURITY, "BinarySecurityToken", CF_CERT_DER_MAX,
                               &reply->cert, err));
        if (cf_buf_len(reply->cert) == 0)
            return cf_fail(err, CF_E_PROTOCOL, "an answer with an empty certificate");
        return CF_OK;
    }
    reply->disposition = ADCS_PENDING;
    if (reply->request_id == 0)
        return cf_fail(err, CF_E_PROTOCOL,
                       "a pending request without a number by which it could be asked about");
    return CF_OK;
}

/* The words, the certificate and what comes with it. */
static enum cf_rc
read_result(const struct soap_node *response, struct adcs_reply *reply, struct cf_err *err)
{
    CF_TRY(soap_get_words(response, SOAP_NS_ENROLLMENT, "DispositionMessage", reply->message,
                          sizeof reply->message, err));
    CF_TRY(soap_get_base64(response, SOAP_NS_SECURITY, "BinarySecurityToken", ADCS_CMS_MAX,
                           &reply->response, err));
    return read_token(response, reply, err);
}

static enum cf_rc
read_response(const struct soap_node *body, uint32_t asked, struct adcs_reply *reply,
              struct cf_err *err)
{
    const struct soap_node *response = NULL;

    if (!soap_is(body, SOAP_NS_TRUST, "RequestSecurityTokenResponseCollection"))
        return cf_fail(err, CF_E_PROTOCOL, "an answer that is no response collection");
    CF_TRY(soap_child(body, SOAP_NS_TRUST, "RequestSecurityTokenResponse", &response, err));
    if (!response)
        return cf_fail(err, CF_E_PROTOCOL, "an answer whose response collection is empty");
    CF_TRY(read_request_id(response, asked, &reply->request_id, err));
    enum cf_rc rc = read_result(response, reply, err);
    /* The CA has it: what cannot be read now can be asked for, and a new submission would make a
     * second certificate. */
    if (rc == CF_E_PROTOCOL && asked == 0 && reply->request_id != 0) {
        struct adcs_reply waits = {.request_id = reply->request_id, .disposition = ADCS_PENDING};
        adcs_reply_done(reply);
        *reply = waits;
        return CF_OK;
    }
    return rc;
}

enum cf_rc
wstep_read(struct cf_bytes answer, const char *message_id, uint32_t request_id,
           struct adcs_reply *ret_reply, struct cf_err *err)
{
    __attribute__((cleanup(soap_reply_done))) struct soap_reply soap = {0};
    struct adcs_reply reply = {0};

    CF_TRY(soap_read(answer, message_id, ANSWER_ACTION, &soap, err));
    enum cf_rc rc = soap.is_fault ? read_fault(&soap.fault, &reply, err)
                                  : read_response(soap.body, request_id, &reply, err);
    if (rc == CF_OK)
        *ret_reply = reply;
    else
        adcs_reply_done(&reply);
    return rc;
}
