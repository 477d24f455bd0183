/* SPDX-License-Identifier: Apache-2.0 */
/* The options of CAs that are reached over the network: AD CS and CMP. */
#include "conf_lab.h"

#include <stdio.h>
#include <string.h>

#define HEAD(backend)                                                                              \
    "[ca a]\nbackend = " backend "\nhost = h.example.com\nname = N\ntemplates = T\n"
#define TAIL "[template T]\n" LAB_POLICY("a", "T")
#define KEYTAB "keytab_file = /k\n"
#define CHAIN "chain_file = /c.pem\n"
#define DIRECTORY "[directory]\nuri = ldaps://dc\nkeytab_file = /dk\nprincipal = d@EXAMPLE.COM\n"

static struct cf_settings *
good(const char *backend, const char *lines, const char *tail)
{
    char text[4096];

    (void)snprintf(text, sizeof text, LAB_BASE "%s%s" TAIL "%s",
                   strcmp(backend, "adcs") == 0 ? HEAD("adcs") : HEAD("cmp"), lines, tail);
    return lab_good(text);
}

/* The section begins in line 6, its own lines in line 11. */
static void
expect(const char *backend, const char *lines, const char *faults)
{
    char text[4096];

    (void)snprintf(text, sizeof text, LAB_BASE "%s%s" TAIL,
                   strcmp(backend, "adcs") == 0 ? HEAD("adcs") : HEAD("cmp"), lines);
    lab_expect_faults(text, faults);
}

static void
ad_cs_needs_little_when_it_goes_by_rpc(void **state)
{
    (void)state;
    cf_own(cf_settings) settings = good("adcs", KEYTAB CHAIN, "");
    const struct cf_ca_settings *ca = settings->cas[0];

    assert_int_equal(ca->transport, CF_ADCS_RPC);
    assert_int_equal(ca->revoke_transport, CF_ADCS_REVOKE_RPC);
    assert_int_equal(ca->rpc_auth, CF_RPC_NEGOTIATE);
    assert_int_equal(ca->rpc_port, 0);
    assert_null(ca->rpc_host);
    assert_null(ca->principal);
    assert_int_equal(ca->timeout_ms, 60000);
    assert_int_equal(ca->connect_timeout_ms, 10000);
    assert_int_equal(ca->max_parallel, 4);
    assert_int_equal(ca->breaker_min_ms, 5000);
    assert_int_equal(ca->breaker_max_ms, 300000);
    expect("adcs", "",
           "conf:6: [ca a] chain_file: is missing: it is needed where no directory names the CA's "
           "certificates (uri of [directory])\n"
           "conf:6: [ca a] keytab_file: is missing: it is needed with transport = rpc\n");
}

static void
the_account_of_the_directory_serves_when_there_is_no_other(void **state)
{
    (void)state;
    cf_own(cf_settings) shared = good("adcs", "", DIRECTORY);
    assert_string_equal(shared->cas[0]->keytab_file, "/dk");
    assert_string_equal(shared->cas[0]->principal, "d@EXAMPLE.COM");
    assert_null(shared->cas[0]->chain_file);

    cf_own(cf_settings) own = good("adcs", KEYTAB, DIRECTORY);
    assert_string_equal(own->cas[0]->keytab_file, "/k");
    assert_null(own->cas[0]->principal);

    cf_own(cf_settings) other = good("adcs", "principal = o@EXAMPLE.COM\n", DIRECTORY);
    assert_string_equal(other->cas[0]->keytab_file, "/dk");
    assert_string_equal(other->cas[0]->principal, "o@EXAMPLE.COM");
    /* With a password for the directory there is no keytab to share. */
    lab_expect_fault_begins(LAB_BASE HEAD("adcs") TAIL
                            "[directory]\nuri = ldaps://dc\nauth = simple\nbind_dn = d\n"
                            "password_file = /p\n",
                            "conf:6: [ca a] keytab_file: is missing: ");
}

#define CES "transport = ces\nces_url = https://ces/CES\nrevoke_transport = none\n"

