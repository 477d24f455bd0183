/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scep_attributes - the signed attributes of a request (RFC 8894 3.2.1).
 *
 * Those that it takes to answer at all are compulsory here; what is wrong with the others is
 * noted, for the answer to say.
 */
#include "scep_internal.h"

#include <stdio.h>
#include <string.h>

#include <openssl/objects.h>

#include "certferry/text.h"

enum { MESSAGE_TYPE_DIGITS_MAX = 3 };

void
cf_scep_set_fault(struct cf_scep_message *message, enum cf_rc rc, const char *format, ...)
{
    va_list args;

    if (message->fault.rc != CF_OK)
        return;
    message->fault.rc = rc;
    va_start(args, format);
    (void)vsnprintf(message->fault.text, sizeof message->fault.text, format, args);
    va_end(args);
}

/* The value as an element; its content and string type with it. */
struct value {
    struct cf_bytes element;
    struct cf_bytes content;
    int type; /* V_ASN1_*; -1: not a primitive value of class universal */
};

static struct value
value_of(struct cf_bytes element)
{
    static const int types[] = {
        V_ASN1_OCTET_STRING,    V_ASN1_OBJECT,     V_ASN1_UTCTIME,   V_ASN1_GENERALIZEDTIME,
        V_ASN1_PRINTABLESTRING, V_ASN1_UTF8STRING, V_ASN1_IA5STRING, V_ASN1_VISIBLESTRING,
        V_ASN1_NUMERICSTRING,   V_ASN1_T61STRING};
    struct cf_der der = cf_der_of(element);
    struct cf_der content;

    for (size_t i = 0; i < CF_COUNT(types); i++) {
        if (element.data[0] == types[i] && cf_der_take(&der, V_ASN1_UNIVERSAL, types[i], &content))
            return (struct value){element, cf_der_rest(content), types[i]};
    }
    return (struct value){.element = element, .type = -1};
}

static bool
is_text(const struct value *value)
{
    return value->type != -1 && value->type != V_ASN1_OCTET_STRING &&
           value->type != V_ASN1_OBJECT && value->type != V_ASN1_UTCTIME &&
           value->type != V_ASN1_GENERALIZEDTIME;
}

static enum cf_rc
read_transaction(struct cf_scep_message *message, const struct value *value, struct cf_err *err)
{
    size_t len = value->content.len;

    if (!is_text(value) || len == 0)
        return cf_fail(err, CF_E_ENCODING, "SCEP message: transactionID is not a text");
    if (len > CF_SCEP_TRANSACTION_MAX)
        return cf_fail(err, CF_E_LIMIT,
                       "SCEP message: a transactionID of %zu octets; at most %d are read", len,
                       CF_SCEP_TRANSACTION_MAX);
    if (!cf_text_is_printable((const char *)value->content.data, len))
        return cf_fail(err, CF_E_ENCODING,
                       "SCEP message: transactionID holds characters that are not printable");
    memcpy(message->transaction, value->content.data, len);
    message->transaction[len] = '\0';
    message->transaction_type = value->type;
    return CF_OK;
}

static enum cf_rc
read_type(struct cf_scep_message *message, const struct value *value, struct cf_err *err)
{
    int type = 0;
    bool is_number =
        is_text(value) && value->content.len > 0 && value->content.len <= MESSAGE_TYPE_DIGITS_MAX;

    for (size_t i = 0; is_number && i < value->content.len; i++) {
        uint8_t c = value->content.data[i];
        is_number = c >= '0' && c <= '9';
        type = type * 10 + (c - '0');
    }
    if (!is_number)
        return cf_fail(err, CF_E_ENCODING, "SCEP message: messageType is not a number");
    message->type = type;
    return CF_OK;
}

static enum cf_rc
read_sender_nonce(struct cf_scep_message *message, const struct value *value, struct cf_err *err)
{
    (void)err;
    if (value->type != V_ASN1_OCTET_STRING || value->content.len == 0 ||
        value->content.len > CF_SCEP_NONCE_MAX)
        cf_scep_set_fault(message, CF_E_FIELD,
                          "SCEP message: senderNonce is not 1 to %d octets long; 16 are usual",
                          CF_SCEP_NONCE_MAX);
    else
        message->sender_nonce = value->content;
    return CF_OK;
}

static enum cf_rc
read_content_type(struct cf_scep_message *message, const struct value *value, struct cf_err *err)
{
    struct cf_der der = cf_der_of(value->element);
    int nid = NID_undef;

    (void)err;
    if (!cf_der_take_nid(&der, &nid) || nid != NID_pkcs7_data)
        cf_scep_set_fault(message, CF_E_FIELD,
                          "SCEP message: the attribute contentType is not "
                          "id-data, which the content is");
    return CF_OK;
}

static enum cf_rc
read_message_digest(struct cf_scep_message *message, const struct value *value, struct cf_err *err)
{
    (void)err;
    if (value->type != V_ASN1_OCTET_STRING || value->content.len == 0)
        cf_scep_set_fault(message, CF_E_FIELD,
                          "SCEP message: the attribute messageDigest is no digest");
    else
        message->message_digest = value->content;
    return CF_OK;
}

