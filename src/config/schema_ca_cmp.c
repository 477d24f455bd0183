/* SPDX-License-Identifier: Apache-2.0 */
/* schema_ca_cmp - the options of CAs that are spoken to with CMP. */
#include "schema.h"

#define C(member) .offset = offsetof(struct cf_ca_settings, member)

const struct cf_option cf_options_ca_cmp[] = {
    {"ca", "url", OPT_WEB, .flags = CF_OPTION_NEEDED, C(url), .backend = "cmp",
     .example = "https://ejbca.example.com/ejbca/publicweb/cmp/certferry",
     .help = "The CMP server. With http the messages are protected, but anybody on the way can "
             "read them."},
    {"ca", "request", OPT_CHOICE, C(cmp_request), .backend = "cmp", .preset = "p10cr",
     .choices = cf_choices_cmp_request,
     .help = "The kind of request: p10cr holds the CSR as it is; cr and ir hold its key, subject "
             "and extensions, and say that the connector, as a registration authority, has "
             "verified who has the private key."},
    {"ca", "protection", OPT_CHOICE, C(protection), .backend = "cmp", .preset = "secret",
     .choices = cf_choices_cmp_protection,
     .help = "How messages are protected: by a shared secret or by the signature of a "
             "certificate's key."},
    {"ca", "reference", OPT_TEXT, .flags = CF_OPTION_NEEDED, C(reference), .backend = "cmp",
     .only = "protection = secret", .example = "certferry",
     .help = "The name by which the CA finds the secret (senderKID)."},
    {"ca", "secret_file", OPT_SECRET, .flags = CF_OPTION_NEEDED, C(secret_file), .backend = "cmp",
     .only = "protection = secret", .example = "credential:ca-{name}-secret",
     .help = "The file that holds the secret, in one line."},
    {"ca", "signer_file", OPT_SECRET, .flags = CF_OPTION_NEEDED, C(signer_file), .backend = "cmp",
     .only = "protection = certificate", .example = "credential:ca-{name}-signer",
     .help = "The private key and its certificate in PEM."},
    {"ca", "server_cert_file", OPT_PATH, C(server_cert_file), .backend = "cmp",
     .when = "the first certificate in chain_file; none with protection = secret",
     .example = "/etc/certferry/{name}-server.pem",
     .help = "The only certificate, in PEM, whose signature is believed in the CA's messages."},
    {"ca", "recipient", OPT_TEXT, C(recipient), .backend = "cmp", .check = cf_check_dn,
     .when = "the subject of the first certificate in chain_file",
     .example = "CN=Example Issuing CA,O=Example",
     .help = "The name of the CMP server in messages."},
    {"ca", "implicit_confirm", OPT_BOOL, C(implicit_confirm), .backend = "cmp", .preset = "yes",
     .help =
         "Whether the CA is asked to do without a confirmation; where it wants one it gets it."},
    {.key = NULL},
};
