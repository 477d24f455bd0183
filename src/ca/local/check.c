/* SPDX-License-Identifier: Apache-2.0 */
/* check - what an administrator should know about this CA before it stops working. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "certferry/text.h"
#include "local.h"

#define DAY_MS (24LL * 60 * 60 * 1000)

enum { WARN_DAYS = 90, URGENT_DAYS = 30 };

static void
check_identity(const struct local_ca *ca, const struct cf_report *report)
{
    /* open refuses anything else; said again for the person who reads the list. */
    cf_report_say(report, CF_FINDING_OK, NULL,
                  "certificate is a CA's with keyCertSign and cRLSign, and the key belongs to it");
    (void)ca;
}

static void
check_validity(const struct local_ca *ca, const struct cf_report *report, int64_t now)
{
    char until[CF_TEXT_TIME_SIZE];
    int64_t left = ca->not_after_ms - now;

    cf_text_from_time(ca->not_after_ms, until);
    if (now < ca->not_before_ms)
        cf_report_say(report, CF_FINDING_ERROR, "check the clock of this host",
                      "certificate is not valid yet");
    else if (left <= 0)
        cf_report_say(
            report, CF_FINDING_ERROR,
            "renew the CA's certificate and put it first in cert_file: nothing is issued until "
            "then",
            "certificate expired on %s", until);
    else if (left < URGENT_DAYS * DAY_MS)
        cf_report_say(report, CF_FINDING_WARNING,
                      "renew the CA's certificate now: what it issues already ends on that day",
                      "certificate ends in %lld days, on %s", (long long)(left / DAY_MS), until);
    else if (left < WARN_DAYS * DAY_MS)
        cf_report_say(report, CF_FINDING_WARNING, "plan the renewal of the CA's certificate",
                      "certificate ends in %lld days, on %s", (long long)(left / DAY_MS), until);
    else
        cf_report_say(report, CF_FINDING_OK, NULL, "certificate is valid until %s", until);
}

static void
check_crl_directory(const struct local_ca *ca, const struct cf_report *report)
{
    char dir[4096];
    const char *path = ca->settings->crl_file;
    const char *slash = strrchr(path, '/');
    size_t len = slash && slash != path ? (size_t)(slash - path) : 1;

    (void)snprintf(dir, sizeof dir, "%.*s", (int)len, slash ? path : ".");
    if (access(dir, W_OK | X_OK) == 0)
        cf_report_say(report, CF_FINDING_OK, NULL, "CRL can be written to %s", path);
    else
        cf_report_say(report, CF_FINDING_ERROR,
                      "create the directory of crl_file and give it to the service's user",
                      "directory %s cannot be written: %s", dir, strerrordesc_np(errno));
}

static void
check_crl(struct local_ca *ca, const struct cf_report *report, int64_t now)
{
    char made[CF_TEXT_TIME_SIZE];
    char until[CF_TEXT_TIME_SIZE];

    check_crl_directory(ca, report);
    cf_local_crl_lock();
    bool is_there = ca->crl.crl != NULL && access(ca->settings->crl_file, F_OK) == 0;
    int64_t next_ms = ca->crl.next_update_ms;
    cf_text_from_time(ca->crl.this_update_ms, made);
    cf_text_from_time(next_ms, until);
    cf_local_crl_unlock();

    if (!is_there)
        cf_report_say(report, CF_FINDING_WARNING, "start the service: it publishes the CRL at once",
                      "no CRL in %s", ca->settings->crl_file);
    else if (next_ms <= now)
        cf_report_say(
            report, CF_FINDING_ERROR,
            "see the journal for why it is not renewed: verifiers refuse certificates without a "
            "current CRL",
            "CRL ran out on %s", until);
    else
        cf_report_say(report, CF_FINDING_OK, NULL, "CRL was made on %s and is good until %s", made,
                      until);
    if (!ca->settings->crl_url)
        cf_report_say(report, CF_FINDING_WARNING,
                      "set crl_url to where crl_file can be fetched, or revocation has no effect",
                      "certificates do not say where the CRL is");
}

static void
check_templates(const struct local_ca *ca, const struct cf_report *report, int64_t now)
{
    for (size_t i = 0; i < ca->settings->n_templates; i++) {
        const struct cf_template_settings *tmpl = ca->settings->templates[i];
        struct cf_err err = {0};
        int64_t left = ca->not_after_ms - now;

        if (cf_local_template_check(tmpl, &err) != CF_OK)
            cf_report_say(report, CF_FINDING_ERROR, "correct the template's section", "%s",
                          err.text);
        else if (left > 0 && tmpl->validity_ms > (uint64_t)left)
            cf_report_say(report, CF_FINDING_WARNING,
                          "renew the CA's certificate or shorten the template's validity",
                          "template %s: certificates are cut to the end of the CA's own",
                          tmpl->name);
        else
            cf_report_say(report, CF_FINDING_OK, NULL, "template %s is usable", tmpl->name);
    }
    if (ca->settings->n_templates == 0)
        cf_report_say(report, CF_FINDING_WARNING, "name the allowed ones in templates",
                      "no template is allowed: every request is refused");
}

enum cf_rc
cf_local_check(struct cf_ca *base, cf_finding_fn *fn, void *arg, struct cf_err *err)
{
    struct local_ca *ca = (struct local_ca *)base;
    const struct cf_report report = cf_report_to(fn, arg, "ca %s", ca->settings->name);
    int64_t now = cf_clock_now_ms(ca->env.clock);

    if (cf_local_is_stopped(ca))
        return cf_fail(err, CF_E_STOPPED, "%s", cf_rc_text(CF_E_STOPPED));
    check_identity(ca, &report);
    check_validity(ca, &report, now);
    check_crl(ca, &report, now);
    check_templates(ca, &report, now);
    return CF_OK;
}
