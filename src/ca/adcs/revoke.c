/* SPDX-License-Identifier: Apache-2.0 */
/* revoke - by the administration interface, by a program, or not at all. */
#include "adcs.h"
#include "certferry/ca_program.h"

enum {
    REASON_MAX = 6, /* of those that a CA takes without giving a certificate back its life */
    COMMAND_OUTPUT_MAX = 64 * 1024
};

/* E_INVALIDARG: among others, that there is no such serial number. */
static const uint32_t INVALID_ARGUMENT = 0x80070057;

static enum cf_rc
ask_again(const struct adcs_ca *ca, struct adcs_admin *admin,
          const struct cf_ca_revocation *revocation, struct cf_err *err)
{
    uint32_t disposition = 0;
    uint32_t hresult = 0;

    CF_TRY(adcs_admin_is_valid(admin, revocation->serial, &disposition, &hresult, err));
    if (hresult != 0)
        return cf_hresult_fail(err, hresult, NULL, "IsValidCertificate");
    if (disposition != ADCS_CERT_REVOKED)
        return cf_fail(err, CF_E_PROTOCOL,
                       "CA %s: took the revocation of %s and does not say that it is revoked "
                       "(disposition %u); look at the CA's event log",
                       ca->settings->ca_name, revocation->serial, disposition);
    return CF_OK;
}

/* The CA takes a second revocation as readily as the first: that it is one is asked before. */
static enum cf_rc
revoke_with(const struct adcs_ca *ca, struct adcs_admin *admin,
            const struct cf_ca_revocation *revocation, struct cf_err *err)
{
    uint32_t disposition = 0;
    uint32_t before = 0;
    uint32_t hresult = 0;

    CF_TRY(adcs_admin_is_valid(admin, revocation->serial, &disposition, &before, err));
    if (before == 0 && disposition == ADCS_CERT_REVOKED)
        return cf_fail(err, CF_E_CONFLICT, "CA %s: the certificate %s was revoked before",
                       ca->settings->ca_name, revocation->serial);
    CF_TRY(adcs_admin_revoke(admin, revocation->serial, revocation->reason, revocation->revoked_ms,
                             &hresult, err));
    if (hresult == INVALID_ARGUMENT && before == 0 && disposition == ADCS_CERT_UNKNOWN)
        return cf_fail(err, CF_E_NOT_FOUND, "CA %s: it has no certificate with serial number %s",
                       ca->settings->ca_name, revocation->serial);
    if (hresult != 0)
        return cf_hresult_fail(err, hresult, NULL, "RevokeCertificate");
    return ask_again(ca, admin, revocation, err);
}

static enum cf_rc
revoke_by_rpc(struct adcs_ca *ca, const struct cf_ca_revocation *revocation, struct cf_err *err)
{
    const struct cf_rpc_target target = adcs_rpc_target(ca);
    cf_own(adcs_admin) admin = NULL;

    if (revocation->reason < 0 || revocation->reason > REASON_MAX)
        return cf_fail(err, CF_E_CA_CONFIG,
                       "CA %s: AD CS has no revocation reason %d; set reason in [revocation] to "
                       "another one, cessationOfOperation for example",
                       ca->settings->ca_name, revocation->reason);
    CF_TRY(adcs_admin_open(&target, ca->settings->ca_name, &admin, err));
    return revoke_with(ca, admin, revocation, err);
}

static enum cf_rc
revoke_by_command(const struct adcs_ca *ca, const struct cf_ca_revocation *revocation,
                  struct cf_err *err)
{
    const struct cf_ca_program program = {
        .settings = ca->settings,
        .command = ca->settings->revoke_command,
        .output_max = COMMAND_OUTPUT_MAX,
        .stop_flag = ca->env.stop_flag,
    };

    return cf_ca_program_revoke(&program, revocation, err);
}

enum cf_rc
adcs_revoke(struct cf_ca *base, const struct cf_ca_revocation *revocation, struct cf_err *err)
{
    struct adcs_ca *ca = (struct adcs_ca *)base;

    switch (ca->settings->revoke_transport) {
    case CF_ADCS_REVOKE_RPC:
        return revoke_by_rpc(ca, revocation, err);
    case CF_ADCS_REVOKE_COMMAND:
        return revoke_by_command(ca, revocation, err);
    case CF_ADCS_REVOKE_NONE:
        return cf_fail(err, CF_E_UNSUPPORTED,
                       "CA %s: revoke_transport = none: certificates of this CA are revoked by "
                       "hand, or set revoke_transport to rpc or command",
                       ca->settings->ca_name);
    }
    return cf_fail(err, CF_E_BUG, "CA %s: no such way to revoke", ca->settings->ca_name);
}
