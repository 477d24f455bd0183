/* SPDX-License-Identifier: Apache-2.0 */
/* The registration authority's own certificates, its document, and what was issued before. */
#include "unit/core/scep_kit.h"

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "certferry/text.h"

static enum cf_scep_answer_state
ask(struct core_kit *kit, enum cf_scep_ra_role role, EVP_PKEY *key, const struct scep_csr *spec,
    struct cf_scep_answer *answer)
{
    cf_own(cf_buf) csr = scep_csr(key, spec);
    struct cf_err err = {0};
    char context[CF_CONTEXT_MAX + 1];

    cf_scep_answer_done(answer);
    assert_ok(cf_scep_ra_enroll(kit->scheduler, "corp", role, cf_buf_bytes(csr), answer, &err),
              err);
    if (answer->state != CF_SCEP_ANSWER_WORKING)
        return answer->state;
    scep_wait(kit, answer->item_id);
    memcpy(context, answer->context, sizeof context);
    assert_ok(cf_scep_look(kit->scheduler, context, answer, &err), err);
    return answer->state;
}

static void
it_gets_a_certificate_without_a_challenge(void **state)
{
    struct core_kit *kit = *state;
    own_device device = scep_device_rsa();
    own_answer first = {0};
    own_answer second = {0};
    const struct scep_csr spec = {.cn = "Example RA",
                                  .key_usage = "critical,digitalSignature,keyEncipherment"};
    cf_own(cf_buf) csr = scep_csr(device.key, &spec);
    struct cf_err err = {0};

    assert_int_equal(ask(kit, CF_SCEP_RA_BOTH, device.key, &spec, &first), CF_SCEP_ANSWER_ISSUED);
    /* RSA signatures are the same each time, and so is the CSR. */
    assert_ok(cf_scep_ra_enroll(kit->scheduler, "corp", CF_SCEP_RA_BOTH, cf_buf_bytes(csr), &second,
                                &err),
              err);
    assert_int_equal(second.state, CF_SCEP_ANSWER_ISSUED);
    assert_true(cf_bytes_equal(cf_buf_bytes(first.cert), cf_buf_bytes(second.cert)));
    assert_int_equal(kit->ca->n_submits, 1);
    assert_int_equal(fake_cloud_calls(kit->cloud, FAKE_CLOUD_SCEP_ISSUED), 0);
}

static void
anything_but_what_is_configured_is_refused(void **state)
{
    struct core_kit *kit = *state;
    own_device device = scep_device_rsa();
    own_device ec = scep_device();
    own_answer answer = {0};
    static const struct scep_csr specs[] = {
        {.cn = "Another RA"},
        {.cn = "Example RA", .san = "DNS:ra.example.com"},
        {.cn = "Example RA", .key_usage = "critical,keyCertSign"},
        {.cn = "Example RA", .eku = "codeSigning"},
        {.cn = "Example RA", .basic = "critical,CA:TRUE"},
    };

    for (size_t i = 0; i < CF_COUNT(specs); i++)
        assert_int_equal(ask(kit, CF_SCEP_RA_SIGN, device.key, &specs[i], &answer),
                         CF_SCEP_ANSWER_FAILED);
    assert_int_equal(
        ask(kit, CF_SCEP_RA_SIGN, ec.key, &(struct scep_csr){.cn = "Example RA"}, &answer),
        CF_SCEP_ANSWER_FAILED);
    free(kit->site->settings->scep.ra_encryption_template);
    kit->site->settings->scep.ra_encryption_template = strdup("other");
    assert_int_equal(
        ask(kit, CF_SCEP_RA_BOTH, device.key, &(struct scep_csr){.cn = "Example RA"}, &answer),
        CF_SCEP_ANSWER_FAILED);
    assert_int_equal(ask(kit, CF_SCEP_RA_ENCRYPTION, device.key,
                         &(struct scep_csr){.cn = "Example RA"}, &answer),
                     CF_SCEP_ANSWER_LATER);
    assert_contains(answer.text, "does not list other");
    assert_int_equal(kit->ca->n_submits, 0);
}

static void
a_ca_without_a_profile_has_no_authority(void **state)
{
    struct core_kit *kit = *state;
    own_device device = scep_device_rsa();
    own_answer answer = {0};
    struct cf_err err = {0};
    cf_own(cf_buf) csr = scep_csr(device.key, &(struct scep_csr){.cn = "Example RA"});

    assert_rc(cf_scep_ra_enroll(kit->scheduler, "none", CF_SCEP_RA_SIGN, cf_buf_bytes(csr), &answer,
                                &err),
              CF_E_NOT_FOUND);
    free(scep_profile(kit)->ca);
    scep_profile(kit)->ca = strdup("elsewhere");
    assert_int_equal(
        ask(kit, CF_SCEP_RA_SIGN, device.key, &(struct scep_csr){.cn = "Example RA"}, &answer),
        CF_SCEP_ANSWER_FAILED);
}

