/* SPDX-License-Identifier: Apache-2.0 */
#include "csr_test.h"

#include <stdio.h>

/* What an openssl command prints about a request; malloc'd. */
static char *
openssl(const char *command, struct cf_bytes der)
{
    char path[] = "/tmp/certferry-csr-XXXXXX";
    char line[256];
    char *text = calloc(1, 1 << 16);

    assert_non_null(text);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, der.data, der.len), (ssize_t)der.len);
    close(fd);
    (void)snprintf(line, sizeof line, "openssl %s -inform DER -in %s 2>&1", command, path);
    FILE *pipe = popen(line, "r");
    assert_non_null(pipe);
    size_t len = fread(text, 1, (1 << 16) - 1, pipe);
    int status = pclose(pipe);
    (void)unlink(path);
    text[len] = '\0';
    if (status != 0)
        fail_msg("openssl %s: %s", command, text);
    return text;
}

static char *
openssl_reads(struct cf_bytes der)
{
    return openssl("req -noout -text -verify -nameopt RFC2253,-esc_msb,utf8", der);
}

static char *
openssl_parses(struct cf_bytes der)
{
    return openssl("asn1parse", der);
}

static void
openssl_reads_what_was_put_in(void **state)
{
    static const struct {
        enum cf_key_kind kind;
        const char *signature;
    } CASES[] = {
        {CF_KEY_RSA_2048, "Signature Algorithm: sha256WithRSAEncryption"},
        {CF_KEY_P256, "Signature Algorithm: ecdsa-with-SHA256"},
        {CF_KEY_P384, "Signature Algorithm: ecdsa-with-SHA384"},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        struct cf_err err = {0};
        cf_own(cf_key) key = NULL;
        assert_ok(cf_key_generate(CASES[i].kind, &key, &err), err);
        cf_own(cf_buf) der = test_csr(key);
        cf_own_str text = openssl_reads(cf_buf_bytes(der));
        assert_contains(text, "verify OK");
        assert_contains(text, CASES[i].signature);
        assert_contains(text, "Version: 1 (0x0)");
        assert_contains(text, "Subject: CN=Test User (TestCompany\\, LLC),OU=y+OU=x,C=DE");
        assert_contains(text, "X509v3 Key Usage: critical");
        assert_contains(text, "Digital Signature, Key Encipherment");
        assert_contains(text, "TLS Web Client Authentication, Microsoft Smartcard Login");
        assert_contains(text, "DNS:pc1.example.com");
        assert_contains(text, "X509v3 Subject Alternative Name: \n");
        assert_contains(text, "1.3.6.1.4.1.311.20.2");
    }
}

static void
the_template_name_is_a_bmpstring(void **state)
{
    static const uint8_t EXPECTED[] = {0x06, 0x09, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37,
                                       0x14, 0x02, 0x04, 0x0c, 0x1e, 0x0a, 0,    'G',  0,
                                       'e',  0,    'r',  0,    0xe4, 0,    't'};
    struct cf_err err = {0};
    cf_own(cf_key) key = NULL;

    (void)state;
    assert_ok(cf_key_generate(CF_KEY_P256, &key, &err), err);
    cf_own(cf_buf) der = test_csr(key);
    assert_non_null(memmem(cf_buf_bytes(der).data, cf_buf_len(der), EXPECTED, sizeof EXPECTED));
}

static void
a_template_identifier_is_a_sequence_of_one(void **state)
{
    static const uint8_t EXPECTED[] = {0x06, 0x09, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x15,
                                       0x07, 0x04, 0x06, 0x30, 0x04, 0x06, 0x02, 0x2a, 0x03};
    struct cf_err err = {0};
    cf_own(cf_key) key = NULL;
    cf_own(cf_dn) subject = test_subject("CN=x");
    cf_own(cf_buf) der = NULL;
    struct cf_csr_spec spec = {.subject = subject, .template_oid = "1.2.3"};

    (void)state;
    assert_ok(cf_key_generate(CF_KEY_P256, &key, &err), err);
    assert_ok(cf_csr_build(key, &spec, &der, &err), err);
    assert_non_null(memmem(cf_buf_bytes(der).data, cf_buf_len(der), EXPECTED, sizeof EXPECTED));
}

static void
an_empty_subject_makes_the_san_critical(void **state)
{
    struct cf_err err = {0};
    cf_own(cf_key) key = NULL;
    cf_own(cf_dn) subject = cf_dn_new();
    cf_own(cf_san) san = test_san();
    cf_own(cf_buf) der = NULL;
    struct cf_csr_spec spec = {.subject = subject, .san = san};

    (void)state;
    assert_ok(cf_key_generate(CF_KEY_P256, &key, &err), err);
    assert_ok(cf_csr_build(key, &spec, &der, &err), err);
    cf_own_str text = openssl_reads(cf_buf_bytes(der));
    assert_contains(text, "Subject Alternative Name: critical");
    assert_null(strstr(text, "Key Usage"));
}

