/* SPDX-License-Identifier: Apache-2.0 */
/* pem - DER as a PEM block (RFC 7468), for programs that read text. */
#include <stdlib.h>
#include <string.h>

#include "certferry/text.h"
#include "exec.h"

enum { LINE_LEN = 64 };

enum cf_rc
cf_exec_pem(const char *label, struct cf_bytes der, struct cf_buf **ret_pem, struct cf_err *err)
{
    cf_own_str text = NULL;

    CF_TRY(cf_text_base64(der, &text, err));
    size_t left = strlen(text);
    cf_own(cf_buf) pem = cf_buf_new(left + left / LINE_LEN + 2 * strlen(label) + 64);
    if (!pem)
        return cf_fail_oom(err);
    CF_TRY(cf_buf_appendf(pem, err, "-----BEGIN %s-----\n", label));
    for (const char *at = text; left > 0;) {
        size_t len = left < LINE_LEN ? left : LINE_LEN;
        CF_TRY(cf_buf_append(pem, at, len, err));
        CF_TRY(cf_buf_append_str(pem, "\n", err));
        at += len;
        left -= len;
    }
    CF_TRY(cf_buf_appendf(pem, err, "-----END %s-----\n", label));
    *ret_pem = cf_give(pem);
    return CF_OK;
}
