/* SPDX-License-Identifier: Apache-2.0 */
/* schema_directory - the options of the directory. */
#include "schema.h"

#define D(member) .offset = offsetof(struct cf_settings, directory.member)
#define LIMITS(low, high) .min = (low), .max = (high)

const struct cf_option cf_options_directory[] = {
    {"directory", "uri", OPT_LIST, D(uri), .check = cf_check_ldap_uri,
     .when = "none, so that nothing is looked up",
     .example = "ldaps://dc1.example.com ldaps://dc2.example.com",
     .help = "The directory servers as ldaps://HOST or ldap://HOST, tried in turn."},
    {"directory", "auth", OPT_CHOICE, D(auth), .preset = "gssapi",
     .choices = cf_choices_directory_auth,
     .help = "How the connector shows who it is: gssapi with a Kerberos keytab, simple with a name "
             "and a password. An account without any right but to read is enough."},
    {"directory", "protection", OPT_CHOICE, D(tls), .preset = "ldaps",
     .choices = cf_choices_directory_tls,
     .help = "What protects the connection: ldaps is TLS from its first byte (ldaps://HOST), "
             "starttls is TLS on a plain connection (ldap://HOST), signed is Kerberos's own "
             "signing and sealing (ldap://HOST, auth = gssapi)."},
    {"directory", "base", OPT_TEXT, D(base), .check = cf_check_dn,
     .when = "the defaultNamingContext that the server names", .example = "DC=example,DC=com",
     .help = "The distinguished name below which accounts are looked for."},
    {"directory", "bind_dn", OPT_TEXT, D(bind_dn), .when = "needed with auth = simple",
     .example = "CN=certferry,OU=Services,DC=example,DC=com",
     .help = "The account to bind as: its distinguished name, or with Active Directory its "
             "userPrincipalName."},
    {"directory", "password_file", OPT_SECRET, D(password_file),
     .when = "needed with auth = simple", .example = "credential:directory-password",
     .help = "The file that holds its password."},
    {"directory", "keytab_file", OPT_SECRET, D(keytab_file), .when = "needed with auth = gssapi",
     .example = "credential:directory-keytab",
     .help = "The keytab with the Kerberos keys of the account to bind as."},
    {"directory", "principal", OPT_TEXT, D(principal), .check = cf_check_principal,
     .when = "the first of the keytab", .example = "certferry@EXAMPLE.COM",
     .help = "Which of the keytab's principals, as NAME@REALM."},
    {"directory", "ca_file", OPT_PATH, D(ca_file), .when = "the system's CAs",
     .example = "/etc/certferry/directory-ca.pem",
     .help = "The only CAs, in PEM, that are believed when they vouch for a directory server."},
    {"directory", "connect_timeout", OPT_DURATION, D(connect_timeout_ms), .preset = "5s",
     LIMITS("100ms", "1m"), .help = "How long a connection to one server may take to come about."},
    {"directory", "timeout", OPT_DURATION, D(timeout_ms), .preset = "10s", LIMITS("100ms", "10m"),
     .help = "How long a search may take."},
    {"directory", "cache", OPT_DURATION, D(cache_ms), .preset = "5m", LIMITS("0", "1d"),
     .help = "How long what was read of an account is believed. Who becomes a member of a refused "
             "group is refused that much later. 0 asks each time."},
    {"directory", "retry", OPT_DURATION, D(retry_ms), .preset = "30s", LIMITS("1s", "1h"),
     .help = "How long the directory is left alone after no server answered; requests that need it "
             "wait, others go on."},
    {.key = NULL},
};
