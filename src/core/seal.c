/* SPDX-License-Identifier: Apache-2.0 */
#include "seal.h"

#include <stdio.h>
#include <string.h>

#include "certferry/text.h"
#include "result.h"

void
cf_seal_label(const struct cf_work *work, char ret[CF_LABEL_SIZE])
{
    const char *name = work->ask.request->profile.name;
    size_t used = 0;

    if (!name || !*name)
        name = work->item->template_name ? work->item->template_name : "certificate";
    cf_text_sanitize(name, strlen(name), ret, CF_LABEL_SIZE);
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
    char label[CF_LABEL_SIZE];
    char uuid[CF_UUID_SIZE];
    char identifier[sizeof "com.certferry.identity." + CF_UUID_SIZE];
    cf_own(cf_secret) plist = NULL;

    cf_seal_label(work, label);
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

enum cf_rc
cf_seal_result(struct cf_work *work, const struct cf_buf *pfx, const struct cf_secret *password,
               const struct cf_cert *cert, const char *ca_section, const struct cf_cert *root,
               struct cf_err *err)
{
    struct cf_sealed sealed = {0};
    struct cf_buf *json = NULL;
    const struct cf_issued issued = {
        .context = work->item->context,
        .ca_section = ca_section,
        .envelope = work->ask.delivery.envelope,
        .sealed = &sealed,
        .cert = cert,
        .root = root,
        .profile = &work->ask.request->profile,
    };

    enum cf_rc rc = seal(work, pfx, password, &sealed, err);
    if (rc == CF_OK)
        rc = cf_result_issued(&issued, &json, err);
    if (rc == CF_OK) {
        cf_buf_free(work->item->result);
        work->item->result = json;
    }
    cf_buf_free(sealed.pfx);
    cf_buf_free(sealed.password);
    return rc;
}

enum cf_rc
cf_seal_content(struct cf_work *work, const struct cf_pfx_content *content, const char *ca_section,
                const struct cf_cert *root, struct cf_err *err)
{
    cf_own(cf_secret) password = NULL;
    cf_own(cf_buf) pfx = NULL;
    char label[CF_LABEL_SIZE];

    cf_seal_label(work, label);
    CF_TRY(cf_pfx_password(&password, err));
    CF_TRY(cf_pfx_rebuild(content, work->ask.delivery.preset,
                          (unsigned)work->site->settings->pfx_iterations, password, label, &pfx,
                          err));
    return cf_seal_result(work, pfx, password, cf_pfx_content_cert(content), ca_section, root, err);
}

const struct cf_cert *
cf_seal_root(const struct cf_chain *chain)
{
    size_t n = chain ? cf_chain_count(chain) : 0;
    const struct cf_cert *last = n > 0 ? cf_chain_at(chain, n - 1) : NULL;

    return last && cf_dn_equal(cf_cert_subject(last), cf_cert_issuer(last)) ? last : NULL;
}

enum cf_rc
cf_seal_check_root(const struct cf_request_profile *profile, const struct cf_cert *root,
                   const char *ca, struct cf_err *err)
{
    if (!profile->root_thumbprint)
        return CF_OK;
    if (!root)
        return cf_fail(err, CF_E_MISMATCH,
                       "profile.rootCertificateThumbprint: %s is wanted, but the chain of CA %s "
                       "has no root; add it to the CA's chain",
                       profile->root_thumbprint, ca);
    if (!cf_text_equal_nocase(profile->root_thumbprint, cf_cert_thumbprint(root)))
        return cf_fail(err, CF_E_MISMATCH,
                       "profile.rootCertificateThumbprint: %s is wanted, but the chain of CA %s "
                       "ends in %s; put that root into the trusted certificate profile",
                       profile->root_thumbprint, ca, cf_cert_thumbprint(root));
    return CF_OK;
}
