/* SPDX-License-Identifier: Apache-2.0 */
/* http_client - a server over a stub of the operations, and raw sockets that talk to it. */
#pragma once

#include "scep/http.h"

enum { ANSWER_SIZE = 4096, PATIENCE_MS = 20000 };

struct door {
    struct cf_scep_settings settings;
    struct cf_scep_listeners listeners;
    struct cf_scep_http *http;
    uint16_t port;
    /* What the stub does and saw. */
    unsigned delay_ms;              /* before it answers, on another thread; 0: at once */
    struct cf_scep_response answer; /* without a body: "STATUS message-length" */
    int n_begun;                    /* atomic, as the next */
    int n_done;
    struct cf_scep_exchange last; /* without what it owns */
    size_t last_len;
};

void door_open(struct door *door); /* settings that are 0 get usual values */
void door_close(struct door *door);
void door_await(const int *counter, int value); /* fails the test after PATIENCE_MS */

struct answer {
    unsigned status; /* 0: the connection was closed without one */
    char head[ANSWER_SIZE];
    char body[ANSWER_SIZE];
    size_t body_len;
    bool is_closed; /* afterwards */
};
int door_connect(const struct door *door);
/* False: the peer does not take it any more. */
bool door_send(int fd, const void *data, size_t len);
bool door_send_text(int fd, const char *text);
struct answer door_read(int fd);
/* Connects, sends, reads the answer. */
struct answer door_ask(const struct door *door, const char *request);
bool door_is_cut(int fd); /* within PATIENCE_MS */
