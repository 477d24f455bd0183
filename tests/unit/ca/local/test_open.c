/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/ca/ca_kit.h"

#include <stdlib.h>

#define WITH_KIT(test) cmocka_unit_test_setup_teardown(test, kit_setup, kit_teardown)

static void
expect_refused(struct ca_kit *kit, enum cf_rc rc, const char *text)
{
    struct cf_ca *ca = NULL;
    struct cf_err err = {0};

    assert_int_equal(cf_ca_find_backend("local")->open(&kit->settings, &kit->env, &ca, &err), rc);
    assert_null(ca);
    kit_contains(err.text, text);
}

static void
a_key_that_others_can_read_is_refused(void **state)
{
    struct ca_kit *kit = *state;

    assert_int_equal(kit_run(kit, "chmod 640 ca.key"), 0);
    expect_refused(kit, CF_E_PERMISSION, "key_file");
    assert_int_equal(kit_run(kit, "chmod 604 ca.key"), 0);
    expect_refused(kit, CF_E_PERMISSION, "key_file");
}

static void
a_key_of_another_certificate_is_refused(void **state)
{
    struct ca_kit *kit = *state;

    assert_int_equal(kit_run(kit, "umask 077; openssl genpkey -algorithm %s -out ca.key", KIT_EC),
                     0);
    expect_refused(kit, CF_E_CONFIG, "not the key of");
}

static void
an_encrypted_key_is_refused(void **state)
{
    struct ca_kit *kit = *state;

    assert_int_equal(kit_run(kit, "umask 077; openssl pkcs8 -topk8 -in ca.key -passout pass:x -out "
                                  "k && mv k ca.key"),
                     0);
    expect_refused(kit, CF_E_CONFIG, "encrypted: decrypt it");
    assert_int_equal(kit_run(kit, "echo junk > ca.key"), 0);
    expect_refused(kit, CF_E_CONFIG, "key_file");
}

static void
keys_in_the_older_form_are_read(void **state)
{
    struct ca_kit *kit = *state;

    assert_int_equal(kit_run(kit,
                             "umask 077; openssl ec -in ca.key -out k 2>/dev/null && { openssl "
                             "ecparam -name prime256v1; cat k; } > ca.key"),
                     0);
    struct cf_ca *ca = kit_ca(kit);
    ca->ops->close(ca);
}

static void
a_key_from_a_credential_is_used_when_no_file_is_set(void **state)
{
    struct ca_kit *kit = *state;

    assert_int_equal(kit_run(kit, "mkdir creds && mv ca.key creds/ca-corp-key"), 0);
    free(kit->settings.key_file);
    kit->settings.key_file = NULL;
    expect_refused(kit, CF_E_CONFIG, "ca-corp-key");
    cf_own_str dir = kit_output(kit, "printf %%s/creds $PWD");
    setenv("CREDENTIALS_DIRECTORY", dir, 1);
    struct cf_ca *ca = kit_ca(kit);
    unsetenv("CREDENTIALS_DIRECTORY");
    ca->ops->close(ca);
}

static void
a_certificate_that_is_no_ca_is_refused(void **state)
{
    struct ca_kit *kit = *state;

    assert_int_equal(
        kit_run(kit,
                "openssl req -x509 -config ca.cnf -extensions v3_leaf -key ca.key -out ca.pem"),
        0);
    expect_refused(kit, CF_E_CONFIG, "CA:TRUE");
    assert_int_equal(
        kit_run(kit,
                "openssl req -x509 -config ca.cnf -extensions v3_nosign -key ca.key -out ca.pem"),
        0);
    expect_refused(kit, CF_E_CONFIG, "cRLSign");
    assert_int_equal(kit_run(kit, "echo nothing > ca.pem"), 0);
    expect_refused(kit, CF_E_CONFIG, "cert_file");
}

static void
a_chain_in_the_wrong_order_is_refused(void **state)
{
    struct ca_kit *kit = *state;

    assert_int_equal(kit_run(kit,
                             "mv ca.pem root.pem && mv ca.key root.key && umask 077 && openssl "
                             "req -new -config ca.cnf -subj /CN=Sub -newkey " KIT_EC
                             " -nodes -keyout ca.key -out sub.csr && openssl x509 -req -in "
                             "sub.csr -CA root.pem -CAkey root.key -extfile ca.cnf -extensions "
                             "v3_ca -days 50 -out sub.pem && cat root.pem sub.pem > ca.pem"),
                     0);
    expect_refused(kit, CF_E_CONFIG, "not signed by the one after it");
    assert_int_equal(kit_run(kit, "cat sub.pem root.pem > ca.pem"), 0);
    struct cf_ca *ca = kit_ca(kit);
    cf_own(cf_buf) csr = kit_csr("a");
    cf_own(cf_cert) cert = kit_issue(kit, ca, "r1", csr);
    kit_write(kit, "leaf.der", cf_cert_der(cert));
    assert_int_equal(kit_run(kit, "openssl x509 -inform DER -in leaf.der -out leaf.pem && openssl "
                                  "verify -CAfile root.pem -untrusted sub.pem leaf.pem >&2"),
                     0);
    ca->ops->close(ca);
}