static void
ces_asks_for_what_its_way_to_authenticate_needs(void **state)
{
    (void)state;
    cf_own(cf_settings) password =
        good("adcs", CES CHAIN "auth = password\nusername = CORP\\svc\npassword_file = /p\n", "");
    const struct cf_ca_settings *ca = password->cas[0];
    assert_int_equal(ca->transport, CF_ADCS_CES);
    assert_int_equal(ca->revoke_transport, CF_ADCS_REVOKE_NONE);
    assert_int_equal(ca->auth, CF_ADCS_PASSWORD);
    assert_string_equal(ca->username, "CORP\\svc");
    assert_null(ca->keytab_file);
    cf_own(cf_settings) kerberos = good("adcs", CES CHAIN KEYTAB "delegate = yes\n", "");
    assert_true(kerberos->cas[0]->channel_binding);
    assert_true(kerberos->cas[0]->delegates);
    cf_own(cf_settings) certificate = good("adcs",
                                           CES CHAIN "auth = certificate\ntls_cert_file = /t\n"
                                                     "tls_key_file = /tk\ntls_ca_file = /ta\n"
                                                     "cep_url = https://cep/\n"
                                                     "proxy = http://p:1\n",
                                           "");
    assert_string_equal(certificate->cas[0]->tls_cert_file, "/t");
    assert_string_equal(certificate->cas[0]->proxy, "http://p:1");

    expect("adcs", "transport = ces\n" KEYTAB CHAIN,
           "conf:6: [ca a] ces_url: is missing: it is needed with transport = ces\n");
    expect("adcs", CES CHAIN "auth = password\n",
           "conf:6: [ca a] username: is missing: it is needed with auth = password\n"
           "conf:6: [ca a] password_file: is missing: it is needed with auth = password\n");
    expect("adcs", CES CHAIN "auth = certificate\n",
           "conf:6: [ca a] tls_cert_file: is missing: it is needed with auth = certificate\n"
           "conf:6: [ca a] tls_key_file: is missing: it is needed with tls_cert_file\n");
    expect("adcs", CES CHAIN,
           "conf:6: [ca a] keytab_file: is missing: it is needed with auth = kerberos\n");
    expect("adcs", "transport = ces\nces_url = http://ces/CES\n" KEYTAB CHAIN,
           "conf:12: [ca a] ces_url: must be a URL that begins with https://\n");
    expect("adcs",
           "transport = ces\nces_url = https://ces/CES\nauth = password\nusername = u\n"
           "password_file = /p\n" CHAIN,
           "conf:6: [ca a] keytab_file: is missing: it is needed with revoke_transport = rpc\n");
}

static void
options_of_another_choice_are_refused(void **state)
{
    (void)state;
    expect("adcs", KEYTAB CHAIN "ces_url = https://ces/\nauth = password\nusername = u\n",
           "conf:13: [ca a] ces_url: belongs to transport = ces, which this CA does not have: "
           "remove it\n"
           "conf:14: [ca a] auth: belongs to transport = ces, which this CA does not have: remove "
           "it\n"
           "conf:15: [ca a] username: belongs to auth = password, which this CA does not have: "
           "remove it\n");
    expect("adcs", CES KEYTAB CHAIN "rpc_port = 49999\ntls_cert_file = /t\n",
           "conf:17: [ca a] tls_cert_file: belongs to auth = certificate, which this CA does not "
           "have: remove it\n"
           "conf:16: [ca a] rpc_port: belongs to transport = rpc or revoke_transport = rpc, which "
           "this CA does not have: remove it\n");
    expect("adcs", KEYTAB CHAIN "revoke_transport = command\n",
           "conf:6: [ca a] revoke_command: is missing: it is needed with revoke_transport = "
           "command\n");
    expect("adcs", KEYTAB CHAIN "revoke_command = /r x\n",
           "conf:13: [ca a] revoke_command: belongs to revoke_transport = command, which this CA "
           "does not have: remove it\n");
    expect("adcs", KEYTAB CHAIN "secret_file = /s\ncrl_url = http://c/\nrpc_port = 65536\n",
           "conf:14: [ca a] crl_url: belongs to backend = local, but this CA has backend = adcs: "
           "remove it\n"
           "conf:15: [ca a] rpc_port: 65536 is out of range: it must be from 0 to 65535\n"
           "conf:13: [ca a] secret_file: belongs to backend = cmp, but this CA has backend = adcs: "
           "remove it\n");
    expect("adcs", KEYTAB CHAIN "breaker_min = 10m\n",
           "conf:13: [ca a] breaker_min: must not be more than breaker_max\n");
}

