/* SPDX-License-Identifier: Apache-2.0 */
/* soap_fault - the answers that are a refusal. */
#include <string.h>

#include "soap_internal.h"

static enum cf_rc
read_subcode(const struct soap_node *fault, struct soap_fault *out, struct cf_err *err)
{
    const struct soap_node *code = NULL;

    CF_TRY(soap_child(fault, SOAP_NS_ENVELOPE, "Code", &code, err));
    while (code) {
        const struct soap_node *subcode = NULL;
        char value[sizeof out->subcode];

        CF_TRY(soap_child(code, SOAP_NS_ENVELOPE, "Subcode", &subcode, err));
        if (subcode) {
            CF_TRY(soap_get_words(subcode, SOAP_NS_ENVELOPE, "Value", value, sizeof value, err));
            const char *colon = strrchr(value, ':');
            const char *local = colon ? colon + 1 : value;
            memmove(out->subcode, local, strlen(local) + 1);
        }
        code = subcode;
    }
    return CF_OK;
}

/* In several languages there may be several texts. */
static enum cf_rc
read_reason(const struct soap_node *fault, struct soap_fault *out, struct cf_err *err)
{
    const struct soap_node *reason = NULL;

    CF_TRY(soap_child(fault, SOAP_NS_ENVELOPE, "Reason", &reason, err));
    const struct soap_node *text = reason ? soap_first(reason, SOAP_NS_ENVELOPE, "Text") : NULL;
    if (!text)
        return CF_OK;
    return soap_node_words(text, out->reason, sizeof out->reason, err);
}

static enum cf_rc
read_detail(const struct soap_node *fault, struct soap_fault *out, struct cf_err *err)
{
    const struct soap_node *detail = NULL;
    const struct soap_node *enrollment = NULL;
    int64_t number = 0;
    bool has = false;

    CF_TRY(soap_child(fault, SOAP_NS_ENVELOPE, "Detail", &detail, err));
    if (detail)
        CF_TRY(soap_child(detail, SOAP_NS_ENROLLMENT, "CertificateEnrollmentWSDetail", &enrollment,
                          err));
    if (!enrollment)
        return CF_OK;
    out->has_detail = true;
    CF_TRY(soap_get_integer(enrollment, SOAP_NS_ENROLLMENT, "ErrorCode", INT32_MIN, INT32_MAX,
                            &out->has_error_code, &number, err));
    out->error_code = (int32_t)number;
    CF_TRY(soap_get_bool(enrollment, SOAP_NS_ENROLLMENT, "InvalidRequest", &out->is_invalid_request,
                         err));
    number = 0;
    CF_TRY(soap_get_integer(enrollment, SOAP_NS_ENROLLMENT, "RequestID", 0, UINT32_MAX, &has,
                            &number, err));
    out->request_id = (uint32_t)number;
    return soap_get_base64(enrollment, SOAP_NS_ENROLLMENT, "BinaryResponse", ADCS_CMS_MAX,
                           &out->response, err);
}

enum cf_rc
soap_fault_read(const struct soap_node *node, bool is_ours, struct soap_fault *ret_fault,
                struct cf_err *err)
{
    CF_TRY(read_subcode(node, ret_fault, err));
    CF_TRY(read_reason(node, ret_fault, err));
    return is_ours ? read_detail(node, ret_fault, err) : CF_OK;
}

struct meaning {
    const char *subcode;
    enum cf_rc rc;
    const char *text; /* what it means and what to do */
};

static const struct meaning MEANINGS[] = {
    {"FailedAuthentication", CF_E_AUTH,
     "the user name or its password is refused: check username and password_file"},
    {"InvalidSecurityToken", CF_E_AUTH,
     "the user name or its password is refused: check username and password_file"},
    {"InvalidSecurity", CF_E_AUTH,
     "what was said about who asks is refused: check auth, the URL's kind of authentication and "
     "both clocks"},
    {"MessageExpired", CF_E_CA_CONFIG,
     "the request is too old for the server: set both clocks and let them be kept"},
    {"ActionNotSupported", CF_E_CA_CONFIG, "the service does not know this request: check its URL"},
    {"DestinationUnreachable", CF_E_CA_CONFIG, "no service is behind this URL: check it"},
    {"EndpointUnavailable", CF_E_PROTOCOL, "the service does not answer now"},
    {"InternalServiceFault", CF_E_PROTOCOL, "the service failed; see its host's event log"},
};

enum cf_rc
soap_fault_fail(const struct soap_fault *fault, struct cf_err *err)
{
    const char *name = fault->subcode[0] ? fault->subcode : "without a code";

    for (size_t i = 0; i < CF_COUNT(MEANINGS); i++) {
        if (strcmp(MEANINGS[i].subcode, fault->subcode) == 0)
            return cf_fail(err, MEANINGS[i].rc, "SOAP fault %s: %s (%.100s)", name,
                           MEANINGS[i].text, fault->reason);
    }
    return cf_fail(err, CF_E_PROTOCOL, "SOAP fault %s: %s", name, fault->reason);
}
