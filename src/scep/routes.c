/* SPDX-License-Identifier: Apache-2.0 */
#include "routes.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "certferry/text.h"

#define PROFILE_PREFIX "/scep/"
#define PKICLIENT "/pkiclient.exe"

static bool
is_default_path(const char *path, size_t len)
{
    static const char *const paths[] = {"/certsrv/mscep/mscep.dll", "/certsrv/mscep", "/scep"};

    for (size_t i = 0; i < CF_COUNT(paths); i++) {
        if (strlen(paths[i]) == len && strncasecmp(path, paths[i], len) == 0)
            return true;
    }
    return false;
}

struct cf_scep_route
cf_scep_route(const char *path)
{
    struct cf_scep_route route = {0};
    size_t len = strlen(path);
    size_t tail = strlen(PKICLIENT);

    if (cf_text_equal_nocase(path, "/cgi-bin" PKICLIENT)) {
        route.is_known = true;
        return route;
    }
    if (len > tail && cf_text_equal_nocase(path + len - tail, PKICLIENT))
        len -= tail;
    if (is_default_path(path, len)) {
        route.is_known = true;
        return route;
    }

    const size_t prefix = strlen(PROFILE_PREFIX);
    if (len <= prefix || strncasecmp(path, PROFILE_PREFIX, prefix) != 0 ||
        len - prefix > CF_SCEP_NAME_MAX || memchr(path + prefix, '/', len - prefix))
        return route;
    route.is_known = true;
    snprintf(route.profile, sizeof route.profile, "%.*s", (int)(len - prefix), path + prefix);
    return route;
}
