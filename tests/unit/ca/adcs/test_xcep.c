/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca/adcs/xcep.h"
#include "soap_lab.h"
#include "unit/base/unit.h"

#define CES "https://ces.example/CA_CES_Kerberos/service.svc/CES"
#define POLICY(name, ca, attributes)                                                               \
    "<policy><policyOIDReference>1</policyOIDReference><cAs><cAReference>" ca                      \
    "</cAReference></cAs><attributes><commonName>" name "</commonName>" attributes                 \
    "</attributes></policy>"
#define PERMISSION(enroll)                                                                         \
    "<permission><enroll>" enroll "</enroll><autoEnroll>false</autoEnroll></permission>"
#define FULL                                                                                       \
    "<policySchema>4</policySchema><certificateValidity><validityPeriodSeconds>31536000"           \
    "</validityPeriodSeconds><renewalPeriodSeconds>3628800</renewalPeriodSeconds>"                 \
    "</certificateValidity>" PERMISSION(                                                           \
        "true") "<privateKeyAttributes><minimalKeyLength>2048</minimalKeyLength><keySpec>1</"      \
                "keySpec>"                                                                         \
                "<keyUsageProperty xsi:nil=\"true\"/><permissions xsi:nil=\"true\"/>"              \
                "<algorithmOIDReference>4</algorithmOIDReference><cryptoProviders "                \
                "xsi:nil=\"true\"/>"                                                               \
                "</privateKeyAttributes><revision><majorRevision>100</majorRevision>"              \
                "<minorRevision>3</minorRevision></revision><supersededPolicies "                  \
                "xsi:nil=\"true\"/>"                                                               \
                "<privateKeyFlags>16842768</privateKeyFlags><subjectNameFlags>1</"                 \
                "subjectNameFlags>"                                                                \
                "<enrollmentFlags>-2147483648</enrollmentFlags><generalFlags>131642</"             \
                "generalFlags>"                                                                    \
                "<hashAlgorithmOIDReference xsi:nil=\"true\"/><rARequirements><rASignatures>2"     \
                "</rASignatures><rAEKUs "                                                          \
                "xsi:nil=\"true\"/></rARequirements><keyArchivalAttributes "                       \
                "xsi:nil=\"true\"/><extensions><extension><oIDReference>2</"                       \
                "oIDReference><critical>false"                                                     \
                "</critical><value>MAoGCCsGAQUFBwMC</value></extension><extension><oIDReference>3" \
                "</oIDReference><critical>true</critical><value>AwIFoA==</value></"                \
                "extension><extension>"                                                            \
                "<oIDReference>99</oIDReference><critical>false</critical><value>!</value></"      \
                "extension>"                                                                       \
                "</extensions>"
#define CA(id, url, enroll)                                                                        \
    "<cA><uris><cAURI><clientAuthentication>2</clientAuthentication><uri>" url                     \
    "</uri><priority>1</priority><renewalOnly>false</renewalOnly></cAURI></uris><certificate>"     \
    "MAA=</certificate><enrollPermission>" enroll "</enrollPermission><cAReferenceID>" id          \
    "</cAReferenceID></cA>"
#define OID(id, value)                                                                             \
    "<oID><value>" value "</value><group>9</group><oIDReferenceID>" id                             \
    "</oIDReferenceID><defaultName>x</defaultName></oID>"
#define RESPONSE(policies, cas)                                                                    \
    "<GetPoliciesResponse xmlns=\"" SOAP_NS_POLICY "\"><response><policyID>{1}</policyID>"         \
    "<policyFriendlyName>x</policyFriendlyName><nextUpdateHours>8</nextUpdateHours>"               \
    "<policiesNotChanged xsi:nil=\"true\"/><policies>" policies "</policies></response><cAs>" cas  \
    "</cAs><oIDs>" OID("1", "1.3.6.1.4.1.311.21.8.1") OID("2", "2.5.29.37") OID("3", "2.5.29.15")  \
        OID("4", "1.2.840.10045.3.1.7") "</oIDs></GetPoliciesResponse>"

static struct cf_err err;
static struct xcep_policies policies;

