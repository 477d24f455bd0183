/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_cms_open - copies that were sealed to the connector itself come back, and nothing else does.
 */
#include <stdio.h>
#include <string.h>

#include "cert_lab.h"
#include "certferry/cms.h"

static const char pfx[] = "not really a PFX, but bytes with\r\n line ends\n and \x01\x02";
#define CONTEXT "ctx-\xc3\xa4-1"
#define PASSWORD "Zm9vYmFy-_password"

static struct cf_identity *rsa, *ec, *stranger;
static struct cf_secret *password;

static struct cf_identity *
generate(enum cf_key_kind kind)
{
    struct cf_err err;
    struct cf_identity *identity = NULL;

    assert_ok(cf_identity_generate(kind, "connector", LAB_NOW_MS, (uint64_t)(30 * LAB_DAY_MS),
                                   &identity, &err),
              err);
    return identity;
}

static int
setup(void **state)
{
    struct cf_err err;
    if (lab_setup(state) != 0)
        return -1;
    rsa = generate(CF_KEY_RSA_2048);
    ec = generate(CF_KEY_P256);
    stranger = generate(CF_KEY_P256);
    assert_ok(cf_secret_copy(PASSWORD, strlen(PASSWORD), &password, &err), err);
    return 0;
}

static int
teardown(void **state)
{
    cf_identity_free(rsa);
    cf_identity_free(ec);
    cf_identity_free(stranger);
    cf_secret_free(password);
    return lab_teardown(state);
}

static struct cf_buf *
seal(const struct cf_identity *recipient, const struct cf_identity *signer,
     enum cf_transport transport, const struct cf_secret *pw)
{
    struct cf_err err;
    struct cf_buf *der = NULL;
    struct cf_seal_binding binding = {.request_context = CONTEXT,
                                      .recipient = cf_identity_cert(recipient),
                                      .signer = signer,
                                      .now_ms = LAB_NOW_MS};

    assert_ok(
        cf_cms_seal_pfx(cf_bytes_of(pfx, sizeof pfx - 1), pw, &binding, transport, &der, &err),
        err);
    return der;
}

/* Fails the test when a copy comes out though the result is a failure. */
static enum cf_rc
open_for(struct cf_bytes der, const struct cf_identity *identity, const char *context,
         const struct cf_identity *signer, struct cf_err *err)
{
    cf_own(cf_secret) got = NULL;
    cf_own(cf_secret) got_password = NULL;
    const struct cf_cert *signers[] = {cf_identity_cert(stranger), cf_identity_cert(signer)};

    enum cf_rc rc = cf_cms_open_pfx(der, identity, context, signers, 2, &got, &got_password, err);
    if (rc != CF_OK) {
        assert_null(got);
        assert_null(got_password);
        return rc;
    }
    assert_int_equal(cf_secret_len(got), sizeof pfx - 1);
    assert_memory_equal(cf_secret_data(got), pfx, sizeof pfx - 1);
    assert_true(cf_secret_equal(got_password, password));
    return CF_OK;
}

static void
what_was_sealed_comes_out_again(void **state)
{
    struct cf_err err;

    (void)state;
    for (int i = 0; i < 4; i++) {
        const struct cf_identity *recipient = i & 1 ? rsa : ec;
        const struct cf_identity *signer = i & 2 ? rsa : ec;
        cf_own(cf_buf) der = seal(recipient, signer, CF_TRANSPORT_MODERN, password);
        assert_ok(open_for(cf_buf_bytes(der), recipient, CONTEXT, signer, &err), err);
    }
}

static void
everything_wrong_inside_has_one_text(void **state)
{
    struct cf_err errs[6] = {0};
    size_t n = 0;

    (void)state;
    for (int i = 0; i < 2; i++) {
        const struct cf_identity *recipient = i ? rsa : ec;
        const struct cf_identity *other = i ? generate(CF_KEY_RSA_2048) : generate(CF_KEY_P256);
        cf_own(cf_buf) der = seal(recipient, ec, CF_TRANSPORT_MODERN, password);
        cf_own(cf_buf) bare = seal(recipient, ec, CF_TRANSPORT_MODERN, NULL);
        struct cf_bytes bytes = cf_buf_bytes(der);
        n = 0;
        assert_int_equal(open_for(bytes, recipient, "ctx", ec, &errs[n++]), CF_E_CRYPTO);
        assert_int_equal(open_for(bytes, recipient, CONTEXT "2", ec, &errs[n++]), CF_E_CRYPTO);
        assert_int_equal(open_for(bytes, recipient, CONTEXT, other, &errs[n++]), CF_E_CRYPTO);
        assert_int_equal(open_for(bytes, other, CONTEXT, ec, &errs[n++]), CF_E_CRYPTO);
        assert_int_equal(open_for(cf_buf_bytes(bare), recipient, CONTEXT, ec, &errs[n++]),
                         CF_E_CRYPTO);
        for (size_t k = 1; k < n; k++)
            assert_string_equal(errs[k].text, errs[0].text);
        cf_identity_free((struct cf_identity *)(uintptr_t)other);
    }
}

