/* SPDX-License-Identifier: Apache-2.0 */
/*
 * internal - what the files of this folder share: OpenSSL types that free themselves, the error
 * queue turned into a cf_err, and what certificates and requests have in common.
 */
#pragma once

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "certferry/csr.h"
#include "certferry/dn.h"
#include "certferry/key.h"
#include "certferry/san.h"

struct cf_key {
    EVP_PKEY *pkey; /* owned */
    enum cf_key_kind kind;
};

/* As cf_fail, with the reasons of OpenSSL's error queue appended and the queue emptied. A failed
 * allocation in the queue makes it CF_E_OOM. */
enum cf_rc cf_fail_openssl(struct cf_err *err, enum cf_rc rc, const char *format, ...)
    CF_PRINTF(3, 4);
#define cf_fail_openssl(...) cf_never_ok_(cf_fail_openssl(__VA_ARGS__))

/* Locals of OpenSSL's types: cf_own_ossl(X509) x509 = NULL; */
#define CF_OSSL_OWN(type, free_function)                                                           \
    static inline void cf_##type##_freep(type **p)                                                 \
    {                                                                                              \
        free_function(*p);                                                                         \
        *p = NULL;                                                                                 \
    }                                                                                              \
    struct cf_##type##_semicolon_
#define cf_own_ossl(type) __attribute__((cleanup(cf_##type##_freep))) type *

CF_OSSL_OWN(ASN1_OBJECT, ASN1_OBJECT_free);
CF_OSSL_OWN(ASN1_OCTET_STRING, ASN1_OCTET_STRING_free);
CF_OSSL_OWN(ASN1_STRING, ASN1_STRING_free);
CF_OSSL_OWN(ASN1_TYPE, ASN1_TYPE_free);
CF_OSSL_OWN(BIO, BIO_free_all);
CF_OSSL_OWN(CMS_ContentInfo, CMS_ContentInfo_free);
CF_OSSL_OWN(EVP_CIPHER, EVP_CIPHER_free);
CF_OSSL_OWN(EVP_CIPHER_CTX, EVP_CIPHER_CTX_free);
CF_OSSL_OWN(EVP_KDF, EVP_KDF_free);
CF_OSSL_OWN(EVP_KDF_CTX, EVP_KDF_CTX_free);
CF_OSSL_OWN(EVP_MD_CTX, EVP_MD_CTX_free);
CF_OSSL_OWN(EVP_PKEY, EVP_PKEY_free);
CF_OSSL_OWN(EVP_PKEY_CTX, EVP_PKEY_CTX_free);
CF_OSSL_OWN(GENERAL_NAME, GENERAL_NAME_free);
CF_OSSL_OWN(GENERAL_NAMES, GENERAL_NAMES_free);
CF_OSSL_OWN(OSSL_LIB_CTX, OSSL_LIB_CTX_free);
CF_OSSL_OWN(PKCS12, PKCS12_free);
CF_OSSL_OWN(PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free);
CF_OSSL_OWN(X509, X509_free);
CF_OSSL_OWN(X509_EXTENSION, X509_EXTENSION_free);
CF_OSSL_OWN(X509_NAME, X509_NAME_free);
CF_OSSL_OWN(X509_REQ, X509_REQ_free);
CF_OSSL_OWN(X509_STORE, X509_STORE_free);
CF_OSSL_OWN(X509_STORE_CTX, X509_STORE_CTX_free);

static inline void
cf_extension_stack_freep(STACK_OF(X509_EXTENSION) * *p)
{
    sk_X509_EXTENSION_pop_free(*p, X509_EXTENSION_free);
    *p = NULL;
}
#define cf_own_extension_stack                                                                     \
    __attribute__((cleanup(cf_extension_stack_freep))) STACK_OF(X509_EXTENSION) *

/* What an i2d function allocated (len <= 0: it failed) as a buffer; take_data is freed. */
CF_MUST_USE enum cf_rc cf_buf_from_ossl(unsigned char *take_data, int len, struct cf_buf **ret_buf,
                                        struct cf_err *err);

CF_MUST_USE enum cf_rc cf_dn_to_x509_name(const struct cf_dn *dn, X509_NAME **ret_name,
                                          struct cf_err *err);
CF_MUST_USE enum cf_rc cf_dn_from_x509_name(const X509_NAME *name, struct cf_dn **ret_dn,
                                            struct cf_err *err);

