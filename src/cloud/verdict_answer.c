/* SPDX-License-Identifier: Apache-2.0 */
/* verdict_answer - what became of uploaded results, and the short answers of the other calls. */
#include <stdio.h>
#include <string.h>

#include "certferry/json.h"
#include "certferry/text.h"

#include "wire.h"

enum { CONTEXT_MAX = 256, MESSAGE_MAX = 4096, LEASE_MAX_S = 604800 };

#define X(name, number, text) {number, text},
static const struct {
    int64_t number;
    const char *name;
} CODES[] = {CF_CLOUD_CODE_LIST(X)};
#undef X

/* A code is known by its name, its number, or its number as a string. What is not known may be
 * offered again: nothing is given up because of a word we do not know. */
static void
read_code(const struct cf_json *answer, const char **name, bool *is_retryable)
{
    const char *text = NULL;
    int64_t number = -1;
    uint64_t parsed = 0;

    if (cf_json_string_opt(answer, "errorCode", 1, 64, &text, NULL) == CF_OK && text) {
        *name = text;
        if (cf_text_u64(text, 0, 99999, &parsed, NULL) == CF_OK)
            number = (int64_t)parsed;
    } else if (cf_json_int_opt(answer, "errorCode", 0, 99999, &number, NULL) != CF_OK) {
        number = -1;
    }
    for (size_t i = 0; i < CF_COUNT(CODES); i++) {
        if (CODES[i].number != number && !(text && strcmp(CODES[i].name, text) == 0))
            continue;
        *name = CODES[i].name;
        *is_retryable = CODES[i].number == CF_CLOUD_NONE ||
                        cf_cloud_code_is_retryable((enum cf_cloud_code)CODES[i].number);
        return;
    }
}

static void
read_refusal(const struct cf_json *answer, struct cf_cloud_verdict *verdict)
{
    const char *name = "no code";
    const char *message = "no message";
    char joined[CF_ERR_TEXT_MAX + 1 + 64];

    verdict->accepted = false;
    verdict->retryable = true;
    read_code(answer, &name, &verdict->retryable);
    (void)!cf_json_string_opt(answer, "errorMessage", 0, MESSAGE_MAX, &message, NULL);
    int len = snprintf(joined, sizeof joined, "%.64s: %s", name, message);
    size_t used = len < 0 ? 0 : strlen(joined);
    cf_text_sanitize(joined, used, verdict->text, sizeof verdict->text);
}

static void
apply(const struct cf_json *answer, const struct cf_cloud_result *results, size_t n, bool *is_told,
      struct cf_cloud_verdict *verdicts)
{
    const char *context = NULL;
    bool is_accepted = false;

    if (cf_json_string(answer, "requestContext", 1, CONTEXT_MAX, &context, NULL) != CF_OK ||
        cf_json_bool(answer, "accepted", &is_accepted, NULL) != CF_OK)
        return;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(results[i].context, context) != 0)
            continue;
        /* Told twice: a refusal outweighs, since a result that is sent again does no harm. */
        if (!is_accepted)
            read_refusal(answer, &verdicts[i]);
        else if (!is_told[i])
            verdicts[i] = (struct cf_cloud_verdict){.accepted = true};
        is_told[i] = true;
    }
}

static enum cf_rc
read_verdicts(struct cf_bytes body, const struct cf_cloud_result *results, size_t n,
              struct cf_cloud_verdict *verdicts, struct cf_err *err)
{
    cf_own(cf_json) answer = NULL;
    const struct cf_json *value = NULL;
    bool *is_told = NULL;

    CF_TRY(cf_json_parse(body, CF_CLOUD_ANSWER_MAX, &answer, err));
    CF_TRY(cf_json_array(answer, "value", CF_CLOUD_PAGE_MAX, &value, err));
    is_told = calloc(n + 1, sizeof *is_told);
    if (!is_told)
        return cf_fail_oom(err);
    for (size_t i = 0; i < n; i++) {
        verdicts[i] = (struct cf_cloud_verdict){.retryable = true};
        (void)snprintf(verdicts[i].text, sizeof verdicts[i].text,
                       "the service's answer does not mention this result");
    }
    for (size_t i = 0; i < cf_json_length(value); i++) {
        const struct cf_json *verdict = NULL;

        if (cf_json_at_object(value, i, &verdict, NULL) == CF_OK)
            apply(verdict, results, n, is_told, verdicts);
    }
    free(is_told);
    return CF_OK;
}

enum cf_rc
cf_wire_verdicts(struct cf_bytes body, const struct cf_cloud_result *results, size_t n,
                 struct cf_cloud_verdict *ret_verdicts, struct cf_err *err)
{
    if (read_verdicts(body, results, n, ret_verdicts, err) == CF_OK)
        return CF_OK;
    (void)cf_err_prefix(err, "answer to an upload");
    return cf_wire_blame_peer(err);
}

static enum cf_rc
read_recorded(struct cf_bytes body, struct cf_err *err)
{
    cf_own(cf_json) answer = NULL;
    const char *text = NULL;
    bool is_recorded = false;

    CF_TRY(cf_json_parse(body, CF_CLOUD_ANSWER_MAX, &answer, err));
    if (cf_json_string(answer, "value", 1, 8, &text, NULL) == CF_OK)
        is_recorded = cf_text_equal_nocase(text, "true");
    else
        CF_TRY(cf_json_bool(answer, "value", &is_recorded, err));
    if (!is_recorded)
        return cf_fail(err, CF_E_PROTOCOL,
                       "the service did not record it (value is not true); "
                       "it is sent again later");
    return CF_OK;
}

enum cf_rc
cf_wire_recorded(struct cf_bytes body, struct cf_err *err)
{
    if (read_recorded(body, err) == CF_OK)
        return CF_OK;
    (void)cf_err_prefix(err, "answer to an upload");
    return cf_wire_blame_peer(err);
}

static enum cf_rc
read_heartbeat(struct cf_bytes body, uint64_t *ret_lease_s, struct cf_err *err)
{
    cf_own(cf_json) answer = NULL;
    int64_t lease_s = 0;

    CF_TRY(read_recorded(body, err));
    CF_TRY(cf_json_parse(body, CF_CLOUD_ANSWER_MAX, &answer, err));
    CF_TRY(cf_json_int(answer, "leaseSeconds", 1, LEASE_MAX_S, &lease_s, err));
    *ret_lease_s = (uint64_t)lease_s;
    return CF_OK;
}

enum cf_rc
cf_wire_heartbeat(struct cf_bytes body, uint64_t *ret_lease_s, struct cf_err *err)
{
    if (read_heartbeat(body, ret_lease_s, err) == CF_OK)
        return CF_OK;
    (void)cf_err_prefix(err, "answer to a heartbeat");
    return cf_wire_blame_peer(err);
}
