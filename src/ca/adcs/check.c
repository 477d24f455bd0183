/* SPDX-License-Identifier: Apache-2.0 */
/* check - the CA from the account's ticket to the templates; each step says what it found. */
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "templates.h"

void
adcs_check_failed(const struct adcs_checking *checking, const struct cf_err *failure,
                  const char *remedy)
{
    cf_report_say(&checking->report.to, CF_FINDING_ERROR, remedy, "%s", failure->text);
}

void
adcs_check_skip(struct adcs_checking *checking, const char *step)
{
    size_t used = strlen(checking->skipped);

    (void)snprintf(checking->skipped + used, sizeof checking->skipped - used, "%s%s",
                   used > 0 ? ", " : "", step);
}

void
adcs_check_directory_failed(struct adcs_checking *checking, const struct cf_err *failure,
                            const char *remedy)
{
    switch (failure->rc) {
    case CF_E_DIRECTORY_DOWN:
    case CF_E_NET:
    case CF_E_TIMEOUT:
    case CF_E_TLS:
    case CF_E_AUTH:
    case CF_E_CONFIG:
        checking->is_directory_away = true;
        remedy = "see the findings about the directory";
        break;
    default:
        break;
    }
    /* Whoever has no ticket is known to be turned away. */
    if (!checking->is_directory_away || !checking->has_no_ticket)
        adcs_check_failed(checking, failure, remedy);
}

static void
check_account(struct adcs_checking *checking)
{
    struct cf_kerberos *kerberos = checking->ca->kerberos;
    void *credential = NULL;
    struct cf_err why = {0};

    if (!kerberos)
        return;
    if (cf_kerberos_acquire(kerberos, NULL, &credential, &why) != CF_OK) {
        checking->has_no_ticket = true;
        adcs_check_failed(checking, &why,
                          why.fault == CF_FAULT_TRANSIENT
                              ? "do what the text says; requests wait meanwhile"
                              : "do what the text says; a domain administrator exports a new "
                                "keytab when the account's password was changed");
        return;
    }
    cf_kerberos_release(credential);
    cf_report_say(&checking->report.to, CF_FINDING_OK, NULL,
                  "the keytab's key of %s is the account's: a ticket was got",
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

static void
check_chain(struct adcs_checking *checking)
{
    struct adcs_ca *ca = checking->ca;
    cf_own(cf_chain) chain = NULL;
    struct cf_err why = {0};

    if (!ca->chain && (checking->is_unknown || checking->is_directory_away)) {
        adcs_check_skip(checking, "its chain");
        return;
    }
    if (adcs_known_chain(ca, &chain, &why) == CF_OK)
        cf_report_say(&checking->report.to, CF_FINDING_OK, NULL,
                      "the CA's chain is known: %zu certificates", cf_chain_count(chain));
    else if (why.rc == CF_E_CA_CONFIG) /* the text tells of chain_file */
        adcs_check_failed(checking, &why,
                          "`certutil -ca.chain FILE` on the CA's host writes them; or let an "
                          "administrator publish them in the directory");
    else
        adcs_check_failed(checking, &why,
                          "set chain_file to the issuing CA's certificate and those above it "
                          "(certutil -ca.chain), or let an administrator publish them in the "
                          "directory");
}

/* Of the CA itself, or of the web services in front of it. */
static bool
lacks_ticket(const struct adcs_checking *checking)
{
    const struct cf_ca_settings *settings = checking->ca->settings;

    return checking->has_no_ticket &&
           (settings->transport != CF_ADCS_CES || settings->auth == CF_ADCS_KERBEROS);
}

static enum cf_rc
check_endpoint(struct adcs_checking *checking, cf_finding_fn *report, void *arg, struct cf_err *err)
{
    struct adcs_ca *ca = checking->ca;
    struct cf_err why = {0};

    if (lacks_ticket(checking)) {
        adcs_check_skip(checking, "the way to it");
        return CF_OK;
    }
    if (ca->settings->transport == CF_ADCS_CES)
        return adcs_ces_check(ca, report, arg, err);
    if (adcs_rpc_try(ca, &why) == CF_OK) {
        cf_report_say(&checking->report.to, CF_FINDING_OK, NULL,
                      "the CA answers by RPC, sealed, on %s", adcs_rpc_target(ca).host);
        return CF_OK;
    }
    checking->is_away = true;
    adcs_check_failed(checking, &why,
                      "check the CA service (certsvc), TCP 135 and 49152-65535 (or rpc_port) "
                      "between this host and the CA, and the account's rights");
    return CF_OK;
}

/* The CA was reached, and has words of its own for why it does not tell. */
static void
say_refused(const struct adcs_checking *checking, uint32_t hresult)
{
    const struct cf_status_info *info = cf_status_find(hresult);

    cf_report_say(&checking->report.to, CF_FINDING_ERROR,
                  info ? info->remedy : "see the event log of the CA",
                  "the CA does not tell the account's roles: %s%s0x%08x%s",
                  info ? info->meaning : "error ", info ? " (" : "", hresult, info ? ")" : "");
}

static void
check_roles(struct adcs_checking *checking, cf_finding_fn *report, void *arg)
{
    struct adcs_ca *ca = checking->ca;
    const struct cf_rpc_target target = adcs_rpc_target(ca);
    cf_own(adcs_admin) admin = NULL;
    uint32_t roles = 0;
    uint32_t hresult = 0;
    struct cf_err why = {0};

    if (ca->settings->revoke_transport != CF_ADCS_REVOKE_RPC)
        return;
    if (checking->has_no_ticket || checking->is_unknown || checking->is_away) {
        adcs_check_skip(checking, "the account's roles");
        return;
    }
    enum cf_rc rc = adcs_admin_open(&target, ca->settings->ca_name, &admin, &why);
    if (rc == CF_OK)
        rc = adcs_admin_roles(admin, &roles, &hresult, &why);
    if (rc != CF_OK) {
        adcs_check_failed(checking, &why,
                          "revocation needs the CA's administration interface: put the account "
                          "into Certificate Service DCOM Access on the CA's host, open its ports, "
                          "or set revoke_transport to command or none");
        return;
    }
    if (hresult != 0) {
        say_refused(checking, hresult);
        return;
    }
    const struct adcs_preflight preflight = {.ca = ca->settings->name,
                                             .account_name = checking->account_name};
    adcs_preflight_roles(&preflight, roles, true, report, arg);
}

static void
check_templates(struct adcs_checking *checking, cf_finding_fn *report, void *arg)
{
    bool is_silent = checking->ca->env.directory
                         ? checking->is_unknown || checking->is_directory_away
                         : checking->ca->settings->cep_url && lacks_ticket(checking);

    if (is_silent)
        adcs_check_skip(checking, "its templates");
    else
        adcs_check_templates(checking, report, arg);
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
        adcs_check_directory_failed(
            &checking, &why,
            "see that the account is in the directory, and that its groups are shown");
    adcs_check_entry(&checking);
    check_chain(&checking);
    CF_TRY(check_endpoint(&checking, report, arg, err));
    check_roles(&checking, report, arg);
    check_templates(&checking, report, arg);
    if (checking.skipped[0])
        cf_report_say(&checking.report.to, CF_FINDING_WARNING, NULL,
                      "not looked at before the errors are mended: %s", checking.skipped);
    return CF_OK;
}
