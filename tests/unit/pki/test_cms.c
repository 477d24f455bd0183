/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_cms - envelopes are opened and verified by the openssl command, as a device would.
 */
#include <stdio.h>
#include <string.h>

#include "cert_lab.h"
#include "certferry/cms.h"
#include "certferry/text.h"

static const char pfx[] = "not really a PFX, but bytes with\r\n line ends\n and \x01\x02";
#define CONTEXT "ctx-\xc3\xa4-1"

static struct cf_identity *signer;
static struct cf_secret *password;

static int
setup(void **state)
{
    struct cf_err err;
    if (lab_setup(state) != 0)
        return -1;
    assert_ok(cf_identity_generate(CF_KEY_P256, "connector", LAB_NOW_MS,
                                   (uint64_t)(30 * LAB_DAY_MS), &signer, &err),
              err);
    assert_ok(cf_secret_copy("Zm9vYmFy-_password", 18, &password, &err), err);
    return 0;
}

static int
teardown(void **state)
{
    signer = cf_identity_free(signer);
    password = cf_secret_free(password);
    return lab_teardown(state);
}

/* A device with key `kind`: dir/key and dir/cert.pem; dir/signer.pem is the connector's. */
static struct cf_cert *
device_in(const char *dir, const char *kind)
{
    struct cf_err err;
    cf_own(cf_buf) signer_pem = NULL;
    X509 *x509 = lab_x509(
        &(struct lab_spec){.cn = "device-1", .pkey = lab_key(kind), .extensions = lab_device});
    cf_own(cf_buf) pem = lab_pem(&x509, 1);

    lab_write_key(dir, "key", lab_key(kind));
    lab_write(dir, "cert.pem", cf_buf_bytes(pem));
    assert_ok(cf_identity_cert_pem(signer, &signer_pem, &err), err);
    lab_write(dir, "signer.pem", cf_buf_bytes(signer_pem));
    struct cf_cert *cert = lab_to_cf(x509);
    X509_free(x509);
    return cert;
}

static struct cf_buf *
seal(const struct cf_cert *recipient, enum cf_transport transport, const struct cf_secret *pw)
{
    struct cf_err err;
    struct cf_buf *der = NULL;
    struct cf_seal_binding binding = {
        .request_context = CONTEXT, .recipient = recipient, .signer = signer, .now_ms = LAB_NOW_MS};
    assert_ok(
        cf_cms_seal_pfx(cf_bytes_of(pfx, sizeof pfx - 1), pw, &binding, transport, &der, &err),
        err);
    return der;
}

#define DECRYPT "openssl cms -decrypt -binary -inform DER -in outer -recip cert.pem -inkey key"
#define VERIFY                                                                                     \
    "openssl cms -verify -binary -cades -inform DER -in inner -certfile signer.pem -nointern "     \
    "-CAfile signer.pem -partial_chain -purpose any -no_check_time"

static void
a_device_opens_and_verifies_both_transports(void **state)
{
    static const char *const kinds[] = {"RSA", "P-256", "P-384"};
    (void)state;
    for (size_t i = 0; i < 2 * CF_COUNT(kinds); i++) {
        char dir[64];
        lab_dir(dir);
        cf_own(cf_cert) recipient = device_in(dir, kinds[i / 2]);
        cf_own(cf_buf) outer =
            seal(recipient, i % 2 ? CF_TRANSPORT_NATIVE : CF_TRANSPORT_MODERN, password);
        lab_write(dir, "outer", cf_buf_bytes(outer));
        lab_write(dir, "pfx", cf_bytes_of(pfx, sizeof pfx - 1));
        lab_sh_ok(dir, DECRYPT " -out inner && " VERIFY " -out got && cmp got pfx");
        lab_remove_dir(dir);
    }
}

