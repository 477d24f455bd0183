/* SPDX-License-Identifier: Apache-2.0 */
#include "connections.h"

#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "certferry/clock.h"

enum { LOOK_EVERY_MS = 250, MS_PER_S = 1000, NS_PER_MS = 1000 * 1000, ADDRESS_SIZE = 16 };

struct cf_scep_connection {
    struct cf_scep_connections *all;
    struct cf_scep_connection *prev;
    struct cf_scep_connection *next;
    uint8_t address[ADDRESS_SIZE];
    int fd;
    bool has_answered;
    bool is_busy;
    int64_t until_ms; /* 0: none */
};

struct cf_scep_connections {
    struct cf_scep_connection_limits limits;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t watcher;
    bool is_ending;
    unsigned n;
    struct cf_scep_connection *first;
};

static int64_t
now_ms(void)
{
    return cf_clock_monotonic_ms(cf_clock_real());
}

/* Locked by the caller. */
static void
shut_overdue(struct cf_scep_connections *all)
{
    int64_t now = now_ms();

    for (struct cf_scep_connection *c = all->first; c; c = c->next) {
        if (c->until_ms == 0 || now < c->until_ms)
            continue;
        (void)shutdown(c->fd, SHUT_RDWR);
        c->until_ms = 0;
    }
}

static void
await_change(struct cf_scep_connections *all)
{
    struct timespec until;

    if (all->n == 0) {
        pthread_cond_wait(&all->changed, &all->lock);
        return;
    }
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (long)LOOK_EVERY_MS * NS_PER_MS;
    until.tv_sec += until.tv_nsec / ((long)MS_PER_S * NS_PER_MS);
    until.tv_nsec %= (long)MS_PER_S * NS_PER_MS;
    while (!all->is_ending && pthread_cond_timedwait(&all->changed, &all->lock, &until) == 0)
        continue;
}

static void *
watch(void *arg)
{
    struct cf_scep_connections *all = arg;

    pthread_mutex_lock(&all->lock);
    while (!all->is_ending) {
        await_change(all);
        shut_overdue(all);
    }
    pthread_mutex_unlock(&all->lock);
    return NULL;
}

