/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "soap_lab.h"
#include "unit/base/unit.h"

#define ACTION "urn:answer"

static struct cf_err err;

static struct soap_head
head(void)
{
    return (struct soap_head){
        .action = "urn:question", .url = "https://ces.example/a?b=1&c=2", .now_ms = 1700000000000};
}

static enum cf_rc
write_thing(const struct soap_head *from, const char *text, struct soap_message *ret_message)
{
    cf_own(soap_writer) writer = NULL;

    assert_ok(soap_writer_new(from, &writer, &err), err);
    soap_element(writer, "Thing", "urn:thing", text);
    return soap_writer_end(writer, ret_message, &err);
}

static void
writes_the_envelope_that_wcf_wants(void **state)
{
    struct soap_message message = {0};
    struct soap_head from = head();
    cf_own_str expected = NULL;

    (void)state;
    assert_ok(write_thing(&from, "a < b & \"c\"", &message), err);
    assert_true(cf_text_starts_with(message.id, "urn:uuid:"));
    assert_int_equal(strlen(message.id), SOAP_MESSAGE_ID_SIZE - 1);
    assert_true(
        asprintf(&expected,
                 "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" "
                 "xmlns:a=\"http://www.w3.org/2005/08/addressing\"><s:Header>"
                 "<a:Action s:mustUnderstand=\"1\">urn:question</a:Action>"
                 "<a:MessageID>%s</a:MessageID><a:ReplyTo>"
                 "<a:Address>http://www.w3.org/2005/08/addressing/anonymous</a:Address>"
                 "</a:ReplyTo>"
                 "<a:To s:mustUnderstand=\"1\">https://ces.example/a?b=1&amp;c=2</a:To></s:Header>"
                 "<s:Body xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">"
                 "<Thing xmlns=\"urn:thing\">a &lt; b &amp; &quot;c&quot;</Thing></s:Body>"
                 "</s:Envelope>\n",
                 message.id) > 0);
    assert_string_equal(cf_buf_str(message.body), expected);
    assert_null(message.secret_body);
    soap_message_done(&message);
}

static void
each_message_has_an_id_of_its_own(void **state)
{
    struct soap_message a = {0}, b = {0};
    struct soap_head from = head();

    (void)state;
    assert_ok(write_thing(&from, "x", &a), err);
    assert_ok(write_thing(&from, "x", &b), err);
    assert_string_not_equal(a.id, b.id);
    soap_message_done(&a);
    soap_message_done(&b);
}

static enum cf_rc
write_with_password(const char *password, struct soap_message *ret_message)
{
    struct soap_head from = head();
    cf_own(cf_secret) secret = NULL;

    assert_ok(cf_secret_copy(password, strlen(password), &secret, &err), err);
    from.username = "svc@corp.example";
    from.password = secret;
    return write_thing(&from, "x", ret_message);
}

static void
a_password_is_in_the_secret_body_only_and_escaped(void **state)
{
    struct soap_message message = {0};

    (void)state;
    assert_ok(write_with_password("a<b>&c\"d'e]]", &message), err);
    assert_null(message.body);
    const char *text = (const char *)cf_secret_data(message.secret_body);
    assert_contains(text, "#PasswordText\">a&lt;b&gt;&amp;c\"d'e]]</o:Password>");
    assert_contains(text, "<o:Username>svc@corp.example</o:Username>");
    assert_contains(text, "<u:Created>2023-11-14T22:13:20.000Z</u:Created>"
                          "<u:Expires>2023-11-14T22:18:20.000Z</u:Expires>");
    assert_contains(text, "<o:Security xmlns:o=\"" SOAP_NS_SECURITY "\"");
    assert_int_equal(strlen(text), cf_secret_len(message.secret_body));
    assert_string_equal(text + strlen(text) - strlen("</s:Envelope>\n"), "</s:Envelope>\n");
    soap_message_done(&message);
}

