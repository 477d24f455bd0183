/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is kept of a CMP transaction: the text of a cookie. What is read is written the same again.
 * Has to cover: cf_cmp_cookie_read, cf_cmp_cookie_write.
 */
#include <stdlib.h>
#include <string.h>

#include "ca/cmp/cmp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool claim)
{
    if (!claim)
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cf_own_cookie cookie = {0};
    cf_own_str text = strndup((const char *)data, size);
    cf_own_str again = NULL;
    struct cf_err err = {0};

    if (!text)
        return 0;
    if (cf_cmp_cookie_read(text, &cookie, &err) != CF_OK) {
        require(!cookie.ca && !cookie.csr && !cookie.first && !cookie.last && err.text[0]);
        return 0;
    }
    require(cookie.ca && cookie.csr && cookie.first && cf_buf_len(cookie.first) > 0);
    require(cf_cmp_cookie_write(&cookie, &again, &err) == CF_OK);
    require(strcmp(text, again) == 0);
    return 0;
}
