/* SPDX-License-Identifier: Apache-2.0 */
#include "cert_lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "certferry/key.h"

const struct lab_extension lab_ca[] = {{"basicConstraints", "critical,CA:TRUE"},
                                       {"keyUsage", "critical,keyCertSign,cRLSign"},
                                       {"subjectKeyIdentifier", "hash"},
                                       {NULL, NULL}};
const struct lab_extension lab_device[] = {
    {"keyUsage", "critical,digitalSignature,keyEncipherment,keyAgreement"}, {NULL, NULL}};

static struct {
    const char *kind;
    EVP_PKEY *pkey;
} keys[8];

int
lab_setup(void **state)
{
    struct cf_err err;

    (void)state;
    if (cf_pki_init(1 << 20, &err) != CF_OK) {
        print_error("%s\n", err.text);
        return -1;
    }
    return 0;
}

int
lab_teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < CF_COUNT(keys); i++) {
        EVP_PKEY_free(keys[i].pkey);
        keys[i].pkey = NULL;
        keys[i].kind = NULL;
    }
    cf_pki_done();
    return 0;
}

EVP_PKEY *
lab_fresh_key(const char *kind, unsigned bits)
{
    EVP_PKEY *pkey = strcmp(kind, "RSA") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits)
                     : strcmp(kind, "ED25519") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
                                                    : EVP_EC_gen(kind);
    assert_non_null(pkey);
    return pkey;
}

EVP_PKEY *
lab_key(const char *kind)
{
    size_t i = 0;

    while (keys[i].kind && strcmp(keys[i].kind, kind) != 0)
        i++;
    assert_true(i < CF_COUNT(keys));
    if (!keys[i].kind) {
        keys[i].kind = kind;
        keys[i].pkey = lab_fresh_key(kind, 2048);
    }
    return keys[i].pkey;
}

static EVP_PKEY *
generate(EVP_PKEY_CTX *context)
{
    EVP_PKEY *pkey = NULL;

    assert_int_equal(EVP_PKEY_generate(context, &pkey), 1);
    EVP_PKEY_CTX_free(context);
    return pkey;
}

EVP_PKEY *
lab_slow_key(bool is_rsa)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, is_rsa ? "RSA" : "EC", NULL);
    BIGNUM *exponent = NULL;

    assert_int_equal(EVP_PKEY_keygen_init(context), 1);
    if (is_rsa) {
        assert_true(BN_hex2bn(&exponent, "1000000000000000D") > 0);
        assert_true(EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context, exponent) > 0);
        BN_free(exponent);
    } else {
        assert_true(EVP_PKEY_CTX_set_group_name(context, "P-256") > 0 &&
                    EVP_PKEY_CTX_set_ec_param_enc(context, OPENSSL_EC_EXPLICIT_CURVE) > 0);
    }
    return generate(context);
}

static void
add_extensions(X509 *x509, X509 *issuer, const struct lab_extension *extensions)
{
    X509V3_CTX context;

    X509V3_set_ctx(&context, issuer, x509, NULL, NULL, 0);
    for (; extensions && extensions->name; extensions++) {
        X509_EXTENSION *extension =
            X509V3_EXT_nconf(NULL, &context, extensions->name, extensions->value);
        assert_non_null(extension);
        assert_int_equal(X509_add_ext(x509, extension, -1), 1);
        X509_EXTENSION_free(extension);
    }
}

X509 *
lab_x509(const struct lab_spec *spec)
{
    int64_t start = spec->not_before_ms ? spec->not_before_ms : LAB_NOW_MS - LAB_DAY_MS;
    int64_t end = spec->not_after_ms ? spec->not_after_ms : LAB_NOW_MS + 365 * LAB_DAY_MS;
    X509 *x509 = X509_new();
    X509_NAME *name = X509_NAME_new();
    uint8_t serial[8];

    assert_non_null(x509);
    if (spec->cn)
        assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                                    (const unsigned char *)spec->cn, -1, -1, 0),
                         1);
    assert_int_equal(RAND_bytes(serial, sizeof serial), 1);
    uint64_t number;
    memcpy(&number, serial, sizeof number);
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509), number | 1);
    X509_set_version(x509, X509_VERSION_3);
    X509_set_subject_name(x509, name);
    X509_set_issuer_name(x509, spec->issuer ? X509_get_subject_name(spec->issuer) : name);
    X509_NAME_free(name);
    X509_set_pubkey(x509, spec->pkey);
    ASN1_TIME_adj(X509_getm_notBefore(x509), (time_t)(start / 1000), 0, 0);
    ASN1_TIME_adj(X509_getm_notAfter(x509), (time_t)(end / 1000), 0, 0);
    add_extensions(x509, spec->issuer ? spec->issuer : x509, spec->extensions);
    assert_true(X509_sign(x509, spec->issuer_pkey ? spec->issuer_pkey : spec->pkey,
                          spec->md ? spec->md : EVP_sha256()) > 0);
    return x509;
}

