/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scep_kit - devices that send SCEP messages of any shape, made by OpenSSL, and the registration
 * authority they send them to.
 */
#pragma once

#include <openssl/cms.h>

#include "cert_lab.h"
#include "certferry/scep_message.h"

#define KIT_CONTENT "what the device asks for, which is long enough for several blocks"

struct kit_spec {
    int type;                /* 0: PKCSReq */
    const char *transaction; /* NULL: "4711"; "": no attribute */
    int transaction_type;    /* V_ASN1_*; 0: PrintableString */
    const EVP_MD *md;        /* NULL: SHA-256 */
    X509 *signer;            /* NULL: kit_device() */
    EVP_PKEY *signer_key;
    bool signer_by_key_id;
    size_t nonce_len;                    /* 0: 16; SIZE_MAX: no attribute */
    int64_t signed_at_s;                 /* signingTime; 0: none */
    void (*add)(CMS_SignerInfo *signer); /* more attributes */

    struct cf_bytes content;  /* empty: KIT_CONTENT */
    const EVP_CIPHER *cipher; /* NULL: AES-128-CBC */
    X509 *recipient;          /* NULL: the RA's encryption certificate */
    bool recipient_by_key_id;
    const EVP_MD *oaep;                          /* NULL: PKCS #1 v1.5 */
    const EVP_MD *mgf1;                          /* NULL: as oaep */
    bool is_streamed;                            /* the envelope in BER */
    void (*edit)(uint8_t *envelope, size_t len); /* before it is signed */
    struct cf_bytes envelope;                    /* in place of one */
};

int kit_setup(void **state); /* a group's set-up */
int kit_teardown(void **state);

X509 *kit_ca(void);
X509 *kit_device(void); /* self-signed, lab_key("RSA") */
/* Encryption first. */
enum { KIT_ENCRYPTION, KIT_SIGNING, KIT_RAS };
const struct cf_scep_ra *kit_ras(void);
X509 *kit_ra_x509(int which);
/* A key's public half. */
EVP_PKEY *kit_public(const struct cf_key *key);

struct cf_buf *kit_message(const struct kit_spec *spec);
struct cf_scep_message *kit_parse(struct cf_bytes ber);
struct cf_scep_message *kit_parsed(const struct kit_spec *spec); /* both steps */
/* Indefinite lengths wherever something is constructed, octet strings in pieces. */
struct cf_buf *kit_to_ber(struct cf_bytes der);

/* What the device makes of an answer: all it says, the content decrypted. */
struct kit_answer {
    CMS_ContentInfo *cms;
    CMS_SignerInfo *signer;
    char transaction[CF_SCEP_TRANSACTION_MAX + 1];
    int transaction_type;
    char type[8], status[8], fail_info[8], fail_text[256];
    uint8_t sender_nonce[64], recipient_nonce[64];
    size_t sender_nonce_len, recipient_nonce_len;
    struct cf_buf *content; /* degenerate SignedData; NULL: empty */
    struct cf_buf *envelope;
};
void kit_read_answer(struct cf_bytes der, X509 *device, EVP_PKEY *key,
                     struct kit_answer *ret_answer);
void kit_answer_done(struct kit_answer *answer);
/* The n-th element of the set of certificates, in the order of the bytes. */
X509 *kit_nth_cert(struct cf_bytes degenerate, int n);
