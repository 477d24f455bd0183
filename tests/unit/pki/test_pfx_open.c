/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_pfx_open - files that independent writers made are opened, written again and compared; what
 * is damaged, hostile or out of date is refused.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cert_lab.h"
#include "certferry/key.h"
#include "certferry/pfx.h"

static char dir[64];

static void
write_cert(const char *name, X509 *x509)
{
    cf_own(cf_buf) pem = lab_pem(&x509, 1);

    lab_write(dir, name, cf_buf_bytes(pem));
}

/* A leaf of an intermediate of a root: certkey, cert, ca, root. */
static int
setup(void **state)
{
    if (lab_setup(state) != 0)
        return -1;
    lab_dir(dir);
    EVP_PKEY *root_key = lab_key("P-256"), *ca_key = lab_key("P-384");
    X509 *root = lab_x509(&(struct lab_spec){.cn = "root", .pkey = root_key, .extensions = lab_ca});
    X509 *ca = lab_x509(&(struct lab_spec){
        .cn = "ca", .pkey = ca_key, .extensions = lab_ca, .issuer = root, .issuer_pkey = root_key});
    X509 *cert = lab_x509(&(struct lab_spec){.cn = "cert",
                                             .pkey = lab_key("RSA"),
                                             .extensions = lab_device,
                                             .issuer = ca,
                                             .issuer_pkey = ca_key});
    lab_write_key(dir, "certkey", lab_key("RSA"));
    write_cert("root", root);
    write_cert("ca", ca);
    write_cert("cert", cert);
    X509_free(root);
    X509_free(ca);
    X509_free(cert);
    lab_sh_ok(dir, "openssl x509 -in cert -noout -pubkey >pub; cat ca root >others");
    return 0;
}

static int
teardown(void **state)
{
    lab_remove_dir(dir);
    return lab_teardown(state);
}

static struct cf_secret *
secret(const char *text)
{
    struct cf_err err;
    struct cf_secret *secret = NULL;

    assert_ok(cf_secret_copy(text, strlen(text) + 1, &secret, &err), err);
    cf_secret_truncate(secret, strlen(text));
    return secret;
}

static enum cf_rc
open_bytes(struct cf_bytes der, const char *password, struct cf_pfx_content **ret,
           struct cf_err *err)
{
    cf_own(cf_secret) pw = secret(password);

    return cf_pfx_open(der, pw, ret, err);
}

static enum cf_rc
open_file(const char *name, const char *password, struct cf_pfx_content **ret, struct cf_err *err)
{
    cf_own(cf_buf) der = lab_read(dir, name);

    return open_bytes(cf_buf_bytes(der), password, ret, err);
}

/* Opens `name`, writes it in both presets, and has openssl find the same key and chain. */
static void
comes_through(const char *name, const char *password)
{
    struct cf_err err;
    cf_own(cf_pfx_content) content = NULL;
    cf_own(cf_secret) fresh = secret("fresh");

    if (open_file(name, password, &content, &err) != CF_OK)
        fail_msg("%s: %s", name, err.text);
    for (enum cf_pfx_preset preset = CF_PFX_MODERN; preset <= CF_PFX_LEGACY; preset++) {
        cf_own(cf_buf) der = NULL;
        assert_ok(cf_pfx_rebuild(content, preset, 2048, fresh, "again", &der, &err), err);
        lab_write(dir, "again", cf_buf_bytes(der));
        lab_sh_ok(dir, "openssl pkcs12 -in again -passin pass:fresh -noenc -nocerts -out k && "
                       "openssl pkey -in k -pubout >got && cmp got pub && "
                       "openssl pkcs12 -in again -passin pass:fresh -nokeys -clcerts >leaf && "
                       "openssl x509 -in leaf -noout -subject | grep -q 'CN = cert' && "
                       "openssl pkcs12 -in again -passin pass:fresh -nokeys -cacerts >rest && "
                       "! grep -q 'subject=CN = root' rest");
    }
}

