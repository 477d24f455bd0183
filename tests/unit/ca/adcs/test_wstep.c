/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca/adcs/wstep.h"
#include "soap_lab.h"
#include "unit/base/unit.h"

#define ANSWER SOAP_NS_ENROLLMENT "/RSTRC/wstep"
#define RSTR(content)                                                                              \
    "<RequestSecurityTokenResponse><TokenType>x</TokenType>" content                               \
    "</RequestSecurityTokenResponse>"
#define COLLECTION(content)                                                                        \
    "<RequestSecurityTokenResponseCollection xmlns=\"" SOAP_NS_TRUST "\">" content                 \
    "</RequestSecurityTokenResponseCollection>"
#define WORDS(text)                                                                                \
    "<DispositionMessage xml:lang=\"en-US\" xmlns=\"" SOAP_NS_ENROLLMENT "\">" text                \
    "</DispositionMessage>"
#define TOKEN(base64)                                                                              \
    "<BinarySecurityToken xmlns=\"" SOAP_NS_SECURITY "\">" base64 "</BinarySecurityToken>"
#define REQUESTED(content) "<RequestedSecurityToken>" content "</RequestedSecurityToken>"
#define REFERENCE                                                                                  \
    "<SecurityTokenReference xmlns=\"" SOAP_NS_SECURITY "\"><Reference "                           \
    "URI=\"https://elsewhere.example/\"/></SecurityTokenReference>"
#define NUMBER(text) "<RequestID xmlns=\"" SOAP_NS_ENROLLMENT "\">" text "</RequestID>"

static struct cf_err err;
static struct adcs_reply reply;

static int
clean(void **state)
{
    (void)state;
    adcs_reply_done(&reply);
    err = (struct cf_err){0};
    return 0;
}

static enum cf_rc
read_body(const char *body, uint32_t asked)
{
    cf_own_str text = lab_envelope(ANSWER, LAB_RELATES, body);

    adcs_reply_done(&reply);
    return wstep_read(lab_bytes(text), LAB_ID, asked, &reply, &err);
}

static const char *
body_of(const struct soap_message *message)
{
    return strstr(cf_buf_str(message->body), "<s:Body");
}

static void
asks_for_a_certificate_as_the_specification_shows(void **state)
{
    const struct adcs_attributes attributes = {
        .attribute = {{"CertificateTemplate", "A & B"}, {"ValidityPeriod", "Days"}}, .n = 2};
    struct soap_head head = {.action = WSTEP_ACTION, .url = "https://ces.example/CES"};
    struct soap_message message = {0};

    (void)state;
    assert_ok(
        wstep_write_issue(&head, cf_bytes_of("0\x03\x02\x01\x05", 5), &attributes, &message, &err),
        err);
    assert_contains(cf_buf_str(message.body),
                    ">http://schemas.microsoft.com/windows/pki/2009/01/enrollment/RST/wstep<");
    assert_string_equal(
        body_of(&message),
        "<s:Body xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">"
        "<RequestSecurityToken xmlns=\"http://docs.oasis-open.org/ws-sx/ws-trust/200512\">"
        "<TokenType>http://docs.oasis-open.org/wss/2004/01/"
        "oasis-200401-wss-x509-token-profile-1.0#X509v3</TokenType>"
        "<RequestType>http://docs.oasis-open.org/ws-sx/ws-trust/200512/Issue</RequestType>"
        "<BinarySecurityToken xmlns=\"http://docs.oasis-open.org/wss/2004/01/"
        "oasis-200401-wss-wssecurity-secext-1.0.xsd\" "
        "ValueType=\"http://schemas.microsoft.com/windows/pki/2009/01/enrollment#PKCS10\" "
        "EncodingType=\"http://docs.oasis-open.org/wss/2004/01/"
        "oasis-200401-wss-wssecurity-secext-1.0.xsd#base64binary\">MAMCAQU=</BinarySecurityToken>"
        "<AdditionalContext xmlns=\"http://schemas.xmlsoap.org/ws/2006/12/authorization\">"
        "<ContextItem Name=\"CertificateTemplate\"><Value>A &amp; B</Value></ContextItem>"
        "<ContextItem Name=\"ValidityPeriod\"><Value>Days</Value></ContextItem>"
        "</AdditionalContext>"
        "<RequestID xmlns=\"http://schemas.microsoft.com/windows/pki/2009/01/enrollment\" "
        "xsi:nil=\"true\"/></RequestSecurityToken></s:Body></s:Envelope>\n");
    soap_message_done(&message);
}

