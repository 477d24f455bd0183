/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parts - what the files of the LDAP client share: the directory, one connection, its life.
 */
#pragma once

#include <ldap.h>

#include "certferry/breaker.h"
#include "certferry/directory.h"
#include "certferry/kerberos.h"
#include "certferry/secret.h"

#include "cache.h"

enum {
    CF_LDAP_IDLE_MAX = 4,
    CF_LDAP_IDLE_MS = 5 * 60 * 1000, /* well below the 15 minutes of Active Directory */
    CF_LDAP_PDU_MAX = 1024 * 1024,
    CF_LDAP_PAGE_SIZE = 10,
    CF_LDAP_PAGES_MAX = 64,
};

struct cf_cert;

/* Bound connections that nobody uses just now. */
struct cf_ldap_pool {
    pthread_mutex_t lock;
    struct cf_ldap_conn *idle[CF_LDAP_IDLE_MAX];
    size_t n_idle;
};

struct cf_ldap {
    struct cf_directory base; /* first: the port's handle is this object */
    const struct cf_directory_settings *settings;
    struct cf_directory_env env;
    const char *ca_file;
    struct cf_secret *password;   /* simple bind */
    struct cf_kerberos *kerberos; /* GSSAPI */
    size_t n_uris;
    size_t last_good_uri; /* atomic */
    struct cf_breaker breaker;
    struct cf_ldap_cache cache;
    struct cf_ldap_pool pool;
};

/* One connection; one thread at a time uses it. */
struct cf_ldap_conn {
    LDAP *ld;
    const struct cf_ldap *ldap;
    const char *uri;
    int fd;
    int64_t until_ms;  /* reading and writing end then, */
    uint64_t limit_ms; /* ... that long after they began */
    bool is_late;      /* they did */
    bool is_stopped;   /* or were stopped */
    char *base;        /* where searches start */
    void *credential;  /* GSSAPI's, while the connection lives */
    bool was_idle;     /* comes from the pool: the peer may have hung up meanwhile */
    bool is_lost;      /* hung up, out of step, or late: not to be used again */
    int64_t idle_since_ms;
};
struct cf_ldap_conn *cf_ldap_conn_free(struct cf_ldap_conn *conn);
CF_DEFINE_OWN(cf_ldap_conn);

/* io: the lowest layer of libldap's. Its waits end at the limit, which each step sets anew. */
extern Sockbuf_IO cf_ldap_io;
void cf_ldap_limit(struct cf_ldap_conn *conn, uint64_t timeout_ms);
/* False after the limit and the stop: the connection is lost then. */
bool cf_ldap_may_wait(struct cf_ldap_conn *conn);
/* CF_E_STOPPED or CF_E_DIRECTORY_DOWN when that was it; CF_OK when something else was. */
CF_MUST_USE enum cf_rc cf_ldap_interrupted(struct cf_ldap_conn *conn, const char *doing,
                                           struct cf_err *err);

/* What tcp and kerberos say of the network, said of the directory. */
enum cf_rc cf_ldap_as_down(enum cf_rc rc, struct cf_err *err);

/* dial: TCP and libldap's options. Ends soon after the stop, and with connect_timeout. */
CF_MUST_USE enum cf_rc cf_ldap_dial(const struct cf_ldap *ldap, const char *uri,
                                    struct cf_ldap_conn **ret_conn, struct cf_err *err);
/* tls: LDAPS or StartTLS as configured; nothing for signed connections. */
CF_MUST_USE enum cf_rc cf_ldap_secure(struct cf_ldap_conn *conn, struct cf_err *err);
/* The certificate the server showed. CF_E_NOT_FOUND: without TLS. */
CF_MUST_USE enum cf_rc cf_ldap_peer_cert(struct cf_ldap_conn *conn, struct cf_cert **ret_cert,
                                         struct cf_err *err);
