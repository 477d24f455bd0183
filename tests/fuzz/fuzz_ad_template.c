/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_ad_template - values of templates and CAs: the first byte picks the attribute. Covers
 * cf_template_take, cf_service_take and cf_certs_take: what is taken is printable, and is inside
 * its limits.
 */
#include <stdlib.h>
#include <string.h>

#include "certferry/text.h"
#include "directory/template_values.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const NAMES[] = {
    "cn",
    "displayName",
    "distinguishedName",
    "revision",
    "pKIKeyUsage",
    "pKIExpirationPeriod",
    "pKIOverlapPeriod",
    "pKIExtendedKeyUsage",
    "msPKI-Certificate-Name-Flag",
    "msPKI-RA-Signature",
    "msPKI-RA-Application-Policies",
    "msPKI-Minimal-Key-Size",
    "msPKI-Cert-Template-OID",
    "nTSecurityDescriptor",
    "dNSHostName",
    "certificateTemplates",
    "cACertificate",
    "msPKI-Enrollment-Servers",
};

static void
check_text(const char *text)
{
    if (text && (!text[0] || !cf_text_is_printable(text, strlen(text))))
        abort();
}

static void
take_template(const char *attribute, struct cf_bytes value)
{
    cf_own(cf_ad_template) ad_template = calloc(1, sizeof *ad_template);

    if (!ad_template)
        return;
    (void)!cf_template_take(ad_template, attribute, &value, 1, NULL);
    check_text(ad_template->name);
    check_text(ad_template->dn);
    check_text(ad_template->key_algorithm);
    for (size_t i = 0; i < ad_template->n_eku; i++) {
        if (strspn(ad_template->eku[i], "0123456789.") != strlen(ad_template->eku[i]))
            abort();
    }
    if (ad_template->min_key_bits > 65536 || ad_template->key_usage > 0x7f)
        abort();
}

static void
take_service(const char *attribute, struct cf_bytes value)
{
    struct cf_enrollment_services services = {.service = calloc(1, sizeof *services.service),
                                              .n = 1};

    if (!services.service)
        return;
    bool is_taken = cf_service_take(services.service, attribute, &value, 1, NULL) == CF_OK;
    check_text(services.service->name);
    check_text(services.service->host);
    for (size_t i = 0; i < services.service->n_templates; i++)
        check_text(services.service->templates[i]);
    for (size_t i = 0; is_taken && i < services.service->n_urls; i++) {
        if (!cf_text_starts_with(services.service->urls[i].url, "https://"))
            abort();
    }
    cf_enrollment_services_done(&services);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const char *attribute = NAMES[data[0] % CF_COUNT(NAMES)];
    take_template(attribute, cf_bytes_of(data + 1, size - 1));
    take_service(attribute, cf_bytes_of(data + 1, size - 1));
    return 0;
}
