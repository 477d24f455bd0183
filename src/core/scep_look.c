/* SPDX-License-Identifier: Apache-2.0 */
/* scep_look - how a request fares, and what was issued before. */
#include <stdio.h>
#include <string.h>

#include "scep.h"

enum { SAME_SERIAL_MAX = 16 };

enum cf_rc
cf_scep_look(struct cf_scheduler *scheduler, const char *context, struct cf_scep_answer *ret_answer,
             struct cf_err *err)
{
    cf_own(cf_site) site = cf_scheduler_site(scheduler);
    cf_own(cf_item) item = NULL;

    CF_TRY(cf_scep_find_item(site, context, &item, err));
    if (!item)
        return cf_fail(err, CF_E_NOT_FOUND, "no request %.200s", context);
    return cf_scep_answer_of(scheduler, site, item, ret_answer, err);
}

static enum cf_rc
need_profile(struct cf_site *site, const char *name,
             const struct cf_scep_profile_settings **ret_profile, struct cf_err *err)
{
    *ret_profile = cf_settings_find_scep_profile(site->settings, name);
    return *ret_profile ? CF_OK
                        : cf_fail(err, CF_E_NOT_FOUND, "there is no [scep-profile %.64s]", name);
}

/* The newest of a transaction; listed items have no certificate, so its context is looked up. */
static enum cf_rc
find_newest(struct cf_site *site, const char *prefix, struct cf_item **ret_item, struct cf_err *err)
{
    const struct cf_item_filter filter = {
        .kinds = 1u << CF_KIND_SCEP, .context_prefix = prefix, .newest_first = true, .limit = 1};
    struct cf_items items = {0};

    CF_TRY(site->store->ops->list(site->store, &filter, &items, err));
    enum cf_rc rc =
        items.n > 0 ? cf_scep_find_item(site, items.item[0]->context, ret_item, err) : CF_OK;
    cf_items_done(&items);
    return rc;
}

enum cf_rc
cf_scep_poll(struct cf_scheduler *scheduler, const char *profile, const char *transaction_id,
             struct cf_bytes signer, struct cf_scep_answer *ret_answer, struct cf_err *err)
{
    cf_own(cf_site) site = cf_scheduler_site(scheduler);
    const struct cf_scep_profile_settings *settings = NULL;
    struct cf_cert_sketch sketch = {0};
    struct cf_scep_answer answer = {0};
    cf_own(cf_item) item = NULL;
    char prefix[CF_CONTEXT_MAX + 1];

    CF_TRY(need_profile(site, profile, &settings, err));
    if (cf_cert_sketch(signer, &sketch, NULL) == CF_OK) {
        enum cf_rc rc =
            cf_scep_prefix(profile, transaction_id, cf_buf_bytes(sketch.spki), prefix, err);
        cf_cert_sketch_done(&sketch);
        CF_TRY(rc);
        CF_TRY(find_newest(site, prefix, &item, err));
    }
    if (item)
        return cf_scep_answer_of(scheduler, site, item, ret_answer, err);
    cf_scep_refuse(&answer, CF_SCEP_BAD_CERT_ID,
                   "no request of transaction %.64s and this signer is known", transaction_id);
    *ret_answer = answer;
    return CF_OK;
}

/* Compared as a name, whatever string types it came with. */
static bool
is_issuer(const struct cf_buf *cert_der, const struct cf_dn *issuer)
{
    cf_own(cf_cert) cert = NULL;

    return cf_cert_parse(cf_buf_bytes(cert_der), &cert, NULL) == CF_OK &&
           cf_dn_equal(cf_cert_issuer(cert), issuer);
}

static enum cf_rc
find_cert(struct cf_site *site, const char *ca, struct cf_bytes issuer, const char *serial,
          struct cf_ledger_entry **ret_entry, struct cf_err *err)
{
    char normal[CF_SERIAL_TEXT_SIZE];
    cf_own(cf_dn) name = NULL;
    struct cf_ledger ledger = {0};

    *ret_entry = NULL;
    if (cf_serial_normalize(serial, normal, NULL) != CF_OK ||
        cf_dn_parse_der(issuer, &name, NULL) != CF_OK)
        return CF_OK;
    const struct cf_ledger_filter filter = {.serial = normal, .ca = ca, .limit = SAME_SERIAL_MAX};
    CF_TRY(site->store->ops->ledger(site->store, &filter, &ledger, err));
    for (size_t i = 0; i < ledger.n && !*ret_entry; i++) {
        if (is_issuer(ledger.entry[i]->cert, name))
            *ret_entry = cf_give(ledger.entry[i]);
    }
    cf_ledger_done(&ledger);
    return CF_OK;
}