/* The value of a directory string or GeneralName string as NUL-terminated UTF-8 (malloc'd), from
 * whatever string type carried it. CF_E_ENCODING for an embedded NUL, for bytes that are not of
 * that type, and for text over max_len bytes. */
CF_MUST_USE enum cf_rc cf_utf8_from_asn1(const ASN1_STRING *string, size_t max_len, char **ret_text,
                                         struct cf_err *err);

/* The object of a dotted OID (RFC 4512: no empty arc, no leading zero; OpenSSL alone takes both);
 * NULL when it is none. */
ASN1_OBJECT *cf_object_of_oid(const char *oid);

/* Size of a public key; 0 when it is neither RSA nor EC. ret_is_rsa may be NULL. */
unsigned cf_pkey_bits(const EVP_PKEY *pkey, bool *ret_is_rsa);

/* An otherName of this type whose value is a string of `string_type` (V_ASN1_*). */
CF_MUST_USE enum cf_rc cf_other_name_new(const char *oid, int string_type, const char *text,
                                         GENERAL_NAME **ret_name, struct cf_err *err);
/* The value of an otherName of this type; NULL when it is another name. Borrowed. */
const ASN1_TYPE *cf_other_name_value(const GENERAL_NAME *name, const char *oid);

/* A private key in PKCS#8 or a traditional form, without a passphrase, in the secure heap.
 * CF_E_ENCODING, CF_E_UNSUPPORTED (encrypted). */
CF_MUST_USE enum cf_rc cf_pkey_from_pem(const struct cf_secret *pem, EVP_PKEY **ret_pkey,
                                        struct cf_err *err);
/* PKCS#8, followed by `tail`. */
CF_MUST_USE enum cf_rc cf_pkey_to_pem(const EVP_PKEY *pkey, struct cf_bytes tail,
                                      struct cf_secret **ret_pem, struct cf_err *err);
CF_MUST_USE enum cf_rc cf_pkey_public_pem(const EVP_PKEY *pkey, struct cf_buf **ret_pem,
                                          struct cf_err *err);

/* What requests and certificates say in their extensions. */
struct cf_extensions {
    struct cf_san *san; /* never NULL after cf_extensions_read; empty when absent */
    size_t n_other_san; /* names of types that cf_san does not hold */
    bool has_key_usage;
    unsigned key_usage; /* CF_KU_* */
    char **eku;         /* dotted OIDs */
    size_t n_eku;
    bool has_basic_constraints;
    bool is_ca;
    char *template_name;       /* 1.3.6.1.4.1.311.20.2; NULL when absent */
    char *template_oid;        /* 1.3.6.1.4.1.311.21.7; NULL when absent */
    char **application_policy; /* 1.3.6.1.4.1.311.21.10: what Windows reads instead of the EKU */
    size_t n_application_policy;
    char *sid; /* 1.3.6.1.4.1.311.25.2: an account's; NULL when absent */
};

/* An extension present twice or one that cannot be decoded is CF_E_ENCODING, naming it. `stack`
 * may be NULL. Extensions not named above are ignored. */
CF_MUST_USE enum cf_rc cf_extensions_read(const STACK_OF(X509_EXTENSION) * stack,
                                          struct cf_extensions *ret_extensions, struct cf_err *err);
void cf_extensions_done(struct cf_extensions *extensions); /* takes a zeroed one too */

/* Adds one extension to *stack, which is made when NULL. */
CF_MUST_USE enum cf_rc cf_extensions_add_key_usage(STACK_OF(X509_EXTENSION) * *stack, unsigned bits,
                                                   struct cf_err *err);
CF_MUST_USE enum cf_rc cf_extensions_add_eku(STACK_OF(X509_EXTENSION) * *stack,
                                             const char *const *eku, size_t n_eku,
                                             struct cf_err *err);
CF_MUST_USE enum cf_rc cf_extensions_add_san(STACK_OF(X509_EXTENSION) * *stack,
                                             const struct cf_san *san, bool critical,
                                             struct cf_err *err);
CF_MUST_USE enum cf_rc cf_extensions_add_template(STACK_OF(X509_EXTENSION) * *stack,
                                                  const char *template_name, struct cf_err *err);
CF_MUST_USE enum cf_rc cf_extensions_add_template_oid(STACK_OF(X509_EXTENSION) * *stack,
                                                      const char *template_oid, struct cf_err *err);
CF_MUST_USE enum cf_rc cf_extensions_add_sid(STACK_OF(X509_EXTENSION) * *stack, const char *sid,
                                             struct cf_err *err);
