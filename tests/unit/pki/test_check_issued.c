/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cert_lab.h"
#include "certferry/csr.h"

#define USAGE "digitalSignature,keyEncipherment"
#define SAN "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:a@example.org,DNS:host.example.org"

static EVP_PKEY *asked_pkey;
static struct cf_csr *csr, *csr_with_sid, *plain_csr;
static X509 *root, *issuing;

static struct cf_csr *
make_csr(const struct cf_key *key, const char *sid)
{
    static const char *const eku[] = {"1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.4"};
    struct cf_err err;
    struct cf_csr *ret = NULL;
    cf_own(cf_dn) subject = cf_dn_new();
    cf_own(cf_san) san = cf_san_new();
    cf_own(cf_buf) der = NULL;

    assert_ok(cf_dn_append(subject, "CN", "a", &err), err);
    assert_ok(cf_san_append(san, CF_SAN_UPN, "a@example.org", &err), err);
    assert_ok(cf_san_append(san, CF_SAN_DNS, "host.example.org", &err), err);
    struct cf_csr_spec spec = {.subject = subject,
                               .san = san,
                               .key_usage = CF_KU_DIGITAL_SIGNATURE | CF_KU_KEY_ENCIPHERMENT,
                               .eku = eku,
                               .n_eku = 2,
                               .sid = sid};
    assert_ok(cf_csr_build(key, &spec, &der, &err), err);
    assert_ok(cf_csr_parse(cf_buf_bytes(der), &ret, &err), err);
    return ret;
}

/* As a device may make it, which leaves its usages to the template. */
static struct cf_csr *
make_plain_csr(const struct cf_key *key)
{
    struct cf_err err;
    struct cf_csr *ret = NULL;
    cf_own(cf_dn) subject = cf_dn_new();
    cf_own(cf_buf) der = NULL;

    assert_ok(cf_dn_append(subject, "CN", "a", &err), err);
    assert_ok(cf_csr_build(key, &(struct cf_csr_spec){.subject = subject}, &der, &err), err);
    assert_ok(cf_csr_parse(cf_buf_bytes(der), &ret, &err), err);
    return ret;
}

static int
setup(void **state)
{
    struct cf_err err;
    cf_own(cf_key) key = NULL;

    if (lab_setup(state) != 0)
        return -1;
    assert_ok(cf_key_generate(CF_KEY_P256, &key, &err), err);
    csr = make_csr(key, NULL);
    csr_with_sid = make_csr(key, "S-1-5-18");
    plain_csr = make_plain_csr(key);
    struct cf_bytes spki = cf_csr_spki(csr);
    const unsigned char *at = spki.data;
    asked_pkey = d2i_PUBKEY(NULL, &at, (long)spki.len);
    root =
        lab_x509(&(struct lab_spec){.cn = "root", .pkey = lab_key("P-384"), .extensions = lab_ca});
    issuing = lab_x509(&(struct lab_spec){.cn = "issuing",
                                          .pkey = lab_key("P-256"),
                                          .extensions = lab_ca,
                                          .issuer = root,
                                          .issuer_pkey = lab_key("P-384")});
    return 0;
}

static int
teardown(void **state)
{
    cf_csr_free(csr);
    cf_csr_free(csr_with_sid);
    cf_csr_free(plain_csr);
    EVP_PKEY_free(asked_pkey);
    X509_free(root);
    X509_free(issuing);
    return lab_teardown(state);
}

/* What the CA should have issued; NULL leaves an extension out. */
struct issued {
    const char *cn, *usage, *san, *eku, *constraints, *sid, *policies;
    EVP_PKEY *pkey, *signer;
    bool asked_sid, sid_may_be_missing;
    int64_t not_before_ms, not_after_ms;
    const EVP_MD *md;
};

static struct issued
as_asked(void)
{
    return (struct issued){.cn = "a",
                           .usage = "critical," USAGE,
                           .san = SAN,
                           .eku = "emailProtection,clientAuth",
                           .pkey = asked_pkey,
                           .signer = lab_key("P-256")};
}

static enum cf_rc
check_with(struct issued issued, struct cf_chain *chain, int64_t not_after_max_ms,
           struct cf_err *err)
{
    struct lab_extension extensions[8] = {0};
    size_t n = 0;

