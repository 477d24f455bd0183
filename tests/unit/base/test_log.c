/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../src/base/log_limit.h"
#include "../../../src/base/log_write.h"
#include "certferry/log.h"

struct seen {
    unsigned n;
    enum cf_event event;
    int priority;
    char message[1200];
    char device[64];
};

static void
see(void *arg, enum cf_event event, int priority, const char *message,
    const struct cf_log_fields *fields)
{
    struct seen *seen = arg;

    seen->n++;
    seen->event = event;
    seen->priority = priority;
    (void)snprintf(seen->message, sizeof seen->message, "%s", message);
    (void)snprintf(seen->device, sizeof seen->device, "%s", fields->device ? fields->device : "");
}

static int
reset(void **state)
{
    (void)state;
    cf_log_set_sink(NULL, NULL);
    cf_log_set_level(6);
    return 0;
}

static void
an_entry_carries_message_priority_and_fields(void **state)
{
    (void)state;
    struct seen seen = {0};

    cf_log_set_sink(see, &seen);
    errno = EPROTO;
    cf_log(CF_EV_CERTIFICATE_ISSUED, &(struct cf_log_fields){.device = "d1"}, "serial %d", 7);
    assert_int_equal(errno, EPROTO);
    assert_int_equal(seen.n, 1);
    assert_int_equal(seen.event, CF_EV_CERTIFICATE_ISSUED);
    assert_int_equal(seen.priority, 5);
    assert_string_equal(seen.message, "serial 7");
    assert_string_equal(seen.device, "d1");
}

static void
the_text_of_an_error_ends_the_message(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct cf_err err;

    cf_log_set_sink(see, &seen);
    (void)cf_fail(&err, CF_E_NET, "host is down");
    cf_log(CF_EV_CA_UNAVAILABLE, &(struct cf_log_fields){.err = &err}, "CA one");
    assert_string_equal(seen.message, "CA one: host is down");
    cf_log(CF_EV_CA_UNAVAILABLE, NULL, "no fields");
    assert_string_equal(seen.message, "no fields");
}

static void
entries_below_the_level_are_not_written(void **state)
{
    (void)state;
    struct seen seen = {0};

    cf_log_set_sink(see, &seen);
    cf_log(CF_EV_REQUEST_RECEIVED, NULL, "debug");
    assert_int_equal(seen.n, 0);
    cf_log_set_level(7);
    cf_log(CF_EV_REQUEST_RECEIVED, NULL, "debug");
    assert_int_equal(seen.n, 1);
}

static void
a_message_cannot_forge_another_line(void **state)
{
    (void)state;
    struct seen seen = {0};

    cf_log_set_sink(see, &seen);
    cf_log(CF_EV_DAEMON_STARTED, NULL, "a\n<3> FORGED \x1b[2J");
    assert_string_equal(seen.message, "a?<3> FORGED ?[2J");
}

static void
a_flood_is_cut_at_the_burst(void **state)
{
    (void)state;
    struct seen seen = {0};
    unsigned burst = cf_event_info(CF_EV_CLOUD_NONSENSE)->burst_per_min;

    cf_log_set_sink(see, &seen);
    for (unsigned i = 0; i < burst + 100; i++)
        cf_log(CF_EV_CLOUD_NONSENSE, NULL, "x");
    assert_int_equal(seen.n, burst);
    cf_log(CF_EV_STORE_FAILED, NULL, "another event still passes");
    assert_int_equal(seen.n, burst + 1);
}

static void
the_next_minute_tells_how_many_were_left_out(void **state)
{
    (void)state;
    struct cf_log_limit limit = {0};
    uint64_t left_out = 9;

    assert_true(cf_log_limit_pass(&limit, 2, 1000, &left_out));
    assert_int_equal(left_out, 0);
    assert_true(cf_log_limit_pass(&limit, 2, 2000, &left_out));
    assert_false(cf_log_limit_pass(&limit, 2, 3000, &left_out));
    assert_false(cf_log_limit_pass(&limit, 2, 60999, &left_out));
    assert_true(cf_log_limit_pass(&limit, 2, 61000, &left_out));
    assert_int_equal(left_out, 2);
    assert_true(cf_log_limit_pass(&limit, 2, 61001, &left_out));
    assert_int_equal(left_out, 0);
    for (int i = 0; i < 100; i++)
        assert_true(cf_log_limit_pass(&limit, 0, 61002, &left_out));
}

static void
a_line_for_stderr_quotes_what_would_mislead(void **state)
{
    (void)state;
    struct cf_err err;
    char line[1024];
    struct cf_log_entry entry = {.info = cf_event_info(CF_EV_REQUEST_FAILED), .priority = 4};

    (void)cf_fail_errno(&err, CF_E_NET, ECONNREFUSED, "x");
    (void)snprintf(entry.message, sizeof entry.message, "failed");
    cf_log_collect(&entry, &(struct cf_log_fields){.request = "r 1",
                                                   .state = "keyed",
                                                   .subject = "CN=\"a\"\n",
                                                   .template_name = "",
                                                   .err = &err});
    size_t len = cf_log_line(&entry, line, sizeof line);
    line[len] = '\0';
    assert_string_equal(line,
                        "<4> REQUEST_FAILED failed request=\"r 1\" state=keyed "
                        "subject=\"CN=\\\"a\\\"?\" error=CF_E_NET fault=transient native=111\n");
}

static void
a_line_too_long_is_cut_but_ends(void **state)
{
    (void)state;
    char line[32];
    struct cf_log_entry entry = {.info = cf_event_info(CF_EV_REQUEST_FAILED), .priority = 4};

    memset(entry.message, 'x', 100);
    assert_int_equal(cf_log_line(&entry, line, sizeof line), sizeof line);
    assert_int_equal(line[31], '\n');
}

static void
the_journal_is_known_by_device_and_inode(void **state)
{
    (void)state;
    struct stat st;
    char name[64];

    assert_int_equal(fstat(STDIN_FILENO, &st), 0);
    (void)snprintf(name, sizeof name, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    assert_true(cf_log_is_journal(name, STDIN_FILENO));
    assert_false(cf_log_is_journal("1:2", STDIN_FILENO));
    assert_false(cf_log_is_journal("", STDIN_FILENO));
    assert_false(cf_log_is_journal(NULL, STDIN_FILENO));
    assert_false(cf_log_is_journal(name, -1));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(an_entry_carries_message_priority_and_fields, reset),
        cmocka_unit_test_teardown(the_text_of_an_error_ends_the_message, reset),
        cmocka_unit_test_teardown(entries_below_the_level_are_not_written, reset),
        cmocka_unit_test_teardown(a_message_cannot_forge_another_line, reset),
        cmocka_unit_test_teardown(a_flood_is_cut_at_the_burst, reset),
        cmocka_unit_test(the_next_minute_tells_how_many_were_left_out),
        cmocka_unit_test(a_line_for_stderr_quotes_what_would_mislead),
        cmocka_unit_test(a_line_too_long_is_cut_but_ends),
        cmocka_unit_test(the_journal_is_known_by_device_and_inode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
