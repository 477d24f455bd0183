/* SPDX-License-Identifier: Apache-2.0 */
/* keypool - one queue of ready keys per kind, oldest first, under one lock. */
#include "certferry/keypool.h"

#include <pthread.h>
#include <stdlib.h>

#include "heap.h"

enum { SIZE_MAX_KEYS = 4096 };

struct entry {
    struct cf_key *key;
    int64_t born_ms;
    struct entry *next;
};

struct queue {
    struct entry *first; /* the oldest */
    struct entry *last;
    unsigned count;
    unsigned n_making; /* being generated outside the lock */
    unsigned size;     /* wanted */
};

struct cf_keypool {
    pthread_mutex_t lock;
    const struct cf_clock *clock;
    uint64_t max_age_ms;
    struct queue queue[CF_KEY_KIND_MAX_];
};

static struct cf_key *
pop(struct queue *queue)
{
    struct entry *entry = queue->first;
    struct cf_key *key = entry->key;

    queue->first = entry->next;
    if (!queue->first)
        queue->last = NULL;
    queue->count--;
    free(entry);
    return key;
}

static void
push(struct queue *queue, struct entry *take_entry)
{
    take_entry->next = NULL;
    if (queue->last)
        queue->last->next = take_entry;
    else
        queue->first = take_entry;
    queue->last = take_entry;
    queue->count++;
}

static void
trim(struct queue *queue, unsigned size)
{
    while (queue->count > size)
        cf_key_free(pop(queue));
}

static void
drop_aged(struct cf_keypool *pool)
{
    int64_t now_ms = cf_clock_monotonic_ms(pool->clock);

    for (unsigned i = 0; i < CF_KEY_KIND_MAX_; i++) {
        struct queue *queue = &pool->queue[i];
        while (queue->first && now_ms - queue->first->born_ms > (int64_t)pool->max_age_ms)
            cf_key_free(pop(queue));
    }
}

static bool
is_heap_low(void)
{
    size_t len = cf_pki_secure_heap_len();

    return len > 0 && cf_pki_secure_heap_used() > len / 4 * 3;
}

static unsigned
lacking(const struct queue *queue)
{
    unsigned have = queue->count + queue->n_making;

    return queue->size > have ? queue->size - have : 0;
}

/* The kind that lacks the largest share of its size; NULL when nothing is missing. */
static struct queue *
neediest(struct cf_keypool *pool)
{
    struct queue *best = NULL;

    for (unsigned i = 0; i < CF_KEY_KIND_MAX_; i++) {
        struct queue *queue = &pool->queue[i];
        uint64_t lack = lacking(queue);
        /* a/b > c/d without division */
        if (lack > 0 && (!best || lack * best->size > (uint64_t)lacking(best) * queue->size))
            best = queue;
    }
    return best;
}

static uint64_t
bounded_age(uint64_t age_ms)
{
    return age_ms < INT64_MAX ? age_ms : INT64_MAX;
}

enum cf_rc
cf_keypool_new(const struct cf_keypool_options *options, struct cf_keypool **ret_pool,
               struct cf_err *err)
{
    for (unsigned i = 0; i < CF_KEY_KIND_MAX_; i++) {
        if (options->size[i] > SIZE_MAX_KEYS)
            return cf_fail(err, CF_E_RANGE, "a pool of %u %s keys; at most %d can be held",
                           options->size[i], cf_key_kind_name((enum cf_key_kind)i), SIZE_MAX_KEYS);
    }
    struct cf_keypool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return cf_fail_oom(err);
    (void)pthread_mutex_init(&pool->lock, NULL); /* cannot fail with default attributes */
    cf_keypool_configure(pool, options);
    *ret_pool = pool;
    return CF_OK;
}

struct cf_keypool *
cf_keypool_free(struct cf_keypool *pool)
{
    if (!pool)
        return NULL;
    cf_keypool_flush(pool);
    (void)pthread_mutex_destroy(&pool->lock);
    free(pool);
    return NULL;
}

