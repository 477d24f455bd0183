/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "scep/profiles.h"

enum { PEERS_MAX = 64, LINE_SIZE = 64 * 1024, TIMEOUT_MS = 3000, THREADS = 8 };

#define WORKING "{\"ok\":true,\"result\":{\"state\":\"working\",\"context\":\"p/0/1\"}}\n"
#define PENDING                                                                                    \
    "{\"ok\":true,\"result\":{\"state\":\"pending\",\"context\":\"p/0/1\","                        \
    "\"retryAfterSeconds\":7}}\n"

/* What the peer does with a request: an answer, or one of these. */
static const char hang_up[] = "hang up";
static const char say_nothing[] = "say nothing";

static struct {
    pthread_mutex_t lock;
    const char *const *script; /* one line per request, the last one for all that follow */
    unsigned n_requests;
    unsigned n_connections;
    char last[LINE_SIZE];
    int listen_fd;
    bool is_over;
    pthread_t accepter;
    pthread_t peer[PEERS_MAX];
    int fd[PEERS_MAX];
} peer = {.lock = PTHREAD_MUTEX_INITIALIZER};

static char dir[] = "/tmp/certferry-backend-XXXXXX";
static char path[64];
static int stop_flag;

static bool
is_over(void)
{
    pthread_mutex_lock(&peer.lock);
    bool over = peer.is_over;
    pthread_mutex_unlock(&peer.lock);
    return over;
}

/* Wakes now and then to see whether it is over. */
static ssize_t
read_some(int fd, char *data, size_t size)
{
    struct pollfd entry = {.fd = fd, .events = POLLIN};

    while (!is_over()) {
        if (poll(&entry, 1, 20) > 0)
            return recv(fd, data, size, 0);
    }
    return -1;
}

static const char *
next_answer(const char *line)
{
    pthread_mutex_lock(&peer.lock);
    const char *answer = peer.script[0];
    if (peer.script[1])
        peer.script++;
    peer.n_requests++;
    (void)snprintf(peer.last, sizeof peer.last, "%s", line);
    pthread_mutex_unlock(&peer.lock);
    return answer;
}

static void *
serve(void *arg)
{
    int fd = *(int *)arg;
    char *line = calloc(1, LINE_SIZE);
    size_t len = 0;

    for (;;) {
        ssize_t n = line ? read_some(fd, line + len, LINE_SIZE - 1 - len) : -1;
        if (n <= 0)
            break;
        len += (size_t)n;
        line[len] = '\0';
        if (line[len - 1] != '\n')
            continue;
        const char *answer = next_answer(line);
        len = 0;
        if (answer == hang_up)
            break;
        if (answer == say_nothing)
            continue;
        if (send(fd, answer, strlen(answer), MSG_NOSIGNAL) < 0)
            break;
    }
    free(line);
    shutdown(fd, SHUT_RDWR);
    return NULL;
}

static void *
accept_all(void *arg)
{
    struct pollfd entry = {.fd = peer.listen_fd, .events = POLLIN};

    (void)arg;
    while (!is_over()) {
        if (poll(&entry, 1, 20) <= 0)
            continue;
        int fd = accept4(peer.listen_fd, NULL, NULL, SOCK_CLOEXEC);
        pthread_mutex_lock(&peer.lock);
        unsigned i = peer.n_connections;
        if (fd >= 0 && i < PEERS_MAX) {
            peer.fd[i] = fd;
            if (pthread_create(&peer.peer[i], NULL, serve, &peer.fd[i]) == 0)
                peer.n_connections++;
        }
        pthread_mutex_unlock(&peer.lock);
    }
    return NULL;
}

static void
start_peer(const char *const *script)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    peer.script = script;
    peer.n_requests = 0;
    peer.n_connections = 0;
    peer.is_over = false;
    memcpy(address.sun_path, path, strlen(path));
    peer.listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(peer.listen_fd >= 0);
    assert_int_equal(bind(peer.listen_fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(peer.listen_fd, PEERS_MAX), 0);
    assert_int_equal(pthread_create(&peer.accepter, NULL, accept_all, NULL), 0);
}

