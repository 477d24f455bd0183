/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc_kit.h"

enum { CALL = 2, OPNUM = 7, PATIENCE_MS = 300 };

static void
assert_named_once(const char *text, const char *name)
{
    const char *first = strstr(text, name);

    assert_contains(text, name);
    if (strstr(first + 1, name))
        fail_msg("\"%s\" names %s twice", text, name);
}

static void
answers_bind(struct rpc_peer *peer)
{
    peer_add(peer, (struct peer_step){.take_bytes = kit_ack(12, 3, 4280, 0, 0)});
}

static void
answers_call(struct rpc_peer *peer, struct cf_buf *take_bytes)
{
    peer_add(peer, (struct peer_step){.take_bytes = take_bytes, .waits_for_last = true});
}

static enum cf_rc
call(struct rpc_peer *peer, struct cf_buf **ret_stub, struct cf_err *err)
{
    cf_own(cf_rpc) rpc = NULL;

    if (peer->listener < 0)
        peer_start(peer);
    assert_ok(cf_rpc_open(&peer->target, &kit_interface, &rpc, err), *err);
    return cf_rpc_call(rpc, OPNUM, NULL, cf_bytes_of("question", 8), ret_stub, err);
}

static enum cf_rc
open_only(struct rpc_peer *peer, struct cf_err *err)
{
    cf_own(cf_rpc) rpc = NULL;

    peer_start(peer);
    enum cf_rc rc = cf_rpc_open(&peer->target, &kit_interface, &rpc, err);
    assert_true((rc == CF_OK) == (rpc != NULL));
    return rc;
}

static void
assert_call_fails(struct rpc_peer *peer, enum cf_rc want)
{
    struct cf_buf *stub = NULL;
    struct cf_err err = {0};

    assert_rc(call(peer, &stub, &err), want);
    assert_rc(err.rc, want);
    assert_contains(err.text, "ICertPassage");
    assert_null(stub);
}

static void
puts_an_answer_together_from_its_fragments(void **state)
{
    struct rpc_peer *peer = *state;
    cf_own(cf_buf) stub = NULL;
    struct cf_err err = {0};

    answers_bind(peer);
    answers_call(peer, kit_response(1, CALL, cf_bytes_of("ans", 3)));
    peer_add(peer, (struct peer_step){.sends_only = true,
                                      .take_bytes = kit_response(0, CALL, cf_bytes_of("w", 1))});
    peer_add(peer, (struct peer_step){.sends_only = true,
                                      .take_bytes = kit_response(2, CALL, cf_bytes_of("er", 2))});
    assert_ok(call(peer, &stub, &err), err);
    assert_string_equal(cf_buf_str(stub), "answer");
}

static void
offers_the_interface_with_ndr(void **state)
{
    struct rpc_peer *peer = *state;
    static const char WANT[] = "\x05\x00\x0b\x03\x10\x00\x00\x00\x48\x00\x00\x00\x01\x00\x00\x00"
                               "\xd0\x16\xd0\x16\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x01\x00"
                               "\x20\x60\xae\x91\x3c\x9e\xcf\x11\x8d\x7c\x00\xaa\x00\xc0\x91\xbe"
                               "\x00\x00\x00\x00\x04\x5d\x88\x8a\xeb\x1c\xc9\x11\x9f\xe8\x08\x00"
                               "\x2b\x10\x48\x60\x02\x00\x00\x00";
    struct cf_err err = {0};

    answers_bind(peer);
    assert_ok(open_only(peer, &err), err);
    peer_stop(peer);
    assert_int_equal(cf_buf_len(peer->received), sizeof WANT - 1);
    assert_memory_equal(cf_buf_bytes(peer->received).data, WANT, sizeof WANT - 1);
}

/* Reads the fragments of a request from what the peer received, and puts them together. */
static void
assert_request(struct cf_bytes received, size_t max_len, const struct cf_guid *object,
               struct cf_bytes want)
{
    struct cf_reader reader = cf_reader_of(received);
    cf_own(cf_buf) stub = cf_buf_new(want.len);
    bool is_first = true, is_last = false;

