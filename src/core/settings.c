/* SPDX-License-Identifier: Apache-2.0 */
#include "certferry/settings.h"

#include <stdlib.h>
#include <string.h>

#include "certferry/text.h"

struct cf_settings *
cf_settings_new(void)
{
    return calloc(1, sizeof(struct cf_settings));
}

static void
free_list(char **list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(list[i]);
    free(list);
}

static void
free_words(char **word)
{
    for (size_t i = 0; word && word[i]; i++)
        free(word[i]);
    free(word);
}

struct cf_template_settings *
cf_template_settings_free(struct cf_template_settings *template_settings)
{
    if (!template_settings)
        return NULL;
    free(template_settings->name);
    free(template_settings->oid);
    free_list(template_settings->eku, template_settings->n_eku);
    free(template_settings);
    return NULL;
}

static bool
copy_text(const char *text, char **ret)
{
    *ret = text ? strdup(text) : NULL;
    return *ret || !text;
}

uint64_t
cf_template_validity_ms(const struct cf_template_settings *template_settings, uint64_t asked_ms)
{
    uint64_t own_ms = template_settings->validity_ms;

    return asked_ms > 0 && (own_ms == 0 || asked_ms < own_ms) ? asked_ms : own_ms;
}

struct cf_template_settings *
cf_template_settings_copy(const struct cf_template_settings *template_settings)
{
    cf_own(cf_template_settings) copy = calloc(1, sizeof *copy);
    if (!copy)
        return NULL;
    *copy = *template_settings;
    copy->name = copy->oid = NULL;
    copy->eku = NULL;
    copy->n_eku = 0;
    if (!copy_text(template_settings->name, &copy->name) ||
        !copy_text(template_settings->oid, &copy->oid))
        return NULL;
    if (template_settings->n_eku > 0)
        copy->eku = calloc(template_settings->n_eku, sizeof *copy->eku);
    if (template_settings->n_eku > 0 && !copy->eku)
        return NULL;
    for (; copy->n_eku < template_settings->n_eku; copy->n_eku++) {
        if (!copy_text(template_settings->eku[copy->n_eku], &copy->eku[copy->n_eku]))
            return NULL;
    }
    return cf_give(copy);
}

static void
free_ca(struct cf_ca_settings *ca)
{
    if (!ca)
        return;

    free(ca->name);
    free(ca->backend);
    free(ca->host);
    free(ca->ca_name);
    free(ca->templates);
    free(ca->cert_file);
    free(ca->key_file);
    free(ca->crl_file);
    free(ca->crl_url);
    free(ca->issuer_url);
    free_words(ca->command);
    free(ca->chain_file);
    free(ca->rpc_host);
    free(ca->keytab_file);
    free(ca->principal);
    free(ca->ces_url);
    free(ca->cep_url);
    free(ca->username);
    free(ca->password_file);
    free(ca->tls_cert_file);
    free(ca->tls_key_file);
    free(ca->tls_ca_file);
    free_words(ca->revoke_command);
    free(ca->url);
    free(ca->reference);
    free(ca->secret_file);
    free(ca->signer_file);
    free(ca->server_cert_file);
    free(ca->recipient);
    free(ca->proxy);
    free(ca);
}

static void
cloud_done(struct cf_cloud_settings *cloud)
{
    free(cloud->endpoint);
    free(cloud->authority);
    free(cloud->graph);
    free(cloud->resource);
    free(cloud->service_app_id);
    free(cloud->service_name);
    free(cloud->scep_service_name);
    free(cloud->tenant);
    free(cloud->client_id);
    free(cloud->client_secret_file);
    free(cloud->assertion_file);
    free(cloud->tls_cert_file);
    free(cloud->tls_key_file);
    free(cloud->ca_file);
    free(cloud->proxy);
    free(cloud->proxy_user);
    free(cloud->proxy_password_file);
}

static void
directory_done(struct cf_directory_settings *directory)
{
    free_words(directory->uri);
    free(directory->base);
    free(directory->bind_dn);
    free(directory->password_file);
    free(directory->keytab_file);
    free(directory->principal);
    free(directory->ca_file);
}

