/* SPDX-License-Identifier: Apache-2.0 */
/* ca_program_end - what the end of the program means, and the one operation that all share. */
#include <stdio.h>
#include <string.h>

#include "certferry/ca_program.h"
#include "certferry/cert.h"
#include "certferry/text.h"

struct cf_ca_program_end
cf_ca_program_end_of(const struct cf_ca_program *program, const struct cf_proc_result *result)
{
    return (struct cf_ca_program_end){
        .program = program->command[0],
        .exit_status = result->exit_status,
        .output = result->output ? cf_buf_bytes(result->output) : cf_bytes_of(NULL, 0),
        .errors = result->errors ? cf_buf_bytes(result->errors) : cf_bytes_of(NULL, 0),
    };
}

void
cf_ca_program_reason(const struct cf_ca_program_end *end, char ret[CF_CA_PROGRAM_REASON_SIZE])
{
    struct cf_bytes errors = end->errors;
    const uint8_t *newline = errors.len > 0 ? memchr(errors.data, '\n', errors.len) : NULL;
    size_t len = newline ? (size_t)(newline - errors.data) : errors.len;

    while (len > 0 && errors.data[len - 1] == '\r')
        len--;
    cf_text_sanitize(errors.data ? (const char *)errors.data : "", len, ret,
                     CF_CA_PROGRAM_REASON_SIZE);
}

enum cf_rc
cf_ca_program_fail(const struct cf_ca_program_end *end, struct cf_err *err)
{
    char reason[CF_CA_PROGRAM_REASON_SIZE];

    cf_ca_program_reason(end, reason);
    const char *text = reason[0] ? reason : "it gave no reason on stderr";
    if (end->exit_status < 0)
        return cf_fail(err, CF_E_PROTOCOL, "%s was killed by signal %d: %s", end->program,
                       -end->exit_status, text);
    switch (end->exit_status) {
    case CF_CA_PROGRAM_UNREACHABLE:
        return cf_fail(err, CF_E_CA_DOWN, "%s cannot reach the CA: %s", end->program, text);
    case CF_CA_PROGRAM_MISCONFIGURED:
        return cf_fail(err, CF_E_CA_CONFIG, "%s is not configured: %s", end->program, text);
    case CF_CA_PROGRAM_UNSUPPORTED:
        return cf_fail(err, CF_E_UNSUPPORTED, "%s does not support this operation: %s",
                       end->program, text);
    case CF_CA_PROGRAM_REJECTED:
        return cf_fail(err, CF_E_REJECTED, "%s refused: %s", end->program, text);
    default:
        return cf_fail(err, CF_E_PROTOCOL, "%s ended with the unexpected exit code %d: %s",
                       end->program, end->exit_status, text);
    }
}

enum cf_rc
cf_ca_program_read_revocation(const struct cf_ca_program_end *end, struct cf_err *err)
{
    switch (end->exit_status) {
    case CF_CA_PROGRAM_DONE:
        return CF_OK;
    case CF_CA_PROGRAM_ALREADY_REVOKED:
        return cf_fail(err, CF_E_CONFLICT, "%s: the certificate was revoked before", end->program);
    case CF_CA_PROGRAM_UNKNOWN:
        return cf_fail(err, CF_E_NOT_FOUND, "%s: the CA does not know the certificate",
                       end->program);
    default:
        return cf_ca_program_fail(end, err);
    }
}

enum cf_rc
cf_ca_program_revoke(const struct cf_ca_program *program, const struct cf_ca_revocation *revocation,
                     struct cf_err *err)
{
    __attribute__((cleanup(cf_proc_result_done))) struct cf_proc_result result = {0};
    cf_own(cf_buf) pem = NULL;
    char serial[CF_SERIAL_TEXT_SIZE];
    char reason[24];

    CF_TRY(cf_serial_normalize(revocation->serial, serial, err));
    (void)snprintf(reason, sizeof reason, "%d", revocation->reason);
    if (revocation->cert.len > 0)
        CF_TRY(cf_ca_program_pem("CERTIFICATE", revocation->cert, &pem, err));
    const struct cf_ca_program_variable variables[] = {{"SERIAL", serial}, {"REASON", reason}};
    CF_TRY(cf_ca_program_call(program, "revoke", variables, CF_COUNT(variables),
                              pem ? cf_buf_bytes(pem) : cf_bytes_of(NULL, 0), &result, err));
    struct cf_ca_program_end end = cf_ca_program_end_of(program, &result);
    return cf_ca_program_read_revocation(&end, err);
}
