/* SPDX-License-Identifier: Apache-2.0 */
#include "op.h"

#include <stdlib.h>
#include <string.h>

static struct cf_op_store *
self_of(struct cf_store *store)
{
    return (struct cf_op_store *)store;
}

enum cf_rc
cf_op_write(struct cf_store *store, cf_write_fn *fn, void *arg, struct cf_err *err)
{
    return self_of(store)->write(store, fn, arg, err);
}

static int
by_id(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

enum cf_rc
cf_op_write_ids(struct cf_store *store, cf_write_fn *fn, const int64_t *ids, size_t n,
                const void *arg, struct cf_err *err)
{
    struct cf_op_ids call = {.id = reallocarray(NULL, n, sizeof *ids), .n = n, .arg = arg};

    if (!call.id)
        return cf_fail_oom(err);
    memcpy(call.id, ids, n * sizeof *ids);
    qsort(call.id, n, sizeof *ids, by_id);
    enum cf_rc rc = cf_op_write(store, fn, &call, err);
    free(call.id);
    return rc;
}

enum cf_rc
cf_op_read(struct cf_store *store, cf_write_fn *fn, void *arg, struct cf_err *err)
{
    return self_of(store)->read(store, fn, arg, err);
}

int64_t
cf_op_now(struct cf_store *store)
{
    return cf_clock_now_ms(self_of(store)->clock);
}

enum cf_rc
cf_op_check_limit(size_t limit, struct cf_err *err)
{
    if (limit >= 1 && limit <= 1000)
        return CF_OK;
    return cf_fail(err, CF_E_RANGE, "limit %zu: must be 1..1000", limit);
}
