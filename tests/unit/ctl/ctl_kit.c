/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_kit.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "certferry/ctl.h"

enum { RUN_WORDS_MAX = 16 };

static void
read_request(struct kit_server *server, int fd)
{
    size_t slot = server->n_requests < CF_COUNT(server->request) ? server->n_requests : 0;
    char *line = server->request[slot];
    size_t len = 0;

    while (len < sizeof server->request[0] - 1) {
        ssize_t n = recv(fd, line + len, sizeof server->request[0] - 1 - len, 0);
        if (n <= 0)
            break;
        len += (size_t)n;
        if (line[len - 1] == '\n') {
            len--;
            break;
        }
    }
    line[len] = '\0';
    server->n_requests++;
}

static void
send_all(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, text, len, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        text += n;
        len -= (size_t)n;
    }
}

static void
flood(int fd)
{
    static char block[64 * 1024];

    memset(block, ' ', sizeof block);
    for (size_t sent = 0; sent <= CF_CTL_ANSWER_MAX + sizeof block; sent += sizeof block)
        send_all(fd, block, sizeof block);
}

static void *
serve(void *arg)
{
    struct kit_server *server = arg;

    for (size_t i = 0;; i++) {
        int fd = accept(server->fd, NULL, NULL);

        if (fd < 0)
            return NULL;
        if (server->manner != KIT_CLOSE_AT_ONCE)
            read_request(server, fd);
        if (server->manner == KIT_FLOOD)
            flood(fd);
        if (server->manner == KIT_ANSWER) {
            const char *answer = server->answer[i < server->n_answers ? i : server->n_answers - 1];
            send_all(fd, answer, strlen(answer));
        }
        if (server->manner == KIT_SILENCE)
            usleep(600 * 1000);
        close(fd);
    }
}

void
kit_serve(struct kit_server *server, enum kit_manner manner, const char *first_answer)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    memset(server, 0, sizeof *server);
    server->manner = manner;
    server->answer[0] = first_answer;
    server->n_answers = 1;
    strcpy(server->dir, "/tmp/certferry-XXXXXX");
    assert_non_null(mkdtemp(server->dir));
    snprintf(server->path, sizeof server->path, "%s/control", server->dir);
    memcpy(address.sun_path, server->path, strlen(server->path));
    server->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(server->fd >= 0);
    assert_int_equal(bind(server->fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(server->fd, 8), 0);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

void
kit_stop(struct kit_server *server)
{
    shutdown(server->fd, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->fd);
    unlink(server->path);
    rmdir(server->dir);
}

struct kit_run
kit_run(const char *const *words)
{
    char *argv[RUN_WORDS_MAX + 2] = {strdup("certferry")};
    int argc = 1;
    struct kit_run run = {0};
    size_t out_len = 0, err_len = 0;
    struct cf_tool tool = {.config_path = "/nonexistent/certferry.conf",
                           .out = open_memstream(&run.out, &out_len),
                           .err = open_memstream(&run.err, &err_len)};

    assert_true(tool.out && tool.err);
    for (; words[argc - 1]; argc++) {
        assert_true(argc < RUN_WORDS_MAX);
        argv[argc] = strdup(words[argc - 1]);
    }
    run.code = cf_tool_end(&tool, cf_tool_main(&tool, argc, argv));
    fclose(tool.out);
    fclose(tool.err);
    for (int i = 0; i < argc; i++)
        free(argv[i]);
    return run;
}

void
kit_run_done(struct kit_run *run)
{
    free(run->out);
    free(run->err);
}

void
kit_memory_open(struct kit_memory *memory)
{
    memset(memory, 0, sizeof *memory);
    memory->tool.out = open_memstream(&memory->text, &memory->len);
    memory->tool.err = memory->tool.out;
    assert_non_null(memory->tool.out);
}

const char *
kit_memory_text(struct kit_memory *memory)
{
    fflush(memory->tool.out);
    return memory->text;
}

void
kit_memory_close(struct kit_memory *memory)
{
    fclose(memory->tool.out);
    free(memory->text);
}

void
kit_assert_harmless(const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
        if ((*at < 0x20 && *at != '\n') || *at == 0x7f || (*at == 0xc2 && at[1] < 0xa0))
            fail_msg("octet %02x would reach the terminal in:\n%s", *at, text);
    }
}

void
kit_expect(struct kit_run run, int code, const char *in_out, const char *in_err)
{
    if (run.code != code)
        fail_msg("exit code %d: %s", run.code, run.err);
    KIT_HAS(run.out, in_out);
    KIT_HAS(run.err, in_err);
    KIT_HAS_NOT(run.out, "PRIVATE KEY");
    KIT_HAS_NOT(run.err, "PRIVATE KEY");
    kit_run_done(&run);
}
