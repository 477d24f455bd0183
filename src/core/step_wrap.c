/* SPDX-License-Identifier: Apache-2.0 */
/* wrap: the certificate is compared with what was asked, and key and certificate leave sealed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certferry/text.h"
#include "result.h"
#include "work.h"

/* Clocks of CA and connector differ, and a CA may round up to whole days. */
#define VALIDITY_SLACK_MS (INT64_C(26) * 60 * 60 * 1000)

static enum cf_rc
make_ledger_entry(struct cf_work *work, const struct cf_cert *cert, struct cf_err *err)
{
    const struct cf_item *item = work->item;
    cf_own(cf_ledger_entry) entry = calloc(1, sizeof *entry);
    if (!entry)
        return cf_fail_oom(err);

    CF_TRY(cf_replace_text(&entry->context, item->context, err));
    CF_TRY(cf_replace_text(&entry->ca, item->ca, err));
    CF_TRY(cf_replace_text(&entry->template_name, item->template_name, err));
    CF_TRY(cf_replace_text(&entry->device_id, item->device_id, err));
    CF_TRY(cf_replace_text(&entry->user_name, item->user_name, err));
    CF_TRY(cf_replace_text(&entry->profile_id, work->ask.request->profile.id, err));
    CF_TRY(cf_dn_text(cf_cert_subject(cert), &entry->subject, err));
    CF_TRY(cf_dn_text(cf_cert_issuer(cert), &entry->issuer, err));
    CF_TRY(cf_replace_text(&entry->serial, cf_cert_serial(cert), err));
    CF_TRY(cf_replace_text(&entry->thumbprint, cf_cert_thumbprint(cert), err));
    entry->not_before_ms = cf_cert_not_before_ms(cert);
    entry->not_after_ms = cf_cert_not_after_ms(cert);
    entry->issued_ms = cf_clock_now_ms(work->site->clock);
    entry->renewal_threshold_percent = work->ask.request->profile.renewal_threshold_percent;
    entry->cert = cf_buf_copy(cf_cert_der(cert));
    if (!entry->cert)
        return cf_fail_oom(err);

    cf_ledger_entry_free(work->issued);
    work->issued = cf_give(entry);
    return CF_OK;
}

static enum cf_rc
check_issued(struct cf_work *work, const struct cf_cert *cert, const struct cf_chain *chain,
             struct cf_err *err)
{
    cf_own(cf_csr) csr = NULL;
    const struct cf_grant *grant = &work->ask.grant;
    uint64_t validity = grant->template_settings->validity_ms;

    if (grant->validity_ms > 0 && grant->validity_ms < validity)
        validity = grant->validity_ms;
    CF_TRY(cf_csr_parse(cf_buf_bytes(work->item->csr), &csr, err));

    const struct cf_cert_expectation expectation = {
        .csr = csr,
        .chain = chain,
        .now_ms = cf_clock_now_ms(work->site->clock),
        .not_after_max_ms =
            cf_clock_now_ms(work->site->clock) + (int64_t)validity + VALIDITY_SLACK_MS,
    };
    return cf_cert_check_issued(cert, &expectation, err);
}

enum { LABEL_SIZE = 256 };

/* What people see beside the key. A PFX holds no character above U+FFFF; the name is no reason
 * for throwing an issued certificate away, so it is made to fit. */
static void
make_label(const struct cf_work *work, char ret[LABEL_SIZE])
{
    const char *name = work->ask.request->profile.name;
    size_t used = 0;

    if (!name || !*name)
        name = work->item->template_name;
    cf_text_sanitize(name, strlen(name), ret, LABEL_SIZE);
    for (const char *at = ret; *at; at++) {
        unsigned char c = (unsigned char)*at;
        bool is_lead = c >= 0xf0;

        ret[used++] = is_lead ? '?' : *at;
        if (is_lead)
            at += 3;
    }
    ret[used] = '\0';
}

static enum cf_rc
seal_apple(struct cf_work *work, const struct cf_buf *pfx, const struct cf_secret *password,
           struct cf_sealed *sealed, struct cf_err *err)
{
    char label[LABEL_SIZE];
    char uuid[CF_UUID_SIZE];
    char identifier[sizeof "com.certferry.identity." + CF_UUID_SIZE];
    cf_own(cf_secret) plist = NULL;

    make_label(work, label);
    cf_text_uuid(uuid);
    snprintf(identifier, sizeof identifier, "com.certferry.identity.%s", uuid);

    const struct cf_apple_payload payload = {
        .identifier = identifier,
        .uuid = uuid,
        .display_name = label,
        .is_macos = work->ask.delivery.is_macos,
        .allow_all_apps_access = work->ask.request->profile.allow_all_apps_access,
    };
    CF_TRY(cf_apple_payload_array(&payload, cf_buf_bytes(pfx), password, &plist, err));
    return cf_cms_seal_secret(plist, work->ask.recipient, work->ask.delivery.transport,
                              &sealed->pfx, err);
}

