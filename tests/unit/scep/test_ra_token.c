/* SPDX-License-Identifier: Apache-2.0 */
/* test_ra_token - keys that never leave a PKCS#11 token, used by several nodes. */
#include <string.h>

#include "unit/pki/token_lab.h"
#include "unit/scep/ra_kit.h"

static char dir[64];
static char token[] = "pkcs11:token=t";

static int
set_up_group(void **state)
{
    if (lab_setup(state) != 0)
        return -1;
    lab_dir(dir);
    token_lab_configure(dir);
    return 0;
}

static int
tear_down_group(void **state)
{
    lab_remove_dir(dir);
    return lab_teardown(state);
}

static void
nodes_share_keys_that_stay_in_the_token(void **state)
{
    cf_own(cf_secret) pin = token_lab_secret("1234");
    cf_own(cf_scep_keys) keys = NULL;
    struct ra_node a, b;
    struct cf_err err = {0};

    (void)state;
    if (!token_lab_has_token(dir, "other"))
        skip();
    ra_settings.ra_token = token;
    ra_pin = pin;
    ra_node_start(&a, "a", false);
    ra_node_start(&b, "b", false);
    ra_node_tick(&a);
    ra_node_tick(&b);
    assert_int_equal(ra_generations(), 1);
    assert_non_null(strstr(cf_buf_str(ra_world.document),
                           "\"key\":\"pkcs11:token=t;object=certferry-ra-corp-sign-"));
    assert_ok(cf_scep_keyring_keys(b.keyring, "corp", &keys, &err), err);
    assert_true(ra_bundle(&b).len > 0);
    assert_int_equal(ra_decrypters(&a), 1);
    ra_node_stop(&a);
    ra_node_stop(&b);
}

static void
a_token_that_refuses_the_pin_is_told(void **state)
{
    cf_own(cf_secret) pin = token_lab_secret("4321");
    struct ra_node node;

    (void)state;
    if (!token_lab_has_token(dir, "other"))
        skip();
    ra_settings.ra_token = token;
    ra_pin = pin;
    ra_node_start(&node, "a", false);
    ra_node_tick(&node);
    assert_int_equal(ra_generations(), 0);
    assert_int_equal(ra_logged[CF_EV_RA_FAILED], 1);
    assert_non_null(strstr(ra_last_log[CF_EV_RA_FAILED], "refuses the PIN"));
    ra_node_stop(&node);
}

int
main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, ra_set_up, ra_tear_down)
    const struct CMUnitTest tests[] = {
        /* Before a process has logged in: no other PIN is asked for after that. */
        TEST(a_token_that_refuses_the_pin_is_told),
        TEST(nodes_share_keys_that_stay_in_the_token),
    };

    return cmocka_run_group_tests(tests, set_up_group, tear_down_group);
}
