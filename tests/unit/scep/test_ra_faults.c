/* SPDX-License-Identifier: Apache-2.0 */
/* test_ra_faults - what keeps the registration authority from its certificates, or makes it need
 * others. */
#include <string.h>

#include "unit/scep/ra_kit.h"

static void
approval_may_take_days_and_another_node(void **state)
{
    (void)state;
    ra_start_both();
    ra_world.answer = CF_SCEP_ANSWER_PENDING;
    ra_node_tick(&ra_a);
    assert_true(ra_is_pending());
    ra_node_stop(&ra_a);
    for (unsigned i = 0; i < 300; i++) {
        ra_node_tick(&ra_b);
        ra_advance(10 * RA_ROUND_MS);
    }
    assert_int_equal(ra_generations(), 0);
    assert_int_equal(ra_world.n_requests, 2);
    assert_true(ra_logged[CF_EV_RA_PENDING] >= 1 && ra_logged[CF_EV_RA_PENDING] < 8);
    ra_world.answer = CF_SCEP_ANSWER_ISSUED;
    ra_advance(20 * RA_ROUND_MS);
    ra_node_tick(&ra_b);
    assert_int_equal(ra_generations(), 1);
    assert_int_equal(ra_world.n_requests, 2);
    ra_node_start(&ra_a, "a", false);
    ra_node_tick(&ra_a);
    ra_assert_same_bundle();
    ra_stop_both();
}

static void
a_request_that_was_refused_is_not_repeated_but_made_anew(void **state)
{
    (void)state;
    ra_node_start(&ra_a, "a", false);
    ra_world.answer = CF_SCEP_ANSWER_FAILED;
    ra_node_tick(&ra_a);
    assert_false(ra_is_pending());
    assert_int_equal(ra_world.n_requests, 1);
    assert_int_equal(ra_logged[CF_EV_RA_FAILED], 1);
    assert_contains(ra_last_log[CF_EV_RA_FAILED], "the CA says no");
    assert_contains(ra_last_log[CF_EV_RA_FAILED], "no RA certificates to use");
    ra_advance(RA_ROUND_MS);
    ra_node_tick(&ra_a);
    assert_int_equal(ra_world.n_requests, 1);
    ra_world.answer = CF_SCEP_ANSWER_ISSUED;
    ra_advance(30 * RA_ROUND_MS);
    ra_node_tick(&ra_a);
    assert_int_equal(ra_world.n_requests, 3);
    assert_int_equal(ra_generations(), 1);
    ra_node_stop(&ra_a);
}

static void
a_renewal_that_fails_tells_the_days_that_are_left(void **state)
{
    (void)state;
    ra_node_start(&ra_a, "a", false);
    ra_node_tick(&ra_a);
    ra_advance(ra_world.validity_ms - 30 * LAB_DAY_MS + RA_ROUND_MS);
    ra_world.answer = CF_SCEP_ANSWER_LATER;
    for (unsigned i = 0; i < 20; i++) {
        ra_node_tick(&ra_a);
        ra_advance(RA_ROUND_MS);
    }
    assert_int_equal(ra_logged[CF_EV_RA_FAILED], 1);
    assert_contains(ra_last_log[CF_EV_RA_FAILED], "29 days are left");
    assert_true(ra_bundle(&ra_a).len > 0);
    ra_advance(2 * LAB_DAY_MS);
    ra_node_tick(&ra_a);
    assert_contains(ra_last_log[CF_EV_RA_FAILED], "27 days are left");
    ra_advance(40 * LAB_DAY_MS);
    ra_node_tick(&ra_a);
    assert_contains(ra_last_log[CF_EV_RA_FAILED], "have expired");
    ra_node_stop(&ra_a);
}

static void
certificates_that_were_revoked_are_replaced_at_once(void **state)
{
    (void)state;
    ra_start_both();
    ra_run_both(2);
    cf_own(cf_buf) old = cf_buf_copy(ra_bundle(&ra_a));
    ra_revoke_newest();
    ra_run_both(1);
    assert_int_equal(ra_world.n_requests, 4);
    assert_false(cf_bytes_equal(ra_bundle(&ra_a), cf_buf_bytes(old)));
    ra_run_both(2);
    assert_int_equal(ra_generations(), 1);
    assert_int_equal(ra_decrypters(&ra_a), 1);
    assert_int_equal(ra_world.n_requests, 4);
    ra_assert_same_bundle();
    ra_stop_both();
}

static void
a_ca_with_another_key_gets_other_certificates(void **state)
{
    (void)state;
    ra_start_both();
    ra_run_both(2);
    ra_use_ca("Issuing CA");
    ra_run_both(4);
    assert_int_equal(ra_world.n_requests, 4);
    assert_int_equal(ra_generations(), 2);
    assert_int_equal(ra_decrypters(&ra_b), 2);
    ra_assert_same_bundle();
    ra_stop_both();
}

