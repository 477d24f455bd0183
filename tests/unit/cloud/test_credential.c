/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cloud_lab.h"
#include "unit/base/unit.h"

static const int64_t DAY_MS = 24LL * 3600 * 1000;

/* What upkeep told, in order. */
static struct {
    enum cf_credential_news news;
    char text[1024];
    enum cf_rc rc;
} told[8];
static unsigned n_told;
static int64_t next_ms;

static void
listen(void *arg, enum cf_credential_news news, const char *text, const struct cf_err *err)
{
    (void)arg;
    assert_true(n_told < CF_COUNT(told));
    told[n_told].news = news;
    told[n_told].rc = err ? err->rc : CF_OK;
    strncpy(told[n_told].text, text, sizeof told[n_told].text - 1);
    n_told++;
}

static void
upkeep(void)
{
    n_told = 0;
    next_ms = 0;
    assert_ok(cf_cloud_connector.upkeep(&lab_connector->base, listen, NULL, &next_ms, &lab_err),
              lab_err);
    assert_true(next_ms > cf_clock_now_ms(lab_clock));
    assert_true(next_ms <= cf_clock_now_ms(lab_clock) + DAY_MS);
}

static void
expect_news(enum cf_credential_news news, const char *words)
{
    assert_int_equal(n_told, 1);
    assert_int_equal(told[0].news, news);
    assert_contains(told[0].text, words);
}

/* A new token, by whatever key works. */
static enum cf_rc
token(void)
{
    cf_own(cf_secret) secret = NULL;
    uint64_t life_s = 0;

    return cf_oauth_token(&lab_connector->oauth, "s/.default", &secret, &life_s, &lab_err);
}

static void
an_assertion_gets_a_token(void **state)
{
    (void)state;
    lab_identity("identity", 365, true);
    lab_open(CF_AUTH_CERTIFICATE);
    assert_ok(token(), lab_err);
    assert_contains(lab_last("token"), "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3A"
                                       "client-assertion-type%3Ajwt-bearer&client_assertion=ey");
    assert_null(strstr(lab_last("token"), "client_secret"));
}

static void
an_unknown_key_is_named(void **state)
{
    (void)state;
    lab_identity("identity", 365, false);
    lab_open(CF_AUTH_CERTIFICATE);
    assert_rc(token(), CF_E_AUTH);
    assert_contains(lab_err.text, "700027");
    assert_contains(lab_err.text, "upload the certificate");
}

static void
nothing_is_done_before_the_time(void **state)
{
    (void)state;
    lab_identity("identity", 365, true);
    lab_open(CF_AUTH_CERTIFICATE);
    upkeep();
    assert_int_equal(n_told, 0);
    assert_false(lab_exists("identity.next"));
    assert_int_equal(lab_count("/"), 0);
}

static void
a_renewal_goes_over_by_itself(void **state)
{
    char first[65];
    char second[65];

    (void)state;
    lab_tell("set", "{\"add_key\":true}");
    lab_identity("identity", 20, true);
    strcpy(first, lab_fingerprint("identity"));
    lab_open(CF_AUTH_CERTIFICATE);
    upkeep();
    expect_news(CF_CREDENTIAL_RENEWED, "registered");
    strcpy(second, lab_fingerprint("identity.next"));
    assert_string_equal(lab_fingerprint("identity"), first);
    assert_contains(lab_last("addKey"), "\"passwordCredential\":null");

    /* both are known to the tenant: the next token is the new key's, and it moves in */
    assert_ok(token(), lab_err);
    assert_string_equal(lab_fingerprint("identity"), second);
    assert_string_equal(lab_fingerprint("identity.old"), first);
    assert_false(lab_exists("identity.next"));
    upkeep();
    expect_news(CF_CREDENTIAL_RENEWED, "in use");
    upkeep();
    assert_int_equal(n_told, 0);
}

static void
the_old_key_serves_until_the_new_one_is_known(void **state)
{
    char first[65];

    (void)state;
    lab_tell("set", "{\"add_key\":true}");
    lab_identity("identity", 20, true);
    strcpy(first, lab_fingerprint("identity"));
    lab_open(CF_AUTH_CERTIFICATE);
    upkeep();
    lab_tell("set", "{\"forget\":1}"); /* the next assertion, the successor's, is not known yet */
    assert_ok(token(), lab_err);
    assert_string_equal(lab_fingerprint("identity"), first);
    assert_true(lab_exists("identity.next"));
    /* it is left alone for a while */
    int before = lab_count("token");
    assert_ok(token(), lab_err);
    assert_int_equal(lab_count("token"), before + 1);
    assert_true(lab_exists("identity.next"));
    upkeep();
    assert_int_equal(n_told, 0);
    assert_int_equal(lab_count("addKey"), 1);
    cf_clock_fake_advance(lab_clock, 11 * 60 * 1000);
    assert_ok(token(), lab_err);
    assert_false(lab_exists("identity.next"));
    assert_string_equal(lab_fingerprint("identity.old"), first);
}

static void
a_refusal_asks_the_administrator(void **state)
{
    (void)state;
    lab_identity("identity", 20, true);
    lab_open(CF_AUTH_CERTIFICATE);
    upkeep();
    expect_news(CF_CREDENTIAL_EXPIRING, "identity.next.crt");
    assert_int_equal(told[0].rc, CF_E_AUTH);
    assert_true(lab_exists("identity.next.crt"));
    assert_true(lab_exists("identity.next"));
    assert_ok(token(), lab_err); /* the old key goes on */
    /* within a day neither the directory nor the log hears of it again */
    cf_clock_fake_advance(lab_clock, DAY_MS / 2);
    upkeep();
    assert_int_equal(n_told, 0);
    assert_int_equal(lab_count("addKey"), 1);
    cf_clock_fake_advance(lab_clock, DAY_MS / 2);
    upkeep();
    expect_news(CF_CREDENTIAL_EXPIRING, "identity.next.crt");
    assert_int_equal(lab_count("addKey"), 2);
}

