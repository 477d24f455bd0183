/* SPDX-License-Identifier: Apache-2.0 */
/* import: a PFX that the cloud brings, for one device in the form that it reads. */
#include <stdio.h>

#include "certferry/text.h"
#include "seal.h"

static enum cf_rc
find_key(const struct cf_work *work, const struct cf_import_key **ret_key, struct cf_err *err)
{
    const struct cf_settings *settings = work->site->settings;
    const struct cf_request *request = work->ask.request;

    if (work->site->n_import_keys == 0)
        return cf_fail(err, CF_E_UNSUPPORTED,
                       "requestType: importPfx needs an [import-key] section; this connector has "
                       "none");
    for (size_t i = 0; i < work->site->n_import_keys; i++) {
        const struct cf_import_key_settings *key = settings->import_keys[i];

        if ((!key->provider || cf_text_equal_nocase(key->provider, request->provider_name)) &&
            cf_text_equal_nocase(key->key_name, request->key_name)) {
            *ret_key = work->site->import_keys[i];
            return CF_OK;
        }
    }
    return cf_fail(err, CF_E_UNSUPPORTED,
                   "keyName: no [import-key] section has name = %.60s and provider = %.80s",
                   request->key_name, request->provider_name);
}

static enum cf_rc
check_certificate(const struct cf_work *work, const struct cf_cert *cert, struct cf_err *err)
{
    char text[CF_TEXT_TIME_SIZE];

    if (cf_cert_not_after_ms(cert) > cf_clock_now_ms(work->site->clock))
        return CF_OK;
    cf_text_from_time(cf_cert_not_after_ms(cert), text);
    return cf_fail(err, CF_E_RANGE,
                   "encryptedPfxBlob: certificate %s expired at %s; import its successor",
                   cf_cert_serial(cert), text);
}

enum cf_rc
cf_step_import(struct cf_work *work, struct cf_outcome *ret_outcome, struct cf_err *err)
{
    struct cf_item *item = work->item;
    const struct cf_import_key *key = NULL;
    cf_own(cf_secret) octets = NULL;
    cf_own(cf_pfx_content) content = NULL;
    cf_own_str subject = NULL;

    (void)ret_outcome;
    CF_TRY(cf_work_note_request(work, err));
    CF_TRY(cf_work_need_recipient(work, err));
    CF_TRY(find_key(work, &key, err));

    const struct cf_request *request = work->ask.request;
    if (cf_import_key_decrypt(key, request->padding, cf_buf_bytes(request->encrypted_password),
                              &octets, err) != CF_OK)
        return cf_err_prefix(err, "encryptedPfxPassword");
    if (cf_pfx_open_imported(cf_buf_bytes(request->encrypted_pfx), octets, &content, err) != CF_OK)
        return cf_err_prefix(err, "encryptedPfxBlob");

    const struct cf_cert *cert = cf_pfx_content_cert(content);
    CF_TRY(cf_dn_text(cf_cert_subject(cert), &subject, err));
    CF_TRY(cf_replace_text(&item->subject, subject, err));
    CF_TRY(cf_replace_text(&item->serial, cf_cert_serial(cert), err));
    CF_TRY(check_certificate(work, cert, err));
    CF_TRY(cf_seal_content(work, content, NULL, NULL, err));
    snprintf(work->note, sizeof work->note, "certificate %s of the PFX sealed to the device (%s)",
             item->serial, cf_envelope_name(work->ask.delivery.envelope));
    return CF_OK;
}
