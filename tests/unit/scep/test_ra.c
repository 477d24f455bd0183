/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "unit/scep/ra_kit.h"

enum { TICKS_MAX = 40 };

#define ROUND_MS INT64_C(30000)

static struct ra_node a, b;

static void
start_both(void)
{
    ra_node_start(&a, "a", false);
    ra_node_start(&b, "b", false);
}

static void
stop_both(void)
{
    ra_node_stop(&a);
    ra_node_stop(&b);
}

/* Both nodes look after their keys for a while. */
static void
run_both(unsigned n_rounds)
{
    for (unsigned i = 0; i < n_rounds; i++) {
        ra_node_tick(&a);
        ra_node_tick(&b);
        ra_advance(ROUND_MS);
    }
}

static void
assert_same_bundle(void)
{
    struct cf_bytes first = ra_bundle(&a);
    cf_own(cf_buf) of_a = cf_buf_copy(first);
    struct cf_bytes of_b = ra_bundle(&b);

    assert_true(of_b.len > 0);
    assert_true(cf_bytes_equal(cf_buf_bytes(of_a), of_b));
}

static void
the_first_certificates_are_shown_at_once(void **state)
{
    cf_own(cf_scep_keys) keys = NULL;
    struct cf_err err = {0};

    (void)state;
    ra_node_start(&a, "a", false);
    assert_int_equal(cf_scep_keyring_keys(a.keyring, "corp", &keys, &err), CF_E_NOT_FOUND);
    assert_contains(err.text, "no RA certificates yet");
    ra_node_tick(&a);
    assert_ok(cf_scep_keyring_keys(a.keyring, "corp", &keys, &err), err);
    const struct cf_scep_ra_pair *shown = cf_scep_keys_shown(keys, cf_clock_now_ms(ra_world.clock));
    assert_ptr_not_equal(shown->sign.cert, shown->encryption.cert);
    assert_ptr_not_equal(shown->sign.key, shown->encryption.key);
    assert_int_equal(ra_generations(), 1);
    assert_false(ra_is_pending());
    assert_int_equal(ra_logged[CF_EV_RA_OBTAINED], 1);
    ra_node_stop(&a);
    /* Who has keys keeps them. */
    assert_non_null(cf_scep_keys_shown(keys, 0)->sign.key);
}

static void
the_bundle_has_its_certificates_in_the_order_that_clients_want(void **state)
{
    cf_own(cf_scep_keys) keys = NULL;
    cf_own(cf_scep_profiles) profiles = NULL;
    struct cf_bytes certs[CF_SCEP_BUNDLE_MAX];
    int64_t now = cf_clock_now_ms(ra_world.clock);

    (void)state;
    ra_node_start(&a, "a", false);
    ra_node_tick(&a);
    assert_int_equal(cf_scep_keyring_keys(a.keyring, "corp", &keys, NULL), CF_OK);
    profiles = cf_scep_profile_cache_get(a.profiles);
    const struct cf_scep_ra_pair *shown = cf_scep_keys_shown(keys, now);
    assert_int_equal(cf_scep_keys_bundle(keys, &profiles->cas[0], false, now, certs), 3);
    assert_true(cf_bytes_equal(certs[0], cf_cert_der(shown->sign.cert)));
    assert_true(cf_bytes_equal(certs[1], cf_cert_der(shown->encryption.cert)));
    assert_true(cf_bytes_equal(certs[2], cf_cert_der(cf_chain_at(profiles->cas[0].chain, 0))));
    ra_node_stop(&a);
}

static void
one_template_makes_one_certificate_for_both(void **state)
{
    cf_own(cf_scep_keys) keys = NULL;

    (void)state;
    ra_settings.ra_encryption_template = ra_settings.ra_sign_template;
    ra_node_start(&a, "a", false);
    ra_node_tick(&a);
    assert_int_equal(cf_scep_keyring_keys(a.keyring, "corp", &keys, NULL), CF_OK);
    const struct cf_scep_ra_pair *shown = cf_scep_keys_shown(keys, 0);
    assert_ptr_equal(shown->sign.cert, shown->encryption.cert);
    assert_ptr_equal(shown->sign.key, shown->encryption.key);
    assert_int_equal(ra_world.n_requests, 1);
    ra_node_stop(&a);
    /* Another node reads the same. */
    ra_node_start(&b, "b", false);
    ra_node_tick(&b);
    assert_int_equal(ra_decrypters(&b), 1);
    ra_node_stop(&b);
}

