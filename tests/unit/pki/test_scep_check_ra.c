/* SPDX-License-Identifier: Apache-2.0 */
/* test_scep_check_ra - certificates that keep the usual clients away are named before they do. */
#include <string.h>

#include "scep_kit.h"

struct heard {
    unsigned n_ok, n_warnings, n_errors;
    char text[2048];
};

static void
hear(void *arg, const struct cf_finding *finding)
{
    struct heard *heard = arg;
    size_t len = strlen(heard->text);

    heard->n_ok += finding->severity == CF_FINDING_OK;
    heard->n_warnings += finding->severity == CF_FINDING_WARNING;
    heard->n_errors += finding->severity == CF_FINDING_ERROR;
    assert_contains(finding->subject, "RA certificate 'CN=");
    assert_int_equal(finding->remedy == NULL, finding->severity == CF_FINDING_OK);
    snprintf(heard->text + len, sizeof heard->text - len, "%s|", finding->text);
}

static const struct lab_extension both[] = {
    {"keyUsage", "critical,digitalSignature,keyEncipherment"}, {NULL, NULL}};
static const struct lab_extension signs[] = {{"keyUsage", "critical,digitalSignature"},
                                             {NULL, NULL}};
static const struct lab_extension uncritical[] = {{"keyUsage", "digitalSignature,keyEncipherment"},
                                                  {NULL, NULL}};

static struct heard
check(struct lab_spec spec, bool can_sign, bool can_decrypt)
{
    struct heard heard = {0};
    cf_own(cf_cert) issuer = lab_to_cf(kit_ca());

    spec.cn = "RA";
    if (!spec.pkey)
        spec.pkey = lab_key("RSA");
    if (!spec.issuer)
        spec.issuer = kit_ca();
    if (!spec.issuer_pkey)
        spec.issuer_pkey = lab_key("P-256");
    cf_own(cf_cert) cert = lab_cert(&spec);
    cf_scep_check_ra(cert, issuer, can_sign, can_decrypt, LAB_NOW_MS, hear, &heard);
    return heard;
}

static void
good_ones_are_good(void **state)
{
    (void)state;
    struct heard heard = check((struct lab_spec){.extensions = both}, true, true);
    assert_int_equal(heard.n_ok, 1);
    assert_int_equal(heard.n_errors + heard.n_warnings, 0);
    heard = check((struct lab_spec){.extensions = signs}, true, false);
    assert_int_equal(heard.n_ok, 1);
    assert_contains(heard.text, "(signs)");
}

static void
what_is_wrong_is_named(void **state)
{
    EVP_PKEY *small = lab_fresh_key("RSA", 1024);
    X509 *other_ca = lab_x509(
        &(struct lab_spec){.cn = "Other CA", .pkey = lab_key("P-384"), .extensions = lab_ca});
    const struct {
        struct lab_spec spec;
        unsigned n_errors, n_warnings;
        const char *part;
    } cases[] = {
        {{.extensions = signs}, 1, 0, "keyEncipherment"},
        {{.extensions = uncritical}, 0, 1, "not critical"},
        {{.extensions = NULL}, 0, 1, "no key usage"},
        {{.extensions = lab_ca}, 3, 0, "CA certificate"},
        {{.extensions = both, .pkey = lab_key("P-256")}, 1, 0, "not RSA"},
        {{.extensions = both, .pkey = small}, 1, 0, "1024 bits"},
        {{.extensions = both, .not_after_ms = LAB_NOW_MS}, 1, 0, "valid until"},
        {{.extensions = both, .not_before_ms = LAB_NOW_MS + 1000}, 1, 0, "valid from"},
        {{.extensions = both, .issuer = other_ca, .issuer_pkey = lab_key("P-384")},
         1,
         0,
         "not issued by the CA itself"},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(cases); i++) {
        struct heard heard = check(cases[i].spec, true, true);
        assert_int_equal(heard.n_ok, 0);
        assert_contains(heard.text, cases[i].part);
        assert_int_equal(heard.n_errors, cases[i].n_errors);
        assert_int_equal(heard.n_warnings, cases[i].n_warnings);
    }
    EVP_PKEY_free(small);
    X509_free(other_ca);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_ones_are_good),
        cmocka_unit_test(what_is_wrong_is_named),
    };
    return cmocka_run_group_tests(tests, kit_setup, kit_teardown);
}
