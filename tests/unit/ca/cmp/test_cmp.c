/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/ca/cmp/cmp_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "certferry/identity.h"

static void
each_kind_of_request_brings_what_was_asked_for(void **state)
{
    struct cmp_kit *cmp = *state;
    static const enum cf_cmp_request KIND[] = {CF_CMP_P10CR, CF_CMP_CR, CF_CMP_IR};
    static const char *const LOG[] = {"message 4\n", "message 2\n", "message 0\n"};

    for (size_t i = 0; i < CF_COUNT(KIND); i++) {
        cmp->kit.settings.cmp_request = KIND[i];
        cmp_kit_open(cmp);
        cf_cert_free(cmp_kit_issue(cmp));
        cf_own_str log = cmp_kit_log(cmp);
        kit_contains(log, LOG[i]);
        assert_null(strstr(log, "confirmed"));
    }
}

static void
a_confirmation_is_sent_unless_it_is_implied(void **state)
{
    struct cmp_kit *cmp = *state;

    cmp->kit.settings.implicit_confirm = false;
    cmp_kit_open(cmp);
    cf_cert_free(cmp_kit_issue(cmp));
    cf_own_str log = cmp_kit_log(cmp);
    kit_contains(log, "confirmed PKIStatus: accepted");
}

static void
a_ca_that_does_not_grant_it_gets_its_confirmation(void **state)
{
    struct cmp_kit *cmp = *state;

    cmp_kit_open(cmp);
    cmp_kit_mode(cmp, "noimplicit\n");
    cf_cert_free(cmp_kit_issue(cmp));
    cf_own_str log = cmp_kit_log(cmp);
    kit_contains(log, "confirmed PKIStatus: accepted");
    /* The CA takes back what it does not see confirmed: that certificate must not go out. */
    cf_own(cf_buf) csr = kit_csr("device-1");
    struct cf_ca_answer answer = {0};
    cmp_kit_mode(cmp, "noconf\n");
    enum cf_rc rc = cmp_kit_submit(cmp, csr, &answer, NULL);
    assert_true(rc != CF_OK || answer.disposition == CF_CA_ANSWER_REJECTED);
    assert_null(answer.cert);
    cf_ca_answer_done(&answer);
}

/* The signer_file from begin_ms on for 30 days; returns its certificate in PEM. */
static struct cf_buf *
use_signer(struct cmp_kit *cmp, int64_t begin_ms)
{
    cf_own(cf_identity) identity = NULL;
    cf_own(cf_secret) pem = NULL;
    struct cf_buf *cert = NULL;
    struct cf_err err = {0};

    assert_int_equal(cf_identity_generate(CF_KEY_P256, "certferry", begin_ms, 30ULL * KIT_DAY_MS,
                                          &identity, &err),
                     CF_OK);
    assert_int_equal(cf_identity_pem(identity, &pem, &err), CF_OK);
    assert_int_equal(cf_identity_cert_pem(identity, &cert, &err), CF_OK);
    kit_write(&cmp->kit, "signer.pem", cf_bytes_of(cf_secret_data(pem), cf_secret_len(pem)));
    assert_int_equal(kit_run(&cmp->kit, "chmod 600 signer.pem"), 0);
    cmp->kit.settings.signer_file = cmp_kit_path(cmp, "signer.pem");
    cmp->kit.settings.protection = CF_CMP_CERTIFICATE;
    return cert;
}

static void
a_signature_protects_as_well(void **state)
{
    struct cmp_kit *cmp = *state;

    cf_own(cf_buf) signer = use_signer(cmp, cf_clock_now_ms(cmp->kit.clock));
    kit_write(&cmp->kit, "clients.pem", cf_buf_bytes(signer));
    cmp_kit_restart_peer(cmp);
    cmp_kit_open(cmp);
    cf_own(cf_cert) cert = cmp_kit_issue(cmp);
    struct cf_err err = {0};
    if (kit_revoke(cmp->ca, cf_cert_serial(cert), 1, &err) != CF_OK)
        fail_msg("%s", err.text);
}

/* OpenSSL itself believes a pinned certificate for ever, and a CA may refuse for good what is
 * signed with an expired one. */
