/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_cng - key files as Windows exports them, made by python3-cryptography's numbers; each field
 * damaged in turn.
 */
#include <stdio.h>
#include <string.h>

#include "cert_lab.h"
#include "certferry/import_key.h"

enum { HEADER_LEN = 24, E_LEN = 3, N_LEN = 256, P_LEN = 128 };

static char dir[64];
static uint8_t blob[HEADER_LEN + E_LEN + 2 * N_LEN + 5 * P_LEN];

static int
setup(void **state)
{
    static const char script[] =
        "from cryptography.hazmat.primitives import serialization as s\n"
        "import struct\n"
        "k = s.load_pem_private_key(open('key', 'rb').read(), None).private_numbers()\n"
        "n = k.public_numbers\n"
        "b = lambda v, l: v.to_bytes(l, 'big')\n"
        "open('rsa3', 'wb').write(struct.pack('<4s5I', b'RSA3', 2048, 3, 256, 128, 128) + "
        "b(n.e, 3) + b(n.n, 256) + b(k.p, 128) + b(k.q, 128) + b(k.dmp1, 128) + b(k.dmq1, 128) + "
        "b(k.iqmp, 128) + b(k.d, 256))\n"
        "open('rsa1', 'wb').write(struct.pack('<4s5I', b'RSA1', 2048, 3, 256, 0, 0) + b(n.e, 3) + "
        "b(n.n, 256))\n";
    if (lab_setup(state) != 0)
        return -1;
    lab_dir(dir);
    lab_write_key(dir, "key", lab_key("RSA"));
    lab_write(dir, "script.py", cf_bytes_of(script, sizeof script - 1));
    lab_sh_ok(dir, "openssl pkey -in key -pubout -out pub && /usr/bin/python3 script.py");
    cf_own(cf_buf) content = lab_read(dir, "rsa3");
    assert_int_equal(cf_buf_len(content), sizeof blob);
    memcpy(blob, cf_buf_bytes(content).data, sizeof blob);
    return 0;
}

static int
teardown(void **state)
{
    lab_remove_dir(dir);
    return lab_teardown(state);
}

static enum cf_rc
private_pem(const uint8_t *data, size_t len, struct cf_secret **ret, struct cf_err *err)
{
    cf_own(cf_secret) secret = NULL;

    assert_ok(cf_secret_copy(data, len, &secret, err), *err);
    return cf_cng_private_pem(secret, ret, err);
}

static void
a_full_private_blob_becomes_the_same_key(void **state)
{
    struct cf_err err;
    cf_own(cf_secret) pem = NULL;
    cf_own(cf_import_key) key = NULL;

    (void)state;
    assert_ok(private_pem(blob, sizeof blob, &pem, &err), err);
    assert_ok(cf_import_key_parse(pem, &key, &err), err);
    lab_write(dir, "got", cf_bytes_of(cf_secret_data(pem), cf_secret_len(pem)));
    lab_sh_ok(dir, "cmp got key && openssl pkey -in got -check -noout");
}

static void
a_public_blob_becomes_the_same_key(void **state)
{
    struct cf_err err;
    cf_own(cf_buf) pem = NULL;
    cf_own(cf_buf) rsa1 = lab_read(dir, "rsa1");

    (void)state;
    assert_ok(cf_cng_public_pem(cf_buf_bytes(rsa1), &pem, &err), err);
    lab_write(dir, "got", cf_buf_bytes(pem));
    lab_sh_ok(dir, "cmp got pub");
}

static void
a_member_that_differs_is_seen(void **state)
{
    static const struct {
        const char *name;
        size_t len;
    } members[] = {{"e", E_LEN},  {"n", N_LEN},  {"p", P_LEN},    {"q", P_LEN},
                   {"dp", P_LEN}, {"dq", P_LEN}, {"qinv", P_LEN}, {"d", N_LEN}};
    uint8_t changed[sizeof blob];
    struct cf_err err;
    size_t start = HEADER_LEN;

    (void)state;
    for (size_t i = 0; i < CF_COUNT(members); i++) {
        const size_t places[] = {start, start + members[i].len / 2, start + members[i].len - 1};
        for (size_t k = 0; k < CF_COUNT(places); k++) {
            struct cf_secret *pem = NULL;
            memcpy(changed, blob, sizeof blob);
            changed[places[k]] ^= 2;
            enum cf_rc rc = private_pem(changed, sizeof changed, &pem, &err);
            if (rc != CF_E_MISMATCH)
                fail_msg("%s, byte %zu: %s", members[i].name, k, cf_rc_name(rc));
            assert_null(pem);
        }
        start += members[i].len;
    }
    assert_int_equal(start, sizeof blob);
}