static void
without_signers_nothing_opens(void **state)
{
    struct cf_err err;
    struct cf_secret *got = NULL, *got_password = NULL;
    cf_own(cf_buf) der = seal(ec, ec, CF_TRANSPORT_MODERN, password);

    (void)state;
    assert_int_equal(
        cf_cms_open_pfx(cf_buf_bytes(der), ec, CONTEXT, NULL, 0, &got, &got_password, &err),
        CF_E_CRYPTO);
    assert_null(got);
    assert_null(got_password);
}

/* The outer layer alone proves nothing: anybody can seal for a known certificate. */
static void
an_envelope_without_a_signature_is_refused(void **state)
{
    struct cf_err err;
    cf_own(cf_buf) der = NULL;

    (void)state;
    assert_ok(cf_cms_seal_secret(password, cf_identity_cert(ec), CF_TRANSPORT_MODERN, &der, &err),
              err);
    assert_int_equal(open_for(cf_buf_bytes(der), ec, CONTEXT, ec, &err), CF_E_CRYPTO);
}

static void
other_shapes_are_refused_before_the_key_is_used(void **state)
{
    static uint8_t bytes[CF_SECRET_MAX + 1];
    struct cf_err err;
    cf_own(cf_buf) native = seal(rsa, ec, CF_TRANSPORT_NATIVE, password);
    cf_own(cf_buf) good = seal(ec, ec, CF_TRANSPORT_MODERN, password);
    size_t len = cf_buf_len(good);

    (void)state;
    assert_int_equal(open_for(cf_buf_bytes(native), rsa, CONTEXT, ec, &err), CF_E_ENCODING);
    memcpy(bytes, cf_buf_bytes(good).data, len);
    assert_int_equal(open_for(cf_bytes_of(bytes, len + 1), ec, CONTEXT, ec, &err), CF_E_ENCODING);
    assert_int_equal(open_for(cf_bytes_of(bytes, sizeof bytes), ec, CONTEXT, ec, &err), CF_E_LIMIT);
    for (size_t cut = 0; cut < len; cut += 19)
        assert_int_equal(open_for(cf_bytes_of(bytes, cut), ec, CONTEXT, ec, &err), CF_E_ENCODING);

    /* A nonce, and then a tag, that is a byte shorter: what readers fell over. */
    static const uint8_t params[] = {0x01, 0x2e, 0x30, 0x11, 0x04, 0x0c}, tag[] = {0x04, 0x10};
    const size_t nonce_len_at = sizeof params - 1;
    uint8_t *nonce_at = memmem(bytes, len, params, sizeof params);
    assert_non_null(nonce_at);
    nonce_at[nonce_len_at] = 0x0b;
    assert_int_equal(open_for(cf_bytes_of(bytes, len), ec, CONTEXT, ec, &err), CF_E_ENCODING);
    nonce_at[nonce_len_at] = 0x0c;
    assert_memory_equal(bytes + len - 18, tag, sizeof tag);
    bytes[len - 17] = 0x0f;
    assert_int_equal(open_for(cf_bytes_of(bytes, len), ec, CONTEXT, ec, &err), CF_E_ENCODING);
}

static void
no_changed_bit_opens(void **state)
{
    uint8_t changed[8192];
    struct cf_err err;

    (void)state;
    for (int i = 0; i < 2; i++) {
        const struct cf_identity *recipient = i ? rsa : ec;
        cf_own(cf_buf) der = seal(recipient, ec, CF_TRANSPORT_MODERN, password);
        size_t len = cf_buf_len(der);
        assert_true(len <= sizeof changed);
        memcpy(changed, cf_buf_bytes(der).data, len);
        for (size_t at = 0; at < len; at += at < 400 ? 1 : 23) {
            for (unsigned bit = 1; bit < 256; bit *= 2) {
                if (bit == 0x20) /* letter case, which does not count in the recipient's name */
                    continue;
                changed[at] ^= (uint8_t)bit;
                enum cf_rc rc = open_for(cf_bytes_of(changed, len), recipient, CONTEXT, ec, &err);
                if (rc != CF_E_CRYPTO && rc != CF_E_ENCODING)
                    fail_msg("%zu of %zu, bit %u: %s", at, len, bit, cf_rc_name(rc));
                changed[at] ^= (uint8_t)bit;
            }
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_sealed_comes_out_again),
        cmocka_unit_test(everything_wrong_inside_has_one_text),
        cmocka_unit_test(without_signers_nothing_opens),
        cmocka_unit_test(an_envelope_without_a_signature_is_refused),
        cmocka_unit_test(other_shapes_are_refused_before_the_key_is_used),
        cmocka_unit_test(no_changed_bit_opens),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