    assert_non_null(stub);
    while (cf_reader_left(&reader) > 0) {
        struct cf_reader pdu = reader;
        struct cf_err err;
        assert_false(is_last);
        (void)cf_read_bytes(&pdu, 3);
        uint8_t flags = cf_read_u8(&pdu);
        (void)cf_read_u32(&pdu);
        size_t len = cf_read_u32(&pdu);
        assert_true(len <= max_len);
        assert_int_equal(cf_read_u32(&pdu), CALL);
        assert_int_equal(cf_read_u32(&pdu), want.len - cf_buf_len(stub));
        assert_int_equal(cf_read_u16(&pdu), 0);
        assert_int_equal(cf_read_u16(&pdu), OPNUM);
        assert_int_equal(flags & 0x80, object ? 0x80 : 0);
        assert_int_equal(flags & 1, is_first);
        if (object) {
            struct cf_guid sent = cf_read_guid(&pdu);
            assert_true(cf_guid_equal(&sent, object));
        }
        is_first = false;
        is_last = (flags & 2) != 0;
        struct cf_bytes part = cf_read_bytes(&pdu, len - (pdu.at - reader.at));
        assert_ok(cf_buf_append(stub, part.data, part.len, &err), err);
        (void)cf_read_bytes(&reader, len);
    }
    assert_true(is_last);
    assert_true(cf_bytes_equal(cf_buf_bytes(stub), want));
}

static void
sends_no_fragment_longer_than_the_server_takes(void **state)
{
    struct rpc_peer *peer = *state;
    static const struct cf_guid object = {{1, 2, 3, 4}};
    static uint8_t question[100 * 1000];
    enum { BIND_LEN = 72 };
    cf_own(cf_rpc) rpc = NULL;
    cf_own(cf_buf) stub = NULL;
    struct cf_err err = {0};

    for (size_t i = 0; i < sizeof question; i++)
        question[i] = (uint8_t)(i * 7 / 3);
    peer_add(peer, (struct peer_step){.take_bytes = kit_ack(12, 3, 1432, 0, 0)});
    answers_call(peer, kit_response(3, CALL, cf_bytes_of("ok", 2)));
    peer_start(peer);
    assert_ok(cf_rpc_open(&peer->target, &kit_interface, &rpc, &err), err);
    assert_ok(cf_rpc_call(rpc, OPNUM, &object, cf_bytes_of(question, sizeof question), &stub, &err),
              err);
    peer_stop(peer);
    struct cf_bytes received = cf_buf_bytes(peer->received);
    assert_request(cf_bytes_of(received.data + BIND_LEN, received.len - BIND_LEN), 1432, &object,
                   cf_bytes_of(question, sizeof question));
}

static void
answers_that_are_none_fail_the_call(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } BAD[] = {
        {"\5\0\2\3\x10\0\0\0\x18\0\0\0\x09\0\0\0\0\0\0\0\0\0\0\0", 24}, /* call 9 */
        {"\5\0\2\2\x10\0\0\0\x18\0\0\0\2\0\0\0\0\0\0\0\0\0\0\0", 24},   /* begins in the middle */
        {"\5\0\x0c\3\x10\0\0\0\x18\0\0\0\2\0\0\0\0\0\0\0\0\0\0\0", 24}, /* a bind answer */
        {"\5\0\2\3\x10\0\0\0\x17\0\0\0\2\0\0\0\0\0\0\0\0\0\0", 23},     /* too short */
        {"\5\0\2\3\x10\0\0\0\xff\xff\0\0\2\0\0\0", 16},                 /* too long */
        {"\5\0\3\3\x10\0\0\0\x18\0\0\0\2\0\0\0\0\0\0\0\0\0\0\0", 24},   /* fault without status */
        {"HTTP/1.1 400 Bad Request\r\n", 26},
        {"\5\0\2\3\x10\0\0\0\x24\0\4\0\2\0\0\0\0\0\0\0\0\0\0\0\x09\6\0\0\1\0\0\0toke", 36},
    };
    (void)state;
    for (size_t i = 0; i < CF_COUNT(BAD); i++) {
        cf_own(cf_buf) bytes = cf_buf_copy(cf_bytes_of(BAD[i].bytes, BAD[i].len));
        void *one;

        assert_non_null(bytes);
        assert_int_equal(peer_setup(&one), 0);
        answers_bind(one);
        answers_call(one, cf_give(bytes));
        assert_call_fails(one, CF_E_PROTOCOL);
        assert_int_equal(peer_teardown(&one), 0);
    }
}

