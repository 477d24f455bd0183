/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/ca/ca_kit.h"

#include <stdio.h>
#include <stdlib.h>

#define WITH_KIT(test) cmocka_unit_test_setup_teardown(test, kit_setup, kit_teardown)

static char *
crl_text(const struct ca_kit *kit)
{
    return kit_output(kit, "openssl crl -inform DER -in ca.crl -noout -text");
}

static int
verify_with_crl(const struct ca_kit *kit, const struct cf_cert *cert)
{
    kit_write(kit, "leaf.der", cf_cert_der(cert));
    return kit_run(kit,
                   "openssl x509 -inform DER -in leaf.der -out leaf.pem && "
                   "openssl crl -inform DER -in ca.crl -out crl.pem && openssl verify -attime %lld "
                   "-crl_check -x509_strict -CAfile ca.pem -CRLfile crl.pem leaf.pem >&2",
                   (long long)(cf_clock_now_ms(kit->clock) / 1000));
}

static void
a_crl_is_there_after_open(void **state)
{
    struct ca_kit *kit = *state;
    struct cf_ca *ca = kit_ca(kit);
    cf_own_str text = crl_text(kit);

    kit_contains(text, "Version 2");
    kit_contains(text, "X509v3 CRL Number: \n                1\n");
    kit_contains(text, "X509v3 Authority Key Identifier");
    kit_contains(text, "No Revoked Certificates");
    assert_int_equal(kit_run(kit, "test \"$(stat -c %%a ca.crl)\" = 644"), 0);
    ca->ops->close(ca);

    /* A good one is left alone. */
    ca = kit_ca(kit);
    assert_int_equal(kit->store->crl_number, 1);
    ca->ops->close(ca);
}

static void
a_revoked_certificate_is_refused_by_a_verifier(void **state)
{
    struct ca_kit *kit = *state;
    struct cf_ca *ca = kit_ca(kit);
    cf_own(cf_buf) csr = kit_csr("a");
    cf_own(cf_cert) a = kit_issue(kit, ca, "r1", csr);
    cf_own(cf_cert) b = kit_issue(kit, ca, "r2", csr);

    assert_int_equal(verify_with_crl(kit, a), 0);
    assert_int_equal(kit_revoke(ca, cf_cert_serial(a), 1, NULL), CF_OK);
    assert_int_not_equal(verify_with_crl(kit, a), 0);
    assert_int_equal(verify_with_crl(kit, b), 0);
    cf_own_str text = crl_text(kit);
    kit_contains(text, cf_cert_serial(a));
    kit_contains(text, "Key Compromise");
    kit_contains(text, "X509v3 CRL Number: \n                2\n");
    ca->ops->close(ca);
}

static void
serials_are_compared_as_integers(void **state)
{
    struct ca_kit *kit = *state;
    struct cf_ca *ca = kit_ca(kit);
    cf_own(cf_buf) csr = kit_csr("a");
    cf_own(cf_cert) cert = kit_issue(kit, ca, "r1", csr);
    char text[80];
    struct cf_err err = {0};

    (void)snprintf(text, sizeof text, "00%s", cf_cert_serial(cert));
    for (char *at = text; *at; at++)
        *at = (char)(*at >= 'A' && *at <= 'F' ? *at + 32 : *at);
    assert_int_equal(kit_revoke(ca, text, 0, &err), CF_OK);
    assert_int_equal(kit_revoke(ca, cf_cert_serial(cert), 0, &err), CF_E_CONFLICT);
    assert_int_equal(kit_revoke(ca, "0123456789", 0, &err), CF_E_NOT_FOUND);
    assert_int_equal(kit_revoke(ca, "xyz", 0, &err), CF_E_SYNTAX);
    /* "unspecified" is said by saying nothing. */
    cf_own_str crl = crl_text(kit);
    assert_null(strstr(crl, "Reason Code"));
    ca->ops->close(ca);
}

