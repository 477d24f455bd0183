/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/core/scep_kit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "core/scep.h"

enum { WAIT_ROUNDS = 20000 };

static EVP_PKEY *rsa_keys[4];

int
scep_group_setup(void **state)
{
    return core_group_setup(state);
}

int
scep_group_teardown(void **state)
{
    for (size_t i = 0; i < CF_COUNT(rsa_keys); i++) {
        EVP_PKEY_free(rsa_keys[i]);
        rsa_keys[i] = NULL;
    }
    return core_group_teardown(state);
}

static struct cf_scep_profile_settings *
make_profile(void)
{
    struct cf_scep_profile_settings *profile = calloc(1, sizeof *profile);

    assert_non_null(profile);
    *profile = (struct cf_scep_profile_settings){
        .name = strdup("wifi"),
        .ca = strdup("corp"),
        .template_name = strdup("device"),
        .types = CF_TYPES_DEVICE,
        .challenge = CF_SCEP_STATIC,
        .renewal = CF_SCEP_RENEWAL_CHALLENGE,
        .renewal_window_percent = 100,
        .min_rsa_bits = 2048,
        .keep_trying_ms = 10 * SCEP_MINUTE_MS,
        .get_cert = true,
        .get_crl = true,
    };
    return profile;
}

void
scep_configure(struct core_kit *kit)
{
    static const char lines[] = "some other challenge\r\n" SCEP_CHALLENGE "\n";
    struct cf_site *site = kit->site;
    struct cf_settings *settings = site->settings;
    struct cf_err err = {0};

    settings->scep.is_on = true;
    settings->scep.ra_sign_template = strdup("device");
    settings->scep.ra_encryption_template = strdup("device");
    settings->scep.ra_subject = strdup("CN=Example RA");
    settings->scep_profiles = calloc(1, sizeof(void *));
    settings->scep_profiles[0] = make_profile();
    settings->n_scep_profiles = 1;
    site->scep_challenges = calloc(1, sizeof(struct cf_secret *));
    site->n_scep_challenges = 1;
    assert_ok(cf_secret_copy(lines, sizeof lines - 1, &site->scep_challenges[0], &err), err);
}

int
scep_setup(void **state)
{
    uint64_t next_ms = 0;
    struct cf_err err = {0};

    if (core_setup(state))
        return -1;
    struct core_kit *kit = *state;
    scep_configure(kit);
    core_start_scheduler(kit, 2);
    assert_ok(cf_duty_dispatch(kit->scheduler, kit->site, &next_ms, &err), err);
    return 0;
}

struct cf_scep_profile_settings *
scep_profile(struct core_kit *kit)
{
    return kit->site->settings->scep_profiles[0];
}

static struct cf_buf *
self_signed(EVP_PKEY *key)
{
    X509 *cert = X509_new();
    unsigned char *der = NULL;

    assert_non_null(cert);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_UTF8,
                               (const unsigned char *)"SCEP client", -1, -1, 0);
    X509_set_issuer_name(cert, X509_get_subject_name(cert));
    X509_gmtime_adj(X509_getm_notBefore(cert), 0);
    X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
    X509_set_pubkey(cert, key);
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    int len = i2d_X509(cert, &der);
    assert_true(len > 0);
    struct cf_buf *buf = cf_buf_copy(cf_bytes_of(der, (size_t)len));
    OPENSSL_free(der);
    X509_free(cert);
    return buf;
}

struct scep_device
scep_device_of(EVP_PKEY *take_key)
{
    assert_non_null(take_key);
    return (struct scep_device){.key = take_key, .signer = self_signed(take_key)};
}

struct scep_device
scep_device(void)
{
    return scep_device_of(EVP_EC_gen("P-256"));
}

