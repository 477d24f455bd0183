/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* After the headers it needs. */
#include <cmocka.h>

#include "ca/adcs/csra.h"

enum { THIS_LEN = 32 };

static void
serials_have_the_form_of_the_database(void **state)
{
    (void)state;
    static const struct {
        const char *given;
        const char *wanted;
    } CASES[] = {
        {"6A0000000F", "6a0000000f"},
        {"0x6a:00:00", "6a0000"},
        {"0F", "0f"},
        {"f", "0f"},
        {"00AB", "ab"},
    };
    char serial[CF_SERIAL_TEXT_SIZE];

    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        assert_int_equal(cf_csra_serial(CASES[i].given, serial, NULL), CF_OK);
        assert_string_equal(serial, CASES[i].wanted);
    }
    assert_int_equal(cf_csra_serial("6a0g", serial, NULL), CF_E_SYNTAX);
    assert_int_equal(cf_csra_serial("", serial, NULL), CF_E_SYNTAX);
}

static void
a_revocation_has_its_bytes_in_place(void **state)
{
    (void)state;
    /* 2026-01-02T03:04:05.678Z */
    static const int64_t WHEN_MS = 1767323045678;
    static const uint64_t FILETIME = (uint64_t)(1767323045678 + 11644473600000) * 10000;
    static const uint8_t WANTED[] = {0x00, 0x00, 0x02, 0x00, 3, 0,   0, 0, 0, 0, 0, 0,    3,
                                     0,    0,    0,    'C',  0, 'A', 0, 0, 0, 0, 0, 0x04, 0x00,
                                     0x02, 0x00, 3,    0,    0, 0,   0, 0, 0, 0, 3, 0,    0,
                                     0,    'a',  0,    'b',  0, 0,   0, 0, 0, 4, 0, 0,    0};
    cf_own(cf_buf) stub = NULL;

    assert_int_equal(cf_csra_revoke_write("CA", "AB", 4, WHEN_MS, &stub, NULL), CF_OK);
    struct cf_reader reader = cf_reader_of(cf_buf_bytes(stub));
    (void)cf_read_bytes(&reader, THIS_LEN);
    struct cf_bytes arguments = cf_read_bytes(&reader, sizeof WANTED);
    assert_int_equal(arguments.len, sizeof WANTED);
    assert_memory_equal(arguments.data, WANTED, sizeof WANTED);
    assert_int_equal(cf_read_u32(&reader), (uint32_t)FILETIME);
    assert_int_equal(cf_read_u32(&reader), (uint32_t)(FILETIME >> 32));
    assert_int_equal(cf_reader_left(&reader), 0);
}

static void
a_serial_that_is_none_is_not_sent(void **state)
{
    (void)state;
    cf_own(cf_buf) stub = NULL;

    assert_int_equal(cf_csra_revoke_write("CA", "zz", 0, 0, &stub, NULL), CF_E_SYNTAX);
    assert_int_equal(cf_csra_is_valid_write("CA", "zz", &stub, NULL), CF_E_SYNTAX);
    assert_int_equal(cf_csra_roles_write("\xff", &stub, NULL), CF_E_SYNTAX);
    assert_null(stub);
}

static void
answers_are_read_whole_or_not_at_all(void **state)
{
    (void)state;
    static const uint32_t WORDS[] = {0, 0, 1, 2, 0x80070005};
    uint32_t value = 77, hresult = 77;

    for (size_t len = 0; len < sizeof WORDS; len++) {
        struct cf_bytes cut = cf_bytes_of(WORDS, len);
        struct cf_err err = {0};
        assert_int_equal(cf_csra_is_valid_read(cut, &value, &hresult, &err), CF_E_PROTOCOL);
        assert_non_null(strstr(err.text, "IsValidCertificate"));
        if (len < 16)
            assert_int_equal(cf_csra_roles_read(cut, &value, &hresult, NULL), CF_E_PROTOCOL);
        if (len < 12)
            assert_int_equal(cf_csra_revoke_read(cut, &hresult, NULL), CF_E_PROTOCOL);
    }
    assert_int_equal(value, 77);
    assert_int_equal(hresult, 77);
    struct cf_bytes whole = cf_bytes_of(WORDS, sizeof WORDS);
    assert_int_equal(cf_csra_is_valid_read(whole, &value, &hresult, NULL), CF_OK);
    assert_int_equal(value, 2);
    assert_int_equal(hresult, 0x80070005);
    assert_int_equal(cf_csra_roles_read(whole, &value, &hresult, NULL), CF_OK);
    assert_int_equal(value, 1);
    assert_int_equal(hresult, 2);
    assert_int_equal(cf_csra_revoke_read(whole, &hresult, NULL), CF_OK);
    assert_int_equal(hresult, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(serials_have_the_form_of_the_database),
        cmocka_unit_test(a_revocation_has_its_bytes_in_place),
        cmocka_unit_test(a_serial_that_is_none_is_not_sent),
        cmocka_unit_test(answers_are_read_whole_or_not_at_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
