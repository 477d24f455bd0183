/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import_uri - keys that stay in a token or TPM, found through OpenSSL's providers.
 */
#include "import_internal.h"

#include <pthread.h>
#include <string.h>

#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/store.h>

enum { SCHEME_SIZE = 32, PROPERTY_SIZE = 64 };

/* PKCS#11 v2.40: CKR_PIN_INCORRECT, _INVALID, _LEN_RANGE, _EXPIRED, _LOCKED. */
enum { CKR_PIN_FIRST = 0xa0, CKR_PIN_LAST = 0xa4 };

static pthread_mutex_t token_mutex = PTHREAD_MUTEX_INITIALIZER;

void
cf_token_lock(void)
{
    pthread_mutex_lock(&token_mutex);
}

void
cf_token_unlock(void)
{
    pthread_mutex_unlock(&token_mutex);
}

void
cf_import_source_done(struct cf_import_source *source)
{
    EVP_PKEY_free(source->pkey);
    if (source->provider)
        (void)OSSL_PROVIDER_unload(source->provider);
    if (source->by_default)
        (void)OSSL_PROVIDER_unload(source->by_default);
    OSSL_LIB_CTX_free(source->library);
    *source = (struct cf_import_source){0};
}

/* Engines and providers bring libraries of their own; their reasons are those of PKCS#11. */
static bool
is_about_pin(unsigned long code)
{
    int reason = ERR_GET_REASON(code);

    return ERR_GET_LIB(code) >= ERR_LIB_USER && reason >= CKR_PIN_FIRST && reason <= CKR_PIN_LAST;
}

enum cf_rc
cf_import_fail(struct cf_err *err, enum cf_rc rc, const char *what)
{
    /* The queue can only be looked at from its ends; what is between is rarely about anything
     * else. */
    if (is_about_pin(ERR_peek_error()) || is_about_pin(ERR_peek_last_error()))
        return cf_fail_openssl(err, CF_E_AUTH, "the token refuses the PIN");
    return cf_fail_openssl(err, rc, "%s", what);
}

/* Both providers go into an OpenSSL library of the source's own, so that nothing else in the
 * process ever computes with them. */
static enum cf_rc
load_provider(const char *name, struct cf_import_source *source, struct cf_err *err)
{
    source->library = OSSL_LIB_CTX_new();
    if (!source->library)
        return cf_fail_oom(err);
    source->by_default = OSSL_PROVIDER_load(source->library, "default");
    source->provider = OSSL_PROVIDER_load(source->library, name);
    if (source->by_default && source->provider)
        return CF_OK;
    ERR_clear_error();
    return cf_fail(err, CF_E_CONFIG, "OpenSSL has no provider '%s'; install it%s", name,
                   strcmp(name, "tpm2") == 0 ? " (tpm2-openssl)" : "");
}

static int
give_pin(UI *ui, UI_STRING *question)
{
    const struct cf_secret *pin = UI_get0_user_data(ui);

    if (UI_get_string_type(question) != UIT_PROMPT && UI_get_string_type(question) != UIT_VERIFY)
        return 1;
    return pin && UI_set_result(ui, question, (const char *)cf_secret_data(pin)) >= 0;
}

UI_METHOD *
cf_import_pin_method(void)
{
    UI_METHOD *method = UI_create_method("certferry");

    if (method)
        (void)UI_method_set_reader(method, give_pin);
    return method;
}

static void
method_free(UI_METHOD **method)
{
    UI_destroy_method(*method);
}

static void
store_free(OSSL_STORE_CTX **store)
{
    (void)OSSL_STORE_close(*store);
}

static EVP_PKEY *
first_key(OSSL_STORE_CTX *store)
{
    EVP_PKEY *pkey = NULL;

    while (!pkey && !OSSL_STORE_eof(store)) {
        OSSL_STORE_INFO *info = OSSL_STORE_load(store);

        if (!info && OSSL_STORE_error(store))
            return NULL;
        if (info && OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY)
            pkey = OSSL_STORE_INFO_get1_PKEY(info);
        OSSL_STORE_INFO_free(info);
    }
    return pkey;
}

static enum cf_rc
load_from_store(const char *uri, const char *provider, const struct cf_secret *pin,
                struct cf_import_source *source, struct cf_err *err)
{
    union {
        const void *in;
        void *out;
    } user_data = {.in = pin};
    char property[PROPERTY_SIZE];

