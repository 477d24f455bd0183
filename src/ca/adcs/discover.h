/* SPDX-License-Identifier: Apache-2.0 */
/* discover - cf_ca_ops.discover of AD CS. */
#pragma once

#include "adcs.h"
#include "certferry/json.h"

enum cf_rc adcs_discover(const struct cf_settings *settings, struct cf_directory *directory,
                         struct cf_json_writer *out, struct cf_err *err);

enum { ADCS_DISCOVER_TEMPLATES_MAX = 200, ADCS_SECTION_NAME_MAX = 64 /* of the configuration */ };

/* What the sections of one CA are made of; all borrowed. */
struct adcs_sections {
    const struct cf_directory_settings *directory;
    const struct cf_enrollment_services *services;
    size_t at;             /* the CA among the services */
    const bool *is_usable; /* of each of its first templates */
    size_t n_templates;
    struct cf_json_writer *out;
};
/* The array "configuration": its lines. With those of all CAs no section comes twice. */
void adcs_discover_sections(const struct adcs_sections *sections);
