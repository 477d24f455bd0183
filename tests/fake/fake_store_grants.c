/* SPDX-License-Identifier: Apache-2.0 */
/* fake_store_grants - requests counted against a policy's limits. */
#include "fake/fake_store_internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { HOUR_MS = 60 * 60 * 1000 };

static bool
is_counted(const struct fake_grant *grant, const struct cf_rate_request *request)
{
    return strcmp(grant->policy, request->policy) == 0 &&
           grant->at_ms > request->now_ms - HOUR_MS && grant->at_ms <= request->now_ms + HOUR_MS;
}

static bool
is_same_name(const char *a, const char *b)
{
    return a && b && strcasecmp(a, b) == 0;
}

static enum cf_rc
check_limits(const struct fake_store *fake, const struct cf_rate_request *request,
             struct cf_err *err)
{
    uint64_t n_user = 0;
    uint64_t n_device = 0;
    uint64_t n_all = 0;

    for (size_t i = 0; i < fake->n_grants; i++) {
        const struct fake_grant *grant = &fake->grant[i];
        if (!is_counted(grant, request))
            continue;
        n_all++;
        n_user += is_same_name(grant->user_name, request->user_name);
        n_device += is_same_name(grant->device_id, request->device_id);
    }
    if (request->per_user > 0 && n_user >= request->per_user)
        return cf_fail(err, CF_E_RATE, "policy '%s': per_user_hour is reached", request->policy);
    if (request->per_device > 0 && n_device >= request->per_device)
        return cf_fail(err, CF_E_RATE, "policy '%s': per_device_hour is reached", request->policy);
    if (request->per_all > 0 && n_all >= request->per_all)
        return cf_fail(err, CF_E_RATE, "policy '%s': per_hour is reached", request->policy);
    return CF_OK;
}

enum cf_rc
fake_grant(struct cf_store *store, const struct cf_rate_request *request, struct cf_err *err)
{
    struct fake_store *fake = NULL;

    CF_TRY(fake_enter(store, "grant", &fake, err));
    for (size_t i = 0; i < fake->n_grants; i++) {
        if (is_counted(&fake->grant[i], request) &&
            strcmp(fake->grant[i].context, request->context) == 0)
            return fake_leave(fake, CF_OK);
    }
    enum cf_rc rc = check_limits(fake, request, err);
    if (rc == CF_OK)
        *FAKE_ADD(fake->grant, fake->n_grants) =
            (struct fake_grant){fake_copy_text(request->policy), fake_copy_text(request->context),
                                fake_copy_text(request->device_id),
                                fake_copy_text(request->user_name), request->now_ms};
    return fake_leave(fake, rc);
}

static void
grant_done(struct fake_grant *grant)
{
    free(grant->policy);
    free(grant->context);
    free(grant->device_id);
    free(grant->user_name);
}

void
fake_grants_prune(struct fake_store *fake)
{
    struct fake_grant *kept = NULL;
    size_t n_kept = 0;

    for (size_t i = 0; i < fake->n_grants; i++) {
        if (fake->grant[i].at_ms > fake_now(fake) - HOUR_MS)
            *FAKE_ADD(kept, n_kept) = fake->grant[i];
        else
            grant_done(&fake->grant[i]);
    }
    free(fake->grant);
    fake->grant = kept;
    fake->n_grants = n_kept;
}

void
fake_grants_done(struct fake_store *fake)
{
    for (size_t i = 0; i < fake->n_grants; i++)
        grant_done(&fake->grant[i]);
    free(fake->grant);
}
