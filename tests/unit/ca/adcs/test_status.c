/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "ca/adcs/status.h"
#include "certferry/text.h"
#include "unit/base/unit.h"

static void
the_table_is_in_order_and_has_no_number_twice(void **state)
{
    (void)state;
    for (size_t i = 1; i < cf_n_statuses; i++)
        assert_true(cf_status_table[i - 1].code < cf_status_table[i].code);
}

static void
every_row_is_found_and_fits_into_an_error_text_with_its_remedy(void **state)
{
    (void)state;
    for (size_t i = 0; i < cf_n_statuses; i++) {
        const struct cf_status_info *info = &cf_status_table[i];
        struct cf_err err = {0};

        assert_ptr_equal(cf_status_find(info->code), info);
        assert_true(cf_text_is_ascii(info->meaning) && cf_text_is_ascii(info->remedy));
        (void)cf_hresult_fail(&err, info->code, NULL, "submitting to \"Corp CA\"");
        assert_contains(err.text, info->name);
        assert_contains(err.text, info->meaning);
        assert_contains(err.text, info->remedy);
        assert_true(err.native == (long)info->code);
    }
}

static void
the_numbers_that_matter_have_their_class(void **state)
{
    static const struct {
        uint32_t code;
        const char *name;
        enum cf_status_class class;
    } KNOWN[] = {
        {0x80094012, "CERTSRV_E_TEMPLATE_DENIED", CF_STATUS_CONFIG},
        {0x80094011, "CERTSRV_E_ENROLL_DENIED", CF_STATUS_CONFIG},
        {0x80094800, "CERTSRV_E_UNSUPPORTED_CERT_TYPE", CF_STATUS_CONFIG},
        {0x80094801, "CERTSRV_E_NO_CERT_TYPE", CF_STATUS_CONFIG},
        {0x80094802, "CERTSRV_E_TEMPLATE_CONFLICT", CF_STATUS_CONFIG},
        {0x80094804, "CERTSRV_E_ARCHIVED_KEY_REQUIRED", CF_STATUS_CONFIG},
        {0x80094807, "CERTSRV_E_BAD_TEMPLATE_VERSION", CF_STATUS_CONFIG},
        {0x80094809, "CERTSRV_E_SIGNATURE_POLICY_REQUIRED", CF_STATUS_CONFIG},
        {0x8009480a, "CERTSRV_E_SIGNATURE_COUNT", CF_STATUS_CONFIG},
        {0x8009480b, "CERTSRV_E_SIGNATURE_REJECTED", CF_STATUS_CONFIG},
        {0x8009481a, "CERTSRV_E_KEY_ATTESTATION", CF_STATUS_CONFIG},
        {0x80094008, "CERTSRV_E_ROLECONFLICT", CF_STATUS_CONFIG},
        {0x80094009, "CERTSRV_E_RESTRICTEDOFFICER", CF_STATUS_CONFIG},
        {0x80040154, "REGDB_E_CLASSNOTREG", CF_STATUS_CONFIG},
        {0x80070057, "E_INVALIDARG", CF_STATUS_CONFIG},
        {0x80070005, "ERROR_ACCESS_DENIED", CF_STATUS_CONFIG},
        {0x80094014, "CERTSRV_E_ADMIN_DENIED_REQUEST", CF_STATUS_REQUEST},
        {0x80094001, "CERTSRV_E_BAD_REQUESTSUBJECT", CF_STATUS_REQUEST},
        {0x80094803, "CERTSRV_E_SUBJECT_ALT_NAME_REQUIRED", CF_STATUS_REQUEST},
        {0x80094811, "CERTSRV_E_KEY_LENGTH", CF_STATUS_REQUEST},
        {0x80094004, "CERTSRV_E_PROPERTY_EMPTY", CF_STATUS_REQUEST},
        {0x8009310b, "CRYPT_E_ASN1_BADTAG", CF_STATUS_REQUEST},
        {0x8007000d, "ERROR_INVALID_DATA", CF_STATUS_REQUEST},
        {0x80094006, "CERTSRV_E_SERVER_SUSPENDED", CF_STATUS_TRANSIENT},
        {0x8009400f, "CERTSRV_E_NO_DB_SESSIONS", CF_STATUS_TRANSIENT},
        {0x80092013, "CRYPT_E_REVOCATION_OFFLINE", CF_STATUS_TRANSIENT},
        {0x800706ba, "RPC_S_SERVER_UNAVAILABLE", CF_STATUS_TRANSIENT},
        {0x6bb, "RPC_S_SERVER_TOO_BUSY", CF_STATUS_TRANSIENT},
        {0x6be, "RPC_S_CALL_FAILED", CF_STATUS_TRANSIENT},
        {0x721, "RPC_S_SEC_PKG_ERROR", CF_STATUS_CONFIG},
        {0x1c010001, "nca_s_comm_failure", CF_STATUS_TRANSIENT},
        {0x1c010003, "nca_s_unk_if", CF_STATUS_CONFIG},
        {0x1c010014, "nca_s_server_too_busy", CF_STATUS_TRANSIENT},
    };
    (void)state;
    for (size_t i = 0; i < CF_COUNT(KNOWN); i++) {
        const struct cf_status_info *info = cf_status_find(KNOWN[i].code);

        assert_non_null(info);
        assert_string_equal(info->name, KNOWN[i].name);
        assert_int_equal(info->class, KNOWN[i].class);
    }
}

static void
a_win32_number_and_its_hresult_are_the_same(void **state)
{
    (void)state;
    assert_ptr_equal(cf_status_find(0x6ba), cf_status_find(0x800706ba));
    assert_null(cf_status_find(0x8006b005));
    assert_null(cf_status_find(0));
}

