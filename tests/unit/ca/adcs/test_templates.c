/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/adcs/templates.h"

#include <string.h>

#include "ca/adcs/discover.h"
#include "certferry/csr.h"
#include "fake/fake_directory.h"
#include "preflight_kit.h"

static struct preflight_kit kit;
static struct adcs_ca ca;
static struct cf_ca_settings settings;
static struct fake_directory *directory;
static struct cf_clock *clock_;
static struct cf_template_settings *template_settings;
static struct cf_err err;

static int
setup(void **state)
{
    (void)state;
    kit_begin(&kit);
    clock_ = cf_clock_fake_new(1000000);
    directory = fake_directory_new(&(struct cf_directory_env){.clock = clock_});
    directory->services = (struct cf_enrollment_services){.service = &kit.service, .n = 1};
    fake_directory_add_template(directory, &kit.ad_template);
    settings = (struct cf_ca_settings){
        .name = kit.service.name, .host = kit.service.host, .ca_name = kit.service.name};
    ca = (struct adcs_ca){.settings = &settings,
                          .env = {.clock = clock_, .directory = &directory->base}};
    assert_ok(adcs_templates_new(&ca.templates, &err), err);
    template_settings = calloc(1, sizeof *template_settings);
    template_settings->name = strdup("CertferryDevice");
    template_settings->min_rsa_bits = 2048;
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < template_settings->n_eku; i++)
        free(template_settings->eku[i]);
    free(template_settings->eku);
    free(template_settings->oid);
    free(template_settings->name);
    free(template_settings);
    ca.templates = adcs_templates_free(ca.templates);
    directory = fake_directory_free(directory);
    clock_ = cf_clock_fake_free(clock_);
    kit_end(&kit);
    return 0;
}

static enum cf_rc
complete(void)
{
    return adcs_complete_template(&ca.base, template_settings, &err);
}

static void
what_is_open_is_filled_in(void **state)
{
    (void)state;
    kit.ad_template.min_key_bits = 3000;
    assert_ok(complete(), err);
    assert_int_equal(template_settings->key, CF_KEY_RSA_3072);
    assert_int_equal(template_settings->min_rsa_bits, 3000);
    assert_int_equal(template_settings->key_usage,
                     CF_KU_DIGITAL_SIGNATURE | CF_KU_KEY_ENCIPHERMENT);
    assert_int_equal(template_settings->n_eku, 1);
    assert_string_equal(template_settings->eku[0], "1.3.6.1.5.5.7.3.2");
    assert_true(template_settings->eku_is_fixed);
    assert_true(template_settings->validity_ms == kit.ad_template.validity_ms);
    assert_string_equal(template_settings->oid, kit.ad_template.oid);
}

static void
what_was_written_stays(void **state)
{
    (void)state;
    template_settings->given = CF_TEMPLATE_KEY | CF_TEMPLATE_MIN_KEY | CF_TEMPLATE_KEY_USAGE |
                               CF_TEMPLATE_EKU | CF_TEMPLATE_VALIDITY;
    template_settings->key = CF_KEY_RSA_4096;
    template_settings->validity_ms = 5;
    template_settings->key_usage = CF_KU_DIGITAL_SIGNATURE;
    assert_ok(complete(), err);
    assert_int_equal(template_settings->key, CF_KEY_RSA_4096);
    assert_int_equal(template_settings->key_usage, CF_KU_DIGITAL_SIGNATURE);
    assert_int_equal(template_settings->n_eku, 0);
    assert_true(template_settings->validity_ms == 5);
}

static void
a_template_raises_the_least_key_and_never_lowers_it(void **state)
{
    (void)state;
    kit.ad_template.min_key_bits = 1024;
    assert_ok(complete(), err);
    assert_int_equal(template_settings->min_rsa_bits, 2048);
    ca.templates = adcs_templates_free(ca.templates);
    assert_ok(adcs_templates_new(&ca.templates, &err), err);
    kit.ad_template.min_key_bits = 4096;
    template_settings->given = CF_TEMPLATE_KEY;
    template_settings->key = CF_KEY_RSA_2048;
    assert_ok(complete(), err);
    assert_int_equal(template_settings->key, CF_KEY_RSA_2048);
    assert_int_equal(template_settings->min_rsa_bits, 4096);
}

static void
a_template_of_cas_completes_nothing(void **state)
{
    static const unsigned BITS[] = {CF_KU_KEY_CERT_SIGN, CF_KU_CRL_SIGN};

    (void)state;
    for (size_t i = 0; i < CF_COUNT(BITS); i++) {
        kit.ad_template.key_usage = CF_KU_DIGITAL_SIGNATURE | BITS[i];
        assert_rc(complete(), CF_E_CA_CONFIG);
        assert_contains(err.text, "CertferryDevice");
        assert_contains(err.text, "keyCertSign");
        assert_int_equal(template_settings->key_usage, 0);
        assert_null(template_settings->oid);
    }
}