static void
refused(const char *name, enum cf_rc rc, const char *part)
{
    struct cf_err err = {0};
    struct cf_pfx_content *content = NULL;

    if (open_file(name, "secret", &content, &err) != rc)
        fail_msg("%s: rc %s: %s", name, cf_rc_name(err.rc), err.text);
    assert_null(content);
    assert_contains(err.text, part);
    assert_null(strstr(err.text, "secret"));
}

#define EXPORT "openssl pkcs12 -export -in cert -inkey certkey -passout pass:secret "

static void
files_of_openssl_come_through(void **state)
{
    static const char *const options[] = {
        "",
        "-certfile others",
        "-certfile others -iter 300000 -macalg sha1",
        "-keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1",
        "-keypbe AES-128-CBC -certpbe AES-192-CBC -macalg sha512",
        "-keypbe DES-EDE3-CBC -certpbe NONE -macalg sha384 -nomaciter",
        "-name Name -caname ca -certfile others -macalg sha224",
    };
    (void)state;
    for (size_t i = 0; i < CF_COUNT(options); i++) {
        lab_sh_ok(dir, EXPORT "%s -out p12", options[i]);
        comes_through("p12", "secret");
    }
    lab_sh_ok(dir, "openssl pkcs12 -export -in cert -inkey certkey -passout pass: -out p12");
    comes_through("p12", "");
    lab_sh_ok(dir, "openssl pkcs12 -export -in cert -inkey certkey -passout pass:$(printf "
                   "'gr\\303\\274n') -out p12");
    comes_through("p12", "gr\xc3\xbcn");
}

static void
files_of_java_come_through(void **state)
{
    (void)state;
    if (!lab_has_program("keytool", "openjdk-17-jre-headless"))
        skip();
    lab_sh_ok(dir, EXPORT "-certfile others -name n -out p12 && rm -f java && "
                          "keytool -importkeystore -noprompt -srckeystore p12 -srcstoretype PKCS12 "
                          "-srcstorepass secret -destkeystore java -deststoretype PKCS12 "
                          "-deststorepass secret");
    comes_through("java", "secret");
}

static void
files_of_nss_come_through(void **state)
{
    static const char *const ciphers[] = {
        "", "-c 'PKCS #12 V2 PBE With SHA-1 And 3KEY Triple DES-CBC' -C AES-128-CBC"};
    (void)state;
    if (!lab_has_program("pk12util", "libnss3-tools"))
        skip();
    for (size_t i = 0; i < CF_COUNT(ciphers); i++) {
        lab_sh_ok(dir,
                  EXPORT "-certfile others -name n -out p12 && rm -rf db nss && mkdir db && "
                         "certutil -N -d sql:db --empty-password && "
                         "pk12util -i p12 -d sql:db -W secret -K '' && "
                         "pk12util -o nss -d sql:db -n n -W secret -K '' %s",
                  ciphers[i]);
        comes_through("nss", "secret");
    }
}

static void
files_of_gnutls_come_through(void **state)
{
    static const char *const ciphers[] = {"aes-256", "3des-pkcs12", "3des"};
    (void)state;
    if (!lab_has_program("certtool", "gnutls-bin"))
        skip();
    for (size_t i = 0; i < CF_COUNT(ciphers); i++) {
        lab_sh_ok(dir,
                  "certtool --to-p12 --load-certificate cert --load-privkey certkey "
                  "--load-ca-certificate ca --p12-name n --password secret --pkcs-cipher %s "
                  "--outder --outfile gnutls",
                  ciphers[i]);
        comes_through("gnutls", "secret");
    }
}

