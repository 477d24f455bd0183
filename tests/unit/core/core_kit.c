/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/core/core_kit.h"

#include <stdio.h>
#include <string.h>

#include "certferry/text.h"
#include "unit/core/core_ca.h"

enum { HEAP_LEN = 1 << 20 };

static const char DEVICE_CONFIG[] = "[req]\ndistinguished_name=dn\nprompt=no\n[dn]\nCN=device-1\n"
                                    "[dev]\nbasicConstraints=CA:FALSE\n"
                                    "keyUsage=critical,keyAgreement\n";

static struct ca_kit group;
static char *group_recipient;

static bool has_pki;

int
core_group_setup(void **state)
{
    struct cf_err err = {0};

    assert_ok(cf_pki_init(HEAP_LEN, &err), err);
    has_pki = true;
    return core_group_setup_plain(state);
}

int
core_group_setup_plain(void **state)
{
    struct cf_err err = {0};
    char *base64 = NULL;

    (void)state;
    kit_open(&group, "3650", KIT_EC);
    kit_write(&group, "dev.cnf", cf_bytes_of(DEVICE_CONFIG, sizeof DEVICE_CONFIG - 1));
    assert_int_equal(kit_run(&group,
                             "openssl req -x509 -config dev.cnf -extensions dev -newkey "
                             "%s -nodes -keyout dev.key -outform DER -out dev.der "
                             "-days 3650",
                             KIT_EC),
                     0);
    cf_own(cf_buf) der = kit_read(&group, "dev.der");
    assert_ok(cf_text_base64(cf_buf_bytes(der), &base64, &err), err);
    assert_true(asprintf(&group_recipient, "\"%s\"", base64) > 0);
    free(base64);
    return 0;
}

int
core_group_teardown(void **state)
{
    (void)state;
    kit_close(&group);
    free(group_recipient);
    if (has_pki)
        cf_pki_done();
    return 0;
}

static struct cf_template_settings *
make_template(void)
{
    struct cf_template_settings *template_settings = calloc(1, sizeof *template_settings);

    *template_settings = (struct cf_template_settings){
        .name = strdup("device"),
        .key = CF_KEY_P256,
        .min_rsa_bits = 2048,
        .key_usage = CF_KU_DIGITAL_SIGNATURE | CF_KU_KEY_ENCIPHERMENT,
        .eku = calloc(2, sizeof(char *)),
        .n_eku = 2,
        .validity_ms = 365ULL * KIT_DAY_MS,
    };
    template_settings->eku[0] = strdup(KIT_CLIENT_AUTH);
    template_settings->eku[1] = strdup(KIT_SERVER_AUTH);
    return template_settings;
}

static struct cf_ca_settings *
make_ca_settings(struct cf_template_settings *template_settings)
{
    struct cf_ca_settings *ca = calloc(1, sizeof *ca);

    *ca = (struct cf_ca_settings){
        .name = strdup("corp"),
        .backend = strdup("local"),
        .host = strdup("ca.example.com"),
        .ca_name = strdup("Example CA"),
        .templates = calloc(1, sizeof(void *)),
        .n_templates = 1,
        .cert_file = strdup(group.settings.cert_file),
        .key_file = strdup(group.settings.key_file),
        .crl_file = strdup(group.settings.crl_file),
        .crl_lifetime_ms = 7ULL * KIT_DAY_MS,
        .crl_overlap_ms = 1ULL * KIT_DAY_MS,
        .backdate_ms = 5ULL * 60 * 1000,
    };
    ca->templates[0] = template_settings;
    return ca;
}

static char **
make_list(const char *word)
{
    char **list = calloc(2, sizeof *list);

    list[0] = strdup(word);
    return list;
}

static struct cf_policy_settings *
make_policy(void)
{
    struct cf_policy_settings *policy = calloc(1, sizeof *policy);

    *policy = (struct cf_policy_settings){
        .name = strdup("everyone"),
        .cas = make_list("corp"),
        .templates = make_list("device"),
        .types = CF_TYPES_BOTH,
    };
    return policy;
}