static int
clean(void **state)
{
    (void)state;
    xcep_policies_done(&policies);
    err = (struct cf_err){0};
    return 0;
}

static enum cf_rc
read_body(const char *body)
{
    cf_own_str text = lab_envelope(XCEP_ACTION "Response", LAB_RELATES, body);

    xcep_policies_done(&policies);
    return xcep_read(lab_bytes(text), LAB_ID, &policies, &err);
}

static void
asks_for_all_policies(void **state)
{
    struct soap_head head = {.action = XCEP_ACTION, .url = "https://cep.example/CEP"};
    struct soap_message message = {0};

    (void)state;
    assert_ok(xcep_write(&head, &message, &err), err);
    assert_contains(cf_buf_str(message.body), ">http://schemas.microsoft.com/windows/pki/2009/01/"
                                              "enrollmentpolicy/IPolicy/GetPolicies<");
    assert_contains(cf_buf_str(message.body),
                    "<GetPolicies xmlns=\"http://schemas.microsoft.com/windows/pki/2009/01/"
                    "enrollmentpolicy\"><client><lastUpdate>0001-01-01T00:00:00</lastUpdate>"
                    "<preferredLanguage xsi:nil=\"true\"/></client>"
                    "<requestFilter xsi:nil=\"true\"/></GetPolicies></s:Body>");
    soap_message_done(&message);
}

static void
tells_the_facts_of_a_template(void **state)
{
    (void)state;
    assert_ok(read_body(RESPONSE(POLICY("Web", "0", FULL), CA("0", CES, "true"))), err);
    assert_int_equal(policies.n_templates, 1);
    const struct cf_ad_template *facts = policies.templates[0].facts;
    assert_string_equal(facts->name, "Web");
    assert_string_equal(facts->oid, "1.3.6.1.4.1.311.21.8.1");
    assert_string_equal(facts->key_algorithm, "ECDH_P256");
    assert_int_equal(facts->schema_version, 4);
    assert_int_equal(facts->min_key_bits, 2048);
    assert_int_equal(facts->validity_ms, 31536000000);
    assert_int_equal(facts->overlap_ms, 3628800000);
    assert_int_equal(facts->private_key_flags, 16842768);
    assert_int_equal(facts->enrollment_flags, 0x80000000);
    assert_int_equal(facts->name_flags, CF_CT_ENROLLEE_SUPPLIES_SUBJECT);
    assert_int_equal(facts->ra_signatures, 2);
    assert_int_equal(facts->revision, 100);
    assert_int_equal(facts->minor_revision, 3);
    assert_int_equal(facts->n_eku, 1);
    assert_string_equal(facts->eku[0], "1.3.6.1.5.5.7.3.2");
    assert_int_equal(facts->key_usage, CF_KU_DIGITAL_SIGNATURE | CF_KU_KEY_ENCIPHERMENT);
}

static void
what_is_not_told_is_zero_and_forbidden(void **state)
{
    bool may_enroll = true;

    (void)state;
    assert_ok(read_body(RESPONSE(POLICY("Old", "0", "<policySchema>1</policySchema>"),
                                 CA("0", CES, "true"))),
              err);
    const struct cf_ad_template *facts = policies.templates[0].facts;
    assert_null(facts->oid);
    assert_null(facts->key_algorithm);
    assert_int_equal(facts->n_eku, 0);
    assert_int_equal(facts->validity_ms, 0);
    assert_non_null(xcep_find(&policies, "old", CES, &may_enroll));
    assert_false(may_enroll);
}

static void
tells_of_cas_their_urls_and_certificates(void **state)
{
    (void)state;
    assert_ok(read_body(RESPONSE("", CA("0", CES, "true") CA("5", "https://b/", "false"))), err);
    assert_int_equal(policies.n_cas, 2);
    assert_int_equal(policies.cas[1].reference, 5);
    assert_false(policies.cas[1].may_enroll);
    assert_string_equal(policies.cas[0].urls[0].url, CES);
    assert_int_equal(policies.cas[0].urls[0].auth, CF_CES_KERBEROS);
    assert_int_equal(cf_buf_len(policies.cas[0].cert), 2);
}