/* Making one takes longer than all the rest of a test. */
EVP_PKEY *
scep_rsa(unsigned bits)
{
    for (size_t i = 0; i < CF_COUNT(rsa_keys); i++) {
        if (!rsa_keys[i])
            rsa_keys[i] = EVP_RSA_gen(bits);
        assert_non_null(rsa_keys[i]);
        if (EVP_PKEY_get_bits(rsa_keys[i]) == (int)bits) {
            assert_int_equal(EVP_PKEY_up_ref(rsa_keys[i]), 1);
            return rsa_keys[i];
        }
    }
    fail_msg("RSA keys of too many sizes");
    return NULL;
}

struct scep_device
scep_device_rsa(void)
{
    return scep_device_of(scep_rsa(2048));
}

void
scep_device_done(struct scep_device *device)
{
    EVP_PKEY_free(device->key);
    cf_buf_free(device->signer);
    *device = (struct scep_device){0};
}

static void
add_extension(STACK_OF(X509_EXTENSION) * *stack, int nid, const char *value)
{
    X509V3_CTX ctx;

    if (!value)
        return;
    X509V3_set_ctx_nodb(&ctx);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    assert_non_null(extension);
    assert_non_null(X509v3_add_ext(stack, extension, -1));
    X509_EXTENSION_free(extension);
}

static void
add_uri(STACK_OF(X509_EXTENSION) * *stack, const char *uri)
{
    if (!uri)
        return;
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();
    assert_int_equal(ASN1_STRING_set(text, uri, -1), 1);
    GENERAL_NAME_set0_value(name, GEN_URI, text);
    assert_true(sk_GENERAL_NAME_push(names, name) > 0);
    assert_int_equal(X509V3_add1_i2d(stack, NID_subject_alt_name, names, 0, 0), 1);
    GENERAL_NAMES_free(names);
}

struct cf_buf *
scep_csr(EVP_PKEY *key, const struct scep_csr *spec)
{
    X509_REQ *req = X509_REQ_new();
    STACK_OF(X509_EXTENSION) *stack = NULL;
    unsigned char *der = NULL;

    assert_non_null(req);
    if (spec->cn)
        X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(req), "CN", MBSTRING_UTF8,
                                   (const unsigned char *)spec->cn, -1, -1, 0);
    X509_REQ_set_pubkey(req, key);
    add_extension(&stack, NID_subject_alt_name, spec->san);
    add_uri(&stack, spec->uri);
    add_extension(&stack, NID_key_usage, spec->key_usage);
    add_extension(&stack, NID_ext_key_usage, spec->eku);
    add_extension(&stack, NID_basic_constraints, spec->basic);
    if (stack)
        assert_int_equal(
            X509_REQ_add_extensions_nid(req, stack, spec->is_ms ? NID_ms_ext_req : NID_ext_req), 1);
    sk_X509_EXTENSION_pop_free(stack, X509_EXTENSION_free);
    if (spec->challenge)
        assert_int_equal(X509_REQ_add1_attr_by_NID(req, NID_pkcs9_challengePassword, MBSTRING_UTF8,
                                                   (const unsigned char *)spec->challenge, -1),
                         1);
    assert_true(X509_REQ_sign(req, key, spec->md ? spec->md : EVP_sha256()) > 0);
    int len = i2d_X509_REQ(req, &der);
    assert_true(len > 0);
    struct cf_buf *buf = cf_buf_copy(cf_bytes_of(der, (size_t)len));
    OPENSSL_free(der);
    X509_REQ_free(req);
    return buf;
}

struct cf_buf *
scep_good_csr(EVP_PKEY *key)
{
    return scep_csr(key, &(struct scep_csr){.cn = "pc1", .challenge = SCEP_CHALLENGE});
}

enum cf_scep_answer_state
scep_send(struct core_kit *kit, const struct cf_scep_request *request, struct cf_scep_answer *ret)
{
    struct cf_err err = {0};

    cf_scep_answer_done(ret);
    assert_ok(cf_scep_enroll(kit->scheduler, request, ret, &err), err);
    return ret->state;
}

