/* SPDX-License-Identifier: Apache-2.0 */
/* schema_import - the options of imported PFX files and of copies for re-encryption. */
#include "schema.h"

#define I(member) .offset = offsetof(struct cf_import_key_settings, member)
#define S(member) .offset = offsetof(struct cf_settings, member)

const struct cf_option cf_options_import_key[] = {
    {"import-key", "provider", OPT_TEXT, I(provider), .when = "any",
     .example = "Microsoft Software Key Storage Provider",
     .help = "The key storage provider, as requests name it (providerName)."},
    {"import-key", "name", OPT_TEXT, .flags = CF_OPTION_REQUIRED, I(key_name),
     .example = "PFXEncryptionKey", .help = "The key, as requests name it (keyName)."},
    {"import-key", "key_file", OPT_SECRET, I(key_file), .when = "this or key_uri is needed",
     .example = "credential:import-office",
     .help = "The RSA key in PEM, unencrypted, or a TSS2 key that only this host's TPM can use. "
             "`certferry import-key` makes one of a key that comes from Windows."},
    {"import-key", "key_uri", OPT_TEXT, I(key_uri), .check = cf_check_key_uri,
     .when = "this or key_file is needed", .example = "pkcs11:token=certferry;object=import",
     .help = "The key by a URI that OpenSSL's engines or providers know."},
    {"import-key", "pin_file", OPT_SECRET, I(pin_file), .when = "none",
     .example = "credential:import-pin",
     .help = "The file that holds the PIN of the token, for key_uri."},
    {.key = NULL},
};

const struct cf_option cf_options_recovery[] = {
    {"recovery", "identity_file", OPT_SECRET, S(recovery_file), .when = "none",
     .example = "credential:recovery",
     .help = "Private key and certificate in PEM. When it is set, a copy of each key that is "
             "issued for a user is kept, sealed to this certificate: whoever has this file and the "
             "database has the users' keys. Its dates do not matter; another certificate, even for "
             "the same key, opens none of the copies made before."},
    {.key = NULL},
};
