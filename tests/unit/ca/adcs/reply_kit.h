/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reply_kit - a CA of AD CS that issued, and the directory that may know it.
 */
#pragma once

#include "unit/ca/ca_kit.h"

#include "ca/adcs/chain.h"
#include "fake/fake_directory.h"

/* A root, its issuing CA "Test CA" (the kit's), a stranger; leaves of each. */
struct reply_kit {
    struct ca_kit kit;
    struct adcs_ca ca;
    struct fake_directory *directory;
    struct cf_enrollment_service service;
};

int reply_setup(void **state); /* *state is a struct reply_kit */
int reply_teardown(void **state);
/* NAME.pem of the kit in DER; owned by the caller. */
struct cf_buf *reply_der(const struct reply_kit *reply, const char *name);
void reply_list_done(struct cf_der_list *list);
void reply_list_add(struct cf_der_list *list, struct cf_buf *take_der);
void reply_use_chain_file(struct reply_kit *reply, const char *name);
/* The directory knows root and issuing CA, and has a value that is none. */
void reply_use_directory(struct reply_kit *reply);

/* What is made of an answer that a certificate is issued; `leaf` and `response` may be NULL. */
enum cf_rc reply_answer(struct reply_kit *reply, const char *leaf, const char *response,
                        bool is_poll, struct cf_ca_answer *ret_answer, struct cf_err *err);
void reply_expect_issued(struct reply_kit *reply, const char *leaf, const char *response,
                         size_t n_chain);
/* Of a poll. */
void reply_expect_error(struct reply_kit *reply, const char *leaf, const char *response,
                        enum cf_rc rc, const char *text);
#define reply_test(name) cmocka_unit_test_setup_teardown(name, reply_setup, reply_teardown)
