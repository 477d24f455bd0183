/* SPDX-License-Identifier: Apache-2.0 */
/* metrics - one atomic number per metric; no order between them is promised. */
#include "certferry/metrics.h"

#include <assert.h>
#include <stdatomic.h>

static _Atomic uint64_t value[CF_M_MAX_];

static const char *const NAME[CF_M_MAX_] = {
#define X(name, text) [CF_M_##name] = text,
    CF_METRIC_LIST(X)
#undef X
};

void
cf_metric_add(enum cf_metric metric, uint64_t n)
{
    assert((unsigned)metric < CF_M_MAX_);
    atomic_fetch_add_explicit(&value[metric], n, memory_order_relaxed);
}

uint64_t
cf_metric_get(enum cf_metric metric)
{
    assert((unsigned)metric < CF_M_MAX_);
    return atomic_load_explicit(&value[metric], memory_order_relaxed);
}

const char *
cf_metric_name(enum cf_metric metric)
{
    assert((unsigned)metric < CF_M_MAX_);
    return NAME[metric];
}

void
cf_metric_reset_all(void)
{
    for (unsigned i = 0; i < CF_M_MAX_; i++)
        atomic_store_explicit(&value[i], 0, memory_order_relaxed);
}
