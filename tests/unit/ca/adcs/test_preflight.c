/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/adcs/adcs.h"
#include "preflight_kit.h"

static struct preflight_kit kit;

static int
setup(void **state)
{
    (void)state;
    kit_begin(&kit);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    kit_end(&kit);
    return 0;
}

static void
a_good_template_is_all_right(void **state)
{
    (void)state;
    kit.n = 0;
    adcs_preflight_template(&kit.preflight, kit_note, &kit);
    assert_true(kit.n >= 14);
    for (size_t i = 0; i < kit.n; i++) {
        if (kit.severity[i] != CF_FINDING_OK)
            fail_msg("found: %s", kit.text[i]);
    }
}

static void
a_template_that_is_missing_or_not_published(void **state)
{
    static char user[] = "User", web[] = "Web";

    (void)state;
    kit.preflight.ad_template = NULL;
    kit_finds(&kit, CF_FINDING_ERROR, "no such template");
    kit.preflight.ad_template = &kit.ad_template;
    kit.service.n_templates = 0;
    kit_finds(&kit, CF_FINDING_ERROR, "does not issue by this template, but by: no template");
    kit.service.templates = (char *[]){user, web};
    kit.service.n_templates = 2;
    kit_finds(&kit, CF_FINDING_ERROR, "but by: User, Web (");
    char *many[100];
    for (size_t i = 0; i < CF_COUNT(many); i++)
        many[i] = user;
    kit.service.templates = many;
    kit.service.n_templates = CF_COUNT(many);
    kit_finds(&kit, CF_FINDING_ERROR, "User, User, ... (");
    assert_contains(kit.remedy[0], "Certificate Template to Issue");
}

static void
flags_that_are_wrong(void **state)
{
    (void)state;
    kit.ad_template.name_flags = 0x82000000;
    kit_finds(&kit, CF_FINDING_ERROR,
              "the connector's own name (msPKI-Certificate-Name-Flag is "
              "0x82000000)");
    kit.ad_template.name_flags = CF_CT_ENROLLEE_SUPPLIES_SUBJECT;
    kit.ad_template.enrollment_flags = CF_CT_PEND_ALL_REQUESTS;
    kit_finds(&kit, CF_FINDING_WARNING, "every request waits");
    kit.ad_template.enrollment_flags = CF_CT_PUBLISH_TO_DS;
    kit_finds(&kit, CF_FINDING_WARNING, "userCertificate");
    kit.ad_template.enrollment_flags = 0;
    kit.ad_template.private_key_flags = 0x1010000;
    kit_finds(&kit, CF_FINDING_WARNING, "exportable");
    kit.ad_template.private_key_flags = 0x1010011;
    kit_finds(&kit, CF_FINDING_ERROR, "archive");
    kit.ad_template.private_key_flags = 0x1012010;
    kit_finds(&kit, CF_FINDING_ERROR, "attested");
}

static void
keys_that_do_not_fit(void **state)
{
    static char ecdh[] = "ECDH_P256", dsa[] = "DSA";

    (void)state;
    kit.configured.given = CF_TEMPLATE_KEY;
    kit.ad_template.min_key_bits = 4096;
    kit_finds(&kit, CF_FINDING_ERROR, "rsa2048 is refused");
    kit.ad_template.min_key_bits = 256;
    kit.ad_template.key_algorithm = ecdh;
    kit_finds(&kit, CF_FINDING_ERROR, "ECDH_P256");
    kit.configured.given = 0;
    kit.ad_template.min_key_bits = 8192;
    kit.ad_template.key_algorithm = NULL;
    kit_finds(&kit, CF_FINDING_ERROR, "8192");
    kit.ad_template.min_key_bits = 2048;
    kit.ad_template.key_algorithm = dsa;
    kit_finds(&kit, CF_FINDING_ERROR, "DSA");
}

static void
version_and_signatures(void **state)
{
    (void)state;
    kit.ad_template.schema_version = 1;
    kit_finds(&kit, CF_FINDING_WARNING, "schema version 1");
    kit.ad_template.schema_version = 2;
    kit.ad_template.ra_signatures = 2;
    kit_finds(&kit, CF_FINDING_ERROR, "2 signatures");
}

