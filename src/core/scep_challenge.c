/* SPDX-License-Identifier: Apache-2.0 */
/* scep_challenge - what a request has to know before anything is certified. */
#include <stdio.h>
#include <string.h>

#include "certferry/digest.h"
#include "certferry/text.h"
#include "scep.h"

enum { CODE_BYTES = 20, CODE_LEN = 32 };
#define LIFETIME_MIN_MS (UINT64_C(60) * 1000)
#define LIFETIME_MAX_MS (UINT64_C(30) * 24 * 60 * 60 * 1000)

static const char LABEL[] = "certferry one-time challenge 1";

/* Against every line, also after one that was the same. */
static bool
is_a_line(const struct cf_secret *lines, const struct cf_secret *challenge)
{
    const uint8_t *at = cf_secret_data(lines);
    const uint8_t *end = at + cf_secret_len(lines);
    bool is_found = false;

    while (at < end) {
        const uint8_t *eol = memchr(at, '\n', (size_t)(end - at));
        size_t len = (size_t)((eol ? eol : end) - at);
        const uint8_t *next = eol ? eol + 1 : end;

        if (len > 0 && at[len - 1] == '\r')
            len--;
        if (len > 0 && cf_secret_is(challenge, at, len))
            is_found = true;
        at = next;
    }
    return is_found;
}

static enum cf_rc
check_static(const struct cf_work *work, const struct cf_secret *challenge, struct cf_err *err)
{
    const struct cf_site *site = work->site;
    const struct cf_scep_profile_settings *profile = work->scep->profile;

    for (size_t i = 0; i < site->n_scep_challenges; i++) {
        if (site->settings->scep_profiles[i] == profile && site->scep_challenges[i] &&
            is_a_line(site->scep_challenges[i], challenge))
            return CF_OK;
    }
    return cf_fail(err, CF_E_CHALLENGE,
                   "CSR: its challenge is none of those in [scep-profile %.64s] challenge_file",
                   profile->name);
}

/* People type in either case. */
static enum cf_rc
digest_of(const struct cf_site *site, const struct cf_secret *challenge, uint8_t ret[CF_SHA256_LEN],
          struct cf_err *err)
{
    cf_own(cf_secret) upper = NULL;
    size_t len = cf_secret_len(challenge);

    CF_TRY(cf_secret_copy(cf_secret_data(challenge), len, &upper, err));
    uint8_t *text = cf_secret_edit(upper);
    for (size_t i = 0; i < len; i++) {
        if (text[i] >= 'a' && text[i] <= 'z')
            text[i] = (uint8_t)(text[i] - 'a' + 'A');
    }
    return cf_hmac_derived(site->store_key, LABEL, cf_bytes_of(text, len), ret, err);
}

static enum cf_rc
refuse_use(const char *profile, enum cf_rc rc, struct cf_err *err)
{
    const char *why = rc == CF_E_CONFLICT   ? "was used by another request"
                      : rc == CF_E_RANGE    ? "has expired"
                      : rc == CF_E_MISMATCH ? "is for another subject, or for fewer names"
                                            : "does not exist";

    return cf_fail(err, CF_E_CHALLENGE,
                   "CSR: its one-time challenge %s; make one with 'certferry scep challenge %.64s'",
                   why, profile);
}

struct wanted {
    const char *value;
    bool is_there;
};

static enum cf_rc
compare(void *arg, const char *oid, const char *value, struct cf_err *err)
{
    struct wanted *wanted = arg;

    (void)oid;
    (void)err;
    wanted->is_there = wanted->is_there || cf_text_equal_nocase(value, wanted->value);
    return CF_OK;
}

/* Whether each alternative name is one of the subject's values: a challenge for a subject is not
 * good for what else a device may think of. */
static enum cf_rc
are_names_of_subject(const struct cf_csr *csr, bool *ret, struct cf_err *err)
{
    const struct cf_san *san = cf_csr_san(csr);

    *ret = true;
    for (size_t i = 0; i < cf_san_count(san) && *ret; i++) {
        struct wanted wanted = {.value = cf_san_value_at(san, i)};

        CF_TRY(cf_dn_each(cf_csr_subject(csr), compare, &wanted, err));
        *ret = wanted.is_there;
    }
    return CF_OK;
}