static void
another_issuer_s_certificate_with_the_same_number_is_not_found(void **state)
{
    struct ca_kit *kit = *state;
    struct cf_ca *ca = kit_ca(kit);
    cf_own(cf_buf) csr = kit_csr("a");
    cf_own(cf_cert) a = kit_issue(kit, ca, "r1", csr);
    cf_own(cf_cert) b = kit_issue(kit, ca, "r2", csr);
    struct cf_ca_revocation revocation = {.serial = cf_cert_serial(a), .cert = cf_cert_der(b)};

    assert_int_equal(ca->ops->revoke(ca, &revocation, NULL), CF_E_NOT_FOUND);
    revocation.cert = cf_cert_der(a);
    assert_int_equal(ca->ops->revoke(ca, &revocation, NULL), CF_OK);
    ca->ops->close(ca);
}

static void
reasons_outside_the_standard_are_refused(void **state)
{
    struct ca_kit *kit = *state;
    struct cf_ca *ca = kit_ca(kit);
    cf_own(cf_buf) csr = kit_csr("a");
    cf_own(cf_cert) cert = kit_issue(kit, ca, "r1", csr);

    assert_int_equal(kit_revoke(ca, cf_cert_serial(cert), 8, NULL), CF_E_UNSUPPORTED);
    assert_int_equal(kit_revoke(ca, cf_cert_serial(cert), 7, NULL), CF_E_RANGE);
    assert_int_equal(kit_revoke(ca, cf_cert_serial(cert), 11, NULL), CF_E_RANGE);
    assert_int_equal(kit_revoke(ca, cf_cert_serial(cert), -1, NULL), CF_E_RANGE);
    assert_int_equal(kit->store->record[0]->status, CF_CA_ISSUED);
    ca->ops->close(ca);
}

static void
a_crl_that_cannot_be_written_keeps_the_revocation_and_fails_for_now(void **state)
{
    struct ca_kit *kit = *state;
    struct cf_ca *ca = kit_ca(kit);
    cf_own(cf_buf) csr = kit_csr("a");
    cf_own(cf_cert) cert = kit_issue(kit, ca, "r1", csr);
    struct cf_err err = {0};

    assert_int_equal(
        kit_run(kit, "mkdir keep && mv ca.crl keep/ && mkdir ca.crl && touch ca.crl/x"), 0);
    assert_int_not_equal(kit_revoke(ca, cf_cert_serial(cert), 1, &err), CF_OK);
    assert_int_equal(err.fault, CF_FAULT_TRANSIENT);
    assert_int_equal(kit->store->record[0]->status, CF_CA_REVOKED);
    assert_int_not_equal(kit_revoke(ca, cf_cert_serial(cert), 1, &err), CF_OK);
    assert_int_equal(err.fault, CF_FAULT_TRANSIENT);

    assert_int_equal(kit_run(kit, "rm -r ca.crl && mv keep/ca.crl ."), 0);
    kit->store->fail_crl_number = CF_E_STORE_CORRUPT;
    assert_int_equal(kit_revoke(ca, cf_cert_serial(cert), 1, &err), CF_E_IO);
    kit->store->fail_crl_number = CF_OK;
    assert_int_equal(kit_revoke(ca, cf_cert_serial(cert), 1, &err), CF_OK);
    assert_int_equal(kit_revoke(ca, cf_cert_serial(cert), 1, &err), CF_E_CONFLICT);
    assert_int_not_equal(verify_with_crl(kit, cert), 0);
    ca->ops->close(ca);
}

static void
a_crash_between_record_and_crl_is_made_good_at_open(void **state)
{
    struct ca_kit *kit = *state;
    struct cf_ca *ca = kit_ca(kit);
    cf_own(cf_buf) csr = kit_csr("a");
    cf_own(cf_cert) cert = kit_issue(kit, ca, "r1", csr);

    kit->store->fail_crl_number = CF_E_IO;
    assert_int_equal(kit_revoke(ca, cf_cert_serial(cert), 1, NULL), CF_E_IO);
    ca->ops->close(ca);
    kit->store->fail_crl_number = CF_OK;
    ca = kit_ca(kit);
    assert_int_not_equal(verify_with_crl(kit, cert), 0);
    assert_int_equal(kit_revoke(ca, cf_cert_serial(cert), 1, NULL), CF_E_CONFLICT);
    ca->ops->close(ca);
}

