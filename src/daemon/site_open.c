/* SPDX-License-Identifier: Apache-2.0 */
#include "site_open.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "certferry/file.h"
#include "certferry/log.h"

enum {
    PEM_MAX = 1024 * 1024,
    STORE_KEY_LEN = 32,
    IDENTITY_MAX = 64 * 1024,
    PIN_MAX = 256,
    HOST_NAME_SIZE = 256,
};

/* The envelope's signer is pinned by those who verify it, so it is made to last. */
#define SIGNER_LIFETIME_MS (UINT64_C(10) * 365 * 24 * 60 * 60 * 1000)

static enum cf_rc
read_store_key(struct cf_site *site, struct cf_err *err)
{
    const char *path = site->settings->store_key_file;

    CF_TRY(cf_file_read_secret(path, STORE_KEY_LEN + 1, &site->store_key, err));
    if (cf_secret_len(site->store_key) != STORE_KEY_LEN)
        return cf_fail(err, CF_E_CONFIG,
                       "[store] key_file: %s has %zu bytes in place of %d; make one with "
                       "'head -c 32 /dev/urandom'",
                       path, cf_secret_len(site->store_key), STORE_KEY_LEN);
    return CF_OK;
}

static enum cf_rc
read_optional(const char *path, struct cf_buf **ret, struct cf_err *err)
{
    return path ? cf_file_read(path, PEM_MAX, ret, err) : CF_OK;
}

static enum cf_rc
open_trust(struct cf_site *site, struct cf_err *err)
{
    const struct cf_settings *settings = site->settings;
    cf_own(cf_buf) roots = NULL;
    cf_own(cf_buf) pins = NULL;

    if (!settings->cloud.serves_pkcs)
        return CF_OK; /* no key is sealed to anybody */
    if (!settings->check_recipient) {
        cf_log(CF_EV_CONFIG_WARNING, NULL,
               "[recipient] check = no: whoever names a recipient certificate can read the keys");
        return CF_OK;
    }
    CF_TRY(read_optional(settings->recipient_ca_file, &roots, err));
    CF_TRY(read_optional(settings->recipient_pins_file, &pins, err));
    if (cf_trust_new(roots ? cf_buf_bytes(roots) : cf_bytes_of("", 0),
                     pins ? cf_buf_bytes(pins) : cf_bytes_of("", 0), &site->trust, err) != CF_OK)
        return cf_err_prefix(err, "[recipient]");
    return CF_OK;
}

static enum cf_rc
make_signer(struct cf_site *site, const char *path, struct cf_err *err)
{
    cf_own(cf_secret) pem = NULL;

    CF_TRY(cf_identity_generate(CF_KEY_P256, site->settings->connector_id,
                                cf_clock_now_ms(site->clock), SIGNER_LIFETIME_MS, &site->signer,
                                err));
    CF_TRY(cf_identity_pem(site->signer, &pem, err));
    return cf_file_publish_secret(path, pem, err);
}

static enum cf_rc
open_signer(struct cf_site *site, struct cf_err *err)
{
    cf_own(cf_secret) pem = NULL;
    cf_own_str path = NULL;

    if (asprintf(&path, "%s/signing.pem", site->settings->state_dir) < 0) {
        path = NULL;
        return cf_fail_oom(err);
    }
    if (access(path, F_OK) < 0 && errno == ENOENT)
        return make_signer(site, path, err);
    CF_TRY(cf_file_read_secret(path, IDENTITY_MAX, &pem, err));
    if (cf_identity_parse(pem, &site->signer, err) != CF_OK)
        return cf_err_prefix(err, "%s", path);
    return CF_OK;
}

/* Made by the administrator and kept where a backup of the store is not: never made here. */
static enum cf_rc
open_recovery(struct cf_site *site, struct cf_err *err)
{
    cf_own(cf_secret) pem = NULL;
    const char *path = site->settings->recovery_file;

    if (!path)
        return CF_OK;
    CF_TRY(cf_file_read_secret(path, IDENTITY_MAX, &pem, err));
    if (cf_identity_parse(pem, &site->recovery, err) != CF_OK)
        return cf_err_prefix(err, "[recovery] identity_file: %s", path);
    return CF_OK;
}

static enum cf_rc
open_directory(struct cf_site *site, struct cf_err *err)
{
    const struct cf_directory_settings *settings = &site->settings->directory;
    const struct cf_directory_env env = {.clock = site->clock, .stop_flag = site->stop_flag};

    if (!settings->uri)
        return CF_OK;
    return cf_directory_ldap.open(settings, &env, &site->directory, err);
}

static enum cf_rc
open_import_key(const struct cf_import_key_settings *settings, struct cf_import_key **ret_key,
                struct cf_err *err)
{
    cf_own(cf_secret) secret = NULL;

    if (settings->key_file) {
        CF_TRY(cf_file_read_secret(settings->key_file, IDENTITY_MAX, &secret, err));
        return cf_import_key_parse(secret, ret_key, err);
    }
    if (!settings->key_uri)
        return cf_fail(err, CF_E_CONFIG, "has neither key_file nor key_uri");
    if (settings->pin_file) {
        CF_TRY(cf_file_read_secret(settings->pin_file, PIN_MAX, &secret, err));
        size_t len = strcspn((const char *)cf_secret_data(secret), "\r\n");
        cf_secret_truncate(secret, len);
    }
    return cf_import_key_open(settings->key_uri, secret, ret_key, err);
}

