/* SPDX-License-Identifier: Apache-2.0 */
/* scep_check - what would keep devices from enrolling, before one tries. */
#include <string.h>

#include "certferry/file.h"
#include "certferry/text.h"
#include "scep.h"

enum { PEM_MAX = 1024 * 1024, CHALLENGE_LEN_MIN = 16, STAGE_ERROR = 3 };

static void
check_challenges(const struct cf_report *report, const struct cf_secret *lines)
{
    const char *at = lines ? (const char *)cf_secret_data(lines) : "";
    unsigned n = 0, n_short = 0;

    while (*at) {
        size_t len = strcspn(at, "\n");
        size_t used = len > 0 && at[len - 1] == '\r' ? len - 1 : len;

        n += used > 0;
        n_short += used > 0 && used < CHALLENGE_LEN_MIN;
        at += at[len] ? len + 1 : len;
    }
    if (n == 0)
        cf_report_say(report, CF_FINDING_ERROR, "write one challenge per line",
                      "challenge_file: there is no challenge in it, so nobody can enroll");
    if (n_short > 0)
        cf_report_say(report, CF_FINDING_WARNING,
                      "make longer ones: 'openssl rand -base64 24' prints one",
                      "challenge_file: %u of %u challenges are shorter than %d characters and can "
                      "be guessed",
                      n_short, n, CHALLENGE_LEN_MIN);
}

static void
check_next_ca(const struct cf_report *report, const char *path)
{
    cf_own(cf_chain) chain = NULL;
    struct cf_err err = {0};

    if (cf_ca_read_chain("next_ca_file", path, &chain, &err) != CF_OK)
        cf_report_say(report, CF_FINDING_ERROR, "correct the path, or the file", "%.400s",
                      err.text);
    else if (!cf_cert_is_ca(cf_chain_at(chain, 0)))
        cf_report_say(report, CF_FINDING_ERROR, "put the coming CA's certificate first",
                      "next_ca_file: its first certificate is not a CA's");
}

static void
check_profile(struct cf_site *site, size_t index, cf_finding_fn *fn, void *arg)
{
    const struct cf_settings *settings = site->settings;
    const struct cf_scep_profile_settings *profile = settings->scep_profiles[index];
    const struct cf_report report = cf_report_to(fn, arg, "scep-profile %s", profile->name);
    const struct cf_ca_slot *slot = cf_site_ca(site, profile->ca);
    const struct cf_policy_settings *policy =
        cf_settings_find_policy(settings, profile->ca, profile->template_name, profile->types);

    if (!slot) {
        cf_report_say(&report, CF_FINDING_ERROR, "name a [ca] section", "ca: there is no [ca %s]",
                      profile->ca);
        return;
    }
    if (!cf_ca_settings_template(slot->settings, profile->template_name))
        cf_report_say(&report, CF_FINDING_ERROR, "add it to the CA's templates",
                      "template: [ca %s] templates does not list %s", profile->ca,
                      profile->template_name);
    if (!policy)
        cf_report_say(&report, CF_FINDING_ERROR, "add a [policy] section for them",
                      "no [policy] names ca = %s, templates = %s and this certificate type: "
                      "everything is refused",
                      profile->ca, profile->template_name);
    else if (profile->challenge == CF_SCEP_STATIC && !policy->subject_allow)
        cf_report_say(&report, CF_FINDING_WARNING,
                      "set subject_allow and san_allow in that section",
                      "challenge = static, and [policy %s] allows any name: whoever learns the "
                      "challenge chooses one",
                      policy->name);
    if (profile->challenge == CF_SCEP_STATIC)
        check_challenges(&report, site->scep_challenges && index < site->n_scep_challenges
                                      ? site->scep_challenges[index]
                                      : NULL);
    if (profile->challenge == CF_SCEP_INTUNE && settings->cloud.is_off)
        cf_report_say(&report, CF_FINDING_ERROR, "configure [cloud], or another challenge",
                      "challenge = intune, and there is no management service");
    if (profile->next_ca_file)
        check_next_ca(&report, profile->next_ca_file);
    cf_report_say(&report, CF_FINDING_OK, NULL, "CA %s, template %s", profile->ca,
                  profile->template_name);
}

