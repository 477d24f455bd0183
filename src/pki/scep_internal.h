/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scep_internal - a message taken apart.
 */
#pragma once

#include "cert_internal.h"
#include "certferry/scep_message.h"
#include "der.h"

/* 2.16.840.1.113733.1.9 and what is below it. */
#define CF_OID_SCEP "2.16.840.1.113733.1.9"
#define CF_OID_SCEP_MESSAGE_TYPE CF_OID_SCEP ".2"
#define CF_OID_SCEP_STATUS CF_OID_SCEP ".3"
#define CF_OID_SCEP_FAIL_INFO CF_OID_SCEP ".4"
#define CF_OID_SCEP_SENDER_NONCE CF_OID_SCEP ".5"
#define CF_OID_SCEP_RECIPIENT_NONCE CF_OID_SCEP ".6"
#define CF_OID_SCEP_TRANSACTION CF_OID_SCEP ".7"
#define CF_OID_SCEP_FAIL_TEXT "1.3.6.1.5.5.7.24.1"

enum {
    CF_SCEP_CERTS_MAX = 16,
    CF_SCEP_RECIPIENTS_MAX = 16,
    CF_SCEP_ATTRIBUTES_MAX = 64,
    CF_SCEP_IV_MAX = 16
};

/* Who is meant: the name and number of a certificate, or a key identifier. Borrowed. */
struct cf_scep_id {
    struct cf_bytes issuer; /* Name, as an element */
    struct cf_bytes serial; /* INTEGER, as an element */
    struct cf_bytes key_id; /* with the other two empty */
};

struct cf_scep_oaep {
    int digest; /* NID; of the label, which is empty */
    int mgf1_digest;
};

struct cf_scep_recipient {
    struct cf_scep_id id;
    enum cf_scep_transport transport;
    struct cf_scep_oaep oaep; /* with CF_SCEP_OAEP */
    struct cf_bytes key;      /* the content key, encrypted */
};

/* The first thing that is wrong with a message that can be answered all the same. */
struct cf_scep_fault {
    enum cf_rc rc; /* CF_OK: nothing is */
    char text[CF_ERR_TEXT_MAX + 1];
};

struct cf_scep_message {
    struct cf_buf *der;              /* owned, as all buffers; the others' bytes are in it */
    struct cf_buf *envelope;         /* DER of the content; NULL when it is none */
    struct cf_buf *encrypted_joined; /* NULL when it was in one piece */

    X509 *signer; /* owned */
    struct cf_buf *signer_der;
    struct cf_buf *signer_spki;
    unsigned signer_bits;
    bool signer_is_rsa;

    int digest_nid;
    int signature_nid;
    struct cf_bytes signed_attributes; /* [0], as an element */
    struct cf_bytes signature;
    struct cf_bytes content; /* what the messageDigest is of */
    struct cf_bytes message_digest;

    int type;
    int transaction_type; /* V_ASN1_*: the string type */
    char transaction[CF_SCEP_TRANSACTION_MAX + 1];
    struct cf_bytes sender_nonce;
    bool has_signing_time;
    int64_t signing_time_ms;
    struct cf_scep_fault fault;

    struct cf_scep_recipient recipients[CF_SCEP_RECIPIENTS_MAX];
    size_t n_recipients; /* those with RSA; others are passed over */
    char *recipients_text;
    enum cf_scep_cipher cipher;
    uint8_t iv[CF_SCEP_IV_MAX];
    struct cf_bytes encrypted;
};

/* Keeps the first fault of a message; CF_OK unless it cannot. */
void cf_scep_set_fault(struct cf_scep_message *message, enum cf_rc rc, const char *format, ...)
    CF_PRINTF(3, 4);

/* OpenSSL's names: NIDs, and those its providers know; NULL for one that cannot be computed. */
enum cf_scep_digest cf_scep_digest_of_nid(int nid);
const EVP_MD *cf_scep_digest_md(enum cf_scep_digest digest);
enum cf_scep_cipher cf_scep_cipher_of_nid(int nid);
size_t cf_scep_cipher_key_len(enum cf_scep_cipher cipher);
size_t cf_scep_cipher_block_len(enum cf_scep_cipher cipher);

/* SignerIdentifier and RecipientIdentifier (RFC 5652 5.3 and 6.2.1), which are the same. */
bool cf_scep_take_id(struct cf_der *der, struct cf_scep_id *ret_id);
/* Names are compared as RFC 5280 7.1 says: some clients copy them in another string type. */
bool cf_scep_id_is(const struct cf_scep_id *id, X509 *x509);
/* "ISSUER / SERIAL", printable. */
void cf_scep_id_text(const struct cf_scep_id *id, char *ret, size_t size);

/* Reads message->signed_attributes. CF_E_ENCODING when there is nobody to answer; other faults
 * are noted. */
CF_MUST_USE enum cf_rc cf_scep_read_attributes(struct cf_scep_message *message, struct cf_err *err);
/* Reads message->content. Faults are noted, so that only CF_E_OOM comes back. */
CF_MUST_USE enum cf_rc cf_scep_read_envelope(struct cf_scep_message *message, struct cf_err *err);

/* Single DES is in a library of OpenSSL's own that nothing else in the process sees; it is made at
 * the first need and kept. */
struct cf_scep_cipher_suite {
    OSSL_LIB_CTX *library; /* borrowed; NULL: the process's own */
    EVP_CIPHER *cipher;    /* owned */
};
/* CF_E_UNSUPPORTED: this OpenSSL does not have it. */
CF_MUST_USE enum cf_rc cf_scep_cipher_fetch(enum cf_scep_cipher cipher,
                                            struct cf_scep_cipher_suite *ret_suite,
                                            struct cf_err *err);

void cf_scep_cipher_done(void); /* with cf_pki_done */

/* A degenerate SignedData: certificates and revocation lists as they are. */
CF_MUST_USE enum cf_rc cf_scep_degenerate(struct cf_bytes certs, struct cf_bytes crls,
                                          struct cf_buf **ret_der, struct cf_err *err);
/* SignedData by a registration authority, whose certificate is in it. `add` puts attributes beyond
 * contentType, messageDigest and signingTime there; may be NULL. */
typedef enum cf_rc cf_scep_add_fn(const void *arg, CMS_SignerInfo *signer, struct cf_err *err);
CF_MUST_USE enum cf_rc cf_scep_sign(struct cf_bytes content, const struct cf_scep_ra *ra,
                                    enum cf_scep_digest digest, int64_t now_ms, cf_scep_add_fn *add,
                                    const void *arg, struct cf_buf **ret_der, struct cf_err *err);
/* EnvelopedData for the signer of a message, whom it encrypted alike. */
CF_MUST_USE enum cf_rc cf_scep_encrypt(struct cf_bytes content,
                                       const struct cf_scep_message *message,
                                       enum cf_scep_cipher cipher, struct cf_buf **ret_der,
                                       struct cf_err *err);
