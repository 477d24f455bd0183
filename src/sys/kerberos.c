/* SPDX-License-Identifier: Apache-2.0 */
#include "certferry/kerberos.h"

#include <krb5.h>
#include <stdio.h>
#include <string.h>

#include "certferry/file.h"
#include "kerberos_internal.h"

struct cf_kerberos *
cf_kerberos_free(struct cf_kerberos *kerberos)
{
    if (kerberos) {
        cf_tickets_unref(kerberos->tickets);
        free(kerberos);
    }
    return NULL;
}

const char *
cf_kerberos_principal(const struct cf_kerberos *kerberos)
{
    return kerberos->tickets->principal;
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
                  name[strlen(wanted)] == '@')) {
            found = strdup(name);
            rc = found ? CF_OK : cf_fail_oom(err);
        }
        krb5_free_unparsed_name(context, name);
        (void)krb5_free_keytab_entry_contents(context, &entry);
    }
    (void)krb5_kt_end_seq_get(context, keytab, &cursor);
    *ret_principal = found;
    return rc;
}

static enum cf_rc
fail_keytab(krb5_context context, krb5_error_code code, const struct cf_kerberos_options *options,
            struct cf_err *err)
{
    const char *text = krb5_get_error_message(context, code);

    (void)cf_fail(err, CF_E_CONFIG,
                  "%s keytab_file: %s: %s; export the keytab of the connector's account",
                  options->section, options->keytab_file, text);
    krb5_free_error_message(context, text);
    return CF_E_CONFIG;
}

static enum cf_rc
find_principal(krb5_context context, const struct cf_kerberos_options *options,
               struct cf_tickets *tickets, struct cf_err *err)
{
    krb5_keytab keytab = NULL;
    bool has_entries = false;

    krb5_error_code code = krb5_kt_resolve(context, tickets->keytab, &keytab);
    if (code != 0)
        return fail_keytab(context, code, options, err);
    enum cf_rc rc =
        match(context, keytab, options->principal, &tickets->principal, &has_entries, err);
    (void)krb5_kt_close(context, keytab);
    if (rc != CF_OK)
        return rc;
    if (!has_entries)
        return cf_fail(err, CF_E_CONFIG,
                       "%s keytab_file: %s is no keytab with a key; export the keytab of the "
                       "connector's account",
                       options->section, options->keytab_file);
    if (!tickets->principal)
        return cf_fail(err, CF_E_CONFIG, "%s principal: %s has no key of %s; see klist -k",
                       options->section, options->keytab_file, options->principal);
    return CF_OK;
}

static enum cf_rc
new_kerberos(krb5_context context, const struct cf_kerberos_options *options,
             struct cf_kerberos **ret_kerberos, struct cf_err *err)
{
    cf_own(cf_kerberos) kerberos = calloc(1, sizeof *kerberos);
    cf_own(cf_secret) content = NULL;

    if (!kerberos)
        return cf_fail_oom(err);
    kerberos->patience = (struct cf_patience){
        .timeout_ms = options->timeout_ms,
        .stop_flag = options->stop_flag,
    };
    CF_TRY(cf_tickets_new(&kerberos->tickets, err));
    /* A keytab is as good as a password: the same rules for the file. */
    if (cf_file_read_secret(options->keytab_file, CF_SECRET_MAX, &content, err) != CF_OK)
        return cf_err_prefix(err, "%s keytab_file", options->section);
    if (asprintf(&kerberos->tickets->keytab, "FILE:%s", options->keytab_file) < 0) {
        kerberos->tickets->keytab = NULL;
        return cf_fail_oom(err);
    }
    CF_TRY(find_principal(context, options, kerberos->tickets, err));
    *ret_kerberos = cf_give(kerberos);
    return CF_OK;
}

enum cf_rc
cf_kerberos_new(const struct cf_kerberos_options *options, struct cf_kerberos **ret_kerberos,
                struct cf_err *err)
{
    krb5_context context = NULL;

    krb5_error_code code = krb5_init_context(&context);
    if (code != 0)
        return cf_fail(err, CF_E_CONFIG, "%s auth: /etc/krb5.conf cannot be used (%ld); correct it",
                       options->section, (long)code);
    enum cf_rc rc = new_kerberos(context, options, ret_kerberos, err);
    krb5_free_context(context);
    return rc;
}

void
cf_kerberos_forget(const struct cf_kerberos *kerberos)
{
    cf_tickets_forget(kerberos->tickets);
}
