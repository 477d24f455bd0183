/* SPDX-License-Identifier: Apache-2.0 */
#include "cert_lab.h"

#include <string.h>

#include "certferry/scep_message.h"

static const struct lab_extension server[] = {
    {"subjectAltName", "DNS:scep.example.com"}, {"extendedKeyUsage", "serverAuth"}, {NULL, NULL}};
static const struct lab_extension no_name[] = {{"extendedKeyUsage", "serverAuth"}, {NULL, NULL}};
static const struct lab_extension ip_only[] = {
    {"subjectAltName", "IP:192.0.2.1"}, {"extendedKeyUsage", "serverAuth"}, {NULL, NULL}};
static const struct lab_extension no_usage[] = {{"subjectAltName", "DNS:scep.example.com"},
                                                {NULL, NULL}};
static const struct lab_extension client[] = {
    {"subjectAltName", "DNS:scep.example.com"}, {"extendedKeyUsage", "clientAuth"}, {NULL, NULL}};

struct seen {
    unsigned n[CF_FINDING_ERROR + 1];
    char text[4096];
};

static void
note(void *arg, const struct cf_finding *finding)
{
    struct seen *seen = arg;

    assert_string_equal(finding->subject, "scep tls_cert_file");
    assert_true((finding->severity == CF_FINDING_OK) == (finding->remedy == NULL));
    seen->n[finding->severity]++;
    strncat(seen->text, finding->text, sizeof seen->text - strlen(seen->text) - 2);
    strcat(seen->text, "\n");
}

static X509 *ca;

static int
setup(void **state)
{
    if (lab_setup(state))
        return -1;
    ca = lab_x509(&(struct lab_spec){.cn = "ca", .pkey = lab_key("RSA"), .extensions = lab_ca});
    return 0;
}

static int
teardown(void **state)
{
    X509_free(ca);
    return lab_teardown(state);
}

static struct seen
check(X509 *const *x509s, size_t n)
{
    struct seen seen = {0};
    cf_own(cf_chain) chain = lab_chain(x509s, n);

    cf_scep_check_tls(chain, LAB_NOW_MS, note, &seen);
    return seen;
}

static struct seen
check_leaf(const struct lab_spec *spec)
{
    struct lab_spec full = *spec;

    full.cn = "scep";
    full.issuer = ca;
    full.issuer_pkey = lab_key("RSA");
    if (!full.extensions)
        full.extensions = server;
    if (!full.pkey)
        full.pkey = lab_key("RSA");
    X509 *leaf = lab_x509(&full);
    X509 *both[] = {leaf, ca};
    struct seen seen = check(both, 2);
    X509_free(leaf);
    return seen;
}

static void
a_good_one_has_nothing_to_tell_but_its_end(void **state)
{
    struct seen rsa = check_leaf(&(struct lab_spec){0});
    struct seen ec = check_leaf(&(struct lab_spec){.pkey = lab_key("P-256")});

    (void)state;
    assert_int_equal(rsa.n[CF_FINDING_OK], 1);
    assert_int_equal(rsa.n[CF_FINDING_WARNING] + rsa.n[CF_FINDING_ERROR], 0);
    assert_int_equal(ec.n[CF_FINDING_WARNING] + ec.n[CF_FINDING_ERROR], 0);
}

static void
each_of_apples_rules_is_told(void **state)
{
    EVP_PKEY *weak = lab_fresh_key("RSA", 1024);
    const struct {
        struct lab_spec spec;
        const char *part;
    } rows[] = {
        {{.pkey = weak}, "1024 bits"},
        {{.md = EVP_sha1()}, "not signed with SHA-2"},
        {{.extensions = no_name}, "no DNS name"},
        {{.extensions = ip_only}, "no DNS name"},
        {{.extensions = no_usage}, "server authentication"},
        {{.extensions = client}, "server authentication"},
        {{.not_after_ms = LAB_NOW_MS + 830 * LAB_DAY_MS}, "831 days"},
        {{.not_after_ms = LAB_NOW_MS - 1000}, "ended"},
        {{.not_before_ms = LAB_NOW_MS + LAB_DAY_MS}, "not valid before"},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(rows); i++) {
        struct seen seen = check_leaf(&rows[i].spec);

        if (!strstr(seen.text, rows[i].part))
            fail_msg("'%s' is not in '%s'", rows[i].part, seen.text);
        assert_true(seen.n[CF_FINDING_ERROR] > 0);
    }
    EVP_PKEY_free(weak);
}

static void
the_coming_end_is_a_warning(void **state)
{
    struct seen seen = check_leaf(&(struct lab_spec){.not_after_ms = LAB_NOW_MS + 20 * LAB_DAY_MS});

    (void)state;
    assert_int_equal(seen.n[CF_FINDING_WARNING], 1);
    assert_int_equal(seen.n[CF_FINDING_ERROR], 0);
}

static void
order_and_issuers_are_looked_at(void **state)
{
    X509 *leaf = lab_x509(&(struct lab_spec){.cn = "scep",
                                             .pkey = lab_key("RSA"),
                                             .extensions = server,
                                             .issuer = ca,
                                             .issuer_pkey = lab_key("RSA")});
    X509 *other =
        lab_x509(&(struct lab_spec){.cn = "other", .pkey = lab_key("P-256"), .extensions = lab_ca});
    X509 *wrong[] = {leaf, other};
    X509 *turned[] = {ca, leaf};
    X509 *alone[] = {leaf};

    (void)state;
    struct seen seen = check(wrong, 2);
    assert_int_equal(seen.n[CF_FINDING_ERROR], 1);
    assert_non_null(strstr(seen.text, "not issued by the next"));
    seen = check(turned, 2);
    assert_non_null(strstr(seen.text, "is a CA's"));
    seen = check(alone, 1);
    assert_int_equal(seen.n[CF_FINDING_ERROR], 0);
    assert_int_equal(seen.n[CF_FINDING_WARNING], 1);
    X509_free(leaf);
    X509_free(other);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_one_has_nothing_to_tell_but_its_end),
        cmocka_unit_test(each_of_apples_rules_is_told),
        cmocka_unit_test(the_coming_end_is_a_warning),
        cmocka_unit_test(order_and_issuers_are_looked_at),
    };

    return cmocka_run_group_tests_name("scep_check_tls", tests, setup, teardown);
}
