/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "ca/adcs/adcs.h"
#include "ca/adcs/ndr.h"
#include "unit/base/unit.h"

static void
done(struct adcs_reply *reply)
{
    reply->cert = cf_buf_free(reply->cert);
    reply->response = cf_buf_free(reply->response);
}

static void
a_new_request_is_these_bytes(void **state)
{
    static const uint8_t WANT[] = {
        0x00, 0x01, 0x00, 0x00,                                    /* PKCS#10 */
        0x00, 0x00, 0x02, 0x00,                                    /* authority: */
        3,    0,    0,    0,    0,   0, 0, 0, 3,    0,    0,    0, /* counts with NUL */
        'C',  0,    'A',  0,    0,   0, 0, 0,                      /* NUL, then padding */
        0,    0,    0,    0,                                       /* a new one */
        0x08, 0,    0,    0,                                       /* attributes: bytes with NUL */
        0x04, 0x00, 0x02, 0x00, 8,   0, 0, 0,                      /* */
        'a',  0,    ':',  0,    'b', 0, 0, 0,                      /* */
        3,    0,    0,    0,                                       /* request */
        0x08, 0x00, 0x02, 0x00, 3,   0, 0, 0, 0x30, 0x01, 0x00,
    };
    cf_own(cf_buf) stub = NULL;
    struct cf_err err;

    (void)state;
    assert_ok(adcs_icpr_write("CA", 0, "a:b", cf_bytes_of("\x30\x01\x00", 3), &stub, &err), err);
    assert_int_equal(cf_buf_len(stub), sizeof WANT);
    assert_memory_equal(cf_buf_bytes(stub).data, WANT, sizeof WANT);
}

static void
a_question_about_an_old_one_is_these_bytes(void **state)
{
    static const uint8_t WANT[] = {
        0, 0, 0, 0, 0x00, 0x00, 0x02, 0x00, 3, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 'C', 0, 'A', 0,
        0, 0, 0, 0, 0x39, 0x30, 0,    0,    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,   0, 0,   0,
    };
    cf_own(cf_buf) stub = NULL;
    struct cf_err err;

    (void)state;
    assert_ok(adcs_icpr_write("CA", 12345, NULL, cf_bytes_of(NULL, 0), &stub, &err), err);
    assert_int_equal(cf_buf_len(stub), sizeof WANT);
    assert_memory_equal(cf_buf_bytes(stub).data, WANT, sizeof WANT);
}

