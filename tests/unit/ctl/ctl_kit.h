/* SPDX-License-Identifier: Apache-2.0 */
/* ctl_kit - a daemon that says what a test wants, and the tool with its output caught. */
#pragma once

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "ctl/commands.h"

enum kit_manner { KIT_ANSWER, KIT_CLOSE_AT_ONCE, KIT_SILENCE, KIT_FLOOD };

struct kit_server {
    char dir[32];
    char path[64];
    int fd;
    pthread_t thread;
    enum kit_manner manner;
    const char *answer[8]; /* one per connection, each with its newline */
    size_t n_answers;
    char request[8][4096]; /* what came in, one line each */
    size_t n_requests;
};

void kit_serve(struct kit_server *server, enum kit_manner manner, const char *first_answer);
void kit_stop(struct kit_server *server);

struct kit_run {
    int code;
    char *out;
    char *err;
};

/* Runs the tool with these words (NULL-terminated, without the program's name). */
struct kit_run kit_run(const char *const *words);
void kit_run_done(struct kit_run *run);
/* Takes the run: this code, these texts in its output, and no private key in either. */
void kit_expect(struct kit_run run, int code, const char *in_out, const char *in_err);
#define KIT_RUN(...) kit_run((const char *const[]){__VA_ARGS__, NULL})

/* A tool that writes to memory; kit_text ends the writing. */
struct kit_memory {
    struct cf_tool tool;
    char *text;
    size_t len;
};
void kit_memory_open(struct kit_memory *memory);
const char *kit_memory_text(struct kit_memory *memory);
void kit_memory_close(struct kit_memory *memory);

/* No octet that a terminal would act on, newline apart. */
void kit_assert_harmless(const char *text);
#define KIT_HAS(text, part)                                                                        \
    do {                                                                                           \
        if (!strstr((text), (part)))                                                               \
            fail_msg("'%s' is not in:\n%s", (part), (text));                                       \
    } while (0)
#define KIT_HAS_NOT(text, part) assert_null(strstr((text), (part)))
