/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_pfx - each preset with each kind of key is opened by readers that others wrote; each has
 * to come to the same public key.
 */
#include <stdio.h>
#include <string.h>

#include "cert_lab.h"
#include "certferry/pfx.h"

static X509 *root, *issuing;
static struct cf_chain *chain;

/* One key with its certificate, and the PFX of it in a directory of its own. */
struct sample {
    struct cf_key *key;
    struct cf_cert *cert;
    struct cf_secret *password;
    struct cf_buf *pfx;
    char dir[64];
};

static int
setup(void **state)
{
    if (lab_setup(state) != 0)
        return -1;
    root =
        lab_x509(&(struct lab_spec){.cn = "root", .pkey = lab_key("P-384"), .extensions = lab_ca});
    issuing = lab_x509(&(struct lab_spec){.cn = "issuing",
                                          .pkey = lab_key("P-256"),
                                          .extensions = lab_ca,
                                          .issuer = root,
                                          .issuer_pkey = lab_key("P-384")});
    chain = lab_chain((X509 *[]){issuing, root}, 2);
    return 0;
}

static int
teardown(void **state)
{
    X509_free(root);
    X509_free(issuing);
    chain = cf_chain_free(chain);
    return lab_teardown(state);
}

static struct cf_cert *
certify(const struct cf_key *key)
{
    struct cf_err err;
    cf_own(cf_buf) spki = NULL;

    assert_ok(cf_key_spki(key, &spki, &err), err);
    const unsigned char *at = cf_buf_bytes(spki).data;
    EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, (long)cf_buf_len(spki));
    struct cf_cert *cert = lab_cert(&(struct lab_spec){.cn = "device-1",
                                                       .pkey = pkey,
                                                       .extensions = lab_device,
                                                       .issuer = issuing,
                                                       .issuer_pkey = lab_key("P-256")});
    EVP_PKEY_free(pkey);
    return cert;
}

static void
sample_init(struct sample *sample, enum cf_key_kind kind, enum cf_pfx_preset preset)
{
    struct cf_err err;
    *sample = (struct sample){0};

    assert_ok(cf_key_generate(kind, &sample->key, &err), err);
    sample->cert = certify(sample->key);
    assert_ok(cf_pfx_password(&sample->password, &err), err);
    assert_ok(cf_pfx_build(sample->key, sample->cert, chain, preset, 2048, sample->password,
                           "device one", &sample->pfx, &err),
              err);
    lab_dir(sample->dir);
    lab_write(sample->dir, "p12", cf_buf_bytes(sample->pfx));
    lab_write(sample->dir, "pw",
              cf_bytes_of(cf_secret_data(sample->password), cf_secret_len(sample->password)));
    lab_write(sample->dir, "cert.der", cf_cert_der(sample->cert));
    lab_sh_ok(sample->dir, "openssl x509 -inform DER -in cert.der -noout -pubkey >pub");
}

static void
sample_done(struct sample *sample)
{
    lab_remove_dir(sample->dir);
    cf_key_free(sample->key);
    cf_cert_free(sample->cert);
    cf_secret_free(sample->password);
    cf_buf_free(sample->pfx);
}

typedef void reader_fn(const struct sample *sample);

static void
with_every_sample(reader_fn *reader)
{
    for (enum cf_pfx_preset preset = CF_PFX_MODERN; preset <= CF_PFX_LEGACY; preset++) {
        static const enum cf_key_kind kinds[] = {CF_KEY_RSA_2048, CF_KEY_P256};
        for (size_t i = 0; i < CF_COUNT(kinds); i++) {
            struct sample sample;
            sample_init(&sample, kinds[i], preset);
            reader(&sample);
            sample_done(&sample);
        }
    }
}

static void
read_by_openssl(const struct sample *sample)
{
    lab_sh_ok(sample->dir, "openssl pkcs12 -in p12 -passin file:pw -noenc -nocerts -out k && "
                           "openssl pkey -in k -pubout >got && cmp got pub");
    /* The root stays out; the name and the key's mark are there. */
    lab_sh_ok(sample->dir, "openssl pkcs12 -in p12 -passin file:pw -nokeys >c && "
                           "test $(grep -c BEGIN c) = 2 && grep -q 'subject=CN = issuing' c && "
                           "grep -q 'friendlyName: device one' c && grep -q localKeyID c");
}

