/* SPDX-License-Identifier: Apache-2.0 */
#include "http_client.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>

#include "unit/base/unit.h"

static void
pause_ms(unsigned ms)
{
    const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

    nanosleep(&time, NULL);
}

static struct door *current;

static void
finish(struct cf_scep_exchange *exchange)
{
    struct door *door = current;
    char text[64];

    exchange->response = door->answer;
    int len = snprintf(text, sizeof text, "%s %zu", cf_scep_operation_name(exchange->operation),
                       exchange->message ? cf_buf_len(exchange->message) : 0);
    exchange->response.body = cf_buf_copy(cf_bytes_of(text, (size_t)len));
    exchange->done(exchange);
    __atomic_add_fetch(&door->n_done, 1, __ATOMIC_RELEASE);
}

static void *
finish_later(void *arg)
{
    pause_ms(current->delay_ms);
    finish(arg);
    return NULL;
}

static void
begin(void *arg, struct cf_scep_exchange *exchange)
{
    struct door *door = arg;
    pthread_t thread;

    door->last = *exchange;
    door->last_len = exchange->message ? cf_buf_len(exchange->message) : 0;
    __atomic_add_fetch(&door->n_begun, 1, __ATOMIC_RELEASE);
    if (door->delay_ms == 0) {
        finish(exchange);
        return;
    }
    pthread_create(&thread, NULL, finish_later, exchange);
    pthread_detach(thread);
}

static void
set_default(uint64_t *value, uint64_t preset)
{
    if (*value == 0)
        *value = preset;
}

void
door_open(struct door *door)
{
    static char *listen[] = {(char *)(uintptr_t) "127.0.0.1:0", NULL};
    struct sockaddr_in name;
    socklen_t size = sizeof name;
    struct cf_err err = {0};

    set_default(&door->settings.max_connections, 100);
    set_default(&door->settings.request_timeout_ms, 10000);
    if (door->answer.status == 0)
        door->answer = (struct cf_scep_response){.status = 200, .type = "text/plain"};
    if (!door->settings.tls_listen)
        door->settings.listen = listen;
    assert_ok(cf_scep_listen(&door->settings, &door->listeners, &err), err);

    const struct cf_scep_http_options options = {
        .settings = &door->settings, .listeners = &door->listeners, .begin = begin, .arg = door};
    current = door;
    assert_ok(cf_scep_http_new(&options, &door->http, &err), err);
    assert_int_equal(getsockname(door->listeners.listener[0].fd, (struct sockaddr *)&name, &size),
                     0);
    door->port = ntohs(name.sin_port);
}

void
door_await(const int *counter, int value)
{
    for (unsigned waited = 0; __atomic_load_n(counter, __ATOMIC_ACQUIRE) < value; waited += 10) {
        if (waited > PATIENCE_MS)
            fail_msg("%d in place of %d", __atomic_load_n(counter, __ATOMIC_ACQUIRE), value);
        pause_ms(10);
    }
}

void
door_close(struct door *door)
{
    door_await(&door->n_done, __atomic_load_n(&door->n_begun, __ATOMIC_ACQUIRE));
    door->http = cf_scep_http_free(door->http);
    cf_scep_listeners_done(&door->listeners);
}

int
door_connect(const struct door *door)
{
    const struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(door->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return fd;
}

bool
door_send(int fd, const void *data, size_t len)
{
    for (size_t sent = 0; sent < len;) {
        ssize_t n = send(fd, (const char *)data + sent, len - sent, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        sent += (size_t)n;
    }
    return true;
}

bool
door_send_text(int fd, const char *text)
{
    return door_send(fd, text, strlen(text));
}

static void
read_head(int fd, struct answer *answer)
{
    size_t n = 0;

    /* Byte by byte: what follows belongs to the body or the next answer. */
    while (n < ANSWER_SIZE - 1 && recv(fd, answer->head + n, 1, 0) == 1) {
        answer->head[++n] = '\0';
        if (n >= 4 && strcmp(answer->head + n - 4, "\r\n\r\n") == 0)
            break;
    }
    if (sscanf(answer->head, "HTTP/1.%*1[01] %3u", &answer->status) != 1)
        answer->status = 0;
}

struct answer
door_read(int fd)
{
    struct answer answer = {0};

    do {
        answer.head[0] = '\0';
        read_head(fd, &answer);
    } while (answer.status == 100);
    const char *length = strcasestr(answer.head, "\r\nContent-Length: ");
    size_t len = length ? strtoul(length + 18, NULL, 10) : 0;
    if (answer.status != 0)
        assert_non_null(length);
    assert_true(len < ANSWER_SIZE);
    assert_null(strcasestr(answer.head, "Transfer-Encoding"));
    while (answer.body_len < len) {
        ssize_t n = recv(fd, answer.body + answer.body_len, len - answer.body_len, 0);
        if (n <= 0)
            break;
        answer.body_len += (size_t)n;
    }
    assert_int_equal(answer.body_len, len);
    answer.is_closed = answer.status == 0 || strcasestr(answer.head, "Connection: close") != NULL;
    return answer;
}

struct answer
door_ask(const struct door *door, const char *request)
{
    int fd = door_connect(door);

    door_send_text(fd, request);
    struct answer answer = door_read(fd);
    close(fd);
    return answer;
}

bool
door_is_cut(int fd)
{
    char bytes[256];
    ssize_t n = 0;

    do {
        n = recv(fd, bytes, sizeof bytes, 0);
    } while (n > 0);
    return n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}
