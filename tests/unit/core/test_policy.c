/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/core/core_kit.h"

#include <string.h>

static char *eku[] = {(char[]){KIT_CLIENT_AUTH}, (char[]){KIT_SERVER_AUTH}};
static struct cf_template_settings device = {
    .name = (char[]){"device"},
    .key = CF_KEY_RSA_3072,
    .min_rsa_bits = 3072,
    .eku = eku,
    .n_eku = 2,
};
static struct cf_template_settings other = {.name = (char[]){"other"}};
static struct cf_template_settings *all[] = {&device, &other};
static struct cf_ca_settings corp = {
    .name = (char[]){"corp"},
    .host = (char[]){"ca.example.com"},
    .ca_name = (char[]){"Example CA"},
    .templates = all,
    .n_templates = 1, /* only the first is listed */
};
static struct cf_ca_settings *cas[] = {&corp};
static char *names_corp[] = {(char[]){"corp"}, NULL};
static char *names_device[] = {(char[]){"device"}, NULL};
static char name_everyone[] = "everyone";
static char name_second[] = "second";
static struct cf_policy_settings everyone;
static struct cf_policy_settings second;
static struct cf_policy_settings *policies[] = {&everyone, &second};
static struct cf_settings settings = {.cas = cas,
                                      .n_cas = 1,
                                      .templates = all,
                                      .n_templates = 2,
                                      .policies = policies,
                                      .n_policies = 1};

static int
restore(void **state)
{
    (void)state;
    device.key = CF_KEY_RSA_3072;
    device.n_eku = 2;
    device.validity_ms = 365ULL * KIT_DAY_MS;
    settings.n_policies = 1;
    everyone = (struct cf_policy_settings){
        .name = name_everyone,
        .cas = names_corp,
        .templates = names_device,
        .types = CF_TYPES_BOTH,
    };
    second = everyone;
    second.name = name_second;
    return 0;
}

static enum cf_rc
judge(const char *path, const char *value, struct cf_grant *ret, struct cf_err *err)
{
    cf_own_str json = core_json("certificateTemplateName", "\"device\"", path, value, NULL);
    cf_own(cf_request) request = NULL;

    assert_ok(cf_request_parse(cf_bytes_of(json, strlen(json)), &request, err), *err);
    return cf_policy_judge(&settings, request, NULL, NULL, NULL, ret, err);
}

static void
grants_what_is_listed(void **state)
{
    struct cf_grant grant = {0};
    struct cf_err err = {0};

    (void)state;
    assert_ok(judge("profile.keySize", "4096", &grant, &err), err);
    assert_ptr_equal(grant.ca, &corp);
    assert_ptr_equal(grant.template_settings, &device);
    assert_int_equal(grant.key, CF_KEY_RSA_4096);
    assert_true(grant.validity_ms == 90ULL * KIT_DAY_MS);
    assert_ok(judge("profile.keySize", "null", &grant, &err), err);
    assert_int_equal(grant.key, CF_KEY_RSA_3072);
    assert_ok(judge("profile.keySize", "384", &grant, &err), err);
    assert_int_equal(grant.key, CF_KEY_P384);
    assert_ok(judge("profile.extendedKeyUsages", "null", &grant, &err), err);
}

static void
host_and_name_of_a_ca_compare_without_case(void **state)
{
    struct cf_grant grant = {0};
    struct cf_err err = {0};

    (void)state;
    assert_ok(judge("certificationAuthority", "\"CA.example.COM\"", &grant, &err), err);
    assert_ok(judge("certificationAuthorityName", "\"EXAMPLE ca\"", &grant, &err), err);
}

