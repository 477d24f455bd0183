/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kerberos - a keytab as credential: libgssapi gets the tickets by itself and keeps them in a cache
 * in memory that belongs to this directory alone. Nothing of it goes through the environment.
 */
#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <krb5.h>
#include <stdio.h>
#include <string.h>

#include "certferry/file.h"

#include "explain.h"
#include "parts.h"

struct cf_kerberos {
    char *keytab; /* "FILE:/path" */
    char *principal;
    char ccache[64];
};

struct cf_kerberos *
cf_kerberos_free(struct cf_kerberos *kerberos)
{
    if (!kerberos)
        return NULL;
    if (kerberos->ccache[0])
        cf_kerberos_forget(kerberos);
    free(kerberos->keytab);
    free(kerberos->principal);
    free(kerberos);
    return NULL;
}

const char *
cf_kerberos_principal(const struct cf_kerberos *kerberos)
{
    return kerberos->principal;
}

static enum cf_rc
fail(krb5_context context, krb5_error_code code, const char *path, struct cf_err *err)
{
    const char *text = krb5_get_error_message(context, code);

    (void)cf_fail(err, CF_E_CONFIG,
                  "[directory] keytab_file: %s: %s; export the keytab of the connector's account",
                  path, text);
    krb5_free_error_message(context, text);
    return CF_E_CONFIG;
}

/* The keytab's first name, or the one that is wanted. */
static enum cf_rc
match(krb5_context context, krb5_keytab keytab, const char *wanted, char **ret_principal,
      bool *ret_has_entries, struct cf_err *err)
{
    krb5_kt_cursor cursor;
    krb5_keytab_entry entry;
    enum cf_rc rc = CF_OK;
    char *found = NULL;

    if (krb5_kt_start_seq_get(context, keytab, &cursor) != 0)
        return CF_OK;
    while (rc == CF_OK && !found && krb5_kt_next_entry(context, keytab, &entry, &cursor) == 0) {
        char *name = NULL;
        *ret_has_entries = true;
        if (krb5_unparse_name(context, entry.principal, &name) != 0)
            rc = cf_fail_oom(err);
        else if (!wanted || strcmp(wanted, name) == 0 ||
                 (!strchr(wanted, '@') && strncmp(wanted, name, strlen(wanted)) == 0 &&
                  name[strlen(wanted)] == '@'))
            found = strdup(name);
        krb5_free_unparsed_name(context, name);
        (void)krb5_free_keytab_entry_contents(context, &entry);
    }
    (void)krb5_kt_end_seq_get(context, keytab, &cursor);
    *ret_principal = found;
    return rc;
}

static enum cf_rc
find_principal(krb5_context context, const struct cf_directory_settings *settings,
               struct cf_kerberos *kerberos, struct cf_err *err)
{
    krb5_keytab keytab = NULL;
    bool has_entries = false;

    krb5_error_code code = krb5_kt_resolve(context, kerberos->keytab, &keytab);
    if (code != 0)
        return fail(context, code, settings->keytab_file, err);
    enum cf_rc rc =
        match(context, keytab, settings->principal, &kerberos->principal, &has_entries, err);
    (void)krb5_kt_close(context, keytab);
    if (rc != CF_OK)
        return rc;
    if (!has_entries)
        return cf_fail(err, CF_E_CONFIG,
                       "[directory] keytab_file: %s is no keytab with a key; export the keytab of "
                       "the connector's account",
                       settings->keytab_file);
    if (!kerberos->principal)
        return cf_fail(err, CF_E_CONFIG, "[directory] principal: %s has no key of %s; see klist -k",
                       settings->keytab_file, settings->principal);
    return CF_OK;
}

static enum cf_rc
new_kerberos(krb5_context context, const struct cf_directory_settings *settings,
             struct cf_kerberos **ret_kerberos, struct cf_err *err)
{
    static unsigned serial;
    cf_own(cf_kerberos) kerberos = calloc(1, sizeof *kerberos);
    cf_own(cf_secret) content = NULL;

