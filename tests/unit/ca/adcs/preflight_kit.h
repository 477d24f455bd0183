/* SPDX-License-Identifier: Apache-2.0 */
/* preflight_kit - a template that is right, an account, and a list of what was found. */
#pragma once

#include <stdio.h>
#include <string.h>

#include "ca/adcs/preflight.h"
#include "certferry/csr.h"
#include "descriptor.h"
#include "unit/base/unit.h"

enum { KIT_FINDINGS_MAX = 64, KIT_RID = 1104 };

struct preflight_kit {
    struct descriptor descriptor;
    struct cf_buf *bytes;
    struct cf_ad_template ad_template;
    struct cf_template_settings configured;
    struct cf_enrollment_service service;
    struct cf_account account;
    struct adcs_preflight preflight;

    char text[KIT_FINDINGS_MAX][512];
    char remedy[KIT_FINDINGS_MAX][512];
    enum cf_severity severity[KIT_FINDINGS_MAX];
    size_t n;
};

static inline void
kit_note(void *arg, const struct cf_finding *finding)
{
    struct preflight_kit *kit = arg;

    assert_true(kit->n < KIT_FINDINGS_MAX);
    /* Whatever is not in order has a remedy, and only that. */
    assert_true((finding->severity == CF_FINDING_OK) == (finding->remedy == NULL));
    assert_contains(finding->subject, "ca corp");
    kit->severity[kit->n] = finding->severity;
    (void)snprintf(kit->text[kit->n], sizeof kit->text[0], "%s", finding->text);
    (void)snprintf(kit->remedy[kit->n], sizeof kit->remedy[0], "%s",
                   finding->remedy ? finding->remedy : "");
    kit->n++;
}

static inline void
kit_descriptor_done(struct preflight_kit *kit)
{
    cf_buf_free(kit->bytes);
    kit->bytes = cf_buf_copy(descriptor_bytes(&kit->descriptor));
    kit->ad_template.security_descriptor = kit->bytes;
}

static inline void
kit_begin(struct preflight_kit *kit)
{
    static char client_auth[] = "1.3.6.1.5.5.7.3.2";
    static char *ekus[] = {client_auth};
    static char name[] = "CertferryDevice";
    static char *names[] = {name};
    static char oid[] = "1.3.6.1.4.1.311.21.8.1";
    static char ca_name[] = "Corp Issuing CA";
    static char host[] = "ca1.corp.example";

    *kit = (struct preflight_kit){0};
    kit->ad_template =
        (struct cf_ad_template){.name = name,
                                .oid = oid,
                                .schema_version = 2,
                                .revision = 100,
                                .name_flags = CF_CT_ENROLLEE_SUPPLIES_SUBJECT,
                                .private_key_flags = 0x1010010,
                                .min_key_bits = 2048,
                                .key_usage = CF_KU_DIGITAL_SIGNATURE | CF_KU_KEY_ENCIPHERMENT,
                                .eku = ekus,
                                .n_eku = 1,
                                .validity_ms = UINT64_C(365) * 86400 * 1000};
    kit->configured = (struct cf_template_settings){
        .name = name, .sid_mode = CF_SID_ON_REQUEST, .sid_form = CF_SID_FORM_EXTENSION};
    kit->service = (struct cf_enrollment_service){
        .name = ca_name, .host = host, .templates = names, .n_templates = 1};
    (void)snprintf(kit->account.sid, sizeof kit->account.sid, "S-1-5-21-1-2-3-%d", KIT_RID);
    kit->preflight = (struct adcs_preflight){.ca = "corp",
                                             .service = &kit->service,
                                             .ad_template = &kit->ad_template,
                                             .configured = &kit->configured,
                                             .account = &kit->account,
                                             .account_name = "CONN1$@CORP.EXAMPLE"};
    descriptor_begin(&kit->descriptor);
    descriptor_add(&kit->descriptor, ALLOW_OBJECT, 0, MASK_ENROLL, DESCRIPTOR_ENROLL, KIT_RID);
    descriptor_add(&kit->descriptor, ALLOW, 0, MASK_READ, NULL, RID_AUTHENTICATED);
    kit_descriptor_done(kit);
}

static inline void
kit_end(struct preflight_kit *kit)
{
    kit->bytes = cf_buf_free(kit->bytes);
}

/* The one finding that is not OK, of this severity, with this part. */
static inline void
kit_finds(struct preflight_kit *kit, enum cf_severity severity, const char *part)
{
    size_t n_bad = 0;

    kit->n = 0;
    adcs_preflight_template(&kit->preflight, kit_note, kit);
    for (size_t i = 0; i < kit->n; i++) {
        if (kit->severity[i] == CF_FINDING_OK)
            continue;
        n_bad++;
        if (kit->severity[i] != severity || !strstr(kit->text[i], part))
            fail_msg("found: %s", kit->text[i]);
    }
    assert_int_equal(n_bad, 1);
}
