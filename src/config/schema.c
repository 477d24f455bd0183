/* SPDX-License-Identifier: Apache-2.0 */
/* schema - the sections. The order is that of the sample and of the manual. */
#include "schema.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

const struct cf_section cf_sections[] = {
    {"connector", false, false, NULL, cf_options_connector, "The service as a whole."},
    {"cloud", false, false, NULL, cf_options_cloud,
     "The management service that requests come from."},
    {"store", false, false, NULL, cf_options_store,
     "The database that requests and results are kept in."},
    {"keys", false, false, NULL, cf_options_keys,
     "Keys that are made ahead, so that a device does not wait for its key, and the locked memory "
     "they live in."},
    {"pfx", false, false, NULL, cf_options_pfx, "The PFX files that devices get."},
    {"recipient", false, false, NULL, cf_options_recipient,
     "Which device certificates may receive a private key. What is listed here is all that "
     "speaks for a device; the cloud does not."},
    {"revocation", false, false, NULL, cf_options_revocation,
     "Revocations on behalf of the management service."},
    {"retry", false, false, NULL, cf_options_retry,
     "How a step that failed for now is tried again."},
    {"control", false, false, NULL, cf_options_control,
     "The socket on which certferry(8) reaches the daemon."},
    {"directory", false, false, NULL, cf_options_directory,
     "Active Directory or another LDAP directory: distinguished names, SAM account names, SIDs and "
     "groups come from it and need not be synchronized to the cloud. Without uri there is none."},
    {"ca", true, false, "corp", cf_options_ca,
     "A certification authority; one section for each. Requests name host and name, and a "
     "request for a CA that has no section is refused."},
    {"template", true, false, "Device", cf_options_template,
     "What certificates of one template are like. The section's name is the template's name in "
     "requests. A CA issues by it only when its templates names it."},
    {"policy", true, false, "devices", cf_options_policy,
     "What one group of requests may ask for; one section for each group. A request is served when "
     "the first section that names its CA, template and certificate type has no rule against it; "
     "when no section names them it is refused. There must be a section for each template of "
     "each CA."},
    {"import-key", true, false, "office", cf_options_import_key,
     "A private key under which administrators encrypt the passwords of PFX files that they "
     "import; one section for each."},
    {"recovery", false, false, NULL, cf_options_recovery,
     "Copies of keys, so that a user's certificate can be sealed again for another device. Without "
     "identity_file none are kept and such requests are refused."},
    {"scep", false, true, NULL, cf_options_scep,
     "The SCEP front door, certferry-scepd: where it listens, and the keys of the registration "
     "authority. Without this section there is none. Both daemons read this file."},
    {"scep-profile", true, false, "phones", cf_options_scep_profile,
     "What devices may ask for under /scep/NAME; one section for each kind of them. Names and "
     "accounts are judged by the [policy] sections."},
};
const size_t cf_n_sections = CF_COUNT(cf_sections);

const struct cf_section *
cf_section_find(const char *type)
{
    for (size_t i = 0; i < cf_n_sections; i++) {
        if (strcmp(cf_sections[i].type, type) == 0)
            return &cf_sections[i];
    }
    return NULL;
}

const struct cf_option *
cf_option_find(const char *section, const char *key)
{
    const struct cf_section *known = cf_section_find(section);

    for (const struct cf_option *option = known ? known->options : NULL; option && option->key;
         option = cf_option_next(option)) {
        if (strcmp(option->key, key) == 0)
            return option;
    }
    return NULL;
}

const struct cf_option *
cf_option_next(const struct cf_option *option)
{
    option++;
    return !option->key && option->more ? option->more : option;
}

static bool
has_word(const char *words, const char *word)
{
    size_t len = strlen(word);

    for (const char *at = words; *at; at += strspn(at, " ")) {
        size_t n = strcspn(at, " ");
        if (n == len && memcmp(at, word, len) == 0)
            return true;
        at += n;
    }
    return false;
}

bool
cf_option_is_of(const struct cf_option *option, const char *backend)
{
    return !option->backend || (backend && has_word(option->backend, backend));
}

void
cf_option_backends(const struct cf_option *option, char text[CF_BACKENDS_SIZE])
{
    size_t n = 0;

    for (const char *at = option->backend; *at && n + 5 < CF_BACKENDS_SIZE; at++)
        n += (size_t)snprintf(text + n, CF_BACKENDS_SIZE - n, *at == ' ' ? " or " : "%c", *at);
}

bool
cf_option_applies(const struct cf_option *option, const char *backend, const void *base)
{
    char key[32];
    int value;

    if (!cf_option_is_of(option, backend))
        return false;
    if (!option->only)
        return true;
    size_t len = strcspn(option->only, " ");
    assert(len < sizeof key);
    memcpy(key, option->only, len);
    key[len] = '\0';
    const struct cf_option *other = cf_option_find(option->section, key);
    assert(other && other->type == OPT_CHOICE);
    if (!cf_option_is_of(other, backend))
        return true;
    memcpy(&value, (const char *)base + other->offset, sizeof value);
    const char *words = option->only + len + strlen(" = ");
    for (const struct cf_choice *choice = other->choices; choice->name; choice++) {
        if (choice->value == value)
            return has_word(words, choice->name) && cf_option_applies(other, backend, base);
    }
    return false;
}
