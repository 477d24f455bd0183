/* SPDX-License-Identifier: Apache-2.0 */
/* main - the HTTP around it: one connection, one message at a time. */
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peer.h"

enum { HEAD_MAX = 8192, BODY_MAX = 1 << 20, BIG = 10 << 20, POLL_REQUEST = 25 };

void
peer_die(const char *what)
{
    fprintf(stderr, "cmp peer: %s failed\n", what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

static FILE *
open_in(const struct peer *peer, const char *name, const char *how)
{
    char path[512];

    (void)snprintf(path, sizeof path, "%s/%s", peer->dir, name);
    return fopen(path, how);
}

void
peer_log(const struct peer *peer, const char *format, ...)
{
    FILE *file = open_in(peer, "log", "ae");
    va_list args;

    if (!file)
        peer_die("log");
    va_start(args, format);
    (void)vfprintf(file, format, args);
    va_end(args);
    (void)fputc('\n', file);
    (void)fclose(file);
}

static void
read_mode(struct peer *peer)
{
    FILE *file = open_in(peer, "mode", "re");

    peer->mode[0] = peer->words[0] = '\0';
    peer->bit = 0;
    if (!file)
        return;
    if (fscanf(file, "%15s %d %199[^\n]", peer->mode, &peer->bit, peer->words) < 1)
        peer->mode[0] = '\0';
    (void)fclose(file);
}

static X509 *
read_cert(const struct peer *peer, const char *name)
{
    FILE *file = open_in(peer, name, "re");
    X509 *cert = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;

    if (file)
        (void)fclose(file);
    return cert;
}

static void
load(struct peer *peer)
{
    FILE *key = open_in(peer, "ca.key", "re");
    FILE *secret = open_in(peer, "secret", "re");
    X509 *clients = read_cert(peer, "clients.pem");

    peer->ca = read_cert(peer, "ca.pem");
    peer->key = key ? PEM_read_PrivateKey(key, NULL, NULL, NULL) : NULL;
    peer->other = EVP_EC_gen("P-256");
    peer->clients = X509_STORE_new();
    if (!peer->ca || !peer->key || !peer->other || !peer->clients || !secret ||
        !fgets(peer->secret, sizeof peer->secret, secret))
        peer_die("loading");
    peer->secret[strcspn(peer->secret, "\n")] = '\0';
    if (clients && X509_STORE_add_cert(peer->clients, clients) != 1)
        peer_die("clients.pem");
    X509_free(clients);
    (void)fclose(key);
    (void)fclose(secret);
}

static bool
read_all(int fd, unsigned char *to, size_t len)
{
    for (size_t got = 0; got < len;) {
        ssize_t n = read(fd, to + got, len - got);
        if (n <= 0)
            return false;
        got += (size_t)n;
    }
    return true;
}

static void
write_all(int fd, const void *from, size_t len)
{
    for (size_t done = 0; done < len;) {
        ssize_t n = send(fd, (const char *)from + done, len - done, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        done += (size_t)n;
    }
}

/* The body of a POST; NULL when there is none. */
static unsigned char *
read_request(int fd, size_t *ret_len)
{
    char head[HEAD_MAX + 1];
    size_t n = 0;

    while (n < HEAD_MAX && (n < 4 || memcmp(head + n - 4, "\r\n\r\n", 4) != 0)) {
        if (read(fd, head + n, 1) != 1)
            return NULL;
        n++;
    }
    head[n] = '\0';
    const char *length = strcasestr(head, "\r\ncontent-length:");
    if (!length || !strcasestr(head, "\r\ncontent-type: application/pkixcmp\r\n"))
        return NULL;
    *ret_len = strtoul(length + strlen("\r\ncontent-length:"), NULL, 10);
    unsigned char *body = *ret_len <= BODY_MAX ? malloc(*ret_len + 1) : NULL;
    if (body && read_all(fd, body, *ret_len))
        return body;
    free(body);
    return NULL;
}

static void
respond(int fd, const char *type, const void *body, size_t len)
{
    char head[256];
    int n = snprintf(head, sizeof head,
                     "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                     "Connection: close\r\n\r\n",
                     type, len);

    write_all(fd, head, (size_t)n);
    write_all(fd, body, len);
}

/* True when the mode was one that needs no CMP. */
static bool
misbehave(const struct peer *peer, int fd, bool is_poll)
{
    static const char CMP[] = "application/pkixcmp";

    if (is_poll && strcmp(peer->mode, "waitcut") == 0)
        return true;
    if (is_poll && strcmp(peer->mode, "waitjunk") == 0) {
        respond(fd, CMP, "junk", 4);
    } else if (is_poll && strcmp(peer->mode, "waitold") == 0) {
        respond(fd, CMP, peer->previous, peer->previous_len);
    } else if (strcmp(peer->mode, "big") == 0) {
        char *big = calloc(1, BIG);
        respond(fd, CMP, big, BIG);
        free(big);
    } else if (strcmp(peer->mode, "garbage") == 0) {
        respond(fd, CMP, "\x30\x82\xff\xffgarbage", 11);
    } else if (strcmp(peer->mode, "html") == 0) {
        respond(fd, "text/html", "<p>sign in</p>", 14);
    } else if (strcmp(peer->mode, "hang") == 0) {
        while (read(fd, &(char){0}, 1) > 0)
            continue;
    } else {
        return strcmp(peer->mode, "cut") == 0;
    }
    return true;
}

static void
serve(struct peer *peer, int fd)
{
    size_t len = 0;
    unsigned char *body = read_request(fd, &len);
    const unsigned char *at = body;
    OSSL_CMP_MSG *request = body ? d2i_OSSL_CMP_MSG(NULL, &at, (long)len) : NULL;
    unsigned char *der = NULL;

    read_mode(peer);
    peer_log(peer, "message %d", request ? OSSL_CMP_MSG_get_bodytype(request) : -1);
    if (request && !misbehave(peer, fd, OSSL_CMP_MSG_get_bodytype(request) == POLL_REQUEST)) {
        OSSL_CMP_SRV_CTX *server = peer_server(peer, request);
        OSSL_CMP_MSG *answer = server ? OSSL_CMP_SRV_process_request(server, request) : NULL;
        int n = answer ? i2d_OSSL_CMP_MSG(answer, &der) : 0;
        if (strcmp(peer->mode, "old") == 0)
            respond(fd, "application/pkixcmp", peer->previous, peer->previous_len);
        else if (n > 0 && strcmp(peer->mode, "lose") != 0)
            respond(fd, "application/pkixcmp", der, (size_t)n);
        OPENSSL_free(peer->previous);
        peer->previous = der;
        peer->previous_len = n > 0 ? (size_t)n : 0;
        OSSL_CMP_MSG_free(answer);
    }
    ERR_clear_error();
    OSSL_CMP_MSG_free(request);
    free(body);
}

static int
listen_on_any(struct peer *peer)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) != 0 || listen(fd, 64) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        peer_die("listening");
    /* Renamed when it is whole: somebody waits for it. */
    FILE *file = open_in(peer, "port.new", "we");
    char from[512], to[512];
    (void)snprintf(from, sizeof from, "%s/port.new", peer->dir);
    (void)snprintf(to, sizeof to, "%s/port", peer->dir);
    if (!file || fprintf(file, "%d\n", ntohs(address.sin_port)) < 0 || fclose(file) != 0 ||
        rename(from, to) != 0)
        peer_die("port");
    return fd;
}

int
main(int argc, char **argv)
{
    static struct peer peer;

    if (argc != 2) {
        fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
        return 2;
    }
    peer.dir = argv[1];
    load(&peer);
    int listener = listen_on_any(&peer);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0)
            continue;
        serve(&peer, fd);
        (void)close(fd);
    }
}
