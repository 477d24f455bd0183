/* SPDX-License-Identifier: Apache-2.0 */
#include "attributes.h"

#include <inttypes.h>
#include <stdio.h>

static const struct {
    const char *name;
    uint64_t ms;
} PERIODS[] = {
    {"Days", UINT64_C(24) * 60 * 60 * 1000},
    {"Hours", UINT64_C(60) * 60 * 1000},
    {"Minutes", UINT64_C(60) * 1000},
    {"Seconds", 1000},
};

static void
add(struct adcs_attributes *attributes, const char *name, const char *value)
{
    attributes->attribute[attributes->n++] = (struct adcs_attribute){name, value};
}

/* Of a period below a second nothing is left, and the CA is not asked for it. */
static void
add_validity(struct adcs_attributes *attributes, uint64_t validity_ms)
{
    uint64_t left_ms = validity_ms / 1000 * 1000;
    size_t i = 0;

    if (left_ms == 0)
        return;
    while (left_ms % PERIODS[i].ms != 0)
        i++;
    (void)snprintf(attributes->units, sizeof attributes->units, "%" PRIu64,
                   left_ms / PERIODS[i].ms);
    add(attributes, "ValidityPeriod", PERIODS[i].name);
    add(attributes, "ValidityPeriodUnits", attributes->units);
}

void
adcs_attributes_of(const struct cf_ca_submission *submission, struct adcs_attributes *ret)
{
    const struct cf_template_settings *template_settings = submission->template_settings;
    uint64_t wanted = cf_template_validity_ms(template_settings, submission->validity_ms);
    bool is_configured = (template_settings->given & CF_TEMPLATE_VALIDITY) != 0;

    ret->n = 0;
    add(ret, "CertificateTemplate", template_settings->name);
    if (is_configured || wanted != template_settings->validity_ms)
        add_validity(ret, wanted);
}

enum cf_rc
adcs_attributes_text(const struct adcs_attributes *attributes, char *text, size_t size,
                     struct cf_err *err)
{
    size_t used = 0;

    for (size_t i = 0; i < attributes->n; i++) {
        const struct adcs_attribute *attribute = &attributes->attribute[i];
        int len = snprintf(text + used, size - used, "%s:%s\n", attribute->name, attribute->value);
        if (len < 0 || (size_t)len >= size - used)
            return cf_fail(err, CF_E_CA_CONFIG, "the template's name is too long: \"%.64s...\"",
                           attributes->attribute[0].value);
        used += (size_t)len;
    }
    return CF_OK;
}
