/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/ca/ca_kit.h"

#include <stdio.h>
#include <stdlib.h>

#include "ca/adcs/chain.h"
#include "fake/fake_directory.h"

/* A root, its issuing CA "Test CA" (the kit's), a stranger; leaves of each. */
struct reply_kit {
    struct ca_kit kit;
    struct adcs_ca ca;
    struct fake_directory *directory;
    struct cf_enrollment_service service;
};

static struct cf_buf *
read_der(const struct reply_kit *reply, const char *name)
{
    assert_int_equal(
        kit_run(&reply->kit, "openssl x509 -in %s.pem -outform DER -out %s.der", name, name), 0);
    cf_own_str file = NULL;
    assert_true(asprintf(&file, "%s.der", name) >= 0);
    return kit_read(&reply->kit, file);
}

static int
setup(void **state)
{
    struct reply_kit *reply = calloc(1, sizeof *reply);

    assert_non_null(reply);
    kit_open(&reply->kit, "3650", KIT_EC);
    assert_int_equal(
        kit_run(&reply->kit,
                "make_ca() { openssl req -new -config ca.cnf -newkey " KIT_EC
                " -nodes -keyout $1.key -subj \"/CN=$2\" -out $1.csr; };"
                "leaf() { openssl req -new -config ca.cnf -newkey " KIT_EC
                " -nodes -keyout /dev/null -subj /CN=device -out l.csr &&"
                " openssl x509 -req -in l.csr -CA $2.pem -CAkey $2.key -CAcreateserial"
                " -extfile ca.cnf -extensions v3_leaf -days 30 -out $1.pem; };"
                "cp ca.pem root.pem && cp ca.key root.key && make_ca sub 'Issuing CA' && "
                "openssl x509 -req -in sub.csr -CA root.pem -CAkey root.key -CAcreateserial "
                "-extfile ca.cnf -extensions v3_ca -days 365 -out sub.pem && "
                "openssl req -x509 -config ca.cnf -extensions v3_ca -newkey " KIT_EC
                " -nodes -keyout evil.key -subj '/CN=Issuing CA' -out evil.pem -days 365 && "
                "leaf leaf sub && leaf stray evil && cat sub.pem root.pem > chain.pem && "
                "cat leaf.pem sub.pem root.pem > all.pem && "
                "openssl crl2pkcs7 -nocrl -certfile all.pem -outform DER -out all.p7b"),
        0);
    reply->kit.settings.host = strdup("ca1.corp.example");
    reply->kit.settings.ca_name = strdup("Issuing CA");
    struct cf_directory_env env = {.clock = reply->kit.clock, .stop_flag = &reply->kit.stop};
    reply->directory = fake_directory_new(&env);
    assert_non_null(reply->directory);
    reply->service.host = reply->kit.settings.host;
    reply->service.name = reply->kit.settings.ca_name;
    reply->directory->services =
        (struct cf_enrollment_services){.service = &reply->service, .n = 1};
    reply->ca = (struct adcs_ca){.settings = &reply->kit.settings, .env = reply->kit.env};
    *state = reply;
    return 0;
}

static void
list_done(struct cf_der_list *list)
{
    cf_der_list_done(list);
    *list = (struct cf_der_list){0};
}

static int
teardown(void **state)
{
    struct reply_kit *reply = *state;

    list_done(&reply->service.certs);
    for (size_t i = 0; i < CF_COUNT(reply->directory->certs); i++)
        list_done(&reply->directory->certs[i]);
    fake_directory_free(reply->directory);
    cf_chain_free(reply->ca.chain);
    adcs_known_free(reply->ca.known);
    free(reply->kit.settings.host);
    free(reply->kit.settings.ca_name);
    kit_close(&reply->kit);
    free(reply);
    return 0;
}

static void
use_chain_file(struct reply_kit *reply, const char *name)
{
    cf_own(cf_buf) pem = kit_read(&reply->kit, name);

    assert_int_equal(cf_chain_parse_pem(cf_buf_bytes(pem), &reply->ca.chain, NULL), CF_OK);
}

static void
list_add(struct cf_der_list *list, struct cf_buf *take_der)
{
    list->der = reallocarray(list->der, list->n + 1, sizeof(struct cf_buf *));
    assert_non_null(list->der);
    list->der[list->n++] = take_der;
}