static void
finds_what_the_configured_ca_offers(void **state)
{
    bool may_enroll = false;

    (void)state;
    assert_ok(read_body(RESPONSE(POLICY("Here", "0", PERMISSION("true"))
                                     POLICY("There", "1", PERMISSION("true"))
                                         POLICY("Forbidden", "0", PERMISSION("false")),
                                 CA("0", CES, "true") CA("1", "https://b/", "true"))),
              err);
    assert_non_null(xcep_find(&policies, "here", CES, &may_enroll));
    assert_true(may_enroll);
    assert_null(xcep_find(&policies, "There", CES, &may_enroll));
    assert_non_null(xcep_find(&policies, "There", "https://unknown/", &may_enroll));
    assert_non_null(xcep_find(&policies, "Forbidden", CES, &may_enroll));
    assert_false(may_enroll);
    assert_null(xcep_find(&policies, "Missing", CES, &may_enroll));
}

static void
a_ca_that_forbids_it_forbids_its_templates(void **state)
{
    bool may_enroll = true;

    (void)state;
    assert_ok(read_body(RESPONSE(POLICY("Web", "0", PERMISSION("true")), CA("0", CES, "false"))),
              err);
    assert_non_null(xcep_find(&policies, "Web", CES, &may_enroll));
    assert_false(may_enroll);
}

static void
nothing_offered_is_an_empty_list(void **state)
{
    (void)state;
    assert_ok(read_body("<GetPoliciesResponse xmlns=\"" SOAP_NS_POLICY "\"><response><policies "
                        "xsi:nil=\"true\"/></response><cAs xsi:nil=\"true\"/><oIDs "
                        "xsi:nil=\"true\"/></GetPoliciesResponse>"),
              err);
    assert_int_equal(policies.n_templates, 0);
    assert_int_equal(policies.n_cas, 0);
}

static void
answers_of_the_wrong_shape_are_refused(void **state)
{
    static const char *const BODIES[] = {
        "<Other/>",
        RESPONSE("<policy/>", ""),
        RESPONSE(POLICY("", "0", ""), ""),
        RESPONSE(POLICY("A", "x", ""), ""),
        RESPONSE(POLICY("A", "-1", ""), ""),
        RESPONSE(POLICY("A", "0", "<policySchema>4294967296</policySchema>"), ""),
        RESPONSE(POLICY("A", "0", PERMISSION("perhaps")), ""),
        RESPONSE(POLICY("A", "0",
                        "<certificateValidity><validityPeriodSeconds>9223372036854775807"
                        "</validityPeriodSeconds></certificateValidity>"),
                 ""),
        RESPONSE(POLICY("A", "0",
                        "<extensions><extension><oIDReference>2</oIDReference><value>MAoGCCs="
                        "</value></extension></extensions>"),
                 ""),
        RESPONSE(POLICY("A", "0",
                        "<extensions><extension><oIDReference>3</oIDReference></extension>"
                        "</extensions>"),
                 ""),
        RESPONSE("", "<cA><certificate>***</certificate></cA>"),
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(BODIES); i++) {
        assert_rc(read_body(BODIES[i]), CF_E_PROTOCOL);
        assert_int_equal(policies.n_templates, 0);
    }
}

static void
a_fault_is_an_error(void **state)
{
    (void)state;
    assert_rc(read_body("<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>"
                        "a:FailedAuthentication</s:Value></s:Subcode></s:Code></s:Fault>"),
              CF_E_AUTH);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(asks_for_all_policies, clean),
        cmocka_unit_test_teardown(tells_the_facts_of_a_template, clean),
        cmocka_unit_test_teardown(what_is_not_told_is_zero_and_forbidden, clean),
        cmocka_unit_test_teardown(tells_of_cas_their_urls_and_certificates, clean),
        cmocka_unit_test_teardown(finds_what_the_configured_ca_offers, clean),
        cmocka_unit_test_teardown(a_ca_that_forbids_it_forbids_its_templates, clean),
        cmocka_unit_test_teardown(nothing_offered_is_an_empty_list, clean),
        cmocka_unit_test_teardown(answers_of_the_wrong_shape_are_refused, clean),
        cmocka_unit_test_teardown(a_fault_is_an_error, clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