static void
transport_algorithms_are_those_of_the_protocol(void **state)
{
    static const struct {
        const char *kind;
        enum cf_transport transport;
        const char *has;
    } cases[] = {
        {"RSA", CF_TRANSPORT_MODERN,
         "id-smime-ct-authEnvelopedData :rsaesOaep :sha256 :mgf1 :aes-256-gcm"},
        {"RSA", CF_TRANSPORT_NATIVE, ":pkcs7-envelopedData :rsaEncryption :aes-256-cbc"},
        {"P-256", CF_TRANSPORT_MODERN,
         "id-smime-ct-authEnvelopedData :dhSinglePass-stdDH-sha256kdf-scheme :id-aes256-wrap "
         ":aes-256-gcm"},
        {"P-384", CF_TRANSPORT_NATIVE,
         ":pkcs7-envelopedData :dhSinglePass-stdDH-sha256kdf-scheme :id-aes256-wrap "
         ":aes-256-cbc"},
    };
    (void)state;
    for (size_t i = 0; i < CF_COUNT(cases); i++) {
        char dir[64];
        lab_dir(dir);
        cf_own(cf_cert) recipient = device_in(dir, cases[i].kind);
        cf_own(cf_buf) outer = seal(recipient, cases[i].transport, NULL);
        lab_write(dir, "outer", cf_buf_bytes(outer));
        lab_sh_ok(dir,
                  "openssl asn1parse -inform DER -in outer >oids && for oid in %s; do "
                  "grep -q -- $oid oids || { echo $oid; exit 1; }; done; ! grep -q l=inf oids && "
                  "! grep -q 'sha1' oids && test $(grep -c :pkcs7-data oids) = 1",
                  cases[i].has);
        lab_remove_dir(dir);
    }
}

static void
signed_attributes_are_those_of_the_protocol(void **state)
{
    char dir[64], hex[65];
    uint8_t hash[32];

    (void)state;
    for (int with_password = 0; with_password < 2; with_password++) {
        lab_dir(dir);
        cf_own(cf_cert) recipient = device_in(dir, "P-256");
        cf_own(cf_buf) outer =
            seal(recipient, CF_TRANSPORT_MODERN, with_password ? password : NULL);
        cf_cert_sha256(recipient, hash);
        cf_text_hex(cf_bytes_of(hash, sizeof hash), true, hex, sizeof hex);
        lab_write(dir, "outer", cf_buf_bytes(outer));
        lab_sh_ok(dir,
                  DECRYPT " -out inner && openssl asn1parse -inform DER -in inner >a && "
                          "test $(grep -c ':contentType' a) = 1 && "
                          "test $(grep -c ':messageDigest' a) = 1 && "
                          "test $(grep -c ':signingTime' a) = 1 && "
                          "grep -q 'UTCTIME *:260921141320Z' a && "
                          "test $(grep -c ':id-smime-aa-signingCertificateV2' a) = 1 && "
                          "test $(grep -c ':%s.1$' a) = 1 && "
                          "test $(grep -c ':%s.2$' a) = 1 && "
                          "test $(grep -c ':%s.3$' a) = %d && "
                          "grep -A2 ':%s.1$' a | grep -q 'UTF8STRING *:ctx-' && "
                          "grep -A2 ':%s.2$' a | grep -q 'HEX DUMP.:%s' && "
                          "! grep -q l=inf a && ! grep -q 'cont \\[ 1 \\] .*unsigned' a",
                  CF_OID_ENVELOPE, CF_OID_ENVELOPE, CF_OID_ENVELOPE, with_password, CF_OID_ENVELOPE,
                  CF_OID_ENVELOPE, hex);
        if (with_password)
            lab_sh_ok(dir, "grep -A2 ':%s.3$' a | grep -q 'UTF8STRING *:Zm9vYmFy-_password'",
                      CF_OID_ENVELOPE);
        lab_remove_dir(dir);
    }
}

static void
flipped_bits_are_refused(void **state)
{
    /* CBC is malleable, so the inner signature has to see what decryption lets through. */
    static const struct {
        const char *kind;
        enum cf_transport transport;
    } cases[] = {{"RSA", CF_TRANSPORT_MODERN},
                 {"RSA", CF_TRANSPORT_NATIVE},
                 {"P-256", CF_TRANSPORT_MODERN},
                 {"P-256", CF_TRANSPORT_NATIVE}};
    uint8_t changed[8192];

    (void)state;
    for (size_t i = 0; i < CF_COUNT(cases); i++) {
        char dir[64];
        lab_dir(dir);
        cf_own(cf_cert) recipient = device_in(dir, cases[i].kind);
        cf_own(cf_buf) outer = seal(recipient, cases[i].transport, password);
        struct cf_bytes der = cf_buf_bytes(outer);
        assert_true(der.len <= sizeof changed);
        memcpy(changed, der.data, der.len);
        /* From the middle on: the names and serial numbers before are hints to the reader. */
        for (size_t at = der.len * 2 / 3; at < der.len; at += 61) {
            changed[at] ^= 4;
            lab_write(dir, "outer", cf_bytes_of(changed, der.len));
            if (lab_sh(dir, DECRYPT " -out inner && " VERIFY " -out got") == 0)
                fail_msg("%s: a change at %zu of %zu was not seen", cases[i].kind, at, der.len);
            changed[at] ^= 4;
        }
        lab_write(dir, "outer", der);
        lab_sh_ok(dir, DECRYPT " -out inner && " VERIFY " -out got");
        lab_remove_dir(dir);
    }
}