static void
the_class_makes_the_error(void **state)
{
    struct cf_err err = {0};

    (void)state;
    assert_rc(cf_hresult_fail(&err, 0x80094012, NULL, "x"), CF_E_CA_CONFIG);
    assert_int_equal(err.fault, CF_FAULT_CONFIG);
    assert_rc(cf_hresult_fail(&err, 0x80094006, NULL, "x"), CF_E_PROTOCOL);
    assert_int_equal(err.fault, CF_FAULT_TRANSIENT);
    assert_rc(cf_hresult_fail(&err, 0x80094014, NULL, "x"), CF_E_REJECTED);
    assert_int_equal(err.fault, CF_FAULT_REQUEST);
    assert_rc(cf_hresult_fail(&err, 0x8badf00d, NULL, "x"), CF_E_REJECTED);
    assert_contains(err.text, "0x8badf00d");
    assert_true(err.native == 0x8badf00d);
    assert_rc(cf_hresult_fail(NULL, 0x80094012, NULL, "x"), CF_E_CA_CONFIG);
}

static void
a_status_that_nobody_signed_never_rejects_a_request(void **state)
{
    struct cf_err err = {0};

    (void)state;
    for (size_t i = 0; i < cf_n_statuses; i++) {
        (void)cf_rpc_status_fail(&err, cf_status_table[i].code, "x");
        assert_int_not_equal(err.fault, CF_FAULT_REQUEST);
    }
    assert_rc(cf_rpc_status_fail(&err, 0x8badf00d, "x"), CF_E_PROTOCOL);
    assert_rc(cf_rpc_status_fail(&err, 5, "x"), CF_E_CA_CONFIG);
}

static void
the_words_of_the_ca_take_only_the_room_that_is_left(void **state)
{
    char words[400];
    struct cf_err err = {0};

    (void)state;
    memset(words, 'w', sizeof words);
    words[sizeof words - 1] = '\0';
    for (size_t i = 0; i < cf_n_statuses; i++) {
        (void)cf_hresult_fail(&err, cf_status_table[i].code, words, "submitting");
        assert_contains(err.text, cf_status_table[i].remedy);
    }
    (void)cf_hresult_fail(&err, 0x80094014, "Denied by Pat", "submitting");
    assert_contains(err.text, "it says \"Denied by Pat\"; ");
    (void)cf_hresult_fail(&err, 0x8badf00d, "Denied by Pat", "submitting");
    assert_contains(err.text, "it says \"Denied by Pat\"");
}

static void
words_that_do_not_fit_end_after_a_word(void **state)
{
    static const char SAID[] = "The permissions on the template do not allow the current user to "
                               "enroll for this type of certificate. 0x80094012 (-2146877422)";
    struct cf_err err = {0};
    char cut[32];

    (void)state;
    cf_words_cut("short enough", cut, sizeof cut);
    assert_string_equal(cut, "short enough");
    cf_words_cut("exactly as many as there is room", cut, sizeof cut);
    assert_string_equal(cut, "exactly as many as there is\u2026");
    cf_words_cut("exactly as long as there is roo", cut, sizeof cut);
    assert_string_equal(cut, "exactly as long as there is roo");
    cf_words_cut("onewordthatisalotlongerthanthereisroom", cut, sizeof cut);
    assert_string_equal(cut, "onewordthatisalotlongerthant\u2026");
    cf_words_cut("\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4", cut, 10);
    assert_string_equal(cut, "\u00e4\u00e4\u00e4\u2026");
    (void)cf_hresult_fail(&err, 0x80094012, SAID, "request 17");
    assert_contains(err.text, "it says \"The permissions on the");
    assert_contains(err.text, "\u2026\"; give the account Read and Enroll");
    (void)cf_hresult_fail(&err, 0x8badf00d, SAID, "request 17");
    assert_contains(err.text, SAID);
}

static void
an_unknown_number_of_the_cas_machine_ends_no_request(void **state)
{
    static const uint32_t MACHINE[] = {
        0x8007203a, /* ERROR_DS_SERVER_DOWN */
        0x800700ea, /* ERROR_MORE_DATA */
        0x80090030, /* NTE_DEVICE_NOT_READY: the HSM */
        0x8010001d, /* SCARD_E_NO_SERVICE */
        0xc80003fe, /* JET_errDiskIO */
    };
    static const uint32_t OTHERS[] = {0x80094999, 0x80091002, 0x80040201, 0xa0000001};

    (void)state;
    for (size_t i = 0; i < CF_COUNT(MACHINE); i++)
        assert_rc(cf_hresult_fail(NULL, MACHINE[i], NULL, "x"), CF_E_PROTOCOL);
    for (size_t i = 0; i < CF_COUNT(OTHERS); i++)
        assert_rc(cf_hresult_fail(NULL, OTHERS[i], NULL, "x"), CF_E_REJECTED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_in_order_and_has_no_number_twice),
        cmocka_unit_test(every_row_is_found_and_fits_into_an_error_text_with_its_remedy),
        cmocka_unit_test(the_numbers_that_matter_have_their_class),
        cmocka_unit_test(a_win32_number_and_its_hresult_are_the_same),
        cmocka_unit_test(the_class_makes_the_error),
        cmocka_unit_test(an_unknown_number_of_the_cas_machine_ends_no_request),
        cmocka_unit_test(a_status_that_nobody_signed_never_rejects_a_request),
        cmocka_unit_test(the_words_of_the_ca_take_only_the_room_that_is_left),
        cmocka_unit_test(words_that_do_not_fit_end_after_a_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
