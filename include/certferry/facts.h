/* SPDX-License-Identifier: Apache-2.0 */
/*
 * facts - what is known about the device and the user of a request, by the variables' names.
 *
 * The cloud's word counts, but for the distinguished name, the SAM account name and the SID, where
 * a configured directory has the last word: a SID the cloud names otherwise is CF_E_POLICY.
 * Accounts are looked up when first needed and kept for the request. Not shared between threads.
 */
#pragma once

#include "certferry/directory.h"
#include "certferry/request.h"

struct cf_facts {
    const struct cf_request *request;
    struct cf_directory *directory; /* NULL: none configured */
    struct cf_account *user;        /* owned; NULL until looked up */
    struct cf_account *computer;    /* owned */
};
void cf_facts_done(struct cf_facts *facts);

/* A cf_fact_fn: arg is a struct cf_facts, in which it keeps what it looks up: the variables of
 * docs/protocol/connector-api.md. User variables are refused for device certificates,
 * FullyQualifiedDomainName outside Windows. */
enum cf_rc cf_facts_find(const void *arg, const char *name, size_t len, const char **ret,
                         struct cf_err *err);
/* The account the certificate is for: the user, or for device certificates the computer. CF_E_FACT
 * without a user or name, CF_E_CONFIG without a directory. Borrowed. */
CF_MUST_USE enum cf_rc cf_facts_need_account(struct cf_facts *facts, bool wants_groups,
                                             const struct cf_account **ret_account,
                                             struct cf_err *err);
/* The SID for strong mapping: the directory's, or the cloud's without a directory. Device
 * certificates: Windows only, directory only. CF_E_FACT; CF_E_RANGE for one that is none (sid.h).
 * Borrowed. */
CF_MUST_USE enum cf_rc cf_facts_need_sid(struct cf_facts *facts, const char **ret_sid,
                                         struct cf_err *err);
