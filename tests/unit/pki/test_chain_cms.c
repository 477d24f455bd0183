/* SPDX-License-Identifier: Apache-2.0 */
#include "cert_lab.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/cms.h>

enum { N_LOOSE_MAX = 201 };

/* A root, what it issued, and what that issued. */
static EVP_PKEY *root_key, *sub_key, *leaf_key, *other_key;
static X509 *root, *sub, *leaf;

static X509 *
authority(const char *cn, EVP_PKEY *pkey, X509 *issuer, EVP_PKEY *issuer_pkey)
{
    return lab_x509(&(struct lab_spec){.cn = cn,
                                       .extensions = lab_ca,
                                       .pkey = pkey,
                                       .issuer = issuer,
                                       .issuer_pkey = issuer_pkey});
}

static X509 *
device(const char *cn, X509 *issuer, EVP_PKEY *issuer_pkey)
{
    return lab_x509(&(struct lab_spec){.cn = cn,
                                       .extensions = lab_device,
                                       .pkey = leaf_key,
                                       .issuer = issuer,
                                       .issuer_pkey = issuer_pkey});
}

static int
setup(void **state)
{
    if (lab_setup(state) != 0)
        return -1;
    root_key = lab_fresh_key("P-256", 0);
    sub_key = lab_fresh_key("P-256", 0);
    leaf_key = lab_fresh_key("P-256", 0);
    other_key = lab_fresh_key("P-256", 0);
    root = authority("root", root_key, NULL, NULL);
    sub = authority("sub", sub_key, root, root_key);
    leaf = device("leaf", sub, sub_key);
    return 0;
}

static int
teardown(void **state)
{
    X509_free(root);
    X509_free(sub);
    X509_free(leaf);
    EVP_PKEY_free(root_key);
    EVP_PKEY_free(sub_key);
    EVP_PKEY_free(leaf_key);
    EVP_PKEY_free(other_key);
    return lab_teardown(state);
}

static struct cf_buf *
cms_to_der(CMS_ContentInfo *take_cms)
{
    unsigned char *der = NULL;

    int len = i2d_CMS_ContentInfo(take_cms, &der);
    assert_true(len > 0);
    struct cf_buf *buf = cf_buf_copy(cf_bytes_of(der, (size_t)len));
    OPENSSL_free(der);
    CMS_ContentInfo_free(take_cms);
    return buf;
}

static STACK_OF(X509) * stack_of(X509 *const *certs, size_t n)
{
    STACK_OF(X509) *stack = sk_X509_new_null();

    for (size_t i = 0; i < n; i++)
        assert_true(sk_X509_push(stack, certs[i]) > 0);
    return stack;
}

/* "certs-only"; the certificates in the order given, unless DER sorts them. */
static struct cf_buf *
certs_only(X509 *const *certs, size_t n)
{
    CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, CMS_PARTIAL | CMS_BINARY);

    assert_non_null(cms);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(CMS_add1_cert(cms, certs[i]), 1);
    return cms_to_der(cms);
}

/* As a CA answers a full CMC request: signed, and with a body of its own. */
static struct cf_buf *
cmc_response(X509 *const *certs, size_t n)
{
    static const char BODY[] = "\x30\x06\x30\x00\x30\x00\x30\x00";
    STACK_OF(X509) *stack = stack_of(certs, n);
    BIO *body = BIO_new_mem_buf(BODY, sizeof BODY - 1);
    ASN1_OBJECT *type = OBJ_txt2obj("1.3.6.1.5.5.7.12.3", 1);
    CMS_ContentInfo *cms = CMS_sign(sub, sub_key, stack, NULL, CMS_PARTIAL | CMS_BINARY);

    assert_non_null(cms);
    assert_int_equal(CMS_set1_eContentType(cms, type), 1);
    assert_int_equal(CMS_final(cms, body, NULL, CMS_BINARY), 1);
    ASN1_OBJECT_free(type);
    BIO_free(body);
    sk_X509_free(stack);
    return cms_to_der(cms);
}

