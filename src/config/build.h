/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build - sections and entries become settings.
 */
#pragma once

#include "certferry/settings.h"
#include "ini.h"
#include "schema.h"

struct cf_build {
    const struct cf_ini *ini;
    struct cf_faults *faults;
    struct cf_settings *settings;
    struct cf_place top; /* where something is missing that has no section either */
};

/* Every fault is told; the result is CF_OK or CF_E_OOM. build->settings is new and empty. */
CF_MUST_USE enum cf_rc cf_build_settings(struct cf_build *build, struct cf_err *err);
/* Tells of sections and keys that do not exist. */
void cf_build_check_names(const struct cf_build *build);
/* What holds between options; needs the settings filled. */
CF_MUST_USE enum cf_rc cf_build_cross(struct cf_build *build, struct cf_err *err);
/* Its parts by theme; templates of CAs have been found before policies are looked at. */
/* Takes the directory's keytab where AD CS needs one and has none of its own. */
CF_MUST_USE enum cf_rc cf_cross_ca(struct cf_build *build, struct cf_ca_settings *ca,
                                   struct cf_err *err);
/* Presets count as given, unless only CAs that know the template themselves issue by it. */
void cf_cross_given(const struct cf_settings *settings, struct cf_template_settings *tmpl);
void cf_cross_directory(const struct cf_build *build);
CF_MUST_USE enum cf_rc cf_cross_policies(struct cf_build *build, struct cf_err *err);
void cf_cross_import_keys(const struct cf_build *build);
CF_MUST_USE enum cf_rc cf_cross_scep(struct cf_build *build, struct cf_err *err);
/* One that the registration authority's own certificates are issued by. */
bool cf_scep_is_ra_template(const struct cf_scep_settings *scep, const char *name);

/* By section name; NULL when there is none. */
struct cf_ca_settings *cf_cross_find_ca(const struct cf_settings *settings, const char *name);
struct cf_template_settings *cf_cross_find_template(const struct cf_settings *settings,
                                                    const char *name);
/* Everybody else compares names as the sections write them. */
CF_MUST_USE enum cf_rc cf_cross_respell(char **word, const char *name, struct cf_err *err);
/* The fault that a key names a section ("ca" or "template") that is not there. */
void cf_cross_unknown(const struct cf_build *build, const char *type, const char *name,
                      const char *key, const char *wanted_type, const char *wanted);

/* "[cloud] timeout: TEXT" at the option's entry, else at its section, else at the top. */
void cf_build_fault(const struct cf_build *build, const char *type, const char *name,
                    const char *key, const char *format, ...) CF_PRINTF(5, 6);
/* NULL when it is not written. */
const char *cf_build_value(const struct cf_build *build, const char *type, const char *name,
                           const char *key);
