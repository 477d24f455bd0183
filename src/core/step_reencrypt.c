/* SPDX-License-Identifier: Apache-2.0 */
/* reencrypt: a certificate that was issued here, from its kept copy, for another device. */
#include <stdio.h>
#include <string.h>

#include "certferry/text.h"
#include "ledger.h"
#include "seal.h"

static enum cf_rc
no_certificate(const struct cf_request *request, struct cf_err *err)
{
    if (request->certificate_thumbprint)
        return cf_fail(err, CF_E_NOT_FOUND,
                       "certificateThumbprint: this connector issued no certificate %s",
                       request->certificate_thumbprint);
    return cf_fail(err, CF_E_NOT_FOUND,
                   "this connector issued no certificate for profile %.60s, device %.60s and this "
                   "user; name one by certificateThumbprint",
                   request->profile.id, request->device.id);
}

/* What the cloud says decides nothing: the ledger knows whose certificate it is. Other devices are
 * for users who have a name of their own: a UPN. */
static enum cf_rc
check_holder(const struct cf_work *work, const struct cf_ledger_entry *entry, struct cf_err *err)
{
    const struct cf_request *request = work->ask.request;
    const char *upn = request->user.upn;
    bool is_same_device = cf_text_equal_nocase(entry->device_id, request->device.id);
    bool is_for_user = !request->profile.is_device && work->item->user_name;

    if (!entry->user_name && !is_same_device)
        return cf_fail(err, CF_E_POLICY,
                       "certificateThumbprint: certificate %s belongs to another device; a "
                       "device's certificate is not sealed to others",
                       entry->serial);
    if (!entry->user_name && is_for_user)
        return cf_fail(err, CF_E_POLICY,
                       "certificateThumbprint: certificate %s belongs to the device and not to "
                       "its user",
                       entry->serial);
    if (entry->user_name && (!is_for_user || !cf_ledger_is_same_user(entry, work->item->user_name)))
        return cf_fail(err, CF_E_POLICY,
                       "certificateThumbprint: certificate %s belongs to another user",
                       entry->serial);
    if (entry->user_name && !is_same_device && !(upn && upn[0]))
        return cf_fail(err, CF_E_POLICY,
                       "user.userPrincipalName: missing; without it certificate %s is not sealed "
                       "to another device",
                       entry->serial);
    return CF_OK;
}

static enum cf_rc
check_usable(const struct cf_work *work, const struct cf_ledger_entry *entry, struct cf_err *err)
{
    if (entry->revoked_ms > 0)
        return cf_fail(err, CF_E_NOT_FOUND, "certificate %s is revoked; ask for a new one",
                       entry->serial);
    if (entry->not_after_ms <= cf_clock_now_ms(work->site->clock))
        return cf_fail(err, CF_E_NOT_FOUND, "certificate %s has expired; ask for a new one",
                       entry->serial);
    if (!entry->has_recovery)
        return cf_fail(err, CF_E_NOT_FOUND,
                       "no copy of certificate %s is kept: it was issued while [recovery] was not "
                       "configured",
                       entry->serial);
    return CF_OK;
}

/* A UPN may have passed to somebody else since; the SID in the certificate has not. */
static enum cf_rc
check_account(struct cf_work *work, const struct cf_ledger_entry *entry, const struct cf_cert *cert,
              struct cf_err *err)
{
    const char *sid = NULL;

    if (!cf_cert_sid(cert) || !work->site->directory)
        return CF_OK;
    CF_TRY(cf_facts_need_sid(&work->ask.facts, &sid, err));
    if (strcmp(sid, cf_cert_sid(cert)) != 0)
        return cf_fail(err, CF_E_POLICY,
                       "certificate %s is for the account with SID %.60s, and the directory has "
                       "%.60s for this one; ask for a new certificate",
                       entry->serial, cf_cert_sid(cert), sid);
    return CF_OK;
}

/* What would not be issued today is not sealed to one more device either: the policy that covers
 * the certificate's own CA and template judges it again, with the names that stand in it. */
static enum cf_rc
judge(struct cf_work *work, const struct cf_ledger_entry *entry, const struct cf_cert *cert,
      struct cf_err *err)
{
    struct cf_ask *ask = &work->ask;

    if (!cf_site_ca(work->site, entry->ca))
        return cf_fail(err, CF_E_POLICY,
                       "certificate %s was issued by [ca %.40s], which is not in the configuration "
                       "any more; ask for a new certificate",
                       entry->serial, entry->ca);
    CF_TRY(cf_work_need_ask(work, err));
    if (!cf_text_equal_nocase(ask->grant.ca->name, entry->ca) ||
        !cf_text_equal_nocase(ask->grant.template_settings->name, entry->template_name))
        return cf_fail(err, CF_E_POLICY,
                       "certificateTemplateName: certificate %s was issued by [ca %.40s] with "
                       "template %.60s; the request has to name these",
                       entry->serial, entry->ca, entry->template_name);
    ask->facts.request = ask->request;
    ask->facts.directory = work->site->directory;