/* The CA would issue in the name of the connector's own account. */
static void
a_template_that_makes_subjects_itself_completes_nothing(void **state)
{
    (void)state;
    kit.ad_template.name_flags &= ~(uint32_t)CF_CT_ENROLLEE_SUPPLIES_SUBJECT;
    assert_rc(complete(), CF_E_CA_CONFIG);
    assert_contains(err.text, "CertferryDevice");
    assert_contains(err.text, "Supply in the request");
    assert_null(template_settings->oid);
}

/* The CA puts none in, so none can be asked for. */
static void
a_template_without_usages_leaves_none(void **state)
{
    (void)state;
    kit.ad_template.n_eku = 0;
    template_settings->eku = calloc(1, sizeof(char *));
    template_settings->eku[0] = strdup("1.3.6.1.5.5.7.3.2");
    template_settings->n_eku = 1;
    assert_ok(complete(), err);
    assert_int_equal(template_settings->n_eku, 0);
    assert_true(template_settings->eku_is_fixed);
}

static void
a_template_of_version_1_has_no_identifier(void **state)
{
    (void)state;
    kit.ad_template.schema_version = 1;
    assert_ok(complete(), err);
    assert_null(template_settings->oid);
}

static void
the_smallest_key_of_ours_that_does_is_taken(void **state)
{
    static const struct {
        const char *algorithm;
        unsigned bits;
        enum cf_key_kind kind;
    } good[] = {{NULL, 0, CF_KEY_RSA_2048},      {"RSA", 1024, CF_KEY_RSA_2048},
                {"RSA", 2049, CF_KEY_RSA_3072},  {"RSA", 4096, CF_KEY_RSA_4096},
                {"ECDH_P256", 256, CF_KEY_P256}, {"ECDSA_P256", 256, CF_KEY_P256},
                {"ECDSA_P384", 384, CF_KEY_P384}};
    static const struct {
        const char *algorithm;
        unsigned bits;
    } bad[] = {{"RSA", 4097}, {"ECDH_P521", 521}, {"DSA", 1024}, {"ECDH_P256", 384}};
    enum cf_key_kind kind = CF_KEY_RSA_2048;
    char algorithm[16];

    (void)state;
    for (size_t i = 0; i < CF_COUNT(good); i++) {
        struct cf_ad_template ad_template = {.name = kit.ad_template.name,
                                             .min_key_bits = good[i].bits};
        (void)snprintf(algorithm, sizeof algorithm, "%s",
                       good[i].algorithm ? good[i].algorithm : "");
        ad_template.key_algorithm = good[i].algorithm ? algorithm : NULL;
        assert_ok(adcs_template_key(&ad_template, &kind, &err), err);
        assert_int_equal(kind, good[i].kind);
    }
    for (size_t i = 0; i < CF_COUNT(bad); i++) {
        (void)snprintf(algorithm, sizeof algorithm, "%s", bad[i].algorithm);
        struct cf_ad_template ad_template = {
            .name = kit.ad_template.name, .min_key_bits = bad[i].bits, .key_algorithm = algorithm};
        assert_rc(adcs_template_key(&ad_template, &kind, &err), CF_E_CA_CONFIG);
    }
}

static void
a_template_that_the_ca_does_not_issue_by_parks_the_ca(void **state)
{
    static char fault[] = "CN=CA: no host";

    (void)state;
    kit.service.n_templates = 0;
    assert_rc(complete(), CF_E_CA_CONFIG);
    assert_contains(err.text, "does not issue by the template CertferryDevice");
    settings.host = settings.ca_name;
    directory->services.fault = fault;
    assert_rc(complete(), CF_E_CA_CONFIG);
    assert_contains(err.text, "adcs discover");
    assert_contains(err.text, "left out: CN=CA: no host");
    assert_null(template_settings->oid);
}

static void
a_ca_that_profiles_name_otherwise_is_found_by_its_own_host(void **state)
{
    static char alias[] = "pki.corp.example";

    (void)state;
    settings.host = alias;
    assert_rc(complete(), CF_E_CA_CONFIG);
    settings.rpc_host = kit.service.host;
    assert_ok(complete(), err);
    assert_string_equal(template_settings->oid, kit.ad_template.oid);
}

static void
it_is_asked_again_after_minutes_only(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        assert_ok(complete(), err);
    assert_int_equal(directory->n_find_template, 1);
    cf_clock_fake_advance(clock_, 11 * 60 * 1000);
    fake_directory_set_failure(directory, CF_E_DIRECTORY_DOWN, 1);
    assert_rc(complete(), CF_E_DIRECTORY_DOWN);
    assert_ok(complete(), err);
    assert_int_equal(directory->n_find_template, 2);
    adcs_templates_forget(ca.templates);
    assert_ok(complete(), err);
    assert_int_equal(directory->n_find_template, 3);
}

static void
without_anybody_who_tells_the_configuration_does(void **state)
{
    (void)state;
    ca.env.directory = NULL;
    assert_ok(complete(), err);
    assert_int_equal(template_settings->n_eku, 0);
    assert_false(template_settings->eku_is_fixed);
}

