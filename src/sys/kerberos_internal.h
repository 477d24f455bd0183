/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kerberos_internal - what the files of Kerberos share: credentials, targets, contexts, what
 * failures mean.
 */
#pragma once

#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <pthread.h>

#include "certferry/kerberos.h"

/*
 * tickets - what one keytab gives. Counted, because calls that nobody waits for any more go on with
 * it; unref frees with the last.
 */
struct cf_tickets {
    unsigned n_refs;     /* atomic */
    unsigned serial;     /* of this object among all */
    unsigned generation; /* atomic; of the cache */
    char *keytab;        /* "FILE:/path" */
    char *principal;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* the members below, or an errand of theirs */
    bool is_asking;         /* somebody waits for a KDC */
    unsigned n_down;
    struct cf_err down; /* why, the last time */
};
CF_MUST_USE enum cf_rc cf_tickets_new(struct cf_tickets **ret_tickets, struct cf_err *err);
struct cf_tickets *cf_tickets_ref(struct cf_tickets *tickets);
struct cf_tickets *cf_tickets_unref(struct cf_tickets *tickets);
void cf_tickets_forget(struct cf_tickets *tickets);

/* What to do with the tickets after a failure before anybody tries again. */
enum cf_kerberos_cure {
    CF_KERBEROS_NO_CURE,
    CF_KERBEROS_ACQUIRE, /* the cache was being filled anew by another thread */
    CF_KERBEROS_FORGET   /* a ticket is of no more use */
};

/* A credential for contexts of mech, which may only ever be Kerberos' underneath. It holds none of
 * the keytab's keys. Release it with cf_kerberos_release. Asks a KDC: for errands only. Errors as
 * of cf_kerberos_acquire; ret_cure is set when the cache was emptied meanwhile. */
CF_MUST_USE enum cf_rc cf_tickets_acquire(struct cf_tickets *tickets, enum cf_gss_mech mech,
                                          gss_cred_id_t *ret_credential,
                                          enum cf_kerberos_cure *ret_cure, struct cf_err *err);

/* How long somebody waits for a KDC. */
struct cf_patience {
    uint64_t timeout_ms;
    const volatile int *stop_flag;
};

struct cf_kerberos {
    struct cf_tickets *tickets;
    struct cf_patience patience;
};

/* What may ask a KDC. Its results are in gss. */
typedef enum cf_rc cf_errand_fn(struct cf_gss *gss, struct cf_err *err);

/*
 * Runs fn in a thread of its own; one at a time for these tickets. CF_E_NET: it did not end in
 * time, or one that was waited for has failed so, or too many have not come to an end in this
 * process; CF_E_STOPPED. After both fn may go on: gss may only be freed.
 */
CF_MUST_USE enum cf_rc cf_tickets_ask(struct cf_tickets *tickets,
                                      const struct cf_patience *patience, struct cf_gss *gss,
                                      cf_errand_fn *fn, struct cf_err *err);

gss_OID cf_kerberos_oid(enum cf_gss_mech mech);

/* The name of "host@ca1.corp.example", which no name server has a part in. CF_E_CONFIG: krb5.conf;
 * CF_E_AUTH. */
CF_MUST_USE enum cf_rc cf_kerberos_import_target(const char *service, gss_name_t *ret_target,
                                                 struct cf_err *err);

/* explain: who is the principal or the service it was about; mech that of the failing call. The
 * library keeps its texts by thread: call it right after the failure. */
enum cf_rc cf_kerberos_explain(const char *who, gss_OID mech, OM_uint32 major, OM_uint32 minor,
                               enum cf_kerberos_cure *ret_cure, struct cf_err *err);

/* What came of gss_init_sec_context. */
struct cf_leg {
    OM_uint32 major;
    OM_uint32 granted;
    enum cf_kerberos_cure cure;
    gss_buffer_desc answer; /* released by the context's end */
};

/* Counted as tickets are: cf_gss_free gives up one owner's share. */
struct cf_gss {
    unsigned n_refs; /* atomic */
    struct cf_tickets *tickets;
    struct cf_patience patience;
    char *service; /* NULL: only a credential is wanted */
    enum cf_gss_mech mech;
    OM_uint32 wanted; /* flags of the request, */
    OM_uint32 needed; /* and those without which the context is not taken */
    gss_name_t target;
    gss_cred_id_t credential;
    gss_ctx_id_t context;
    struct cf_leg first_leg;
    struct cf_buf *binding; /* NULL: none */
    bool is_complete;
    bool is_lost; /* a step failed */
};
struct cf_gss *cf_gss_ref(struct cf_gss *gss);
