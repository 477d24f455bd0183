/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_directory - a directory behind the port that knows what a test told it.
 *
 * Accounts and groups are added by the test; the answers are copies. Names compare without case,
 * as in the real thing. Thread-safe: members may be read while holding `lock`, or when no other
 * thread uses the directory.
 */
#pragma once

#include <pthread.h>

#include "certferry/directory.h"

enum { FAKE_DIRECTORY_ENTRIES_MAX = 64, FAKE_DIRECTORY_MEMBERSHIPS_MAX = 16 };

/* An account, or a group (with a name, without groups of its own). Borrowed literals; NULL: the
 * directory has none. */
struct fake_directory_entry {
    const char *upn;
    const char *dns_host_name;
    const char *dn;
    const char *sam_account_name;
    const char *mail;
    const char *sid;
    bool is_disabled;
    const char *groups[FAKE_DIRECTORY_MEMBERSHIPS_MAX]; /* SIDs, nested ones included */
};

struct fake_directory {
    struct cf_directory base;
    pthread_mutex_t lock;
    struct cf_directory_env env;

    /* The script. */
    struct fake_directory_entry account[FAKE_DIRECTORY_ENTRIES_MAX];
    size_t n_accounts;
    struct fake_directory_entry group[FAKE_DIRECTORY_ENTRIES_MAX]; /* sam_account_name, dn, sid */
    size_t n_groups;
    enum cf_rc fail;                        /* every search is answered with it; CF_OK: none is */
    unsigned fail_times;                    /* how often the failure above is served; 0: always */
    struct cf_enrollment_services services; /* borrowed: answers are copies */
    const struct cf_ad_template *ad_template[FAKE_DIRECTORY_ENTRIES_MAX]; /* borrowed, likewise */
    size_t n_templates;
    struct cf_der_list certs[CF_AD_AIA + 1]; /* by enum cf_ad_certs; borrowed, likewise */
    bool has_no_groups;                      /* wants_groups is answered with CF_E_UNSUPPORTED */

    /* What happened. */
    unsigned n_find_user;
    unsigned n_find_computer;
    unsigned n_find_group;
    unsigned n_find_principal;
    unsigned n_find_services;
    unsigned n_find_template;
    unsigned n_find_certs;
    unsigned n_forget;
    unsigned n_wanted_groups;
};

struct fake_directory *fake_directory_new(const struct cf_directory_env *env);
/* ops->close does the same. */
struct fake_directory *fake_directory_free(struct fake_directory *directory);

/* Entries that are there at once are seen by searches that start later; abort() when full. */
void fake_directory_add_account(struct fake_directory *directory,
                                const struct fake_directory_entry *entry);
void fake_directory_add_group(struct fake_directory *directory, const char *name, const char *dn,
                              const char *sid);
void fake_directory_add_template(struct fake_directory *directory,
                                 const struct cf_ad_template *ad_template);
/* CF_OK: works again. */
void fake_directory_set_failure(struct fake_directory *directory, enum cf_rc failure,
                                unsigned times);
