/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "unit/core/core_kit.h"

/* Submissions (and checks, with holds_checks) wait inside the CA from now on, or go on. */
void core_ca_hold(struct core_ca *ca, bool is_holding);
unsigned core_ca_held(struct core_ca *ca); /* how many wait now */

/* A new slot with these limits for the kit's first CA. */
void core_ca_limit(struct core_kit *kit, uint64_t max_parallel, uint64_t breaker_min_ms,
                   uint64_t breaker_max_ms);

struct core_ca *core_ca_new(struct cf_ca *take_inner); /* ops->close frees both */
