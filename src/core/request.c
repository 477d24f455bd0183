/* SPDX-License-Identifier: Apache-2.0 */
#include "certferry/request.h"

#include <stdlib.h>
#include <string.h>

#include "certferry/cert.h"
#include "certferry/platform.h"
#include "certferry/text.h"
#include "request_parse.h"

enum { RECIPIENT_MAX_LEN = 16 * 1024 };

static const char *const request_types[] = {
    [CF_REQUEST_ISSUE] = "issue",
    [CF_REQUEST_RENEW] = "renew",
    [CF_REQUEST_REENCRYPT] = "reencrypt",
    [CF_REQUEST_IMPORT] = "importPfx",
};

static enum cf_rc
parse_device(const struct cf_json *request, struct cf_request_device *ret, struct cf_err *err)
{
    const struct cf_json *device = NULL;

    CF_TRY(cf_json_object(request, "device", &device, err));
    CF_TRY(cf_json_string(device, "id", 1, CF_REQUEST_NAME_MAX, &ret->id, err));
    CF_TRY(cf_json_string(device, "platform", 1, 64, &ret->platform, err));

    const struct {
        const char *name;
        const char **ret;
    } optional[] = {
        {"osVersion", &ret->os_version},
        {"azureADDeviceId", &ret->azure_ad_device_id},
        {"deviceName", &ret->name},
        {"serialNumber", &ret->serial_number},
        {"imei", &ret->imei},
        {"meid", &ret->meid},
        {"wiFiMacAddress", &ret->wifi_mac},
        {"fullyQualifiedDomainName", &ret->fqdn},
    };
    for (size_t i = 0; i < CF_COUNT(optional); i++)
        CF_TRY(cf_json_string_opt(device, optional[i].name, 0, CF_REQUEST_NAME_MAX, optional[i].ret,
                                  err));
    return CF_OK;
}

/* The device's decides; one that differs in the profile was meant for another device. */
static enum cf_rc
check_platform(const struct cf_request *request, struct cf_err *err)
{
    const char *profile = request->profile.platform;
    const char *device = request->device.platform;

    if (!profile || cf_platform_fits(profile, device))
        return CF_OK;
    return cf_fail(err, CF_E_FIELD,
                   "profile.platform: '%s' differs from device.platform '%s'; assign the profile "
                   "to devices of its own platform",
                   profile, device);
}

static enum cf_rc
parse_user(const struct cf_json *request, struct cf_request_user *ret, struct cf_err *err)
{
    const struct cf_json *user = NULL;

    CF_TRY(cf_json_object_opt(request, "user", &user, err));
    if (!user)
        return CF_OK;

    const struct {
        const char *name;
        const char **ret;
    } optional[] = {
        {"userName", &ret->name},
        {"userPrincipalName", &ret->upn},
        {"emailAddress", &ret->email},
        {"givenName", &ret->given_name},
        {"surname", &ret->surname},
        {"department", &ret->department},
        {"onPremisesDistinguishedName", &ret->distinguished_name},
        {"onPremisesSamAccountName", &ret->sam_account_name},
        {"onPremisesSecurityIdentifier", &ret->security_identifier},
    };
    for (size_t i = 0; i < CF_COUNT(optional); i++)
        CF_TRY(cf_json_string_opt(user, optional[i].name, 0, CF_REQUEST_TEXT_MAX, optional[i].ret,
                                  err));
    ret->is_present = true;
    return CF_OK;
}

static enum cf_rc
parse_ca(struct cf_request *request, struct cf_err *err)
{
    const struct cf_json *json = request->document;

    CF_TRY(cf_json_string(json, "certificationAuthority", 1, CF_REQUEST_NAME_MAX, &request->ca_host,
                          err));
    CF_TRY(cf_json_string(json, "certificationAuthorityName", 1, CF_REQUEST_NAME_MAX,
                          &request->ca_name, err));
    return cf_json_string(json, "certificateTemplateName", 1, CF_REQUEST_NAME_MAX,
                          &request->template_name, err);
}

/* Which certificate is renewed or sealed again. */
static enum cf_rc
parse_thumbprint(struct cf_request *request, struct cf_err *err)
{
    if (request->type != CF_REQUEST_RENEW && request->type != CF_REQUEST_REENCRYPT)
        return CF_OK;
    CF_TRY(cf_json_string_opt(request->document, "certificateThumbprint", 1, CF_REQUEST_NAME_MAX,
                              &request->certificate_thumbprint, err));
    if (!request->certificate_thumbprint)
        return CF_OK;
    CF_TRY(
        cf_request_check_thumbprint("certificateThumbprint", request->certificate_thumbprint, err));
    if (strpbrk(request->certificate_thumbprint, "abcdef"))
        return cf_fail(err, CF_E_SYNTAX, "certificateThumbprint: is written in upper case");
    return CF_OK;
}