static void
refuses_what_is_not_and_names_member_and_option(void **state)
{
    static const struct {
        const char *path;
        const char *value;
        enum cf_rc rc;
        const char *member;
        const char *option;
    } cases[] = {
        {"certificationAuthority", "\"other.example.com\"", CF_E_POLICY, "certificationAuthority",
         "[ca]"},
        {"certificationAuthorityName", "\"Other CA\"", CF_E_POLICY, "certificationAuthority",
         "[ca]"},
        {"profile.keySize", "2048", CF_E_POLICY, "profile.keySize", "min_key"},
        {"profile.keySize", "1024", CF_E_UNSUPPORTED, "profile.keySize", "2048"},
        {"profile.extendedKeyUsages", "[\"1.3.6.1.4.1.311.20.2.2\"]", CF_E_POLICY,
         "profile.extendedKeyUsages", "eku"},
        {"profile.extendedKeyUsages", "[\"1.3.6.1.5.5.7.3.2\",\"2.5.29.37.0\"]", CF_E_POLICY,
         "profile.extendedKeyUsages", "eku"},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(cases); i++) {
        struct cf_grant grant = {.validity_ms = 77};
        struct cf_err err = {0};

        assert_rc(judge(cases[i].path, cases[i].value, &grant, &err), cases[i].rc);
        assert_contains(err.text, cases[i].member);
        assert_contains(err.text, cases[i].option);
        assert_int_equal(grant.validity_ms, 77);
    }
}

/* An exec CA has no floor of its own. */
static void
a_smaller_curve_than_the_templates_is_refused(void **state)
{
    struct cf_grant grant = {0};
    struct cf_err err = {0};

    (void)state;
    device.key = CF_KEY_P384;
    assert_rc(judge("profile.keySize", "256", &grant, &err), CF_E_POLICY);
    assert_contains(err.text, "profile.keySize: 256");
    assert_ok(judge("profile.keySize", "384", &grant, &err), err);
    assert_ok(judge("profile.keySize", "3072", &grant, &err), err);
}

static void
a_template_that_the_ca_does_not_list_is_refused(void **state)
{
    static const char *const names[] = {"\"other\"", "\"Device2\"", "\"devic\""};

    (void)state;
    for (size_t i = 0; i < CF_COUNT(names); i++) {
        cf_own_str json = core_json("certificateTemplateName", names[i], NULL);
        cf_own(cf_request) request = NULL;
        struct cf_grant grant = {0};
        struct cf_err err = {0};

        assert_ok(cf_request_parse(cf_bytes_of(json, strlen(json)), &request, &err), err);
        assert_rc(cf_policy_judge(&settings, request, NULL, NULL, NULL, &grant, &err), CF_E_POLICY);
        assert_contains(err.text, "certificateTemplateName");
        assert_contains(err.text, "[ca corp] templates");
    }
}

static void
without_a_policy_nothing_is_allowed(void **state)
{
    struct cf_grant grant = {.validity_ms = 77};
    struct cf_err err = {0};

    (void)state;
    settings.n_policies = 0;
    assert_rc(judge("profile.keySize", "4096", &grant, &err), CF_E_POLICY);
    assert_contains(err.text, "[policy]");
    assert_contains(err.text, "ca = corp, templates = device and certificate_type = user");
    assert_int_equal(grant.validity_ms, 77);
}

static void
a_policy_counts_only_for_its_ca_template_and_type(void **state)
{
    char *others[] = {(char[]){"Corp"}, (char[]){"other"}, NULL};
    char *none[] = {NULL};
    struct cf_grant grant = {0};
    struct cf_err err = {0};

    (void)state;
    everyone.cas = others;
    assert_rc(judge("profile.keySize", "4096", &grant, &err), CF_E_POLICY);
    everyone.cas = NULL;
    assert_rc(judge("profile.keySize", "4096", &grant, &err), CF_E_POLICY);
    everyone.cas = none;
    assert_rc(judge("profile.keySize", "4096", &grant, &err), CF_E_POLICY);
    everyone.cas = names_corp;
    everyone.templates = others;
    assert_rc(judge("profile.keySize", "4096", &grant, &err), CF_E_POLICY);
    everyone.templates = names_device;
    everyone.types = CF_TYPES_DEVICE;
    assert_rc(judge("profile.keySize", "4096", &grant, &err), CF_E_POLICY);
    assert_ok(judge("profile.certificateType", "\"device\"", &grant, &err), err);
    everyone.types = CF_TYPES_USER;
    assert_rc(judge("profile.certificateType", "\"device\"", &grant, &err), CF_E_POLICY);
    assert_contains(err.text, "certificate_type = device");
}

