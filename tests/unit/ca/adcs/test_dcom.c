/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/ca/adcs/dcom_kit.h"

#include <stdlib.h>

static const char *const HERE[] = {"ca1.corp.example[49667]", "10.0.0.5[49667]", NULL};

static enum cf_rc
read_answer(const struct dcom_answer *answer, struct cf_dcom_activation *ret_activation,
            struct cf_err *err)
{
    cf_own(cf_buf) stub = kit_activation_answer(answer);

    return cf_dcom_activation_read(cf_buf_bytes(stub), &kit_class, ret_activation, err);
}

static void
expect_refused(const struct dcom_answer *answer)
{
    struct cf_dcom_activation activation = {0};
    struct cf_err err = {0};

    assert_int_equal(read_answer(answer, &activation, &err), CF_E_PROTOCOL);
    assert_int_equal(activation.port, 0);
    assert_non_null(strstr(err.text, "IKit"));
}

static void
expect_port(const char *const *bindings, uint16_t port)
{
    const struct dcom_answer answer = {.bindings = bindings};
    cf_own(cf_buf) bytes = kit_bindings(&answer);
    struct cf_reader reader = cf_reader_of(cf_buf_bytes(bytes));

    assert_int_equal(cf_dcom_read_bindings(&reader), port);
    assert_int_equal(cf_reader_ok(&reader), port != 0);
}

static void
an_activation_gives_object_and_port(void **state)
{
    (void)state;
    const struct dcom_answer answer = {.bindings = HERE};
    struct cf_dcom_activation activation = {0};
    struct cf_err err = {0};

    if (read_answer(&answer, &activation, &err) != CF_OK)
        fail_msg("%s", err.text);
    assert_int_equal(activation.port, 49667);
    assert_int_equal(activation.reference.n_references, 5);
    assert_true(cf_guid_equal(&activation.reference.ipid, &kit_ipid));
    assert_true(cf_guid_equal(&activation.rem_unknown, &kit_rem_unknown));
}

static void
properties_and_extensions_that_nobody_knows_are_passed_over(void **state)
{
    (void)state;
    const struct dcom_answer answer = {
        .bindings = HERE, .has_extensions = true, .has_strange_third = true};
    struct cf_dcom_activation activation = {0};

    assert_int_equal(read_answer(&answer, &activation, NULL), CF_OK);
    assert_int_equal(activation.port, 49667);
}

static void
only_a_tcp_port_that_an_exporter_can_have_is_taken(void **state)
{
    (void)state;
    static const char *const ADDRESS6[] = {"fe80::1%3[50001]", NULL};
    static const char *const BARE[] = {"[50002]", NULL};
    static const char *const BAD[] = {
        "ca1.corp.example",         "ca1.corp.example[",        "ca1.corp.example[]",
        "ca1.corp.example[0]",      "ca1.corp.example[135]",    "ca1.corp.example[65536]",
        "ca1.corp.example[-1]",     "ca1.corp.example[50000",   "ca1.corp.example[50000]x",
        "ca1.corp.example[50000 ]", "ca1.corp.example[0xc350]", "",
        "ca1\x7f.corp[50000]",
    };

    expect_port(HERE, 49667);
    expect_port(ADDRESS6, 50001);
    expect_port(BARE, 50002);
    for (size_t i = 0; i < CF_COUNT(BAD); i++) {
        const char *const one[] = {BAD[i], NULL};
        const char *const after[] = {HERE[0], BAD[i], NULL};
        expect_port(one, 0);
        expect_port(after, 0);
    }
}

static void
bindings_without_tcp_are_refused(void **state)
{
    (void)state;
    static const char *const NONE[] = {NULL};
    const struct dcom_answer pipes = {.bindings = HERE, .tower = 15};
    cf_own(cf_buf) bytes = kit_bindings(&pipes);
    struct cf_reader reader = cf_reader_of(cf_buf_bytes(bytes));

    expect_port(NONE, 0);
    assert_int_equal(cf_dcom_read_bindings(&reader), 0);
    assert_false(cf_reader_ok(&reader));
}

static void
a_refused_activation_is_told_by_its_number(void **state)
{
    (void)state;
    const struct dcom_answer denied = {.bindings = HERE, .hresult = 0x80070005};
    const struct dcom_answer no_interface = {.bindings = HERE, .interface_hresult = 0x80004002};
    const struct cf_bytes alone = cf_bytes_of("\0\0\0\0\0\0\0\0\0\0\0\0\x54\x01\x04\x80", 16);
    struct cf_dcom_activation activation = {0};
    struct cf_err err = {0};

    assert_int_not_equal(read_answer(&denied, &activation, &err), CF_OK);
    assert_non_null(strstr(err.text, "0x80070005"));
    assert_int_not_equal(read_answer(&no_interface, &activation, &err), CF_OK);
    assert_non_null(strstr(err.text, "0x80004002"));
    assert_int_equal(cf_dcom_activation_read(alone, &kit_class, &activation, &err), CF_E_CA_CONFIG);
    assert_non_null(strstr(err.text, "REGDB_E_CLASSNOTREG"));
    assert_int_equal(activation.port, 0);
}

