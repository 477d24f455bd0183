/* SPDX-License-Identifier: Apache-2.0 */
#include "certferry/verdict.h"

#include <string.h>

enum { TEXT_MAX = 4096 };

static enum cf_fault
fault_from_name(const char *name, enum cf_rc rc)
{
    for (enum cf_fault fault = CF_FAULT_BUG; fault <= CF_FAULT_CONFIG; fault++) {
        if (strcmp(cf_fault_name(fault), name) == 0)
            return fault;
    }
    return cf_rc_fault(rc);
}

static enum cf_rc
read_error(const struct cf_json *error, struct cf_err *verdict, struct cf_err *err)
{
    const char *name = NULL, *fault = NULL, *text = NULL;

    CF_TRY(cf_json_string(error, "name", 1, 64, &name, err));
    CF_TRY(cf_json_string(error, "fault", 1, 64, &fault, err));
    CF_TRY(cf_json_string(error, "text", 0, TEXT_MAX, &text, err));
    enum cf_rc rc = cf_rc_from_name(name);
    /* An error by the name of success is still none. */
    (void)cf_fail(verdict, rc != CF_OK ? rc : CF_E_BUG, "%s", text);
    verdict->fault = fault_from_name(fault, verdict->rc);
    return CF_OK;
}

static enum cf_rc
read_verdict(const struct cf_json *answer, const struct cf_json **ret_result,
             struct cf_err *verdict, struct cf_err *err)
{
    const struct cf_json *part = NULL;
    bool ok = false;

    CF_TRY(cf_json_bool(answer, "ok", &ok, err));
    CF_TRY(cf_json_object(answer, ok ? "result" : "error", &part, err));
    if (!ok)
        return read_error(part, verdict, err);
    *ret_result = part;
    return CF_OK;
}

enum cf_rc
cf_verdict_read(const struct cf_json *answer, bool *ret_is_verdict,
                const struct cf_json **ret_result, struct cf_err *err)
{
    struct cf_err verdict = {0}, reason = {0};

    *ret_is_verdict = read_verdict(answer, ret_result, &verdict, &reason) == CF_OK;
    if (!*ret_is_verdict)
        return cf_fail(err, CF_E_PROTOCOL, "the daemon's answer cannot be read: %s", reason.text);
    if (err && verdict.rc != CF_OK)
        *err = verdict;
    return verdict.rc;
}
