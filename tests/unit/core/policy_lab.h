/* SPDX-License-Identifier: Apache-2.0 */
/* policy_lab - one policy, one request and the names that a certificate would get. */
#pragma once

#include "fake/fake_directory.h"
#include "unit/core/core_kit.h"

enum { LAB_LIST_MAX = 8 };

struct policy_lab {
    struct cf_policy_settings policy;
    struct cf_grant grant;
    struct cf_request *request;
    struct cf_dn *subject;
    struct cf_san *san;
    struct cf_facts facts;
    struct fake_directory *directory; /* NULL: none */
    struct cf_err err;
    char marks[32]; /* of the last lab_explain, by rule. m: met, -: idle, r: refused, ?: open */
    char text[512]; /* of its last rule that is not idle */
    char *lists[LAB_LIST_MAX][LAB_LIST_MAX];
    size_t n_lists;
};

int lab_setup(void **state); /* the good request, no names, no directory; *state is the lab */
int lab_teardown(void **state);

/* A NULL-terminated list of the policy, as long as the lab lives. */
char **lab_list(struct policy_lab *lab, const char *const *words);
#define LIST(...) lab_list(lab, (const char *const[]){__VA_ARGS__, NULL})

/* Replaces the request by the good one with these changes, as core_json_of. */
void lab_request(struct policy_lab *lab, const char *const *pairs);
#define REQUEST(...) lab_request(lab, (const char *const[]){__VA_ARGS__, NULL})
void lab_subject(struct policy_lab *lab, const char *type, const char *value); /* appends */
void lab_san(struct policy_lab *lab, enum cf_san_type type, const char *value);
void lab_no_names(struct policy_lab *lab);

enum cf_rc lab_judge(struct policy_lab *lab);
enum cf_rc lab_explain(struct policy_lab *lab);

#define assert_allowed(lab) assert_ok(lab_judge(lab), (lab)->err)
#define assert_refused(lab, part)                                                                  \
    do {                                                                                           \
        assert_rc(lab_judge(lab), CF_E_POLICY);                                                    \
        assert_contains((lab)->err.text, (part));                                                  \
    } while (0)