static void
a_security_identifier_is_what_openssl_reads_too(void **state)
{
    struct cf_err err = {0};
    cf_own(cf_key) key = NULL;
    cf_own(cf_dn) subject = test_subject("CN=x");
    cf_own(cf_san) san = cf_san_new();
    cf_own(cf_buf) der = NULL;
    struct cf_csr_spec spec = {.subject = subject, .san = san, .sid = TEST_SID};

    (void)state;
    assert_ok(cf_san_append(san, CF_SAN_EMAIL, "jörg@bücher.example", &err), err);
    assert_ok(cf_key_generate(CF_KEY_P256, &key, &err), err);
    assert_ok(cf_csr_build(key, &spec, &der, &err), err);
    cf_own_str text = openssl_reads(cf_buf_bytes(der));
    /* The name before a value tells that it is not critical. */
    assert_contains(text, "1.3.6.1.4.1.311.25.2: \n");
    assert_contains(text, TEST_SID);
    assert_contains(text, "SmtpUTF8Mailbox::jörg@xn--bcher-kva.example");

    cf_own_str structure = openssl_parses(cf_buf_bytes(der));
    assert_contains(structure, ":1.3.6.1.4.1.311.25.2\n");
    spec.sid = "S-1-5";
    struct cf_buf *none = NULL;
    assert_rc(cf_csr_build(key, &spec, &none, &err), CF_E_RANGE);
    assert_null(none);
}

static size_t
count(const char *text, const char *part)
{
    size_t n = 0;

    for (const char *at = strstr(text, part); at; at = strstr(at + 1, part))
        n++;
    return n;
}

static void
openssl_sees_no_more_names_than_the_template_has(void **state)
{
    static const char *const HOSTILE[] = {"x,CN=root",      "x+OU=admins", "/CN=root/OU=admins",
                                          "\"x\",OU=y;O=z", "#0C0161",     "a\\,b=c"};
    struct cf_err err = {0};
    cf_own(cf_key) key = NULL;
    cf_own(cf_subject) subject = NULL;

    (void)state;
    assert_ok(cf_key_generate(CF_KEY_P256, &key, &err), err);
    assert_ok(cf_subject_compile("CN={{N}},OU=\"{{N}}\"", &subject, &err), err);
    for (size_t i = 0; i < CF_COUNT(HOSTILE); i++) {
        const char *facts[] = {"N", HOSTILE[i], NULL};
        cf_own(cf_dn) dn = NULL;
        cf_own(cf_buf) der = NULL;
        char line[128];
        assert_ok(cf_subject_render(subject, false, test_fact, facts, &dn, &err), err);
        struct cf_csr_spec spec = {.subject = dn};
        assert_ok(cf_csr_build(key, &spec, &der, &err), err);
        cf_own_str text = openssl("req -noout -subject -nameopt "
                                  "sep_multiline,space_eq,sname,utf8",
                                  cf_buf_bytes(der));
        (void)snprintf(line, sizeof line, "OU = %s\n    CN = %s\n", HOSTILE[i], HOSTILE[i]);
        assert_contains(text, line);
        assert_int_equal(count(text, "\n    "), 2);
    }
}

static void
a_request_that_names_nobody_is_refused(void **state)
{
    struct cf_err err = {0};
    cf_own(cf_key) key = NULL;
    cf_own(cf_dn) subject = cf_dn_new();
    cf_own(cf_san) san = cf_san_new();
    struct cf_csr_spec spec = {.subject = subject, .san = san};
    struct cf_buf *der = NULL;

    (void)state;
    assert_ok(cf_key_generate(CF_KEY_P256, &key, &err), err);
    assert_rc(cf_csr_build(key, &spec, &der, &err), CF_E_RANGE);
    spec.san = NULL;
    assert_rc(cf_csr_build(key, &spec, &der, &err), CF_E_RANGE);
    assert_null(der);
}

static void
bad_usages_and_template_names_are_named(void **state)
{
    static char too_long[200];
    static const char *const TEMPLATES[] = {"", "a\nb", "\xff", too_long, "😀"};
    struct cf_err err = {0};
    cf_own(cf_key) key = NULL;
    cf_own(cf_dn) subject = test_subject("CN=x");
    struct cf_buf *der = NULL;

    (void)state;
    memset(too_long, 'x', sizeof too_long - 1);
    assert_ok(cf_key_generate(CF_KEY_P256, &key, &err), err);
    const char *eku[] = {"clientAuth"};
    struct cf_csr_spec spec = {.subject = subject, .eku = eku, .n_eku = 1};
    assert_rc(cf_csr_build(key, &spec, &der, &err), CF_E_RANGE);
    assert_contains(err.text, "clientAuth");
    spec.n_eku = 0;
    for (size_t i = 0; i < CF_COUNT(TEMPLATES); i++) {
        spec.template_name = TEMPLATES[i];
        assert_rc(cf_csr_build(key, &spec, &der, &err), CF_E_RANGE);
        assert_contains(err.text, "template name");
    }
    const char *many[CF_EKU_MAX + 1];
    for (size_t i = 0; i < CF_COUNT(many); i++)
        many[i] = "1.2.3";
    spec = (struct cf_csr_spec){.subject = subject, .eku = many, .n_eku = CF_COUNT(many)};
    assert_rc(cf_csr_build(key, &spec, &der, &err), CF_E_LIMIT);
    assert_null(der);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(openssl_reads_what_was_put_in),
        cmocka_unit_test(the_template_name_is_a_bmpstring),
        cmocka_unit_test(a_template_identifier_is_a_sequence_of_one),
        cmocka_unit_test(an_empty_subject_makes_the_san_critical),
        cmocka_unit_test(a_security_identifier_is_what_openssl_reads_too),
        cmocka_unit_test(openssl_sees_no_more_names_than_the_template_has),
        cmocka_unit_test(a_request_that_names_nobody_is_refused),
        cmocka_unit_test(bad_usages_and_template_names_are_named),
    };
    return cmocka_run_group_tests(tests, pki_setup, pki_teardown);
}
