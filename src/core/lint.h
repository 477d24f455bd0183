/* SPDX-License-Identifier: Apache-2.0 */
/* lint - a profile as the rules of lint_*.c see it, whichever form it was written in. */
#pragma once

#include "certferry/csr.h"
#include "certferry/facts.h"
#include "certferry/json.h"
#include "certferry/profile_lint.h"

enum { CF_LINT_SAN_MAX = CF_SAN_MAX, CF_LINT_EKU_MAX = CF_EKU_MAX };

struct cf_lint_san {
    enum cf_san_type type;
    const char *value;
};

/* Texts are borrowed from the document; NULL or 0: not there. */
struct cf_lint_profile {
    const char *platform;
    bool is_device;
    bool has_type;
    const char *subject;
    struct cf_lint_san *san; /* owned */
    size_t n_san;
    const char *eku[CF_LINT_EKU_MAX];
    size_t n_eku;
    int64_t key_size;
    int64_t validity_value;
    uint64_t validity_ms;
    int64_t threshold;
    const char *key_storage;
    const char *container;
    const char *store;
    const char *root;
    bool names_root; /* a trusted-certificate profile, or root */
    bool wants_sid;
    const char *ca_host;
    const char *ca_name;
    const char *template_name;
};

struct cf_lint {
    const struct cf_settings *settings;
    const struct cf_lint_profile *profile;
    cf_finding_fn *report;
    void *arg;
    size_t n_problems; /* with the member that is looked at */
};

/* Fills ret, which cf_lint_profile_done empties, and reports members that cannot be read. */
CF_MUST_USE enum cf_rc cf_lint_read(struct cf_lint *lint, const struct cf_json *document,
                                    struct cf_lint_profile *ret, struct cf_err *err);
void cf_lint_profile_done(struct cf_lint_profile *profile);

void cf_lint_say(struct cf_lint *lint, enum cf_severity severity, const char *member,
                 const char *remedy, const char *format, ...) CF_PRINTF(5, 6);

/* Says that the member is in order, unless something was found since *n_problems_before. */
void cf_lint_ok(struct cf_lint *lint, size_t n_problems_before, const char *member,
                const char *text);

/* The groups of rules. */
void cf_lint_names(struct cf_lint *lint);
void cf_lint_grant(struct cf_lint *lint);
void cf_lint_lifetime(struct cf_lint *lint);
void cf_lint_key(struct cf_lint *lint);
void cf_lint_platform(struct cf_lint *lint);

bool cf_lint_is_apple(const struct cf_lint_profile *profile);
bool cf_lint_is_android(const struct cf_lint_profile *profile);
bool cf_lint_is_windows(const struct cf_lint_profile *profile);
/* Whether the subject or a SAN value has this variable. */
bool cf_lint_uses(const struct cf_lint_profile *profile, const char *variable);
/* A request by this profile in which every member has a value; `ret` borrows from the profile. */
void cf_lint_sample(const struct cf_lint_profile *profile, struct cf_request *ret);