struct findings {
    unsigned n[3];
    char text[4096];
};

static void
collect(void *arg, const struct cf_finding *finding)
{
    struct findings *findings = arg;

    findings->n[finding->severity]++;
    assert_string_equal(finding->subject, "ca corp");
    assert_true((finding->remedy == NULL) == (finding->severity == CF_FINDING_OK));
    strncat(findings->text, finding->text, sizeof findings->text - strlen(findings->text) - 1);
    strncat(findings->text, "\n", sizeof findings->text - strlen(findings->text) - 1);
}

static void
check_is_content_with_a_good_ca(void **state)
{
    struct ca_kit *kit = *state;
    struct cf_ca *ca = kit_ca(kit);
    struct findings findings = {0};

    assert_int_equal(ca->ops->check(ca, collect, &findings, NULL), CF_OK);
    assert_int_equal(findings.n[CF_FINDING_WARNING] + findings.n[CF_FINDING_ERROR], 0);
    kit_contains(findings.text, "template device is usable");
    ca->ops->close(ca);
}

static void
check_tells_of_the_coming_end_and_of_a_crl_that_ran_out(void **state)
{
    (void)state;
    struct ca_kit kit;
    static const struct {
        int days;
        const char *text;
    } CASES[] = {{20, "ends in 79 days"}, {80, "ends in 19 days"}};

    kit_open(&kit, "100", KIT_EC);
    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        struct findings findings = {0};
        struct cf_ca *ca = NULL;
        cf_clock_fake_set_wall(kit.clock,
                               cf_clock_now_ms(cf_clock_real()) + CASES[i].days * KIT_DAY_MS);
        ca = kit_ca(&kit);
        assert_int_equal(ca->ops->check(ca, collect, &findings, NULL), CF_OK);
        kit_contains(findings.text, CASES[i].text);
        kit_contains(findings.text, "cut to the end");
        assert_int_equal(findings.n[CF_FINDING_ERROR], 0);
        ca->ops->close(ca);
    }

    struct cf_ca *ca = kit_ca(&kit);
    struct findings findings = {0};
    cf_clock_fake_advance(kit.clock, 30 * KIT_DAY_MS);
    assert_int_equal(ca->ops->check(ca, collect, &findings, NULL), CF_OK);
    kit_contains(findings.text, "certificate expired");
    kit_contains(findings.text, "CRL ran out");
    assert_int_equal(findings.n[CF_FINDING_ERROR], 2);
    ca->ops->close(ca);
    kit_close(&kit);
}

static void
settings_that_cannot_work_are_refused(void **state)
{
    struct ca_kit *kit = *state;

    kit->settings.crl_overlap_ms = kit->settings.crl_lifetime_ms;
    expect_refused(kit, CF_E_CONFIG, "crl_overlap");
    kit->settings.crl_overlap_ms = 1000;
    free(kit->settings.crl_file);
    kit->settings.crl_file = NULL;
    expect_refused(kit, CF_E_CONFIG, "crl_file");
    free(kit->settings.cert_file);
    kit->settings.cert_file = NULL;
    expect_refused(kit, CF_E_CONFIG, "cert_file");
}

static void
the_registry_knows_its_backends_and_no_other(void **state)
{
    (void)state;
    assert_string_equal(cf_ca_find_backend("local")->name, "local");
    assert_string_equal(cf_ca_find_backend("exec")->name, "exec");
    assert_null(cf_ca_find_backend("Local"));
    assert_null(cf_ca_find_backend(NULL));
    for (size_t i = 0; cf_ca_backends[i]; i++)
        assert_int_equal(cf_ca_backends[i]->abi, CF_CA_ABI);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_KIT(a_key_that_others_can_read_is_refused),
        WITH_KIT(a_key_of_another_certificate_is_refused),
        WITH_KIT(an_encrypted_key_is_refused),
        WITH_KIT(keys_in_the_older_form_are_read),
        WITH_KIT(a_key_from_a_credential_is_used_when_no_file_is_set),
        WITH_KIT(a_certificate_that_is_no_ca_is_refused),
        WITH_KIT(a_chain_in_the_wrong_order_is_refused),
        WITH_KIT(check_is_content_with_a_good_ca),
        cmocka_unit_test(check_tells_of_the_coming_end_and_of_a_crl_that_ran_out),
        WITH_KIT(settings_that_cannot_work_are_refused),
        cmocka_unit_test(the_registry_knows_its_backends_and_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
