/* SPDX-License-Identifier: Apache-2.0 */
/*
 * der - DER by cursor, for structures that are to be looked at byte by byte, and BER brought into
 * that form.
 */
#pragma once

#include "certferry/buf.h"
#include "certferry/err.h"

#include <openssl/asn1.h>

/* What is left of the content of one element. */
struct cf_der {
    const uint8_t *at;
    const uint8_t *end;
};

static inline struct cf_der
cf_der_of(struct cf_bytes bytes)
{
    return (struct cf_der){.at = bytes.data,
                           .end = bytes.len > 0 ? bytes.data + bytes.len : bytes.data};
}

static inline struct cf_bytes
cf_der_rest(struct cf_der der)
{
    return cf_bytes_of(der.at, (size_t)(der.end - der.at));
}

static inline bool
cf_der_is_empty(const struct cf_der *der)
{
    return der->at == der->end;
}

/* True when the next element is of this class (V_ASN1_UNIVERSAL, ...) and tag. */
bool cf_der_is_next(const struct cf_der *der, int class, int tag);
/* Takes the next element, which has to be of this class and tag, in definite form; false leaves
 * `der` where it was. */
bool cf_der_take(struct cf_der *der, int class, int tag, struct cf_der *ret_content);
/* As cf_der_take, with its tag and length. */
bool cf_der_take_whole(struct cf_der *der, int class, int tag, struct cf_bytes *ret_element);
/* Takes the next element, whatever it is. */
bool cf_der_take_any(struct cf_der *der, struct cf_bytes *ret_element);
/* Takes an element of class universal with this very content. */
bool cf_der_take_exactly(struct cf_der *der, int tag, const void *value, size_t len);
/* An OBJECT IDENTIFIER as OpenSSL's number; NID_undef for one that it does not know. */
bool cf_der_take_nid(struct cf_der *der, int *ret_nid);
/* AlgorithmIdentifier; params is empty when absent. */
bool cf_der_take_algorithm(struct cf_der *der, int *ret_nid, struct cf_der *ret_params);

/* The length of an element with len octets of content and a tag below 31. */
size_t cf_der_size(size_t len);
/* Appends the tag octet and length of such an element. */
CF_MUST_USE enum cf_rc cf_der_append_head(struct cf_buf *buf, uint8_t tag, size_t len,
                                          struct cf_err *err);

/*
 * The one value in `ber` (RFC 5652 allows BER in CMS) with definite lengths and with strings of
 * octets in one piece; what is DER already, certificates for one, stays as it is to the byte.
 * CF_E_ENCODING: no BER, or bytes follow; CF_E_LIMIT: nested too deeply, or over 256 KiB.
 */
CF_MUST_USE enum cf_rc cf_ber_to_der(struct cf_bytes ber, struct cf_buf **ret_der,
                                     struct cf_err *err);
