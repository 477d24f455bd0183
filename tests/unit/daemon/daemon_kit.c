/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/daemon/daemon_kit.h"

#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "certferry/config.h"

static const char configuration[] =
    "[connector]\nid = node1\nstate_dir = %s\n"
    "[cloud]\nendpoint = https://cloud.invalid/\ntenant = contoso.example\n"
    "client_id = 11111111-2222-3333-4444-555555555555\nauth = secret\n"
    "client_secret_file = %s/secret\n"
    "[store]\nkey_file = %s/store.key\n"
    "[recipient]\nca_file = %s/devices.pem\n"
    "[control]\nsocket = %s/control\ngroup = %s\n"
    "[template user]\nvalidity = 1y\n"
    "[policy all]\nca = corp\ntemplates = user\ncertificate_type = both\n"
    "[ca corp]\nbackend = exec\nhost = ca.example\nname = Corp\ntemplates = user\n"
    "command = /bin/false\nchain_file = %s/chain.pem\n";

static void
must(bool claim, const char *what, const struct cf_err *err)
{
    if (claim)
        return;
    fprintf(stderr, "daemon_kit: %s: %s\n", what, err->text);
    abort();
}

static struct cf_settings *
make_settings(const char *dir)
{
    const struct group *group = getgrgid(getegid());
    struct cf_settings *settings = NULL;
    struct cf_err err = {0};
    char text[2048];

    int len = snprintf(text, sizeof text, configuration, dir, dir, dir, dir, dir,
                       group ? group->gr_name : "root", dir);
    enum cf_rc rc =
        cf_config_parse("daemon_kit", cf_bytes_of(text, (size_t)len), NULL, NULL, &settings, &err);
    must(rc == CF_OK, "settings", &err);
    return settings;
}

/* The CA's chain is the signer's certificate: any certificate does. */
static void
open_ca(struct daemon_kit *kit)
{
    const struct cf_ca_env env = {.clock = cf_clock_real(), .stop_flag = kit->site->stop_flag};
    struct cf_site *site = kit->site;

    kit->ca = fake_ca_new(&env, NULL, NULL);
    kit->ca->request[0].chain = cf_buf_copy(cf_cert_der(cf_identity_cert(site->signer)));
    kit->ca->n_requests = 1;
    site->cas = calloc(1, sizeof *site->cas);
    must(site->cas != NULL, "memory", &(struct cf_err){0});
    cf_ca_slot_init(&site->cas[0], site->settings->cas[0], cf_clock_real());
    site->cas[0].ca = &kit->ca->base;
    site->n_cas = 1;
}

static void
open_site(struct daemon_kit *kit)
{
    struct cf_site *site = calloc(1, sizeof *site);
    struct cf_err err = {0};

    must(site != NULL, "memory", &err);
    kit->site = site;
    atomic_init(&site->refs, 1);
    site->settings = make_settings(kit->dir);
    site->clock = cf_clock_real();
    site->stop_flag = cf_pool_stop_flag(kit->daemon.pool);
    site->store = kit->daemon.store;
    site->keypool = kit->daemon.keypool;
    site->cloud = fake_cloud_port(fake_cloud_new(site->stop_flag));
    snprintf(site->owner, sizeof site->owner, "node1");
    must(cf_identity_generate(CF_KEY_P256, "node1", cf_clock_now_ms(site->clock), 86400 * 1000,
                              &site->signer, &err) == CF_OK,
         "signer", &err);
    open_ca(kit);
}

void
daemon_kit_open(struct daemon_kit *kit)
{
    static bool is_initialized;
    const struct cf_pool_options pool = {.n_cpu = 1, .n_io = 2, .queue_max = 64};
    const struct cf_store_options store = {.path = ":", .clock = cf_clock_real()};
    const struct cf_keypool_options keys = {.max_age_ms = 1000, .clock = cf_clock_real()};
    struct cf_scheduler_options scheduler = {.clock = cf_clock_real()};
    struct cf_daemon *daemon = &kit->daemon;
    struct cf_err err = {0};

    memset(kit, 0, sizeof *kit);
    strcpy(kit->dir, "/tmp/certferry-XXXXXX");
    must(mkdtemp(kit->dir) != NULL, "mkdtemp", &err);
    must(is_initialized || cf_pki_init(64 * 1024, &err) == CF_OK, "cf_pki_init", &err);
    is_initialized = true;
    daemon->started_ms = cf_clock_now_ms(cf_clock_real());
    must(cf_loop_new(&daemon->loop, &err) == CF_OK, "loop", &err);
    must(cf_pool_new(&pool, &daemon->pool, &err) == CF_OK, "pool", &err);
    must(cf_store_fake.open(&store, &daemon->store, &err) == CF_OK, "store", &err);
    must(cf_keypool_new(&keys, &daemon->keypool, &err) == CF_OK, "keypool", &err);
    open_site(kit);
    scheduler.pool = daemon->pool;
    must(cf_scheduler_new(&scheduler, kit->site, &daemon->scheduler, &err) == CF_OK, "scheduler",
         &err);
}

void
daemon_kit_close(struct daemon_kit *kit)
{
    struct cf_daemon *daemon = &kit->daemon;

    cf_pool_stop(daemon->pool);
    cf_control_close(daemon->control);
    cf_scheduler_free(daemon->scheduler);
    cf_site_free(kit->site);
    cf_keypool_free(daemon->keypool);
    daemon->store->ops->close(daemon->store);
    cf_pool_free(daemon->pool);
    cf_loop_free(daemon->loop);
    rmdir(kit->dir);
}

void
daemon_kit_receive(struct daemon_kit *kit, const char *context)
{
    struct cf_store *store = kit->daemon.store;
    cf_own(cf_item) item = cf_item_new(CF_KIND_PKCS, context);
    enum cf_reception reception;
    struct cf_err err = {0};

    must(item != NULL, "memory", &err);
    item->body = cf_buf_copy(cf_bytes_of("{}", 2));
    item->lease_until_ms = cf_clock_now_ms(cf_clock_real()) + 86400 * 1000;
    must(store->ops->receive(store, &item, 1, &reception, &err) == CF_OK, "receive", &err);
}

char *
daemon_kit_ask(struct daemon_kit *kit, const void *line, size_t len)
{
    cf_own(cf_buf) answer = NULL;
    struct cf_err err = {0};

    must(cf_command_answer(&kit->daemon, &cf_control_commands, cf_bytes_of(line, len), "tester",
                           NULL, &answer, &err) == CF_OK,
         "answer", &err);
    char *text = strdup(cf_buf_str(answer));
    must(text != NULL, "memory", &err);
    return text;
}