    const struct cf_policy_names names = {.subject = cf_cert_subject(cert),
                                          .san = cf_cert_san(cert),
                                          .facts = &ask->facts,
                                          .are_issued = true};
    CF_TRY(cf_policy_judge_names(&ask->grant, &names, NULL, NULL, err));
    return check_account(work, entry, cert, err);
}

static enum cf_rc
note_entry(struct cf_item *item, const struct cf_ledger_entry *entry, struct cf_err *err)
{
    CF_TRY(cf_replace_text(&item->ca, entry->ca, err));
    CF_TRY(cf_replace_text(&item->serial, entry->serial, err));
    return cf_replace_text(&item->subject, entry->subject, err);
}

static enum cf_rc
open_copy(struct cf_work *work, const struct cf_ledger_entry *entry,
          struct cf_pfx_content **ret_content, struct cf_err *err)
{
    struct cf_store *store = work->site->store;
    const struct cf_cert *const signers[] = {cf_identity_cert(work->site->signer)};
    cf_own(cf_buf) sealed = NULL;
    cf_own(cf_secret) pfx = NULL;
    cf_own(cf_secret) password = NULL;

    CF_TRY(store->ops->recovery(store, entry->id, &sealed, err));
    enum cf_rc rc = cf_cms_open_pfx(cf_buf_bytes(sealed), work->site->recovery, entry->context,
                                    signers, CF_COUNT(signers), &pfx, &password, err);
    if (rc == CF_E_CRYPTO) {
        /* Most likely another identity than the one it was sealed to: not the request's fault. */
        err->fault = CF_FAULT_CONFIG;
        return cf_err_prefix(err,
                             "copy of certificate %s cannot be opened with [recovery] "
                             "identity_file",
                             entry->serial);
    }
    CF_TRY(rc);
    CF_TRY(cf_pfx_open(cf_bytes_of(cf_secret_data(pfx), cf_secret_len(pfx)), password, ret_content,
                       err));
    if (strcmp(cf_cert_thumbprint(cf_pfx_content_cert(*ret_content)), entry->thumbprint) != 0)
        return cf_fail(err, CF_E_BUG, "copy of certificate %s holds another one", entry->serial);
    return CF_OK;
}

/* The root of the issuing CA as it is now, when it still is the certificate's. */
static enum cf_rc
find_chain(struct cf_work *work, const struct cf_cert *cert, struct cf_chain **ret_chain,
           struct cf_err *err)
{
    cf_own(cf_buf) der = NULL;
    cf_own(cf_chain) chain = NULL;
    struct cf_ca_slot *slot = cf_site_ca(work->site, work->item->ca);

    if (!slot)
        return CF_OK;
    CF_TRY(slot->ca->ops->chain(slot->ca, &der, err));
    CF_TRY(cf_chain_parse_der(cf_buf_bytes(der), &chain, err));
    if (cf_chain_count(chain) > 0 &&
        cf_dn_equal(cf_cert_subject(cf_chain_at(chain, 0)), cf_cert_issuer(cert)))
        *ret_chain = cf_give(chain);
    return CF_OK;
}

enum cf_rc
cf_step_reencrypt(struct cf_work *work, struct cf_outcome *ret_outcome, struct cf_err *err)
{
    struct cf_item *item = work->item;
    cf_own(cf_ledger_entry) entry = NULL;
    cf_own(cf_pfx_content) content = NULL;
    cf_own(cf_chain) chain = NULL;

    (void)ret_outcome;
    CF_TRY(cf_work_note_request(work, err));
    if (!work->site->recovery)
        return cf_fail(err, CF_E_UNSUPPORTED,
                       "requestType: reencrypt needs [recovery] identity_file; this connector "
                       "keeps no copies");
    CF_TRY(cf_work_need_recipient(work, err));
    CF_TRY(cf_ledger_find_meant(work, &entry, err));
    if (!entry)
        return no_certificate(work->ask.request, err);
    CF_TRY(check_holder(work, entry, err));
    CF_TRY(note_entry(item, entry, err));
    CF_TRY(check_usable(work, entry, err));
    CF_TRY(open_copy(work, entry, &content, err));
    CF_TRY(judge(work, entry, cf_pfx_content_cert(content), err));
    CF_TRY(find_chain(work, cf_pfx_content_cert(content), &chain, err));

    const struct cf_cert *root = cf_seal_root(chain);
    CF_TRY(cf_seal_check_root(&work->ask.request->profile, root, item->ca, err));
    CF_TRY(cf_work_count(work, err));
    CF_TRY(cf_seal_content(work, content, item->ca, root, err));
    snprintf(work->note, sizeof work->note, "certificate %s sealed to this device too (%s)",
             item->serial, cf_envelope_name(work->ask.delivery.envelope));
    return CF_OK;
}
