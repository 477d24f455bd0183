/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_import_key - passwords that other programs encrypted are decrypted with keys from PEM files
 * and from a PKCS#11 token.
 */
#include <stdio.h>
#include <string.h>

#include "cert_lab.h"
#include "certferry/import_key.h"
#include "certferry/pfx.h"
#include "token_lab.h"

#define PASSWORD "correct horse battery staple"

static char dir[64];

static struct cf_secret *
file_secret(const char *name)
{
    struct cf_err err;
    struct cf_secret *secret = NULL;
    cf_own(cf_buf) buf = lab_read(dir, name);

    assert_ok(cf_secret_copy(cf_buf_bytes(buf).data, cf_buf_len(buf), &secret, &err), err);
    return secret;
}

static struct cf_import_key *
parse(const char *name)
{
    struct cf_err err;
    struct cf_import_key *key = NULL;
    cf_own(cf_secret) pem = file_secret(name);

    assert_ok(cf_import_key_parse(pem, &key, &err), err);
    return key;
}

static int
setup(void **state)
{
    if (lab_setup(state) != 0)
        return -1;
    lab_dir(dir);
    token_lab_configure(dir);
    lab_write(dir, "plain", cf_bytes_of(PASSWORD, strlen(PASSWORD)));
    lab_sh_ok(dir, "openssl pkey -in key -pubout -out pub");
    return 0;
}

static int
teardown(void **state)
{
    lab_remove_dir(dir);
    return lab_teardown(state);
}

static void
encrypt_by_openssl(int bits)
{
    lab_sh_ok(dir,
              "openssl pkeyutl -encrypt -pubin -inkey pub -in plain -out cipher "
              "-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha%d "
              "-pkeyopt rsa_mgf1_md:sha%d",
              bits, bits);
}

static const int bits_of[] = {256, 384, 512};

static void
decrypts_all_paddings(const struct cf_import_key *key)
{
    struct cf_err err;

    for (enum cf_oaep oaep = CF_OAEP_SHA256; oaep <= CF_OAEP_SHA512; oaep++) {
        cf_own(cf_secret) plain = NULL;
        encrypt_by_openssl(bits_of[oaep]);
        cf_own(cf_buf) cipher = lab_read(dir, "cipher");
        assert_ok(cf_import_key_decrypt(key, oaep, cf_buf_bytes(cipher), &plain, &err), err);
        assert_int_equal(cf_secret_len(plain), strlen(PASSWORD));
        assert_memory_equal(cf_secret_data(plain), PASSWORD, strlen(PASSWORD));
        for (enum cf_oaep other = CF_OAEP_SHA256; other <= CF_OAEP_SHA512; other++) {
            struct cf_secret *none = NULL;
            if (other == oaep)
                continue;
            assert_int_equal(cf_import_key_decrypt(key, other, cf_buf_bytes(cipher), &none, &err),
                             CF_E_CRYPTO);
            assert_null(none);
        }
    }
}

static void
what_openssl_encrypts_is_decrypted(void **state)
{
    cf_own(cf_import_key) key = parse("key");
    (void)state;

    decrypts_all_paddings(key);
    lab_sh_ok(dir, "openssl rsa -in key -traditional -out pkcs1");
    cf_own(cf_import_key) pkcs1 = parse("pkcs1");
    decrypts_all_paddings(pkcs1);
}

