/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_pool - HTTP clients that are lent to one call each.
 *
 * A client keeps its connection between calls. One whose call failed is not given back but freed:
 * the next is made with the files (passwords, client certificates) as they are then.
 */
#pragma once

#include "certferry/http.h"

/* Makes a client. Several threads may be in it at once. */
typedef enum cf_rc cf_http_make_fn(const void *arg, struct cf_http **ret_http, struct cf_err *err);

struct cf_http_pool;

/* `arg` outlives the pool. Thread-safe in use. */
CF_MUST_USE enum cf_rc cf_http_pool_new(cf_http_make_fn *make, const void *arg,
                                        struct cf_http_pool **ret_pool, struct cf_err *err);
struct cf_http_pool *cf_http_pool_free(struct cf_http_pool *pool);
CF_DEFINE_OWN(cf_http_pool);

/* A client that nobody else uses; free it, or give it back when its call was answered. Errors are
 * those of `make`. */
CF_MUST_USE enum cf_rc cf_http_pool_take(struct cf_http_pool *pool, struct cf_http **ret_http,
                                         struct cf_err *err);
/* Takes *http when there is room for it; else it stays the caller's. */
void cf_http_pool_give(struct cf_http_pool *pool, struct cf_http **http);
