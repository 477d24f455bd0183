/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store - the port behind which work, history and issued certificates are kept durably.
 *
 * Everything that returns CF_OK has reached the disk. Errors: CF_E_STORE_BUSY (locked by another
 * process), CF_E_STORE_CORRUPT, CF_E_DISK_FULL, CF_E_IO, CF_E_STORE; after any of them nothing of
 * the call has happened. All functions are thread-safe; commits of several threads share one sync.
 *
 * An item is one unit of work from the cloud. Only stable states are stored; "in progress" is a
 * claim: an owner and a time until which it holds. A claim that ran out may be taken by anybody,
 * the same owner included; it stays good until somebody does. A commit under a claim that was
 * taken or given back is refused (CF_E_LEASE).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "certferry/buf.h"
#include "certferry/clock.h"
#include "certferry/err.h"
#include "certferry/finding.h"

/* Order and names are part of the store's format, as with states: add at the end only. */
enum cf_kind {
    CF_KIND_PKCS, /* issue and renew */
    CF_KIND_REVOCATION,
    CF_KIND_REENCRYPT,
    CF_KIND_IMPORT,
    CF_KIND_SCEP, /* a device's own request, and one of the registration authority for itself */
    CF_KIND_MAX_
};

/* Order and names are part of the store's format: add at the end only. */
#define CF_STATE_LIST(X)                                                                           \
    X(RECEIVED, "received")                                                                        \
    X(ADMITTED, "admitted")                                                                        \
    X(KEYED, "keyed")                                                                              \
    X(SUBMITTED, "submitted")                                                                      \
    X(ISSUED, "issued")                                                                            \
    X(WRAPPED, "wrapped")                                                                          \
    X(DELIVERED, "delivered")                                                                      \
    X(FAILED, "failed")                                                                            \
    X(REPORTED, "reported")                                                                        \
    X(REVOKED, "revoked")                                                                          \
    X(RECORDED, "recorded")                                                                        \
    X(REFUSED, "refused")

enum cf_state {
#define X(name, text) CF_STATE_##name,
    CF_STATE_LIST(X)
#undef X
        CF_STATE_MAX_
};

/* "pkcs", "revocation", "reencrypt", "import", "scep" */
const char *cf_kind_name(enum cf_kind kind);
/* Mask (1 << kind) of the kinds whose results go up as PkcsResult: all but revocations. */
unsigned cf_kinds_of_results(void);
const char *cf_state_name(enum cf_state state);
CF_MUST_USE enum cf_rc cf_state_parse(const char *name, enum cf_state *ret, struct cf_err *err);
#define CF_STATE_BIT(state) (1u << (state))

enum { CF_CONTEXT_MAX = 256 };

/* One item. Members are owned; NULL where there is nothing. */
struct cf_item {
    int64_t id;
    enum cf_kind kind;
    enum cf_state state;
    char *context; /* the cloud's requestContext; unique within a kind */

    int64_t received_ms;
    int64_t updated_ms;
    int64_t due_ms;          /* not claimed before this */
    int64_t lease_until_ms;  /* the cloud's lease; 0 when unknown */
    uint32_t attempts;       /* of the step that is due, since the last change of state */
    int64_t first_failed_ms; /* first of the transient failures in a row; 0: none */
    uint32_t submits;        /* how often the CSR may have reached the CA */

    char *device_id;
    char *user_name;
    char *ca; /* [ca NAME] */
    char *template_name;
    char *subject;
    char *serial;

    struct cf_buf *body;       /* the request as received, JSON */
    struct cf_buf *csr;        /* DER */
    struct cf_buf *sealed_key; /* cf_key_seal; gone once wrapped */
    char *cookie;              /* what the CA wants back when polled */
    struct cf_buf *cert;       /* DER */
    struct cf_buf *chain;      /* DER, concatenated */
    struct cf_buf *result;     /* the result object to upload, JSON; kept until pruned */

    enum cf_rc rc; /* last error; CF_OK: none */
    enum cf_fault fault;
    char *error;

    int64_t claimed_until_ms; /* 0: free */
    int64_t claims;           /* how often it was claimed; tells this claim from later ones */
};

struct cf_item *cf_item_new(enum cf_kind kind, const char *context); /* NULL when out of memory */
struct cf_item *cf_item_free(struct cf_item *item);
CF_DEFINE_OWN(cf_item);