static void
the_crl_is_renewed_before_it_runs_out(void **state)
{
    struct ca_kit *kit = *state;
    struct cf_ca *ca = kit_ca(kit);
    int64_t start = cf_clock_now_ms(kit->clock) / 1000 * 1000;
    int64_t next = 0;

    assert_int_equal(ca->ops->upkeep(ca, &next, NULL), CF_OK);
    assert_int_equal(next, start + 6 * KIT_DAY_MS);
    cf_clock_fake_advance(kit->clock, 6 * KIT_DAY_MS - 2000);
    assert_int_equal(ca->ops->upkeep(ca, &next, NULL), CF_OK);
    assert_int_equal(kit->store->crl_number, 1);
    cf_clock_fake_advance(kit->clock, 2000);
    assert_int_equal(ca->ops->upkeep(ca, &next, NULL), CF_OK);
    assert_int_equal(kit->store->crl_number, 2);
    assert_true(next > start + 11 * KIT_DAY_MS);

    /* Gone, and from the future: both are replaced. */
    assert_int_equal(kit_run(kit, "rm ca.crl"), 0);
    assert_int_equal(ca->ops->upkeep(ca, &next, NULL), CF_OK);
    assert_int_equal(kit_run(kit, "test -s ca.crl"), 0);
    cf_clock_fake_set_wall(kit->clock, start);
    assert_int_equal(ca->ops->upkeep(ca, &next, NULL), CF_OK);
    assert_int_equal(kit->store->crl_number, 4);
    ca->ops->close(ca);
}

static void
crl_numbers_grow_also_when_the_store_was_set_back(void **state)
{
    struct ca_kit *kit = *state;
    struct cf_ca *ca = kit_ca(kit);

    kit->store->crl_number = 40;
    cf_clock_fake_advance(kit->clock, 7 * KIT_DAY_MS);
    int64_t next = 0;
    assert_int_equal(ca->ops->upkeep(ca, &next, NULL), CF_OK);
    ca->ops->close(ca);
    kit->store->crl_number = 3;
    cf_clock_fake_advance(kit->clock, 7 * KIT_DAY_MS);
    ca = kit_ca(kit);
    cf_own_str text = crl_text(kit);
    kit_contains(text, "X509v3 CRL Number: \n                42\n");
    ca->ops->close(ca);
}

static void
an_entry_stays_for_one_crl_after_the_certificate_s_end(void **state)
{
    struct ca_kit *kit = *state;
    struct cf_ca *ca = kit_ca(kit);
    cf_own(cf_buf) csr = kit_csr("a");
    cf_own(cf_cert) cert = kit_issue(kit, ca, "r1", csr);
    int64_t next = 0;

    assert_int_equal(kit_revoke(ca, cf_cert_serial(cert), 1, NULL), CF_OK);
    cf_clock_fake_advance(kit->clock, 366 * KIT_DAY_MS);
    assert_int_equal(ca->ops->upkeep(ca, &next, NULL), CF_OK);
    cf_own_str with = crl_text(kit);
    kit_contains(with, cf_cert_serial(cert));
    cf_clock_fake_advance(kit->clock, 7 * KIT_DAY_MS);
    assert_int_equal(ca->ops->upkeep(ca, &next, NULL), CF_OK);
    cf_own_str without = crl_text(kit);
    kit_contains(without, "No Revoked Certificates");
    assert_int_equal(kit_revoke(ca, cf_cert_serial(cert), 1, NULL), CF_E_CONFLICT);
    ca->ops->close(ca);
}

