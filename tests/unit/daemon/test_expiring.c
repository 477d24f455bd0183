/* SPDX-License-Identifier: Apache-2.0 */
/* The command `expiring`: which certificates it lists, and how it pages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "certferry/ctl.h"
#include "certferry/text.h"
#include "unit/daemon/daemon_kit.h"

#define DAY (INT64_C(24) * 60 * 60 * 1000)

static struct daemon_kit kit;

static int
set_up(void **state)
{
    (void)state;
    daemon_kit_open(&kit);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    daemon_kit_close(&kit);
    return 0;
}

/* A certificate of 100 days that ends in so many; gives its id. */
static int64_t
issue(const char *serial, int64_t days_left, unsigned percent, int64_t renews_id)
{
    struct cf_store *store = kit.daemon.store;
    int64_t now = cf_clock_now_ms(cf_clock_real());
    struct cf_ledger_entry entry = {.issuer = (char[]){"CN=CA"},
                                    .serial = strdup(serial),
                                    .device_id = (char[]){"device-1"},
                                    .profile_id = (char[]){"profile-1"},
                                    .not_before_ms = now + (days_left - 100) * DAY,
                                    .not_after_ms = now + days_left * DAY,
                                    .renewal_threshold_percent = percent,
                                    .renews_id = renews_id};
    struct cf_ledger_filter filter = {.serial = serial, .limit = 1};
    struct cf_ledger ledger = {0};
    cf_own(cf_item) item = NULL;

    daemon_kit_receive(&kit, serial);
    assert_int_equal(
        store->ops->claim_one(store, "w", CF_KIND_PKCS, serial, now, now + DAY, &item, NULL),
        CF_OK);
    const struct cf_change change = {.item = item, .from = item->state, .issued = &entry};
    assert_int_equal(store->ops->commit(store, "w", &change, 1, NULL), CF_OK);
    assert_int_equal(store->ops->ledger(store, &filter, &ledger, NULL), CF_OK);
    int64_t id = ledger.entry[0]->id;
    cf_ledger_done(&ledger);
    cf_charp_free(&entry.serial);
    return id;
}

/* The serials in the answer, joined, and "..." when there may be more; or words of the error. */
static void
expect(const char *members, const char *expected)
{
    char line[256], found[256] = "";
    cf_own(cf_json) document = NULL;
    const struct cf_json *object = NULL, *array = NULL, *element = NULL;
    const char *text = NULL;
    bool ok = false;

    (void)snprintf(line, sizeof line, "{\"command\":\"expiring\"%s}", members);
    cf_own_str answer = daemon_kit_ask(&kit, line, strlen(line));
    assert_int_equal(
        cf_json_parse(cf_bytes_of(answer, strlen(answer) - 1), CF_CTL_ANSWER_MAX, &document, NULL),
        CF_OK);
    assert_int_equal(cf_json_bool(document, "ok", &ok, NULL), CF_OK);
    assert_int_equal(cf_json_object(document, ok ? "result" : "error", &object, NULL), CF_OK);
    if (!ok) {
        assert_int_equal(cf_json_string(object, "text", 1, 256, &text, NULL), CF_OK);
        if (!strstr(text, expected))
            fail_msg("'%s' is not in: %s", expected, text);
        return;
    }
    assert_int_equal(cf_json_array(object, "certificates", 1000, &array, NULL), CF_OK);
    for (size_t i = 0; i < cf_json_length(array); i++) {
        assert_int_equal(cf_json_at_object(array, i, &element, NULL), CF_OK);
        assert_int_equal(cf_json_string(element, "serial", 1, 64, &text, NULL), CF_OK);
        strcat(found, i ? " " : "");
        strcat(found, text);
    }
    strcat(found, cf_json_has(object, "after") ? " ..." : "");
    assert_string_equal(found, expected);
}

static void
lists_what_ends_within_the_days_asked_for(void **state)
{
    (void)state;
    (void)issue("01", 29, 20, 0);
    (void)issue("02", 31, 0, 0);
    (void)issue("03", -1, 20, 0);
    (void)issue("04", -31, 20, 0);
    expect("", "01");
    expect(",\"days\":32", "01 02");
    expect(",\"which\":\"ending\",\"days\":1", "");
    expect(",\"which\":\"ended\"", "03");
    expect(",\"which\":\"ended\",\"days\":32", "03 04");
}

static void
lists_what_should_have_been_renewed(void **state)
{
    (void)state;
    (void)issue("01", 21, 20, 0);
    (void)issue("02", 19, 20, 0);
    (void)issue("03", 1, 0, 0);
    (void)issue("04", -1, 20, 0);
    (void)issue("05", 98, 99, 0);
    expect(",\"which\":\"due\"", "02 05");
}

static void
leaves_out_what_is_revoked_or_replaced(void **state)
{
    struct cf_store *store = kit.daemon.store;

    (void)state;
    int64_t revoked = issue("01", 5, 20, 0);
    int64_t replaced = issue("02", 5, 20, 0);
    assert_int_equal(store->ops->ledger_revoke(store, revoked, 1, 1, NULL), CF_OK);
    (void)issue("03", 90, 20, replaced);
    (void)issue("04", 5, 20, 0);
    expect("", "04");
    expect(",\"which\":\"due\"", "04");
    expect(",\"days\":365", "03 04");
}

static void
comes_in_pages(void **state)
{
    (void)state;
    int64_t first = issue("01", 5, 20, 0);
    (void)issue("02", 5, 20, 0);
    (void)issue("03", 5, 20, 0);
    expect(",\"limit\":2", "01 02 ...");
    char members[64];
    (void)snprintf(members, sizeof members, ",\"limit\":3,\"after\":%lld", (long long)first);
    expect(members, "02 03");
}

static void
says_when_the_renewal_was_due(void **state)
{
    (void)state;
    static const char line[] = "{\"command\":\"expiring\"}";
    char time[CF_TEXT_TIME_SIZE];

    (void)issue("01", 5, 20, 0);
    cf_text_from_time(cf_clock_now_ms(cf_clock_real()) - 15 * DAY, time);
    cf_own_str answer = daemon_kit_ask(&kit, line, strlen(line));
    assert_non_null(strstr(answer, "\"renewalThresholdPercent\":20"));
    char expected[64];
    (void)snprintf(expected, sizeof expected, "\"renewalUtc\":\"%.10s", time); /* the day */
    assert_non_null(strstr(answer, expected));
    (void)issue("02", 5, 0, 0);
    cf_own_str other = daemon_kit_ask(&kit, line, strlen(line));
    assert_non_null(strstr(other, "\"renewalUtc\":null"));
}

static void
refuses_what_it_does_not_know(void **state)
{
    (void)state;
    expect(",\"which\":\"soon\"", "'soon' is none of");
    expect(",\"days\":0", "days");
    expect(",\"days\":3661", "days");
    expect(",\"limit\":1001", "limit");
    expect(",\"after\":-1", "after");
    expect(",\"which\":7", "which");
}

int
main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(lists_what_ends_within_the_days_asked_for),
        TEST(lists_what_should_have_been_renewed),
        TEST(leaves_out_what_is_revoked_or_replaced),
        TEST(comes_in_pages),
        TEST(says_when_the_renewal_was_due),
        TEST(refuses_what_it_does_not_know),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
