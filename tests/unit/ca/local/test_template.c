/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/ca/ca_kit.h"

#include <stdlib.h>

#define WITH_KIT(test) cmocka_unit_test_setup_teardown(test, kit_setup, kit_teardown)

static void
expect_rejected(struct ca_kit *kit, const char *newkey, const char *extensions, const char *reason)
{
    struct cf_ca *ca = kit_ca(kit);
    cf_own(cf_buf) csr = kit_csr_openssl(kit, newkey, extensions);

    kit_expect_rejected(kit, ca, "r1", csr, reason);
    assert_int_equal(kit->store->n, 0);
    ca->ops->close(ca);
}

static void
a_request_for_a_ca_certificate_is_rejected(void **state)
{
    expect_rejected(*state, KIT_EC, "basicConstraints=critical,CA:TRUE", "CA certificate");
}

static void
key_usages_beyond_the_template_are_rejected(void **state)
{
    expect_rejected(*state, KIT_EC, "keyUsage=digitalSignature,keyCertSign", "key usage");
    expect_rejected(*state, KIT_EC, "keyUsage=dataEncipherment", "key usage");
}

static void
extended_key_usages_beyond_the_template_are_rejected(void **state)
{
    expect_rejected(*state, KIT_EC, "extendedKeyUsage=clientAuth,codeSigning", "1.3.6.1.5.5.7.3.3");
    expect_rejected(*state, KIT_EC, "extendedKeyUsage=anyExtendedKeyUsage", "2.5.29.37.0");
}

static void
a_san_that_cannot_be_checked_is_rejected(void **state)
{
    expect_rejected(*state, KIT_EC, "subjectAltName=DNS:a.example.com,IP:192.0.2.1",
                    "alternative name");
    expect_rejected(*state, KIT_EC, "subjectAltName=otherName:1.2.3.4;UTF8:x", "alternative name");
}

static void
weak_keys_are_rejected(void **state)
{
    expect_rejected(*state, "rsa:1024", "keyUsage=digitalSignature", "RSA key of 1024 bits");
    expect_rejected(*state, "ec -pkeyopt ec_paramgen_curve:secp256k1", "keyUsage=digitalSignature",
                    "");
    expect_rejected(*state, "ec -pkeyopt ec_paramgen_curve:P-224", "keyUsage=digitalSignature", "");
    expect_rejected(*state, "ed25519", "keyUsage=digitalSignature", "");
}

static void
a_smaller_curve_than_the_template_s_is_rejected(void **state)
{
    struct ca_kit *kit = *state;

    kit->tmpl.key = CF_KEY_P384;
    expect_rejected(kit, KIT_EC, "keyUsage=digitalSignature", "at least 384");
}

static void
another_template_s_name_in_the_request_is_rejected(void **state)
{
    struct ca_kit *kit = *state;
    struct cf_ca *ca = kit_ca(kit);
    cf_own(cf_dn) dn = cf_dn_new();

    assert_int_equal(cf_dn_append(dn, "CN", "a", NULL), CF_OK);
    struct cf_csr_spec spec = {.subject = dn, .template_name = "DomainController"};
    cf_own(cf_buf) csr = kit_csr_of(CF_KEY_P256, &spec);
    kit_expect_rejected(kit, ca, "r1", csr, "DomainController");
    ca->ops->close(ca);
}

static void
a_request_with_a_changed_bit_is_rejected(void **state)
{
    struct ca_kit *kit = *state;
    struct cf_ca *ca = kit_ca(kit);
    cf_own(cf_buf) csr = kit_csr("a");
    struct cf_bytes good = cf_buf_bytes(csr);
    uint8_t *bad = malloc(good.len);

    assert_non_null(bad);
    for (size_t i = 0; i < good.len; i += 7) {
        struct cf_ca_answer answer = {0};
        struct cf_ca_submission submission = kit_submission(kit, "r1", csr);
        memcpy(bad, good.data, good.len);
        bad[i] = (uint8_t)(bad[i] ^ 0x04);
        submission.csr = cf_bytes_of(bad, good.len);
        assert_int_equal(ca->ops->submit(ca, &submission, &answer, NULL), CF_OK);
        assert_int_equal(answer.disposition, CF_CA_ANSWER_REJECTED);
        cf_ca_answer_done(&answer);
    }
    assert_int_equal(kit->store->n, 0);
    free(bad);
    ca->ops->close(ca);
}

static void
rubbish_is_rejected(void **state)
{
    struct ca_kit *kit = *state;
    struct cf_ca *ca = kit_ca(kit);
    static const char *const RUBBISH[] = {"", "0", "\x30\x80", "\x30\x82\xff\xff", "hello"};

    for (size_t i = 0; i < CF_COUNT(RUBBISH); i++) {
        cf_own(cf_buf) csr = cf_buf_copy(cf_bytes_of(RUBBISH[i], strlen(RUBBISH[i])));
        kit_expect_rejected(kit, ca, "r1", csr, "");
    }
    ca->ops->close(ca);
}

static void
a_template_that_makes_cas_is_a_configuration_error(void **state)
{
    struct ca_kit *kit = *state;
    struct cf_ca *ca = NULL;
    struct cf_err err = {0};
    const struct cf_ca_ops *ops = cf_ca_find_backend("local");

    kit->tmpl.key_usage |= CF_KU_KEY_CERT_SIGN;
    assert_int_equal(ops->open(&kit->settings, &kit->env, &ca, &err), CF_E_CONFIG);
    kit_contains(err.text, "keyCertSign");
    kit->tmpl.key_usage = CF_KU_DIGITAL_SIGNATURE;
    free(kit->eku[0]);
    kit->eku[0] = strdup("no.oid");
    assert_int_equal(ops->open(&kit->settings, &kit->env, &ca, &err), CF_E_CONFIG);
    kit_contains(err.text, "no.oid");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_KIT(a_request_for_a_ca_certificate_is_rejected),
        WITH_KIT(key_usages_beyond_the_template_are_rejected),
        WITH_KIT(extended_key_usages_beyond_the_template_are_rejected),
        WITH_KIT(a_san_that_cannot_be_checked_is_rejected),
        WITH_KIT(weak_keys_are_rejected),
        WITH_KIT(a_smaller_curve_than_the_template_s_is_rejected),
        WITH_KIT(another_template_s_name_in_the_request_is_rejected),
        WITH_KIT(a_request_with_a_changed_bit_is_rejected),
        WITH_KIT(rubbish_is_rejected),
        WITH_KIT(a_template_that_makes_cas_is_a_configuration_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
