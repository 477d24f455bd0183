/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/cloud/tenant_child.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "certferry/file.h"
#include "certferry/http.h"
#include "unit/base/unit.h"

static char directory[] = "/tmp/certferry-tenant-XXXXXX";
static pid_t child;
static struct cf_http *http;
static struct cf_buf *answer;
static struct cf_json *facts;
static int64_t port;
static char token_header[256];
static struct cf_err err;

const char *
tenant_path(const char *name)
{
    static char texts[4][256];
    static unsigned n;
    char *text = texts[n++ % CF_COUNT(texts)];

    snprintf(text, sizeof texts[0], "%s/%s", directory, name);
    return text;
}

static void
run_tenant(void)
{
    int log = open(tenant_path("output"), O_WRONLY | O_CREAT | O_TRUNC, 0600);

    /* A failed assertion in this program must not leave the tenant behind. */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (log < 0 || dup2(log, STDOUT_FILENO) < 0)
        _exit(126);
    execl(TENANT_PYTHON, TENANT_PYTHON, TENANT_SCRIPT, "--dir", directory, "--port", "0",
          "--devices", "1", "--requests", "0", "--mtls", (char *)NULL);
    _exit(127);
}

/* It is up once it has described itself; that ends with what waits. */
static void
await_tenant(void)
{
    for (int i = 0; i < 600; i++) {
        cf_own(cf_buf) output = NULL;

        if (cf_file_read(tenant_path("output"), 1 << 20, &output, &err) == CF_OK &&
            strstr(cf_buf_str(output), " waiting\n"))
            return;
        assert_int_equal(waitpid(child, NULL, WNOHANG), 0);
        usleep(50 * 1000);
    }
    fail_msg("the tenant does not come up");
}

static void
read_facts(void)
{
    cf_own(cf_buf) text = NULL;
    cf_own(cf_buf) token = NULL;

    assert_ok(cf_file_read(tenant_path("tenant.json"), 1 << 20, &text, &err), err);
    assert_ok(cf_json_parse(cf_buf_bytes(text), 1 << 20, &facts, &err), err);
    assert_ok(cf_json_int(facts, "port", 1, 65535, &port, &err), err);
    assert_ok(cf_file_read(tenant_path("admin-token"), 200, &token, &err), err);
    snprintf(token_header, sizeof token_header, "X-Lab-Token: %.*s",
             (int)strcspn(cf_buf_str(token), "\n"), cf_buf_str(token));
}

void
tenant_start(void)
{
    assert_non_null(mkdtemp(directory));
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        run_tenant();
    await_tenant();
    read_facts();
    struct cf_http_options options = {
        .ca_file = tenant_path("tls-ca.pem"), .connect_timeout_ms = 5000, .response_max = 64 << 20};
    assert_ok(cf_http_new(&options, &http, &err), err);
}

void
tenant_stop(void)
{
    char command[300];

    http = cf_http_free(http);
    answer = cf_buf_free(answer);
    facts = cf_json_free(facts);
    kill(child, SIGTERM);
    waitpid(child, NULL, 0);
    snprintf(command, sizeof command, "rm -rf -- '%s'", directory);
    assert_int_equal(system(command), 0);
}

static char *
fact(const char *name)
{
    const char *text = NULL;

    assert_ok(cf_json_string(facts, name, 1, 200, &text, &err), err);
    return strdup(text);
}

static char *
url(const char *path)
{
    char *text = NULL;

    assert_true(asprintf(&text, "https://127.0.0.1:%d%s", (int)port, path) > 0);
    return text;
}

struct cf_cloud_settings
tenant_settings(enum cf_auth auth)
{
    return (struct cf_cloud_settings){
        .authority = url(""),
        .graph = url("/graph/"),
        .resource = strdup("https://api.manage.lab.example/"),
        .service_app_id = strdup("0000000a-0000-0000-c000-000000000000"),
        .service_name = strdup("PkiConnectorFEService"),
        .scep_service_name = strdup("ScepRequestValidationFEService"),
        .serves_pkcs = true,
        .tenant = fact("tenantId"),
        .client_id = fact("clientId"),
        .auth = auth,
        .client_secret_file = strdup(tenant_path("client-secret")),
        .assertion_file = strdup(tenant_path("connector.pem")),
        .assertion_renew = true,
        .assertion_lifetime_ms = 86400000ULL * 365,
        .assertion_renew_before_ms = 3600000,
        .tls_cert_file = strdup(tenant_path("connector-client.pem")),
        .tls_key_file = strdup(tenant_path("connector-client.key")),
        .ca_file = strdup(tenant_path("tls-ca.pem")),
        .connect_timeout_ms = 5000,
        .timeout_ms = 10000,
    };
}

void
tenant_settings_done(struct cf_cloud_settings *settings)
{
    free(settings->endpoint);
    free(settings->authority);
    free(settings->graph);
    free(settings->resource);
    free(settings->service_app_id);
    free(settings->service_name);
    free(settings->scep_service_name);
    free(settings->tenant);
    free(settings->client_id);
    free(settings->client_secret_file);
    free(settings->assertion_file);
    free(settings->tls_cert_file);
    free(settings->tls_key_file);
    free(settings->ca_file);
}

const char *
tenant_call(const char *verb, const char *arguments)
{
    char path[64];
    struct cf_http_response response = {0};
    const char *headers[] = {token_header, "Content-Type: application/json", NULL};

    snprintf(path, sizeof path, "/lab/%s", verb);
    cf_own_str address = url(path);
    struct cf_http_request request = {.method = "POST",
                                      .url = address,
                                      .headers = headers,
                                      .body = cf_bytes_of(arguments, strlen(arguments)),
                                      .timeout_ms = 20000};
    assert_ok(cf_http_send(http, &request, &response, &err), err);
    cf_buf_free(answer);
    answer = cf_give(response.body);
    if (response.status != 200)
        fail_msg("/lab/%s: %s", verb, cf_buf_str(answer));
    cf_http_response_done(&response);
    return cf_buf_str(answer);
}
