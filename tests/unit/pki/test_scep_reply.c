/* SPDX-License-Identifier: Apache-2.0 */
/* test_scep_reply - answers as the clients there are read them, and bundles. */
#include <string.h>

#include <openssl/pkcs7.h>
#include <openssl/provider.h>

#include "scep_kit.h"

static struct cf_buf *
build(const struct cf_scep_message *message, const struct cf_scep_reply *reply)
{
    struct cf_err err;
    struct cf_buf *der = NULL;

    assert_ok(cf_scep_reply_build(message, &kit_ras()[KIT_SIGNING], reply, &der, &err), err);
    return der;
}

static int
digest_of(const struct kit_answer *answer)
{
    X509_ALGOR *digest = NULL;
    CMS_SignerInfo_get0_algs(answer->signer, NULL, NULL, &digest, NULL);
    return OBJ_obj2nid(digest->algorithm);
}

/* The issued certificate with its chain. */
static struct cf_buf *
issued_certs(X509 *first)
{
    struct cf_err err;
    cf_own(cf_buf) leaf = lab_to_der(first);
    cf_own(cf_buf) ca = lab_to_der(kit_ca());
    struct cf_buf *all = cf_buf_new(64 * 1024);

    assert_ok(cf_buf_append(all, cf_buf_bytes(leaf).data, cf_buf_len(leaf), &err), err);
    assert_ok(cf_buf_append(all, cf_buf_bytes(ca).data, cf_buf_len(ca), &err), err);
    return all;
}

static void
a_certificate_comes_first_and_encrypted(void **state)
{
    cf_own(cf_scep_message) message =
        kit_parsed(&(struct kit_spec){.cipher = EVP_aes_256_cbc(), .md = EVP_sha384()});
    cf_own(cf_buf) certs = issued_certs(kit_ra_x509(KIT_ENCRYPTION));
    struct kit_answer answer;

    (void)state;
    cf_own(cf_buf) der = build(message, &(struct cf_scep_reply){.status = CF_SCEP_SUCCESS,
                                                                .certs = cf_buf_bytes(certs),
                                                                .now_ms = LAB_NOW_MS,
                                                                .floor = CF_SCEP_SHA256,
                                                                .cipher = CF_SCEP_AES128});
    kit_read_answer(cf_buf_bytes(der), kit_device(), lab_key("RSA"), &answer);
    assert_string_equal(answer.transaction, "4711");
    assert_string_equal(answer.type, "3");
    assert_string_equal(answer.status, "0");
    assert_string_equal(answer.fail_info, "");
    assert_string_equal(answer.fail_text, "");
    assert_int_equal(answer.sender_nonce_len, 16);
    assert_int_equal(answer.recipient_nonce_len, 16);
    assert_memory_equal(answer.recipient_nonce, cf_scep_message_sender_nonce(message).data, 16);
    assert_memory_not_equal(answer.sender_nonce, answer.recipient_nonce, 16);
    assert_int_equal(digest_of(&answer), NID_sha384);
    X509 *first = kit_nth_cert(cf_buf_bytes(answer.content), 0);
    X509 *second = kit_nth_cert(cf_buf_bytes(answer.content), 1);
    assert_int_equal(X509_cmp(first, kit_ra_x509(KIT_ENCRYPTION)), 0);
    assert_int_equal(X509_cmp(second, kit_ca()), 0);
    X509_free(first);
    X509_free(second);
    kit_answer_done(&answer);
}

