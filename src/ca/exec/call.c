/* SPDX-License-Identifier: Apache-2.0 */
/* call - one run of the program: its environment, its input, its limits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certferry/stop.h"
#include "certferry/text.h"
#include "exec.h"

/* "CERTFERRY_CA_NAME=value" strings, NULL-terminated. */
struct environment {
    char *entry[EXEC_VARIABLES_MAX + 4];
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

struct exec_output
cf_exec_output_of(const struct exec_ca *ca, const struct cf_proc_result *result)
{
    return (struct exec_output){
        .program = ca->settings->command[0],
        .exit_status = result->exit_status,
        .output = result->output ? cf_buf_bytes(result->output) : cf_bytes_of(NULL, 0),
        .errors = result->errors ? cf_buf_bytes(result->errors) : cf_bytes_of(NULL, 0),
    };
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
cf_exec_call(const struct exec_ca *ca, const char *operation, const struct exec_variable *variables,
             size_t n_variables, struct cf_bytes input, struct cf_proc_result *ret_result,
             struct cf_err *err)
{
    const struct cf_ca_settings *settings = ca->settings;
    __attribute__((cleanup(environment_done))) struct environment environment = {0};
    struct cf_err local = {0};

    if (cf_stop_is_set(ca->env.stop_flag))
        return cf_fail(err, CF_E_STOPPED, "%s", cf_rc_text(CF_E_STOPPED));
    CF_TRY(set(&environment, "OPERATION", operation, err));
    CF_TRY(set(&environment, "NAME", settings->ca_name ? settings->ca_name : settings->name, err));
    CF_TRY(set(&environment, "HOST", settings->host, err));
    for (size_t i = 0; i < n_variables; i++)
        CF_TRY(set(&environment, variables[i].name, variables[i].value, err));

    struct cf_proc_request request = {
        .argv = (const char *const *)settings->command,
        .env = (const char *const *)environment.entry,
        .input = input,
        .output_max = (size_t)settings->output_max,
        .errors_max = EXEC_ERRORS_MAX,
        .timeout_ms = settings->timeout_ms,
        .stop_flag = ca->env.stop_flag,
    };
    enum cf_rc rc = cf_proc_run(&request, ret_result, &local);
    if (rc == CF_OK)
        return CF_OK;
    rc = turn(rc, &local);
    return cf_fail(err, rc, "ca %s: %s of %s: %s", settings->name, operation, settings->command[0],
                   local.text);
}