static void
read_by_gnutls(const struct sample *sample)
{
    lab_sh_ok(sample->dir, "certtool --p12-info --inder --infile p12 --password $(cat pw) >all && "
                           "sed -n '/BEGIN.*PRIVATE KEY/,/END.*PRIVATE KEY/p' all >k && "
                           "openssl pkey -in k -passin file:pw -pubout >got && cmp got pub");
}

static void
read_by_nss(const struct sample *sample)
{
    lab_sh_ok(sample->dir,
              "mkdir db && certutil -N -d sql:db --empty-password && "
              "pk12util -i p12 -d sql:db -w pw -K '' && "
              "pk12util -o out -d sql:db -n 'device one' -W x -K '' && "
              "openssl pkcs12 -legacy -in out -passin pass:x -noenc -nocerts -out k && "
              "openssl pkey -in k -pubout >got && cmp got pub");
}

static void
read_by_java(const struct sample *sample)
{
    lab_sh_ok(sample->dir,
              "keytool -importkeystore -noprompt -srckeystore p12 -srcstoretype PKCS12 "
              "-srcstorepass:file pw -destkeystore ks -deststoretype PKCS12 "
              "-deststorepass changeit && "
              "openssl pkcs12 -in ks -passin pass:changeit -noenc -nocerts -out k && "
              "openssl pkey -in k -pubout >got && cmp got pub");
}

static void
read_by_pyca(const struct sample *sample)
{
    lab_sh_ok(sample->dir,
              "/usr/bin/python3 -c \"\n"
              "from cryptography.hazmat.primitives.serialization import pkcs12, Encoding, "
              "PublicFormat\n"
              "k, c, more = pkcs12.load_key_and_certificates(open('p12', 'rb').read(), "
              "open('pw', 'rb').read())\n"
              "open('got', 'wb').write(k.public_key().public_bytes(Encoding.PEM, "
              "PublicFormat.SubjectPublicKeyInfo))\n"
              "assert c.public_bytes(Encoding.DER) == open('cert.der', 'rb').read()\n"
              "assert len(more) == 1\n"
              "\" && cmp got pub");
}

static void
the_openssl_command_opens_it(void **state)
{
    (void)state;
    with_every_sample(read_by_openssl);
}

static void
gnutls_opens_it(void **state)
{
    (void)state;
    if (!lab_has_program("certtool", "gnutls-bin"))
        skip();
    with_every_sample(read_by_gnutls);
}

static void
nss_opens_it(void **state)
{
    (void)state;
    if (!lab_has_program("pk12util", "libnss3-tools"))
        skip();
    with_every_sample(read_by_nss);
}

static void
java_opens_it(void **state)
{
    (void)state;
    if (!lab_has_program("keytool", "openjdk-17-jre-headless"))
        skip();
    with_every_sample(read_by_java);
}

static void
python_cryptography_opens_it(void **state)
{
    (void)state;
    if (!lab_has_program("/usr/bin/python3", "python3") ||
        lab_sh("/tmp", "/usr/bin/python3 -c 'import cryptography'") != 0) {
        print_message("not tried: package python3-cryptography is not installed\n");
        skip();
    }
    with_every_sample(read_by_pyca);
}

static void
algorithms_are_those_of_the_preset(void **state)
{
    struct sample sample;
    (void)state;

    sample_init(&sample, CF_KEY_P256, CF_PFX_MODERN);
    lab_sh_ok(sample.dir, "openssl pkcs12 -in p12 -passin file:pw -info -noout 2>info; "
                          "grep -q 'MAC: sha256, Iteration 2048' info && "
                          "grep -q 'salt length: 8' info && "
                          "test $(grep -c 'PBES2, PBKDF2, AES-256-CBC, Iteration 2048, PRF "
                          "hmacWithSHA256' info) = 2");
    /* The safes lie inside an OCTET STRING at 4+3+4+9+4 octets or thereabouts: look for it. */
    lab_sh_ok(sample.dir,
              "at=$(openssl asn1parse -inform DER -in p12 | grep 'OCTET STRING' | head -1 | "
              "cut -d: -f1); openssl asn1parse -inform DER -in p12 -strparse $at >oids && "
              "grep -q ':PBES2' oids && grep -q ':PBKDF2' oids && "
              "grep -q ':hmacWithSHA256' oids && grep -q ':aes-256-cbc' oids && "
              "! openssl asn1parse -inform DER -in p12 | grep -q 'l=inf'");
    sample_done(&sample);

    sample_init(&sample, CF_KEY_P256, CF_PFX_LEGACY);
    lab_sh_ok(sample.dir, "openssl pkcs12 -in p12 -passin file:pw -info -noout 2>info; "
                          "grep -q 'MAC: sha1, Iteration 2048' info && "
                          "grep -q 'salt length: 8' info && "
                          "test $(grep -c 'pbeWithSHA1And3-KeyTripleDES-CBC, Iteration 2048' "
                          "info) = 2");
    sample_done(&sample);
}

