/* SPDX-License-Identifier: Apache-2.0 */
/* ossl - values between OpenSSL and the rest. */
#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "local.h"

#undef cf_local_fail_openssl /* the function itself */

enum cf_rc
cf_local_fail_openssl(struct cf_err *err, enum cf_rc rc, const char *format, ...)
{
    char text[CF_ERR_TEXT_MAX + 1];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);

    unsigned long code = ERR_peek_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    ERR_clear_error();
    if (code && ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE)
        return cf_fail_oom(err);
    if (!reason)
        return cf_fail(err, rc, "%s", text);
    return cf_fail(err, rc, "%s: %s", text, reason);
}

enum cf_rc
cf_local_turn(struct cf_err *err, enum cf_rc rc)
{
    return err ? cf_fail(err, rc, "%s", err->text) : rc;
}

enum cf_rc
cf_local_time_to_ms(const ASN1_TIME *time, int64_t *ret_ms, struct cf_err *err)
{
    struct tm tm = {0};

    if (!time || ASN1_TIME_to_tm(time, &tm) != 1)
        return cf_local_fail_openssl(err, CF_E_ENCODING, "a time cannot be read");
    *ret_ms = (int64_t)timegm(&tm) * 1000;
    return CF_OK;
}

enum cf_rc
cf_local_time_from_ms(int64_t ms, ASN1_TIME **ret_time, struct cf_err *err)
{
    ASN1_TIME *time = ASN1_TIME_set(NULL, (time_t)(ms / 1000));

    if (!time)
        return cf_local_fail_openssl(err, CF_E_RANGE, "a time cannot be written");
    *ret_time = time;
    return CF_OK;
}

enum cf_rc
cf_local_serial_to_asn1(const char *hex, ASN1_INTEGER **ret_serial, struct cf_err *err)
{
    cf_own_ossl(BIGNUM) number = NULL;

    if (BN_hex2bn(&number, hex) != (int)strlen(hex))
        return cf_local_fail_openssl(err, CF_E_SYNTAX, "serial number \"%s\"", hex);
    ASN1_INTEGER *serial = BN_to_ASN1_INTEGER(number, NULL);
    if (!serial)
        return cf_local_fail_openssl(err, CF_E_OOM, "serial number");
    *ret_serial = serial;
    return CF_OK;
}

enum cf_rc
cf_local_buf(unsigned char *take_data, int len, struct cf_buf **ret_buf, struct cf_err *err)
{
    if (len <= 0 || !take_data) {
        OPENSSL_free(take_data);
        return cf_local_fail_openssl(err, CF_E_CRYPTO, "DER cannot be written");
    }
    struct cf_buf *buf = cf_buf_copy(cf_bytes_of(take_data, (size_t)len));
    OPENSSL_free(take_data);
    if (!buf)
        return cf_fail_oom(err);
    *ret_buf = buf;
    return CF_OK;
}
