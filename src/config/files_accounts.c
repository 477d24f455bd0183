/* SPDX-License-Identifier: Apache-2.0 */
/* files_accounts - the files for the directory, for imported PFX files and for copies of keys. */
#include <string.h>

#include "certferry/identity.h"
#include "certferry/import_key.h"
#include "files.h"

/* The file format of MIT and Heimdal: 5, then the version; 2 is the only one in use. */
void
cf_check_keytab(const struct cf_check *check, const char *path)
{
    static const unsigned char MAGIC[] = {5, 2};
    cf_own(cf_secret) keytab = cf_check_secret(check, "keytab_file", path);

    if (!keytab)
        return;
    if (cf_secret_len(keytab) <= sizeof MAGIC ||
        memcmp(cf_secret_data(keytab), MAGIC, sizeof MAGIC) != 0)
        cf_check_fail(check, "make one with ktutil, or on Windows with ktpass",
                      "keytab_file: %s is no keytab with keys", path);
    else
        cf_check_ok(check, "keytab_file can be read");
}

static void
check_directory(struct cf_check *check)
{
    const struct cf_directory_settings *directory = &check->settings->directory;

    if (!directory->uri)
        return;
    cf_check_begin(check, "directory");
    if (directory->auth == CF_DIRECTORY_SIMPLE)
        cf_check_line(check, "password_file", directory->password_file);
    else
        cf_check_keytab(check, directory->keytab_file);
    if (directory->ca_file && directory->tls != CF_DIRECTORY_SIGNED)
        cf_check_anchors(check, "ca_file", directory->ca_file);
}

static void
check_import_key(struct cf_check *check, const struct cf_import_key_settings *key)
{
    cf_own(cf_import_key) parsed = NULL;
    struct cf_err err = {0};

    cf_check_begin(check, "import-key %s", key->name);
    if (key->pin_file)
        cf_check_line(check, "pin_file", key->pin_file);
    if (!key->key_file)
        return;
    cf_own(cf_secret) pem = cf_check_secret(check, "key_file", key->key_file);
    if (!pem)
        return;
    if (cf_import_key_parse(pem, &parsed, &err) == CF_OK)
        cf_check_ok(check, "key_file: the key can be used");
    else
        cf_check_fail(check, "put the RSA key in PEM, unencrypted, into the file", "key_file: %s",
                      err.text);
}

static void
check_recovery(struct cf_check *check)
{
    cf_own(cf_identity) identity = NULL;
    struct cf_err err = {0};

    if (!check->settings->recovery_file)
        return;
    cf_check_begin(check, "recovery");
    cf_own(cf_secret) pem = cf_check_secret(check, "identity_file", check->settings->recovery_file);
    if (!pem)
        return;
    /* Copies are sealed and opened whatever its dates are. */
    if (cf_identity_parse(pem, &identity, &err) == CF_OK)
        cf_check_ok(check, "identity_file: the key is that of the certificate");
    else
        cf_check_fail(check, "put a private key and its certificate in PEM into the file",
                      "identity_file: %s", err.text);
}

void
cf_check_accounts(struct cf_check *check)
{
    const struct cf_settings *settings = check->settings;

    check_directory(check);
    for (size_t i = 0; i < settings->n_import_keys; i++)
        check_import_key(check, settings->import_keys[i]);
    check_recovery(check);
}
