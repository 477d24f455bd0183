/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_cert - which certificate the server showed. The library tells it only with the handshake, so
 * that of a kept connection is remembered, by its two addresses.
 */
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "certferry/text.h"
#include "http_internal.h"

enum { DER_MAX = 64 * 1024 };

static const char BEGIN[] = "Cert:-----BEGIN CERTIFICATE-----";
static const char END[] = "-----END CERTIFICATE-----";

static enum cf_rc
from_pem(const char *pem, struct cf_buf **ret_der, struct cf_err *err)
{
    const char *end = strstr(pem, END);
    size_t n = 0;

    if (!end)
        return cf_fail(err, CF_E_BUG, "TLS library shows a certificate without an end");
    cf_own_str text = calloc(1, (size_t)(end - pem) + 1);
    if (!text)
        return cf_fail_oom(err);
    for (const char *at = pem; at < end; at++) {
        if (*at != '\n' && *at != '\r')
            text[n++] = *at;
    }
    return cf_text_from_base64(text, DER_MAX, ret_der, err);
}

/* Leaves *ret_der alone when there was no handshake. */
static enum cf_rc
from_handshake(CURL *easy, struct cf_buf **ret_der, struct cf_err *err)
{
    struct curl_certinfo *info = NULL;

    if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &info) != CURLE_OK || !info ||
        info->num_of_certs < 1)
        return CF_OK;
    /* The first is the server's own. */
    for (const struct curl_slist *line = info->certinfo[0]; line; line = line->next) {
        if (cf_text_starts_with(line->data, BEGIN))
            return from_pem(line->data + sizeof BEGIN - 1, ret_der, err);
    }
    return CF_OK;
}

static bool
name_connection(CURL *easy, char ret_name[CF_HTTP_CONNECTION_SIZE])
{
    const char *local = NULL, *remote = NULL;
    long local_port = 0, remote_port = 0;

    if (curl_easy_getinfo(easy, CURLINFO_LOCAL_IP, &local) != CURLE_OK ||
        curl_easy_getinfo(easy, CURLINFO_PRIMARY_IP, &remote) != CURLE_OK ||
        curl_easy_getinfo(easy, CURLINFO_LOCAL_PORT, &local_port) != CURLE_OK ||
        curl_easy_getinfo(easy, CURLINFO_PRIMARY_PORT, &remote_port) != CURLE_OK || !local ||
        !remote || local_port == 0)
        return false;
    (void)snprintf(ret_name, CF_HTTP_CONNECTION_SIZE, "%s %ld %s %ld", local, local_port, remote,
                   remote_port);
    return true;
}

/* The connection's own place, or a free one: the library closes connections before it has as many
 * as there are places. */
static struct cf_http_shown *
place_of(struct cf_http *http, const char *connection)
{
    struct cf_http_shown *place = NULL;

    for (size_t i = 0; i < CF_COUNT(http->shown); i++) {
        struct cf_http_shown *shown = &http->shown[i];
        if (strcmp(shown->connection, connection) == 0)
            return shown;
        if (!shown->connection[0])
            place = shown;
    }
    if (place)
        (void)snprintf(place->connection, sizeof place->connection, "%s", connection);
    return place;
}

int
cf_http_close_socket(void *arg, curl_socket_t fd)
{
    struct cf_http *http = arg;
    struct sockaddr_storage local;
    socklen_t size = sizeof local;
    char host[64], port[16], name[CF_HTTP_CONNECTION_SIZE];

    if (getsockname(fd, (struct sockaddr *)&local, &size) == 0 &&
        getnameinfo((struct sockaddr *)&local, size, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) == 0) {
        (void)snprintf(name, sizeof name, "%s %s ", host, port);
        for (size_t i = 0; i < CF_COUNT(http->shown); i++) {
            struct cf_http_shown *shown = &http->shown[i];
            if (cf_text_starts_with(shown->connection, name)) {
                shown->connection[0] = '\0';
                shown->cert = cf_buf_free(shown->cert);
            }
        }
    }
    return close(fd);
}

enum cf_rc
cf_http_take_cert(struct cf_http_transfer *transfer, struct cf_err *err)
{
    struct cf_http *http = transfer->http;
    cf_own(cf_buf) der = NULL;
    char connection[CF_HTTP_CONNECTION_SIZE];

    if (!transfer->is_tls || !http->keeps_certs)
        return CF_OK;
    CF_TRY(from_handshake(transfer->easy, &der, err));
    if (!name_connection(transfer->easy, connection))
        return cf_fail(err, CF_E_BUG, "%s: connection without addresses", transfer->target);
    struct cf_http_shown *shown = place_of(http, connection);
    if (!shown)
        return cf_fail(err, CF_E_BUG, "%s: more connections than expected", transfer->target);
    if (der) {
        cf_buf_free(shown->cert);
        shown->cert = cf_give(der);
    }
    if (!transfer->request->wants_peer_cert)
        return CF_OK;
    if (!shown->cert)
        return cf_fail(err, CF_E_BUG, "%s: the server's certificate is not known",
                       transfer->target);
    transfer->peer_cert = cf_buf_copy(cf_buf_bytes(shown->cert));
    return transfer->peer_cert ? CF_OK : cf_fail_oom(err);
}