struct cf_buf *
lab_to_der(X509 *x509)
{
    unsigned char *der = NULL;
    int len = i2d_X509(x509, &der);
    assert_true(len > 0);
    struct cf_buf *buf = cf_buf_copy(cf_bytes_of(der, (size_t)len));
    OPENSSL_free(der);
    return buf;
}

struct cf_cert *
lab_to_cf(X509 *x509)
{
    struct cf_err err;
    struct cf_cert *cert = NULL;
    cf_own(cf_buf) der = lab_to_der(x509);

    assert_ok(cf_cert_parse(cf_buf_bytes(der), &cert, &err), err);
    return cert;
}

struct cf_cert *
lab_cert(const struct lab_spec *spec)
{
    X509 *x509 = lab_x509(spec);
    struct cf_cert *cert = lab_to_cf(x509);
    X509_free(x509);
    return cert;
}

struct cf_buf *
lab_pem(X509 *const *x509s, size_t n)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data = NULL;

    for (size_t i = 0; i < n; i++)
        assert_int_equal(PEM_write_bio_X509(bio, x509s[i]), 1);
    long len = BIO_get_mem_data(bio, &data);
    struct cf_buf *buf = cf_buf_copy(cf_bytes_of(data, (size_t)len));
    BIO_free(bio);
    return buf;
}

struct cf_chain *
lab_chain(X509 *const *x509s, size_t n)
{
    struct cf_err err;
    struct cf_chain *chain = NULL;
    cf_own(cf_buf) pem = lab_pem(x509s, n);

    assert_ok(cf_chain_parse_pem(cf_buf_bytes(pem), &chain, &err), err);
    return chain;
}

void
lab_dir(char dir[64])
{
    snprintf(dir, 64, "/tmp/certferry-pki-XXXXXX");
    assert_non_null(mkdtemp(dir));
}

void
lab_remove_dir(const char *dir)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    assert_int_equal(system(command), 0);
}

void
lab_write(const char *dir, const char *name, struct cf_bytes content)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *file = fopen(path, "wbe");
    assert_non_null(file);
    assert_int_equal(fwrite(content.data, 1, content.len, file), content.len);
    assert_int_equal(fclose(file), 0);
}

struct cf_buf *
lab_read(const char *dir, const char *name)
{
    static char content[256 * 1024];
    char path[128];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *file = fopen(path, "rbe");
    assert_non_null(file);
    size_t len = fread(content, 1, sizeof content, file);
    fclose(file);
    return cf_buf_copy(cf_bytes_of(content, len));
}

void
lab_write_key(const char *dir, const char *name, EVP_PKEY *pkey)
{
    char *data = NULL;
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL), 1);
    long len = BIO_get_mem_data(bio, &data);
    lab_write(dir, name, cf_bytes_of(data, (size_t)len));
    BIO_free(bio);
}

static int run(const char *dir, const char *format, va_list args) CF_PRINTF(2, 0);

static int
run(const char *dir, const char *format, va_list args)
{
    char line[2048], command[2400];

    vsnprintf(line, sizeof line, format, args);
    snprintf(command, sizeof command, "cd '%s' && ( %s ) >log 2>&1 </dev/null", dir, line);
    return system(command);
}

int
lab_sh(const char *dir, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int status = run(dir, format, args);
    va_end(args);
    return status;
}

void
lab_sh_ok(const char *dir, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int status = run(dir, format, args);
    va_end(args);
    if (status != 0) {
        cf_own(cf_buf) log = lab_read(dir, "log");
        fail_msg("status %d of '%s': %s", status, format, cf_buf_str(log));
    }
}

bool
lab_has_program(const char *name, const char *package)
{
    char command[128];
    snprintf(command, sizeof command, "command -v %s >/dev/null 2>&1", name);
    if (system(command) == 0)
        return true;
    print_message("not tried: %s is not installed (package %s)\n", name, package);
    return false;
}
