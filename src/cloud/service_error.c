/* SPDX-License-Identifier: Apache-2.0 */
/* service_error - the error object of the service and of the directory, in one sentence. */
#include <string.h>

#include "certferry/json.h"
#include "certferry/text.h"

#include "wire.h"

enum { CODE_MAX = 128, MESSAGE_MAX = 64 * 1024, QUOTE_SIZE = 180 };

/* The service likes to put a JSON document into the message; its Message is what people want. */
static void
quote_message(const char *message, char quote[QUOTE_SIZE])
{
    cf_own(cf_json) inner = NULL;
    const char *text = NULL;

    if (message[0] == '{' &&
        cf_json_parse(cf_bytes_of(message, strlen(message)), MESSAGE_MAX, &inner, NULL) == CF_OK &&
        cf_json_string(inner, "Message", 1, MESSAGE_MAX, &text, NULL) == CF_OK)
        message = text;
    cf_text_sanitize(message, strlen(message), quote, QUOTE_SIZE);
}

enum cf_rc
cf_wire_status(const struct cf_http_response *response, struct cf_err *err)
{
    cf_own(cf_json) answer = NULL;
    const struct cf_json *error = NULL;
    const char *code = "no code";
    const char *message = "";
    char quote[QUOTE_SIZE];
    char name[CODE_MAX];

    enum cf_rc rc = cf_http_check_status(response, err);
    if (rc == CF_OK || !response->body)
        return rc;
    if (cf_json_parse(cf_buf_bytes(response->body), CF_CLOUD_ANSWER_MAX, &answer, NULL) != CF_OK ||
        cf_json_object(answer, "error", &error, NULL) != CF_OK)
        return rc;
    (void)!cf_json_string_opt(error, "code", 0, CODE_MAX, &code, NULL);
    (void)!cf_json_string_opt(error, "message", 0, MESSAGE_MAX, &message, NULL);
    quote_message(message, quote);
    cf_text_sanitize(code, strlen(code), name, sizeof name);

    struct cf_err status = *err;
    (void)cf_fail(err, rc, "HTTP %ld %s: %s", response->status, name, quote);
    err->fault = status.fault;
    err->native = status.native;
    err->retry_after_s = status.retry_after_s;
    return rc;
}
