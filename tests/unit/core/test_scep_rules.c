/* SPDX-License-Identifier: Apache-2.0 */
/* What a profile and the policy make of a CSR, and of who signed the message. */
#include "unit/core/scep_kit.h"

#include <string.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

static void
expect(struct core_kit *kit, EVP_PKEY *take_key, const struct scep_csr *spec,
       enum cf_scep_answer_state expected, enum cf_scep_fail_info fail_info, const char *part)
{
    own_device device = scep_device_of(take_key);
    struct scep_csr asked = *spec;
    own_answer answer = {0};
    unsigned n_submits = kit->ca->n_submits;

    asked.challenge = SCEP_CHALLENGE;
    cf_own(cf_buf) csr = scep_csr(device.key, &asked);
    enum cf_scep_answer_state got = scep_settle(kit, &device, csr, &answer);
    if (got != expected)
        fail_msg("state %d with '%s', not %d", got, answer.text, expected);
    if (expected != CF_SCEP_ANSWER_FAILED) {
        assert_int_equal(kit->ca->n_submits, n_submits + 1);
        return;
    }
    assert_int_equal(answer.fail_info, fail_info);
    assert_contains(answer.text, part);
    assert_int_equal(kit->ca->n_submits, n_submits);
}

static EVP_PKEY *
p256(void)
{
    return EVP_EC_gen("P-256");
}

#define REFUSED(key, part, ...)                                                                    \
    expect(kit, (key), &(struct scep_csr){__VA_ARGS__}, CF_SCEP_ANSWER_FAILED,                     \
           CF_SCEP_BAD_REQUEST, (part))
#define BAD_ALG(key, part, ...)                                                                    \
    expect(kit, (key), &(struct scep_csr){__VA_ARGS__}, CF_SCEP_ANSWER_FAILED, CF_SCEP_BAD_ALG,    \
           (part))
#define ISSUED(key, ...)                                                                           \
    expect(kit, (key), &(struct scep_csr){__VA_ARGS__}, CF_SCEP_ANSWER_ISSUED, CF_SCEP_BAD_ALG, "")

static void
keys_of_the_usual_kinds_are_certified(void **state)
{
    struct core_kit *kit = *state;

    ISSUED(p256(), .cn = "pc1");
    ISSUED(EVP_EC_gen("P-384"), .cn = "pc1");
    ISSUED(scep_rsa(2048), .cn = "pc1");
    ISSUED(scep_rsa(2048), .cn = "pc1", .is_ms = true,
           .key_usage = "critical,digitalSignature,keyEncipherment", .eku = "clientAuth",
           .san = "DNS:pc1.example.com");
    ISSUED(p256(), .san = "critical,DNS:pc1.example.com");
}

static void
weak_and_odd_keys_are_refused(void **state)
{
    struct core_kit *kit = *state;
    char *p384[] = {strdup("p384"), NULL};

    BAD_ALG(scep_rsa(1024), "1024", .cn = "pc1");
    scep_profile(kit)->min_rsa_bits = 3072;
    REFUSED(scep_rsa(2048), "min_rsa", .cn = "pc1");
    BAD_ALG(EVP_EC_gen("secp256k1"), "P-256", .cn = "pc1");
    BAD_ALG(EVP_EC_gen("P-521"), "P-256", .cn = "pc1");
    BAD_ALG(scep_rsa(2056), "2056", .cn = "pc1");
    scep_profile(kit)->keys = p384;
    REFUSED(p256(), "keys", .cn = "pc1");
    ISSUED(EVP_EC_gen("P-384"), .cn = "pc1");
    scep_profile(kit)->keys = NULL;
    free(p384[0]);
}

static void
weak_hashes_are_refused_unless_the_profile_allows_sha1(void **state)
{
    struct core_kit *kit = *state;

    BAD_ALG(scep_rsa(2048), "SHA-256", .cn = "pc1", .md = EVP_md5());
    BAD_ALG(scep_rsa(2048), "allow_sha1", .cn = "pc1", .md = EVP_sha1());
    scep_profile(kit)->allow_sha1 = true;
    ISSUED(scep_rsa(2048), .cn = "pc1", .md = EVP_sha1());
    BAD_ALG(scep_rsa(2048), "SHA-256", .cn = "pc1", .md = EVP_md5());
    ISSUED(scep_rsa(2048), .cn = "pc1", .md = EVP_sha512());
}

