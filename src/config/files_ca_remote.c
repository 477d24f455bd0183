/* SPDX-License-Identifier: Apache-2.0 */
/* files_ca_remote - the files of CAs that are reached over the network: AD CS and CMP. */
#include "certferry/identity.h"
#include "files.h"

static void
check_tls(const struct cf_check *check, const struct cf_ca_settings *ca)
{
    if (ca->tls_cert_file && ca->tls_key_file)
        cf_check_key_pair(check, "tls_cert_file", ca->tls_cert_file, "tls_key_file",
                          ca->tls_key_file);
    if (ca->tls_ca_file)
        cf_check_anchors(check, "tls_ca_file", ca->tls_ca_file);
}

void
cf_check_adcs(const struct cf_check *check, const struct cf_ca_settings *ca)
{
    if (ca->keytab_file)
        cf_check_keytab(check, ca->keytab_file);
    if (ca->password_file)
        cf_check_line(check, "password_file", ca->password_file);
    check_tls(check, ca);
    if (ca->chain_file)
        cf_check_ca_chain(check, "chain_file", ca->chain_file);
    if (ca->revoke_command)
        cf_check_program(check, "revoke_command", ca->revoke_command[0]);
}

static void
check_signer(const struct cf_check *check, const char *path)
{
    cf_own(cf_secret) pem = cf_check_secret(check, "signer_file", path);
    cf_own(cf_identity) identity = NULL;
    struct cf_err err = {0};

    if (!pem)
        return;
    if (cf_identity_parse(pem, &identity, &err) == CF_OK)
        cf_check_validity(check, "signer_file", cf_identity_cert(identity));
    else
        cf_check_fail(check, "put a private key and its certificate in PEM into the file",
                      "signer_file: %s", err.text);
}

void
cf_check_cmp(const struct cf_check *check, const struct cf_ca_settings *ca)
{
    if (ca->secret_file)
        cf_check_line(check, "secret_file", ca->secret_file);
    if (ca->signer_file)
        check_signer(check, ca->signer_file);
    check_tls(check, ca);
    if (ca->server_cert_file) {
        cf_own(cf_chain) server = cf_check_chain(check, "server_cert_file", ca->server_cert_file);
        if (server)
            cf_check_validity(check, "server_cert_file", cf_chain_at(server, 0));
    }
    cf_check_ca_chain(check, "chain_file", ca->chain_file);
}
