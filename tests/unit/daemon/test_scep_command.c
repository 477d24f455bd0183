/* SPDX-License-Identifier: Apache-2.0 */
/* scep-challenge and scep-status on the control socket, and status beside them. */
#include <pthread.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "certferry/ctl.h"
#include "certferry/scep.h"
#include "certferry/text.h"
#include "daemon/scep_socket.h"
#include "unit/daemon/daemon_kit.h"

enum { TRIES_MAX = 20000 };

static struct daemon_kit kit;

static struct cf_scep_profile_settings *
make_profile(const char *name, enum cf_scep_challenge challenge)
{
    struct cf_scep_profile_settings *profile = calloc(1, sizeof *profile);

    profile->name = strdup(name);
    profile->ca = strdup("corp");
    profile->template_name = strdup("user");
    profile->types = CF_TYPES_USER;
    profile->challenge = challenge;
    return profile;
}

static int
set_up(void **state)
{
    struct cf_err err = {0};

    (void)state;
    daemon_kit_open(&kit);
    struct cf_settings *settings = kit.site->settings;
    settings->scep.is_on = true;
    free(settings->scep_profiles);
    settings->scep_profiles = calloc(2, sizeof(void *));
    settings->scep_profiles[0] = make_profile("phones", CF_SCEP_ONE_TIME);
    settings->scep_profiles[1] = make_profile("tablets", CF_SCEP_INTUNE);
    settings->n_scep_profiles = 2;
    assert_int_equal(
        cf_secret_copy("the key that seals what has to w", 32, &kit.site->store_key, &err), CF_OK);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    daemon_kit_close(&kit);
    return 0;
}

/* *ret_result is a view into *ret_document. */
static void
ask(const char *line, bool is_ok, struct cf_json **ret_document, const struct cf_json **ret_result)
{
    cf_own_str answer = daemon_kit_ask(&kit, line, strlen(line));
    struct cf_json *document = NULL;
    bool ok = false;

    assert_int_equal(
        cf_json_parse(cf_bytes_of(answer, strlen(answer) - 1), CF_CTL_ANSWER_MAX, &document, NULL),
        CF_OK);
    assert_int_equal(cf_json_bool(document, "ok", &ok, NULL), CF_OK);
    if (ok != is_ok)
        fail_msg("%s", answer);
    assert_int_equal(cf_json_object(document, ok ? "result" : "error", ret_result, NULL), CF_OK);
    *ret_document = document;
}

static void
expect_error(const char *line, const char *name, const char *words)
{
    const struct cf_json *error = NULL;
    cf_own(cf_json) document = NULL;

    ask(line, false, &document, &error);
    const char *found = NULL, *text = NULL;

    assert_int_equal(cf_json_string(error, "name", 1, 64, &found, NULL), CF_OK);
    assert_int_equal(cf_json_string(error, "text", 1, 1000, &text, NULL), CF_OK);
    assert_string_equal(found, name);
    if (!strstr(text, words))
        fail_msg("'%s' is not in: %s", words, text);
}

static void
a_challenge_is_made_for_a_profile_that_has_such_ones(void **state)
{
    const struct cf_json *result = NULL;
    const char *challenge = NULL, *end = NULL, *profile = NULL;
    int64_t end_ms = 0, now_ms = cf_clock_now_ms(cf_clock_real());

    (void)state;
    cf_own(cf_json) first = NULL;

    ask("{\"command\":\"scep-challenge\",\"profile\":\"PHONES\","
        "\"subject\":\"CN=a,O=b\",\"lifetimeSeconds\":120}",
        true, &first, &result);
    assert_int_equal(cf_json_string(result, "challenge", 32, 32, &challenge, NULL), CF_OK);
    assert_int_equal(strspn(challenge, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), 32);
    assert_int_equal(cf_json_string(result, "profile", 1, 64, &profile, NULL), CF_OK);
    assert_string_equal(profile, "phones");
    assert_int_equal(cf_json_string(result, "expiresUtc", 1, 64, &end, NULL), CF_OK);
    assert_int_equal(cf_text_time(end, &end_ms, NULL), CF_OK);
    assert_in_range(end_ms, now_ms + 119 * 1000, now_ms + 180 * 1000);

    const char *other = NULL;
    cf_own(cf_json) second = NULL;

    ask("{\"command\":\"scep-challenge\",\"profile\":\"phones\"}", true, &second, &result);
    assert_int_equal(cf_json_string(result, "challenge", 32, 32, &other, NULL), CF_OK);
    assert_string_not_equal(challenge, other);
}

