/* SPDX-License-Identifier: Apache-2.0 */
/* profiles_parse - what certferryd serves, as it tells it. */
#include <stdlib.h>
#include <string.h>

#include "backend_call.h"
#include "certferry/text.h"

enum {
    CHAIN_MAX = CF_CERT_CHAIN_MAX * CF_CERT_DER_MAX,
    RSA_BITS_MAX = 16384,
    TOLERANCE_MAX_S = 366 * 24 * 3600,
    TEXT_MAX = 4096
};

struct cf_scep_profiles *
cf_scep_profiles_ref(struct cf_scep_profiles *profiles)
{
    __atomic_add_fetch(&profiles->refs, 1, __ATOMIC_RELAXED);
    return profiles;
}

struct cf_scep_profiles *
cf_scep_profiles_free(struct cf_scep_profiles *profiles)
{
    if (!profiles || __atomic_sub_fetch(&profiles->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return NULL;
    for (size_t i = 0; i < profiles->n_profiles; i++) {
        free(profiles->profiles[i].name);
        cf_chain_free(profiles->profiles[i].next_ca);
    }
    for (size_t i = 0; i < profiles->n_cas; i++) {
        free(profiles->cas[i].name);
        free(profiles->cas[i].text);
        cf_chain_free(profiles->cas[i].chain);
    }
    free(profiles->profiles);
    free(profiles->cas);
    free(profiles);
    return NULL;
}

const struct cf_scep_profile *
cf_scep_profiles_find(const struct cf_scep_profiles *profiles, const char *name)
{
    for (size_t i = 0; i < profiles->n_profiles; i++) {
        const struct cf_scep_profile *profile = &profiles->profiles[i];

        if (name ? strcmp(profile->name, name) == 0 : profile->is_default)
            return profile;
    }
    return NULL;
}

const struct cf_scep_ca *
cf_scep_profiles_find_ca(const struct cf_scep_profiles *profiles, const char *name)
{
    for (size_t i = 0; i < profiles->n_cas; i++) {
        if (strcmp(profiles->cas[i].name, name) == 0)
            return &profiles->cas[i];
    }
    return NULL;
}

static enum cf_rc
parse_chain(const struct cf_json *object, const char *name, struct cf_chain **ret_chain,
            struct cf_err *err)
{
    cf_own(cf_buf) der = NULL;

    if (!cf_json_has(object, name))
        return CF_OK;
    CF_TRY(cf_json_base64(object, name, CHAIN_MAX, &der, err));
    if (cf_chain_parse_der(cf_buf_bytes(der), ret_chain, err) != CF_OK)
        return cf_err_prefix(err, "%s", name);
    return CF_OK;
}

static enum cf_rc
copy_string(const struct cf_json *object, const char *name, size_t min, size_t max, char **ret,
            struct cf_err *err)
{
    const char *text = NULL;

    CF_TRY(cf_json_string(object, name, min, max, &text, err));
    *ret = strdup(text);
    return *ret ? CF_OK : cf_fail_oom(err);
}

/* A chain that cannot be read spoils this CA, not the others. */
static enum cf_rc
parse_ca(const struct cf_json *object, struct cf_scep_ca *ca, struct cf_err *err)
{
    struct cf_err why = {0};

    CF_TRY(copy_string(object, "name", 1, CF_SCEP_NAME_MAX, &ca->name, err));
    if (parse_chain(object, "chain", &ca->chain, &why) != CF_OK) {
        ca->text = strdup(why.text);
        return ca->text ? CF_OK : cf_fail_oom(err);
    }
    if (!ca->chain)
        return copy_string(object, "text", 0, TEXT_MAX, &ca->text, err);
    return CF_OK;
}

static enum cf_rc
parse_flags(const struct cf_json *object, struct cf_scep_profile *profile, struct cf_err *err)
{
    CF_TRY(cf_json_bool(object, "isDefault", &profile->is_default, err));
    CF_TRY(cf_json_bool(object, "allowSha1", &profile->allow_sha1, err));
    CF_TRY(cf_json_bool(object, "allow3des", &profile->allow_3des, err));
    CF_TRY(cf_json_bool(object, "allowSingleDes", &profile->allow_single_des, err));
    CF_TRY(cf_json_bool(object, "getCert", &profile->get_cert, err));
    CF_TRY(cf_json_bool(object, "getCrl", &profile->get_crl, err));
    return cf_json_bool(object, "rootInBundle", &profile->root_in_bundle, err);
}

static enum cf_rc
parse_profile(const struct cf_json *object, const struct cf_scep_profiles *profiles,
              struct cf_scep_profile *profile, struct cf_err *err)
{
    const char *ca = NULL;
    int64_t bits = 0, tolerance_s = 0;

    CF_TRY(copy_string(object, "name", 1, CF_SCEP_NAME_MAX, &profile->name, err));
    CF_TRY(cf_json_string(object, "ca", 1, CF_SCEP_NAME_MAX, &ca, err));
    profile->ca = cf_scep_profiles_find_ca(profiles, ca);
    if (!profile->ca)
        return cf_fail(err, CF_E_FIELD, "profile %s: its CA is not among the CAs", profile->name);
    CF_TRY(parse_flags(object, profile, err));
    CF_TRY(cf_json_int(object, "minRsaBits", 0, RSA_BITS_MAX, &bits, err));
    CF_TRY(cf_json_int(object, "clockToleranceSeconds", 0, TOLERANCE_MAX_S, &tolerance_s, err));
    profile->min_rsa_bits = (uint64_t)bits;
    profile->clock_tolerance_ms = (uint64_t)tolerance_s * 1000;
    return parse_chain(object, "nextCa", &profile->next_ca, err);
}

static enum cf_rc
parse_cas(const struct cf_json *array, struct cf_scep_profiles *profiles, struct cf_err *err)
{
    size_t n = cf_json_length(array);

    profiles->cas = calloc(n + 1, sizeof *profiles->cas);
    if (!profiles->cas)
        return cf_fail_oom(err);
    for (size_t i = 0; i < n; i++) {
        const struct cf_json *object = NULL;

        CF_TRY(cf_json_at_object(array, i, &object, err));
        profiles->n_cas = i + 1;
        CF_TRY(parse_ca(object, &profiles->cas[i], err));
    }
    return CF_OK;
}

static enum cf_rc
parse_profiles(const struct cf_json *array, struct cf_scep_profiles *profiles, struct cf_err *err)
{
    size_t n = cf_json_length(array);

    profiles->profiles = calloc(n + 1, sizeof *profiles->profiles);
    if (!profiles->profiles)
        return cf_fail_oom(err);
    for (size_t i = 0; i < n; i++) {
        const struct cf_json *object = NULL;

        CF_TRY(cf_json_at_object(array, i, &object, err));
        profiles->n_profiles = i + 1;
        CF_TRY(parse_profile(object, profiles, &profiles->profiles[i], err));
    }
    return CF_OK;
}

static enum cf_rc
parse_all(const struct cf_json *result, struct cf_scep_profiles *profiles, struct cf_err *err)
{
    const struct cf_json *cas = NULL, *list = NULL;

    CF_TRY(cf_json_array(result, "cas", CF_SCEP_CAS_MAX, &cas, err));
    CF_TRY(cf_json_array(result, "profiles", CF_SCEP_PROFILES_MAX, &list, err));
    CF_TRY(parse_cas(cas, profiles, err));
    return parse_profiles(list, profiles, err);
}

enum cf_rc
cf_scep_parse_profiles(const struct cf_json *result, struct cf_scep_profiles **ret_profiles,
                       struct cf_err *err)
{
    cf_own(cf_scep_profiles) profiles = calloc(1, sizeof *profiles);
    struct cf_err why = {0};

    if (!profiles)
        return cf_fail_oom(err);
    profiles->refs = 1;
    enum cf_rc rc = parse_all(result, profiles, &why);
    if (rc == CF_E_OOM)
        return cf_fail_oom(err);
    if (rc != CF_OK)
        return cf_fail(err, CF_E_PROTOCOL, "certferryd's profiles cannot be read: %s", why.text);

    *ret_profiles = cf_give(profiles);
    return CF_OK;
}