static void
usages_are_within_profile_and_template(void **state)
{
    struct core_kit *kit = *state;
    char *eku[] = {strdup(KIT_CLIENT_AUTH), NULL};

    REFUSED(p256(), "key usage", .cn = "pc1", .key_usage = "critical,dataEncipherment");
    REFUSED(p256(), "only a CA", .cn = "pc1", .key_usage = "critical,keyCertSign");
    REFUSED(p256(), "extended key usage", .cn = "pc1", .eku = "codeSigning");
    ISSUED(p256(), .cn = "pc1", .eku = "serverAuth");
    scep_profile(kit)->eku = eku;
    scep_profile(kit)->n_eku = 1;
    REFUSED(p256(), "eku", .cn = "pc1", .eku = "serverAuth");
    ISSUED(p256(), .cn = "pc1", .eku = "clientAuth");
    scep_profile(kit)->key_usage = CF_KU_DIGITAL_SIGNATURE;
    REFUSED(p256(), "key_usage", .cn = "pc1",
            .key_usage = "critical,digitalSignature,keyEncipherment");
    REFUSED(p256(), "key_usage", .cn = "pc1");
    ISSUED(p256(), .cn = "pc1", .key_usage = "critical,digitalSignature");
    scep_profile(kit)->eku = NULL;
    scep_profile(kit)->n_eku = 0;
    free(eku[0]);
}

static void
what_nobody_judged_is_not_in_a_csr(void **state)
{
    struct core_kit *kit = *state;

    REFUSED(p256(), "CA certificate", .cn = "pc1", .basic = "critical,CA:TRUE");
    REFUSED(p256(), "other types", .cn = "pc1", .san = "IP:192.0.2.1");
    REFUSED(p256(), "neither a subject", .cn = NULL);
    REFUSED(p256(), "SID", .cn = "pc1",
            .uri = "tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-500");
}

static char **
list_of(const char *word)
{
    char **list = calloc(2, sizeof *list);

    list[0] = strdup(word);
    return list;
}

static void
the_policy_judges_names_as_they_are(void **state)
{
    struct core_kit *kit = *state;
    struct cf_policy_settings *policy = kit->site->settings->policies[0];

    policy->subject_allow = list_of("CN=pc*");
    policy->san_allow = list_of("dns:*.example.com");
    ISSUED(p256(), .cn = "pc1, OU=Fleet", .san = "DNS:pc1.example.com");
    REFUSED(p256(), "subject_allow", .cn = "admin");
    REFUSED(p256(), "CSR: subject", .cn = "admin");
    REFUSED(p256(), "san_allow", .cn = "pc1", .san = "DNS:pc1.example.org");
    REFUSED(p256(), "CSR: alternative name", .cn = "pc1", .san = "email:a@example.com");
}

static void
without_a_policy_for_ca_template_and_type_nothing_is_served(void **state)
{
    struct core_kit *kit = *state;
    struct cf_policy_settings *policy = kit->site->settings->policies[0];

    policy->types = CF_TYPES_USER;
    REFUSED(p256(), "no [policy]", .cn = "pc1");
    scep_profile(kit)->types = CF_TYPES_USER;
    ISSUED(p256(), .cn = "pc1");
    free(policy->templates[0]);
    policy->templates[0] = strdup("other");
    REFUSED(p256(), "no [policy]", .cn = "pc1");
}

static void
a_user_goes_by_the_principal_name_of_the_csr(void **state)
{
    struct core_kit *kit = *state;
    struct cf_policy_settings *policy = kit->site->settings->policies[0];

    scep_profile(kit)->types = CF_TYPES_USER;
    policy->upn_suffixes = list_of("example.com");
    policy->refused_accounts = list_of("root@example.com");
    ISSUED(p256(), .cn = "Ada", .san = "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:ada@example.com");
    REFUSED(p256(), "upn_suffixes", .cn = "Ada",
            .san = "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:ada@example.org");
    REFUSED(p256(), "refused_accounts", .cn = "Ada",
            .san = "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:root@example.com");
    REFUSED(p256(), "user principal name", .cn = "Ada");
}

static void
requests_of_the_hour_are_counted(void **state)
{
    struct core_kit *kit = *state;
    own_device device = scep_device();
    cf_own(cf_buf) csr = scep_good_csr(device.key);
    own_answer answer = {0};

    kit->site->settings->policies[0]->per_device_hour = 1;
    ISSUED(p256(), .cn = "pc1");
    assert_int_equal(scep_settle(kit, &device, csr, &answer), CF_SCEP_ANSWER_LATER);
    cf_clock_fake_advance(kit->clock, 61 * SCEP_MINUTE_MS);
    assert_int_equal(scep_settle(kit, &device, csr, &answer), CF_SCEP_ANSWER_ISSUED);
}

static void
what_was_refused_is_judged_again_when_it_comes_again(void **state)
{
    struct core_kit *kit = *state;
    own_device device = scep_device();
    cf_own(cf_buf) csr = scep_good_csr(device.key);
    own_answer answer = {0};

    kit->site->settings->policies[0]->subject_refuse = list_of("CN=pc1");
    assert_int_equal(scep_settle(kit, &device, csr, &answer), CF_SCEP_ANSWER_FAILED);
    assert_int_equal(scep_settle(kit, &device, csr, &answer), CF_SCEP_ANSWER_FAILED);
    free(kit->site->settings->policies[0]->subject_refuse[0]);
    kit->site->settings->policies[0]->subject_refuse[0] = strdup("CN=pc2");
    assert_int_equal(scep_settle(kit, &device, csr, &answer), CF_SCEP_ANSWER_ISSUED);
}

