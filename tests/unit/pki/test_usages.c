/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "certferry/csr.h"
#include "unit/base/unit.h"

static struct cf_err err;

#define BYTES(text) cf_bytes_of(text, sizeof(text) - 1)

static void
key_usage_bits_are_those_of_the_standard(void **state)
{
    unsigned bits = 0;

    (void)state;
    assert_ok(cf_key_usage_parse_der(BYTES("\x03\x02\x05\xa0"), &bits, &err), err);
    assert_int_equal(bits, CF_KU_DIGITAL_SIGNATURE | CF_KU_KEY_ENCIPHERMENT);
    assert_ok(cf_key_usage_parse_der(BYTES("\x03\x02\x01\x06"), &bits, &err), err);
    assert_int_equal(bits, CF_KU_KEY_CERT_SIGN | CF_KU_CRL_SIGN);
    assert_ok(cf_key_usage_parse_der(BYTES("\x03\x01\x00"), &bits, &err), err);
    assert_int_equal(bits, 0);
}

static void
extended_usages_are_dotted_identifiers(void **state)
{
    char **eku = NULL;
    size_t n = 0;

    (void)state;
    assert_ok(cf_eku_parse_der(BYTES("\x30\x16\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x02\x06\x0a\x2b"
                                     "\x06\x01\x04\x01\x82\x37\x0a\x03\x04"),
                               &eku, &n, &err),
              err);
    assert_int_equal(n, 2);
    assert_string_equal(eku[0], "1.3.6.1.5.5.7.3.2");
    assert_string_equal(eku[1], "1.3.6.1.4.1.311.10.3.4");
    free(eku[0]);
    free(eku[1]);
    free(eku);
}

static void
what_is_not_the_whole_value_is_refused(void **state)
{
    unsigned bits = 7;
    char **eku = NULL;
    size_t n = 0;

    (void)state;
    assert_rc(cf_key_usage_parse_der(BYTES(""), &bits, &err), CF_E_ENCODING);
    assert_rc(cf_key_usage_parse_der(BYTES("\x03\x02\x05\xa0\x00"), &bits, &err), CF_E_ENCODING);
    assert_rc(cf_key_usage_parse_der(BYTES("\x04\x02\x05\xa0"), &bits, &err), CF_E_ENCODING);
    assert_int_equal(bits, 7);
    assert_rc(cf_eku_parse_der(BYTES("\x30\x0a\x06\x08\x2b"), &eku, &n, &err), CF_E_ENCODING);
    assert_rc(cf_eku_parse_der(BYTES("\x30\x03\x02\x01\x01"), &eku, &n, &err), CF_E_ENCODING);
    assert_null(eku);
}

static void
more_usages_than_any_template_has_are_refused(void **state)
{
    uint8_t der[4 + 4 * (CF_EKU_MAX + 1)] = {0x30, 0x81, 4 * (CF_EKU_MAX + 1)};
    char **eku = NULL;
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i <= CF_EKU_MAX; i++)
        memcpy(der + 3 + 4 * i, "\x06\x02\x2a\x03", 4);
    assert_rc(cf_eku_parse_der(cf_bytes_of(der, sizeof der - 1), &eku, &n, &err), CF_E_LIMIT);
    assert_null(eku);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_usage_bits_are_those_of_the_standard),
        cmocka_unit_test(extended_usages_are_dotted_identifiers),
        cmocka_unit_test(what_is_not_the_whole_value_is_refused),
        cmocka_unit_test(more_usages_than_any_template_has_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
