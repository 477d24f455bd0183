/* SPDX-License-Identifier: Apache-2.0 */
/* op_scep - one-time challenges, and the registration authority's documents. */
#include "op.h"

#include <string.h>

static const int64_t DAY_MS = INT64_C(24) * 60 * 60 * 1000;

static enum cf_rc
add(struct cf_conn *conn, void *arg, struct cf_err *err)
{
    const struct cf_scep_challenge_record *record = (const struct cf_scep_challenge_record *)arg;
    cf_own_query q = {0};
    bool is_taken = false;

    CF_TRY(cf_query_init(&q, conn, CF_SQL_CHALLENGE_INSERT, err));
    cf_query_put_text(&q, record->profile);
    cf_query_put_bytes(&q, cf_bytes_of(record->digest, sizeof record->digest));
    cf_query_put_text(&q, record->subject);
    cf_query_put_text(&q, record->made_by);
    cf_query_put_i64(&q, record->made_ms);
    cf_query_put_i64(&q, record->expires_ms);
    CF_TRY(cf_query_insert(&q, &is_taken, err));
    if (is_taken)
        return cf_fail(err, CF_E_CONFLICT, "profile '%s' has this challenge already; make another",
                       record->profile);
    return CF_OK;
}

enum cf_rc
cf_op_challenge_add(struct cf_store *store, const struct cf_scep_challenge_record *record,
                    struct cf_err *err)
{
    struct cf_scep_challenge_record copy = *record;

    return cf_op_write(store, add, &copy, err);
}

struct use {
    const char *profile;
    struct cf_bytes digest;
    const char *subject;
    const char *context;
    int64_t now_ms;
};

/* Alone decides who is first, on whatever node. */
static enum cf_rc
take(struct cf_conn *conn, const struct use *call, bool *ret_is_taken, struct cf_err *err)
{
    cf_own_query q = {0};

    CF_TRY(cf_query_init(&q, conn, CF_SQL_CHALLENGE_USE, err));
    cf_query_put_text(&q, call->context);
    cf_query_put_i64(&q, call->now_ms);
    cf_query_put_text(&q, call->profile);
    cf_query_put_bytes(&q, call->digest);
    cf_query_put_i64(&q, call->now_ms);
    cf_query_put_text(&q, call->subject);
    CF_TRY(cf_query_run(&q, err));
    *ret_is_taken = cf_query_changes(&q) > 0;
    return CF_OK;
}

static enum cf_rc
explain(struct cf_conn *conn, const struct use *call, struct cf_err *err)
{
    cf_own_query q = {0};
    bool is_known = false;

    CF_TRY(cf_query_init(&q, conn, CF_SQL_CHALLENGE_FIND, err));
    cf_query_put_text(&q, call->profile);
    cf_query_put_bytes(&q, call->digest);
    CF_TRY(cf_query_step(&q, &is_known, err));
    if (!is_known)
        return cf_fail(err, CF_E_NOT_FOUND, "profile '%s' has no such challenge, or no longer",
                       call->profile);
    cf_own_str subject = cf_query_get_text(&q);
    int64_t expires_ms = cf_query_get_i64(&q);
    cf_own_str used_by = cf_query_get_text(&q);
    CF_TRY(cf_query_ok(&q, err));

    if (used_by && strcmp(used_by, call->context) == 0)
        return CF_OK;
    if (used_by)
        return cf_fail(err, CF_E_CONFLICT,
                       "the challenge was used by request '%.100s'; make another one", used_by);
    if (expires_ms <= call->now_ms)
        return cf_fail(err, CF_E_RANGE, "the challenge has expired unused; make another one");
    return cf_fail(err, CF_E_MISMATCH, "the challenge is for '%.80s', not for '%.80s'",
                   subject ? subject : "", call->subject ? call->subject : "");
}