struct cf_items {
    struct cf_item **item; /* owned */
    size_t n;
};
void cf_items_done(struct cf_items *items);

/* An issued certificate; kept for good. */
struct cf_ledger_entry {
    int64_t id;
    char *context;
    char *ca;
    char *template_name;
    char *device_id;
    char *user_name;
    char *profile_id;
    char *subject;    /* RFC 4514 */
    char *issuer;     /* RFC 4514 */
    char *serial;     /* upper-case hex */
    char *thumbprint; /* SHA-1 */
    int64_t not_before_ms;
    int64_t not_after_ms;
    int64_t issued_ms;
    unsigned renewal_threshold_percent; /* 0: not given */
    struct cf_buf *cert;                /* DER */
    int64_t revoked_ms;                 /* 0: not revoked */
    int revocation_reason;
    int64_t renews_id;     /* the entry this one replaces; 0: none. It must exist: CF_E_NOT_FOUND */
    int64_t renewed_by_id; /* set by the store when that one is entered; the last one stays; 0: not
                              renewed */
    bool has_recovery;     /* a copy for re-encryption is kept */
};
struct cf_ledger_entry *cf_ledger_entry_free(struct cf_ledger_entry *entry);
/* When the renewal threshold, a percentage of the lifetime that is left, is reached; 0: it has
 * none. */
int64_t cf_ledger_entry_renewal_ms(const struct cf_ledger_entry *entry);
CF_DEFINE_OWN(cf_ledger_entry);
struct cf_ledger {
    struct cf_ledger_entry **entry; /* owned */
    size_t n;
};
void cf_ledger_done(struct cf_ledger *ledger);

/* A line of an item's history. */
struct cf_history_line {
    int64_t at_ms;
    enum cf_state from;
    enum cf_state to;
    enum cf_rc rc;
    char *text;
};
struct cf_history {
    struct cf_history_line *line; /* owned */
    size_t n;
};
void cf_history_done(struct cf_history *history);

/* One row's change within a commit. */
struct cf_change {
    /* All members but id, kind, context, received_ms and claims are written; updated_ms is the
     * store's clock, lease_until_ms never moves back. */
    struct cf_item *item;
    enum cf_state from;  /* the state it was claimed in, for the history */
    const char *history; /* text of a history line; NULL: no line */
    bool keep_claim;     /* the worker goes on with this item until its claimed_until_ms */
    const struct cf_buf *recovery;        /* sealed copy kept with `issued`; NULL: none. Without
                                             `issued` it is CF_E_BUG */
    const struct cf_ledger_entry *issued; /* added to the ledger in the same transaction; the same
                                             issuer and serial twice is CF_E_CONFLICT; NULL: none */
    int64_t revoked_ledger_id;            /* ledger entry to mark as revoked; 0: none */
    int64_t revoked_ms;
    int revocation_reason;
};

enum cf_reception {
    CF_RECEPTION_NEW,
    CF_RECEPTION_DUPLICATE, /* being worked on; only its cloud lease was updated */
    CF_RECEPTION_REDELIVER, /* was finished; its kept result will be sent again */
    CF_RECEPTION_ANEW,      /* had failed, and begins anew; is received as if it were new */
};

/* Whether a reported failure is no answer any more when the request comes again: its code is one
 * that says so (cf_cloud_code_is_retryable), and no CSR was ever made for it. Of kind SCEP any that
 * never went to a CA: `submits` is 0. */
bool cf_store_begins_anew(enum cf_kind kind, enum cf_state state, enum cf_rc rc, bool has_csr,
                          uint32_t submits);

struct cf_item_filter {
    unsigned states;            /* CF_STATE_BIT mask; 0: all */
    unsigned kinds;             /* 1 << kind mask; 0: all */
    const char *device_id;      /* NULL: any */
    const char *context_prefix; /* NULL: any; compared by bytes */
    bool newest_first;          /* then after_id means: with a smaller id; 0: from the newest */
    int64_t after_id;
    size_t limit; /* 1..1000 */
};

