/* SPDX-License-Identifier: Apache-2.0 */
/* requests, explain, retry, cancel, approve, deny: work in progress and what was done. */
#include "certferry/log.h"
#include "certferry/machine.h"
#include "certferry/operator.h"
#include "command.h"

enum { LIST_DEFAULT = 100, LIST_MAX = 1000 };

static void
put_item(struct cf_json_writer *out, const struct cf_item *item)
{
    cf_json_put_string(out, "requestContext", item->context);
    cf_json_put_string(out, "kind", cf_kind_name(item->kind));
    cf_json_put_string(out, "state", cf_state_name(item->state));
    cf_command_put_time(out, "receivedUtc", item->received_ms);
    cf_command_put_time(out, "updatedUtc", item->updated_ms);
    cf_command_put_time(out, "dueUtc", item->due_ms);
    cf_json_put_int(out, "attempts", item->attempts);
    cf_json_put_string(out, "device", item->device_id);
    cf_json_put_string(out, "user", item->user_name);
    cf_json_put_string(out, "ca", item->ca);
    cf_json_put_string(out, "template", item->template_name);
    cf_json_put_string(out, "subject", item->subject);
    cf_json_put_string(out, "serial", item->serial);
    cf_json_put_string(out, "error", item->rc != CF_OK ? cf_rc_name(item->rc) : NULL);
    cf_json_put_string(out, "fault", item->rc != CF_OK ? cf_fault_name(item->fault) : NULL);
    cf_json_put_string(out, "text", item->error);
}

enum cf_rc
cf_command_requests(const struct cf_command_call *call, struct cf_json_writer *out,
                    struct cf_err *err)
{
    struct cf_store *store = call->site->store;
    const char *state_name = NULL, *device = NULL;
    int64_t limit = LIST_DEFAULT, after = 0;
    enum cf_state state = CF_STATE_RECEIVED;
    struct cf_items items = {0};

    CF_TRY(cf_json_string_opt(call->request, "state", 1, 32, &state_name, err));
    CF_TRY(cf_json_string_opt(call->request, "device", 1, CF_CONTEXT_MAX, &device, err));
    CF_TRY(cf_json_int_opt(call->request, "limit", 1, LIST_MAX, &limit, err));
    CF_TRY(cf_json_int_opt(call->request, "after", 0, INT64_MAX, &after, err));
    if (state_name)
        CF_TRY(cf_state_parse(state_name, &state, err));

    const struct cf_item_filter filter = {
        .states = state_name ? CF_STATE_BIT(state) : 0,
        .device_id = device,
        .after_id = after,
        .limit = (size_t)limit,
    };
    CF_TRY(store->ops->list(store, &filter, &items, err));
    cf_json_put_array(out, "requests");
    for (size_t i = 0; i < items.n; i++) {
        cf_json_put_object(out, NULL);
        put_item(out, items.item[i]);
        cf_json_put_object_end(out);
    }
    cf_json_put_array_end(out);
    if (items.n == (size_t)limit)
        cf_json_put_int(out, "after", items.item[items.n - 1]->id);
    cf_items_done(&items);
    return CF_OK;
}

static enum cf_rc
get_item(const struct cf_command_call *call, const char *context, struct cf_item **ret_item,
         struct cf_err *err)
{
    struct cf_store *store = call->site->store;
    enum cf_rc rc = CF_E_NOT_FOUND;

    for (unsigned kind = 0; kind < CF_KIND_MAX_ && rc == CF_E_NOT_FOUND; kind++)
        rc = store->ops->get(store, (enum cf_kind)kind, context, ret_item, err);
    if (rc == CF_E_NOT_FOUND)
        return cf_fail(err, rc, "no request %s; `certferry requests` lists those that are kept",
                       context);
    return rc;
}

enum cf_rc
cf_command_explain(const struct cf_command_call *call, struct cf_json_writer *out,
                   struct cf_err *err)
{
    struct cf_store *store = call->site->store;
    struct cf_history history = {0};
    cf_own(cf_item) item = NULL;
    const char *context = NULL;

