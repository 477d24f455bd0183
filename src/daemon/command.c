/* SPDX-License-Identifier: Apache-2.0 */
#include "command.h"

#include <string.h>

#include "certferry/ctl.h"
#include "certferry/text.h"

static const struct cf_command control_commands[] = {
    {"status", cf_command_status},
    {"requests", cf_command_requests},
    {"explain", cf_command_explain},
    {"retry", cf_command_retry},
    {"cancel", cf_command_cancel},
    {"approve", cf_command_approve},
    {"deny", cf_command_deny},
    {"ca-cert", cf_command_ca_cert},
    {"recipient-info", cf_command_recipient_info},
    {"revoke", cf_command_revoke},
    {"expiring", cf_command_expiring},
    {"check", cf_command_check},
    {"policy-test", cf_command_policy_test},
    {"adcs-discover", cf_command_adcs_discover},
    {"scep-challenge", cf_command_scep_challenge},
    {"scep-status", cf_command_scep_status},
};
const struct cf_command_set cf_control_commands = {
    .commands = control_commands,
    .n = CF_COUNT(control_commands),
    .request_max = CF_CTL_REQUEST_MAX,
    .answer_max = CF_CTL_ANSWER_MAX,
};

void
cf_command_put_time(struct cf_json_writer *out, const char *name, int64_t ms)
{
    char text[CF_TEXT_TIME_SIZE];

    if (ms <= 0) {
        cf_json_put_string(out, name, NULL);
        return;
    }
    cf_text_from_time(ms, text);
    cf_json_put_string(out, name, text);
}

static enum cf_rc
run(const struct cf_command_call *call, const struct cf_command_set *set,
    struct cf_json_writer *out, struct cf_err *err)
{
    const char *name = NULL;

    CF_TRY(cf_json_string(call->request, "command", 1, 64, &name, err));
    for (size_t i = 0; i < set->n; i++) {
        if (strcmp(set->commands[i].name, name) == 0)
            return set->commands[i].fn(call, out, err);
    }
    return cf_fail(err, CF_E_UNSUPPORTED, "command: this daemon does not know '%s'", name);
}

static enum cf_rc
put_error(struct cf_buf *out, const struct cf_err *failure, struct cf_err *err)
{
    struct cf_json_writer writer;

    cf_buf_clear(out);
    cf_json_writer_begin(&writer, out);
    cf_json_put_object(&writer, NULL);
    cf_json_put_bool(&writer, "ok", false);
    cf_json_put_object(&writer, "error");
    cf_json_put_string(&writer, "name", cf_rc_name(failure->rc));
    cf_json_put_string(&writer, "fault", cf_fault_name(failure->fault));
    cf_json_put_string(&writer, "text", failure->text);
    cf_json_put_object_end(&writer);
    cf_json_put_object_end(&writer);
    return cf_json_writer_end(&writer, err);
}

enum cf_rc
cf_command_answer(struct cf_daemon *daemon, const struct cf_command_set *set, struct cf_bytes line,
                  const char *who, struct cf_command_hold *hold, struct cf_buf **ret_answer,
                  struct cf_err *err)
{
    cf_own(cf_buf) out = cf_buf_new(set->answer_max);
    cf_own(cf_json) request = NULL;
    cf_own(cf_site) site = cf_scheduler_site(daemon->scheduler);
    struct cf_json_writer writer;
    struct cf_err failure = {0};

    if (!out)
        return cf_fail_oom(err);
    cf_json_writer_begin(&writer, out);
    cf_json_put_object(&writer, NULL);
    cf_json_put_bool(&writer, "ok", true);
    cf_json_put_object(&writer, "result");
    enum cf_rc rc = cf_json_parse(line, set->request_max, &request, &failure);
    if (rc == CF_OK) {
        const struct cf_command_call call = {
            .daemon = daemon, .site = site, .request = request, .who = who, .hold = hold};
        rc = run(&call, set, &writer, &failure);
    }
    if (rc == CF_OK) {
        cf_json_put_object_end(&writer);
        cf_json_put_object_end(&writer);
        rc = cf_json_writer_end(&writer, &failure);
    }
    if (rc != CF_OK)
        CF_TRY(put_error(out, &failure, err));
    CF_TRY(cf_buf_append_str(out, "\n", err));

    *ret_answer = cf_give(out);
    return CF_OK;
}
