/* SPDX-License-Identifier: Apache-2.0 */
#include "certferry/tcp.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "unit/base/unit.h"

static struct cf_err err;
static int stop;

struct peer {
    int listener;
    int conn;
    uint16_t port;
};

static struct peer
listen_on(int family, int backlog)
{
    struct peer peer = {.listener = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), .conn = -1};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_storage name;
    socklen_t size = sizeof name;

    four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int rc = family == AF_INET6 ? bind(peer.listener, (struct sockaddr *)&six, sizeof six)
                                : bind(peer.listener, (struct sockaddr *)&four, sizeof four);
    if (rc != 0 || listen(peer.listener, backlog) != 0) {
        cf_fdp_close(&peer.listener);
        return peer;
    }
    assert_int_equal(getsockname(peer.listener, (struct sockaddr *)&name, &size), 0);
    peer.port = ntohs(family == AF_INET6 ? ((struct sockaddr_in6 *)&name)->sin6_port
                                         : ((struct sockaddr_in *)&name)->sin_port);
    return peer;
}

static void
close_peer(struct peer *peer)
{
    cf_fdp_close(&peer->conn);
    cf_fdp_close(&peer->listener);
}

static struct cf_tcp_options
options_for(const char *host, uint16_t port)
{
    return (struct cf_tcp_options){
        .host = host, .port = port, .connect_timeout_ms = 5000, .stop_flag = &stop};
}

static struct cf_tcp *
open_pair(struct peer *peer)
{
    struct cf_tcp *tcp = NULL;

    *peer = listen_on(AF_INET, 5);
    struct cf_tcp_options options = options_for("127.0.0.1", peer->port);
    assert_ok(cf_tcp_open(&options, &tcp, &err), err);
    peer->conn = accept(peer->listener, NULL, NULL);
    assert_true(peer->conn >= 0);
    cf_tcp_limit(tcp, 5000);
    return tcp;
}

static void
reads_and_writes_exactly_what_is_asked(void **state)
{
    struct peer peer;
    cf_own(cf_tcp) tcp = open_pair(&peer);
    char text[8] = "";

    (void)state;
    assert_int_equal(send(peer.conn, "hello", 5, 0), 5);
    assert_ok(cf_tcp_read(tcp, text, 3, &err), err);
    assert_string_equal(text, "hel");
    assert_ok(cf_tcp_read(tcp, text, 2, &err), err);
    assert_memory_equal(text, "lo", 2);
    assert_ok(cf_tcp_write(tcp, cf_bytes_of("bye", 3), &err), err);
    assert_int_equal(recv(peer.conn, text, 3, MSG_WAITALL), 3);
    assert_memory_equal(text, "bye", 3);
    assert_ok(cf_tcp_read(tcp, text, 0, &err), err);
    close_peer(&peer);
}

static void
a_connection_has_keep_alive_and_no_delay(void **state)
{
    struct peer peer = listen_on(AF_INET, 5);
    struct cf_tcp_options options = options_for("localhost", peer.port);
    cf_own_fd fd = -1;
    int on = 0;
    socklen_t size = sizeof on;

    (void)state;
    assert_ok(cf_tcp_dial(&options, &fd, &err), err);
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, &size), 0);
    assert_int_not_equal(on, 0);
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &size), 0);
    assert_int_not_equal(on, 0);
    close_peer(&peer);
}

static void
a_refused_connection_is_told_with_host_and_port(void **state)
{
    struct peer peer = listen_on(AF_INET, 5);
    struct cf_tcp_options options = options_for("127.0.0.1", peer.port);
    int fd = -7;
    char place[32];

    (void)state;
    close_peer(&peer);
    assert_rc(cf_tcp_dial(&options, &fd, &err), CF_E_NET);
    assert_int_equal(fd, -7);
    (void)snprintf(place, sizeof place, "127.0.0.1 port %u: ", (unsigned)options.port);
    assert_contains(err.text, place);
    assert_contains(err.text, "refused");
    assert_int_equal(err.fault, CF_FAULT_TRANSIENT);
}