static void
its_certificate_renews_no_device(void **state)
{
    struct core_kit *kit = *state;
    own_device device = scep_device_rsa();
    own_answer answer = {0};

    scep_profile(kit)->renewal = CF_SCEP_RENEWAL_CERTIFICATE;
    assert_int_equal(
        ask(kit, CF_SCEP_RA_BOTH, device.key, &(struct scep_csr){.cn = "Example RA"}, &answer),
        CF_SCEP_ANSWER_ISSUED);
    cf_own(cf_buf) csr = scep_csr(device.key, &(struct scep_csr){.cn = "Example RA"});
    const struct cf_scep_request request = {.profile = "wifi",
                                            .type = CF_SCEP_RENEWAL_REQ,
                                            .transaction_id = "t1",
                                            .csr = cf_buf_bytes(csr),
                                            .signer = cf_buf_bytes(answer.cert)};
    own_answer refused = {0};
    assert_int_equal(scep_settle_request(kit, &request, &refused), CF_SCEP_ANSWER_FAILED);
}

static char *
document(const struct cf_buf *sign, const struct cf_buf *encryption, const char *from)
{
    cf_own_str a = NULL;
    cf_own_str b = NULL;
    char *json = NULL;
    struct cf_err err = {0};

    assert_ok(cf_text_base64(cf_buf_bytes(sign), &a, &err), err);
    assert_ok(cf_text_base64(cf_buf_bytes(encryption), &b, &err), err);
    assert_true(asprintf(&json,
                         "{\"generations\":[{\"made\":\"%s\",\"activeFrom\":\"%s\","
                         "\"replaced\":null,\"sign\":{\"certificate\":\"%s\",\"key\":\"x\"},"
                         "\"encryption\":{\"certificate\":\"%s\",\"key\":\"x\"}}],"
                         "\"pending\":null}",
                         from, from, a, b) > 0);
    return json;
}

static void
the_document_gives_its_certificates(void **state)
{
    own_device a = scep_device();
    own_device b = scep_device();
    cf_own_str one = document(a.signer, a.signer, "2026-01-02T03:04:05Z");
    cf_own_str two = document(a.signer, b.signer, "2026-01-02T03:04:05Z");
    struct cf_scep_ra_generations generations = {0};
    struct cf_err err = {0};

    (void)state;
    assert_ok(cf_scep_ra_read(cf_bytes_of(one, strlen(one)), &generations, &err), err);
    assert_int_equal(generations.n, 1);
    assert_ptr_equal(generations.generation[0].sign, generations.generation[0].encryption);
    assert_int_equal(generations.generation[0].replaced_ms, 0);
    assert_true(generations.generation[0].active_from_ms > 0);
    cf_scep_ra_generations_done(&generations);
    assert_ok(cf_scep_ra_read(cf_bytes_of(two, strlen(two)), &generations, &err), err);
    assert_ptr_not_equal(generations.generation[0].sign, generations.generation[0].encryption);
    cf_scep_ra_generations_done(&generations);
}

static const char BAD_CERTIFICATE[] = "{\"generations\":[{\"activeFrom\":\"2026-01-02T03:04:05Z\","
                                      "\"sign\":{\"certificate\":\"AAAA\"}}]}";

static void
a_document_that_is_none_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "{}",
        "[]",
        "{\"generations\":{}}",
        "{\"generations\":[1]}",
        "{\"generations\":[{\"activeFrom\":\"never\"}]}",
        "{\"generations\":[{\"activeFrom\":\"2026-01-02T03:04:05Z\",\"sign\":{}}]}",
        BAD_CERTIFICATE,
    };
    own_device device = scep_device();
    cf_own_str good = document(device.signer, device.signer, "2026-01-02T03:04:05Z");

    (void)state;
    for (size_t i = 0; i < CF_COUNT(bad); i++) {
        struct cf_scep_ra_generations generations = {0};
        struct cf_err err = {0};

        assert_int_not_equal(
            cf_scep_ra_read(cf_bytes_of(bad[i], strlen(bad[i])), &generations, &err), CF_OK);
        assert_int_equal(generations.n, 0);
        assert_true(err.text[0] != '\0');
    }
    for (size_t len = 0; len < strlen(good); len += 13) {
        struct cf_scep_ra_generations generations = {0};

        assert_int_not_equal(cf_scep_ra_read(cf_bytes_of(good, len), &generations, NULL), CF_OK);
    }
}