static void
nodes_that_do_not_agree_on_the_ca_do_not_replace_each_other_s_certificates(void **state)
{
    (void)state;
    ra_start_both();
    ra_run_both(2);
    X509 *old = ra_world.ca;
    EVP_PKEY *old_pkey = ra_world.ca_pkey;
    ra_world.ca = NULL;
    ra_world.ca_pkey = NULL;
    ra_use_ca("Issuing CA");
    for (unsigned i = 0; i < 10; i++) {
        X509 *new = ra_world.ca;
        EVP_PKEY *new_pkey = ra_world.ca_pkey;

        ra_node_tick(&ra_a);
        ra_world.ca = old;
        ra_world.ca_pkey = old_pkey;
        ra_node_tick(&ra_b);
        ra_world.ca = new;
        ra_world.ca_pkey = new_pkey;
        ra_advance(RA_ROUND_MS);
    }
    assert_int_equal(ra_generations(), 2);
    X509_free(old);
    EVP_PKEY_free(old_pkey);
    ra_stop_both();
}

static void
nothing_is_renewed_beyond_the_end_of_the_ca(void **state)
{
    (void)state;
    ra_world.validity_ms = 20 * 365 * LAB_DAY_MS;
    ra_node_start(&ra_a, "a", false);
    ra_node_tick(&ra_a);
    ra_advance(ra_world.validity_ms - LAB_DAY_MS);
    for (unsigned i = 0; i < 4; i++) {
        ra_node_tick(&ra_a);
        ra_advance(RA_ROUND_MS);
    }
    assert_int_equal(ra_world.n_requests, 2);
    ra_node_stop(&ra_a);
}

static void
short_lived_certificates_are_renewed_at_half_of_their_life(void **state)
{
    (void)state;
    ra_world.validity_ms = 2 * LAB_DAY_MS;
    ra_start_both();
    ra_run_both(10);
    assert_int_equal(ra_generations(), 1);
    ra_advance(LAB_DAY_MS);
    ra_run_both(2);
    assert_int_equal(ra_generations(), 2);
    ra_run_both(10);
    assert_int_equal(ra_generations(), 2);
    ra_stop_both();
}

static void
a_node_with_another_key_file_says_so_and_has_no_keys(void **state)
{
    cf_own(cf_scep_keys) keys = NULL;
    struct cf_err err = {0};

    (void)state;
    ra_node_start(&ra_a, "a", false);
    ra_node_start(&ra_b, "b", true);
    ra_run_both(3);
    assert_int_equal(ra_generations(), 1);
    assert_int_equal(ra_world.n_requests, 2);
    assert_int_equal(ra_logged[CF_EV_RA_KEY_UNREADABLE], 1);
    assert_int_equal(cf_scep_keyring_keys(ra_b.keyring, "corp", &keys, &err), CF_E_CRYPTO);
    assert_null(keys);
    assert_int_equal(ra_decrypters(&ra_a), 1);
    ra_stop_both();
}

static void
an_unknown_recipient_brings_one_look_a_second(void **state)
{
    bool has_changed = false;

    (void)state;
    ra_live_until_renewal();
    ra_node_tick(&ra_a);
    assert_int_equal(ra_decrypters(&ra_a), 2);
    assert_int_equal(ra_decrypters(&ra_b), 1);
    assert_int_equal(cf_scep_keyring_reload(ra_b.keyring, "corp", &has_changed, NULL), CF_OK);
    assert_true(has_changed);
    assert_int_equal(ra_decrypters(&ra_b), 2);
    unsigned n_gets = ra_world.n_gets;
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(cf_scep_keyring_reload(ra_b.keyring, "corp", &has_changed, NULL), CF_OK);
    assert_false(has_changed);
    assert_int_equal(ra_world.n_gets, n_gets);
    ra_advance(CF_SCEP_REFRESH_MIN_MS);
    assert_int_equal(cf_scep_keyring_reload(ra_b.keyring, "corp", &has_changed, NULL), CF_OK);
    assert_int_equal(ra_world.n_gets, n_gets + 1);
    ra_stop_both();
}

static void
a_document_that_cannot_be_read_is_left_alone(void **state)
{
    (void)state;
    ra_world.document = cf_buf_copy(cf_bytes_of("{\"generations\":7}", 17));
    ra_world.version = 3;
    ra_node_start(&ra_a, "a", false);
    ra_node_tick(&ra_a);
    assert_int_equal(ra_world.version, 3);
    assert_int_equal(ra_world.n_requests, 0);
    assert_int_equal(ra_logged[CF_EV_RA_FAILED], 1);
    assert_contains(ra_last_log[CF_EV_RA_FAILED], "generations");
    ra_node_stop(&ra_a);
}

int
main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, ra_set_up, ra_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(approval_may_take_days_and_another_node),
        TEST(a_request_that_was_refused_is_not_repeated_but_made_anew),
        TEST(a_renewal_that_fails_tells_the_days_that_are_left),
        TEST(certificates_that_were_revoked_are_replaced_at_once),
        TEST(a_ca_with_another_key_gets_other_certificates),
        TEST(nodes_that_do_not_agree_on_the_ca_do_not_replace_each_other_s_certificates),
        TEST(nothing_is_renewed_beyond_the_end_of_the_ca),
        TEST(short_lived_certificates_are_renewed_at_half_of_their_life),
        TEST(a_node_with_another_key_file_says_so_and_has_no_keys),
        TEST(an_unknown_recipient_brings_one_look_a_second),
        TEST(a_document_that_cannot_be_read_is_left_alone),
    };

    return cmocka_run_group_tests(tests, lab_setup, lab_teardown);
}