/* What strongSwan, jscep and others ask for. */
static void
the_signature_is_as_old_clients_read_it(void **state)
{
    cf_own(cf_scep_message) message = kit_parsed(&(struct kit_spec){0});
    X509_ALGOR *signature = NULL;
    ASN1_INTEGER *serial = NULL;
    X509_NAME *issuer = NULL;
    struct kit_answer answer;

    (void)state;
    cf_own(cf_buf) der =
        build(message, &(struct cf_scep_reply){.status = CF_SCEP_PENDING, .now_ms = LAB_NOW_MS});
    kit_read_answer(cf_buf_bytes(der), kit_device(), lab_key("RSA"), &answer);
    CMS_SignerInfo_get0_algs(answer.signer, NULL, NULL, NULL, &signature);
    assert_int_equal(OBJ_obj2nid(signature->algorithm), NID_rsaEncryption);
    assert_int_equal(CMS_SignerInfo_get0_signer_id(answer.signer, NULL, &issuer, &serial), 1);
    assert_int_equal(ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(kit_ra_x509(KIT_SIGNING))), 0);
    STACK_OF(X509) *certs = CMS_get1_certs(answer.cms);
    assert_int_equal(sk_X509_num(certs), 1);
    assert_int_equal(X509_cmp(sk_X509_value(certs, 0), kit_ra_x509(KIT_SIGNING)), 0);
    sk_X509_pop_free(certs, X509_free);
    int at = CMS_signed_get_attr_by_NID(answer.signer, NID_pkcs9_signingTime, -1);
    X509_ATTRIBUTE *time = CMS_signed_get_attr(answer.signer, at);
    assert_non_null(time);
    assert_string_equal(
        (const char *)ASN1_STRING_get0_data(X509_ATTRIBUTE_get0_type(time, 0)->value.utctime),
        "260921141320Z");
    assert_int_equal(CMS_signed_get_attr_by_NID(answer.signer, NID_SMIMECapabilities, -1), -1);
    kit_answer_done(&answer);
}

/* certmonger and PyScep fall over content that is not there. */
static void
without_certificates_the_content_is_there_and_empty(void **state)
{
    static const struct cf_scep_reply replies[] = {
        {.status = CF_SCEP_PENDING, .now_ms = LAB_NOW_MS},
        {.status = CF_SCEP_FAILURE,
         .fail_info = CF_SCEP_BAD_TIME,
         .fail_text = "gr\xc3\xbc\xc3\x9f"
                      "e\nfrom there",
         .now_ms = LAB_NOW_MS}};
    static const uint8_t empty[] = {0xa0, 0x02, 0x04, 0x00};

    (void)state;
    for (size_t i = 0; i < CF_COUNT(replies); i++) {
        struct kit_answer answer;
        cf_own(cf_scep_message) message = kit_parsed(&(struct kit_spec){0});
        cf_own(cf_buf) der = build(message, &replies[i]);
        kit_read_answer(cf_buf_bytes(der), kit_device(), lab_key("RSA"), &answer);
        assert_int_equal(cf_buf_len(answer.envelope), 0);
        assert_non_null(memmem(cf_buf_bytes(der).data, 128, empty, sizeof empty));
        if (i == 1) {
            assert_string_equal(answer.status, "2");
            assert_string_equal(answer.fail_info, "3");
            assert_string_equal(answer.fail_text, "gr\xc3\xbc\xc3\x9f"
                                                  "e?from there");
        } else {
            assert_string_equal(answer.status, "3");
            assert_string_equal(answer.fail_info, "");
        }
        kit_answer_done(&answer);
    }
}

static void
the_transaction_comes_back_in_its_string_type(void **state)
{
    static const int types[] = {V_ASN1_PRINTABLESTRING, V_ASN1_UTF8STRING, V_ASN1_IA5STRING};

    (void)state;
    for (size_t i = 0; i < CF_COUNT(types); i++) {
        struct kit_answer answer;
        cf_own(cf_scep_message) message = kit_parsed(&(struct kit_spec){
            .transaction = "b64_+/==", .transaction_type = types[i], .nonce_len = 64});
        cf_own(cf_buf) der = build(
            message, &(struct cf_scep_reply){.status = CF_SCEP_PENDING, .now_ms = LAB_NOW_MS});
        kit_read_answer(cf_buf_bytes(der), kit_device(), lab_key("RSA"), &answer);
        assert_string_equal(answer.transaction, "b64_+/==");
        assert_int_equal(answer.transaction_type, types[i]);
        assert_int_equal(answer.recipient_nonce_len, 64);
        kit_answer_done(&answer);
    }
}

