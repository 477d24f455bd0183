/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token_generate - new keys in a PKCS#11 token.
 *
 * OpenSSL's engine uses keys but makes none, so that the token's module is called here, by way of
 * p11-kit: the one that PKCS11_MODULE_PATH names to the engine, or all that are registered, which
 * are the engine's too. It is never finalised: the engine has it open.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>
#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>

#include "import_internal.h"

enum { SLOTS_MAX = 64, ID_LEN = 16, LABEL_MAX = 255 };

struct place {
    P11KitUri *uri;
    CK_FUNCTION_LIST *module; /* where a token fits the URI */
    CK_SLOT_ID slot;
    unsigned n_fitting;
    bool wants_login;
};

static void
place_done(struct place *place)
{
    if (place->uri)
        p11_kit_uri_free(place->uri);
}
#define own_place __attribute__((cleanup(place_done))) struct place

static enum cf_rc
fail_token(struct cf_err *err, CK_RV rv, const char *what)
{
    bool is_pin = rv >= CKR_PIN_INCORRECT && rv <= CKR_PIN_LOCKED;

    if (is_pin)
        return cf_fail(err, CF_E_AUTH, "key in the token: the token refuses the PIN");
    return cf_fail(err, CF_E_IO, "key in the token: %s: %s (0x%lx)", what, p11_kit_strerror(rv),
                   (unsigned long)rv);
}

static void
try_slot(struct place *place, CK_FUNCTION_LIST *module, CK_SLOT_ID slot)
{
    CK_TOKEN_INFO info;

    if (module->C_GetTokenInfo(slot, &info) != CKR_OK || !(info.flags & CKF_TOKEN_INITIALIZED) ||
        (info.flags & CKF_WRITE_PROTECTED) || p11_kit_uri_match_token_info(place->uri, &info) != 1)
        return;
    place->n_fitting++;
    place->module = module;
    place->slot = slot;
    place->wants_login = (info.flags & CKF_LOGIN_REQUIRED) != 0;
}

static void
try_module(struct place *place, CK_FUNCTION_LIST *module)
{
    CK_SLOT_ID slots[SLOTS_MAX];
    CK_ULONG n = SLOTS_MAX;
    CK_INFO info;
    CK_RV rv = module->C_Initialize(&(CK_C_INITIALIZE_ARGS){.flags = CKF_OS_LOCKING_OK});

    if ((rv != CKR_OK && rv != CKR_CRYPTOKI_ALREADY_INITIALIZED) ||
        module->C_GetInfo(&info) != CKR_OK ||
        p11_kit_uri_match_module_info(place->uri, &info) != 1 ||
        module->C_GetSlotList(CK_TRUE, slots, &n) != CKR_OK)
        return;
    for (CK_ULONG i = 0; i < n; i++)
        try_slot(place, module, slots[i]);
}

/* Kept for the process. */
static CK_FUNCTION_LIST **
load_modules(void)
{
    static CK_FUNCTION_LIST *named[2], **registered;
    const char *path = getenv("PKCS11_MODULE_PATH");

    if (path && *path) {
        if (!named[0])
            named[0] = p11_kit_module_load(path, P11_KIT_MODULE_UNMANAGED);
        return named[0] ? named : NULL;
    }
    if (!registered)
        registered = p11_kit_modules_load(NULL, P11_KIT_MODULE_UNMANAGED);
    return registered;
}

static enum cf_rc
find_token(const char *uri, struct place *place, struct cf_err *err)
{
    place->uri = p11_kit_uri_new();
    if (!place->uri)
        return cf_fail_oom(err);
    int status = p11_kit_uri_parse(uri, P11_KIT_URI_FOR_ANY, place->uri);
    CK_ATTRIBUTE *label = p11_kit_uri_get_attribute(place->uri, CKA_LABEL);
    if (status != P11_KIT_URI_OK || !label || label->ulValueLen == 0 ||
        label->ulValueLen > LABEL_MAX)
        return cf_fail(err, CF_E_CONFIG,
                       "key in the token: no URI such as pkcs11:token=NAME;object=NAME (%s)",
                       p11_kit_uri_message(status) ? p11_kit_uri_message(status) : "object=");
    CK_FUNCTION_LIST **modules = load_modules();
    if (!modules)
        return cf_fail(err, CF_E_CONFIG, "key in the token: no PKCS#11 module can be loaded");
    for (; *modules; modules++)
        try_module(place, *modules);
    if (place->n_fitting == 0)
        return cf_fail(err, CF_E_NOT_FOUND,
                       "key in the token: no token that can be written to fits the URI");
    if (place->n_fitting > 1)
        return cf_fail(err, CF_E_CONFIG,
                       "key in the token: %u tokens fit the URI; name one (token=, serial=)",
                       place->n_fitting);
    return CF_OK;
}

