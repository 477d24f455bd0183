/* SPDX-License-Identifier: Apache-2.0 */
#include "template_values.h"

#include <string.h>

#include "certferry/csr.h"
#include "certferry/text.h"

#include "account.h"
#include "values.h"

enum { KEY_BITS_MAX = 65536, VERSION_MAX = INT32_MAX, SIGNATURES_MAX = 1000, TICKS_PER_MS = 10000 };

static enum cf_rc
take_period(const char *attribute, struct cf_bytes value, uint64_t *ret_ms, struct cf_err *err)
{
    uint64_t ticks = 0;

    if (value.len != sizeof ticks)
        return cf_fail(err, CF_E_PROTOCOL, "the directory's %s has %zu bytes in place of 8",
                       attribute, value.len);
    for (size_t i = sizeof ticks; i-- > 0;)
        ticks = ticks << 8 | value.data[i];
    /* A period is a negative number of units of 100 ns. */
    if (ticks != 0 && ticks >> 63 == 0)
        return cf_fail(err, CF_E_PROTOCOL,
                       "the directory's %s is a point in time in place of a period", attribute);
    *ret_ms = (0 - ticks) / TICKS_PER_MS;
    return CF_OK;
}

/* The octets of X.509's BIT STRING, the first bit on the left (RFC 5280 4.2.1.3). */
static enum cf_rc
take_key_usage(struct cf_bytes value, unsigned *ret_usage, struct cf_err *err)
{
    unsigned usage = 0;

    if (value.len == 0 || value.len > 2)
        return cf_fail(err, CF_E_PROTOCOL, "the directory's pKIKeyUsage has %zu bytes", value.len);
    for (unsigned bit = 0; 1U << bit <= CF_KU_CRL_SIGN; bit++)
        usage |= (value.data[0] >> (7 - bit) & 1U) << bit;
    *ret_usage = usage;
    return CF_OK;
}

static bool
is_oid(struct cf_bytes value)
{
    bool was_digit = false;
    bool has_dot = false;

    for (size_t i = 0; i < value.len; i++) {
        bool is_digit = value.data[i] >= '0' && value.data[i] <= '9';
        if (!is_digit && (value.data[i] != '.' || !was_digit))
            return false;
        has_dot |= !is_digit;
        was_digit = is_digit;
    }
    return was_digit && has_dot && value.len <= CF_PKI_NAME_MAX;
}

static enum cf_rc
check_oid(const char *attribute, struct cf_bytes value, struct cf_err *err)
{
    if (!is_oid(value))
        return cf_fail(err, CF_E_PROTOCOL, "the directory's %s holds what is no object identifier",
                       attribute);
    return CF_OK;
}

static void
drop_eku(struct cf_ad_template *ad_template)
{
    while (ad_template->n_eku > 0)
        free(ad_template->eku[--ad_template->n_eku]);
    free(ad_template->eku);
    ad_template->eku = NULL;
}

static enum cf_rc
take_eku(struct cf_ad_template *ad_template, const char *attribute, const struct cf_bytes *values,
         size_t n, struct cf_err *err)
{
    if (n > CF_PKI_EKU_MAX)
        return cf_fail(err, CF_E_PROTOCOL, "the directory's %s has %zu values, more than %d",
                       attribute, n, CF_PKI_EKU_MAX);
    for (size_t i = 0; i < n; i++)
        CF_TRY(check_oid(attribute, values[i], err));
    drop_eku(ad_template);
    ad_template->eku = calloc(n, sizeof *ad_template->eku);
    if (!ad_template->eku)
        return cf_fail_oom(err);
    for (size_t i = 0; i < n; i++) {
        ad_template->eku[i] = strndup((const char *)values[i].data, values[i].len);
        if (!ad_template->eku[i])
            return cf_fail_oom(err);
        ad_template->n_eku++;
    }
    return CF_OK;
}

/* The next piece up to a backtick, which is taken away; false at the end. */
static bool
next_piece(struct cf_bytes *rest, struct cf_bytes *ret_piece)
{
    if (rest->len == 0)
        return false;
    const uint8_t *end = memchr(rest->data, '`', rest->len);
    size_t len = end ? (size_t)(end - rest->data) : rest->len;
    *ret_piece = cf_bytes_of(rest->data, len);
    len += end != NULL;
    *rest = cf_bytes_of(rest->data + len, rest->len - len);
    return true;
}

static bool
is_text(struct cf_bytes bytes, const char *text)
{
    return cf_bytes_equal(bytes, cf_bytes_of(text, strlen(text)));
}

/* "NAME`TYPE`VALUE`" again and again (MS-CRTD 2.23); a list of object identifiers has none. */
static enum cf_rc
take_ra_policy(struct cf_ad_template *ad_template, struct cf_bytes value, struct cf_err *err)
{
    static const char ATTRIBUTE[] = "msPKI-RA-Application-Policies";
    struct cf_bytes rest = value;
    struct cf_bytes name;
    struct cf_bytes type;
    struct cf_bytes setting;

    if (!memchr(value.data, '`', value.len))
        return check_oid(ATTRIBUTE, value, err);
    while (next_piece(&rest, &name)) {
        if (!next_piece(&rest, &type) || !next_piece(&rest, &setting) || name.len == 0)
            return cf_fail(err, CF_E_PROTOCOL, "the directory's %s is cut off", ATTRIBUTE);
        if (!is_text(name, "msPKI-Asymmetric-Algorithm"))
            continue;
        if (!is_text(type, "PZPWSTR") || setting.len == 0)
            return cf_fail(err, CF_E_PROTOCOL, "the directory's %s names no algorithm", ATTRIBUTE);
        CF_TRY(
            cf_value_text(ATTRIBUTE, setting, CF_PKI_NAME_MAX, &ad_template->key_algorithm, err));
    }
    return CF_OK;
}

