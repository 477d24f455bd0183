/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_token_generate - keys that are made in a PKCS#11 token, in a process that has not used it
 * before.
 */
#include <string.h>

#include "scep_kit.h"
#include "token_lab.h"

static char dir[64];

static int
setup(void **state)
{
    if (kit_setup(state) != 0)
        return -1;
    lab_dir(dir);
    token_lab_configure(dir);
    return 0;
}

static int
teardown(void **state)
{
    lab_remove_dir(dir);
    return kit_teardown(state);
}

static void
keys_are_made_in_a_token_once(void **state)
{
    struct cf_err err;
    cf_own(cf_secret) right = token_lab_secret("1234");
    cf_own(cf_secret) wrong = token_lab_secret("4321");
    cf_own(cf_key) key = NULL;
    cf_own(cf_key) again = NULL;
    cf_own(cf_buf) made = NULL;
    cf_own(cf_buf) found = NULL;
    struct cf_key *none = NULL;
    const char *uri = "pkcs11:token=t;object=certferry-ra%201;type=private";

    (void)state;
    if (!token_lab_has_token(dir, "other"))
        skip();
    assert_int_equal(cf_key_generate_in_token(uri, right, CF_KEY_P256, &none, &err),
                     CF_E_UNSUPPORTED);
    assert_int_equal(cf_key_generate_in_token(uri, wrong, CF_KEY_RSA_2048, &none, &err), CF_E_AUTH);
    assert_null(strstr(err.text, "4321"));
    assert_int_equal(cf_key_generate_in_token(uri, NULL, CF_KEY_RSA_2048, &none, &err), CF_E_AUTH);
    assert_int_equal(
        cf_key_generate_in_token("pkcs11:token=t", right, CF_KEY_RSA_2048, &none, &err),
        CF_E_CONFIG);
    assert_int_equal(
        cf_key_generate_in_token("pkcs11:token=u;object=x", right, CF_KEY_RSA_2048, &none, &err),
        CF_E_NOT_FOUND);
    assert_ok(cf_key_generate_in_token(uri, right, CF_KEY_RSA_3072, &key, &err), err);
    assert_int_equal(cf_key_kind_of(key), CF_KEY_RSA_3072);
    assert_int_equal(cf_key_generate_in_token(uri, right, CF_KEY_RSA_3072, &none, &err),
                     CF_E_CONFLICT);
    assert_null(none);
    assert_ok(cf_key_open_token(uri, right, &again, &err), err);
    assert_ok(cf_key_spki(key, &made, &err), err);
    assert_ok(cf_key_spki(again, &found, &err), err);
    assert_true(cf_bytes_equal(cf_buf_bytes(made), cf_buf_bytes(found)));
    /* It does what a registration authority's has to. */
    EVP_PKEY *public_key = kit_public(key);
    X509 *x509 = lab_x509(&(struct lab_spec){
        .cn = "RA", .pkey = public_key, .issuer = kit_ca(), .issuer_pkey = lab_key("P-256")});
    cf_own(cf_cert) cert = lab_to_cf(x509);
    cf_own(cf_secret) content = NULL;
    cf_own(cf_buf) der = NULL;
    const struct cf_scep_ra ra = {.cert = cert, .key = key};
    cf_own(cf_scep_message) message = kit_parsed(&(struct kit_spec){.recipient = x509});
    assert_ok(cf_scep_message_open(message, &ra, 1, &content, &err), err);
    assert_ok(cf_scep_reply_build(
                  message, &ra,
                  &(struct cf_scep_reply){.status = CF_SCEP_PENDING, .now_ms = LAB_NOW_MS}, &der,
                  &err),
              err);
    EVP_PKEY_free(public_key);
    X509_free(x509);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_made_in_a_token_once),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