static void
assert_chain(const struct cf_chain *chain, X509 *const *expected, size_t n)
{
    assert_int_equal(cf_chain_count(chain), n);
    for (size_t i = 0; i < n; i++) {
        cf_own(cf_buf) der = lab_to_der(expected[i]);
        assert_true(cf_bytes_equal(cf_cert_der(cf_chain_at(chain, i)), cf_buf_bytes(der)));
    }
}

static enum cf_rc
build(X509 *const *certs, size_t n, X509 *of, struct cf_chain **ret_chain, struct cf_err *err)
{
    struct cf_buf *ders[N_LOOSE_MAX];
    struct cf_bytes loose[N_LOOSE_MAX];
    cf_own(cf_cert) cert = lab_to_cf(of);

    assert_true(n <= N_LOOSE_MAX);
    for (size_t i = 0; i < n; i++) {
        ders[i] = lab_to_der(certs[i]);
        loose[i] = cf_buf_bytes(ders[i]);
    }
    enum cf_rc rc = cf_chain_build(loose, n, cert, ret_chain, err);
    for (size_t i = 0; i < n; i++)
        cf_buf_free(ders[i]);
    return rc;
}

static void
assert_built(X509 *const *certs, size_t n, X509 *const *expected, size_t n_expected)
{
    struct cf_err err = {0};
    cf_own(cf_chain) chain = NULL;

    assert_ok(build(certs, n, leaf, &chain, &err), err);
    assert_chain(chain, expected, n_expected);
}

static void
a_certs_only_message_gives_the_chain_in_order(void **state)
{
    struct cf_err err = {0};
    cf_own(cf_buf) der = certs_only((X509 *[]){root, leaf, sub}, 3);
    cf_own(cf_cert) issued = NULL;
    cf_own(cf_cert) expected = lab_to_cf(leaf);
    cf_own(cf_chain) chain = NULL;

    (void)state;
    assert_ok(cf_cert_from_cms(cf_buf_bytes(der), &issued, &err), err);
    assert_string_equal(cf_cert_thumbprint(issued), cf_cert_thumbprint(expected));
    assert_ok(cf_chain_parse_cms(cf_buf_bytes(der), issued, &chain, &err), err);
    assert_chain(chain, (X509 *[]){sub, root}, 2);
}

static void
a_full_cmc_response_is_read_too(void **state)
{
    struct cf_err err = {0};
    cf_own(cf_buf) der = cmc_response((X509 *[]){leaf, root}, 2);
    cf_own(cf_cert) issued = NULL;
    cf_own(cf_chain) chain = NULL;

    (void)state;
    assert_ok(cf_cert_from_cms(cf_buf_bytes(der), &issued, &err), err);
    assert_ok(cf_chain_parse_cms(cf_buf_bytes(der), issued, &chain, &err), err);
    assert_chain(chain, (X509 *[]){sub, root}, 2);
}

static void
order_and_duplicates_make_no_difference(void **state)
{
    X509 *const EXPECTED[] = {sub, root};

    (void)state;
    assert_built((X509 *[]){sub, root, leaf}, 3, EXPECTED, 2);
    assert_built((X509 *[]){leaf, root, sub}, 3, EXPECTED, 2);
    assert_built((X509 *[]){root, root, leaf, sub, leaf, sub}, 6, EXPECTED, 2);
}

static void
certificates_of_others_are_left_out(void **state)
{
    X509 *other = authority("other", other_key, NULL, NULL);
    X509 *below = authority("below", other_key, root, root_key);

    (void)state;
    assert_built((X509 *[]){other, root, below, sub}, 4, (X509 *[]){sub, root}, 2);
    X509_free(other);
    X509_free(below);
}

static void
the_same_name_with_another_key_is_not_the_issuer(void **state)
{
    X509 *impostor = authority("sub", other_key, root, root_key);
    /* Without key identifiers only the signature tells them apart. */
    X509 *bare = lab_x509(&(struct lab_spec){
        .cn = "root", .pkey = other_key, .extensions = (struct lab_extension[]){{NULL, NULL}}});

    (void)state;
    assert_built((X509 *[]){impostor, bare, root}, 3, NULL, 0);
    assert_built((X509 *[]){impostor, bare, sub, root}, 4, (X509 *[]){sub, root}, 2);
    X509_free(impostor);
    X509_free(bare);
}

