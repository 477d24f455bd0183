/* SPDX-License-Identifier: Apache-2.0 */
/*
 * directory - the port to Active Directory: facts about accounts that need not come by the cloud.
 *
 * All functions block for at most the configured time, may run on several threads at once, and
 * end soon after *stop_flag is set (CF_E_STOPPED). While the directory is down only one caller at a
 * time finds that out; the others get CF_E_DIRECTORY_DOWN at once.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "certferry/clock.h"
#include "certferry/enrollment.h"
#include "certferry/err.h"
#include "certferry/finding.h"
#include "certferry/settings.h"
#include "certferry/sid.h"

enum { CF_ACCOUNT_GROUPS_MAX = 5000 };

/* One user or computer. Texts are owned, UTF-8, and NULL where the directory has none. */
struct cf_account {
    char *dn; /* RFC 4514 */
    char *upn;
    char *sam_account_name;
    char *mail;
    char *dns_host_name;
    char sid[CF_SID_TEXT_SIZE]; /* "S-1-5-21-..."; empty: none */
    bool is_disabled;
    bool has_groups;                      /* asked for and read whole */
    char (*group_sids)[CF_SID_TEXT_SIZE]; /* nested, transitive, primary group included */
    size_t n_groups;
};
struct cf_account *cf_account_free(struct cf_account *account);
CF_DEFINE_OWN(cf_account);

struct cf_directory_env {
    const struct cf_clock *clock;
    const volatile int *stop_flag;
};

struct cf_directory;

struct cf_directory_ops {
    const char *name; /* "ldap" */
    unsigned abi;     /* CF_DIRECTORY_ABI */

    /* Reads files; does not have to reach the directory. CF_E_CONFIG names the option. settings
     * outlives the directory. */
    enum cf_rc (*open)(const struct cf_directory_settings *settings,
                       const struct cf_directory_env *env, struct cf_directory **ret_directory,
                       struct cf_err *err);
    void (*close)(struct cf_directory *directory);
    /* Reachable, TLS, bind, base, one search, groups: one finding each. */
    enum cf_rc (*check)(struct cf_directory *directory, cf_finding_fn *report, void *arg,
                        struct cf_err *err);

    /* The user with this userPrincipalName. CF_E_NOT_FOUND: none; CF_E_CONFLICT: several;
     * CF_E_DIRECTORY_DOWN; CF_E_AUTH and CF_E_TLS: the administrator has to act; CF_E_PROTOCOL for
     * an answer that makes no sense. *ret_account is the caller's. */
    enum cf_rc (*find_user)(struct cf_directory *directory, const char *upn, bool wants_groups,
                            struct cf_account **ret_account, struct cf_err *err);
    /* The computer with this dNSHostName. */
    enum cf_rc (*find_computer)(struct cf_directory *directory, const char *dns_host_name,
                                bool wants_groups, struct cf_account **ret_account,
                                struct cf_err *err);
    /* SID of a group given by name, SAM account name or DN. CF_E_NOT_FOUND. */
    enum cf_rc (*find_group)(struct cf_directory *directory, const char *name,
                             char ret_sid[CF_SID_TEXT_SIZE], struct cf_err *err);
    /* The account behind a Kerberos principal ("svc@CORP.EXAMPLE", "CONN1$@CORP.EXAMPLE"), by its
     * SAM account name. */
    enum cf_rc (*find_principal)(struct cf_directory *directory, const char *principal,
                                 bool wants_groups, struct cf_account **ret_account,
                                 struct cf_err *err);

    /* All CAs of the forest, or none: an empty list. Owned by the caller. */
    enum cf_rc (*find_enrollment_services)(struct cf_directory *directory,
                                           struct cf_enrollment_services *ret_services,
                                           struct cf_err *err);
    /* A template by its name (cn, not display name). CF_E_NOT_FOUND. Kept for the cache time: a
     * change of the template is seen within it. */
    enum cf_rc (*find_template)(struct cf_directory *directory, const char *name,
                                struct cf_ad_template **ret_template, struct cf_err *err);
    /* CA certificates; an empty list when there are none. */
    enum cf_rc (*find_ca_certs)(struct cf_directory *directory, enum cf_ad_certs which,
                                struct cf_der_list *ret_certs, struct cf_err *err);
    /* What was read before of CAs, templates and principals is not believed any more: for those who
     * look whether something that was wrong is mended. Users and computers stay known. */
    void (*forget)(struct cf_directory *directory);
};

enum { CF_DIRECTORY_ABI = 3 };

struct cf_directory {
    const struct cf_directory_ops *ops;
};

extern const struct cf_directory_ops cf_directory_ldap;