static void
a_password_that_xml_cannot_hold_is_the_configurations_fault(void **state)
{
    struct soap_message message = {0};

    (void)state;
    assert_rc(write_with_password("a\x01"
                                  "b",
                                  &message),
              CF_E_CONFIG);
    assert_contains(err.text, "password_file");
    assert_rc(write_with_password("a\xff", &message), CF_E_CONFIG);
    assert_null(message.secret_body);
}

static void
text_that_xml_cannot_hold_is_refused(void **state)
{
    struct soap_message message = {0};
    struct soap_head from = head();

    (void)state;
    assert_rc(write_thing(&from, "a\x02", &message), CF_E_SYNTAX);
    assert_rc(write_thing(&from, "\xc3\x28", &message), CF_E_SYNTAX);
    assert_null(message.body);
}

static void
a_secret_message_over_the_limit_of_secrets_is_refused(void **state)
{
    struct soap_message message = {0};
    struct soap_head from = head();
    cf_own(cf_secret) secret = NULL;
    cf_own_str big = calloc(1, CF_SECRET_MAX + 1);

    (void)state;
    memset(big, 'x', CF_SECRET_MAX);
    assert_ok(cf_secret_copy("pw", 2, &secret, &err), err);
    from.username = "u";
    from.password = secret;
    assert_rc(write_thing(&from, big, &message), CF_E_LIMIT);
}

static enum cf_rc
read_text(const char *text)
{
    struct soap_reply reply = {0};

    err = (struct cf_err){0};
    enum cf_rc rc = soap_read(lab_bytes(text), LAB_ID, ACTION, &reply, &err);
    soap_reply_done(&reply);
    return rc;
}

static enum cf_rc
read_envelope(const char *action, const char *relates_to, const char *body)
{
    cf_own_str text = lab_envelope(action, relates_to, body);

    return read_text(text);
}

static void
an_answer_to_our_message_is_read_whatever_headers_it_has(void **state)
{
    (void)state;
    assert_ok(read_envelope(ACTION, LAB_RELATES, "<Thing xmlns=\"urn:thing\"/>"), err);
    assert_ok(read_envelope("\n " ACTION "\t", "<a:RelatesTo> " LAB_ID "\r\n</a:RelatesTo>",
                            "\n<!-- c --><Thing/>\n"),
              err);
}

static void
an_answer_to_another_message_is_refused(void **state)
{
    (void)state;
    assert_rc(read_envelope(ACTION, "<a:RelatesTo>urn:uuid:other</a:RelatesTo>", "<Thing/>"),
              CF_E_PROTOCOL);
    assert_contains(err.text, "RelatesTo");
    assert_rc(read_envelope(ACTION, "", "<Thing/>"), CF_E_PROTOCOL);
    assert_rc(read_envelope(ACTION, LAB_RELATES LAB_RELATES, "<Thing/>"), CF_E_PROTOCOL);
    assert_rc(read_envelope(ACTION, "<RelatesTo>" LAB_ID "</RelatesTo>", "<Thing/>"),
              CF_E_PROTOCOL);
    assert_rc(read_envelope("urn:other", LAB_RELATES, "<Thing/>"), CF_E_PROTOCOL);
    assert_contains(err.text, "urn:other");
}

static void
a_body_holds_exactly_one_element(void **state)
{
    (void)state;
    assert_rc(read_envelope(ACTION, LAB_RELATES, ""), CF_E_PROTOCOL);
    assert_rc(read_envelope(ACTION, LAB_RELATES, "text"), CF_E_PROTOCOL);
    assert_rc(read_envelope(ACTION, LAB_RELATES, "<A/><B/>"), CF_E_PROTOCOL);
}

static void
what_is_not_soap_is_refused(void **state)
{
    static const char *const TEXTS[] = {
        "",
        "<html><body>Service Unavailable</body></html>",
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body/></s:Envelope>",
        "<Envelope/>",
        "\xff\xfe<\0a\0/\0>\0",
        "<?xml version=\"1.0\"?>",
        "<s:Envelope xmlns:s=\"" SOAP_NS_ENVELOPE "\"/>",
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(TEXTS); i++)
        assert_rc(read_text(TEXTS[i]), CF_E_PROTOCOL);
}