static struct cf_settings *
make_settings(void)
{
    struct cf_settings *settings = cf_settings_new();

    settings->cas = calloc(1, sizeof(void *));
    settings->templates = calloc(1, sizeof(void *));
    settings->templates[0] = make_template();
    settings->n_templates = 1;
    settings->cas[0] = make_ca_settings(settings->templates[0]);
    settings->n_cas = 1;
    settings->policies = calloc(1, sizeof(void *));
    settings->policies[0] = make_policy();
    settings->n_policies = 1;
    settings->pfx_iterations = 2048;
    settings->step_retry_min_ms = CORE_MIN_MS;
    settings->step_retry_max_ms = CORE_MAX_MS;
    settings->store_retain_ms = 7ULL * KIT_DAY_MS;
    settings->revocation_reason = 5;
    settings->cloud.serves_pkcs = true;
    settings->cloud.max_requests = 100;
    settings->cloud.upload_batch = 8;
    settings->cloud.poll_interval_ms = 5000;
    settings->cloud.revocation_interval_ms = 30000;
    settings->cloud.heartbeat_interval_ms = 60000;
    settings->cloud.retry_min_ms = CORE_MIN_MS;
    settings->cloud.retry_max_ms = CORE_MAX_MS;
    return settings;
}

struct cf_site *
core_site(struct core_kit *kit, struct core_ca **ret_ca)
{
    const struct cf_ca_env env = {.clock = kit->clock, .store = kit->store};
    struct cf_site *site = calloc(1, sizeof *site);
    struct cf_ca *inner = NULL;
    struct cf_err err = {0};

    assert_non_null(site);
    atomic_store(&site->refs, 1);
    site->settings = make_settings();
    site->clock = kit->clock;
    site->stop_flag = &kit->stop;
    site->store = kit->store;
    site->keypool = kit->keypool;
    site->cas = calloc(1, sizeof *site->cas);
    site->n_cas = 1;
    cf_ca_slot_init(&site->cas[0], site->settings->cas[0], kit->clock);
    assert_ok(cf_ca_find_backend("local")->open(site->cas[0].settings, &env, &inner, &err), err);
    struct core_ca *ca = core_ca_new(inner);
    site->cas[0].ca = &ca->base;
    assert_ok(cf_identity_generate(CF_KEY_P256, "connector", cf_clock_now_ms(kit->clock),
                                   365ULL * KIT_DAY_MS, &site->signer, &err),
              err);
    assert_ok(cf_secret_copy("the key that seals what has to w", 32, &site->store_key, &err), err);
    strcpy(site->owner, "connector-1");
    if (ret_ca)
        *ret_ca = ca;
    return site;
}

struct core_ca *
core_add_ca(struct core_kit *kit)
{
    const struct cf_ca_env env = {.clock = kit->clock, .store = kit->store};
    struct cf_site *site = kit->site;
    struct cf_settings *settings = site->settings;
    struct cf_policy_settings *policy = settings->policies[0];
    struct cf_ca *inner = NULL;
    struct cf_err err = {0};

    assert_int_equal(site->n_cas, 1);
    struct cf_ca_settings *ca_settings = make_ca_settings(settings->templates[0]);
    free(ca_settings->name);
    free(ca_settings->host);
    ca_settings->name = strdup("other");
    ca_settings->host = strdup("other.example.com");
    settings->cas = reallocarray(settings->cas, 2, sizeof(void *));
    settings->cas[1] = ca_settings;
    settings->n_cas = 2;
    policy->cas = reallocarray(policy->cas, 3, sizeof(char *));
    policy->cas[1] = strdup("other");
    policy->cas[2] = NULL;

    struct cf_ca *first = site->cas[0].ca;
    site->cas[0].ca = NULL;
    cf_ca_slot_done(&site->cas[0]);
    free(site->cas);
    site->cas = calloc(2, sizeof *site->cas);
    cf_ca_slot_init(&site->cas[0], settings->cas[0], kit->clock);
    site->cas[0].ca = first;
    cf_ca_slot_init(&site->cas[1], ca_settings, kit->clock);
    site->n_cas = 2;
    assert_ok(cf_ca_find_backend("local")->open(ca_settings, &env, &inner, &err), err);
    struct core_ca *ca = core_ca_new(inner);
    site->cas[1].ca = &ca->base;
    return ca;
}

