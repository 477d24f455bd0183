/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scep_request - a device's CSR in the words of the policy, so that there is one policy.
 *
 * Nothing is rendered: the names that are judged are those of the CSR, as structures.
 */
#include <string.h>

#include "certferry/text.h"
#include "scep.h"

#define OID_COMMON_NAME "2.5.4.3"

/* The first name of a type; NULL: none. Borrowed. */
static const char *
first_name(const struct cf_san *san, enum cf_san_type type)
{
    for (size_t i = 0; i < cf_san_count(san); i++) {
        if (cf_san_type_at(san, i) == type)
            return cf_san_value_at(san, i);
    }
    return NULL;
}

static const char *
either(const char *a, const char *b)
{
    return a ? a : b;
}

/* A user goes by a principal name; where the CSR has none, by what looks like one. */
static void
describe_user(struct cf_request *request, const char *common_name, const struct cf_san *san)
{
    const char *email = first_name(san, CF_SAN_EMAIL);
    bool is_address = common_name && strchr(common_name, '@');

    request->user.is_present = true;
    request->user.upn = either(first_name(san, CF_SAN_UPN), is_address ? common_name : email);
    request->user.name = common_name;
    request->user.email = email;
}

static void
describe_device(struct cf_request *request, const char *common_name, const struct cf_san *san)
{
    bool is_host = common_name && strchr(common_name, '.');

    request->device.name = common_name;
    request->device.fqdn = either(first_name(san, CF_SAN_DNS), is_host ? common_name : NULL);
}

static const char *
any_name(const char *common_name, const struct cf_san *san)
{
    const char *name = either(common_name, first_name(san, CF_SAN_DNS));

    name = either(name, first_name(san, CF_SAN_UPN));
    return either(name, cf_san_count(san) > 0 ? cf_san_value_at(san, 0) : NULL);
}

enum cf_rc
cf_scep_request(const struct cf_work *work, const struct cf_scep_ask *ask,
                struct cf_request **ret_request, struct cf_err *err)
{
    const struct cf_scep_profile_settings *profile = ask->profile;
    const struct cf_san *san = cf_csr_san(ask->csr);
    const char *common_name = cf_dn_find(cf_csr_subject(ask->csr), OID_COMMON_NAME);
    enum cf_key_kind kind = CF_KEY_RSA_2048;

    if (!cf_csr_key_kind(ask->csr, &kind))
        return cf_fail(err, CF_E_UNSUPPORTED,
                       "CSR: a key of %u bits; RSA of 2048, 3072 and 4096 bits, P-256 and P-384 "
                       "are supported",
                       cf_csr_key_bits(ask->csr, NULL));
    cf_own(cf_request) request = calloc(1, sizeof *request);
    if (!request)
        return cf_fail_oom(err);
    request->context = work->item->context;
    request->type = CF_REQUEST_ISSUE;
    request->ca_section = profile->ca;
    request->template_name = profile->template_name;
    request->profile.id = profile->name;
    request->profile.name = profile->name;
    request->profile.is_device = profile->types != CF_TYPES_USER;
    request->profile.key_size = cf_key_kind_bits(kind);
    request->profile.validity_ms = profile->validity_ms;
    request->profile.renewal_threshold_percent = (unsigned)profile->renewal_threshold_percent;
    for (size_t i = 0; i < cf_csr_n_eku(ask->csr) && i < CF_COUNT(request->profile.eku); i++)
        request->profile.eku[request->profile.n_eku++] = cf_csr_eku(ask->csr, i);
    request->device.platform = "";
    request->device.os_version = "";
    request->device.id = any_name(common_name, san);
    if (!request->device.id)
        request->device.id = work->item->subject ? work->item->subject : "";
    if (request->profile.is_device)
        describe_device(request, common_name, san);
    else
        describe_user(request, common_name, san);
    *ret_request = cf_give(request);
    return CF_OK;
}

enum cf_rc
cf_scep_reword(struct cf_err *err)
{
    static const struct {
        const char *member;
        const char *words;
    } rows[] = {
        {"profile.subjectNameFormat", "CSR: subject"},
        {"profile.subjectAlternativeNames", "CSR: alternative name"},
        {"profile.extendedKeyUsages", "CSR: extended key usage"},
        {"profile.keySize", "CSR: key"},
        {"profile.validityPeriod", "[scep-profile] validity"},
        {"certificateTemplateName", "[scep-profile] template"},
        {"user.userPrincipalName", "CSR: user principal name"},
        {"device.fullyQualifiedDomainName", "CSR: DNS name"},
    };

    if (!err)
        return CF_E_BUG;
    for (size_t i = 0; i < CF_COUNT(rows); i++) {
        if (!cf_text_starts_with(err->text, rows[i].member))
            continue;
        struct cf_err reworded = *err;

        cf_fail(&reworded, err->rc, "%s%s", rows[i].words, err->text + strlen(rows[i].member));
        memcpy(err->text, reworded.text, sizeof err->text);
        break;
    }
    return err->rc;
}