static void
a_missing_issuer_ends_the_chain(void **state)
{
    (void)state;
    assert_built(NULL, 0, NULL, 0);
    assert_built((X509 *[]){leaf, root}, 2, NULL, 0);
    assert_built((X509 *[]){leaf, sub}, 2, (X509 *[]){sub}, 1);
}

static void
roots_that_certified_each_other_make_no_circle(void **state)
{
    X509 *other = authority("other", other_key, NULL, NULL);
    X509 *root_by_other = authority("root", root_key, other, other_key);
    X509 *other_by_root = authority("other", other_key, root, root_key);

    (void)state;
    assert_built((X509 *[]){other_by_root, root_by_other, sub}, 3,
                 (X509 *[]){sub, root_by_other, other_by_root}, 3);
    assert_built((X509 *[]){other_by_root, root_by_other, other, sub, root}, 5,
                 (X509 *[]){sub, root}, 2);
    X509_free(other);
    X509_free(root_by_other);
    X509_free(other_by_root);
}

static void
of_two_issuers_with_one_key_the_longer_valid_one_is_taken(void **state)
{
    X509 *renewed = lab_x509(&(struct lab_spec){.cn = "sub",
                                                .extensions = lab_ca,
                                                .pkey = sub_key,
                                                .issuer = root,
                                                .issuer_pkey = root_key,
                                                .not_after_ms = LAB_NOW_MS + 900 * LAB_DAY_MS});

    (void)state;
    assert_built((X509 *[]){sub, renewed, root}, 3, (X509 *[]){renewed, root}, 2);
    assert_built((X509 *[]){renewed, root, sub}, 3, (X509 *[]){renewed, root}, 2);
    X509_free(renewed);
}

static void
a_self_signed_certificate_has_no_chain(void **state)
{
    struct cf_err err = {0};
    cf_own(cf_chain) chain = NULL;

    (void)state;
    assert_ok(build((X509 *[]){sub, root, leaf}, 3, root, &chain, &err), err);
    assert_int_equal(cf_chain_count(chain), 0);
}

static void
a_message_that_carries_several_or_none_says_so(void **state)
{
    struct cf_err err = {0};
    X509 *second = device("second", sub, sub_key);
    cf_own(cf_buf) several = certs_only((X509 *[]){leaf, sub, second}, 3);
    cf_own(cf_buf) none = certs_only(NULL, 0);
    cf_own(cf_cert) expected = lab_to_cf(leaf);
    cf_own(cf_chain) chain = NULL;
    struct cf_cert *cert = NULL;

    (void)state;
    assert_int_equal(cf_cert_from_cms(cf_buf_bytes(several), &cert, &err), CF_E_NOT_FOUND);
    assert_contains(err.text, "several");
    assert_int_equal(cf_cert_from_cms(cf_buf_bytes(none), &cert, &err), CF_E_NOT_FOUND);
    assert_null(cert);
    assert_ok(cf_chain_parse_cms(cf_buf_bytes(none), expected, &chain, &err), err);
    assert_int_equal(cf_chain_count(chain), 0);
    X509_free(second);
}

static void
a_message_cut_or_lengthened_is_refused(void **state)
{
    struct cf_err err = {0};
    cf_own(cf_buf) der = cmc_response((X509 *[]){leaf, root}, 2);
    cf_own(cf_cert) expected = lab_to_cf(leaf);
    size_t len = cf_buf_len(der);
    uint8_t *copy = calloc(1, 1024 * 1024 + 1);
    struct cf_chain *chain = NULL;

    (void)state;
    assert_non_null(copy);
    memcpy(copy, cf_buf_bytes(der).data, len);
    for (size_t n = 0; n < len; n++)
        assert_int_equal(cf_chain_parse_cms(cf_bytes_of(copy, n), expected, &chain, &err),
                         CF_E_ENCODING);
    assert_int_equal(cf_chain_parse_cms(cf_bytes_of(copy, len + 1), expected, &chain, &err),
                     CF_E_ENCODING);
    assert_int_equal(cf_chain_parse_cms(cf_bytes_of(copy, 1024 * 1024 + 1), expected, &chain, &err),
                     CF_E_LIMIT);
    assert_null(chain);
    free(copy);
}