static void
a_challenge_is_refused_where_it_would_be_of_no_use(void **state)
{
    (void)state;
    expect_error("{\"command\":\"scep-challenge\",\"profile\":\"tablets\"}", "CF_E_UNSUPPORTED",
                 "one-time");
    expect_error("{\"command\":\"scep-challenge\",\"profile\":\"laptops\"}", "CF_E_NOT_FOUND",
                 "scep status");
    expect_error("{\"command\":\"scep-challenge\"}", "CF_E_FIELD", "profile");
    expect_error("{\"command\":\"scep-challenge\",\"profile\":\"phones\",\"lifetimeSeconds\":59}",
                 "CF_E_RANGE", "lifetimeSeconds");
    expect_error("{\"command\":\"scep-challenge\",\"profile\":\"phones\",\"subject\":\"x\"}",
                 "CF_E_SYNTAX", "subject");
    kit.site->settings->scep.is_on = false;
    expect_error("{\"command\":\"scep-challenge\",\"profile\":\"phones\"}", "CF_E_CONFIG",
                 "[scep]");
    expect_error("{\"command\":\"scep-status\"}", "CF_E_CONFIG", "[scep]");
}

/* One certificate for both uses, in use since the beginning; another one that comes tomorrow. */
static void
put_document(void)
{
    struct cf_store *store = kit.daemon.store;
    cf_own(cf_buf) json = cf_buf_new(64 * 1024);
    struct cf_bytes der = cf_cert_der(cf_identity_cert(kit.site->signer));
    struct cf_json_writer out;
    char tomorrow[CF_TEXT_TIME_SIZE];

    cf_text_from_time(cf_clock_now_ms(cf_clock_real()) + 86400 * 1000, tomorrow);
    cf_json_writer_begin(&out, json);
    cf_json_put_object(&out, NULL);
    cf_json_put_array(&out, "generations");
    for (int i = 0; i < 2; i++) {
        cf_json_put_object(&out, NULL);
        cf_json_put_string(&out, "made", "2026-01-01T00:00:00Z");
        cf_json_put_string(&out, "activeFrom", i ? tomorrow : "2026-01-01T00:00:00Z");
        cf_json_put_string(&out, "replaced", i ? NULL : tomorrow);
        for (int k = 0; k < 2; k++) {
            cf_json_put_object(&out, k ? "encryption" : "sign");
            cf_json_put_base64(&out, "certificate", der);
            cf_json_put_string(&out, "key", "AAAA");
            cf_json_put_object_end(&out);
        }
        cf_json_put_object_end(&out);
    }
    cf_json_put_array_end(&out);
    cf_json_put_string(&out, "pending", NULL);
    cf_json_put_object_end(&out);
    assert_int_equal(cf_json_writer_end(&out, NULL), CF_OK);
    assert_int_equal(store->ops->ra_put(store, "corp", 0, cf_buf_bytes(json), NULL), CF_OK);
}

static void
expect_generation(const struct cf_json *generations, size_t i, bool is_shown)
{
    const struct cf_json *generation = NULL, *sign = NULL;
    const char *serial = NULL;
    bool found = !is_shown;

    assert_int_equal(cf_json_at_object(generations, i, &generation, NULL), CF_OK);
    assert_int_equal(cf_json_bool(generation, "isShown", &found, NULL), CF_OK);
    assert_int_equal(found, is_shown);
    assert_int_equal(cf_json_object(generation, "encryption", &sign, NULL), CF_OK);
    assert_int_equal(cf_json_string(sign, "serial", 1, 64, &serial, NULL), CF_OK);
    assert_string_equal(serial, cf_cert_serial(cf_identity_cert(kit.site->signer)));
}

static void
status_tells_profiles_and_the_keys_of_each_ca_once(void **state)
{
    const struct cf_json *result = NULL, *profiles = NULL, *cas = NULL, *ca = NULL, *list = NULL;
    int64_t n = -1;

    (void)state;
    put_document();
    cf_own(cf_json) document = NULL;

    ask("{\"command\":\"scep-status\"}", true, &document, &result);
    assert_int_equal(cf_json_int(result, "connections", 0, 9, &n, NULL), CF_OK);
    assert_int_equal(n, 0);
    assert_int_equal(cf_json_array(result, "profiles", 10, &profiles, NULL), CF_OK);
    assert_int_equal(cf_json_length(profiles), 2);
    assert_int_equal(cf_json_array(result, "cas", 10, &cas, NULL), CF_OK);
    assert_int_equal(cf_json_length(cas), 1);
    assert_int_equal(cf_json_at_object(cas, 0, &ca, NULL), CF_OK);
    assert_int_equal(cf_json_int(ca, "version", 1, 1, &n, NULL), CF_OK);
    assert_int_equal(cf_json_array(ca, "generations", 10, &list, NULL), CF_OK);
    assert_int_equal(cf_json_length(list), 2);
    expect_generation(list, 0, true);
    expect_generation(list, 1, false);
}