#define CMP "url = https://cmp/\nreference = r\nsecret_file = /s\n"

static void
cmp_is_protected_by_a_secret_or_by_a_certificate(void **state)
{
    (void)state;
    cf_own(cf_settings) secret = good("cmp", CMP CHAIN, "");
    const struct cf_ca_settings *ca = secret->cas[0];
    assert_int_equal(ca->cmp_request, CF_CMP_P10CR);
    assert_int_equal(ca->protection, CF_CMP_SECRET);
    assert_true(ca->implicit_confirm);
    assert_null(ca->recipient);

    cf_own(cf_settings) certificate =
        good("cmp",
             "url = http://cmp:8080/x?y\nprotection = certificate\nsigner_file = /i\n"
             "server_cert_file = /sc\nrecipient = CN=CA\nrequest = cr\nimplicit_confirm = no\n"
             "proxy = http://p:1\n" CHAIN,
             "");
    ca = certificate->cas[0];
    assert_int_equal(ca->cmp_request, CF_CMP_CR);
    assert_int_equal(ca->protection, CF_CMP_CERTIFICATE);
    assert_string_equal(ca->signer_file, "/i");
    assert_string_equal(ca->recipient, "CN=CA");
    assert_false(ca->implicit_confirm);

    expect("cmp", "",
           "conf:6: [ca a] url: is missing: it is needed with backend = cmp\n"
           "conf:6: [ca a] reference: is missing: it is needed with protection = secret\n"
           "conf:6: [ca a] secret_file: is missing: it is needed with protection = secret\n"
           "conf:6: [ca a] chain_file: is missing: it is needed with backend = cmp\n");
    expect("cmp", CMP CHAIN "protection = certificate\n",
           "conf:12: [ca a] reference: belongs to protection = secret, which this CA does not "
           "have: remove it\n"
           "conf:13: [ca a] secret_file: belongs to protection = secret, which this CA does not "
           "have: remove it\n"
           "conf:6: [ca a] signer_file: is missing: it is needed with protection = certificate\n");
    expect("cmp", CMP CHAIN "tls_key_file = /k\n",
           "conf:15: [ca a] tls_key_file: a key without a certificate: set tls_cert_file, too\n");
    expect("cmp", "url = http://cmp/\nreference = r\nsecret_file = /s\ntls_ca_file = /t\n" CHAIN,
           "conf:14: [ca a] tls_ca_file: url has no TLS: remove it, or write https://\n");
    lab_expect_fault_begins(LAB_BASE HEAD("cmp") CMP CHAIN "recipient = nobody\n" TAIL,
                            "conf:15: [ca a] recipient: is no distinguished name such as ");
    expect("cmp", CMP CHAIN "transport = rpc\nsecret = hunter2\n",
           "conf:16: [ca] has no key \"secret\": secrets are never written into this file; put it "
           "into a file of its own or a systemd credential and name that with key_file, "
           "password_file, secret_file or tls_key_file\n"
           "conf:15: [ca a] transport: belongs to backend = adcs, but this CA has backend = cmp: "
           "remove it\n");
}

static void
a_template_says_what_it_says_only_to_a_ca_that_knows_the_rest(void **state)
{
    (void)state;
    static const unsigned ALL = CF_TEMPLATE_KEY | CF_TEMPLATE_MIN_KEY | CF_TEMPLATE_KEY_USAGE |
                                CF_TEMPLATE_EKU | CF_TEMPLATE_VALIDITY;
    cf_own(cf_settings) empty = good("adcs", KEYTAB CHAIN, "");
    assert_int_equal(empty->templates[0]->given, 0);
    assert_int_equal(empty->templates[0]->min_rsa_bits, 2048);

    cf_own(cf_settings) some =
        lab_good(LAB_BASE HEAD("adcs") KEYTAB CHAIN
                 "[template T]\nvalidity = 30d\nkey = p256\napproval = no\n" LAB_POLICY("a", "T"));
    assert_int_equal(some->templates[0]->given, CF_TEMPLATE_KEY | CF_TEMPLATE_VALIDITY);
    /* As printed, it leaves the same open. */
    cf_own_str text = lab_print(some);
    cf_own(cf_settings) again = lab_good(text);
    assert_int_equal(again->templates[0]->given, CF_TEMPLATE_KEY | CF_TEMPLATE_VALIDITY);

    cf_own(cf_settings) cmp = good("cmp", CMP CHAIN, "");
    assert_int_equal(cmp->templates[0]->given, ALL);
    cf_own(cf_settings) both = lab_good(LAB_BASE HEAD("adcs") KEYTAB CHAIN
                                        "[ca b]\nbackend=exec\nhost=h\nname=b\ntemplates=T\n"
                                        "command=/b\n[template T]\n" LAB_POLICY("a b", "T"));
    assert_int_equal(both->templates[0]->given, ALL);
}

