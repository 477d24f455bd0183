/* SPDX-License-Identifier: Apache-2.0 */
/* connector_api - the calls for PKCS work and the heartbeat (docs/protocol/connector-api.md). */
#include <stdio.h>

#include "certferry/json.h"
#include "certferry/metrics.h"

#include "parts.h"
#include "wire.h"

#define API_VERSION "1.0"

enum { BODY_MAX = 64 * 1024, WAIT_MAX_S = 60, CAS_MAX = 64 };

static const char *const FEATURES[] = {"issue", "renew", "revoke"};

static enum cf_rc
download_body(const struct cf_connector *connector, size_t max, uint64_t wait_s, struct cf_buf *out,
              struct cf_err *err)
{
    struct cf_json_writer json;

    cf_json_writer_begin(&json, out);
    cf_json_put_object(&json, NULL);
    cf_json_put_object(&json, "downloadParameters");
    cf_json_put_string(&json, "connectorId", connector->connector_id);
    cf_json_put_int(&json, "maxRequests", (int64_t)max);
    cf_json_put_int(&json, "waitSeconds", (int64_t)wait_s);
    cf_json_put_object_end(&json);
    cf_json_put_object_end(&json);
    return cf_json_writer_end(&json, err);
}

enum cf_rc
cf_connector_download(struct cf_connector *connector, size_t max, uint64_t wait_ms,
                      struct cf_cloud_page *ret_page, struct cf_err *err)
{
    cf_own(cf_buf) body = cf_buf_new(BODY_MAX);
    cf_own(cf_buf) answer = NULL;
    uint64_t wait_s = wait_ms / 1000 < WAIT_MAX_S ? wait_ms / 1000 : WAIT_MAX_S;
    struct cf_cloud_page page = {0};
    char activity[CF_UUID_SIZE];

    if (!body)
        return cf_fail_oom(err);
    if (max < 1 || max > CF_CLOUD_PAGE_MAX)
        max = max < 1 ? 1 : CF_CLOUD_PAGE_MAX;
    CF_TRY(download_body(connector, max, wait_s, body, err));
    struct cf_service_call call = {.path = "CertificateAuthorityRequests/downloadPkcsRequests",
                                   .api_version = API_VERSION,
                                   .body = cf_buf_bytes(body),
                                   .wait_ms = wait_s * 1000};
    CF_TRY(cf_service_send(connector, &call, &answer, activity, err));
    CF_TRY(cf_wire_page(cf_buf_bytes(answer), max, &page, err));
    (void)snprintf(page.activity, sizeof page.activity, "%s", activity);
    *ret_page = page;
    return CF_OK;
}

enum cf_rc
cf_connector_upload(struct cf_connector *connector, const struct cf_cloud_result *results, size_t n,
                    struct cf_cloud_verdict *ret_verdicts, struct cf_err *err)
{
    /* Sending a part that was taken in once more does no harm, so the parts need no memory. */
    for (size_t at = 0; at < n;) {
        cf_own(cf_buf) body = NULL;
        cf_own(cf_buf) answer = NULL;
        char activity[CF_UUID_SIZE];
        size_t first = at;

        CF_TRY(cf_service_results_body(results, n, &at, &body, err));
        struct cf_service_call call = {.path = "CertificateAuthorityRequests/uploadPkcsResults",
                                       .api_version = API_VERSION,
                                       .body = cf_buf_bytes(body)};
        CF_TRY(cf_service_send(connector, &call, &answer, activity, err));
        CF_TRY(cf_wire_verdicts(cf_buf_bytes(answer), results + first, at - first,
                                ret_verdicts + first, err));
    }
    return CF_OK;
}

static enum cf_rc
heartbeat_body(const struct cf_connector *connector, const struct cf_cloud_heartbeat *heartbeat,
               struct cf_buf *out, struct cf_err *err)
{
    struct cf_json_writer json;

    cf_json_writer_begin(&json, out);
    cf_json_put_object(&json, NULL);
    cf_json_put_string(&json, "connectorId", connector->connector_id);
    cf_json_put_string(&json, "version", CERTFERRY_VERSION);
    cf_json_put_string(&json, "hostName", connector->host_name);
    cf_json_put_array(&json, "features");
    for (size_t i = 0; i < CF_COUNT(FEATURES); i++)
        cf_json_put_string(&json, NULL, FEATURES[i]);
    if (heartbeat->has_reencrypt)
        cf_json_put_string(&json, NULL, "reencrypt");
    if (heartbeat->has_import)
        cf_json_put_string(&json, NULL, "importPfx");
    cf_json_put_array_end(&json);
    cf_json_put_array(&json, "certificateAuthorities");
    for (size_t i = 0; i < heartbeat->n_cas && i < CAS_MAX; i++) {
        cf_json_put_object(&json, NULL);
        cf_json_put_string(&json, "certificationAuthority", heartbeat->cas[i].host);
        cf_json_put_string(&json, "certificationAuthorityName", heartbeat->cas[i].ca_name);
        cf_json_put_bool(&json, "healthy", heartbeat->cas[i].healthy);
        cf_json_put_object_end(&json);
    }
    cf_json_put_array_end(&json);
    cf_json_put_object(&json, "counters");
    for (enum cf_metric metric = 0; metric < CF_M_MAX_; metric++)
        cf_json_put_int(&json, cf_metric_name(metric), (int64_t)cf_metric_get(metric));
    cf_json_put_object_end(&json);
    cf_json_put_object_end(&json);
    return cf_json_writer_end(&json, err);
}

enum cf_rc
cf_connector_heartbeat(struct cf_connector *connector, const struct cf_cloud_heartbeat *heartbeat,
                       uint64_t *ret_lease_s, struct cf_err *err)
{
    cf_own(cf_buf) body = cf_buf_new(BODY_MAX);
    cf_own(cf_buf) answer = NULL;
    char activity[CF_UUID_SIZE];

    if (!body)
        return cf_fail_oom(err);
    CF_TRY(heartbeat_body(connector, heartbeat, body, err));
    struct cf_service_call call = {
        .path = "Connectors/heartbeat", .api_version = API_VERSION, .body = cf_buf_bytes(body)};
    CF_TRY(cf_service_send(connector, &call, &answer, activity, err));
    return cf_wire_heartbeat(cf_buf_bytes(answer), ret_lease_s, err);
}
