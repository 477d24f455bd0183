/* SPDX-License-Identifier: Apache-2.0 */
/* fake_store_internal - what the files of the fake store share. */
#pragma once

#include <pthread.h>

#include "fake/fake_store.h"

struct fake_row {
    struct cf_item *item;
    char *claimed_by;
};

struct fake_line {
    int64_t item_id;
    struct cf_history_line line;
};

struct fake_number {
    char *ca;
    uint64_t number;
};

struct fake_copy {
    int64_t ledger_id;
    struct cf_buf *sealed;
};

struct fake_grant {
    char *policy;
    char *context;
    char *device_id;
    char *user_name;
    int64_t at_ms;
};

struct fake_challenge {
    char *profile;
    uint8_t digest[32];
    char *subject;
    int64_t expires_ms;
    char *used_by;
};

struct fake_ra {
    char *ca;
    uint64_t version;
    struct cf_buf *document;
};

/* Grows a list by one zeroed element and gives that. A test that runs out of memory aborts. */
#define FAKE_ADD(list, n) ((list) = fake_grow((list), (n), sizeof *(list)), &(list)[(n)++])
void *fake_grow(void *list, size_t n, size_t size);

struct fake_store {
    struct cf_store store; /* first */
    const struct cf_clock *clock;
    pthread_mutex_t mutex;
    enum cf_rc fault;
    const char *fault_of; /* NULL: any operation */
    bool fault_stays;
    struct cf_fake_store_counts counts;

    int64_t last_id;
    struct fake_row *row;
    size_t n_rows;
    struct fake_line *line;
    size_t n_lines;
    struct cf_ledger_entry **entry; /* its place + 1 is its id */
    size_t n_entries;
    struct fake_copy *copy;
    size_t n_copies;
    struct fake_grant *grant;
    size_t n_grants;
    struct fake_challenge *challenge;
    size_t n_challenges;
    struct fake_ra *ra;
    size_t n_ras;
    struct cf_ca_record **record;
    size_t n_records;
    struct fake_number *number;
    size_t n_numbers;
};

/* Locks; on failure it is unlocked again. */
CF_MUST_USE enum cf_rc fake_enter(struct cf_store *store, const char *operation,
                                  struct fake_store **ret, struct cf_err *err);
enum cf_rc fake_leave(struct fake_store *fake, enum cf_rc rc); /* gives rc back */
int64_t fake_now(const struct fake_store *fake);

struct fake_row *fake_find(struct fake_store *fake, enum cf_kind kind, const char *context);
struct fake_row *fake_find_id(struct fake_store *fake, int64_t id);
char *fake_copy_text(const char *text);
struct cf_buf *fake_copy_buf(const struct cf_buf *buf);
struct cf_item *fake_copy_item(const struct cf_item *item, bool with_blobs);
void fake_add_line(struct fake_store *fake, int64_t item_id, enum cf_state from, enum cf_state to,
                   enum cf_rc rc, const char *text);

/* The operations, by file. */
enum cf_rc fake_claim(struct cf_store *store, const char *owner, unsigned states, unsigned kinds,
                      const struct cf_ca_share *shares, size_t n_shares, int64_t now_ms,
                      int64_t until_ms, size_t max, struct cf_items *ret_items, struct cf_err *err);
enum cf_rc fake_claim_one(struct cf_store *store, const char *owner, enum cf_kind kind,
                          const char *context, int64_t now_ms, int64_t until_ms,
                          struct cf_item **ret_item, struct cf_err *err);
enum cf_rc fake_commit(struct cf_store *store, const char *owner, const struct cf_change *changes,
                       size_t n, struct cf_err *err);
enum cf_rc fake_release(struct cf_store *store, const char *owner, const int64_t *ids, size_t n,
                        struct cf_err *err);
enum cf_rc fake_renew(struct cf_store *store, const char *owner, const int64_t *ids, size_t n,
                      int64_t until_ms, struct cf_err *err);

