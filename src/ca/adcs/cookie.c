/* SPDX-License-Identifier: Apache-2.0 */
/* cookie - "42 ca1.corp.example Corp Issuing CA": number, host and name of the CA. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adcs.h"
#include "certferry/text.h"

enum { NUMBER_SIZE = 11 };

enum cf_rc
adcs_cookie_write(const struct cf_ca_settings *settings, uint32_t request_id, char **ret_cookie,
                  struct cf_err *err)
{
    char *cookie = NULL;

    if (request_id == 0)
        return cf_fail(err, CF_E_PROTOCOL,
                       "CA %s: let the request wait and gave it no number to ask for it by",
                       settings->ca_name);
    if (asprintf(&cookie, "%u %s %s", request_id, settings->host, settings->ca_name) < 0)
        return cf_fail_oom(err);
    if (strlen(cookie) > ADCS_COOKIE_MAX) {
        free(cookie);
        return cf_fail(err, CF_E_LIMIT, "CA %s: host and name have more than %d bytes",
                       settings->ca_name, ADCS_COOKIE_MAX);
    }
    *ret_cookie = cookie;
    return CF_OK;
}

static enum cf_rc
malformed(struct cf_err *err)
{
    return cf_fail(err, CF_E_CA_CONFIG,
                   "what was kept to ask the CA again is not of AD CS: give the section its former "
                   "backend until its requests are done, or cancel the request");
}

enum cf_rc
adcs_cookie_read(const struct cf_ca_settings *settings, const char *cookie,
                 uint32_t *ret_request_id, struct cf_err *err)
{
    char number[NUMBER_SIZE] = "";
    uint64_t request_id = 0;

    const char *space = strchr(cookie, ' ');
    size_t len = space ? (size_t)(space - cookie) : 0;
    if (len == 0 || len >= sizeof number || strlen(cookie) > ADCS_COOKIE_MAX)
        return malformed(err);
    memcpy(number, cookie, len);
    if (cf_text_u64(number, 1, UINT32_MAX, &request_id, NULL) != CF_OK)
        return malformed(err);

    char *host = strdup(space + 1);
    if (!host)
        return cf_fail_oom(err);
    char *name = strchr(host, ' ');
    if (name)
        *name++ = '\0';
    bool is_same = name && cf_text_equal_nocase(host, settings->host) &&
                   cf_text_equal_nocase(name, settings->ca_name);
    enum cf_rc rc = CF_OK;
    if (!name)
        rc = malformed(err);
    else if (!is_same)
        rc = cf_fail(err, CF_E_CA_CONFIG,
                     "request %s went to CA '%s' at %s, and the section now names '%s' at %s; "
                     "name the former CA again until its requests are done",
                     number, name, host, settings->ca_name, settings->host);
    else
        *ret_request_id = (uint32_t)request_id;
    free(host);
    return rc;
}