static void
nothing_is_sent_with_or_to_a_certificate_that_has_expired(void **state)
{
    struct cmp_kit *cmp = *state;
    cf_own(cf_buf) old = use_signer(cmp, cf_clock_now_ms(cmp->kit.clock) - 31 * KIT_DAY_MS);

    kit_write(&cmp->kit, "old.pem", cf_buf_bytes(old));
    cmp_kit_open(cmp);
    assert_true(
        cmp_kit_expect_error(cmp, CF_E_CA_CONFIG, "signer_file: the certificate is not valid now"));
    cmp->kit.settings.protection = CF_CMP_SECRET;
    cmp->kit.settings.server_cert_file = cmp_kit_path(cmp, "old.pem");
    cmp_kit_open(cmp);
    assert_true(cmp_kit_expect_error(cmp, CF_E_CA_CONFIG,
                                     "server_cert_file: the certificate is not valid now"));
    cf_own_str log = cmp_kit_log(cmp);
    assert_null(strstr(log, "message"));
}

struct findings {
    unsigned n[CF_FINDING_ERROR + 1];
    char text[4096];
};

static void
take_finding(void *arg, const struct cf_finding *finding)
{
    struct findings *findings = arg;
    size_t len = strlen(findings->text);

    findings->n[finding->severity]++;
    (void)snprintf(findings->text + len, sizeof findings->text - len, "%s\n", finding->text);
}

static void
an_unknown_signer_and_a_wrong_secret_are_for_the_administrator(void **state)
{
    struct cmp_kit *cmp = *state;

    cf_buf_free(use_signer(cmp, cf_clock_now_ms(cmp->kit.clock)));
    cmp_kit_open(cmp);
    /* OpenSSL's server has no bit of its own for it; the check of the CA shows it. */
    struct findings findings = {0};
    struct cf_err err = {0};
    assert_int_equal(cmp->ca->ops->check(cmp->ca, take_finding, &findings, &err), CF_OK);
    kit_contains(findings.text, "no suitable sender cert (badRequest)");
    assert_int_equal(findings.n[CF_FINDING_WARNING], 3);
    cmp->kit.settings.protection = CF_CMP_SECRET;
    assert_int_equal(kit_run(&cmp->kit, "echo 'another shared secret' >secret"), 0);
    cmp_kit_open(cmp);
    cmp_kit_expect_error(cmp, CF_E_CA_CONFIG, "secret_file");
}

static void
answers_of_somebody_else_are_not_believed(void **state)
{
    struct cmp_kit *cmp = *state;

    cmp_kit_open(cmp);
    cmp_kit_mode(cmp, "badmac");
    cmp_kit_expect_error(cmp, CF_E_CA_CONFIG, "not protected as configured");
}

static void
refusals_say_why_and_who_has_to_act(void **state)
{
    struct cmp_kit *cmp = *state;
    static const struct {
        const char *mode;
        enum cf_rc rc; /* CF_OK: rejected */
        const char *text;
        bool nothing_issued;
    } CASE[] = {
        {"reject 24 moving house\n", CF_E_CA_DOWN, "moving house (systemUnavail)", true},
        {"reject 25 oops\n", CF_E_PROTOCOL, "oops (systemFailure)", false},
        {"reject 3 late\n", CF_E_CA_DOWN, "late (badTime): set the clocks", true},
        {"reject 21 again\n", CF_E_PROTOCOL, "again (transactionIdInUse)", false},
        {"reject 23 who?\n", CF_E_CA_CONFIG, "who? (notAuthorized): give this connector", true},
        {"reject 6 not me\n", CF_E_CA_CONFIG, "not me (wrongAuthority): check url and recipient",
         true},
        {"reject 20 whose?\n", CF_E_CA_CONFIG, "whose? (signerNotTrusted)", true},
        {"reject 19 no\x1b[31m such name\n", CF_OK, "no?[31m such name (badCertTemplate)", false},
        {"reject 16 not this usage\n", CF_OK, "not this usage (unacceptedExtension): the CA's ",
         false},
        {"reject 15 policy\n", CF_OK, "policy (unacceptedPolicy)", false},
        {"reject 9 whose key\n", CF_OK, "whose key (badPOP): with request = cr or ir", false},
        {"reject 26 twice\n", CF_OK, "twice (duplicateCertReq)", false},
    };

    cmp_kit_open(cmp);
    for (size_t i = 0; i < CF_COUNT(CASE); i++) {
        cf_own(cf_buf) csr = kit_csr("device-1");
        struct cf_ca_answer answer = {0};
        struct cf_err err = {0};

        cmp_kit_mode(cmp, CASE[i].mode);
        assert_int_equal(cmp_kit_submit(cmp, csr, &answer, &err), CASE[i].rc);
        kit_contains(CASE[i].rc == CF_OK ? answer.reason : err.text, CASE[i].text);
        if (CASE[i].rc == CF_OK)
            assert_int_equal(answer.disposition, CF_CA_ANSWER_REJECTED);
        assert_int_equal(answer.nothing_issued, CASE[i].nothing_issued);
        cf_ca_answer_done(&answer);
    }
}

