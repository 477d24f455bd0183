/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kerberos - a keytab as credential, and security contexts made with it (RFC 4120, 4121, 4178,
 * 2743; DCE style as in MS-KILE 3.4.5 and MS-RPCE 3.3.1.5.2).
 *
 * Tickets are got with the keytab's key, without kinit, kept in a cache in memory that belongs to
 * one struct cf_kerberos, and got anew when they end. Nothing of it goes through the environment;
 * the realm's KDCs come from krb5.conf or DNS.
 *
 * libkrb5 waits for a KDC that does not answer for 20 to 40 seconds, and nothing breaks that off.
 * Calls that may ask one therefore run in a thread of their own: their caller leaves with
 * timeout_ms or the stop, and the thread ends when libkrb5 has given up. One call at a time asks
 * for one struct cf_kerberos; those that wait for their turn share a failure of the network. When
 * eight threads in the process have not come to an end, further calls fail at once.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "certferry/buf.h"
#include "certferry/err.h"

enum { CF_KERBEROS_TIMEOUT_MS = 10 * 1000 };

struct cf_kerberos;

struct cf_kerberos_options {
    const char *keytab_file; /* not readable by others */
    const char *principal;   /* with or without a realm; NULL: the keytab's first */
    const char *section;     /* "[directory]", "[ca corp]": for error texts */
    uint64_t timeout_ms;     /* how long cf_kerberos_acquire waits; 0: CF_KERBEROS_TIMEOUT_MS */
    const volatile int *stop_flag; /* ends that wait; NULL: nothing does. Outlives the object. */
};

/* Reads the keytab; asks no KDC. CF_E_CONFIG, CF_E_IO, CF_E_PERMISSION. Thread-safe in use. */
CF_MUST_USE enum cf_rc cf_kerberos_new(const struct cf_kerberos_options *options,
                                       struct cf_kerberos **ret_kerberos, struct cf_err *err);
struct cf_kerberos *cf_kerberos_free(struct cf_kerberos *kerberos);
CF_DEFINE_OWN(cf_kerberos);
const char *cf_kerberos_principal(const struct cf_kerberos *kerberos); /* "NAME@REALM" */

/*
 * A gss_cred_id_t for libraries that take one; give it back with cf_kerberos_release.
 *
 * service ("ldap@dc1.corp.example", as the library names it with GSS_C_NT_HOSTBASED_SERVICE): its
 * ticket is got, too, so that the library, which knows no deadline, finds all it needs in the
 * cache; NULL: none. CF_E_AUTH: the keytab's key is not the account's, or no account has the
 * service; CF_E_NET: no KDC answers (in time), or its clock differs from ours by more than Kerberos
 * allows (transient, too); CF_E_STOPPED.
 */
CF_MUST_USE enum cf_rc cf_kerberos_acquire(const struct cf_kerberos *kerberos, const char *service,
                                           void **ret_credential, struct cf_err *err);
void cf_kerberos_release(void *credential);
void cf_kerberos_forget(const struct cf_kerberos *kerberos); /* the tickets: one was refused */

/* Whether threads are still inside libkrb5 that nobody waits for any more. A process must not run
 * the end of its libraries under them: it ends with _exit then. */
bool cf_kerberos_is_waiting(void);

enum cf_gss_mech { CF_GSS_SPNEGO, CF_GSS_KERBEROS };

struct cf_gss_options {
    const struct cf_kerberos *kerberos; /* its tickets are kept as long as they are needed */
    const char *service;                /* "host@ca1.corp.example" (RFC 2743 section 4.1), which is
                                         * not looked up: DNS does not choose the account */
    enum cf_gss_mech mech;
    bool is_dce_style;               /* three legs, and the wrapping of MS-RPCE */
    bool wants_privacy;              /* a context without confidentiality fails: CF_E_AUTH */
    bool delegates;                  /* hands the peer a ticket in our name */
    struct cf_bytes channel_binding; /* application data (RFC 5929); empty: none. Copied. */
    uint64_t timeout_ms;           /* how long a step waits for a KDC; 0: CF_KERBEROS_TIMEOUT_MS */
    const volatile int *stop_flag; /* ends that wait; NULL: nothing does. Outlives the context. */
};

/* One side of a context; one thread at a time. */
struct cf_gss;
CF_MUST_USE enum cf_rc cf_gss_new(const struct cf_gss_options *options, struct cf_gss **ret_gss,
                                  struct cf_err *err);
struct cf_gss *cf_gss_free(struct cf_gss *gss);
CF_DEFINE_OWN(cf_gss);

/* The next leg: takes the peer's token (empty at first), gives ours (empty when there is none to
 * send) and whether the context is complete. Mutual authentication is always asked for and
 * verified. CF_E_AUTH names the service and what Kerberos said: unknown SPN, key version, refused
 * ticket; CF_E_NET and CF_E_STOPPED as above, only from the first step; CF_E_PROTOCOL for a token
 * that is none. */
CF_MUST_USE enum cf_rc cf_gss_step(struct cf_gss *gss, struct cf_bytes token,
                                   struct cf_buf **ret_token, bool *ret_is_complete,
                                   struct cf_err *err);

/*
 * Sealing in place, DCE style: `body` is encrypted, `head` and `trail` are only signed (each may be
 * empty). The token goes apart from them. cf_gss_token_len says how long the token for such a
 * message is. cf_gss_unseal fails with CF_E_PROTOCOL unless all of it was sealed, in this order,
 * by the peer: changed, replayed and merely signed messages do not pass.
 */
struct cf_gss_message {
    struct cf_bytes head;
    uint8_t *body;
    size_t body_len;
    struct cf_bytes trail;
};
CF_MUST_USE enum cf_rc cf_gss_token_len(struct cf_gss *gss, const struct cf_gss_message *message,
                                        size_t *ret_len, struct cf_err *err);
CF_MUST_USE enum cf_rc cf_gss_seal(struct cf_gss *gss, const struct cf_gss_message *message,
                                   uint8_t *ret_token, size_t token_len, struct cf_err *err);
CF_MUST_USE enum cf_rc cf_gss_unseal(struct cf_gss *gss, const struct cf_gss_message *message,
                                     struct cf_bytes token, struct cf_err *err);
