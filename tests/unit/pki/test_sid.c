/* SPDX-License-Identifier: Apache-2.0 */
#include "pki_test.h"

#include "certferry/sid.h"

#define SID "S-1-5-21-1004336348-1177238915-682003330-1104"

static void
identifiers_in_canonical_form_are_taken(void **state)
{
    static const char *const GOOD[] = {
        SID,
        "S-1-0-0",
        "S-1-5-18",
        "S-1-5-32-544",
        "S-1-4294967295-4294967295",
        "S-1-0x000100000000-1",
        "S-1-0xFFFFFFFFFFFF-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15",
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(GOOD); i++) {
        struct cf_err err = {0};
        assert_ok(cf_sid_check(GOOD[i], &err), err);
        assert_true(strlen(GOOD[i]) < CF_SID_TEXT_SIZE);
    }
}

static void
anything_else_is_refused(void **state)
{
    static char too_long[64 * 1024];
    static const char *const BAD[] = {
        "",
        "S",
        "S-1",
        "S-1-",
        "S-1-5",
        "S-1-5-",
        "s-1-5-18",
        "S-2-5-18",
        "S-01-5-18",
        "S-1-5-018",
        "S-1-05-18",
        "S-1-5--18",
        "S-1-5-+18",
        "S-1-5-18-",
        " S-1-5-18",
        "S-1-5-18 ",
        "S-1-5-18\n",
        "S-1-5-1a",
        "S-1-5-4294967296",
        "S-1-5-99999999999999999999999999",
        "S-1-4294967296-1",
        "S-1-0x5-1",
        "S-1-0x000000000005-1",
        "S-1-0xffffffffffff-1",
        "S-1-0xFFFFFFFFFFFFF-1",
        "S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15-16",
        "{{OnPremisesSecurityIdentifier}}",
        "CORP\\jane",
        too_long,
    };

    (void)state;
    memset(too_long, '1', sizeof too_long - 1);
    memcpy(too_long, "S-1-5-", 6);
    for (size_t i = 0; i < CF_COUNT(BAD); i++) {
        struct cf_err err = {0};
        struct cf_buf *der = NULL;
        if (cf_sid_check(BAD[i], &err) != CF_E_RANGE)
            fail_msg("%.80s: %s", BAD[i], err.text);
        assert_contains(err.text, "objectSid");
        assert_rc(cf_sid_der(BAD[i], &der, NULL), CF_E_RANGE);
        assert_null(der);
    }
}

/* GeneralNames { [0] { 1.3.6.1.4.1.311.25.2.1, [0] OCTET STRING "S-1-5-18" } }, by hand. */
static const uint8_t LOCAL_SYSTEM[] = {0x30, 0x1a, 0xa0, 0x18, 0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04,
                                       0x01, 0x82, 0x37, 0x19, 0x02, 0x01, 0xa0, 0x0a, 0x04, 0x08,
                                       'S',  '-',  '1',  '-',  '5',  '-',  '1',  '8'};

static void
the_extension_has_the_form_that_directories_read(void **state)
{
    struct cf_err err = {0};
    cf_own(cf_buf) der = NULL;
    cf_own_str sid = NULL;

    (void)state;
    assert_ok(cf_sid_der("S-1-5-18", &der, &err), err);
    assert_int_equal(cf_buf_len(der), sizeof LOCAL_SYSTEM);
    assert_memory_equal(cf_buf_bytes(der).data, LOCAL_SYSTEM, sizeof LOCAL_SYSTEM);
    assert_ok(cf_sid_parse_der(cf_buf_bytes(der), &sid, &err), err);
    assert_string_equal(sid, "S-1-5-18");
}

static enum cf_rc
parse(const uint8_t *der, size_t len)
{
    char *sid = NULL;
    enum cf_rc rc = cf_sid_parse_der(cf_bytes_of(der, len), &sid, NULL);

    assert_true(rc == CF_OK || !sid);
    free(sid);
    return rc;
}

static void
a_change_of_its_structure_is_refused(void **state)
{
    uint8_t copy[sizeof LOCAL_SYSTEM + 1] = {0};

    (void)state;
    for (size_t i = 0; i < sizeof LOCAL_SYSTEM - 2; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            memcpy(copy, LOCAL_SYSTEM, sizeof LOCAL_SYSTEM);
            copy[i] ^= (uint8_t)(1U << bit);
            bool is_authority = i == 24 && copy[i] >= '0' && copy[i] <= '9';
            if (!is_authority && parse(copy, sizeof LOCAL_SYSTEM) != CF_E_ENCODING)
                fail_msg("byte %zu can be changed to %02x", i, copy[i]);
        }
    }
    memcpy(copy, LOCAL_SYSTEM, sizeof LOCAL_SYSTEM);
    for (size_t len = 0; len < sizeof LOCAL_SYSTEM; len++)
        assert_rc(parse(copy, len), CF_E_ENCODING);
    assert_rc(parse(copy, sizeof copy), CF_E_ENCODING);
}

static void
other_content_is_refused(void **state)
{
    static const struct {
        const char *what;
        size_t len;
        uint8_t der[64];
    } CASES[] = {
        {"no name", 2, {0x30, 0}},
        {"two names", 32, {0x30, 0x1e, 0xa0, 0x18, 0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01,
                           0x82, 0x37, 0x19, 0x02, 0x01, 0xa0, 0x0a, 0x04, 0x08, 'S',  '-',
                           '1',  '-',  '5',  '-',  '1',  '8',  0x82, 0x02, 'a',  'b'}},
        {"a DNS name", 5, {0x30, 3, 0x82, 1, 'a'}},
        {"a NUL behind it", 29, {0x30, 0x1b, 0xa0, 0x19, 0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04,
                                 0x01, 0x82, 0x37, 0x19, 0x02, 0x01, 0xa0, 0x0b, 0x04, 0x09,
                                 'S',  '-',  '1',  '-',  '5',  '-',  '1',  '8',  0}},
        {"an empty one", 20, {0x30, 0x12, 0xa0, 0x10, 0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04,
                              0x01, 0x82, 0x37, 0x19, 0x02, 0x01, 0xa0, 0x02, 0x04, 0x00}},
    };
    static uint8_t huge[64 * 1024];

    (void)state;
    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        if (parse(CASES[i].der, CASES[i].len) != CF_E_ENCODING)
            fail_msg("%s", CASES[i].what);
    }
    assert_rc(parse(huge, sizeof huge), CF_E_ENCODING);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identifiers_in_canonical_form_are_taken),
        cmocka_unit_test(anything_else_is_refused),
        cmocka_unit_test(the_extension_has_the_form_that_directories_read),
        cmocka_unit_test(a_change_of_its_structure_is_refused),
        cmocka_unit_test(other_content_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