static void
stop_peer(void)
{
    pthread_mutex_lock(&peer.lock);
    peer.is_over = true;
    pthread_mutex_unlock(&peer.lock);
    pthread_join(peer.accepter, NULL);
    for (unsigned i = 0; i < peer.n_connections; i++) {
        pthread_join(peer.peer[i], NULL);
        close(peer.fd[i]);
    }
    close(peer.listen_fd);
    unlink(path);
}

static struct cf_scep_backend *
new_backend(uint64_t timeout_ms)
{
    const struct cf_scep_backend_options options = {
        .socket = path, .timeout_ms = timeout_ms, .stop_flag = &stop_flag};
    struct cf_scep_backend *backend = NULL;

    __atomic_store_n(&stop_flag, 0, __ATOMIC_RELEASE);
    assert_int_equal(cf_scep_backend_new(&options, &backend, NULL), CF_OK);
    return backend;
}

static enum cf_rc
look(struct cf_scep_backend *backend, unsigned wait_s, struct cf_err *err)
{
    struct cf_scep_answer answer = {0};
    enum cf_rc rc = cf_scep_backend_look(backend, "p/0/1", wait_s, &answer, err);

    cf_scep_answer_done(&answer);
    return rc;
}

static int
make_dir(void **state)
{
    (void)state;
    if (!mkdtemp(dir))
        return -1;
    (void)snprintf(path, sizeof path, "%s/socket", dir);
    return 0;
}

static int
remove_dir(void **state)
{
    (void)state;
    return rmdir(dir);
}

static void
one_connection_carries_calls_that_follow_each_other(void **state)
{
    static const char *const script[] = {WORKING, NULL};
    cf_own(cf_scep_backend) backend = new_backend(TIMEOUT_MS);

    (void)state;
    start_peer(script);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(look(backend, 3, NULL), CF_OK);
    assert_string_equal(peer.last,
                        "{\"command\":\"look\",\"context\":\"p/0/1\",\"waitSeconds\":3}\n");
    assert_int_equal(cf_scep_backend_away_since_ms(backend), 0);
    stop_peer();
    assert_int_equal(peer.n_connections, 1);
}

static void
a_request_whose_answer_is_lost_is_sent_again(void **state)
{
    static const char *const script[] = {WORKING, hang_up, hang_up, "{\"ok\":tr", PENDING, NULL};
    cf_own(cf_scep_backend) backend = new_backend(TIMEOUT_MS);
    struct cf_scep_answer answer = {0};
    struct cf_err err = {0};

    (void)state;
    start_peer(script);
    assert_int_equal(look(backend, 0, &err), CF_OK);
    assert_int_equal(look(backend, 0, &err), CF_E_TIMEOUT);
    assert_int_equal(cf_scep_backend_look(backend, "p/0/1", 0, &answer, &err), CF_OK);
    assert_int_equal(answer.state, CF_SCEP_ANSWER_PENDING);
    assert_int_equal(answer.retry_after_ms, 7000);
    stop_peer();
    assert_int_equal(peer.n_requests, 5);
}

static void *
start_late(void *arg)
{
    static const char *const script[] = {WORKING, NULL};

    (void)arg;
    usleep(500 * 1000);
    start_peer(script);
    return NULL;
}

static void
a_restart_of_certferryd_is_waited_for(void **state)
{
    static const char *const script[] = {WORKING, NULL};
    cf_own(cf_scep_backend) backend = new_backend(10 * TIMEOUT_MS);
    pthread_t starter;
    struct cf_err err = {0};

    (void)state;
    start_peer(script);
    assert_int_equal(look(backend, 0, &err), CF_OK);
    stop_peer();
    assert_int_equal(pthread_create(&starter, NULL, start_late, NULL), 0);
    if (look(backend, 0, &err) != CF_OK)
        fail_msg("%s", err.text);
    pthread_join(starter, NULL);
    assert_int_equal(cf_scep_backend_away_since_ms(backend), 0);
    stop_peer();
}

