/* SPDX-License-Identifier: Apache-2.0 */
/* check_entry - what the directory shows of the CA: its entry, and its certificates. */
#include "certferry/text.h"

#include "check.h"
#include "service.h"

enum { WARN_DAYS = 60 };

#define DAY_MS (INT64_C(24) * 60 * 60 * 1000)

static const struct cf_buf *
newest_cert(const struct cf_enrollment_service *service, int64_t *ret_until_ms)
{
    const struct cf_buf *newest = NULL;
    int64_t begins_ms = INT64_MIN;

    for (size_t i = 0; i < service->certs.n; i++) {
        cf_own(cf_cert) cert = NULL;
        if (cf_cert_parse(cf_buf_bytes(service->certs.der[i]), &cert, NULL) != CF_OK ||
            cf_cert_not_before_ms(cert) < begins_ms)
            continue;
        begins_ms = cf_cert_not_before_ms(cert);
        *ret_until_ms = cf_cert_not_after_ms(cert);
        newest = service->certs.der[i];
    }
    return newest;
}

/* Certificates of a CA that is not in NTAuth sign nobody in. */
static void
check_ntauth(const struct adcs_checking *checking, const struct cf_buf *cert)
{
    struct cf_directory *directory = checking->ca->env.directory;
    struct cf_der_list certs = {0};
    struct cf_err why = {0};
    bool is_there = false;

    if (directory->ops->find_ca_certs(directory, CF_AD_NTAUTH, &certs, &why) != CF_OK) {
        adcs_check_failed(checking, &why, "see the findings about the directory");
        return;
    }
    for (size_t i = 0; i < certs.n; i++)
        is_there |= cf_bytes_equal(cf_buf_bytes(certs.der[i]), cf_buf_bytes(cert));
    cf_der_list_done(&certs);
    if (is_there)
        cf_report_say(&checking->report.to, CF_FINDING_OK, NULL,
                      "the CA's certificate is in the NTAuth store");
    else
        cf_report_say(&checking->report.to, CF_FINDING_WARNING,
                      "where certificates have to sign in, let an Enterprise Admin publish it: "
                      "certutil -dspublish -f CACERT.cer NTAuthCA",
                      "the CA's newest certificate is not in the NTAuth store: domain controllers "
                      "and network policy servers do not take what it issues");
}

static void
check_service_cert(const struct adcs_checking *checking)
{
    int64_t until_ms = 0;
    char until[CF_TEXT_TIME_SIZE];
    const struct cf_buf *cert = newest_cert(checking->service, &until_ms);

    if (!cert) {
        cf_report_say(&checking->report.to, CF_FINDING_WARNING,
                      "let the CA's administrator publish it: certutil -dspublish -f CACERT.cer "
                      "SubCA",
                      "the directory shows no certificate of the CA");
        return;
    }
    int64_t left_ms = until_ms - cf_clock_now_ms(checking->ca->env.clock);
    cf_text_from_time(until_ms, until);
    if (left_ms <= 0)
        cf_report_say(&checking->report.to, CF_FINDING_ERROR,
                      "let the CA's administrator renew it (certsrv.msc, All Tasks, Renew CA "
                      "Certificate)",
                      "the CA's newest certificate in the directory ended at %s", until);
    else if (left_ms < WARN_DAYS * DAY_MS)
        cf_report_say(&checking->report.to, CF_FINDING_WARNING,
                      "let the CA's administrator renew it in time: what it issues ends with it",
                      "the CA's certificate ends at %s", until);
    else
        cf_report_say(&checking->report.to, CF_FINDING_OK, NULL,
                      "the CA's certificate is valid until %s", until);
    check_ntauth(checking, cert);
}

void
adcs_check_entry(struct adcs_checking *checking)
{
    const struct cf_ca_settings *settings = checking->ca->settings;
    struct cf_directory *directory = checking->ca->env.directory;
    struct cf_err why = {0};

    if (!directory)
        return;
    if (checking->is_directory_away) {
        adcs_check_skip(checking, "its entry in the directory");
        return;
    }
    if (directory->ops->find_enrollment_services(directory, &checking->services, &why) != CF_OK) {
        adcs_check_directory_failed(checking, &why, "see the findings about the directory");
        return;
    }
    checking->service = adcs_service_find(checking->ca, &checking->services);
    if (checking->service) {
        cf_report_say(&checking->report.to, CF_FINDING_OK, NULL,
                      "the directory knows the CA %s on %s, with %zu templates",
                      checking->service->name, checking->service->host,
                      checking->service->n_templates);
        check_service_cert(checking);
        return;
    }
    checking->is_unknown = true;
    const struct cf_enrollment_service *elsewhere =
        cf_enrollment_service_find(&checking->services, NULL, settings->ca_name);
    cf_report_say(&checking->report.to, CF_FINDING_ERROR,
                  "correct host and name of the section; `certferry adcs discover` lists the CAs",
                  "the directory knows no CA %s on %s%s%s%s%s", settings->ca_name, settings->host,
                  elsewhere ? ", but one on " : "", elsewhere ? elsewhere->host : "",
                  checking->services.fault ? "; an entry is left out: " : "",
                  checking->services.fault ? checking->services.fault : "");
}
