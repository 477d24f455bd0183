/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scep_message - the messages of the Simple Certificate Enrolment Protocol (RFC 8894), as bytes.
 *
 * Reads BER as clients write it, writes DER. A parsed message is immutable and may be shared
 * between threads. Nothing here judges: algorithms are named, and it is the caller who allows them.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "certferry/cert.h"
#include "certferry/finding.h"
#include "certferry/key.h"

enum {
    CF_SCEP_MESSAGE_MAX = 256 * 1024,
    CF_SCEP_TRANSACTION_MAX = 256, /* characters */
    CF_SCEP_NONCE_MAX = 64,
    CF_SCEP_BUNDLE_MAX = 16 /* certificates */
};

/* messageType, RFC 8894 3.2.1.2. */
enum cf_scep_message_type {
    CF_SCEP_CERT_REP = 3,
    CF_SCEP_RENEWAL_REQ = 17,
    CF_SCEP_UPDATE_REQ = 18, /* of drafts before the RFC */
    CF_SCEP_PKCS_REQ = 19,
    CF_SCEP_CERT_POLL = 20,
    CF_SCEP_GET_CERT = 21,
    CF_SCEP_GET_CRL = 22
};
enum cf_scep_status { CF_SCEP_SUCCESS = 0, CF_SCEP_FAILURE = 2, CF_SCEP_PENDING = 3 };
enum cf_scep_fail_info {
    CF_SCEP_BAD_ALG = 0,
    CF_SCEP_BAD_MESSAGE_CHECK = 1,
    CF_SCEP_BAD_REQUEST = 2,
    CF_SCEP_BAD_TIME = 3,
    CF_SCEP_BAD_CERT_ID = 4
};
const char *
cf_scep_message_type_name(enum cf_scep_message_type type);            /* "PKCSReq"; NULL: unknown */
const char *cf_scep_fail_info_name(enum cf_scep_fail_info fail_info); /* "badAlg" */

enum cf_scep_digest {
    CF_SCEP_MD5,
    CF_SCEP_SHA1,
    CF_SCEP_SHA224,
    CF_SCEP_SHA256,
    CF_SCEP_SHA384,
    CF_SCEP_SHA512,
    CF_SCEP_DIGEST_OTHER
};
enum cf_scep_cipher {
    CF_SCEP_DES,
    CF_SCEP_DES3,
    CF_SCEP_AES128,
    CF_SCEP_AES192,
    CF_SCEP_AES256,
    CF_SCEP_CIPHER_OTHER
};
/* How the content key is encrypted to an RSA key. */
enum cf_scep_transport { CF_SCEP_PKCS1, CF_SCEP_OAEP, CF_SCEP_TRANSPORT_OTHER };
const char *cf_scep_digest_name(enum cf_scep_digest digest); /* "SHA-256" */
const char *cf_scep_cipher_name(enum cf_scep_cipher cipher); /* "AES-128-CBC" */

struct cf_scep_message;

/*
 * Reads a pkiMessage: SignedData with one signer, whose certificate is in it, over EnvelopedData.
 * CF_E_ENCODING when it is no such thing or transactionID, messageType or signer are not there, so
 * that nobody can be answered; CF_E_LIMIT. What else is wrong with it is told by
 * cf_scep_message_check, so that the device gets a signed answer.
 */
CF_MUST_USE enum cf_rc cf_scep_message_parse(struct cf_bytes ber,
                                             struct cf_scep_message **ret_message,
                                             struct cf_err *err);
struct cf_scep_message *cf_scep_message_free(struct cf_scep_message *message);
CF_DEFINE_OWN(cf_scep_message);

/* Signature and attributes. CF_E_CRYPTO: the signature or messageDigest is not the signer's
 * (badMessageCheck); CF_E_UNSUPPORTED: an algorithm that cannot be verified (badAlg); CF_E_FIELD: a
 * compulsory attribute or the envelope is missing or no good (badRequest); CF_E_LIMIT: more than
 * CF_SECRET_MAX octets are encrypted (badRequest). *ret_fail_info is set with every error. */
CF_MUST_USE enum cf_rc cf_scep_message_check(const struct cf_scep_message *message,
                                             enum cf_scep_fail_info *ret_fail_info,
                                             struct cf_err *err);

/* All borrowed. */
int cf_scep_message_type(const struct cf_scep_message *message); /* as sent; may be no known one */
const char *cf_scep_message_transaction(const struct cf_scep_message *message); /* UTF-8 */
struct cf_bytes cf_scep_message_sender_nonce(const struct cf_scep_message *message);
enum cf_scep_digest cf_scep_message_digest(const struct cf_scep_message *message);
enum cf_scep_cipher cf_scep_message_cipher(const struct cf_scep_message *message);
enum cf_scep_transport cf_scep_message_transport(const struct cf_scep_message *message);
/* signingTime, milliseconds since 1970; false when absent. */
bool cf_scep_message_signing_time(const struct cf_scep_message *message, int64_t *ret_ms);
/* The signer's certificate as it came. It may be one that cf_cert_parse refuses (serial numbers of
 * 33 octets are met in the field). */