static void
a_certificate_for_another_key_or_of_another_ca_is_refused_and_the_ca_is_told(void **state)
{
    struct cmp_kit *cmp = *state;

    cmp->kit.settings.implicit_confirm = false;
    cmp_kit_open(cmp);
    cmp_kit_mode(cmp, "otherkey\n");
    cmp_kit_expect_error(cmp, CF_E_MISMATCH, "another key than the one asked for");
    cf_own_str log = cmp_kit_log(cmp);
    kit_contains(log, "confirmed PKIStatus: rejection; PKIFailureInfo: incorrectData; "
                      "StatusString: \"another key than the one asked for\"");
    cmp_kit_mode(cmp, "otherca\n");
    cmp_kit_expect_error(cmp, CF_E_MISMATCH, "not issued by the first one in chain_file");
}

static void
nonsense_is_refused_and_never_taken_for_an_unreached_ca(void **state)
{
    struct cmp_kit *cmp = *state;

    cmp->kit.settings.timeout_ms = 1000;
    cmp_kit_open(cmp);
    cmp_kit_mode(cmp, "big\n");
    cmp_kit_expect_error(cmp, CF_E_PROTOCOL, "answer larger than 1048576 bytes");
    cmp_kit_mode(cmp, "garbage\n");
    assert_false(cmp_kit_expect_error(cmp, CF_E_PROTOCOL, "the answer is no CMP message"));
    cmp_kit_mode(cmp, "html\n");
    cmp_kit_expect_error(cmp, CF_E_CA_CONFIG, "\"text/html\" where CMP has application/pkixcmp");
    cmp_kit_mode(cmp, "cut\n");
    assert_false(cmp_kit_expect_error(cmp, CF_E_NET, "127.0.0.1"));
    cmp_kit_mode(cmp, "hang\n");
    assert_false(cmp_kit_expect_error(cmp, CF_E_TIMEOUT, "127.0.0.1"));
    cmp_kit_stop_peer(cmp);
    cmp_kit_expect_error(cmp, CF_E_CA_DOWN, "127.0.0.1");
    cmp->kit.stop = 1;
    cmp_kit_expect_error(cmp, CF_E_STOPPED, "");
    struct cf_ca_answer answer = {0};
    assert_int_equal(cmp->ca->ops->poll(cmp->ca, "c", &answer, NULL), CF_E_STOPPED);
    assert_int_equal(kit_revoke(cmp->ca, "01", 0, NULL), CF_E_STOPPED);
}

static void
what_is_revoked_twice_or_unknown_is_told_apart(void **state)
{
    struct cmp_kit *cmp = *state;
    struct cf_err err = {0};

    cmp_kit_open(cmp);
    cf_own(cf_cert) cert = cmp_kit_issue(cmp);
    const struct cf_ca_revocation revocation = {
        .serial = cf_cert_serial(cert), .cert = cf_cert_der(cert), .reason = 1};
    assert_int_equal(cmp->ca->ops->revoke(cmp->ca, &revocation, &err), CF_OK);
    assert_int_equal(cmp->ca->ops->revoke(cmp->ca, &revocation, &err), CF_E_CONFLICT);
    kit_contains(err.text, "already revoked");
    assert_int_equal(kit_revoke(cmp->ca, "00FFEE00112233445566", 0, &err), CF_E_NOT_FOUND);
    /* Not the certificate with the number 1. */
    assert_int_equal(kit_revoke(cmp->ca, "1x", 0, &err), CF_E_SYNTAX);
    assert_int_equal(kit_revoke(cmp->ca, "", 0, &err), CF_E_SYNTAX);
    cf_own(cf_cert) other = cmp_kit_issue(cmp);
    assert_int_equal(kit_revoke(cmp->ca, cf_cert_serial(other), 0, &err), CF_OK);
    cmp_kit_mode(cmp, "reject 23 no rights\n");
    assert_int_equal(kit_revoke(cmp->ca, cf_cert_serial(other), 0, &err), CF_E_CA_CONFIG);
    cmp_kit_stop_peer(cmp);
    assert_int_equal(kit_revoke(cmp->ca, cf_cert_serial(other), 0, &err), CF_E_CA_DOWN);
}