static struct cf_buf *
discover(void)
{
    static char bind_dn[] = "svc@corp.example";
    static const struct fake_directory_entry account = {.upn = bind_dn,
                                                        .sid = "S-1-5-21-1-2-3-1104"};
    struct cf_settings all = {.directory = {.auth = CF_DIRECTORY_SIMPLE, .bind_dn = bind_dn}};
    struct cf_buf *out = cf_buf_new(256 * 1024);
    struct cf_json_writer writer;

    fake_directory_add_account(directory, &account);
    cf_json_writer_begin(&writer, out);
    cf_json_put_object(&writer, NULL);
    assert_ok(adcs_discover(&all, &directory->base, &writer, &err), err);
    cf_json_put_object_end(&writer);
    assert_ok(cf_json_writer_end(&writer, &err), err);
    return out;
}

static void
discovery_tells_cas_templates_and_sections(void **state)
{
    (void)state;
    cf_own(cf_buf) out = discover();
    assert_int_equal(directory->n_forget, 1);
    assert_contains(cf_buf_str(out), "\"mayEnroll\":\"yes\"");
    assert_contains(cf_buf_str(out), "\"[ca corp-issuing-ca]\"");
    assert_contains(cf_buf_str(out), "\"host = ca1.corp.example\"");
    assert_contains(cf_buf_str(out), "\"templates = CertferryDevice\"");
    assert_contains(cf_buf_str(out), "\"[template CertferryDevice]\"");
}

/* All of it can be pasted: no section comes twice. */
static void
discovery_of_two_cas_names_each_section_once(void **state)
{
    static char name[] = "Corp-Issuing-CA", host[] = "ca2.corp.example";
    struct cf_enrollment_service both[] = {kit.service, kit.service};

    (void)state;
    both[1].name = name;
    both[1].host = host;
    directory->services = (struct cf_enrollment_services){.service = both, .n = 2};
    cf_own(cf_buf) out = discover();
    assert_contains(cf_buf_str(out), "\"[ca corp-issuing-ca]\"");
    assert_contains(cf_buf_str(out), "\"[ca corp-issuing-ca-2]\"");
    const char *section = strstr(cf_buf_str(out), "\"[template CertferryDevice]\"");
    assert_non_null(section);
    assert_null(strstr(section + 1, "\"[template CertferryDevice]\""));
    assert_contains(section, "# [template CertferryDevice] stands above, with Corp Issuing CA");
}

static void
discovery_leaves_out_no_template_that_can_be_used(void **state)
{
    enum { N = 60 };
    static char text[N][40];
    static char *names[N];
    static struct cf_ad_template all[N];
    char last[48];

    (void)state;
    for (size_t i = 0; i < N; i++) {
        all[i] = kit.ad_template;
        (void)snprintf(text[i], sizeof text[i], "Template %zu of a long list of them", i);
        names[i] = all[i].name = text[i];
        fake_directory_add_template(directory, &all[i]);
    }
    kit.service.templates = names;
    kit.service.n_templates = N;
    cf_own(cf_buf) out = discover();
    (void)snprintf(last, sizeof last, "\\\"%s\\\"", text[N - 1]);
    assert_contains(cf_buf_str(out), last);
    assert_contains(cf_buf_str(out), "\"  \\\"Template");
}

static void
discovery_uses_no_name_that_a_configuration_cannot_hold(void **state)
{
    static char bracket[] = "odd]name";
    static char much[] = "a-name-that-is-longer-than-the-name-of-a-section-may-be-by-our-rules";
    static char *names[] = {bracket, much};
    static struct cf_ad_template odd[2];

    (void)state;
    for (size_t i = 0; i < CF_COUNT(odd); i++) {
        odd[i] = kit.ad_template;
        odd[i].name = names[i];
        fake_directory_add_template(directory, &odd[i]);
    }
    kit.service.templates = names;
    kit.service.n_templates = CF_COUNT(odd);
    cf_own(cf_buf) out = discover();
    assert_contains(cf_buf_str(out), "cannot be written");
    assert_null(strstr(cf_buf_str(out), "\"[template"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_open_is_filled_in),
        TEST(what_was_written_stays),
        TEST(a_template_raises_the_least_key_and_never_lowers_it),
        TEST(a_template_of_cas_completes_nothing),
        TEST(a_template_that_makes_subjects_itself_completes_nothing),
        TEST(a_template_without_usages_leaves_none),
        TEST(a_template_of_version_1_has_no_identifier),
        TEST(the_smallest_key_of_ours_that_does_is_taken),
        TEST(a_template_that_the_ca_does_not_issue_by_parks_the_ca),
        TEST(a_ca_that_profiles_name_otherwise_is_found_by_its_own_host),
        TEST(it_is_asked_again_after_minutes_only),
        TEST(without_anybody_who_tells_the_configuration_does),
        TEST(discovery_tells_cas_templates_and_sections),
        TEST(discovery_of_two_cas_names_each_section_once),
        TEST(discovery_leaves_out_no_template_that_can_be_used),
        TEST(discovery_uses_no_name_that_a_configuration_cannot_hold),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
