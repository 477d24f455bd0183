/* SPDX-License-Identifier: Apache-2.0 */
/* lint_read - a profile from the Connector API's form or from Microsoft Graph's. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "certferry/text.h"
#include "lint.h"

enum { TEXT_MAX_LEN = 4096, ODATA_MAX = 256 };

#define DAY_MS (UINT64_C(24) * 60 * 60 * 1000)

static const struct platform_of_type {
    const char *part; /* of @odata.type */
    const char *platform;
} platforms_of_types[] = {
    {"windows", "windows"},
    {"macos", "macOS"},
    {"ios", "iOS"},
    {"androidForWork", "androidEnterprise"},
    {"androidWorkProfile", "androidEnterprise"},
    {"androidDeviceOwner", "androidEnterprise"},
    {"android", "androidDeviceAdministrator"},
};

/* A member that cannot be read is a finding and counts as absent. */
static void
read_string(struct cf_lint *lint, const struct cf_json *object, const char *name, const char **ret)
{
    struct cf_err err = {0};

    if (cf_json_string_opt(object, name, 0, TEXT_MAX_LEN, ret, &err) != CF_OK)
        cf_lint_say(lint, CF_FINDING_ERROR, name, "write it as the protocol says", "%s", err.text);
    if (*ret && (*ret)[0] == '\0')
        *ret = NULL;
}

static void
read_int(struct cf_lint *lint, const struct cf_json *object, const char *name, int64_t min,
         int64_t max, int64_t *ret)
{
    struct cf_err err = {0};

    if (cf_json_int_opt(object, name, min, max, ret, &err) != CF_OK)
        cf_lint_say(lint, CF_FINDING_ERROR, name, "write a whole number within the limits", "%s",
                    err.text);
}

static void
set_validity(struct cf_lint *lint, const char *member, const char *scale,
             struct cf_lint_profile *ret)
{
    uint64_t days = 0;

    if (ret->validity_value == 0)
        return;
    if (scale && strcmp(scale, "days") == 0)
        days = 1;
    else if (scale && strcmp(scale, "months") == 0)
        days = 30;
    else if (scale && strcmp(scale, "years") == 0)
        days = 365;
    else
        cf_lint_say(lint, CF_FINDING_ERROR, member, "use days, months or years",
                    "the scale '%.40s' is unknown", scale ? scale : "");
    ret->validity_ms = (uint64_t)ret->validity_value * days * DAY_MS;
}

static bool
san_type(const char *name, enum cf_san_type *ret)
{
    static const struct {
        const char *name;
        enum cf_san_type type;
    } types[] = {{"emailAddress", CF_SAN_EMAIL},
                 {"userPrincipalName", CF_SAN_UPN},
                 {"domainNameService", CF_SAN_DNS},
                 {"universalResourceIdentifier", CF_SAN_URI}};

    for (size_t i = 0; i < CF_COUNT(types); i++) {
        if (strcmp(types[i].name, name) == 0) {
            *ret = types[i].type;
            return true;
        }
    }
    return false;
}

static enum cf_rc
read_sans(struct cf_lint *lint, const struct cf_json *object, const char *list_name,
          const char *type_name, const char *value_name, struct cf_lint_profile *ret,
          struct cf_err *err)
{
    const struct cf_json *list = NULL;
    struct cf_err own = {0};

    if (cf_json_array_opt(object, list_name, CF_LINT_SAN_MAX, &list, &own) != CF_OK)
        cf_lint_say(lint, CF_FINDING_ERROR, list_name, "give at most 500 names", "%s", own.text);
    size_t n = cf_json_length(list);
    if (n == 0)
        return CF_OK;
    ret->san = calloc(n, sizeof *ret->san);
    if (!ret->san)
        return cf_fail_oom(err);
    for (size_t i = 0; i < n; i++) {
        const struct cf_json *entry = NULL;
        struct cf_lint_san *san = &ret->san[ret->n_san];
        const char *type = NULL;

        if (cf_json_at_object(list, i, &entry, &own) != CF_OK ||
            cf_json_string(entry, type_name, 1, TEXT_MAX_LEN, &type, &own) != CF_OK ||
            cf_json_string(entry, value_name, 1, CF_SAN_VALUE_MAX, &san->value, &own) != CF_OK)
            cf_lint_say(lint, CF_FINDING_ERROR, list_name, "give each name a type and a value",
                        "%s", own.text);
        else if (!san_type(type, &san->type))
            cf_lint_say(lint, CF_FINDING_ERROR, list_name,
                        "use emailAddress, userPrincipalName, domainNameService or "
                        "universalResourceIdentifier",
                        "name %zu has the type '%.60s', which cannot be served", i + 1, type);
        else
            ret->n_san++;
    }
    return CF_OK;
}

static void
read_eku(struct cf_lint *lint, const struct cf_json *object, const char *member,
         struct cf_lint_profile *ret)
{
    const struct cf_json *list = NULL;
    struct cf_err own = {0};

    if (cf_json_array_opt(object, "extendedKeyUsages", CF_LINT_EKU_MAX, &list, &own) != CF_OK)
        cf_lint_say(lint, CF_FINDING_ERROR, "extendedKeyUsages", "give at most 32", "%s", own.text);
    for (size_t i = 0; i < cf_json_length(list); i++) {
        const struct cf_json *entry = NULL;
        const char *oid = NULL;
        enum cf_rc rc = CF_OK;

        if (member)
            rc = cf_json_at_object(list, i, &entry, &own);
        if (rc == CF_OK)
            rc = member ? cf_json_string(entry, member, 3, CF_DN_OID_MAX, &oid, &own)
                        : cf_json_at_string(list, i, 3, CF_DN_OID_MAX, &oid, &own);
        if (rc != CF_OK)
            cf_lint_say(lint, CF_FINDING_ERROR, "extendedKeyUsages",
                        "write object identifiers such as 1.3.6.1.5.5.7.3.2", "%s", own.text);
        else
            ret->eku[ret->n_eku++] = oid;
    }
}

