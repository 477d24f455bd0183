/* SPDX-License-Identifier: Apache-2.0 */
/* check - the program asked about itself, and the chain it works with. */
#include <stdio.h>

#include "certferry/text.h"
#include "exec.h"

struct report {
    cf_finding_fn *fn;
    void *arg;
    char subject[300];
};

static void
say(const struct report *report, enum cf_severity severity, const char *text, const char *remedy)
{
    struct cf_finding finding = {
        .severity = severity, .subject = report->subject, .text = text, .remedy = remedy};

    report->fn(report->arg, &finding);
}

static void
check_chain(const struct exec_ca *ca, const struct report *report)
{
    int64_t now = cf_clock_now_ms(ca->env.clock);
    char text[128];

    if (!ca->chain) {
        say(report, CF_FINDING_WARNING,
            "chain_file is not set: the program's own chain is believed",
            "set chain_file to the issuing CA's certificate and those above it");
        return;
    }
    for (size_t i = 0; i < cf_chain_count(ca->chain); i++) {
        const struct cf_cert *cert = cf_chain_at(ca->chain, i);
        char until[CF_TEXT_TIME_SIZE];

        cf_text_from_time(cf_cert_not_after_ms(cert), until);
        bool is_good = cf_cert_is_ca(cert) && cf_cert_not_before_ms(cert) <= now &&
                       cf_cert_not_after_ms(cert) > now;
        (void)snprintf(text, sizeof text, "certificate %zu of chain_file %s (until %s)", i + 1,
                       is_good ? "is in order" : "is no valid CA certificate", until);
        say(report, is_good ? CF_FINDING_OK : CF_FINDING_ERROR, text,
            is_good ? NULL : "put the present CA certificates into chain_file");
    }
}

static void
judge(const struct cf_ca_program_end *end, const struct report *report)
{
    struct cf_err failure = {0};

    if (end->exit_status == CF_CA_PROGRAM_DONE) {
        say(report, CF_FINDING_OK, "the program reports that it is in order", NULL);
    } else if (end->exit_status == CF_CA_PROGRAM_UNSUPPORTED) {
        say(report, CF_FINDING_OK, "the program runs; it has no check of its own", NULL);
    } else {
        (void)cf_ca_program_fail(end, &failure);
        say(report, CF_FINDING_ERROR, failure.text,
            "run the command by hand with CERTFERRY_CA_OPERATION=check and see what it says");
    }
}

enum cf_rc
cf_exec_check(struct cf_ca *base, cf_finding_fn *fn, void *arg, struct cf_err *err)
{
    const struct exec_ca *ca = (const struct exec_ca *)base;
    __attribute__((cleanup(cf_proc_result_done))) struct cf_proc_result result = {0};
    struct report report = {.fn = fn, .arg = arg};
    struct cf_err local = {0};

    (void)snprintf(report.subject, sizeof report.subject, "ca %s", ca->settings->name);
    check_chain(ca, &report);
    const struct cf_ca_program program = cf_exec_program(ca);
    enum cf_rc rc =
        cf_ca_program_call(&program, "check", NULL, 0, cf_bytes_of(NULL, 0), &result, &local);
    if (rc == CF_E_STOPPED)
        return cf_fail(err, rc, "%s", local.text);
    if (rc != CF_OK) {
        say(&report, CF_FINDING_ERROR, local.text, "see that command in the CA's section can run");
        return CF_OK;
    }
    struct cf_ca_program_end end = cf_ca_program_end_of(&program, &result);
    judge(&end, &report);
    return CF_OK;
}
