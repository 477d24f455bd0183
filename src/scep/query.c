/* SPDX-License-Identifier: Apache-2.0 */
#include "query.h"

#include <string.h>
#include <strings.h>

#include "certferry/scep_message.h"
#include "certferry/text.h"

enum { NAME_MAX_LEN = 32 };

static const char *const OPERATIONS[] = {
    [CF_SCEP_OP_NONE] = "",
    [CF_SCEP_OP_UNKNOWN] = "unknown",
    [CF_SCEP_OP_GET_CA_CAPS] = "GetCACaps",
    [CF_SCEP_OP_GET_CA_CERT] = "GetCACert",
    [CF_SCEP_OP_GET_NEXT_CA_CERT] = "GetNextCACert",
    [CF_SCEP_OP_PKI_OPERATION] = "PKIOperation",
};

const char *
cf_scep_operation_name(enum cf_scep_operation operation)
{
    return OPERATIONS[operation];
}

/* The next character, and how many bytes wrote it; 0: a '%' that begins nothing. */
static size_t
next_char(const char *text, size_t len, char *ret_c)
{
    if (text[0] != '%') {
        *ret_c = text[0];
        return 1;
    }
    if (len < 3 || cf_text_hex_value(text[1]) < 0 || cf_text_hex_value(text[2]) < 0)
        return 0;
    *ret_c = (char)(cf_text_hex_value(text[1]) * 16 + cf_text_hex_value(text[2]));
    return 3;
}

/* Percent-decoded; printable ASCII only, blanks included. */
static enum cf_rc
decode_text(const char *text, size_t len, char *ret, size_t size, struct cf_err *err)
{
    size_t n = 0;

    for (size_t at = 0, step = 0; at < len; at += step) {
        char c = 0;
        step = next_char(text + at, len - at, &c);
        if (step == 0 || c < ' ' || c > '~')
            return cf_fail(err, CF_E_NOT_FOUND, "request target with what is not text");
        if (n + 1 >= size)
            return cf_fail(err, CF_E_NOT_FOUND, "request target with a part over %zu characters",
                           size - 1);
        ret[n++] = c;
    }
    ret[n] = '\0';
    return CF_OK;
}

/* Base64 in any of its writings to the one that cf_text_from_base64 reads. Blanks are what a '+'
 * becomes on its way through a form decoder. */
static enum cf_rc
normalize_base64(const char *text, size_t len, char *ret, struct cf_err *err)
{
    size_t n = 0;
    bool is_padding = false;

    for (size_t at = 0, step = 0; at < len; at += step) {
        char c = 0;
        step = next_char(text + at, len - at, &c);
        if (step == 0 || c == '\0')
            return cf_fail(err, CF_E_ENCODING, "message= with a broken percent-encoding");
        if (c == '\r' || c == '\n')
            continue;
        if (c == '=') {
            is_padding = true;
            continue;
        }
        if (is_padding)
            return cf_fail(err, CF_E_ENCODING, "message= goes on after its padding");
        if (c == ' ' || c == '-')
            c = '+';
        else if (c == '_')
            c = '/';
        ret[n++] = c;
    }
    while (n % 4 != 0)
        ret[n++] = '=';
    ret[n] = '\0';
    return CF_OK;
}

static enum cf_rc
decode_message(const char *text, size_t len, struct cf_buf **ret_message, struct cf_err *err)
{
    cf_own_str base64 = malloc(len + 4);
    cf_own(cf_buf) message = NULL;

    if (!base64)
        return cf_fail_oom(err);
    CF_TRY(normalize_base64(text, len, base64, err));
    if (base64[0] == '\0')
        return CF_OK;
    if (cf_text_from_base64(base64, CF_SCEP_MESSAGE_MAX, &message, err) != CF_OK)
        return cf_err_prefix(err, "message=");
    *ret_message = cf_give(message);
    return CF_OK;
}