static void
when_certferryd_stays_away_calls_fail_at_once(void **state)
{
    cf_own(cf_scep_backend) backend = new_backend(300);
    struct cf_err err = {0};

    (void)state;
    assert_int_equal(look(backend, 0, &err), CF_E_NET);
    assert_non_null(strstr(err.text, "certferryd does not listen on"));
    assert_true(cf_scep_backend_away_since_ms(backend) > 0);
    usleep(400 * 1000);
    int64_t began = cf_clock_monotonic_ms(cf_clock_real());
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(look(backend, 60, &err), CF_E_NET);
    assert_true(cf_clock_monotonic_ms(cf_clock_real()) - began < 10 * 1000);
}

static void
a_certferryd_that_hangs_is_not_waited_for_for_ever(void **state)
{
    static const char *const script[] = {say_nothing, NULL};
    cf_own(cf_scep_backend) backend = new_backend(200);
    struct cf_err err = {0};

    (void)state;
    start_peer(script);
    assert_int_equal(look(backend, 0, &err), CF_E_TIMEOUT);
    assert_true(cf_scep_backend_away_since_ms(backend) > 0);
    stop_peer();
}

static void *
stop_soon(void *arg)
{
    (void)arg;
    usleep(200 * 1000);
    __atomic_store_n(&stop_flag, 1, __ATOMIC_RELEASE);
    return NULL;
}

static void
a_stop_ends_what_waits(void **state)
{
    static const char *const script[] = {say_nothing, NULL};
    cf_own(cf_scep_backend) backend = new_backend(60 * 1000);
    pthread_t stopper;
    struct cf_err err = {0};

    (void)state;
    start_peer(script);
    assert_int_equal(pthread_create(&stopper, NULL, stop_soon, NULL), 0);
    assert_int_equal(look(backend, 60, &err), CF_E_STOPPED);
    pthread_join(stopper, NULL);
    stop_peer();
}

static void
what_certferryd_says_is_no_good_is_handed_on(void **state)
{
    static const char *const script[] = {
        "{\"ok\":false,\"error\":{\"name\":\"CF_E_NOT_FOUND\",\"fault\":\"transient\",\"text\":"
        "\"no p\"}}\n",
        NULL};
    cf_own(cf_scep_backend) backend = new_backend(TIMEOUT_MS);
    struct cf_err err = {0};

    (void)state;
    start_peer(script);
    assert_int_equal(look(backend, 0, &err), CF_E_NOT_FOUND);
    assert_int_equal(err.fault, CF_FAULT_TRANSIENT);
    assert_string_equal(err.text, "no p");
    stop_peer();
    assert_int_equal(peer.n_requests, 1);
}

static void
nonsense_is_told_as_such(void **state)
{
    static const char *const answers[] = {
        "\n",
        "{}\n",
        "{\"ok\":true}\n",
        "{\"ok\":true,\"result\":{}}\n",
        "{\"ok\":true,\"result\":{\"state\":\"lost\"}}\n",
        "{\"ok\":true,\"result\":{\"state\":\"working\"}}\n",
        "{\"ok\":true,\"result\":{\"state\":\"issued\",\"certificate\":\"x\",\"chain\":\"\"}}\n",
        "{\"ok\":true,\"result\":{\"state\":\"issued\",\"chain\":\"AAAA\"}}\n",
        "{\"ok\":true,\"result\":{\"state\":\"pending\"}}\n",
        "{\"ok\":true,\"result\":{\"state\":\"failed\",\"failInfo\":\"badMood\"}}\n",
        WORKING WORKING,
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(answers); i++) {
        const char *script[] = {answers[i], NULL};
        cf_own(cf_scep_backend) backend = new_backend(TIMEOUT_MS);
        struct cf_err err = {0};

        start_peer(script);
        if (look(backend, 0, &err) != CF_E_PROTOCOL)
            fail_msg("%s: %s %s", answers[i], cf_rc_name(err.rc), err.text);
        stop_peer();
    }
}