static void
an_answer_cut_short_anywhere_is_refused(void **state)
{
    cf_own_str text = lab_envelope(ACTION, LAB_RELATES, "<Thing/>");
    struct soap_reply reply = {0};

    (void)state;
    for (size_t len = 0; len < strlen(text); len++)
        assert_rc(soap_read(cf_bytes_of(text, len), LAB_ID, ACTION, &reply, &err), CF_E_PROTOCOL);
    assert_null(reply.document);
}

static void
a_document_type_is_refused_with_its_entities(void **state)
{
    static const char *const DTDS[] = {
        "<!DOCTYPE x>%s",
        "<!DOCTYPE x [<!ENTITY a \"1\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]>%s",
        "<!DOCTYPE x SYSTEM \"file:///etc/passwd\">%s",
        "<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]>%s",
    };
    cf_own_str envelope = lab_envelope(ACTION, LAB_RELATES, "<Thing/>");

    (void)state;
    for (size_t i = 0; i < CF_COUNT(DTDS); i++) {
        cf_own_str text = NULL;
        const char *rest = strstr(DTDS[i], "%s");
        assert_true(asprintf(&text, "%.*s%s", (int)(rest - DTDS[i]), DTDS[i], envelope) > 0);
        assert_rc(read_text(text), CF_E_PROTOCOL);
        assert_contains(err.text, "document type");
    }
    assert_rc(read_envelope(ACTION, LAB_RELATES, "<Thing>&unknown;</Thing>"), CF_E_PROTOCOL);
}

static char *
repeated(const char *begin, const char *part, size_t n, const char *end)
{
    struct cf_buf *buf = cf_buf_new(64 * 1024 * 1024);

    assert_ok(cf_buf_append_str(buf, begin, &err), err);
    for (size_t i = 0; i < n; i++)
        assert_ok(cf_buf_append_str(buf, part, &err), err);
    assert_ok(cf_buf_append_str(buf, end, &err), err);
    char *text = strdup(cf_buf_str(buf));
    cf_buf_free(buf);
    return text;
}

static void
nesting_number_and_crowd_have_limits(void **state)
{
    cf_own_str deep = repeated("", "<a>", SOAP_DEPTH_MAX, "");
    cf_own_str wide = repeated("<a>", "<b/>", SOAP_NODES_MAX, "</a>");
    cf_own_str crowded = repeated("<a", " b='='", SOAP_ATTRIBUTES_MAX + 1, "/>");

    (void)state;
    assert_rc(read_envelope(ACTION, LAB_RELATES, deep), CF_E_PROTOCOL);
    assert_contains(err.text, "deep");
    assert_rc(read_envelope(ACTION, LAB_RELATES, wide), CF_E_PROTOCOL);
    assert_contains(err.text, "too many");
    assert_rc(read_envelope(ACTION, LAB_RELATES, crowded), CF_E_PROTOCOL);
    assert_contains(err.text, "tag");
}

/* The body's content as a node, whose reply is to be done with. */
static struct soap_reply
values(const char *content)
{
    struct soap_reply reply = {0};
    cf_own_str body = NULL;

    assert_true(asprintf(&body, "<T xmlns=\"urn:t\">%s</T>", content) > 0);
    cf_own_str text = lab_envelope(ACTION, LAB_RELATES, body);
    assert_ok(soap_read(lab_bytes(text), LAB_ID, ACTION, &reply, &err), err);
    return reply;
}

static enum cf_rc
integer(const char *content, bool *ret_has, int64_t *ret)
{
    struct soap_reply reply = values(content);
    enum cf_rc rc =
        soap_get_integer(reply.body, "urn:t", "N", INT32_MIN, UINT32_MAX, ret_has, ret, &err);
    soap_reply_done(&reply);
    return rc;
}