static void
two_nodes_make_one_generation(void **state)
{
    (void)state;
    start_both();
    run_both(4);
    assert_int_equal(ra_generations(), 1);
    assert_int_equal(ra_world.n_requests, 2);
    assert_same_bundle();
    stop_both();
}

static void
tick_b(void)
{
    ra_node_tick(&b);
}

static void
a_node_that_was_slower_takes_the_other_one_s_keys(void **state)
{
    (void)state;
    start_both();
    ra_world.before_put = tick_b;
    ra_node_tick(&a);
    assert_int_equal(ra_generations(), 1);
    assert_int_equal(ra_world.n_requests, 2);
    assert_same_bundle();
    stop_both();
}

/* Up to the time of the renewal. */
static void
live_until_renewal(void)
{
    start_both();
    run_both(2);
    ra_advance(ra_world.validity_ms - 30 * LAB_DAY_MS);
}

static void
all_nodes_change_to_new_certificates_at_the_same_time(void **state)
{
    (void)state;
    live_until_renewal();
    cf_own(cf_buf) old = cf_buf_copy(ra_bundle(&a));
    ra_node_tick(&a);
    assert_int_equal(ra_generations(), 2);
    assert_true(cf_bytes_equal(ra_bundle(&a), cf_buf_bytes(old)));
    ra_advance(2 * ROUND_MS - 1);
    ra_node_tick(&b);
    assert_true(cf_bytes_equal(ra_bundle(&a), cf_buf_bytes(old)));
    assert_same_bundle();
    ra_advance(1);
    assert_false(cf_bytes_equal(ra_bundle(&a), cf_buf_bytes(old)));
    assert_same_bundle();
    stop_both();
}

static void
a_replaced_key_decrypts_until_the_overlap_is_over(void **state)
{
    cf_own(cf_scep_keys) keys = NULL;
    cf_own(cf_buf) old = NULL;

    (void)state;
    live_until_renewal();
    assert_int_equal(cf_scep_keyring_keys(a.keyring, "corp", &keys, NULL), CF_OK);
    old = cf_buf_copy(cf_cert_der(cf_scep_keys_shown(keys, 0)->encryption.cert));
    run_both(4);
    assert_int_equal(ra_decrypters(&a), 2);
    assert_true(ra_can_open(&a, cf_buf_bytes(old)) && ra_can_open(&b, cf_buf_bytes(old)));
    ra_advance((int64_t)ra_settings.ra_overlap_ms - 4 * ROUND_MS);
    run_both(1);
    assert_true(ra_can_open(&a, cf_buf_bytes(old)) && ra_can_open(&b, cf_buf_bytes(old)));
    ra_advance(4 * ROUND_MS);
    run_both(2);
    assert_int_equal(ra_generations(), 1);
    assert_false(ra_can_open(&a, cf_buf_bytes(old)) || ra_can_open(&b, cf_buf_bytes(old)));
    assert_int_equal(ra_logged[CF_EV_RA_RETIRED], 1);
    assert_same_bundle();
    stop_both();
}

/* The node that began dies after `n_calls`; the other one and, later, the restarted one go on.
 * False when it had not to die. */
static bool
renew_with_a_death(int n_calls, bool loses_answer)
{
    start_both();
    run_both(2);
    ra_advance(ra_world.validity_ms - 30 * LAB_DAY_MS);
    size_t n_before = ra_world.n_requests;
    cf_own(cf_buf) old = cf_buf_copy(ra_bundle(&b));

    a.backend.calls_left = n_calls;
    a.backend.loses_answer = loses_answer;
    ra_node_tick(&a);
    bool has_died = a.backend.calls_left == 0;
    ra_node_stop(&a);
    for (unsigned i = 0; i < TICKS_MAX; i++) {
        ra_node_tick(&b);
        assert_true(ra_bundle(&b).len > 0);
        ra_advance(ROUND_MS);
    }
    ra_node_start(&a, "a", false);
    run_both(3);
    assert_int_equal(ra_generations(), 2);
    assert_false(ra_is_pending());
    assert_int_equal(ra_world.n_requests, n_before + 2);
    assert_false(cf_bytes_equal(ra_bundle(&b), cf_buf_bytes(old)));
    assert_same_bundle();
    assert_int_equal(ra_decrypters(&a), 2);
    stop_both();
    return has_died;
}