static void
an_answer_that_contradicts_itself_is_refused(void **state)
{
    (void)state;
    const struct dcom_answer LIES[] = {
        {.bindings = HERE, .objref_form = CF_OBJREF_CUSTOM},
        {.bindings = HERE, .objref_form = 2},
        {.bindings = HERE, .has_other_iid = true},
        {.bindings = HERE, .n_references = CF_DCOM_REFERENCES_MAX + 1},
        {.bindings = HERE, .has_no_scm_reply = true},
        {.bindings = HERE, .n_more_ids = 1},
        {.bindings = HERE, .n_more_ids = CF_DCOM_PROPERTIES_MAX},
        {.bindings = HERE, .n_more_ids = 0xfffffff0},
        {.bindings = HERE, .header_len_off = 8},
        {.bindings = HERE, .header_len_off = 0xffffff00},
        {.bindings = HERE, .property_off = 8},
        {.bindings = HERE, .property_off = 0x7fffffff},
        {.bindings = HERE, .property_off = 0xffffffff},
    };

    for (size_t i = 0; i < CF_COUNT(LIES); i++)
        expect_refused(&LIES[i]);
}

static void
an_answer_cut_anywhere_is_refused(void **state)
{
    (void)state;
    const struct dcom_answer answer = {.bindings = HERE, .has_extensions = true};
    cf_own(cf_buf) stub = kit_activation_answer(&answer);
    struct cf_bytes whole = cf_buf_bytes(stub);

    for (size_t len = 0; len < whole.len; len++) {
        /* A copy of its own, so that a read past the end is seen. */
        uint8_t *cut = malloc(len > 0 ? len : 1);
        struct cf_dcom_activation activation = {0};
        assert_non_null(cut);
        memcpy(cut, whole.data, len);
        assert_int_equal(
            cf_dcom_activation_read(cf_bytes_of(cut, len), &kit_class, &activation, NULL),
            CF_E_PROTOCOL);
        assert_int_equal(activation.port, 0);
        free(cut);
    }
}

static void
a_reference_cut_anywhere_is_refused(void **state)
{
    (void)state;
    const struct dcom_answer answer = {0};
    cf_own(cf_buf) bytes = kit_objref(&answer);
    struct cf_bytes whole = cf_buf_bytes(bytes);

    for (size_t len = 0; len <= whole.len; len++) {
        struct cf_reader reader = cf_reader_of(cf_bytes_of(whole.data, len));
        struct cf_dcom_reference reference = cf_dcom_read_objref(&reader, &kit_class.interface.id);
        assert_int_equal(cf_reader_ok(&reader), len == whole.len);
        if (len == whole.len)
            assert_true(cf_guid_equal(&reference.ipid, &kit_ipid));
    }
}

static void
too_many_extensions_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint32_t n, n_pointers;
    } BAD[] = {{CF_DCOM_EXTENSIONS_MAX + 1, CF_DCOM_EXTENSIONS_MAX + 2},
               {0xffffffff, 0},
               {0xfffffffe, 0xfffffffe},
               {1, 1},
               {2, 4}};

    for (size_t i = 0; i < CF_COUNT(BAD); i++) {
        const uint32_t words[64] = {0, 1, BAD[i].n, 0, 1, BAD[i].n_pointers};
        struct cf_reader reader = cf_reader_of(cf_bytes_of(words, sizeof words));
        cf_dcom_read_that(&reader);
        assert_false(cf_reader_ok(&reader));
    }
}

static void
what_is_asked_names_class_and_interface_and_no_name_of_ours(void **state)
{
    (void)state;
    cf_own(cf_buf) first = NULL;
    cf_own(cf_buf) second = NULL;

    assert_int_equal(cf_dcom_activation_write(&kit_class, &first, NULL), CF_OK);
    assert_int_equal(cf_dcom_activation_write(&kit_class, &second, NULL), CF_OK);
    struct cf_bytes bytes = cf_buf_bytes(first);
    struct cf_bytes other = cf_buf_bytes(second);
    enum { THIS_LEN = 32, BEFORE_BLOB = 16, CAUSALITY_AT = 12, OBJREF_LEN = 416 };
    assert_int_equal(bytes.len, THIS_LEN + BEFORE_BLOB + OBJREF_LEN);
    assert_non_null(memmem(bytes.data, bytes.len, kit_class.id.octet, 16));
    assert_non_null(memmem(bytes.data, bytes.len, kit_class.interface.id.octet, 16));
    assert_memory_not_equal(bytes.data + CAUSALITY_AT, other.data + CAUSALITY_AT, 16);
    assert_memory_equal(bytes.data + THIS_LEN, other.data + THIS_LEN, bytes.len - THIS_LEN);
    assert_memory_equal(bytes.data, "\x05\0\x07\0\0\0\0\0\0\0\0\0", CAUSALITY_AT);

    struct cf_reader reader = cf_reader_of(bytes);
    (void)cf_read_bytes(&reader, THIS_LEN);
    assert_int_equal(cf_read_u32(&reader), 0);
    assert_int_not_equal(cf_read_u32(&reader), 0);
    assert_int_equal(cf_read_u32(&reader), OBJREF_LEN);
    assert_int_equal(cf_read_u32(&reader), OBJREF_LEN);
    assert_int_equal(cf_read_u32(&reader), CF_OBJREF_SIGNATURE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_activation_gives_object_and_port),
        cmocka_unit_test(properties_and_extensions_that_nobody_knows_are_passed_over),
        cmocka_unit_test(only_a_tcp_port_that_an_exporter_can_have_is_taken),
        cmocka_unit_test(bindings_without_tcp_are_refused),
        cmocka_unit_test(a_refused_activation_is_told_by_its_number),
        cmocka_unit_test(an_answer_that_contradicts_itself_is_refused),
        cmocka_unit_test(an_answer_cut_anywhere_is_refused),
        cmocka_unit_test(a_reference_cut_anywhere_is_refused),
        cmocka_unit_test(too_many_extensions_are_refused),
        cmocka_unit_test(what_is_asked_names_class_and_interface_and_no_name_of_ours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
