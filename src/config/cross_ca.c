/* SPDX-License-Identifier: Apache-2.0 */
/* cross_ca - what the options of one CA need of each other, by its backend. */
#include <string.h>

#include "build.h"
#include "certferry/text.h"

static bool
is_written(const struct cf_build *build, const struct cf_ca_settings *ca, const char *key)
{
    return cf_build_value(build, "ca", ca->name, key) != NULL;
}

static bool
uses_rpc(const struct cf_ca_settings *ca)
{
    return ca->transport == CF_ADCS_RPC || ca->revoke_transport == CF_ADCS_REVOKE_RPC;
}

static bool
is_adcs(const struct cf_ca_settings *ca)
{
    return ca->backend && strcmp(ca->backend, "adcs") == 0;
}

/* One account for both is the usual case. */
static enum cf_rc
take_keytab(const struct cf_build *build, struct cf_ca_settings *ca, struct cf_err *err)
{
    const struct cf_directory_settings *directory = &build->settings->directory;
    bool needs_it = uses_rpc(ca) || ca->auth == CF_ADCS_KERBEROS;
    bool has_one = directory->uri && directory->auth == CF_DIRECTORY_GSSAPI;

    if (is_written(build, ca, "keytab_file") || !needs_it)
        return CF_OK;
    if (!has_one || !directory->keytab_file) {
        cf_build_fault(build, "ca", ca->name, "keytab_file", "is missing: it is needed %s",
                       ca->transport == CF_ADCS_RPC                 ? "with transport = rpc"
                       : ca->revoke_transport == CF_ADCS_REVOKE_RPC ? "with revoke_transport = rpc"
                                                                    : "with auth = kerberos");
        return CF_OK;
    }
    ca->keytab_file = strdup(directory->keytab_file);
    if (!ca->keytab_file)
        return cf_fail_oom(err);
    if (!ca->principal && directory->principal) {
        ca->principal = strdup(directory->principal);
        if (!ca->principal)
            return cf_fail_oom(err);
    }
    return CF_OK;
}

/* tls_key_file and tls_cert_file; which of them is asked for hangs on the backend. */
static void
cross_tls_pair(const struct cf_build *build, const struct cf_ca_settings *ca, bool needs_cert)
{
    bool has_cert = is_written(build, ca, "tls_cert_file");
    bool has_key = is_written(build, ca, "tls_key_file");

    if (!has_cert && needs_cert)
        cf_build_fault(build, "ca", ca->name, "tls_cert_file",
                       "is missing: it is needed with auth = certificate");
    if (!has_key && (has_cert || needs_cert))
        cf_build_fault(build, "ca", ca->name, "tls_key_file",
                       "is missing: it is needed with tls_cert_file");
    if (has_key && !has_cert && !needs_cert)
        cf_build_fault(build, "ca", ca->name, "tls_key_file",
                       "a key without a certificate: set tls_cert_file, too");
}

static enum cf_rc
cross_adcs(const struct cf_build *build, struct cf_ca_settings *ca, struct cf_err *err)
{
    /* Not when only the presets are written, as they are in a printed configuration. */
    const struct {
        const char *key;
        bool is_set;
    } rpc[] = {{"rpc_auth", ca->rpc_auth != CF_RPC_NEGOTIATE},
               {"rpc_host", ca->rpc_host != NULL},
               {"rpc_port", ca->rpc_port != 0}};

    for (size_t i = 0; i < CF_COUNT(rpc); i++) {
        if (!uses_rpc(ca) && rpc[i].is_set)
            cf_build_fault(build, "ca", ca->name, rpc[i].key,
                           "belongs to transport = rpc or revoke_transport = rpc, which this CA "
                           "does not have: remove it");
    }
    if (ca->transport == CF_ADCS_CES && ca->auth == CF_ADCS_CERTIFICATE)
        cross_tls_pair(build, ca, true);
    if (!is_written(build, ca, "chain_file") && !build->settings->directory.uri)
        cf_build_fault(build, "ca", ca->name, "chain_file",
                       "is missing: it is needed where no directory names the CA's certificates "
                       "(uri of [directory])");
    return take_keytab(build, ca, err);
}

static void
cross_cmp(const struct cf_build *build, const struct cf_ca_settings *ca)
{
    static const char *const TLS_KEY[] = {"tls_cert_file", "tls_key_file", "tls_ca_file"};

    if (!is_written(build, ca, "chain_file"))
        cf_build_fault(build, "ca", ca->name, "chain_file",
                       "is missing: it is needed with backend = cmp");
    cross_tls_pair(build, ca, false);
    for (size_t i = 0; i < CF_COUNT(TLS_KEY); i++) {
        if (ca->url && cf_text_starts_with(ca->url, "http://") && is_written(build, ca, TLS_KEY[i]))
            cf_build_fault(build, "ca", ca->name, TLS_KEY[i],
                           "url has no TLS: remove it, or write https://");
    }
}

enum cf_rc
cf_cross_ca(struct cf_build *build, struct cf_ca_settings *ca, struct cf_err *err)
{
    if (ca->breaker_min_ms > ca->breaker_max_ms)
        cf_build_fault(build, "ca", ca->name, "breaker_min", "must not be more than breaker_max");
    if (!ca->backend)
        return CF_OK;
    if (strcmp(ca->backend, "local") == 0 && ca->crl_overlap_ms >= ca->crl_lifetime_ms)
        cf_build_fault(build, "ca", ca->name, "crl_overlap", "must be less than crl_lifetime");
    if (strcmp(ca->backend, "cmp") == 0)
        cross_cmp(build, ca);
    return is_adcs(ca) ? cross_adcs(build, ca, err) : CF_OK;
}

void
cf_cross_given(const struct cf_settings *settings, struct cf_template_settings *tmpl)
{
    bool is_known_by_all = false;

    for (size_t i = 0; i < settings->n_cas; i++) {
        const struct cf_ca_settings *ca = settings->cas[i];

        if (!cf_ca_settings_template(ca, tmpl->name))
            continue;
        is_known_by_all = is_adcs(ca);
        if (!is_known_by_all)
            break;
    }
    if (!is_known_by_all)
        tmpl->given = CF_TEMPLATE_KEY | CF_TEMPLATE_MIN_KEY | CF_TEMPLATE_KEY_USAGE |
                      CF_TEMPLATE_EKU | CF_TEMPLATE_VALIDITY;
}
