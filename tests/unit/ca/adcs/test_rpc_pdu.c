/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc_kit.h"

#include "ca/adcs/rpc_parts.h"

static enum cf_rc
read_pdu(const struct cf_buf *bytes, struct rpc_pdu *ret_pdu, struct cf_err *err)
{
    return rpc_pdu_read(cf_buf_bytes(bytes), ret_pdu, err);
}

static struct rpc_pdu
must_read(const struct cf_buf *bytes)
{
    struct rpc_pdu pdu = {0};
    struct cf_err err;

    assert_ok(read_pdu(bytes, &pdu, &err), err);
    return pdu;
}

static void
reads_back_the_header_it_writes(void **state)
{
    struct rpc_header header = {RPC_REQUEST, RPC_WHOLE, 5840, 76, 0x01020304}, read;
    cf_own(cf_buf) buf = cf_buf_new(64);
    struct cf_writer writer = cf_writer_to(buf);
    struct cf_err err;

    (void)state;
    rpc_header_write(&writer, &header);
    assert_ok(cf_writer_end(&writer, &err), err);
    assert_memory_equal(cf_buf_bytes(buf).data,
                        "\x05\x00\x00\x03\x10\x00\x00\x00\xd0\x16\x4c\x00\x04\x03\x02\x01", 16);
    assert_ok(rpc_header_read(cf_buf_bytes(buf), &read, &err), err);
    assert_memory_equal(&read, &header, sizeof read);
}

static void
headers_of_another_kind_are_refused(void **state)
{
    static const struct {
        const char *bytes;
        const char *text;
    } BAD[] = {
        {"\x04\x00\x02\x03\x10\x00\x00\x00\x18\x00\x00\x00\x01\x00\x00\x00", "version 4.0"},
        {"\x05\x02\x02\x03\x10\x00\x00\x00\x18\x00\x00\x00\x01\x00\x00\x00", "version 5.2"},
        {"\x05\x00\x02\x03\x00\x00\x00\x00\x00\x18\x00\x00\x00\x00\x00\x01", "little-endian"},
        {"\x05\x00\x02\x03\x11\x00\x00\x00\x18\x00\x00\x00\x01\x00\x00\x00", "little-endian"},
        {"\x05\x00\x02\x03\x10\x01\x00\x00\x18\x00\x00\x00\x01\x00\x00\x00", "little-endian"},
        {"\x05\x00\x02\x03\x10\x00\x00\x00\x0f\x00\x00\x00\x01\x00\x00\x00", "15 bytes"},
        {"\x05\x00\x02\x03\x10\x00\x00\x00\xd1\x16\x00\x00\x01\x00\x00\x00", "5841 bytes"},
        {"\x05\x00\x02\x03\x10\x00\x00\x00\x18\x00\x01\x00\x01\x00\x00\x00", "of security"},
        {"\x05\x00\x02\x03\x10\x00\x00\x00\x18\x00\xff\xff\x01\x00\x00\x00", "of security"},
    };
    struct rpc_header header;
    struct cf_err err;

    (void)state;
    for (size_t i = 0; i < CF_COUNT(BAD); i++) {
        assert_rc(rpc_header_read(cf_bytes_of(BAD[i].bytes, 16), &header, &err), CF_E_PROTOCOL);
        assert_contains(err.text, BAD[i].text);
    }
    assert_rc(rpc_header_read(cf_bytes_of(BAD[0].bytes, 15), &header, &err), CF_E_PROTOCOL);
}

static void
minor_version_1_is_rpc_too(void **state)
{
    struct rpc_header header;
    struct cf_err err;

    (void)state;
    assert_ok(
        rpc_header_read(cf_bytes_of("\5\1\2\3\x10\0\0\0\x18\0\0\0\1\0\0\0", 16), &header, &err),
        err);
}

static void
a_packet_is_body_trailer_and_token(void **state)
{
    cf_own(cf_buf) bytes =
        kit_pdu_with_token(2, 3, 1, cf_bytes_of("\0\0\0\0\0\0\0\0stub1234", 16), 4, "token");
    struct rpc_pdu pdu = must_read(bytes);
    struct rpc_response response;
    struct cf_err err;

    (void)state;
    assert_int_equal(pdu.body.len, 16);
    assert_int_equal(pdu.trailer.auth_type, 9);
    assert_int_equal(pdu.trailer.level, 5);
    assert_int_equal(pdu.trailer.pad_len, 4);
    assert_int_equal(pdu.trailer.context_id, 1);
    assert_true(cf_bytes_equal(pdu.token, cf_bytes_of("token", 5)));
    assert_ok(rpc_response_read(&pdu, 0, &response, &err), err);
    assert_int_equal(response.body_at, 24);
    assert_int_equal(response.body_len, 8);
    assert_int_equal(response.stub_len, 4);
    assert_true(response.is_last);
}

