/* SPDX-License-Identifier: Apache-2.0 */
#include "directory/template_values.h"

#include <string.h>

#include "certferry/csr.h"
#include "unit/base/unit.h"

static struct cf_ad_template *ad_template;
static struct cf_err err;
static const uint8_t YEAR[] = {0x00, 0x40, 0x39, 0x87, 0x2e, 0xe1, 0xfe, 0xff};

static int
setup(void **state)
{
    (void)state;
    ad_template = calloc(1, sizeof *ad_template);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    ad_template = cf_ad_template_free(ad_template);
    return 0;
}

static enum cf_rc
take(const char *attribute, const void *value, size_t len)
{
    struct cf_bytes bytes = cf_bytes_of(value, len);

    return cf_template_take(ad_template, attribute, &bytes, 1, &err);
}

static void
takes(const char *attribute, const char *value)
{
    assert_ok(take(attribute, value, strlen(value)), err);
}

static void
refuses(const char *attribute, const void *value, size_t len)
{
    assert_rc(take(attribute, value, len), CF_E_PROTOCOL);
    assert_contains(err.text, attribute);
}

static void
flags_are_signed_numbers_and_keep_their_bits(void **state)
{
    (void)state;
    takes("msPKI-Certificate-Name-Flag", "-2113929215");
    assert_int_equal(ad_template->name_flags, 0x82000001);
    takes("MSPKI-ENROLLMENT-FLAG", "524288");
    assert_int_equal(ad_template->enrollment_flags, CF_CT_NO_SECURITY_EXTENSION);
    takes("msPKI-Private-Key-Flag", "-2147483648");
    assert_int_equal(ad_template->private_key_flags, 0x80000000);
    takes("msPKI-Private-Key-Flag", "2147483647");
    refuses("msPKI-Private-Key-Flag", "2147483648", 10);
    refuses("msPKI-Private-Key-Flag", "-2147483649", 11);
    refuses("msPKI-Private-Key-Flag", "-0", 2);
    refuses("msPKI-Private-Key-Flag", "+1", 2);
    refuses("msPKI-Private-Key-Flag", "0x1", 3);
    refuses("msPKI-Private-Key-Flag", "", 0);
    refuses("msPKI-Private-Key-Flag", "1\0", 2);
    assert_int_equal(ad_template->private_key_flags, 0x7fffffff);
}

static void
counts_have_limits(void **state)
{
    (void)state;
    takes("msPKI-Minimal-Key-Size", "2048");
    takes("msPKI-RA-Signature", "1");
    takes("msPKI-Template-Schema-Version", "2");
    takes("revision", "100");
    takes("msPKI-Template-Minor-Revision", "3");
    assert_int_equal(ad_template->min_key_bits, 2048);
    assert_int_equal(ad_template->ra_signatures, 1);
    assert_int_equal(ad_template->schema_version, 2);
    assert_int_equal(ad_template->revision, 100);
    assert_int_equal(ad_template->minor_revision, 3);
    refuses("msPKI-Minimal-Key-Size", "65537", 5);
    refuses("msPKI-Minimal-Key-Size", "-1", 2);
    refuses("msPKI-RA-Signature", "1001", 4);
}

static void
a_period_is_a_negative_interval(void **state)
{
    static const uint8_t FORTNIGHTS[] = {0x00, 0x80, 0xa6, 0x0a, 0xff, 0xde, 0xff, 0xff};
    static const uint8_t INSTANT[] = {0, 0, 0, 0, 0, 0, 0, 1};
    static const uint8_t LONGEST[] = {0, 0, 0, 0, 0, 0, 0, 0x80};

    (void)state;
    assert_ok(take("pKIExpirationPeriod", YEAR, sizeof YEAR), err);
    assert_true(ad_template->validity_ms == UINT64_C(365) * 24 * 60 * 60 * 1000);
    assert_ok(take("pKIOverlapPeriod", FORTNIGHTS, sizeof FORTNIGHTS), err);
    assert_true(ad_template->overlap_ms == UINT64_C(42) * 24 * 60 * 60 * 1000);
    assert_ok(take("pKIOverlapPeriod", LONGEST, sizeof LONGEST), err);
    refuses("pKIExpirationPeriod", YEAR, sizeof YEAR - 1);
    refuses("pKIExpirationPeriod", INSTANT, sizeof INSTANT);
    refuses("pKIExpirationPeriod", "", 0);
}

static void
key_usage_counts_bits_from_the_left(void **state)
{
    (void)state;
    assert_ok(take("pKIKeyUsage", "\xa0\x00", 2), err);
    assert_int_equal(ad_template->key_usage, CF_KU_DIGITAL_SIGNATURE | CF_KU_KEY_ENCIPHERMENT);
    assert_ok(take("pKIKeyUsage", "\xc8", 1), err);
    assert_int_equal(ad_template->key_usage,
                     CF_KU_DIGITAL_SIGNATURE | CF_KU_NON_REPUDIATION | CF_KU_KEY_AGREEMENT);
    refuses("pKIKeyUsage", "", 0);
    refuses("pKIKeyUsage", "\xa0\x00\x00", 3);
}