/* bind: proves who we are. */
CF_MUST_USE enum cf_rc cf_ldap_new_kerberos(const struct cf_directory_settings *settings,
                                            const volatile int *stop_flag,
                                            struct cf_kerberos **ret_kerberos, struct cf_err *err);
CF_MUST_USE enum cf_rc cf_ldap_bind(struct cf_ldap_conn *conn, struct cf_err *err);

/* connect: all of that and the base, at the first URI that works. */
CF_MUST_USE enum cf_rc cf_ldap_find_base(struct cf_ldap_conn *conn, struct cf_err *err);
/* A DN that the root of the directory names; *ret_dn is NULL when it names none. */
CF_MUST_USE enum cf_rc cf_ldap_find_context(struct cf_ldap_conn *conn, const char *attribute,
                                            char **ret_dn, struct cf_err *err);
CF_MUST_USE enum cf_rc cf_ldap_connect(struct cf_ldap *ldap, struct cf_ldap_conn **ret_conn,
                                       struct cf_err *err);

/* pool: an idle connection, or a new one. */
void cf_ldap_pool_init(struct cf_ldap_pool *pool);
void cf_ldap_pool_done(struct cf_ldap_pool *pool);
void cf_ldap_pool_drain(struct cf_ldap_pool *pool);
CF_MUST_USE enum cf_rc cf_ldap_pool_take(struct cf_ldap *ldap, struct cf_ldap_conn **ret_conn,
                                         struct cf_err *err);
void cf_ldap_pool_give(struct cf_ldap *ldap, struct cf_ldap_conn *take_conn);

/* search: waits for one answer to msgid; CF_E_DIRECTORY_DOWN after the timeout, CF_E_STOPPED. */
CF_MUST_USE enum cf_rc cf_ldap_await(struct cf_ldap_conn *conn, int msgid, const char *doing,
                                     LDAPMessage **ret_message, struct cf_err *err);
typedef enum cf_rc cf_ldap_entry_fn(void *arg, LDAP *ld, LDAPMessage *entry, struct cf_err *err);
/* Every entry, page by page. CF_E_NOT_FOUND: no such base. */
CF_MUST_USE enum cf_rc cf_ldap_search(struct cf_ldap_conn *conn, const char *base, int scope,
                                      const char *filter, const char *const *attributes,
                                      cf_ldap_entry_fn *take_entry, void *arg, struct cf_err *err);
/* As above; security descriptors come without what only auditors may read (MS-ADTS 3.1.1.3.4.1.11).
 */
CF_MUST_USE enum cf_rc cf_ldap_search_dacl(struct cf_ldap_conn *conn, const char *base, int scope,
                                           const char *filter, const char *const *attributes,
                                           cf_ldap_entry_fn *take_entry, void *arg,
                                           struct cf_err *err);
/* The one value of one attribute (RFC 4512 keeps names without case); CF_E_PROTOCOL when there are
 * several; an empty view when there is none. Free the values. */
CF_MUST_USE enum cf_rc cf_ldap_value(LDAP *ld, LDAPMessage *entry, const char *attribute,
                                     struct berval ***ret_values, struct cf_err *err);

/* lookup: one search for an account and, when wanted, one for its groups. */
CF_MUST_USE enum cf_rc cf_ldap_lookup(struct cf_ldap_conn *conn, enum cf_ldap_kind kind,
                                      const char *name, bool wants_groups,
                                      struct cf_account **ret_account, struct cf_err *err);
/* Whether the groups of users are shown, by the first user below the base. CF_E_NOT_FOUND: there is
 * none; CF_E_UNSUPPORTED: they are not. */
CF_MUST_USE enum cf_rc cf_ldap_try_groups(struct cf_ldap_conn *conn, struct cf_err *err);

/* check */
CF_MUST_USE enum cf_rc cf_ldap_check(struct cf_ldap *ldap, cf_finding_fn *report, void *arg,
                                     struct cf_err *err);
