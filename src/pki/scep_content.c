/* SPDX-License-Identifier: Apache-2.0 */
/* scep_content - what is in the envelope of a message that asks for what there is already. */
#include "scep_internal.h"

#include <string.h>

#include <openssl/err.h>

#include "certferry/text.h"

/* The two elements of a SEQUENCE of two. */
static bool
take_two(struct cf_bytes content, int second_tag, struct cf_bytes *ret_first,
         struct cf_bytes *ret_second)
{
    struct cf_der all = cf_der_of(content);
    struct cf_der sequence;

    bool is_good = cf_der_take(&all, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE, &sequence) &&
                   cf_der_is_empty(&all) &&
                   cf_der_take_whole(&sequence, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE, ret_first) &&
                   cf_der_take_whole(&sequence, V_ASN1_UNIVERSAL, second_tag, ret_second) &&
                   cf_der_is_empty(&sequence);
    ERR_clear_error();
    return is_good;
}

static bool
is_name(struct cf_bytes der)
{
    const unsigned char *at = der.data;
    cf_own_ossl(X509_NAME) name = d2i_X509_NAME(NULL, &at, (long)der.len);

    ERR_clear_error();
    return name && at == der.data + der.len;
}

enum cf_rc
cf_scep_parse_issuer_and_subject(struct cf_bytes content, struct cf_bytes *ret_issuer,
                                 struct cf_bytes *ret_subject, struct cf_err *err)
{
    struct cf_bytes issuer, subject;

    if (!take_two(content, V_ASN1_SEQUENCE, &issuer, &subject) || !is_name(issuer) ||
        !is_name(subject))
        return cf_fail(err, CF_E_ENCODING, "SCEP message: its content is not an IssuerAndSubject");
    *ret_issuer = issuer;
    *ret_subject = subject;
    return CF_OK;
}

enum cf_rc
cf_scep_parse_issuer_and_serial(struct cf_bytes content, struct cf_bytes *ret_issuer,
                                char ret_serial[CF_SERIAL_TEXT_SIZE], struct cf_err *err)
{
    struct cf_bytes issuer, serial;
    struct cf_der number = {0};

    bool is_good = take_two(content, V_ASN1_INTEGER, &issuer, &serial) && is_name(issuer);
    if (is_good) {
        struct cf_der der = cf_der_of(serial);
        is_good = cf_der_take(&der, V_ASN1_UNIVERSAL, V_ASN1_INTEGER, &number) &&
                  !cf_der_is_empty(&number) && (*number.at & 0x80) == 0;
    }
    if (!is_good)
        return cf_fail(err, CF_E_ENCODING,
                       "SCEP message: its content is not an IssuerAndSerialNumber");
    while (number.end - number.at > 1 && *number.at == 0)
        number.at++;
    struct cf_bytes octets = cf_der_rest(number);
    if (2 * octets.len >= CF_SERIAL_TEXT_SIZE)
        return cf_fail(err, CF_E_ENCODING, "SCEP message: a serial number of %zu octets",
                       octets.len);
    cf_text_hex(octets, true, ret_serial, CF_SERIAL_TEXT_SIZE);
    *ret_issuer = issuer;
    return CF_OK;
}
