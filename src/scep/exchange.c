/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange.h"

#include <string.h>

enum { MS_PER_S = 1000, RETRY_AFTER_MAX_S = 3600 };

void
cf_scep_respond(struct cf_scep_exchange *exchange, const char *type, struct cf_buf *take_body)
{
    cf_buf_free(exchange->response.body);
    exchange->response = (struct cf_scep_response){.status = 200, .type = type, .body = take_body};
}

void
cf_scep_respond_text(struct cf_scep_exchange *exchange, unsigned status, const char *text)
{
    cf_buf_free(exchange->response.body);
    exchange->response = (struct cf_scep_response){
        .status = status,
        .type = "text/plain",
        .body = cf_buf_copy(cf_bytes_of(text, strlen(text))),
    };
}

void
cf_scep_respond_later(struct cf_scep_exchange *exchange, uint64_t delay_ms)
{
    uint64_t delay_s = (delay_ms + MS_PER_S - 1) / MS_PER_S;

    if (delay_s > RETRY_AFTER_MAX_S)
        delay_s = RETRY_AFTER_MAX_S;
    cf_scep_respond_text(exchange, 503, "The service cannot answer now; try again later.\n");
    exchange->response.retry_after_s = delay_s > 0 ? (unsigned)delay_s : 1;
}

void
cf_scep_exchange_done(struct cf_scep_exchange *exchange)
{
    exchange->message = cf_buf_free(exchange->message);
    exchange->response.body = cf_buf_free(exchange->response.body);
}
