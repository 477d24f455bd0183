/* SPDX-License-Identifier: Apache-2.0 */
#include "certferry/kerberos.h"

#include <krb5.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "certferry/file.h"
#include "kerberos_internal.h"

enum { CACHE_NAME_SIZE = 64, CACHES_KEPT = 8 };

/*
 * One thread at a time fills the cache; whoever waited for it meanwhile shares a failure. Forgotten
 * tickets are left to those who are using them just now: a new cache begins, and one that was given
 * up long before goes.
 */
struct tickets {
    pthread_mutex_t lock;
    unsigned serial;     /* of this object among all */
    unsigned generation; /* of the cache */
    unsigned n_down;
    struct cf_err down;
};

struct cf_kerberos {
    char *keytab; /* "FILE:/path" */
    char *principal;
    struct tickets *tickets;
};

static void
name_cache(const struct tickets *tickets, unsigned generation, char ret[CACHE_NAME_SIZE])
{
    (void)snprintf(ret, CACHE_NAME_SIZE, "MEMORY:certferry-%u-%u", tickets->serial, generation);
}

static void
destroy_cache(krb5_context context, const struct tickets *tickets, unsigned generation)
{
    char name[CACHE_NAME_SIZE];
    krb5_ccache ccache = NULL;

    name_cache(tickets, generation, name);
    if (krb5_cc_resolve(context, name, &ccache) == 0)
        (void)krb5_cc_destroy(context, ccache);
}

static void
destroy_tickets(struct tickets *tickets)
{
    krb5_context context = NULL;

    if (krb5_init_context(&context) == 0) {
        for (unsigned i = 0; i < CACHES_KEPT && i <= tickets->generation; i++)
            destroy_cache(context, tickets, tickets->generation - i);
        krb5_free_context(context);
    }
    pthread_mutex_destroy(&tickets->lock);
    free(tickets);
}

struct cf_kerberos *
cf_kerberos_free(struct cf_kerberos *kerberos)
{
    if (!kerberos)
        return NULL;
    if (kerberos->tickets)
        destroy_tickets(kerberos->tickets);
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
               struct cf_kerberos *kerberos, struct cf_err *err)
{
    krb5_keytab keytab = NULL;
    bool has_entries = false;

    krb5_error_code code = krb5_kt_resolve(context, kerberos->keytab, &keytab);
    if (code != 0)
        return fail_keytab(context, code, options, err);
    enum cf_rc rc =
        match(context, keytab, options->principal, &kerberos->principal, &has_entries, err);
    (void)krb5_kt_close(context, keytab);
    if (rc != CF_OK)
        return rc;
    if (!has_entries)
        return cf_fail(err, CF_E_CONFIG,
                       "%s keytab_file: %s is no keytab with a key; export the keytab of the "
                       "connector's account",
                       options->section, options->keytab_file);
    if (!kerberos->principal)
        return cf_fail(err, CF_E_CONFIG, "%s principal: %s has no key of %s; see klist -k",
                       options->section, options->keytab_file, options->principal);
    return CF_OK;
}

static enum cf_rc
new_kerberos(krb5_context context, const struct cf_kerberos_options *options,
             struct cf_kerberos **ret_kerberos, struct cf_err *err)
{
    static unsigned serial;
    cf_own(cf_kerberos) kerberos = calloc(1, sizeof *kerberos);
    cf_own(cf_secret) content = NULL;

