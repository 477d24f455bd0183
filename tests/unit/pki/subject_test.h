/* SPDX-License-Identifier: Apache-2.0 */
/* subject_test - templates compiled and rendered in one step. */
#pragma once

#include "pki_test.h"

#define FACTS(...) ((const char *const[]){__VA_ARGS__, NULL})

static inline enum cf_rc
render_as(const char *text, bool as_written, const char *const *facts, struct cf_dn **ret_dn,
          struct cf_err *err)
{
    cf_own(cf_subject) subject = NULL;
    struct cf_dn *dn = NULL;

    CF_TRY(cf_subject_compile(text, &subject, err));
    enum cf_rc rc = cf_subject_render(subject, as_written, test_fact, facts, &dn, err);
    assert_true(rc == CF_OK ? dn != NULL : dn == NULL);
    if (rc == CF_OK)
        *ret_dn = dn;
    return rc;
}

static inline struct cf_dn *
render(const char *text, const char *const *facts)
{
    struct cf_err err = {0};
    struct cf_dn *dn = NULL;

    if (render_as(text, false, facts, &dn, &err) != CF_OK)
        fail_msg("%s: %s", text, err.text);
    return dn;
}

static inline enum cf_rc
try_render(const char *text, const char *const *facts, struct cf_err *err)
{
    cf_own(cf_dn) dn = NULL;

    return render_as(text, false, facts, &dn, err);
}
