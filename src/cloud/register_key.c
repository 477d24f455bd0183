/* SPDX-License-Identifier: Apache-2.0 */
/*
 * register_key - adds a certificate to the connector's own application in the directory.
 *
 * The published call for rolling keys: whoever holds a key that the application has may add
 * another, and proves it with an assertion signed by the present one.
 */
#include <stdio.h>
#include <string.h>

#include "certferry/json.h"

#include "parts.h"

#define PROOF_AUDIENCE "00000002-0000-0000-c000-000000000000"

enum { BODY_MAX = 64 * 1024, ANSWER_MAX = 1024 * 1024, OBJECT_ID_MAX = 128 };

static enum cf_rc
sign_proof(const struct cf_connector *connector, const struct cf_identity *current,
           const char *object_id, struct cf_secret **ret_proof, struct cf_err *err)
{
    struct cf_assertion proof = {.identity = current,
                                 .audience = PROOF_AUDIENCE,
                                 .issuer = object_id,
                                 .now_ms = cf_clock_now_ms(connector->clock)};

    return cf_assertion_sign(&proof, ret_proof, err);
}

static enum cf_rc
write_body(const struct cf_connector *connector, const struct cf_identity *next,
           const struct cf_secret *proof, struct cf_buf *out, struct cf_err *err)
{
    char name[128];
    struct cf_json_writer json;

    (void)snprintf(name, sizeof name, "certferry %s", connector->connector_id);
    cf_json_writer_begin(&json, out);
    cf_json_put_object(&json, NULL);
    cf_json_put_object(&json, "keyCredential");
    cf_json_put_string(&json, "type", "AsymmetricX509Cert");
    cf_json_put_string(&json, "usage", "Verify");
    cf_json_put_base64(&json, "key", cf_cert_der(cf_identity_cert(next)));
    cf_json_put_string(&json, "displayName", name);
    cf_json_put_object_end(&json);
    cf_json_put_string(&json, "passwordCredential", NULL);
    cf_json_put_string(&json, "proof", (const char *)cf_secret_data(proof));
    cf_json_put_object_end(&json);
    return cf_json_writer_end(&json, err);
}

static enum cf_rc
write_url(const struct cf_connector *connector, const char *end, char **ret_url, struct cf_err *err)
{
    const char *client_id = connector->settings.client_id;
    size_t len = strlen(client_id);
    cf_own_str encoded = calloc(3 * len + 1, 1);
    cf_own_str path = NULL;

    if (!encoded)
        return cf_fail_oom(err);
    (void)cf_url_encode(cf_bytes_of(client_id, len), encoded);
    if (asprintf(&path, "v1.0/applications(appId='%s')%s", encoded, end) < 0) {
        path = NULL;
        return cf_fail_oom(err);
    }
    return cf_url_join(connector->settings.graph, path, ret_url, err);
}

/* The proof is issued by the application's object id, which is not its client id. */
static enum cf_rc
get_object_id(struct cf_connector *connector, char **ret_id, struct cf_err *err)
{
    cf_own(cf_buf) answer = NULL;
    cf_own(cf_json) json = NULL;
    cf_own_str url = NULL;
    char activity[CF_UUID_SIZE];
    const char *id = NULL;

    CF_TRY(write_url(connector, "?$select=id", &url, err));
    struct cf_call call = {.use = CF_TOKEN_GRAPH,
                           .method = "GET",
                           .url = url,
                           .timeout_ms = connector->settings.timeout_ms};
    CF_TRY(cf_call_send(&connector->caller, &call, &answer, activity, err));
    CF_TRY(cf_json_parse(cf_buf_bytes(answer), ANSWER_MAX, &json, err));
    CF_TRY(cf_json_string(json, "id", 1, OBJECT_ID_MAX, &id, err));
    *ret_id = strdup(id);
    return *ret_id ? CF_OK : cf_fail_oom(err);
}

enum cf_rc
cf_register_key(struct cf_connector *connector, const struct cf_identity *current,
                const struct cf_identity *next, struct cf_err *err)
{
    cf_own(cf_secret) proof = NULL;
    cf_own(cf_buf) body = cf_buf_new(BODY_MAX);
    cf_own(cf_buf) answer = NULL;
    cf_own_str url = NULL;
    cf_own_str object_id = NULL;
    char activity[CF_UUID_SIZE];

    if (!body)
        return cf_fail_oom(err);
    if (get_object_id(connector, &object_id, err) != CF_OK)
        return cf_err_prefix(err, "object id of the application");
    CF_TRY(sign_proof(connector, current, object_id, &proof, err));
    CF_TRY(write_body(connector, next, proof, body, err));
    CF_TRY(write_url(connector, "/addKey", &url, err));
    struct cf_call call = {.use = CF_TOKEN_GRAPH,
                           .method = "POST",
                           .url = url,
                           .body = cf_buf_bytes(body),
                           .timeout_ms = connector->settings.timeout_ms};
    enum cf_rc rc = cf_call_send(&connector->caller, &call, &answer, activity, err);
    cf_buf_clear(body);
    return rc == CF_OK ? CF_OK : cf_err_prefix(err, "addKey");
}
