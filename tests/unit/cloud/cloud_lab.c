/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud_lab.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "certferry/file.h"
#include "unit/base/unit.h"

struct cf_err lab_err;
struct cf_cloud_settings lab_settings;
struct cf_clock *lab_clock;
struct cf_connector *lab_connector;
int lab_stop;

static char directory[] = "/tmp/certferry-cloud-XXXXXX";
static int port;
static int peer_input = -1;
static pid_t peer;
static struct cf_http *control;
static struct cf_buf *last;

int
lab_start(void **state)
{
    int in[2], out[2];
    char line[32];

    (void)state;
    if (cf_pki_init(32768, &lab_err) != CF_OK || cf_http_global_init(&lab_err) != CF_OK ||
        !mkdtemp(directory) || pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
        return -1;
    peer = fork();
    if (peer == 0) {
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        execl(CLOUD_PEER_PYTHON, CLOUD_PEER_PYTHON, CLOUD_PEER_SCRIPT, directory, (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    peer_input = in[1];
    FILE *stream = fdopen(out[0], "r");
    if (!stream || !fgets(line, sizeof line, stream))
        return -1;
    fclose(stream);
    port = (int)strtol(line, NULL, 10);
    struct cf_http_options options = {
        .ca_file = lab_path("root.pem"), .connect_timeout_ms = 5000, .response_max = 1 << 20};
    return cf_http_new(&options, &control, &lab_err) == CF_OK ? 0 : -1;
}

int
lab_end(void **state)
{
    (void)state;
    control = cf_http_free(control);
    last = cf_buf_free(last);
    close(peer_input);
    waitpid(peer, NULL, 0);
    DIR *stream = opendir(directory);
    for (const struct dirent *entry; stream && (entry = readdir(stream));)
        unlinkat(dirfd(stream), entry->d_name, 0);
    closedir(stream);
    rmdir(directory);
    cf_http_global_done();
    cf_pki_done();
    return 0;
}

static char *
url_of(const char *path)
{
    char *text = NULL;

    if (asprintf(&text, "https://localhost:%d%s", port, path) < 0)
        abort();
    return text;
}

int
lab_setup(void **state)
{
    (void)state;
    lab_err = (struct cf_err){0};
    __atomic_store_n(&lab_stop, 0, __ATOMIC_RELEASE);
    lab_clock = cf_clock_fake_new(cf_clock_now_ms(cf_clock_real()));
    lab_settings =
        (struct cf_cloud_settings){.authority = url_of(""),
                                   .graph = url_of("/graph/"),
                                   .resource = strdup("https://resource.example/"),
                                   .service_app_id = strdup("0000000a-0000"),
                                   .service_name = strdup("PkiConnectorFEService"),
                                   .scep_service_name = strdup("ScepRequestValidationFEService"),
                                   .serves_pkcs = true,
                                   .tenant = strdup("tenant"),
                                   .client_id = strdup("client"),
                                   .client_secret_file = strdup(lab_path("secret")),
                                   .assertion_file = strdup(lab_path("identity")),
                                   .ca_file = strdup(lab_path("root.pem")),
                                   .assertion_renew = true,
                                   .assertion_lifetime_ms = 86400000ULL * 365,
                                   .assertion_renew_before_ms = 86400000ULL * 30,
                                   .connect_timeout_ms = 5000,
                                   .timeout_ms = 10000};
    lab_write("secret", "s3cret &%\n");
    lab_tell("reset", "");
    return 0;
}

int
lab_teardown(void **state)
{
    static const char *const FILES[] = {"identity", "identity.next", "identity.old",
                                        "identity.next.crt", "identity.next.registered"};
    (void)state;
    lab_close();
    for (size_t i = 0; i < CF_COUNT(FILES); i++)
        (void)unlink(lab_path(FILES[i]));
    cf_cloud_settings_done(&lab_settings);
    lab_clock = cf_clock_fake_free(lab_clock);
    return 0;
}

struct cf_cloud *
lab_open(enum cf_auth auth)
{
    struct cf_cloud_env env = {.clock = lab_clock,
                               .stop_flag = &lab_stop,
                               .connector_id = "conn-1",
                               .host_name = "host.example"};
    struct cf_cloud *cloud = NULL;

    lab_close();
    lab_settings.auth = auth;
    assert_ok(cf_cloud_connector.open(&lab_settings, &env, &cloud, &lab_err), lab_err);
    lab_connector = cf_connector_of(cloud);
    return cloud;
}

void
lab_close(void)
{
    if (lab_connector)
        cf_cloud_connector.close(&lab_connector->base);
    lab_connector = NULL;
}

static void
ask(const char *verb, struct cf_bytes body)
{
    cf_own_str path = NULL;
    struct cf_http_response response = {0};

    if (asprintf(&path, "https://localhost:%d/control/%s", port, verb) < 0)
        abort();
    struct cf_http_request request = {
        .method = "POST", .url = path, .body = body, .timeout_ms = 10000};
    assert_ok(cf_http_send(control, &request, &response, &lab_err), lab_err);
    assert_int_equal(response.status, 200);
    cf_buf_free(last);
    last = cf_give(response.body);
    cf_http_response_done(&response);
}

void
lab_tell(const char *verb, const char *body)
{
    ask(verb, cf_bytes_of(body, strlen(body)));
}

int
lab_count(const char *match)
{
    char verb[128];

    snprintf(verb, sizeof verb, "count/%s", match);
    lab_tell(verb, "");
    return (int)strtol(cf_buf_str(last), NULL, 10);
}

const char *
lab_last(const char *match)
{
    char verb[128];

    snprintf(verb, sizeof verb, "last/%s", match);
    lab_tell(verb, "");
    return cf_buf_str(last);
}

const char *
lab_path(const char *name)
{
    static char texts[4][256];
    static unsigned n;
    char *text = texts[n++ % CF_COUNT(texts)];

    snprintf(text, sizeof texts[0], "%s/%s", directory, name);
    return text;
}

void
lab_write(const char *name, const char *content)
{
    assert_ok(
        cf_file_publish(lab_path(name), cf_bytes_of(content, strlen(content)), 0600, &lab_err),
        lab_err);
}

bool
lab_exists(const char *name)
{
    return access(lab_path(name), F_OK) == 0;
}

void
lab_identity(const char *name, int days, bool is_known)
{
    cf_own(cf_identity) identity = NULL;
    cf_own(cf_secret) pem = NULL;
    cf_own(cf_buf) cert = NULL;
    uint64_t lifetime_ms = (uint64_t)days * 24 * 3600 * 1000;

    assert_ok(cf_identity_generate(CF_KEY_RSA_2048, "connector", cf_clock_now_ms(lab_clock),
                                   lifetime_ms, &identity, &lab_err),
              lab_err);
    assert_ok(cf_identity_pem(identity, &pem, &lab_err), lab_err);
    assert_ok(cf_file_publish_secret(lab_path(name), pem, &lab_err), lab_err);
    assert_ok(cf_identity_cert_pem(identity, &cert, &lab_err), lab_err);
    if (is_known)
        ask("learn", cf_buf_bytes(cert));
}

const char *
lab_fingerprint(const char *name)
{
    static char texts[4][65];
    static unsigned n;
    char *text = texts[n++ % CF_COUNT(texts)];
    cf_own(cf_secret) pem = NULL;
    cf_own(cf_identity) identity = NULL;
    uint8_t hash[32];

    assert_ok(cf_file_read_secret(lab_path(name), 65536, &pem, &lab_err), lab_err);
    assert_ok(cf_identity_parse(pem, &identity, &lab_err), lab_err);
    cf_cert_sha256(cf_identity_cert(identity), hash);
    cf_text_hex(cf_bytes_of(hash, sizeof hash), false, text, sizeof texts[0]);
    return text;
}
