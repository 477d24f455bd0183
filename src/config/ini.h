/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ini - INI texts as sections and entries, each with its place; nothing is known of meaning here.
 *
 * What was read first comes first; a later file replaces values key by key. A line that begins
 * with a blank continues the value above it. There are no comments behind a value.
 */
#pragma once

#include <stddef.h>

#include "certferry/buf.h"
#include "faults.h"

enum {
    CF_INI_FILE_MAX = 1024 * 1024,
    CF_INI_LINE_MAX = 4000,
    CF_INI_VALUE_MAX = 16 * 1024, /* with its continuations */
    CF_INI_SECTIONS_MAX = 500,
    CF_INI_ENTRIES_MAX = 200 /* in one section */
};

struct cf_ini_entry {
    char *key;
    char *value;
    struct cf_place place;
    unsigned continued_at; /* line of the first continuation; 0: none */
};

struct cf_ini_section {
    char *type;
    char *name; /* "" for a section without one */
    struct cf_place place;
    const char *last_file; /* the file that named it last */
    struct cf_ini_entry *entries;
    size_t n_entries;
};

struct cf_ini {
    char **files; /* what places point to */
    size_t n_files;
    struct cf_ini_section *sections;
    size_t n_sections;
};

struct cf_ini *cf_ini_free(struct cf_ini *ini);
CF_DEFINE_OWN(cf_ini);

/* Adds one file. What is wrong with its text goes to faults; the result is CF_OK or CF_E_OOM. */
CF_MUST_USE enum cf_rc cf_ini_add(struct cf_ini *ini, const char *file, struct cf_bytes text,
                                  struct cf_faults *faults, struct cf_err *err);

/* Borrowed; NULL when there is none. Names compare without case. */
struct cf_ini_section *cf_ini_find_section(const struct cf_ini *ini, const char *type,
                                           const char *name);
struct cf_ini_entry *cf_ini_find_entry(const struct cf_ini_section *section, const char *key);