static void
files_of_python_come_through(void **state)
{
    (void)state;
    if (lab_sh(dir, "/usr/bin/python3 -c 'import cryptography'") != 0)
        skip();
    lab_sh_ok(dir, "/usr/bin/python3 -c \"\n"
                   "from cryptography import x509\n"
                   "from cryptography.hazmat.primitives import serialization as s\n"
                   "from cryptography.hazmat.primitives.serialization import pkcs12\n"
                   "key = s.load_pem_private_key(open('certkey', 'rb').read(), None)\n"
                   "cert, ca = [x509.load_pem_x509_certificate(open(n, 'rb').read()) "
                   "for n in ('cert', 'ca')]\n"
                   "open('pyca', 'wb').write(pkcs12.serialize_key_and_certificates(b'n', key, "
                   "cert, [ca], s.BestAvailableEncryption(b'secret')))\"");
    comes_through("pyca", "secret");
}

static void
ec_keys_come_through_and_odd_keys_stay(void **state)
{
    static const struct {
        const char *key;
        bool is_good;
    } cases[] = {{"ec -pkeyopt ec_paramgen_curve:P-256", true},
                 {"ec -pkeyopt ec_paramgen_curve:P-521", true},
                 {"ec -pkeyopt ec_paramgen_curve:secp256k1", false},
                 {"ed25519", false},
                 {"rsa:1024", false}};
    struct cf_err err;

    (void)state;
    for (size_t i = 0; i < CF_COUNT(cases); i++) {
        cf_own(cf_pfx_content) content = NULL;
        cf_own(cf_secret) fresh = secret("fresh");
        cf_own(cf_buf) der = NULL;
        lab_sh_ok(dir,
                  "openssl req -x509 -newkey %s -nodes -keyout k -out c -subj /CN=c && openssl "
                  "pkcs12 -export -in c -inkey k -passout pass:secret -out p12",
                  cases[i].key);
        enum cf_rc rc = open_file("p12", "secret", &content, &err);
        if (rc == CF_OK)
            rc = cf_pfx_rebuild(content, CF_PFX_MODERN, 2048, fresh, NULL, &der, &err);
        assert_int_equal(rc, cases[i].is_good ? CF_OK : CF_E_UNSUPPORTED);
    }
}

static void
old_ciphers_are_named_with_the_way_out(void **state)
{
    (void)state;
    lab_sh_ok(dir, EXPORT "-legacy -certpbe PBE-SHA1-RC2-40 -macalg sha1 -out rc2");
    refused("rc2", CF_E_UNSUPPORTED, "RC2");
    refused("rc2", CF_E_UNSUPPORTED, "openssl pkcs12 -legacy");
    lab_sh_ok(dir, EXPORT "-legacy -keypbe PBE-SHA1-RC4-128 -certpbe AES-256-CBC -out rc4");
    refused("rc4", CF_E_UNSUPPORTED, "RC4");
    lab_sh_ok(dir, EXPORT "-keypbe CAMELLIA-256-CBC -out camellia");
    refused("camellia", CF_E_UNSUPPORTED, "amellia");
    lab_sh_ok(dir, EXPORT "-macalg sha3-256 -out mac || " EXPORT "-macalg md5 -out mac");
    refused("mac", CF_E_UNSUPPORTED, "a MAC by");
    lab_sh_ok(dir, EXPORT "-nomac -out nomac");
    refused("nomac", CF_E_UNSUPPORTED, "without a MAC");
    lab_sh_ok(dir, EXPORT "-keypbe NONE -out plain");
    refused("plain", CF_E_UNSUPPORTED, "not encrypted");
}

static void
what_does_not_belong_together_is_refused(void **state)
{
    (void)state;
    lab_sh_ok(dir, "openssl pkcs12 -export -in ca -nokeys -passout pass:secret -out nokey");
    refused("nokey", CF_E_MISMATCH, "no private key");
    lab_sh_ok(dir, "openssl pkcs12 -export -inkey certkey -nocerts -passout pass:secret -out no");
    refused("no", CF_E_MISMATCH, "none of its 0 certificates");
    if (!lab_has_program("certtool", "gnutls-bin"))
        skip();
    lab_sh_ok(dir, "certtool --to-p12 --load-certificate ca --load-privkey certkey --p12-name n "
                   "--password secret --outder --outfile wrong");
    refused("wrong", CF_E_MISMATCH, "none of its 1 certificates");
}

