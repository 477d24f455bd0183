/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ini - libinih for the syntax of keys and values, and around it what it does not tell: the line,
 * the section's full name, which lines it could not read.
 *
 * libinih asks for one line at a time and calls back before it asks for the next. So each line
 * is looked at on its way in: headers are taken here (libinih cuts their names at 49 bytes and
 * keeps quiet about empty sections), and a line that should have led to a call but did not is a
 * fault.
 */
#include "ini.h"

#include <ini.h> /* NOLINT(readability-duplicate-include): libinih's, not ours */
#include <string.h>

#include "certferry/text.h"

enum expectation { EXPECT_NOTHING, EXPECT_ENTRY, EXPECT_CONTINUATION };

struct reader {
    struct cf_ini *ini;
    const char *file;
    struct cf_faults *faults;
    const char *at;
    const char *end;
    unsigned line;
    enum expectation expect;
    bool is_handled;
    bool in_bad_section; /* its header was told; its keys have nowhere to go */
    struct cf_ini_section *section;
    struct cf_ini_entry *entry; /* what a continuation adds to */
    enum cf_rc rc;
    struct cf_err *err;
};

static struct cf_place
here(const struct reader *reader)
{
    return (struct cf_place){.file = reader->file, .line = reader->line};
}

/* Memory that ran out ends the reading; the file is then read no further. */
static void
give_up(struct reader *reader)
{
    reader->rc = cf_fail_oom(reader->err);
    reader->at = reader->end;
}

static struct cf_ini_section *
add_section(struct reader *reader, const char *type, const char *name)
{
    struct cf_ini *ini = reader->ini;
    struct cf_ini_section *grown =
        reallocarray(ini->sections, ini->n_sections + 1, sizeof *ini->sections);

    if (!grown) {
        give_up(reader);
        return NULL;
    }
    ini->sections = grown;
    struct cf_ini_section *section = &grown[ini->n_sections];
    *section =
        (struct cf_ini_section){.type = strdup(type), .name = strdup(name), .place = here(reader)};
    ini->n_sections++;
    if (!section->type || !section->name) {
        give_up(reader);
        return NULL;
    }
    return section;
}

static void
open_section(struct reader *reader, const char *type, const char *name)
{
    struct cf_ini_section *section = cf_ini_find_section(reader->ini, type, name);

    if (section && section->last_file == reader->file)
        cf_faults_add(reader->faults, here(reader),
                      "section [%s%s%s] is there twice in this file: put its keys together", type,
                      *name ? " " : "", name);
    if (!section && reader->ini->n_sections == CF_INI_SECTIONS_MAX) {
        cf_faults_add(reader->faults, here(reader),
                      "more than %d sections: this file is not read "
                      "further",
                      CF_INI_SECTIONS_MAX);
        reader->at = reader->end;
        return;
    }
    if (!section)
        section = add_section(reader, type, name);
    if (section)
        section->last_file = reader->file;
    reader->section = section;
    reader->in_bad_section = false;
}

/* "[TYPE]" or "[TYPE NAME]"; text is writable and has no blanks at its ends. */
static void
take_header(struct reader *reader, char *text)
{
    size_t len = strlen(text);

    reader->section = NULL;
    reader->entry = NULL;
    reader->in_bad_section = true;
    if (text[len - 1] != ']' || len < 3 || strcspn(text + 1, "[]") != len - 2) {
        cf_faults_add(reader->faults, here(reader),
                      "not a section header: write [SECTION] or [SECTION NAME], alone on its line");
        return;
    }
    text[len - 1] = '\0';

    char *type = text + 1 + strspn(text + 1, " ");
    char *name = type + strcspn(type, " ");
    if (*name)
        *name++ = '\0';
    name += strspn(name, " ");
    size_t name_len = strlen(name);
    while (name_len > 0 && name[name_len - 1] == ' ')
        name[--name_len] = '\0';
    open_section(reader, type, name);
}

/* A line that libinih passed over is no entry. Its text is not shown: it may be a secret. */
static void
finish_line(struct reader *reader)
{
    if (reader->expect == EXPECT_ENTRY && !reader->is_handled) {
        cf_faults_add(reader->faults, here(reader),
                      "neither [SECTION] nor KEY = VALUE nor a comment (# at its beginning)");
        reader->entry = NULL;
    }
    reader->expect = EXPECT_NOTHING;
    reader->is_handled = false;
}

