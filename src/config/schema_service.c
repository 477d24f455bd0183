/* SPDX-License-Identifier: Apache-2.0 */
/* schema_service - the options of the service itself. */
#include "schema.h"

#define S(member) .offset = offsetof(struct cf_settings, member)
#define LIMITS(low, high) .min = (low), .max = (high)

const struct cf_option cf_options_connector[] = {
    {"connector", "id", OPT_NAME, S(connector_id), .when = "the name of this host",
     .example = "connector-1",
     .help = "The name under which the management service knows this connector. Two connectors "
             "of one tenant need different ones."},
    {"connector", "state_dir", OPT_PATH, .flags = CF_OPTION_RESTART, S(state_dir),
     .preset = "/var/lib/certferry",
     .help = "Where the service keeps its files. It must be writable by the service only."},
    {"connector", "log_level", OPT_CHOICE, S(log_level), .preset = "info",
     .choices = cf_choices_log_level, .help = "The least important entries that are logged."},
    {"connector", "cpu_workers", OPT_UNSIGNED, .flags = CF_OPTION_RESTART, S(cpu_workers),
     .preset = "0", LIMITS("0", "256"),
     .help = "Threads that compute: keys, requests, PFX files. 0 is one for each core."},
    {"connector", "io_workers", OPT_UNSIGNED, .flags = CF_OPTION_RESTART, S(io_workers),
     .preset = "8", LIMITS("4", "256"),
     .help = "Threads that wait for others: the management service, the CAs, the disk."},
    {.key = NULL},
};

const struct cf_option cf_options_store[] = {
    {"store", "backend", OPT_CHOICE, .flags = CF_OPTION_RESTART, S(store_backend),
     .preset = "sqlite", .choices = cf_choices_store,
     .help = "Where it is: sqlite is a file of this host, postgres a server that several hosts "
             "share."},
    {"store", "path", OPT_PATH, .flags = CF_OPTION_RESTART, S(store_path),
     .only = "backend = sqlite", .preset = "{state_dir}/certferry.db",
     .help = "The SQLite database."},
    {"store", "connection", OPT_TEXT, .flags = CF_OPTION_RESTART | CF_OPTION_NEEDED,
     S(store_connection), .only = "backend = postgres", .check = cf_check_connection,
     .example = "host=db.example.com dbname=certferry user=certferry sslmode=verify-full",
     .help = "The PostgreSQL database, in libpq's words KEYWORD=VALUE, without a password."},
    {"store", "password_file", OPT_SECRET, .flags = CF_OPTION_RESTART, S(store_password_file),
     .only = "backend = postgres", .when = "none", .example = "credential:store-password",
     .help = "The file that holds the database user's password, where one is needed."},
    {"store", "key_file", OPT_SECRET, S(store_key_file), .preset = "credential:store-key",
     .help = "Exactly 32 random bytes: the key under which private keys are sealed while they "
             "wait for the CA. Requests that wait are lost when it is lost."},
    {"store", "retain", OPT_DURATION, S(store_retain_ms), .preset = "30d", LIMITS("0", "10y"),
     .help = "How long delivered requests and their history are kept. The ledger of issued "
             "certificates stays."},
    {.key = NULL},
};

const struct cf_option cf_options_keys[] = {
    {"keys", "pool_rsa2048", OPT_UNSIGNED, S(keypool_size[CF_KEY_RSA_2048]), .preset = "32",
     LIMITS("0", "4096"), .help = "RSA keys of 2048 bits kept ready."},
    {"keys", "pool_rsa3072", OPT_UNSIGNED, S(keypool_size[CF_KEY_RSA_3072]), .preset = "0",
     LIMITS("0", "4096"), .help = "RSA keys of 3072 bits kept ready."},
    {"keys", "pool_rsa4096", OPT_UNSIGNED, S(keypool_size[CF_KEY_RSA_4096]), .preset = "0",
     LIMITS("0", "4096"), .help = "RSA keys of 4096 bits kept ready."},
    {"keys", "pool_p256", OPT_UNSIGNED, S(keypool_size[CF_KEY_P256]), .preset = "32",
     LIMITS("0", "4096"), .help = "P-256 keys kept ready."},
    {"keys", "pool_p384", OPT_UNSIGNED, S(keypool_size[CF_KEY_P384]), .preset = "0",
     LIMITS("0", "4096"), .help = "P-384 keys kept ready."},
    {"keys", "pool_max_age", OPT_DURATION, S(keypool_max_age_ms), .preset = "30m",
     LIMITS("1m", "24h"), .help = "A key that was not used for so long is destroyed."},
    {"keys", "secure_heap", OPT_SIZE, .flags = CF_OPTION_RESTART | CF_OPTION_POWER_OF_2,
     S(secure_heap), .preset = "4M", LIMITS("64K", "1G"),
     .help = "Locked memory for private keys, a power of two. The unit's LimitMEMLOCK must allow "
             "it."},
    {.key = NULL},
};

const struct cf_option cf_options_pfx[] = {
    {"pfx", "iterations", OPT_UNSIGNED, S(pfx_iterations), .preset = "2048",
     LIMITS("2048", "100000"),
     .help = "Rounds of the password function. The password has 256 random bits: more rounds cost "
             "time and add no safety."},
    {"pfx", "allow_legacy", OPT_BOOL, S(pfx_allow_legacy), .preset = "no",
     .help = "Whether devices whose system reads no modern PFX may have one with old ciphers."},
    {.key = NULL},
};

const struct cf_option cf_options_recipient[] = {
    {"recipient", "check", OPT_BOOL, S(check_recipient), .preset = "yes",
     .help = "Whether a device certificate is checked. Without the check whoever rules the cloud "
             "can have keys sent to a certificate of his own; each start then logs a warning."},
    {"recipient", "ca_file", OPT_PATH, S(recipient_ca_file),
     .when = "this or pins_file is needed with check = yes",
     .example = "/etc/certferry/device-ca.pem", .help = "The CAs of device certificates, in PEM."},
    {"recipient", "pins_file", OPT_PATH, S(recipient_pins_file),
     .when = "this or ca_file is needed with check = yes", .example = "/etc/certferry/pins",
     .help = "Single device keys: in each line the SHA-256 of a SubjectPublicKeyInfo in hex, and "
             "optionally the device it is bound to."},
    {.key = NULL},
};

const struct cf_option cf_options_revocation[] = {
    {"revocation", "reason", OPT_CHOICE, S(revocation_reason), .preset = "cessationOfOperation",
     .choices = cf_choices_reason, .help = "The reason that is given to the CA."},
    {.key = NULL},
};

const struct cf_option cf_options_retry[] = {
    {"retry", "min", OPT_DURATION, S(step_retry_min_ms), .preset = "5s", LIMITS("10ms", "1d"),
     .help = "The first pause before a step of a request is tried again."},
    {"retry", "max", OPT_DURATION, S(step_retry_max_ms), .preset = "15m", LIMITS("10ms", "1d"),
     .help = "The longest of these pauses."},
    {.key = NULL},
};

const struct cf_option cf_options_control[] = {
    {"control", "socket", OPT_PATH, .flags = CF_OPTION_RESTART, S(control_socket),
     .preset = "/run/certferry/control.sock", .help = "The socket's path."},
    {"control", "group", OPT_NAME, .flags = CF_OPTION_RESTART, S(control_group),
     .preset = "certferry", .help = "The group whose members may use it, besides root."},
    {.key = NULL},
};
