/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oauth - OAuth 2.0 client credentials (RFC 6749 section 4.4, RFC 7523 section 2.2).
 *
 * The secret is read each time, so that a new one is used from the next token on.
 */
#include <stdio.h>
#include <string.h>

#include "certferry/file.h"

#include "parts.h"
#include "wire.h"

enum { SECRET_FILE_MAX = 4096 };

#define ASSERTION_TYPE "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"

/* grant_type, client_id and scope, then `lead` and the encoded proof: never outside of a secret. */
static enum cf_rc
write_form(const struct cf_oauth *oauth, const char *scope, const char *lead,
           const struct cf_secret *proof, struct cf_secret **ret_form, struct cf_err *err)
{
    const char *client_id = oauth->settings->client_id;
    struct cf_bytes part[] = {
        cf_bytes_of("grant_type=client_credentials&client_id=", 40),
        cf_bytes_of(client_id, strlen(client_id)),
        cf_bytes_of("&scope=", 7),
        cf_bytes_of(scope, strlen(scope)),
        cf_bytes_of(lead, strlen(lead)),
        cf_bytes_of(cf_secret_data(proof), cf_secret_len(proof)),
    };
    cf_own(cf_secret) form = NULL;
    size_t len = 0;

    for (size_t i = 0; i < CF_COUNT(part); i++) /* names at even places, values at odd ones */
        len += i % 2 == 0 ? part[i].len : cf_url_encode(part[i], NULL);
    CF_TRY(cf_secret_new(len, &form, err));
    char *at = (char *)cf_secret_edit(form);
    for (size_t i = 0; i < CF_COUNT(part); i++) {
        if (i % 2 == 0) {
            memcpy(at, part[i].data, part[i].len);
            at += part[i].len;
        } else {
            at += cf_url_encode(part[i], at);
        }
    }
    *ret_form = cf_give(form);
    return CF_OK;
}

static enum cf_rc
send_form(const struct cf_oauth *oauth, const struct cf_secret *form, struct cf_secret **ret_token,
          uint64_t *ret_life_s, struct cf_err *err)
{
    char activity[CF_UUID_SIZE];
    char request_id[sizeof "client-request-id: " + CF_UUID_SIZE];
    struct cf_http_response response = {0};

    cf_text_uuid(activity);
    (void)snprintf(request_id, sizeof request_id, "client-request-id: %s", activity);
    const char *headers[] = {"Content-Type: application/x-www-form-urlencoded",
                             "Accept: application/json", CF_CLOUD_USER_AGENT, request_id, NULL};
    struct cf_http_request request = {.method = "POST",
                                      .url = oauth->token_url,
                                      .headers = headers,
                                      .secret_body = form,
                                      .timeout_ms = oauth->settings->timeout_ms};

    if (cf_transport_send(oauth->http, &request, &response, err) != CF_OK)
        return cf_err_prefix(err, "token endpoint");
    enum cf_rc rc = response.status / 100 == 2
                        ? cf_wire_token(cf_buf_bytes(response.body), ret_token, ret_life_s, err)
                        : cf_wire_token_error(&response, err);
    cf_buf_clear(response.body); /* wiped: it held the token */
    cf_http_response_done(&response);
    return rc;
}

static enum cf_rc
token_by_secret(const struct cf_oauth *oauth, const char *scope, struct cf_secret **ret_token,
                uint64_t *ret_life_s, struct cf_err *err)
{
    cf_own(cf_secret) secret = NULL;
    cf_own(cf_secret) form = NULL;

    const char *path = oauth->settings->client_secret_file;
    if (cf_file_read_secret(path, SECRET_FILE_MAX, &secret, err) != CF_OK)
        return cf_wire_blame_settings(err);
    cf_file_trim_newline(secret);
    if (cf_secret_len(secret) == 0)
        return cf_fail(err, CF_E_CONFIG, "%s has an empty line only: write the secret into it",
                       path);
    CF_TRY(write_form(oauth, scope, "&client_secret=", secret, &form, err));
    enum cf_rc rc = send_form(oauth, form, ret_token, ret_life_s, err);
    if (rc != CF_OK)
        cf_secret_mask(secret, err->text);
    return rc;
}

static enum cf_rc
token_by_identity(const struct cf_oauth *oauth, const struct cf_identity *identity,
                  const char *scope, struct cf_secret **ret_token, uint64_t *ret_life_s,
                  struct cf_err *err)
{
    struct cf_assertion assertion = {.identity = identity,
                                     .audience = oauth->token_url,
                                     .issuer = oauth->settings->client_id,
                                     .subject = oauth->settings->client_id,
                                     .now_ms = cf_clock_now_ms(oauth->clock)};
    cf_own(cf_secret) jwt = NULL;
    cf_own(cf_secret) form = NULL;

    CF_TRY(cf_assertion_sign(&assertion, &jwt, err));
    CF_TRY(write_form(oauth, scope, "&client_assertion_type=" ASSERTION_TYPE "&client_assertion=",
                      jwt, &form, err));
    enum cf_rc rc = send_form(oauth, form, ret_token, ret_life_s, err);
    if (rc != CF_OK)
        cf_secret_mask(jwt, err->text);
    return rc;
}

enum cf_rc
cf_oauth_token_by_successor(struct cf_oauth *oauth, const char *scope, struct cf_secret **ret_token,
                            uint64_t *ret_life_s, struct cf_err *err)
{
    cf_own(cf_identity) next = cf_identity_files_candidate(oauth->files);
    struct cf_err ignored;

    if (!next)
        return cf_fail(err, CF_E_NOT_FOUND, "no new certificate waits for being used");
    enum cf_rc rc = token_by_identity(oauth, next, scope, ret_token, ret_life_s, err);
    if (rc == CF_E_AUTH) {
        cf_identity_files_postpone(oauth->files);
        err->rc = CF_E_NOT_FOUND;
        return err->rc;
    }
    /* When the files cannot be moved now, the token is good all the same; the next one tries. */
    if (rc == CF_OK)
        (void)!cf_identity_files_promote(oauth->files, next, &ignored);
    return rc;
}

enum cf_rc
cf_oauth_token(struct cf_oauth *oauth, const char *scope, struct cf_secret **ret_token,
               uint64_t *ret_life_s, struct cf_err *err)
{
    cf_own(cf_identity) current = NULL;

    if (oauth->settings->auth == CF_AUTH_SECRET)
        return token_by_secret(oauth, scope, ret_token, ret_life_s, err);
    enum cf_rc rc = cf_oauth_token_by_successor(oauth, scope, ret_token, ret_life_s, err);
    if (rc != CF_E_NOT_FOUND)
        return rc;
    CF_TRY(cf_identity_files_load(oauth->files, CF_IDENTITY_CURRENT, &current, err));
    return token_by_identity(oauth, current, scope, ret_token, ret_life_s, err);
}
