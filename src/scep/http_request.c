/* SPDX-License-Identifier: Apache-2.0 */
/* One request, from its first line to the end of its answer, on the thread of its socket. */
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "certferry/scep_message.h"
#include "certferry/text.h"
#include "http_internal.h"

enum phase { HEAD, BODY, WORKING };
enum method { GET, HEAD_ONLY, POST, OTHER_METHOD };

struct request {
    struct cf_scep_exchange exchange;
    struct cf_scep_http *http;
    struct MHD_Connection *connection;
    struct cf_scep_query query;
    enum cf_rc target_rc;
    enum phase phase;
    enum method method;
    size_t n_body;
};

static struct cf_scep_connection *
connection_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info ? info->socket_context : NULL;
}

static const struct sockaddr *
address_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

    return info ? info->client_addr : NULL;
}

enum MHD_Result
cf_scep_on_accept(void *cls, const struct sockaddr *address, socklen_t len)
{
    struct cf_scep_http *http = cls;

    (void)len;
    return cf_scep_connections_admit(http->connections, address) ? MHD_YES : MHD_NO;
}

void
cf_scep_on_connection(void *cls, struct MHD_Connection *connection, void **socket_context,
                      enum MHD_ConnectionNotificationCode what)
{
    struct cf_scep_http *http = cls;

    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        cf_scep_connection_remove(*socket_context);
        *socket_context = NULL;
        return;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (info)
        *socket_context =
            cf_scep_connection_add(http->connections, info->connect_fd, address_of(connection));
}

static void
tell_remote(struct MHD_Connection *connection, char ret[CF_SCEP_REMOTE_SIZE])
{
    static const char mapped[] = "::ffff:";
    const struct sockaddr *address = address_of(connection);
    socklen_t len = address && address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                                              : sizeof(struct sockaddr_in);

    if (!address || getnameinfo(address, len, ret, CF_SCEP_REMOTE_SIZE, NULL, 0, NI_NUMERICHOST))
        snprintf(ret, CF_SCEP_REMOTE_SIZE, "unknown");
    if (cf_text_starts_with(ret, mapped) && strchr(ret, '.'))
        memmove(ret, ret + strlen(mapped), strlen(ret + strlen(mapped)) + 1);
}

/* Suspended until now; the library calls cf_scep_on_request again. */
static void
resume(struct cf_scep_exchange *exchange)
{
    struct request *request = (struct request *)exchange;

    MHD_resume_connection(request->connection);
}

void *
cf_scep_on_target(void *cls, const char *target, struct MHD_Connection *connection)
{
    struct request *request = calloc(1, sizeof *request);

    cf_scep_connection_enter(connection_of(connection), CF_SCEP_RECEIVING);
    if (!request)
        return NULL;
    request->http = cls;
    request->connection = connection;
    request->exchange.done = resume;
    request->target_rc = cf_scep_query_parse(target, &request->query, NULL);
    tell_remote(connection, request->exchange.remote);
    return request;
}

void
cf_scep_on_completed(void *cls, struct MHD_Connection *connection, void **request_context,
                     enum MHD_RequestTerminationCode why)
{
    struct request *request = *request_context;

    (void)cls;
    (void)why;
    if (!request)
        return;
    *request_context = NULL;
    cf_scep_query_done(&request->query);
    cf_scep_exchange_done(&request->exchange);
    free(request);
    cf_scep_connection_enter(connection_of(connection), CF_SCEP_AWAITING);
}

static enum MHD_Result
answer(struct request *request)
{
    struct cf_scep_response *response = &request->exchange.response;
    struct cf_bytes body = response->body ? cf_buf_bytes(response->body) : cf_bytes_of("", 0);
    char seconds[16];

    cf_scep_connection_enter(connection_of(request->connection), CF_SCEP_SENDING);
    struct MHD_Response *reply = MHD_create_response_from_buffer(
        body.len, (void *)(uintptr_t)body.data, MHD_RESPMEM_MUST_COPY);
    if (!reply)
        return MHD_NO;
    snprintf(seconds, sizeof seconds, "%u", response->retry_after_s);
    bool is_whole =
        MHD_add_response_header(reply, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store") == MHD_YES &&
        MHD_add_response_header(reply, MHD_HTTP_HEADER_CONTENT_TYPE,
                                response->type ? response->type : "text/plain") == MHD_YES;
    if (response->retry_after_s > 0)
        is_whole &= MHD_add_response_header(reply, MHD_HTTP_HEADER_RETRY_AFTER, seconds) == MHD_YES;
    if (response->status == MHD_HTTP_METHOD_NOT_ALLOWED)
        is_whole &=
            MHD_add_response_header(reply, MHD_HTTP_HEADER_ALLOW, "GET, HEAD, POST") == MHD_YES;

    enum MHD_Result result = MHD_NO;
    if (is_whole)
        result = MHD_queue_response(request->connection, response->status ? response->status : 503,
                                    reply);
    MHD_destroy_response(reply);
    return result;
}

static enum method
read_method(const char *method)
{
    if (strcmp(method, MHD_HTTP_METHOD_GET) == 0)
        return GET;
    if (strcmp(method, MHD_HTTP_METHOD_HEAD) == 0)
        return HEAD_ONLY;
    return strcmp(method, MHD_HTTP_METHOD_POST) == 0 ? POST : OTHER_METHOD;
}

static enum MHD_Result
answer_too_large(struct request *request)
{
    cf_scep_respond_text(&request->exchange, MHD_HTTP_CONTENT_TOO_LARGE,
                         "The request is longer than any SCEP message may be.\n");
    return answer(request);
}

/* A body that is announced and will not be read to its end is not begun with. */
static enum MHD_Result
begin_body(struct request *request, const char *method)
{
    const char *announced = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND,
                                                        MHD_HTTP_HEADER_CONTENT_LENGTH);
    const char *expect =
        MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_EXPECT);
    uint64_t len = announced ? strtoull(announced, NULL, 10) : 0;

    request->method = read_method(method);
    request->phase = BODY;
    if (len > CF_SCEP_DISCARD_MAX || (expect && len > CF_SCEP_MESSAGE_MAX))
        return answer_too_large(request);
    return MHD_YES;
}