/* A later section does not help out where the first one refuses. */
static void
the_first_policy_that_fits_decides(void **state)
{
    struct cf_grant grant = {0};
    struct cf_err err = {0};

    (void)state;
    settings.n_policies = 2;
    assert_ok(judge("profile.keySize", "3072", &grant, &err), err);
    assert_ptr_equal(grant.policy, &everyone);
    everyone.types = CF_TYPES_DEVICE;
    assert_ok(judge("profile.keySize", "3072", &grant, &err), err);
    assert_ptr_equal(grant.policy, &second);
    everyone.types = CF_TYPES_BOTH;
    everyone.min_rsa_bits = 4096;
    assert_rc(judge("profile.keySize", "3072", &grant, &err), CF_E_POLICY);
    assert_contains(err.text, "[policy everyone] min_rsa");
}

static void
floors_of_the_policy_hold_for_their_kind_of_key(void **state)
{
    struct cf_grant grant = {0};
    struct cf_err err = {0};

    (void)state;
    everyone.min_rsa_bits = 4096;
    everyone.min_ec_bits = 384;
    assert_ok(judge("profile.keySize", "4096", &grant, &err), err);
    assert_ok(judge("profile.keySize", "384", &grant, &err), err);
    assert_rc(judge("profile.keySize", "256", &grant, &err), CF_E_POLICY);
    assert_contains(err.text, "[policy everyone] min_ec = 384");
    /* Without a wish it is the template's key that is too small. */
    assert_rc(judge("profile.keySize", "null", &grant, &err), CF_E_POLICY);
    assert_contains(err.text, "[policy everyone] min_rsa = 4096");
}

static void
the_policys_usages_stand_in_place_of_the_templates(void **state)
{
    char *client[] = {(char[]){KIT_CLIENT_AUTH}};
    char *logon[] = {(char[]){"1.3.6.1.4.1.311.20.2.2"}};
    struct cf_grant grant = {0};
    struct cf_err err = {0};

    (void)state;
    everyone.eku = client;
    everyone.n_eku = 1;
    assert_ok(judge("profile.extendedKeyUsages", "[\"" KIT_CLIENT_AUTH "\"]", &grant, &err), err);
    assert_rc(judge("profile.extendedKeyUsages", "[\"" KIT_SERVER_AUTH "\"]", &grant, &err),
              CF_E_POLICY);
    assert_contains(err.text, "[policy everyone]");
    /* A profile that names none would get the template's two. */
    assert_rc(judge("profile.extendedKeyUsages", "null", &grant, &err), CF_E_POLICY);
    assert_contains(err.text, KIT_SERVER_AUTH);
    /* No usage at all means all of them. */
    device.n_eku = 0;
    assert_rc(judge("profile.extendedKeyUsages", "null", &grant, &err), CF_E_POLICY);
    assert_contains(err.text, "eku");
    everyone.eku = logon;
    assert_ok(judge("profile.extendedKeyUsages", "[\"1.3.6.1.4.1.311.20.2.2\"]", &grant, &err),
              err);
}

