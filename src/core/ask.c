/* SPDX-License-Identifier: Apache-2.0 */
/* From a request's bytes to what will be asked of the CA and sealed to whom. */
#include "certferry/subject.h"
#include "certferry/text.h"
#include "work.h"

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

static enum cf_rc
render_subject(struct cf_ask *ask, struct cf_err *err)
{
    cf_own(cf_subject) subject = NULL;
    const struct cf_request_profile *profile = &ask->request->profile;

    if (cf_subject_compile(profile->subject_format, &subject, err) != CF_OK ||
        cf_subject_render(subject, ask->grant.ca->rdn_order == CF_RDN_AS_WRITTEN, cf_facts_find,
                          &ask->facts, &ask->subject, err) != CF_OK)
        return cf_err_prefix(err, "profile.subjectNameFormat");
    return CF_OK;
}

static enum cf_rc
render_san(struct cf_ask *ask, struct cf_err *err)
{
    const struct cf_request_profile *profile = &ask->request->profile;

    ask->san = cf_san_new();
    if (!ask->san)
        return cf_fail_oom(err);
    for (size_t i = 0; i < profile->n_san; i++) {
        cf_own_str value = NULL;

        if (cf_expand(profile->san[i].value, cf_facts_find, &ask->facts, CF_SAN_VALUE_MAX, &value,
                      err) != CF_OK ||
            cf_san_append(ask->san, profile->san[i].type, value, err) != CF_OK)
            return cf_err_prefix(err, "profile.subjectAlternativeNames[%zu]", i);
    }
    return CF_OK;
}

enum cf_rc
cf_work_need_request(struct cf_work *work, struct cf_err *err)
{
    if (work->ask.request)
        return CF_OK;
    return cf_request_parse(cf_buf_bytes(work->item->body), &work->ask.request, err);
}

enum cf_rc
cf_work_need_ask(struct cf_work *work, struct cf_err *err)
{
    struct cf_ask *ask = &work->ask;

    if (work->has_ask)
        return CF_OK;
    CF_TRY(cf_work_need_request(work, err));
    ask->facts = (struct cf_facts){.request = ask->request, .directory = work->site->directory};
    CF_TRY(cf_policy_judge(work->site->settings, ask->request, NULL, NULL, &ask->grant, err));
    CF_TRY(judge_delivery(work, ask, err));
    CF_TRY(judge_recipient(work, ask, err));
    CF_TRY(render_subject(ask, err));
    CF_TRY(render_san(ask, err));
    work->has_ask = true;
    return CF_OK;
}
