/* SPDX-License-Identifier: Apache-2.0 */
/* kerberos_tickets - the cache in memory, and how it is filled with the keytab's key. */
#include <krb5.h>
#include <stdio.h>
#include <string.h>

#include "kerberos_internal.h"

enum { CACHE_NAME_SIZE = 64, CACHES_KEPT = 8 };

/* Named, so that libkrb5 does not look for the host's own. */
static const char NO_KEYTAB[] = "MEMORY:certferry-none";

static void
name_cache(const struct cf_tickets *tickets, unsigned generation, char ret[CACHE_NAME_SIZE])
{
    (void)snprintf(ret, CACHE_NAME_SIZE, "MEMORY:certferry-%u-%u", tickets->serial, generation);
}

static void
destroy_cache(krb5_context context, const struct cf_tickets *tickets, unsigned generation)
{
    char name[CACHE_NAME_SIZE];
    krb5_ccache ccache = NULL;

    name_cache(tickets, generation, name);
    if (krb5_cc_resolve(context, name, &ccache) == 0)
        (void)krb5_cc_destroy(context, ccache);
}

enum cf_rc
cf_tickets_new(struct cf_tickets **ret_tickets, struct cf_err *err)
{
    static unsigned serial;
    struct cf_tickets *tickets = calloc(1, sizeof *tickets);
    pthread_condattr_t monotonic;

    if (!tickets)
        return cf_fail_oom(err);
    tickets->n_refs = 1;
    tickets->serial = __atomic_fetch_add(&serial, 1, __ATOMIC_RELAXED);
    pthread_mutex_init(&tickets->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&tickets->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    *ret_tickets = tickets;
    return CF_OK;
}

struct cf_tickets *
cf_tickets_ref(struct cf_tickets *tickets)
{
    (void)__atomic_add_fetch(&tickets->n_refs, 1, __ATOMIC_RELAXED);
    return tickets;
}

struct cf_tickets *
cf_tickets_unref(struct cf_tickets *tickets)
{
    krb5_context context = NULL;

    if (!tickets || __atomic_sub_fetch(&tickets->n_refs, 1, __ATOMIC_ACQ_REL) > 0)
        return NULL;
    if (krb5_init_context(&context) == 0) {
        for (unsigned i = 0; i < CACHES_KEPT && i <= tickets->generation; i++)
            destroy_cache(context, tickets, tickets->generation - i);
        krb5_free_context(context);
    }
    pthread_cond_destroy(&tickets->changed);
    pthread_mutex_destroy(&tickets->lock);
    free(tickets->keytab);
    free(tickets->principal);
    free(tickets);
    return NULL;
}

gss_OID
cf_kerberos_oid(enum cf_gss_mech mech)
{
    static gss_OID_desc spnego = {.length = 6, .elements = "\x2b\x06\x01\x05\x05\x02"};

    return mech == CF_GSS_SPNEGO ? &spnego : gss_mech_krb5;
}

/* What a credential is made of. */
struct source {
    const struct cf_tickets *tickets;
    char cache[CACHE_NAME_SIZE];
    gss_name_t name;
};

static enum cf_rc
acquire_as(struct source *source, const char *keytab, enum cf_gss_mech mech,
           gss_cred_id_t *ret_credential, struct cf_err *err)
{
    gss_key_value_element_desc elements[] = {{"client_keytab", keytab}, {"ccache", source->cache}};
    gss_key_value_set_desc store = {.count = CF_COUNT(elements), .elements = elements};
    gss_OID_set_desc mechs = {.count = 1, .elements = cf_kerberos_oid(mech)};
    gss_OID_set_desc kerberos_only = {.count = 1, .elements = gss_mech_krb5};
    gss_cred_id_t credential = GSS_C_NO_CREDENTIAL;
    OM_uint32 minor = 0;

    OM_uint32 major = gss_acquire_cred_from(&minor, source->name, GSS_C_INDEFINITE, &mechs,
                                            GSS_C_INITIATE, &store, &credential, NULL, NULL);
    if (!GSS_ERROR(major) && mech == CF_GSS_SPNEGO)
        major = gss_set_neg_mechs(&minor, credential, &kerberos_only);
    if (GSS_ERROR(major)) {
        enum cf_rc rc = cf_kerberos_explain(source->tickets->principal, cf_kerberos_oid(mech),
                                            major, minor, NULL, err);
        cf_kerberos_release(credential);
        return rc;
    }
    *ret_credential = credential;
    return CF_OK;
}

/*
 * A credential keeps the keytab it was made with, and libkrb5's buffer with the keys. So one that
 * is given up at once fills the cache, and the one that stays lives on the cache alone. The first
 * is always Kerberos': SPNEGO does not tell why it has nothing to negotiate.
 */
static enum cf_rc
acquire_in_turn(struct source *source, enum cf_gss_mech mech, gss_cred_id_t *ret_credential,
                enum cf_kerberos_cure *ret_cure, struct cf_err *err)
{
    gss_cred_id_t credential = GSS_C_NO_CREDENTIAL;

    CF_TRY(acquire_as(source, source->tickets->keytab, CF_GSS_KERBEROS, &credential, err));
    enum cf_rc rc = acquire_as(source, NO_KEYTAB, mech, ret_credential, err);
    cf_kerberos_release(credential);
    if (rc != CF_OK)
        *ret_cure = CF_KERBEROS_ACQUIRE;
    return rc;
}

enum cf_rc
cf_tickets_acquire(struct cf_tickets *tickets, enum cf_gss_mech mech, gss_cred_id_t *ret_credential,
                   enum cf_kerberos_cure *ret_cure, struct cf_err *err)
{
    struct source source = {.tickets = tickets};
    gss_buffer_desc text = {.length = strlen(tickets->principal), .value = tickets->principal};
    OM_uint32 minor = 0;

    name_cache(tickets, __atomic_load_n(&tickets->generation, __ATOMIC_RELAXED), source.cache);
    OM_uint32 major = gss_import_name(&minor, &text, GSS_KRB5_NT_PRINCIPAL_NAME, &source.name);
    if (GSS_ERROR(major))
        return cf_kerberos_explain(tickets->principal, gss_mech_krb5, major, minor, NULL, err);
    enum cf_rc rc = acquire_in_turn(&source, mech, ret_credential, ret_cure, err);
    (void)gss_release_name(&minor, &source.name);
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

/*
 * Forgotten tickets are left to those who are using them just now: a new cache begins, and one that
 * was given up long before goes.
 */
void
cf_tickets_forget(struct cf_tickets *tickets)
{
    krb5_context context = NULL;

    if (krb5_init_context(&context) != 0)
        return;
    unsigned generation = __atomic_add_fetch(&tickets->generation, 1, __ATOMIC_RELAXED);
    if (generation >= CACHES_KEPT)
        destroy_cache(context, tickets, generation - CACHES_KEPT);
    krb5_free_context(context);
}