static void
check_asks_the_ca_and_looks_at_the_certificates(void **state)
{
    struct cmp_kit *cmp = *state;
    struct findings good = {0}, bad = {0};
    struct cf_err err = {0};

    cf_own(cf_buf) signer = use_signer(cmp, cf_clock_now_ms(cmp->kit.clock));
    kit_write(&cmp->kit, "clients.pem", cf_buf_bytes(signer));
    cmp_kit_restart_peer(cmp);
    cmp_kit_open(cmp);
    assert_int_equal(cmp->ca->ops->check(cmp->ca, take_finding, &good, &err), CF_OK);
    assert_int_equal(good.n[CF_FINDING_ERROR], 0);
    kit_contains(good.text, "the CA answers");
    kit_contains(good.text, "certificate 1 of chain_file is valid until");
    kit_contains(good.text, "the certificate of signer_file ends on");
    kit_contains(good.text, "url has no TLS");
    cmp_kit_stop_peer(cmp);
    assert_int_equal(cmp->ca->ops->check(cmp->ca, take_finding, &bad, &err), CF_OK);
    assert_int_equal(bad.n[CF_FINDING_ERROR], 1);
}

static void
expect_not_opened(struct cmp_kit *cmp, const char *text)
{
    const struct cf_ca_ops *ops = cf_ca_find_backend("cmp");
    struct cf_ca *ca = NULL;
    struct cf_err err = {0};

    assert_int_not_equal(ops->open(&cmp->kit.settings, &cmp->kit.env, &ca, &err), CF_OK);
    kit_contains(err.text, text);
    assert_null(strstr(err.text, "shared secret"));
    assert_null(ca);
}

static void
bad_files_keep_it_from_opening(void **state)
{
    struct cmp_kit *cmp = *state;

    assert_int_equal(kit_run(&cmp->kit, "chmod 644 secret"), 0);
    expect_not_opened(cmp, "secret_file");
    assert_int_equal(kit_run(&cmp->kit, "chmod 600 secret; : >secret"), 0);
    expect_not_opened(cmp, "secret_file");
    assert_int_equal(kit_run(&cmp->kit, "echo 'a shared secret' >secret"), 0);
    cmp->kit.settings.server_cert_file = strdup("/nonexistent");
    expect_not_opened(cmp, "server_cert_file");
    free(cmp->kit.settings.server_cert_file);
    cmp->kit.settings.server_cert_file = NULL;
    cmp->kit.settings.recipient = strdup("nobody");
    expect_not_opened(cmp, "recipient");
    cmp->kit.settings.protection = CF_CMP_CERTIFICATE;
    free(cmp->kit.settings.recipient);
    cmp->kit.settings.recipient = NULL;
    expect_not_opened(cmp, "signer_file is not set");
    cf_buf_free(use_signer(cmp, cf_clock_now_ms(cmp->kit.clock)));
    assert_int_equal(kit_run(&cmp->kit, "echo x >signer.pem"), 0);
    expect_not_opened(cmp, "signer_file");
    assert_int_equal(kit_run(&cmp->kit, "echo x >ca.pem"), 0);
    expect_not_opened(cmp, "chain_file");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cmp_kit_setup, cmp_kit_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_kind_of_request_brings_what_was_asked_for),
        TEST(a_confirmation_is_sent_unless_it_is_implied),
        TEST(a_ca_that_does_not_grant_it_gets_its_confirmation),
        TEST(a_signature_protects_as_well),
        TEST(nothing_is_sent_with_or_to_a_certificate_that_has_expired),
        TEST(an_unknown_signer_and_a_wrong_secret_are_for_the_administrator),
        TEST(answers_of_somebody_else_are_not_believed),
        TEST(refusals_say_why_and_who_has_to_act),
        TEST(a_certificate_for_another_key_or_of_another_ca_is_refused_and_the_ca_is_told),
        TEST(nonsense_is_refused_and_never_taken_for_an_unreached_ca),
        TEST(what_is_revoked_twice_or_unknown_is_told_apart),
        TEST(check_asks_the_ca_and_looks_at_the_certificates),
        TEST(bad_files_keep_it_from_opening),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
