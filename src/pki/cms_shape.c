/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cms_shape - does an envelope look as cf_cms_seal_pfx makes them?
 *
 * Readers of AuthEnvelopedData had faults in how they took nonce and tag lengths. What is opened
 * here was made here, so the one shape there is can be asked for byte by byte before a decryptor
 * sees it.
 */
#include "cms_internal.h"
#include "der.h"

#include <string.h>

#include <openssl/err.h>

enum { NONCE_LEN = 12, TAG_LEN = 16 };

static bool
take_sized(struct cf_der *cursor, int tag, size_t len)
{
    struct cf_der content;

    return cf_der_take(cursor, V_ASN1_UNIVERSAL, tag, &content) &&
           (size_t)(content.end - content.at) == len;
}

/* SEQUENCE { aes256-GCM, SEQUENCE { nonce of 12 bytes, tag length 16 } } */
static bool
take_aes_gcm(struct cf_der *cursor)
{
    static const uint8_t oid[] = {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2e};
    static const uint8_t tag_len = TAG_LEN;
    struct cf_der algorithm, params;

    return cf_der_take(cursor, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE, &algorithm) &&
           cf_der_take_exactly(&algorithm, V_ASN1_OBJECT, oid, sizeof oid) &&
           cf_der_take(&algorithm, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE, &params) &&
           algorithm.at == algorithm.end && take_sized(&params, V_ASN1_OCTET_STRING, NONCE_LEN) &&
           cf_der_take_exactly(&params, V_ASN1_INTEGER, &tag_len, 1) && params.at == params.end;
}

/* [0] { [1] { algorithm, the ephemeral key: whole octets, an uncompressed point } }: readers take
 * other forms of the same point. */
static bool
take_originator(struct cf_der *cursor)
{
    static const uint8_t no_unused_bits_uncompressed[] = {0, 4};
    struct cf_der outer, key, algorithm, bits;

    return cf_der_take(cursor, V_ASN1_CONTEXT_SPECIFIC, 0, &outer) &&
           cf_der_take(&outer, V_ASN1_CONTEXT_SPECIFIC, 1, &key) && outer.at == outer.end &&
           cf_der_take(&key, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE, &algorithm) &&
           cf_der_take(&key, V_ASN1_UNIVERSAL, V_ASN1_BIT_STRING, &bits) && key.at == key.end &&
           bits.end - bits.at > 2 &&
           memcmp(bits.at, no_unused_bits_uncompressed, sizeof no_unused_bits_uncompressed) == 0;
}

/* One: KeyTransRecipientInfo (RSA) or KeyAgreeRecipientInfo (EC), each with its version. */
static bool
take_recipients(struct cf_der *cursor)
{
    static const uint8_t transport = 0, agreement = 3;
    struct cf_der set, recipient;

    if (!cf_der_take(cursor, V_ASN1_UNIVERSAL, V_ASN1_SET, &set))
        return false;
    bool is_known = cf_der_take(&set, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE, &recipient)
                        ? cf_der_take_exactly(&recipient, V_ASN1_INTEGER, &transport, 1)
                        : cf_der_take(&set, V_ASN1_CONTEXT_SPECIFIC, 1, &recipient) &&
                              cf_der_take_exactly(&recipient, V_ASN1_INTEGER, &agreement, 1) &&
                              take_originator(&recipient);
    return is_known && set.at == set.end;
}

bool
cf_cms_has_sealed_shape(struct cf_bytes der)
{
    static const uint8_t auth_enveloped[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d,
                                             0x01, 0x09, 0x10, 0x01, 0x17};
    static const uint8_t data[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01};
    static const uint8_t version = 0;
    struct cf_der all = cf_der_of(der);
    struct cf_der info, tagged, envelope, encrypted, content;

    bool is_good =
        cf_der_take(&all, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE, &info) && all.at == all.end &&
        cf_der_take_exactly(&info, V_ASN1_OBJECT, auth_enveloped, sizeof auth_enveloped) &&
        cf_der_take(&info, V_ASN1_CONTEXT_SPECIFIC, 0, &tagged) && info.at == info.end &&
        cf_der_take(&tagged, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE, &envelope) &&
        tagged.at == tagged.end && cf_der_take_exactly(&envelope, V_ASN1_INTEGER, &version, 1) &&
        take_recipients(&envelope) &&
        cf_der_take(&envelope, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE, &encrypted) &&
        cf_der_take_exactly(&encrypted, V_ASN1_OBJECT, data, sizeof data) &&
        take_aes_gcm(&encrypted) && cf_der_take(&encrypted, V_ASN1_CONTEXT_SPECIFIC, 0, &content) &&
        encrypted.at == encrypted.end && take_sized(&envelope, V_ASN1_OCTET_STRING, TAG_LEN) &&
        envelope.at == envelope.end;
    ERR_clear_error();
    return is_good;
}
