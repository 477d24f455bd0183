/* SPDX-License-Identifier: Apache-2.0 */
/*
 * intune_revocation - the published revocation calls of the management service.
 *
 * issuerName stays null: the service filters after it has cut the page, so that a filtered page may
 * be empty while work waits.
 */
#include <stdio.h>

#include "certferry/json.h"

#include "parts.h"
#include "wire.h"

#define API_VERSION "5019-05-05"

enum { BODY_MAX = 4096 };

static enum cf_rc
download_body(size_t max, struct cf_buf *out, struct cf_err *err)
{
    struct cf_json_writer json;

    cf_json_writer_begin(&json, out);
    cf_json_put_object(&json, NULL);
    cf_json_put_object(&json, "downloadParameters");
    cf_json_put_int(&json, "maxRequests", (int64_t)max);
    cf_json_put_string(&json, "issuerName", NULL);
    cf_json_put_object_end(&json);
    cf_json_put_object_end(&json);
    return cf_json_writer_end(&json, err);
}

enum cf_rc
cf_connector_download_revocations(struct cf_connector *connector, size_t max,
                                  struct cf_cloud_page *ret_page, struct cf_err *err)
{
    cf_own(cf_buf) body = cf_buf_new(BODY_MAX);
    cf_own(cf_buf) answer = NULL;
    struct cf_cloud_page page = {0};
    char activity[CF_UUID_SIZE];

    if (!body)
        return cf_fail_oom(err);
    if (max < 1 || max > CF_CLOUD_PAGE_MAX)
        max = max < 1 ? 1 : CF_CLOUD_PAGE_MAX;
    CF_TRY(download_body(max, body, err));
    struct cf_service_call call = {.path =
                                       "CertificateAuthorityRequests/downloadRevocationRequests",
                                   .api_version = API_VERSION,
                                   .body = cf_buf_bytes(body)};
    CF_TRY(cf_service_send(connector, &call, &answer, activity, err));
    CF_TRY(cf_wire_page(cf_buf_bytes(answer), max, &page, err));
    (void)snprintf(page.activity, sizeof page.activity, "%s", activity);
    *ret_page = page;
    return CF_OK;
}

enum cf_rc
cf_connector_upload_revocations(struct cf_connector *connector,
                                const struct cf_cloud_result *results, size_t n, struct cf_err *err)
{
    for (size_t at = 0; at < n;) {
        cf_own(cf_buf) body = NULL;
        cf_own(cf_buf) answer = NULL;
        char activity[CF_UUID_SIZE];

        CF_TRY(cf_service_results_body(results, n, &at, &body, err));
        struct cf_service_call call = {.path =
                                           "CertificateAuthorityRequests/uploadRevocationResults",
                                       .api_version = API_VERSION,
                                       .body = cf_buf_bytes(body)};
        CF_TRY(cf_service_send(connector, &call, &answer, activity, err));
        CF_TRY(cf_wire_recorded(cf_buf_bytes(answer), err));
    }
    return CF_OK;
}
