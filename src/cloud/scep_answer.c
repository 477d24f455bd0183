/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scep_answer - how the management service judged a SCEP request.
 *
 * Only the word Success lets it pass. Any other JSON is a refusal, also when it is not understood;
 * what is no JSON comes from somebody else than the service, and is no verdict.
 */
#include <stdio.h>
#include <string.h>

#include "certferry/json.h"
#include "certferry/text.h"

#include "wire.h"

enum { CODE_MAX = 256, WORDS_MAX = 64 * 1024, WORDS_SIZE = 160, ANSWER_MAX = 256 * 1024 };

static void
write_refusal(const char *code, const char *words, struct cf_scep_verdict *verdict)
{
    const struct cf_scep_code *known = code ? cf_wire_scep_code(code) : NULL;
    char quote[WORDS_SIZE];
    char text[2 * (CF_ERR_TEXT_MAX + 1)];

    cf_text_sanitize(words, strlen(words), quote, sizeof quote);
    const char *before = quote[0] ? " (it says: " : "";
    const char *after = quote[0] ? ")" : "";
    if (known)
        (void)snprintf(text, sizeof text, "%s; %s%s%s%s", known->meaning, known->remedy, before,
                       quote, after);
    else if (code)
        (void)snprintf(text, sizeof text,
                       "the service refuses by a code that is not known here%s%s%s", before, quote,
                       after);
    else
        (void)snprintf(text, sizeof text,
                       "the service's answer holds no code, which counts as a refusal%s%s%s",
                       before, quote, after);
    cf_text_sanitize(text, strlen(text), verdict->text, sizeof verdict->text);
}

static enum cf_rc
read_verdict(struct cf_bytes body, struct cf_scep_verdict *verdict, struct cf_err *err)
{
    cf_own(cf_json) answer = NULL;
    const char *code = NULL;
    const char *words = "";

    CF_TRY(cf_json_parse(body, ANSWER_MAX, &answer, err));
    (void)!cf_json_string_opt(answer, "code", 1, CODE_MAX, &code, NULL);
    (void)!cf_json_string_opt(answer, "errorDescription", 0, WORDS_MAX, &words, NULL);
    verdict->accepted = code && strcmp(code, "Success") == 0;
    cf_text_sanitize(code ? code : "(none)", strlen(code ? code : "(none)"), verdict->code,
                     sizeof verdict->code);
    if (verdict->accepted)
        cf_text_sanitize(words, strlen(words), verdict->text, sizeof verdict->text);
    else
        write_refusal(code, words, verdict);
    return CF_OK;
}

enum cf_rc
cf_wire_scep_verdict(struct cf_bytes body, struct cf_scep_verdict *ret_verdict, struct cf_err *err)
{
    struct cf_scep_verdict verdict = {0};

    if (read_verdict(body, &verdict, err) != CF_OK) {
        (void)cf_err_prefix(err, "verdict on a SCEP request");
        return cf_wire_blame_peer(err);
    }
    *ret_verdict = verdict;
    return CF_OK;
}
