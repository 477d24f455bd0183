/* SPDX-License-Identifier: Apache-2.0 */
/* profiles, get-cert, get-crl: what is there. */
#include <string.h>

#include "certferry/file.h"
#include "scep_commands.h"

enum { PEM_MAX = 1024 * 1024, SERIAL_MAX = 256 };

static void
put_ca(const struct cf_command_call *call, const char *name, struct cf_json_writer *out)
{
    struct cf_ca_slot *slot = cf_site_ca(call->site, name);
    cf_own(cf_buf) chain = NULL;
    struct cf_err why = {0};

    if (!slot)
        (void)cf_fail(&why, CF_E_CA_CONFIG, "there is no [ca %s]", name);
    else if (slot->ca->ops->chain(slot->ca, &chain, &why) != CF_OK)
        chain = cf_buf_free(chain);

    cf_json_put_object(out, NULL);
    cf_json_put_string(out, "name", name);
    if (chain) {
        cf_json_put_base64(out, "chain", cf_buf_bytes(chain));
    } else {
        cf_json_put_string(out, "chain", NULL);
        cf_json_put_string(out, "text", why.text);
    }
    cf_json_put_object_end(out);
}

/* Read each time: the administrator puts the coming CA there while we run. */
static enum cf_rc
put_next_ca(const char *path, struct cf_json_writer *out, struct cf_err *err)
{
    cf_own(cf_buf) pem = NULL;
    cf_own(cf_chain) chain = NULL;
    cf_own(cf_buf) der = NULL;

    if (!path) {
        cf_json_put_string(out, "nextCa", NULL);
        return CF_OK;
    }
    CF_TRY(cf_file_read(path, PEM_MAX, &pem, err));
    if (cf_chain_parse_pem(cf_buf_bytes(pem), &chain, err) != CF_OK)
        return cf_err_prefix(err, "next_ca_file: %s", path);
    CF_TRY(cf_chain_der(chain, &der, err));
    cf_json_put_base64(out, "nextCa", cf_buf_bytes(der));
    return CF_OK;
}

static void
put_profile(const struct cf_scep_profile_settings *profile, struct cf_json_writer *out)
{
    struct cf_err why = {0};

    cf_json_put_object(out, NULL);
    cf_json_put_string(out, "name", profile->name);
    cf_json_put_bool(out, "isDefault", profile->is_default);
    cf_json_put_string(out, "ca", profile->ca);
    cf_json_put_bool(out, "allowSha1", profile->allow_sha1);
    cf_json_put_bool(out, "allow3des", profile->allow_3des);
    cf_json_put_bool(out, "allowSingleDes", profile->allow_single_des);
    cf_json_put_int(out, "minRsaBits", (int64_t)profile->min_rsa_bits);
    cf_json_put_int(out, "clockToleranceSeconds", (int64_t)(profile->clock_tolerance_ms / 1000));
    cf_json_put_bool(out, "getCert", profile->get_cert);
    cf_json_put_bool(out, "getCrl", profile->get_crl);
    cf_json_put_bool(out, "rootInBundle", profile->root_in_bundle);
    /* The rest of the profile must not suffer from it; `certferry check` says what is wrong. */
    if (put_next_ca(profile->next_ca_file, out, &why) != CF_OK)
        cf_json_put_string(out, "nextCa", NULL);
    cf_json_put_object_end(out);
}

/* Whether a profile before this one names the same CA. */
static bool
is_named_before(const struct cf_settings *settings, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(settings->scep_profiles[i]->ca, settings->scep_profiles[index]->ca) == 0)
            return true;
    }
    return false;
}

enum cf_rc
cf_scep_command_profiles(const struct cf_command_call *call, struct cf_json_writer *out,
                         struct cf_err *err)
{
    const struct cf_settings *settings = call->site->settings;

    (void)err;
    cf_json_put_array(out, "profiles");
    for (size_t i = 0; i < settings->n_scep_profiles; i++)
        put_profile(settings->scep_profiles[i], out);
    cf_json_put_array_end(out);
    cf_json_put_array(out, "cas");
    for (size_t i = 0; i < settings->n_scep_profiles; i++) {
        if (!is_named_before(settings, i))
            put_ca(call, settings->scep_profiles[i]->ca, out);
    }
    cf_json_put_array_end(out);
    return CF_OK;
}

enum cf_rc
cf_scep_command_get_cert(const struct cf_command_call *call, struct cf_json_writer *out,
                         struct cf_err *err)
{
    cf_own(cf_buf) issuer = NULL;
    const char *profile = NULL, *serial = NULL;
    struct cf_scep_answer answer = {0};

    CF_TRY(cf_json_string(call->request, "profile", 1, CF_SCEP_NAME_MAX, &profile, err));
    CF_TRY(cf_json_base64(call->request, "issuer", CF_SCEP_ISSUER_MAX, &issuer, err));
    CF_TRY(cf_json_string(call->request, "serial", 1, SERIAL_MAX, &serial, err));
    CF_TRY(cf_scep_get_cert(call->daemon->scheduler, profile, cf_buf_bytes(issuer), serial, &answer,
                            err));

    enum cf_rc rc = cf_scep_command_put(call, &answer, NULL, out, err);
    cf_scep_answer_done(&answer);
    return rc;
}

enum cf_rc
cf_scep_command_get_crl(const struct cf_command_call *call, struct cf_json_writer *out,
                        struct cf_err *err)
{
    cf_own(cf_buf) issuer = NULL;
    cf_own(cf_buf) crl = NULL;
    const char *profile = NULL;
    struct cf_scep_answer answer = {0};

    CF_TRY(cf_json_string(call->request, "profile", 1, CF_SCEP_NAME_MAX, &profile, err));
    CF_TRY(cf_json_base64(call->request, "issuer", CF_SCEP_ISSUER_MAX, &issuer, err));
    CF_TRY(cf_scep_get_crl(call->daemon->scheduler, profile, cf_buf_bytes(issuer), &answer, &crl,
                           err));

    enum cf_rc rc = cf_scep_command_put(call, &answer, crl, out, err);
    cf_scep_answer_done(&answer);
    return rc;
}
