/* SPDX-License-Identifier: Apache-2.0 */
#include "operation.h"

#include "certferry/log.h"
#include "certferry/text.h"

/* What a client that was turned away is asked to wait. */
enum { BUSY_MS = 5000, AWAY_MS = 15000 };

const struct cf_scep_profile *
cf_scep_front_profile(const struct cf_scep_profiles *profiles, const struct cf_scep_route *route)
{
    const struct cf_scep_profile *found = NULL;

    if (route->profile[0] == '\0')
        return cf_scep_profiles_find(profiles, NULL);
    found = cf_scep_profiles_find(profiles, route->profile);
    for (size_t i = 0; !found && i < profiles->n_profiles; i++) {
        if (cf_text_equal_nocase(profiles->profiles[i].name, route->profile))
            found = &profiles->profiles[i];
    }
    return found;
}

static void
log_later(struct cf_scep_front *front, const struct cf_scep_exchange *exchange,
          const char *transaction, const struct cf_err *err)
{
    __atomic_fetch_add(&front->n_turned_away, 1, __ATOMIC_RELAXED);
    cf_log(CF_EV_SCEP_LATER,
           &(struct cf_log_fields){.err = err,
                                   .profile = exchange->route.profile,
                                   .transaction = transaction,
                                   .remote = exchange->remote},
           "%s is put off", cf_scep_operation_name(exchange->operation));
}

struct cf_scep_stage
cf_scep_job_later(struct cf_scep_job *job, uint64_t delay_ms, const struct cf_err *err)
{
    const struct cf_scep_message *message = job->pki.message;

    log_later(job->front, job->exchange, message ? cf_scep_message_transaction(message) : NULL,
              err);
    cf_scep_respond_later(job->exchange, delay_ms > 0 ? delay_ms : AWAY_MS);
    return CF_SCEP_END;
}

static void
end(struct cf_scep_job *job)
{
    struct cf_scep_front *front = job->front;
    struct cf_scep_exchange *exchange = job->exchange;

    cf_scep_message_free(job->pki.message);
    cf_secret_free(job->pki.content);
    cf_scep_answer_done(&job->pki.answer);
    cf_buf_free(job->pki.crl);
    cf_scep_keys_free(job->keys);
    cf_scep_profiles_free(job->profiles);
    free(job);
    __atomic_fetch_sub(&front->n_waiting, 1, __ATOMIC_RELEASE);
    exchange->done(exchange);
}

static void
run(void *arg)
{
    struct cf_scep_job *job = arg;
    enum cf_lane lane = job->stage.lane;
    struct cf_err err = {0};

    while (job->stage.run && job->stage.lane == lane)
        job->stage = job->stage.run(job);
    if (job->stage.run &&
        cf_pool_submit(job->front->pool, job->stage.lane, CF_PRIO_NORMAL, run, job, &err) == CF_OK)
        return;
    if (job->stage.run)
        (void)cf_scep_job_later(job, BUSY_MS, &err);
    end(job);
}

static struct cf_scep_stage
operate(struct cf_scep_job *job)
{
    switch (job->exchange->operation) {
    case CF_SCEP_OP_GET_CA_CAPS:
        return cf_scep_get_ca_caps(job);
    case CF_SCEP_OP_GET_CA_CERT:
        return cf_scep_get_ca_cert(job);
    case CF_SCEP_OP_GET_NEXT_CA_CERT:
        return cf_scep_get_next_ca_cert(job);
    case CF_SCEP_OP_PKI_OPERATION:
        return cf_scep_pki_operation(job);
    case CF_SCEP_OP_NONE:
    case CF_SCEP_OP_UNKNOWN:
        break;
    }
    cf_scep_respond_text(job->exchange, 400, "There is no such SCEP operation.\n");
    return CF_SCEP_END;
}

static bool
look_up(struct cf_scep_job *job)
{
    cf_scep_profiles_free(job->profiles);
    job->profiles = cf_scep_profile_cache_get(job->front->profiles);
    job->profile =
        job->profiles ? cf_scep_front_profile(job->profiles, &job->exchange->route) : NULL;
    return job->profile != NULL;
}

/* A profile that is not known may have been made since the last look. */
static struct cf_scep_stage
learn_profile(struct cf_scep_job *job)
{
    struct cf_err err = {0};
    enum cf_rc rc =
        cf_scep_profile_cache_refresh(job->front->profiles, CF_SCEP_REFRESH_MIN_MS, &err);

    if (look_up(job))
        return (struct cf_scep_stage){CF_LANE_CPU, operate};
    if (!job->profiles)
        return cf_scep_job_later(job, 0, rc == CF_OK ? NULL : &err);
    cf_scep_respond_text(job->exchange, 404, "There is no such SCEP profile.\n");
    return CF_SCEP_END;
}

static bool
take_place(struct cf_scep_front *front)
{
    unsigned n = __atomic_add_fetch(&front->n_waiting, 1, __ATOMIC_ACQUIRE);

    if (n <= front->settings->max_waiting &&
        !__atomic_load_n(&front->is_draining, __ATOMIC_ACQUIRE))
        return true;
    __atomic_fetch_sub(&front->n_waiting, 1, __ATOMIC_RELEASE);
    return false;
}

static void
turn_away(struct cf_scep_front *front, struct cf_scep_exchange *exchange)
{
    struct cf_err err = {0};

    (void)cf_fail(&err, CF_E_LIMIT, "%s",
                  __atomic_load_n(&front->is_draining, __ATOMIC_ACQUIRE)
                      ? "the service is stopping"
                      : "as many requests wait as [scep] max_waiting allows");
    log_later(front, exchange, NULL, &err);
    cf_scep_respond_later(exchange, BUSY_MS);
    exchange->done(exchange);
}

void
cf_scep_operation_begin(void *arg, struct cf_scep_exchange *exchange)
{
    struct cf_scep_front *front = arg;

    if (!take_place(front)) {
        turn_away(front, exchange);
        return;
    }
    struct cf_scep_job *job = calloc(1, sizeof *job);
    if (!job) {
        __atomic_fetch_sub(&front->n_waiting, 1, __ATOMIC_RELEASE);
        turn_away(front, exchange);
        return;
    }
    job->front = front;
    job->exchange = exchange;
    job->until_ms =
        cf_clock_monotonic_ms(front->clock) + (int64_t)front->settings->answer_timeout_ms;
    if (look_up(job))
        job->stage = (struct cf_scep_stage){CF_LANE_CPU, operate};
    else
        job->stage = (struct cf_scep_stage){CF_LANE_IO, learn_profile};

    struct cf_err err = {0};
    if (cf_pool_submit(front->pool, job->stage.lane, CF_PRIO_NORMAL, run, job, &err) != CF_OK) {
        (void)cf_scep_job_later(job, BUSY_MS, &err);
        end(job);
    }
}
