/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exchange - one HTTP request and its answer, between the HTTP side and the operations.
 */
#pragma once

#include "query.h"
#include "routes.h"

enum { CF_SCEP_REMOTE_SIZE = 64 };

struct cf_scep_response {
    unsigned status;        /* of HTTP */
    const char *type;       /* static */
    struct cf_buf *body;    /* owned; NULL: empty */
    unsigned retry_after_s; /* 0: not told */
};

struct cf_scep_exchange {
    enum cf_scep_operation operation;
    struct cf_scep_route route;
    struct cf_buf *message; /* of PKIOperation, owned; NULL: none */
    char remote[CF_SCEP_REMOTE_SIZE];
    struct cf_scep_response response;
    /* Called once, on any thread, when the response is there; the exchange is not touched after. */
    void (*done)(struct cf_scep_exchange *exchange);
};

/* Sets the response, or another one. A short text for people; what cannot even be allocated is
 * answered without one. */
void cf_scep_respond_text(struct cf_scep_exchange *exchange, unsigned status, const char *text);
void cf_scep_respond(struct cf_scep_exchange *exchange, const char *type, struct cf_buf *take_body);
/* 503; delay_ms: when to come again, told in whole seconds. */
void cf_scep_respond_later(struct cf_scep_exchange *exchange, uint64_t delay_ms);
void cf_scep_exchange_done(struct cf_scep_exchange *exchange);
