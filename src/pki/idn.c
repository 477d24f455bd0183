/* SPDX-License-Identifier: Apache-2.0 */
/* idn - internationalised domain names. The only file that knows libidn2. */
#include "idn.h"

#include <stdlib.h>
#include <string.h>

#include <idn2.h>

#include "certferry/own.h"
#include "certferry/text.h"

/* Texts that libidn2 allocated. */
static void
idn_textp(char **text)
{
    idn2_free(*text);
}
#define own_idn_text __attribute__((cleanup(idn_textp))) char *

static bool
has_a_label(const char *domain)
{
    for (const char *label = domain; label; label = strchr(label, '.')) {
        label += *label == '.';
        if (strncasecmp(label, "xn--", 4) == 0)
            return true;
    }
    return false;
}

/* The mapping alone takes symbols that no registry does (UTS 46); so what came out of it is read
 * back and has to stand the rules of RFC 5892 without any mapping. */
static int
convert(const char *domain, char **ret_ascii)
{
    own_idn_text mapped = NULL;
    own_idn_text unicode = NULL;
    uint8_t *strict = NULL;

    int rc = idn2_to_ascii_8z(domain, &mapped, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
    if (rc == IDN2_OK)
        rc = idn2_to_unicode_8z8z(mapped, &unicode, IDN2_NONTRANSITIONAL);
    if (rc == IDN2_OK)
        rc = idn2_lookup_u8((const uint8_t *)unicode, &strict, IDN2_NO_TR46 | IDN2_NFC_INPUT);
    if (rc != IDN2_OK)
        return rc;
    *ret_ascii = (char *)strict;
    return IDN2_OK;
}

enum cf_rc
cf_idn_to_ascii(const char *domain, char **ret_ascii, struct cf_err *err)
{
    own_idn_text ascii = NULL;
    bool is_plain = cf_text_is_ascii(domain) && !has_a_label(domain);
    int rc = is_plain ? IDN2_OK : convert(domain, &ascii);

    if (rc == IDN2_MALLOC)
        return cf_fail_oom(err);
    if (rc != IDN2_OK)
        return cf_fail(err, CF_E_RANGE, "is no internationalised domain name (IDNA 2008): %s",
                       idn2_strerror(rc));
    char *copy = strdup(is_plain ? domain : ascii);
    if (!copy)
        return cf_fail_oom(err);
    *ret_ascii = copy;
    return CF_OK;
}
