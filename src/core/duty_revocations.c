/* SPDX-License-Identifier: Apache-2.0 */
/* revocations: fetches revocation requests; those of other connectors' CAs are left alone. */
#include <string.h>

#include "certferry/request.h"
#include "certferry/text.h"
#include "duty.h"
#include "intake.h"
#include "revoke.h"

enum { PAGE_MAX = 500, PAGES_MAX = 20, SAME_SERIAL_MAX = 16 };

static bool
is_issuer_of(struct cf_ca_slot *slot, const char *issuer)
{
    cf_own(cf_buf) der = NULL;
    cf_own(cf_chain) chain = NULL;
    cf_own(cf_dn) asked = NULL;
    struct cf_ca *ca = slot->ca;

    if (cf_text_equal_nocase(slot->settings->ca_name, issuer) ||
        cf_text_equal_nocase(slot->settings->name, issuer))
        return true;
    if (ca->ops->chain(ca, &der, NULL) != CF_OK ||
        cf_chain_parse_der(cf_buf_bytes(der), &chain, NULL) != CF_OK ||
        cf_dn_parse_text(issuer, &asked, NULL) != CF_OK)
        return false;
    return cf_chain_count(chain) > 0 && cf_dn_equal(asked, cf_cert_subject(cf_chain_at(chain, 0)));
}

static bool
names_our_ca(struct cf_site *site, const struct cf_revocation_request *request)
{
    const char *configuration = request->ca_configuration;
    const char *issuer = request->issuer;
    bool names_any = (configuration && configuration[0]) || (issuer && issuer[0]);

    for (size_t i = 0; i < site->n_cas; i++) {
        if (configuration && cf_text_equal_nocase(site->cas[i].settings->name, configuration))
            return true;
        if (issuer && issuer[0] && is_issuer_of(&site->cas[i], issuer))
            return true;
    }
    return !names_any;
}

static bool
is_in_ledger(const struct cf_revocation_request *request, const struct cf_ledger *ledger)
{
    for (size_t i = 0; i < ledger->n; i++) {
        if (cf_revocation_means(request, ledger->entry[i]))
            return true;
    }
    return false;
}

/* Connectors of one tenant see each other's requests. A request that cannot be read is ours to
 * answer; one for a certificate in our ledger is ours even when its CA was taken out of the
 * configuration. An equal serial number alone says little: some CAs count from one. */
static enum cf_rc
is_ours(struct cf_site *site, const struct cf_cloud_work *work, bool *ret_is_ours,
        struct cf_err *err)
{
    cf_own(cf_revocation_request) request = NULL;
    struct cf_ledger ledger = {0};

    *ret_is_ours = true;
    if (cf_revocation_request_parse(cf_buf_bytes(work->body), &request, NULL) != CF_OK)
        return CF_OK;

    const struct cf_ledger_filter filter = {.serial = request->serial, .limit = SAME_SERIAL_MAX};
    CF_TRY(site->store->ops->ledger(site->store, &filter, &ledger, err));
    *ret_is_ours = is_in_ledger(request, &ledger) || names_our_ca(site, request);
    cf_ledger_done(&ledger);
    return CF_OK;
}

enum cf_rc
cf_duty_revocations(struct cf_scheduler *scheduler, struct cf_site *site, uint64_t *ret_next_ms,
                    struct cf_err *err)
{
    bool is_full = true;

    for (unsigned n_pages = 0; is_full && n_pages < PAGES_MAX; n_pages++) {
        struct cf_cloud_page page = {0};
        struct cf_intake intake = {0};

        CF_TRY(site->cloud->ops->download_revocations(site->cloud, PAGE_MAX, &page, err));
        cf_scheduler_note_cloud(scheduler, "revocations", CF_OK, NULL);
        is_full = page.n >= PAGE_MAX;
        enum cf_rc rc =
            cf_intake_page(scheduler, site, CF_KIND_REVOCATION, &page, is_ours, &intake, err);
        cf_cloud_page_done(&page);
        if (rc != CF_OK)
            return rc;
        if (intake.n_new > 0)
            cf_scheduler_kick(scheduler, CF_DUTY_DISPATCH);
        if (intake.n_redeliver > 0)
            cf_scheduler_kick(scheduler, CF_DUTY_ACKNOWLEDGE);
        /* A full page that holds nothing new would come again and again. */
        is_full = is_full && intake.n_new > 0;
    }
    *ret_next_ms = site->settings->cloud.revocation_interval_ms;
    return CF_OK;
}
