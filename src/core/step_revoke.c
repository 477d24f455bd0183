/* SPDX-License-Identifier: Apache-2.0 */
/* revoke: by issuer and serial, at the CA that issued the certificate. */
#include <stdio.h>
#include <string.h>

#include "certferry/text.h"
#include "result.h"
#include "revoke.h"
#include "work.h"

enum { SAME_SERIAL_MAX = 16 };

/* The cloud echoes what we reported: our CA section, or the issuer's name in whatever writing. */
bool
cf_revocation_means(const struct cf_revocation_request *request,
                    const struct cf_ledger_entry *entry)
{
    bool has_configuration = request->ca_configuration && request->ca_configuration[0];

    if (has_configuration && cf_text_equal_nocase(entry->ca, request->ca_configuration))
        return true;
    if (!request->issuer || request->issuer[0] == '\0')
        return !has_configuration;
    if (cf_text_equal_nocase(entry->ca, request->issuer) ||
        strcmp(entry->issuer, request->issuer) == 0)
        return true;

    cf_own(cf_dn) asked = NULL;
    cf_own(cf_dn) issuer = NULL;
    if (cf_dn_parse_text(entry->issuer, &issuer, NULL) != CF_OK)
        return false;
    const char *common_name = cf_dn_find(issuer, "2.5.4.3");
    if (common_name && strcmp(common_name, request->issuer) == 0)
        return true;
    return cf_dn_parse_text(request->issuer, &asked, NULL) == CF_OK && cf_dn_equal(asked, issuer);
}

static enum cf_rc
find_entry(const struct cf_revocation_request *request, const struct cf_ledger *ledger,
           const struct cf_ledger_entry **ret_entry, struct cf_err *err)
{
    const struct cf_ledger_entry *found = NULL;

    for (size_t i = 0; i < ledger->n; i++) {
        if (!cf_revocation_means(request, ledger->entry[i]))
            continue;
        if (found)
            return cf_fail(err, CF_E_CONFLICT,
                           "serialNumber: %s was issued by several CAs and issuerName does not say "
                           "which",
                           request->serial);
        found = ledger->entry[i];
    }
    if (!found)
        return cf_fail(err, CF_E_NOT_FOUND,
                       "serialNumber: this connector issued no certificate %s%s", request->serial,
                       ledger->n > 0 ? " with this issuerName" : "");
    *ret_entry = found;
    return CF_OK;
}

enum cf_rc
cf_revoke_entry(struct cf_site *site, const struct cf_ledger_entry *entry, int reason,
                uint64_t *ret_kept_back_ms, struct cf_err *err)
{
    struct cf_ca_slot *slot = NULL;
    struct cf_ca_call call = {.is_revocation = true};

    CF_TRY(cf_site_need_ca(site, entry->ca, &slot, err));

    const struct cf_ca_revocation revocation = {
        .serial = entry->serial,
        .cert = cf_buf_bytes(entry->cert),
        .reason = reason,
        .revoked_ms = cf_clock_now_ms(site->clock),
    };
    enum cf_rc rc = cf_ca_call_begin(slot, &call, err);
    if (rc != CF_OK) {
        if (ret_kept_back_ms) {
            *ret_kept_back_ms = cf_ca_slot_wait_ms(slot, err);
            /* Requests wait in their order for a place; a backlog of them would take each one. */
            cf_ca_slot_want(slot, rc == CF_E_CA_BUSY);
        }
        return rc;
    }
    cf_ca_slot_want(slot, false);
    rc = slot->ca->ops->revoke(slot->ca, &revocation, err);
    cf_ca_call_end(&call, rc, err);
    if (rc == CF_OK)
        cf_ca_slot_count(slot, CF_CA_COUNT_REVOKED);
    return rc == CF_E_CONFLICT ? CF_OK : rc;
}

static enum cf_rc
revoke_at_ca(struct cf_work *work, const struct cf_ledger_entry *entry,
             struct cf_outcome *ret_outcome, struct cf_err *err)
{
    struct cf_item *item = work->item;

    CF_TRY(cf_replace_text(&item->ca, entry->ca, err));
    CF_TRY(cf_replace_text(&item->subject, entry->subject, err));
    CF_TRY(cf_replace_text(&item->device_id, entry->device_id, err));
    CF_TRY(cf_replace_text(&item->template_name, entry->template_name, err));
    if (entry->revoked_ms > 0) {
        snprintf(work->note, sizeof work->note, "certificate %s was revoked before", entry->serial);
        return CF_OK;
    }

    CF_TRY(cf_revoke_entry(work->site, entry, work->site->settings->revocation_reason,
                           &ret_outcome->kept_back_ms, err));
    work->revoked_ledger_id = entry->id;
    snprintf(work->note, sizeof work->note, "certificate %s revoked at CA %s", entry->serial,
             entry->ca);
    return CF_OK;
}

enum cf_rc
cf_step_revoke(struct cf_work *work, struct cf_outcome *ret_outcome, struct cf_err *err)
{
    struct cf_item *item = work->item;
    cf_own(cf_revocation_request) request = NULL;
    struct cf_ledger ledger = {0};
    struct cf_store *store = work->site->store;

    CF_TRY(cf_revocation_request_parse(cf_buf_bytes(item->body), &request, err));
    CF_TRY(cf_replace_text(&item->serial, request->serial, err));

    const struct cf_ledger_filter filter = {.serial = request->serial, .limit = SAME_SERIAL_MAX};
    CF_TRY(store->ops->ledger(store, &filter, &ledger, err));

    const struct cf_ledger_entry *entry = NULL;
    enum cf_rc rc = find_entry(request, &ledger, &entry, err);
    if (rc == CF_OK)
        rc = revoke_at_ca(work, entry, ret_outcome, err);
    cf_ledger_done(&ledger);
    if (rc != CF_OK)
        return rc;

    item->result = cf_buf_free(item->result);
    return cf_result_revoked(item->context, &item->result, err);
}
