/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import_password - what the bytes of an encrypted password mean, and the PFX that one of the
 * meanings opens.
 */
#include <string.h>

#include "certferry/import_key.h"
#include "certferry/pfx.h"
#include "certferry/text.h"

static enum cf_rc
check_bytes(const struct cf_secret *plain, bool *ret_is_ascii, struct cf_err *err)
{
    bool is_ascii = true;

    for (size_t i = 0; i < cf_secret_len(plain); i++) {
        uint8_t c = cf_secret_data(plain)[i];
        if (c < 0x20 || c == 0x7f)
            return cf_fail(err, CF_E_ENCODING,
                           "the PFX password holds a control character; it is encrypted as bare "
                           "text, in one byte per character or UTF-8");
        is_ascii = is_ascii && c < 0x80;
    }
    *ret_is_ascii = is_ascii;
    return CF_OK;
}

static enum cf_rc
copy(const struct cf_secret *plain, struct cf_secret **ret, struct cf_err *err)
{
    size_t len = cf_secret_len(plain);

    /* The NUL that follows it lets an empty one be copied too. */
    CF_TRY(cf_secret_copy(cf_secret_data(plain), len + 1, ret, err));
    cf_secret_truncate(*ret, len);
    return CF_OK;
}

static enum cf_rc
from_latin1(const struct cf_secret *plain, struct cf_secret **ret, struct cf_err *err)
{
    const uint8_t *from = cf_secret_data(plain);
    size_t n = 0;

    CF_TRY(cf_secret_new(2 * cf_secret_len(plain), ret, err));
    uint8_t *to = cf_secret_edit(*ret);
    for (size_t i = 0; i < cf_secret_len(plain); i++) {
        if (from[i] >= 0x80) {
            to[n++] = (uint8_t)(0xc0 | from[i] >> 6);
            to[n++] = (uint8_t)(0x80 | (from[i] & 0x3f));
        } else {
            to[n++] = from[i];
        }
    }
    cf_secret_truncate(*ret, n);
    return CF_OK;
}

enum cf_rc
cf_import_passwords(const struct cf_secret *plain,
                    struct cf_secret *ret_passwords[CF_IMPORT_PASSWORDS_MAX], size_t *ret_n,
                    struct cf_err *err)
{
    cf_own(cf_secret) as_is = NULL;
    cf_own(cf_secret) as_latin1 = NULL;
    bool is_ascii = false;
    size_t n = 0;

    CF_TRY(check_bytes(plain, &is_ascii, err));
    if (is_ascii || cf_text_is_utf8((const char *)cf_secret_data(plain), cf_secret_len(plain)))
        CF_TRY(copy(plain, &as_is, err));
    if (!is_ascii)
        CF_TRY(from_latin1(plain, &as_latin1, err));
    if (as_is)
        ret_passwords[n++] = cf_give(as_is);
    if (as_latin1)
        ret_passwords[n++] = cf_give(as_latin1);
    *ret_n = n;
    return CF_OK;
}

enum cf_rc
cf_pfx_open_imported(struct cf_bytes der, const struct cf_secret *plain,
                     struct cf_pfx_content **ret_content, struct cf_err *err)
{
    struct cf_secret *passwords[CF_IMPORT_PASSWORDS_MAX] = {0};
    size_t n = 0;

    CF_TRY(cf_import_passwords(plain, passwords, &n, err));
    enum cf_rc rc = CF_E_CRYPTO;
    for (size_t i = 0; i < n && rc == CF_E_CRYPTO; i++)
        rc = cf_pfx_open(der, passwords[i], ret_content, err);
    for (size_t i = 0; i < n; i++)
        cf_secret_free(passwords[i]);
    return rc;
}
