/* SPDX-License-Identifier: Apache-2.0 */
#include "operation_kit.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

struct cf_scep_settings kit_settings;
struct cf_scep_profile kit_profile;
struct cf_clock *kit_clock;
struct cf_scep_front kit_front;
struct kit_world kit_world;
struct kit_peer kit_peer;

static struct cf_scep_ca ca = {.name = (char *)(uintptr_t) "corp"};
static struct cf_scep_profiles all_profiles = {.profiles = &kit_profile, .n_profiles = 1};
static struct cf_buf *csr;

static void
note_log(void *arg, enum cf_event event, int priority, const char *message,
         const struct cf_log_fields *fields)
{
    (void)arg;
    (void)priority;
    (void)fields;
    kit_world.logged[event]++;
    (void)snprintf(kit_world.last_log[event], sizeof kit_world.last_log[event], "%s", message);
}

struct cf_scep_profiles *__wrap_cf_scep_profile_cache_get(struct cf_scep_profile_cache *cache);
enum cf_rc __wrap_cf_scep_profile_cache_refresh(struct cf_scep_profile_cache *cache,
                                                uint64_t max_age_ms, struct cf_err *err);
struct cf_scep_profiles *__wrap_cf_scep_profiles_free(struct cf_scep_profiles *profiles);
enum cf_rc __wrap_cf_scep_keyring_keys(struct cf_scep_keyring *keyring, const char *name,
                                       struct cf_scep_keys **ret_keys, struct cf_err *err);
enum cf_rc __wrap_cf_scep_keyring_reload(struct cf_scep_keyring *keyring, const char *name,
                                         bool *ret_has_changed, struct cf_err *err);
struct cf_scep_keys *__wrap_cf_scep_keys_free(struct cf_scep_keys *keys);
const struct cf_scep_ra_pair *__wrap_cf_scep_keys_shown(const struct cf_scep_keys *keys,
                                                        int64_t now_ms);
const struct cf_scep_ra *__wrap_cf_scep_keys_decrypters(const struct cf_scep_keys *keys,
                                                        size_t *ret_n);
enum cf_rc __wrap_cf_scep_backend_enroll(struct cf_scep_backend *backend,
                                         const struct cf_scep_request *request, unsigned wait_s,
                                         struct cf_scep_answer *ret_answer, struct cf_err *err);
enum cf_rc __wrap_cf_scep_backend_poll(struct cf_scep_backend *backend, const char *name,
                                       const char *transaction_id, struct cf_bytes signer,
                                       unsigned wait_s, struct cf_scep_answer *ret_answer,
                                       struct cf_err *err);
enum cf_rc __wrap_cf_scep_backend_look(struct cf_scep_backend *backend, const char *context,
                                       unsigned wait_s, struct cf_scep_answer *ret_answer,
                                       struct cf_err *err);

struct cf_scep_profiles *
__wrap_cf_scep_profile_cache_get(struct cf_scep_profile_cache *cache)
{
    (void)cache;
    return kit_world.has_profiles ? &all_profiles : NULL;
}

enum cf_rc
__wrap_cf_scep_profile_cache_refresh(struct cf_scep_profile_cache *cache, uint64_t max_age_ms,
                                     struct cf_err *err)
{
    (void)cache;
    (void)max_age_ms;
    kit_world.n_refreshes++;
    return kit_world.has_profiles ? CF_OK : cf_fail(err, CF_E_NET, "nobody there");
}

struct cf_scep_profiles *
__wrap_cf_scep_profiles_free(struct cf_scep_profiles *profiles)
{
    (void)profiles;
    return NULL;
}

enum cf_rc
__wrap_cf_scep_keyring_keys(struct cf_scep_keyring *keyring, const char *name,
                            struct cf_scep_keys **ret_keys, struct cf_err *err)
{
    (void)keyring;
    assert_string_equal(name, "corp");
    if (!kit_world.has_keys)
        return cf_fail(err, CF_E_NOT_FOUND, "no keys yet");
    *ret_keys = (struct cf_scep_keys *)(uintptr_t)&kit_settings;
    return CF_OK;
}

