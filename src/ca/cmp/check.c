/* SPDX-License-Identifier: Apache-2.0 */
/* check - the certificates at hand, and an empty general message (genm) to the CA. */
#include <stdio.h>

#include "certferry/text.h"
#include "cmp.h"

enum { SOON_DAYS = 30 };
static const int64_t SOON_MS = SOON_DAYS * INT64_C(86400000);

static void
check_times(const struct cmp_ca *ca, const struct cf_report *report, const char *what,
            const struct cf_cert *cert)
{
    int64_t now = cf_clock_now_ms(ca->env.clock);
    int64_t end = cf_cert_not_after_ms(cert);
    char until[CF_TEXT_TIME_SIZE];

    cf_text_from_time(end, until);
    if (end <= now || cf_cert_not_before_ms(cert) > now)
        cf_report_say(report, CF_FINDING_ERROR, "renew it, or check this host's clock",
                      "%s is not valid now (until %s)", what, until);
    else if (end - now <= SOON_MS)
        cf_report_say(report, CF_FINDING_WARNING, "renew it", "%s ends on %s", what, until);
    else
        cf_report_say(report, CF_FINDING_OK, NULL, "%s is valid until %s", what, until);
}

static enum cf_rc
check_own(const struct cmp_ca *ca, const struct cf_report *report, const char *what, X509 *x509,
          struct cf_err *err)
{
    cf_own(cf_cert) cert = NULL;
    unsigned char *der = NULL;
    int len = x509 ? i2d_X509(x509, &der) : 0;

    if (!x509)
        return CF_OK;
    if (len <= 0)
        return cf_fail_openssl(err, CF_E_OOM, "%s", what);
    enum cf_rc rc = cf_cert_parse(cf_bytes_of(der, (size_t)len), &cert, err);
    OPENSSL_free(der);
    CF_TRY(rc);
    check_times(ca, report, what, cert);
    return CF_OK;
}

static void
itavs_free(STACK_OF(OSSL_CMP_ITAV) * itavs)
{
    sk_OSSL_CMP_ITAV_pop_free(itavs, OSSL_CMP_ITAV_free);
}

static enum cf_rc
ask(const struct cmp_ca *ca, const struct cf_report *report, struct cf_err *err)
{
    cf_own_session session = {0};
    struct cf_err own = {0};

    CF_TRY(cf_cmp_session_init(&session, ca, err));
    STACK_OF(OSSL_CMP_ITAV) *itavs = OSSL_CMP_exec_GENM_ses(session.ctx);
    if (itavs) {
        itavs_free(itavs);
        cf_report_say(report, CF_FINDING_OK, NULL,
                      "the CA answers, and its answer is protected as it should");
        return CF_OK;
    }
    enum cf_rc rc = cf_cmp_session_fail(&session, false, &own);
    if (rc == CF_E_STOPPED || rc == CF_E_OOM)
        return cf_fail(err, rc, "%s", own.text);
    if (rc == CF_E_REJECTED)
        cf_report_say(
            report, CF_FINDING_WARNING,
            "nothing when the CA has no general messages; when its words are about trust or "
            "protection, correct reference and secret_file, or signer_file",
            "the CA answers, but not to a general message: %s", own.text);
    else
        cf_report_say(report, CF_FINDING_ERROR, "see that url, protection and the proxy are right",
                      "%s", own.text);
    return CF_OK;
}

enum cf_rc
cf_cmp_check(struct cf_ca *base, cf_finding_fn *fn, void *arg, struct cf_err *err)
{
    const struct cmp_ca *ca = (const struct cmp_ca *)base;
    const struct cf_report report = cf_report_to(fn, arg, "ca %s", ca->settings->name);
    char what[64];

    for (size_t i = 0; i < cf_chain_count(ca->chain); i++) {
        (void)snprintf(what, sizeof what, "certificate %zu of chain_file", i + 1);
        check_times(ca, &report, what, cf_chain_at(ca->chain, i));
    }
    CF_TRY(check_own(ca, &report, "the certificate of signer_file", ca->signer, err));
    if (ca->settings->server_cert_file)
        CF_TRY(check_own(ca, &report, "the certificate of server_cert_file", ca->server, err));
    if (!ca->has_tls)
        cf_report_say(&report, CF_FINDING_WARNING, "write https:// if the CA has it",
                      "url has no TLS: messages are protected, but not secret");
    return ask(ca, &report, err);
}