static enum cf_rc
take_ra_policies(struct cf_ad_template *ad_template, const struct cf_bytes *values, size_t n,
                 struct cf_err *err)
{
    for (size_t i = 0; i < n; i++) {
        if (values[i].len > 0)
            CF_TRY(take_ra_policy(ad_template, values[i], err));
    }
    return CF_OK;
}

static enum cf_rc
take_descriptor(struct cf_ad_template *ad_template, struct cf_bytes value, struct cf_err *err)
{
    if (value.len > CF_SECURITY_DESCRIPTOR_MAX)
        return cf_fail(err, CF_E_PROTOCOL,
                       "the directory's nTSecurityDescriptor has %zu bytes, more than %d",
                       value.len, CF_SECURITY_DESCRIPTOR_MAX);
    cf_buf_free(ad_template->security_descriptor);
    ad_template->security_descriptor = cf_buf_copy(value);
    return ad_template->security_descriptor ? CF_OK : cf_fail_oom(err);
}

static enum cf_rc
take_number(struct cf_ad_template *ad_template, const char *attribute, struct cf_bytes value,
            bool *ret_is_one, struct cf_err *err)
{
    const struct {
        const char *name;
        uint32_t *bits;
        unsigned *count;
        unsigned max;
    } numbers[] = {
        {"msPKI-Certificate-Name-Flag", &ad_template->name_flags, NULL, 0},
        {"msPKI-Enrollment-Flag", &ad_template->enrollment_flags, NULL, 0},
        {"msPKI-Private-Key-Flag", &ad_template->private_key_flags, NULL, 0},
        {"msPKI-Template-Schema-Version", NULL, &ad_template->schema_version, VERSION_MAX},
        {"revision", NULL, &ad_template->revision, VERSION_MAX},
        {"msPKI-Template-Minor-Revision", NULL, &ad_template->minor_revision, VERSION_MAX},
        {"msPKI-RA-Signature", NULL, &ad_template->ra_signatures, SIGNATURES_MAX},
        {"msPKI-Minimal-Key-Size", NULL, &ad_template->min_key_bits, KEY_BITS_MAX},
    };

    for (size_t i = 0; i < CF_COUNT(numbers); i++) {
        if (!cf_text_equal_nocase(attribute, numbers[i].name))
            continue;
        *ret_is_one = true;
        return numbers[i].bits
                   ? cf_value_bits(numbers[i].name, value, numbers[i].bits, err)
                   : cf_value_count(numbers[i].name, value, numbers[i].max, numbers[i].count, err);
    }
    return CF_OK;
}

static enum cf_rc
take_single(struct cf_ad_template *ad_template, const char *attribute, struct cf_bytes value,
            struct cf_err *err)
{
    bool is_number = false;

    CF_TRY(take_number(ad_template, attribute, value, &is_number, err));
    if (is_number)
        return CF_OK;
    if (cf_text_equal_nocase(attribute, "cn"))
        return cf_value_text("cn", value, CF_PKI_NAME_MAX, &ad_template->name, err);
    if (cf_text_equal_nocase(attribute, "displayName"))
        return cf_value_text("displayName", value, CF_PKI_NAME_MAX, &ad_template->display_name,
                             err);
    if (cf_text_equal_nocase(attribute, "distinguishedName"))
        return cf_value_text("distinguishedName", value, CF_ACCOUNT_DN_MAX, &ad_template->dn, err);
    if (cf_text_equal_nocase(attribute, "pKIKeyUsage"))
        return take_key_usage(value, &ad_template->key_usage, err);
    if (cf_text_equal_nocase(attribute, "pKIExpirationPeriod"))
        return take_period("pKIExpirationPeriod", value, &ad_template->validity_ms, err);
    if (cf_text_equal_nocase(attribute, "pKIOverlapPeriod"))
        return take_period("pKIOverlapPeriod", value, &ad_template->overlap_ms, err);
    if (cf_text_equal_nocase(attribute, "nTSecurityDescriptor"))
        return take_descriptor(ad_template, value, err);
    if (cf_text_equal_nocase(attribute, "msPKI-Cert-Template-OID")) {
        CF_TRY(check_oid("msPKI-Cert-Template-OID", value, err));
        return cf_value_text("msPKI-Cert-Template-OID", value, CF_PKI_NAME_MAX, &ad_template->oid,
                             err);
    }
    return CF_OK;
}

enum cf_rc
cf_template_take(struct cf_ad_template *ad_template, const char *attribute,
                 const struct cf_bytes *values, size_t n, struct cf_err *err)
{
    if (n == 0)
        return CF_OK;
    if (cf_text_equal_nocase(attribute, "pKIExtendedKeyUsage") ||
        cf_text_equal_nocase(attribute, "msPKI-Certificate-Application-Policy"))
        return take_eku(ad_template, attribute, values, n, err);
    if (cf_text_equal_nocase(attribute, "msPKI-RA-Application-Policies"))
        return take_ra_policies(ad_template, values, n, err);
    if (n > 1)
        return cf_fail(err, CF_E_PROTOCOL, "the directory has %zu values of %s, not one", n,
                       attribute);
    return take_single(ad_template, attribute, values[0], err);
}