/* The directory knows root and issuing CA, and has a value that is none. */
static void
use_directory(struct reply_kit *reply)
{
    struct fake_directory *directory = reply->directory;

    list_add(&reply->service.certs, read_der(reply, "sub"));
    list_add(&directory->certs[CF_AD_ROOTS], read_der(reply, "root"));
    list_add(&directory->certs[CF_AD_AIA], cf_buf_copy(cf_bytes_of("garbage", 7)));
    list_add(&directory->certs[CF_AD_AIA], read_der(reply, "sub"));
    reply->ca.env.directory = &directory->base;
    assert_int_equal(adcs_known_new(&reply->ca.known, NULL), CF_OK);
}

static enum cf_rc
answer_with(struct reply_kit *reply, const char *leaf, const char *response,
            struct cf_ca_answer *ret_answer, struct cf_err *err)
{
    struct adcs_reply said = {.request_id = 7, .disposition = ADCS_ISSUED};

    if (leaf)
        said.cert = read_der(reply, leaf);
    if (response)
        said.response = kit_read(&reply->kit, response);
    enum cf_rc rc = adcs_answer(&reply->ca, &said, false, ret_answer, err);
    adcs_reply_done(&said);
    return rc;
}

static void
expect_issued(struct reply_kit *reply, const char *leaf, const char *response, size_t n_chain)
{
    struct cf_ca_answer answer = {0};
    struct cf_err err = {0};
    cf_own(cf_chain) chain = NULL;
    cf_own(cf_buf) wanted = read_der(reply, "leaf");

    if (answer_with(reply, leaf, response, &answer, &err) != CF_OK)
        fail_msg("%s", err.text);
    assert_int_equal(answer.disposition, CF_CA_ANSWER_ISSUED);
    assert_true(cf_bytes_equal(cf_buf_bytes(answer.cert), cf_buf_bytes(wanted)));
    assert_int_equal(cf_chain_parse_der(cf_buf_bytes(answer.chain), &chain, NULL), CF_OK);
    assert_int_equal(cf_chain_count(chain), n_chain);
    cf_ca_answer_done(&answer);
}

static void
expect_error(struct reply_kit *reply, const char *leaf, const char *response, enum cf_rc rc,
             const char *text)
{
    struct cf_ca_answer answer = {0};
    struct cf_err err = {0};

    assert_int_equal(answer_with(reply, leaf, response, &answer, &err), rc);
    assert_null(answer.cert);
    kit_contains(err.text, text);
}

static void
what_is_issued_has_its_chain_by_chain_file(void **state)
{
    struct reply_kit *reply = *state;

    use_chain_file(reply, "chain.pem");
    expect_issued(reply, "leaf", "all.p7b", 2);
    expect_issued(reply, "leaf", NULL, 2);
}

static void
a_certificate_that_is_only_in_the_response_is_found(void **state)
{
    struct reply_kit *reply = *state;

    use_chain_file(reply, "chain.pem");
    expect_issued(reply, NULL, "all.p7b", 2);
}

static void
a_response_that_cannot_be_read_does_not_matter_beside_the_rest(void **state)
{
    struct reply_kit *reply = *state;

    use_chain_file(reply, "chain.pem");
    expect_issued(reply, "leaf", "ca.cnf", 2);
    expect_error(reply, NULL, "ca.cnf", CF_E_ENCODING, "cannot be read");
}

static void
the_directory_tells_what_chain_file_does_not(void **state)
{
    struct reply_kit *reply = *state;

    use_directory(reply);
    expect_issued(reply, "leaf", NULL, 2);
    expect_issued(reply, "leaf", "all.p7b", 2);
    assert_int_equal(reply->directory->n_find_services, 1);
}

static void
a_directory_that_fails_later_does_not_matter(void **state)
{
    struct reply_kit *reply = *state;

    use_directory(reply);
    expect_issued(reply, "leaf", NULL, 2);
    fake_directory_set_failure(reply->directory, CF_E_DIRECTORY_DOWN, 0);
    cf_clock_fake_advance(reply->kit.clock, KIT_DAY_MS);
    expect_issued(reply, "leaf", NULL, 2);
}

