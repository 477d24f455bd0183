/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/daemon/scep_fakes.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { WATCHERS_MAX = 64 };

struct watcher {
    cf_scep_rest_fn *fn;
    void *arg;
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t idle;
    enum cf_scep_answer_state state;
    bool rests_at_once;
    struct watcher watcher[WATCHERS_MAX];
    unsigned n_watchers;
    struct watcher running; /* being called now, outside the lock */
    unsigned n_looks;
    unsigned n_enrolls;
} fakes = {.lock = PTHREAD_MUTEX_INITIALIZER, .idle = PTHREAD_COND_INITIALIZER};

void
scep_fakes_reset(void)
{
    pthread_mutex_lock(&fakes.lock);
    fakes.state = CF_SCEP_ANSWER_WORKING;
    fakes.rests_at_once = false;
    fakes.n_watchers = 0;
    fakes.n_looks = 0;
    fakes.n_enrolls = 0;
    pthread_mutex_unlock(&fakes.lock);
}

void
scep_fakes_set_state(enum cf_scep_answer_state state)
{
    pthread_mutex_lock(&fakes.lock);
    fakes.state = state;
    pthread_mutex_unlock(&fakes.lock);
}

void
scep_fakes_rest_at_once(bool at_once)
{
    pthread_mutex_lock(&fakes.lock);
    fakes.rests_at_once = at_once;
    pthread_mutex_unlock(&fakes.lock);
}

void
scep_fakes_rest(void)
{
    pthread_mutex_lock(&fakes.lock);
    while (fakes.n_watchers > 0) {
        fakes.running = fakes.watcher[--fakes.n_watchers];
        pthread_mutex_unlock(&fakes.lock);
        fakes.running.fn(fakes.running.arg);
        pthread_mutex_lock(&fakes.lock);
        fakes.running = (struct watcher){0};
        pthread_cond_broadcast(&fakes.idle);
    }
    pthread_mutex_unlock(&fakes.lock);
}

static unsigned
read_count(const unsigned *count)
{
    pthread_mutex_lock(&fakes.lock);
    unsigned n = *count;
    pthread_mutex_unlock(&fakes.lock);
    return n;
}

unsigned
scep_fakes_watchers(void)
{
    return read_count(&fakes.n_watchers);
}

unsigned
scep_fakes_looks(void)
{
    return read_count(&fakes.n_looks);
}

unsigned
scep_fakes_enrolls(void)
{
    return read_count(&fakes.n_enrolls);
}

static void
fill(struct cf_scep_answer *answer, unsigned *count)
{
    memset(answer, 0, sizeof *answer);
    pthread_mutex_lock(&fakes.lock);
    answer->state = fakes.state;
    (*count)++;
    pthread_mutex_unlock(&fakes.lock);
    snprintf(answer->context, sizeof answer->context, "p/0123/4567");
    snprintf(answer->text, sizeof answer->text, "because");
    answer->fail_info = CF_SCEP_BAD_REQUEST;
    answer->retry_after_ms = 1500;
    if (answer->state == CF_SCEP_ANSWER_WORKING)
        answer->item_id = SCEP_FAKE_ITEM;
    if (answer->state == CF_SCEP_ANSWER_ISSUED) {
        answer->cert = cf_buf_copy(cf_bytes_of("cert", 4));
        answer->chain = cf_buf_copy(cf_bytes_of("chain", 5));
    }
}

/* The linker's names. */
enum cf_rc __wrap_cf_scep_enroll(struct cf_scheduler *scheduler,
                                 const struct cf_scep_request *request,
                                 struct cf_scep_answer *ret_answer, struct cf_err *err);
enum cf_rc __wrap_cf_scep_poll(struct cf_scheduler *scheduler, const char *profile,
                               const char *transaction_id, struct cf_bytes signer,
                               struct cf_scep_answer *ret_answer, struct cf_err *err);
enum cf_rc __wrap_cf_scep_look(struct cf_scheduler *scheduler, const char *context,
                               struct cf_scep_answer *ret_answer, struct cf_err *err);
enum cf_rc __wrap_cf_scep_ra_enroll(struct cf_scheduler *scheduler, const char *ca,
                                    enum cf_scep_ra_role role, struct cf_bytes csr,
                                    struct cf_scep_answer *ret_answer, struct cf_err *err);
enum cf_rc __wrap_cf_scep_watch(struct cf_scheduler *scheduler, int64_t item_id,
                                cf_scep_rest_fn *fn, void *arg, struct cf_err *err);
