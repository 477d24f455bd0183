/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_subject - a template, and behind the first NUL the value of every variable in it.
 *
 * Covers cf_subject_compile, cf_subject_render, cf_subject_uses, cf_expand. The value must not
 * change how many RDNs there are, but where it is the name itself.
 */
#include "certferry/subject.h"
#include "fuzz_pki.h"

static enum cf_rc
fact(const void *facts, const char *name, size_t len, const char **ret, struct cf_err *err)
{
    (void)name;
    (void)len;
    (void)err;
    *ret = facts;
    return CF_OK;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cf_own_str text = text_of(data, size);
    const char *value = strlen(text) < size ? text + strlen(text) + 1 : "a,CN=b";
    cf_own(cf_subject) subject = NULL;
    cf_own(cf_dn) dn = NULL;
    cf_own(cf_dn) as_written = NULL;
    cf_own(cf_dn) harmless = NULL;
    cf_own_str expanded = NULL;

    if (cf_expand(text, fact, value, 1024, &expanded, NULL) == CF_OK)
        must(strlen(expanded) <= 1024);
    if (cf_subject_compile(text, &subject, NULL) != CF_OK)
        return 0;
    bool is_name = cf_subject_uses(subject, "OnPrem_Distinguished_Name") ||
                   cf_subject_uses(subject, "OnPremisesDistinguishedName");
    if (cf_subject_render(subject, false, fact, value, &dn, NULL) != CF_OK)
        return 0;
    must_round_trip(dn);
    must(cf_subject_render(subject, true, fact, value, &as_written, NULL) == CF_OK);
    cf_dn_reverse(as_written);
    must(cf_dn_equal(dn, as_written));
    (void)!cf_dn_check_limits(dn, NULL);
    if (!is_name && cf_subject_render(subject, false, fact, "DE", &harmless, NULL) == CF_OK)
        must(cf_dn_count(dn) == cf_dn_count(harmless));
    return 0;
}