static void
attributes_have_a_limit(void **state)
{
    char long_text[ADCS_ATTRIBUTES_MAX + 1];
    struct cf_buf *stub = NULL;

    (void)state;
    memset(long_text, 'a', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    assert_rc(adcs_icpr_write("CA", 0, long_text, cf_bytes_of("x", 1), &stub, NULL), CF_E_LIMIT);
    assert_null(stub);
    assert_rc(adcs_icpr_write("CA\xff", 0, "a", cf_bytes_of("x", 1), &stub, NULL), CF_E_SYNTAX);
    assert_null(stub);
}

static struct cf_buf *
answer(uint32_t id, uint32_t disposition, struct cf_bytes response, struct cf_bytes cert,
       const char *message, uint32_t result)
{
    struct cf_buf *stub = cf_buf_new(32 << 20);
    cf_own(cf_buf) utf16 = NULL;
    struct cf_err err;

    assert_non_null(stub);
    struct cf_writer writer = cf_writer_to(stub);
    assert_ok(cf_utf16_from_utf8(message, true, &utf16, &err), err);
    cf_write_u32(&writer, id);
    cf_write_u32(&writer, disposition);
    cf_ndr_write_blob(&writer, 1, response);
    cf_ndr_write_blob(&writer, 2, cert);
    cf_ndr_write_blob(&writer, 3, cf_buf_bytes(utf16));
    cf_write_align(&writer, 4);
    cf_write_u32(&writer, result);
    assert_ok(cf_writer_end(&writer, &err), err);
    return stub;
}

static void
an_issued_certificate_is_read(void **state)
{
    cf_own(cf_buf) stub =
        answer(77, ADCS_ISSUED, cf_bytes_of("chain", 5), cf_bytes_of("leaf", 4), "Issued\r\n", 0);
    struct adcs_reply reply = {0};
    struct cf_err err;

    (void)state;
    assert_ok(adcs_icpr_read(cf_buf_bytes(stub), &reply, &err), err);
    assert_int_equal(reply.request_id, 77);
    assert_int_equal(reply.disposition, ADCS_ISSUED);
    assert_int_equal(reply.result, 0);
    assert_string_equal(cf_buf_str(reply.cert), "leaf");
    assert_string_equal(cf_buf_str(reply.response), "chain");
    assert_string_equal(reply.message, "Issued");
    done(&reply);
}

static void
every_other_disposition_is_handed_on_as_it_is(void **state)
{
    static const uint32_t DISPOSITIONS[] = {ADCS_INCOMPLETE, ADCS_DENIED, ADCS_PENDING,
                                            ADCS_REVOKED,    0x80094800,  0xffffffff};
    (void)state;
    for (size_t i = 0; i < CF_COUNT(DISPOSITIONS); i++) {
        cf_own(cf_buf) stub = answer(1, DISPOSITIONS[i], cf_bytes_of(NULL, 0), cf_bytes_of(NULL, 0),
                                     "why", 0x80094014);
        struct adcs_reply reply = {0};
        struct cf_err err;
        assert_ok(adcs_icpr_read(cf_buf_bytes(stub), &reply, &err), err);
        assert_true(reply.disposition == DISPOSITIONS[i]);
        assert_true(reply.result == 0x80094014);
        assert_null(reply.cert);
        assert_null(reply.response);
        assert_string_equal(reply.message, "why");
        done(&reply);
    }
}

static void
an_answer_that_is_cut_anywhere_is_refused(void **state)
{
    cf_own(cf_buf) stub =
        answer(77, ADCS_ISSUED, cf_bytes_of("chain", 5), cf_bytes_of("leaf", 4), "Issued", 0);
    struct cf_bytes bytes = cf_buf_bytes(stub);
    struct adcs_reply reply = {0};

    (void)state;
    for (size_t len = 0; len < bytes.len; len++) {
        /* A copy of that length: a sanitizer sees every byte that is read too much. */
        cf_own(cf_buf) cut = cf_buf_copy(cf_bytes_of(bytes.data, len));
        assert_non_null(cut);
        assert_rc(adcs_icpr_read(cf_buf_bytes(cut), &reply, NULL), CF_E_PROTOCOL);
        assert_null(reply.cert);
    }
}

static void
counts_that_contradict_each_other_are_refused(void **state)
{
    enum { CB = 8, POINTER = 12, COUNT = 16 };
    static const size_t AT[] = {CB, CB + 3, POINTER, COUNT, COUNT + 3};
    static const uint8_t OCTETS[] = {4, 0x80, 0, 6, 0x80};
    cf_own(cf_buf) stub =
        answer(77, ADCS_ISSUED, cf_bytes_of("chain", 5), cf_bytes_of("leaf", 4), "Issued", 0);
    uint8_t bytes[256];
    size_t len = cf_buf_len(stub);
    struct adcs_reply reply = {0};

    (void)state;
    for (size_t i = 0; i < CF_COUNT(AT); i++) {
        memcpy(bytes, cf_buf_bytes(stub).data, len);
        bytes[AT[i]] = OCTETS[i];
        assert_rc(adcs_icpr_read(cf_bytes_of(bytes, len), &reply, NULL), CF_E_PROTOCOL);
    }
}

static void
ten_megabytes_are_no_certificate(void **state)
{
    enum { TEN_MB = 10 << 20 };
    uint8_t *huge = calloc(1, TEN_MB);

    (void)state;
    assert_non_null(huge);
    cf_own(cf_buf) stub =
        answer(1, ADCS_ISSUED, cf_bytes_of(NULL, 0), cf_bytes_of(huge, TEN_MB), "Issued", 0);
    struct adcs_reply reply = {0};
    free(huge);
    assert_rc(adcs_icpr_read(cf_buf_bytes(stub), &reply, NULL), CF_E_PROTOCOL);
}

static void
the_message_is_printable_and_cut(void **state)
{
    char message[1000];
    struct adcs_reply reply = {0};
    struct cf_err err;

    (void)state;
    memset(message, 'm', sizeof message);
    memcpy(message, "\x1b[2J", 4);
    message[sizeof message - 1] = '\0';
    cf_own(cf_buf) stub =
        answer(1, ADCS_DENIED, cf_bytes_of(NULL, 0), cf_bytes_of(NULL, 0), message, 0);
    assert_ok(adcs_icpr_read(cf_buf_bytes(stub), &reply, &err), err);
    assert_int_equal(strlen(reply.message), ADCS_MESSAGE_SIZE - 1);
    assert_memory_equal(reply.message, "?[2Jm", 5);
    done(&reply);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_request_is_these_bytes),
        cmocka_unit_test(a_question_about_an_old_one_is_these_bytes),
        cmocka_unit_test(attributes_have_a_limit),
        cmocka_unit_test(an_issued_certificate_is_read),
        cmocka_unit_test(every_other_disposition_is_handed_on_as_it_is),
        cmocka_unit_test(an_answer_that_is_cut_anywhere_is_refused),
        cmocka_unit_test(counts_that_contradict_each_other_are_refused),
        cmocka_unit_test(ten_megabytes_are_no_certificate),
        cmocka_unit_test(the_message_is_printable_and_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
