/* SPDX-License-Identifier: Apache-2.0 */
/* settings_copy - the client's own copy of its settings. */
#include <string.h>

#include "parts.h"

#define TEXT_LIST(X)                                                                               \
    X(endpoint)                                                                                    \
    X(authority)                                                                                   \
    X(graph)                                                                                       \
    X(resource)                                                                                    \
    X(service_app_id)                                                                              \
    X(service_name)                                                                                \
    X(scep_service_name)                                                                           \
    X(tenant)                                                                                      \
    X(client_id)                                                                                   \
    X(client_secret_file)                                                                          \
    X(assertion_file)                                                                              \
    X(tls_cert_file)                                                                               \
    X(tls_key_file)                                                                                \
    X(ca_file)                                                                                     \
    X(proxy)                                                                                       \
    X(proxy_user)                                                                                  \
    X(proxy_password_file)

enum cf_rc
cf_cloud_settings_copy(const struct cf_cloud_settings *from, struct cf_cloud_settings *ret_to,
                       struct cf_err *err)
{
    struct cf_cloud_settings to = *from;
    bool is_whole = true;

#define X(name)                                                                                    \
    to.name = from->name ? strdup(from->name) : NULL;                                              \
    is_whole = is_whole && (to.name || !from->name);
    TEXT_LIST(X)
#undef X
    if (!is_whole) {
        cf_cloud_settings_done(&to);
        return cf_fail_oom(err);
    }
    *ret_to = to;
    return CF_OK;
}

void
cf_cloud_settings_done(struct cf_cloud_settings *settings)
{
#define X(name) free(settings->name);
    TEXT_LIST(X)
#undef X
    *settings = (struct cf_cloud_settings){0};
}
