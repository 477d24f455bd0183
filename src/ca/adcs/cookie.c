/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cookie - "42 rpc ca1.corp.example Corp Issuing CA": number, way to the CA, its host and name.
 *
 * By HTTPS it is the URL that says which CA is asked, so that its digest stands behind the way:
 * "ces:9f86...".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adcs.h"
#include "certferry/digest.h"
#include "certferry/text.h"

enum { NUMBER_SIZE = 11, WAY_SIZE = sizeof "ces:" + CF_SHA256_TEXT_SIZE };

static enum cf_rc
way_of(const struct cf_ca_settings *settings, char ret[WAY_SIZE], struct cf_err *err)
{
    char digest[CF_SHA256_TEXT_SIZE];

    if (settings->transport == CF_ADCS_RPC) {
        (void)snprintf(ret, WAY_SIZE, "rpc");
        return CF_OK;
    }
    CF_TRY(cf_sha256_text(cf_bytes_of(settings->ces_url, strlen(settings->ces_url)), digest, err));
    (void)snprintf(ret, WAY_SIZE, "ces:%s", digest);
    return CF_OK;
}

enum cf_rc
adcs_cookie_write(const struct cf_ca_settings *settings, uint32_t request_id, char **ret_cookie,
                  struct cf_err *err)
{
    char *cookie = NULL;
    char way[WAY_SIZE];

    if (request_id == 0)
        return cf_fail(err, CF_E_PROTOCOL,
                       "CA %s: let the request wait and gave it no number to ask for it by",
                       settings->ca_name);
    CF_TRY(way_of(settings, way, err));
    if (asprintf(&cookie, "%u %s %s %s", request_id, way, settings->host, settings->ca_name) < 0)
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

/* Numbers are a CA's own: another would tell of somebody else's request. */
static enum cf_rc
check(const struct cf_ca_settings *settings, const char *number, const char *way, const char *host,
      const char *name, struct cf_err *err)
{
    char now[WAY_SIZE];

    if (!cf_text_equal_nocase(host, settings->host) ||
        !cf_text_equal_nocase(name, settings->ca_name))
        return cf_fail(err, CF_E_CA_CONFIG,
                       "request %s went to CA '%s' at %s, and the section now names '%s' at %s; "
                       "name the former CA again until its requests are done",
                       number, name, host, settings->ca_name, settings->host);
    CF_TRY(way_of(settings, now, err));
    if (strcmp(way, now) != 0)
        return cf_fail(err, CF_E_CA_CONFIG,
                       "request %s went to CA '%s' by %s, and the section now has another "
                       "transport or ces_url; set the former again until its requests are done",
                       number, name, strcmp(way, "rpc") == 0 ? "rpc" : "ces");
    return CF_OK;
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

    cf_own_str way = strdup(space + 1);
    if (!way)
        return cf_fail_oom(err);
    char *host = strchr(way, ' ');
    if (host)
        *host++ = '\0';
    char *name = host ? strchr(host, ' ') : NULL;
    if (!name)
        return malformed(err);
    *name++ = '\0';
    CF_TRY(check(settings, number, way, host, name, err));
    *ret_request_id = (uint32_t)request_id;
    return CF_OK;
}