static void
padding_longer_than_what_it_pads_is_refused(void **state)
{
    cf_own(cf_buf) over =
        kit_pdu_with_token(2, 3, 1, cf_bytes_of("\0\0\0\0\0\0\0\0stub", 12), 13, "token");
    cf_own(cf_buf) into_header =
        kit_pdu_with_token(2, 3, 1, cf_bytes_of("\0\0\0\0\0\0\0\0stub", 12), 5, "token");
    struct rpc_response response;
    struct rpc_pdu pdu;

    (void)state;
    assert_rc(read_pdu(over, &pdu, NULL), CF_E_PROTOCOL);
    pdu = must_read(into_header);
    assert_rc(rpc_response_read(&pdu, 0, &response, NULL), CF_E_PROTOCOL);
}

static void
a_packet_that_is_cut_anywhere_is_refused(void **state)
{
    cf_own(cf_buf) bytes = kit_pdu_with_token(2, 3, 1, cf_bytes_of("12345678", 8), 0, "token");
    struct rpc_pdu pdu;

    (void)state;
    for (size_t len = 0; len < cf_buf_len(bytes); len++)
        assert_rc(rpc_pdu_read(cf_bytes_of(cf_buf_bytes(bytes).data, len), &pdu, NULL),
                  CF_E_PROTOCOL);
}

static void
fragments_come_in_order(void **state)
{
    static const struct {
        unsigned flags;
        size_t n_before;
        enum cf_rc rc;
    } CASES[] = {
        {3, 0, CF_OK},         {1, 0, CF_OK},         {0, 1, CF_OK},
        {2, 1, CF_OK},         {0, 0, CF_E_PROTOCOL}, {2, 0, CF_E_PROTOCOL},
        {1, 1, CF_E_PROTOCOL}, {3, 7, CF_E_PROTOCOL}, {0, CF_RPC_FRAGMENTS_MAX, CF_E_LIMIT},
    };
    (void)state;
    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        cf_own(cf_buf) bytes = kit_response(CASES[i].flags, 1, cf_bytes_of("x", 1));
        struct rpc_pdu pdu = must_read(bytes);
        struct rpc_response response;
        assert_rc(rpc_response_read(&pdu, CASES[i].n_before, &response, NULL), CASES[i].rc);
    }
}

static void
answers_of_another_interface_or_type_are_refused(void **state)
{
    cf_own(cf_buf) other = kit_pdu(2, 3, 1, cf_bytes_of("\0\0\0\0\1\0\0\0", 8));
    cf_own(cf_buf) request = kit_pdu(0, 3, 1, cf_bytes_of("\0\0\0\0\0\0\0\0", 8));
    cf_own(cf_buf) cut = kit_pdu(2, 3, 1, cf_bytes_of("\0\0\0\0\0\0", 6));
    struct cf_buf *const bad[] = {other, request, cut};

    (void)state;
    for (size_t i = 0; i < CF_COUNT(bad); i++) {
        struct rpc_pdu pdu = must_read(bad[i]);
        struct rpc_response response;
        assert_rc(rpc_response_read(&pdu, 0, &response, NULL), CF_E_PROTOCOL);
    }
}

static void
a_bind_answer_is_read(void **state)
{
    cf_own(cf_buf) yes = kit_ack(12, 3 | 4, 4280, 0, 0);
    cf_own(cf_buf) no = kit_ack(12, 3, 4280, 2, 1);
    struct rpc_pdu pdu = must_read(yes);
    struct rpc_ack ack;
    struct cf_err err;

    (void)state;
    assert_ok(rpc_ack_read(&pdu, &ack, &err), err);
    assert_int_equal(ack.max_receive, 4280);
    assert_int_equal(ack.result, 0);
    assert_true(ack.signs_headers);
    pdu = must_read(no);
    assert_ok(rpc_ack_read(&pdu, &ack, &err), err);
    assert_int_equal(ack.result, 2);
    assert_int_equal(ack.reason, 1);
    assert_false(ack.signs_headers);
}

/* The bytes of a good bind answer with one changed; offsets count from the packet's start. */
static enum cf_rc
read_changed_ack(size_t at, uint8_t octet)
{
    cf_own(cf_buf) good = kit_ack(12, 3, 4280, 0, 0);
    uint8_t bytes[256];
    struct rpc_pdu pdu;
    struct rpc_ack ack;

    memcpy(bytes, cf_buf_bytes(good).data, cf_buf_len(good));
    bytes[at] = octet;
    CF_TRY(rpc_pdu_read(cf_bytes_of(bytes, cf_buf_len(good)), &pdu, NULL));
    return rpc_ack_read(&pdu, &ack, NULL);
}