static void
a_node_may_die_between_any_two_steps(void **state)
{
    unsigned n_deaths = 0;

    for (unsigned loses_answer = 0; loses_answer < 2; loses_answer++) {
        bool has_died = true;

        for (int n_calls = 1; has_died; n_calls++) {
            has_died = renew_with_a_death(n_calls, loses_answer == 1);
            n_deaths += has_died;
            ra_tear_down(state);
            ra_set_up(state);
        }
    }
    /* Two times: read, begin, read, two requests, write, read. */
    assert_true(n_deaths >= 14);
}

static void
approval_may_take_days_and_another_node(void **state)
{
    (void)state;
    start_both();
    ra_world.answer = CF_SCEP_ANSWER_PENDING;
    ra_node_tick(&a);
    assert_true(ra_is_pending());
    ra_node_stop(&a);
    for (unsigned i = 0; i < 300; i++) {
        ra_node_tick(&b);
        ra_advance(10 * ROUND_MS);
    }
    assert_int_equal(ra_generations(), 0);
    assert_int_equal(ra_world.n_requests, 2);
    assert_true(ra_logged[CF_EV_RA_PENDING] >= 1 && ra_logged[CF_EV_RA_PENDING] < 8);
    ra_world.answer = CF_SCEP_ANSWER_ISSUED;
    ra_advance(20 * ROUND_MS);
    ra_node_tick(&b);
    assert_int_equal(ra_generations(), 1);
    assert_int_equal(ra_world.n_requests, 2);
    ra_node_start(&a, "a", false);
    ra_node_tick(&a);
    assert_same_bundle();
    stop_both();
}

static void
a_request_that_was_refused_is_not_repeated_but_made_anew(void **state)
{
    (void)state;
    ra_node_start(&a, "a", false);
    ra_world.answer = CF_SCEP_ANSWER_FAILED;
    ra_node_tick(&a);
    assert_false(ra_is_pending());
    assert_int_equal(ra_world.n_requests, 1);
    assert_int_equal(ra_logged[CF_EV_RA_FAILED], 1);
    assert_contains(ra_last_log[CF_EV_RA_FAILED], "the CA says no");
    assert_contains(ra_last_log[CF_EV_RA_FAILED], "no RA certificates to use");
    ra_advance(ROUND_MS);
    ra_node_tick(&a);
    assert_int_equal(ra_world.n_requests, 1);
    ra_world.answer = CF_SCEP_ANSWER_ISSUED;
    ra_advance(30 * ROUND_MS);
    ra_node_tick(&a);
    assert_int_equal(ra_world.n_requests, 3);
    assert_int_equal(ra_generations(), 1);
    ra_node_stop(&a);
}

static void
a_renewal_that_fails_tells_the_days_that_are_left(void **state)
{
    (void)state;
    ra_node_start(&a, "a", false);
    ra_node_tick(&a);
    ra_advance(ra_world.validity_ms - 30 * LAB_DAY_MS + ROUND_MS);
    ra_world.answer = CF_SCEP_ANSWER_LATER;
    for (unsigned i = 0; i < 20; i++) {
        ra_node_tick(&a);
        ra_advance(ROUND_MS);
    }
    assert_int_equal(ra_logged[CF_EV_RA_FAILED], 1);
    assert_contains(ra_last_log[CF_EV_RA_FAILED], "29 days are left");
    assert_true(ra_bundle(&a).len > 0);
    ra_advance(2 * LAB_DAY_MS);
    ra_node_tick(&a);
    assert_contains(ra_last_log[CF_EV_RA_FAILED], "27 days are left");
    ra_advance(40 * LAB_DAY_MS);
    ra_node_tick(&a);
    assert_contains(ra_last_log[CF_EV_RA_FAILED], "have expired");
    ra_node_stop(&a);
}

static void
certificates_that_were_revoked_are_replaced_at_once(void **state)
{
    (void)state;
    start_both();
    run_both(2);
    cf_own(cf_buf) old = cf_buf_copy(ra_bundle(&a));
    ra_revoke_newest();
    run_both(1);
    assert_int_equal(ra_world.n_requests, 4);
    assert_false(cf_bytes_equal(ra_bundle(&a), cf_buf_bytes(old)));
    run_both(2);
    assert_int_equal(ra_generations(), 1);
    assert_int_equal(ra_decrypters(&a), 1);
    assert_int_equal(ra_world.n_requests, 4);
    assert_same_bundle();
    stop_both();
}