static void
what_python_encrypts_is_decrypted_and_the_other_way_round(void **state)
{
    static const char script[] =
        "from cryptography.hazmat.primitives import hashes, serialization as s\n"
        "from cryptography.hazmat.primitives.asymmetric import padding\n"
        "key = s.load_pem_private_key(open('key', 'rb').read(), None)\n"
        "for h in (hashes.SHA256(), hashes.SHA384(), hashes.SHA512()):\n"
        "    p = padding.OAEP(padding.MGF1(h), h, None)\n"
        "    n = h.name\n"
        "    open('py-' + n, 'wb').write(key.public_key().encrypt(open('plain', 'rb').read(), p))\n"
        "    assert key.decrypt(open('ours-' + n, 'rb').read(), p) == open('plain', 'rb').read()\n";
    struct cf_err err;
    char name[32];
    cf_own(cf_import_key) key = parse("key");

    (void)state;
    if (lab_sh(dir, "/usr/bin/python3 -c 'import cryptography'") != 0)
        skip();
    lab_write(dir, "script.py", cf_bytes_of(script, sizeof script - 1));
    for (enum cf_oaep oaep = CF_OAEP_SHA256; oaep <= CF_OAEP_SHA512; oaep++) {
        cf_own(cf_buf) cipher = NULL;
        assert_ok(cf_import_key_encrypt(key, oaep, cf_bytes_of(PASSWORD, strlen(PASSWORD)), &cipher,
                                        &err),
                  err);
        snprintf(name, sizeof name, "ours-sha%d", bits_of[oaep]);
        lab_write(dir, name, cf_buf_bytes(cipher));
    }
    lab_sh_ok(dir, "/usr/bin/python3 script.py");
    for (enum cf_oaep oaep = CF_OAEP_SHA256; oaep <= CF_OAEP_SHA512; oaep++) {
        cf_own(cf_secret) plain = NULL;
        snprintf(name, sizeof name, "py-sha%d", bits_of[oaep]);
        cf_own(cf_buf) cipher = lab_read(dir, name);
        assert_ok(cf_import_key_decrypt(key, oaep, cf_buf_bytes(cipher), &plain, &err), err);
        assert_memory_equal(cf_secret_data(plain), PASSWORD, strlen(PASSWORD));
    }
}

static void
whatever_is_wrong_gives_one_error(void **state)
{
    struct cf_err first = {0}, err = {0};
    struct cf_secret *plain = NULL;
    uint8_t changed[256] = {0};
    cf_own(cf_import_key) key = parse("key");

    (void)state;
    encrypt_by_openssl(512);
    cf_own(cf_buf) cipher = lab_read(dir, "cipher");
    memcpy(changed, cf_buf_bytes(cipher).data, sizeof changed);
    for (size_t at = 0; at < sizeof changed; at += 17) {
        changed[at] ^= 2;
        assert_int_equal(cf_import_key_decrypt(key, CF_OAEP_SHA512,
                                               cf_bytes_of(changed, sizeof changed), &plain, &err),
                         CF_E_CRYPTO);
        changed[at] ^= 2;
        if (at == 0)
            first = err;
        assert_string_equal(err.text, first.text);
        assert_int_equal(err.native, first.native);
    }
    for (size_t len = 0; len < sizeof changed; len += 51) {
        assert_int_equal(
            cf_import_key_decrypt(key, CF_OAEP_SHA512, cf_bytes_of(changed, len), &plain, &err),
            CF_E_CRYPTO);
        assert_string_equal(err.text, first.text);
    }
    lab_sh_ok(dir, "openssl pkeyutl -encrypt -pubin -inkey pub -in plain -out cipher");
    cf_own(cf_buf) pkcs15 = lab_read(dir, "cipher");
    assert_int_equal(cf_import_key_decrypt(key, CF_OAEP_SHA256, cf_buf_bytes(pkcs15), &plain, &err),
                     CF_E_CRYPTO);
    assert_string_equal(err.text, first.text);
    assert_null(plain);
}

static void
passwords_may_be_as_long_as_the_padding_lets_them(void **state)
{
    static const size_t max[] = {190, 158, 126};
    static const uint8_t zeros[200];
    struct cf_err err;
    cf_own(cf_import_key) key = parse("key");

    (void)state;
    for (enum cf_oaep oaep = CF_OAEP_SHA256; oaep <= CF_OAEP_SHA512; oaep++) {
        cf_own(cf_buf) cipher = NULL;
        cf_own(cf_secret) plain = NULL;
        assert_int_equal(
            cf_import_key_encrypt(key, oaep, cf_bytes_of(zeros, max[oaep] + 1), &cipher, &err),
            CF_E_LIMIT);
        assert_ok(cf_import_key_encrypt(key, oaep, cf_bytes_of(zeros, max[oaep]), &cipher, &err),
                  err);
        assert_ok(cf_import_key_decrypt(key, oaep, cf_buf_bytes(cipher), &plain, &err), err);
        assert_int_equal(cf_secret_len(plain), max[oaep]);
    }
}

