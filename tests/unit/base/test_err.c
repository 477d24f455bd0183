/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "certferry/text.h"

static void
an_error_has_its_default_fault_and_its_text(void **state)
{
    (void)state;
    struct cf_err err = {.native = 7, .retry_after_s = 9};

    assert_rc(cf_fail(&err, CF_E_TLS, "host %s", "a.example"), CF_E_TLS);
    assert_int_equal(err.fault, CF_FAULT_CONFIG);
    assert_string_equal(err.text, "host a.example");
    assert_int_equal(err.native, 0);
    assert_int_equal(err.retry_after_s, 0);
}

static void
no_error_object_is_needed(void **state)
{
    (void)state;
    assert_rc(cf_fail(NULL, CF_E_NET, "x"), CF_E_NET);
    assert_rc(cf_fail_errno(NULL, CF_E_IO, EIO, "x"), CF_E_IO);
    assert_rc(cf_fail_oom(NULL), CF_E_OOM);
    assert_rc(cf_err_prefix(NULL, "x"), CF_E_BUG);
}

static void
success_is_no_error(void **state)
{
    (void)state;
    struct cf_err err;

    assert_rc(cf_fail(&err, CF_OK, "x"), CF_E_BUG);
    assert_rc(cf_fail(&err, (enum cf_rc)9999, "x"), CF_E_BUG);
    assert_int_equal(err.rc, CF_E_BUG);
}

static void
errno_chooses_the_code_where_it_says_more(void **state)
{
    (void)state;
    struct cf_err err;

    assert_rc(cf_fail_errno(&err, CF_E_IO, ENOSPC, "write %s", "f"), CF_E_DISK_FULL);
    assert_string_equal(err.text, "write f: No space left on device");
    assert_int_equal(err.native, ENOSPC);
    assert_rc(cf_fail_errno(&err, CF_E_IO, EACCES, "f"), CF_E_PERMISSION);
    assert_rc(cf_fail_errno(&err, CF_E_IO, ENOMEM, "f"), CF_E_OOM);
    assert_rc(cf_fail_errno(&err, CF_E_NET, ECONNREFUSED, "f"), CF_E_NET);
    assert_rc(cf_fail_errno(&err, CF_E_IO, 12345, "f"), CF_E_IO);
    assert_string_equal(err.text, "f: error 12345");
}

static void
a_prefix_keeps_code_and_native_number(void **state)
{
    (void)state;
    struct cf_err err;

    (void)cf_fail_errno(&err, CF_E_IO, EIO, "read");
    assert_rc(cf_err_prefix(&err, "file %d", 3), CF_E_IO);
    assert_string_equal(err.text, "file 3: read: Input/output error");
    assert_int_equal(err.native, EIO);
}

static void
an_error_text_may_be_built_from_itself(void **state)
{
    (void)state;
    struct cf_err err;

    (void)cf_fail(&err, CF_E_NET, "inner");
    (void)cf_fail(&err, CF_E_HTTP, "outer (%s)", err.text);
    assert_string_equal(err.text, "outer (inner)");
}

static void
a_long_text_is_cut_between_characters(void **state)
{
    (void)state;
    struct cf_err err;
    char text[601];

    for (size_t i = 0; i < 600; i += 3)
        memcpy(text + i, "\xe2\x82\xac", 3);
    text[600] = '\0';
    (void)cf_fail(&err, CF_E_NET, "x%s", text);
    assert_int_equal(strlen(err.text), 1 + 84 * 3);
    assert_true(cf_text_is_utf8(err.text, strlen(err.text)));
}

static void
control_characters_never_reach_an_error_text(void **state)
{
    (void)state;
    struct cf_err err;

    (void)cf_fail(&err, CF_E_NET, "a\x1b[31m\nb\xff");
    assert_string_equal(err.text, "a?[31m?b?");
}

static void
every_code_is_named_and_found_by_its_name(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CF_E_MAX_; i++) {
        enum cf_rc rc = (enum cf_rc)i;
        assert_int_equal(cf_rc_from_name(cf_rc_name(rc)), rc);
        assert_true(strlen(cf_rc_text(rc)) > 0);
    }
    assert_rc(cf_rc_from_name("CF_E_NO_SUCH"), CF_E_BUG);
    assert_rc(cf_rc_from_name(NULL), CF_E_BUG);
    assert_string_equal(cf_rc_name(CF_E_MAX_), "CF_E_BUG");
    assert_string_equal(cf_fault_name(CF_FAULT_REQUEST), "request");
    assert_string_equal(cf_fault_name((enum cf_fault)99), "bug");
}

static void
cloud_codes_carry_the_published_names(void **state)
{
    (void)state;
    assert_int_equal(cf_rc_cloud_code(CF_E_NOT_FOUND), 4004);
    assert_string_equal(cf_cloud_code_name(CF_CLOUD_CERTIFICATE_NOT_FOUND),
                        "CertificateNotFoundError");
    assert_string_equal(cf_cloud_code_name((enum cf_cloud_code)1), "NonRetryableServiceException");
    assert_true(cf_cloud_code_is_retryable(CF_CLOUD_SERVICE_BUSY));
    assert_false(cf_cloud_code_is_retryable(CF_CLOUD_PAYLOAD_TOO_LARGE));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_has_its_default_fault_and_its_text),
        cmocka_unit_test(no_error_object_is_needed),
        cmocka_unit_test(success_is_no_error),
        cmocka_unit_test(errno_chooses_the_code_where_it_says_more),
        cmocka_unit_test(a_prefix_keeps_code_and_native_number),
        cmocka_unit_test(an_error_text_may_be_built_from_itself),
        cmocka_unit_test(a_long_text_is_cut_between_characters),
        cmocka_unit_test(control_characters_never_reach_an_error_text),
        cmocka_unit_test(every_code_is_named_and_found_by_its_name),
        cmocka_unit_test(cloud_codes_carry_the_published_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
