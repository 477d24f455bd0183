/* SPDX-License-Identifier: Apache-2.0 */
/* schema - the option table. The order is that of the sample and of the manual. */
#include "schema.h"

#include <string.h>

#define S(member) .offset = offsetof(struct cf_settings, member)
#define C(member) .offset = offsetof(struct cf_ca_settings, member)
#define T(member) .offset = offsetof(struct cf_template_settings, member)
#define LIMITS(low, high) .min = (low), .max = (high)

const struct cf_section cf_sections[] = {
    {"connector", false, NULL, "The service as a whole."},
    {"cloud", false, NULL, "The management service that requests come from."},
    {"store", false, NULL, "The database that requests and results are kept in."},
    {"keys", false, NULL,
     "Keys that are made ahead, so that a device does not wait for its key, and the locked memory "
     "they live in."},
    {"pfx", false, NULL, "The PFX files that devices get."},
    {"recipient", false, NULL,
     "Which device certificates may receive a private key. What is listed here is all that "
     "speaks for a device; the cloud does not."},
    {"revocation", false, NULL, "Revocations on behalf of the management service."},
    {"retry", false, NULL, "How a step that failed for now is tried again."},
    {"control", false, NULL, "The socket on which certferry(8) reaches the daemon."},
    {"ca", true, "corp",
     "A certification authority; one section for each. Requests name host and name, and a "
     "request for a CA that has no section is refused."},
    {"template", true, "Device",
     "What certificates of one template are like. The section's name is the template's name in "
     "requests. A CA issues by it only when its templates names it."},
};
const size_t cf_n_sections = CF_COUNT(cf_sections);