    CF_TRY(cf_json_string(call->request, "id", 1, CF_CONTEXT_MAX, &context, err));
    CF_TRY(get_item(call, context, &item, err));
    CF_TRY(store->ops->history(store, item->id, &history, err));
    put_item(out, item);
    cf_json_put_bool(out, "final", cf_machine_is_final(item->kind, item->state));
    cf_json_put_bool(out, "inWork", item->claimed_until_ms > 0);
    cf_json_put_array(out, "history");
    for (size_t i = 0; i < history.n; i++) {
        const struct cf_history_line *line = &history.line[i];

        cf_json_put_object(out, NULL);
        cf_command_put_time(out, "atUtc", line->at_ms);
        cf_json_put_string(out, "from", cf_state_name(line->from));
        cf_json_put_string(out, "to", cf_state_name(line->to));
        cf_json_put_string(out, "error", line->rc != CF_OK ? cf_rc_name(line->rc) : NULL);
        cf_json_put_string(out, "text", line->text);
        cf_json_put_object_end(out);
    }
    cf_json_put_array_end(out);
    cf_history_done(&history);
    return CF_OK;
}

static void
log_deed(const struct cf_command_call *call, const char *deed, const char *context)
{
    const struct cf_log_fields fields = {.request = context};

    cf_log(CF_EV_OPERATOR_ACTION, &fields, "%s: %s %s", call->who, deed, context);
}

enum cf_rc
cf_command_retry(const struct cf_command_call *call, struct cf_json_writer *out, struct cf_err *err)
{
    const char *context = NULL;

    CF_TRY(cf_json_string(call->request, "id", 1, CF_CONTEXT_MAX, &context, err));
    CF_TRY(cf_operator_retry(call->site, context, err));
    log_deed(call, "retry", context);
    cf_scheduler_kick(call->daemon->scheduler, CF_DUTY_DISPATCH);
    cf_scheduler_kick(call->daemon->scheduler, CF_DUTY_DELIVER);
    cf_scheduler_kick(call->daemon->scheduler, CF_DUTY_ACKNOWLEDGE);
    cf_json_put_string(out, "requestContext", context);
    return CF_OK;
}

enum cf_rc
cf_command_cancel(const struct cf_command_call *call, struct cf_json_writer *out,
                  struct cf_err *err)
{
    const char *context = NULL;

    CF_TRY(cf_json_string(call->request, "id", 1, CF_CONTEXT_MAX, &context, err));
    CF_TRY(cf_operator_cancel(call->site, context, call->who, err));
    log_deed(call, "cancel", context);
    cf_scheduler_kick(call->daemon->scheduler, CF_DUTY_DELIVER);
    cf_scheduler_kick(call->daemon->scheduler, CF_DUTY_ACKNOWLEDGE);
    cf_json_put_string(out, "requestContext", context);
    return CF_OK;
}

static enum cf_rc
decide(const struct cf_command_call *call, bool approve, struct cf_json_writer *out,
       struct cf_err *err)
{
    const char *context = NULL;

    CF_TRY(cf_json_string(call->request, "id", 1, CF_CONTEXT_MAX, &context, err));
    CF_TRY(cf_operator_decide(call->site, context, approve, call->who, err));
    log_deed(call, approve ? "approve" : "deny", context);
    cf_scheduler_kick(call->daemon->scheduler, CF_DUTY_DISPATCH);
    cf_json_put_string(out, "requestContext", context);
    return CF_OK;
}

enum cf_rc
cf_command_approve(const struct cf_command_call *call, struct cf_json_writer *out,
                   struct cf_err *err)
{
    return decide(call, true, out, err);
}

enum cf_rc
cf_command_deny(const struct cf_command_call *call, struct cf_json_writer *out, struct cf_err *err)
{
    return decide(call, false, out, err);
}
