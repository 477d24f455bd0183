/* SPDX-License-Identifier: Apache-2.0 */
/* cross_directory - what the ways to reach a directory need of each other. */
#include <string.h>

#include "build.h"
#include "certferry/text.h"

static bool
is_written(const struct cf_build *build, const char *key)
{
    return cf_build_value(build, "directory", "", key) != NULL;
}

static void
need(const struct cf_build *build, const char *key, const char *why)
{
    if (!is_written(build, key))
        cf_build_fault(build, "directory", "", key, "is missing: it is needed %s", why);
}

static void
refuse_without_uri(const struct cf_build *build)
{
    static const char *const KEY[] = {"base",        "bind_dn",   "password_file",
                                      "keytab_file", "principal", "ca_file"};

    for (size_t i = 0; i < CF_COUNT(KEY); i++) {
        if (is_written(build, KEY[i]))
            cf_build_fault(build, "directory", "", KEY[i], "there is no directory: set uri, too");
    }
}

static void
cross_uris(const struct cf_build *build)
{
    const struct cf_directory_settings *directory = &build->settings->directory;
    bool wants_ldaps = directory->tls == CF_DIRECTORY_LDAPS;

    for (size_t i = 0; directory->uri[i]; i++) {
        if (cf_text_starts_with(directory->uri[i], "ldaps://") == wants_ldaps)
            continue;
        cf_build_fault(build, "directory", "", "uri",
                       wants_ldaps ? "%s is not protected: write ldaps://, or set protection = "
                                     "starttls or signed"
                                   : "%s has TLS of its own: write ldap://, or set protection = "
                                     "ldaps",
                       directory->uri[i]);
        return;
    }
}

void
cf_cross_directory(const struct cf_build *build)
{
    const struct cf_directory_settings *directory = &build->settings->directory;

    if (!directory->uri) {
        if (!is_written(build, "uri"))
            refuse_without_uri(build);
        return;
    }
    cross_uris(build);
    if (directory->auth == CF_DIRECTORY_SIMPLE) {
        need(build, "bind_dn", "with auth = simple");
        need(build, "password_file", "with auth = simple");
        if (directory->tls == CF_DIRECTORY_SIGNED)
            cf_build_fault(build, "directory", "", "protection",
                           "signed needs auth = gssapi: the password would cross the network "
                           "unprotected");
    } else {
        need(build, "keytab_file", "with auth = gssapi");
    }
}
