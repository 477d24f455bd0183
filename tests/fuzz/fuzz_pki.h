/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_pki - claims, and the input as a text, for the fuzz targets of names and requests. */
#pragma once

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "certferry/dn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void
must(bool claim)
{
    if (!claim)
        abort();
}

/* The input up to its first NUL. */
static inline char *
text_of(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    must(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

/* A name that was read can be written as text and as DER, and both mean the same name. */
static inline void
must_round_trip(const struct cf_dn *dn)
{
    cf_own_str text = NULL;
    cf_own(cf_dn) from_text = NULL;
    cf_own(cf_buf) der = NULL;
    cf_own(cf_dn) from_der = NULL;

    must(cf_dn_text(dn, &text, NULL) == CF_OK);
    /* Long texts of many escapes are over the limit of what is read. */
    enum cf_rc rc = cf_dn_parse_text(text, &from_text, NULL);
    must(rc == CF_OK ? cf_dn_equal(dn, from_text) : rc == CF_E_LIMIT);
    must(cf_dn_der(dn, &der, NULL) == CF_OK);
    must(cf_dn_parse_der(cf_buf_bytes(der), &from_der, NULL) == CF_OK);
    must(cf_dn_equal(dn, from_der));
}