static void
a_document_that_cannot_be_read_is_said(void **state)
{
    struct cf_store *store = kit.daemon.store;
    const struct cf_json *result = NULL, *cas = NULL, *ca = NULL;
    const char *problem = NULL;

    (void)state;
    assert_int_equal(store->ops->ra_put(store, "corp", 0, cf_bytes_of("nonsense", 8), NULL), CF_OK);
    cf_own(cf_json) document = NULL;

    ask("{\"command\":\"scep-status\"}", true, &document, &result);
    assert_int_equal(cf_json_array(result, "cas", 10, &cas, NULL), CF_OK);
    assert_int_equal(cf_json_at_object(cas, 0, &ca, NULL), CF_OK);
    assert_int_equal(cf_json_string(ca, "problem", 1, 1000, &problem, NULL), CF_OK);
}

static void *
run_loop(void *arg)
{
    int code;

    (void)arg;
    (void)!cf_loop_run(kit.daemon.loop, &code, NULL);
    return NULL;
}

static void
end_loop(void *arg)
{
    (void)arg;
    cf_loop_exit(kit.daemon.loop, 0);
}

static void
wait_for_connections(int64_t wanted)
{
    for (unsigned i = 0; i < TRIES_MAX; i++) {
        const struct cf_json *result = NULL;
        const char *since = NULL;
        int64_t n = -1;
        cf_own(cf_json) document = NULL;

        ask("{\"command\":\"scep-status\"}", true, &document, &result);

        assert_int_equal(cf_json_int(result, "connections", 0, 9, &n, NULL), CF_OK);
        assert_int_equal(cf_json_string_opt(result, "connectedSinceUtc", 1, 64, &since, NULL),
                         CF_OK);
        if (n == wanted && (since != NULL) == (wanted > 0))
            return;
        usleep(1000);
    }
    fail_msg("there are not %lld connections", (long long)wanted);
}

static void
status_tells_since_when_the_front_door_is_there(void **state)
{
    char path[64], user[64];
    struct cf_settings settings = {.scep = {.is_on = true, .socket = path, .socket_user = user}};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct passwd *self = getpwuid(geteuid());
    struct cf_err err = {0};
    pthread_t thread;

    (void)state;
    (void)snprintf(path, sizeof path, "%s/scep", kit.dir);
    (void)snprintf(user, sizeof user, "%s", self ? self->pw_name : "root");
    memcpy(address.sun_path, path, strlen(path));
    if (cf_scep_socket_open(&kit.daemon, &settings, &kit.daemon.scep_socket, &err) != CF_OK)
        fail_msg("%s", err.text);
    assert_int_equal(pthread_create(&thread, NULL, run_loop, NULL), 0);
    wait_for_connections(0);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    wait_for_connections(1);
    close(fd);
    wait_for_connections(0);
    assert_int_equal(cf_loop_post(kit.daemon.loop, end_loop, NULL, NULL), CF_OK);
    pthread_join(thread, NULL);
    cf_pool_stop(kit.daemon.pool);
    cf_scep_socket_close(kit.daemon.scep_socket);
    kit.daemon.scep_socket = NULL;
}

static void
the_connectors_status_counts_requests_of_devices(void **state)
{
    struct cf_store *store = kit.daemon.store;
    cf_own(cf_item) item = cf_item_new(CF_KIND_SCEP, "phones/a/b");
    const struct cf_json *result = NULL, *counts = NULL;
    enum cf_reception reception;
    bool has_cloud = false;
    int64_t n = 0;

    (void)state;
    assert_int_equal(store->ops->receive(store, &item, 1, &reception, NULL), CF_OK);
    cf_own(cf_json) document = NULL;

    ask("{\"command\":\"status\"}", true, &document, &result);
    assert_int_equal(cf_json_object(result, "scep", &counts, NULL), CF_OK);
    assert_int_equal(cf_json_int(counts, "received", 1, 1, &n, NULL), CF_OK);
    assert_int_equal(cf_json_bool(result, "hasCloud", &has_cloud, NULL), CF_OK);
    assert_true(has_cloud);

    kit.site->settings->scep.is_on = false;
    kit.site->settings->cloud.is_off = true;
    counts = NULL;
    cf_own(cf_json) plain = NULL;

    ask("{\"command\":\"status\"}", true, &plain, &result);
    assert_int_equal(cf_json_object_opt(result, "scep", &counts, NULL), CF_OK);
    assert_null(counts);
    assert_int_equal(cf_json_bool(result, "hasCloud", &has_cloud, NULL), CF_OK);
    assert_false(has_cloud);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_challenge_is_made_for_a_profile_that_has_such_ones),
        TEST(a_challenge_is_refused_where_it_would_be_of_no_use),
        TEST(status_tells_profiles_and_the_keys_of_each_ca_once),
        TEST(a_document_that_cannot_be_read_is_said),
        TEST(status_tells_since_when_the_front_door_is_there),
        TEST(the_connectors_status_counts_requests_of_devices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
