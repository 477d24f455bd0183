/* SPDX-License-Identifier: Apache-2.0 */
/* scep-challenge, scep-status: what the operator gives to devices, and how their door fares. */
#include <string.h>

#include "certferry/dn.h"
#include "certferry/log.h"
#include "certferry/scep.h"
#include "certferry/text.h"
#include "command.h"
#include "scep_socket.h"

enum {
    NAME_MAX_BYTES = 128,
    SUBJECT_MAX_BYTES = 4096,
    LIFETIME_DEFAULT_S = 60 * 60,
    LIFETIME_MAX_S = 30 * 24 * 60 * 60,
    CHALLENGE_SIZE = 128
};

static enum cf_rc
need_scep(const struct cf_command_call *call, struct cf_err *err)
{
    if (call->site->settings->scep.is_on)
        return CF_OK;
    return cf_fail(err, CF_E_CONFIG, "there is no section [scep] in the configuration");
}

/* The text leaves memory with the answer. */
static enum cf_rc
put_challenge(struct cf_json_writer *out, const struct cf_secret *challenge, struct cf_err *err)
{
    char text[CHALLENGE_SIZE];
    size_t len = cf_secret_len(challenge);

    if (len >= sizeof text)
        return cf_fail(err, CF_E_BUG, "a challenge of %zu characters", len);
    memcpy(text, cf_secret_data(challenge), len);
    text[len] = '\0';
    cf_json_put_string(out, "challenge", text);
    explicit_bzero(text, sizeof text);
    return CF_OK;
}

enum cf_rc
cf_command_scep_challenge(const struct cf_command_call *call, struct cf_json_writer *out,
                          struct cf_err *err)
{
    const char *profile = NULL, *subject = NULL;
    int64_t lifetime_s = LIFETIME_DEFAULT_S, expires_ms = 0;
    char until[CF_TEXT_TIME_SIZE];
    cf_own(cf_dn) dn = NULL;
    cf_own(cf_secret) challenge = NULL;

    CF_TRY(need_scep(call, err));
    CF_TRY(cf_json_string(call->request, "profile", 1, NAME_MAX_BYTES, &profile, err));
    CF_TRY(cf_json_string_opt(call->request, "subject", 1, SUBJECT_MAX_BYTES, &subject, err));
    CF_TRY(cf_json_int_opt(call->request, "lifetimeSeconds", 60, LIFETIME_MAX_S, &lifetime_s, err));
    if (subject && cf_dn_parse_text(subject, &dn, err) != CF_OK)
        return cf_err_prefix(err, "subject");
    const struct cf_scep_profile_settings *settings =
        cf_settings_find_scep_profile(call->site->settings, profile);
    if (!settings)
        return cf_fail(err, CF_E_NOT_FOUND,
                       "there is no [scep-profile %s]; `certferry scep status` lists them",
                       profile);
    CF_TRY(cf_scep_new_challenge(call->site, settings->name, dn, (uint64_t)lifetime_s * 1000,
                                 call->who, &challenge, &expires_ms, err));

    cf_text_from_time(expires_ms, until);
    cf_log(CF_EV_OPERATOR_ACTION, NULL,
           "%s: made a challenge for one request of SCEP profile %s%s%.200s, good until %s",
           call->who, settings->name, subject ? " for " : "", subject ? subject : "", until);
    cf_json_put_string(out, "profile", settings->name);
    cf_command_put_time(out, "expiresUtc", expires_ms);
    return put_challenge(out, challenge, err);
}

static const char *
challenge_name(enum cf_scep_challenge challenge)
{
    return challenge == CF_SCEP_STATIC     ? "static"
           : challenge == CF_SCEP_ONE_TIME ? "one-time"
                                           : "intune";
}

static void
put_profiles(const struct cf_settings *settings, struct cf_json_writer *out)
{
    cf_json_put_array(out, "profiles");
    for (size_t i = 0; i < settings->n_scep_profiles; i++) {
        const struct cf_scep_profile_settings *profile = settings->scep_profiles[i];

        cf_json_put_object(out, NULL);
        cf_json_put_string(out, "name", profile->name);
        cf_json_put_bool(out, "isDefault", profile->is_default);
        cf_json_put_string(out, "ca", profile->ca);
        cf_json_put_string(out, "template", profile->template_name);
        cf_json_put_string(out, "certificateType",
                           profile->types == CF_TYPES_USER ? "user" : "device");
        cf_json_put_string(out, "challenge", challenge_name(profile->challenge));
        cf_json_put_object_end(out);
    }
    cf_json_put_array_end(out);
}

