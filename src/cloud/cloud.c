/* SPDX-License-Identifier: Apache-2.0 */
/* cloud - the port to the management service, joined from its parts. */
#include <stdio.h>
#include <string.h>

#include "parts.h"
#include "wire.h"

#define ANY_ROLE                                                                                   \
    "check that the application has its role with an administrator's consent, that the tenant "    \
    "has a licence, and service_name"
#define SCEP_ROLE                                                                                  \
    "give the application the Intune permission scep_challenge_provider with an "                  \
    "administrator's consent; check the tenant's licence and scep_service_name"

static enum cf_rc
need(const char *value, const char *name, struct cf_err *err)
{
    if (value && value[0])
        return CF_OK;
    return cf_fail(err, CF_E_CONFIG, "[cloud] %s is not set", name);
}

static enum cf_rc
need_url(const char *value, const char *name, struct cf_err *err)
{
    CF_TRY(need(value, name, err));
    if (cf_wire_check_url(value, err) == CF_OK)
        return CF_OK;
    (void)cf_wire_blame_settings(err);
    return cf_err_prefix(err, "[cloud] %s", name);
}

static enum cf_rc
check_settings(const struct cf_cloud_settings *settings, struct cf_err *err)
{
    if (settings->endpoint) {
        CF_TRY(need_url(settings->endpoint, "endpoint", err));
    } else {
        CF_TRY(need_url(settings->graph, "graph", err));
        CF_TRY(need(settings->service_app_id, "service_app_id", err));
        CF_TRY(need(settings->service_name, "service_name", err));
    }
    if (settings->auth == CF_AUTH_TLS) {
        CF_TRY(need(settings->tls_cert_file, "tls_cert_file", err));
        return need(settings->tls_key_file, "tls_key_file", err);
    }
    CF_TRY(need_url(settings->authority, "authority", err));
    CF_TRY(need(settings->resource, "resource", err));
    CF_TRY(need(settings->tenant, "tenant", err));
    CF_TRY(need(settings->client_id, "client_id", err));
    if (settings->auth == CF_AUTH_SECRET)
        return need(settings->client_secret_file, "client_secret_file", err);
    if (settings->assertion_renew)
        CF_TRY(need_url(settings->graph, "graph", err));
    return need(settings->assertion_file, "assertion_file", err);
}

static enum cf_rc
write_token_url(const struct cf_cloud_settings *settings, char **ret_url, struct cf_err *err)
{
    size_t len = strlen(settings->tenant);
    cf_own_str encoded = calloc(3 * len + 1, 1);
    cf_own_str path = NULL;

    if (!encoded)
        return cf_fail_oom(err);
    (void)cf_url_encode(cf_bytes_of(settings->tenant, len), encoded);
    if (asprintf(&path, "%s/oauth2/v2.0/token", encoded) < 0) {
        path = NULL;
        return cf_fail_oom(err);
    }
    return cf_url_join(settings->authority, path, ret_url, err);
}

static enum cf_rc
open_discovery(struct cf_connector *connector, struct cf_discovery *discovery,
               const char *service_name, const char *remedy, struct cf_err *err)
{
    *discovery = (struct cf_discovery){.settings = &connector->settings,
                                       .clock = connector->clock,
                                       .caller = &connector->caller,
                                       .service_name = service_name,
                                       .remedy = remedy};
    return cf_flight_init(&discovery->flight, err);
}

static enum cf_rc
open_parts(struct cf_connector *connector, const struct cf_cloud_env *env, struct cf_err *err)
{
    const struct cf_cloud_settings *settings = &connector->settings;

    connector->connector_id = strdup(env->connector_id);
    connector->host_name = strdup(env->host_name);
    if (!connector->connector_id || !connector->host_name)
        return cf_fail_oom(err);
    CF_TRY(cf_transport_new(settings, env->clock, env->stop_flag, &connector->http, err));
    if (settings->auth == CF_AUTH_CERTIFICATE)
        CF_TRY(cf_identity_files_new(settings->assertion_file, env->clock, &connector->files, err));
    connector->oauth = (struct cf_oauth){.settings = settings,
                                         .clock = env->clock,
                                         .http = connector->http,
                                         .files = connector->files};
    if (settings->auth != CF_AUTH_TLS)
        CF_TRY(write_token_url(settings, &connector->oauth.token_url, err));
    CF_TRY(cf_token_cache_init(&connector->tokens, &connector->oauth, err));
    connector->has_tokens = true;
    connector->caller = (struct cf_caller){.http = connector->http, .tokens = &connector->tokens};
    CF_TRY(open_discovery(connector, &connector->discovery, settings->service_name, ANY_ROLE, err));
    connector->has_discovery = true;
    CF_TRY(open_discovery(connector, &connector->scep_discovery, settings->scep_service_name,
                          SCEP_ROLE, err));
    connector->has_scep_discovery = true;
    return CF_OK;
}

static void
close_parts(struct cf_connector *connector)
{
    if (connector->has_scep_discovery)
        cf_discovery_done(&connector->scep_discovery);
    if (connector->has_discovery)
        cf_discovery_done(&connector->discovery);
    if (connector->has_tokens)
        cf_token_cache_done(&connector->tokens);
    free(connector->oauth.token_url);
    cf_identity_files_free(connector->files);
    cf_transport_free(connector->http);
    free(connector->connector_id);
    free(connector->host_name);
    cf_cloud_settings_done(&connector->settings);
    free(connector);
}

