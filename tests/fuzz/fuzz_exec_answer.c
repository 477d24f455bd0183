/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the program of the exec backend prints. First byte: exit code; second: bit 0 a cookie was
 * passed, bit 1 the operation was a revocation; the rest is stdout and stderr.
 * Has to cover: cf_exec_read_answer, cf_ca_program_read_revocation, cf_ca_program_fail.
 */
#include <stdlib.h>
#include <string.h>

#include "ca/exec/exec.h"
#include "certferry/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool claim)
{
    if (!claim)
        abort();
}

static void
check_answer(const struct cf_ca_answer *answer)
{
    switch (answer->disposition) {
    case CF_CA_ANSWER_ISSUED:
        require(answer->cert && cf_buf_len(answer->cert) > 0);
        require(answer->chain && cf_buf_len(answer->chain) > 0);
        break;
    case CF_CA_ANSWER_PENDING:
        require(answer->cookie && answer->cookie[0]);
        require(strlen(answer->cookie) <= EXEC_COOKIE_MAX);
        require(cf_text_is_printable(answer->cookie, strlen(answer->cookie)));
        break;
    case CF_CA_ANSWER_REJECTED:
        require(answer->reason[0]);
        require(cf_text_is_printable(answer->reason, strlen(answer->reason)));
        break;
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cf_ca_answer answer = {0};
    struct cf_err err = {0};

    if (size < 2)
        return 0;
    struct cf_ca_program_end end = {
        .program = "/usr/libexec/ca",
        .exit_status = (int8_t)data[0],
        .output = cf_bytes_of(data + 2, size - 2),
        .errors = cf_bytes_of(data + 2, size - 2),
    };
    if (data[1] & 2) {
        enum cf_rc rc = cf_ca_program_read_revocation(&end, &err);
        require((rc == CF_OK) == (end.exit_status == 0));
        return 0;
    }
    const char *cookie = data[1] & 1 ? "cookie" : NULL;
    if (cf_exec_read_answer(&end, NULL, cookie, &answer, &err) == CF_OK)
        check_answer(&answer);
    else
        require(!answer.cert && !answer.chain && !answer.cookie && err.text[0]);
    cf_ca_answer_done(&answer);
    return 0;
}