static void
free_policy(struct cf_policy_settings *policy)
{
    if (!policy)
        return;
    free(policy->name);
    free_words(policy->cas);
    free_words(policy->templates);
    free_list(policy->eku, policy->n_eku);
    free_words(policy->subject_allow);
    free_words(policy->subject_refuse);
    free_words(policy->san_allow);
    free_words(policy->san_refuse);
    free_words(policy->upn_suffixes);
    free_words(policy->refused_accounts);
    free_words(policy->refused_groups);
    free(policy);
}

static void
free_import_key(struct cf_import_key_settings *key)
{
    if (!key)
        return;
    free(key->name);
    free(key->provider);
    free(key->key_name);
    free(key->key_file);
    free(key->key_uri);
    free(key->pin_file);
    free(key);
}

static void
scep_done(struct cf_scep_settings *scep)
{
    free_words(scep->listen);
    free_words(scep->tls_listen);
    free(scep->tls_cert_file);
    free(scep->tls_key_file);
    free(scep->socket);
    free(scep->socket_user);
    free(scep->ra_key_file);
    free(scep->ra_token);
    free(scep->ra_pin_file);
    free(scep->ra_sign_template);
    free(scep->ra_encryption_template);
    free(scep->ra_subject);
}

static void
free_scep_profile(struct cf_scep_profile_settings *profile)
{
    if (!profile)
        return;
    free(profile->name);
    free(profile->ca);
    free(profile->template_name);
    free(profile->challenge_file);
    free_list(profile->eku, profile->n_eku);
    free_words(profile->keys);
    free(profile->next_ca_file);
    free(profile);
}

struct cf_settings *
cf_settings_free(struct cf_settings *settings)
{
    if (!settings)
        return NULL;

    free(settings->connector_id);
    free(settings->state_dir);
    cloud_done(&settings->cloud);
    free(settings->store_path);
    free(settings->store_connection);
    free(settings->store_password_file);
    free(settings->store_key_file);
    free(settings->recipient_ca_file);
    free(settings->recipient_pins_file);
    free(settings->control_socket);
    free(settings->control_group);
    for (size_t i = 0; i < settings->n_cas; i++)
        free_ca(settings->cas[i]);
    free(settings->cas);
    for (size_t i = 0; i < settings->n_templates; i++)
        cf_template_settings_free(settings->templates[i]);
    free(settings->templates);
    directory_done(&settings->directory);
    for (size_t i = 0; i < settings->n_policies; i++)
        free_policy(settings->policies[i]);
    free(settings->policies);
    for (size_t i = 0; i < settings->n_import_keys; i++)
        free_import_key(settings->import_keys[i]);
    free(settings->import_keys);
    scep_done(&settings->scep);
    for (size_t i = 0; i < settings->n_scep_profiles; i++)
        free_scep_profile(settings->scep_profiles[i]);
    free(settings->scep_profiles);
    free(settings->recovery_file);
    free(settings);
    return NULL;
}

const struct cf_ca_settings *
cf_settings_find_ca(const struct cf_settings *settings, const char *host, const char *ca_name)
{
    for (size_t i = 0; i < settings->n_cas; i++) {
        const struct cf_ca_settings *ca = settings->cas[i];

        if (cf_text_equal_nocase(ca->host, host) && cf_text_equal_nocase(ca->ca_name, ca_name))
            return ca;
    }
    return NULL;
}

const struct cf_policy_settings *
cf_settings_find_policy(const struct cf_settings *settings, const char *ca,
                        const char *template_name, enum cf_certificate_types type)
{
    for (size_t i = 0; i < settings->n_policies; i++) {
        const struct cf_policy_settings *policy = settings->policies[i];

        if (cf_text_is_listed(policy->cas, ca) &&
            cf_text_is_listed(policy->templates, template_name) && (policy->types & type) != 0)
            return policy;
    }
    return NULL;
}

const struct cf_scep_profile_settings *
cf_settings_find_scep_profile(const struct cf_settings *settings, const char *name)
{
    for (size_t i = 0; i < settings->n_scep_profiles; i++) {
        if (cf_text_equal_nocase(settings->scep_profiles[i]->name, name))
            return settings->scep_profiles[i];
    }
    return NULL;
}

const struct cf_template_settings *
cf_ca_settings_template(const struct cf_ca_settings *ca, const char *name)
{
    for (size_t i = 0; i < ca->n_templates; i++) {
        if (cf_text_equal_nocase(ca->templates[i]->name, name))
            return ca->templates[i];
    }
    return NULL;
}