static void
the_signer_has_the_key_that_is_certified(void **state)
{
    struct core_kit *kit = *state;
    own_device device = scep_device();
    own_device thief = scep_device();
    cf_own(cf_buf) csr = scep_good_csr(device.key);
    own_answer answer = {0};

    assert_int_equal(scep_settle(kit, &thief, csr, &answer), CF_SCEP_ANSWER_FAILED);
    assert_contains(answer.text, "another key");
    assert_int_equal(scep_settle(kit, &device, csr, &answer), CF_SCEP_ANSWER_ISSUED);
}

static void
a_csr_that_is_spoiled_is_refused(void **state)
{
    struct core_kit *kit = *state;
    own_device device = scep_device();
    cf_own(cf_buf) csr = scep_good_csr(device.key);
    uint8_t bytes[2048];
    size_t len = cf_buf_len(csr);

    assert_true(len <= sizeof bytes);
    for (size_t at = 0; at < len; at += 7) {
        own_answer answer = {0};

        memcpy(bytes, cf_buf_bytes(csr).data, len);
        bytes[at] ^= 0x20;
        cf_own(cf_buf) spoiled = cf_buf_copy(cf_bytes_of(bytes, len));
        assert_int_equal(scep_settle(kit, &device, spoiled, &answer), CF_SCEP_ANSWER_FAILED);
        assert_null(answer.cert);
    }
    assert_int_equal(kit->ca->n_submits, 0);
}

static void
a_certificate_ends_before_its_ca(void **state)
{
    struct core_kit *kit = *state;
    own_device device = scep_device();
    cf_own(cf_buf) csr = scep_good_csr(device.key);
    own_answer answer = {0};
    cf_own(cf_cert) cert = NULL;
    cf_own(cf_chain) chain = NULL;
    struct cf_err err = {0};

    kit->site->settings->templates[0]->validity_ms = 20000ULL * KIT_DAY_MS;
    assert_int_equal(scep_settle(kit, &device, csr, &answer), CF_SCEP_ANSWER_ISSUED);
    assert_ok(cf_cert_parse(cf_buf_bytes(answer.cert), &cert, &err), err);
    assert_ok(cf_chain_parse_der(cf_buf_bytes(answer.chain), &chain, &err), err);
    assert_true(cf_cert_not_after_ms(cert) < cf_cert_not_after_ms(cf_chain_at(chain, 0)));

    own_device late = scep_device();
    cf_own(cf_buf) late_csr = scep_good_csr(late.key);
    cf_clock_fake_advance(kit->clock, cf_cert_not_after_ms(cf_chain_at(chain, 0)) -
                                          cf_clock_now_ms(kit->clock) - 10 * SCEP_MINUTE_MS);
    assert_int_equal(scep_settle(kit, &late, late_csr, &answer), CF_SCEP_ANSWER_LATER);
    assert_contains(answer.text, "own certificate ends");
}

static void
the_profile_may_ask_for_less_time(void **state)
{
    struct core_kit *kit = *state;
    own_device device = scep_device();
    cf_own(cf_buf) csr = scep_good_csr(device.key);
    own_answer answer = {0};
    cf_own(cf_cert) cert = NULL;
    struct cf_err err = {0};

    scep_profile(kit)->validity_ms = 30ULL * KIT_DAY_MS;
    assert_int_equal(scep_settle(kit, &device, csr, &answer), CF_SCEP_ANSWER_ISSUED);
    assert_ok(cf_cert_parse(cf_buf_bytes(answer.cert), &cert, &err), err);
    assert_in_range(cf_cert_not_after_ms(cert) - cf_clock_now_ms(kit->clock), 29 * KIT_DAY_MS,
                    30 * KIT_DAY_MS);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        scep_test(keys_of_the_usual_kinds_are_certified),
        scep_test(weak_and_odd_keys_are_refused),
        scep_test(weak_hashes_are_refused_unless_the_profile_allows_sha1),
        scep_test(usages_are_within_profile_and_template),
        scep_test(what_nobody_judged_is_not_in_a_csr),
        scep_test(the_policy_judges_names_as_they_are),
        scep_test(without_a_policy_for_ca_template_and_type_nothing_is_served),
        scep_test(a_user_goes_by_the_principal_name_of_the_csr),
        scep_test(requests_of_the_hour_are_counted),
        scep_test(what_was_refused_is_judged_again_when_it_comes_again),
        scep_test(the_signer_has_the_key_that_is_certified),
        scep_test(a_csr_that_is_spoiled_is_refused),
        scep_test(a_certificate_ends_before_its_ca),
        scep_test(the_profile_may_ask_for_less_time),
    };

    return cmocka_run_group_tests(tests, scep_group_setup, scep_group_teardown);
}