static enum cf_rc
seal(struct cf_work *work, const struct cf_buf *pfx, const struct cf_secret *password,
     struct cf_sealed *sealed, struct cf_err *err)
{
    const struct cf_delivery *delivery = &work->ask.delivery;
    const struct cf_seal_binding binding = {
        .request_context = work->item->context,
        .recipient = work->ask.recipient,
        .signer = work->site->signer,
        .now_ms = cf_clock_now_ms(work->site->clock),
    };

    switch (delivery->envelope) {
    case CF_ENVELOPE_AGENT:
        return cf_cms_seal_pfx(cf_buf_bytes(pfx), password, &binding, delivery->transport,
                               &sealed->pfx, err);
    case CF_ENVELOPE_WINDOWS_CSP:
        CF_TRY(cf_cms_seal_pfx(cf_buf_bytes(pfx), NULL, &binding, delivery->transport, &sealed->pfx,
                               err));
        return cf_cms_seal_secret(password, work->ask.recipient, delivery->transport,
                                  &sealed->password, err);
    case CF_ENVELOPE_APPLE_PAYLOAD:
        return seal_apple(work, pfx, password, sealed, err);
    }
    return cf_fail(err, CF_E_BUG, "no such envelope");
}

static enum cf_rc
need_key(struct cf_work *work, struct cf_err *err)
{
    const struct cf_item *item = work->item;

    if (work->key)
        return CF_OK;
    if (!item->sealed_key)
        return cf_fail(err, CF_E_BUG, "the private key of this request is gone");
    if (cf_key_unseal(cf_buf_bytes(item->sealed_key), work->site->store_key,
                      cf_bytes_of(item->context, strlen(item->context)), &work->key, err) == CF_OK)
        return CF_OK;
    /* Most likely another key_file than the one it was sealed with: not the request's fault. */
    if (err->rc == CF_E_CRYPTO)
        err->fault = CF_FAULT_CONFIG;
    return cf_err_prefix(err, "the private key cannot be opened with [store] key_file");
}

static enum cf_rc
wrap(struct cf_work *work, const struct cf_cert *cert, const struct cf_chain *chain,
     struct cf_sealed *sealed, struct cf_err *err)
{
    cf_own(cf_secret) password = NULL;
    cf_own(cf_buf) pfx = NULL;
    cf_own(cf_buf) json = NULL;
    char label[LABEL_SIZE];

    make_label(work, label);
    CF_TRY(need_key(work, err));
    CF_TRY(cf_pfx_password(&password, err));
    CF_TRY(cf_pfx_build(work->key, cert, chain, work->ask.delivery.preset,
                        (unsigned)work->site->settings->pfx_iterations, password, label, &pfx,
                        err));
    CF_TRY(seal(work, pfx, password, sealed, err));
    CF_TRY(cf_result_issued(work->item->context, work->item->ca, work->ask.delivery.envelope,
                            sealed, cert, &json, err));
    cf_buf_free(work->item->result);
    work->item->result = cf_give(json);
    return CF_OK;
}

enum cf_rc
cf_step_wrap(struct cf_work *work, struct cf_outcome *ret_outcome, struct cf_err *err)
{
    struct cf_item *item = work->item;
    cf_own(cf_cert) cert = NULL;
    cf_own(cf_chain) chain = NULL;
    struct cf_sealed sealed = {0};

    (void)ret_outcome;
    if (cf_cert_parse(cf_buf_bytes(item->cert), &cert, err) != CF_OK)
        return cf_err_prefix(err, "answer of CA %s", item->ca);

    /* Before anything is judged: what the CA issued is on record even when it cannot be used. */
    CF_TRY(cf_work_need_request(work, err));
    CF_TRY(make_ledger_entry(work, cert, err));
    CF_TRY(cf_replace_text(&item->serial, cf_cert_serial(cert), err));
    if (cf_chain_parse_der(cf_buf_bytes(item->chain), &chain, err) != CF_OK)
        return cf_err_prefix(err, "chain of CA %s", item->ca);
    CF_TRY(cf_work_need_ask(work, err));
    CF_TRY(check_issued(work, cert, chain, err));

    enum cf_rc rc = wrap(work, cert, chain, &sealed, err);
    cf_buf_free(sealed.pfx);
    cf_buf_free(sealed.password);
    if (rc != CF_OK)
        return rc;

    work->key = cf_key_free(work->key);
    item->sealed_key = cf_buf_free(item->sealed_key);
    snprintf(work->note, sizeof work->note, "certificate %s sealed to the device (%s)",
             item->serial, cf_envelope_name(work->ask.delivery.envelope));
    return CF_OK;
}