static void
an_uploaded_successor_is_taken_up_by_upkeep(void **state)
{
    char second[65];

    (void)state;
    lab_identity("identity", 20, true);
    lab_identity("identity.next", 365, true); /* as if the administrator had uploaded it */
    strcpy(second, lab_fingerprint("identity.next"));
    lab_open(CF_AUTH_CERTIFICATE);
    upkeep();
    expect_news(CF_CREDENTIAL_RENEWED, "in use");
    assert_string_equal(lab_fingerprint("identity"), second);
    assert_false(lab_exists("identity.next"));
    assert_int_equal(lab_count("addKey"), 0);
}

static void
a_restart_registers_the_same_successor(void **state)
{
    char second[65];

    (void)state;
    lab_tell("set", "{\"add_key\":true}");
    lab_identity("identity", 20, true);
    lab_identity("identity.next", 365, false); /* as if killed before it was registered */
    strcpy(second, lab_fingerprint("identity.next"));
    lab_open(CF_AUTH_CERTIFICATE);
    upkeep();
    expect_news(CF_CREDENTIAL_RENEWED, "registered");
    assert_string_equal(lab_fingerprint("identity.next"), second);
    lab_open(CF_AUTH_CERTIFICATE); /* killed again: the note on disk is remembered */
    assert_ok(token(), lab_err);
    assert_string_equal(lab_fingerprint("identity"), second);
    assert_int_equal(lab_count("addKey"), 1);
}

static void
trouble_on_the_way_keeps_everything(void **state)
{
    char first[65];

    (void)state;
    lab_identity("identity", 20, true);
    strcpy(first, lab_fingerprint("identity"));
    lab_open(CF_AUTH_CERTIFICATE);
    lab_tell("rules", "[{\"match\":\"addKey\",\"status\":503}]");
    upkeep();
    expect_news(CF_CREDENTIAL_FAILED, "tried again");
    assert_int_equal(told[0].rc, CF_E_HTTP);
    assert_string_equal(lab_fingerprint("identity"), first);
    char second[65];
    strcpy(second, lab_fingerprint("identity.next"));
    lab_tell("set", "{\"add_key\":true}");
    cf_clock_fake_advance(lab_clock, 15 * 60 * 1000);
    upkeep();
    expect_news(CF_CREDENTIAL_RENEWED, "registered");
    assert_string_equal(lab_fingerprint("identity.next"), second);
}

static void
without_renewal_it_only_warns(void **state)
{
    (void)state;
    lab_settings.assertion_renew = false;
    lab_identity("identity", 20, true);
    lab_open(CF_AUTH_CERTIFICATE);
    upkeep();
    expect_news(CF_CREDENTIAL_EXPIRING, "certferry enroll");
    assert_false(lab_exists("identity.next"));
}

static void
a_missing_or_damaged_key_is_told(void **state)
{
    (void)state;
    lab_open(CF_AUTH_CERTIFICATE);
    upkeep();
    expect_news(CF_CREDENTIAL_FAILED, "cannot be used");
    assert_int_equal(told[0].rc, CF_E_NOT_FOUND);
    lab_identity("identity", 20, true);
    lab_write("identity.next", "half a file");
    upkeep();
    expect_news(CF_CREDENTIAL_FAILED, "remove it");
    assert_int_equal(told[0].rc, CF_E_CONFIG);
    assert_ok(token(), lab_err); /* and the current one goes on */
}

static void
an_expired_successor_is_replaced(void **state)
{
    char stale[65];

    (void)state;
    lab_tell("set", "{\"add_key\":true}");
    lab_identity("identity", 20, true);
    lab_identity("identity.next", 1, false);
    strcpy(stale, lab_fingerprint("identity.next"));
    cf_clock_fake_advance(lab_clock, 2 * DAY_MS);
    lab_open(CF_AUTH_CERTIFICATE);
    upkeep();
    expect_news(CF_CREDENTIAL_RENEWED, "registered");
    assert_string_not_equal(lab_fingerprint("identity.next"), stale);
}

static void
a_client_secret_needs_no_upkeep(void **state)
{
    (void)state;
    lab_open(CF_AUTH_SECRET);
    upkeep();
    assert_int_equal(n_told, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, lab_setup, lab_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_assertion_gets_a_token),
        TEST(an_unknown_key_is_named),
        TEST(nothing_is_done_before_the_time),
        TEST(a_renewal_goes_over_by_itself),
        TEST(the_old_key_serves_until_the_new_one_is_known),
        TEST(a_refusal_asks_the_administrator),
        TEST(an_uploaded_successor_is_taken_up_by_upkeep),
        TEST(a_restart_registers_the_same_successor),
        TEST(trouble_on_the_way_keeps_everything),
        TEST(without_renewal_it_only_warns),
        TEST(a_missing_or_damaged_key_is_told),
        TEST(an_expired_successor_is_replaced),
        TEST(a_client_secret_needs_no_upkeep),
    };

    return cmocka_run_group_tests(tests, lab_start, lab_end);
}