static void
the_digest_is_the_requests_down_to_a_floor(void **state)
{
    static const struct {
        const EVP_MD *(*asked)(void);
        enum cf_scep_digest floor;
        int nid;
    } cases[] = {
        {EVP_sha1, CF_SCEP_SHA256, NID_sha256},   {EVP_sha1, CF_SCEP_SHA1, NID_sha1},
        {EVP_md5, CF_SCEP_MD5, NID_sha1},         {EVP_sha512, CF_SCEP_SHA256, NID_sha512},
        {EVP_sha256, CF_SCEP_SHA256, NID_sha256}, {EVP_sha384, CF_SCEP_SHA1, NID_sha384},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(cases); i++) {
        struct kit_answer answer;
        cf_own(cf_scep_message) message = kit_parsed(&(struct kit_spec){.md = cases[i].asked()});
        cf_own(cf_buf) der = build(message, &(struct cf_scep_reply){.status = CF_SCEP_PENDING,
                                                                    .now_ms = LAB_NOW_MS,
                                                                    .floor = cases[i].floor});
        kit_read_answer(cf_buf_bytes(der), kit_device(), lab_key("RSA"), &answer);
        assert_int_equal(digest_of(&answer), cases[i].nid);
        kit_answer_done(&answer);
    }
}

/* Numbers of the algorithms, by their place in the DER. */
static bool
has_oid(const struct cf_buf *der, int nid)
{
    unsigned char *oid = NULL;
    int len = i2d_ASN1_OBJECT(OBJ_nid2obj(nid), &oid);
    bool has = memmem(cf_buf_bytes(der).data, cf_buf_len(der), oid, (size_t)len) != NULL;

    OPENSSL_free(oid);
    return has;
}

static void
ciphers_and_transports_are_the_requests(void **state)
{
    static const struct {
        const EVP_CIPHER *(*cipher)(void);
        const EVP_MD *(*oaep)(void);
        const EVP_MD *(*mgf1)(void);
        int cipher_nid;
    } cases[] = {
        {EVP_aes_128_cbc, NULL, NULL, NID_aes_128_cbc},
        {EVP_aes_192_cbc, NULL, NULL, NID_aes_192_cbc},
        {EVP_aes_256_cbc, EVP_sha1, NULL, NID_aes_256_cbc},
        {EVP_des_ede3_cbc, EVP_sha256, NULL, NID_des_ede3_cbc},
        {EVP_aes_128_cbc, EVP_sha256, EVP_sha1, NID_aes_128_cbc},
        {EVP_camellia_128_cbc, NULL, NULL, NID_aes_128_cbc},
    };
    cf_own(cf_buf) certs = issued_certs(kit_ra_x509(KIT_SIGNING));

    (void)state;
    for (size_t i = 0; i < CF_COUNT(cases); i++) {
        struct kit_answer answer;
        cf_own(cf_scep_message) message =
            kit_parsed(&(struct kit_spec){.cipher = cases[i].cipher(),
                                          .oaep = cases[i].oaep ? cases[i].oaep() : NULL,
                                          .mgf1 = cases[i].mgf1 ? cases[i].mgf1() : NULL});
        cf_own(cf_buf) der =
            build(message, &(struct cf_scep_reply){.status = CF_SCEP_SUCCESS,
                                                   .certs = cf_buf_bytes(certs),
                                                   .now_ms = LAB_NOW_MS,
                                                   .cipher = CF_SCEP_CIPHER_OTHER});
        kit_read_answer(cf_buf_bytes(der), kit_device(), lab_key("RSA"), &answer);
        assert_true(has_oid(answer.envelope, cases[i].cipher_nid));
        assert_int_equal(has_oid(answer.envelope, NID_rsaesOaep), cases[i].oaep != NULL);
        /* MGF1 with SHA-1 is what nothing said means. */
        assert_int_equal(has_oid(answer.envelope, NID_mgf1),
                         cases[i].oaep == EVP_sha256 && !cases[i].mgf1);
        kit_answer_done(&answer);
    }
}