enum cf_rc
__wrap_cf_scep_keyring_reload(struct cf_scep_keyring *keyring, const char *name,
                              bool *ret_has_changed, struct cf_err *err)
{
    (void)keyring;
    (void)name;
    (void)err;
    kit_world.n_reloads++;
    *ret_has_changed = kit_world.n_decrypters == 0;
    kit_world.n_decrypters = KIT_RAS;
    return CF_OK;
}

struct cf_scep_keys *
__wrap_cf_scep_keys_free(struct cf_scep_keys *keys)
{
    (void)keys;
    return NULL;
}

const struct cf_scep_ra_pair *
__wrap_cf_scep_keys_shown(const struct cf_scep_keys *keys, int64_t now_ms)
{
    static struct cf_scep_ra_pair pair;

    (void)keys;
    (void)now_ms;
    pair = (struct cf_scep_ra_pair){kit_ras()[KIT_SIGNING], kit_ras()[KIT_ENCRYPTION]};
    return &pair;
}

const struct cf_scep_ra *
__wrap_cf_scep_keys_decrypters(const struct cf_scep_keys *keys, size_t *ret_n)
{
    (void)keys;
    *ret_n = kit_world.n_decrypters;
    return kit_ras();
}

static enum cf_rc
answer_as_told(const char *what, struct cf_scep_answer *ret_answer, struct cf_err *err)
{
    cf_clock_fake_advance(kit_clock, 1000);
    kit_peer.n_calls++;
    snprintf(kit_peer.last, sizeof kit_peer.last, "%s", what);
    if (kit_peer.rc != CF_OK)
        return cf_fail(err, kit_peer.rc, "as told");
    *ret_answer = (struct cf_scep_answer){.state = kit_peer.state,
                                          .fail_info = kit_peer.fail_info,
                                          .text = "as told",
                                          .context = "wifi/k/c",
                                          .retry_after_ms = 7000};
    if (kit_peer.n_working > 0) {
        kit_peer.n_working--;
        ret_answer->state = CF_SCEP_ANSWER_WORKING;
    } else if (kit_peer.state == CF_SCEP_ANSWER_ISSUED) {
        ret_answer->cert = lab_to_der(kit_ra_x509(KIT_ENCRYPTION));
    }
    return CF_OK;
}

enum cf_rc
__wrap_cf_scep_backend_enroll(struct cf_scep_backend *backend,
                              const struct cf_scep_request *request, unsigned wait_s,
                              struct cf_scep_answer *ret_answer, struct cf_err *err)
{
    (void)backend;
    assert_true(wait_s <= CF_SCEP_WAIT_MAX_S);
    assert_string_equal(request->profile, "wifi");
    assert_string_equal(request->transaction_id, "4711");
    assert_string_equal(request->remote, "192.0.2.1");
    kit_peer.type = request->type;
    kit_peer.csr_len = request->csr.len;
    return answer_as_told("enroll", ret_answer, err);
}

enum cf_rc
__wrap_cf_scep_backend_poll(struct cf_scep_backend *backend, const char *name,
                            const char *transaction_id, struct cf_bytes signer, unsigned wait_s,
                            struct cf_scep_answer *ret_answer, struct cf_err *err)
{
    (void)backend;
    (void)name;
    (void)wait_s;
    assert_string_equal(transaction_id, "4711");
    assert_true(signer.len > 0);
    return answer_as_told("poll", ret_answer, err);
}

enum cf_rc
__wrap_cf_scep_backend_look(struct cf_scep_backend *backend, const char *context, unsigned wait_s,
                            struct cf_scep_answer *ret_answer, struct cf_err *err)
{
    (void)backend;
    (void)wait_s;
    assert_string_equal(context, "wifi/k/c");
    return answer_as_told("look", ret_answer, err);
}

/* -- one exchange ---------------------------------------------------------------------------- */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t done_now = PTHREAD_COND_INITIALIZER;
static bool is_done;

static void
note_done(struct cf_scep_exchange *exchange)
{
    (void)exchange;
    pthread_mutex_lock(&lock);
    is_done = true;
    pthread_cond_signal(&done_now);
    pthread_mutex_unlock(&lock);
}