static void
usages_that_differ(void **state)
{
    static char email[] = "1.3.6.1.5.5.7.3.4";
    static char *ekus[] = {email};

    (void)state;
    kit.configured.given = CF_TEMPLATE_EKU;
    kit.configured.eku = ekus;
    kit.configured.n_eku = 1;
    kit_finds(&kit, CF_FINDING_ERROR,
              "secure e-mail, but the CA issues with the template's: "
              "client authentication");
    kit.configured.given = 0;
    kit.ad_template.eku = ekus;
    kit_finds(&kit, CF_FINDING_WARNING, "not for client authentication");
    kit.ad_template.n_eku = 0;
    kit_finds(&kit, CF_FINDING_ERROR, "good for anything");
}

static void
key_usage_and_validity_that_differ(void **state)
{
    (void)state;
    kit.ad_template.key_usage |= CF_KU_NON_REPUDIATION;
    kit_finds(&kit, CF_FINDING_WARNING, "non-repudiation");
    kit.ad_template.key_usage = CF_KU_DIGITAL_SIGNATURE;
    kit.configured.given = CF_TEMPLATE_KEY_USAGE;
    kit.configured.key_usage = CF_KU_DIGITAL_SIGNATURE | CF_KU_KEY_ENCIPHERMENT;
    kit_finds(&kit, CF_FINDING_ERROR, "key_usage differs");
    kit.configured.given = CF_TEMPLATE_VALIDITY;
    kit.configured.validity_ms = 2 * kit.ad_template.validity_ms;
    kit_finds(&kit, CF_FINDING_WARNING, "certificates end earlier");
    kit.configured.validity_ms = kit.ad_template.validity_ms / 2;
    kit_finds(&kit, CF_FINDING_WARNING, "are not delivered");
    kit.configured.given = 0;
    kit.ad_template.key_usage = CF_KU_DIGITAL_SIGNATURE | CF_KU_KEY_CERT_SIGN;
    kit_finds(&kit, CF_FINDING_ERROR, "a template for CAs");
}

static void
a_left_out_sid_matters_where_it_is_wanted(void **state)
{
    (void)state;
    kit.ad_template.enrollment_flags = CF_CT_NO_SECURITY_EXTENSION;
    kit_finds(&kit, CF_FINDING_ERROR, "NO_SECURITY_EXTENSION");
    kit.configured.sid_form = CF_SID_FORM_URI;
    a_good_template_is_all_right(state);
    kit.configured.sid_form = CF_SID_FORM_BOTH;
    kit.configured.sid_mode = CF_SID_OFF;
    a_good_template_is_all_right(state);
}

static void
rights_that_are_missing_or_too_many(void **state)
{
    (void)state;
    descriptor_begin(&kit.descriptor);
    descriptor_add(&kit.descriptor, ALLOW, 0, MASK_READ, NULL, RID_AUTHENTICATED);
    kit_descriptor_done(&kit);
    kit_finds(&kit, CF_FINDING_ERROR, "CONN1$@CORP.EXAMPLE has no Enroll");
    descriptor_begin(&kit.descriptor);
    descriptor_add(&kit.descriptor, ALLOW_OBJECT, 0, MASK_ENROLL, DESCRIPTOR_ENROLL, KIT_RID);
    kit_descriptor_done(&kit);
    kit_finds(&kit, CF_FINDING_ERROR, "has no Read");
    descriptor_add(&kit.descriptor, ALLOW, 0, MASK_READ | MASK_WRITE_DACL, NULL, KIT_RID);
    kit_descriptor_done(&kit);
    kit_finds(&kit, CF_FINDING_WARNING, "may change the template");
}

static void
everybody_who_may_be_anybody_is_named(void **state)
{
    static const struct {
        uint32_t rid;
        const char *name;
    } groups[] = {{513, "Domain Users"},
                  {515, "Domain Computers"},
                  {RID_AUTHENTICATED, "Authenticated Users"},
                  {RID_NETWORK, "Network"},
                  {RID_USERS, "Users"},
                  {RID_EVERYONE, "Everyone"}};

    for (size_t i = 0; i < CF_COUNT(groups); i++) {
        (void)teardown(state);
        (void)setup(state);
        descriptor_add(&kit.descriptor, ALLOW_OBJECT, 0, MASK_ENROLL, DESCRIPTOR_ENROLL,
                       groups[i].rid);
        kit_descriptor_done(&kit);
        kit_finds(&kit, CF_FINDING_WARNING, groups[i].name);
        kit_finds(&kit, CF_FINDING_WARNING, "ESC1");
        kit.ad_template.name_flags = 0;
        kit_finds(&kit, CF_FINDING_ERROR, "the connector's own name");
    }
}