const struct cf_option cf_options[] = {
#define SECTION "connector"
    {SECTION, "id", OPT_NAME, S(connector_id), .when = "the name of this host",
     .example = "connector-1",
     .help = "The name under which the management service knows this connector. Two connectors "
             "of one tenant need different ones."},
    {SECTION, "state_dir", OPT_PATH, .flags = CF_OPTION_RESTART, S(state_dir),
     .preset = "/var/lib/certferry",
     .help = "Where the service keeps its files. It must be writable by the service only."},
    {SECTION, "log_level", OPT_CHOICE, S(log_level), .preset = "info",
     .choices = cf_choices_log_level, .help = "The least important entries that are logged."},
    {SECTION, "cpu_workers", OPT_UNSIGNED, .flags = CF_OPTION_RESTART, S(cpu_workers),
     .preset = "0", LIMITS("0", "256"),
     .help = "Threads that compute: keys, requests, PFX files. 0 is one for each core."},
    {SECTION, "io_workers", OPT_UNSIGNED, .flags = CF_OPTION_RESTART, S(io_workers), .preset = "8",
     LIMITS("4", "256"),
     .help = "Threads that wait for others: the management service, the CAs, the disk."},
#undef SECTION
#define SECTION "cloud"
    {SECTION, "service", OPT_PRESET, .offset = CF_NO_OFFSET, .preset = "public",
     .choices = cf_choices_service,
     .help = "Gives authority, graph and resource their defaults. With custom they have none."},
    {SECTION, "endpoint", OPT_HTTPS, S(cloud.endpoint), .when = "asked of graph",
     .example = "https://connector.example.com/",
     .help = "The service's own address. Needed with auth = tls, where nobody can be asked."},
    {SECTION, "authority", OPT_HTTPS, S(cloud.authority), .when = "as service says",
     .example = "https://login.microsoftonline.com/", .help = "Where tokens are asked for."},
    {SECTION, "graph", OPT_HTTPS, S(cloud.graph), .when = "as service says",
     .example = "https://graph.microsoft.com/",
     .help = "Where the service's address is asked for and new keys are registered."},
    {SECTION, "resource", OPT_HTTPS, S(cloud.resource), .when = "as service says",
     .example = "https://api.manage.microsoft.com/",
     .help = "The service as the authority knows it; tokens are asked for it."},
    {SECTION, "service_app_id", OPT_NAME, S(cloud.service_app_id),
     .preset = "0000000a-0000-0000-c000-000000000000",
     .help = "The application whose addresses are asked of graph."},
    {SECTION, "service_name", OPT_NAME, S(cloud.service_name), .preset = "PkiConnectorFEService",
     .help = "The name of the service among the addresses of that application."},
    {SECTION, "tenant", OPT_NAME, S(cloud.tenant), .when = "needed unless auth = tls",
     .example = "contoso.example.com",
     .help = "The tenant: its identifier or one of its domain names."},
    {SECTION, "client_id", OPT_NAME, S(cloud.client_id), .when = "needed unless auth = tls",
     .example = "6f0c5a3e-2b61-4d0a-9a53-0d4a5e0b7c11",
     .help = "The identifier of the application that stands for this connector in the tenant."},
    {SECTION, "auth", OPT_CHOICE, S(cloud.auth), .preset = "certificate",
     .choices = cf_choices_auth,
     .help = "How the connector shows who it is: certificate signs assertions with the key that "
             "`certferry enroll` made, secret sends a client secret, tls uses a client "
             "certificate in the TLS handshake and no token."},
    {SECTION, "client_secret_file", OPT_SECRET, S(cloud.client_secret_file),
     .preset = "credential:client-secret",
     .help = "The file that holds the client secret, for auth = secret."},
    {SECTION, "assertion_file", OPT_PATH, S(cloud.assertion_file),
     .preset = "{state_dir}/assertion.pem",
     .help = "Key and certificate for auth = certificate, written by `certferry enroll`."},
    {SECTION, "assertion_renew", OPT_BOOL, S(cloud.assertion_renew), .preset = "yes",
     .help = "Whether the daemon renews that certificate by itself."},
    {SECTION, "assertion_lifetime", OPT_DURATION, S(cloud.assertion_lifetime_ms), .preset = "365d",
     LIMITS("30d", "825d"), .help = "How long a new certificate for assertions is valid."},
    {SECTION, "assertion_renew_before", OPT_DURATION, S(cloud.assertion_renew_before_ms),
     .preset = "60d", LIMITS("1d", "825d"),
     .help = "How long before its end it is renewed; less than assertion_lifetime."},
    {SECTION, "tls_cert_file", OPT_PATH, S(cloud.tls_cert_file), .when = "needed with auth = tls",
     .example = "/etc/certferry/connector.pem",
     .help = "The client certificate for the TLS handshake in PEM, with its issuers."},
    {SECTION, "tls_key_file", OPT_SECRET, S(cloud.tls_key_file), .when = "needed with auth = tls",
     .example = "credential:connector-key", .help = "Its private key in PEM."},
    {SECTION, "ca_file", OPT_PATH, S(cloud.ca_file), .when = "the system's CAs",
     .example = "/etc/certferry/cloud-ca.pem",
     .help = "The only CAs, in PEM, that are believed when they vouch for the service."},
    {SECTION, "proxy", OPT_PROXY, S(cloud.proxy), .when = "none",
     .example = "http://proxy.example.com:3128",
     .help = "The HTTP proxy on the way to the service, as http://HOST:PORT. The environment's "
             "proxy variables are ignored."},
    {SECTION, "proxy_user", OPT_TEXT, S(cloud.proxy_user), .when = "none", .example = "certferry",
     .help = "The user name for the proxy."},
    {SECTION, "proxy_password_file", OPT_SECRET, S(cloud.proxy_password_file),
     .when = "credential:proxy-password with proxy_user", .example = "credential:proxy-password",
     .help = "The file that holds the password for the proxy."},
    {SECTION, "connect_timeout", OPT_DURATION, S(cloud.connect_timeout_ms), .preset = "10s",
     LIMITS("100ms", "10m"), .help = "How long a connection may take to come about."},
    {SECTION, "timeout", OPT_DURATION, S(cloud.timeout_ms), .preset = "60s", LIMITS("1s", "1h"),
     .help = "How long a call may take; poll_wait comes on top of it."},
    {SECTION, "poll_wait", OPT_DURATION, S(cloud.poll_wait_ms), .preset = "30s", LIMITS("0", "60s"),
     .help = "How long the service may hold a poll open until there is work."},
    {SECTION, "poll_interval", OPT_DURATION, S(cloud.poll_interval_ms), .preset = "10s",
     LIMITS("100ms", "1h"), .help = "The pause after a poll that brought nothing."},
    {SECTION, "max_requests", OPT_UNSIGNED, S(cloud.max_requests), .preset = "100",
     LIMITS("1", "500"), .help = "How many requests are taken at once."},
    {SECTION, "upload_batch", OPT_UNSIGNED, S(cloud.upload_batch), .preset = "50",
     LIMITS("1", "500"), .help = "How many results are sent at once."},
    {SECTION, "upload_delay", OPT_DURATION, S(cloud.upload_delay_ms), .preset = "200ms",
     LIMITS("0", "1m"), .help = "How long a result may wait for others to be sent with it."},
    {SECTION, "revocation_interval", OPT_DURATION, S(cloud.revocation_interval_ms), .preset = "5m",
     LIMITS("1s", "1d"), .help = "How often revocations are asked for."},
    {SECTION, "heartbeat_interval", OPT_DURATION, S(cloud.heartbeat_interval_ms), .preset = "5m",
     LIMITS("1s", "1d"), .help = "How often the service is told that the connector is alive."},
    {SECTION, "retry_min", OPT_DURATION, S(cloud.retry_min_ms), .preset = "2s",
     LIMITS("10ms", "1d"),
     .help = "The first pause after a call that failed; each next one is "
             "longer."},
    {SECTION, "retry_max", OPT_DURATION, S(cloud.retry_max_ms), .preset = "5m",
     LIMITS("10ms", "1d"), .help = "The longest of these pauses."},
#undef SECTION
#define SECTION "store"
    {SECTION, "path", OPT_PATH, .flags = CF_OPTION_RESTART, S(store_path),
     .preset = "{state_dir}/certferry.db", .help = "The SQLite database."},
    {SECTION, "key_file", OPT_SECRET, S(store_key_file), .preset = "credential:store-key",
     .help = "Exactly 32 random bytes: the key under which private keys are sealed while they "
             "wait for the CA. Requests that wait are lost when it is lost."},
    {SECTION, "retain", OPT_DURATION, S(store_retain_ms), .preset = "30d", LIMITS("0", "10y"),
     .help = "How long delivered requests and their history are kept. The ledger of issued "
             "certificates stays."},
#undef SECTION
#define SECTION "keys"
    {SECTION, "pool_rsa2048", OPT_UNSIGNED, S(keypool_size[CF_KEY_RSA_2048]), .preset = "32",
     LIMITS("0", "4096"), .help = "RSA keys of 2048 bits kept ready."},
    {SECTION, "pool_rsa3072", OPT_UNSIGNED, S(keypool_size[CF_KEY_RSA_3072]), .preset = "0",
     LIMITS("0", "4096"), .help = "RSA keys of 3072 bits kept ready."},
    {SECTION, "pool_rsa4096", OPT_UNSIGNED, S(keypool_size[CF_KEY_RSA_4096]), .preset = "0",
     LIMITS("0", "4096"), .help = "RSA keys of 4096 bits kept ready."},
    {SECTION, "pool_p256", OPT_UNSIGNED, S(keypool_size[CF_KEY_P256]), .preset = "32",
     LIMITS("0", "4096"), .help = "P-256 keys kept ready."},
    {SECTION, "pool_p384", OPT_UNSIGNED, S(keypool_size[CF_KEY_P384]), .preset = "0",
     LIMITS("0", "4096"), .help = "P-384 keys kept ready."},
    {SECTION, "pool_max_age", OPT_DURATION, S(keypool_max_age_ms), .preset = "30m",
     LIMITS("1m", "24h"), .help = "A key that was not used for so long is destroyed."},
    {SECTION, "secure_heap", OPT_SIZE, .flags = CF_OPTION_RESTART | CF_OPTION_POWER_OF_2,
     S(secure_heap), .preset = "4M", LIMITS("64K", "1G"),
     .help = "Locked memory for private keys, a power of two. The unit's LimitMEMLOCK must allow "
             "it."},
#undef SECTION
#define SECTION "pfx"
    {SECTION, "iterations", OPT_UNSIGNED, S(pfx_iterations), .preset = "2048",
     LIMITS("2048", "100000"),
     .help = "Rounds of the password function. The password has 256 random bits: more rounds cost "
             "time and add no safety."},
    {SECTION, "allow_legacy", OPT_BOOL, S(pfx_allow_legacy), .preset = "no",
     .help = "Whether devices whose system reads no modern PFX may have one with old ciphers."},
#undef SECTION
#define SECTION "recipient"
    {SECTION, "check", OPT_BOOL, S(check_recipient), .preset = "yes",
     .help = "Whether a device certificate is checked. Without the check whoever rules the cloud "
             "can have keys sent to a certificate of his own; each start then logs a warning."},
    {SECTION, "ca_file", OPT_PATH, S(recipient_ca_file),
     .when = "this or pins_file is needed with check = yes",
     .example = "/etc/certferry/device-ca.pem", .help = "The CAs of device certificates, in PEM."},
    {SECTION, "pins_file", OPT_PATH, S(recipient_pins_file),
     .when = "this or ca_file is needed with check = yes", .example = "/etc/certferry/pins",
     .help = "Single device keys: in each line the SHA-256 of a SubjectPublicKeyInfo in hex, and "
             "optionally the device it is bound to."},
#undef SECTION
#define SECTION "revocation"
    {SECTION, "reason", OPT_CHOICE, S(revocation_reason), .preset = "cessationOfOperation",
     .choices = cf_choices_reason, .help = "The reason that is given to the CA."},
#undef SECTION
#define SECTION "retry"
    {SECTION, "min", OPT_DURATION, S(step_retry_min_ms), .preset = "5s", LIMITS("10ms", "1d"),
     .help = "The first pause before a step of a request is tried again."},
    {SECTION, "max", OPT_DURATION, S(step_retry_max_ms), .preset = "15m", LIMITS("10ms", "1d"),
     .help = "The longest of these pauses."},
#undef SECTION
#define SECTION "control"
    {SECTION, "socket", OPT_PATH, .flags = CF_OPTION_RESTART, S(control_socket),
     .preset = "/run/certferry/control.sock", .help = "The socket's path."},
    {SECTION, "group", OPT_NAME, .flags = CF_OPTION_RESTART, S(control_group),
     .preset = "certferry", .help = "The group whose members may use it, besides root."},
#undef SECTION
#define SECTION "ca"
    {SECTION, "backend", OPT_BACKEND, .flags = CF_OPTION_REQUIRED, C(backend), .example = "local",
     .choices = cf_choices_backend,
     .help = "local is the CA inside certferryd, exec runs a program for each operation."},
    {SECTION, "host", OPT_NAME, .flags = CF_OPTION_REQUIRED, C(host), .example = "ca.example.com",
     .help = "The CA's host, as profiles name it (certification authority)."},
    {SECTION, "name", OPT_TEXT, .flags = CF_OPTION_REQUIRED, C(ca_name),
     .example = "Example Issuing CA",
     .help = "The CA's name, as profiles name it (certification authority name)."},
    {SECTION, "templates", OPT_TEMPLATES, .flags = CF_OPTION_REQUIRED, C(templates),
     .count_offset = offsetof(struct cf_ca_settings, n_templates), .example = "Device",
     .help = "The [template] sections by which this CA issues. All others are refused."},
    {SECTION, "cert_file", OPT_PATH, C(cert_file), .backend = "local",
     .when = "needed with backend = local", .example = "/etc/certferry/corp.pem",
     .help = "The CA's certificate in PEM, then its issuers up to the root."},
    {SECTION, "key_file", OPT_SECRET, C(key_file), .backend = "local",
     .preset = "credential:ca-{name}-key", .help = "The CA's private key in PEM, unencrypted."},
    {SECTION, "crl_file", OPT_PATH, C(crl_file), .backend = "local",
     .preset = "{state_dir}/{name}.crl", .help = "Where the CRL is written (DER)."},
    {SECTION, "crl_url", OPT_WEB, C(crl_url), .backend = "local", .when = "none",
     .example = "http://pki.example.com/corp.crl",
     .help = "Where crl_file can be fetched; written into certificates. Without it nobody learns "
             "of a revocation."},
    {SECTION, "issuer_url", OPT_WEB, C(issuer_url), .backend = "local", .when = "none",
     .example = "http://pki.example.com/corp.cer",
     .help = "Where the CA's certificate can be fetched; written into certificates."},
    {SECTION, "crl_lifetime", OPT_DURATION, C(crl_lifetime_ms), .backend = "local", .preset = "7d",
     LIMITS("1h", "1y"), .help = "How long a CRL is good."},
    {SECTION, "crl_overlap", OPT_DURATION, C(crl_overlap_ms), .backend = "local", .preset = "1d",
     LIMITS("1m", "1y"),
     .help = "How long before its end a new one is written; less than crl_lifetime."},
    {SECTION, "backdate", OPT_DURATION, C(backdate_ms), .backend = "local", .preset = "5m",
     LIMITS("0", "1d"),
     .help = "How far in the past certificates begin, for devices whose clock is slow."},
    {SECTION, "command", OPT_COMMAND, C(command), .backend = "exec",
     .when = "needed with backend = exec",
     .example = "/usr/local/libexec/corp-ca --profile \"a b\"",
     .help = "The program and its arguments. Blanks part them, quotes keep them together; no "
             "shell is involved."},
    {SECTION, "chain_file", OPT_PATH, C(chain_file), .backend = "exec",
     .when = "the program's own chain is believed", .example = "/etc/certferry/partner.pem",
     .help = "The CA's certificate in PEM, then its issuers."},
    {SECTION, "timeout", OPT_DURATION, C(timeout_ms), .backend = "exec", .preset = "60s",
     LIMITS("1s", "1h"), .help = "How long the program may run."},
    {SECTION, "output_max", OPT_SIZE, C(output_max), .backend = "exec", .preset = "1M",
     LIMITS("1K", "16M"), .help = "How much it may write."},
#undef SECTION
#define SECTION "template"
    {SECTION, "key", OPT_CHOICE, T(key), .preset = "rsa2048", .choices = cf_choices_key,
     .help = "The kind of key that is made when the request does not say."},
    {SECTION, "min_key", OPT_UNSIGNED, T(min_rsa_bits), .preset = "2048", LIMITS("2048", "4096"),
     .help = "The least number of bits of an RSA key."},
    {SECTION, "key_usage", OPT_USAGES, T(key_usage), .preset = "digitalSignature keyEncipherment",
     .choices = cf_choices_usage,
     .help = "The most a request may ask for, and what it gets when it does not ask."},
    {SECTION, "eku", OPT_EKU, T(eku), .count_offset = offsetof(struct cf_template_settings, n_eku),
     .preset = "clientAuth",
     .help = "Extended key usages, likewise: names such as clientAuth, serverAuth, "
             "emailProtection, smartcardLogon, ipsecEndSystem, or dotted object identifiers."},
    {SECTION, "validity", OPT_DURATION, T(validity_ms), .preset = "365d", LIMITS("1h", "100y"),
     .help = "The longest a certificate is valid; never longer than the CA's own."},
    {SECTION, "approval", OPT_BOOL, T(approval), .preset = "no",
     .help = "Whether a person has to approve each request (backend = local)."},
#undef SECTION
};
const size_t cf_n_options = CF_COUNT(cf_options);

const struct cf_section *
cf_section_find(const char *type)
{
    for (size_t i = 0; i < cf_n_sections; i++) {
        if (strcmp(cf_sections[i].type, type) == 0)
            return &cf_sections[i];
    }
    return NULL;
}

const struct cf_option *
cf_option_find(const char *section, const char *key)
{
    for (size_t i = 0; i < cf_n_options; i++) {
        if (strcmp(cf_options[i].section, section) == 0 && strcmp(cf_options[i].key, key) == 0)
            return &cf_options[i];
    }
    return NULL;
}
