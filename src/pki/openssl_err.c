/* SPDX-License-Identifier: Apache-2.0 */
/* openssl_err - OpenSSL's error queue as one error text. */
#include "internal.h"

#include <stdio.h>
#include <string.h>

#include <openssl/cryptoerr.h>
#include <openssl/err.h>

enum { REASONS_MAX = 3 };

static bool
is_out_of_memory(unsigned long code)
{
    return ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE ||
           (ERR_GET_LIB(code) == ERR_LIB_CRYPTO &&
            ERR_GET_REASON(code) == CRYPTO_R_SECURE_MALLOC_FAILURE);
}

/* Only the reasons: the queue's free text may quote what was being decoded. */
static bool
drain(char *text, size_t size, long *ret_native)
{
    size_t used = strlen(text);
    unsigned n = 0;
    bool oom = false;

    for (unsigned long code = ERR_get_error(); code; code = ERR_get_error()) {
        if (n == 0)
            *ret_native = (long)code;
        oom = oom || is_out_of_memory(code);
        if (n++ >= REASONS_MAX || used >= size)
            continue;
        const char *reason = ERR_reason_error_string(code);
        int len = reason ? snprintf(text + used, size - used, "%s%s", n == 1 ? ": " : ", ", reason)
                         : snprintf(text + used, size - used, "%sOpenSSL error %08lx",
                                    n == 1 ? ": " : ", ", code);
        if (len > 0)
            used += (size_t)len;
    }
    return oom;
}

#undef cf_fail_openssl /* the function itself */

enum cf_rc
cf_fail_openssl(struct cf_err *err, enum cf_rc rc, const char *format, ...)
{
    char text[2 * CF_ERR_TEXT_MAX];
    long native = 0;
    va_list args;

    va_start(args, format);
    if (vsnprintf(text, sizeof text, format, args) < 0)
        text[0] = '\0';
    va_end(args);

    if (drain(text, sizeof text, &native)) {
        rc = cf_fail(err, CF_E_OOM,
                     "%s (a full secure heap is made larger by the secure heap size option)", text);
    } else {
        rc = cf_fail(err, rc, "%s", text);
    }
    if (err)
        err->native = native;
    return rc;
}