static void
a_fault_is_explained_and_never_rejects(void **state)
{
    struct rpc_peer *peer = *state;
    struct cf_buf *stub = NULL;
    struct cf_err err = {0};

    answers_bind(peer);
    answers_call(peer, kit_fault(CALL, 0x6f7));
    assert_rc(call(peer, &stub, &err), CF_E_PROTOCOL);
    assert_contains(err.text, "RPC_X_BAD_STUB_DATA");
    assert_int_equal(err.native, 0x6f7);
}

static void
a_connection_is_used_up_by_an_error(void **state)
{
    struct rpc_peer *peer = *state;
    cf_own(cf_rpc) rpc = NULL;
    struct cf_buf *stub = NULL;
    struct cf_err err = {0};

    answers_bind(peer);
    answers_call(peer, kit_fault(CALL, 0x6f7));
    peer_start(peer);
    assert_ok(cf_rpc_open(&peer->target, &kit_interface, &rpc, &err), err);
    assert_rc(cf_rpc_call(rpc, 0, NULL, cf_bytes_of(NULL, 0), &stub, &err), CF_E_PROTOCOL);
    assert_rc(cf_rpc_call(rpc, 0, NULL, cf_bytes_of(NULL, 0), &stub, &err), CF_E_BUG);
}

static void
an_answer_without_an_end_is_over_the_limit(void **state)
{
    struct rpc_peer *peer = *state;

    answers_bind(peer);
    answers_call(peer, kit_response(1, CALL, cf_bytes_of(NULL, 0)));
    peer_add(peer, (struct peer_step){.sends_only = true,
                                      .take_bytes = kit_response(0, CALL, cf_bytes_of(NULL, 0)),
                                      .n_times = CF_RPC_FRAGMENTS_MAX + 1});
    assert_call_fails(peer, CF_E_LIMIT);
}

static void
an_answer_that_is_too_large_is_over_the_limit(void **state)
{
    struct rpc_peer *peer = *state;
    static const uint8_t part[5000];

    answers_bind(peer);
    answers_call(peer, kit_response(1, CALL, cf_bytes_of(part, sizeof part)));
    peer_add(peer,
             (struct peer_step){.sends_only = true,
                                .take_bytes = kit_response(0, CALL, cf_bytes_of(part, sizeof part)),
                                .n_times = CF_RPC_STUB_MAX / sizeof part + 1});
    assert_call_fails(peer, CF_E_LIMIT);
}

static void
a_server_that_hangs_up_amid_its_answer_may_have_executed_it(void **state)
{
    struct rpc_peer *peer = *state;

    answers_bind(peer);
    answers_call(peer, kit_response(1, CALL, cf_bytes_of("ans", 3)));
    assert_call_fails(peer, CF_E_NET);
}

static void
a_server_that_is_silent_may_have_executed_it(void **state)
{
    struct rpc_peer *peer = *state;

    peer->target.timeout_ms = PATIENCE_MS;
    answers_bind(peer);
    peer_add(peer, (struct peer_step){.take_bytes = kit_response(1, CALL, cf_bytes_of("ans", 3)),
                                      .stays = true});
    assert_call_fails(peer, CF_E_TIMEOUT);
}

static void
a_request_that_was_not_sent_to_its_end_was_not_executed(void **state)
{
    struct rpc_peer *peer = *state;
    enum { HUGE = 64 << 20 };
    uint8_t *question = calloc(1, HUGE);
    cf_own(cf_rpc) rpc = NULL;
    struct cf_buf *stub = NULL;
    struct cf_err err = {0};

    assert_non_null(question);
    answers_bind(peer);
    peer_add(peer, (struct peer_step){.resets = true});
    peer_start(peer);
    assert_ok(cf_rpc_open(&peer->target, &kit_interface, &rpc, &err), err);
    enum cf_rc rc = cf_rpc_call(rpc, OPNUM, NULL, cf_bytes_of(question, HUGE), &stub, &err);
    free(question);
    assert_rc(rc, CF_E_CA_DOWN);
    assert_rc(err.rc, CF_E_CA_DOWN);
    assert_contains(err.text, "not sent");
    assert_false(cf_rpc_was_sent(rpc));
}

static void
stopping_ends_a_wait(void **state)
{
    struct rpc_peer *peer = *state;
    struct cf_err err = {0};

    peer->stop = 1;
    peer_add(peer, (struct peer_step){.stays = true});
    assert_rc(open_only(peer, &err), CF_E_STOPPED);
}

