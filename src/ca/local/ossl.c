/* SPDX-License-Identifier: Apache-2.0 */
/* ossl - values between OpenSSL and the rest. */
#include <time.h>

#include "local.h"

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
        return cf_fail_openssl(err, CF_E_ENCODING, "a time cannot be read");
    *ret_ms = (int64_t)timegm(&tm) * 1000;
    return CF_OK;
}

enum cf_rc
cf_local_time_from_ms(int64_t ms, ASN1_TIME **ret_time, struct cf_err *err)
{
    ASN1_TIME *time = ASN1_TIME_set(NULL, (time_t)(ms / 1000));

    if (!time)
        return cf_fail_openssl(err, CF_E_RANGE, "a time cannot be written");
    *ret_time = time;
    return CF_OK;
}
