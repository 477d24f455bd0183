/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that devices made for themselves. */
#include <stdio.h>
#include <stdlib.h>

#include "unit/ca/ca_kit.h"

/* By the openssl command, with a challenge: the key, its hash, and lines of configuration. */
static struct cf_buf *
device_csr(const struct ca_kit *kit, const char *newkey, const char *hash, const char *extensions)
{
    assert_int_equal(
        kit_run(kit,
                "printf '[req]\\ndistinguished_name=dn\\nattributes=at\\nprompt=no\\n%s[dn]\\n"
                "CN=pc1\\n[at]\\nchallengePassword=not for keeping\\nunstructuredName=other\\n"
                "[asked]\\n%s\\n' > device.cnf && "
                "openssl req -new -config device.cnf -newkey %s -%s -nodes -keyout /dev/null "
                "-outform DER -out device.der",
                extensions ? "req_extensions=asked\\n" : "", extensions ? extensions : "", newkey,
                hash),
        0);
    return kit_read(kit, "device.der");
}

static void
requests_of_any_make_are_issued(void **state)
{
    static const struct {
        const char *newkey, *hash, *extensions;
    } rows[] = {
        {KIT_EC, "sha256", NULL},
        {"rsa:2048", "sha256", NULL},
        {"rsa:2048", "sha1", NULL},
        {"rsa:2048", "sha512",
         "keyUsage=critical,digitalSignature\\nsubjectAltName=critical,DNS:pc1.example.com\\n"
         "extendedKeyUsage=critical,clientAuth"},
        {KIT_EC, "sha384", "basicConstraints=CA:FALSE\\nsubjectKeyIdentifier=hash"},
    };
    struct ca_kit *kit = *state;
    struct cf_ca *ca = kit_ca(kit);

    for (size_t i = 0; i < CF_COUNT(rows); i++) {
        char context[16];

        (void)snprintf(context, sizeof context, "d%zu", i);
        cf_own(cf_buf) csr = device_csr(kit, rows[i].newkey, rows[i].hash, rows[i].extensions);
        cf_own(cf_cert) cert = kit_issue(kit, ca, context, csr);
        const struct cf_ca_record *record = fake_ca_store_find(kit->store, cf_cert_serial(cert));
        assert_non_null(record);
        assert_non_null(record->cert);
        /* Its challenge may be good for more. */
        assert_null(record->csr);
        cf_own(cf_cert) again = kit_issue(kit, ca, context, csr);
        assert_string_equal(cf_cert_serial(again), cf_cert_serial(cert));
    }
    ca->ops->close(ca);
}

static void
one_that_waits_for_approval_is_kept_until_then(void **state)
{
    struct ca_kit *kit = *state;
    struct cf_ca *ca = kit_ca(kit);
    cf_own(cf_buf) csr = device_csr(kit, KIT_EC, "sha256", NULL);
    struct cf_ca_submission submission = kit_submission(kit, "d1", csr);
    struct cf_ca_answer answer = {0};
    struct cf_err err = {0};

    kit->tmpl.approval = true;
    submission.template_settings = &kit->tmpl;
    assert_int_equal(ca->ops->submit(ca, &submission, &answer, &err), CF_OK);
    assert_int_equal(answer.disposition, CF_CA_ANSWER_PENDING);
    assert_int_equal(ca->ops->decide(ca, answer.cookie, true, &err), CF_OK);
    struct cf_ca_answer issued = {0};
    assert_int_equal(ca->ops->poll(ca, answer.cookie, &issued, &err), CF_OK);
    assert_int_equal(issued.disposition, CF_CA_ANSWER_ISSUED);
    cf_ca_answer_done(&answer);
    cf_ca_answer_done(&issued);
    ca->ops->close(ca);
}

static void
its_crl_is_the_one_that_was_published(void **state)
{
    struct ca_kit *kit = *state;
    struct cf_ca *ca = kit_ca(kit);
    cf_own(cf_buf) csr = kit_csr("a");
    cf_own(cf_cert) cert = kit_issue(kit, ca, "r1", csr);
    cf_own(cf_buf) before = NULL;
    cf_own(cf_buf) after = NULL;
    struct cf_err err = {0};

    assert_int_equal(ca->ops->crl(ca, &before, &err), CF_OK);
    assert_int_equal(kit_revoke(ca, cf_cert_serial(cert), 1, &err), CF_OK);
    assert_int_equal(ca->ops->crl(ca, &after, &err), CF_OK);
    assert_false(cf_bytes_equal(cf_buf_bytes(before), cf_buf_bytes(after)));
    kit_write(kit, "given.crl", cf_buf_bytes(after));
    assert_int_equal(kit_run(kit, "cmp -s given.crl %s", kit->settings.crl_file), 0);
    cf_own_str text = kit_output(kit, "openssl crl -inform DER -in given.crl -noout -text");
    kit_contains(text, cf_cert_serial(cert));
    ca->ops->close(ca);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(requests_of_any_make_are_issued, kit_setup, kit_teardown),
        cmocka_unit_test_setup_teardown(one_that_waits_for_approval_is_kept_until_then, kit_setup,
                                        kit_teardown),
        cmocka_unit_test_setup_teardown(its_crl_is_the_one_that_was_published, kit_setup,
                                        kit_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
