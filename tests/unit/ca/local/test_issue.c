/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/ca/ca_kit.h"

#include <stdlib.h>

#include "certferry/san.h"

static void
never_outlives_the_template(void **state)
{
    struct ca_kit *kit = *state;
    cf_clock_fake_advance(kit->clock, KIT_DAY_MS); /* room for notBefore in the past */
    struct cf_ca *ca = kit_ca(kit);
    cf_own(cf_buf) csr = kit_csr("a");
    struct cf_ca_submission submission = kit_submission(kit, "r1", csr);
    struct cf_ca_answer answer = {0};
    cf_own(cf_cert) cert = NULL;
    int64_t now = cf_clock_now_ms(kit->clock);

    submission.validity_ms = UINT64_MAX;
    assert_int_equal(ca->ops->submit(ca, &submission, &answer, NULL), CF_OK);
    assert_int_equal(cf_cert_parse(cf_buf_bytes(answer.cert), &cert, NULL), CF_OK);
    assert_int_equal(cf_cert_not_after_ms(cert), (now + 365 * KIT_DAY_MS) / 1000 * 1000);
    assert_int_equal(cf_cert_not_before_ms(cert), (now - 5 * 60 * 1000) / 1000 * 1000);
    cf_ca_answer_done(&answer);
    ca->ops->close(ca);
}

static void
a_profile_may_shorten_the_validity(void **state)
{
    struct ca_kit *kit = *state;
    struct cf_ca *ca = kit_ca(kit);
    cf_own(cf_buf) csr = kit_csr("a");
    struct cf_ca_submission submission = kit_submission(kit, "r1", csr);
    struct cf_ca_answer answer = {0};
    cf_own(cf_cert) cert = NULL;

    submission.validity_ms = 30 * KIT_DAY_MS;
    assert_int_equal(ca->ops->submit(ca, &submission, &answer, NULL), CF_OK);
    assert_int_equal(cf_cert_parse(cf_buf_bytes(answer.cert), &cert, NULL), CF_OK);
    assert_int_equal(cf_cert_not_after_ms(cert),
                     (cf_clock_now_ms(kit->clock) + 30 * KIT_DAY_MS) / 1000 * 1000);
    cf_ca_answer_done(&answer);
    ca->ops->close(ca);
}

static void
never_outlives_the_ca(void **state)
{
    (void)state;
    struct ca_kit kit;

    kit_open(&kit, "20", KIT_EC);
    struct cf_ca *ca = kit_ca(&kit);
    cf_own(cf_buf) csr = kit_csr("a");
    cf_own(cf_cert) cert = kit_issue(&kit, ca, "r1", csr);
    cf_own(cf_buf) chain_der = NULL;
    cf_own(cf_chain) chain = NULL;

    assert_int_equal(ca->ops->chain(ca, &chain_der, NULL), CF_OK);
    assert_int_equal(cf_chain_parse_der(cf_buf_bytes(chain_der), &chain, NULL), CF_OK);
    assert_int_equal(cf_cert_not_after_ms(cert), cf_cert_not_after_ms(cf_chain_at(chain, 0)));
    assert_true(cf_cert_not_before_ms(cert) >= cf_cert_not_before_ms(cf_chain_at(chain, 0)));

    cf_clock_fake_advance(kit.clock, 21 * KIT_DAY_MS);
    cf_own(cf_buf) late = kit_csr("b");
    struct cf_ca_submission submission = kit_submission(&kit, "r2", late);
    struct cf_ca_answer answer = {0};
    struct cf_err err = {0};
    assert_int_equal(ca->ops->submit(ca, &submission, &answer, &err), CF_E_CA_CONFIG);
    kit_contains(err.text, "renew it");
    ca->ops->close(ca);
    kit_close(&kit);
}