static void
a_name_that_nobody_knows_is_told(void **state)
{
    struct cf_tcp_options options = options_for("nobody.invalid", 135);
    int fd;

    (void)state;
    assert_rc(cf_tcp_dial(&options, &fd, &err), CF_E_NET);
    assert_contains(err.text, "nobody.invalid port 135");
    assert_contains(err.text, "DNS");
}

/* "localhost" is ::1 first where it is both. */
static void
all_addresses_of_a_name_are_tried(void **state)
{
    struct peer peer = listen_on(AF_INET, 5);
    struct cf_tcp_options options = options_for("localhost", peer.port);
    cf_own_fd fd = -1;

    (void)state;
    assert_ok(cf_tcp_dial(&options, &fd, &err), err);
    close_peer(&peer);
}

static void
an_address_of_the_other_family_works(void **state)
{
    struct peer peer = listen_on(AF_INET6, 5);
    struct cf_tcp_options options = options_for("::1", peer.port);
    cf_own_fd fd = -1;

    (void)state;
    if (peer.listener < 0)
        skip(); /* a kernel without IPv6 */
    assert_ok(cf_tcp_dial(&options, &fd, &err), err);
    close_peer(&peer);
}

/* A queue that is full lets a SYN wait as a firewall that drops it would. */
static int
fill_queue(const struct peer *peer, int fds[], int n)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(peer->port)};
    int i = 0;

    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (; i < n; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)connect(fds[i], (struct sockaddr *)&name, sizeof name);
    }
    return i;
}

static void
nobody_answering_ends_at_the_limit_or_the_stop(void **state)
{
    struct peer peer = listen_on(AF_INET, 0);
    struct cf_tcp_options options = options_for("127.0.0.1", peer.port);
    int fds[4], fd;

    (void)state;
    int n = fill_queue(&peer, fds, 4);
    options.connect_timeout_ms = 300;
    assert_rc(cf_tcp_dial(&options, &fd, &err), CF_E_TIMEOUT);
    assert_contains(err.text, "firewall");
    options.connect_timeout_ms = 3600 * 1000;
    stop = 1;
    assert_rc(cf_tcp_dial(&options, &fd, &err), CF_E_STOPPED);
    stop = 0;
    while (n > 0)
        cf_fdp_close(&fds[--n]);
    close_peer(&peer);
}

static void
silence_ends_at_the_limit(void **state)
{
    struct peer peer;
    cf_own(cf_tcp) tcp = open_pair(&peer);
    char byte;

    (void)state;
    assert_int_equal(send(peer.conn, "a", 1, 0), 1);
    cf_tcp_limit(tcp, 250);
    assert_ok(cf_tcp_read(tcp, &byte, 1, &err), err);
    assert_rc(cf_tcp_read(tcp, &byte, 1, &err), CF_E_TIMEOUT);
    assert_contains(err.text, "within 250 ms");
    close_peer(&peer);
}

static void *
drip(void *arg)
{
    const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};

    for (const int *conn = arg; send(*conn, "a", 1, MSG_NOSIGNAL) == 1;)
        (void)nanosleep(&pause, NULL);
    return NULL;
}

static void
a_peer_that_drips_does_not_outlive_the_limit(void **state)
{
    struct peer peer;
    cf_own(cf_tcp) tcp = open_pair(&peer);
    char text[4096];
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, drip, &peer.conn), 0);
    cf_tcp_limit(tcp, 250);
    enum cf_rc rc = cf_tcp_read(tcp, text, sizeof text, &err);
    tcp = cf_tcp_free(tcp);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_rc(rc, CF_E_TIMEOUT);
    close_peer(&peer);
}

static void
a_connection_waits_for_nothing_before_it_has_a_limit(void **state)
{
    struct peer peer = listen_on(AF_INET, 5);
    struct cf_tcp_options options = options_for("127.0.0.1", peer.port);
    cf_own(cf_tcp) tcp = NULL;
    char byte;

    (void)state;
    assert_ok(cf_tcp_open(&options, &tcp, &err), err);
    assert_rc(cf_tcp_read(tcp, &byte, 1, &err), CF_E_TIMEOUT);
    close_peer(&peer);
}

