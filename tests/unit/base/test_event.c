/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <string.h>

#include "certferry/buf.h"
#include "certferry/log.h"
#include "certferry/text.h"

static void
every_event_has_an_id_of_its_own(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CF_EV_MAX_; i++) {
        const struct cf_event_info *info = cf_event_info((enum cf_event)i);
        assert_non_null(info->message_id);
        assert_int_equal(strlen(info->message_id), 32);
        assert_int_equal(strspn(info->message_id, "0123456789abcdef"), 32);
        for (unsigned j = 0; j < i; j++)
            assert_string_not_equal(info->message_id, cf_event_info((enum cf_event)j)->message_id);
    }
}

static void
every_event_explains_itself_in_lines_of_76_columns(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CF_EV_MAX_; i++) {
        const struct cf_event_info *info = cf_event_info((enum cf_event)i);
        const char *line = info->explanation;

        assert_true(strlen(info->subject) > 10);
        assert_true(info->priority >= 2 && info->priority <= 7);
        /* What happened and what it means; what to do. */
        assert_non_null(strstr(info->explanation, "\n\n"));
        while (*line) {
            size_t len = strcspn(line, "\n");
            if (len > 76)
                fail_msg("%s: line of %zu columns", info->name, len);
            assert_int_equal(line[len], '\n');
            line += len + 1;
        }
    }
}

static void
field_references_name_fields_that_exist(void **state)
{
    (void)state;
    static const char FIELDS[] = " REQUEST KIND STATE DEVICE CA BACKEND TEMPLATE SERIAL SUBJECT "
                                 "ACTIVITY TRANSACTION PROFILE REMOTE ERROR FAULT NATIVE ";

    for (unsigned i = 0; i < CF_EV_MAX_; i++) {
        const struct cf_event_info *info = cf_event_info((enum cf_event)i);
        const char *at = strchr(info->explanation, '@');
        for (; at; at = strchr(at, '@')) {
            char name[32] = " ";
            size_t len = strcspn(at + 1, "@");
            assert_true(cf_text_starts_with(at, "@CERTFERRY_") && len < 28);
            strncat(name, at + sizeof "@CERTFERRY_" - 1, len - 10);
            strcat(name, " ");
            if (!strstr(FIELDS, name))
                fail_msg("%s: no field%s", info->name, name);
            at += len + 2;
        }
    }
}

static void
an_event_that_is_none_is_an_internal_error(void **state)
{
    (void)state;
    assert_string_equal(cf_event_info(CF_EV_MAX_)->name, "INTERNAL_ERROR");
}

static void
the_catalog_has_an_entry_per_event(void **state)
{
    (void)state;
    struct cf_err err;
    cf_own(cf_buf) out = cf_buf_new(1 << 20);
    unsigned n = 0;

    assert_ok(cf_log_catalog(out, &err), err);
    for (const char *at = strstr(cf_buf_str(out), "\n-- "); at; at = strstr(at + 1, "\n-- "))
        n++;
    assert_int_equal(n, CF_EV_MAX_);
    assert_contains(cf_buf_str(out), "Subject: A certificate was issued\n");

    cf_own(cf_buf) small = cf_buf_new(100);
    assert_rc(cf_log_catalog(small, &err), CF_E_LIMIT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_event_has_an_id_of_its_own),
        cmocka_unit_test(every_event_explains_itself_in_lines_of_76_columns),
        cmocka_unit_test(field_references_name_fields_that_exist),
        cmocka_unit_test(an_event_that_is_none_is_an_internal_error),
        cmocka_unit_test(the_catalog_has_an_entry_per_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
