/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cms_shape - does an envelope look as cf_cms_seal_pfx makes them?
 *
 * Readers of AuthEnvelopedData had faults in how they took nonce and tag lengths. What is opened
 * here was made here, so the one shape there is can be asked for byte by byte before a decryptor
 * sees it.
 */
#include "cms_internal.h"

#include <string.h>

#include <openssl/err.h>

enum { NONCE_LEN = 12, TAG_LEN = 16 };

/* What is left of the content of one element. */
struct cursor {
    const uint8_t *at;
    const uint8_t *end;
};

/* Takes the next element, which has to be of this class and tag, in definite form. */
static bool
take(struct cursor *cursor, int class, int tag, struct cursor *ret_content)
{
    const unsigned char *at = cursor->at;
    long len = 0;
    int got_tag = 0, got_class = 0;

    if (at >= cursor->end)
        return false;
    /* 1: indefinite length, 0x80: an error; 0x20: made of other elements. */
    int form = ASN1_get_object(&at, &len, &got_tag, &got_class, (long)(cursor->end - at));
    if (form & 0x81 || got_tag != tag || got_class != class || len > cursor->end - at)
        return false;
    *ret_content = (struct cursor){.at = at, .end = at + len};
    cursor->at = at + len;
    return true;
}

static bool
take_exactly(struct cursor *cursor, int tag, const void *value, size_t len)
{
    struct cursor content;

    return take(cursor, V_ASN1_UNIVERSAL, tag, &content) &&
           (size_t)(content.end - content.at) == len && memcmp(content.at, value, len) == 0;
}

static bool
take_sized(struct cursor *cursor, int tag, size_t len)
{
    struct cursor content;

    return take(cursor, V_ASN1_UNIVERSAL, tag, &content) &&
           (size_t)(content.end - content.at) == len;
}

/* SEQUENCE { aes256-GCM, SEQUENCE { nonce of 12 bytes, tag length 16 } } */
static bool
take_aes_gcm(struct cursor *cursor)
{
    static const uint8_t oid[] = {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2e};
    static const uint8_t tag_len = TAG_LEN;
    struct cursor algorithm, params;

    return take(cursor, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE, &algorithm) &&
           take_exactly(&algorithm, V_ASN1_OBJECT, oid, sizeof oid) &&
           take(&algorithm, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE, &params) &&
           algorithm.at == algorithm.end && take_sized(&params, V_ASN1_OCTET_STRING, NONCE_LEN) &&
           take_exactly(&params, V_ASN1_INTEGER, &tag_len, 1) && params.at == params.end;
}

/* [0] { [1] { algorithm, the ephemeral key: whole octets, an uncompressed point } }: readers take
 * other forms of the same point. */
static bool
take_originator(struct cursor *cursor)
{
    static const uint8_t no_unused_bits_uncompressed[] = {0, 4};
    struct cursor outer, key, algorithm, bits;

    return take(cursor, V_ASN1_CONTEXT_SPECIFIC, 0, &outer) &&
           take(&outer, V_ASN1_CONTEXT_SPECIFIC, 1, &key) && outer.at == outer.end &&
           take(&key, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE, &algorithm) &&
           take(&key, V_ASN1_UNIVERSAL, V_ASN1_BIT_STRING, &bits) && key.at == key.end &&
           bits.end - bits.at > 2 &&
           memcmp(bits.at, no_unused_bits_uncompressed, sizeof no_unused_bits_uncompressed) == 0;
}

/* One: KeyTransRecipientInfo (RSA) or KeyAgreeRecipientInfo (EC), each with its version. */
static bool
take_recipients(struct cursor *cursor)
{
    static const uint8_t transport = 0, agreement = 3;
    struct cursor set, recipient;

    if (!take(cursor, V_ASN1_UNIVERSAL, V_ASN1_SET, &set))
        return false;
    bool is_known = take(&set, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE, &recipient)
                        ? take_exactly(&recipient, V_ASN1_INTEGER, &transport, 1)
                        : take(&set, V_ASN1_CONTEXT_SPECIFIC, 1, &recipient) &&
                              take_exactly(&recipient, V_ASN1_INTEGER, &agreement, 1) &&
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
    struct cursor all = {.at = der.data, .end = der.data + der.len};
    struct cursor info, tagged, envelope, encrypted, content;

    bool is_good =
        take(&all, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE, &info) && all.at == all.end &&
        take_exactly(&info, V_ASN1_OBJECT, auth_enveloped, sizeof auth_enveloped) &&
        take(&info, V_ASN1_CONTEXT_SPECIFIC, 0, &tagged) && info.at == info.end &&
        take(&tagged, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE, &envelope) && tagged.at == tagged.end &&
        take_exactly(&envelope, V_ASN1_INTEGER, &version, 1) && take_recipients(&envelope) &&
        take(&envelope, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE, &encrypted) &&
        take_exactly(&encrypted, V_ASN1_OBJECT, data, sizeof data) && take_aes_gcm(&encrypted) &&
        take(&encrypted, V_ASN1_CONTEXT_SPECIFIC, 0, &content) && encrypted.at == encrypted.end &&
        take_sized(&envelope, V_ASN1_OCTET_STRING, TAG_LEN) && envelope.at == envelope.end;
    ERR_clear_error();
    return is_good;
}