    if (issued.usage)
        extensions[n++] = (struct lab_extension){"keyUsage", issued.usage};
    if (issued.san)
        extensions[n++] = (struct lab_extension){"subjectAltName", issued.san};
    if (issued.eku)
        extensions[n++] = (struct lab_extension){"extendedKeyUsage", issued.eku};
    if (issued.constraints)
        extensions[n++] = (struct lab_extension){"basicConstraints", issued.constraints};
    if (issued.sid)
        extensions[n++] = (struct lab_extension){"1.3.6.1.4.1.311.25.2", issued.sid};
    if (issued.policies)
        extensions[n++] = (struct lab_extension){"1.3.6.1.4.1.311.21.10", issued.policies};
    cf_own(cf_cert) cert = lab_cert(&(struct lab_spec){.cn = issued.cn,
                                                       .extensions = extensions,
                                                       .pkey = issued.pkey,
                                                       .issuer = issuing,
                                                       .issuer_pkey = issued.signer,
                                                       .not_before_ms = issued.not_before_ms,
                                                       .not_after_ms = issued.not_after_ms,
                                                       .md = issued.md});
    struct cf_cert_expectation expectation = {.csr = issued.asked_sid ? csr_with_sid : csr,
                                              .chain = chain,
                                              .now_ms = LAB_NOW_MS,
                                              .not_after_max_ms = not_after_max_ms,
                                              .sid_may_be_missing = issued.sid_may_be_missing};
    return cf_cert_check_issued(cert, &expectation, err);
}

static enum cf_rc
check(struct issued issued, struct cf_err *err)
{
    cf_own(cf_chain) chain = lab_chain((X509 *[]){issuing, root}, 2);
    return check_with(issued, chain, LAB_NOW_MS + 400 * LAB_DAY_MS, err);
}

static void
refused(struct issued issued, const char *text)
{
    struct cf_err err;
    assert_int_equal(check(issued, &err), CF_E_MISMATCH);
    assert_contains(err.text, text);
    assert_true(strlen(err.text) < CF_ERR_TEXT_MAX);
}

static void
takes_what_was_asked(void **state)
{
    struct cf_err err;
    (void)state;
    assert_ok(check(as_asked(), &err), err);

    cf_own(cf_chain) without_root = lab_chain(&issuing, 1);
    assert_ok(check_with(as_asked(), without_root, 0, &err), err);
}

static void
names_each_field_with_both_values(void **state)
{
    struct issued issued;
    (void)state;

    issued = as_asked();
    issued.pkey = lab_key("P-384");
    refused(issued, "public key");
    issued = as_asked();
    issued.cn = "b";
    refused(issued, "subject: asked 'CN=a', issued 'CN=b'");
    issued = as_asked();
    issued.san = SAN ",DNS:other.example.org";
    refused(issued, "DNS other.example.org");
    issued = as_asked();
    issued.san = SAN ",IP:10.0.0.1";
    refused(issued, "names of other types: 1");
    issued = as_asked();
    issued.san = NULL;
    refused(issued,
            "subjectAltName: asked 'UPN a@example.org, DNS host.example.org', issued 'none'");
    issued = as_asked();
    issued.usage = "critical,digitalSignature";
    refused(issued, "key usage: asked 'digitalSignature, keyEncipherment', issued "
                    "'digitalSignature'");
    issued = as_asked();
    issued.usage = NULL;
    refused(issued, "key usage");
    issued = as_asked();
    issued.eku = "clientAuth";
    refused(issued, "extended key usage: asked '1.3.6.1.5.5.7.3.2, 1.3.6.1.5.5.7.3.4', issued "
                    "'1.3.6.1.5.5.7.3.2'");
    issued = as_asked();
    issued.eku = "clientAuth,emailProtection,serverAuth";
    refused(issued, "extended key usage");
    issued = as_asked();
    issued.eku = NULL;
    refused(issued, "issued 'none'");
    issued = as_asked();
    issued.constraints = "CA:TRUE";
    refused(issued, "asked 'end entity', issued 'CA'");
}

/* SEQUENCE OF PolicyInformation: clientAuth and emailProtection; smartcard logon. */
#define POLICY_CLIENT "300a06082b06010505070302"
#define POLICY_EMAIL "300a06082b06010505070304"
#define POLICY_LOGON "300c060a2b060104018237140202"

/* S-1-5-18 and S-1-5-19 */
#define SID_LOCAL_SYSTEM "DER:301aa018060a2b060104018237190201a00a0408532d312d352d3138"
#define SID_LOCAL_SERVICE "DER:301aa018060a2b060104018237190201a00a0408532d312d352d3139"