static enum cf_rc
start(struct cf_scep_connections *all, struct cf_err *err)
{
    pthread_condattr_t attributes;
    int rc = pthread_condattr_init(&attributes);

    if (rc != 0)
        return cf_fail_errno(err, CF_E_OOM, rc, "condition variable");
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    rc = pthread_cond_init(&all->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    if (rc != 0)
        return cf_fail_errno(err, CF_E_OOM, rc, "condition variable");
    pthread_mutex_init(&all->lock, NULL);
    rc = pthread_create(&all->watcher, NULL, watch, all);
    if (rc == 0)
        return CF_OK;
    pthread_cond_destroy(&all->changed);
    pthread_mutex_destroy(&all->lock);
    return cf_fail_errno(err, CF_E_OOM, rc, "thread for the deadlines of connections");
}

enum cf_rc
cf_scep_connections_new(const struct cf_scep_connection_limits *limits,
                        struct cf_scep_connections **ret_connections, struct cf_err *err)
{
    struct cf_scep_connections *all = calloc(1, sizeof *all);

    if (!all)
        return cf_fail_oom(err);
    all->limits = *limits;
    enum cf_rc rc = start(all, err);
    if (rc != CF_OK) {
        free(all);
        return rc;
    }
    *ret_connections = all;
    return CF_OK;
}

struct cf_scep_connections *
cf_scep_connections_free(struct cf_scep_connections *all)
{
    if (!all)
        return NULL;
    pthread_mutex_lock(&all->lock);
    all->is_ending = true;
    pthread_cond_signal(&all->changed);
    pthread_mutex_unlock(&all->lock);
    pthread_join(all->watcher, NULL);
    while (all->first)
        cf_scep_connection_remove(all->first);
    pthread_cond_destroy(&all->changed);
    pthread_mutex_destroy(&all->lock);
    free(all);
    return NULL;
}

unsigned
cf_scep_connections_count(struct cf_scep_connections *all)
{
    pthread_mutex_lock(&all->lock);
    unsigned n = all->n;
    pthread_mutex_unlock(&all->lock);
    return n;
}

unsigned
cf_scep_connections_count_busy(struct cf_scep_connections *all)
{
    unsigned n = 0;

    pthread_mutex_lock(&all->lock);
    for (struct cf_scep_connection *c = all->first; c; c = c->next)
        n += c->is_busy;
    pthread_mutex_unlock(&all->lock);
    return n;
}

/* Whoever has one IPv6 address has a /64 of them. */
static void
address_of(const struct sockaddr *address, uint8_t ret[ADDRESS_SIZE])
{
    enum { NETWORK_LEN = 8 };
    static const uint8_t mapped[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    struct sockaddr_in6 in6;
    struct sockaddr_in in;

    memset(ret, 0, ADDRESS_SIZE);
    if (address && address->sa_family == AF_INET) {
        memcpy(&in, address, sizeof in);
        memcpy(ret, mapped, sizeof mapped);
        memcpy(ret + sizeof mapped, &in.sin_addr, sizeof in.sin_addr);
    } else if (address && address->sa_family == AF_INET6) {
        memcpy(&in6, address, sizeof in6);
        bool is_mapped = memcmp(&in6.sin6_addr, mapped, sizeof mapped) == 0;
        memcpy(ret, &in6.sin6_addr, is_mapped ? ADDRESS_SIZE : NETWORK_LEN);
    }
}

bool
cf_scep_connections_admit(struct cf_scep_connections *all, const struct sockaddr *address)
{
    uint8_t key[ADDRESS_SIZE];
    unsigned n_same = 0;

    address_of(address, key);
    pthread_mutex_lock(&all->lock);
    for (struct cf_scep_connection *c = all->first; c; c = c->next)
        n_same += memcmp(c->address, key, sizeof key) == 0;
    bool is_welcome = all->n < all->limits.max &&
                      (all->limits.max_per_address == 0 || n_same < all->limits.max_per_address);
    pthread_mutex_unlock(&all->lock);
    return is_welcome;
}

struct cf_scep_connection *
cf_scep_connection_add(struct cf_scep_connections *all, int fd, const struct sockaddr *address)
{
    struct cf_scep_connection *connection = calloc(1, sizeof *connection);

    if (!connection)
        return NULL;
    connection->all = all;
    connection->fd = fd;
    connection->until_ms = now_ms() + (int64_t)all->limits.timeout_ms;
    address_of(address, connection->address);

    pthread_mutex_lock(&all->lock);
    connection->next = all->first;
    if (all->first)
        all->first->prev = connection;
    all->first = connection;
    if (all->n++ == 0)
        pthread_cond_signal(&all->changed);
    pthread_mutex_unlock(&all->lock);
    return connection;
}

void
cf_scep_connection_remove(struct cf_scep_connection *connection)
{
    if (!connection)
        return;

    struct cf_scep_connections *all = connection->all;
    pthread_mutex_lock(&all->lock);
    if (connection->next)
        connection->next->prev = connection->prev;
    if (connection->prev)
        connection->prev->next = connection->next;
    else
        all->first = connection->next;
    all->n--;
    pthread_mutex_unlock(&all->lock);
    free(connection);
}

void
cf_scep_connection_enter(struct cf_scep_connection *connection, enum cf_scep_connection_phase phase)
{
    if (!connection)
        return;

    struct cf_scep_connections *all = connection->all;
    int64_t until_ms = now_ms() + (int64_t)all->limits.timeout_ms;

    pthread_mutex_lock(&all->lock);
    /* The first request's time runs from the connect on. */
    if (phase == CF_SCEP_WORKING)
        connection->until_ms = 0;
    else if (phase != CF_SCEP_RECEIVING || connection->has_answered)
        connection->until_ms = until_ms;
    connection->has_answered |= phase == CF_SCEP_SENDING;
    connection->is_busy = phase == CF_SCEP_WORKING || phase == CF_SCEP_SENDING;
    pthread_mutex_unlock(&all->lock);
}