static void
a_directory_that_was_never_there_is_an_error_that_passes(void **state)
{
    struct reply_kit *reply = *state;

    use_directory(reply);
    fake_directory_set_failure(reply->directory, CF_E_DIRECTORY_DOWN, 0);
    expect_error(reply, "leaf", "all.p7b", CF_E_DIRECTORY_DOWN, "Issuing CA");
    fake_directory_set_failure(reply->directory, CF_OK, 0);
    expect_issued(reply, "leaf", "all.p7b", 2);
}

static void
a_ca_renewed_meanwhile_is_looked_up_again(void **state)
{
    struct reply_kit *reply = *state;
    struct cf_der_list certs;

    use_directory(reply);
    certs = reply->service.certs;
    reply->service.certs = (struct cf_der_list){0};
    expect_error(reply, "leaf", NULL, CF_E_MISMATCH, "Issuing CA");
    reply->service.certs = certs;
    cf_clock_fake_advance(reply->kit.clock, 60 * 1000);
    unsigned n_forget = reply->directory->n_forget;
    expect_issued(reply, "leaf", NULL, 2);
    /* ... and not in what the directory's part keeps itself. */
    assert_int_equal(reply->directory->n_forget, n_forget + 1);
    expect_issued(reply, "leaf", NULL, 2);
    assert_int_equal(reply->directory->n_forget, n_forget + 1);
}

static void
another_ca_of_the_same_name_is_refused(void **state)
{
    struct reply_kit *reply = *state;

    use_chain_file(reply, "chain.pem");
    expect_error(reply, "stray", NULL, CF_E_MISMATCH, "Issuing CA");
    assert_int_equal(kit_run(&reply->kit, "cat stray.pem evil.pem > e.pem && openssl crl2pkcs7 "
                                          "-nocrl -certfile e.pem -outform DER -out e.p7b"),
                     0);
    expect_error(reply, "stray", "e.p7b", CF_E_MISMATCH, "chain_file");
    expect_error(reply, NULL, "e.p7b", CF_E_MISMATCH, "chain_file");
    use_directory(reply);
    expect_error(reply, "stray", "e.p7b", CF_E_MISMATCH, "Issuing CA");
}

static void
a_chain_that_leads_to_nothing_known_is_refused_with_both_names(void **state)
{
    struct reply_kit *reply = *state;

    use_directory(reply);
    list_done(&reply->directory->certs[CF_AD_ROOTS]);
    list_add(&reply->directory->certs[CF_AD_ROOTS], read_der(reply, "evil"));
    expect_error(reply, "leaf", "all.p7b", CF_E_MISMATCH, "'CN=Issuing CA' ends in 'CN=Test CA'");
}

static void
chain_file_decides_about_the_root_beside_a_directory(void **state)
{
    struct reply_kit *reply = *state;

    use_chain_file(reply, "evil.pem");
    use_directory(reply);
    expect_error(reply, "leaf", "all.p7b", CF_E_MISMATCH, "Issuing CA");
    reply->ca.chain = cf_chain_free(reply->ca.chain);
    use_chain_file(reply, "root.pem");
    expect_issued(reply, "leaf", "all.p7b", 2);
}

static void
the_known_chain_is_the_configured_or_the_directory_s(void **state)
{
    struct reply_kit *reply = *state;
    cf_own(cf_chain) by_directory = NULL;
    cf_own(cf_chain) by_file = NULL;
    struct cf_err err = {0};

    assert_int_equal(adcs_known_chain(&reply->ca, &by_file, &err), CF_E_CA_CONFIG);
    use_directory(reply);
    assert_int_equal(adcs_known_chain(&reply->ca, &by_directory, NULL), CF_OK);
    use_chain_file(reply, "chain.pem");
    assert_int_equal(adcs_known_chain(&reply->ca, &by_file, NULL), CF_OK);
    assert_int_equal(cf_chain_count(by_directory), 2);
    assert_int_equal(cf_chain_count(by_file), 2);
    for (size_t i = 0; i < 2; i++)
        assert_true(cf_bytes_equal(cf_cert_der(cf_chain_at(by_file, i)),
                                   cf_cert_der(cf_chain_at(by_directory, i))));
}

