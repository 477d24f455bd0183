/* SPDX-License-Identifier: Apache-2.0 */
/* dn_limits - how long the values of a name may be for those who keep to the standard. */
#include <string.h>

#include "dn_internal.h"
#include "internal.h"

/* Upper bounds in characters, from RFC 5280 appendix A and X.520 annex C. Names of persons are
 * bounded by 32768 there, which CF_DN_VALUE_MAX is below; DC is one label of a host name. */
static const struct {
    const char *oid;
    unsigned max;
} LIMITS[] = {
    {"2.5.4.3", 64},                    /* commonName */
    {"2.5.4.5", 64},                    /* serialNumber */
    {"2.5.4.6", 2},                     /* countryName */
    {"2.5.4.7", 128},                   /* localityName */
    {"2.5.4.8", 128},                   /* stateOrProvinceName */
    {"2.5.4.9", 128},                   /* streetAddress */
    {"2.5.4.10", 64},                   /* organizationName */
    {"2.5.4.11", 64},                   /* organizationalUnitName */
    {"2.5.4.12", 64},                   /* title */
    {"2.5.4.13", 1024},                 /* description */
    {"2.5.4.15", 128},                  /* businessCategory */
    {"2.5.4.17", 40},                   /* postalCode */
    {"2.5.4.18", 40},                   /* postOfficeBox */
    {"2.5.4.20", 32},                   /* telephoneNumber */
    {"2.5.4.65", 128},                  /* pseudonym */
    {"0.9.2342.19200300.100.1.1", 256}, /* userId */
    {"0.9.2342.19200300.100.1.25", 63}, /* domainComponent */
    {"1.2.840.113549.1.9.1", 255},      /* emailAddress */
};

static size_t
n_characters(const char *utf8)
{
    size_t n = 0;

    for (; *utf8; utf8++)
        n += ((unsigned char)*utf8 & 0xc0) != 0x80;
    return n;
}

static enum cf_rc
check_attr(void *arg, const char *oid, const char *value, struct cf_err *err)
{
    const struct cf_attr_type *row = cf_attr_type_of_oid(oid);
    size_t n = n_characters(value);

    (void)arg;
    for (size_t i = 0; i < CF_COUNT(LIMITS); i++) {
        if (strcmp(LIMITS[i].oid, oid) == 0 && n > LIMITS[i].max)
            return cf_fail(err, CF_E_RANGE,
                           "%s: \"%.60s\" has %zu characters and X.520 allows %u; shorten it, or "
                           "set enforce_dn_limits = no where the CA takes longer ones",
                           row ? row->keyword : oid, value, n, LIMITS[i].max);
    }
    return CF_OK;
}

enum cf_rc
cf_dn_check_limits(const struct cf_dn *dn, struct cf_err *err)
{
    return cf_dn_each(dn, check_attr, NULL, err);
}
