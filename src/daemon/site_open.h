/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site_open - the composition root: the only place where adapters are opened.
 */
#pragma once

#include "certferry/site.h"

struct cf_site_parts {
    const struct cf_clock *clock;
    const volatile int *stop_flag;
    struct cf_store *store;     /* outlives the site */
    struct cf_keypool *keypool; /* outlives the site */
};

/* Reads secrets, opens CAs and the cloud. Takes the settings, also when it fails. Blocks. The
 * connector's signing identity is made on first use ("{state_dir}/signing.pem"). */
CF_MUST_USE enum cf_rc cf_site_open(struct cf_settings *take_settings,
                                    const struct cf_site_parts *parts, struct cf_site **ret_site,
                                    struct cf_err *err);
/* The options of the key pool that the settings ask for. */
struct cf_keypool_options cf_site_keypool_options(const struct cf_settings *settings,
                                                  const struct cf_clock *clock);
