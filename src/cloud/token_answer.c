/* SPDX-License-Identifier: Apache-2.0 */
/* token_answer - what the token endpoint says. */
#include <string.h>

#include "certferry/json.h"
#include "certferry/text.h"

#include "wire.h"

enum { DESCRIPTION_MAX = 8 * 1024 };

/* The numbers an administrator meets, and what each asks of him. */
static const struct {
    uint64_t number;
    const char *fault;
    const char *remedy;
} AADSTS[] = {
    {7000215, "the client secret is wrong",
     "put the secret's value (not its id) into client_secret_file"},
    {7000222, "the client secret has expired",
     "make a new one for the application and put it into client_secret_file"},
    {700016, "the tenant does not know this application",
     "check client_id and tenant, and that an administrator has consented"},
    {90002, "the tenant does not exist", "check tenant and authority"},
    {500011, "the tenant does not know this resource",
     "check resource, and that the tenant has a licence for the service"},
    {1002012, "the scope is not valid", "check resource and graph"},
    {700027, "the tenant does not know the key that signed the assertion",
     "upload the certificate of assertion_file to the application"},
    {700024, "the assertion lies outside of its time",
     "check this host's clock and the certificate's validity"},
    {53003, "a conditional access rule refuses this host",
     "have the tenant's administrator exempt this application"},
};

/* What issuers without such numbers say (RFC 6749 section 5.2, RFC 8707 section 2). */
static const struct {
    const char *error;
    const char *remedy;
} OAUTH[] = {
    {"invalid_client", "check client_id, and what client_secret_file holds or whether the tenant "
                       "knows the certificate of assertion_file"},
    {"unauthorized_client", "check client_id, and which grants the tenant allows it"},
    {"invalid_scope", "check resource and graph"},
    {"invalid_target", "check resource and graph"},
};

/* Some issuers write the number as a string. Absent, null, zero, negative and nonsense all mean
 * that nothing is known about the life. */
static uint64_t
life_of(const struct cf_json *answer)
{
    int64_t number = 0;
    const char *text = NULL;
    uint64_t life = 0;

    if (cf_json_int_opt(answer, "expires_in", 0, INT64_MAX, &number, NULL) == CF_OK)
        life = (uint64_t)number;
    else if (cf_json_string_opt(answer, "expires_in", 1, 20, &text, NULL) == CF_OK && text &&
             cf_text_u64(text, 0, UINT64_MAX, &life, NULL) != CF_OK)
        life = 0;
    return life < CF_CLOUD_TOKEN_LIFE_MAX_S ? life : CF_CLOUD_TOKEN_LIFE_MAX_S;
}

/* A token goes into a header line: RFC 6750 section 2.1 lets it have no blank and no control. */
static bool
is_token_text(const char *text)
{
    for (; *text; text++)
        if (*text <= ' ' || *text > '~')
            return false;
    return true;
}

static enum cf_rc
read_token(struct cf_bytes body, struct cf_secret **ret_token, uint64_t *ret_life_s,
           struct cf_err *err)
{
    cf_own(cf_json) answer = NULL;
    const char *type = "Bearer";
    const char *token = NULL;

    CF_TRY(cf_json_parse(body, CF_CLOUD_ANSWER_MAX, &answer, err));
    CF_TRY(cf_json_string_opt(answer, "token_type", 1, 32, &type, err));
    CF_TRY(cf_json_string(answer, "access_token", 1, CF_CLOUD_TOKEN_MAX, &token, err));
    if (!cf_text_equal_nocase(type, "Bearer"))
        return cf_fail(err, CF_E_FIELD, "token_type is not Bearer");
    if (!is_token_text(token))
        return cf_fail(err, CF_E_FIELD, "access_token holds characters that no token has");
    CF_TRY(cf_secret_copy(token, strlen(token), ret_token, err));
    *ret_life_s = life_of(answer);
    return CF_OK;
}

enum cf_rc
cf_wire_token(struct cf_bytes body, struct cf_secret **ret_token, uint64_t *ret_life_s,
              struct cf_err *err)
{
    if (read_token(body, ret_token, ret_life_s, err) == CF_OK)
        return CF_OK;
    (void)cf_err_prefix(err, "token answer");
    return cf_wire_blame_peer(err);
}

static uint64_t
aadsts_of(const char *description)
{
    const char *at = strstr(description, "AADSTS");
    uint64_t number = 0;

    if (!at)
        return 0;
    for (at += strlen("AADSTS"); *at >= '0' && *at <= '9' && number < 100000000; at++)
        number = number * 10 + (uint64_t)(*at - '0');
    return number;
}

/* The remedy for an error that comes without a number; "" when there is none. */
static const char *
remedy_of(const char *error)
{
    for (size_t i = 0; i < CF_COUNT(OAUTH); i++) {
        if (strcmp(OAUTH[i].error, error) == 0)
            return OAUTH[i].remedy;
    }
    return "";
}

static enum cf_rc
name_refusal(long status, const char *error, const char *description, struct cf_err *err)
{
    uint64_t number = aadsts_of(description);

    for (size_t i = 0; i < CF_COUNT(AADSTS); i++) {
        if (AADSTS[i].number != number)
            continue;
        (void)cf_fail(err, CF_E_AUTH, "token refused: %s (AADSTS%llu); %s", AADSTS[i].fault,
                      (unsigned long long)number, AADSTS[i].remedy);
        err->native = status;
        return CF_E_AUTH;
    }
    char safe[CF_ERR_TEXT_MAX + 1];
    cf_text_sanitize(description, strlen(description), safe, sizeof safe);
    const char *remedy = number == 0 ? remedy_of(error) : "";
    if (*remedy) /* the description is cut for it: the remedy has to fit */
        (void)cf_fail(err, CF_E_AUTH, "token refused: %s: %.80s; %s", error, safe, remedy);
    else
        (void)cf_fail(err, CF_E_AUTH, "token refused: %.60s: %s", error, safe);
    err->native = status;
    return CF_E_AUTH;
}

enum cf_rc
cf_wire_token_error(const struct cf_http_response *response, struct cf_err *err)
{
    cf_own(cf_json) answer = NULL;
    const char *error = NULL;
    const char *description = "no description";
    bool is_refusal = response->status == 400 || response->status == 401 || response->status == 403;

    /* Others (429, 5xx) are about the endpoint's health, whatever their body claims. */
    if (is_refusal && response->body &&
        cf_json_parse(cf_buf_bytes(response->body), CF_CLOUD_ANSWER_MAX, &answer, NULL) == CF_OK &&
        cf_json_string(answer, "error", 1, 256, &error, NULL) == CF_OK) {
        (void)!cf_json_string_opt(answer, "error_description", 0, DESCRIPTION_MAX, &description,
                                  NULL);
        return name_refusal(response->status, error, description, err);
    }
    if (cf_http_check_status(response, err) == CF_OK)
        return cf_fail(err, CF_E_BUG, "a good token answer was taken for a refusal");
    return cf_err_prefix(err, "token endpoint");
}
