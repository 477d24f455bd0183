/* SPDX-License-Identifier: Apache-2.0 */
#include "scep_commands.h"

#include <stdio.h>

static const struct cf_command scep_commands[] = {
    {"profiles", cf_scep_command_profiles},
    {"enroll", cf_scep_command_enroll},
    {"poll", cf_scep_command_poll},
    {"look", cf_scep_command_look},
    {"get-cert", cf_scep_command_get_cert},
    {"get-crl", cf_scep_command_get_crl},
    {"ra-get", cf_scep_command_ra_get},
    {"ra-put", cf_scep_command_ra_put},
    {"ra-request", cf_scep_command_ra_request},
};
const struct cf_command_set cf_scep_commands = {
    .commands = scep_commands,
    .n = CF_COUNT(scep_commands),
    .request_max = CF_SCEP_LINE_MAX,
    .answer_max = CF_SCEP_LINE_MAX,
};

static struct cf_bytes
bytes_of(const struct cf_buf *buf)
{
    return buf ? cf_buf_bytes(buf) : cf_bytes_of("", 0);
}

/* Rounded up: a device that comes too early has come in vain. */
static void
put_retry_after(struct cf_json_writer *out, uint64_t ms)
{
    cf_json_put_int(out, "retryAfterSeconds", (int64_t)((ms + 999) / 1000));
}

enum cf_rc
cf_scep_command_put(const struct cf_command_call *call, const struct cf_scep_answer *answer,
                    const struct cf_buf *crl, struct cf_json_writer *out, struct cf_err *err)
{
    int64_t wait_s = 0;

    CF_TRY(cf_json_int_opt(call->request, "waitSeconds", 0, CF_SCEP_WAIT_MAX_S, &wait_s, err));
    cf_json_put_string(out, "state", cf_scep_answer_state_name(answer->state));
    cf_json_put_string(out, "context", answer->context[0] != '\0' ? answer->context : NULL);
    switch (answer->state) {
    case CF_SCEP_ANSWER_ISSUED:
        if (crl) {
            cf_json_put_base64(out, "crl", cf_buf_bytes(crl));
        } else {
            cf_json_put_base64(out, "certificate", bytes_of(answer->cert));
            cf_json_put_base64(out, "chain", bytes_of(answer->chain));
        }
        break;
    case CF_SCEP_ANSWER_PENDING:
        put_retry_after(out, answer->retry_after_ms);
        break;
    case CF_SCEP_ANSWER_FAILED:
        cf_json_put_string(out, "failInfo", cf_scep_fail_info_name(answer->fail_info));
        cf_json_put_string(out, "text", answer->text);
        break;
    case CF_SCEP_ANSWER_WORKING:
        if (call->hold) {
            call->hold->wait_ms = (uint64_t)wait_s * 1000;
            call->hold->item_id = answer->item_id;
            snprintf(call->hold->context, sizeof call->hold->context, "%s", answer->context);
        }
        break;
    case CF_SCEP_ANSWER_LATER:
        put_retry_after(out, answer->retry_after_ms);
        cf_json_put_string(out, "text", answer->text);
        break;
    }
    return CF_OK;
}