/* As during a reload, when the former instance still ends its work. */
static void
two_instances_do_not_undo_each_other(void **state)
{
    struct ca_kit *kit = *state;
    struct cf_ca *old = kit_ca(kit);
    struct cf_ca *new = kit_ca(kit);
    cf_own(cf_buf) csr = kit_csr("a");
    cf_own(cf_cert) a = kit_issue(kit, old, "r1", csr);
    cf_own(cf_cert) b = kit_issue(kit, new, "r2", csr);

    assert_int_equal(kit_revoke(old, cf_cert_serial(a), 1, NULL), CF_OK);
    assert_int_equal(kit_revoke(new, cf_cert_serial(b), 1, NULL), CF_OK);
    cf_own_str text = crl_text(kit);
    kit_contains(text, cf_cert_serial(a));
    kit_contains(text, cf_cert_serial(b));
    kit_contains(text, "X509v3 CRL Number: \n                3\n");
    old->ops->close(old);
    new->ops->close(new);
}

static void
a_file_that_is_not_this_ca_s_crl_is_not_overwritten(void **state)
{
    struct ca_kit *kit = *state;
    struct cf_ca *ca = NULL;
    struct cf_err err = {0};
    const struct cf_ca_ops *ops = cf_ca_find_backend("local");

    assert_int_equal(kit_run(kit, "cp ca.pem ca.crl"), 0);
    assert_int_equal(ops->open(&kit->settings, &kit->env, &ca, &err), CF_E_CONFIG);
    kit_contains(err.text, "crl_file");
    assert_int_equal(kit_run(kit, "cmp ca.pem ca.crl"), 0);

    struct ca_kit other;
    kit_open(&other, "100", KIT_EC);
    assert_int_equal(kit_run(&other, "sed -i 's/CN=Test CA/CN=Other CA/' ca.cnf; openssl req -x509 "
                                     "-config ca.cnf -extensions v3_ca -key ca.key -out ca.pem"),
                     0);
    ca = kit_ca(&other);
    ca->ops->close(ca);
    assert_int_equal(kit_run(kit, "cp %s/ca.crl ca.crl", other.dir), 0);
    kit_close(&other);
    assert_int_equal(ops->open(&kit->settings, &kit->env, &ca, &err), CF_E_CONFIG);
    kit_contains(err.text, "another CA");
}

static void
a_crl_of_the_ca_s_former_key_is_replaced(void **state)
{
    struct ca_kit *kit = *state;
    struct cf_ca *ca = kit_ca(kit);

    ca->ops->close(ca);
    assert_int_equal(kit_run(kit, "umask 077; openssl req -x509 -config ca.cnf -extensions v3_ca "
                                  "-newkey " KIT_EC " -nodes -keyout ca.key -out ca.pem"),
                     0);
    ca = kit_ca(kit);
    assert_int_equal(kit_run(kit, "openssl crl -inform DER -in ca.crl -CAfile ca.pem -noout"), 0);
    assert_int_equal(kit->store->crl_number, 2);
    ca->ops->close(ca);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_KIT(a_crl_is_there_after_open),
        WITH_KIT(a_revoked_certificate_is_refused_by_a_verifier),
        WITH_KIT(serials_are_compared_as_integers),
        WITH_KIT(another_issuer_s_certificate_with_the_same_number_is_not_found),
        WITH_KIT(reasons_outside_the_standard_are_refused),
        WITH_KIT(a_crl_that_cannot_be_written_keeps_the_revocation_and_fails_for_now),
        WITH_KIT(a_crash_between_record_and_crl_is_made_good_at_open),
        WITH_KIT(the_crl_is_renewed_before_it_runs_out),
        WITH_KIT(crl_numbers_grow_also_when_the_store_was_set_back),
        WITH_KIT(an_entry_stays_for_one_crl_after_the_certificate_s_end),
        WITH_KIT(two_instances_do_not_undo_each_other),
        WITH_KIT(a_file_that_is_not_this_ca_s_crl_is_not_overwritten),
        WITH_KIT(a_crl_of_the_ca_s_former_key_is_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