static void
nobody_else_opens_or_signs(void **state)
{
    struct cf_err err;
    char dir[64];
    cf_own(cf_identity) stranger = NULL;
    cf_own(cf_buf) stranger_pem = NULL;

    (void)state;
    lab_dir(dir);
    cf_own(cf_cert) recipient = device_in(dir, "RSA");
    cf_own(cf_buf) outer = seal(recipient, CF_TRANSPORT_MODERN, password);
    lab_write(dir, "outer", cf_buf_bytes(outer));
    lab_sh_ok(dir, DECRYPT " -out inner");
    lab_sh_ok(dir, "openssl genrsa -out key 2048 && ! " DECRYPT " -out stolen");

    assert_ok(
        cf_identity_generate(CF_KEY_P256, "connector", LAB_NOW_MS, 1000 * 3600, &stranger, &err),
        err);
    assert_ok(cf_identity_cert_pem(stranger, &stranger_pem, &err), err);
    lab_write(dir, "signer.pem", cf_buf_bytes(stranger_pem));
    assert_int_not_equal(lab_sh(dir, VERIFY), 0);
    lab_remove_dir(dir);
}

static void
a_secret_alone_comes_out_byte_for_byte(void **state)
{
    struct cf_err err;
    static const char *const kinds[] = {"RSA", "P-256"};
    (void)state;
    for (size_t i = 0; i < 2 * CF_COUNT(kinds); i++) {
        char dir[64];
        cf_own(cf_buf) outer = NULL;
        lab_dir(dir);
        cf_own(cf_cert) recipient = device_in(dir, kinds[i / 2]);
        assert_ok(cf_cms_seal_secret(password, recipient,
                                     i % 2 ? CF_TRANSPORT_NATIVE : CF_TRANSPORT_MODERN, &outer,
                                     &err),
                  err);
        lab_write(dir, "outer", cf_buf_bytes(outer));
        lab_sh_ok(dir, DECRYPT " -out got && test \"$(cat got)\" = Zm9vYmFy-_password && "
                               "test $(wc -c <got) = 18");
        lab_remove_dir(dir);
    }
}

static void
what_cannot_be_sealed_is_refused(void **state)
{
    struct cf_err err;
    struct cf_buf *der = NULL;
    EVP_PKEY *edwards = lab_fresh_key("ED25519", 0);
    X509 *x509 = lab_x509(&(struct lab_spec){
        .cn = "a", .pkey = edwards, .issuer_pkey = lab_key("P-256"), .extensions = lab_device});
    cf_own(cf_cert) recipient = lab_to_cf(x509);
    cf_own(cf_cert) good = lab_cert(&(struct lab_spec){.cn = "a", .pkey = lab_key("P-256")});

    (void)state;
    assert_int_equal(cf_cms_seal_secret(password, recipient, CF_TRANSPORT_NATIVE, &der, &err),
                     CF_E_RECIPIENT);
    struct cf_seal_binding binding = {
        .request_context = "", .recipient = good, .signer = signer, .now_ms = LAB_NOW_MS};
    assert_int_equal(cf_cms_seal_pfx(cf_bytes_of(pfx, sizeof pfx - 1), password, &binding,
                                     CF_TRANSPORT_NATIVE, &der, &err),
                     CF_E_RANGE);
    binding.request_context = "\xff";
    assert_int_equal(cf_cms_seal_pfx(cf_bytes_of(pfx, sizeof pfx - 1), password, &binding,
                                     CF_TRANSPORT_NATIVE, &der, &err),
                     CF_E_RANGE);
    assert_null(der);
    X509_free(x509);
    EVP_PKEY_free(edwards);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_opens_and_verifies_both_transports),
        cmocka_unit_test(transport_algorithms_are_those_of_the_protocol),
        cmocka_unit_test(signed_attributes_are_those_of_the_protocol),
        cmocka_unit_test(flipped_bits_are_refused),
        cmocka_unit_test(nobody_else_opens_or_signs),
        cmocka_unit_test(a_secret_alone_comes_out_byte_for_byte),
        cmocka_unit_test(what_cannot_be_sealed_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