static void
what_is_no_signed_data_is_refused(void **state)
{
    static const uint8_t DATA[] = {0x30, 0x0f, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7,
                                   0x0d, 0x01, 0x07, 0x01, 0xa0, 0x02, 0x04, 0x00};
    struct cf_err err = {0};
    struct cf_cert *cert = NULL;

    (void)state;
    assert_int_equal(cf_cert_from_cms(cf_bytes_of(DATA, sizeof DATA), &cert, &err), CF_E_ENCODING);
    assert_contains(err.text, "SignedData");
}

static void
more_certificates_than_a_ca_has_are_refused(void **state)
{
    struct cf_err err = {0};
    X509 *many[N_LOOSE_MAX];
    struct cf_chain *chain = NULL;

    (void)state;
    for (size_t i = 0; i < N_LOOSE_MAX; i++)
        many[i] = sub;
    assert_int_equal(build(many, N_LOOSE_MAX, leaf, &chain, &err), CF_E_LIMIT);
    assert_null(chain);
}

static void
a_chain_over_ten_certificates_is_refused(void **state)
{
    struct cf_err err = {0};
    X509 *many[CF_CERT_CHAIN_MAX + 2] = {root};
    struct cf_chain *chain = NULL;
    char cn[16];

    (void)state;
    for (size_t i = 1; i < CF_COUNT(many); i++) {
        (void)snprintf(cn, sizeof cn, "sub %zu", i);
        many[i] = authority(cn, root_key, many[i - 1], root_key);
    }
    assert_int_equal(build(many, CF_COUNT(many), many[CF_COUNT(many) - 1], &chain, &err),
                     CF_E_LIMIT);
    assert_null(chain);
    for (size_t i = 1; i < CF_COUNT(many); i++)
        X509_free(many[i]);
}

static void
many_certificates_of_one_name_do_not_keep_a_worker_busy(void **state)
{
    struct cf_err err = {0};
    EVP_PKEY *keys[120];
    X509 *circle[CF_COUNT(keys)];
    struct cf_cert *cert = NULL;

    (void)state;
    for (size_t i = 0; i < CF_COUNT(keys); i++)
        keys[i] = lab_fresh_key("P-256", 0);
    for (size_t i = 0; i < CF_COUNT(keys); i++)
        circle[i] = lab_x509(&(struct lab_spec){
            .cn = "same", .pkey = keys[i], .issuer_pkey = keys[(i + 1) % CF_COUNT(keys)]});
    cf_own(cf_buf) der = certs_only(circle, CF_COUNT(circle));
    assert_int_equal(cf_cert_from_cms(cf_buf_bytes(der), &cert, &err), CF_E_LIMIT);
    assert_contains(err.text, "too many of one name");
    assert_null(cert);
    for (size_t i = 0; i < CF_COUNT(keys); i++) {
        X509_free(circle[i]);
        EVP_PKEY_free(keys[i]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_certs_only_message_gives_the_chain_in_order),
        cmocka_unit_test(a_full_cmc_response_is_read_too),
        cmocka_unit_test(order_and_duplicates_make_no_difference),
        cmocka_unit_test(certificates_of_others_are_left_out),
        cmocka_unit_test(the_same_name_with_another_key_is_not_the_issuer),
        cmocka_unit_test(a_missing_issuer_ends_the_chain),
        cmocka_unit_test(roots_that_certified_each_other_make_no_circle),
        cmocka_unit_test(of_two_issuers_with_one_key_the_longer_valid_one_is_taken),
        cmocka_unit_test(a_self_signed_certificate_has_no_chain),
        cmocka_unit_test(a_message_that_carries_several_or_none_says_so),
        cmocka_unit_test(a_message_cut_or_lengthened_is_refused),
        cmocka_unit_test(what_is_no_signed_data_is_refused),
        cmocka_unit_test(more_certificates_than_a_ca_has_are_refused),
        cmocka_unit_test(a_chain_over_ten_certificates_is_refused),
        cmocka_unit_test(many_certificates_of_one_name_do_not_keep_a_worker_busy),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