static void
bind_answers_that_make_no_sense_are_refused(void **state)
{
    enum { FLAGS = 3, ADDRESS_LEN = 24, N_RESULTS = 32, SYNTAX = 40, SYNTAX_VERSION = 56 };

    (void)state;
    assert_rc(read_changed_ack(FLAGS, 3), CF_OK);
    assert_rc(read_changed_ack(FLAGS, 1), CF_E_PROTOCOL);
    assert_rc(read_changed_ack(ADDRESS_LEN, 200), CF_E_PROTOCOL);
    assert_rc(read_changed_ack(ADDRESS_LEN + 1, 0xff), CF_E_PROTOCOL);
    assert_rc(read_changed_ack(N_RESULTS, 0), CF_E_PROTOCOL);
    assert_rc(read_changed_ack(N_RESULTS, 2), CF_E_PROTOCOL);
    assert_rc(read_changed_ack(SYNTAX, 0x33), CF_E_PROTOCOL);
    assert_rc(read_changed_ack(SYNTAX_VERSION, 1), CF_E_PROTOCOL);
}

static void
a_short_bind_answer_is_refused_at_every_length(void **state)
{
    cf_own(cf_buf) good = kit_ack(12, 3, 4280, 0, 0);
    struct cf_bytes bytes = cf_buf_bytes(good);

    (void)state;
    for (size_t len = 16; len < bytes.len; len++) {
        cf_own(cf_buf) cut = kit_pdu(12, 3, 1, cf_bytes_of(bytes.data + 16, len - 16));
        struct rpc_pdu pdu = must_read(cut);
        struct rpc_ack ack;
        assert_rc(rpc_ack_read(&pdu, &ack, NULL), CF_E_PROTOCOL);
    }
}

static void
refusals_and_faults_say_why(void **state)
{
    cf_own(cf_buf) nak = kit_nak(8);
    cf_own(cf_buf) fault = kit_fault(1, 0x1c010003);
    cf_own(cf_buf) empty = kit_pdu(3, 3, 1, cf_bytes_of("\0\0\0\0\0\0\0\0\5\0\0", 11));
    cf_own(cf_buf) no_status = kit_fault(1, 0);
    struct rpc_pdu pdu = must_read(nak);
    uint16_t reason;
    uint32_t status;
    struct cf_err err;

    (void)state;
    assert_ok(rpc_nak_read(&pdu, &reason, &err), err);
    assert_int_equal(reason, 8);
    pdu = must_read(fault);
    assert_ok(rpc_fault_read(&pdu, &status, &err), err);
    assert_int_equal(status, 0x1c010003);
    pdu = must_read(empty);
    assert_rc(rpc_fault_read(&pdu, &status, NULL), CF_E_PROTOCOL);
    pdu.body.len = 1;
    assert_rc(rpc_nak_read(&pdu, &reason, NULL), CF_E_PROTOCOL);
    pdu = must_read(no_status);
    assert_rc(rpc_fault_read(&pdu, &status, NULL), CF_E_PROTOCOL);
}

static void
the_verification_trailer_says_what_the_headers_say(void **state)
{
    static const char WANT[] = "stub!\0\0\0\x8a\xe3\x13\x71\x02\xf4\x36\x71"
                               "\x01\x00\x04\x00\x01\x00\x00\x00"
                               "\x02\x00\x28\x00"
                               "\x20\x60\xae\x91\x3c\x9e\xcf\x11\x8d\x7c\x00\xaa\x00\xc0\x91\xbe"
                               "\x00\x00\x00\x00"
                               "\x04\x5d\x88\x8a\xeb\x1c\xc9\x11\x9f\xe8\x08\x00\x2b\x10\x48\x60"
                               "\x02\x00\x00\x00"
                               "\x03\x40\x10\x00\x00\x00\x00\x00\x10\x00\x00\x00"
                               "\x04\x03\x02\x01\x00\x00\x0a\x00";
    const struct cf_rpc rpc = {.interface = kit_interface, .call_id = 0x01020304};
    cf_own(cf_buf) whole = NULL;
    struct cf_err err;

    (void)state;
    assert_ok(rpc_verify_write(&rpc, 10, cf_bytes_of("stub!", 5), &whole, &err), err);
    assert_int_equal(cf_buf_len(whole), sizeof WANT - 1);
    assert_memory_equal(cf_buf_bytes(whole).data, WANT, sizeof WANT - 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_verification_trailer_says_what_the_headers_say),
        cmocka_unit_test(reads_back_the_header_it_writes),
        cmocka_unit_test(headers_of_another_kind_are_refused),
        cmocka_unit_test(minor_version_1_is_rpc_too),
        cmocka_unit_test(a_packet_is_body_trailer_and_token),
        cmocka_unit_test(padding_longer_than_what_it_pads_is_refused),
        cmocka_unit_test(a_packet_that_is_cut_anywhere_is_refused),
        cmocka_unit_test(fragments_come_in_order),
        cmocka_unit_test(answers_of_another_interface_or_type_are_refused),
        cmocka_unit_test(a_bind_answer_is_read),
        cmocka_unit_test(bind_answers_that_make_no_sense_are_refused),
        cmocka_unit_test(a_short_bind_answer_is_refused_at_every_length),
        cmocka_unit_test(refusals_and_faults_say_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
