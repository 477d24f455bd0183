/* SPDX-License-Identifier: Apache-2.0 */
/* schema_scep - the options of the SCEP front door and of what devices may ask for there. */
#include "schema.h"

#define S(member) .offset = offsetof(struct cf_settings, scep.member)
#define P(member) .offset = offsetof(struct cf_scep_profile_settings, member)
#define LIMITS(low, high) .min = (low), .max = (high)

const struct cf_option cf_options_scep[] = {
    {"scep", "listen", OPT_LIST, S(listen), .check = cf_check_listen,
     .when = "this or tls_listen is needed", .example = "127.0.0.1:8080 [::1]:8080",
     .help = "Where plain HTTP is served, as HOST:PORT or [IPv6]:PORT: behind a proxy that ends "
             "TLS, or for devices. SCEP needs no TLS; its messages are sealed."},
    {"scep", "tls_listen", OPT_LIST, S(tls_listen), .check = cf_check_listen,
     .when = "this or listen is needed", .example = "0.0.0.0:443",
     .help = "Where HTTPS is served, likewise. Devices of Microsoft Intune want HTTPS."},
    {"scep", "tls_cert_file", OPT_PATH, S(tls_cert_file), .when = "needed with tls_listen",
     .example = "/etc/certferry/scep-server.pem",
     .help = "The server's certificate in PEM, then its issuers."},
    {"scep", "tls_key_file", OPT_SECRET, .flags = CF_OPTION_FRONT, S(tls_key_file),
     .when = "needed with tls_listen", .example = "credential:scep-tls-key",
     .help = "Its private key in PEM. Read by certferry-scepd."},
    {"scep", "socket", OPT_PATH, .flags = CF_OPTION_RESTART, S(socket),
     .preset = "/run/certferry-scep/scep.sock",
     .help = "The socket where certferryd answers certferry-scepd. Its directory should be open to "
             "socket_user's group."},
    {"scep", "socket_user", OPT_NAME, .flags = CF_OPTION_RESTART, S(socket_user),
     .preset = "certferry-scep",
     .help = "The user certferry-scepd runs as: who may ask there, besides root."},
    {"scep", "ra_key_file", OPT_SECRET, .flags = CF_OPTION_FRONT, S(ra_key_file),
     .when = "credential:scep-ra-key without ra_token", .example = "credential:scep-ra-key",
     .help = "Exactly 32 random bytes, the same on each node: the key under which the private keys "
             "of the registration authority lie in the store. Read by certferry-scepd alone."},
    {"scep", "ra_token", OPT_TEXT, S(ra_token), .check = cf_check_token_uri, .when = "none",
     .example = "pkcs11:token=certferry",
     .help = "The PKCS#11 token in which those keys lie in place of the store, by its URI without "
             "object."},
    {"scep", "ra_pin_file", OPT_SECRET, .flags = CF_OPTION_FRONT, S(ra_pin_file), .when = "none",
     .example = "credential:scep-ra-pin",
     .help = "The file that holds the token's PIN, for ra_token. Read by certferry-scepd."},
    {"scep", "ra_sign_template", OPT_TEXT, S(ra_sign_template), .when = "needed",
     .example = "SCEP-RA",
     .help = "The template of the certificate that signs answers: RSA with digitalSignature. Each "
             "CA of a SCEP profile has to issue by it; no policy needs to allow it."},
    {"scep", "ra_encryption_template", OPT_TEXT, S(ra_encryption_template), .when = "needed",
     .example = "SCEP-RA",
     .help = "The template of the certificate that requests are sealed to: RSA with "
             "keyEncipherment. The same as ra_sign_template makes one certificate for both, which "
             "every client understands."},
    {"scep", "ra_key", OPT_CHOICE, S(ra_key), .preset = "rsa2048", .choices = cf_choices_rsa_key,
     .help = "The kind of key the registration authority has."},
    {"scep", "ra_subject", OPT_TEXT, S(ra_subject), .check = cf_check_dn,
     .preset = "CN=SCEP Registration Authority",
     .help = "The distinguished name in its certificates."},
    {"scep", "ra_renew_before", OPT_DURATION, S(ra_renew_before_ms), .preset = "30d",
     LIMITS("1h", "5y"), .help = "How long before their end they are renewed, by themselves."},
    {"scep", "ra_overlap", OPT_DURATION, S(ra_overlap_ms), .preset = "14d", LIMITS("0", "1y"),
     .help = "How long a replaced key still opens requests of devices that know the old "
             "certificate."},
    {"scep", "max_connections", OPT_UNSIGNED, S(max_connections), .preset = "1000",
     LIMITS("1", "60000"), .help = "How many connections may be open at once."},
    {"scep", "max_per_address", OPT_UNSIGNED, S(max_per_address), .preset = "100",
     LIMITS("0", "60000"),
     .help = "How many of them one address may have. 0 is no limit, as is right behind a proxy, "
             "whose address is the only one there is."},
    {"scep", "max_waiting", OPT_UNSIGNED, S(max_waiting), .preset = "256", LIMITS("1", "60000"),
     .help = "How many requests may wait for their answer; more are turned away with status 503 "
             "and come again."},
    {"scep", "request_timeout", OPT_DURATION, S(request_timeout_ms), .preset = "20s",
     LIMITS("1s", "5m"), .help = "How long a client may take to send its request."},
    {"scep", "answer_timeout", OPT_DURATION, S(answer_timeout_ms), .preset = "25s",
     LIMITS("1s", "1m"),
     .help = "How long a device is kept waiting for the CA; then it is told to come again."},
    {.key = NULL},
};