/* What libinih shall see of the line; "" for what is dealt with here. */
static const char *
judge_line(struct reader *reader, char *line, size_t len)
{
    for (char *tab = strchr(line, '\t'); tab; tab = strchr(tab, '\t'))
        *tab = ' ';
    while (len > 0 && line[len - 1] == ' ')
        line[--len] = '\0';

    char *text = line + strspn(line, " ");
    if (*text == '\0' || *text == '#' || *text == ';')
        return "";
    if (!cf_text_is_printable(text, strlen(text))) {
        cf_faults_add(reader->faults, here(reader),
                      "a control character in the line: write plain text");
        reader->entry = NULL;
        return "";
    }
    if (text > line && reader->in_bad_section)
        return "";
    if (text > line && !reader->entry) {
        cf_faults_add(reader->faults, here(reader),
                      "begins with a blank, which continues the value above, but there is none: "
                      "remove the blank");
        return "";
    }
    if (text > line) {
        reader->expect = EXPECT_CONTINUATION;
        return line;
    }
    if (*text == '[') {
        take_header(reader, text);
        return "[section]";
    }
    reader->entry = NULL;
    reader->expect = EXPECT_ENTRY;
    return line;
}

/* ini_reader: as fgets. */
static char *
next_line(char *out, int size, void *stream)
{
    struct reader *reader = stream;

    finish_line(reader);
    if (reader->at == reader->end)
        return NULL;
    reader->line++;
    size_t left = (size_t)(reader->end - reader->at);
    const char *newline = memchr(reader->at, '\n', left);
    size_t len = newline ? (size_t)(newline - reader->at) : left;
    const char *from = reader->at;
    reader->at += newline ? len + 1 : len;
    if (len > 0 && from[len - 1] == '\r')
        len--;

    const char *shown = "";
    if (len > CF_INI_LINE_MAX || len + 2 > (size_t)size) {
        cf_faults_add(reader->faults, here(reader),
                      "longer than %d bytes: continue a long list in lines that begin with a blank",
                      CF_INI_LINE_MAX);
        reader->entry = NULL;
    } else {
        memcpy(out, from, len);
        out[len] = '\0';
        shown = judge_line(reader, out, len);
    }
    if (shown != out)
        strcpy(out, shown);
    strcat(out, "\n");
    return out;
}

static void
add_entry(struct reader *reader, const char *key, const char *value)
{
    struct cf_ini_section *section = reader->section;
    struct cf_ini_entry *entry = cf_ini_find_entry(section, key);

    if (entry && entry->place.file == reader->file) {
        cf_faults_add(reader->faults, here(reader),
                      "this key is there twice in this section; it was first set in line %u: "
                      "remove one",
                      entry->place.line);
    } else if (!entry && section->n_entries == CF_INI_ENTRIES_MAX) {
        cf_faults_add(reader->faults, here(reader), "more than %d keys in one section",
                      CF_INI_ENTRIES_MAX);
        return;
    }
    if (!entry) {
        struct cf_ini_entry *grown =
            reallocarray(section->entries, section->n_entries + 1, sizeof *section->entries);
        if (!grown) {
            give_up(reader);
            return;
        }
        section->entries = grown;
        entry = &grown[section->n_entries++];
        *entry = (struct cf_ini_entry){.key = strdup(key)};
    }
    free(entry->value);
    entry->value = strdup(value);
    entry->place = here(reader);
    entry->continued_at = 0;
    reader->entry = entry;
    if (!entry->key || !entry->value)
        give_up(reader);
}

static void
continue_entry(struct reader *reader, const char *value)
{
    struct cf_ini_entry *entry = reader->entry;
    size_t len = strlen(entry->value);
    size_t more = strlen(value);

    if (len + more > CF_INI_VALUE_MAX) {
        cf_faults_add(reader->faults, here(reader), "the value is longer than %d bytes",
                      CF_INI_VALUE_MAX);
        reader->entry = NULL;
        return;
    }
    char *grown = realloc(entry->value, len + 1 + more + 1);

    if (!grown) {
        give_up(reader);
        return;
    }
    grown[len] = ' ';
    memcpy(grown + len + 1, value, more + 1);
    entry->value = grown;
    if (entry->continued_at == 0)
        entry->continued_at = reader->line;
}

