/* SPDX-License-Identifier: Apache-2.0 */
/* test_operation - what devices are answered, and what the journal is told. */
#include <string.h>

#include "operation_kit.h"

static void
a_request_is_answered_with_what_certferryd_made_of_it(void **state)
{
    (void)state;
    assert_string_equal(kit_told(&(struct kit_spec){.content = kit_csr()}), "0");
    assert_string_equal(kit_peer.last, "enroll");
    assert_int_equal(kit_peer.type, CF_SCEP_PKCS_REQ);
    assert_int_equal(kit_peer.csr_len, kit_csr().len);
    assert_int_equal(kit_world.logged[CF_EV_SCEP_ISSUED], 1);
    assert_int_equal(kit_world.logged[CF_EV_SCEP_WEAK_ALGORITHM], 0);

    assert_string_equal(
        kit_told(&(struct kit_spec){.content = kit_csr(), .type = CF_SCEP_UPDATE_REQ}), "0");
    assert_int_equal(kit_peer.type, CF_SCEP_RENEWAL_REQ);

    kit_peer.state = CF_SCEP_ANSWER_PENDING;
    assert_string_equal(kit_told(&(struct kit_spec){.content = kit_csr()}), "3");
    kit_peer.state = CF_SCEP_ANSWER_FAILED;
    kit_peer.fail_info = CF_SCEP_BAD_CERT_ID;
    assert_string_equal(kit_told(&(struct kit_spec){.content = kit_csr()}), "2 4");
    assert_contains(kit_world.last_log[CF_EV_SCEP_REFUSED],
                    "PKCSReq is refused with badCertId: as told");
    assert_int_equal(__atomic_load_n(&kit_front.n_waiting, __ATOMIC_ACQUIRE), 0);
}

static void
what_takes_longer_is_looked_after_while_there_is_time(void **state)
{
    (void)state;
    kit_peer.n_working = 3;
    assert_string_equal(kit_told(&(struct kit_spec){.content = kit_csr()}), "0");
    assert_int_equal(kit_peer.n_calls, 4);
    assert_string_equal(kit_peer.last, "look");

    kit_peer.n_working = 1000;
    assert_string_equal(kit_told(&(struct kit_spec){.content = kit_csr()}), "HTTP 503");
    assert_true(kit_peer.n_calls < 40);
    assert_contains(kit_world.last_log[CF_EV_SCEP_LATER], "answer_timeout");
}

static void
trouble_behind_us_is_no_refusal(void **state)
{
    static const enum cf_rc later[] = {CF_E_NET, CF_E_TIMEOUT, CF_E_STOPPED, CF_E_NOT_FOUND};

    (void)state;
    for (size_t i = 0; i < CF_COUNT(later); i++) {
        kit_peer.rc = later[i];
        assert_string_equal(kit_told(&(struct kit_spec){.content = kit_csr()}), "HTTP 503");
    }
    kit_peer.rc = CF_E_LIMIT;
    assert_string_equal(kit_told(&(struct kit_spec){.content = kit_csr()}), "2 2");
    kit_peer.rc = CF_OK;
    kit_peer.state = CF_SCEP_ANSWER_LATER;
    struct cf_buf *message = kit_message(&(struct kit_spec){.content = kit_csr()});
    struct cf_scep_exchange exchange = kit_ask(CF_SCEP_OP_PKI_OPERATION, "", message);
    assert_int_equal(exchange.response.status, 503);
    assert_int_equal(exchange.response.retry_after_s, 7);
    cf_scep_exchange_done(&exchange);
    kit_world.has_keys = false;
    assert_string_equal(kit_told(&(struct kit_spec){.content = kit_csr()}), "HTTP 503");
}

