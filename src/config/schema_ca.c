/* SPDX-License-Identifier: Apache-2.0 */
/* schema_ca - the options of all CAs, of the backends local and exec, and of templates. */
#include "schema.h"

#define C(member) .offset = offsetof(struct cf_ca_settings, member)
#define T(member) .offset = offsetof(struct cf_template_settings, member)
#define LIMITS(low, high) .min = (low), .max = (high)

const struct cf_option cf_options_ca[] = {
    {"ca", "backend", OPT_BACKEND, .flags = CF_OPTION_REQUIRED, C(backend), .example = "local",
     .choices = cf_choices_backend,
     .help = "local is the CA inside certferryd, exec runs a program for each operation, adcs is "
             "Microsoft AD CS, cmp a CA that is spoken to with CMP (RFC 4210)."},
    {"ca", "host", OPT_NAME, .flags = CF_OPTION_REQUIRED, C(host), .example = "ca.example.com",
     .help = "The CA's host, as profiles name it (certification authority)."},
    {"ca", "name", OPT_TEXT, .flags = CF_OPTION_REQUIRED, C(ca_name),
     .example = "Example Issuing CA",
     .help = "The CA's name, as profiles name it (certification authority name)."},
    {"ca", "templates", OPT_TEMPLATES, .flags = CF_OPTION_REQUIRED, C(templates),
     .count_offset = offsetof(struct cf_ca_settings, n_templates), .example = "Device SCEP-RA",
     .help = "The [template] sections by which this CA issues. All others are refused."},
    {"ca", "rdn_order", OPT_CHOICE, C(rdn_order), .preset = "rfc4514",
     .choices = cf_choices_rdn_order,
     .help = "The order of a subject's names: rfc4514 reads a profile's subject from right to left "
             "(CN=a,O=b has O first in the certificate), as-written from left to right."},
    {"ca", "enforce_dn_limits", OPT_BOOL, C(enforce_dn_limits), .preset = "yes",
     .help = "Whether names that are longer than X.520 allows, such as a CN of more than 64 "
             "characters, are refused."},
    {"ca", "security_identifier", OPT_CHOICE, C(sid_mode), .preset = "on-request",
     .choices = cf_choices_sid_mode,
     .help = "Whether certificates name the account's SID, by which Windows maps them strongly: "
             "off refuses profiles that ask for it, on-request does as the profile asks, always "
             "puts it into each certificate."},
    {"ca", "security_identifier_form", OPT_CHOICE, C(sid_form), .preset = "extension",
     .choices = cf_choices_sid_form,
     .help = "How: extension is 1.3.6.1.4.1.311.25.2, uri is a name "
             "tag:microsoft.com,2022-09-14:sid:SID among the alternative names."},
    {"ca", "require_security_identifier", OPT_BOOL, C(sid_must_be_kept), .preset = "yes",
     .help = "Whether a certificate from which the CA left the SID out is refused."},
    {"ca", "max_parallel", OPT_UNSIGNED, C(max_parallel), .preset = "4", LIMITS("1", "64"),
     .help = "How many calls to the CA may be under way at once."},
    {"ca", "breaker_min", OPT_DURATION, C(breaker_min_ms), .preset = "5s", LIMITS("100ms", "1h"),
     .help = "How long a CA that does not answer is left alone; the time doubles with each failure "
             "in a row, and requests for other CAs go on."},
    {"ca", "breaker_max", OPT_DURATION, C(breaker_max_ms), .preset = "5m", LIMITS("1s", "1d"),
     .help = "The longest it is left alone."},
    {"ca", "cert_file", OPT_PATH, .flags = CF_OPTION_NEEDED, C(cert_file), .backend = "local",
     .example = "/etc/certferry/corp.pem",
     .help = "The CA's certificate in PEM, then its issuers up to the root."},
    {"ca", "key_file", OPT_SECRET, C(key_file), .backend = "local",
     .preset = "credential:ca-{name}-key", .help = "The CA's private key in PEM, unencrypted."},
    {"ca", "crl_file", OPT_PATH, C(crl_file), .backend = "local",
     .preset = "{state_dir}/{name}.crl", .help = "Where the CRL is written (DER)."},
    {"ca", "crl_url", OPT_WEB, C(crl_url), .backend = "local", .when = "none",
     .example = "http://pki.example.com/corp.crl",
     .help = "Where crl_file can be fetched; written into certificates. Without it nobody learns "
             "of a revocation."},
    {"ca", "issuer_url", OPT_WEB, C(issuer_url), .backend = "local", .when = "none",
     .example = "http://pki.example.com/corp.cer",
     .help = "Where the CA's certificate can be fetched; written into certificates."},
    {"ca", "crl_lifetime", OPT_DURATION, C(crl_lifetime_ms), .backend = "local", .preset = "7d",
     LIMITS("1h", "1y"), .help = "How long a CRL is good."},
    {"ca", "crl_overlap", OPT_DURATION, C(crl_overlap_ms), .backend = "local", .preset = "1d",
     LIMITS("1m", "1y"),
     .help = "How long before its end a new one is written; less than crl_lifetime."},
    {"ca", "backdate", OPT_DURATION, C(backdate_ms), .backend = "local", .preset = "5m",
     LIMITS("0", "1d"),
     .help = "How far in the past certificates begin, for devices whose clock is slow."},
    {"ca", "command", OPT_COMMAND, .flags = CF_OPTION_NEEDED, C(command), .backend = "exec",
     .example = "/usr/local/libexec/corp-ca --profile \"a b\"",
     .help = "The program and its arguments. Blanks part them, quotes keep them together; no "
             "shell is involved."},
    {"ca", "output_max", OPT_SIZE, C(output_max), .backend = "exec", .preset = "1M",
     LIMITS("1K", "16M"), .help = "How much it may write."},
    {"ca", "chain_file", OPT_PATH, C(chain_file), .backend = "exec adcs cmp",
     .when = "needed with backend = cmp; otherwise the program's own chain or what the directory "
             "names is believed",
     .example = "/etc/certferry/{name}.pem",
     .help = "The CA's certificate in PEM, then its issuers. What the CA issues must chain to it."},
    {"ca", "timeout", OPT_DURATION, C(timeout_ms), .backend = "exec adcs cmp", .preset = "60s",
     LIMITS("1s", "1h"), .help = "How long the program may run, or one exchange with the CA."},
    {.key = NULL, .more = cf_options_ca_adcs},
};