struct cf_ledger_filter {
    const char *serial; /* cf_cert_serial form; NULL: any */
    const char *issuer; /* RFC 4514; NULL: any */
    const char *context;
    const char *ca;
    const char *thumbprint; /* SHA-1, upper-case hex */
    const char *device_id;
    const char *user_name; /* compared without case (ASCII) */
    const char *profile_id;
    int64_t expires_before_ms; /* ends before this; 0: any */
    int64_t expires_after_ms;  /* ends at this time or later; 0: any */
    bool only_valid;           /* leaves revoked ones out */
    bool only_current;         /* leaves out those that another has replaced */
    bool only_renewal_due;     /* at now_ms the renewal threshold is reached; without one: never */
    int64_t now_ms;
    bool newest_first; /* then after_id means: with a smaller id; 0: from the newest */
    int64_t after_id;
    size_t limit; /* 1..1000 */
};

/* A request as a policy's limits see it. Limits are per hour before now_ms; 0: none. */
struct cf_rate_request {
    const char *policy;
    const char *context;
    const char *device_id;
    const char *user_name; /* NULL: no user */
    int64_t now_ms;
    uint64_t per_user;
    uint64_t per_device;
    uint64_t per_all;
};

/* A challenge that is good for one request. The store never has the challenge itself. */
struct cf_scep_challenge_record {
    const char *profile;
    uint8_t digest[32];  /* HMAC-SHA-256 of it, by a key of the site's */
    const char *subject; /* RFC 4514: the only one it is good for; NULL: any */
    const char *made_by;
    int64_t made_ms;
    int64_t expires_ms;
};

/* The embedded CA's issued list. */
enum cf_ca_status { CF_CA_PENDING, CF_CA_ISSUED, CF_CA_DENIED, CF_CA_REVOKED };
struct cf_ca_record {
    char *ca;
    char *serial;      /* upper-case hex; unique per CA, chosen when the request is recorded */
    char *request_key; /* idempotency key; unique per CA */
    enum cf_ca_status status;
    char *template_name;
    char *subject;
    struct cf_buf *csr;  /* DER */
    struct cf_buf *cert; /* DER; NULL while pending or denied */
    int64_t requested_ms;
    uint64_t validity_ms; /* asked for; 0: the template's */
    int64_t not_after_ms;
    int64_t revoked_ms;
    int revocation_reason;
};
struct cf_ca_record *cf_ca_record_free(struct cf_ca_record *record);
CF_DEFINE_OWN(cf_ca_record);
typedef enum cf_rc cf_ca_record_fn(void *arg, const struct cf_ca_record *record,
                                   struct cf_err *err);

/* States in which the next thing that happens to an item is a call to its `ca`. */
enum { CF_STORE_CA_STATES = 1u << CF_STATE_KEYED | 1u << CF_STATE_SUBMITTED };

/* How many items in CF_STORE_CA_STATES one CA can serve now; 0: they are left where they are. What
 * a list of them does not name has no limit; it names a CA once. */
struct cf_ca_share {
    const char *ca; /* borrowed */
    size_t max;
};
/* NULL: the list does not name it. ca may be NULL. */
const struct cf_ca_share *cf_ca_share_find(const struct cf_ca_share *shares, size_t n,
                                           const char *ca);

enum { CF_STORE_RA_MAX = 1024 * 1024 }; /* bytes of a registration authority's document */

struct cf_store;
struct cf_store_options {
    const char *path;       /* sqlite */
    const char *connection; /* postgres: libpq's words */
    const char *password_file;
    unsigned connections; /* postgres: at most so many at a time, and one more; 0: 8 */
    const char *owner;    /* postgres: two processes cannot have a store open by one name
                             (CF_E_STORE_BUSY); NULL: this one claims nothing */
    const struct cf_clock *clock;
    const volatile int *stop_flag; /* ends waits for another process's lock; may be NULL */
};

struct cf_store_ops {
    const char *name; /* "sqlite" */
    unsigned abi;     /* CF_STORE_ABI */

    /* Creates or migrates. A store written by a newer version is CF_E_CONFIG. */
    enum cf_rc (*open)(const struct cf_store_options *options, struct cf_store **ret_store,
                       struct cf_err *err);
    void (*close)(struct cf_store *store);

    /* Takes a page in, all or nothing. items need kind, context, body, lease_until_ms; state and
     * due_ms are as set (a malformed request may arrive as FAILED with its result); received_ms is
     * the store's clock. An item that is claimed now, or finished without a kept result, is a
     * DUPLICATE; one that begins anew takes the new body. CF_E_RANGE for a context that is empty or
     * too long. ret_receptions has n places.
     */
    enum cf_rc (*receive)(struct cf_store *store, struct cf_item *const *items, size_t n,
                          enum cf_reception *ret_receptions, struct cf_err *err);

