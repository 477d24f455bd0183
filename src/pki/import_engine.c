/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import_engine - keys in PKCS#11 tokens through OpenSSL's engine.
 *
 * Engines are deprecated, and all that is used of them is in this file: the distributions of today
 * have the engine for PKCS#11 but no provider. A token is asked for the bare RSA operation and
 * OpenSSL takes the OAEP padding off, so that tokens which know OAEP with SHA-1 only do too.
 */
#undef OPENSSL_NO_DEPRECATED
#undef OPENSSL_API_COMPAT
#define OPENSSL_API_COMPAT 10101

#include "import_internal.h"

#ifndef OPENSSL_NO_ENGINE
#include <openssl/engine.h>

/* Once found it stays: libp11 may not be taken down and set up again while keys of it are used. */
static ENGINE *
get_engine(void)
{
    static ENGINE *engine;

    if (engine)
        return engine;
    ENGINE *found = ENGINE_by_id("pkcs11");
    /* It would write its complaints to standard error; they are in the error queue anyway. */
    if (found)
        (void)ENGINE_ctrl_cmd_string(found, "QUIET", NULL, 0);
    if (found && ENGINE_init(found) == 1)
        engine = found;
    else if (found)
        ENGINE_free(found);
    return engine;
}

static enum cf_rc
load(ENGINE *engine, const char *uri, const struct cf_secret *pin, EVP_PKEY **ret_pkey,
     struct cf_err *err)
{
    if (pin && ENGINE_ctrl_cmd_string(engine, "PIN", (const char *)cf_secret_data(pin), 0) != 1)
        return cf_import_fail(err, CF_E_CONFIG, "the PKCS#11 engine takes no PIN");
    /* The default method would ask at the terminal for a PIN that is missing. */
    UI_METHOD *method = cf_import_pin_method();
    if (!method)
        return cf_fail_oom(err);
    EVP_PKEY *pkey = ENGINE_load_private_key(engine, uri, method, NULL);
    UI_destroy_method(method);
    if (!pkey)
        return cf_import_fail(err, CF_E_NOT_FOUND,
                              "the PKCS#11 engine finds no such private key in a token");
    *ret_pkey = pkey;
    return CF_OK;
}

enum cf_rc
cf_import_engine_load(const char *uri, const struct cf_secret *pin, EVP_PKEY **ret_pkey,
                      bool *ret_has_engine, struct cf_err *err)
{
    enum cf_rc rc = CF_E_NOT_FOUND;

    cf_token_lock();
    ENGINE *engine = get_engine();
    *ret_has_engine = engine != NULL;
    rc = engine ? load(engine, uri, pin, ret_pkey, err)
                : cf_import_fail(err, CF_E_NOT_FOUND, "OpenSSL has no engine for PKCS#11");
    cf_token_unlock();
    return rc;
}
#else
enum cf_rc
cf_import_engine_load(const char *uri, const struct cf_secret *pin, EVP_PKEY **ret_pkey,
                      bool *ret_has_engine, struct cf_err *err)
{
    (void)uri;
    (void)pin;
    (void)ret_pkey;
    *ret_has_engine = false;
    return cf_fail(err, CF_E_NOT_FOUND, "this OpenSSL was built without engines");
}
#endif
