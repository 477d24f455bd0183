/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "certferry/json.h"
#include "cloud/parts.h"
#include "unit/base/unit.h"

static struct cf_err err;
static struct cf_identity *rsa;
static struct cf_identity *ec;
static const int64_t NOW_MS = 1700000000999;

static int
make_keys(void **state)
{
    (void)state;
    if (cf_pki_init(32768, &err) != CF_OK ||
        cf_identity_generate(CF_KEY_RSA_2048, "c", NOW_MS, 1000000, &rsa, &err) != CF_OK ||
        cf_identity_generate(CF_KEY_P256, "c", NOW_MS, 1000000, &ec, &err) != CF_OK)
        return -1;
    return 0;
}

static int
drop_keys(void **state)
{
    (void)state;
    rsa = cf_identity_free(rsa);
    ec = cf_identity_free(ec);
    cf_pki_done();
    return 0;
}

/* Part number i of a JWT as JSON. */
static struct cf_json *
part(const struct cf_secret *jwt, unsigned i)
{
    const char *at = (const char *)cf_secret_data(jwt);
    char text[4096];
    cf_own(cf_buf) bytes = NULL;
    struct cf_json *json = NULL;

    while (i-- > 0)
        at = strchr(at, '.') + 1;
    size_t len = strcspn(at, ".");
    assert_true(len + 4 < sizeof text);
    memcpy(text, at, len);
    for (size_t j = 0; j < len; j++) {
        assert_true(text[j] != '+' && text[j] != '/' && text[j] != '=');
        text[j] = text[j] == '-' ? '+' : text[j] == '_' ? '/' : text[j];
    }
    while (len % 4)
        text[len++] = '=';
    text[len] = '\0';
    assert_ok(cf_text_from_base64(text, sizeof text, &bytes, &err), err);
    assert_ok(cf_json_parse(cf_buf_bytes(bytes), sizeof text, &json, &err), err);
    return json;
}

static const char *
text_in(const struct cf_json *json, const char *name)
{
    const char *text = NULL;

    assert_ok(cf_json_string(json, name, 1, 200, &text, &err), err);
    return text;
}

static int64_t
number_in(const struct cf_json *json, const char *name)
{
    int64_t number = 0;

    assert_ok(cf_json_int(json, name, 0, INT64_MAX, &number, &err), err);
    return number;
}

static void
sign(const struct cf_identity *identity, const char *subject, struct cf_secret **ret)
{
    struct cf_assertion assertion = {.identity = identity,
                                     .audience = "https://login/t/token",
                                     .issuer = "client",
                                     .subject = subject,
                                     .now_ms = NOW_MS};

    assert_ok(cf_assertion_sign(&assertion, ret, &err), err);
}

static void
the_header_names_the_certificate_twice(void **state)
{
    cf_own(cf_secret) jwt = NULL;
    uint8_t hash[32];
    char text[64];
    cf_own(cf_buf) sha1 = NULL;

    (void)state;
    sign(rsa, "client", &jwt);
    cf_own(cf_json) header = part(jwt, 0);
    assert_string_equal(text_in(header, "alg"), "PS256");
    assert_string_equal(text_in(header, "typ"), "JWT");
    cf_cert_sha256(cf_identity_cert(rsa), hash);
    cf_text_base64url(cf_bytes_of(hash, 32), text, sizeof text);
    assert_string_equal(text_in(header, "x5t#S256"), text);
    assert_ok(cf_text_from_hex(cf_cert_thumbprint(cf_identity_cert(rsa)), &sha1, &err), err);
    cf_text_base64url(cf_buf_bytes(sha1), text, sizeof text);
    assert_string_equal(text_in(header, "x5t"), text);
}

static void
the_claims_hold_for_ten_minutes(void **state)
{
    cf_own(cf_secret) jwt = NULL;

    (void)state;
    sign(rsa, "client", &jwt);
    cf_own(cf_json) claims = part(jwt, 1);
    assert_string_equal(text_in(claims, "aud"), "https://login/t/token");
    assert_string_equal(text_in(claims, "iss"), "client");
    assert_string_equal(text_in(claims, "sub"), "client");
    assert_int_equal(strlen(text_in(claims, "jti")), 36);
    assert_int_equal(number_in(claims, "nbf"), 1700000000);
    assert_int_equal(number_in(claims, "iat"), 1700000000);
    assert_int_equal(number_in(claims, "exp"), 1700000600);
}

static void
each_assertion_has_its_own_id(void **state)
{
    cf_own(cf_secret) first = NULL;
    cf_own(cf_secret) second = NULL;

    (void)state;
    sign(rsa, "client", &first);
    sign(rsa, "client", &second);
    cf_own(cf_json) a = part(first, 1);
    cf_own(cf_json) b = part(second, 1);
    assert_string_not_equal(text_in(a, "jti"), text_in(b, "jti"));
}

static void
a_proof_has_no_subject(void **state)
{
    cf_own(cf_secret) jwt = NULL;

    (void)state;
    sign(rsa, NULL, &jwt);
    cf_own(cf_json) claims = part(jwt, 1);
    assert_false(cf_json_has(claims, "sub"));
    assert_false(cf_json_has(claims, "jti"));
}

static void
the_algorithm_follows_the_key(void **state)
{
    cf_own(cf_secret) jwt = NULL;

    (void)state;
    sign(ec, "client", &jwt);
    cf_own(cf_json) header = part(jwt, 0);
    assert_string_equal(text_in(header, "alg"), "ES256");
    /* r and s of 32 bytes each, and nothing after the third part */
    const char *signature = strrchr((const char *)cf_secret_data(jwt), '.') + 1;
    assert_int_equal(strlen(signature), 86);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_header_names_the_certificate_twice),
        cmocka_unit_test(the_claims_hold_for_ten_minutes),
        cmocka_unit_test(each_assertion_has_its_own_id),
        cmocka_unit_test(a_proof_has_no_subject),
        cmocka_unit_test(the_algorithm_follows_the_key),
    };

    return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