static void
get_cert_finds_what_was_issued_by_this_ca(void **state)
{
    struct core_kit *kit = *state;
    own_device device = scep_device();
    cf_own(cf_buf) csr = scep_good_csr(device.key);
    own_answer answer = {0};
    own_answer got = {0};
    cf_own(cf_cert) cert = NULL;
    cf_own(cf_buf) issuer = NULL;
    cf_own(cf_buf) other = NULL;
    struct cf_err err = {0};

    assert_int_equal(scep_settle(kit, &device, csr, &answer), CF_SCEP_ANSWER_ISSUED);
    assert_ok(cf_cert_parse(cf_buf_bytes(answer.cert), &cert, &err), err);
    assert_ok(cf_dn_der(cf_cert_issuer(cert), &issuer, &err), err);
    assert_ok(cf_dn_der(cf_cert_subject(cert), &other, &err), err);
    assert_ok(cf_scep_get_cert(kit->scheduler, "wifi", cf_buf_bytes(issuer), cf_cert_serial(cert),
                               &got, &err),
              err);
    assert_int_equal(got.state, CF_SCEP_ANSWER_ISSUED);
    assert_true(cf_bytes_equal(cf_buf_bytes(got.cert), cf_buf_bytes(answer.cert)));

    const struct {
        const struct cf_buf *issuer;
        const char *serial;
    } unknown[] = {{issuer, "DEADBEEF"}, {other, cf_cert_serial(cert)}, {csr, "00"}, {issuer, "x"}};
    for (size_t i = 0; i < CF_COUNT(unknown); i++) {
        own_answer none = {0};

        assert_ok(cf_scep_get_cert(kit->scheduler, "wifi", cf_buf_bytes(unknown[i].issuer),
                                   unknown[i].serial, &none, &err),
                  err);
        assert_int_equal(none.state, CF_SCEP_ANSWER_FAILED);
        assert_int_equal(none.fail_info, CF_SCEP_BAD_CERT_ID);
    }
    scep_profile(kit)->get_cert = false;
    own_answer off = {0};
    assert_ok(cf_scep_get_cert(kit->scheduler, "wifi", cf_buf_bytes(issuer), cf_cert_serial(cert),
                               &off, &err),
              err);
    assert_int_equal(off.fail_info, CF_SCEP_BAD_REQUEST);
    assert_rc(cf_scep_get_cert(kit->scheduler, "none", cf_buf_bytes(issuer), "00", &off, &err),
              CF_E_NOT_FOUND);
}

static void
get_crl_gives_the_crl_of_the_profiles_ca(void **state)
{
    struct core_kit *kit = *state;
    struct cf_ca_slot *slot = &kit->site->cas[0];
    cf_own(cf_buf) der = NULL;
    cf_own(cf_chain) chain = NULL;
    cf_own(cf_buf) issuer = NULL;
    cf_own(cf_buf) crl = NULL;
    own_answer answer = {0};
    struct cf_err err = {0};

    assert_ok(slot->ca->ops->chain(slot->ca, &der, &err), err);
    assert_ok(cf_chain_parse_der(cf_buf_bytes(der), &chain, &err), err);
    assert_ok(cf_dn_der(cf_cert_subject(cf_chain_at(chain, 0)), &issuer, &err), err);
    assert_ok(cf_scep_get_crl(kit->scheduler, "wifi", cf_buf_bytes(issuer), &answer, &crl, &err),
              err);
    assert_int_equal(answer.state, CF_SCEP_ANSWER_ISSUED);
    assert_non_null(crl);

    struct cf_buf *none = NULL;
    assert_ok(
        cf_scep_get_crl(kit->scheduler, "wifi", cf_bytes_of("\x30\x00", 2), &answer, &none, &err),
        err);
    assert_int_equal(answer.fail_info, CF_SCEP_BAD_CERT_ID);
    assert_null(none);
    scep_profile(kit)->get_crl = false;
    assert_ok(cf_scep_get_crl(kit->scheduler, "wifi", cf_buf_bytes(issuer), &answer, &none, &err),
              err);
    assert_int_equal(answer.fail_info, CF_SCEP_BAD_REQUEST);
    assert_null(none);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        scep_test(it_gets_a_certificate_without_a_challenge),
        scep_test(anything_but_what_is_configured_is_refused),
        scep_test(a_ca_without_a_profile_has_no_authority),
        scep_test(its_certificate_renews_no_device),
        scep_test(the_document_gives_its_certificates),
        scep_test(a_document_that_is_none_is_refused),
        scep_test(get_cert_finds_what_was_issued_by_this_ca),
        scep_test(get_crl_gives_the_crl_of_the_profiles_ca),
    };

    return cmocka_run_group_tests(tests, scep_group_setup, scep_group_teardown);
}
