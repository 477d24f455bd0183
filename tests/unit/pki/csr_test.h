/* SPDX-License-Identifier: Apache-2.0 */
/* csr_test - a request with everything in it, for the tests that build and that read. */
#pragma once

#include "pki_test.h"

#include "certferry/csr.h"

#define TEST_SID "S-1-5-21-1004336348-1177238915-682003330-1104"
#define TEST_EKU ((const char *const[]){"1.3.6.1.5.5.7.3.2", "1.3.6.1.4.1.311.20.2.2"})

static inline struct cf_dn *
test_subject(const char *text)
{
    struct cf_err err = {0};
    struct cf_dn *dn = NULL;

    assert_ok(cf_dn_parse_text(text, &dn, &err), err);
    return dn;
}

static inline struct cf_san *
test_san(void)
{
    struct cf_err err = {0};
    struct cf_san *san = cf_san_new();

    assert_ok(cf_san_append(san, CF_SAN_UPN, "jane@corp.example", &err), err);
    assert_ok(cf_san_append(san, CF_SAN_DNS, "pc1.example.com", &err), err);
    return san;
}

static inline struct cf_buf *
test_csr(const struct cf_key *key)
{
    struct cf_err err = {0};
    cf_own(cf_dn) subject = test_subject("CN=Test User (TestCompany\\, LLC),OU=x+OU=y,C=DE");
    cf_own(cf_san) san = test_san();
    struct cf_buf *der = NULL;
    struct cf_csr_spec spec = {.subject = subject,
                               .san = san,
                               .key_usage = CF_KU_DIGITAL_SIGNATURE | CF_KU_KEY_ENCIPHERMENT,
                               .eku = TEST_EKU,
                               .n_eku = 2,
                               .template_name = "Gerät",
                               .sid = TEST_SID};

    assert_ok(cf_csr_build(key, &spec, &der, &err), err);
    return der;
}
