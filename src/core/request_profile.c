/* SPDX-License-Identifier: Apache-2.0 */
/* The profile of a request. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certferry/platform.h"
#include "certferry/subject.h"
#include "certferry/text.h"
#include "request_parse.h"

#define DAY_MS (UINT64_C(24) * 60 * 60 * 1000)

static const char *const san_types[] = {
    [CF_SAN_EMAIL] = "emailAddress",
    [CF_SAN_UPN] = "userPrincipalName",
    [CF_SAN_DNS] = "domainNameService",
    [CF_SAN_URI] = "universalResourceIdentifier",
};

enum cf_rc
cf_request_parse_choice(const char *field, const char *text, const char *const *names,
                        size_t n_names, size_t *ret, struct cf_err *err)
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

enum cf_rc
cf_request_check_thumbprint(const char *field, const char *text, struct cf_err *err)
{
    if (strlen(text) == 40 && strspn(text, "0123456789abcdefABCDEF") == 40)
        return CF_OK;
    return cf_fail(err, CF_E_SYNTAX, "%s: '%.48s' is not the SHA-1 of a certificate, 40 hex digits",
                   field, text);
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
    CF_TRY(cf_request_parse_choice("profile.validityPeriod.scale", scale, scales, CF_COUNT(scales),
                                   &index, err));
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
        CF_TRY(cf_json_string(entry, "value", 1, CF_REQUEST_TEXT_MAX, &ret->san[i].value, err));
        snprintf(field, sizeof field, "profile.subjectAlternativeNames[%zu].type", i);
        CF_TRY(cf_request_parse_choice(field, type, san_types, CF_COUNT(san_types), &index, err));
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

/* What the certificate will be; of no concern where there is one already. */
static enum cf_rc
parse_contents(const struct cf_json *profile, struct cf_request_profile *ret, struct cf_err *err)
{
    int64_t key_size = 0;

    CF_TRY(cf_json_string(profile, "subjectNameFormat", 1, CF_SUBJECT_TEXT_MAX,
                          &ret->subject_format, err));
    CF_TRY(parse_san(profile, ret, err));
    CF_TRY(parse_eku(profile, ret, err));
    CF_TRY(cf_json_int_opt(profile, "keySize", 1, 65536, &key_size, err));
    ret->key_size = (unsigned)key_size;
    CF_TRY(parse_validity(profile, ret, err));
    return cf_json_bool_opt(profile, "includeSecurityIdentifier", &ret->wants_sid, err);
}

static enum cf_rc
parse_certificate_type(const struct cf_json *profile, enum cf_request_type request_type,
                       struct cf_request_profile *ret, struct cf_err *err)
{
    static const char *const types[] = {"user", "device"};
    const char *type = types[0];
    size_t index = 0;

    if (request_type == CF_REQUEST_IMPORT)
        CF_TRY(cf_json_string_opt(profile, "certificateType", 1, 16, &type, err));
    else
        CF_TRY(cf_json_string(profile, "certificateType", 1, 16, &type, err));
    CF_TRY(cf_request_parse_choice("profile.certificateType", type, types, CF_COUNT(types), &index,
                                   err));
    ret->is_device = index == 1;
    return CF_OK;
}

