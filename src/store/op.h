/* SPDX-License-Identifier: Apache-2.0 */
/*
 * op - the operations of the port, the same for every database that query.h knows.
 *
 * They run within a transaction or a reading that the database's own store opens for them.
 */
#pragma once

#include "certferry/store.h"
#include "query.h"

/* What each store begins with. */
struct cf_op_store {
    struct cf_store store; /* first: the callers' view */
    const struct cf_clock *clock;
    enum cf_rc (*write)(struct cf_store *store, cf_write_fn *fn, void *arg, struct cf_err *err);
    enum cf_rc (*read)(struct cf_store *store, cf_write_fn *fn, void *arg, struct cf_err *err);
};

CF_MUST_USE enum cf_rc cf_op_write(struct cf_store *store, cf_write_fn *fn, void *arg,
                                   struct cf_err *err);
/* fn may neither call the store again nor call out. */
CF_MUST_USE enum cf_rc cf_op_read(struct cf_store *store, cf_write_fn *fn, void *arg,
                                  struct cf_err *err);
int64_t cf_op_now(struct cf_store *store);
/* As write, for fn that takes struct cf_op_ids as its arg: a copy of the ids in ascending order, so
 * that no two transactions wait for each other's rows. */
struct cf_op_ids {
    int64_t *id;
    size_t n;
    const void *arg;
};
CF_MUST_USE enum cf_rc cf_op_write_ids(struct cf_store *store, cf_write_fn *fn, const int64_t *ids,
                                       size_t n, const void *arg, struct cf_err *err);
/* CF_E_RANGE unless 1..1000. */
CF_MUST_USE enum cf_rc cf_op_check_limit(size_t limit, struct cf_err *err);

/* Items that one walk along an index meets in the order of their due time. */
struct cf_walk {
    int64_t kind;
    int64_t state;
    bool is_of_ca;                   /* only those of `ca` */
    const char *ca;                  /* borrowed; NULL: of none */
    const struct cf_ca_share *share; /* borrowed; NULL: without a limit */
};
typedef enum cf_rc cf_walk_fn(struct cf_conn *conn, const struct cf_walk *walk, void *arg,
                              struct cf_err *err);
/* Calls fn for each kind and state, and where shares matter for each CA whose share is not 0: none
 * of the walks has to pass by rows that are not wanted, however many there are. */
CF_MUST_USE enum cf_rc cf_op_each_walk(struct cf_conn *conn, unsigned states, unsigned kinds,
                                       const struct cf_ca_share *shares, size_t n_shares,
                                       cf_walk_fn *fn, void *arg, struct cf_err *err);

/* The operations, by file. */
enum cf_rc cf_op_receive(struct cf_store *store, struct cf_item *const *items, size_t n,
                         enum cf_reception *ret_receptions, struct cf_err *err);
enum cf_rc cf_op_make_due(struct cf_store *store, int64_t now_ms, struct cf_err *err);
enum cf_rc cf_op_extend_leases(struct cf_store *store, const int64_t *ids, size_t n,
                               int64_t lease_until_ms, struct cf_err *err);
enum cf_rc cf_op_prune(struct cf_store *store, int64_t before_ms, uint64_t *ret_n,
                       struct cf_err *err);

enum cf_rc cf_op_claim(struct cf_store *store, const char *owner, unsigned states, unsigned kinds,
                       const struct cf_ca_share *shares, size_t n_shares, int64_t now_ms,
                       int64_t until_ms, size_t max, struct cf_items *ret_items,
                       struct cf_err *err);
enum cf_rc cf_op_claim_one(struct cf_store *store, const char *owner, enum cf_kind kind,
                           const char *context, int64_t now_ms, int64_t until_ms,
                           struct cf_item **ret_item, struct cf_err *err);
enum cf_rc cf_op_commit(struct cf_store *store, const char *owner, const struct cf_change *changes,
                        size_t n, struct cf_err *err);
enum cf_rc cf_op_release(struct cf_store *store, const char *owner, const int64_t *ids, size_t n,
                         struct cf_err *err);
enum cf_rc cf_op_renew(struct cf_store *store, const char *owner, const int64_t *ids, size_t n,
                       int64_t until_ms, struct cf_err *err);

enum cf_rc cf_op_next_due(struct cf_store *store, unsigned states, unsigned kinds,
                          const struct cf_ca_share *shares, size_t n_shares, int64_t *ret_ms,
                          struct cf_err *err);
enum cf_rc cf_op_count(struct cf_store *store, enum cf_kind kind,
                       uint64_t ret_counts[CF_STATE_MAX_], struct cf_err *err);
enum cf_rc cf_op_list(struct cf_store *store, const struct cf_item_filter *filter,
                      struct cf_items *ret_items, struct cf_err *err);
enum cf_rc cf_op_get(struct cf_store *store, enum cf_kind kind, const char *context,
                     struct cf_item **ret_item, struct cf_err *err);
enum cf_rc cf_op_history(struct cf_store *store, int64_t item_id, struct cf_history *ret_history,
                         struct cf_err *err);

