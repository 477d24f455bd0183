/* SPDX-License-Identifier: Apache-2.0 */
/* schema_ca_adcs - the options of CAs that are Microsoft AD CS, and those CMP has as well. */
#include "schema.h"

#define C(member) .offset = offsetof(struct cf_ca_settings, member)
#define LIMITS(low, high) .min = (low), .max = (high)

const struct cf_option cf_options_ca_adcs[] = {
    {"ca", "connect_timeout", OPT_DURATION, C(connect_timeout_ms), .backend = "adcs cmp",
     .preset = "10s", LIMITS("100ms", "10m"),
     .help = "How long a connection to the CA may take to come about."},
    {"ca", "transport", OPT_CHOICE, C(transport), .backend = "adcs", .preset = "rpc",
     .choices = cf_choices_transport,
     .help = "How certificates are requested: rpc as Windows itself does (MS-ICPR), ces by the "
             "Certificate Enrollment Web Service, for networks that let only HTTPS through."},
    {"ca", "revoke_transport", OPT_CHOICE, C(revoke_transport), .backend = "adcs", .preset = "rpc",
     .choices = cf_choices_revoke_transport,
     .help = "How certificates are revoked: rpc by the CA's administrative interface (MS-CSRA; CES "
             "has none), command by a program, none not at all: revocations are then reported as "
             "failed."},
    {"ca", "keytab_file", OPT_SECRET, C(keytab_file), .backend = "adcs",
     .when = "that of [directory] with auth = gssapi; needed with rpc and with Kerberos",
     .example = "credential:ca-{name}-keytab",
     .help = "The keytab with the Kerberos keys of the account that requests certificates."},
    {"ca", "principal", OPT_TEXT, C(principal), .backend = "adcs", .check = cf_check_principal,
     .when = "that of [directory] with its keytab, else the first of the keytab",
     .example = "certferry@EXAMPLE.COM", .help = "Which of the keytab's principals."},
    {"ca", "rpc_auth", OPT_CHOICE, C(rpc_auth), .backend = "adcs", .preset = "negotiate",
     .choices = cf_choices_rpc_auth,
     .help = "How RPC shows who the connector is: negotiate is SPNEGO as Windows does, kerberos "
             "leaves the negotiation out. Either way every packet is encrypted."},
    {"ca", "rpc_host", OPT_NAME, C(rpc_host), .backend = "adcs", .when = "host",
     .example = "ca1.example.com",
     .help = "The CA's DNS name, when profiles name the CA otherwise; Kerberos asks for a ticket "
             "for it."},
    {"ca", "rpc_port", OPT_UNSIGNED, C(rpc_port), .backend = "adcs", .preset = "0",
     LIMITS("0", "65535"), .help = "The CA's fixed port; 0 asks its endpoint mapper on port 135."},
    {"ca", "ces_url", OPT_HTTPS, .flags = CF_OPTION_NEEDED, C(ces_url), .backend = "adcs",
     .only = "transport = ces",
     .example = "https://ces.example.com/CA_CES_Kerberos/service.svc/CES",
     .help = "The enrollment service, as `certferry adcs discover` shows it."},
    {"ca", "cep_url", OPT_HTTPS, C(cep_url), .backend = "adcs", .only = "transport = ces",
     .when = "none",
     .example = "https://cep.example.com/ADPolicyProvider_CEP_Kerberos/service.svc/CEP",
     .help = "The enrollment policy service, for what templates are like where no directory can be "
             "read."},
    {"ca", "auth", OPT_CHOICE, C(auth), .backend = "adcs", .only = "transport = ces",
     .preset = "kerberos", .choices = cf_choices_ces_auth,
     .help = "How the connector shows CES who it is; each way has a CES of its own."},
    {"ca", "channel_binding", OPT_BOOL, C(channel_binding), .backend = "adcs",
     .only = "auth = kerberos", .preset = "yes",
     .help = "Whether Kerberos is tied to the TLS connection (extended protection)."},
    {"ca", "delegate", OPT_BOOL, C(delegates), .backend = "adcs", .only = "auth = kerberos",
     .preset = "no",
     .help = "Whether CES gets a ticket to act in the connector's name, for a CES that is not on "
             "the CA's host and has no constrained delegation."},
    {"ca", "username", OPT_TEXT, .flags = CF_OPTION_NEEDED, C(username), .backend = "adcs",
     .only = "auth = password", .example = "certferry@example.com",
     .help = "The account, as user principal name or DOMAIN\\\\name."},
    {"ca", "password_file", OPT_SECRET, .flags = CF_OPTION_NEEDED, C(password_file),
     .backend = "adcs", .only = "auth = password", .example = "credential:ca-{name}-password",
     .help = "The file that holds its password."},
    {"ca", "tls_cert_file", OPT_PATH, C(tls_cert_file), .backend = "adcs cmp",
     .only = "auth = certificate", .when = "needed with auth = certificate",
     .example = "/etc/certferry/{name}-client.pem",
     .help = "The certificate, in PEM, by which the connector shows itself in TLS."},
    {"ca", "tls_key_file", OPT_SECRET, C(tls_key_file), .backend = "adcs cmp",
     .only = "auth = certificate", .when = "needed with tls_cert_file",
     .example = "credential:ca-{name}-tls-key", .help = "Its private key in PEM, unencrypted."},
    {"ca", "tls_ca_file", OPT_PATH, C(tls_ca_file), .backend = "adcs cmp",
     .only = "transport = ces", .when = "the system's CAs",
     .example = "/etc/certferry/{name}-tls-ca.pem",
     .help = "The only CAs, in PEM, that are believed when they vouch for the HTTPS server."},
    {"ca", "proxy", OPT_PROXY, C(proxy), .backend = "adcs cmp", .only = "transport = ces",
     .when = "none", .example = "http://proxy.example.com:3128",
     .help = "The HTTP proxy to reach the server through."},
    {"ca", "revoke_command", OPT_COMMAND, .flags = CF_OPTION_NEEDED, C(revoke_command),
     .backend = "adcs", .only = "revoke_transport = command",
     .example = "/usr/local/libexec/revoke-on-ca",
     .help = "The program that revokes; it gets what the program of backend = exec gets for "
             "revoke."},
    {.key = NULL, .more = cf_options_ca_cmp},
};