static enum cf_rc
op_open(const struct cf_cloud_settings *settings, const struct cf_cloud_env *env,
        struct cf_cloud **ret_cloud, struct cf_err *err)
{
    struct cf_err own = {0};

    err = err ? err : &own;
    CF_TRY(check_settings(settings, err));
    struct cf_connector *connector = calloc(1, sizeof *connector);
    if (!connector)
        return cf_fail_oom(err);
    connector->base.ops = &cf_cloud_connector;
    connector->clock = env->clock;
    connector->stop_flag = env->stop_flag;
    connector->uses_scep = env->uses_scep;
    enum cf_rc rc = cf_cloud_settings_copy(settings, &connector->settings, err);
    if (rc == CF_OK)
        rc = open_parts(connector, env, err);
    if (rc != CF_OK) {
        close_parts(connector);
        return rc;
    }
    *ret_cloud = &connector->base;
    return CF_OK;
}

static void
op_close(struct cf_cloud *cloud)
{
    if (cloud)
        close_parts(cf_connector_of(cloud));
}

/* The parts may rely on an error object being there. */
static enum cf_rc
op_check(struct cf_cloud *cloud, cf_finding_fn *report, void *arg, struct cf_err *err)
{
    struct cf_err own = {0};

    return cf_connector_check(cf_connector_of(cloud), report, arg, err ? err : &own);
}

static enum cf_rc
op_download(struct cf_cloud *cloud, size_t max, uint64_t wait_ms, struct cf_cloud_page *ret_page,
            struct cf_err *err)
{
    struct cf_err own = {0};

    return cf_connector_download(cf_connector_of(cloud), max, wait_ms, ret_page, err ? err : &own);
}

static enum cf_rc
op_upload(struct cf_cloud *cloud, const struct cf_cloud_result *results, size_t n,
          struct cf_cloud_verdict *ret_verdicts, struct cf_err *err)
{
    struct cf_err own = {0};

    return cf_connector_upload(cf_connector_of(cloud), results, n, ret_verdicts, err ? err : &own);
}

static enum cf_rc
op_download_revocations(struct cf_cloud *cloud, size_t max, struct cf_cloud_page *ret_page,
                        struct cf_err *err)
{
    struct cf_err own = {0};

    return cf_connector_download_revocations(cf_connector_of(cloud), max, ret_page,
                                             err ? err : &own);
}

static enum cf_rc
op_upload_revocations(struct cf_cloud *cloud, const struct cf_cloud_result *results, size_t n,
                      struct cf_err *err)
{
    struct cf_err own = {0};

    return cf_connector_upload_revocations(cf_connector_of(cloud), results, n, err ? err : &own);
}

static enum cf_rc
op_heartbeat(struct cf_cloud *cloud, const struct cf_cloud_heartbeat *heartbeat,
             uint64_t *ret_lease_s, struct cf_err *err)
{
    struct cf_err own = {0};

    return cf_connector_heartbeat(cf_connector_of(cloud), heartbeat, ret_lease_s, err ? err : &own);
}

static enum cf_rc
op_scep_validate(struct cf_cloud *cloud, const struct cf_scep_action *action, uint64_t budget_ms,
                 struct cf_scep_verdict *ret_verdict, struct cf_err *err)
{
    struct cf_err own = {0};

    return cf_connector_scep_validate(cf_connector_of(cloud), action, budget_ms, ret_verdict,
                                      err ? err : &own);
}

static enum cf_rc
op_scep_issued(struct cf_cloud *cloud, const struct cf_scep_action *action,
               const struct cf_scep_issued *issued, uint64_t budget_ms,
               struct cf_scep_verdict *ret_verdict, struct cf_err *err)
{
    struct cf_err own = {0};

    return cf_connector_scep_issued(cf_connector_of(cloud), action, issued, budget_ms, ret_verdict,
                                    err ? err : &own);
}

static enum cf_rc
op_scep_failed(struct cf_cloud *cloud, const struct cf_scep_action *action,
               const struct cf_err *failure, uint64_t budget_ms,
               struct cf_scep_verdict *ret_verdict, struct cf_err *err)
{
    struct cf_err own = {0};

    return cf_connector_scep_failed(cf_connector_of(cloud), action, failure, budget_ms, ret_verdict,
                                    err ? err : &own);
}

static enum cf_rc
op_upkeep(struct cf_cloud *cloud, cf_credential_fn *news, void *arg, int64_t *ret_next_ms,
          struct cf_err *err)
{
    struct cf_err own = {0};

    return cf_credential_upkeep(cf_connector_of(cloud), news, arg, ret_next_ms, err ? err : &own);
}

const struct cf_cloud_ops cf_cloud_connector = {
    .name = "connector",
    .abi = CF_CLOUD_ABI,
    .open = op_open,
    .close = op_close,
    .check = op_check,
    .download = op_download,
    .upload = op_upload,
    .download_revocations = op_download_revocations,
    .upload_revocations = op_upload_revocations,
    .heartbeat = op_heartbeat,
    .scep_validate = op_scep_validate,
    .scep_issued = op_scep_issued,
    .scep_failed = op_scep_failed,
    .upkeep = op_upkeep,
};