static void
application_policies_stand_for_usages(void **state)
{
    const struct cf_bytes two[] = {cf_bytes_of("1.3.6.1.5.5.7.3.2", 17),
                                   cf_bytes_of("1.3.6.1.5.5.7.3.4", 17)};

    (void)state;
    takes("pKIExtendedKeyUsage", "1.3.6.1.5.5.7.3.1");
    assert_int_equal(ad_template->n_eku, 1);
    assert_ok(cf_template_take(ad_template, "msPKI-Certificate-Application-Policy", two, 2, &err),
              err);
    assert_int_equal(ad_template->n_eku, 2);
    assert_string_equal(ad_template->eku[1], "1.3.6.1.5.5.7.3.4");
    refuses("pKIExtendedKeyUsage", "1..2", 4);
    refuses("pKIExtendedKeyUsage", "1.2.", 4);
    refuses("pKIExtendedKeyUsage", ".1", 2);
    refuses("pKIExtendedKeyUsage", "12", 2);
    refuses("pKIExtendedKeyUsage", "clientAuth", 10);
    refuses("pKIExtendedKeyUsage", "", 0);
    assert_int_equal(ad_template->n_eku, 2);
}

static void
the_key_algorithm_is_found_among_other_settings(void **state)
{
    static const char ATTRIBUTE[] = "msPKI-RA-Application-Policies";
    static const char ALL[] =
        "msPKI-Hash-Algorithm`PZPWSTR`SHA256`msPKI-Asymmetric-Algorithm`PZPWSTR`ECDH_P256`"
        "msPKI-Key-Usage`DWORD`16777215`";

    (void)state;
    takes(ATTRIBUTE, "1.3.6.1.4.1.311.20.2.1");
    takes(ATTRIBUTE, "");
    assert_null(ad_template->key_algorithm);
    takes(ATTRIBUTE, ALL);
    assert_string_equal(ad_template->key_algorithm, "ECDH_P256");
    takes(ATTRIBUTE, "msPKI-Asymmetric-Algorithm`PZPWSTR`RSA");
    assert_string_equal(ad_template->key_algorithm, "RSA");
    refuses(ATTRIBUTE, "msPKI-Asymmetric-Algorithm`PZPWSTR`", 35);
    refuses(ATTRIBUTE, "msPKI-Asymmetric-Algorithm`", 27);
    refuses(ATTRIBUTE, "msPKI-Asymmetric-Algorithm`DWORD`1`", 35);
    refuses(ATTRIBUTE, "`PZPWSTR`RSA`", 13);
    refuses(ATTRIBUTE, "msPKI-Asymmetric-Algorithm`PZPWSTR`R\nA", 38);
    refuses(ATTRIBUTE, "RSA", 3);
    assert_string_equal(ad_template->key_algorithm, "RSA");
}

static void
texts_and_the_descriptor_have_limits(void **state)
{
    static uint8_t longest[CF_SECURITY_DESCRIPTOR_MAX + 1];

    (void)state;
    takes("cn", "CertferryDevice");
    takes("displayName", "Certferry Device");
    takes("distinguishedName", "CN=a");
    takes("msPKI-Cert-Template-OID", "1.3.6.1.4.1.311.21.8.1");
    refuses("msPKI-Cert-Template-OID", "oid", 3);
    refuses("cn", "a\r\nb", 4);
    assert_ok(take("nTSecurityDescriptor", longest, sizeof longest - 1), err);
    refuses("nTSecurityDescriptor", longest, sizeof longest);
    memset(longest, 'a', sizeof longest);
    refuses("cn", longest, CF_PKI_NAME_MAX + 1);
    assert_string_equal(ad_template->name, "CertferryDevice");
    assert_int_equal(cf_buf_len(ad_template->security_descriptor), CF_SECURITY_DESCRIPTOR_MAX);
}

static void
two_values_are_one_too_many(void **state)
{
    const struct cf_bytes two[] = {cf_bytes_of("1", 1), cf_bytes_of("2", 1)};

    (void)state;
    assert_rc(cf_template_take(ad_template, "revision", two, 2, &err), CF_E_PROTOCOL);
    assert_contains(err.text, "revision");
    assert_ok(cf_template_take(ad_template, "revision", NULL, 0, &err), err);
    assert_ok(cf_template_take(ad_template, "flags", two, 1, &err), err);
}

static void
a_clone_is_a_copy(void **state)
{
    cf_own(cf_ad_template) copy = NULL;

    (void)state;
    takes("cn", "CertferryDevice");
    takes("pKIExtendedKeyUsage", "1.3.6.1.5.5.7.3.2");
    assert_ok(take("nTSecurityDescriptor", "abc", 3), err);
    copy = cf_ad_template_clone(ad_template);
    ad_template = cf_ad_template_free(ad_template);
    assert_string_equal(copy->name, "CertferryDevice");
    assert_null(copy->oid);
    assert_string_equal(copy->eku[0], "1.3.6.1.5.5.7.3.2");
    assert_int_equal(cf_buf_len(copy->security_descriptor), 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(flags_are_signed_numbers_and_keep_their_bits),
        TEST(counts_have_limits),
        TEST(a_period_is_a_negative_interval),
        TEST(key_usage_counts_bits_from_the_left),
        TEST(application_policies_stand_for_usages),
        TEST(the_key_algorithm_is_found_among_other_settings),
        TEST(texts_and_the_descriptor_have_limits),
        TEST(two_values_are_one_too_many),
        TEST(a_clone_is_a_copy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