static void
single_des_is_given_to_who_uses_it_alone(void **state)
{
    struct cf_err err;
    OSSL_LIB_CTX *library = OSSL_LIB_CTX_new();
    OSSL_PROVIDER *legacy = OSSL_PROVIDER_load(library, "legacy");
    OSSL_PROVIDER *by_default = OSSL_PROVIDER_load(library, "default");
    EVP_CIPHER *des = EVP_CIPHER_fetch(library, "DES-CBC", NULL);
    cf_own(cf_buf) certs = issued_certs(kit_ra_x509(KIT_SIGNING));
    struct kit_answer answer;

    (void)state;
    assert_non_null(des);
    for (int i = 0; i < 2; i++) {
        const struct cf_scep_reply reply = {.status = CF_SCEP_SUCCESS,
                                            .certs = cf_buf_bytes(certs),
                                            .now_ms = LAB_NOW_MS,
                                            .cipher = i == 0 ? CF_SCEP_AES128 : CF_SCEP_DES};
        cf_own(cf_secret) content = NULL;
        cf_own(cf_scep_message) asks_by_des = kit_parsed(&(struct kit_spec){.cipher = des});
        assert_int_equal(cf_scep_message_cipher(asks_by_des), CF_SCEP_DES);
        assert_ok(cf_scep_message_open(asks_by_des, kit_ras(), KIT_RAS, &content, &err), err);
        assert_string_equal(cf_secret_data(content), KIT_CONTENT);
        cf_own(cf_buf) by_des = build(asks_by_des, &reply);
        cf_own(cf_scep_message) asks = kit_parsed(&(struct kit_spec){0});
        cf_own(cf_buf) by_aes = build(asks, &reply);
        kit_read_answer(cf_buf_bytes(by_aes), kit_device(), lab_key("RSA"), &answer);
        assert_true(has_oid(answer.envelope, NID_aes_128_cbc));
        kit_answer_done(&answer);
        assert_int_equal(has_oid(by_des, NID_des_cbc), i == 1);
    }
    /* It is nowhere else in the process. */
    assert_null(EVP_CIPHER_fetch(NULL, "DES-CBC", NULL));
    EVP_CIPHER_free(des);
    OSSL_PROVIDER_unload(legacy);
    OSSL_PROVIDER_unload(by_default);
    OSSL_LIB_CTX_free(library);
}

static void
a_key_that_only_signs_gets_failures_and_no_certificates(void **state)
{
    struct cf_err err;
    struct cf_buf *none = NULL;
    X509 *x509 = lab_x509(&(struct lab_spec){.cn = "ec", .pkey = lab_key("P-256")});
    cf_own(cf_scep_message) message =
        kit_parsed(&(struct kit_spec){.signer = x509, .signer_key = lab_key("P-256")});
    cf_own(cf_buf) certs = issued_certs(x509);
    struct kit_answer answer;

    (void)state;
    assert_int_equal(cf_scep_reply_build(message, &kit_ras()[KIT_SIGNING],
                                         &(struct cf_scep_reply){.status = CF_SCEP_SUCCESS,
                                                                 .certs = cf_buf_bytes(certs),
                                                                 .now_ms = LAB_NOW_MS},
                                         &none, &err),
                     CF_E_UNSUPPORTED);
    assert_null(none);
    cf_own(cf_buf) der = build(message, &(struct cf_scep_reply){.status = CF_SCEP_FAILURE,
                                                                .fail_info = CF_SCEP_BAD_ALG,
                                                                .now_ms = LAB_NOW_MS});
    kit_read_answer(cf_buf_bytes(der), x509, lab_key("P-256"), &answer);
    assert_string_equal(answer.fail_info, "0");
    kit_answer_done(&answer);
    X509_free(x509);
}

static struct cf_buf *
make_crl(void)
{
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *time = ASN1_TIME_set(NULL, LAB_NOW_MS / 1000);
    unsigned char *der = NULL;

    X509_CRL_set_version(crl, X509_CRL_VERSION_2);
    X509_CRL_set_issuer_name(crl, X509_get_subject_name(kit_ca()));
    X509_CRL_set1_lastUpdate(crl, time);
    X509_CRL_set1_nextUpdate(crl, time);
    assert_true(X509_CRL_sign(crl, lab_key("P-256"), EVP_sha256()) > 0);
    int len = i2d_X509_CRL(crl, &der);
    struct cf_buf *buf = cf_buf_copy(cf_bytes_of(der, (size_t)len));
    OPENSSL_free(der);
    ASN1_TIME_free(time);
    X509_CRL_free(crl);
    return buf;
}

