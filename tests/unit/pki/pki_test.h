/* SPDX-License-Identifier: Apache-2.0 */
/* pki_test - what the tests of names, keys and requests share. */
#pragma once

#include "unit/base/unit.h"

#include <stdlib.h>
#include <string.h>

#include "certferry/dn.h"
#include "certferry/key.h"
#include "certferry/subject.h"

enum { TEST_HEAP_LEN = 1 << 20 };

static inline int
pki_setup(void **state)
{
    struct cf_err err = {0};

    (void)state;
    if (cf_pki_init(TEST_HEAP_LEN, &err) != CF_OK) {
        print_error("%s\n", err.text);
        return -1;
    }
    return 0;
}

static inline int
pki_teardown(void **state)
{
    (void)state;
    cf_pki_done();
    return 0;
}

#define assert_dn_text(dn, expected)                                                               \
    do {                                                                                           \
        struct cf_err dn_err_ = {0};                                                               \
        cf_own_str dn_text_ = NULL;                                                                \
        assert_ok(cf_dn_text((dn), &dn_text_, &dn_err_), dn_err_);                                 \
        assert_string_equal(dn_text_, (expected));                                                 \
    } while (0)

/* Facts for templates: names and values in turn, ended by NULL. */
static inline enum cf_rc
test_fact(const void *facts, const char *name, size_t len, const char **ret, struct cf_err *err)
{
    for (const char *const *fact = facts; fact && fact[0]; fact += 2) {
        if (strlen(fact[0]) == len && strncasecmp(fact[0], name, len) == 0) {
            if (!fact[1])
                return cf_fail(err, CF_E_FACT, "{{%.*s}} has no value", (int)len, name);
            *ret = fact[1];
            return CF_OK;
        }
    }
    return cf_fail(err, CF_E_FACT, "{{%.*s}} is no known variable", (int)len, name);
}
