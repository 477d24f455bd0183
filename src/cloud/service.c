/* SPDX-License-Identifier: Apache-2.0 */
/* service - a POST below the service's base URL. */
#include <string.h>

#include "parts.h"
#include "wire.h"

/* A little less than the service takes, for the frame around the results. */
enum { RESULTS_BODY_MAX = CF_CLOUD_ANSWER_MAX - 1024 };

/* The service may have moved: what failed could work at the address it has now. */
static bool
looks_moved(const struct cf_err *err)
{
    return err->rc == CF_E_NET || err->native == 404 || err->native == 410;
}

static bool
looks_unwell(const struct cf_err *err)
{
    return err->rc == CF_E_TIMEOUT || err->native / 100 == 5;
}

static enum cf_rc
send_to(struct cf_connector *connector, const char *base, const struct cf_service_call *service,
        struct cf_buf **ret_body, char activity[CF_UUID_SIZE], struct cf_err *err)
{
    cf_own_str url = NULL;

    CF_TRY(cf_url_join(base, service->path, &url, err));
    struct cf_call call = {.use = CF_TOKEN_SERVICE,
                           .method = "POST",
                           .url = url,
                           .api_version = service->api_version,
                           .body = service->body,
                           .timeout_ms = connector->settings.timeout_ms + service->wait_ms,
                           .is_scep = service->is_scep};
    return cf_call_send(&connector->caller, &call, ret_body, activity, err);
}

static enum cf_rc
name_call(const struct cf_service_call *call, const char *activity, struct cf_err *err)
{
    const char *name = strrchr(call->path, '/');

    return cf_err_prefix(err, "%s (client-request-id %s)", name ? name + 1 : call->path, activity);
}

enum cf_rc
cf_service_send(struct cf_connector *connector, const struct cf_service_call *call,
                struct cf_buf **ret_body, char activity[CF_UUID_SIZE], struct cf_err *err)
{
    struct cf_discovery *discovery =
        call->is_scep ? &connector->scep_discovery : &connector->discovery;
    cf_own_str base = NULL;
    cf_own_str moved_to = NULL;
    struct cf_err ignored;

    (void)strcpy(activity, "none");
    CF_TRY(cf_discovery_get(discovery, &base, err));
    if (send_to(connector, base, call, ret_body, activity, err) == CF_OK)
        return CF_OK;
    if (connector->settings.endpoint || (!looks_moved(err) && !looks_unwell(err)))
        return name_call(call, activity, err);

    cf_discovery_drop(discovery, base);
    if (!looks_moved(err) || cf_discovery_get(discovery, &moved_to, &ignored) != CF_OK ||
        strcmp(base, moved_to) == 0)
        return name_call(call, activity, err);
    if (send_to(connector, moved_to, call, ret_body, activity, err) == CF_OK)
        return CF_OK;
    return name_call(call, activity, err);
}

enum cf_rc
cf_service_results_body(const struct cf_cloud_result *results, size_t n, size_t *at,
                        struct cf_buf **ret_body, struct cf_err *err)
{
    cf_own(cf_buf) body = cf_buf_new(CF_CLOUD_ANSWER_MAX);
    size_t first = *at;
    size_t i = first;

    if (!body)
        return cf_fail_oom(err);
    CF_TRY(cf_buf_append_str(body, "{\"results\":[", err));
    for (; i < n && i - first < CF_CLOUD_PAGE_MAX; i++) {
        if (i > first && cf_buf_len(body) + results[i].json.len > RESULTS_BODY_MAX)
            break;
        if (i > first)
            CF_TRY(cf_buf_append_str(body, ",", err));
        CF_TRY(cf_buf_append(body, results[i].json.data, results[i].json.len, err));
    }
    CF_TRY(cf_buf_append_str(body, "]}", err));
    *at = i;
    *ret_body = cf_give(body);
    return CF_OK;
}
