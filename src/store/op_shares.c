/* SPDX-License-Identifier: Apache-2.0 */
/* op_shares - the waiting items CA by CA, so that those of one CA need not be passed by. */
#include "op.h"

/* The last row of the walk is NULL, which stands for the items that name no CA. */
static enum cf_rc
each_ca(struct cf_conn *conn, int64_t kind, int64_t state, const struct cf_ca_share *shares,
        size_t n_shares, cf_walk_fn *fn, void *arg, struct cf_err *err)
{
    cf_own_query q = {0};

    CF_TRY(cf_query_init(&q, conn, CF_SQL_ITEM_CAS, err));
    cf_query_put_i64(&q, kind);
    cf_query_put_i64(&q, state);
    for (;;) {
        bool has_row = false;

        CF_TRY(cf_query_step(&q, &has_row, err));
        if (!has_row)
            return CF_OK;
        const char *ca = cf_query_peek_text(&q);
        struct cf_walk walk = {.kind = kind,
                               .state = state,
                               .is_of_ca = true,
                               .ca = ca,
                               .share = cf_ca_share_find(shares, n_shares, ca)};
        if (!walk.share || walk.share->max > 0)
            CF_TRY(fn(conn, &walk, arg, err));
    }
}

enum cf_rc
cf_op_each_walk(struct cf_conn *conn, unsigned states, unsigned kinds,
                const struct cf_ca_share *shares, size_t n_shares, cf_walk_fn *fn, void *arg,
                struct cf_err *err)
{
    for (int kind = 0; kind < CF_KIND_MAX_; kind++) {
        for (int state = 0; state < CF_STATE_MAX_; state++) {
            struct cf_walk walk = {.kind = kind, .state = state};

            if (!(kinds & 1u << kind) || !(states & CF_STATE_BIT(state)))
                continue;
            if (n_shares > 0 && CF_STORE_CA_STATES & CF_STATE_BIT(state))
                CF_TRY(each_ca(conn, kind, state, shares, n_shares, fn, arg, err));
            else
                CF_TRY(fn(conn, &walk, arg, err));
        }
    }
    return CF_OK;
}
