/* SPDX-License-Identifier: Apache-2.0 */
#include "certferry/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certferry/cert.h"
#include "certferry/store.h"
#include "certferry/text.h"

enum {
    NAME_MAX_LEN = 256,
    TEXT_MAX_LEN = 1024,
    SUBJECT_MAX_LEN = 4096,
    RECIPIENT_MAX_LEN = 16 * 1024
};

#define DAY_MS (UINT64_C(24) * 60 * 60 * 1000)

static const char *const san_types[] = {
    [CF_SAN_EMAIL] = "emailAddress",
    [CF_SAN_UPN] = "userPrincipalName",
    [CF_SAN_DNS] = "domainNameService",
    [CF_SAN_URI] = "universalResourceIdentifier",
};

static const char *const request_types[] = {
    [CF_REQUEST_ISSUE] = "issue",
    [CF_REQUEST_RENEW] = "renew",
    [CF_REQUEST_REENCRYPT] = "reencrypt",
    [CF_REQUEST_IMPORT] = "importPfx",
};

/* Index of text in names; the error lists what is known. */
static enum cf_rc
parse_name(const char *field, const char *text, const char *const *names, size_t n_names,
           size_t *ret, struct cf_err *err)
{
    char known[160] = "";

    for (size_t i = 0; i < n_names; i++) {
        if (strcmp(text, names[i]) == 0) {
            *ret = i;
            return CF_OK;
        }
        size_t len = strlen(known);
        snprintf(known + len, sizeof known - len, "%s%s", i ? ", " : "", names[i]);
    }
    return cf_fail(err, CF_E_UNSUPPORTED, "%s: '%.40s' is not one of %s", field, text, known);
}

static enum cf_rc
parse_validity(const struct cf_json *profile, struct cf_request_profile *ret, struct cf_err *err)
{
    static const char *const scales[] = {"days", "months", "years"};
    static const uint64_t scale_days[] = {1, 30, 365};
    const struct cf_json *validity = NULL;
    const char *scale = NULL;
    int64_t value = 0;
    size_t index = 0;

    CF_TRY(cf_json_object_opt(profile, "validityPeriod", &validity, err));
    if (!validity)
        return CF_OK;
    CF_TRY(cf_json_int(validity, "value", 1, 36500, &value, err));
    CF_TRY(cf_json_string(validity, "scale", 1, 16, &scale, err));
    CF_TRY(
        parse_name("profile.validityPeriod.scale", scale, scales, CF_COUNT(scales), &index, err));
    ret->validity_ms = (uint64_t)value * scale_days[index] * DAY_MS;
    return CF_OK;
}

static enum cf_rc
parse_san(const struct cf_json *profile, struct cf_request_profile *ret, struct cf_err *err)
{
    const struct cf_json *list = NULL;

    CF_TRY(cf_json_array_opt(profile, "subjectAlternativeNames", CF_SAN_MAX, &list, err));
    size_t n = cf_json_length(list);
    if (n == 0)
        return CF_OK;

    ret->san = calloc(n, sizeof *ret->san);
    if (!ret->san)
        return cf_fail_oom(err);
    for (size_t i = 0; i < n; i++) {
        const struct cf_json *entry = NULL;
        const char *type = NULL;
        size_t index = 0;
        char field[64];

        CF_TRY(cf_json_at_object(list, i, &entry, err));
        CF_TRY(cf_json_string(entry, "type", 1, 64, &type, err));
        CF_TRY(cf_json_string(entry, "value", 1, TEXT_MAX_LEN, &ret->san[i].value, err));
        snprintf(field, sizeof field, "profile.subjectAlternativeNames[%zu].type", i);
        CF_TRY(parse_name(field, type, san_types, CF_COUNT(san_types), &index, err));
        ret->san[i].type = (enum cf_san_type)index;
    }
    ret->n_san = n;
    return CF_OK;
}

static enum cf_rc
parse_eku(const struct cf_json *profile, struct cf_request_profile *ret, struct cf_err *err)
{
    const struct cf_json *list = NULL;

    CF_TRY(cf_json_array_opt(profile, "extendedKeyUsages", CF_EKU_MAX, &list, err));
    for (size_t i = 0; i < cf_json_length(list); i++) {
        CF_TRY(cf_json_at_string(list, i, 3, CF_DN_OID_MAX, &ret->eku[i], err));
        if (strspn(ret->eku[i], "0123456789.") != strlen(ret->eku[i]))
            return cf_fail(err, CF_E_SYNTAX,
                           "profile.extendedKeyUsages[%zu]: '%.40s' is not a dotted OID", i,
                           ret->eku[i]);
        ret->n_eku++;
    }
    return CF_OK;
}

