/* SPDX-License-Identifier: Apache-2.0 */
/* discovery - asks the tenant's directory where the service lives, and remembers it for a day. */
#include <stdio.h>
#include <string.h>

#include "parts.h"
#include "wire.h"

enum { PAGES_MAX = 6 /* the first and five links */ };
static const int64_t LIFE_MS = 24LL * 3600 * 1000;

void
cf_discovery_done(struct cf_discovery *discovery)
{
    free(discovery->url);
    free(discovery->fresh);
    cf_flight_done(&discovery->flight);
}

/* The directory's own words do not say which permission is missing. */
static enum cf_rc
name_failure(struct cf_err *err)
{
    if (err->native == 403)
        return cf_err_prefix(err, "discovery: the application may not read the service map; grant "
                                  "it Application.Read.All on the directory");
    if (err->native == 404)
        return cf_err_prefix(err, "discovery: the directory does not know service_app_id");
    return cf_err_prefix(err, "discovery");
}

static enum cf_rc
get_page(const struct cf_discovery *discovery, const char *url, struct cf_buf **ret_body,
         struct cf_err *err)
{
    struct cf_call call = {.use = CF_TOKEN_GRAPH,
                           .method = "GET",
                           .url = url,
                           .timeout_ms = discovery->settings->timeout_ms};
    char activity[CF_UUID_SIZE];

    if (cf_call_send(discovery->caller, &call, ret_body, activity, err) != CF_OK)
        return name_failure(err);
    return CF_OK;
}

static enum cf_rc
first_url(const struct cf_discovery *discovery, char **ret_url, struct cf_err *err)
{
    const char *app_id = discovery->settings->service_app_id;
    cf_own_str path = NULL;
    char encoded[3 * 128 + 1];
    size_t len = strlen(app_id);

    if (len > 128)
        return cf_fail(err, CF_E_CONFIG, "service_app_id is %zu characters long", len);
    encoded[cf_url_encode(cf_bytes_of(app_id, len), encoded)] = '\0';
    if (asprintf(&path, "v1.0/servicePrincipals/appId=%s/endpoints", encoded) < 0) {
        path = NULL;
        return cf_fail_oom(err);
    }
    return cf_url_join(discovery->settings->graph, path, ret_url, err);
}

static enum cf_rc
discover(void *arg, struct cf_err *err)
{
    struct cf_discovery *discovery = arg;
    const char *name = discovery->service_name;
    cf_own_str page_url = NULL;

    if (!name)
        return cf_fail(err, CF_E_CONFIG, "[cloud] scep_service_name is not set");
    CF_TRY(first_url(discovery, &page_url, err));
    for (size_t i = 0; i < PAGES_MAX && page_url; i++) {
        cf_own(cf_buf) body = NULL;
        cf_own_str next = NULL;
        cf_own_str found = NULL;

        CF_TRY(get_page(discovery, page_url, &body, err));
        CF_TRY(cf_wire_endpoints(cf_buf_bytes(body), name, &found, &next, err));
        if (found) {
            free(discovery->fresh);
            discovery->fresh = cf_give(found);
            return CF_OK;
        }
        /* The token for the directory goes nowhere else. */
        if (next && !cf_wire_same_origin(discovery->settings->graph, next))
            return cf_fail(err, CF_E_PROTOCOL,
                           "discovery answer: its next page lies on another host than graph");
        free(page_url);
        page_url = cf_give(next);
    }
    return cf_fail(err, CF_E_AUTH, "the directory publishes no service %s for this tenant; %s",
                   name, discovery->remedy);
}

static void
publish(void *arg)
{
    struct cf_discovery *discovery = arg;

    free(discovery->url);
    discovery->url = cf_give(discovery->fresh);
    discovery->good_until_ms = cf_clock_monotonic_ms(discovery->clock) + LIFE_MS;
}

static enum cf_rc
copy_text(const char *text, char **ret_copy, struct cf_err *err)
{
    char *copy = strdup(text);

    if (!copy)
        return cf_fail_oom(err);
    *ret_copy = copy;
    return CF_OK;
}

enum cf_rc
cf_discovery_get(struct cf_discovery *discovery, char **ret_url, struct cf_err *err)
{
    enum cf_rc rc = CF_OK;

    if (discovery->settings->endpoint)
        return copy_text(discovery->settings->endpoint, ret_url, err);
    cf_flight_lock(&discovery->flight);
    if (!discovery->url || cf_clock_monotonic_ms(discovery->clock) >= discovery->good_until_ms)
        rc = cf_flight_run(&discovery->flight, discover, publish, discovery, err);
    if (rc == CF_OK && !discovery->url) /* dropped again before this thread came to see it */
        rc = cf_fail(err, CF_E_NET, "the service does not answer where the directory says it is");
    if (rc == CF_OK)
        rc = copy_text(discovery->url, ret_url, err);
    cf_flight_unlock(&discovery->flight);
    return rc;
}

void
cf_discovery_drop(struct cf_discovery *discovery, const char *url)
{
    cf_flight_lock(&discovery->flight);
    if (discovery->url && strcmp(discovery->url, url) == 0) {
        free(discovery->url);
        discovery->url = NULL;
    }
    cf_flight_unlock(&discovery->flight);
}