static void
passes_the_comparison_with_its_request(void **state)
{
    struct ca_kit *kit = *state;
    struct cf_ca *ca = kit_ca(kit);
    static const char *const EKU[] = {KIT_CLIENT_AUTH};
    cf_own(cf_dn) dn = cf_dn_new();
    cf_own(cf_san) san = cf_san_new();

    assert_int_equal(cf_dn_append(dn, "CN", "Gerät, 7", NULL), CF_OK);
    assert_int_equal(cf_san_append(san, CF_SAN_UPN, "u@example.com", NULL), CF_OK);
    assert_int_equal(cf_san_append(san, CF_SAN_DNS, "d7.example.com", NULL), CF_OK);
    struct cf_csr_spec spec = {.subject = dn,
                               .san = san,
                               .key_usage = CF_KU_DIGITAL_SIGNATURE,
                               .eku = EKU,
                               .n_eku = 1,
                               .template_name = "device",
                               .sid = "S-1-5-21-1-2-3-1104"};
    cf_own(cf_buf) der = kit_csr_of(CF_KEY_P384, &spec);
    cf_own(cf_cert) cert = kit_issue(kit, ca, "r1", der);
    cf_own(cf_csr) csr = NULL;
    cf_own(cf_buf) chain_der = NULL;
    cf_own(cf_chain) chain = NULL;
    struct cf_err err = {0};

    assert_int_equal(cf_csr_parse(cf_buf_bytes(der), &csr, NULL), CF_OK);
    assert_int_equal(ca->ops->chain(ca, &chain_der, NULL), CF_OK);
    assert_int_equal(cf_chain_parse_der(cf_buf_bytes(chain_der), &chain, NULL), CF_OK);
    struct cf_cert_expectation expectation = {
        .csr = csr, .chain = chain, .now_ms = cf_clock_now_ms(kit->clock)};
    if (cf_cert_check_issued(cert, &expectation, &err) != CF_OK)
        fail_msg("%s", err.text);

    kit_write(kit, "leaf.der", cf_cert_der(cert));
    cf_own_str text = kit_output(kit, "openssl x509 -inform DER -in leaf.der -noout -text");
    kit_contains(text, "CA:FALSE");
    kit_contains(text, "X509v3 Key Usage: critical\n                Digital Signature\n");
    kit_contains(text, "TLS Web Client Authentication\n");
    kit_contains(text, "URI:http://crl.example.com/ca.crl");
    kit_contains(text, "CA Issuers - URI:http://crl.example.com/ca.cer");
    kit_contains(text, "X509v3 Subject Key Identifier");
    kit_contains(text, "X509v3 Authority Key Identifier");
    kit_contains(text, "1.3.6.1.4.1.311.20.2");
    kit_contains(text, "1.3.6.1.4.1.311.25.2: \n");
    kit_contains(text, "S-1-5-21-1-2-3-1104");
    assert_int_equal(kit_run(kit, "openssl x509 -inform DER -in leaf.der -out leaf.pem && openssl "
                                  "verify -x509_strict -CAfile ca.pem leaf.pem >&2"),
                     0);
    ca->ops->close(ca);
}

static void
an_empty_subject_makes_the_san_critical(void **state)
{
    struct ca_kit *kit = *state;
    struct cf_ca *ca = kit_ca(kit);
    cf_own(cf_dn) dn = cf_dn_new();
    cf_own(cf_san) san = cf_san_new();

    assert_int_equal(cf_san_append(san, CF_SAN_DNS, "d7.example.com", NULL), CF_OK);
    struct cf_csr_spec spec = {.subject = dn, .san = san};
    cf_own(cf_buf) der = kit_csr_of(CF_KEY_P256, &spec);
    cf_own(cf_cert) cert = kit_issue(kit, ca, "r1", der);

    kit_write(kit, "leaf.der", cf_cert_der(cert));
    cf_own_str text = kit_output(kit, "openssl x509 -inform DER -in leaf.der -noout -text");
    kit_contains(text, "Subject Alternative Name: critical");
    /* Nothing was asked for: all usages of the template. */
    kit_contains(text, "TLS Web Client Authentication, TLS Web Server Authentication");
    kit_contains(text, "Digital Signature, Key Encipherment");
    ca->ops->close(ca);
}

static void
serials_are_random_positive_and_redrawn_when_taken(void **state)
{
    struct ca_kit *kit = *state;
    struct cf_ca *ca = kit_ca(kit);
    cf_own(cf_buf) csr = kit_csr("a");

    kit->store->add_conflicts = 3;
    cf_own(cf_cert) a = kit_issue(kit, ca, "r1", csr);
    assert_int_equal(kit->store->n_adds, 4);
    cf_own(cf_cert) b = kit_issue(kit, ca, "r2", csr);
    assert_string_not_equal(cf_cert_serial(a), cf_cert_serial(b));
    assert_int_equal(strlen(cf_cert_serial(a)), 32);
    assert_string_equal(kit->store->record[0]->serial, cf_cert_serial(a));

    kit->store->add_conflicts = 1000;
    struct cf_ca_submission submission = kit_submission(kit, "r3", csr);
    struct cf_ca_answer answer = {0};
    assert_int_equal(ca->ops->submit(ca, &submission, &answer, NULL), CF_E_BUG);
    ca->ops->close(ca);
}

static void
signs_with_an_rsa_key_too(void **state)
{
    (void)state;
    struct ca_kit kit;

    kit_open(&kit, "100", "rsa:2048");
    struct cf_ca *ca = kit_ca(&kit);
    cf_own(cf_buf) csr = kit_csr("a");
    cf_own(cf_cert) cert = kit_issue(&kit, ca, "r1", csr);

    kit_write(&kit, "leaf.der", cf_cert_der(cert));
    assert_int_equal(kit_run(&kit, "openssl x509 -inform DER -in leaf.der -out leaf.pem && "
                                   "openssl verify -CAfile ca.pem leaf.pem >&2"),
                     0);
    ca->ops->close(ca);
    kit_close(&kit);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(never_outlives_the_template, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(a_profile_may_shorten_the_validity, kit_setup,
                                        kit_teardown),
        cmocka_unit_test(never_outlives_the_ca),
        cmocka_unit_test_setup_teardown(passes_the_comparison_with_its_request, kit_setup,
                                        kit_teardown),
        cmocka_unit_test_setup_teardown(an_empty_subject_makes_the_san_critical, kit_setup,
                                        kit_teardown),
        cmocka_unit_test_setup_teardown(serials_are_random_positive_and_redrawn_when_taken,
                                        kit_setup, kit_teardown),
        cmocka_unit_test(signs_with_an_rsa_key_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