static enum cf_rc
use(struct cf_conn *conn, void *arg, struct cf_err *err)
{
    const struct use *call = (const struct use *)arg;
    bool is_taken = false;

    CF_TRY(take(conn, call, &is_taken, err));
    return is_taken ? CF_OK : explain(conn, call, err);
}

enum cf_rc
cf_op_challenge_use(struct cf_store *store, const char *profile, const uint8_t digest[32],
                    const char *subject, const char *context, int64_t now_ms, struct cf_err *err)
{
    struct use call = {profile, cf_bytes_of(digest, 32), subject, context, now_ms};

    return cf_op_write(store, use, &call, err);
}

enum cf_rc
cf_challenge_rows_prune(struct cf_conn *conn, int64_t now_ms, struct cf_err *err)
{
    cf_own_query q = {0};

    CF_TRY(cf_query_init(&q, conn, CF_SQL_CHALLENGE_PRUNE, err));
    cf_query_put_i64(&q, now_ms - DAY_MS);
    return cf_query_run(&q, err);
}

struct ra {
    const char *ca;
    uint64_t version;
    struct cf_bytes document; /* to be put */
    struct cf_buf *found;
};

static enum cf_rc
ra_get(struct cf_conn *conn, void *arg, struct cf_err *err)
{
    struct ra *call = (struct ra *)arg;
    cf_own_query q = {0};
    bool is_known = false;

    call->found = cf_buf_free(call->found);
    CF_TRY(cf_query_init(&q, conn, CF_SQL_RA_GET, err));
    cf_query_put_text(&q, call->ca);
    CF_TRY(cf_query_step(&q, &is_known, err));
    if (!is_known)
        return cf_fail(err, CF_E_NOT_FOUND, "CA '%s' has no registration authority yet", call->ca);
    call->version = (uint64_t)cf_query_get_i64(&q);
    call->found = cf_query_get_buf(&q);
    return cf_query_ok(&q, err);
}

enum cf_rc
cf_op_ra_get(struct cf_store *store, const char *ca, uint64_t *ret_version,
             struct cf_buf **ret_document, struct cf_err *err)
{
    struct ra call = {.ca = ca};
    enum cf_rc rc = cf_op_read(store, ra_get, &call, err);

    if (rc != CF_OK) {
        (void)cf_buf_free(call.found);
        return rc;
    }
    *ret_version = call.version;
    *ret_document = call.found;
    return CF_OK;
}

static enum cf_rc
ra_put(struct cf_conn *conn, void *arg, struct cf_err *err)
{
    const struct ra *call = (const struct ra *)arg;
    cf_own_query q = {0};
    bool is_taken = false;

    CF_TRY(cf_query_init(&q, conn, call->version == 0 ? CF_SQL_RA_INSERT : CF_SQL_RA_UPDATE, err));
    cf_query_put_bytes(&q, call->document);
    cf_query_put_text(&q, call->ca);
    if (call->version == 0) {
        CF_TRY(cf_query_insert(&q, &is_taken, err));
    } else {
        cf_query_put_i64(&q, (int64_t)call->version);
        CF_TRY(cf_query_run(&q, err));
        is_taken = cf_query_changes(&q) == 0;
    }
    if (is_taken)
        return cf_fail(err, CF_E_CONFLICT,
                       "the registration authority's document of CA '%s' is not of version %llu: "
                       "another node was faster; read it again",
                       call->ca, (unsigned long long)call->version);
    return CF_OK;
}

enum cf_rc
cf_op_ra_put(struct cf_store *store, const char *ca, uint64_t version, struct cf_bytes document,
             struct cf_err *err)
{
    struct ra call = {.ca = ca, .version = version, .document = document};

    if (document.len > CF_STORE_RA_MAX)
        return cf_fail(err, CF_E_LIMIT,
                       "the registration authority's document of CA '%s' has %zu bytes; the limit "
                       "is %d",
                       ca, document.len, CF_STORE_RA_MAX);
    return cf_op_write(store, ra_put, &call, err);
}