const struct cf_option cf_options_template[] = {
    {"template", "key", .given = CF_TEMPLATE_KEY, .type = OPT_CHOICE, T(key), .preset = "rsa2048",
     .choices = cf_choices_key,
     .help = "The kind of key that is made when the request does not say."},
    {"template", "min_key", .given = CF_TEMPLATE_MIN_KEY, .type = OPT_UNSIGNED, T(min_rsa_bits),
     .preset = "2048", LIMITS("2048", "4096"), .help = "The least number of bits of an RSA key."},
    {"template", "key_usage", .given = CF_TEMPLATE_KEY_USAGE, .type = OPT_USAGES, T(key_usage),
     .preset = "digitalSignature keyEncipherment", .choices = cf_choices_usage,
     .help = "The most a request may ask for, and what it gets when it does not ask."},
    {"template", "eku", .given = CF_TEMPLATE_EKU, .type = OPT_EKU, T(eku),
     .count_offset = offsetof(struct cf_template_settings, n_eku), .preset = "clientAuth",
     .help = "Extended key usages, likewise: names such as clientAuth, serverAuth, "
             "emailProtection, smartcardLogon, ipsecEndSystem, or dotted object identifiers."},
    {"template", "validity", .given = CF_TEMPLATE_VALIDITY, .type = OPT_DURATION, T(validity_ms),
     .preset = "365d", LIMITS("1h", "100y"),
     .help = "The longest a certificate is valid; never longer than the CA's own."},
    {"template", "approval", OPT_BOOL, T(approval), .preset = "no",
     .help = "Whether a person has to approve each request. Only a CA with backend = local can be "
             "told so; others have their own approval, and are waited for."},
    {"template", "security_identifier", OPT_CHOICE, T(sid_mode), .preset = "as-ca",
     .choices = cf_choices_template_sid_mode,
     .help = "Whether certificates name the account's SID; as-ca does as the CA's section says."},
    {"template", "security_identifier_form", OPT_CHOICE, T(sid_form), .preset = "as-ca",
     .choices = cf_choices_template_sid_form, .help = "How; as-ca does as the CA's section says."},
    {.key = NULL},
};