    CF_TRY(load_provider(provider, source, err));
    __attribute__((cleanup(method_free))) UI_METHOD *method = cf_import_pin_method();
    if (!method)
        return cf_fail_oom(err);
    snprintf(property, sizeof property, "?provider=%s", provider);
    __attribute__((cleanup(store_free))) OSSL_STORE_CTX *store =
        OSSL_STORE_open_ex(uri, source->library, property, method, user_data.out, NULL, NULL, NULL);
    if (!store)
        return cf_import_fail(err, CF_E_NOT_FOUND, "its URI cannot be opened");
    (void)OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY);
    source->pkey = first_key(store);
    return source->pkey ? CF_OK : cf_import_fail(err, CF_E_NOT_FOUND, "no private key at its URI");
}

static enum cf_rc
read_scheme(const char *uri, char scheme[SCHEME_SIZE], struct cf_err *err)
{
    size_t len = strspn(uri, "abcdefghijklmnopqrstuvwxyz0123456789+-.");

    if (len == 0 || len >= SCHEME_SIZE || uri[len] != ':')
        return cf_fail(err, CF_E_CONFIG,
                       "no URI such as pkcs11:token=...;object=...; a file is named by "
                       "key_file");
    memcpy(scheme, uri, len);
    scheme[len] = '\0';
    if (strcmp(scheme, "file") == 0)
        return cf_fail(err, CF_E_CONFIG, "a file is named by key_file, not by a URI");
    return CF_OK;
}

enum cf_rc
cf_import_load(const char *uri, const struct cf_secret *pin, struct cf_import_source *ret_source,
               struct cf_err *err)
{
    struct cf_import_source source = {0};
    char scheme[SCHEME_SIZE];
    enum cf_rc rc;

    CF_TRY(read_scheme(uri, scheme, err));
    ERR_clear_error();
    bool is_token = strcmp(scheme, "pkcs11") == 0;
    bool is_tpm = strcmp(scheme, "handle") == 0 || strcmp(scheme, "object") == 0;
    bool has_engine = false;
    rc = is_token ? cf_import_engine_load(uri, pin, &source.pkey, &has_engine, err) : CF_OK;
    if (!has_engine)
        rc = load_from_store(uri, is_tpm ? "tpm2" : scheme, pin, &source, err);
    if (rc == CF_E_CONFIG && is_token)
        rc = cf_fail(err, CF_E_CONFIG,
                     "OpenSSL reaches no PKCS#11 token; install the engine "
                     "(libengine-pkcs11-openssl) or the provider (pkcs11-provider)");
    if (rc != CF_OK) {
        cf_import_source_done(&source);
        return rc;
    }
    *ret_source = source;
    return CF_OK;
}

static void
decoder_free(OSSL_DECODER_CTX **decoder)
{
    OSSL_DECODER_CTX_free(*decoder);
}

enum cf_rc
cf_import_load_tss2(const struct cf_secret *pem, struct cf_import_source *ret_source,
                    struct cf_err *err)
{
    struct cf_import_source source = {0};
    const unsigned char *at = cf_secret_data(pem);
    size_t len = cf_secret_len(pem);

    ERR_clear_error();
    if (load_provider("tpm2", &source, err) != CF_OK) {
        cf_import_source_done(&source);
        return cf_fail(err, CF_E_UNSUPPORTED,
                       "a key that a TPM wrapped (TSS2), and OpenSSL has no provider 'tpm2'; "
                       "install it (tpm2-openssl)");
    }
    __attribute__((cleanup(decoder_free))) OSSL_DECODER_CTX *decoder =
        OSSL_DECODER_CTX_new_for_pkey(&source.pkey, "PEM", NULL, NULL, EVP_PKEY_KEYPAIR,
                                      source.library, "?provider=tpm2");
    if (!decoder || OSSL_DECODER_from_data(decoder, &at, &len) != 1 || !source.pkey) {
        enum cf_rc rc = cf_import_fail(err, CF_E_ENCODING,
                                       "the TPM does not load the key (of another TPM, or in need "
                                       "of a password)");
        cf_import_source_done(&source);
        return rc;
    }
    *ret_source = source;
    return CF_OK;
}