struct cf_scep_exchange
kit_ask(enum cf_scep_operation operation, const char *name, struct cf_buf *take_message)
{
    struct cf_scep_exchange exchange = {.operation = operation,
                                        .route = {.is_known = true},
                                        .message = take_message,
                                        .remote = "192.0.2.1",
                                        .done = note_done};

    snprintf(exchange.route.profile, sizeof exchange.route.profile, "%s", name);
    is_done = false;
    cf_scep_operation_begin(&kit_front, &exchange);
    pthread_mutex_lock(&lock);
    while (!is_done)
        pthread_cond_wait(&done_now, &lock);
    pthread_mutex_unlock(&lock);
    return exchange;
}

unsigned
kit_status(enum cf_scep_operation operation, const char *name, struct cf_buf *take_message)
{
    struct cf_scep_exchange exchange = kit_ask(operation, name, take_message);
    unsigned status = exchange.response.status;

    cf_scep_exchange_done(&exchange);
    return status;
}

/* "0", "3" or "2 FAILINFO", as the device reads it. */
const char *
kit_told(const struct kit_spec *spec)
{
    static char text[32];
    struct kit_answer answer;
    struct cf_scep_exchange exchange = kit_ask(CF_SCEP_OP_PKI_OPERATION, "", kit_message(spec));

    if (exchange.response.status != 200) {
        snprintf(text, sizeof text, "HTTP %u", exchange.response.status);
    } else {
        assert_string_equal(exchange.response.type, "application/x-pki-message");
        kit_read_answer(cf_buf_bytes(exchange.response.body), kit_device(), lab_key("RSA"),
                        &answer);
        snprintf(text, sizeof text, "%s%s%s", answer.status, answer.fail_info[0] ? " " : "",
                 answer.fail_info);
        kit_answer_done(&answer);
    }
    cf_scep_exchange_done(&exchange);
    return text;
}

struct cf_bytes
kit_csr(void)
{
    struct cf_err err = {0};

    if (!csr) {
        cf_own(cf_dn) subject = NULL;
        cf_own(cf_key) key = NULL;
        assert_ok(cf_dn_parse_text("CN=phone", &subject, &err), err);
        assert_ok(cf_key_generate(CF_KEY_P256, &key, &err), err);
        const struct cf_csr_spec spec = {.subject = subject};
        assert_ok(cf_csr_build(key, &spec, &csr, &err), err);
    }
    return cf_buf_bytes(csr);
}

int
kit_begin(void **state)
{
    (void)state;
    kit_settings = (struct cf_scep_settings){.max_waiting = 8, .answer_timeout_ms = 25000};
    kit_profile = (struct cf_scep_profile){.name = (char *)(uintptr_t) "wifi",
                                           .ca = &ca,
                                           .is_default = true,
                                           .allow_3des = true,
                                           .min_rsa_bits = 2048,
                                           .clock_tolerance_ms = KIT_HOUR_MS};
    kit_peer = (struct kit_peer){.rc = CF_OK};
    memset(&kit_world, 0, sizeof kit_world);
    kit_world.has_profiles = kit_world.has_keys = true;
    kit_world.n_decrypters = KIT_RAS;
    kit_front.is_draining = 0;
    return 0;
}

int
kit_open(void **state)
{
    const struct cf_pool_options options = {.n_cpu = 2, .n_io = 2, .queue_max = 16};

    if (kit_setup(state) != 0 || cf_pool_new(&options, &kit_front.pool, NULL) != CF_OK)
        return -1;
    kit_clock = cf_clock_fake_new(LAB_NOW_MS);
    kit_front.settings = &kit_settings;
    kit_front.clock = kit_clock;
    cf_log_set_sink(note_log, NULL);
    return 0;
}

int
kit_close(void **state)
{
    cf_buf_free(csr);
    cf_pool_free(kit_front.pool);
    cf_clock_fake_free(kit_clock);
    cf_log_set_sink(NULL, NULL);
    return kit_teardown(state);
}
