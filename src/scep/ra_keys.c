/* SPDX-License-Identifier: Apache-2.0 */
#include "ra_keys.h"

#include <stdatomic.h>
#include <stdlib.h>

struct opened {
    int64_t active_from_ms;
    struct cf_scep_ra_pair pair;
    struct cf_cert *cert[2]; /* owned; the second one NULL when one is for both */
    struct cf_key *key[2];
};

struct cf_scep_keys {
    atomic_uint refs;
    struct opened opened[CF_SCEP_GENERATIONS_MAX]; /* oldest first */
    size_t n;
    struct cf_scep_ra decrypters[CF_SCEP_GENERATIONS_MAX]; /* newest first */
};

struct cf_scep_keys *
cf_ra_keys_ref(struct cf_scep_keys *keys)
{
    atomic_fetch_add_explicit(&keys->refs, 1, memory_order_relaxed);
    return keys;
}

static void
opened_done(struct opened *opened)
{
    for (size_t i = 0; i < CF_COUNT(opened->cert); i++) {
        cf_cert_free(opened->cert[i]);
        cf_key_free(opened->key[i]);
    }
    *opened = (struct opened){0};
}

struct cf_scep_keys *
cf_scep_keys_free(struct cf_scep_keys *keys)
{
    if (!keys || atomic_fetch_sub_explicit(&keys->refs, 1, memory_order_acq_rel) > 1)
        return NULL;
    for (size_t i = 0; i < keys->n; i++)
        opened_done(&keys->opened[i]);
    free(keys);
    return NULL;
}

static enum cf_rc
open_part(const struct cf_scep_keyring_options *options, const char *ca, enum cf_scep_ra_role role,
          const struct cf_ra_part *part, struct opened *opened, size_t index, struct cf_err *err)
{
    CF_TRY(cf_cert_parse(cf_buf_bytes(part->der), &opened->cert[index], err));
    return cf_ra_key_open(options, ca, role, part->key, &opened->key[index], err);
}

static enum cf_rc
open_generation(const struct cf_scep_keyring_options *options, const char *ca,
                const struct cf_ra_generation *generation, struct opened *opened,
                struct cf_err *err)
{
    size_t encryption = generation->is_one ? 0 : 1;

    CF_TRY(open_part(options, ca, generation->is_one ? CF_SCEP_RA_BOTH : CF_SCEP_RA_SIGN,
                     &generation->sign, opened, 0, err));
    if (!generation->is_one)
        CF_TRY(
            open_part(options, ca, CF_SCEP_RA_ENCRYPTION, &generation->encryption, opened, 1, err));
    opened->active_from_ms = generation->active_from_ms;
    opened->pair.sign = (struct cf_scep_ra){.cert = opened->cert[0], .key = opened->key[0]};
    opened->pair.encryption =
        (struct cf_scep_ra){.cert = opened->cert[encryption], .key = opened->key[encryption]};
    return CF_OK;
}

/* The last one whose time has come; before the first one's time the first. */
static size_t
shown_index(const struct cf_ra_document *document, int64_t now_ms)
{
    size_t shown = 0;

    for (size_t i = 1; i < document->n; i++) {
        if (document->generation[i].active_from_ms <= now_ms)
            shown = i;
    }
    return shown;
}

static enum cf_rc
open_all(const struct cf_scep_keyring_options *options, const char *ca,
         const struct cf_ra_document *document, int64_t now_ms, struct cf_scep_keys *keys,
         struct cf_err *ret_left_out, struct cf_err *err)
{
    size_t shown = shown_index(document, now_ms);

    for (size_t i = 0; i < document->n; i++) {
        struct opened *opened = &keys->opened[keys->n];
        struct cf_err why = {0};

        if (open_generation(options, ca, &document->generation[i], opened, &why) == CF_OK) {
            keys->n++;
            continue;
        }
        opened_done(opened);
        *ret_left_out = why;
        if (i < shown)
            continue;
        if (err)
            *err = why;
        return why.rc;
    }
    for (size_t i = 0; i < keys->n; i++)
        keys->decrypters[i] = keys->opened[keys->n - 1 - i].pair.encryption;
    return CF_OK;
}

enum cf_rc
cf_ra_keys_open(const struct cf_scep_keyring_options *options, const char *ca,
                const struct cf_ra_document *document, int64_t now_ms,
                struct cf_scep_keys **ret_keys, struct cf_err *ret_left_out, struct cf_err *err)
{
    cf_own(cf_scep_keys) keys = NULL;

    *ret_left_out = (struct cf_err){0};
    if (document->n > 0) {
        keys = calloc(1, sizeof *keys);
        if (!keys)
            return cf_fail_oom(err);
        atomic_init(&keys->refs, 1);
        CF_TRY(open_all(options, ca, document, now_ms, keys, ret_left_out, err));
    }
    *ret_keys = cf_give(keys);
    return CF_OK;
}

const struct cf_scep_ra_pair *
cf_scep_keys_shown(const struct cf_scep_keys *keys, int64_t now_ms)
{
    size_t shown = 0;

    for (size_t i = 1; i < keys->n; i++) {
        if (keys->opened[i].active_from_ms <= now_ms)
            shown = i;
    }
    return &keys->opened[shown].pair;
}

const struct cf_scep_ra *
cf_scep_keys_decrypters(const struct cf_scep_keys *keys, size_t *ret_n)
{
    *ret_n = keys->n;
    return keys->decrypters;
}

static bool
is_self_signed(const struct cf_cert *cert)
{
    return cf_dn_equal(cf_cert_subject(cert), cf_cert_issuer(cert));
}

size_t
cf_scep_keys_bundle(const struct cf_scep_keys *keys, const struct cf_scep_ca *ca, bool with_root,
                    int64_t now_ms, struct cf_bytes *certs)
{
    const struct cf_scep_ra_pair *shown = cf_scep_keys_shown(keys, now_ms);
    size_t n = 0;

    certs[n++] = cf_cert_der(shown->sign.cert);
    if (shown->encryption.cert != shown->sign.cert)
        certs[n++] = cf_cert_der(shown->encryption.cert);
    for (size_t i = 0; ca->chain && i < cf_chain_count(ca->chain) && n < CF_SCEP_BUNDLE_MAX; i++) {
        const struct cf_cert *cert = cf_chain_at(ca->chain, i);

        if (i == 0 || with_root || !is_self_signed(cert))
            certs[n++] = cf_cert_der(cert);
    }
    return n;
}
