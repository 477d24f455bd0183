/* SPDX-License-Identifier: Apache-2.0 */
/* ca_program - one run of the program: its environment, its input, its limits. */
#include "certferry/ca_program.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "certferry/stop.h"
#include "certferry/text.h"

/* "CERTFERRY_CA_NAME=value" strings, NULL-terminated. */
struct environment {
    char *entry[CF_CA_PROGRAM_VARIABLES_MAX + 4];
    size_t n;
};

static void
environment_done(struct environment *environment)
{
    for (size_t i = 0; i < environment->n; i++)
        free(environment->entry[i]);
}

/* Values come from outside: what could end a line in a script's log becomes '?'. */
static enum cf_rc
set(struct environment *environment, const char *name, const char *value, struct cf_err *err)
{
    static const char PREFIX[] = "CERTFERRY_CA_";

    if (!value || !*value)
        return CF_OK;
    if (environment->n + 1 >= CF_COUNT(environment->entry))
        return cf_fail(err, CF_E_BUG, "too many variables for a program");
    size_t head = strlen(PREFIX) + strlen(name) + 1;
    size_t value_size = strlen(value) + 1;
    char *entry = malloc(head + value_size);
    if (!entry)
        return cf_fail_oom(err);
    (void)snprintf(entry, head + 1, "%s%s=", PREFIX, name);
    cf_text_sanitize(value, value_size - 1, entry + head, value_size);
    environment->entry[environment->n++] = entry;
    return CF_OK;
}

enum cf_rc
cf_ca_program_check(char *const *command, const char *option, struct cf_err *err)
{
    const char *path = command ? command[0] : NULL;

    if (!path)
        return cf_fail(err, CF_E_CONFIG, "%s is not set: it names the program to run", option);
    if (path[0] != '/')
        return cf_fail(err, CF_E_CONFIG, "%s: %s is not an absolute path", option, path);
    if (access(path, X_OK) < 0)
        return cf_fail(err, CF_E_CONFIG, "%s: %s cannot be run: %s", option, path,
                       strerrordesc_np(errno));
    return CF_OK;
}

/* A program that could not be run to its end: no failure of the one request. */
static enum cf_rc
turn(enum cf_rc rc, struct cf_err *err)
{
    if (rc == CF_E_CONFIG)
        rc = CF_E_CA_CONFIG;
    else if (cf_rc_fault(rc) != CF_FAULT_TRANSIENT)
        rc = CF_E_PROTOCOL;
    else
        return rc;
    return err ? cf_fail(err, rc, "%s", err->text) : rc;
}

enum cf_rc
cf_ca_program_call(const struct cf_ca_program *program, const char *operation,
                   const struct cf_ca_program_variable *variables, size_t n_variables,
                   struct cf_bytes input, struct cf_proc_result *ret_result, struct cf_err *err)
{
    const struct cf_ca_settings *settings = program->settings;
    __attribute__((cleanup(environment_done))) struct environment environment = {0};
    struct cf_err local = {0};

    if (cf_stop_is_set(program->stop_flag))
        return cf_fail(err, CF_E_STOPPED, "%s", cf_rc_text(CF_E_STOPPED));
    CF_TRY(set(&environment, "OPERATION", operation, err));
    CF_TRY(set(&environment, "NAME", settings->ca_name ? settings->ca_name : settings->name, err));
    CF_TRY(set(&environment, "HOST", settings->host, err));
    for (size_t i = 0; i < n_variables; i++)
        CF_TRY(set(&environment, variables[i].name, variables[i].value, err));

    struct cf_proc_request request = {
        .argv = (const char *const *)program->command,
        .env = (const char *const *)environment.entry,
        .input = input,
        .output_max = program->output_max,
        .errors_max = CF_CA_PROGRAM_ERRORS_MAX,
        .timeout_ms = settings->timeout_ms,
        .stop_flag = program->stop_flag,
    };
    enum cf_rc rc = cf_proc_run(&request, ret_result, &local);
    if (rc == CF_OK)
        return CF_OK;
    rc = turn(rc, &local);
    return cf_fail(err, rc, "ca %s: %s of %s: %s", settings->name, operation, program->command[0],
                   local.text);
}

enum cf_rc
cf_ca_program_pem(const char *label, struct cf_bytes der, struct cf_buf **ret_pem,
                  struct cf_err *err)
{
    enum { LINE_LEN = 64 };
    cf_own_str text = NULL;

    CF_TRY(cf_text_base64(der, &text, err));
    size_t left = strlen(text);
    cf_own(cf_buf) pem = cf_buf_new(left + left / LINE_LEN + 2 * strlen(label) + 64);
    if (!pem)
        return cf_fail_oom(err);
    CF_TRY(cf_buf_appendf(pem, err, "-----BEGIN %s-----\n", label));
    for (const char *at = text; left > 0;) {
        size_t len = left < LINE_LEN ? left : LINE_LEN;
        CF_TRY(cf_buf_append(pem, at, len, err));
        CF_TRY(cf_buf_append_str(pem, "\n", err));
        at += len;
        left -= len;
    }
    CF_TRY(cf_buf_appendf(pem, err, "-----END %s-----\n", label));
    *ret_pem = cf_give(pem);
    return CF_OK;
}