    /* Claims up to max free items in these states and kinds that are due, oldest due first, with
     * all their members; of a CA's, no more than its share. ret_items is empty when there are
     * none. What is left out for its CA costs nothing, however much there is of it. */
    enum cf_rc (*claim)(struct cf_store *store, const char *owner, unsigned states, unsigned kinds,
                        const struct cf_ca_share *shares, size_t n_shares, int64_t now_ms,
                        int64_t until_ms, size_t max, struct cf_items *ret_items,
                        struct cf_err *err);
    /* Claims one whatever its due time. CF_E_NOT_FOUND; CF_E_LEASE when it is claimed now. */
    enum cf_rc (*claim_one)(struct cf_store *store, const char *owner, enum cf_kind kind,
                            const char *context, int64_t now_ms, int64_t until_ms,
                            struct cf_item **ret_item, struct cf_err *err);
    /* Writes all changes in one transaction. CF_E_LEASE when one of the claims is no longer the
     * owner's: nothing is written then. */
    enum cf_rc (*commit)(struct cf_store *store, const char *owner, const struct cf_change *changes,
                         size_t n, struct cf_err *err);
    /* Gives claims back unchanged: those of `ids`, or all of the owner's when ids is NULL. */
    enum cf_rc (*release)(struct cf_store *store, const char *owner, const int64_t *ids, size_t n,
                          struct cf_err *err);
    /* Lets these claims hold until then, also when they have run out and nobody took them; those
     * that are no longer the owner's are left alone. */
    enum cf_rc (*renew)(struct cf_store *store, const char *owner, const int64_t *ids, size_t n,
                        int64_t until_ms, struct cf_err *err);
    /* Moves the cloud's lease of items that take their time, claimed or not; those that are no
     * longer there are left out. */
    enum cf_rc (*extend_leases)(struct cf_store *store, const int64_t *ids, size_t n,
                                int64_t lease_until_ms, struct cf_err *err);
    /* Makes unfinished items that wait for a later time due now, claimed or not: after a jump of
     * the clock their times mean nothing. */
    enum cf_rc (*make_due)(struct cf_store *store, int64_t now_ms, struct cf_err *err);
    /* Earliest time at which something in these states can be claimed; INT64_MAX: nothing. Shares
     * of 0 are left out, as by claim. */
    enum cf_rc (*next_due)(struct cf_store *store, unsigned states, unsigned kinds,
                           const struct cf_ca_share *shares, size_t n_shares, int64_t *ret_ms,
                           struct cf_err *err);

    /* For people. Listed items carry no body, csr, key, certificate, chain or result. */
    enum cf_rc (*count)(struct cf_store *store, enum cf_kind kind,
                        uint64_t ret_counts[CF_STATE_MAX_], struct cf_err *err);
    enum cf_rc (*list)(struct cf_store *store, const struct cf_item_filter *filter,
                       struct cf_items *ret_items, struct cf_err *err);
    enum cf_rc (*get)(struct cf_store *store, enum cf_kind kind, const char *context,
                      struct cf_item **ret_item, struct cf_err *err);
    enum cf_rc (*history)(struct cf_store *store, int64_t item_id, struct cf_history *ret_history,
                          struct cf_err *err);

    enum cf_rc (*ledger)(struct cf_store *store, const struct cf_ledger_filter *filter,
                         struct cf_ledger *ret_ledger, struct cf_err *err);
    /* Marks an entry outside of any item, as when the operator revokes by hand. An entry that is
     * revoked already stays as it is. CF_E_NOT_FOUND. */
    enum cf_rc (*ledger_revoke)(struct cf_store *store, int64_t ledger_id, int64_t revoked_ms,
                                int reason, struct cf_err *err);

    /* The sealed copy of a ledger entry's key. CF_E_NOT_FOUND. */
    enum cf_rc (*recovery)(struct cf_store *store, int64_t ledger_id, struct cf_buf **ret_sealed,
                           struct cf_err *err);