static void
every_bit_of_the_head_counts(void **state)
{
    uint8_t changed[sizeof blob];
    struct cf_err err;

    (void)state;
    for (size_t at = 0; at < HEADER_LEN; at++) {
        for (unsigned bit = 1; bit < 256; bit *= 2) {
            struct cf_secret *pem = NULL;
            memcpy(changed, blob, sizeof blob);
            changed[at] ^= (uint8_t)bit;
            enum cf_rc rc = private_pem(changed, sizeof changed, &pem, &err);
            if (rc != CF_E_ENCODING && rc != CF_E_LIMIT && rc != CF_E_UNSUPPORTED &&
                rc != CF_E_MISMATCH)
                fail_msg("byte %zu, bit %u: %s", at, bit, cf_rc_name(rc));
            assert_null(pem);
        }
    }
}

static void
cut_and_stretched_blobs_are_refused(void **state)
{
    static uint8_t longer[sizeof blob + 1];
    struct cf_err err;
    struct cf_secret *pem = NULL;

    (void)state;
    memcpy(longer, blob, sizeof blob);
    assert_int_equal(private_pem(longer, sizeof longer, &pem, &err), CF_E_ENCODING);
    for (size_t len = 1; len < sizeof blob; len += 13)
        assert_int_equal(private_pem(blob, len, &pem, &err), CF_E_ENCODING);
    cf_own(cf_buf) rsa1 = lab_read(dir, "rsa1");
    struct cf_bytes bytes = cf_buf_bytes(rsa1);
    struct cf_buf *public_pem = NULL;
    for (size_t len = 0; len < bytes.len; len += 7)
        assert_int_equal(cf_cng_public_pem(cf_bytes_of(bytes.data, len), &public_pem, &err),
                         CF_E_ENCODING);
    assert_null(pem);
    assert_null(public_pem);
}

static void
other_kinds_are_refused_by_name(void **state)
{
    static const struct {
        const char *magic;
        const char *name;
    } cases[] = {{"RSA1", "RSAPUBLICBLOB"},    {"RSA2", "RSAPRIVATEBLOB"},
                 {"ECS2", "ECCPRIVATEBLOB"},   {"ECK1", "ECCPUBLICBLOB"},
                 {"DSPV", "DSAPRIVATEBLOB"},   {"KDBM", "KEYDATABLOB"},
                 {"\x07\x02\0\0", "CryptoAPI"}};
    uint8_t changed[sizeof blob];
    struct cf_err err;
    struct cf_secret *pem = NULL;
    struct cf_buf *public_pem = NULL;

    (void)state;
    memcpy(changed, blob, sizeof blob);
    for (size_t i = 0; i < CF_COUNT(cases); i++) {
        memcpy(changed, cases[i].magic, 4);
        assert_int_equal(private_pem(changed, sizeof changed, &pem, &err), CF_E_UNSUPPORTED);
        assert_contains(err.text, cases[i].name);
    }
    assert_int_equal(cf_cng_public_pem(cf_bytes_of(blob, sizeof blob), &public_pem, &err),
                     CF_E_UNSUPPORTED);
    assert_contains(err.text, "RSAFULLPRIVATEBLOB");
    assert_null(pem);
    assert_null(public_pem);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_private_blob_becomes_the_same_key),
        cmocka_unit_test(a_public_blob_becomes_the_same_key),
        cmocka_unit_test(a_member_that_differs_is_seen),
        cmocka_unit_test(every_bit_of_the_head_counts),
        cmocka_unit_test(cut_and_stretched_blobs_are_refused),
        cmocka_unit_test(other_kinds_are_refused_by_name),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
