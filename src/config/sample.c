/* SPDX-License-Identifier: Apache-2.0 */
/* sample - conf/certferry.conf: every option with its default, commented out. */
#include <string.h>

#include "certferry/config.h"
#include "certferry/text.h"
#include "describe.h"
#include "value.h"

enum { DESCRIPTION_MAX = 4096 };

/* A section of the sample; each backend of a CA has one of its own. */
struct sample {
    const char *type;
    const char *name;
    const char *backend;
    const char *host;
    const char *ca_name;
};

static const struct sample CORP = {"ca", "corp", "local", "ca.example.com", "Example Issuing CA"};
static const struct sample PARTNER = {"ca", "partner", "exec", "ca.partner.example.com",
                                      "Partner Issuing CA"};
static const struct sample WINDOWS = {"ca", "windows", "adcs", "ca1.example.com",
                                      "Example Windows CA"};
static const struct sample EJBCA = {"ca", "ejbca", "cmp", "ejbca.example.com", "Example Device CA"};

static const struct sample DEVICE = {.type = "template", .name = "Device"};
static const struct sample RA = {.type = "template", .name = "SCEP-RA"};

static enum cf_rc
sample_value(const struct cf_option *option, const struct sample *sample, char **ret_value,
             struct cf_err *err)
{
    struct cf_option shown = *option;

    if (!shown.preset)
        shown.preset = option->example;
    if (sample->backend && strcmp(option->key, "backend") == 0)
        shown.preset = sample->backend;
    else if (sample->backend && strcmp(option->key, "host") == 0)
        shown.preset = sample->host;
    else if (sample->backend && strcmp(option->key, "name") == 0)
        shown.preset = sample->ca_name;
    return cf_value_preset(&shown, cf_option_find("connector", "state_dir")->preset,
                           sample->name ? sample->name : "", ret_value, err);
}

static enum cf_rc
sample_option(const struct cf_option *option, const struct sample *sample, struct cf_buf *out,
              struct cf_err *err)
{
    cf_own(cf_buf) text = cf_buf_new(DESCRIPTION_MAX);
    cf_own_str value = NULL;

    if (!text)
        return cf_fail_oom(err);
    CF_TRY(cf_describe(option, false, text, err));
    CF_TRY(cf_buf_append_str(out, "\n", err));
    CF_TRY(cf_wrap(out, "# ", cf_buf_str(text), err));
    CF_TRY(sample_value(option, sample, &value, err));
    return cf_buf_appendf(out, err, "#%s = %s\n", option->key, value);
}

static enum cf_rc
sample_section(const struct cf_section *section, const struct sample *sample, struct cf_buf *out,
               struct cf_err *err)
{
    CF_TRY(cf_buf_append_str(out, "\n\n", err));
    CF_TRY(cf_wrap(out, "# ", section->help, err));
    if (section->has_name)
        CF_TRY(cf_buf_appendf(out, err, "#[%s %s]\n", section->type, sample->name));
    else
        CF_TRY(
            cf_buf_appendf(out, err, "%s[%s]\n", section->is_optional ? "#" : "", section->type));
    for (const struct cf_option *option = section->options; option->key;
         option = cf_option_next(option)) {
        if (cf_option_is_of(option, sample->backend))
            CF_TRY(sample_option(option, sample, out, err));
    }
    return CF_OK;
}

enum cf_rc
cf_config_sample(struct cf_buf *out, struct cf_err *err)
{
    CF_TRY(cf_buf_append_str(
        out,
        "# SPDX-License-Identifier: Apache-2.0\n"
        "#\n"
        "# certferry.conf - configuration of certferryd; see certferry.conf(5).\n"
        "#\n"
        "# Lines that begin with \"#key =\" show the default, or an example where there is none.\n"
        "# Better than to edit this file: write what differs into files of their own in\n"
        "# certferry.conf.d/*.conf. They are read after this one, in the order of their names.\n"
        "# \"certferryd --check\" tells what is wrong.\n"
        "#\n"
        "# A line that begins with a blank continues the list above it. Secrets are never written\n"
        "# here: options name the file that holds one, or a systemd credential "
        "(credential:NAME).\n",
        err));
    for (size_t i = 0; i < cf_n_sections; i++) {
        const struct cf_section *section = &cf_sections[i];
        struct sample plain = {.type = section->type, .name = section->example};

        if (strcmp(section->type, "ca") == 0) {
            CF_TRY(sample_section(section, &CORP, out, err));
            CF_TRY(sample_section(section, &PARTNER, out, err));
            CF_TRY(sample_section(section, &WINDOWS, out, err));
            CF_TRY(sample_section(section, &EJBCA, out, err));
        } else if (strcmp(section->type, "template") == 0) {
            CF_TRY(sample_section(section, &DEVICE, out, err));
            CF_TRY(sample_section(section, &RA, out, err));
        } else {
            CF_TRY(sample_section(section, &plain, out, err));
        }
    }
    return CF_OK;
}
