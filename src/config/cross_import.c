/* SPDX-License-Identifier: Apache-2.0 */
/* cross_import - where import keys come from, and that requests can tell them apart. */
#include "build.h"
#include "certferry/text.h"

static bool
is_written(const struct cf_build *build, const struct cf_import_key_settings *key,
           const char *option)
{
    return cf_build_value(build, "import-key", key->name, option) != NULL;
}

static bool
is_same_provider(const char *a, const char *b)
{
    return (!a && !b) || (a && b && cf_text_equal_nocase(a, b));
}

static void
cross_pair(const struct cf_build *build, const struct cf_import_key_settings *key,
           const struct cf_import_key_settings *earlier)
{
    if (key->key_name && earlier->key_name &&
        cf_text_equal_nocase(key->key_name, earlier->key_name) &&
        is_same_provider(key->provider, earlier->provider))
        cf_build_fault(build, "import-key", key->name, "name",
                       "provider and name are those of [import-key %s], too: requests could not "
                       "tell them apart",
                       earlier->name);
}

void
cf_cross_import_keys(const struct cf_build *build)
{
    const struct cf_settings *settings = build->settings;

    for (size_t i = 0; i < settings->n_import_keys; i++) {
        const struct cf_import_key_settings *key = settings->import_keys[i];
        bool has_file = is_written(build, key, "key_file");
        bool has_uri = is_written(build, key, "key_uri");

        if (!has_file && !has_uri)
            cf_build_fault(build, "import-key", key->name, "key_file",
                           "is missing: set it, or key_uri for a key in a token or TPM");
        if (has_file && has_uri)
            cf_build_fault(build, "import-key", key->name, "key_uri",
                           "key_file is set, too: remove one");
        if (is_written(build, key, "pin_file") && !has_uri)
            cf_build_fault(build, "import-key", key->name, "pin_file",
                           "belongs to key_uri, which is not set: remove it");
        for (size_t k = 0; k < i; k++)
            cross_pair(build, key, settings->import_keys[k]);
    }
}