static void
passwords_are_43_fresh_base64url_characters(void **state)
{
    struct cf_err err;
    cf_own(cf_secret) one = NULL;
    cf_own(cf_secret) two = NULL;

    (void)state;
    assert_ok(cf_pfx_password(&one, &err), err);
    assert_ok(cf_pfx_password(&two, &err), err);
    assert_int_equal(cf_secret_len(one), CF_PFX_PASSWORD_LEN);
    assert_int_equal(strspn((const char *)cf_secret_data(one),
                            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
                     CF_PFX_PASSWORD_LEN);
    assert_false(cf_secret_equal(one, two));
}

static void
a_flipped_bit_or_another_password_does_not_open(void **state)
{
    struct sample sample;
    uint8_t changed[8192];

    (void)state;
    sample_init(&sample, CF_KEY_P256, CF_PFX_MODERN);
    struct cf_bytes pfx = cf_buf_bytes(sample.pfx);
    assert_true(pfx.len <= sizeof changed);
    memcpy(changed, pfx.data, pfx.len);
    for (size_t at = 0; at < pfx.len; at += 149) {
        changed[at] ^= 1;
        lab_write(sample.dir, "bad", cf_bytes_of(changed, pfx.len));
        if (lab_sh(sample.dir, "openssl pkcs12 -in bad -passin file:pw -noenc -out k") == 0)
            fail_msg("a change at %zu of %zu was not seen", at, pfx.len);
        changed[at] ^= 1;
    }
    assert_int_not_equal(lab_sh(sample.dir, "openssl pkcs12 -in p12 -passin pass:x -noenc"), 0);
    sample_done(&sample);
}

static void
what_cannot_be_built_is_refused(void **state)
{
    struct cf_err err;
    struct cf_buf *der = NULL;
    struct sample sample;
    cf_own(cf_key) other = NULL;
    cf_own(cf_secret) umlaut = NULL;

    (void)state;
    sample_init(&sample, CF_KEY_P256, CF_PFX_MODERN);
    assert_ok(cf_key_generate(CF_KEY_P256, &other, &err), err);
    assert_ok(cf_secret_copy("p\xc3\xa4ss", 5, &umlaut, &err), err);
    assert_int_equal(cf_pfx_build(other, sample.cert, chain, CF_PFX_MODERN, 2048, sample.password,
                                  "n", &der, &err),
                     CF_E_MISMATCH);
    assert_int_equal(cf_pfx_build(sample.key, sample.cert, chain, CF_PFX_MODERN, 2047,
                                  sample.password, "n", &der, &err),
                     CF_E_RANGE);
    assert_int_equal(cf_pfx_build(sample.key, sample.cert, chain, CF_PFX_MODERN, 100001,
                                  sample.password, "n", &der, &err),
                     CF_E_RANGE);
    assert_int_equal(
        cf_pfx_build(sample.key, sample.cert, chain, CF_PFX_MODERN, 2048, umlaut, "n", &der, &err),
        CF_E_RANGE);
    assert_int_equal(cf_pfx_build(sample.key, sample.cert, chain, CF_PFX_MODERN, 2048,
                                  sample.password, "a\nb", &der, &err),
                     CF_E_RANGE);
    assert_null(der);
    sample_done(&sample);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_openssl_command_opens_it),
        cmocka_unit_test(gnutls_opens_it),
        cmocka_unit_test(nss_opens_it),
        cmocka_unit_test(java_opens_it),
        cmocka_unit_test(python_cryptography_opens_it),
        cmocka_unit_test(algorithms_are_those_of_the_preset),
        cmocka_unit_test(passwords_are_43_fresh_base64url_characters),
        cmocka_unit_test(a_flipped_bit_or_another_password_does_not_open),
        cmocka_unit_test(what_cannot_be_built_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