static void
other_keys_are_refused(void **state)
{
    static const struct {
        const char *command;
        enum cf_rc rc;
        const char *part;
    } cases[] = {
        {"openssl genrsa -out k 1024", CF_E_UNSUPPORTED, "1024 bits"},
        {"openssl ecparam -genkey -name prime256v1 -noout -out k", CF_E_UNSUPPORTED, "RSA"},
        {"openssl pkey -in key -aes256 -passout pass:x -out k", CF_E_UNSUPPORTED, "encrypted"},
        {"cp pub k", CF_E_ENCODING, "no private key"},
        {"sed 5d key >k", CF_E_ENCODING, "private key"},
    };
    struct cf_err err;

    (void)state;
    for (size_t i = 0; i < CF_COUNT(cases); i++) {
        struct cf_import_key *key = NULL;
        lab_sh_ok(dir, "%s", cases[i].command);
        cf_own(cf_secret) pem = file_secret("k");
        assert_int_equal(cf_import_key_parse(pem, &key, &err), cases[i].rc);
        assert_contains(err.text, cases[i].part);
        assert_null(key);
    }
    cf_own(cf_secret) tss2 = token_lab_secret("-----BEGIN TSS2 PRIVATE KEY-----\nMAA=\n"
                                              "-----END TSS2 PRIVATE KEY-----\n");
    struct cf_import_key *key = NULL;
    enum cf_rc rc = cf_import_key_parse(tss2, &key, &err);
    assert_true(rc == CF_E_UNSUPPORTED || rc == CF_E_ENCODING);
    assert_null(key);
}

static void
the_public_half_is_that_of_the_key(void **state)
{
    struct cf_err err;
    cf_own(cf_buf) pem = NULL;
    cf_own(cf_import_key) key = parse("key");

    (void)state;
    assert_ok(cf_import_key_public_pem(key, &pem, &err), err);
    lab_write(dir, "got", cf_buf_bytes(pem));
    lab_sh_ok(dir, "cmp got pub");
}

/* The wrong PIN comes first: a token that is logged in takes any. */
static void
a_key_in_a_token_decrypts_all_paddings(void **state)
{
    struct cf_err err = {0};
    struct cf_import_key *none = NULL;
    cf_own(cf_import_key) key = NULL;
    cf_own(cf_secret) wrong = token_lab_secret("4321");
    cf_own(cf_secret) right = token_lab_secret("1234");

    (void)state;
    if (!token_lab_has_token(dir, "imports"))
        skip();
    enum cf_rc rc = cf_import_key_open("pkcs11:token=t;object=imports", NULL, &none, &err);
    assert_true(rc == CF_E_NOT_FOUND || rc == CF_E_AUTH);
    assert_int_equal(cf_import_key_open("pkcs11:token=t;object=imports", wrong, &none, &err),
                     CF_E_AUTH);
    assert_contains(err.text, "PIN");
    assert_null(strstr(err.text, "4321"));
    assert_int_equal(cf_import_key_open("pkcs11:token=t;object=nothing", right, &none, &err),
                     CF_E_NOT_FOUND);
    assert_int_equal(cf_import_key_open("pkcs11:token=other;object=imports", right, &none, &err),
                     CF_E_NOT_FOUND);
    assert_null(none);
    assert_ok(cf_import_key_open("pkcs11:token=t;object=imports", right, &key, &err), err);
    decrypts_all_paddings(key);
    cf_own(cf_buf) pem = NULL;
    assert_ok(cf_import_key_public_pem(key, &pem, &err), err);
    lab_write(dir, "got", cf_buf_bytes(pem));
    lab_sh_ok(dir, "cmp got pub");

    /* A token that is gone is no wrong password: the request waits for it. */
    cf_own(cf_buf) cipher = NULL;
    struct cf_secret *plain = NULL;
    assert_ok(cf_import_key_encrypt(key, CF_OAEP_SHA512, cf_bytes_of("x", 1), &cipher, &err), err);
    uint8_t broken[256];
    assert_int_equal(cf_buf_len(cipher), sizeof broken);
    memcpy(broken, cf_buf_bytes(cipher).data, sizeof broken);
    broken[9] ^= 1;
    assert_int_equal(cf_import_key_decrypt(key, CF_OAEP_SHA512, cf_bytes_of(broken, sizeof broken),
                                           &plain, &err),
                     CF_E_CRYPTO);
    lab_sh_ok(dir, "find tokens -name '*.object' -delete");
    assert_int_equal(cf_import_key_decrypt(key, CF_OAEP_SHA512, cf_buf_bytes(cipher), &plain, &err),
                     CF_E_IO);
    assert_int_equal(err.fault, CF_FAULT_TRANSIENT);
    assert_null(plain);
}