static void
read_type(struct cf_lint *lint, const char *type, struct cf_lint_profile *ret)
{
    if (!type)
        return;
    ret->has_type = true;
    ret->is_device = strcmp(type, "device") == 0;
    if (!ret->is_device && strcmp(type, "user") != 0)
        cf_lint_say(lint, CF_FINDING_ERROR, "certificateType", "use user or device",
                    "'%.40s' is no certificate type", type);
}

static void
read_ca(struct cf_lint *lint, const struct cf_json *object, struct cf_lint_profile *ret)
{
    read_string(lint, object, "certificationAuthority", &ret->ca_host);
    read_string(lint, object, "certificationAuthorityName", &ret->ca_name);
    read_string(lint, object, "certificateTemplateName", &ret->template_name);
}

static void
read_common(struct cf_lint *lint, const struct cf_json *object, struct cf_lint_profile *ret)
{
    read_string(lint, object, "keyStorageProvider", &ret->key_storage);
    read_string(lint, object, "certificateStore", &ret->store);
    read_int(lint, object, "renewalThresholdPercentage", 0, INT32_MAX, &ret->threshold);
}

static enum cf_rc
read_connector_form(struct cf_lint *lint, const struct cf_json *object, struct cf_lint_profile *ret,
                    struct cf_err *err)
{
    const struct cf_json *validity = NULL;
    const char *type = NULL, *scale = NULL;
    struct cf_err own = {0};

    read_string(lint, object, "platform", &ret->platform);
    read_string(lint, object, "certificateType", &type);
    read_type(lint, type, ret);
    read_string(lint, object, "subjectNameFormat", &ret->subject);
    read_string(lint, object, "containerName", &ret->container);
    read_string(lint, object, "rootCertificateThumbprint", &ret->root);
    ret->names_root = ret->root != NULL;
    read_int(lint, object, "keySize", 0, INT32_MAX, &ret->key_size);
    if (cf_json_bool_opt(object, "includeSecurityIdentifier", &ret->wants_sid, &own) != CF_OK ||
        cf_json_object_opt(object, "validityPeriod", &validity, &own) != CF_OK)
        cf_lint_say(lint, CF_FINDING_ERROR, "profile", "write it as the protocol says", "%s",
                    own.text);
    if (validity) {
        read_int(lint, validity, "value", 1, 36500, &ret->validity_value);
        read_string(lint, validity, "scale", &scale);
        set_validity(lint, "validityPeriod", scale, ret);
    }
    read_eku(lint, object, NULL, ret);
    return read_sans(lint, object, "subjectAlternativeNames", "type", "value", ret, err);
}

static enum cf_rc
read_graph_form(struct cf_lint *lint, const struct cf_json *object, const char *odata,
                struct cf_lint_profile *ret, struct cf_err *err)
{
    const char *type = NULL, *scale = NULL, *custom = NULL, *root = NULL;

    for (size_t i = 0; i < CF_COUNT(platforms_of_types) && !ret->platform; i++) {
        const char *name = strrchr(odata, '.') ? strrchr(odata, '.') + 1 : odata;
        if (strncasecmp(name, platforms_of_types[i].part, strlen(platforms_of_types[i].part)) == 0)
            ret->platform = platforms_of_types[i].platform;
    }
    read_string(lint, object, "certificateType", &type);
    read_string(lint, object, "subjectNameFormat", &ret->subject);
    read_string(lint, object, "subjectNameFormatString", &custom);
    if (custom && (!ret->subject || cf_text_equal_nocase(ret->subject, "custom")))
        ret->subject = custom;
    read_type(lint, type ? type : "user", ret);
    read_string(lint, object, "rootCertificate@odata.bind", &root);
    ret->names_root = root != NULL || cf_json_has(object, "rootCertificate");
    read_int(lint, object, "certificateValidityPeriodValue", 0, 36500, &ret->validity_value);
    read_string(lint, object, "certificateValidityPeriodScale", &scale);
    set_validity(lint, "certificateValidityPeriodScale", scale, ret);
    read_eku(lint, object, "objectIdentifier", ret);
    return read_sans(lint, object, "customSubjectAlternativeNames", "sanType", "name", ret, err);
}

enum cf_rc
cf_lint_read(struct cf_lint *lint, const struct cf_json *document, struct cf_lint_profile *ret,
             struct cf_err *err)
{
    const struct cf_json *profile = document;
    const char *odata = NULL;

    CF_TRY(cf_json_string_opt(document, "@odata.type", 1, ODATA_MAX, &odata, err));
    if (!odata)
        CF_TRY(cf_json_object_opt(document, "profile", &profile, err));
    bool is_profile = cf_json_has(profile, "subjectNameFormat") ||
                      cf_json_has(profile, "subjectNameFormatString") ||
                      cf_json_has(profile, "certificateType");
    if (!is_profile || (odata && !strstr(odata, "PkcsCertificateProfile")))
        return cf_fail(err, CF_E_FIELD,
                       "this is no PKCS certificate profile: subjectNameFormat is missing%s",
                       odata ? ", or @odata.type is another kind's" : "");
    read_ca(lint, document, ret);
    read_common(lint, profile, ret);
    return odata ? read_graph_form(lint, profile, odata, ret, err)
                 : read_connector_form(lint, profile, ret, err);
}

void
cf_lint_profile_done(struct cf_lint_profile *profile)
{
    free(profile->san);
    *profile = (struct cf_lint_profile){0};
}
