/* SPDX-License-Identifier: Apache-2.0 */
/* fake_store_scep - one-time challenges, and the registration authority's documents. */
#include "fake/fake_store_internal.h"

#include <stdlib.h>
#include <string.h>

static const int64_t DAY_MS = INT64_C(24) * 60 * 60 * 1000;

static struct fake_challenge *
find_challenge(const struct fake_store *fake, const char *profile, const uint8_t digest[32])
{
    for (size_t i = 0; i < fake->n_challenges; i++) {
        struct fake_challenge *challenge = &fake->challenge[i];
        if (strcmp(challenge->profile, profile) == 0 && memcmp(challenge->digest, digest, 32) == 0)
            return challenge;
    }
    return NULL;
}

enum cf_rc
fake_challenge_add(struct cf_store *store, const struct cf_scep_challenge_record *record,
                   struct cf_err *err)
{
    struct fake_store *fake = NULL;

    CF_TRY(fake_enter(store, "challenge_add", &fake, err));
    if (find_challenge(fake, record->profile, record->digest))
        return fake_leave(fake, cf_fail(err, CF_E_CONFLICT, "the challenge is there already"));
    struct fake_challenge *challenge = FAKE_ADD(fake->challenge, fake->n_challenges);
    challenge->profile = fake_copy_text(record->profile);
    memcpy(challenge->digest, record->digest, sizeof challenge->digest);
    challenge->subject = fake_copy_text(record->subject);
    challenge->expires_ms = record->expires_ms;
    return fake_leave(fake, CF_OK);
}

static enum cf_rc
use(struct fake_challenge *challenge, const char *subject, const char *context, int64_t now_ms,
    struct cf_err *err)
{
    if (!challenge)
        return cf_fail(err, CF_E_NOT_FOUND, "no such challenge");
    if (challenge->used_by && strcmp(challenge->used_by, context) == 0)
        return CF_OK;
    if (challenge->used_by)
        return cf_fail(err, CF_E_CONFLICT, "used by request '%s'", challenge->used_by);
    if (challenge->expires_ms <= now_ms)
        return cf_fail(err, CF_E_RANGE, "the challenge has expired unused");
    if (challenge->subject && (!subject || strcmp(challenge->subject, subject) != 0))
        return cf_fail(err, CF_E_MISMATCH, "the challenge is for '%s'", challenge->subject);
    challenge->used_by = fake_copy_text(context);
    return CF_OK;
}

enum cf_rc
fake_challenge_use(struct cf_store *store, const char *profile, const uint8_t digest[32],
                   const char *subject, const char *context, int64_t now_ms, struct cf_err *err)
{
    struct fake_store *fake = NULL;

    CF_TRY(fake_enter(store, "challenge_use", &fake, err));
    return fake_leave(fake,
                      use(find_challenge(fake, profile, digest), subject, context, now_ms, err));
}

static void
challenge_done(struct fake_challenge *challenge)
{
    free(challenge->profile);
    free(challenge->subject);
    free(challenge->used_by);
}

static struct fake_ra *
find_ra(const struct fake_store *fake, const char *ca)
{
    for (size_t i = 0; i < fake->n_ras; i++) {
        if (strcmp(fake->ra[i].ca, ca) == 0)
            return &fake->ra[i];
    }
    return NULL;
}

enum cf_rc
fake_ra_get(struct cf_store *store, const char *ca, uint64_t *ret_version,
            struct cf_buf **ret_document, struct cf_err *err)
{
    struct fake_store *fake = NULL;

    CF_TRY(fake_enter(store, "ra_get", &fake, err));
    const struct fake_ra *ra = find_ra(fake, ca);
    if (!ra)
        return fake_leave(fake, cf_fail(err, CF_E_NOT_FOUND, "CA '%s' has no document", ca));
    *ret_version = ra->version;
    *ret_document = fake_copy_buf(ra->document);
    return fake_leave(fake, CF_OK);
}

enum cf_rc
fake_ra_put(struct cf_store *store, const char *ca, uint64_t version, struct cf_bytes document,
            struct cf_err *err)
{
    struct fake_store *fake = NULL;

    if (document.len > CF_STORE_RA_MAX)
        return cf_fail(err, CF_E_LIMIT, "a document of %zu bytes", document.len);
    CF_TRY(fake_enter(store, "ra_put", &fake, err));
    struct fake_ra *ra = find_ra(fake, ca);
    if (version != (ra ? ra->version : 0))
        return fake_leave(fake, cf_fail(err, CF_E_CONFLICT, "another node was faster"));
    if (!ra) {
        ra = FAKE_ADD(fake->ra, fake->n_ras);
        ra->ca = fake_copy_text(ca);
    }
    ra->version++;
    (void)cf_buf_free(ra->document);
    ra->document = cf_buf_copy(document);
    return fake_leave(fake, CF_OK);
}

void
fake_challenges_prune(struct fake_store *fake)
{
    struct fake_challenge *kept = NULL;
    size_t n_kept = 0;

    for (size_t i = 0; i < fake->n_challenges; i++) {
        if (fake->challenge[i].expires_ms > fake_now(fake) - DAY_MS)
            *FAKE_ADD(kept, n_kept) = fake->challenge[i];
        else
            challenge_done(&fake->challenge[i]);
    }
    free(fake->challenge);
    fake->challenge = kept;
    fake->n_challenges = n_kept;
}

void
fake_scep_done(struct fake_store *fake)
{
    for (size_t i = 0; i < fake->n_challenges; i++)
        challenge_done(&fake->challenge[i]);
    free(fake->challenge);
    for (size_t i = 0; i < fake->n_ras; i++) {
        free(fake->ra[i].ca);
        (void)cf_buf_free(fake->ra[i].document);
    }
    free(fake->ra);
}
