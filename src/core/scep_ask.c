/* SPDX-License-Identifier: Apache-2.0 */
/* scep_ask - from a device's bytes to whether its CSR may be certified at all, and by what. */
#include <string.h>

#include "certferry/text.h"
#include "scep.h"

/* A certificate that ends sooner is of no use to a device. */
enum { CA_LEFT_MIN_MS = 60 * 60 * 1000, CA_SLACK_MS = 60 * 1000 };

struct cf_scep_ask *
cf_scep_ask_free(struct cf_scep_ask *ask)
{
    if (!ask)
        return NULL;

    cf_scep_body_done(&ask->body);
    cf_csr_free(ask->csr);
    cf_cert_sketch_done(&ask->signer);
    cf_ledger_entry_free(ask->renewed);
    free(ask);
    return NULL;
}

static enum cf_rc
read_ask(const struct cf_work *work, struct cf_scep_ask *ask, struct cf_err *err)
{
    const struct cf_item *item = work->item;

    if (!item->body)
        return cf_fail(err, CF_E_BUG, "the request has no body");
    CF_TRY(cf_scep_body_read(cf_buf_bytes(item->body), &ask->body, err));
    if (ask->body.profile) {
        ask->profile = cf_settings_find_scep_profile(work->site->settings, ask->body.profile);
        if (!ask->profile)
            return cf_fail(err, CF_E_POLICY, "[scep-profile %.64s] is not in the configuration",
                           ask->body.profile);
        if (!ask->body.signer)
            return cf_fail(err, CF_E_BUG, "the request has no signer");
        if (cf_cert_sketch(cf_buf_bytes(ask->body.signer), &ask->signer, err) != CF_OK)
            return cf_err_prefix(err, "signer of the message");
    }
    const struct cf_buf *csr = item->csr ? item->csr : ask->body.csr;
    if (!csr)
        return cf_fail(err, CF_E_BUG, "the request has no CSR");
    if (cf_csr_parse(cf_buf_bytes(csr), &ask->csr, err) != CF_OK)
        return cf_err_prefix(err, "CSR");
    return CF_OK;
}

enum cf_rc
cf_scep_need_body(struct cf_work *work, struct cf_err *err)
{
    if (work->scep)
        return CF_OK;
    struct cf_scep_ask *ask = calloc(1, sizeof *ask);
    if (!ask)
        return cf_fail_oom(err);
    enum cf_rc rc = read_ask(work, ask, err);
    if (rc == CF_OK)
        work->scep = ask;
    else
        cf_scep_ask_free(ask);
    return rc;
}

const struct cf_scep_profile_settings *
cf_scep_profile_of(struct cf_work *work)
{
    return cf_scep_need_body(work, NULL) == CF_OK ? work->scep->profile : NULL;
}

bool
cf_scep_is_judged_by_cloud(struct cf_work *work)
{
    const struct cf_scep_profile_settings *profile = cf_scep_profile_of(work);

    return profile && (work->scep->body.is_for_cloud || profile->challenge == CF_SCEP_INTUNE);
}

/* No certificate outlives its CA's: it is asked for less then. */
static enum cf_rc
limit_validity(struct cf_work *work, struct cf_err *err)
{
    struct cf_grant *grant = &work->ask.grant;
    uint64_t wish = cf_template_validity_ms(grant->template_settings, grant->validity_ms);
    cf_own(cf_buf) der = NULL;
    cf_own(cf_chain) chain = NULL;
    char text[CF_TEXT_TIME_SIZE];

    cf_scep_chain_of(work->site, grant->ca->name, &der);
    if (!der || cf_chain_parse_der(cf_buf_bytes(der), &chain, NULL) != CF_OK ||
        cf_chain_count(chain) == 0)
        return CF_OK;
    int64_t until = cf_cert_not_after_ms(cf_chain_at(chain, 0));
    int64_t left = until - cf_clock_now_ms(work->site->clock);
    if (left < CA_LEFT_MIN_MS) {
        cf_text_from_time(until, text);
        return cf_fail(err, CF_E_CA_CONFIG,
                       "[ca %.64s]: the CA's own certificate ends on %s, too soon for any other; "
                       "renew it",
                       grant->ca->name, text);
    }
    if (wish > 0 && wish > (uint64_t)(left - CA_SLACK_MS))
        grant->validity_ms = (uint64_t)(left - CA_SLACK_MS);
    return CF_OK;
}

static enum cf_rc
judge_device(struct cf_work *work, struct cf_err *err)
{
    const struct cf_policy_completer completer = cf_site_completer(work->site);
    struct cf_ask *ask = &work->ask;

    cf_request_free(ask->request);
    ask->request = NULL;
    CF_TRY(cf_scep_request(work, work->scep, &ask->request, err));
    cf_grant_done(&ask->grant);
    if (cf_policy_judge(work->site->settings, ask->request, &completer, NULL, NULL, &ask->grant,
                        err) != CF_OK)
        return cf_scep_reword(err);
    return CF_OK;
}

enum cf_rc
cf_scep_need_ask(struct cf_work *work, struct cf_err *err)
{
    if (work->has_ask)
        return CF_OK;
    CF_TRY(cf_scep_need_body(work, err));
    CF_TRY(work->scep->profile ? judge_device(work, err) : cf_scep_ra_grant(work, err));
    CF_TRY(limit_validity(work, err));
    work->has_ask = true;
    return CF_OK;
}