static void
asks_about_a_request_by_its_number(void **state)
{
    struct soap_head head = {.action = WSTEP_ACTION, .url = "https://ces.example/CES"};
    struct soap_message message = {0};

    (void)state;
    assert_ok(wstep_write_query(&head, 4294967295, &message, &err), err);
    assert_contains(body_of(&message),
                    "<RequestType>http://schemas.microsoft.com/windows/pki/2009/01/enrollment/"
                    "QueryTokenStatus</RequestType><RequestID xmlns=\"http://"
                    "schemas.microsoft.com/windows/pki/2009/01/enrollment\">4294967295</RequestID>"
                    "</RequestSecurityToken>");
    soap_message_done(&message);
}

static void
issued_is_what_has_a_certificate_whatever_the_words(void **state)
{
    (void)state;
    assert_ok(read_body(COLLECTION(RSTR(WORDS("Ausgestellt") TOKEN("MAA&#xD;\n=&#xD;\n")
                                            REQUESTED(TOKEN("MAMC&#xD;\nAQU=")) NUMBER("42"))),
                        0),
              err);
    assert_int_equal(reply.disposition, ADCS_ISSUED);
    assert_int_equal(reply.result, 0);
    assert_int_equal(reply.request_id, 42);
    assert_int_equal(cf_buf_len(reply.cert), 5);
    assert_int_equal(cf_buf_len(reply.response), 2);
    assert_string_equal(reply.message, "Ausgestellt");
}

static void
pending_is_what_has_a_reference(void **state)
{
    (void)state;
    assert_ok(read_body(COLLECTION(RSTR(WORDS("Issued") REQUESTED(REFERENCE) NUMBER("7"))), 0),
              err);
    assert_int_equal(reply.disposition, ADCS_PENDING);
    assert_int_equal(reply.request_id, 7);
    assert_null(reply.cert);
    assert_rc(read_body(COLLECTION(RSTR(REQUESTED(REFERENCE))), 0), CF_E_PROTOCOL);
    assert_contains(err.text, "without a number");
    assert_ok(read_body(COLLECTION(RSTR(REQUESTED(REFERENCE))), 9), err);
    assert_int_equal(reply.request_id, 9);
}

static void
an_answer_about_another_request_is_refused(void **state)
{
    (void)state;
    assert_rc(read_body(COLLECTION(RSTR(REQUESTED(TOKEN("MAMCAQU=")) NUMBER("8"))), 7),
              CF_E_PROTOCOL);
    assert_contains(err.text, "request 8");
    assert_ok(read_body(COLLECTION(RSTR(REQUESTED(TOKEN("MAMCAQU=")) NUMBER("7"))), 7), err);
}

static void
answers_of_the_wrong_shape_are_refused(void **state)
{
    static const char *const BODIES[] = {
        "<Other/>",
        COLLECTION(""),
        COLLECTION(RSTR("")),
        COLLECTION(RSTR(REQUESTED(""))),
        COLLECTION(RSTR(REQUESTED(TOKEN("MAA=") REFERENCE))),
        COLLECTION(RSTR(REQUESTED(TOKEN("MAA=") TOKEN("MAA=")))),
        COLLECTION(RSTR(REQUESTED(TOKEN(""))) ""),
        COLLECTION(RSTR(REQUESTED(TOKEN("MAA")))),
        COLLECTION(RSTR(REQUESTED(TOKEN("MAA=")) NUMBER("4294967296"))),
        COLLECTION(RSTR(REQUESTED(TOKEN("MAA=")) NUMBER("-1"))),
        COLLECTION(RSTR(REQUESTED(TOKEN("MAA=")) NUMBER("one"))),
        COLLECTION(RSTR(REQUESTED(TOKEN("MAA="))) RSTR(REQUESTED(TOKEN("MAA=")))),
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(BODIES); i++) {
        assert_rc(read_body(BODIES[i], 0), CF_E_PROTOCOL);
        assert_null(reply.cert);
    }
}