static void
iterations_are_refused_before_they_are_done(void **state)
{
    (void)state;
    /* For larger counts a small file is made, and the count is written over. */
    lab_sh_ok(dir, EXPORT "-iter 1000001 -out much");
    refused("much", CF_E_LIMIT, "iteration count");
    cf_own(cf_buf) good = NULL;
    lab_sh_ok(dir, EXPORT "-iter 70000 -out p12");
    good = lab_read(dir, "p12");
    static const uint8_t count[] = {0x02, 0x03, 0x01, 0x11, 0x70}; /* 70000 */
    uint8_t changed[8192];
    unsigned n_found = 0;
    size_t len = cf_buf_len(good);
    for (size_t at = 0; at + sizeof count <= len; at++) {
        memcpy(changed, cf_buf_bytes(good).data, len);
        if (memcmp(changed + at, count, sizeof count) != 0)
            continue;
        n_found++;
        struct cf_err err;
        struct cf_pfx_content *content = NULL;
        changed[at + 2] = 0x7f;
        time_t start = time(NULL);
        assert_int_equal(open_bytes(cf_bytes_of(changed, len), "secret", &content, &err),
                         CF_E_LIMIT);
        assert_true(time(NULL) - start <= 2);
        changed[at + 2] = 0xff; /* negative */
        assert_int_equal(open_bytes(cf_bytes_of(changed, len), "secret", &content, &err),
                         CF_E_LIMIT);
        memset(changed + at + 2, 0, 3);
        assert_int_equal(open_bytes(cf_bytes_of(changed, len), "secret", &content, &err),
                         CF_E_ENCODING);
    }
    assert_int_equal(n_found, 3); /* certificates, key, MAC */
}

static void
a_flipped_bit_never_opens(void **state)
{
    struct cf_err err;
    uint8_t changed[8192];

    (void)state;
    lab_sh_ok(dir, EXPORT "-certfile others -out p12");
    cf_own(cf_buf) good = lab_read(dir, "p12");
    size_t len = cf_buf_len(good);
    assert_true(len <= sizeof changed);
    memcpy(changed, cf_buf_bytes(good).data, len);
    for (size_t at = 0; at < len; at += at < 80 || at + 120 > len ? 1 : 37) {
        for (unsigned bit = 1; bit < 256; bit *= 4) {
            struct cf_pfx_content *content = NULL;
            changed[at] ^= (uint8_t)bit;
            enum cf_rc rc = open_bytes(cf_bytes_of(changed, len), "secret", &content, &err);
            if (rc != CF_E_CRYPTO && rc != CF_E_ENCODING && rc != CF_E_UNSUPPORTED &&
                rc != CF_E_LIMIT)
                fail_msg("%zu of %zu, bit %u: %s", at, len, bit, cf_rc_name(rc));
            assert_null(content);
            changed[at] ^= (uint8_t)bit;
        }
    }
}

static void
cut_and_stretched_files_do_not_open(void **state)
{
    struct cf_err err;
    struct cf_pfx_content *content = NULL;
    uint8_t longer[8192];

    (void)state;
    lab_sh_ok(dir, EXPORT "-out p12");
    cf_own(cf_buf) good = lab_read(dir, "p12");
    struct cf_bytes der = cf_buf_bytes(good);
    for (size_t len = 0; len < der.len; len += len < 40 ? 1 : 97)
        assert_int_equal(open_bytes(cf_bytes_of(der.data, len), "secret", &content, &err),
                         CF_E_ENCODING);
    memcpy(longer, der.data, der.len);
    longer[der.len] = 0;
    assert_int_equal(open_bytes(cf_bytes_of(longer, der.len + 1), "secret", &content, &err),
                     CF_E_ENCODING);
    assert_int_equal(open_bytes(der, "Secret", &content, &err), CF_E_CRYPTO);
    assert_int_equal(open_bytes(der, "", &content, &err), CF_E_CRYPTO);
    static uint8_t huge[CF_PFX_DER_MAX + 1];
    assert_int_equal(open_bytes(cf_bytes_of(huge, sizeof huge), "secret", &content, &err),
                     CF_E_LIMIT);
    assert_null(content);
}