struct cf_bytes cf_scep_message_signer(const struct cf_scep_message *message);
bool cf_scep_message_signer_is_rsa(const struct cf_scep_message *message);
unsigned cf_scep_message_signer_bits(const struct cf_scep_message *message);
/* SubjectPublicKeyInfo. */
struct cf_bytes cf_scep_message_signer_spki(const struct cf_scep_message *message);
/* "ISSUER / SERIAL, ISSUER / SERIAL" or key identifiers: whom it is encrypted to; made printable.
 */
const char *cf_scep_message_recipients(const struct cf_scep_message *message);

/* A registration authority's certificate and its key; borrowed. */
struct cf_scep_ra {
    const struct cf_cert *cert;
    const struct cf_key *key;
};

/*
 * Opens the envelope with whichever of n keys it is for. CF_E_NOT_FOUND: for none of them; else
 * CF_E_CRYPTO, always with the same text and in the same time, for every reason (RFC 3218); one
 * wrong content in some hundred comes out as CF_OK and makes no sense. So the answer to CF_E_CRYPTO
 * has to be the one to content that is not what the message's type asks for, text and all
 * (badRequest): whoever can tell the two apart can have others' requests decrypted bit by bit.
 *
 * CF_E_UNSUPPORTED for a cipher or key transport that OpenSSL does not have; CF_E_LIMIT over
 * CF_SECRET_MAX octets. CF_E_IO: a token does not answer. Single DES is opened like any other
 * cipher, by OpenSSL's legacy provider in a place of its own: it is the caller who refuses it.
 */
CF_MUST_USE enum cf_rc cf_scep_message_open(const struct cf_scep_message *message,
                                            const struct cf_scep_ra *ras, size_t n,
                                            struct cf_secret **ret_content, struct cf_err *err);

/* IssuerAndSubject (CertPoll) and IssuerAndSerialNumber (GetCert, GetCRL), RFC 8894 3.3.3-3.3.4:
 * the issuer's name as DER, borrowed from `content`. CF_E_ENCODING. */
CF_MUST_USE enum cf_rc cf_scep_parse_issuer_and_subject(struct cf_bytes content,
                                                        struct cf_bytes *ret_issuer,
                                                        struct cf_bytes *ret_subject,
                                                        struct cf_err *err);
CF_MUST_USE enum cf_rc cf_scep_parse_issuer_and_serial(struct cf_bytes content,
                                                       struct cf_bytes *ret_issuer,
                                                       char ret_serial[CF_SERIAL_TEXT_SIZE],
                                                       struct cf_err *err);

struct cf_scep_reply {
    enum cf_scep_status status;
    enum cf_scep_fail_info fail_info; /* with FAILURE */
    const char *fail_text;            /* failInfoText, UTF-8, short; NULL: none */
    struct cf_bytes certs;            /* SUCCESS: DER concatenated, the issued one first */
    struct cf_bytes crl;              /* SUCCESS of GetCRL, in place of certs */
    int64_t now_ms;                   /* signingTime */
    enum cf_scep_digest floor;        /* a weaker digest of the request is not mirrored */
    enum cf_scep_cipher cipher; /* where the request's is neither AES nor 3DES, which are mirrored;
                                   CF_SCEP_DES only to a request with it, else AES-128-CBC */
};
/* The CertRep to `message`, signed by `signer` with rsaEncryption, encrypted to the message's
 * signer. CF_E_UNSUPPORTED: nothing can be encrypted to that key (badAlg or badRequest is still
 * answered). CF_E_CONFIG: `signer` is not RSA; CF_E_IO: its token does not answer. */
CF_MUST_USE enum cf_rc cf_scep_reply_build(const struct cf_scep_message *message,
                                           const struct cf_scep_ra *signer,
                                           const struct cf_scep_reply *reply,
                                           struct cf_buf **ret_der, struct cf_err *err);

/* Certificates in this order in a degenerate SignedData (GetCACert); the same ones give the same
 * bytes. CF_E_LIMIT: none, or more than CF_SCEP_BUNDLE_MAX; CF_E_ENCODING: one is no DER. */
CF_MUST_USE enum cf_rc cf_scep_bundle(const struct cf_bytes *certs, size_t n,
                                      struct cf_buf **ret_der, struct cf_err *err);
/* GetNextCACert, RFC 8894 4.7.1: the same, inside SignedData by `signer`. */
CF_MUST_USE enum cf_rc cf_scep_next_ca(const struct cf_bytes *certs, size_t n,
                                       const struct cf_scep_ra *signer, int64_t now_ms,
                                       struct cf_buf **ret_der, struct cf_err *err);

/* A GetCACert or an RA certificate as devices will see it: what keeps the usual clients from using
 * it (RSA of 2048 bits or more, not a CA, critical key usage, issued by the CA itself, valid now),
 * one finding each. `can_sign`, `can_decrypt`: what this one is for. */
void cf_scep_check_ra(const struct cf_cert *cert, const struct cf_cert *issuer, bool can_sign,
                      bool can_decrypt, int64_t now_ms, cf_finding_fn *fn, void *arg);

/* The certificate chain of a SCEP listener's TLS, as its file has it: order, end, and what Apple's
 * devices want of a server (HT210176): RSA of 2048 bits or more or P-256 or P-384, SHA-2, a DNS
 * name among the alternative names, serverAuth, at most 825 days. One finding each. */
void cf_scep_check_tls(const struct cf_chain *chain, int64_t now_ms, cf_finding_fn *fn, void *arg);