/* A submission more would make a certificate more. */
static void
what_names_a_number_and_cannot_be_read_is_asked_for(void **state)
{
    static const char *const BODIES[] = {
        COLLECTION(RSTR(REQUESTED(TOKEN("MAA=") REFERENCE) NUMBER("42"))),
        COLLECTION(RSTR(REQUESTED(TOKEN("MAA=") TOKEN("MAA=")) NUMBER("42"))),
        COLLECTION(RSTR(REQUESTED(TOKEN("MAA")) NUMBER("42"))),
        COLLECTION(RSTR(REQUESTED(TOKEN("")) NUMBER("42"))),
        COLLECTION(RSTR(REQUESTED("") NUMBER("42"))),
        COLLECTION(RSTR(TOKEN("%") REQUESTED(TOKEN("MAA=")) NUMBER("42"))),
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(BODIES); i++) {
        assert_ok(read_body(BODIES[i], 0), err);
        assert_int_equal(reply.disposition, ADCS_PENDING);
        assert_int_equal(reply.request_id, 42);
        assert_null(reply.cert);
        assert_null(reply.response);
        assert_rc(read_body(BODIES[i], 42), CF_E_PROTOCOL);
    }
}

static enum cf_rc
read_fault(const char *content)
{
    cf_own_str body = NULL;

    assert_true(
        asprintf(&body,
                 "<s:Fault><s:Code><s:Value>s:Receiver</s:Value></s:Code><s:Reason><s:Text>No."
                 "</s:Text></s:Reason><s:Detail><CertificateEnrollmentWSDetail "
                 "xmlns=\"" SOAP_NS_ENROLLMENT "\">%s</CertificateEnrollmentWSDetail></s:Detail>"
                 "</s:Fault>",
                 content) > 0);
    return read_body(body, 0);
}

static void
a_refusal_with_an_hresult_is_a_reply(void **state)
{
    (void)state;
    assert_ok(read_fault("<BinaryResponse>MAA=</BinaryResponse><ErrorCode>-2146877422</ErrorCode>"
                         "<InvalidRequest>true</InvalidRequest><RequestID>5</RequestID>"),
              err);
    assert_int_equal(reply.disposition, 0x80094012);
    assert_int_equal(reply.request_id, 5);
    assert_string_equal(reply.message, "No.");
    assert_int_equal(cf_buf_len(reply.response), 2);
}

static void
a_refusal_without_an_hresult_is_the_issuers_or_an_error(void **state)
{
    (void)state;
    assert_ok(read_fault("<ErrorCode xsi:nil=\"true\"/><InvalidRequest>true</InvalidRequest>"
                         "<RequestID xsi:nil=\"true\"/>"),
              err);
    assert_int_equal(reply.disposition, ADCS_DENIED);
    assert_int_equal(reply.request_id, 0);
    assert_rc(read_fault("<ErrorCode xsi:nil=\"true\"/><InvalidRequest>false</InvalidRequest>"),
              CF_E_PROTOCOL);
    assert_rc(read_fault(""), CF_E_PROTOCOL);
    assert_contains(err.text, "No.");
}

static void
a_fault_never_becomes_a_certificate(void **state)
{
    static const char *const CODES[] = {"0", "3", "5", "2147483647"};

    (void)state;
    for (size_t i = 0; i < CF_COUNT(CODES); i++) {
        char content[128];
        (void)snprintf(content, sizeof content, "<ErrorCode>%s</ErrorCode>", CODES[i]);
        assert_rc(read_fault(content), CF_E_PROTOCOL);
        (void)snprintf(content, sizeof content,
                       "<ErrorCode>%s</ErrorCode><InvalidRequest>1</InvalidRequest>", CODES[i]);
        assert_ok(read_fault(content), err);
        assert_int_equal(reply.disposition, ADCS_DENIED);
    }
    assert_rc(read_fault("<ErrorCode>-2147483649</ErrorCode>"), CF_E_PROTOCOL);
    assert_rc(read_fault("<ErrorCode>-1</ErrorCode><RequestID>x</RequestID>"), CF_E_PROTOCOL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(asks_for_a_certificate_as_the_specification_shows, clean),
        cmocka_unit_test_teardown(asks_about_a_request_by_its_number, clean),
        cmocka_unit_test_teardown(issued_is_what_has_a_certificate_whatever_the_words, clean),
        cmocka_unit_test_teardown(pending_is_what_has_a_reference, clean),
        cmocka_unit_test_teardown(an_answer_about_another_request_is_refused, clean),
        cmocka_unit_test_teardown(answers_of_the_wrong_shape_are_refused, clean),
        cmocka_unit_test_teardown(what_names_a_number_and_cannot_be_read_is_asked_for, clean),
        cmocka_unit_test_teardown(a_refusal_with_an_hresult_is_a_reply, clean),
        cmocka_unit_test_teardown(a_refusal_without_an_hresult_is_the_issuers_or_an_error, clean),
        cmocka_unit_test_teardown(a_fault_never_becomes_a_certificate, clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
