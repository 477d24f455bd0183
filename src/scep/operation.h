/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operation - what becomes of one request: a job that goes from lane to lane of the pool.
 *
 * A stage is a blocking function that runs on one lane and names the next; the last one has set
 * the exchange's response. Stages of one job never run side by side.
 */
#pragma once

#include "front.h"

struct cf_scep_job;

/* What to do next. */
struct cf_scep_stage {
    enum cf_lane lane;
    struct cf_scep_stage (*run)(struct cf_scep_job *job); /* NULL: the response is there */
};

/* Of PKIOperation alone. */
struct cf_scep_pki {
    struct cf_scep_message *message;
    struct cf_secret *content; /* of the envelope */
    struct cf_scep_answer answer;
    struct cf_buf *crl;
    struct cf_scep_reply reply;
    bool keys_were_reloaded;
};

struct cf_scep_job {
    struct cf_scep_front *front;
    struct cf_scep_exchange *exchange;
    struct cf_scep_profiles *profiles;     /* a reference */
    const struct cf_scep_profile *profile; /* one of them */
    struct cf_scep_keys *keys;             /* a reference; of the profile's CA */
    struct cf_scep_stage stage;            /* the next one */
    int64_t until_ms;                      /* monotonic: the device is answered by then */
    struct cf_scep_pki pki;
};

#define CF_SCEP_END ((struct cf_scep_stage){.run = NULL})

/* Takes up an exchange; begin of struct cf_scep_http_options, with a struct cf_scep_front. */
void cf_scep_operation_begin(void *arg, struct cf_scep_exchange *exchange);

/* The first stages, once the profile is known. */
struct cf_scep_stage cf_scep_get_ca_caps(struct cf_scep_job *job);
struct cf_scep_stage cf_scep_get_ca_cert(struct cf_scep_job *job);
struct cf_scep_stage cf_scep_get_next_ca_cert(struct cf_scep_job *job);
struct cf_scep_stage cf_scep_pki_operation(struct cf_scep_job *job);

/* 503 and CF_EV_SCEP_LATER, which names err; the end. */
struct cf_scep_stage cf_scep_job_later(struct cf_scep_job *job, uint64_t delay_ms,
                                       const struct cf_err *err);
