/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc_kit.h"

enum { PORT = 49667 };

static void
asks_as_the_mapper_expects(void **state)
{
    cf_own(cf_buf) tower = kit_tower(&kit_interface, 0);
    cf_own(cf_buf) stub = NULL;
    struct cf_err err;

    (void)state;
    assert_ok(epm_map_write(&kit_interface, &stub, &err), err);
    struct cf_reader reader = cf_reader_of(cf_buf_bytes(stub));
    assert_int_equal(cf_read_u32(&reader), 1);
    (void)cf_read_guid(&reader);
    assert_int_equal(cf_read_u32(&reader), 2);
    assert_int_equal(cf_read_u32(&reader), cf_buf_len(tower));
    assert_int_equal(cf_read_u32(&reader), cf_buf_len(tower));
    struct cf_bytes sent = cf_read_bytes(&reader, cf_buf_len(tower) - 4);
    assert_memory_equal(sent.data, cf_buf_bytes(tower).data, sent.len);
    assert_int_equal(cf_read_u32(&reader), 0);
    cf_read_align(&reader, 4);
    (void)cf_read_bytes(&reader, 20);
    assert_int_equal(cf_read_u32(&reader), EPM_TOWERS_MAX);
    assert_true(cf_reader_ok(&reader));
    assert_int_equal(cf_reader_left(&reader), 0);
}

static enum cf_rc
read_map(struct cf_buf *const *towers, uint32_t n, uint32_t status, uint16_t *ret_port,
         uint32_t *ret_status)
{
    cf_own(cf_buf) stub = kit_map_answer(towers, n, status);

    return epm_map_read(cf_buf_bytes(stub), &kit_interface, ret_port, ret_status, NULL);
}

static void
takes_the_port_of_the_first_tower_that_leads_there(void **state)
{
    struct cf_rpc_interface other = kit_interface;
    other.id.octet[0] ^= 1;
    cf_own(cf_buf) to_other = kit_tower(&other, 1);
    cf_own(cf_buf) portless = kit_tower(&kit_interface, 0);
    cf_own(cf_buf) good = kit_tower(&kit_interface, PORT);
    struct cf_buf *const towers[] = {to_other, NULL, portless, good};
    uint16_t port = 0;
    uint32_t status = 1;

    (void)state;
    assert_rc(read_map(towers, 4, 0, &port, &status), CF_OK);
    assert_int_equal(port, PORT);
    assert_int_equal(status, 0);
    assert_rc(read_map(towers, 3, 0, &port, &status), CF_OK);
    assert_int_equal(port, 0);
    assert_rc(read_map(towers, 0, 0x16c9a0d6, &port, &status), CF_OK);
    assert_int_equal(port, 0);
    assert_int_equal(status, 0x16c9a0d6);
}

static void
a_tower_changed_in_what_it_names_leads_nowhere(void **state)
{
    cf_own(cf_buf) good = kit_tower(&kit_interface, PORT);
    uint8_t bytes[128];
    size_t len = cf_buf_len(good), n_accepted = 0;

    (void)state;
    assert_int_equal(epm_tower_port(cf_buf_bytes(good), &kit_interface), PORT);
    for (size_t i = 0; i < len; i++) {
        memcpy(bytes, cf_buf_bytes(good).data, len);
        bytes[i] ^= 0x40;
        if (epm_tower_port(cf_bytes_of(bytes, len), &kit_interface) != 0)
            n_accepted++;
    }
    /* Two minor versions, RPC's own, the port itself, and the address: nobody connects there. */
    assert_int_equal(n_accepted, 2 + 2 + 2 + 2 + 4);
}

static void
a_tower_of_another_length_leads_nowhere(void **state)
{
    cf_own(cf_buf) good = kit_tower(&kit_interface, PORT);

    (void)state;
    for (size_t len = 0; len < cf_buf_len(good); len++)
        assert_int_equal(epm_tower_port(cf_bytes_of(cf_buf_bytes(good).data, len), &kit_interface),
                         0);
    assert_rc(cf_buf_append(good, "x", 1, NULL), CF_OK);
    assert_int_equal(epm_tower_port(cf_buf_bytes(good), &kit_interface), 0);
}

static void
an_answer_that_is_cut_anywhere_is_refused(void **state)
{
    cf_own(cf_buf) good = kit_tower(&kit_interface, PORT);
    cf_own(cf_buf) stub = kit_map_answer(&good, 1, 0);
    uint16_t port = 0;
    uint32_t status;

    (void)state;
    for (size_t len = 0; len < cf_buf_len(stub); len++)
        assert_rc(epm_map_read(cf_bytes_of(cf_buf_bytes(stub).data, len), &kit_interface, &port,
                               &status, NULL),
                  CF_E_PROTOCOL);
    assert_int_equal(port, 0);
}

static void
counts_that_contradict_each_other_are_refused(void **state)
{
    enum {
        N_TOWERS = 20,
        MAX_COUNT = 24,
        OFFSET = 28,
        N_HERE = 32,
        TOWER_MAX = 40,
        TOWER_LEN = 44
    };
    static const size_t AT[] = {N_TOWERS,   N_TOWERS + 3, MAX_COUNT,     OFFSET,    N_HERE,
                                N_HERE + 3, TOWER_MAX,    TOWER_MAX + 3, TOWER_LEN, TOWER_LEN + 3};
    static const uint8_t OCTETS[] = {2, 0xff, 0, 1, 2, 0xff, 1, 0xff, 1, 0xff};
    cf_own(cf_buf) good = kit_tower(&kit_interface, PORT);
    cf_own(cf_buf) stub = kit_map_answer(&good, 1, 0);
    uint8_t bytes[256];
    size_t len = cf_buf_len(stub);
    uint16_t port;
    uint32_t status;

    (void)state;
    for (size_t i = 0; i < CF_COUNT(AT); i++) {
        memcpy(bytes, cf_buf_bytes(stub).data, len);
        bytes[AT[i]] = OCTETS[i];
        assert_rc(epm_map_read(cf_bytes_of(bytes, len), &kit_interface, &port, &status, NULL),
                  CF_E_PROTOCOL);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_as_the_mapper_expects),
        cmocka_unit_test(takes_the_port_of_the_first_tower_that_leads_there),
        cmocka_unit_test(a_tower_changed_in_what_it_names_leads_nowhere),
        cmocka_unit_test(a_tower_of_another_length_leads_nowhere),
        cmocka_unit_test(an_answer_that_is_cut_anywhere_is_refused),
        cmocka_unit_test(counts_that_contradict_each_other_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
