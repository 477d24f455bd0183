/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer - what the end of the program means.
 *
 * Its output is bytes from outside. Anything that is not exactly one of the answers of the
 * contract is an error that may pass, with a text that names the program and what it did.
 */
#include <stdlib.h>
#include <string.h>

#include "certferry/text.h"
#include "exec.h"

static enum cf_rc
bad_output(const struct cf_ca_program_end *end, const char *cause, struct cf_err *err)
{
    return cf_fail(err, CF_E_PROTOCOL, "output of %s (exit code %d): %s", end->program,
                   end->exit_status, cause);
}

/* What follows the leaf has to be the beginning of chain_file; a program may leave it out. */
static enum cf_rc
compare_chain(const struct cf_ca_program_end *end, const struct cf_chain *printed,
              const struct cf_chain *chain, struct cf_err *err)
{
    for (size_t i = 1; i < cf_chain_count(printed); i++) {
        if (i - 1 >= cf_chain_count(chain) ||
            !cf_bytes_equal(cf_cert_der(cf_chain_at(printed, i)),
                            cf_cert_der(cf_chain_at(chain, i - 1))))
            return bad_output(end, "its chain is not the one in chain_file", err);
    }
    return CF_OK;
}

/* Certificates after the leaf as concatenated DER. */
static enum cf_rc
printed_chain(const struct cf_ca_program_end *end, const struct cf_chain *printed,
              struct cf_buf **ret_chain, struct cf_err *err)
{
    if (cf_chain_count(printed) < 2)
        return bad_output(end, "no chain after the certificate, and chain_file is not set", err);
    cf_own(cf_buf) der = cf_buf_new((size_t)CF_CERT_CHAIN_MAX * CF_CERT_DER_MAX);
    if (!der)
        return cf_fail_oom(err);
    for (size_t i = 1; i < cf_chain_count(printed); i++) {
        struct cf_bytes cert = cf_cert_der(cf_chain_at(printed, i));
        CF_TRY(cf_buf_append(der, cert.data, cert.len, err));
    }
    *ret_chain = cf_give(der);
    return CF_OK;
}

static enum cf_rc
read_issued(const struct cf_ca_program_end *end, const struct cf_chain *chain,
            struct cf_ca_answer *ret_answer, struct cf_err *err)
{
    cf_own(cf_chain) printed = NULL;
    cf_own(cf_buf) chain_der = NULL;
    struct cf_err local = {0};

    if (cf_chain_parse_pem(end->output, &printed, &local) != CF_OK)
        return bad_output(end, local.text, err);
    cf_own(cf_buf) cert = cf_buf_copy(cf_cert_der(cf_chain_at(printed, 0)));
    if (!cert)
        return cf_fail_oom(err);
    if (chain) {
        CF_TRY(compare_chain(end, printed, chain, err));
        CF_TRY(cf_chain_der(chain, &chain_der, err));
    } else {
        CF_TRY(printed_chain(end, printed, &chain_der, err));
    }
    *ret_answer = (struct cf_ca_answer){
        .disposition = CF_CA_ANSWER_ISSUED, .cert = cf_give(cert), .chain = cf_give(chain_der)};
    return CF_OK;
}

/* A cookie on one line; none at all keeps the one that was passed. */
static enum cf_rc
read_pending(const struct cf_ca_program_end *end, struct cf_bytes text, uint64_t retry_after_ms,
             const char *cookie, struct cf_ca_answer *ret_answer, struct cf_err *err)
{
    while (text.len > 0 && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == '\r'))
        text.len--;
    if (text.len == 0 && cookie)
        text = cf_bytes_of(cookie, strlen(cookie));
    if (text.len == 0)
        return bad_output(end, "no cookie", err);
    if (text.len > EXEC_COOKIE_MAX)
        return bad_output(end, "the cookie has more than 4096 bytes", err);
    if (!cf_text_is_printable((const char *)text.data, text.len))
        return bad_output(end, "the cookie is not one line of printable text", err);

    char *copy = strndup((const char *)text.data, text.len);
    if (!copy)
        return cf_fail_oom(err);
    *ret_answer = (struct cf_ca_answer){
        .disposition = CF_CA_ANSWER_PENDING, .cookie = copy, .retry_after_ms = retry_after_ms};
    return CF_OK;
}

static enum cf_rc
read_pending_seconds(const struct cf_ca_program_end *end, const char *cookie,
                     struct cf_ca_answer *ret_answer, struct cf_err *err)
{
    struct cf_bytes text = end->output;
    char digits[16] = "";
    uint64_t seconds = 0;
    const uint8_t *newline = text.len > 0 ? memchr(text.data, '\n', text.len) : NULL;
    size_t len = newline ? (size_t)(newline - text.data) : text.len;

    if (len < sizeof digits) {
        if (len > 0)
            memcpy(digits, text.data, len);
        digits[len] = '\0';
    }
    if (strlen(digits) != len || cf_text_u64(digits, 0, EXEC_WAIT_S_MAX, &seconds, NULL) != CF_OK)
        return bad_output(end, "its first line is not a number of seconds", err);
    size_t head = newline ? len + 1 : len;
    return read_pending(end, cf_bytes_of(text.data + head, text.len - head), seconds * 1000, cookie,
                        ret_answer, err);
}

enum cf_rc
cf_exec_read_answer(const struct cf_ca_program_end *end, const struct cf_chain *chain,
                    const char *cookie, struct cf_ca_answer *ret_answer, struct cf_err *err)
{
    char reason[CF_CA_PROGRAM_REASON_SIZE];

    switch (end->exit_status) {
    case CF_CA_PROGRAM_DONE:
        return read_issued(end, chain, ret_answer, err);
    case CF_CA_PROGRAM_WAIT:
        return read_pending(end, end->output, 0, cookie, ret_answer, err);
    case CF_CA_PROGRAM_WAIT_SECONDS:
        return read_pending_seconds(end, cookie, ret_answer, err);
    case CF_CA_PROGRAM_REJECTED:
        cf_ca_program_reason(end, reason);
        *ret_answer = (struct cf_ca_answer){.disposition = CF_CA_ANSWER_REJECTED};
        const char *text = reason[0] ? reason : "the CA refused and gave no reason";
        cf_text_sanitize(text, strlen(text), ret_answer->reason, sizeof ret_answer->reason);
        return CF_OK;
    default:
        return cf_ca_program_fail(end, err);
    }
}
