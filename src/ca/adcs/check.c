/* SPDX-License-Identifier: Apache-2.0 */
/* check - the CA from the account's ticket to the templates; each step says what it found. */
#include <stdio.h>
#include <string.h>

#include "certferry/text.h"

#include "check.h"
#include "service.h"
#include "templates.h"

enum { WARN_DAYS = 60 };

#define DAY_MS (INT64_C(24) * 60 * 60 * 1000)

static void
say_failure(const struct adcs_checking *checking, const struct cf_err *failure, const char *remedy)
{
    preflight_say(&checking->report, CF_FINDING_ERROR, remedy, "%s", failure->text);
}

static void
check_account(const struct adcs_checking *checking)
{
    struct cf_kerberos *kerberos = checking->ca->kerberos;
    void *credential = NULL;
    struct cf_err why = {0};

    if (!kerberos)
        return;
    if (cf_kerberos_acquire(kerberos, NULL, &credential, &why) != CF_OK) {
        say_failure(checking, &why,
                    "do what the text says; a domain administrator exports a new keytab when the "
                    "account's password was changed");
        return;
    }
    cf_kerberos_release(credential);
    preflight_ok(&checking->report, "the keytab's key of %s is the account's: a ticket was got",
                 cf_kerberos_principal(kerberos));
}

/* The connector's account at this CA, by the way it signs in there. */
static enum cf_rc
find_account(struct adcs_checking *checking, struct cf_err *err)
{
    const struct cf_ca_settings *settings = checking->ca->settings;
    struct cf_directory *directory = checking->ca->env.directory;
    const char *name = NULL;

    if (checking->ca->kerberos && settings->auth == CF_ADCS_KERBEROS) {
        name = cf_kerberos_principal(checking->ca->kerberos);
        checking->account_name = name;
        if (!directory)
            return CF_OK;
        return directory->ops->find_principal(directory, name, true, &checking->account, err);
    }
    if (settings->auth != CF_ADCS_PASSWORD || !settings->username)
        return CF_OK;
    checking->account_name = settings->username;
    name = strrchr(settings->username, '\\');
    if (!directory)
        return CF_OK;
    if (name)
        return directory->ops->find_principal(directory, name + 1, true, &checking->account, err);
    return directory->ops->find_user(directory, settings->username, true, &checking->account, err);
}

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
        say_failure(checking, &why, "see the findings about the directory");
        return;
    }
    for (size_t i = 0; i < certs.n; i++)
        is_there |= cf_bytes_equal(cf_buf_bytes(certs.der[i]), cf_buf_bytes(cert));
    cf_der_list_done(&certs);
    if (is_there)
        preflight_ok(&checking->report, "the CA's certificate is in the NTAuth store");
    else
        preflight_say(&checking->report, CF_FINDING_WARNING,
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
        preflight_say(&checking->report, CF_FINDING_WARNING,
                      "let the CA's administrator publish it: certutil -dspublish -f CACERT.cer "
                      "SubCA",
                      "the directory shows no certificate of the CA");
        return;
    }
    int64_t left_ms = until_ms - cf_clock_now_ms(checking->ca->env.clock);
    cf_text_from_time(until_ms, until);
    if (left_ms <= 0)
        preflight_say(&checking->report, CF_FINDING_ERROR,
                      "let the CA's administrator renew it (certsrv.msc, All Tasks, Renew CA "
                      "Certificate)",
                      "the CA's newest certificate in the directory ended at %s", until);
    else if (left_ms < WARN_DAYS * DAY_MS)
        preflight_say(&checking->report, CF_FINDING_WARNING,
                      "let the CA's administrator renew it in time: what it issues ends with it",
                      "the CA's certificate ends at %s", until);
    else
        preflight_ok(&checking->report, "the CA's certificate is valid until %s", until);
    check_ntauth(checking, cert);
}