static void
integers_are_strict_and_may_be_nil(void **state)
{
    static const char *const BAD[] = {"<N/>",
                                      "<N>x</N>",
                                      "<N>1x</N>",
                                      "<N>--1</N>",
                                      "<N>4294967296</N>",
                                      "<N>-2147483649</N>",
                                      "<N>+1</N>",
                                      "<N>1</N><N>1</N>",
                                      "<N>0x10</N>",
                                      "<N>-</N>",
                                      "<N>9999999999999999999999</N>"};
    bool has = true;
    int64_t number = 7;

    (void)state;
    assert_ok(integer("<N> -2146877420\n</N>", &has, &number), err);
    assert_true(has && number == -2146877420);
    assert_ok(integer("<N xsi:nil=\"true\"/>", &has, &number), err);
    assert_true(!has && number == -2146877420);
    assert_ok(integer("<M>1</M><N xmlns=\"urn:other\">5</N>", &has, &number), err);
    assert_false(has);
    for (size_t i = 0; i < CF_COUNT(BAD); i++)
        assert_rc(integer(BAD[i], &has, &number), CF_E_PROTOCOL);
}

static void
base64_may_be_in_lines(void **state)
{
    struct soap_reply reply =
        values("<B>AAEC&#xD;\nAwQF&#xD;\r\n \t</B><C>AAE=AAE=</C><D>A AE</D><E>AAECAwQF</E>");
    cf_own(cf_buf) bytes = NULL;
    struct cf_buf *none = NULL;

    (void)state;
    assert_ok(soap_get_base64(reply.body, "urn:t", "B", 6, &bytes, &err), err);
    assert_memory_equal(cf_buf_bytes(bytes).data, "\0\1\2\3\4\5", 6);
    assert_rc(soap_get_base64(reply.body, "urn:t", "C", 100, &none, &err), CF_E_PROTOCOL);
    assert_rc(soap_get_base64(reply.body, "urn:t", "D", 100, &none, &err), CF_E_PROTOCOL);
    assert_rc(soap_get_base64(reply.body, "urn:t", "E", 5, &none, &err), CF_E_PROTOCOL);
    assert_ok(soap_get_base64(reply.body, "urn:t", "F", 5, &none, &err), err);
    assert_null(none);
    soap_reply_done(&reply);
}

static void
words_become_one_printable_line(void **state)
{
    struct soap_reply reply = values("<W> Taken\r\nUnder\tit\xe2\x80\xae </W><B>maybe</B>");
    char words[16];
    bool truth = false;

    (void)state;
    assert_ok(soap_get_words(reply.body, "urn:t", "W", words, sizeof words, &err), err);
    assert_true(cf_text_is_printable(words, strlen(words)));
    assert_true(cf_text_starts_with(words, "Taken"));
    assert_rc(soap_get_bool(reply.body, "urn:t", "B", &truth, &err), CF_E_PROTOCOL);
    soap_reply_done(&reply);
}

static struct soap_fault
fault_of(const char *relates_to, const char *content)
{
    struct soap_reply reply = {0};
    cf_own_str body = NULL;

    assert_true(asprintf(&body, "<s:Fault>%s</s:Fault>", content) > 0);
    cf_own_str text = lab_envelope("urn:fault", relates_to, body);
    assert_ok(soap_read(lab_bytes(text), LAB_ID, ACTION, &reply, &err), err);
    assert_true(reply.is_fault && !reply.body);
    struct soap_fault fault = reply.fault;
    fault.response = NULL;
    soap_reply_done(&reply);
    return fault;
}

#define CODE(subcode)                                                                              \
    "<s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>x:Outer</s:Value><s:Subcode>"          \
    "<s:Value>x:" subcode "</s:Value></s:Subcode></s:Subcode></s:Code>"                            \
    "<s:Reason><s:Text xml:lang=\"en-US\">It &lt;failed&gt;\n</s:Text></s:Reason>"
