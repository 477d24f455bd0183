/* SPDX-License-Identifier: Apache-2.0 */
/* check - looks at what the connector needs of the cloud, from its own files to a call. */
#include <stdio.h>

#include "certferry/file.h"

#include "parts.h"

enum { FILE_MAX = 256 * 1024, TEXT_SIZE = 512 };

struct check {
    struct cf_connector *connector;
    cf_finding_fn *report;
    void *arg;
};

static void
report(const struct check *check, enum cf_severity severity, const char *subject, const char *text,
       const char *remedy)
{
    struct cf_finding finding = {
        .severity = severity, .subject = subject, .text = text, .remedy = remedy};

    check->report(check->arg, &finding);
}

static const char *
remedy_for(const struct cf_err *err)
{
    switch (err->rc) {
    case CF_E_NET:
    case CF_E_TIMEOUT:
        return "check name resolution, the way out of this host, and the proxy settings";
    case CF_E_TLS:
        return "check ca_file, this host's clock, and whether a proxy opens TLS on the way";
    case CF_E_AUTH:
        return "check the application's credential, its permissions and an administrator's consent";
    case CF_E_THROTTLED:
        return "wait: the service asks for fewer calls";
    case CF_E_PERMISSION:
        return "let only the service's user read the file";
    case CF_E_NOT_FOUND:
        return "make the connector's key with `certferry enroll`";
    case CF_E_CONFIG:
    case CF_E_IO:
        return "check the [cloud] section and the files it names";
    default:
        return "check endpoint, authority and graph in the [cloud] section; try again later if "
               "they are right";
    }
}

static void
report_error(const struct check *check, const char *subject, const struct cf_err *err)
{
    report(check, CF_FINDING_ERROR, subject, err->text, remedy_for(err));
}

static void
report_validity(const struct check *check, const struct cf_cert *cert, bool renews_itself)
{
    int64_t left_ms = cf_cert_not_after_ms(cert) - cf_clock_now_ms(check->connector->clock);
    bool is_late = left_ms < (int64_t)check->connector->settings.assertion_renew_before_ms;
    char when[CF_TEXT_TIME_SIZE];
    char text[TEXT_SIZE];

    cf_text_from_time(cf_cert_not_after_ms(cert), when);
    (void)snprintf(text, sizeof text, "the connector's certificate %s %s",
                   left_ms <= 0 ? "expired at" : "is valid until", when);
    if (left_ms <= 0)
        report(check, CF_FINDING_ERROR, "cloud credential", text,
               "make a new one with `certferry enroll` and have it uploaded");
    else if (is_late && !renews_itself)
        report(check, CF_FINDING_WARNING, "cloud credential", text,
               "replace it in time: nothing renews it by itself");
    else
        report(check, CF_FINDING_OK, "cloud credential", text, NULL);
}

static void
check_successor(const struct check *check)
{
    struct cf_identity_files *files = check->connector->files;
    cf_own(cf_identity) next = NULL;
    struct cf_err own = {0};
    char text[TEXT_SIZE];

    enum cf_rc rc = cf_identity_files_load(files, CF_IDENTITY_NEXT, &next, &own);
    if (rc == CF_E_NOT_FOUND)
        return;
    if (rc != CF_OK) {
        report_error(check, "cloud credential", &own);
    } else if (!cf_identity_files_is_registered(files, next)) {
        (void)snprintf(text, sizeof text, "the next certificate waits for the tenant: %s",
                       cf_identity_files_next_cert_path(files));
        report(check, CF_FINDING_WARNING, "cloud credential", text,
               "have the tenant's administrator upload it to the application");
    }
}

static void
check_identity(const struct check *check)
{
    struct cf_connector *connector = check->connector;
    cf_own(cf_identity) current = NULL;
    struct cf_err own = {0};

    if (cf_identity_files_load(connector->files, CF_IDENTITY_CURRENT, &current, &own) != CF_OK)
        report_error(check, "cloud credential", &own);
    else
        report_validity(check, cf_identity_cert(current), connector->settings.assertion_renew);
    check_successor(check);
}

static void
check_tls_files(const struct check *check)
{
    const struct cf_cloud_settings *settings = &check->connector->settings;
    cf_own(cf_secret) key = NULL;
    cf_own(cf_buf) pem = NULL;
    cf_own(cf_chain) chain = NULL;
    struct cf_err own = {0};

    if (cf_file_read_secret(settings->tls_key_file, CF_SECRET_MAX, &key, &own) != CF_OK ||
        cf_file_read(settings->tls_cert_file, FILE_MAX, &pem, &own) != CF_OK ||
        cf_chain_parse_pem(cf_buf_bytes(pem), &chain, &own) != CF_OK)
        report_error(check, "cloud credential", &own);
    else
        report_validity(check, cf_chain_at(chain, 0), false);
}