static struct cf_scep_request
request_of(const struct scep_device *device, const struct cf_buf *csr)
{
    return (struct cf_scep_request){
        .profile = "wifi",
        .type = CF_SCEP_PKCS_REQ,
        .transaction_id = "t1",
        .csr = cf_buf_bytes(csr),
        .signer = cf_buf_bytes(device->signer),
        .remote = "192.0.2.1",
    };
}

enum cf_scep_answer_state
scep_enroll(struct core_kit *kit, const struct scep_device *device, const struct cf_buf *csr,
            struct cf_scep_answer *ret)
{
    const struct cf_scep_request request = request_of(device, csr);

    return scep_send(kit, &request, ret);
}

struct rest {
    pthread_mutex_t lock;
    pthread_cond_t cond;
    bool is_called;
};

static void
note_rest(void *arg)
{
    struct rest *rest = arg;

    pthread_mutex_lock(&rest->lock);
    rest->is_called = true;
    pthread_cond_signal(&rest->cond);
    pthread_mutex_unlock(&rest->lock);
}

void
scep_wait(struct core_kit *kit, int64_t item_id)
{
    struct rest rest = {.lock = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER};
    struct cf_err err = {0};

    assert_ok(cf_scep_watch(kit->scheduler, item_id, note_rest, &rest, &err), err);
    pthread_mutex_lock(&rest.lock);
    while (!rest.is_called)
        pthread_cond_wait(&rest.cond, &rest.lock);
    pthread_mutex_unlock(&rest.lock);
    cf_scep_unwatch(kit->scheduler, note_rest, &rest);
}

void
scep_wait_idle(struct core_kit *kit)
{
    for (unsigned i = 0; i < WAIT_ROUNDS && cf_scheduler_in_flight(kit->scheduler) > 0; i++)
        usleep(1000);
    assert_int_equal(cf_scheduler_in_flight(kit->scheduler), 0);
}

void
scep_dispatch(struct core_kit *kit)
{
    uint64_t next_ms = 0;
    struct cf_err err = {0};
    size_t n;

    do {
        n = cf_fake_store_counts(kit->store).claimed;
        assert_ok(cf_duty_dispatch(kit->scheduler, kit->site, &next_ms, &err), err);
        scep_wait_idle(kit);
    } while (cf_fake_store_counts(kit->store).claimed > n);
}

enum cf_scep_answer_state
scep_settle_request(struct core_kit *kit, const struct cf_scep_request *request,
                    struct cf_scep_answer *ret)
{
    struct cf_err err = {0};
    char context[CF_CONTEXT_MAX + 1];

    if (scep_send(kit, request, ret) != CF_SCEP_ANSWER_WORKING)
        return ret->state;
    scep_wait(kit, ret->item_id);
    memcpy(context, ret->context, sizeof context);
    cf_scep_answer_done(ret);
    assert_ok(cf_scep_look(kit->scheduler, context, ret, &err), err);
    return ret->state;
}

enum cf_scep_answer_state
scep_settle(struct core_kit *kit, const struct scep_device *device, const struct cf_buf *csr,
            struct cf_scep_answer *ret)
{
    const struct cf_scep_request request = request_of(device, csr);

    return scep_settle_request(kit, &request, ret);
}

void
scep_receive(struct core_kit *kit, const char *context, const struct scep_device *device,
             const struct cf_buf *csr)
{
    const struct cf_scep_body body = {
        .profile = "wifi", .type = CF_SCEP_PKCS_REQ, .transaction_id = "t1"};
    cf_own(cf_buf) json = NULL;
    struct cf_err err = {0};

    assert_ok(
        cf_scep_body_write(&body, cf_buf_bytes(csr), cf_buf_bytes(device->signer), &json, &err),
        err);
    core_receive(kit, CF_KIND_SCEP, context, cf_buf_str(json));
}
