/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site - everything a step may use: one configuration, with what was opened for it.
 *
 * Immutable and counted: a reload builds a new site, work that has begun keeps the old one until it
 * ends. The store and the key pool outlive all sites. Built by the composition root only.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "certferry/breaker.h"
#include "certferry/ca.h"
#include "certferry/cert.h"
#include "certferry/cloud.h"
#include "certferry/directory.h"
#include "certferry/identity.h"
#include "certferry/import_key.h"
#include "certferry/keypool.h"
#include "certferry/policy.h"
#include "certferry/settings.h"
#include "certferry/store.h"

/* What became of calls to one CA, since the site was opened. */
enum cf_ca_count {
    CF_CA_COUNT_SUBMITTED,
    CF_CA_COUNT_ISSUED,
    CF_CA_COUNT_PENDING,
    CF_CA_COUNT_REJECTED,
    CF_CA_COUNT_REVOKED,
    CF_CA_COUNT_FAILED, /* the CA's failure, not the request's */
    CF_CA_COUNT_MAX_
};

struct cf_ca_slot {
    const struct cf_ca_settings *settings; /* borrowed from the site's settings */
    struct cf_ca *ca;                      /* owned */
    atomic_bool unhealthy;
    atomic_long last_error_rc;   /* enum cf_rc of the last trouble; CF_OK after a success */
    atomic_long revoke_error_rc; /* the same of revoking */
    pthread_mutex_t lock;
    struct cf_err last_error;         /* guarded by lock; cf_ca_slot_last_error */
    struct cf_breaker breaker;        /* of issuing */
    struct cf_breaker revoke_breaker; /* what fails here says nothing of issuing */
    atomic_uint in_use;               /* calls under way, and places kept for others */
    atomic_uint kept;                 /* how many of them are only kept */
    atomic_llong wanted_until_ms;     /* monotonic; one place is left for who comes by then */
    atomic_uint turned_away; /* of late, because of max_parallel; less by each that gets in */
    atomic_ulong count[CF_CA_COUNT_MAX_];
};

struct cf_site {
    atomic_uint refs;
    struct cf_settings *settings; /* owned */
    const struct cf_clock *clock;
    const volatile int *stop_flag;
    struct cf_store *store;     /* borrowed */
    struct cf_keypool *keypool; /* borrowed */
    struct cf_cloud *cloud;     /* owned */
    struct cf_ca_slot *cas;     /* owned */
    size_t n_cas;
    struct cf_directory *directory;     /* owned; NULL: none configured */
    struct cf_import_key **import_keys; /* owned; as settings->import_keys */
    size_t n_import_keys;
    struct cf_secret **scep_challenges; /* owned; as settings->scep_profiles; a static profile's
                                           challenge_file, NULL for others; NULL: no profiles */
    size_t n_scep_challenges;
    struct cf_identity *recovery; /* owned; NULL: no copies are kept */
    struct cf_trust *trust;       /* owned; NULL when the recipient check is off */
    struct cf_identity *signer;   /* owned */
    struct cf_secret *store_key;  /* owned */
    char owner[128];              /* name under which claims are held */
};

struct cf_site *cf_site_ref(struct cf_site *site);
struct cf_site *cf_site_free(struct cf_site *site); /* drops one reference */
CF_DEFINE_OWN(cf_site);

/* By section name; NULL when there is none. */
struct cf_ca_slot *cf_site_ca(struct cf_site *site, const char *name);
/* A slot whose CA is put in by whoever opens it; done closes that. */
void cf_ca_slot_init(struct cf_ca_slot *slot, const struct cf_ca_settings *settings,
                     const struct cf_clock *clock);
void cf_ca_slot_done(struct cf_ca_slot *slot);
void cf_ca_slot_count(struct cf_ca_slot *slot, enum cf_ca_count count);
/* What the last call or look at a template failed with by no fault of the request, also when the CA
 * serves others; *ret_error has rc CF_OK when the CA answered a request since. Not of revoking. */
void cf_ca_slot_last_error(struct cf_ca_slot *slot, struct cf_err *ret_error);
/* Keeps err as that, unless it is the request's fault or says nothing of the CA. */
void cf_ca_slot_note_error(struct cf_ca_slot *slot, const struct cf_err *err);
const char *cf_ca_count_name(enum cf_ca_count count); /* "submitted" */

/*
 * One call to a CA begins and ends. Begin: CF_E_CA_BUSY when as many are under way as
 * [ca] max_parallel allows, and the last failure's reason while the breaker keeps calls back; the
 * CA has not been asked then. End: notes how the CA fares. In trouble is a CA that others would
 * find no better; what one request or template ran into (CF_E_CA_CONFIG) is told with that request.
 * It logs CF_EV_CA_UNAVAILABLE when the trouble begins and when its rc changes, CF_EV_CA_RECOVERED
 * when it ends. A CA that is no way off (is_in_process) has no limit. Ending twice is once; cancel
 * ends a call that was not made.
 *
 * A place can be kept beforehand for a call that will begin soon: expect keeps one of this slot if
 * there is one, begin takes it over (or gives it up, when it fails), cancel gives it up.
 */
struct cf_ca_call {
    struct cf_ca_slot *slot; /* NULL: ended */
    bool is_revocation;      /* set before it begins */
    bool is_kept;            /* it has not begun */
    bool is_probe;
};
void cf_ca_call_expect(struct cf_ca_slot *slot, struct cf_ca_call *ret_call);
/* call is all zero but for is_revocation, or as expect left it. */
CF_MUST_USE enum cf_rc cf_ca_call_begin(struct cf_ca_slot *slot, struct cf_ca_call *call,
                                        struct cf_err *err);
void cf_ca_call_end(struct cf_ca_call *call, enum cf_rc rc, const struct cf_err *err);
void cf_ca_call_cancel(struct cf_ca_call *call);
/* How many more calls may begin just now; SIZE_MAX: any number. With 0 *ret_wait_ms is when to look
 * again if none has ended before; it is untouched otherwise. */
size_t cf_ca_slot_places(struct cf_ca_slot *slot, uint64_t *ret_wait_ms);
/* Whoever was turned away because the CA is busy, and is not among those that are counted out by
 * places, comes again within cf_ca_slot_wait_ms: one place is left for it. False: it has come. */
void cf_ca_slot_want(struct cf_ca_slot *slot, bool is_wanted);
/* When to come again with what did not begin for this reason. */
uint64_t cf_ca_slot_wait_ms(struct cf_ca_slot *slot, const struct cf_err *reason);

/* Asks the site's CAs; borrows the site. */
struct cf_policy_completer cf_site_completer(struct cf_site *site);

/* CF_E_CA_CONFIG when the configuration has no such CA (any more). */
CF_MUST_USE enum cf_rc cf_site_need_ca(struct cf_site *site, const char *name,
                                       struct cf_ca_slot **ret_slot, struct cf_err *err);