static void
put_ra_certificate(struct cf_json_writer *out, const char *name, const struct cf_cert *cert)
{
    cf_json_put_object(out, name);
    cf_json_put_string(out, "serial", cf_cert_serial(cert));
    cf_command_put_time(out, "notAfterUtc", cf_cert_not_after_ms(cert));
    cf_json_put_object_end(out);
}

/* As GetCACert chooses: the last one whose time has come; none of them: -1. */
static int
find_shown(const struct cf_scep_ra_generations *generations, int64_t now_ms)
{
    int shown = -1;

    for (size_t i = 0; i < generations->n; i++) {
        if (generations->generation[i].active_from_ms <= now_ms)
            shown = (int)i;
    }
    return shown;
}

static void
put_generations(const struct cf_scep_ra_generations *generations, int64_t now_ms,
                struct cf_json_writer *out)
{
    int shown = find_shown(generations, now_ms);

    for (size_t i = 0; i < generations->n; i++) {
        const struct cf_scep_ra_generation *generation = &generations->generation[i];

        cf_json_put_object(out, NULL);
        cf_json_put_bool(out, "isShown", (int)i == shown);
        cf_command_put_time(out, "activeFromUtc", generation->active_from_ms);
        cf_command_put_time(out, "replacedUtc", generation->replaced_ms);
        put_ra_certificate(out, "sign", generation->sign);
        put_ra_certificate(out, "encryption", generation->encryption);
        cf_json_put_object_end(out);
    }
}

/* What cannot be read is said, not hidden behind an error: the rest is of use. */
static enum cf_rc
put_ca(const struct cf_command_call *call, const char *name, struct cf_json_writer *out,
       struct cf_err *err)
{
    struct cf_store *store = call->site->store;
    struct cf_scep_ra_generations generations = {0};
    cf_own(cf_buf) document = NULL;
    struct cf_err why = {0};
    uint64_t version = 0;

    enum cf_rc rc = store->ops->ra_get(store, name, &version, &document, err);
    if (rc != CF_OK && rc != CF_E_NOT_FOUND)
        return rc;
    rc = document ? cf_scep_ra_read(cf_buf_bytes(document), &generations, &why) : CF_OK;
    cf_json_put_object(out, NULL);
    cf_json_put_string(out, "name", name);
    cf_json_put_int(out, "version", (int64_t)version);
    cf_json_put_string(out, "problem", rc != CF_OK ? why.text : NULL);
    cf_json_put_array(out, "generations");
    put_generations(&generations, cf_clock_now_ms(call->site->clock), out);
    cf_json_put_array_end(out);
    cf_json_put_object_end(out);
    cf_scep_ra_generations_done(&generations);
    return CF_OK;
}

static bool
is_first_of_ca(const struct cf_settings *settings, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (strcmp(settings->scep_profiles[k]->ca, settings->scep_profiles[i]->ca) == 0)
            return false;
    }
    return true;
}

enum cf_rc
cf_command_scep_status(const struct cf_command_call *call, struct cf_json_writer *out,
                       struct cf_err *err)
{
    const struct cf_settings *settings = call->site->settings;
    const struct cf_scep_socket *socket = call->daemon->scep_socket;

    CF_TRY(need_scep(call, err));
    cf_json_put_int(out, "connections", cf_scep_socket_connections(socket));
    cf_command_put_time(out, "connectedSinceUtc", cf_scep_socket_since_ms(socket));
    CF_TRY(cf_command_put_counts(call->site, out, 1u << CF_KIND_SCEP, "requests", err));
    put_profiles(settings, out);
    cf_json_put_array(out, "cas");
    for (size_t i = 0; i < settings->n_scep_profiles; i++) {
        if (is_first_of_ca(settings, i))
            CF_TRY(put_ca(call, settings->scep_profiles[i]->ca, out, err));
    }
    cf_json_put_array_end(out);
    return CF_OK;
}