static enum cf_rc
parse_members(struct cf_request *request, struct cf_err *err)
{
    const struct cf_json *json = request->document;
    const char *type = NULL, *recipient = NULL;
    size_t index = 0;

    CF_TRY(cf_json_string(json, "requestContext", 1, CF_CONTEXT_MAX, &request->context, err));
    CF_TRY(cf_json_string(json, "requestType", 1, 32, &type, err));
    CF_TRY(cf_request_parse_choice("requestType", type, request_types, CF_COUNT(request_types),
                                   &index, err));
    request->type = (enum cf_request_type)index;
    if (request->type != CF_REQUEST_IMPORT)
        CF_TRY(parse_ca(request, err));
    CF_TRY(parse_thumbprint(request, err));
    CF_TRY(cf_request_parse_profile(json, request->type, &request->profile, err));
    CF_TRY(parse_device(json, &request->device, err));
    CF_TRY(check_platform(request, err));
    CF_TRY(cf_request_check_key_storage(request, err));
    CF_TRY(parse_user(json, &request->user, err));
    CF_TRY(cf_json_string(json, "recipientCertificate", 1, 2 * RECIPIENT_MAX_LEN, &recipient, err));
    if (cf_text_from_base64(recipient, RECIPIENT_MAX_LEN, &request->recipient, err) != CF_OK)
        return cf_err_prefix(err, "recipientCertificate");
    return request->type == CF_REQUEST_IMPORT ? cf_request_parse_import(request, err) : CF_OK;
}

enum cf_rc
cf_request_parse(struct cf_bytes json, struct cf_request **ret_request, struct cf_err *err)
{
    cf_own(cf_request) request = calloc(1, sizeof *request);
    if (!request)
        return cf_fail_oom(err);

    CF_TRY(cf_json_parse(json, CF_REQUEST_MAX, &request->document, err));
    CF_TRY(parse_members(request, err));

    *ret_request = cf_give(request);
    return CF_OK;
}

struct cf_request *
cf_request_free(struct cf_request *request)
{
    if (!request)
        return NULL;

    free(request->profile.san);
    cf_buf_free(request->recipient);
    cf_buf_free(request->encrypted_pfx);
    cf_buf_free(request->encrypted_password);
    cf_json_free(request->document);
    free(request);
    return NULL;
}

/* The whole is parsed, so that a member inside a text or a nested object is not taken for it. */
enum cf_kind
cf_request_kind(struct cf_bytes json)
{
    cf_own(cf_json) document = NULL;
    const char *type = NULL;

    if (cf_json_parse(json, CF_REQUEST_MAX, &document, NULL) != CF_OK ||
        cf_json_string(document, "requestType", 1, 32, &type, NULL) != CF_OK)
        return CF_KIND_PKCS;
    if (strcmp(type, request_types[CF_REQUEST_REENCRYPT]) == 0)
        return CF_KIND_REENCRYPT;
    return strcmp(type, request_types[CF_REQUEST_IMPORT]) == 0 ? CF_KIND_IMPORT : CF_KIND_PKCS;
}

enum cf_rc
cf_revocation_request_parse(struct cf_bytes json, struct cf_revocation_request **ret_request,
                            struct cf_err *err)
{
    cf_own(cf_revocation_request) request = calloc(1, sizeof *request);
    if (!request)
        return cf_fail_oom(err);
    const char *serial = NULL;

    CF_TRY(cf_json_parse(json, CF_REQUEST_MAX, &request->document, err));
    const struct cf_json *document = request->document;
    CF_TRY(cf_json_string(document, "requestContext", 1, CF_CONTEXT_MAX, &request->context, err));
    CF_TRY(cf_json_string(document, "serialNumber", 1, 256, &serial, err));
    if (cf_serial_normalize(serial, request->serial, err) != CF_OK)
        return cf_err_prefix(err, "serialNumber");
    CF_TRY(
        cf_json_string_opt(document, "issuerName", 0, CF_REQUEST_TEXT_MAX, &request->issuer, err));
    CF_TRY(cf_json_string_opt(document, "caConfiguration", 0, CF_REQUEST_NAME_MAX,
                              &request->ca_configuration, err));

    *ret_request = cf_give(request);
    return CF_OK;
}

struct cf_revocation_request *
cf_revocation_request_free(struct cf_revocation_request *request)
{
    if (!request)
        return NULL;

    cf_json_free(request->document);
    free(request);
    return NULL;
}
