/* SPDX-License-Identifier: Apache-2.0 */
/* discovery_answer - one page of the directory's map of services. */
#include <string.h>

#include "certferry/json.h"
#include "certferry/text.h"

#include "wire.h"

enum { ENTRIES_MAX = 10000, NAME_MAX_LEN = 256 };

enum cf_rc
cf_wire_check_url(const char *url, struct cf_err *err)
{
    size_t len = strlen(url);

    if (len > CF_CLOUD_URL_MAX)
        return cf_fail(err, CF_E_RANGE, "address of %zu bytes; at most %d are allowed", len,
                       (int)CF_CLOUD_URL_MAX);
    for (const char *at = url; *at; at++)
        if (*at <= ' ' || *at > '~' || strchr("\"<>\\^`{|}#", *at))
            return cf_fail(err, CF_E_SYNTAX, "address with a character that may not be in one");
    if (!cf_text_starts_with(url, "https://"))
        return cf_fail(err, CF_E_SYNTAX, "address %.100s does not begin with https://", url);
    const char *host = url + strlen("https://");
    size_t host_len = strcspn(host, "/?");
    if (host_len == 0 || memchr(host, '@', host_len))
        return cf_fail(err, CF_E_SYNTAX, "address %.100s has no host or has a user name", url);
    return CF_OK;
}

bool
cf_wire_same_origin(const char *a, const char *b)
{
    const char *scheme_end = strstr(a, "://");

    if (!scheme_end)
        return false;
    size_t len = (size_t)(scheme_end - a) + 3;
    len += strcspn(a + len, "/?#");
    return strlen(b) >= len && strncasecmp(a, b, len) == 0 &&
           (b[len] == '\0' || strchr("/?#", b[len]));
}

/* A URL that passed the check, without slashes at its end. */
static enum cf_rc
copy_url(const char *text, char **ret_url, struct cf_err *err)
{
    CF_TRY(cf_wire_check_url(text, err));
    size_t len = strlen(text);
    while (text[len - 1] == '/')
        len--;
    char *url = strndup(text, len);
    if (!url)
        return cf_fail_oom(err);
    *ret_url = url;
    return CF_OK;
}

static enum cf_rc
read_endpoints(struct cf_bytes body, const char *service_name, char **ret_url, char **ret_next,
               struct cf_err *err)
{
    cf_own(cf_json) answer = NULL;
    cf_own_str url = NULL;
    cf_own_str next = NULL;
    const struct cf_json *value = NULL;
    const char *link = NULL;

    CF_TRY(cf_json_parse(body, CF_CLOUD_ANSWER_MAX, &answer, err));
    CF_TRY(cf_json_array(answer, "value", ENTRIES_MAX, &value, err));
    for (size_t i = 0; i < cf_json_length(value) && !url; i++) {
        const struct cf_json *entry = NULL;
        const char *name = NULL;
        const char *uri = NULL;

        CF_TRY(cf_json_at_object(value, i, &entry, err));
        CF_TRY(cf_json_string_opt(entry, "providerName", 0, NAME_MAX_LEN, &name, err));
        if (!cf_text_equal_nocase(name, service_name))
            continue;
        CF_TRY(cf_json_string(entry, "uri", 1, CF_CLOUD_URL_MAX, &uri, err));
        CF_TRY(copy_url(uri, &url, err));
    }
    CF_TRY(cf_json_string_opt(answer, "@odata.nextLink", 1, CF_CLOUD_URL_MAX, &link, err));
    if (link) {
        CF_TRY(cf_wire_check_url(link, err));
        next = strdup(link);
        if (!next)
            return cf_fail_oom(err);
    }
    *ret_url = cf_give(url);
    *ret_next = cf_give(next);
    return CF_OK;
}

enum cf_rc
cf_wire_endpoints(struct cf_bytes body, const char *service_name, char **ret_url, char **ret_next,
                  struct cf_err *err)
{
    if (read_endpoints(body, service_name, ret_url, ret_next, err) == CF_OK)
        return CF_OK;
    (void)cf_err_prefix(err, "discovery answer");
    return cf_wire_blame_peer(err);
}