    if (!kerberos)
        return cf_fail_oom(err);
    /* A keytab is as good as a password: the same rules for the file. */
    if (cf_file_read_secret(settings->keytab_file, CF_SECRET_MAX, &content, err) != CF_OK)
        return cf_err_prefix(err, "[directory] keytab_file");
    if (asprintf(&kerberos->keytab, "FILE:%s", settings->keytab_file) < 0) {
        kerberos->keytab = NULL;
        return cf_fail_oom(err);
    }
    CF_TRY(find_principal(context, settings, kerberos, err));
    (void)snprintf(kerberos->ccache, sizeof kerberos->ccache, "MEMORY:certferry-%u",
                   __atomic_fetch_add(&serial, 1, __ATOMIC_RELAXED));
    *ret_kerberos = cf_give(kerberos);
    return CF_OK;
}

enum cf_rc
cf_kerberos_new(const struct cf_directory_settings *settings, struct cf_kerberos **ret_kerberos,
                struct cf_err *err)
{
    krb5_context context = NULL;

    krb5_error_code code = krb5_init_context(&context);
    if (code != 0)
        return cf_fail(err, CF_E_CONFIG,
                       "[directory] auth: /etc/krb5.conf cannot be used (%ld); correct it",
                       (long)code);
    enum cf_rc rc = new_kerberos(context, settings, ret_kerberos, err);
    krb5_free_context(context);
    return rc;
}

static enum cf_rc
fail_gss(const char *uri, OM_uint32 major, OM_uint32 minor, struct cf_err *err)
{
    OM_uint32 ignored, more = 0;
    gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
    char said[256] = "";

    if (gss_display_status(&ignored, minor != 0 ? minor : major,
                           minor != 0 ? GSS_C_MECH_CODE : GSS_C_GSS_CODE, gss_mech_krb5, &more,
                           &text) == GSS_S_COMPLETE)
        (void)snprintf(said, sizeof said, "%.*s", (int)text.length, (const char *)text.value);
    (void)gss_release_buffer(&ignored, &text);
    return cf_ldap_explain(CF_LDAP_STAGE_BIND, uri, LDAP_INVALID_CREDENTIALS, said, err);
}

static enum cf_rc
acquire(const struct cf_kerberos *kerberos, const char *uri, gss_name_t name, void **ret_credential,
        struct cf_err *err)
{
    gss_key_value_element_desc elements[] = {{"client_keytab", kerberos->keytab},
                                             {"ccache", kerberos->ccache}};
    gss_key_value_set_desc store = {.count = CF_COUNT(elements), .elements = elements};
    gss_OID_set_desc mechs = {.count = 1, .elements = gss_mech_krb5};
    gss_cred_id_t credential = GSS_C_NO_CREDENTIAL;
    OM_uint32 minor = 0;

    OM_uint32 major = gss_acquire_cred_from(&minor, name, GSS_C_INDEFINITE, &mechs, GSS_C_INITIATE,
                                            &store, &credential, NULL, NULL);
    if (GSS_ERROR(major))
        return fail_gss(uri, major, minor, err);
    *ret_credential = credential;
    return CF_OK;
}

enum cf_rc
cf_kerberos_acquire(const struct cf_kerberos *kerberos, const char *uri, void **ret_credential,
                    struct cf_err *err)
{
    gss_buffer_desc text = {.length = strlen(kerberos->principal), .value = kerberos->principal};
    gss_name_t name = GSS_C_NO_NAME;
    OM_uint32 minor = 0;

    OM_uint32 major = gss_import_name(&minor, &text, GSS_KRB5_NT_PRINCIPAL_NAME, &name);
    if (GSS_ERROR(major))
        return fail_gss(uri, major, minor, err);
    enum cf_rc rc = acquire(kerberos, uri, name, ret_credential, err);
    (void)gss_release_name(&minor, &name);
    return rc;
}

void
cf_kerberos_release(void *credential)
{
    gss_cred_id_t mine = credential;
    OM_uint32 minor;

    if (mine != GSS_C_NO_CREDENTIAL)
        (void)gss_release_cred(&minor, &mine);
}

void
cf_kerberos_forget(const struct cf_kerberos *kerberos)
{
    krb5_context context = NULL;
    krb5_ccache ccache = NULL;

    if (krb5_init_context(&context) != 0)
        return;
    if (krb5_cc_resolve(context, kerberos->ccache, &ccache) == 0)
        (void)krb5_cc_destroy(context, ccache);
    krb5_free_context(context);
}
