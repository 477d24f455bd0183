/* SPDX-License-Identifier: Apache-2.0 */
#include "certferry/ca_sweep.h"

#include <pthread.h>
#include <stdlib.h>

struct cf_ca_sweep {
    struct cf_ca_sweep_options options;
    pthread_mutex_t lock;
    pthread_cond_t idle;
    size_t refs;
    size_t next; /* the CA whose turn it is */
    size_t n_busy;
};

enum cf_rc
cf_ca_sweep_new(const struct cf_ca_sweep_options *options, struct cf_ca_sweep **ret_sweep,
                struct cf_err *err)
{
    struct cf_ca_sweep *sweep = calloc(1, sizeof *sweep);

    if (!sweep)
        return cf_fail_oom(err);
    sweep->options = *options;
    sweep->refs = 1;
    pthread_mutex_init(&sweep->lock, NULL);
    pthread_cond_init(&sweep->idle, NULL);
    (void)cf_site_ref(options->site);
    *ret_sweep = sweep;
    return CF_OK;
}

struct cf_ca_sweep *
cf_ca_sweep_free(struct cf_ca_sweep *sweep)
{
    if (!sweep)
        return NULL;
    pthread_mutex_lock(&sweep->lock);
    bool is_last = --sweep->refs == 0;
    pthread_mutex_unlock(&sweep->lock);
    if (!is_last)
        return NULL;
    if (sweep->options.end)
        sweep->options.end(sweep->options.arg);
    cf_site_free(sweep->options.site);
    pthread_cond_destroy(&sweep->idle);
    pthread_mutex_destroy(&sweep->lock);
    free(sweep);
    return NULL;
}

static bool
begin_look(struct cf_ca_sweep *sweep, size_t *ret_i)
{
    pthread_mutex_lock(&sweep->lock);
    bool has_one =
        sweep->next < sweep->options.site->n_cas && !cf_pool_is_stopping(sweep->options.pool);
    if (has_one) {
        *ret_i = sweep->next++;
        sweep->n_busy++;
    }
    pthread_mutex_unlock(&sweep->lock);
    return has_one;
}

static void
end_look(struct cf_ca_sweep *sweep)
{
    pthread_mutex_lock(&sweep->lock);
    if (--sweep->n_busy == 0)
        pthread_cond_broadcast(&sweep->idle);
    pthread_mutex_unlock(&sweep->lock);
}

static void
take_part(struct cf_ca_sweep *sweep)
{
    size_t i = 0;

    while (begin_look(sweep, &i)) {
        sweep->options.look(sweep->options.arg, &sweep->options.site->cas[i], i);
        end_look(sweep);
    }
}

static void
run(void *arg)
{
    take_part(arg);
    cf_ca_sweep_free(arg);
}

size_t
cf_ca_sweep_start(struct cf_ca_sweep *sweep, enum cf_priority priority, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        pthread_mutex_lock(&sweep->lock);
        sweep->refs++;
        pthread_mutex_unlock(&sweep->lock);
        if (cf_pool_submit(sweep->options.pool, CF_LANE_IO, priority, run, sweep, NULL) != CF_OK) {
            cf_ca_sweep_free(sweep);
            return i;
        }
    }
    return n;
}

void
cf_ca_sweep_finish(struct cf_ca_sweep *sweep)
{
    take_part(sweep);
    pthread_mutex_lock(&sweep->lock);
    while (sweep->n_busy > 0)
        pthread_cond_wait(&sweep->idle, &sweep->lock);
    pthread_mutex_unlock(&sweep->lock);
}