/* What lies between the authority, if there is one, and the query. */
static const char *
path_of(const char *target)
{
    static const char *const schemes[] = {"http://", "https://"};

    for (size_t i = 0; i < CF_COUNT(schemes); i++) {
        size_t len = strlen(schemes[i]);
        if (strncasecmp(target, schemes[i], len) == 0)
            return target + len + strcspn(target + len, "/?#");
    }
    return target;
}

static void
tidy_path(char *path)
{
    char *to = path;

    for (const char *from = path; *from; from++) {
        if (*from != '/' || to == path || to[-1] != '/')
            *to++ = *from;
    }
    while (to > path + 1 && to[-1] == '/')
        to--;
    *to = '\0';
}

struct parameters {
    const char *message; /* raw */
    size_t message_len;
};

static void
read_parameter(const char *text, size_t len, struct cf_scep_query *query,
               struct parameters *parameters)
{
    const char *equals = memchr(text, '=', len);
    size_t name_len = equals ? (size_t)(equals - text) : len;
    const char *value = equals ? equals + 1 : text + len;
    size_t value_len = len - (size_t)(value - text);
    char name[NAME_MAX_LEN + 1];
    char word[NAME_MAX_LEN + 1];

    /* Not ours, whatever it is. */
    if (decode_text(text, name_len, name, sizeof name, NULL) != CF_OK)
        return;
    if (cf_text_equal_nocase(name, "message") && parameters->message_len == 0) {
        parameters->message = value;
        parameters->message_len = value_len;
    }
    if (!cf_text_equal_nocase(name, "operation") || query->operation != CF_SCEP_OP_NONE)
        return;
    query->operation = CF_SCEP_OP_UNKNOWN;
    if (decode_text(value, value_len, word, sizeof word, NULL) != CF_OK)
        return;
    for (size_t i = CF_SCEP_OP_GET_CA_CAPS; i < CF_COUNT(OPERATIONS); i++) {
        if (cf_text_equal_nocase(word, OPERATIONS[i]))
            query->operation = (enum cf_scep_operation)i;
    }
}

static enum cf_rc
read_parameters(const char *text, struct cf_scep_query *query, struct parameters *parameters,
                struct cf_err *err)
{
    size_t n = 0;

    while (*text && *text != '#') {
        size_t len = strcspn(text, "&#");
        if (++n > CF_SCEP_PARAMETERS_MAX)
            return cf_fail(err, CF_E_LIMIT, "request target with more than %d parameters",
                           CF_SCEP_PARAMETERS_MAX);
        read_parameter(text, len, query, parameters);
        text += len;
        if (*text == '&')
            text++;
    }
    return CF_OK;
}

enum cf_rc
cf_scep_query_parse(const char *target, struct cf_scep_query *ret_query, struct cf_err *err)
{
    struct cf_scep_query query = {0};
    struct parameters parameters = {0};

    if (strlen(target) > CF_SCEP_TARGET_MAX)
        return cf_fail(err, CF_E_LIMIT, "request target over %d bytes", CF_SCEP_TARGET_MAX);

    const char *path = path_of(target);
    size_t path_len = strcspn(path, "?#");
    if (path_len > 0)
        CF_TRY(decode_text(path, path_len, query.path, sizeof query.path, err));
    else
        query.path[0] = '/';
    if (query.path[0] != '/')
        return cf_fail(err, CF_E_ENCODING, "request target without a path");
    tidy_path(query.path);
    if (path[path_len] == '?')
        CF_TRY(read_parameters(path + path_len + 1, &query, &parameters, err));
    if (query.operation == CF_SCEP_OP_PKI_OPERATION && parameters.message_len > 0)
        (void)!decode_message(parameters.message, parameters.message_len, &query.message, NULL);
    *ret_query = query;
    return CF_OK;
}

void
cf_scep_query_done(struct cf_scep_query *query)
{
    query->message = cf_buf_free(query->message);
}