static void
validity_is_refused_above_the_limit_and_cut_without_a_wish(void **state)
{
    struct cf_grant grant = {0};
    struct cf_err err = {0};

    (void)state;
    everyone.max_validity_ms = 90ULL * KIT_DAY_MS;
    assert_ok(judge("profile.keySize", "3072", &grant, &err), err);
    assert_true(grant.validity_ms == 90ULL * KIT_DAY_MS);
    assert_rc(judge("profile.validityPeriod", "{\"value\":91,\"scale\":\"days\"}", &grant, &err),
              CF_E_POLICY);
    assert_contains(err.text, "profile.validityPeriod");
    assert_contains(err.text, "[policy everyone] max_validity");
    assert_ok(judge("profile.validityPeriod", "null", &grant, &err), err);
    assert_true(grant.validity_ms == 90ULL * KIT_DAY_MS);
    device.validity_ms = 0; /* the CA's own, which nobody knows here */
    assert_ok(judge("profile.validityPeriod", "null", &grant, &err), err);
    assert_true(grant.validity_ms == 90ULL * KIT_DAY_MS);
    device.validity_ms = 90ULL * KIT_DAY_MS;
    assert_ok(judge("profile.validityPeriod", "null", &grant, &err), err);
    assert_true(grant.validity_ms == 0);
}

struct heard {
    char rules[512];
    char verdicts[32]; /* m: met, -: does not apply, r: refused, ?: not judged */
};

static void
hear(void *arg, const struct cf_policy_rule *rule)
{
    struct heard *heard = arg;
    char mark[2] = {!rule->applies ? '-' : !rule->is_judged ? '?' : rule->is_met ? 'm' : 'r', 0};

    strcat(strcat(heard->rules, rule->rule), ",");
    strcat(heard->verdicts, mark);
    assert_true(rule->text[0] != '\0');
}

static enum cf_rc
explain(const char *path, const char *value, struct heard *heard, struct cf_err *err)
{
    cf_own_str json = core_json("certificateTemplateName", "\"device\"", path, value, NULL);
    cf_own(cf_request) request = NULL;
    struct cf_grant grant = {0};

    *heard = (struct heard){0};
    assert_ok(cf_request_parse(cf_bytes_of(json, strlen(json)), &request, err), *err);
    return cf_policy_judge(&settings, request, NULL, hear, heard, &grant, err);
}

static void
explaining_goes_on_behind_a_refusal_while_there_is_footing(void **state)
{
    struct heard heard;
    struct cf_err err = {0};

    (void)state;
    assert_ok(explain("profile.keySize", "3072", &heard, &err), err);
    assert_string_equal(heard.verdicts, "mmm-m--m-");
    everyone.min_rsa_bits = 4096;
    everyone.max_validity_ms = KIT_DAY_MS;
    assert_rc(explain("profile.keySize", "3072", &heard, &err), CF_E_POLICY);
    assert_string_equal(heard.verdicts, "mmm-mr-mr");
    assert_contains(err.text, "min_rsa");
    assert_rc(explain("profile.keySize", "1024", &heard, &err), CF_E_UNSUPPORTED);
    assert_string_equal(heard.verdicts, "mmm-r--mr");
    assert_rc(explain("certificationAuthority", "\"x\"", &heard, &err), CF_E_POLICY);
    assert_string_equal(heard.verdicts, "r");
    settings.n_policies = 0;
    assert_rc(explain("profile.keySize", "3072", &heard, &err), CF_E_POLICY);
    assert_string_equal(heard.verdicts, "mmr");
    assert_string_equal(heard.rules, "[ca],[ca] templates,[policy],");
}

int
main(void)
{
#define TEST(fn) cmocka_unit_test_setup(fn, restore)
    const struct CMUnitTest tests[] = {
        TEST(grants_what_is_listed),
        TEST(host_and_name_of_a_ca_compare_without_case),
        TEST(refuses_what_is_not_and_names_member_and_option),
        TEST(a_smaller_curve_than_the_templates_is_refused),
        TEST(a_template_that_the_ca_does_not_list_is_refused),
        TEST(without_a_policy_nothing_is_allowed),
        TEST(a_policy_counts_only_for_its_ca_template_and_type),
        TEST(the_first_policy_that_fits_decides),
        TEST(floors_of_the_policy_hold_for_their_kind_of_key),
        TEST(the_policys_usages_stand_in_place_of_the_templates),
        TEST(validity_is_refused_above_the_limit_and_cut_without_a_wish),
        TEST(explaining_goes_on_behind_a_refusal_while_there_is_footing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