enum cf_rc
cf_keypool_take(struct cf_keypool *pool, enum cf_key_kind kind, struct cf_key **ret_key,
                bool *ret_from_pool, struct cf_err *err)
{
    struct cf_key *key = NULL;

    if ((unsigned)kind >= CF_KEY_KIND_MAX_)
        return cf_fail(err, CF_E_BUG, "key kind %d", (int)kind);
    pthread_mutex_lock(&pool->lock);
    drop_aged(pool);
    if (pool->queue[kind].first)
        key = pop(&pool->queue[kind]);
    pthread_mutex_unlock(&pool->lock);

    bool from_pool = key != NULL;
    if (!key)
        CF_TRY(cf_key_generate(kind, &key, err));
    if (ret_from_pool)
        *ret_from_pool = from_pool;
    *ret_key = key;
    return CF_OK;
}

enum cf_rc
cf_keypool_fill_one(struct cf_keypool *pool, bool *ret_more, struct cf_err *err)
{
    pthread_mutex_lock(&pool->lock);
    drop_aged(pool);
    struct queue *queue = is_heap_low() ? NULL : neediest(pool);
    if (queue)
        queue->n_making++;
    pthread_mutex_unlock(&pool->lock);
    if (!queue) {
        *ret_more = false;
        return CF_OK;
    }

    cf_own(cf_key) key = NULL;
    enum cf_key_kind kind = (enum cf_key_kind)(queue - pool->queue);
    enum cf_rc rc = cf_key_generate(kind, &key, err);
    struct entry *entry = rc == CF_OK ? malloc(sizeof *entry) : NULL;
    if (rc == CF_OK && !entry)
        rc = cf_fail_oom(err);

    pthread_mutex_lock(&pool->lock);
    queue->n_making--;
    /* The size may have been lowered meanwhile. */
    if (entry && lacking(queue) > 0) {
        entry->born_ms = cf_clock_monotonic_ms(pool->clock);
        entry->key = cf_give(key);
        push(queue, cf_give(entry));
    }
    bool more = !is_heap_low() && neediest(pool);
    pthread_mutex_unlock(&pool->lock);
    free(entry);

    CF_TRY(rc);
    *ret_more = more;
    return CF_OK;
}

bool
cf_keypool_wants_keys(struct cf_keypool *pool)
{
    pthread_mutex_lock(&pool->lock);
    drop_aged(pool);
    bool wants = !is_heap_low() && neediest(pool);
    pthread_mutex_unlock(&pool->lock);
    return wants;
}

unsigned
cf_keypool_count(struct cf_keypool *pool, enum cf_key_kind kind)
{
    if ((unsigned)kind >= CF_KEY_KIND_MAX_)
        return 0;
    pthread_mutex_lock(&pool->lock);
    unsigned count = pool->queue[kind].count;
    pthread_mutex_unlock(&pool->lock);
    return count;
}

void
cf_keypool_configure(struct cf_keypool *pool, const struct cf_keypool_options *options)
{
    pthread_mutex_lock(&pool->lock);
    pool->clock = options->clock ? options->clock : cf_clock_real();
    pool->max_age_ms = bounded_age(options->max_age_ms);
    for (unsigned i = 0; i < CF_KEY_KIND_MAX_; i++) {
        struct queue *queue = &pool->queue[i];
        queue->size = options->size[i] < SIZE_MAX_KEYS ? options->size[i] : SIZE_MAX_KEYS;
        trim(queue, queue->size);
    }
    drop_aged(pool);
    pthread_mutex_unlock(&pool->lock);
}

void
cf_keypool_flush(struct cf_keypool *pool)
{
    pthread_mutex_lock(&pool->lock);
    for (unsigned i = 0; i < CF_KEY_KIND_MAX_; i++)
        trim(&pool->queue[i], 0);
    pthread_mutex_unlock(&pool->lock);
}