static void
everybody_who_may_change_the_template_is_named(void **state)
{
    (void)state;
    descriptor_add(&kit.descriptor, ALLOW, 0, MASK_WRITE_DACL, NULL, 513);
    kit_descriptor_done(&kit);
    kit_finds(&kit, CF_FINDING_WARNING, "Domain Users may change the template");
}

static void
what_the_account_is_over_the_network_counts(void **state)
{
    static const uint32_t RIDS[] = {RID_NETWORK, RID_USERS};

    for (size_t i = 0; i < CF_COUNT(RIDS); i++) {
        (void)teardown(state);
        (void)setup(state);
        descriptor_begin(&kit.descriptor);
        descriptor_add(&kit.descriptor, DENY, 0, MASK_ENROLL, NULL, RIDS[i]);
        descriptor_add(&kit.descriptor, ALLOW, 0, MASK_ENROLL | MASK_READ, NULL, KIT_RID);
        kit_descriptor_done(&kit);
        kit_finds(&kit, CF_FINDING_ERROR, "has no Enroll");
    }
}

static void
usages_that_are_good_for_more_than_their_holder(void **state)
{
    static char client_auth[] = "1.3.6.1.5.5.7.3.2", any[] = "2.5.29.37.0";
    static char agent[] = "1.3.6.1.4.1.311.20.2.1";
    static char *ekus[] = {client_auth, any};

    (void)state;
    kit.ad_template.eku = ekus;
    kit.ad_template.n_eku = 2;
    kit_finds(&kit, CF_FINDING_WARNING, "for any purpose: ");
    ekus[1] = agent;
    kit_finds(&kit, CF_FINDING_WARNING, "enrollment agent");
}

static void
what_is_not_known_is_said(void **state)
{
    bool may = false;

    (void)state;
    kit.preflight.account = NULL;
    kit_finds(&kit, CF_FINDING_WARNING, "not found in the directory");
    kit.preflight.account_name = NULL;
    a_good_template_is_all_right(state);
    kit.ad_template.security_descriptor = NULL;
    kit_finds(&kit, CF_FINDING_WARNING, "rights are not shown");
    kit.preflight.may_enroll = &may;
    kit_finds(&kit, CF_FINDING_ERROR, "says the policy service");
    may = true;
    a_good_template_is_all_right(state);
}

static size_t
n_of(enum cf_severity severity)
{
    size_t n = 0;

    for (size_t i = 0; i < kit.n; i++)
        n += kit.severity[i] == severity;
    return n;
}

static void
roles_at_the_ca(void **state)
{
    static const struct {
        uint32_t roles;
        bool revokes;
        size_t n_errors;
        size_t n_warnings;
    } cases[] = {{ADCS_ROLE_ENROLL | ADCS_ROLE_OFFICER, true, 0, 0},
                 {ADCS_ROLE_ENROLL, true, 1, 0},
                 {ADCS_ROLE_ENROLL, false, 0, 0},
                 {ADCS_ROLE_OFFICER, true, 1, 0},
                 {ADCS_ROLE_READ, true, 2, 0},
                 {ADCS_ROLE_ENROLL | ADCS_ROLE_OFFICER | ADCS_ROLE_ADMIN, true, 0, 1}};

    (void)state;
    for (size_t i = 0; i < CF_COUNT(cases); i++) {
        kit.n = 0;
        adcs_preflight_roles(&kit.preflight, cases[i].roles, cases[i].revokes, kit_note, &kit);
        assert_int_equal(n_of(CF_FINDING_ERROR), cases[i].n_errors);
        assert_int_equal(n_of(CF_FINDING_WARNING), cases[i].n_warnings);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_good_template_is_all_right),
        TEST(a_template_that_is_missing_or_not_published),
        TEST(flags_that_are_wrong),
        TEST(keys_that_do_not_fit),
        TEST(version_and_signatures),
        TEST(usages_that_differ),
        TEST(key_usage_and_validity_that_differ),
        TEST(a_left_out_sid_matters_where_it_is_wanted),
        TEST(rights_that_are_missing_or_too_many),
        TEST(everybody_who_may_be_anybody_is_named),
        TEST(everybody_who_may_change_the_template_is_named),
        TEST(what_the_account_is_over_the_network_counts),
        TEST(usages_that_are_good_for_more_than_their_holder),
        TEST(what_is_not_known_is_said),
        TEST(roles_at_the_ca),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