static void
check_entry(struct adcs_checking *checking)
{
    const struct cf_ca_settings *settings = checking->ca->settings;
    struct cf_directory *directory = checking->ca->env.directory;
    struct cf_err why = {0};

    if (!directory)
        return;
    if (directory->ops->find_enrollment_services(directory, &checking->services, &why) != CF_OK) {
        say_failure(checking, &why, "see the findings about the directory");
        return;
    }
    checking->service = adcs_service_find(checking->ca, &checking->services);
    if (checking->service) {
        preflight_ok(&checking->report, "the directory knows the CA %s on %s, with %zu templates",
                     checking->service->name, checking->service->host,
                     checking->service->n_templates);
        check_service_cert(checking);
        return;
    }
    const struct cf_enrollment_service *elsewhere =
        cf_enrollment_service_find(&checking->services, NULL, settings->ca_name);
    preflight_say(&checking->report, CF_FINDING_ERROR,
                  "correct host and name of the section; `certferry adcs discover` lists the CAs",
                  "the directory knows no CA %s on %s%s%s%s%s", settings->ca_name, settings->host,
                  elsewhere ? ", but one on " : "", elsewhere ? elsewhere->host : "",
                  checking->services.fault ? "; an entry is left out: " : "",
                  checking->services.fault ? checking->services.fault : "");
}

static void
check_chain(const struct adcs_checking *checking)
{
    cf_own(cf_chain) chain = NULL;
    struct cf_err why = {0};

    if (adcs_known_chain(checking->ca, &chain, &why) != CF_OK)
        say_failure(checking, &why,
                    "set chain_file to the issuing CA's certificate and those above it "
                    "(certutil -ca.chain), or let an administrator publish them in the directory");
    else
        preflight_ok(&checking->report, "the CA's chain is known: %zu certificates",
                     cf_chain_count(chain));
}

static enum cf_rc
check_endpoint(const struct adcs_checking *checking, cf_finding_fn *report, void *arg,
               struct cf_err *err)
{
    struct adcs_ca *ca = checking->ca;
    struct cf_err why = {0};

    if (ca->settings->transport == CF_ADCS_CES)
        return adcs_ces_check(ca, report, arg, err);
    if (adcs_rpc_try(ca, &why) == CF_OK)
        preflight_ok(&checking->report, "the CA answers by RPC, sealed, on %s",
                     adcs_rpc_target(ca).host);
    else
        say_failure(checking, &why,
                    "check the CA service (certsvc), TCP 135 and 49152-65535 (or rpc_port) between "
                    "this host and the CA, and the account's rights");
    return CF_OK;
}

static void
check_roles(const struct adcs_checking *checking, cf_finding_fn *report, void *arg)
{
    struct adcs_ca *ca = checking->ca;
    const struct cf_rpc_target target = adcs_rpc_target(ca);
    cf_own(adcs_admin) admin = NULL;
    uint32_t roles = 0;
    uint32_t hresult = 0;
    struct cf_err why = {0};

    if (ca->settings->revoke_transport != CF_ADCS_REVOKE_RPC)
        return;
    enum cf_rc rc = adcs_admin_open(&target, ca->settings->ca_name, &admin, &why);
    if (rc == CF_OK)
        rc = adcs_admin_roles(admin, &roles, &hresult, &why);
    if (rc == CF_OK && hresult != 0)
        rc = cf_hresult_fail(&why, hresult, NULL, "GetMyRoles");
    if (rc != CF_OK) {
        say_failure(checking, &why,
                    "revocation needs the CA's administration interface: put the account into "
                    "Certificate Service DCOM Access on the CA's host, open its ports, or set "
                    "revoke_transport to command or none");
        return;
    }
    const struct adcs_preflight preflight = {.ca = ca->settings->name,
                                             .account_name = checking->account_name};
    adcs_preflight_roles(&preflight, roles, true, report, arg);
}

static void
checking_done(struct adcs_checking *checking)
{
    cf_enrollment_services_done(&checking->services);
    cf_account_free(checking->account);
}

enum cf_rc
adcs_check(struct cf_ca *base, cf_finding_fn *report, void *arg, struct cf_err *err)
{
    __attribute__((cleanup(checking_done))) struct adcs_checking checking = {
        .ca = (struct adcs_ca *)base};
    const struct adcs_preflight of_ca = {.ca = checking.ca->settings->name};
    struct cf_err why = {0};

    /* Whoever mended something wants to see it, and requests shall have it at once. */
    adcs_templates_forget(checking.ca->templates);
    if (checking.ca->env.directory)
        checking.ca->env.directory->ops->forget(checking.ca->env.directory);
    preflight_begin(&checking.report, &of_ca, report, arg);
    check_account(&checking);
    if (find_account(&checking, &why) != CF_OK)
        say_failure(&checking, &why,
                    "see that the account is in the directory, and that its groups are shown");
    check_entry(&checking);
    check_chain(&checking);
    CF_TRY(check_endpoint(&checking, report, arg, err));
    check_roles(&checking, report, arg);
    adcs_check_templates(&checking, report, arg);
    return CF_OK;
}
