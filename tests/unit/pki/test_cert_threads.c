/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_cert_threads - one trust, one recipient and one signer are used by several threads at once.
 */
#include <pthread.h>
#include <string.h>

#include "cert_lab.h"
#include "certferry/cms.h"
#include "certferry/pfx.h"

enum { THREADS = 4, ROUNDS = 40 };

struct shared {
    const struct cf_trust *trust;
    const struct cf_cert *recipient;
    const struct cf_identity *signer;
    const struct cf_secret *password;
};

static enum cf_rc
one_round(const struct shared *shared, struct cf_err *err)
{
    static const char *const id = "device-1";
    const char *alg = NULL;
    cf_own(cf_buf) envelope = NULL;
    cf_own(cf_buf) signature = NULL;
    struct cf_seal_binding binding = {.request_context = "ctx",
                                      .recipient = shared->recipient,
                                      .signer = shared->signer,
                                      .now_ms = LAB_NOW_MS};

    CF_TRY(cf_trust_check_recipient(shared->trust, shared->recipient, &id, 1, LAB_NOW_MS, err));
    CF_TRY(cf_cms_seal_pfx(cf_bytes_of("pfx", 3), shared->password, &binding, CF_TRANSPORT_MODERN,
                           &envelope, err));
    return cf_identity_sign_jws(shared->signer, cf_bytes_of("a.b", 3), &alg, &signature, err);
}

static void *
work(void *argument)
{
    static char failure[CF_ERR_TEXT_MAX + 1];
    struct cf_err err;

    for (int i = 0; i < ROUNDS; i++) {
        if (one_round(argument, &err) != CF_OK) {
            memcpy(failure, err.text, sizeof failure);
            return failure;
        }
    }
    return NULL;
}

static void
parsed_things_are_shared_without_a_lock(void **state)
{
    struct cf_err err;
    pthread_t threads[THREADS];
    cf_own(cf_trust) trust = NULL;
    cf_own(cf_identity) signer = NULL;
    cf_own(cf_secret) password = NULL;
    X509 *root =
        lab_x509(&(struct lab_spec){.cn = "root", .pkey = lab_key("P-384"), .extensions = lab_ca});
    cf_own(cf_buf) pem = lab_pem(&root, 1);
    cf_own(cf_cert) recipient = lab_cert(&(struct lab_spec){.cn = "device-1",
                                                            .pkey = lab_key("RSA"),
                                                            .extensions = lab_device,
                                                            .issuer = root,
                                                            .issuer_pkey = lab_key("P-384")});

    (void)state;
    assert_ok(cf_trust_new(cf_buf_bytes(pem), cf_bytes_of("", 0), &trust, &err), err);
    assert_ok(
        cf_identity_generate(CF_KEY_P256, "connector", LAB_NOW_MS, 3600 * 1000, &signer, &err),
        err);
    assert_ok(cf_pfx_password(&password, &err), err);
    struct shared shared = {
        .trust = trust, .recipient = recipient, .signer = signer, .password = password};
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, &shared), 0);
    const char *failure = NULL;
    for (size_t i = 0; i < THREADS; i++) {
        void *result = NULL;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        if (result)
            failure = result;
    }
    if (failure)
        fail_msg("%s", failure);
    X509_free(root);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parsed_things_are_shared_without_a_lock),
    };
    return cmocka_run_group_tests(tests, lab_setup, lab_teardown);
}