/* ini_handler. The section is ours: libinih's is cut. */
static int
take_entry(void *arg, const char *section, const char *name, const char *value)
{
    struct reader *reader = arg;

    (void)section;
    if (reader->rc != CF_OK || reader->in_bad_section) {
        reader->is_handled = true;
        return 1;
    }
    if (reader->expect == EXPECT_CONTINUATION) {
        continue_entry(reader, value);
    } else if (*name == '\0') {
        return 0;
    } else if (!reader->section) {
        cf_faults_add(reader->faults, here(reader),
                      "a key before the first section: write [SECTION] above it");
    } else {
        add_entry(reader, name, value);
    }
    reader->is_handled = true;
    return 1;
}

/* Debian's libinih has its options as variables; these are ours, whatever the build's were. */
static void
set_up_library(void)
{
    ini_allow_multiline = true;
    ini_allow_inline_comments = false;
    ini_allow_no_value = false;
    ini_stop_on_first_error = false;
    ini_use_stack = true;
    ini_max_line = CF_INI_LINE_MAX + 100;
}

/* Text that is none would be read in a way nobody meant. */
static bool
is_text(struct cf_bytes text, struct cf_place place, struct cf_faults *faults)
{
    const char *at = (const char *)text.data;
    const char *end = at + text.len;

    if (text.len > CF_INI_FILE_MAX) {
        cf_faults_add(faults, place, "the file is larger than %d bytes", CF_INI_FILE_MAX);
        return false;
    }
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t len = (size_t)((newline ? newline : end) - at);
        if (memchr(at, '\0', len)) {
            cf_faults_add(faults, place, "a NUL byte: this is not a text file");
            return false;
        }
        if (!cf_text_is_utf8(at, len)) {
            cf_faults_add(faults, place, "not UTF-8: save the file in UTF-8");
            return false;
        }
        at += newline ? len + 1 : len;
        place.line++;
    }
    return true;
}

enum cf_rc
cf_ini_add(struct cf_ini *ini, const char *file, struct cf_bytes text, struct cf_faults *faults,
           struct cf_err *err)
{
    static const char MARK[] = "\xef\xbb\xbf"; /* some editors begin UTF-8 with it */
    char **grown = reallocarray(ini->files, ini->n_files + 1, sizeof *ini->files);

    if (!grown)
        return cf_fail_oom(err);
    ini->files = grown;
    char *name = strdup(file);
    if (!name)
        return cf_fail_oom(err);
    ini->files[ini->n_files++] = name;
    if (text.len == 0 || !is_text(text, (struct cf_place){name, 1}, faults))
        return CF_OK;

    struct reader reader = {.ini = ini, .file = name, .faults = faults, .err = err};
    reader.at = (const char *)text.data;
    reader.end = reader.at + text.len;
    if (text.len >= 3 && memcmp(reader.at, MARK, 3) == 0)
        reader.at += 3;
    set_up_library();
    if (ini_parse_stream(next_line, &reader, take_entry, &reader) < 0)
        return cf_fail_oom(err);
    return reader.rc;
}

struct cf_ini_section *
cf_ini_find_section(const struct cf_ini *ini, const char *type, const char *name)
{
    for (size_t i = 0; i < ini->n_sections; i++) {
        if (strcmp(ini->sections[i].type, type) == 0 &&
            cf_text_equal_nocase(ini->sections[i].name, name))
            return &ini->sections[i];
    }
    return NULL;
}

struct cf_ini_entry *
cf_ini_find_entry(const struct cf_ini_section *section, const char *key)
{
    for (size_t i = 0; section && i < section->n_entries; i++) {
        if (strcmp(section->entries[i].key, key) == 0)
            return &section->entries[i];
    }
    return NULL;
}

struct cf_ini *
cf_ini_free(struct cf_ini *ini)
{
    if (!ini)
        return NULL;
    for (size_t i = 0; i < ini->n_sections; i++) {
        struct cf_ini_section *section = &ini->sections[i];
        for (size_t k = 0; k < section->n_entries; k++) {
            free(section->entries[k].key);
            free(section->entries[k].value);
        }
        free(section->entries);
        free(section->type);
        free(section->name);
    }
    free(ini->sections);
    for (size_t i = 0; i < ini->n_files; i++)
        free(ini->files[i]);
    free(ini->files);
    free(ini);
    return NULL;
}
