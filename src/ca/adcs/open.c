/* SPDX-License-Identifier: Apache-2.0 */
/* open - what a section has to say before its CA can be worked with; nothing is asked of it. */
#include "open.h"

#include <stdio.h>
#include <stdlib.h>

#include "certferry/ca_program.h"
#include "chain.h"

enum { SECTION_SIZE = 80 };

struct adcs_ca *
adcs_ca_free(struct adcs_ca *ca)
{
    if (!ca)
        return NULL;
    adcs_ces_free(ca->ces);
    adcs_templates_free(ca->templates);
    adcs_known_free(ca->known);
    cf_kerberos_free(ca->kerberos);
    cf_chain_free(ca->chain);
    free(ca);
    return NULL;
}

static bool
needs_kerberos(const struct cf_ca_settings *settings)
{
    return settings->transport == CF_ADCS_RPC || settings->auth == CF_ADCS_KERBEROS ||
           settings->revoke_transport == CF_ADCS_REVOKE_RPC;
}

static enum cf_rc
check_settings(const struct cf_ca_settings *settings, const struct cf_ca_env *env,
               struct cf_err *err)
{
    if (!settings->host || !settings->host[0])
        return cf_fail(err, CF_E_CONFIG, "host is not set: the DNS name of the CA's server");
    if (!settings->ca_name || !settings->ca_name[0])
        return cf_fail(err, CF_E_CONFIG, "name is not set: the CA's common name");
    if (settings->transport == CF_ADCS_CES && !settings->ces_url)
        return cf_fail(err, CF_E_CONFIG, "ces_url is not set: it is needed by transport = ces");
    if (needs_kerberos(settings) && !settings->keytab_file)
        return cf_fail(err, CF_E_CONFIG,
                       "keytab_file is not set: the CA is talked to with Kerberos");
    if (settings->rpc_port > UINT16_MAX)
        return cf_fail(err, CF_E_CONFIG, "rpc_port: there is no TCP port above %d", UINT16_MAX);
    if (settings->revoke_transport == CF_ADCS_REVOKE_COMMAND)
        CF_TRY(cf_ca_program_check(settings->revoke_command, "revoke_command", err));
    if (settings->timeout_ms == 0 || settings->connect_timeout_ms == 0)
        return cf_fail(err, CF_E_CONFIG, "timeout and connect_timeout must not be 0");
    if (!settings->chain_file && !env->directory)
        return cf_fail(err, CF_E_CONFIG,
                       "chain_file is not set, and there is no [directory] that could tell the "
                       "CA's certificates: set one of them");
    return CF_OK;
}

static enum cf_rc
load_kerberos(struct adcs_ca *ca, struct cf_err *err)
{
    char section[SECTION_SIZE];
    const struct cf_kerberos_options options = {
        .keytab_file = ca->settings->keytab_file,
        .principal = ca->settings->principal,
        .section = section,
        .timeout_ms = ca->settings->connect_timeout_ms,
        .stop_flag = ca->env.stop_flag,
    };

    if (!needs_kerberos(ca->settings))
        return CF_OK;
    (void)snprintf(section, sizeof section, "[ca %s]", ca->settings->name);
    return cf_kerberos_new(&options, &ca->kerberos, err);
}

enum cf_rc
adcs_ca_open(const struct cf_ca_settings *settings, const struct cf_ca_env *env,
             struct adcs_ca **ret_ca, struct cf_err *err)
{
    cf_own(adcs_ca) ca = calloc(1, sizeof *ca);

    if (!ca)
        return cf_fail_oom(err);
    ca->settings = settings;
    ca->env = *env;
    CF_TRY(check_settings(settings, env, err));
    if (settings->chain_file)
        CF_TRY(cf_ca_read_chain("chain_file", settings->chain_file, &ca->chain, err));
    CF_TRY(load_kerberos(ca, err));
    if (env->directory)
        CF_TRY(adcs_known_new(&ca->known, err));
    CF_TRY(adcs_templates_new(&ca->templates, err));
    if (settings->transport == CF_ADCS_CES || settings->cep_url)
        CF_TRY(adcs_ces_new(ca, &ca->ces, err));
    *ret_ca = cf_give(ca);
    return CF_OK;
}