static void
the_security_identifier_has_to_be_the_one_asked_for(void **state)
{
    struct cf_err err;
    struct issued issued = as_asked();
    (void)state;

    issued.asked_sid = true;
    issued.sid = SID_LOCAL_SYSTEM;
    assert_ok(check(issued, &err), err);
    issued.sid = NULL;
    refused(issued, "security identifier: asked 'S-1-5-18', issued 'none'");
    issued.sid_may_be_missing = true;
    assert_ok(check(issued, &err), err);
    issued.sid = SID_LOCAL_SERVICE;
    refused(issued, "security identifier: asked 'S-1-5-18', issued 'S-1-5-19'");
    issued.sid_may_be_missing = false;
    refused(issued, "security identifier: asked 'S-1-5-18', issued 'S-1-5-19'");
}

static void
nothing_that_windows_reads_as_more_gets_in(void **state)
{
    struct cf_err err;
    struct issued issued = as_asked();
    (void)state;

    issued.sid = SID_LOCAL_SYSTEM;
    refused(issued, "security identifier: asked 'none', issued 'S-1-5-18'");
    issued.sid_may_be_missing = true;
    refused(issued, "security identifier: asked 'none', issued 'S-1-5-18'");

    issued = as_asked();
    issued.policies = "DER:3018" POLICY_CLIENT POLICY_EMAIL;
    assert_ok(check(issued, &err), err);
    issued.policies = "DER:300e" POLICY_LOGON;
    refused(issued, "application policies: asked '1.3.6.1.5.5.7.3.2, 1.3.6.1.5.5.7.3.4', issued "
                    "'1.3.6.1.4.1.311.20.2.2'");
    issued.policies = "DER:3026" POLICY_CLIENT POLICY_EMAIL POLICY_LOGON;
    refused(issued, "1.3.6.1.4.1.311.20.2.2");
}

static void
holds_validity_to_its_limits(void **state)
{
    struct issued issued;
    struct cf_err err;
    (void)state;

    issued = as_asked();
    issued.not_before_ms = LAB_NOW_MS + 3600 * 1000;
    refused(issued, "notBefore");
    issued = as_asked();
    issued.not_before_ms = LAB_NOW_MS + 60 * 1000;
    assert_ok(check(issued, &err), err);
    issued = as_asked();
    issued.not_after_ms = LAB_NOW_MS;
    refused(issued, "notAfter: asked '2026-09-21T14:13:20");
    issued = as_asked();
    issued.not_after_ms = LAB_NOW_MS + 400 * LAB_DAY_MS + 1000;
    refused(issued, "notAfter");
    issued.not_after_ms -= 1000;
    assert_ok(check(issued, &err), err);
}

static void
long_values_are_cut_and_both_still_shown(void **state)
{
    struct issued issued = as_asked();
    (void)state;
    issued.cn = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    issued.san =
        "DNS:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaaaaaa"
        ".example.org,DNS:b.example.org,DNS:c.example.org,DNS:d.example.org,"
        "DNS:e.example.org,DNS:f.example.org,DNS:g.example.org";
    refused(issued, "subject: asked 'CN=a', issued 'CN=bbbb");
    issued.cn = "a";
    refused(issued, "...'");
}

static void
a_signature_of_another_key_or_a_weak_one_is_refused(void **state)
{
    struct issued issued;
    (void)state;

    issued = as_asked();
    issued.signer = lab_key("P-384");
    refused(issued, "signature of 'CN=a'");
    issued = as_asked();
    issued.md = EVP_sha1();
    refused(issued, "too weak");
}

static void
a_chain_has_to_be_linked_to_its_end(void **state)
{
    static const struct lab_extension end_entity[] = {{"basicConstraints", "CA:FALSE"},
                                                      {NULL, NULL}};
    struct cf_err err;
    X509 *twin =
        lab_x509(&(struct lab_spec){.cn = "root", .pkey = lab_key("RSA"), .extensions = lab_ca});
    X509 *stranger = lab_x509(
        &(struct lab_spec){.cn = "stranger", .pkey = lab_key("P-384"), .extensions = lab_ca});
    X509 *no_ca = lab_x509(
        &(struct lab_spec){.cn = "issuing", .pkey = lab_key("P-256"), .extensions = end_entity});
    X509 *expired = lab_x509(&(struct lab_spec){.cn = "root",
                                                .pkey = lab_key("P-384"),
                                                .extensions = lab_ca,
                                                .not_after_ms = LAB_NOW_MS - 1000});
    struct {
        X509 *chain[2];
        const char *text;
    } cases[] = {
        {{root, issuing}, "issuer of 'CN=a'"},
        {{issuing, stranger}, "issuer of 'CN=issuing': asked 'CN=stranger', issued 'CN=root'"},
        {{issuing, twin}, "CN=root"},
        {{no_ca, NULL}, "not a CA"},
        {{issuing, expired}, "was valid until"},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(cases); i++) {
        cf_own(cf_chain) chain = lab_chain(cases[i].chain, cases[i].chain[1] ? 2 : 1);
        assert_int_equal(check_with(as_asked(), chain, 0, &err), CF_E_MISMATCH);
        assert_contains(err.text, cases[i].text);
    }
    X509_free(twin);
    X509_free(stranger);
    X509_free(no_ca);
    X509_free(expired);
}