static void
bombs_of_nested_or_many_bags_are_refused(void **state)
{
    static const char script[] =
        "/usr/bin/python3 - <<'END'\n"
        "import hashlib, hmac\n"
        "def tlv(tag, *parts):\n"
        "    body = b''.join(parts)\n"
        "    n = len(body)\n"
        "    size = bytes([n]) if n < 128 else bytes([0x83]) + n.to_bytes(3, 'big')\n"
        "    return bytes([tag]) + size + body\n"
        "def oid(hexed): return tlv(6, bytes.fromhex(hexed))\n"
        "data = oid('2a864886f70d010701')\n"
        "sha1 = tlv(0x30, oid('2b0e03021a'), tlv(5))\n"
        "def pfx(contents):\n"
        "    safe = tlv(0x30, data, tlv(0xa0, tlv(4, contents)))\n"
        "    auth = tlv(0x30, data, tlv(0xa0, tlv(4, tlv(0x30, safe))))\n"
        "    mac = tlv(0x30, tlv(0x30, sha1, tlv(4, bytes(20))), tlv(4, bytes(8)))\n"
        "    return tlv(0x30, tlv(2, bytes([3])), auth, mac)\n"
        "def bag(kind, value): return tlv(0x30, oid('2a864886f70d010c0a01' + kind), tlv(0xa0, "
        "value))\n"
        "deep = tlv(0x30)\n"
        "for i in range(200): deep = tlv(0x30, bag('06', deep))\n"
        "open('deep', 'wb').write(pfx(deep))\n"
        "deep = tlv(0x30)\n"
        "for i in range(5): deep = tlv(0x30, bag('06', deep))\n"
        "open('deep5', 'wb').write(pfx(deep))\n"
        "open('many', 'wb').write(pfx(tlv(0x30, bag('06', tlv(0x30)) * 5000)))\n"
        "END";
    (void)state;
    lab_write(dir, "script", cf_bytes_of(script, sizeof script - 1));
    lab_sh_ok(dir, "sh ./script");
    refused("deep", CF_E_ENCODING, "PFX");
    refused("deep5", CF_E_LIMIT, "nested");
    refused("many", CF_E_LIMIT, "more than 64");
}

static void
the_key_is_in_the_secure_heap_until_freed(void **state)
{
    struct cf_err err;
    cf_own(cf_pfx_content) content = NULL;

    (void)state;
    lab_sh_ok(dir, EXPORT "-out p12");
    assert_ok(open_file("p12", "secret", &content, &err), err);
    content = cf_pfx_content_free(content);
    size_t before = cf_pki_secure_heap_used();
    assert_ok(open_file("p12", "secret", &content, &err), err);
    assert_true(cf_pki_secure_heap_used() >= before + 256 + 5 * 128);
    assert_int_equal(strlen(cf_cert_thumbprint(cf_pfx_content_cert(content))), 40);
    content = cf_pfx_content_free(content);
    assert_int_equal(cf_pki_secure_heap_used(), before);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_of_openssl_come_through),
        cmocka_unit_test(files_of_java_come_through),
        cmocka_unit_test(files_of_nss_come_through),
        cmocka_unit_test(files_of_gnutls_come_through),
        cmocka_unit_test(files_of_python_come_through),
        cmocka_unit_test(ec_keys_come_through_and_odd_keys_stay),
        cmocka_unit_test(old_ciphers_are_named_with_the_way_out),
        cmocka_unit_test(what_does_not_belong_together_is_refused),
        cmocka_unit_test(iterations_are_refused_before_they_are_done),
        cmocka_unit_test(a_flipped_bit_never_opens),
        cmocka_unit_test(cut_and_stretched_files_do_not_open),
        cmocka_unit_test(bombs_of_nested_or_many_bags_are_refused),
        cmocka_unit_test(the_key_is_in_the_secure_heap_until_freed),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