static void
profiles_stay_in_use_while_certferryd_is_away(void **state)
{
    static const char *const script[] = {
        "{\"ok\":true,\"result\":{\"profiles\":[{\"name\":\"p\",\"isDefault\":true,\"ca\":\"corp\","
        "\"allowSha1\":true,\"allow3des\":false,\"allowSingleDes\":false,\"minRsaBits\":2048,"
        "\"clockToleranceSeconds\":60,\"getCert\":false,\"getCrl\":true,\"rootInBundle\":false,"
        "\"nextCa\":null}],\"cas\":[{\"name\":\"corp\",\"chain\":null,\"text\":\"is down\"}]}}\n",
        "{\"ok\":true,\"result\":{\"profiles\":[{\"name\":\"p\"}],\"cas\":[]}}\n", NULL};
    struct cf_clock *clock = cf_clock_fake_new(1000000);
    cf_own(cf_scep_backend) backend = new_backend(200);
    struct cf_scep_profile_cache *cache = NULL;
    struct cf_scep_cache_status status;

    (void)state;
    assert_int_equal(cf_scep_profile_cache_new(backend, clock, &cache, NULL), CF_OK);
    assert_null(cf_scep_profile_cache_get(cache));
    start_peer(script);
    assert_int_equal(cf_scep_profile_cache_refresh(cache, CF_SCEP_REFRESH_MS, NULL), CF_OK);
    assert_int_equal(cf_scep_profile_cache_refresh(cache, CF_SCEP_REFRESH_MS, NULL), CF_OK);
    assert_int_equal(peer.n_requests, 1);
    cf_clock_fake_advance(clock, CF_SCEP_REFRESH_MS);
    assert_int_equal(cf_scep_profile_cache_refresh(cache, CF_SCEP_REFRESH_MS, NULL), CF_E_PROTOCOL);
    stop_peer();

    cf_own(cf_scep_profiles) profiles = cf_scep_profile_cache_get(cache);
    assert_non_null(profiles);
    const struct cf_scep_profile *profile = cf_scep_profiles_find(profiles, NULL);
    assert_ptr_equal(profile, cf_scep_profiles_find(profiles, "p"));
    assert_null(cf_scep_profiles_find(profiles, "q"));
    assert_true(profile->allow_sha1 && profile->get_crl && !profile->get_cert);
    assert_int_equal(profile->clock_tolerance_ms, 60000);
    assert_string_equal(profile->ca->text, "is down");
    cf_scep_profile_cache_status(cache, &status);
    assert_false(status.is_fresh);
    assert_int_equal(status.learnt_ms, 1000000);
    assert_int_equal(status.failing_since_ms, 1000000 + CF_SCEP_REFRESH_MS);
    cf_scep_profile_cache_free(cache);
    cf_clock_fake_free(clock);
}

static void *
look_often(void *arg)
{
    for (unsigned i = 0; i < 50; i++) {
        if (look(arg, 0, NULL) != CF_OK)
            return arg;
    }
    return NULL;
}

static void
threads_share_the_connections(void **state)
{
    static const char *const script[] = {WORKING, hang_up, WORKING, WORKING,
                                         hang_up, WORKING, NULL};
    cf_own(cf_scep_backend) backend = new_backend(10 * TIMEOUT_MS);
    pthread_t thread[THREADS];

    (void)state;
    start_peer(script);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, look_often, backend), 0);
    for (size_t i = 0; i < THREADS; i++) {
        void *failed = NULL;

        pthread_join(thread[i], &failed);
        assert_null(failed);
    }
    stop_peer();
    assert_true(peer.n_connections <= PEERS_MAX / 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_connection_carries_calls_that_follow_each_other),
        cmocka_unit_test(a_request_whose_answer_is_lost_is_sent_again),
        cmocka_unit_test(a_restart_of_certferryd_is_waited_for),
        cmocka_unit_test(when_certferryd_stays_away_calls_fail_at_once),
        cmocka_unit_test(a_certferryd_that_hangs_is_not_waited_for_for_ever),
        cmocka_unit_test(a_stop_ends_what_waits),
        cmocka_unit_test(what_certferryd_says_is_no_good_is_handed_on),
        cmocka_unit_test(nonsense_is_told_as_such),
        cmocka_unit_test(profiles_stay_in_use_while_certferryd_is_away),
        cmocka_unit_test(threads_share_the_connections),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