void __wrap_cf_scep_unwatch(struct cf_scheduler *scheduler, cf_scep_rest_fn *fn, void *arg);
enum cf_rc __wrap_cf_scep_get_cert(struct cf_scheduler *scheduler, const char *profile,
                                   struct cf_bytes issuer, const char *serial,
                                   struct cf_scep_answer *ret_answer, struct cf_err *err);
enum cf_rc __wrap_cf_scep_get_crl(struct cf_scheduler *scheduler, const char *profile,
                                  struct cf_bytes issuer, struct cf_scep_answer *ret_answer,
                                  struct cf_buf **ret_crl, struct cf_err *err);

enum cf_rc
__wrap_cf_scep_enroll(struct cf_scheduler *scheduler, const struct cf_scep_request *request,
                      struct cf_scep_answer *ret_answer, struct cf_err *err)
{
    (void)scheduler;
    if (strcmp(request->profile, "p") != 0)
        return cf_fail(err, CF_E_NOT_FOUND, "no such profile");
    fill(ret_answer, &fakes.n_enrolls);
    return CF_OK;
}

enum cf_rc
__wrap_cf_scep_poll(struct cf_scheduler *scheduler, const char *profile, const char *transaction_id,
                    struct cf_bytes signer, struct cf_scep_answer *ret_answer, struct cf_err *err)
{
    (void)scheduler;
    (void)profile;
    (void)transaction_id;
    (void)signer;
    (void)err;
    fill(ret_answer, &fakes.n_enrolls);
    return CF_OK;
}

enum cf_rc
__wrap_cf_scep_look(struct cf_scheduler *scheduler, const char *context,
                    struct cf_scep_answer *ret_answer, struct cf_err *err)
{
    (void)scheduler;
    if (strcmp(context, "p/0123/4567") != 0)
        return cf_fail(err, CF_E_NOT_FOUND, "no such request");
    fill(ret_answer, &fakes.n_looks);
    return CF_OK;
}

enum cf_rc
__wrap_cf_scep_ra_enroll(struct cf_scheduler *scheduler, const char *ca, enum cf_scep_ra_role role,
                         struct cf_bytes csr, struct cf_scep_answer *ret_answer, struct cf_err *err)
{
    (void)scheduler;
    (void)ca;
    (void)role;
    (void)csr;
    (void)err;
    fill(ret_answer, &fakes.n_enrolls);
    return CF_OK;
}

enum cf_rc
__wrap_cf_scep_watch(struct cf_scheduler *scheduler, int64_t item_id, cf_scep_rest_fn *fn,
                     void *arg, struct cf_err *err)
{
    enum cf_rc rc = CF_OK;

    (void)scheduler;
    pthread_mutex_lock(&fakes.lock);
    bool now = fakes.rests_at_once;
    if (!now && (item_id != SCEP_FAKE_ITEM || fakes.n_watchers == WATCHERS_MAX))
        rc = cf_fail(err, CF_E_LIMIT, "too many");
    else if (!now)
        fakes.watcher[fakes.n_watchers++] = (struct watcher){.fn = fn, .arg = arg};
    pthread_mutex_unlock(&fakes.lock);
    if (now)
        fn(arg);
    return rc;
}

void
__wrap_cf_scep_unwatch(struct cf_scheduler *scheduler, cf_scep_rest_fn *fn, void *arg)
{
    (void)scheduler;
    pthread_mutex_lock(&fakes.lock);
    while (fakes.running.fn == fn && fakes.running.arg == arg)
        pthread_cond_wait(&fakes.idle, &fakes.lock);
    for (unsigned i = 0; i < fakes.n_watchers; i++) {
        if (fakes.watcher[i].fn == fn && fakes.watcher[i].arg == arg) {
            fakes.watcher[i] = fakes.watcher[--fakes.n_watchers];
            break;
        }
    }
    pthread_mutex_unlock(&fakes.lock);
}

enum cf_rc
__wrap_cf_scep_get_cert(struct cf_scheduler *scheduler, const char *profile, struct cf_bytes issuer,
                        const char *serial, struct cf_scep_answer *ret_answer, struct cf_err *err)
{
    (void)serial;
    return __wrap_cf_scep_poll(scheduler, profile, NULL, issuer, ret_answer, err);
}

enum cf_rc
__wrap_cf_scep_get_crl(struct cf_scheduler *scheduler, const char *profile, struct cf_bytes issuer,
                       struct cf_scep_answer *ret_answer, struct cf_buf **ret_crl,
                       struct cf_err *err)
{
    enum cf_rc rc = __wrap_cf_scep_poll(scheduler, profile, NULL, issuer, ret_answer, err);

    *ret_crl =
        ret_answer->state == CF_SCEP_ANSWER_ISSUED ? cf_buf_copy(cf_bytes_of("crl", 3)) : NULL;
    return rc;
}