static enum cf_rc
use_up(const struct cf_work *work, const struct cf_secret *challenge, struct cf_err *err)
{
    const struct cf_site *site = work->site;
    const char *profile = work->scep->profile->name;
    uint8_t digest[CF_SHA256_LEN];
    cf_own_str subject = NULL;
    bool is_subject_all = false;
    struct cf_err fault = {0};

    CF_TRY(digest_of(site, challenge, digest, err));
    CF_TRY(are_names_of_subject(work->scep->csr, &is_subject_all, err));
    /* Without a subject only a challenge for any will do. */
    if (is_subject_all)
        CF_TRY(cf_dn_text(cf_csr_subject(work->scep->csr), &subject, err));
    enum cf_rc rc =
        site->store->ops->challenge_use(site->store, profile, digest, subject, work->item->context,
                                        cf_clock_now_ms(site->clock), &fault);
    if (rc == CF_E_NOT_FOUND || rc == CF_E_CONFLICT || rc == CF_E_RANGE || rc == CF_E_MISMATCH)
        return refuse_use(profile, rc, err);
    if (rc != CF_OK && err)
        *err = fault;
    return rc;
}

enum cf_rc
cf_scep_check_challenge(struct cf_work *work, struct cf_err *err)
{
    const struct cf_scep_ask *ask = work->scep;
    const struct cf_scep_profile_settings *profile = ask->profile;
    const struct cf_secret *challenge = cf_csr_challenge(ask->csr);

    if (ask->renewed && profile->renewal == CF_SCEP_RENEWAL_CERTIFICATE &&
        profile->challenge != CF_SCEP_INTUNE)
        return CF_OK;
    if (!challenge)
        return cf_fail(err, CF_E_CHALLENGE,
                       "CSR: has no challengePassword; [scep-profile %.64s] wants one%s",
                       profile->name, ask->renewed ? " for a renewal, too" : "");
    switch (profile->challenge) {
    case CF_SCEP_STATIC:
        return check_static(work, challenge, err);
    case CF_SCEP_ONE_TIME:
        return use_up(work, challenge, err);
    case CF_SCEP_INTUNE:
        return CF_OK; /* the cloud judges it, in a step of its own */
    }
    return cf_fail(err, CF_E_BUG, "[scep-profile %.64s]: no such kind of challenge", profile->name);
}

static enum cf_rc
make_code(struct cf_secret **ret_code, struct cf_err *err)
{
    static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    cf_own(cf_secret) random = NULL;
    cf_own(cf_secret) code = NULL;

    CF_TRY(cf_secret_random(CODE_BYTES, &random, err));
    CF_TRY(cf_secret_new(CODE_LEN, &code, err));
    const uint8_t *bytes = cf_secret_data(random);
    uint8_t *text = cf_secret_edit(code);
    for (unsigned i = 0; i < CODE_LEN; i++) {
        unsigned bit = i * 5;
        unsigned pair = (unsigned)bytes[bit / 8] << 8;

        if (bit / 8 + 1 < CODE_BYTES)
            pair |= bytes[bit / 8 + 1];
        text[i] = (uint8_t)ALPHABET[pair >> (11 - bit % 8) & 31];
    }
    *ret_code = cf_give(code);
    return CF_OK;
}

enum cf_rc
cf_scep_new_challenge(struct cf_site *site, const char *profile, const struct cf_dn *subject,
                      uint64_t lifetime_ms, const char *made_by, struct cf_secret **ret_challenge,
                      int64_t *ret_expires_ms, struct cf_err *err)
{
    const struct cf_scep_profile_settings *settings =
        cf_settings_find_scep_profile(site->settings, profile);
    cf_own(cf_secret) code = NULL;
    cf_own_str text = NULL;

    if (!settings)
        return cf_fail(err, CF_E_NOT_FOUND, "there is no [scep-profile %.64s]", profile);
    if (settings->challenge != CF_SCEP_ONE_TIME)
        return cf_fail(err, CF_E_UNSUPPORTED,
                       "[scep-profile %.64s] does not have challenge = one-time", profile);
    if (lifetime_ms < LIFETIME_MIN_MS || lifetime_ms > LIFETIME_MAX_MS)
        return cf_fail(err, CF_E_RANGE, "lifetime: has to be between 1m and 30d");
    if (subject)
        CF_TRY(cf_dn_text(subject, &text, err));
    CF_TRY(make_code(&code, err));

    struct cf_scep_challenge_record record = {
        .profile = profile,
        .subject = text,
        .made_by = made_by,
        .made_ms = cf_clock_now_ms(site->clock),
        .expires_ms = cf_clock_now_ms(site->clock) + (int64_t)lifetime_ms,
    };
    CF_TRY(digest_of(site, code, record.digest, err));
    CF_TRY(site->store->ops->challenge_add(site->store, &record, err));
    *ret_challenge = cf_give(code);
    *ret_expires_ms = record.expires_ms;
    return CF_OK;
}
