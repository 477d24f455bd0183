/* SPDX-License-Identifier: Apache-2.0 */
/* discover_sections - the lines to paste for a CA. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "certferry/text.h"

#include "discover.h"

enum { LINE_SIZE = 1024, SECTION_SIZE = 40, SECTION_LEN = 32 };

static void CF_PRINTF(2, 3) put_line(const struct adcs_sections *sections, const char *format, ...)
{
    char line[LINE_SIZE];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    cf_json_put_string(sections->out, NULL, line);
}

/* "Corp Issuing CA" becomes "corp-issuing-ca". */
static void
name_section(const char *name, char ret[SECTION_SIZE])
{
    size_t len = 0;

    for (; *name && len < SECTION_LEN; name++) {
        unsigned char byte = (unsigned char)*name;
        if (byte < 0x80 && isalnum(byte))
            ret[len++] = (char)tolower(byte);
        else if (len > 0 && ret[len - 1] != '-')
            ret[len++] = '-';
    }
    while (len > 0 && ret[len - 1] == '-')
        len--;
    ret[len] = '\0';
    if (len == 0)
        (void)snprintf(ret, SECTION_SIZE, "adcs");
}

/* CAs whose names are alike are told apart by a number. */
static void
name_section_of(const struct adcs_sections *sections, char ret[SECTION_SIZE])
{
    char other[SECTION_SIZE];
    size_t n = 1;

    name_section(sections->services->service[sections->at].name, ret);
    for (size_t i = 0; i < sections->at; i++) {
        name_section(sections->services->service[i].name, other);
        n += strcmp(ret, other) == 0;
    }
    size_t len = strlen(ret);
    if (n > 1)
        (void)snprintf(ret + len, SECTION_SIZE - len, "-%zu", n);
}

/* A CA above that issues by the template, too, and has its section; NULL: none. */
static const struct cf_enrollment_service *
earlier_service(const struct adcs_sections *sections, const char *name)
{
    for (size_t i = 0; i < sections->at; i++) {
        const struct cf_enrollment_service *service = &sections->services->service[i];
        for (size_t k = 0; k < service->n_templates && k < ADCS_DISCOVER_TEMPLATES_MAX; k++) {
            if (cf_text_equal_nocase(service->templates[k], name))
                return service;
        }
    }
    return NULL;
}

/* In lines that a configuration takes; a name with a blank has to be in quotes. */
static void
put_templates_line(const struct adcs_sections *sections,
                   const struct cf_enrollment_service *service)
{
    char line[LINE_SIZE] = "templates =";
    size_t len = strlen(line);
    size_t n_put = 0;

    for (size_t i = 0; i < sections->n_templates; i++) {
        const char *name = service->templates[i];
        const char *quote = strpbrk(name, " #;") ? "\"" : "";
        if (!sections->is_usable[i])
            continue;
        if (len + strlen(name) + 4 > sizeof line) {
            put_line(sections, "%s", line);
            line[0] = ' ';
            len = 1;
        }
        len += (size_t)snprintf(line + len, sizeof line - len, " %s%s%s", quote, name, quote);
        n_put++;
    }
    if (n_put == 0)
        put_line(sections, "# templates: none of this CA can be used as it is");
    else
        put_line(sections, "%s", line);
}

static void
put_template_section(const struct adcs_sections *sections, const char *name)
{
    const struct cf_enrollment_service *earlier = earlier_service(sections, name);

    put_line(sections, "%s", "");
    if (earlier) {
        put_line(sections, "# [template %s] stands above, with %s", name, earlier->name);
        return;
    }
    put_line(sections, "[template %s]", name);
    put_line(sections, "# key, usages and validity are those of the template");
}

void
adcs_discover_sections(const struct adcs_sections *sections)
{
    const struct cf_enrollment_service *service = &sections->services->service[sections->at];
    const struct cf_directory_settings *directory = sections->directory;
    size_t n = sections->n_templates;
    char section[SECTION_SIZE];

    name_section_of(sections, section);
    cf_json_put_array(sections->out, "configuration");
    put_line(sections, "[ca %s]", section);
    put_line(sections, "backend = adcs");
    put_line(sections, "host = %s", service->host);
    put_line(sections, "name = %s", service->name);
    if (directory->auth != CF_DIRECTORY_GSSAPI || !directory->keytab_file)
        put_line(sections, "keytab_file = credential:ca-%s-keytab", section);
    put_templates_line(sections, service);
    if (n < service->n_templates)
        put_line(sections, "# %zu more templates were not looked at", service->n_templates - n);
    for (size_t i = 0; i < n; i++) {
        if (sections->is_usable[i])
            put_template_section(sections, service->templates[i]);
    }
    cf_json_put_array_end(sections->out);
}