static void
weak_algorithms_are_refused_or_told_to_the_journal(void **state)
{
    const struct kit_spec des3 = {.content = kit_csr(), .cipher = EVP_des_ede3_cbc()};
    const struct kit_spec sha1 = {.content = kit_csr(), .md = EVP_sha1()};
    const struct kit_spec md5 = {.content = kit_csr(), .md = EVP_md5()};

    (void)state;
    assert_string_equal(kit_told(&des3), "0");
    assert_contains(kit_world.last_log[CF_EV_SCEP_WEAK_ALGORITHM], "triple DES");
    assert_string_equal(kit_told(&sha1), "2 0");
    kit_profile.allow_sha1 = true;
    assert_string_equal(kit_told(&sha1), "0");
    assert_contains(kit_world.last_log[CF_EV_SCEP_WEAK_ALGORITHM], "SHA-1");
    kit_profile.allow_3des = false;
    assert_string_equal(kit_told(&des3), "2 0");
    assert_string_equal(kit_told(&md5), "2 0");
    kit_profile.min_rsa_bits = 4096;
    assert_string_equal(kit_told(&(struct kit_spec){.content = kit_csr()}), "2 0");
    assert_int_equal(kit_world.logged[CF_EV_SCEP_WEAK_ALGORITHM], 2);
    assert_int_equal(kit_peer.n_calls, 2);
}

static void
a_clock_may_be_off_as_far_as_the_profile_says(void **state)
{
    const int64_t now_s = cf_clock_now_ms(kit_clock) / 1000;

    (void)state;
    assert_string_equal(
        kit_told(&(struct kit_spec){.content = kit_csr(), .signed_at_s = now_s - 3000}), "0");
    assert_string_equal(
        kit_told(&(struct kit_spec){.content = kit_csr(), .signed_at_s = now_s + 7200}), "2 3");
    assert_string_equal(
        kit_told(&(struct kit_spec){.content = kit_csr(), .signed_at_s = now_s - 7200}), "2 3");
    kit_profile.clock_tolerance_ms = 0;
    assert_string_equal(
        kit_told(&(struct kit_spec){.content = kit_csr(), .signed_at_s = now_s - 7200}), "0");
}

static void
a_recipient_that_is_not_known_is_looked_for_once(void **state)
{
    (void)state;
    kit_world.n_decrypters = 0;
    assert_string_equal(kit_told(&(struct kit_spec){.content = kit_csr()}), "0");
    assert_int_equal(kit_world.n_reloads, 1);
    assert_string_equal(
        kit_told(&(struct kit_spec){.content = kit_csr(), .recipient = kit_device()}), "2 1");
    assert_int_equal(kit_world.n_reloads, 2);
    assert_int_equal(kit_world.logged[CF_EV_SCEP_UNKNOWN_RECIPIENT], 1);
    assert_contains(kit_world.last_log[CF_EV_SCEP_UNKNOWN_RECIPIENT], "device");
}

/* The last block of the content, so that its padding is spoiled. */
static void
spoil_padding(uint8_t *envelope, size_t len)
{
    envelope[len - 1] ^= 0x55;
}

static void
spoiled_ciphertext_and_content_that_is_no_request_are_answered_alike(void **state)
{
    const struct kit_spec specs[] = {
        {.content = kit_csr(), .edit = spoil_padding},
        {.content = cf_bytes_of("no request", 10)},
        {.type = CF_SCEP_CERT_POLL},
        {.type = CF_SCEP_GET_CERT},
        {.type = CF_SCEP_GET_CRL},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(specs); i++)
        assert_string_equal(kit_told(&specs[i]), "2 2");
    assert_int_equal(kit_peer.n_calls, 0);
}

static void
what_is_no_request_is_refused_by_type(void **state)
{
    static const int types[] = {1, CF_SCEP_CERT_REP, 99};

    (void)state;
    for (size_t i = 0; i < CF_COUNT(types); i++)
        assert_string_equal(kit_told(&(struct kit_spec){.content = kit_csr(), .type = types[i]}),
                            "2 2");
    assert_int_equal(kit_status(CF_SCEP_OP_PKI_OPERATION, "", cf_buf_copy(cf_bytes_of("x", 1))),
                     400);
    assert_contains(kit_world.last_log[CF_EV_SCEP_REFUSED], "no SCEP message");
}

