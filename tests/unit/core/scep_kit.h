/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scep_kit - devices that make their own keys, and a connector that has SCEP profiles.
 *
 * Profile "wifi" is for devices, with static challenges and CA "corp"; a test changes what it
 * wants of it. The scheduler runs; nothing is dispatched but by the test.
 */
#pragma once

#include <openssl/x509.h>

#include "certferry/scep.h"
#include "unit/core/core_kit.h"

#define SCEP_CHALLENGE "correct horse battery staple"
#define SCEP_MINUTE_MS INT64_C(60000)

int scep_group_setup(void **state);
int scep_group_teardown(void **state);
int scep_setup(void **state);
void scep_configure(struct core_kit *kit); /* the profile alone, without a scheduler */
#define scep_test(name) cmocka_unit_test_setup_teardown(name, scep_setup, core_teardown)

struct cf_scep_profile_settings *scep_profile(struct core_kit *kit);

/* A device: its key, and the certificate it signs its messages with. */
struct scep_device {
    EVP_PKEY *key;
    struct cf_buf *signer;
};
struct scep_device scep_device(void);     /* P-256 */
struct scep_device scep_device_rsa(void); /* RSA 2048 */
struct scep_device scep_device_of(EVP_PKEY *take_key);
EVP_PKEY *scep_rsa(unsigned bits); /* made once for each size; owned */
void scep_device_done(struct scep_device *device);
#define own_device __attribute__((cleanup(scep_device_done))) struct scep_device

/* What a CSR says; NULL: nothing of the kind. */
struct scep_csr {
    const char *cn;
    const char *san;       /* OpenSSL's words: "DNS:pc1.example.com" */
    const char *uri;       /* in place of san: one URI, as it is */
    const char *key_usage; /* "critical,digitalSignature" */
    const char *eku;
    const char *basic;
    const char *challenge;
    const EVP_MD *md; /* NULL: SHA-256 */
    bool is_ms;       /* extensions in Microsoft's attribute */
};
struct cf_buf *scep_csr(EVP_PKEY *key, const struct scep_csr *spec);
struct cf_buf *scep_good_csr(EVP_PKEY *key); /* CN=pc1, with the challenge */

/* cf_scep_enroll with type PKCSReq, transaction "t1"; the state it answers. */
enum cf_scep_answer_state scep_enroll(struct core_kit *kit, const struct scep_device *device,
                                      const struct cf_buf *csr, struct cf_scep_answer *ret);
enum cf_scep_answer_state scep_send(struct core_kit *kit, const struct cf_scep_request *request,
                                    struct cf_scep_answer *ret);
/* Enrolls, waits until it rests, and looks. */
enum cf_scep_answer_state scep_settle(struct core_kit *kit, const struct scep_device *device,
                                      const struct cf_buf *csr, struct cf_scep_answer *ret);
enum cf_scep_answer_state scep_settle_request(struct core_kit *kit,
                                              const struct cf_scep_request *request,
                                              struct cf_scep_answer *ret);
/* Until this process does not work on the item any more. */
void scep_wait(struct core_kit *kit, int64_t item_id);
void scep_wait_idle(struct core_kit *kit);
/* Due work of the store, until there is none. */
void scep_dispatch(struct core_kit *kit);
#define own_answer __attribute__((cleanup(cf_scep_answer_done))) struct cf_scep_answer

/* For tests of a step alone: the item of this CSR, received. */
void scep_receive(struct core_kit *kit, const char *context, const struct scep_device *device,
                  const struct cf_buf *csr);
#define assert_scep_state(kit, context, expected)                                                  \
    do {                                                                                           \
        cf_own(cf_item) scep_item_ = core_item((kit), CF_KIND_SCEP, (context));                    \
        assert_string_equal(cf_state_name(scep_item_->state), cf_state_name(expected));            \
    } while (0)
