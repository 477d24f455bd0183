/* SPDX-License-Identifier: Apache-2.0 */
/* ldap - the directory's opening and closing; what is asked of it is in find.c. */
#include <stdio.h>
#include <string.h>

#include "certferry/file.h"
#include "certferry/text.h"

#include "find.h"
#include "parts.h"

static const char SYSTEM_CA_FILE[] = "/etc/ssl/certs/ca-certificates.crt";

static void
ldap_close(struct cf_directory *base)
{
    struct cf_ldap *ldap = (struct cf_ldap *)base;

    cf_ldap_pool_done(&ldap->pool);
    cf_ldap_cache_done(&ldap->cache);
    cf_breaker_done(&ldap->breaker);
    cf_kerberos_free(ldap->kerberos);
    cf_secret_free(ldap->password);
    free(ldap);
}

static enum cf_rc
check_uris(const struct cf_directory_settings *settings, size_t *ret_n, struct cf_err *err)
{
    const char *scheme = settings->tls == CF_DIRECTORY_LDAPS ? "ldaps://" : "ldap://";
    size_t n = 0;

    for (; settings->uri && settings->uri[n]; n++) {
        const char *uri = settings->uri[n];
        LDAPURLDesc *url = NULL;

        if (!cf_text_starts_with(uri, scheme))
            return cf_fail(err, CF_E_CONFIG,
                           "[directory] uri: %s: with this protection it has to begin with %s", uri,
                           scheme);
        if (ldap_url_parse(uri, &url) != LDAP_URL_SUCCESS)
            return cf_fail(err, CF_E_CONFIG, "[directory] uri: %s is no LDAP URL", uri);
        bool has_host = url->lud_host && url->lud_host[0];
        ldap_free_urldesc(url);
        if (!has_host)
            return cf_fail(err, CF_E_CONFIG, "[directory] uri: %s names no host", uri);
    }
    if (n == 0)
        return cf_fail(err, CF_E_CONFIG, "[directory] uri: name at least one server");
    *ret_n = n;
    return CF_OK;
}

static enum cf_rc
read_password(const struct cf_directory_settings *settings, struct cf_secret **ret_password,
              struct cf_err *err)
{
    cf_own(cf_secret) password = NULL;

    if (!settings->bind_dn || !settings->password_file)
        return cf_fail(err, CF_E_CONFIG,
                       "[directory] auth = simple needs bind_dn and password_file");
    if (settings->tls == CF_DIRECTORY_SIGNED)
        return cf_fail(err, CF_E_CONFIG,
                       "[directory] protection = signed is GSSAPI's; a password needs ldaps or "
                       "starttls");
    if (cf_file_read_secret(settings->password_file, CF_SECRET_MAX, &password, err) != CF_OK)
        return cf_err_prefix(err, "[directory] password_file");
    cf_file_trim_newline(password);
    /* An empty password would be an anonymous bind that looks like success. */
    if (cf_secret_len(password) == 0)
        return cf_fail(err, CF_E_CONFIG, "[directory] password_file: %s is empty",
                       settings->password_file);
    *ret_password = cf_give(password);
    return CF_OK;
}

static enum cf_rc
read_credential(const struct cf_directory_settings *settings, const struct cf_directory_env *env,
                struct cf_secret **ret_password, struct cf_kerberos **ret_kerberos,
                struct cf_err *err)
{
    if (settings->auth == CF_DIRECTORY_SIMPLE)
        return read_password(settings, ret_password, err);
    if (!settings->keytab_file)
        return cf_fail(err, CF_E_CONFIG, "[directory] auth = gssapi needs keytab_file");
    return cf_ldap_new_kerberos(settings, env->stop_flag, ret_kerberos, err);
}

static enum cf_rc
check_ca_file(const char *path, struct cf_err *err)
{
    cf_own(cf_buf) pem = NULL;

    if (cf_file_read(path, 4 << 20, &pem, err) != CF_OK)
        return cf_err_prefix(err, "[directory] ca_file");
    if (!strstr(cf_buf_str(pem), "-----BEGIN "))
        return cf_fail(err, CF_E_CONFIG, "[directory] ca_file: %s holds no certificate in PEM",
                       path);
    return CF_OK;
}

static enum cf_rc
ldap_open_directory(const struct cf_directory_settings *settings,
                    const struct cf_directory_env *env, struct cf_directory **ret_directory,
                    struct cf_err *err)
{
    cf_own(cf_secret) password = NULL;
    cf_own(cf_kerberos) kerberos = NULL;
    const char *ca_file = settings->ca_file ? settings->ca_file : SYSTEM_CA_FILE;
    size_t n_uris = 0;

    CF_TRY(check_uris(settings, &n_uris, err));
    if (settings->tls != CF_DIRECTORY_SIGNED)
        CF_TRY(check_ca_file(ca_file, err));
    CF_TRY(read_credential(settings, env, &password, &kerberos, err));

    struct cf_ldap *ldap = calloc(1, sizeof *ldap);
    if (!ldap)
        return cf_fail_oom(err);
    ldap->base.ops = &cf_directory_ldap;
    ldap->settings = settings;
    ldap->env = *env;
    ldap->ca_file = ca_file;
    ldap->password = cf_give(password);
    ldap->kerberos = cf_give(kerberos);
    ldap->n_uris = n_uris;
    cf_breaker_init(&ldap->breaker, env->clock, settings->retry_ms, settings->retry_ms);
    cf_ldap_cache_init(&ldap->cache, env->clock, settings->cache_ms);
    cf_ldap_pool_init(&ldap->pool);
    *ret_directory = &ldap->base;
    return CF_OK;
}

static enum cf_rc
ldap_check(struct cf_directory *base, cf_finding_fn *report, void *arg, struct cf_err *err)
{
    return cf_ldap_check((struct cf_ldap *)base, report, arg, err);
}

static void
ldap_forget(struct cf_directory *base)
{
    static const enum cf_ldap_kind KINDS[] = {CF_LDAP_PRINCIPAL, CF_LDAP_SERVICES, CF_LDAP_TEMPLATE,
                                              CF_LDAP_CA_CERTS};
    struct cf_ldap *ldap = (struct cf_ldap *)base;

    for (size_t i = 0; i < CF_COUNT(KINDS); i++)
        cf_ldap_cache_forget(&ldap->cache, KINDS[i]);
}

const struct cf_directory_ops cf_directory_ldap = {
    .name = "ldap",
    .abi = CF_DIRECTORY_ABI,
    .open = ldap_open_directory,
    .close = ldap_close,
    .check = ldap_check,
    .find_user = cf_ldap_find_user,
    .find_computer = cf_ldap_find_computer,
    .find_group = cf_ldap_find_group,
    .find_principal = cf_ldap_find_principal,
    .find_enrollment_services = cf_ldap_find_enrollment_services,
    .find_template = cf_ldap_find_template,
    .find_ca_certs = cf_ldap_find_ca_certs,
    .forget = ldap_forget,
};