static void
check_secret_file(const struct check *check)
{
    cf_own(cf_secret) secret = NULL;
    struct cf_err own = {0};

    if (cf_file_read_secret(check->connector->settings.client_secret_file, CF_SECRET_MAX, &secret,
                            &own) != CF_OK)
        report_error(check, "cloud credential", &own);
    else
        report(check, CF_FINDING_OK, "cloud credential", "the client secret can be read", NULL);
}

static void
check_token(const struct check *check)
{
    cf_own(cf_secret) token = NULL;
    uint64_t generation = 0;
    struct cf_err own = {0};

    if (cf_token_cache_get(&check->connector->tokens, CF_TOKEN_SERVICE, &token, &generation,
                           &own) != CF_OK)
        report_error(check, "cloud token", &own);
    else
        report(check, CF_FINDING_OK, "cloud token", "the tenant gives a token for the service",
               NULL);
}

static bool
check_discovery(const struct check *check, struct cf_discovery *discovery, const char *subject)
{
    cf_own_str url = NULL;
    struct cf_err own = {0};
    char text[TEXT_SIZE];
    bool is_configured = check->connector->settings.endpoint != NULL;

    if (cf_discovery_get(discovery, &url, &own) != CF_OK) {
        report_error(check, subject, &own);
        return false;
    }
    (void)snprintf(text, sizeof text, "the service is %s at %s",
                   is_configured ? "configured" : "published", url);
    report(check, CF_FINDING_OK, subject, text, NULL);
    return true;
}

static void
check_service(const struct check *check)
{
    struct cf_cloud_heartbeat heartbeat = {0};
    uint64_t lease_s = 0;
    struct cf_err own = {0};
    char text[TEXT_SIZE];

    if (cf_connector_heartbeat(check->connector, &heartbeat, &lease_s, &own) != CF_OK) {
        report_error(check, "cloud service", &own);
        return;
    }
    (void)snprintf(text, sizeof text, "the service answers; it leases requests for %llu s",
                   (unsigned long long)lease_s);
    report(check, CF_FINDING_OK, "cloud service", text, NULL);
}

/* Assertions are valid for minutes, and certificates begin when they are issued. */
static void
check_clock(const struct check *check)
{
    enum { WARNING_S = 60, ERROR_S = 300 };
    char text[TEXT_SIZE];
    int64_t ahead_s = 0;

    if (!cf_transport_clock_ahead(check->connector->http, &ahead_s))
        return;
    long long off = ahead_s < 0 ? -(long long)ahead_s : (long long)ahead_s;
    (void)snprintf(text, sizeof text, "this host's clock is %lld s %s the cloud's", off,
                   ahead_s < 0 ? "ahead of" : "behind");
    if (off >= ERROR_S)
        report(check, CF_FINDING_ERROR, "clock", text,
               "set the clock and let it be kept (systemd-timesyncd, chrony): tokens are refused "
               "and certificates are not valid yet");
    else if (off >= WARNING_S)
        report(check, CF_FINDING_WARNING, "clock", text,
               "let the clock be kept (systemd-timesyncd, chrony)");
    else
        report(check, CF_FINDING_OK, "clock", text, NULL);
}

enum cf_rc
cf_connector_check(struct cf_connector *connector, cf_finding_fn *report_fn, void *arg,
                   struct cf_err *err)
{
    struct check check = {.connector = connector, .report = report_fn, .arg = arg};

    (void)err; /* what is wrong is a finding */
    switch (connector->settings.auth) {
    case CF_AUTH_SECRET:
        check_secret_file(&check);
        break;
    case CF_AUTH_CERTIFICATE:
        check_identity(&check);
        break;
    case CF_AUTH_TLS:
        check_tls_files(&check);
        break;
    }
    if (connector->settings.auth != CF_AUTH_TLS)
        check_token(&check);
    if (check_discovery(&check, &connector->discovery, "cloud discovery") &&
        connector->settings.serves_pkcs)
        check_service(&check);
    /* Not called: whatever it is asked it takes for a device. */
    if (connector->uses_scep)
        (void)check_discovery(&check, &connector->scep_discovery, "cloud scep");
    check_clock(&check);
    return CF_OK;
}
