/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "unit/scep/ra_kit.h"

enum { TICKS_MAX = 40 };

static void
the_first_certificates_are_shown_at_once(void **state)
{
    cf_own(cf_scep_keys) keys = NULL;
    struct cf_err err = {0};

    (void)state;
    ra_node_start(&ra_a, "a", false);
    assert_int_equal(cf_scep_keyring_keys(ra_a.keyring, "corp", &keys, &err), CF_E_NOT_FOUND);
    assert_contains(err.text, "no RA certificates yet");
    ra_node_tick(&ra_a);
    assert_ok(cf_scep_keyring_keys(ra_a.keyring, "corp", &keys, &err), err);
    const struct cf_scep_ra_pair *shown = cf_scep_keys_shown(keys, cf_clock_now_ms(ra_world.clock));
    assert_ptr_not_equal(shown->sign.cert, shown->encryption.cert);
    assert_ptr_not_equal(shown->sign.key, shown->encryption.key);
    assert_int_equal(ra_generations(), 1);
    assert_false(ra_is_pending());
    assert_int_equal(ra_logged[CF_EV_RA_OBTAINED], 1);
    ra_node_stop(&ra_a);
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
    ra_node_start(&ra_a, "a", false);
    ra_node_tick(&ra_a);
    assert_int_equal(cf_scep_keyring_keys(ra_a.keyring, "corp", &keys, NULL), CF_OK);
    profiles = cf_scep_profile_cache_get(ra_a.profiles);
    const struct cf_scep_ra_pair *shown = cf_scep_keys_shown(keys, now);
    assert_int_equal(cf_scep_keys_bundle(keys, &profiles->cas[0], false, now, certs), 3);
    assert_true(cf_bytes_equal(certs[0], cf_cert_der(shown->sign.cert)));
    assert_true(cf_bytes_equal(certs[1], cf_cert_der(shown->encryption.cert)));
    assert_true(cf_bytes_equal(certs[2], cf_cert_der(cf_chain_at(profiles->cas[0].chain, 0))));
    ra_node_stop(&ra_a);
}

static void
one_template_makes_one_certificate_for_both(void **state)
{
    cf_own(cf_scep_keys) keys = NULL;

    (void)state;
    ra_settings.ra_encryption_template = ra_settings.ra_sign_template;
    ra_node_start(&ra_a, "a", false);
    ra_node_tick(&ra_a);
    assert_int_equal(cf_scep_keyring_keys(ra_a.keyring, "corp", &keys, NULL), CF_OK);
    const struct cf_scep_ra_pair *shown = cf_scep_keys_shown(keys, 0);
    assert_ptr_equal(shown->sign.cert, shown->encryption.cert);
    assert_ptr_equal(shown->sign.key, shown->encryption.key);
    assert_int_equal(ra_world.n_requests, 1);
    ra_node_stop(&ra_a);
    /* Another node reads the same. */
    ra_node_start(&ra_b, "b", false);
    ra_node_tick(&ra_b);
    assert_int_equal(ra_decrypters(&ra_b), 1);
    ra_node_stop(&ra_b);
}

static void
two_nodes_make_one_generation(void **state)
{
    (void)state;
    ra_start_both();
    ra_run_both(4);
    assert_int_equal(ra_generations(), 1);
    assert_int_equal(ra_world.n_requests, 2);
    ra_assert_same_bundle();
    ra_stop_both();
}

static void
tick_b(void)
{
    ra_node_tick(&ra_b);
}

static void
a_node_that_was_slower_takes_the_other_one_s_keys(void **state)
{
    (void)state;
    ra_start_both();
    ra_world.before_put = tick_b;
    ra_node_tick(&ra_a);
    assert_int_equal(ra_generations(), 1);
    assert_int_equal(ra_world.n_requests, 2);
    ra_assert_same_bundle();
    ra_stop_both();
}

static void
all_nodes_change_to_new_certificates_at_the_same_time(void **state)
{
    (void)state;
    ra_live_until_renewal();
    cf_own(cf_buf) old = cf_buf_copy(ra_bundle(&ra_a));
    ra_node_tick(&ra_a);
    assert_int_equal(ra_generations(), 2);
    assert_true(cf_bytes_equal(ra_bundle(&ra_a), cf_buf_bytes(old)));
    ra_advance(2 * RA_ROUND_MS - 1);
    ra_node_tick(&ra_b);
    assert_true(cf_bytes_equal(ra_bundle(&ra_a), cf_buf_bytes(old)));
    ra_assert_same_bundle();
    ra_advance(1);
    assert_false(cf_bytes_equal(ra_bundle(&ra_a), cf_buf_bytes(old)));
    ra_assert_same_bundle();
    ra_stop_both();
}

static void
a_replaced_key_decrypts_until_the_overlap_is_over(void **state)
{
    cf_own(cf_scep_keys) keys = NULL;
    cf_own(cf_buf) old = NULL;

    (void)state;
    ra_live_until_renewal();
    assert_int_equal(cf_scep_keyring_keys(ra_a.keyring, "corp", &keys, NULL), CF_OK);
    old = cf_buf_copy(cf_cert_der(cf_scep_keys_shown(keys, 0)->encryption.cert));
    ra_run_both(4);
    assert_int_equal(ra_decrypters(&ra_a), 2);
    assert_true(ra_can_open(&ra_a, cf_buf_bytes(old)) && ra_can_open(&ra_b, cf_buf_bytes(old)));
    ra_advance((int64_t)ra_settings.ra_overlap_ms - 4 * RA_ROUND_MS);
    ra_run_both(1);
    assert_true(ra_can_open(&ra_a, cf_buf_bytes(old)) && ra_can_open(&ra_b, cf_buf_bytes(old)));
    ra_advance(4 * RA_ROUND_MS);
    ra_run_both(2);
    assert_int_equal(ra_generations(), 1);
    assert_false(ra_can_open(&ra_a, cf_buf_bytes(old)) || ra_can_open(&ra_b, cf_buf_bytes(old)));
    assert_int_equal(ra_logged[CF_EV_RA_RETIRED], 1);
    ra_assert_same_bundle();
    ra_stop_both();
}

/* The node that began dies after `n_calls`; the other one and, later, the restarted one go on.
 * False when it had not to die. */
static bool
renew_with_a_death(int n_calls, bool loses_answer)
{
    ra_start_both();
    ra_run_both(2);
    ra_advance(ra_world.validity_ms - 30 * LAB_DAY_MS);
    size_t n_before = ra_world.n_requests;
    cf_own(cf_buf) old = cf_buf_copy(ra_bundle(&ra_b));

    ra_a.backend.calls_left = n_calls;
    ra_a.backend.loses_answer = loses_answer;
    ra_node_tick(&ra_a);
    bool has_died = ra_a.backend.calls_left == 0;
    ra_node_stop(&ra_a);
    for (unsigned i = 0; i < TICKS_MAX; i++) {
        ra_node_tick(&ra_b);
        assert_true(ra_bundle(&ra_b).len > 0);
        ra_advance(RA_ROUND_MS);
    }
    ra_node_start(&ra_a, "a", false);
    ra_run_both(3);
    assert_int_equal(ra_generations(), 2);
    assert_false(ra_is_pending());
    assert_int_equal(ra_world.n_requests, n_before + 2);
    assert_false(cf_bytes_equal(ra_bundle(&ra_b), cf_buf_bytes(old)));
    ra_assert_same_bundle();
    assert_int_equal(ra_decrypters(&ra_a), 2);
    ra_stop_both();
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
    };

    return cmocka_run_group_tests(tests, lab_setup, lab_teardown);
}
