/* SPDX-License-Identifier: Apache-2.0 */
#include "token_lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PKCS11_MODULE "/usr/lib/softhsm/libsofthsm2.so"

void
token_lab_configure(const char *dir)
{
    char path[128];

    lab_write_key(dir, "key", lab_key("RSA"));
    lab_sh_ok(dir,
              "mkdir tokens && printf 'directories.tokendir = %s/tokens\\nobjectstore.backend = "
              "file\\nlog.level = ERROR\\n' >softhsm.conf",
              dir);
    snprintf(path, sizeof path, "%s/softhsm.conf", dir);
    assert_int_equal(setenv("SOFTHSM2_CONF", path, 1), 0);
    assert_int_equal(setenv("PKCS11_MODULE_PATH", PKCS11_MODULE, 1), 0);
}

bool
token_lab_has_token(const char *dir, const char *label)
{
    if (!lab_has_program("softhsm2-util", "softhsm2"))
        return false;
    if (lab_sh(dir, "openssl engine pkcs11") != 0) {
        print_message("not tried: package libengine-pkcs11-openssl is not installed\n");
        return false;
    }
    lab_sh_ok(dir,
              "test -e made || (softhsm2-util --init-token --free --label t --pin 1234 --so-pin "
              "5678 && softhsm2-util --import key --token t --label %s --id 01 --pin 1234 && touch "
              "made)",
              label);
    return true;
}

struct cf_secret *
token_lab_secret(const char *text)
{
    struct cf_err err;
    struct cf_secret *secret = NULL;

    assert_ok(cf_secret_copy(text, strlen(text) + 1, &secret, &err), err);
    cf_secret_truncate(secret, strlen(text));
    return secret;
}