#define DETAIL                                                                                     \
    "<s:Detail><CertificateEnrollmentWSDetail xmlns=\"" SOAP_NS_ENROLLMENT "\">"                   \
    "<BinaryResponse xsi:nil=\"true\"/><ErrorCode>-2146877420</ErrorCode>"                         \
    "<InvalidRequest>true</InvalidRequest><RequestID>17</RequestID>"                               \
    "</CertificateEnrollmentWSDetail></s:Detail>"

static void
a_fault_is_read_with_and_without_its_detail(void **state)
{
    (void)state;
    struct soap_fault fault = fault_of(LAB_RELATES, CODE("Inner") DETAIL);
    assert_string_equal(fault.subcode, "Inner");
    assert_string_equal(fault.reason, "It <failed>");
    assert_true(fault.has_detail && fault.has_error_code && fault.is_invalid_request);
    assert_int_equal((uint32_t)fault.error_code, 0x80094014);
    assert_int_equal(fault.request_id, 17);

    fault = fault_of(LAB_RELATES, CODE("Inner"));
    assert_false(fault.has_detail || fault.has_error_code);
    fault = fault_of(LAB_RELATES, "");
    assert_string_equal(fault.subcode, "");
    assert_string_equal(fault.reason, "");
}

static void
the_detail_of_a_fault_for_nobody_is_not_believed(void **state)
{
    (void)state;
    struct soap_fault fault = fault_of("", CODE("Inner") DETAIL);
    assert_false(fault.has_detail || fault.has_error_code);
    assert_int_equal(fault.request_id, 0);
    assert_rc(read_envelope("urn:f", "<a:RelatesTo>urn:uuid:x</a:RelatesTo>", "<s:Fault/>"),
              CF_E_PROTOCOL);
}

static void
each_kind_of_fault_names_who_has_to_act(void **state)
{
    static const struct {
        const char *subcode;
        enum cf_rc rc;
    } CASES[] = {
        {"FailedAuthentication", CF_E_AUTH},
        {"InvalidSecurity", CF_E_AUTH},
        {"MessageExpired", CF_E_CA_CONFIG},
        {"ActionNotSupported", CF_E_CA_CONFIG},
        {"InternalServiceFault", CF_E_PROTOCOL},
        {"SomethingNew", CF_E_PROTOCOL},
        {"", CF_E_PROTOCOL},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        struct soap_fault fault = {.reason = "the words"};
        (void)snprintf(fault.subcode, sizeof fault.subcode, "%s", CASES[i].subcode);
        assert_rc(soap_fault_fail(&fault, &err), CASES[i].rc);
        assert_contains(err.text, "the words");
        assert_contains(err.text, CASES[i].subcode);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_the_envelope_that_wcf_wants),
        cmocka_unit_test(each_message_has_an_id_of_its_own),
        cmocka_unit_test(a_password_is_in_the_secret_body_only_and_escaped),
        cmocka_unit_test(a_password_that_xml_cannot_hold_is_the_configurations_fault),
        cmocka_unit_test(text_that_xml_cannot_hold_is_refused),
        cmocka_unit_test(a_secret_message_over_the_limit_of_secrets_is_refused),
        cmocka_unit_test(an_answer_to_our_message_is_read_whatever_headers_it_has),
        cmocka_unit_test(an_answer_to_another_message_is_refused),
        cmocka_unit_test(a_body_holds_exactly_one_element),
        cmocka_unit_test(what_is_not_soap_is_refused),
        cmocka_unit_test(an_answer_cut_short_anywhere_is_refused),
        cmocka_unit_test(a_document_type_is_refused_with_its_entities),
        cmocka_unit_test(nesting_number_and_crowd_have_limits),
        cmocka_unit_test(integers_are_strict_and_may_be_nil),
        cmocka_unit_test(base64_may_be_in_lines),
        cmocka_unit_test(words_become_one_printable_line),
        cmocka_unit_test(a_fault_is_read_with_and_without_its_detail),
        cmocka_unit_test(the_detail_of_a_fault_for_nobody_is_not_believed),
        cmocka_unit_test(each_kind_of_fault_names_who_has_to_act),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
