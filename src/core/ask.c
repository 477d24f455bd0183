/* SPDX-License-Identifier: Apache-2.0 */
/* From a request's bytes to whether it may be served, and to whom it would be sealed. */
#include <string.h>

#include "scep.h"

static enum cf_rc
judge_delivery(const struct cf_work *work, struct cf_ask *ask, struct cf_err *err)
{
    const struct cf_request_device *device = &ask->request->device;

    CF_TRY(cf_platform_delivery(device->platform, device->os_version, &ask->delivery, err));
    if (ask->delivery.preset == CF_PFX_LEGACY && !work->site->settings->pfx_allow_legacy)
        return cf_fail(err, CF_E_POLICY,
                       "device.osVersion: %s %.32s reads only PFX files with 3DES and SHA-1, which "
                       "[pfx] allow_legacy = no forbids; update the device or allow it",
                       ask->delivery.platform, device->os_version);
    return CF_OK;
}

static enum cf_rc
judge_recipient(const struct cf_work *work, struct cf_ask *ask, struct cf_err *err)
{
    const struct cf_request_device *device = &ask->request->device;
    const char *ids[2];
    size_t n_ids = 0;
    int64_t now = cf_clock_now_ms(work->site->clock);

    ask->recipient = cf_cert_free(ask->recipient);
    if (cf_cert_parse(cf_buf_bytes(ask->request->recipient), &ask->recipient, err) != CF_OK)
        return cf_err_prefix(err, "recipientCertificate");

    ids[n_ids++] = device->id;
    if (device->azure_ad_device_id && device->azure_ad_device_id[0])
        ids[n_ids++] = device->azure_ad_device_id;

    enum cf_rc rc =
        work->site->settings->check_recipient
            ? cf_trust_check_recipient(work->site->trust, ask->recipient, ids, n_ids, now, err)
            : cf_cert_check_usable_recipient(ask->recipient, now, err);
    return rc == CF_OK ? CF_OK : cf_err_prefix(err, "recipientCertificate");
}

/* What no TPM takes; a device would fail with it in the end. */
static enum cf_rc
judge_key_storage(const struct cf_ask *ask, struct cf_err *err)
{
    enum cf_key_storage storage = ask->request->profile.key_storage;
    bool needs_tpm = storage == CF_KEY_STORAGE_TPM_OR_FAIL || storage == CF_KEY_STORAGE_PASSPORT;

    if (ask->delivery.envelope == CF_ENVELOPE_WINDOWS_CSP && needs_tpm &&
        ask->grant.key == CF_KEY_RSA_4096)
        return cf_fail(err, CF_E_UNSUPPORTED,
                       "profile.keyStorageProvider: RSA keys of 4096 bits do not go into a TPM; "
                       "choose useSoftwareKsp or a smaller key");
    return CF_OK;
}

enum cf_rc
cf_work_need_request(struct cf_work *work, struct cf_err *err)
{
    if (work->ask.request)
        return CF_OK;
    return cf_request_parse(cf_buf_bytes(work->item->body), &work->ask.request, err);
}

/* Whose request it is, in words; an empty one is nobody's. */
static const char *
user_of(const struct cf_request_user *user)
{
    const char *name = user->upn && user->upn[0] ? user->upn : user->name;

    return name && name[0] ? name : NULL;
}

enum cf_rc
cf_work_note_request(struct cf_work *work, struct cf_err *err)
{
    struct cf_item *item = work->item;

    CF_TRY(cf_work_need_request(work, err));
    const struct cf_request *request = work->ask.request;
    if (strcmp(request->context, item->context) != 0)
        return cf_fail(err, CF_E_BUG, "requestContext: body and item differ");
    CF_TRY(cf_replace_text(&item->device_id, request->device.id, err));
    CF_TRY(cf_replace_text(&item->user_name, user_of(&request->user), err));
    return cf_replace_text(&item->template_name, request->template_name, err);
}

enum cf_rc
cf_work_need_recipient(struct cf_work *work, struct cf_err *err)
{
    if (work->has_recipient)
        return CF_OK;
    CF_TRY(cf_work_need_request(work, err));
    CF_TRY(judge_delivery(work, &work->ask, err));
    CF_TRY(judge_recipient(work, &work->ask, err));
    work->has_recipient = true;
    return CF_OK;
}

enum cf_rc
cf_work_need_ask(struct cf_work *work, struct cf_err *err)
{
    struct cf_ask *ask = &work->ask;

    if (work->has_ask)
        return CF_OK;
    if (work->item->kind == CF_KIND_SCEP)
        return cf_scep_need_ask(work, err);
    CF_TRY(cf_work_need_request(work, err));
    const struct cf_policy_completer completer = cf_site_completer(work->site);
    cf_grant_done(&ask->grant);
    CF_TRY(cf_policy_judge(work->site->settings, ask->request, &completer, NULL, NULL, &ask->grant,
                           err));
    CF_TRY(cf_work_need_recipient(work, err));
    CF_TRY(judge_key_storage(ask, err));
    work->has_ask = true;
    return CF_OK;
}