enum cf_rc cf_op_ledger(struct cf_store *store, const struct cf_ledger_filter *filter,
                        struct cf_ledger *ret_ledger, struct cf_err *err);
enum cf_rc cf_op_ledger_revoke(struct cf_store *store, int64_t ledger_id, int64_t revoked_ms,
                               int reason, struct cf_err *err);
/* Within a transaction of the writer. */
CF_MUST_USE enum cf_rc cf_ledger_row_add(struct cf_conn *conn, const struct cf_ledger_entry *entry,
                                         const struct cf_buf *recovery, struct cf_err *err);
CF_MUST_USE enum cf_rc cf_ledger_row_revoke(struct cf_conn *conn, int64_t id, int64_t revoked_ms,
                                            int reason, struct cf_err *err);

enum cf_rc cf_op_recovery(struct cf_store *store, int64_t ledger_id, struct cf_buf **ret_sealed,
                          struct cf_err *err);
/* Within a transaction of the writer. */
CF_MUST_USE enum cf_rc cf_recovery_row_add(struct cf_conn *conn, int64_t ledger_id,
                                           const struct cf_ledger_entry *entry,
                                           const struct cf_buf *sealed, struct cf_err *err);
/* The certificate was revoked: the next pruning takes the copy. */
CF_MUST_USE enum cf_rc cf_recovery_row_end(struct cf_conn *conn, int64_t ledger_id,
                                           struct cf_err *err);
CF_MUST_USE enum cf_rc cf_recovery_rows_prune(struct cf_conn *conn, int64_t now_ms,
                                              struct cf_err *err);

enum cf_rc cf_op_grant(struct cf_store *store, const struct cf_rate_request *request,
                       struct cf_err *err);
/* Within a transaction of the writer; policy NULL: of all. */
CF_MUST_USE enum cf_rc cf_grant_rows_prune(struct cf_conn *conn, const char *policy, int64_t now_ms,
                                           struct cf_err *err);

enum cf_rc cf_op_challenge_add(struct cf_store *store,
                               const struct cf_scep_challenge_record *record, struct cf_err *err);
enum cf_rc cf_op_challenge_use(struct cf_store *store, const char *profile,
                               const uint8_t digest[32], const char *subject, const char *context,
                               int64_t now_ms, struct cf_err *err);
enum cf_rc cf_op_ra_get(struct cf_store *store, const char *ca, uint64_t *ret_version,
                        struct cf_buf **ret_document, struct cf_err *err);
enum cf_rc cf_op_ra_put(struct cf_store *store, const char *ca, uint64_t version,
                        struct cf_bytes document, struct cf_err *err);
/* Within a transaction of the writer. */
CF_MUST_USE enum cf_rc cf_challenge_rows_prune(struct cf_conn *conn, int64_t now_ms,
                                               struct cf_err *err);

enum cf_rc cf_op_ca_add(struct cf_store *store, const struct cf_ca_record *record,
                        struct cf_ca_record **ret_existing, struct cf_err *err);
enum cf_rc cf_op_ca_get(struct cf_store *store, const char *ca, const char *serial,
                        const char *request_key, struct cf_ca_record **ret_record,
                        struct cf_err *err);
enum cf_rc cf_op_ca_update(struct cf_store *store, const struct cf_ca_record *record,
                           enum cf_ca_status from, struct cf_err *err);
enum cf_rc cf_op_ca_each(struct cf_store *store, const char *ca, enum cf_ca_status status,
                         cf_ca_record_fn *fn, void *arg, struct cf_err *err);
enum cf_rc cf_op_ca_crl_number(struct cf_store *store, const char *ca, uint64_t *ret_number,
                               struct cf_err *err);

/* The part of a store's table that is the same for all. */
/* clang-format off */
#define CF_OPS \
    .abi = CF_STORE_ABI, \
    .receive = cf_op_receive, \
    .claim = cf_op_claim, \
    .claim_one = cf_op_claim_one, \
    .commit = cf_op_commit, \
    .release = cf_op_release, \
    .renew = cf_op_renew, \
    .extend_leases = cf_op_extend_leases, \
    .make_due = cf_op_make_due, \
    .next_due = cf_op_next_due, \
    .count = cf_op_count, \
    .list = cf_op_list, \
    .get = cf_op_get, \
    .history = cf_op_history, \
    .ledger = cf_op_ledger, \
    .ledger_revoke = cf_op_ledger_revoke, \
    .recovery = cf_op_recovery, \
    .grant = cf_op_grant, \
    .challenge_add = cf_op_challenge_add, \
    .challenge_use = cf_op_challenge_use, \
    .ra_get = cf_op_ra_get, \
    .ra_put = cf_op_ra_put, \
    .prune = cf_op_prune, \
    .ca_add = cf_op_ca_add, \
    .ca_get = cf_op_ca_get, \
    .ca_update = cf_op_ca_update, \
    .ca_each = cf_op_ca_each, \
    .ca_crl_number = cf_op_ca_crl_number
/* clang-format on */
