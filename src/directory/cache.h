/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache - what the directory said a short while ago.
 *
 * Only answers that name something are kept: an account or a template that was made a moment ago is
 * found at once.
 * Bounded in number and in memory; the oldest goes first. Thread-safe; answers are copies.
 */
#pragma once

#include <pthread.h>

#include "certferry/clock.h"
#include "certferry/directory.h"

enum { CF_LDAP_CACHE_ENTRIES = 1024, CF_LDAP_CACHE_BYTES = 8 * 1024 * 1024 };

enum cf_ldap_kind {
    CF_LDAP_USER,
    CF_LDAP_COMPUTER,
    CF_LDAP_GROUP,
    CF_LDAP_PRINCIPAL,
    CF_LDAP_SERVICES, /* the name says nothing */
    CF_LDAP_TEMPLATE,
    CF_LDAP_CA_CERTS
};

/* What is kept of one kind. */
struct cf_ldap_value {
    void *(*clone)(const void *value); /* NULL: out of memory */
    size_t (*size)(const void *value); /* bytes of memory */
    void (*free)(void *value);         /* takes NULL */
    bool (*has_groups)(const void *value);
};
/* Accounts, but: struct cf_enrollment_services, struct cf_ad_template, struct cf_der_list. */
const struct cf_ldap_value *cf_ldap_value_of(enum cf_ldap_kind kind);

struct cf_ldap_cache_entry;

struct cf_ldap_cache {
    pthread_mutex_t lock;
    const struct cf_clock *clock;
    uint64_t lifetime_ms; /* 0: nothing is kept */
    struct cf_ldap_cache_entry *oldest;
    struct cf_ldap_cache_entry *newest;
    size_t n_entries;
    size_t n_bytes;
};

void cf_ldap_cache_init(struct cf_ldap_cache *cache, const struct cf_clock *clock,
                        uint64_t lifetime_ms);
void cf_ldap_cache_done(struct cf_ldap_cache *cache);

/* All of the kind. */
void cf_ldap_cache_forget(struct cf_ldap_cache *cache, enum cf_ldap_kind kind);

/* A copy, the caller's, of the kind's type; NULL when there is none, or none with groups where they
 * are wanted. Names compare without the case of ASCII letters. */
void *cf_ldap_cache_get(struct cf_ldap_cache *cache, enum cf_ldap_kind kind, const char *name,
                        bool wants_groups);
/* Replaces what was known under that name. Out of memory, or too large: not kept. */
void cf_ldap_cache_put(struct cf_ldap_cache *cache, enum cf_ldap_kind kind, const char *name,
                       const void *value);
