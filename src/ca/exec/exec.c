/* SPDX-License-Identifier: Apache-2.0 */
/* exec - the CA that is a program: each operation is one run of it. */
#include "exec.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "ca_exec.h"
#include "certferry/digest.h"
#include "certferry/text.h"

enum { NUMBER_SIZE = 24 };

static struct exec_ca *
exec_ca_free(struct exec_ca *ca)
{
    if (!ca)
        return NULL;
    cf_chain_free(ca->chain);
    free(ca);
    return NULL;
}
CF_DEFINE_OWN(exec_ca);

static void
close_ca(struct cf_ca *base)
{
    exec_ca_free((struct exec_ca *)base);
}

static enum cf_rc
check_settings(const struct cf_ca_settings *settings, struct cf_err *err)
{
    CF_TRY(cf_ca_program_check(settings->command, "command", err));
    if (settings->timeout_ms == 0 || settings->output_max == 0)
        return cf_fail(err, CF_E_CONFIG, "timeout and output_max must not be 0");
    return CF_OK;
}

static enum cf_rc
open_ca(const struct cf_ca_settings *settings, const struct cf_ca_env *env, struct cf_ca **ret_ca,
        struct cf_err *err)
{
    cf_own(exec_ca) ca = calloc(1, sizeof *ca);

    if (!ca)
        return cf_fail_oom(err);
    ca->base.ops = &cf_ca_exec_ops;
    ca->settings = settings;
    ca->env = *env;
    CF_TRY(check_settings(settings, err));
    if (settings->chain_file)
        CF_TRY(cf_ca_read_chain("chain_file", settings->chain_file, &ca->chain, err));
    *ret_ca = &cf_give(ca)->base;
    return CF_OK;
}

struct cf_ca_program
cf_exec_program(const struct exec_ca *ca)
{
    return (struct cf_ca_program){
        .settings = ca->settings,
        .command = ca->settings->command,
        .output_max = (size_t)ca->settings->output_max,
        .stop_flag = ca->env.stop_flag,
    };
}

static enum cf_rc
submit(struct cf_ca *base, const struct cf_ca_submission *submission,
       struct cf_ca_answer *ret_answer, struct cf_err *err)
{
    const struct exec_ca *ca = (const struct exec_ca *)base;
    const struct cf_ca_program program = cf_exec_program(ca);
    __attribute__((cleanup(cf_proc_result_done))) struct cf_proc_result result = {0};
    cf_own(cf_buf) pem = NULL;
    char digest[CF_SHA256_TEXT_SIZE];
    char seconds[NUMBER_SIZE];
    uint64_t validity_ms =
        cf_template_validity_ms(submission->template_settings, submission->validity_ms);

    (void)snprintf(seconds, sizeof seconds, "%" PRIu64, validity_ms / 1000);
    CF_TRY(cf_sha256_text(submission->csr, digest, err));
    CF_TRY(cf_ca_program_pem("CERTIFICATE REQUEST", submission->csr, &pem, err));
    const struct cf_ca_program_variable variables[] = {
        {"REQUEST_ID", submission->request_context},
        {"CSR_SHA256", digest},
        {"REPEAT", submission->is_repeat ? "1" : "0"},
        {"TEMPLATE", submission->template_settings->name},
        {"DEVICE_ID", submission->device_id},
        {"VALIDITY_SECONDS", seconds},
    };
    enum cf_rc rc = cf_ca_program_call(&program, "submit", variables, CF_COUNT(variables),
                                       cf_buf_bytes(pem), &result, err);
    if (rc == CF_OK) {
        struct cf_ca_program_end end = cf_ca_program_end_of(&program, &result);
        rc = cf_exec_read_answer(&end, ca->chain, NULL, ret_answer, err);
    }
    /* It could not be run, or says that it cannot work. */
    if (rc != CF_OK)
        ret_answer->nothing_issued = rc == CF_E_CA_CONFIG;
    return rc;
}

static enum cf_rc
poll_ca(struct cf_ca *base, const char *cookie, struct cf_ca_answer *ret_answer, struct cf_err *err)
{
    const struct exec_ca *ca = (const struct exec_ca *)base;
    const struct cf_ca_program program = cf_exec_program(ca);
    __attribute__((cleanup(cf_proc_result_done))) struct cf_proc_result result = {0};
    const struct cf_ca_program_variable variables[] = {{"COOKIE", cookie}};

    CF_TRY(cf_ca_program_call(&program, "poll", variables, CF_COUNT(variables),
                              cf_bytes_of(NULL, 0), &result, err));
    struct cf_ca_program_end end = cf_ca_program_end_of(&program, &result);
    return cf_exec_read_answer(&end, ca->chain, cookie, ret_answer, err);
}

static enum cf_rc
revoke_cert(struct cf_ca *base, const struct cf_ca_revocation *revocation, struct cf_err *err)
{
    const struct cf_ca_program program = cf_exec_program((const struct exec_ca *)base);

    return cf_ca_program_revoke(&program, revocation, err);
}

static enum cf_rc
chain(struct cf_ca *base, struct cf_buf **ret_chain, struct cf_err *err)
{
    const struct exec_ca *ca = (const struct exec_ca *)base;

    if (!ca->chain)
        return cf_fail(err, CF_E_CA_CONFIG,
                       "ca %s: its chain is not known: set chain_file to the issuing CA's "
                       "certificate and those above it",
                       ca->settings->name);
    return cf_chain_der(ca->chain, ret_chain, err);
}

const struct cf_ca_ops cf_ca_exec_ops = {
    .name = "exec",
    .abi = CF_CA_ABI,
    .open = open_ca,
    .close = close_ca,
    .check = cf_exec_check,
    .submit = submit,
    .poll = poll_ca,
    .revoke = revoke_cert,
    .chain = chain,
};