static void
a_message_cut_short_is_a_network_failure(void **state)
{
    struct peer peer;
    cf_own(cf_tcp) tcp = open_pair(&peer);
    char text[8];

    (void)state;
    assert_int_equal(send(peer.conn, "abc", 3, 0), 3);
    close_peer(&peer);
    assert_rc(cf_tcp_read(tcp, text, 4, &err), CF_E_NET);
    assert_contains(err.text, "hung up");
}

static void
a_reset_is_a_network_failure_both_ways(void **state)
{
    struct peer peer;
    cf_own(cf_tcp) tcp = open_pair(&peer);
    struct linger hard = {.l_onoff = 1};
    char byte;

    (void)state;
    assert_int_equal(setsockopt(peer.conn, SOL_SOCKET, SO_LINGER, &hard, sizeof hard), 0);
    close_peer(&peer);
    assert_rc(cf_tcp_read(tcp, &byte, 1, &err), CF_E_NET);
    assert_rc(cf_tcp_write(tcp, cf_bytes_of("x", 1), &err), CF_E_NET);
}

static void
a_peer_that_takes_nothing_ends_writing_at_the_limit(void **state)
{
    static const uint8_t block[1 << 20];
    struct peer peer;
    cf_own(cf_tcp) tcp = open_pair(&peer);
    enum cf_rc rc = CF_OK;

    (void)state;
    cf_tcp_limit(tcp, 300);
    for (int i = 0; i < 64 && rc == CF_OK; i++)
        rc = cf_tcp_write(tcp, cf_bytes_of(block, sizeof block), &err);
    assert_rc(rc, CF_E_TIMEOUT);
    close_peer(&peer);
}

static void *
raise_stop(void *arg)
{
    (void)poll(NULL, 0, 100);
    __atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
    return arg;
}

static void
the_stop_ends_a_wait(void **state)
{
    struct peer peer;
    cf_own(cf_tcp) tcp = open_pair(&peer);
    pthread_t thread;
    char byte;

    (void)state;
    cf_tcp_limit(tcp, 3600 * 1000);
    assert_int_equal(pthread_create(&thread, NULL, raise_stop, NULL), 0);
    enum cf_rc rc = cf_tcp_read(tcp, &byte, 1, &err);
    pthread_join(thread, NULL);
    __atomic_store_n(&stop, 0, __ATOMIC_RELEASE);
    assert_rc(rc, CF_E_STOPPED);
    close_peer(&peer);
}

static void
what_has_come_is_taken_also_after_the_limit(void **state)
{
    struct peer peer;
    cf_own(cf_tcp) tcp = open_pair(&peer);
    char byte = 0;

    (void)state;
    assert_int_equal(send(peer.conn, "a", 1, 0), 1);
    cf_tcp_limit(tcp, 0);
    assert_ok(cf_tcp_await(peer.conn, POLLOUT, 0, NULL, &err), err);
    assert_rc(cf_tcp_await(peer.conn, POLLIN, 0, NULL, &err), CF_E_TIMEOUT);
    assert_ok(cf_tcp_read(tcp, &byte, 1, &err), err);
    assert_int_equal(byte, 'a');
    close_peer(&peer);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_writes_exactly_what_is_asked),
        cmocka_unit_test(a_connection_has_keep_alive_and_no_delay),
        cmocka_unit_test(a_refused_connection_is_told_with_host_and_port),
        cmocka_unit_test(a_name_that_nobody_knows_is_told),
        cmocka_unit_test(all_addresses_of_a_name_are_tried),
        cmocka_unit_test(an_address_of_the_other_family_works),
        cmocka_unit_test(nobody_answering_ends_at_the_limit_or_the_stop),
        cmocka_unit_test(silence_ends_at_the_limit),
        cmocka_unit_test(a_peer_that_drips_does_not_outlive_the_limit),
        cmocka_unit_test(a_connection_waits_for_nothing_before_it_has_a_limit),
        cmocka_unit_test(a_message_cut_short_is_a_network_failure),
        cmocka_unit_test(a_reset_is_a_network_failure_both_ways),
        cmocka_unit_test(a_peer_that_takes_nothing_ends_writing_at_the_limit),
        cmocka_unit_test(the_stop_ends_a_wait),
        cmocka_unit_test(what_has_come_is_taken_also_after_the_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
