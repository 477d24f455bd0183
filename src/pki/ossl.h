/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ossl - what this folder and the backends on OpenSSL (ca/local, ca/cmp) share: types that free
 * themselves, the error queue turned into a cf_err, and values from our types to OpenSSL's.
 */
#pragma once

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "certferry/cert.h"
#include "certferry/secret.h"

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

CF_OSSL_OWN(ASN1_INTEGER, ASN1_INTEGER_free);
CF_OSSL_OWN(ASN1_OBJECT, ASN1_OBJECT_free);
CF_OSSL_OWN(ASN1_OCTET_STRING, ASN1_OCTET_STRING_free);
CF_OSSL_OWN(ASN1_STRING, ASN1_STRING_free);
CF_OSSL_OWN(BIGNUM, BN_free);
CF_OSSL_OWN(BIO, BIO_free_all);
CF_OSSL_OWN(EVP_PKEY, EVP_PKEY_free);
CF_OSSL_OWN(GENERAL_NAME, GENERAL_NAME_free);
CF_OSSL_OWN(GENERAL_NAMES, GENERAL_NAMES_free);
CF_OSSL_OWN(X509, X509_free);
CF_OSSL_OWN(X509_EXTENSION, X509_EXTENSION_free);
CF_OSSL_OWN(X509_REQ, X509_REQ_free);

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

/* Another reference to OpenSSL's form of a certificate. What it computes at first use is there
 * already, so that threads only read it. */
X509 *cf_cert_x509(const struct cf_cert *cert);

/* In the forms that cf_serial_normalize takes. CF_E_SYNTAX. */
CF_MUST_USE enum cf_rc cf_serial_to_asn1(const char *serial, ASN1_INTEGER **ret_serial,
                                         struct cf_err *err);

/* A private key in PKCS#8 or a traditional form, without a passphrase, in the secure heap.
 * CF_E_ENCODING, CF_E_UNSUPPORTED (encrypted). */
CF_MUST_USE enum cf_rc cf_pkey_from_pem(const struct cf_secret *pem, EVP_PKEY **ret_pkey,
                                        struct cf_err *err);