static void
a_ca_with_another_key_gets_other_certificates(void **state)
{
    (void)state;
    start_both();
    run_both(2);
    ra_use_ca("Issuing CA");
    run_both(4);
    assert_int_equal(ra_world.n_requests, 4);
    assert_int_equal(ra_generations(), 2);
    assert_int_equal(ra_decrypters(&b), 2);
    assert_same_bundle();
    stop_both();
}

static void
short_lived_certificates_are_renewed_at_half_of_their_life(void **state)
{
    (void)state;
    ra_world.validity_ms = 2 * LAB_DAY_MS;
    start_both();
    run_both(10);
    assert_int_equal(ra_generations(), 1);
    ra_advance(LAB_DAY_MS);
    run_both(2);
    assert_int_equal(ra_generations(), 2);
    run_both(10);
    assert_int_equal(ra_generations(), 2);
    stop_both();
}

static void
a_node_with_another_key_file_says_so_and_has_no_keys(void **state)
{
    cf_own(cf_scep_keys) keys = NULL;
    struct cf_err err = {0};

    (void)state;
    ra_node_start(&a, "a", false);
    ra_node_start(&b, "b", true);
    run_both(3);
    assert_int_equal(ra_generations(), 1);
    assert_int_equal(ra_world.n_requests, 2);
    assert_int_equal(ra_logged[CF_EV_RA_KEY_UNREADABLE], 1);
    assert_int_equal(cf_scep_keyring_keys(b.keyring, "corp", &keys, &err), CF_E_CRYPTO);
    assert_null(keys);
    assert_int_equal(ra_decrypters(&a), 1);
    stop_both();
}

static void
an_unknown_recipient_brings_one_look_a_second(void **state)
{
    bool has_changed = false;

    (void)state;
    live_until_renewal();
    ra_node_tick(&a);
    assert_int_equal(ra_decrypters(&a), 2);
    assert_int_equal(ra_decrypters(&b), 1);
    assert_int_equal(cf_scep_keyring_reload(b.keyring, "corp", &has_changed, NULL), CF_OK);
    assert_true(has_changed);
    assert_int_equal(ra_decrypters(&b), 2);
    unsigned n_gets = ra_world.n_gets;
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(cf_scep_keyring_reload(b.keyring, "corp", &has_changed, NULL), CF_OK);
    assert_false(has_changed);
    assert_int_equal(ra_world.n_gets, n_gets);
    ra_advance(CF_SCEP_REFRESH_MIN_MS);
    assert_int_equal(cf_scep_keyring_reload(b.keyring, "corp", &has_changed, NULL), CF_OK);
    assert_int_equal(ra_world.n_gets, n_gets + 1);
    stop_both();
}

static void
a_document_that_cannot_be_read_is_left_alone(void **state)
{
    (void)state;
    ra_world.document = cf_buf_copy(cf_bytes_of("{\"generations\":7}", 17));
    ra_world.version = 3;
    ra_node_start(&a, "a", false);
    ra_node_tick(&a);
    assert_int_equal(ra_world.version, 3);
    assert_int_equal(ra_world.n_requests, 0);
    assert_int_equal(ra_logged[CF_EV_RA_FAILED], 1);
    assert_contains(ra_last_log[CF_EV_RA_FAILED], "generations");
    ra_node_stop(&a);
}

int
main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, ra_set_up, ra_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_first_certificates_are_shown_at_once),
        TEST(the_bundle_has_its_certificates_in_the_order_that_clients_want),
        TEST(one_template_makes_one_certificate_for_both),
        TEST(two_nodes_make_one_generation),
        TEST(a_node_that_was_slower_takes_the_other_one_s_keys),
        TEST(all_nodes_change_to_new_certificates_at_the_same_time),
        TEST(a_replaced_key_decrypts_until_the_overlap_is_over),
        TEST(a_node_may_die_between_any_two_steps),
        TEST(approval_may_take_days_and_another_node),
        TEST(a_request_that_was_refused_is_not_repeated_but_made_anew),
        TEST(a_renewal_that_fails_tells_the_days_that_are_left),
        TEST(certificates_that_were_revoked_are_replaced_at_once),
        TEST(a_ca_with_another_key_gets_other_certificates),
        TEST(short_lived_certificates_are_renewed_at_half_of_their_life),
        TEST(a_node_with_another_key_file_says_so_and_has_no_keys),
        TEST(an_unknown_recipient_brings_one_look_a_second),
        TEST(a_document_that_cannot_be_read_is_left_alone),
    };

    return cmocka_run_group_tests(tests, lab_setup, lab_teardown);
}