static bool
time_of(const struct value *value, int64_t *ret_ms)
{
    const unsigned char *at = value->element.data;
    ASN1_TIME *time = NULL, *epoch = ASN1_TIME_set(NULL, 0);
    int days = 0, seconds = 0;

    if (value->type == V_ASN1_UTCTIME || value->type == V_ASN1_GENERALIZEDTIME)
        time = d2i_ASN1_TIME(NULL, &at, (long)value->element.len);
    bool is_time = time && epoch && ASN1_TIME_diff(&days, &seconds, epoch, time) == 1;
    ASN1_TIME_free(time);
    ASN1_TIME_free(epoch);
    if (is_time)
        *ret_ms = ((int64_t)days * 86400 + seconds) * 1000;
    return is_time;
}

static enum cf_rc
read_signing_time(struct cf_scep_message *message, const struct value *value, struct cf_err *err)
{
    (void)err;
    message->has_signing_time = time_of(value, &message->signing_time_ms);
    if (!message->has_signing_time)
        cf_scep_set_fault(message, CF_E_FIELD,
                          "SCEP message: the attribute signingTime is not a time");
    return CF_OK;
}

#define SCEP_OID(last) {0x60, 0x86, 0x48, 0x01, 0x86, 0xf8, 0x45, 0x01, 0x09, last}, 10
#define PKCS9_OID(last) {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, last}, 9

enum { TRANSACTION, TYPE, SENDER_NONCE, CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_TIME };
static const struct {
    const char *name;
    uint8_t oid[10];
    size_t oid_len;
    enum cf_rc (*read)(struct cf_scep_message *, const struct value *, struct cf_err *);
} ATTRIBUTES[] = {
    [TRANSACTION] = {"transactionID", SCEP_OID(7), read_transaction},
    [TYPE] = {"messageType", SCEP_OID(2), read_type},
    [SENDER_NONCE] = {"senderNonce", SCEP_OID(5), read_sender_nonce},
    [CONTENT_TYPE] = {"contentType", PKCS9_OID(3), read_content_type},
    [MESSAGE_DIGEST] = {"messageDigest", PKCS9_OID(4), read_message_digest},
    [SIGNING_TIME] = {"signingTime", PKCS9_OID(5), read_signing_time},
};

struct seen {
    struct cf_der values; /* of SET OF */
    unsigned n;
};

/* The attributes by name, whatever others there are. */
static enum cf_rc
collect(struct cf_der attributes, struct seen seen[CF_COUNT(ATTRIBUTES)], struct cf_err *err)
{
    for (unsigned n = 0; !cf_der_is_empty(&attributes); n++) {
        struct cf_der attribute, oid, values;

        if (n >= CF_SCEP_ATTRIBUTES_MAX)
            return cf_fail(err, CF_E_LIMIT, "SCEP message: more than %d signed attributes",
                           CF_SCEP_ATTRIBUTES_MAX);
        if (!cf_der_take(&attributes, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE, &attribute) ||
            !cf_der_take(&attribute, V_ASN1_UNIVERSAL, V_ASN1_OBJECT, &oid) ||
            !cf_der_take(&attribute, V_ASN1_UNIVERSAL, V_ASN1_SET, &values) ||
            !cf_der_is_empty(&attribute))
            return cf_fail(err, CF_E_ENCODING, "SCEP message: a signed attribute is malformed");
        for (size_t i = 0; i < CF_COUNT(ATTRIBUTES); i++) {
            if (cf_bytes_equal(cf_der_rest(oid),
                               cf_bytes_of(ATTRIBUTES[i].oid, ATTRIBUTES[i].oid_len)) &&
                seen[i].n++ == 0)
                seen[i].values = values;
        }
    }
    return CF_OK;
}

static enum cf_rc
read_one(struct cf_scep_message *message, size_t index, struct seen *seen, struct cf_err *err)
{
    const char *name = ATTRIBUTES[index].name;
    bool is_to_answer = index == TRANSACTION || index == TYPE;
    struct cf_bytes element = {0};

    if (seen->n == 0) {
        if (is_to_answer)
            return cf_fail(err, CF_E_ENCODING, "SCEP message: there is no %s", name);
        if (index == SENDER_NONCE || index == MESSAGE_DIGEST)
            cf_scep_set_fault(message, CF_E_FIELD, "SCEP message: there is no %s", name);
        return CF_OK;
    }
    if (seen->n > 1)
        cf_scep_set_fault(message, CF_E_FIELD, "SCEP message: the attribute %s is there %u times",
                          name, seen->n);
    if (!cf_der_take_any(&seen->values, &element))
        return cf_fail(err, CF_E_ENCODING, "SCEP message: the attribute %s has no value", name);
    if (!cf_der_is_empty(&seen->values))
        cf_scep_set_fault(message, CF_E_FIELD,
                          "SCEP message: the attribute %s has more than one value", name);
    const struct value value = value_of(element);
    return ATTRIBUTES[index].read(message, &value, err);
}

enum cf_rc
cf_scep_read_attributes(struct cf_scep_message *message, struct cf_err *err)
{
    struct seen seen[CF_COUNT(ATTRIBUTES)] = {0};
    struct cf_der der = cf_der_of(message->signed_attributes);
    struct cf_der attributes;

    if (!cf_der_take(&der, V_ASN1_CONTEXT_SPECIFIC, 0, &attributes))
        return cf_fail(err, CF_E_ENCODING, "SCEP message: there are no signed attributes");
    CF_TRY(collect(attributes, seen, err));
    for (size_t i = 0; i < CF_COUNT(ATTRIBUTES); i++)
        CF_TRY(read_one(message, i, &seen[i], err));
    return CF_OK;
}