static void
uris_that_lead_nowhere_say_why(void **state)
{
    static const struct {
        const char *uri;
        const char *part;
    } cases[] = {{"file:/etc/passwd", "key_file"},
                 {"/etc/key.pem", "key_file"},
                 {"", "no URI"},
                 {"unknown:x", "no provider 'unknown'"}};
    struct cf_err err;

    (void)state;
    for (size_t i = 0; i < CF_COUNT(cases); i++) {
        struct cf_import_key *key = NULL;
        assert_int_equal(cf_import_key_open(cases[i].uri, NULL, &key, &err), CF_E_CONFIG);
        assert_contains(err.text, cases[i].part);
        assert_null(key);
    }
}

static void
bytes_become_the_passwords_they_may_mean(void **state)
{
    static const struct {
        const char *bytes;
        const char *passwords[2];
    } cases[] = {
        {"plain", {"plain", NULL}},
        {"", {"", NULL}},
        {"gr\xfcn", {"gr\xc3\xbcn", NULL}},
        {"gr\xc3\xbcn", {"gr\xc3\xbcn", "gr\xc3\x83\xc2\xbcn"}},
    };
    struct cf_err err;

    (void)state;
    for (size_t i = 0; i < CF_COUNT(cases); i++) {
        struct cf_secret *got[CF_IMPORT_PASSWORDS_MAX] = {0};
        size_t n = 0;
        cf_own(cf_secret) plain = token_lab_secret(cases[i].bytes);
        assert_ok(cf_import_passwords(plain, got, &n, &err), err);
        assert_int_equal(n, cases[i].passwords[1] ? 2 : 1);
        for (size_t k = 0; k < n; k++) {
            assert_string_equal(cf_secret_data(got[k]), cases[i].passwords[k]);
            cf_secret_free(got[k]);
        }
    }
}

static void
utf16_is_read_and_what_is_no_text_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *password;
    } cases[] = {{"a\0b\0", 4, "ab"},  {"\xfc\0\xac\x20", 4, "\xc3\xbc\xe2\x82\xac"},
                 {"a\0b", 3, NULL},    {"a\nb", 3, NULL},
                 {"a\0\0\0", 4, NULL}, {"a\0\0\xd8", 4, NULL}};
    struct cf_err err;

    (void)state;
    for (size_t i = 0; i < CF_COUNT(cases); i++) {
        struct cf_secret *got[CF_IMPORT_PASSWORDS_MAX] = {0};
        size_t n = 0;
        cf_own(cf_secret) plain = NULL;
        assert_ok(cf_secret_copy(cases[i].bytes, cases[i].len, &plain, &err), err);
        enum cf_rc rc = cf_import_passwords(plain, got, &n, &err);
        assert_int_equal(rc, cases[i].password ? CF_OK : CF_E_CRYPTO);
        assert_int_equal(n, cases[i].password ? 1 : 0);
        if (n == 1)
            assert_string_equal(cf_secret_data(got[0]), cases[i].password);
        cf_secret_free(got[0]);
    }
}

static void
an_umlaut_in_one_byte_opens_the_file(void **state)
{
    struct cf_err err;
    cf_own(cf_pfx_content) content = NULL;
    struct cf_pfx_content *none = NULL;
    cf_own(cf_secret) latin1 = token_lab_secret("gr\xfcn");
    cf_own(cf_secret) other = token_lab_secret("gr\xf6n");

    (void)state;
    lab_sh_ok(dir, "openssl req -x509 -key key -subj /CN=a -out cert && openssl pkcs12 -export -in "
                   "cert -inkey key -passout pass:$(printf 'gr\\303\\274n') -out p12");
    cf_own(cf_buf) der = lab_read(dir, "p12");
    assert_ok(cf_pfx_open_imported(cf_buf_bytes(der), latin1, &content, &err), err);
    assert_int_equal(cf_pfx_open_imported(cf_buf_bytes(der), other, &none, &err), CF_E_CRYPTO);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_openssl_encrypts_is_decrypted),
        cmocka_unit_test(what_python_encrypts_is_decrypted_and_the_other_way_round),
        cmocka_unit_test(whatever_is_wrong_gives_one_error),
        cmocka_unit_test(passwords_may_be_as_long_as_the_padding_lets_them),
        cmocka_unit_test(other_keys_are_refused),
        cmocka_unit_test(the_public_half_is_that_of_the_key),
        cmocka_unit_test(a_key_in_a_token_decrypts_all_paddings),
        cmocka_unit_test(uris_that_lead_nowhere_say_why),
        cmocka_unit_test(bytes_become_the_passwords_they_may_mean),
        cmocka_unit_test(utf16_is_read_and_what_is_no_text_refused),
        cmocka_unit_test(an_umlaut_in_one_byte_opens_the_file),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