static enum cf_rc
parse_key_storage(const struct cf_json *profile, struct cf_request_profile *ret, struct cf_err *err)
{
    static const char *const providers[] = {
        "useTpmKspOtherwiseFail",
        "useTpmKspOtherwiseUseSoftwareKsp",
        "useSoftwareKsp",
        "usePassportForWorkKspOtherwiseFail",
    };
    static const enum cf_key_storage storages[] = {
        CF_KEY_STORAGE_TPM_OR_FAIL,
        CF_KEY_STORAGE_TPM_OR_SOFTWARE,
        CF_KEY_STORAGE_SOFTWARE,
        CF_KEY_STORAGE_PASSPORT,
    };
    static const char *const stores[] = {"user", "machine"};
    const char *provider = NULL, *store = NULL;
    size_t index = 0;

    CF_TRY(cf_json_string_opt(profile, "keyStorageProvider", 0, 64, &provider, err));
    if (provider) {
        CF_TRY(cf_request_parse_choice("profile.keyStorageProvider", provider, providers,
                                       CF_COUNT(providers), &index, err));
        ret->key_storage = storages[index];
    }
    CF_TRY(cf_json_string_opt(profile, "containerName", 1, CF_REQUEST_NAME_MAX,
                              &ret->container_name, err));
    CF_TRY(cf_json_string_opt(profile, "certificateStore", 0, 16, &store, err));
    ret->is_machine_store = ret->is_device;
    if (store) {
        CF_TRY(cf_request_parse_choice("profile.certificateStore", store, stores, CF_COUNT(stores),
                                       &index, err));
        ret->is_machine_store = index == 1;
    }
    return CF_OK;
}

enum cf_rc
cf_request_check_key_storage(const struct cf_request *request, struct cf_err *err)
{
    const struct cf_request_profile *profile = &request->profile;
    bool is_passport = profile->key_storage == CF_KEY_STORAGE_PASSPORT;

    if (!cf_platform_fits("windows", request->device.platform))
        return CF_OK;
    if (is_passport && !profile->container_name)
        return cf_fail(err, CF_E_FIELD,
                       "profile.containerName: missing; usePassportForWorkKspOtherwiseFail needs "
                       "the name of a container");
    if (!is_passport && profile->container_name)
        return cf_fail(err, CF_E_FIELD,
                       "profile.containerName: only usePassportForWorkKspOtherwiseFail has "
                       "containers; leave it out or change profile.keyStorageProvider");
    if (profile->container_name &&
        !cf_text_is_printable(profile->container_name, strlen(profile->container_name)))
        return cf_fail(err, CF_E_RANGE,
                       "profile.containerName: has characters that cannot be shown");
    if (is_passport && (profile->is_device || profile->is_machine_store))
        return cf_fail(err, CF_E_FIELD,
                       "profile.keyStorageProvider: containers of Windows Hello for Business are "
                       "a user's; set certificateType and certificateStore to user");
    if (profile->is_device && !profile->is_machine_store)
        return cf_fail(err, CF_E_FIELD,
                       "profile.certificateStore: a certificate of type device belongs into the "
                       "store machine");
    return CF_OK;
}

enum cf_rc
cf_request_parse_profile(const struct cf_json *json, enum cf_request_type type,
                         struct cf_request_profile *ret, struct cf_err *err)
{
    const struct cf_json *profile = NULL;
    int64_t threshold = 0;

    CF_TRY(cf_json_object(json, "profile", &profile, err));
    CF_TRY(cf_json_string(profile, "id", 1, CF_REQUEST_NAME_MAX, &ret->id, err));
    CF_TRY(cf_json_string_opt(profile, "name", 0, CF_REQUEST_NAME_MAX, &ret->name, err));
    CF_TRY(cf_json_string_opt(profile, "platform", 0, 64, &ret->platform, err));
    CF_TRY(parse_certificate_type(profile, type, ret, err));
    if (type == CF_REQUEST_ISSUE || type == CF_REQUEST_RENEW)
        CF_TRY(parse_contents(profile, ret, err));
    CF_TRY(cf_json_int_opt(profile, "renewalThresholdPercentage", 1, 99, &threshold, err));
    ret->renewal_threshold_percent = (unsigned)threshold;
    CF_TRY(parse_key_storage(profile, ret, err));
    CF_TRY(cf_json_string_opt(profile, "rootCertificateThumbprint", 1, CF_REQUEST_NAME_MAX,
                              &ret->root_thumbprint, err));
    if (ret->root_thumbprint)
        CF_TRY(cf_request_check_thumbprint("profile.rootCertificateThumbprint",
                                           ret->root_thumbprint, err));
    return cf_json_bool_opt(profile, "allowAllAppsAccess", &ret->allow_all_apps_access, err);
}