static void
check_end(const struct cf_report *report, const char *use, const struct cf_cert *cert, int64_t now)
{
    int64_t left_ms = cf_cert_not_after_ms(cert) - now;
    unsigned stage = cf_expiry_stage(left_ms);
    char until[CF_TEXT_TIME_SIZE];

    cf_text_from_time(cf_cert_not_after_ms(cert), until);
    cf_report_say(report,
                  stage >= STAGE_ERROR ? CF_FINDING_ERROR
                  : stage > 0          ? CF_FINDING_WARNING
                                       : CF_FINDING_OK,
                  stage > 0 ? "it should have been renewed by itself: look at the journal of "
                              "certferry-scepd"
                            : NULL,
                  "registration authority, %s: certificate %s %s %s", use, cf_cert_serial(cert),
                  left_ms <= 0 ? "ended on" : "ends on", until);
}

static void
check_generation(struct cf_site *site, const char *ca,
                 const struct cf_scep_ra_generation *generation, const struct cf_report *report)
{
    int64_t now = cf_clock_now_ms(site->clock);
    bool is_one = generation->sign == generation->encryption;
    cf_own(cf_buf) der = NULL;
    cf_own(cf_chain) chain = NULL;

    check_end(report, is_one ? "both uses" : "signing", generation->sign, now);
    if (!is_one)
        check_end(report, "encryption", generation->encryption, now);
    cf_scep_chain_of(site, ca, &der);
    if (!der || cf_chain_parse_der(cf_buf_bytes(der), &chain, NULL) != CF_OK ||
        cf_chain_count(chain) == 0)
        return;
    const struct cf_cert *issuer = cf_chain_at(chain, 0);
    cf_scep_check_ra(generation->sign, issuer, true, is_one, now, report->fn, report->arg);
    if (!is_one)
        cf_scep_check_ra(generation->encryption, issuer, false, true, now, report->fn, report->arg);
}

static void
check_authority(struct cf_site *site, const char *ca, cf_finding_fn *fn, void *arg)
{
    const struct cf_report report = cf_report_to(fn, arg, "scep ca %s", ca);
    struct cf_scep_ra_generations generations = {0};
    struct cf_err err = {0};

    enum cf_rc rc = cf_scep_ra_load(site, ca, &generations, &err);
    if (rc == CF_E_NOT_FOUND) {
        cf_report_say(&report, CF_FINDING_ERROR, "start certferry-scepd, and look at its journal",
                      "the registration authority has no certificates yet; no device can enroll");
        return;
    }
    if (rc != CF_OK) {
        cf_report_say(&report, CF_FINDING_ERROR, "look at the store", "registration authority: %s",
                      err.text);
        return;
    }
    const struct cf_scep_ra_generation *active =
        cf_scep_ra_active(&generations, cf_clock_now_ms(site->clock));
    if (active)
        check_generation(site, ca, active, &report);
    else
        cf_report_say(&report, CF_FINDING_ERROR, "start certferry-scepd, and look at its journal",
                      "the registration authority has no certificates that are in use");
    cf_scep_ra_generations_done(&generations);
}

static void
check_tls(const struct cf_site *site, cf_finding_fn *fn, void *arg)
{
    const char *path = site->settings->scep.tls_cert_file;
    const struct cf_report report = cf_report_to(fn, arg, "scep tls_cert_file");
    cf_own(cf_buf) pem = NULL;
    cf_own(cf_chain) chain = NULL;
    struct cf_err err = {0};

    if (!path)
        return;
    if (cf_file_read(path, PEM_MAX, &pem, &err) != CF_OK ||
        cf_chain_parse_pem(cf_buf_bytes(pem), &chain, &err) != CF_OK) {
        cf_report_say(&report, CF_FINDING_ERROR, "correct the path, or the file", "%.300s: %.200s",
                      path, err.text);
        return;
    }
    cf_scep_check_tls(chain, cf_clock_now_ms(site->clock), fn, arg);
}

void
cf_scep_check(struct cf_site *site, cf_finding_fn *report, void *arg)
{
    const struct cf_settings *settings = site->settings;

    if (!settings->scep.is_on)
        return;
    for (size_t i = 0; i < settings->n_scep_profiles; i++)
        check_profile(site, i, report, arg);
    for (size_t i = 0; i < settings->n_scep_profiles; i++) {
        const char *ca = settings->scep_profiles[i]->ca;

        if (cf_site_ca(site, ca) && cf_scep_is_first_of_ca(settings, i))
            check_authority(site, ca, report, arg);
    }
    check_tls(site, report, arg);
}
