/* SPDX-License-Identifier: Apache-2.0 */
#include "cache.h"

#include <string.h>

#include "certferry/text.h"

struct cf_ldap_cache_entry {
    struct cf_ldap_cache_entry *newer;
    enum cf_ldap_kind kind;
    uint32_t hash; /* most names differ in it: comparing it first makes a walk cheap */
    int64_t until_ms;
    size_t n_bytes;
    void *value;
    char name[];
};

void
cf_ldap_cache_init(struct cf_ldap_cache *cache, const struct cf_clock *clock, uint64_t lifetime_ms)
{
    *cache = (struct cf_ldap_cache){.clock = clock, .lifetime_ms = lifetime_ms};
    pthread_mutex_init(&cache->lock, NULL);
}

/* FNV-1a over the name in small letters. */
static uint32_t
hash_of(enum cf_ldap_kind kind, const char *name)
{
    uint32_t hash = 2166136261U ^ (uint32_t)kind;

    for (; *name; name++) {
        unsigned char byte = (unsigned char)*name;
        hash = (hash ^ (byte >= 'A' && byte <= 'Z' ? byte | 0x20U : byte)) * 16777619U;
    }
    return hash;
}

/* *link is the entry's place in the list. */
static void
drop(struct cf_ldap_cache *cache, struct cf_ldap_cache_entry **link,
     struct cf_ldap_cache_entry *older)
{
    struct cf_ldap_cache_entry *entry = *link;

    *link = entry->newer;
    if (cache->newest == entry)
        cache->newest = older;
    cache->n_entries--;
    cache->n_bytes -= entry->n_bytes;
    cf_ldap_value_of(entry->kind)->free(entry->value);
    free(entry);
}

void
cf_ldap_cache_done(struct cf_ldap_cache *cache)
{
    while (cache->oldest)
        drop(cache, &cache->oldest, NULL);
    pthread_mutex_destroy(&cache->lock);
}

void
cf_ldap_cache_forget(struct cf_ldap_cache *cache, enum cf_ldap_kind kind)
{
    struct cf_ldap_cache_entry *older = NULL;

    pthread_mutex_lock(&cache->lock);
    for (struct cf_ldap_cache_entry **link = &cache->oldest; *link;) {
        if ((*link)->kind == kind) {
            drop(cache, link, older);
            continue;
        }
        older = *link;
        link = &older->newer;
    }
    pthread_mutex_unlock(&cache->lock);
}

/* All entries live equally long, so the first that is not late ends the walk. */
static void
drop_late(struct cf_ldap_cache *cache)
{
    int64_t now = cf_clock_monotonic_ms(cache->clock);

    while (cache->oldest && cache->oldest->until_ms <= now)
        drop(cache, &cache->oldest, NULL);
}

static bool
is_called(const struct cf_ldap_cache_entry *entry, enum cf_ldap_kind kind, uint32_t hash,
          const char *name)
{
    return entry->hash == hash && entry->kind == kind && cf_text_equal_nocase(entry->name, name);
}

void *
cf_ldap_cache_get(struct cf_ldap_cache *cache, enum cf_ldap_kind kind, const char *name,
                  bool wants_groups)
{
    const struct cf_ldap_value *type = cf_ldap_value_of(kind);
    void *copy = NULL;
    uint32_t hash = hash_of(kind, name);

    if (cache->lifetime_ms == 0)
        return NULL;
    pthread_mutex_lock(&cache->lock);
    drop_late(cache);
    for (struct cf_ldap_cache_entry *entry = cache->oldest; entry; entry = entry->newer) {
        if (is_called(entry, kind, hash, name)) {
            if (!wants_groups || type->has_groups(entry->value))
                copy = type->clone(entry->value);
            break;
        }
    }
    pthread_mutex_unlock(&cache->lock);
    return copy;
}

static void
drop_called(struct cf_ldap_cache *cache, enum cf_ldap_kind kind, uint32_t hash, const char *name)
{
    struct cf_ldap_cache_entry *older = NULL;

    for (struct cf_ldap_cache_entry **link = &cache->oldest; *link; link = &older->newer) {
        if (is_called(*link, kind, hash, name)) {
            drop(cache, link, older);
            return;
        }
        older = *link;
    }
}

static struct cf_ldap_cache_entry *
new_entry(enum cf_ldap_kind kind, const char *name, const void *value)
{
    const struct cf_ldap_value *type = cf_ldap_value_of(kind);
    size_t name_size = strlen(name) + 1;
    struct cf_ldap_cache_entry *entry = calloc(1, sizeof *entry + name_size);

    if (!entry)
        return NULL;
    entry->value = type->clone(value);
    if (!entry->value) {
        free(entry);
        return NULL;
    }
    entry->kind = kind;
    entry->hash = hash_of(kind, name);
    entry->n_bytes = sizeof *entry + name_size + type->size(value);
    memcpy(entry->name, name, name_size);
    return entry;
}

void
cf_ldap_cache_put(struct cf_ldap_cache *cache, enum cf_ldap_kind kind, const char *name,
                  const void *value)
{
    if (cache->lifetime_ms == 0)
        return;
    struct cf_ldap_cache_entry *entry = new_entry(kind, name, value);
    if (!entry)
        return;

    pthread_mutex_lock(&cache->lock);
    drop_late(cache);
    drop_called(cache, kind, entry->hash, name);
    entry->until_ms = cf_clock_monotonic_ms(cache->clock) + (int64_t)cache->lifetime_ms;
    if (cache->newest)
        cache->newest->newer = entry;
    else
        cache->oldest = entry;
    cache->newest = entry;
    cache->n_entries++;
    cache->n_bytes += entry->n_bytes;
    while (cache->oldest &&
           (cache->n_entries > CF_LDAP_CACHE_ENTRIES || cache->n_bytes > CF_LDAP_CACHE_BYTES))
        drop(cache, &cache->oldest, NULL);
    pthread_mutex_unlock(&cache->lock);
}