enum cf_rc fake_next_due(struct cf_store *store, unsigned states, unsigned kinds,
                         const struct cf_ca_share *shares, size_t n_shares, int64_t *ret_ms,
                         struct cf_err *err);
enum cf_rc fake_count(struct cf_store *store, enum cf_kind kind, uint64_t ret_counts[CF_STATE_MAX_],
                      struct cf_err *err);
enum cf_rc fake_list(struct cf_store *store, const struct cf_item_filter *filter,
                     struct cf_items *ret_items, struct cf_err *err);
enum cf_rc fake_get(struct cf_store *store, enum cf_kind kind, const char *context,
                    struct cf_item **ret_item, struct cf_err *err);
enum cf_rc fake_history(struct cf_store *store, int64_t item_id, struct cf_history *ret_history,
                        struct cf_err *err);

enum cf_rc fake_ledger(struct cf_store *store, const struct cf_ledger_filter *filter,
                       struct cf_ledger *ret_ledger, struct cf_err *err);
enum cf_rc fake_ledger_revoke(struct cf_store *store, int64_t ledger_id, int64_t revoked_ms,
                              int reason, struct cf_err *err);
enum cf_rc fake_recovery(struct cf_store *store, int64_t ledger_id, struct cf_buf **ret_sealed,
                         struct cf_err *err);
enum cf_rc fake_grant(struct cf_store *store, const struct cf_rate_request *request,
                      struct cf_err *err);
enum cf_rc fake_challenge_add(struct cf_store *store, const struct cf_scep_challenge_record *record,
                              struct cf_err *err);
enum cf_rc fake_challenge_use(struct cf_store *store, const char *profile, const uint8_t digest[32],
                              const char *subject, const char *context, int64_t now_ms,
                              struct cf_err *err);
enum cf_rc fake_ra_get(struct cf_store *store, const char *ca, uint64_t *ret_version,
                       struct cf_buf **ret_document, struct cf_err *err);
enum cf_rc fake_ra_put(struct cf_store *store, const char *ca, uint64_t version,
                       struct cf_bytes document, struct cf_err *err);
/* Unlocked: within another operation. */
void fake_copies_prune(struct fake_store *fake);
void fake_copies_done(struct fake_store *fake);
void fake_grants_prune(struct fake_store *fake);
void fake_grants_done(struct fake_store *fake);
void fake_challenges_prune(struct fake_store *fake);
void fake_scep_done(struct fake_store *fake);
CF_MUST_USE enum cf_rc fake_ledger_check(struct fake_store *fake,
                                         const struct cf_ledger_entry *entry, struct cf_err *err);
void fake_ledger_add(struct fake_store *fake, const struct cf_ledger_entry *entry,
                     const struct cf_buf *recovery);
CF_MUST_USE enum cf_rc fake_ledger_check_id(struct fake_store *fake, int64_t id, int64_t revoked_ms,
                                            struct cf_err *err);
void fake_ledger_mark(struct fake_store *fake, int64_t id, int64_t revoked_ms, int reason);

enum cf_rc fake_ca_add(struct cf_store *store, const struct cf_ca_record *record,
                       struct cf_ca_record **ret_existing, struct cf_err *err);
enum cf_rc fake_ca_get(struct cf_store *store, const char *ca, const char *serial,
                       const char *request_key, struct cf_ca_record **ret_record,
                       struct cf_err *err);
enum cf_rc fake_ca_update(struct cf_store *store, const struct cf_ca_record *record,
                          enum cf_ca_status from, struct cf_err *err);
enum cf_rc fake_ca_each(struct cf_store *store, const char *ca, enum cf_ca_status status,
                        cf_ca_record_fn *fn, void *arg, struct cf_err *err);
enum cf_rc fake_ca_crl_number(struct cf_store *store, const char *ca, uint64_t *ret_number,
                              struct cf_err *err);