    /* Counts a request against a policy's limits and enters it, in one transaction; a context that
     * the policy's last hour has already is CF_OK and not counted again. Names of users and devices
     * are compared without case (ASCII). CF_E_RATE names the limit that is reached: nothing is
     * entered then. */
    enum cf_rc (*grant)(struct cf_store *store, const struct cf_rate_request *request,
                        struct cf_err *err);

    /* SCEP. add: CF_E_CONFLICT when profile and digest exist. use: CF_OK the first time and
     * whenever the same context comes again; CF_E_NOT_FOUND; CF_E_CONFLICT when another context has
     * used it; CF_E_RANGE when it has expired unused; CF_E_MISMATCH when it is for another subject
     * (RFC 4514 texts are compared by bytes). */
    enum cf_rc (*challenge_add)(struct cf_store *store,
                                const struct cf_scep_challenge_record *record, struct cf_err *err);
    enum cf_rc (*challenge_use)(struct cf_store *store, const char *profile,
                                const uint8_t digest[32], const char *subject, const char *context,
                                int64_t now_ms, struct cf_err *err);
    /* The registration authority's document of one CA (docs/protocol/scep-socket.md) and its
     * version, 1, 2, ...; CF_E_NOT_FOUND. put writes version `version` + 1 when the one there is
     * `version` (0: none), else CF_E_CONFLICT; CF_E_LIMIT above CF_STORE_RA_MAX. */
    enum cf_rc (*ra_get)(struct cf_store *store, const char *ca, uint64_t *ret_version,
                         struct cf_buf **ret_document, struct cf_err *err);
    enum cf_rc (*ra_put)(struct cf_store *store, const char *ca, uint64_t version,
                         struct cf_bytes document, struct cf_err *err);

    /* Deletes finished items (delivered, reported) last changed before this, with their history;
     * the ledger stays. A reported one of kind `scep` stays as long as a certificate of its context
     * is good: the item alone says that no device may have it. One-time challenges go a day after
     * they expired. Copies for re-encryption go with the end of their certificate (not_after,
     * revocation), entries of `grant` after an hour. */
    enum cf_rc (*prune)(struct cf_store *store, int64_t before_ms, uint64_t *ret_n,
                        struct cf_err *err);
    /* Between writes, now and then: what was deleted or overwritten leaves the files beside the
     * store as well. Does what it can while others read; never waits for them. */
    enum cf_rc (*tidy)(struct cf_store *store, struct cf_err *err);
    /* Integrity, free space, permissions. */
    enum cf_rc (*check)(struct cf_store *store, cf_finding_fn *report, void *arg,
                        struct cf_err *err);

    /* The embedded CA. add: CF_E_CONFLICT when ca and serial exist; when ca and request_key exist
     * the old record comes back in *ret_existing and nothing is written (CF_OK; NULL otherwise). */
    enum cf_rc (*ca_add)(struct cf_store *store, const struct cf_ca_record *record,
                         struct cf_ca_record **ret_existing, struct cf_err *err);
    /* By serial or by request_key (the other NULL). CF_E_NOT_FOUND. */
    enum cf_rc (*ca_get)(struct cf_store *store, const char *ca, const char *serial,
                         const char *request_key, struct cf_ca_record **ret_record,
                         struct cf_err *err);
    /* Writes status, cert (NULL keeps the one that is there), not_after_ms, revoked_ms and reason,
     * if its status still is `from` (else CF_E_CONFLICT). CF_E_NOT_FOUND. */
    enum cf_rc (*ca_update)(struct cf_store *store, const struct cf_ca_record *record,
                            enum cf_ca_status from, struct cf_err *err);
    /* Calls fn for each record with this status, without its csr and cert, by serial. */
    enum cf_rc (*ca_each)(struct cf_store *store, const char *ca, enum cf_ca_status status,
                          cf_ca_record_fn *fn, void *arg, struct cf_err *err);
    /* The next CRL number: 1, 2, ... never given twice. */
    enum cf_rc (*ca_crl_number)(struct cf_store *store, const char *ca, uint64_t *ret_number,
                                struct cf_err *err);
};

enum { CF_STORE_ABI = 4 };

/* Every implementation begins with its ops, so that callers write store->ops->claim(store, ...). */
struct cf_store {
    const struct cf_store_ops *ops;
};

extern const struct cf_store_ops cf_store_sqlite;
extern const struct cf_store_ops cf_store_postgres;