static void
only_the_local_ca_can_be_told_to_wait_for_approval(void **state)
{
    (void)state;
    static const char FAULT[] =
        "conf:16: [template T] approval: only a CA with backend = local waits for it, and [ca a] "
        "issues by this template, too: have that CA itself ask somebody, and give it a template of "
        "its own\n";

    lab_expect_faults(LAB_BASE HEAD("cmp") CMP CHAIN
                      "[template T]\napproval = yes\n" LAB_POLICY("a", "T"),
                      FAULT);
    lab_expect_faults(LAB_BASE HEAD("adcs") KEYTAB CHAIN
                      "\n\n[template T]\napproval = yes\n" LAB_POLICY("a", "T"),
                      FAULT);
    lab_expect_faults(LAB_BASE HEAD("exec") "command = /c\n\n\n\n"
                                            "[template T]\napproval = yes\n" LAB_POLICY("a", "T"),
                      FAULT);
}

static void
a_smallest_key_may_be_asked_of_a_template_that_says_the_key(void **state)
{
    (void)state;
    cf_own(cf_settings) open = lab_good(LAB_BASE HEAD("adcs") KEYTAB CHAIN
                                        "[template T]\nmin_key = 3072\n" LAB_POLICY("a", "T"));
    assert_int_equal(open->templates[0]->given, CF_TEMPLATE_MIN_KEY);
    lab_expect_faults(LAB_BASE HEAD("cmp") CMP CHAIN
                      "[template T]\nmin_key = 3072\n" LAB_POLICY("a", "T"),
                      "conf:16: [template T] min_key: is more than key = rsa2048 has: choose a "
                      "larger key\n");
}

static void
what_is_printed_reads_back_to_the_same(void **state)
{
    (void)state;
    static const struct {
        const char *backend, *lines, *tail;
    } CASE[] = {
        {"adcs", KEYTAB CHAIN "rpc_auth = kerberos\nrpc_host = ca.example.com\nrpc_port = 5000\n",
         ""},
        {"adcs", "", DIRECTORY},
        {"adcs", CES CHAIN KEYTAB "channel_binding = no\n", ""},
        {"adcs", CES CHAIN "auth = password\nusername = u\npassword_file = /p\n", ""},
        {"adcs",
         KEYTAB CHAIN "revoke_transport = command\nrevoke_command = /r 'a b'\nmax_parallel = 64\n",
         ""},
        {"cmp", CMP CHAIN "request = ir\nrecipient = CN=a\\,b\n", ""},
        {"cmp", "url=http://c/\nprotection = certificate\nsigner_file = /s\n" CHAIN, ""},
    };

    for (size_t i = 0; i < CF_COUNT(CASE); i++) {
        cf_own(cf_settings) first = good(CASE[i].backend, CASE[i].lines, CASE[i].tail);
        cf_own_str first_text = lab_print(first);
        cf_own(cf_settings) second = lab_good(first_text);
        cf_own_str second_text = lab_print(second);

        assert_string_equal(first_text, second_text);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ad_cs_needs_little_when_it_goes_by_rpc),
        cmocka_unit_test(the_account_of_the_directory_serves_when_there_is_no_other),
        cmocka_unit_test(ces_asks_for_what_its_way_to_authenticate_needs),
        cmocka_unit_test(options_of_another_choice_are_refused),
        cmocka_unit_test(cmp_is_protected_by_a_secret_or_by_a_certificate),
        cmocka_unit_test(a_template_says_what_it_says_only_to_a_ca_that_knows_the_rest),
        cmocka_unit_test(only_the_local_ca_can_be_told_to_wait_for_approval),
        cmocka_unit_test(a_smallest_key_may_be_asked_of_a_template_that_says_the_key),
        cmocka_unit_test(what_is_printed_reads_back_to_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
