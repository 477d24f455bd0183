/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_xcep - policies that are taken have named templates within the limits, and each can be found
 * or is not offered. Covers soap_read, xcep_read and xcep_find.
 */
#include <stdlib.h>
#include <string.h>

#include "ca/adcs/xcep.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool claim)
{
    if (!claim)
        abort();
}

static void
look_at(const struct xcep_policies *policies, const struct xcep_template *entry)
{
    const char *name = entry->facts->name;
    bool may_enroll = false;

    must(name && name[0] && cf_text_is_printable(name, strlen(name)));
    must(entry->n_cas <= XCEP_REFERENCES_MAX && entry->facts->n_eku <= CF_EKU_MAX);
    const struct xcep_template *found = xcep_find(policies, name, "https://a/", &may_enroll);
    must(found || !may_enroll);
    must(!found || cf_text_equal_nocase(found->facts->name, name));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char ID[] = "urn:uuid:00000000-0000-4000-8000-000000000001";
    struct xcep_policies policies = {0};
    struct cf_err err = {0};

    if (xcep_read(cf_bytes_of(data, size), ID, &policies, &err) != CF_OK) {
        must(!policies.templates && !policies.cas);
        must(cf_text_is_printable(err.text, strlen(err.text)));
        return 0;
    }
    must(policies.n_templates <= CF_ENROLLMENT_TEMPLATES_MAX);
    for (size_t i = 0; i < policies.n_templates; i++)
        look_at(&policies, &policies.templates[i]);
    xcep_policies_done(&policies);
    return 0;
}
