/* SPDX-License-Identifier: Apache-2.0 */
/*
 * internal - what the files of this folder share beyond ossl.h: what certificates and requests have
 * in common.
 */
#pragma once

#include <openssl/cms.h>
#include <openssl/kdf.h>
#include <openssl/pkcs12.h>

#include "certferry/csr.h"
#include "certferry/dn.h"
#include "certferry/key.h"
#include "certferry/san.h"
#include "ossl.h"

struct cf_import_source;
struct cf_key_rejection;

struct cf_key {
    EVP_PKEY *pkey; /* owned, by the source when there is one */
    enum cf_key_kind kind;
    struct cf_import_source *source;    /* owned; NULL: the key is in this process */
    struct cf_key_rejection *rejection; /* owned; see rsa_unwrap.h */
};

/* Empty; NULL when out of memory. */
struct cf_key *cf_key_new(enum cf_key_kind kind);

/* Not every token's library can be entered by several threads; around whatever the private half of
 * a key is used for. */
void cf_key_enter(const struct cf_key *key);
void cf_key_leave(const struct cf_key *key);
/* OpenSSL's library that the key computes in; NULL: the process's own. */
OSSL_LIB_CTX *cf_key_library(const struct cf_key *key);

/* Beyond those of ossl.h. */
CF_OSSL_OWN(ASN1_TYPE, ASN1_TYPE_free);
CF_OSSL_OWN(CMS_ContentInfo, CMS_ContentInfo_free);
CF_OSSL_OWN(EVP_CIPHER, EVP_CIPHER_free);
CF_OSSL_OWN(EVP_CIPHER_CTX, EVP_CIPHER_CTX_free);
CF_OSSL_OWN(EVP_KDF, EVP_KDF_free);
CF_OSSL_OWN(EVP_KDF_CTX, EVP_KDF_CTX_free);
CF_OSSL_OWN(EVP_MD_CTX, EVP_MD_CTX_free);
CF_OSSL_OWN(EVP_PKEY_CTX, EVP_PKEY_CTX_free);
CF_OSSL_OWN(OSSL_LIB_CTX, OSSL_LIB_CTX_free);
CF_OSSL_OWN(PKCS12, PKCS12_free);
CF_OSSL_OWN(PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free);
CF_OSSL_OWN(X509_NAME, X509_NAME_free);
CF_OSSL_OWN(X509_STORE, X509_STORE_free);
CF_OSSL_OWN(X509_STORE_CTX, X509_STORE_CTX_free);

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

/* Whether to verify with a key that a stranger made takes no longer than with an ordinary one: time
 * grows with the cube of an RSA key's size, and with the size of its exponent, which OpenSSL bounds
 * for keys above 3072 bits only. CF_E_LIMIT: RSA beyond these sizes; CF_E_UNSUPPORTED: neither RSA
 * nor EC, or a curve without a name. */
enum { CF_PKEY_BITS_MAX = 8192, CF_PKEY_EXPONENT_BITS_MAX = 64 };
CF_MUST_USE enum cf_rc cf_pkey_check_cost(const EVP_PKEY *pkey, struct cf_err *err);

/* An otherName of this type whose value is a string of `string_type` (V_ASN1_*). */
CF_MUST_USE enum cf_rc cf_other_name_new(const char *oid, int string_type, const char *text,
                                         GENERAL_NAME **ret_name, struct cf_err *err);
/* The value of an otherName of this type; NULL when it is another name. Borrowed. */
const ASN1_TYPE *cf_other_name_value(const GENERAL_NAME *name, const char *oid);

/* HKDF-SHA-256 of the store key (32 bytes) with this label. The caller wipes `key`. */
CF_MUST_USE enum cf_rc cf_derive_key(const struct cf_secret *store_key, const char *label,
                                     uint8_t key[32], struct cf_err *err);

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

/* *ret_challenge stays as it is where there is none or an empty one. CF_E_ENCODING. */
CF_MUST_USE enum cf_rc cf_csr_read_challenge(const X509_REQ *req, struct cf_secret **ret_challenge,
                                             struct cf_err *err);
/* As cf_csr_signature_sha. */
unsigned cf_csr_read_sha(const X509_REQ *req);

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