static enum cf_rc
parse_profile(const struct cf_json *request, struct cf_request_profile *ret, struct cf_err *err)
{
    static const char *const types[] = {"user", "device"};
    const struct cf_json *profile = NULL;
    const char *type = NULL;
    int64_t key_size = 0, threshold = 0;
    size_t index = 0;
    bool wants_sid = false;

    CF_TRY(cf_json_object(request, "profile", &profile, err));
    CF_TRY(cf_json_string(profile, "id", 1, NAME_MAX_LEN, &ret->id, err));
    CF_TRY(cf_json_string_opt(profile, "name", 0, NAME_MAX_LEN, &ret->name, err));
    CF_TRY(cf_json_string_opt(profile, "platform", 0, 64, &ret->platform, err));
    CF_TRY(cf_json_string(profile, "certificateType", 1, 16, &type, err));
    CF_TRY(parse_name("profile.certificateType", type, types, CF_COUNT(types), &index, err));
    ret->is_device = index == 1;
    CF_TRY(cf_json_string(profile, "subjectNameFormat", 1, SUBJECT_MAX_LEN, &ret->subject_format,
                          err));
    CF_TRY(parse_san(profile, ret, err));
    CF_TRY(parse_eku(profile, ret, err));
    CF_TRY(cf_json_int_opt(profile, "keySize", 1, 65536, &key_size, err));
    ret->key_size = (unsigned)key_size;
    CF_TRY(parse_validity(profile, ret, err));
    CF_TRY(cf_json_int_opt(profile, "renewalThresholdPercentage", 1, 99, &threshold, err));
    ret->renewal_threshold_percent = (unsigned)threshold;
    CF_TRY(cf_json_bool_opt(profile, "includeSecurityIdentifier", &wants_sid, err));
    if (wants_sid)
        return cf_fail(err, CF_E_UNSUPPORTED,
                       "profile.includeSecurityIdentifier: true is not served by this version of "
                       "certferry; write the SID as a URI in subjectAlternativeNames");
    return cf_json_bool_opt(profile, "allowAllAppsAccess", &ret->allow_all_apps_access, err);
}

static enum cf_rc
parse_device(const struct cf_json *request, struct cf_request_device *ret, struct cf_err *err)
{
    const struct cf_json *device = NULL;

    CF_TRY(cf_json_object(request, "device", &device, err));
    CF_TRY(cf_json_string(device, "id", 1, NAME_MAX_LEN, &ret->id, err));
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
        CF_TRY(cf_json_string_opt(device, optional[i].name, 0, NAME_MAX_LEN, optional[i].ret, err));
    return CF_OK;
}

/* The device's decides; one that differs in the profile was meant for another device. */
static enum cf_rc
check_platform(const struct cf_request *request, struct cf_err *err)
{
    const char *profile = request->profile.platform;
    const char *device = request->device.platform;

    if (!profile || cf_text_equal_nocase(profile, device))
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
        CF_TRY(cf_json_string_opt(user, optional[i].name, 0, TEXT_MAX_LEN, optional[i].ret, err));
    ret->is_present = true;
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
    CF_TRY(parse_name("requestType", type, request_types, CF_COUNT(request_types), &index, err));
    request->type = (enum cf_request_type)index;
    /* At once: the members that follow are those of the types that are served. */
    if (request->type != CF_REQUEST_ISSUE && request->type != CF_REQUEST_RENEW)
        return cf_fail(err, CF_E_UNSUPPORTED,
                       "requestType: '%s' is not served by this version of certferry, which knows "
                       "issue and renew",
                       type);
    CF_TRY(cf_json_string(json, "certificationAuthority", 1, NAME_MAX_LEN, &request->ca_host, err));
    CF_TRY(cf_json_string(json, "certificationAuthorityName", 1, NAME_MAX_LEN, &request->ca_name,
                          err));
    CF_TRY(cf_json_string(json, "certificateTemplateName", 1, NAME_MAX_LEN, &request->template_name,
                          err));
    CF_TRY(parse_profile(json, &request->profile, err));
    CF_TRY(parse_device(json, &request->device, err));
    CF_TRY(check_platform(request, err));
    CF_TRY(parse_user(json, &request->user, err));
    CF_TRY(cf_json_string(json, "recipientCertificate", 1, 2 * RECIPIENT_MAX_LEN, &recipient, err));
    if (cf_text_from_base64(recipient, RECIPIENT_MAX_LEN, &request->recipient, err) != CF_OK)
        return cf_err_prefix(err, "recipientCertificate");
    return CF_OK;
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
    cf_json_free(request->document);
    free(request);
    return NULL;
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
    CF_TRY(cf_json_string_opt(document, "issuerName", 0, TEXT_MAX_LEN, &request->issuer, err));
    CF_TRY(cf_json_string_opt(document, "caConfiguration", 0, NAME_MAX_LEN,
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