static void
nobody_there_is_a_ca_that_is_down(void **state)
{
    struct rpc_peer *peer = *state;
    cf_own(cf_rpc) rpc = NULL;
    struct cf_err err = {0};

    peer_start(peer);
    peer_stop(peer);
    assert_rc(cf_rpc_open(&peer->target, &kit_interface, &rpc, &err), CF_E_CA_DOWN);
    assert_int_equal(err.fault, CF_FAULT_TRANSIENT);
}

static void
what_goes_wrong_before_the_call_says_who_has_to_act(void **state)
{
    enum { NO_ANSWER = 100, CUT = 101 };
    static const struct {
        unsigned kind; /* of the answer to bind */
        uint32_t value;
        enum cf_rc rc;
        const char *text;
    } CASES[] = {
        {RPC_BIND_NAK, 8, CF_E_AUTH, "rpc_auth"},
        {RPC_BIND_NAK, 4, CF_E_CA_CONFIG, "version"},
        {RPC_BIND_NAK, 1, CF_E_CA_DOWN, "reason 1"},
        {RPC_FAULT, 5, CF_E_AUTH, "ERROR_ACCESS_DENIED"},
        {RPC_FAULT, 0x721, CF_E_AUTH, "RPC_S_SEC_PKG_ERROR"},
        {RPC_FAULT, 0x1c010003, CF_E_CA_CONFIG, "nca_s_unk_if"},
        {RPC_FAULT, 0x1c010014, CF_E_CA_DOWN, "nca_s_server_too_busy"},
        {RPC_FAULT, 0x8007000d, CF_E_CA_DOWN, "ERROR_INVALID_DATA"},
        {RPC_FAULT, 0, CF_E_PROTOCOL, "no status"},
        {RPC_BIND_ACK, 2 | 1 << 16, CF_E_CA_CONFIG, "does not offer"},
        {RPC_BIND_ACK, 2 | 3 << 16, CF_E_CA_DOWN, "too many"},
        {RPC_RESPONSE, 0, CF_E_PROTOCOL, "type 2"},
        {RPC_ALTER_CONTEXT_RESP, 0, CF_E_PROTOCOL, "type 15"},
        {NO_ANSWER, 0, CF_E_CA_DOWN, "127.0.0.1"},
        {CUT, 0, CF_E_CA_DOWN, "127.0.0.1"},
    };
    (void)state;
    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        struct cf_buf *answer = NULL;
        struct cf_err err = {0};
        void *one;

        assert_int_equal(peer_setup(&one), 0);
        uint16_t low = (uint16_t)CASES[i].value, high = (uint16_t)(CASES[i].value >> 16);
        if (CASES[i].kind == RPC_BIND_NAK)
            answer = kit_nak(low);
        else if (CASES[i].kind == RPC_FAULT)
            answer = kit_fault(1, CASES[i].value);
        else if (CASES[i].kind == CUT)
            answer = cf_buf_copy(cf_bytes_of("\5\0\x0c\3\x10\0\0\0\x18\0\0\0\1\0\0\0\0", 17));
        else if (CASES[i].kind != NO_ANSWER)
            answer = kit_ack(CASES[i].kind, 3, 4280, low, high);
        peer_add(one, (struct peer_step){.take_bytes = answer});
        assert_rc(open_only(one, &err), CASES[i].rc);
        assert_contains(err.text, CASES[i].text);
        assert_named_once(err.text, "127.0.0.1");
        assert_int_equal(peer_teardown(&one), 0);
    }
}

static void
a_server_that_takes_less_than_every_server_has_to_is_refused(void **state)
{
    struct rpc_peer *peer = *state;
    struct cf_err err = {0};

    peer_add(peer, (struct peer_step){.take_bytes = kit_ack(12, 3, 1431, 0, 0)});
    assert_rc(open_only(peer, &err), CF_E_PROTOCOL);
    assert_contains(err.text, "1431");
}

static enum cf_rc
find_port(struct rpc_peer *peer, struct cf_buf *take_stub, uint16_t *ret_port, struct cf_err *err)
{
    cf_own(cf_buf) stub = take_stub;

    answers_bind(peer);
    answers_call(peer, kit_response(3, CALL, cf_buf_bytes(stub)));
    peer_start(peer);
    return cf_rpc_find_port(&peer->target, &kit_interface, ret_port, err);
}