    if (!kerberos)
        return cf_fail_oom(err);
    kerberos->tickets = calloc(1, sizeof *kerberos->tickets);
    if (!kerberos->tickets)
        return cf_fail_oom(err);
    pthread_mutex_init(&kerberos->tickets->lock, NULL);
    kerberos->tickets->serial = __atomic_fetch_add(&serial, 1, __ATOMIC_RELAXED);
    /* A keytab is as good as a password: the same rules for the file. */
    if (cf_file_read_secret(options->keytab_file, CF_SECRET_MAX, &content, err) != CF_OK)
        return cf_err_prefix(err, "%s keytab_file", options->section);
    if (asprintf(&kerberos->keytab, "FILE:%s", options->keytab_file) < 0) {
        kerberos->keytab = NULL;
        return cf_fail_oom(err);
    }
    CF_TRY(find_principal(context, options, kerberos, err));
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

gss_OID
cf_kerberos_oid(enum cf_gss_mech mech)
{
    static gss_OID_desc spnego = {.length = 6, .elements = "\x2b\x06\x01\x05\x05\x02"};

    return mech == CF_GSS_SPNEGO ? &spnego : gss_mech_krb5;
}

static enum cf_rc
acquire_as(const struct cf_kerberos *kerberos, gss_name_t name, enum cf_gss_mech mech,
           gss_cred_id_t *ret_credential, struct cf_err *err)
{
    char cache[CACHE_NAME_SIZE];
    gss_key_value_element_desc elements[] = {{"client_keytab", kerberos->keytab},
                                             {"ccache", cache}};
    gss_key_value_set_desc store = {.count = CF_COUNT(elements), .elements = elements};
    gss_OID_set_desc mechs = {.count = 1, .elements = cf_kerberos_oid(mech)};
    gss_OID_set_desc kerberos_only = {.count = 1, .elements = gss_mech_krb5};
    gss_cred_id_t credential = GSS_C_NO_CREDENTIAL;
    OM_uint32 minor = 0;

    name_cache(kerberos->tickets, kerberos->tickets->generation, cache);
    OM_uint32 major = gss_acquire_cred_from(&minor, name, GSS_C_INDEFINITE, &mechs, GSS_C_INITIATE,
                                            &store, &credential, NULL, NULL);
    if (!GSS_ERROR(major) && mech == CF_GSS_SPNEGO)
        major = gss_set_neg_mechs(&minor, credential, &kerberos_only);
    if (GSS_ERROR(major)) {
        enum cf_rc rc = cf_kerberos_explain(kerberos->principal, cf_kerberos_oid(mech), major,
                                            minor, NULL, err);
        cf_kerberos_release(credential);
        return rc;
    }
    *ret_credential = credential;
    return CF_OK;
}

/* SPNEGO does not tell why it has nothing to negotiate: Kerberos is asked before. */
static enum cf_rc
acquire_in_turn(const struct cf_kerberos *kerberos, gss_name_t name, enum cf_gss_mech mech,
                gss_cred_id_t *ret_credential, struct cf_err *err)
{
    gss_cred_id_t credential = GSS_C_NO_CREDENTIAL;

    CF_TRY(acquire_as(kerberos, name, CF_GSS_KERBEROS, &credential, err));
    if (mech == CF_GSS_KERBEROS) {
        *ret_credential = credential;
        return CF_OK;
    }
    enum cf_rc rc = acquire_as(kerberos, name, mech, ret_credential, err);
    cf_kerberos_release(credential);
    return rc;
}

static enum cf_rc
acquire(const struct cf_kerberos *kerberos, enum cf_gss_mech mech, gss_cred_id_t *ret_credential,
        struct cf_err *err)
{
    gss_buffer_desc text = {.length = strlen(kerberos->principal), .value = kerberos->principal};
    gss_name_t name = GSS_C_NO_NAME;
    OM_uint32 minor = 0;

    OM_uint32 major = gss_import_name(&minor, &text, GSS_KRB5_NT_PRINCIPAL_NAME, &name);
    if (GSS_ERROR(major))
        return cf_kerberos_explain(kerberos->principal, gss_mech_krb5, major, minor, NULL, err);
    enum cf_rc rc = acquire_in_turn(kerberos, name, mech, ret_credential, err);
    (void)gss_release_name(&minor, &name);
    return rc;
}

enum cf_rc
cf_kerberos_acquire_for(const struct cf_kerberos *kerberos, enum cf_gss_mech mech,
                        gss_cred_id_t *ret_credential, struct cf_err *err)
{
    struct tickets *tickets = kerberos->tickets;
    unsigned seen = __atomic_load_n(&tickets->n_down, __ATOMIC_ACQUIRE);
    struct cf_err own = {0};

    pthread_mutex_lock(&tickets->lock);
    if (tickets->n_down != seen) {
        own = tickets->down;
    } else if (acquire(kerberos, mech, ret_credential, &own) == CF_E_NET) {
        tickets->down = own;
        __atomic_store_n(&tickets->n_down, seen + 1, __ATOMIC_RELEASE);
    }
    pthread_mutex_unlock(&tickets->lock);
    if (err && own.rc != CF_OK)
        *err = own;
    return own.rc;
}

enum cf_rc
cf_kerberos_acquire(const struct cf_kerberos *kerberos, void **ret_credential, struct cf_err *err)
{
    gss_cred_id_t credential = GSS_C_NO_CREDENTIAL;

    CF_TRY(cf_kerberos_acquire_for(kerberos, CF_GSS_KERBEROS, &credential, err));
    *ret_credential = credential;
    return CF_OK;
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
    struct tickets *tickets = kerberos->tickets;
    krb5_context context = NULL;

    if (krb5_init_context(&context) != 0)
        return;
    pthread_mutex_lock(&tickets->lock);
    tickets->generation++;
    if (tickets->generation >= CACHES_KEPT)
        destroy_cache(context, tickets, tickets->generation - CACHES_KEPT);
    pthread_mutex_unlock(&tickets->lock);
    krb5_free_context(context);
}
