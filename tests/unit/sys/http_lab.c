/* SPDX-License-Identifier: Apache-2.0 */
#include "http_lab.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct cf_err lab_err;
struct cf_http_response lab_response;
int lab_stop;

static char directory[] = "/tmp/certferry-http-XXXXXX";
static char ports[1024];
static int peer_input = -1;
static pid_t peer;
static char texts[16][256];
static unsigned n_texts;

int
lab_start(void **state)
{
    int in[2], out[2];

    (void)state;
    if (cf_http_global_init(&lab_err) != CF_OK || !mkdtemp(directory) || pipe(in) || pipe(out))
        return -1;
    peer = fork();
    if (peer == 0) {
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        close(in[0]);
        close(in[1]);
        close(out[0]);
        close(out[1]);
        execl(HTTP_PEER_PYTHON, HTTP_PEER_PYTHON, HTTP_PEER_SCRIPT, directory, (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    peer_input = in[1];
    FILE *stream = fdopen(out[0], "r");
    ports[0] = ' ';
    char *line = fgets(ports + 1, sizeof ports - 1, stream);
    fclose(stream);
    return line ? 0 : -1;
}

int
lab_end(void **state)
{
    (void)state;
    close(peer_input);
    waitpid(peer, NULL, 0);
    DIR *stream = opendir(directory);
    for (const struct dirent *entry; stream && (entry = readdir(stream));)
        unlinkat(dirfd(stream), entry->d_name, 0);
    closedir(stream);
    rmdir(directory);
    cf_http_global_done();
    return 0;
}

int
lab_clean(void **state)
{
    (void)state;
    cf_http_response_done(&lab_response);
    lab_response = (struct cf_http_response){0};
    lab_err = (struct cf_err){0};
    __atomic_store_n(&lab_stop, 0, __ATOMIC_RELEASE);
    return 0;
}

int
lab_port(const char *server)
{
    char key[64];
    snprintf(key, sizeof key, " %s=", server);
    const char *at = strstr(ports, key);
    return at ? (int)strtol(at + strlen(key), NULL, 10) : 0;
}

static char *
next_text(void)
{
    return texts[n_texts++ % CF_COUNT(texts)];
}

const char *
lab_url(const char *server, const char *path)
{
    char *text = next_text();
    snprintf(text, sizeof texts[0], "%s://localhost:%d%s",
             strcmp(server, "plain") == 0 ? "http" : "https", lab_port(server), path);
    return text;
}

const char *
lab_file(const char *name)
{
    char *text = next_text();
    snprintf(text, sizeof texts[0], "%s/%s", directory, name);
    return text;
}

struct cf_http_options
lab_options(void)
{
    return (struct cf_http_options){.ca_file = lab_file("root.pem"),
                                    .connect_timeout_ms = 3000,
                                    .response_max = 4000,
                                    .stop_flag = &lab_stop};
}

struct cf_http_request
lab_get(const char *url)
{
    return (struct cf_http_request){.method = "GET", .url = url, .timeout_ms = 5000};
}

enum cf_rc
lab_send(const struct cf_http_options *options, const struct cf_http_request *request)
{
    cf_own(cf_http) http = NULL;
    CF_TRY(cf_http_new(options, &http, &lab_err));
    return cf_http_send(http, request, &lab_response, &lab_err);
}

enum cf_rc
lab_fetch(const char *server, const char *path)
{
    struct cf_http_options options = lab_options();
    struct cf_http_request request = lab_get(lab_url(server, path));
    request.allow_plain = strcmp(server, "plain") == 0;
    return lab_send(&options, &request);
}

const char *
lab_body(void)
{
    return lab_response.body ? cf_buf_str(lab_response.body) : "(none)";
}
