/* SPDX-License-Identifier: Apache-2.0 */
/* preflight_template - what the template says, against what requests need. */
#include <stdio.h>
#include <string.h>

#include "certferry/csr.h"
#include "certferry/text.h"

#include "preflight_say.h"
#include "templates.h"

#define EKU_CLIENT_AUTH "1.3.6.1.5.5.7.3.2"
#define EKU_ANY "2.5.29.37.0"
#define EKU_AGENT "1.3.6.1.4.1.311.20.2.1"

enum { LIST_SIZE = 160, DURATION_SIZE = 64 };

static bool
is_given(const struct preflight_report *report, unsigned part)
{
    return report->preflight->configured->given & part;
}

/* As many names as fit, and "..." for the others. */
static void
list_templates(const struct cf_enrollment_service *service, char text[LIST_SIZE])
{
    static const char NONE[] = "no template at all";
    static const char MORE[] = ", ...";
    size_t len = 0;

    (void)snprintf(text, LIST_SIZE, "%s", NONE);
    for (size_t i = 0; i < service->n_templates; i++) {
        const char *name = service->templates[i];
        if (len + strlen(name) + 2 * sizeof MORE > LIST_SIZE) {
            (void)snprintf(text + len, LIST_SIZE - len, "%s", MORE + (len == 0 ? 2 : 0));
            return;
        }
        len += (size_t)snprintf(text + len, LIST_SIZE - len, "%s%s", len > 0 ? ", " : "", name);
    }
}

static void
check_published(const struct preflight_report *report)
{
    const struct cf_enrollment_service *service = report->preflight->service;
    const char *name = report->preflight->configured->name;
    char others[LIST_SIZE];

    if (!service)
        return; /* said once for the CA */
    for (size_t i = 0; i < service->n_templates; i++) {
        if (cf_text_equal_nocase(service->templates[i], name)) {
            cf_report_say(&report->to, CF_FINDING_OK, NULL, "the CA issues by this template");
            return;
        }
    }
    list_templates(service, others);
    cf_report_say(&report->to, CF_FINDING_ERROR,
                  "let a CA administrator add it: Certification Authority console (certsrv.msc), "
                  "Certificate Templates, New, Certificate Template to Issue; it is the template's "
                  "name that counts, not its display name",
                  "the CA %s does not issue by this template, but by: %s (certificateTemplates of "
                  "its entry)",
                  service->name, others);
}

/* One bit of a flag attribute that has to be as wanted. */
struct bit {
    const char *attribute;
    uint32_t bit;
    bool has_to_be_set;
    enum cf_severity severity;
    const char *good;
    const char *bad;
    const char *remedy;
};

static void
check_bit(const struct preflight_report *report, uint32_t flags, const struct bit *bit)
{
    if (((flags & bit->bit) != 0) == bit->has_to_be_set)
        cf_report_say(&report->to, CF_FINDING_OK, NULL, "%s", bit->good);
    else
        cf_report_say(&report->to, bit->severity, bit->remedy, "%s (%s is 0x%x)", bit->bad,
                      bit->attribute, flags);
}

static void
check_flags(const struct preflight_report *report)
{
    static const struct bit name_bits[] = {
        {"msPKI-Certificate-Name-Flag", CF_CT_ENROLLEE_SUPPLIES_SUBJECT, true, CF_FINDING_ERROR,
         "the subject comes from the request",
         "the subject does not come from the request: every certificate would bear the connector's "
         "own name",
         TEMPLATES_CONSOLE "tab Subject Name, choose Supply in the request"},
    };
    static const struct bit enrollment_bits[] = {
        {"msPKI-Enrollment-Flag", CF_CT_PEND_ALL_REQUESTS, false, CF_FINDING_WARNING,
         "requests need no approval", "every request waits until a certificate manager approves it",
         "approve them in the Certification Authority console (Pending Requests), "
         "or " TEMPLATES_CONSOLE
         "tab Issuance Requirements, clear CA certificate manager approval"},
        {"msPKI-Enrollment-Flag", CF_CT_PUBLISH_TO_DS, false, CF_FINDING_WARNING,
         "certificates are not published in Active Directory",
         "every certificate is added to the userCertificate of the connector's own account, which "
         "grows without end",
         TEMPLATES_CONSOLE "tab General, clear Publish certificate in Active Directory"},
    };
    static const struct bit key_bits[] = {
        {"msPKI-Private-Key-Flag", CF_CT_EXPORTABLE_KEY, true, CF_FINDING_WARNING,
         "the private key may be exported",
         "the private key is said not to be exportable; the CA does not enforce it, but the key "
         "leaves this host in every PFX",
         TEMPLATES_CONSOLE "tab Request Handling, choose Allow private key to be exported"},
        {"msPKI-Private-Key-Flag", CF_CT_REQUIRE_PRIVATE_KEY_ARCHIVAL, false, CF_FINDING_ERROR,
         "the CA does not ask for the private key",
         "the CA wants to archive the private key, which never goes to it: it refuses every "
         "request",
         TEMPLATES_CONSOLE "tab Request Handling, clear Archive subject's encryption private key"},
        {"msPKI-Private-Key-Flag", CF_CT_ATTEST_REQUIRED, false, CF_FINDING_ERROR,
         "the key needs no attestation",
         "the CA wants the key to be attested by a TPM: it refuses every request",
         TEMPLATES_CONSOLE "tab Key Attestation, choose None"},
    };
    const struct cf_ad_template *ad_template = report->preflight->ad_template;

    for (size_t i = 0; i < CF_COUNT(name_bits); i++)
        check_bit(report, ad_template->name_flags, &name_bits[i]);
    for (size_t i = 0; i < CF_COUNT(enrollment_bits); i++)
        check_bit(report, ad_template->enrollment_flags, &enrollment_bits[i]);
    for (size_t i = 0; i < CF_COUNT(key_bits); i++)
        check_bit(report, ad_template->private_key_flags, &key_bits[i]);
}