static enum cf_rc
log_in(const struct place *place, CK_SESSION_HANDLE session, const struct cf_secret *pin,
       struct cf_err *err)
{
    union {
        const void *in;
        void *out;
    } data = {.in = pin ? cf_secret_data(pin) : NULL};

    if (!place->wants_login)
        return CF_OK;
    CK_RV rv = place->module->C_Login(session, CKU_USER, data.out, pin ? cf_secret_len(pin) : 0);
    if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN)
        return CF_OK;
    return pin ? fail_token(err, rv, "it cannot be logged in to")
               : cf_fail(err, CF_E_AUTH, "key in the token: the token asks for a PIN");
}

static enum cf_rc
check_is_new(const struct place *place, CK_SESSION_HANDLE session, struct cf_err *err)
{
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &class, sizeof class},
                             *p11_kit_uri_get_attribute(place->uri, CKA_LABEL)};
    CK_OBJECT_HANDLE object;
    CK_ULONG n = 0;

    CK_RV rv = place->module->C_FindObjectsInit(session, wanted, CF_COUNT(wanted));
    if (rv == CKR_OK) {
        rv = place->module->C_FindObjects(session, &object, 1, &n);
        (void)place->module->C_FindObjectsFinal(session);
    }
    if (rv != CKR_OK)
        return fail_token(err, rv, "it cannot be searched");
    if (n > 0)
        return cf_fail(err, CF_E_CONFLICT,
                       "key in the token: there is a private key of this name already");
    return CF_OK;
}

static enum cf_rc
generate(const struct place *place, CK_SESSION_HANDLE session, enum cf_key_kind kind,
         struct cf_err *err)
{
    CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    CK_ULONG bits = cf_key_kind_bits(kind);
    CK_BYTE exponent[] = {1, 0, 1}, id[ID_LEN];
    CK_ATTRIBUTE label = *p11_kit_uri_get_attribute(place->uri, CKA_LABEL);
    CK_ATTRIBUTE public_half[] = {
        {CKA_TOKEN, &yes, sizeof yes},
        {CKA_ENCRYPT, &yes, sizeof yes},
        {CKA_VERIFY, &yes, sizeof yes},
        {CKA_MODULUS_BITS, &bits, sizeof bits},
        {CKA_PUBLIC_EXPONENT, exponent, sizeof exponent},
        {CKA_ID, id, sizeof id},
        label,
    };
    CK_ATTRIBUTE private_half[] = {
        {CKA_TOKEN, &yes, sizeof yes},     {CKA_PRIVATE, &yes, sizeof yes},
        {CKA_SENSITIVE, &yes, sizeof yes}, {CKA_EXTRACTABLE, &no, sizeof no},
        {CKA_DECRYPT, &yes, sizeof yes},   {CKA_SIGN, &yes, sizeof yes},
        {CKA_ID, id, sizeof id},           label,
    };
    CK_MECHANISM mechanism = {.mechanism = CKM_RSA_PKCS_KEY_PAIR_GEN};
    CK_OBJECT_HANDLE public_key, private_key;

    if (RAND_bytes(id, sizeof id) != 1)
        return cf_fail_openssl(err, CF_E_CRYPTO, "no random bytes");
    CK_RV rv = place->module->C_GenerateKeyPair(session, &mechanism, public_half,
                                                CF_COUNT(public_half), private_half,
                                                CF_COUNT(private_half), &public_key, &private_key);
    return rv == CKR_OK ? CF_OK : fail_token(err, rv, "it makes no such key");
}

static enum cf_rc
generate_at(const char *uri, const struct cf_secret *pin, enum cf_key_kind kind, struct cf_err *err)
{
    own_place place = {0};
    CK_SESSION_HANDLE session;

    CF_TRY(find_token(uri, &place, err));
    CK_RV rv = place.module->C_OpenSession(place.slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL,
                                           NULL, &session);
    if (rv != CKR_OK)
        return fail_token(err, rv, "it cannot be opened for writing");
    enum cf_rc rc = log_in(&place, session, pin, err);
    if (rc == CF_OK)
        rc = check_is_new(&place, session, err);
    if (rc == CF_OK)
        rc = generate(&place, session, kind, err);
    (void)place.module->C_CloseSession(session);
    return rc;
}

enum cf_rc
cf_key_generate_in_token(const char *uri, const struct cf_secret *pin, enum cf_key_kind kind,
                         struct cf_key **ret_key, struct cf_err *err)
{
    if (!cf_key_kind_is_rsa(kind))
        return cf_fail(err, CF_E_UNSUPPORTED, "key in the token: only RSA keys are made there");
    cf_token_lock();
    enum cf_rc rc = generate_at(uri, pin, kind, err);
    cf_token_unlock();
    CF_TRY(rc);
    return cf_key_open_token(uri, pin, ret_key, err);
}
