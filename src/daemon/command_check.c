/* SPDX-License-Identifier: Apache-2.0 */
/* check: what is not in order. The CAs are looked at side by side: several that do not answer would
 * outlast the patience of whoever asks. */
#include <stdlib.h>
#include <string.h>

#include "certferry/ca_sweep.h"
#include "certferry/config.h"
#include "certferry/expiry.h"
#include "certferry/policy.h"
#include "certferry/scep.h"
#include "command.h"

static void
put_finding(void *arg, const struct cf_finding *finding)
{
    static const char *const severities[] = {
        [CF_FINDING_OK] = "ok", [CF_FINDING_WARNING] = "warning", [CF_FINDING_ERROR] = "error"};
    struct cf_json_writer *out = arg;

    cf_json_put_object(out, NULL);
    cf_json_put_string(out, "severity", severities[finding->severity]);
    cf_json_put_string(out, "subject", finding->subject);
    cf_json_put_string(out, "text", finding->text);
    cf_json_put_string(out, "remedy", finding->remedy);
    cf_json_put_object_end(out);
}

/* A check that cannot even run is a finding like any other. */
static void
report_broken(cf_finding_fn *report, void *arg, const char *subject, const struct cf_err *failure)
{
    const struct cf_finding finding = {
        .severity = CF_FINDING_ERROR,
        .subject = subject,
        .text = failure->text,
        .remedy = "see the journal: journalctl -u certferryd -x",
    };

    report(arg, &finding);
}

/* What was found, until its turn to be told comes. */
struct kept {
    enum cf_severity severity;
    char *subject, *text, *remedy;
};

struct heard {
    struct kept *kept;
    size_t n;
    bool is_cut; /* out of memory */
};

static void
heard_done(struct heard *heard)
{
    for (size_t i = 0; i < heard->n; i++) {
        free(heard->kept[i].subject);
        free(heard->kept[i].text);
        free(heard->kept[i].remedy);
    }
    free(heard->kept);
}

static char *
copy_of(struct heard *heard, const char *text)
{
    char *copy = text ? strdup(text) : NULL;

    if (text && !copy)
        heard->is_cut = true;
    return copy;
}

static void
hear(void *arg, const struct cf_finding *finding)
{
    struct heard *heard = arg;
    struct kept *grown = reallocarray(heard->kept, heard->n + 1, sizeof *grown);

    if (!grown) {
        heard->is_cut = true;
        return;
    }
    heard->kept = grown;
    grown[heard->n++] = (struct kept){
        .severity = finding->severity,
        .subject = copy_of(heard, finding->subject),
        .text = copy_of(heard, finding->text),
        .remedy = copy_of(heard, finding->remedy),
    };
}

static void
tell(const struct heard *heard, struct cf_json_writer *out)
{
    for (size_t i = 0; i < heard->n; i++) {
        const struct kept *kept = &heard->kept[i];
        const struct cf_finding finding = {.severity = kept->severity,
                                           .subject = kept->subject,
                                           .text = kept->text,
                                           .remedy = kept->remedy};
        put_finding(out, &finding);
    }
}

static void
check_ca(void *arg, struct cf_ca_slot *slot, size_t i)
{
    struct heard *heard = arg;
    struct cf_err failure = {0};

    if (slot->ca->ops->check(slot->ca, hear, &heard[i], &failure) != CF_OK)
        report_broken(hear, &heard[i], slot->settings->name, &failure);
}

/* Half of the workers stay for those who wait for certificates. */
static enum cf_rc
sweep(const struct cf_command_call *call, struct heard *heard, struct cf_err *err)
{
    struct cf_site *site = call->site;
    size_t n_helpers = site->settings->io_workers / 2;
    cf_own(cf_ca_sweep) all = NULL;
    const struct cf_ca_sweep_options options = {
        .site = site, .pool = call->daemon->pool, .look = check_ca, .arg = heard};

    if (n_helpers + 1 > site->n_cas)
        n_helpers = site->n_cas - 1;
    CF_TRY(cf_ca_sweep_new(&options, &all, err));
    /* Where no helper is to be had this thread looks at all of them. */
    (void)cf_ca_sweep_start(all, CF_PRIO_HIGH, n_helpers);
    cf_ca_sweep_finish(all);
    return CF_OK;
}

static enum cf_rc
check_cas(const struct cf_command_call *call, struct cf_json_writer *out, struct cf_err *err)
{
    size_t n = call->site->n_cas;
    struct heard *heard = n > 0 ? calloc(n, sizeof *heard) : NULL;

    if (n == 0)
        return CF_OK;
    if (!heard)
        return cf_fail_oom(err);
    enum cf_rc rc = sweep(call, heard, err);
    for (size_t i = 0; i < n; i++) {
        if (rc == CF_OK && heard[i].is_cut)
            rc = cf_fail_oom(err);
        if (rc == CF_OK)
            tell(&heard[i], out);
        heard_done(&heard[i]);
    }
    free(heard);
    return rc;
}

enum cf_rc
cf_command_check(const struct cf_command_call *call, struct cf_json_writer *out, struct cf_err *err)
{
    struct cf_site *site = call->site;
    struct cf_err failure = {0};

    cf_json_put_array(out, "findings");
    if (cf_config_check_files(site->settings, put_finding, out, &failure) != CF_OK)
        report_broken(put_finding, out, "configuration", &failure);
    if (site->store->ops->check(site->store, put_finding, out, &failure) != CF_OK)
        report_broken(put_finding, out, "store", &failure);
    if (site->cloud->ops->check(site->cloud, put_finding, out, &failure) != CF_OK)
        report_broken(put_finding, out, "cloud", &failure);
    CF_TRY(check_cas(call, out, err));
    if (site->directory &&
        site->directory->ops->check(site->directory, put_finding, out, &failure) != CF_OK)
        report_broken(put_finding, out, "directory", &failure);
    if (site->directory)
        cf_policy_check_groups(site->settings, site->directory, put_finding, out);
    cf_scep_check(site, put_finding, out);
    cf_expiry_check(site, put_finding, out);
    cf_json_put_array_end(out);
    return CF_OK;
}
