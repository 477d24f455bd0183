/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operation_kit - exchanges with the operations. Keys, profiles and certferryd are linked away
 * (--wrap): a few lines stand for each. One exchange at a time.
 */
#pragma once

#include "certferry/log.h"
#include "scep/operation.h"
#include "unit/pki/scep_kit.h"

enum { KIT_HOUR_MS = 3600 * 1000 };

extern struct cf_scep_settings kit_settings;
extern struct cf_scep_profile kit_profile; /* "wifi", the default one */
extern struct cf_clock *kit_clock;
extern struct cf_scep_front kit_front;

/* What there is, and what was asked for. */
struct kit_world {
    bool has_profiles;
    bool has_keys;
    size_t n_decrypters; /* all of them after a reload */
    unsigned n_reloads;
    unsigned n_refreshes;
    unsigned logged[CF_EV_MAX_];
    char last_log[CF_EV_MAX_][512];
};
extern struct kit_world kit_world;

/* What certferryd answers, and was asked last. Each call takes a second. */
struct kit_peer {
    enum cf_rc rc; /* of each call */
    enum cf_scep_answer_state state;
    enum cf_scep_fail_info fail_info;
    unsigned n_working; /* so many times first */
    unsigned n_calls;
    enum cf_scep_message_type type;
    char last[32]; /* call */
    size_t csr_len;
};
extern struct kit_peer kit_peer;

int kit_open(void **state); /* of the group */
int kit_close(void **state);
int kit_begin(void **state); /* of each test */

/* Waits until it is done; cf_scep_exchange_done is the caller's. */
struct cf_scep_exchange kit_ask(enum cf_scep_operation operation, const char *profile,
                                struct cf_buf *take_message);
unsigned kit_status(enum cf_scep_operation operation, const char *profile,
                    struct cf_buf *take_message);
/* "0", "3" or "2 FAILINFO" as the device reads it, or "HTTP 503". Until the next call. */
const char *kit_told(const struct kit_spec *spec);
struct cf_bytes kit_csr(void);