static void
issued_without_a_certificate_is_asked_for_by_its_number(void **state)
{
    struct reply_kit *reply = *state;
    struct adcs_reply said = {.request_id = 7, .disposition = ADCS_ISSUED};
    struct cf_ca_answer answer = {0};
    struct cf_err err = {0};

    assert_int_equal(adcs_answer(&reply->ca, &said, false, &answer, NULL), CF_OK);
    assert_int_equal(answer.disposition, CF_CA_ANSWER_PENDING);
    assert_string_equal(answer.cookie, "7 ca1.corp.example Issuing CA");
    cf_ca_answer_done(&answer);
    assert_int_equal(adcs_answer(&reply->ca, &said, true, &answer, &err), CF_E_PROTOCOL);
    kit_contains(err.text, "sends no certificate");
    said.request_id = 0;
    assert_int_equal(adcs_answer(&reply->ca, &said, false, &answer, NULL), CF_E_PROTOCOL);
}

static void
a_certificate_that_is_none_is_refused(void **state)
{
    struct reply_kit *reply = *state;
    struct adcs_reply said = {.request_id = 7, .disposition = ADCS_ISSUED};
    struct cf_ca_answer answer = {0};

    use_chain_file(reply, "chain.pem");
    said.cert = cf_buf_copy(cf_bytes_of("\x30\x03\x02\x01\x00", 5));
    assert_int_equal(adcs_answer(&reply->ca, &said, false, &answer, NULL), CF_E_ENCODING);
    assert_null(answer.cert);
    adcs_reply_done(&said);
}

static void
each_disposition_has_its_meaning(void **state)
{
    struct reply_kit *reply = *state;
    enum { REJECTED = CF_CA_ANSWER_REJECTED, PENDING = CF_CA_ANSWER_PENDING, NONE = -1 };
    static const struct {
        uint32_t disposition, result;
        bool is_poll;
        enum cf_rc rc;
        int wanted;
        const char *text;
    } CASES[] = {
        {5, 0, false, CF_OK, PENDING, NULL},
        {5, 0, true, CF_OK, PENDING, NULL},
        {2, 0, true, CF_OK, REJECTED, "denied by a certificate manager"},
        {2, 0x80094014, true, CF_OK, REJECTED, "the words of the CA"},
        {2, 0x80094014, false, CF_OK, REJECTED, "denied"},
        {6, 0, true, CF_OK, REJECTED, "revoked"},
        {6, 0, false, CF_E_PROTOCOL, NONE, "disposition 6"},
        {0, 0, true, CF_OK, REJECTED, "another CA"},
        {0, 0, false, CF_E_PROTOCOL, NONE, "disposition 0"},
        {1, 0, false, CF_E_PROTOCOL, NONE, "disposition 1"},
        {4, 0, true, CF_E_PROTOCOL, NONE, "disposition 4"},
        {0x7fffffff, 0, true, CF_E_PROTOCOL, NONE, "disposition"},
        {0x80094001, 0, false, CF_OK, REJECTED, "0x80094001"},
        {0x80094811, 0, false, CF_OK, REJECTED, "0x80094811"},
        {0x80094014, 0, false, CF_OK, REJECTED, "0x80094014"},
        {0x80094800, 0, false, CF_E_CA_CONFIG, NONE, "0x80094800"},
        {0x80094012, 0, false, CF_E_CA_CONFIG, NONE, "0x80094012"},
        {0, 0x80070057, false, CF_E_CA_CONFIG, NONE, "0x80070057"},
        {0x80094006, 0, false, CF_E_PROTOCOL, NONE, "0x80094006"},
        {0, 0x80092013, false, CF_E_PROTOCOL, NONE, "0x80092013"},
        {0x80094004, 0, true, CF_OK, REJECTED, "no such request"},
        {0, 0x80094004, true, CF_OK, REJECTED, "no such request"},
        {3, 0x80094014, false, CF_OK, REJECTED, "0x80094014"},
        {5, 0x80094006, false, CF_E_PROTOCOL, NONE, "0x80094006"},
    };

    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        struct adcs_reply said = {.request_id = 7,
                                  .disposition = CASES[i].disposition,
                                  .result = CASES[i].result,
                                  .message = "the words of the CA"};
        struct cf_ca_answer answer = {.disposition = CF_CA_ANSWER_ISSUED};
        struct cf_err err = {0};
        enum cf_rc rc = adcs_answer(&reply->ca, &said, CASES[i].is_poll, &answer, &err);
        if (rc != CASES[i].rc)
            fail_msg("case %zu: %s: %s", i, cf_rc_name(rc), err.text);
        if (CASES[i].wanted != NONE)
            assert_int_equal(answer.disposition, CASES[i].wanted);
        if (CASES[i].text)
            kit_contains(rc == CF_OK ? answer.reason : err.text, CASES[i].text);
        cf_ca_answer_done(&answer);
    }
}