static enum cf_rc
check_plain(const char *usage, const char *eku, unsigned key_usage, size_t n_eku)
{
    static const char *const oids[] = {"1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.1"};
    const struct lab_extension extensions[] = {
        {usage ? "keyUsage" : "extendedKeyUsage", usage ? usage : eku},
        {usage && eku ? "extendedKeyUsage" : NULL, eku},
        {NULL, NULL}};
    cf_own(cf_chain) chain = lab_chain((X509 *[]){issuing, root}, 2);
    cf_own(cf_cert) cert =
        lab_cert(&(struct lab_spec){.cn = "a",
                                    .extensions = usage || eku ? extensions : NULL,
                                    .pkey = asked_pkey,
                                    .issuer = issuing,
                                    .issuer_pkey = lab_key("P-256")});
    const struct cf_cert_expectation expectation = {.csr = plain_csr,
                                                    .chain = chain,
                                                    .now_ms = LAB_NOW_MS,
                                                    .key_usage = key_usage,
                                                    .eku = oids,
                                                    .n_eku = n_eku};

    return cf_cert_check_issued(cert, &expectation, NULL);
}

static void
a_csr_without_usages_gets_those_of_the_template_and_no_others(void **state)
{
    enum {
        BOTH = CF_KU_DIGITAL_SIGNATURE | CF_KU_KEY_ENCIPHERMENT,
    };

    (void)state;
    assert_int_equal(
        check_plain("critical,digitalSignature,keyEncipherment", "clientAuth,serverAuth", BOTH, 2),
        CF_OK);
    /* An EC key encrypts no other key, so a CA may leave that out. */
    assert_int_equal(check_plain("critical,digitalSignature", "clientAuth,serverAuth", BOTH, 2),
                     CF_OK);
    assert_int_equal(check_plain("critical,keyEncipherment", "clientAuth,serverAuth", BOTH, 2),
                     CF_E_MISMATCH);
    assert_int_equal(
        check_plain("critical,digitalSignature,keyAgreement", "clientAuth,serverAuth", BOTH, 2),
        CF_E_MISMATCH);
    assert_int_equal(check_plain("critical,digitalSignature", "clientAuth", BOTH, 2),
                     CF_E_MISMATCH);
    assert_int_equal(
        check_plain("critical,digitalSignature", "clientAuth,serverAuth,codeSigning", BOTH, 2),
        CF_E_MISMATCH);
    assert_int_equal(check_plain("critical,digitalSignature", NULL, BOTH, 2), CF_E_MISMATCH);
    assert_int_equal(check_plain(NULL, "clientAuth", BOTH, 1), CF_E_MISMATCH);
    /* Where nothing is said of the template either, there is none. */
    assert_int_equal(check_plain(NULL, NULL, 0, 0), CF_OK);
    assert_int_equal(check_plain("critical,digitalSignature", NULL, 0, 0), CF_E_MISMATCH);
    assert_int_equal(check_plain(NULL, "clientAuth", 0, 0), CF_E_MISMATCH);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_was_asked),
        cmocka_unit_test(a_csr_without_usages_gets_those_of_the_template_and_no_others),
        cmocka_unit_test(names_each_field_with_both_values),
        cmocka_unit_test(the_security_identifier_has_to_be_the_one_asked_for),
        cmocka_unit_test(nothing_that_windows_reads_as_more_gets_in),
        cmocka_unit_test(holds_validity_to_its_limits),
        cmocka_unit_test(long_values_are_cut_and_both_still_shown),
        cmocka_unit_test(a_signature_of_another_key_or_a_weak_one_is_refused),
        cmocka_unit_test(a_chain_has_to_be_linked_to_its_end),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