static void
profiles_are_found_by_name_and_learnt_when_they_are_not(void **state)
{
    (void)state;
    assert_int_equal(kit_status(CF_SCEP_OP_GET_CA_CAPS, "", NULL), 200);
    assert_int_equal(kit_status(CF_SCEP_OP_GET_CA_CAPS, "wifi", NULL), 200);
    assert_int_equal(kit_status(CF_SCEP_OP_GET_CA_CAPS, "WIFI", NULL), 200);
    assert_int_equal(kit_world.n_refreshes, 0);
    assert_int_equal(kit_status(CF_SCEP_OP_GET_CA_CAPS, "wif", NULL), 404);
    assert_int_equal(kit_world.n_refreshes, 1);
    assert_int_equal(kit_status(CF_SCEP_OP_GET_NEXT_CA_CERT, "", NULL), 404);
    kit_world.has_profiles = false;
    assert_int_equal(kit_status(CF_SCEP_OP_GET_CA_CAPS, "", NULL), 503);
}

static void
capabilities_are_those_of_the_profile(void **state)
{
    (void)state;
    struct cf_scep_exchange exchange = kit_ask(CF_SCEP_OP_GET_CA_CAPS, "", NULL);
    assert_string_equal(exchange.response.type, "text/plain");
    assert_string_equal(cf_buf_str(exchange.response.body),
                        "POSTPKIOperation\nRenewal\nSHA-256\nSHA-512\nAES\nDES3\nSCEPStandard\n");
    cf_scep_exchange_done(&exchange);
    kit_profile.allow_3des = false;
    kit_profile.allow_sha1 = true;
    exchange = kit_ask(CF_SCEP_OP_GET_CA_CAPS, "", NULL);
    assert_null(strstr(cf_buf_str(exchange.response.body), "DES3"));
    assert_contains(cf_buf_str(exchange.response.body), "\nSHA-1\n");
    cf_scep_exchange_done(&exchange);
}

static void
more_than_may_wait_are_turned_away(void **state)
{
    (void)state;
    kit_settings.max_waiting = 0;
    assert_int_equal(kit_status(CF_SCEP_OP_GET_CA_CAPS, "", NULL), 503);
    assert_contains(kit_world.last_log[CF_EV_SCEP_LATER], "max_waiting");
    kit_settings.max_waiting = 8;
    kit_front.is_draining = 1;
    assert_int_equal(kit_status(CF_SCEP_OP_GET_CA_CAPS, "", NULL), 503);
    assert_contains(kit_world.last_log[CF_EV_SCEP_LATER], "stopping");
    assert_int_equal(__atomic_load_n(&kit_front.n_waiting, __ATOMIC_ACQUIRE), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_request_is_answered_with_what_certferryd_made_of_it, kit_begin),
        cmocka_unit_test_setup(what_takes_longer_is_looked_after_while_there_is_time, kit_begin),
        cmocka_unit_test_setup(trouble_behind_us_is_no_refusal, kit_begin),
        cmocka_unit_test_setup(weak_algorithms_are_refused_or_told_to_the_journal, kit_begin),
        cmocka_unit_test_setup(a_clock_may_be_off_as_far_as_the_profile_says, kit_begin),
        cmocka_unit_test_setup(a_recipient_that_is_not_known_is_looked_for_once, kit_begin),
        cmocka_unit_test_setup(spoiled_ciphertext_and_content_that_is_no_request_are_answered_alike,
                               kit_begin),
        cmocka_unit_test_setup(what_is_no_request_is_refused_by_type, kit_begin),
        cmocka_unit_test_setup(profiles_are_found_by_name_and_learnt_when_they_are_not, kit_begin),
        cmocka_unit_test_setup(capabilities_are_those_of_the_profile, kit_begin),
        cmocka_unit_test_setup(more_than_may_wait_are_turned_away, kit_begin),
    };

    return cmocka_run_group_tests(tests, kit_open, kit_close);
}