static void
check_key(const struct preflight_report *report)
{
    const struct cf_ad_template *ad_template = report->preflight->ad_template;
    const char *algorithm = ad_template->key_algorithm ? ad_template->key_algorithm : "RSA";
    enum cf_key_kind needed = CF_KEY_RSA_2048;
    enum cf_key_kind configured = report->preflight->configured->key;
    struct cf_err why = {0};

    if (adcs_template_key(ad_template, &needed, &why) != CF_OK) {
        cf_report_say(&report->to, CF_FINDING_ERROR,
                      TEMPLATES_CONSOLE "tab Cryptography, choose RSA with a minimum of 2048", "%s",
                      why.text);
        return;
    }
    if (!is_given(report, CF_TEMPLATE_KEY)) {
        cf_report_say(&report->to, CF_FINDING_OK, NULL,
                      "keys are %s: the template wants %s of %u bits or more",
                      cf_key_kind_name(needed), algorithm, ad_template->min_key_bits);
    } else if (cf_key_kind_is_rsa(configured) != cf_key_kind_is_rsa(needed) ||
               cf_key_kind_bits(configured) < ad_template->min_key_bits ||
               (!cf_key_kind_is_rsa(needed) && configured != needed)) {
        cf_report_say(&report->to, CF_FINDING_ERROR,
                      "leave `key` out of the section, so that the template's is taken, or let an "
                      "administrator change the template's Cryptography tab (certtmpl.msc)",
                      "key = %s is refused by the CA: the template wants %s of %u bits or more "
                      "(msPKI-Minimal-Key-Size)",
                      cf_key_kind_name(configured), algorithm, ad_template->min_key_bits);
    } else {
        cf_report_say(&report->to, CF_FINDING_OK, NULL, "key = %s is at least %s of %u bits",
                      cf_key_kind_name(configured), algorithm, ad_template->min_key_bits);
    }
}

/* The oldest CA that knows the template: a number in the private-key flags (MS-CRTD 2.27). */
static const char *
generation_name(uint32_t private_key_flags)
{
    static const char *const NAMES[] = {
        "Windows 2000",           "Windows Server 2003", "Windows Server 2008",
        "Windows Server 2008 R2", "Windows Server 2012", "Windows Server 2012 R2",
        "Windows Server 2016",
    };
    uint32_t generation = private_key_flags >> 16 & 0xf;

    return generation < CF_COUNT(NAMES) ? NAMES[generation] : "a later Windows Server";
}

static void
check_version(const struct preflight_report *report)
{
    const struct cf_ad_template *ad_template = report->preflight->ad_template;

    if (ad_template->schema_version < 2)
        cf_report_say(&report->to, CF_FINDING_WARNING,
                      TEMPLATES_CONSOLE "duplicate the template, with compatibility Windows Server "
                                        "2008 R2, and use the copy's name",
                      "the template is of schema version %u: most of it cannot be changed",
                      ad_template->schema_version);
    else
        cf_report_say(&report->to, CF_FINDING_OK, NULL,
                      "schema version %u, revision %u.%u, for CAs from %s on",
                      ad_template->schema_version, ad_template->revision,
                      ad_template->minor_revision, generation_name(ad_template->private_key_flags));
}

static void
check_signatures(const struct preflight_report *report)
{
    unsigned n = report->preflight->ad_template->ra_signatures;

    if (n > 0)
        cf_report_say(&report->to, CF_FINDING_ERROR,
                      TEMPLATES_CONSOLE
                      "tab Issuance Requirements, clear This number of authorized signatures",
                      "requests need %u signatures of enrollment agents, which they do not have "
                      "(msPKI-RA-Signature): the CA refuses them",
                      n);
    else
        cf_report_say(&report->to, CF_FINDING_OK, NULL,
                      "requests need no signature of an enrollment agent");
}