/* What a device has been given, or might have been: neither revoked nor kept back, because the
 * management service has not heard of it, or it is not what was asked for. */
static enum cf_rc
is_for_devices(struct cf_site *site, const struct cf_ledger_entry *entry, bool *ret,
               struct cf_err *err)
{
    cf_own(cf_item) item = NULL;

    CF_TRY(cf_scep_find_item(site, entry->context, &item, err));
    *ret = entry->revoked_ms == 0 && (!item || item->state == CF_STATE_DELIVERED);
    return CF_OK;
}

enum cf_rc
cf_scep_get_cert(struct cf_scheduler *scheduler, const char *profile, struct cf_bytes issuer,
                 const char *serial, struct cf_scep_answer *ret_answer, struct cf_err *err)
{
    cf_own(cf_site) site = cf_scheduler_site(scheduler);
    const struct cf_scep_profile_settings *settings = NULL;
    cf_own(cf_ledger_entry) entry = NULL;
    struct cf_scep_answer answer = {0};
    bool may_have_it = false;

    CF_TRY(need_profile(site, profile, &settings, err));
    if (!settings->get_cert) {
        cf_scep_refuse(&answer, CF_SCEP_BAD_REQUEST, "[scep-profile %.64s] get_cert = no", profile);
        *ret_answer = answer;
        return CF_OK;
    }
    CF_TRY(find_cert(site, settings->ca, issuer, serial, &entry, err));
    if (entry)
        CF_TRY(is_for_devices(site, entry, &may_have_it, err));
    if (entry && may_have_it) {
        answer.state = CF_SCEP_ANSWER_ISSUED;
        answer.cert = cf_give(entry->cert);
        cf_scep_chain_of(site, settings->ca, &answer.chain);
    } else {
        cf_scep_refuse(&answer, CF_SCEP_BAD_CERT_ID,
                       "no certificate %.64s was handed out here, or it is revoked", serial);
    }
    *ret_answer = answer;
    return CF_OK;
}

static enum cf_rc
find_crl(struct cf_site *site, const struct cf_scep_profile_settings *profile,
         struct cf_bytes issuer, struct cf_scep_answer *answer, struct cf_buf **ret_crl,
         struct cf_err *err)
{
    struct cf_ca_slot *slot = cf_site_ca(site, profile->ca);
    cf_own(cf_buf) chain_der = NULL;
    cf_own(cf_chain) chain = NULL;
    cf_own(cf_dn) name = NULL;

    if (!profile->get_crl || !slot || !slot->ca->ops->crl) {
        cf_scep_refuse(answer, CF_SCEP_BAD_REQUEST,
                       "no CRL: [scep-profile %.64s] get_crl = no, or [ca %.64s] gives none out",
                       profile->name, profile->ca);
        return CF_OK;
    }
    cf_scep_chain_of(site, profile->ca, &chain_der);
    if (cf_dn_parse_der(issuer, &name, NULL) != CF_OK || !chain_der ||
        cf_chain_parse_der(cf_buf_bytes(chain_der), &chain, NULL) != CF_OK ||
        cf_chain_count(chain) == 0 || !cf_dn_equal(cf_cert_subject(cf_chain_at(chain, 0)), name)) {
        cf_scep_refuse(answer, CF_SCEP_BAD_CERT_ID, "the CRL of another CA than %.64s is wanted",
                       profile->ca);
        return CF_OK;
    }
    enum cf_rc rc = slot->ca->ops->crl(slot->ca, ret_crl, err);
    if (rc == CF_E_NOT_FOUND) {
        cf_scep_refuse(answer, CF_SCEP_BAD_CERT_ID, "[ca %.64s] has no CRL yet", profile->ca);
        return CF_OK;
    }
    if (rc == CF_OK)
        answer->state = CF_SCEP_ANSWER_ISSUED;
    return rc;
}

enum cf_rc
cf_scep_get_crl(struct cf_scheduler *scheduler, const char *profile, struct cf_bytes issuer,
                struct cf_scep_answer *ret_answer, struct cf_buf **ret_crl, struct cf_err *err)
{
    cf_own(cf_site) site = cf_scheduler_site(scheduler);
    const struct cf_scep_profile_settings *settings = NULL;
    struct cf_scep_answer answer = {0};
    struct cf_buf *crl = NULL;

    CF_TRY(need_profile(site, profile, &settings, err));
    CF_TRY(find_crl(site, settings, issuer, &answer, &crl, err));
    *ret_answer = answer;
    *ret_crl = crl;
    return CF_OK;
}
