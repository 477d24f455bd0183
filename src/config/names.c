/* SPDX-License-Identifier: Apache-2.0 */
/* names - sections and keys that are not in the table, and what may have been meant. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "build.h"
#include "certferry/text.h"

enum { NAMES_MAX = 100, SECTION_NAME_MAX = 64, SHOWN_MAX = 32 };

/* A key that somebody pasted a secret into, or a line of one, must not be shown. */
static bool
may_be_shown(const char *key)
{
    size_t len = strlen(key);

    return len <= SHOWN_MAX && strspn(key, "abcdefghijklmnopqrstuvwxyz_-") == len;
}

static const char *
nearest_name(const char *text, const char *const *names, size_t n_names)
{
    char lower[65];
    size_t len = strlen(text);

    if (len >= sizeof lower)
        return NULL;
    for (size_t i = 0; i <= len; i++)
        lower[i] = text[i] == '-' ? '_' : (char)tolower((unsigned char)text[i]);
    return cf_text_nearest(lower, names, n_names);
}

static bool
asks_for_secret(const char *key)
{
    static const char *const WORD[] = {"secret",     "password",    "passwd",   "passphrase",
                                       "key",        "private_key", "token",    "pin",
                                       "credential", "pwd",         "challenge"};

    for (size_t i = 0; i < CF_COUNT(WORD); i++) {
        const char *end = strlen(key) >= strlen(WORD[i]) ? key + strlen(key) - strlen(WORD[i]) : "";
        if (strcasecmp(end, WORD[i]) == 0)
            return true;
    }
    return false;
}

/* The option that names the file for a secret somebody wanted to write down here. */
static const char *
file_option(const char *section)
{
    if (strcmp(section, "cloud") == 0)
        return "client_secret_file, proxy_password_file or tls_key_file";
    if (strcmp(section, "store") == 0)
        return "key_file or password_file";
    if (strcmp(section, "ca") == 0)
        return "key_file, password_file, secret_file or tls_key_file";
    if (strcmp(section, "directory") == 0)
        return "password_file or keytab_file";
    if (strcmp(section, "import-key") == 0)
        return "key_file or pin_file";
    if (strcmp(section, "recovery") == 0)
        return "identity_file";
    if (strcmp(section, "scep") == 0)
        return "ra_key_file, ra_pin_file or tls_key_file";
    if (strcmp(section, "scep-profile") == 0)
        return "challenge_file";
    return "the option for it";
}

static void
unknown_key(const struct cf_build *build, const struct cf_section *section,
            const struct cf_ini_entry *entry)
{
    const char *names[NAMES_MAX];
    size_t n = 0;

    for (const struct cf_option *option = section->options; option->key && n < NAMES_MAX;
         option = cf_option_next(option))
        names[n++] = option->key;
    const char *nearest = nearest_name(entry->key, names, n);
    const char *shown = nearest || may_be_shown(entry->key) ? entry->key : "(not shown)";

    if (asks_for_secret(entry->key) && may_be_shown(entry->key))
        cf_faults_add(build->faults, entry->place,
                      "[%s] has no key \"%s\": secrets are never written into this file; put it "
                      "into a file of its own or a systemd credential and name that with %s",
                      section->type, entry->key, file_option(section->type));
    else if (nearest)
        cf_faults_add(build->faults, entry->place, "[%s] has no key \"%s\": did you mean %s?",
                      section->type, shown, nearest);
    else
        cf_faults_add(build->faults, entry->place, "[%s] has no key \"%s\": see certferry.conf(5)",
                      section->type, shown);
}

static void
unknown_section(const struct cf_build *build, const struct cf_ini_section *section)
{
    const char *names[NAMES_MAX];
    size_t n = 0;

    for (; n < cf_n_sections && n < NAMES_MAX; n++)
        names[n] = cf_sections[n].type;
    const char *nearest = nearest_name(section->type, names, n);
    const char *shown = nearest || may_be_shown(section->type) ? section->type : "(not shown)";
    if (nearest)
        cf_faults_add(build->faults, section->place, "there is no section [%s]: did you mean [%s]?",
                      shown, nearest);
    else
        cf_faults_add(build->faults, section->place,
                      "there is no section [%s]: see certferry.conf(5)", shown);
}

/* Names of CAs become file and credential names, those of SCEP profiles parts of URLs; names of
 * templates are those of the profiles. */
static void
check_section_name(const struct cf_build *build, const struct cf_ini_section *section,
                   const struct cf_section *known)
{
    static const char LETTERS[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    const char *name = section->name;
    size_t len = strlen(name);

    if (known->has_name && len == 0)
        cf_faults_add(build->faults, section->place, "[%s] needs a name: write [%s NAME]",
                      known->type, known->type);
    else if (!known->has_name && len > 0)
        cf_faults_add(build->faults, section->place, "[%s] takes no name: write [%s]", known->type,
                      known->type);
    else if (len > SECTION_NAME_MAX)
        cf_faults_add(build->faults, section->place, "the section's name is longer than %d bytes",
                      SECTION_NAME_MAX);
    else if ((strcmp(known->type, "ca") == 0 || strcmp(known->type, "scep-profile") == 0) &&
             (strspn(name, LETTERS) != len || *name == '.' || *name == '-'))
        cf_faults_add(build->faults, section->place,
                      "the name of a %s must have letters, digits and . _ - only and begin with a "
                      "letter or digit",
                      strcmp(known->type, "ca") == 0 ? "CA" : "SCEP profile");
    else if (strpbrk(name, ",\"'\\"))
        cf_faults_add(build->faults, section->place,
                      "the section's name must be without commas, quotes and backslashes");
}

static void
check_entry(const struct cf_build *build, const struct cf_section *section,
            const struct cf_ini_entry *entry)
{
    const struct cf_option *option = cf_option_find(section->type, entry->key);
    struct cf_place place = entry->place;

    if (!option) {
        unknown_key(build, section, entry);
        return;
    }
    bool is_list = option->type == OPT_COMMAND || option->type == OPT_TEMPLATES ||
                   option->type == OPT_USAGES || option->type == OPT_EKU ||
                   option->type == OPT_LIST;
    place.line = entry->continued_at;
    if (entry->continued_at && !is_list)
        cf_faults_add(build->faults, place,
                      "begins with a blank, which continues the value of %s above, but that is no "
                      "list: remove the blank",
                      entry->key);
}

void
cf_build_check_names(const struct cf_build *build)
{
    for (size_t i = 0; i < build->ini->n_sections; i++) {
        const struct cf_ini_section *section = &build->ini->sections[i];
        const struct cf_section *known = cf_section_find(section->type);

        if (!known) {
            unknown_section(build, section);
            continue;
        }
        check_section_name(build, section, known);
        for (size_t k = 0; k < section->n_entries; k++)
            check_entry(build, known, &section->entries[k]);
    }
}