static bool
has_oid(char *const *list, size_t n, const char *oid)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(list[i], oid) == 0)
            return true;
    }
    return false;
}

static const char *
eku_name(const char *oid)
{
    static const struct {
        const char *oid;
        const char *name;
    } names[] = {
        {EKU_CLIENT_AUTH, "client authentication"},
        {"1.3.6.1.5.5.7.3.4", "secure e-mail"},
        {"1.3.6.1.4.1.311.10.3.4", "encrypting file system"},
        {"1.3.6.1.4.1.311.20.2.2", "smart card logon"},
        {"1.3.6.1.5.5.7.3.1", "server authentication"},
        {EKU_ANY, "any purpose"},
        {EKU_AGENT, "requests for others (enrollment agent)"},
    };

    for (size_t i = 0; i < CF_COUNT(names); i++) {
        if (strcmp(names[i].oid, oid) == 0)
            return names[i].name;
    }
    return oid;
}

static void
list_ekus(char *const *list, size_t n, char text[LIST_SIZE])
{
    size_t len = 0;

    text[0] = '\0';
    for (size_t i = 0; i < n && len < LIST_SIZE; i++)
        len += (size_t)snprintf(text + len, LIST_SIZE - len, "%s%s", i > 0 ? ", " : "",
                                eku_name(list[i]));
}

static void
check_configured_ekus(const struct preflight_report *report)
{
    const struct cf_template_settings *configured = report->preflight->configured;
    const struct cf_ad_template *ad_template = report->preflight->ad_template;
    char ours[LIST_SIZE];
    char theirs[LIST_SIZE];
    bool is_same = configured->n_eku == ad_template->n_eku;

    for (size_t i = 0; i < configured->n_eku; i++)
        is_same &= has_oid(ad_template->eku, ad_template->n_eku, configured->eku[i]);
    if (is_same)
        return;
    list_ekus(configured->eku, configured->n_eku, ours);
    list_ekus(ad_template->eku, ad_template->n_eku, theirs);
    cf_report_say(
        &report->to, CF_FINDING_ERROR,
        "leave `eku` out of the section, so that the template's are taken, or " TEMPLATES_CONSOLE
        "tab Extensions, Application Policies",
        "eku is %s, but the CA issues with the template's: %s; such a certificate is not "
        "delivered",
        ours, theirs);
}

/* The policy of the connector refuses them, too, unless it names them. */
static void
check_wide_ekus(const struct preflight_report *report)
{
    static const char *const WIDE[] = {EKU_ANY, EKU_AGENT};
    const struct cf_ad_template *ad_template = report->preflight->ad_template;

    for (size_t i = 0; i < CF_COUNT(WIDE); i++) {
        if (has_oid(ad_template->eku, ad_template->n_eku, WIDE[i]))
            cf_report_say(&report->to, CF_FINDING_WARNING,
                          TEMPLATES_CONSOLE "tab Extensions, Application Policies, take it out; "
                                            "or, if it is meant, name it in eku of the [policy]",
                          "certificates are for %s: they are good for far more than their holder "
                          "(ESC2, ESC3)",
                          eku_name(WIDE[i]));
    }
}

static void
check_ekus(const struct preflight_report *report)
{
    const struct cf_ad_template *ad_template = report->preflight->ad_template;
    char list[LIST_SIZE];

    list_ekus(ad_template->eku, ad_template->n_eku, list);
    if (is_given(report, CF_TEMPLATE_EKU))
        check_configured_ekus(report);
    check_wide_ekus(report);
    if (ad_template->n_eku == 0)
        cf_report_say(&report->to, CF_FINDING_ERROR,
                      TEMPLATES_CONSOLE "tab Extensions, Application Policies: add what "
                                        "certificates are for, such as Client Authentication",
                      "the template names no usages: its certificates are good for anything, and "
                      "are not asked for");
    else if (!has_oid(ad_template->eku, ad_template->n_eku, EKU_CLIENT_AUTH))
        cf_report_say(&report->to, CF_FINDING_WARNING,
                      "where devices have to sign in by it: " TEMPLATES_CONSOLE
                      "tab Extensions, Application Policies, add Client Authentication",
                      "certificates are for %s, not for client authentication", list);
    else
        cf_report_say(&report->to, CF_FINDING_OK, NULL, "certificates are for %s", list);
}