static void
a_refusal_without_a_number_names_the_ca(void **state)
{
    struct reply_kit *reply = *state;
    struct adcs_reply said = {.disposition = ADCS_DENIED};
    struct cf_ca_answer answer = {0};
    struct cf_err err = {0};

    assert_int_equal(adcs_answer(&reply->ca, &said, false, &answer, &err), CF_OK);
    assert_string_equal(answer.reason, "request to Issuing CA: denied");
    cf_ca_answer_done(&answer);
}

static void
pending_without_a_number_is_an_error(void **state)
{
    struct reply_kit *reply = *state;
    struct adcs_reply said = {.disposition = ADCS_PENDING};
    struct cf_ca_answer answer = {0};
    struct cf_err err = {0};

    assert_int_equal(adcs_answer(&reply->ca, &said, false, &answer, &err), CF_E_PROTOCOL);
    assert_null(answer.cookie);
    kit_contains(err.text, "no number");
}

static void
a_cookie_is_good_at_its_own_ca_only(void **state)
{
    struct reply_kit *reply = *state;
    const struct cf_ca_settings *settings = &reply->kit.settings;
    static const char *const BAD[] = {"",
                                      "42",
                                      "42 ",
                                      " ca1.corp.example Issuing CA",
                                      "0 ca1.corp.example Issuing CA",
                                      "x y",
                                      "42 a",
                                      "cmp1 Y2E= p10cr MAA= MAA=",
                                      "-1 a",
                                      "4294967296 ca1.corp.example Issuing CA"};
    static const char *const OTHERS[] = {"42 ca2.corp.example Issuing CA",
                                         "42 ca1.corp.example Issuing CA 2",
                                         "42 ca1.corp.example Issuing"};
    cf_own_str cookie = NULL;
    uint32_t request_id = 0;
    struct cf_err err = {0};

    assert_int_equal(adcs_cookie_write(settings, UINT32_MAX, &cookie, NULL), CF_OK);
    assert_int_equal(adcs_cookie_read(settings, cookie, &request_id, NULL), CF_OK);
    assert_int_equal(request_id, UINT32_MAX);
    assert_int_equal(adcs_cookie_read(settings, "5 CA1.corp.EXAMPLE issuing ca", &request_id, NULL),
                     CF_OK);
    assert_int_equal(request_id, 5);
    for (size_t i = 0; i < CF_COUNT(BAD); i++) {
        assert_int_equal(adcs_cookie_read(settings, BAD[i], &request_id, &err), CF_E_CA_CONFIG);
        kit_contains(err.text, "not of AD CS");
    }
    for (size_t i = 0; i < CF_COUNT(OTHERS); i++) {
        assert_int_equal(adcs_cookie_read(settings, OTHERS[i], &request_id, &err), CF_E_CA_CONFIG);
        kit_contains(err.text, "ca1.corp.example");
    }
    assert_int_equal(request_id, 5);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(what_is_issued_has_its_chain_by_chain_file),
        CASE(a_certificate_that_is_only_in_the_response_is_found),
        CASE(a_response_that_cannot_be_read_does_not_matter_beside_the_rest),
        CASE(the_directory_tells_what_chain_file_does_not),
        CASE(a_directory_that_fails_later_does_not_matter),
        CASE(a_directory_that_was_never_there_is_an_error_that_passes),
        CASE(a_ca_renewed_meanwhile_is_looked_up_again),
        CASE(another_ca_of_the_same_name_is_refused),
        CASE(a_chain_that_leads_to_nothing_known_is_refused_with_both_names),
        CASE(chain_file_decides_about_the_root_beside_a_directory),
        CASE(the_known_chain_is_the_configured_or_the_directory_s),
        CASE(issued_without_a_certificate_is_asked_for_by_its_number),
        CASE(a_certificate_that_is_none_is_refused),
        CASE(each_disposition_has_its_meaning),
        CASE(a_refusal_without_a_number_names_the_ca),
        CASE(pending_without_a_number_is_an_error),
        CASE(a_cookie_is_good_at_its_own_ca_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
