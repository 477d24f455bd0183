/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ra - the registration authority's keys and certificates, one set per CA, the same on all nodes.
 *
 * A set is a document in certferryd's store (docs/protocol/scep-socket.md) that the nodes change by
 * compare-and-swap. The keyring has a first generation made, renews it in time, opens the keys and
 * hands them out as immutable counted objects. Its tick does all the work and blocks; keeper.h runs
 * it on a thread. Everything else is thread-safe and does not block, but cf_scep_keyring_reload.
 */
#pragma once

#include "profiles.h"

struct cf_scep_keyring;
struct cf_scep_keyring_options { /* all borrowed until the keyring is freed */
    const struct cf_scep_settings *settings;
    const struct cf_secret *seal_key; /* of ra_key_file; NULL: the keys are in ra_token */
    const struct cf_secret *pin;      /* of ra_token; may be NULL */
    const char *node;                 /* this node's name in `pending`; NULL: the host's */
    struct cf_scep_backend *backend;
    struct cf_scep_profile_cache *profiles; /* whose CAs get keys */
    const struct cf_clock *clock;
};
CF_MUST_USE enum cf_rc cf_scep_keyring_new(const struct cf_scep_keyring_options *options,
                                           struct cf_scep_keyring **ret_keyring,
                                           struct cf_err *err);
/* No tick or reload may be under way. Keys handed out before stay good. */
struct cf_scep_keyring *cf_scep_keyring_free(struct cf_scep_keyring *keyring);
CF_DEFINE_OWN(cf_scep_keyring);

/* Looks after every CA that a profile names: reads the document, goes on with what is under way,
 * logs what changed. ret_delay_ms: when to come again. One thread at a time. */
void cf_scep_keyring_tick(struct cf_scep_keyring *keyring, uint64_t *ret_delay_ms);
/* Reads the CA's document at once, for a request to a recipient that is not known: at most once in
 * CF_SCEP_REFRESH_MIN_MS. Blocks. *ret_has_changed: there are other keys now. */
CF_MUST_USE enum cf_rc cf_scep_keyring_reload(struct cf_scep_keyring *keyring, const char *ca,
                                              bool *ret_has_changed, struct cf_err *err);

/* All keys of one CA that can be used now. */
struct cf_scep_keys;
/* A new reference. CF_E_NOT_FOUND, with what is being waited for: there are none yet. Other errors:
 * the one that keeps us from having them. */
CF_MUST_USE enum cf_rc cf_scep_keyring_keys(struct cf_scep_keyring *keyring, const char *ca,
                                            struct cf_scep_keys **ret_keys, struct cf_err *err);
struct cf_scep_keys *cf_scep_keys_free(struct cf_scep_keys *keys); /* one reference */
CF_DEFINE_OWN(cf_scep_keys);

/* What devices are shown at this time: the last generation whose activeFrom has come. Borrowed from
 * keys. `encryption` is equal to `sign` when one certificate is for both. */
struct cf_scep_ra_pair {
    struct cf_scep_ra sign;
    struct cf_scep_ra encryption;
};
const struct cf_scep_ra_pair *cf_scep_keys_shown(const struct cf_scep_keys *keys, int64_t now_ms);
/* All that may decrypt, the newest first: for cf_scep_message_open. Borrowed. */
const struct cf_scep_ra *cf_scep_keys_decrypters(const struct cf_scep_keys *keys, size_t *ret_n);

/* What GetCACert has in it: the shown RA certificates (signing one first, one when it is for both),
 * then the CA's chain, its root only with_root (a CA that is its own root stays). The same on all
 * nodes. certs has CF_SCEP_BUNDLE_MAX places and borrows from keys and ca; the number filled. */
size_t cf_scep_keys_bundle(const struct cf_scep_keys *keys, const struct cf_scep_ca *ca,
                           bool with_root, int64_t now_ms, struct cf_bytes *certs);