static void
check_key_usage(const struct preflight_report *report)
{
    const struct cf_ad_template *ad_template = report->preflight->ad_template;
    const struct cf_template_settings *configured = report->preflight->configured;

    if (is_given(report, CF_TEMPLATE_KEY_USAGE) && ad_template->key_usage &&
        configured->key_usage != ad_template->key_usage)
        cf_report_say(&report->to, CF_FINDING_ERROR,
                      "leave `key_usage` out of the section, so that the template's is taken, "
                      "or " TEMPLATES_CONSOLE "tab Extensions, Key Usage",
                      "key_usage differs from the template's (0x%x and 0x%x of pKIKeyUsage), which "
                      "the CA puts in; such a certificate is not delivered",
                      configured->key_usage, ad_template->key_usage);
    if (ad_template->key_usage & (CF_KU_KEY_CERT_SIGN | CF_KU_CRL_SIGN))
        cf_report_say(&report->to, CF_FINDING_ERROR,
                      "use a template for users or devices; none for CAs is taken",
                      "key usage has certificate signing or CRL signing: it is a template for CAs");
    if (ad_template->key_usage & CF_KU_NON_REPUDIATION)
        cf_report_say(&report->to, CF_FINDING_WARNING,
                      TEMPLATES_CONSOLE
                      "tab Extensions, Key Usage, clear Signature is proof of origin",
                      "key usage has non-repudiation: iOS and iPadOS do not take such "
                      "certificates");
    else
        cf_report_say(&report->to, CF_FINDING_OK, NULL, "key usage has no non-repudiation");
}

static void
check_validity(const struct preflight_report *report)
{
    const struct cf_ad_template *ad_template = report->preflight->ad_template;
    uint64_t configured_ms = report->preflight->configured->validity_ms;
    char theirs[DURATION_SIZE];
    char ours[DURATION_SIZE];

    cf_text_from_duration(ad_template->validity_ms, theirs, sizeof theirs);
    cf_text_from_duration(configured_ms, ours, sizeof ours);
    if (is_given(report, CF_TEMPLATE_VALIDITY) && configured_ms > ad_template->validity_ms)
        cf_report_say(&report->to, CF_FINDING_WARNING,
                      "leave `validity` out of the section, or " TEMPLATES_CONSOLE
                      "tab General, Validity period",
                      "validity = %s is more than the template's %s: certificates end earlier",
                      ours, theirs);
    else if (is_given(report, CF_TEMPLATE_VALIDITY) && configured_ms < ad_template->validity_ms)
        cf_report_say(&report->to, CF_FINDING_WARNING,
                      "leave `validity` out of the section, see that the CA has "
                      "EDITF_ATTRIBUTEENDDATE in policy\\EditFlags, or " TEMPLATES_CONSOLE
                      "tab General, Validity period",
                      "validity = %s is less than the template's %s: a CA that does not take it "
                      "from requests issues for longer, and such certificates are not delivered",
                      ours, theirs);
    else
        cf_report_say(&report->to, CF_FINDING_OK, NULL, "certificates are valid for %s at most",
                      theirs);
}

static void
check_sid(const struct preflight_report *report)
{
    const struct cf_template_settings *configured = report->preflight->configured;
    bool wants_extension = configured->sid_mode != CF_SID_OFF &&
                           configured->sid_mode != CF_SID_AS_CA &&
                           configured->sid_form != CF_SID_FORM_URI;

    if (!(report->preflight->ad_template->enrollment_flags & CF_CT_NO_SECURITY_EXTENSION))
        cf_report_say(&report->to, CF_FINDING_OK, NULL, "the security extension (SID) is kept");
    else if (!wants_extension)
        cf_report_say(&report->to, CF_FINDING_OK, NULL,
                      "the security extension (SID) is left out, and is not asked for");
    else
        cf_report_say(&report->to, CF_FINDING_ERROR,
                      "let an administrator clear CT_FLAG_NO_SECURITY_EXTENSION (0x80000) in the "
                      "template's msPKI-Enrollment-Flag, with ADSI Edit or `certutil -dstemplate`, "
                      "or set security_identifier_form = uri",
                      "the template has CT_FLAG_NO_SECURITY_EXTENSION: the CA leaves the SID out, "
                      "and domain controllers refuse the certificate for signing in");
}

void
adcs_preflight_template(const struct adcs_preflight *preflight, cf_finding_fn *report_fn, void *arg)
{
    struct preflight_report report;

    preflight_begin(&report, preflight, report_fn, arg);
    check_published(&report);
    if (!preflight->ad_template) {
        cf_report_say(&report.to, CF_FINDING_ERROR,
                      TEMPLATES_CONSOLE "see the template's name (tab General) and that the "
                                        "connector's account has Read on it (tab Security)",
                      "there is no such template, or the directory does not show it to %s",
                      preflight_account(&report));
        return;
    }
    check_version(&report);
    check_flags(&report);
    check_key(&report);
    check_signatures(&report);
    check_ekus(&report);
    check_key_usage(&report);
    check_validity(&report);
    check_sid(&report);
    preflight_rights(&report);
}