/* What is too long is read and dropped, so that the client gets to read why. */
static enum MHD_Result
take_body(struct request *request, const char *data, size_t len)
{
    struct cf_scep_exchange *exchange = &request->exchange;

    request->n_body += len;
    if (request->n_body > CF_SCEP_DISCARD_MAX)
        return MHD_NO;
    if (request->n_body > CF_SCEP_MESSAGE_MAX || request->method != POST) {
        exchange->message = cf_buf_free(exchange->message);
        return MHD_YES;
    }
    if (!exchange->message)
        exchange->message = cf_buf_new(CF_SCEP_MESSAGE_MAX);
    if (!exchange->message)
        return MHD_NO;
    return cf_buf_append(exchange->message, data, len, NULL) == CF_OK ? MHD_YES : MHD_NO;
}

/* False: the exchange has its response. */
static bool
is_ours(struct request *request)
{
    struct cf_scep_exchange *exchange = &request->exchange;
    enum cf_scep_operation operation = exchange->operation;

    if (request->method == OTHER_METHOD)
        cf_scep_respond_text(exchange, 405, "SCEP has GET and POST only.\n");
    else if (request->target_rc == CF_E_LIMIT)
        cf_scep_respond_text(exchange, 414, "The request target is too long.\n");
    else if (request->target_rc != CF_OK && request->target_rc != CF_E_NOT_FOUND)
        cf_scep_respond_text(exchange, 400, "The request target cannot be read.\n");
    else if (!exchange->route.is_known)
        cf_scep_respond_text(exchange, 404, "There is nothing here.\n");
    else if (operation == CF_SCEP_OP_NONE)
        cf_scep_respond_text(exchange, 403,
                             "This address is for devices, which enrol here by SCEP.\n");
    else if (operation == CF_SCEP_OP_UNKNOWN)
        cf_scep_respond_text(exchange, 400, "There is no such SCEP operation.\n");
    else if (operation == CF_SCEP_OP_PKI_OPERATION ? request->method == HEAD_ONLY
                                                   : request->method == POST)
        cf_scep_respond_text(exchange, 405, "That operation has another method.\n");
    else if (request->n_body > CF_SCEP_MESSAGE_MAX)
        cf_scep_respond_text(exchange, 413, "The request is longer than a SCEP message may be.\n");
    else if (operation == CF_SCEP_OP_PKI_OPERATION &&
             (!exchange->message || cf_buf_len(exchange->message) == 0))
        cf_scep_respond_text(exchange, 400, "There is no SCEP message in the request.\n");
    else
        return true;
    return false;
}

static enum MHD_Result
begin_work(struct request *request)
{
    struct cf_scep_exchange *exchange = &request->exchange;

    exchange->operation = request->query.operation;
    if (request->target_rc == CF_OK)
        exchange->route = cf_scep_route(request->query.path);
    if (request->method != POST)
        exchange->message = cf_give(request->query.message);
    if (!is_ours(request))
        return answer(request);
    request->phase = WORKING;
    cf_scep_connection_enter(connection_of(request->connection), CF_SCEP_WORKING);
    MHD_suspend_connection(request->connection);
    request->http->options.begin(request->http->options.arg, exchange);
    return MHD_YES;
}

enum MHD_Result
cf_scep_on_request(void *cls, struct MHD_Connection *connection, const char *url,
                   const char *method, const char *version, const char *data, size_t *data_len,
                   void **request_context)
{
    struct request *request = *request_context;
    size_t len = *data_len;

    (void)cls;
    (void)connection;
    (void)url;
    (void)version;
    if (!request)
        return MHD_NO;
    switch (request->phase) {
    case HEAD:
        return begin_body(request, method);
    case BODY:
        if (len == 0)
            return begin_work(request);
        *data_len = 0;
        return take_body(request, data, len);
    case WORKING:
        break;
    }
    return answer(request);
}