const struct cf_option cf_options_scep_profile[] = {
    {"scep-profile", "default", OPT_BOOL, P(is_default), .preset = "no",
     .help = "Whether it also answers under the paths of NDES (/certsrv/mscep/mscep.dll), which "
             "name no profile. At most one does."},
    {"scep-profile", "ca", OPT_NAME, .flags = CF_OPTION_REQUIRED, P(ca), .example = "corp",
     .help = "The [ca] section whose certificates devices get."},
    {"scep-profile", "template", OPT_TEXT, .flags = CF_OPTION_REQUIRED, P(template_name),
     .example = "Device", .help = "The [template] section by which it issues."},
    {"scep-profile", "certificate_type", OPT_CHOICE, .flags = CF_OPTION_REQUIRED, P(types),
     .choices = cf_choices_scep_types, .example = "device",
     .help = "Whether the certificates are those of users or of devices, as policies tell them "
             "apart. A [policy] section has to allow CA, template and type."},
    {"scep-profile", "challenge", OPT_CHOICE, .flags = CF_OPTION_REQUIRED, P(challenge),
     .choices = cf_choices_scep_challenge, .example = "intune",
     .help = "What shows that a device may ask: static is a password that all of them share, "
             "one-time one that `certferry scep challenge` makes for a single request, intune "
             "one that Microsoft Intune gives the device and judges for each request."},
    {"scep-profile", "challenge_file", OPT_SECRET, .flags = CF_OPTION_NEEDED, P(challenge_file),
     .only = "challenge = static", .example = "credential:scep-{name}-challenge",
     .help = "The file that holds the challenges, one in each line; any of them is good. Read by "
             "certferryd."},
    {"scep-profile", "renewal", OPT_CHOICE, P(renewal), .preset = "challenge",
     .choices = cf_choices_scep_renewal,
     .help = "What a renewal needs: challenge is a new challenge, as for any request; with "
             "certificate the certificate that is being renewed is enough, and nobody else is "
             "asked."},
    {"scep-profile", "renewal_window", OPT_UNSIGNED, P(renewal_window_percent), .preset = "100",
     LIMITS("1", "100"),
     .help = "A certificate is renewed only when no more than this percentage of its lifetime is "
             "left. 100 is at any time."},
    {"scep-profile", "renewal_threshold", OPT_UNSIGNED, P(renewal_threshold_percent),
     .preset = "20", LIMITS("0", "99"),
     .help = "The percentage of the lifetime at which the device should have renewed it, as in the "
             "profile of the management service: `certferry expiring` calls it due. 0 is never."},
    {"scep-profile", "key_usage", OPT_USAGES, P(key_usage), .choices = cf_choices_usage,
     .when = "as the template allows", .example = "digitalSignature keyEncipherment",
     .help = "The key usages a request has to ask for, exactly, if it asks for any."},
    {"scep-profile", "eku", OPT_EKU, P(eku),
     .count_offset = offsetof(struct cf_scep_profile_settings, n_eku),
     .when = "those of the template", .example = "clientAuth",
     .help = "The extended key usages a request may ask for, as in [template]."},
    {"scep-profile", "keys", OPT_LIST, P(keys), .check = cf_check_key_kind,
     .when = "any the policy allows", .example = "rsa2048 rsa4096 p256",
     .help = "The kinds of keys devices may have: rsa2048, rsa3072, rsa4096, p256, p384."},
    {"scep-profile", "min_rsa", OPT_UNSIGNED, P(min_rsa_bits), .preset = "2048",
     LIMITS("2048", "4096"),
     .help = "The least number of bits of RSA keys: of those that are certified and of those that "
             "sign requests."},
    {"scep-profile", "validity", OPT_DURATION, P(validity_ms), .preset = "0", LIMITS("0", "100y"),
     .help = "How long certificates are valid; never longer than the template's. 0 is as long as "
             "that."},
    {"scep-profile", "keep_trying", OPT_DURATION, P(keep_trying_ms), .preset = "1h",
     LIMITS("1m", "30d"),
     .help = "How long a request whose CA is down is tried again before it is given up."},
    {"scep-profile", "clock_tolerance", OPT_DURATION, P(clock_tolerance_ms), .preset = "1h",
     LIMITS("0", "30d"),
     .help = "How far the time that a device signs with its request may be off. 0 does not look."},
    {"scep-profile", "allow_sha1", OPT_BOOL, P(allow_sha1), .preset = "no",
     .help = "Whether requests may be signed with SHA-1; each one is logged."},
    {"scep-profile", "allow_3des", OPT_BOOL, P(allow_3des), .preset = "yes",
     .help = "Whether requests may be sealed with triple DES, as older Apple and network devices "
             "do; each one is logged."},
    {"scep-profile", "allow_single_des", OPT_BOOL, P(allow_single_des), .preset = "no",
     .help = "Whether requests may be sealed with DES, which anybody can break."},
    {"scep-profile", "get_cert", OPT_BOOL, P(get_cert), .preset = "yes",
     .help = "Whether clients may ask for certificates that were issued here (GetCert)."},
    {"scep-profile", "get_crl", OPT_BOOL, P(get_crl), .preset = "yes",
     .help = "Whether clients may ask for the CA's revocation list (GetCRL)."},
    {"scep-profile", "root_in_bundle", OPT_BOOL, P(root_in_bundle), .preset = "no",
     .help = "Whether GetCACert ends with the root, for clients that want the whole chain."},
    {"scep-profile", "next_ca_file", OPT_PATH, P(next_ca_file), .when = "none",
     .example = "/etc/certferry/{name}-next.pem",
     .help = "The certificate in PEM that the CA will change to, then its issuers, for "
             "GetNextCACert. Read by certferryd."},
    {.key = NULL},
};
