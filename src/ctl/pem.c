/* SPDX-License-Identifier: Apache-2.0 */
#include "pem.h"

#include <string.h>

#include "certferry/cert.h"
#include "certferry/text.h"

enum { LINE = 64, BASE64_MAX = 2 * CF_CERT_DER_MAX };

enum cf_rc
cf_pem_append(const struct cf_json *entry, bool as_der, struct cf_buf *out, struct cf_err *err)
{
    cf_own(cf_buf) der = NULL;
    cf_own_str normal = NULL;
    const char *base64 = NULL;

    CF_TRY(cf_json_string(entry, "der", 1, BASE64_MAX, &base64, err));
    CF_TRY(cf_text_from_base64(base64, CF_CERT_DER_MAX, &der, err));
    if (as_der)
        return cf_buf_append(out, cf_buf_bytes(der).data, cf_buf_len(der), err);

    CF_TRY(cf_text_base64(cf_buf_bytes(der), &normal, err));
    CF_TRY(cf_buf_append_str(out, "-----BEGIN CERTIFICATE-----\n", err));
    for (const char *at = normal; *at; at += strnlen(at, LINE))
        CF_TRY(cf_buf_appendf(out, err, "%.*s\n", LINE, at));
    return cf_buf_append_str(out, "-----END CERTIFICATE-----\n", err);
}

enum cf_rc
cf_pem_check(const char *text, struct cf_err *err)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                  "+/=- \n";

    if (!cf_text_starts_with(text, "-----BEGIN CERTIFICATE-----\n") ||
        text[strspn(text, allowed)] != '\0')
        return cf_fail(err, CF_E_PROTOCOL, "pem: is no certificate");
    return CF_OK;
}