static void
a_revocation_list_travels_like_certificates(void **state)
{
    cf_own(cf_scep_message) message = kit_parsed(&(struct kit_spec){.type = CF_SCEP_GET_CRL});
    cf_own(cf_buf) crl = make_crl();
    struct kit_answer answer;

    (void)state;
    cf_own(cf_buf) der = build(message, &(struct cf_scep_reply){.status = CF_SCEP_SUCCESS,
                                                                .crl = cf_buf_bytes(crl),
                                                                .now_ms = LAB_NOW_MS});
    kit_read_answer(cf_buf_bytes(der), kit_device(), lab_key("RSA"), &answer);
    const unsigned char *at = cf_buf_bytes(answer.content).data;
    PKCS7 *p7 = d2i_PKCS7(NULL, &at, (long)cf_buf_len(answer.content));
    assert_non_null(p7);
    assert_int_equal(sk_X509_CRL_num(p7->d.sign->crl), 1);
    assert_int_equal(sk_X509_num(p7->d.sign->cert) > 0, 0);
    unsigned char *got = NULL;
    int len = i2d_X509_CRL(sk_X509_CRL_value(p7->d.sign->crl, 0), &got);
    assert_true(cf_bytes_equal(cf_bytes_of(got, (size_t)len), cf_buf_bytes(crl)));
    OPENSSL_free(got);
    PKCS7_free(p7);
    kit_answer_done(&answer);
}

static void
openssl_and_python_read_the_answer(void **state)
{
    static const char script[] =
        "from asn1crypto import cms\n"
        "def der(name):\n"
        "    data = open(name, 'rb').read()\n"
        "    info = cms.ContentInfo.load(data, strict=True)\n"
        "    assert info.dump(force=True) == data, name\n"
        "    return info['content']\n"
        "signed = der('answer')\n"
        "assert [c.chosen.subject.native['common_name'] for c in signed['certificates']]"
        " == ['RA signing']\n"
        "assert signed['encap_content_info']['content_type'].native == 'data'\n"
        "inner = cms.ContentInfo.load(signed['encap_content_info']['content'].native, "
        "strict=True)\n"
        "encrypted = inner['content']['encrypted_content_info']['encrypted_content']\n"
        "assert encrypted.method == 0\n"
        "assert inner['content']['recipient_infos'][0].name == 'ktri'\n"
        "bundle = cms.ContentInfo.load(open('bundle', 'rb').read(), strict=True)['content']\n"
        "assert [c.chosen.subject.native['common_name'] for c in bundle['certificates']]"
        " == ['RA encryption', 'Kit CA']\n";
    char dir[64];
    cf_own(cf_scep_message) message = kit_parsed(&(struct kit_spec){0});
    cf_own(cf_buf) certs = issued_certs(kit_ra_x509(KIT_ENCRYPTION));
    cf_own(cf_buf) ca = lab_pem((X509 *[]){kit_ca()}, 1);
    cf_own(cf_buf) device = lab_pem((X509 *[]){kit_device()}, 1);

    (void)state;
    cf_own(cf_buf) der = build(message, &(struct cf_scep_reply){.status = CF_SCEP_SUCCESS,
                                                                .certs = cf_buf_bytes(certs),
                                                                .now_ms = LAB_NOW_MS});
    lab_dir(dir);
    lab_write(dir, "answer", cf_buf_bytes(der));
    lab_write(dir, "ca", cf_buf_bytes(ca));
    lab_write(dir, "device", cf_buf_bytes(device));
    lab_write_key(dir, "key", lab_key("RSA"));
    lab_write(dir, "script", cf_bytes_of(script, sizeof script - 1));
    lab_sh_ok(dir,
              "openssl cms -verify -binary -inform DER -in answer -CAfile ca -purpose any "
              "-attime %lld -out envelope && openssl cms -decrypt -binary -inform DER -in "
              "envelope -inkey key -recip device -out bundle && openssl pkcs7 -inform DER -in "
              "bundle -print_certs -noout && openssl asn1parse -inform DER -in answer",
              (long long)(LAB_NOW_MS / 1000));
    if (lab_sh(dir, "/usr/bin/python3 -c 'import asn1crypto'") == 0)
        lab_sh_ok(dir, "/usr/bin/python3 script");
    else
        print_message("not tried: package python3-asn1crypto is not installed\n");
    lab_remove_dir(dir);
}