static void
sink(void *arg, enum cf_event event, int priority, const char *message,
     const struct cf_log_fields *fields)
{
    struct core_log *log = arg;

    (void)priority;
    pthread_mutex_lock(&log->lock);
    log->n[event]++;
    snprintf(log->last[event], sizeof log->last[event], "%s", message);
    log->rc[event] = fields && fields->err ? fields->err->rc : CF_OK;
    snprintf(log->request[event], sizeof log->request[event], "%s",
             fields && fields->request ? fields->request : "");
    pthread_mutex_unlock(&log->lock);
}

int
core_setup(void **state)
{
    struct core_kit *kit = calloc(1, sizeof *kit);
    struct cf_err err = {0};

    assert_non_null(kit);
    kit->ca_kit = group;
    kit->clock = cf_clock_fake_new(cf_clock_now_ms(cf_clock_real()));
    const struct cf_store_options options = {.path = "", .clock = kit->clock};
    const struct cf_keypool_options keys = {.max_age_ms = KIT_DAY_MS, .clock = kit->clock};
    assert_ok(cf_store_fake.open(&options, &kit->store, &err), err);
    assert_ok(cf_keypool_new(&keys, &kit->keypool, &err), err);
    kit->cloud = fake_cloud_new(&kit->stop);
    kit->site = core_site(kit, &kit->ca);
    kit->site->cloud = fake_cloud_port(kit->cloud);
    kit->recipient = strdup(group_recipient);
    pthread_mutex_init(&kit->log.lock, NULL);
    cf_log_set_sink(sink, &kit->log);
    cf_log_set_level(7);
    cf_metric_reset_all();
    *state = kit;
    return 0;
}

int
core_teardown(void **state)
{
    struct core_kit *kit = *state;

    cf_pool_free(kit->pool);
    cf_scheduler_free(kit->scheduler);
    cf_site_free(kit->site); /* closes the cloud */
    cf_keypool_free(kit->keypool);
    kit->store->ops->close(kit->store);
    cf_clock_fake_free(kit->clock);
    cf_log_set_sink(NULL, NULL);
    pthread_mutex_destroy(&kit->log.lock);
    free(kit->recipient);
    free(kit);
    return 0;
}

void
core_start_scheduler(struct core_kit *kit, unsigned n_workers)
{
    const struct cf_pool_options pool = {.n_cpu = n_workers, .n_io = n_workers, .queue_max = 64};
    struct cf_err err = {0};

    assert_ok(cf_pool_new(&pool, &kit->pool, &err), err);
    const struct cf_scheduler_options options = {.pool = kit->pool, .clock = kit->clock};
    assert_ok(cf_scheduler_new(&options, kit->site, &kit->scheduler, &err), err);
}

enum cf_rc
core_parse_request(const char *json, struct cf_request **ret, struct cf_err *err)
{
    return cf_request_parse(cf_bytes_of(json, strlen(json)), ret, err);
}

void
core_expect_request(const char *path, const char *value, enum cf_rc rc)
{
    cf_own_str json = core_json(path, value, NULL);
    cf_own(cf_request) request = NULL;
    struct cf_err err = {0};
    enum cf_rc got = core_parse_request(json, &request, &err);

    if (got != rc)
        fail_msg("%s = %.80s: %s (%s), not %s", path, value == CORE_DROP ? "(dropped)" : value,
                 cf_rc_name(got), err.text, cf_rc_name(rc));
    if (rc == CF_OK)
        return;
    assert_null(request);
    assert_int_equal(err.fault, CF_FAULT_REQUEST);
    assert_contains(err.text, path);
}