static enum cf_rc
open_import_keys(struct cf_site *site, struct cf_err *err)
{
    const struct cf_settings *settings = site->settings;

    if (settings->n_import_keys == 0)
        return CF_OK;
    site->import_keys = calloc(settings->n_import_keys, sizeof *site->import_keys);
    if (!site->import_keys)
        return cf_fail_oom(err);
    for (size_t i = 0; i < settings->n_import_keys; i++) {
        if (open_import_key(settings->import_keys[i], &site->import_keys[i], err) != CF_OK)
            return cf_err_prefix(err, "[import-key %s]", settings->import_keys[i]->name);
        site->n_import_keys = i + 1;
    }
    return CF_OK;
}

static enum cf_rc
open_challenges(struct cf_site *site, struct cf_err *err)
{
    const struct cf_settings *settings = site->settings;
    size_t n = settings->n_scep_profiles;

    if (n == 0)
        return CF_OK;
    site->scep_challenges = calloc(n, sizeof(struct cf_secret *));
    if (!site->scep_challenges)
        return cf_fail_oom(err);
    site->n_scep_challenges = n;
    for (size_t i = 0; i < n; i++) {
        const struct cf_scep_profile_settings *profile = settings->scep_profiles[i];

        if (profile->challenge != CF_SCEP_STATIC)
            continue;
        if (!profile->challenge_file)
            return cf_fail(err, CF_E_CONFIG,
                           "[scep-profile %s] challenge = static needs a challenge_file",
                           profile->name);
        if (cf_file_read_secret(profile->challenge_file, CF_SECRET_MAX, &site->scep_challenges[i],
                                err) != CF_OK)
            return cf_err_prefix(err, "[scep-profile %s] challenge_file", profile->name);
    }
    return CF_OK;
}

static enum cf_rc
open_cas(struct cf_site *site, struct cf_err *err)
{
    const struct cf_settings *settings = site->settings;
    const struct cf_ca_env env = {
        .clock = site->clock,
        .store = site->store,
        .directory = site->directory,
        .stop_flag = site->stop_flag,
    };

    site->cas = calloc(settings->n_cas > 0 ? settings->n_cas : 1, sizeof *site->cas);
    if (!site->cas)
        return cf_fail_oom(err);
    for (size_t i = 0; i < settings->n_cas; i++) {
        const struct cf_ca_settings *ca = settings->cas[i];
        const struct cf_ca_ops *ops = cf_ca_find_backend(ca->backend);

        if (!ops)
            return cf_fail(err, CF_E_CONFIG, "[ca %s] backend: '%s' is unknown", ca->name,
                           ca->backend);
        cf_ca_slot_init(&site->cas[i], ca, site->clock);
        site->n_cas = i + 1;
        if (ops->open(ca, &env, &site->cas[i].ca, err) != CF_OK)
            return cf_err_prefix(err, "[ca %s]", ca->name);
    }
    return CF_OK;
}

static bool
uses_intune(const struct cf_settings *settings)
{
    for (size_t i = 0; i < settings->n_scep_profiles; i++) {
        if (settings->scep_profiles[i]->challenge == CF_SCEP_INTUNE)
            return true;
    }
    return false;
}

static enum cf_rc
open_cloud(struct cf_site *site, struct cf_err *err)
{
    char host_name[HOST_NAME_SIZE] = "localhost";

    (void)gethostname(host_name, sizeof host_name - 1);
    host_name[sizeof host_name - 1] = '\0';

    const struct cf_cloud_env env = {
        .clock = site->clock,
        .stop_flag = site->stop_flag,
        .connector_id = site->settings->connector_id,
        .host_name = host_name,
        .uses_scep = uses_intune(site->settings),
    };
    const struct cf_cloud_ops *ops =
        site->settings->cloud.is_off ? &cf_cloud_none : &cf_cloud_connector;

    if (ops->open(&site->settings->cloud, &env, &site->cloud, err) != CF_OK)
        return cf_err_prefix(err, "[cloud]");
    return CF_OK;
}

enum cf_rc
cf_site_open(struct cf_settings *take_settings, const struct cf_site_parts *parts,
             struct cf_site **ret_site, struct cf_err *err)
{
    cf_own(cf_site) site = calloc(1, sizeof *site);
    if (!site) {
        cf_settings_free(take_settings);
        return cf_fail_oom(err);
    }

    atomic_init(&site->refs, 1);
    site->settings = take_settings;
    site->clock = parts->clock;
    site->stop_flag = parts->stop_flag;
    site->store = parts->store;
    site->keypool = parts->keypool;
    snprintf(site->owner, sizeof site->owner, "%s", take_settings->connector_id);
    CF_TRY(read_store_key(site, err));
    CF_TRY(open_trust(site, err));
    CF_TRY(open_signer(site, err));
    CF_TRY(open_recovery(site, err));
    CF_TRY(open_directory(site, err));
    CF_TRY(open_import_keys(site, err));
    CF_TRY(open_challenges(site, err));
    CF_TRY(open_cas(site, err));
    CF_TRY(open_cloud(site, err));

    *ret_site = cf_give(site);
    return CF_OK;
}

struct cf_keypool_options
cf_site_keypool_options(const struct cf_settings *settings, const struct cf_clock *clock)
{
    struct cf_keypool_options options = {
        .max_age_ms = settings->keypool_max_age_ms,
        .clock = clock,
    };

    for (unsigned kind = 0; settings->cloud.serves_pkcs && kind < CF_KEY_KIND_MAX_; kind++)
        options.size[kind] = (unsigned)settings->keypool_size[kind];
    return options;
}