static void
bundles_keep_their_order_and_their_bytes(void **state)
{
    struct cf_err err;
    cf_own(cf_buf) ra = lab_to_der(kit_ra_x509(KIT_ENCRYPTION));
    cf_own(cf_buf) ca = lab_to_der(kit_ca());
    struct cf_bytes both[] = {cf_buf_bytes(ra), cf_buf_bytes(ca)};
    struct cf_bytes reversed[] = {both[1], both[0]};
    struct cf_bytes wrong[] = {both[0], cf_bytes_of("x", 1)};
    struct cf_bytes many[CF_SCEP_BUNDLE_MAX + 1];
    cf_own(cf_buf) bundle = NULL;
    cf_own(cf_buf) again = NULL;
    cf_own(cf_buf) other = NULL;
    struct cf_buf *none = NULL;

    (void)state;
    assert_ok(cf_scep_bundle(both, 2, &bundle, &err), err);
    assert_ok(cf_scep_bundle(both, 2, &again, &err), err);
    assert_ok(cf_scep_bundle(reversed, 2, &other, &err), err);
    assert_true(cf_bytes_equal(cf_buf_bytes(bundle), cf_buf_bytes(again)));
    for (int i = 0; i < 2; i++) {
        X509 *one = kit_nth_cert(cf_buf_bytes(i ? other : bundle), 0);
        assert_int_equal(X509_cmp(one, i ? kit_ca() : kit_ra_x509(KIT_ENCRYPTION)), 0);
        X509_free(one);
    }
    assert_int_equal(cf_scep_bundle(wrong, 2, &none, &err), CF_E_ENCODING);
    assert_int_equal(cf_scep_bundle(both, 0, &none, &err), CF_E_LIMIT);
    for (size_t i = 0; i < CF_COUNT(many); i++)
        many[i] = both[0];
    assert_int_equal(cf_scep_bundle(many, CF_COUNT(many), &none, &err), CF_E_LIMIT);
    assert_null(none);
}

static void
the_next_ca_is_signed_by_the_one_there_is(void **state)
{
    struct cf_err err;
    cf_own(cf_buf) ca = lab_to_der(kit_ca());
    cf_own(cf_buf) der = NULL;
    struct cf_bytes certs[] = {cf_buf_bytes(ca)};
    BIO *out = BIO_new(BIO_s_mem());

    (void)state;
    assert_ok(cf_scep_next_ca(certs, 1, &kit_ras()[KIT_SIGNING], LAB_NOW_MS, &der, &err), err);
    const unsigned char *at = cf_buf_bytes(der).data;
    CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long)cf_buf_len(der));
    assert_int_equal(CMS_verify(cms, NULL, NULL, NULL, out, CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY),
                     1);
    char *data = NULL;
    long len = BIO_get_mem_data(out, &data);
    X509 *first = kit_nth_cert(cf_bytes_of(data, (size_t)len), 0);
    assert_int_equal(X509_cmp(first, kit_ca()), 0);
    X509_free(first);
    CMS_ContentInfo_free(cms);
    BIO_free(out);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_certificate_comes_first_and_encrypted),
        cmocka_unit_test(the_signature_is_as_old_clients_read_it),
        cmocka_unit_test(without_certificates_the_content_is_there_and_empty),
        cmocka_unit_test(the_transaction_comes_back_in_its_string_type),
        cmocka_unit_test(the_digest_is_the_requests_down_to_a_floor),
        cmocka_unit_test(ciphers_and_transports_are_the_requests),
        cmocka_unit_test(single_des_is_given_to_who_uses_it_alone),
        cmocka_unit_test(a_key_that_only_signs_gets_failures_and_no_certificates),
        cmocka_unit_test(a_revocation_list_travels_like_certificates),
        cmocka_unit_test(openssl_and_python_read_the_answer),
        cmocka_unit_test(bundles_keep_their_order_and_their_bytes),
        cmocka_unit_test(the_next_ca_is_signed_by_the_one_there_is),
    };
    return cmocka_run_group_tests(tests, kit_setup, kit_teardown);
}