static void
the_mapper_tells_the_port(void **state)
{
    struct rpc_peer *peer = *state;
    cf_own(cf_buf) tower = kit_tower(&kit_interface, 49667);
    struct cf_err err = {0};
    uint16_t port = 0;

    assert_ok(find_port(peer, kit_map_answer(&tower, 1, 0), &port, &err), err);
    assert_int_equal(port, 49667);
}

static void
a_mapper_that_does_not_know_the_interface_says_so(void **state)
{
    struct rpc_peer *peer = *state;
    struct cf_err err = {0};
    uint16_t port = 0;

    assert_rc(find_port(peer, kit_map_answer(NULL, 0, 0x16c9a0d6), &port, &err), CF_E_CA_DOWN);
    assert_int_equal(err.native, 0x16c9a0d6);
    assert_contains(err.text, "127.0.0.1: ICertPassage");
    assert_int_equal(port, 0);
}

static void
garbage_from_the_mapper_is_refused(void **state)
{
    struct rpc_peer *peer = *state;
    struct cf_err err = {0};
    uint16_t port = 0;

    assert_rc(find_port(peer, cf_buf_copy(cf_bytes_of("garbage", 7)), &port, &err), CF_E_PROTOCOL);
    assert_contains(err.text, "127.0.0.1: the endpoint mapper's answer");
    assert_int_equal(port, 0);
}

static void
an_endless_answer_from_the_mapper_is_a_ca_that_is_down(void **state)
{
    struct rpc_peer *peer = *state;
    struct cf_err err = {0};
    uint16_t port = 0;

    answers_bind(peer);
    answers_call(peer, kit_response(1, CALL, cf_bytes_of(NULL, 0)));
    peer_add(peer, (struct peer_step){.sends_only = true,
                                      .take_bytes = kit_response(0, CALL, cf_bytes_of(NULL, 0)),
                                      .n_times = CF_RPC_FRAGMENTS_MAX + 1});
    peer_start(peer);
    assert_rc(cf_rpc_find_port(&peer->target, &kit_interface, &port, &err), CF_E_CA_DOWN);
    assert_int_equal(err.fault, CF_FAULT_TRANSIENT);
    assert_named_once(err.text, "127.0.0.1");
    assert_int_equal(port, 0);
}

static void
a_mapper_that_hangs_up_is_named_once(void **state)
{
    struct rpc_peer *peer = *state;
    struct cf_err err = {0};
    uint16_t port = 0;

    peer_add(peer, (struct peer_step){.take_bytes = NULL});
    peer_start(peer);
    assert_rc(cf_rpc_find_port(&peer->target, &kit_interface, &port, &err), CF_E_CA_DOWN);
    assert_named_once(err.text, "127.0.0.1");
}

int
main(void)
{
#define WITH_PEER(test) cmocka_unit_test_setup_teardown(test, peer_setup, peer_teardown)
    const struct CMUnitTest tests[] = {
        WITH_PEER(puts_an_answer_together_from_its_fragments),
        WITH_PEER(offers_the_interface_with_ndr),
        WITH_PEER(sends_no_fragment_longer_than_the_server_takes),
        cmocka_unit_test(answers_that_are_none_fail_the_call),
        WITH_PEER(a_fault_is_explained_and_never_rejects),
        WITH_PEER(a_connection_is_used_up_by_an_error),
        WITH_PEER(an_answer_without_an_end_is_over_the_limit),
        WITH_PEER(an_answer_that_is_too_large_is_over_the_limit),
        WITH_PEER(a_server_that_hangs_up_amid_its_answer_may_have_executed_it),
        WITH_PEER(a_server_that_is_silent_may_have_executed_it),
        WITH_PEER(a_request_that_was_not_sent_to_its_end_was_not_executed),
        WITH_PEER(stopping_ends_a_wait),
        WITH_PEER(nobody_there_is_a_ca_that_is_down),
        cmocka_unit_test(what_goes_wrong_before_the_call_says_who_has_to_act),
        WITH_PEER(a_server_that_takes_less_than_every_server_has_to_is_refused),
        WITH_PEER(the_mapper_tells_the_port),
        WITH_PEER(a_mapper_that_hangs_up_is_named_once),
        WITH_PEER(a_mapper_that_does_not_know_the_interface_says_so),
        WITH_PEER(garbage_from_the_mapper_is_refused),
        WITH_PEER(an_endless_answer_from_the_mapper_is_a_ca_that_is_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
