/* SPDX-License-Identifier: Apache-2.0 */
/* check - the program asked about itself, and the chain it works with. */
#include "certferry/text.h"
#include "exec.h"

static void
check_chain(const struct exec_ca *ca, const struct cf_report *report)
{
    int64_t now = cf_clock_now_ms(ca->env.clock);

    if (!ca->chain) {
        cf_report_say(report, CF_FINDING_WARNING,
                      "set chain_file to the issuing CA's certificate and those above it",
                      "chain_file is not set: the program's own chain is believed");
        return;
    }
    for (size_t i = 0; i < cf_chain_count(ca->chain); i++) {
        const struct cf_cert *cert = cf_chain_at(ca->chain, i);
        char until[CF_TEXT_TIME_SIZE];

        cf_text_from_time(cf_cert_not_after_ms(cert), until);
        bool is_good = cf_cert_is_ca(cert) && cf_cert_not_before_ms(cert) <= now &&
                       cf_cert_not_after_ms(cert) > now;
        if (is_good)
            cf_report_say(report, CF_FINDING_OK, NULL,
                          "certificate %zu of chain_file is in order (until %s)", i + 1, until);
        else
            cf_report_say(report, CF_FINDING_ERROR,
                          "put the present CA certificates into chain_file",
                          "certificate %zu of chain_file is no valid CA certificate (until %s)",
                          i + 1, until);
    }
}

static void
judge(const struct cf_ca_program_end *end, const struct cf_report *report)
{
    struct cf_err failure = {0};

    if (end->exit_status == CF_CA_PROGRAM_DONE) {
        cf_report_say(report, CF_FINDING_OK, NULL, "the program reports that it is in order");
    } else if (end->exit_status == CF_CA_PROGRAM_UNSUPPORTED) {
        cf_report_say(report, CF_FINDING_OK, NULL, "the program runs; it has no check of its own");
    } else {
        (void)cf_ca_program_fail(end, &failure);
        cf_report_say(
            report, CF_FINDING_ERROR,
            "run the command by hand with CERTFERRY_CA_OPERATION=check and see what it says", "%s",
            failure.text);
    }
}

enum cf_rc
cf_exec_check(struct cf_ca *base, cf_finding_fn *fn, void *arg, struct cf_err *err)
{
    const struct exec_ca *ca = (const struct exec_ca *)base;
    __attribute__((cleanup(cf_proc_result_done))) struct cf_proc_result result = {0};
    const struct cf_report report = cf_report_to(fn, arg, "ca %s", ca->settings->name);
    struct cf_err local = {0};

    check_chain(ca, &report);
    const struct cf_ca_program program = cf_exec_program(ca);
    enum cf_rc rc =
        cf_ca_program_call(&program, "check", NULL, 0, cf_bytes_of(NULL, 0), &result, &local);
    if (rc == CF_E_STOPPED)
        return cf_fail(err, rc, "%s", local.text);
    if (rc != CF_OK) {
        cf_report_say(&report, CF_FINDING_ERROR, "see that command in the CA's section can run",
                      "%s", local.text);
        return CF_OK;
    }
    struct cf_ca_program_end end = cf_ca_program_end_of(&program, &result);
    judge(&end, &report);
    return CF_OK;
}
