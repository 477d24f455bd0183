/* SPDX-License-Identifier: Apache-2.0 */
#include "certferry/expiry.h"

#include <stdio.h>

#include "certferry/text.h"

enum { WHAT_SIZE = 512, STAGE_ERROR = 3 };

#define DAY_MS (INT64_C(24) * 60 * 60 * 1000)

static void
tell(cf_expiry_fn *fn, void *arg, const char *whose, const struct cf_cert *cert)
{
    cf_own_str name = NULL;
    char what[WHAT_SIZE];

    if (cf_dn_text(cf_cert_subject(cert), &name, NULL) != CF_OK)
        return;
    (void)snprintf(what, sizeof what, "%s, %.200s", whose, name);
    fn(arg, what, cert);
}

static void
tell_chain(cf_expiry_fn *fn, void *arg, const char *whose, const struct cf_chain *chain)
{
    char what[WHAT_SIZE];

    for (size_t i = 0; i < cf_chain_count(chain); i++) {
        (void)snprintf(what, sizeof what, "%s: certificate %zu", whose, i + 1);
        tell(fn, arg, what, cf_chain_at(chain, i));
    }
}

static void
tell_ca(cf_expiry_fn *fn, void *arg, const struct cf_ca_slot *slot)
{
    cf_own(cf_buf) der = NULL;
    cf_own(cf_chain) chain = NULL;
    char whose[WHAT_SIZE / 2];

    if (slot->ca->ops->chain(slot->ca, &der, NULL) != CF_OK ||
        cf_chain_parse_der(cf_buf_bytes(der), &chain, NULL) != CF_OK)
        return;
    (void)snprintf(whose, sizeof whose, "ca %s", slot->settings->name);
    tell_chain(fn, arg, whose, chain);
}

void
cf_expiry_each(struct cf_site *site, cf_expiry_fn *fn, void *arg)
{
    for (size_t i = 0; i < site->n_cas; i++)
        tell_ca(fn, arg, &site->cas[i]);
    if (site->trust && cf_trust_roots(site->trust))
        tell_chain(fn, arg, "recipient ca_file", cf_trust_roots(site->trust));
    if (site->signer)
        tell(fn, arg, "signer of the envelopes", cf_identity_cert(site->signer));
}

unsigned
cf_expiry_stage(int64_t left_ms)
{
    static const int days[CF_EXPIRY_STAGES - 1] = {30, 14, 7, 1, 0};
    unsigned stage = 0;

    while (stage < CF_COUNT(days) && left_ms <= days[stage] * DAY_MS)
        stage++;
    return stage;
}

struct check {
    int64_t now_ms;
    cf_finding_fn *report;
    void *arg;
};

static void
report_one(void *arg, const char *what, const struct cf_cert *cert)
{
    const struct check *check = arg;
    int64_t left_ms = cf_cert_not_after_ms(cert) - check->now_ms;
    unsigned stage = cf_expiry_stage(left_ms);
    char until[CF_TEXT_TIME_SIZE];
    char text[WHAT_SIZE + sizeof until + 64];

    cf_text_from_time(cf_cert_not_after_ms(cert), until);
    if (left_ms <= 0)
        (void)snprintf(text, sizeof text, "%s: expired on %s", what, until);
    else
        (void)snprintf(text, sizeof text, "%s: ends in %lld days, on %s", what,
                       (long long)(left_ms / DAY_MS), until);

    const struct cf_finding finding = {
        .severity = stage >= STAGE_ERROR ? CF_FINDING_ERROR
                    : stage > 0          ? CF_FINDING_WARNING
                                         : CF_FINDING_OK,
        .subject = "expiry",
        .text = text,
        .remedy =
            stage > 0 ? "renew it and put the new one in its place before the old one ends" : NULL,
    };
    check->report(check->arg, &finding);
}

void
cf_expiry_check(struct cf_site *site, cf_finding_fn *report, void *arg)
{
    struct check check = {cf_clock_now_ms(site->clock), report, arg};

    cf_expiry_each(site, report_one, &check);
}
