/* SPDX-License-Identifier: Apache-2.0 */
#include "conf_lab.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "certferry/identity.h"
#include "certferry/secret.h"
#include "file_lab.h"
#include "finding_lab.h"

static void
write_identity(const char *name)
{
    cf_own(cf_identity) identity = NULL;
    cf_own(cf_secret) pem = NULL;
    struct cf_err err = {0};

    assert_ok(cf_identity_generate(CF_KEY_P256, "connector", file_lab_now_ms(), 90ULL * 86400000,
                                   &identity, &err),
              err);
    assert_ok(cf_identity_pem(identity, &pem, &err), err);
    file_lab_write(name, cf_secret_data(pem), cf_secret_len(pem), 0600);
}

/* A directory in which all is well. */
static int
set_up(void **state)
{
    (void)state;
    static const char KEY[33] = "0123456789abcdef0123456789abcdef";

    (void)unsetenv("CREDENTIALS_DIRECTORY");
    file_lab_begin();
    file_lab_write("store.key", KEY, 32, 0600);
    write_identity("assertion.pem");
    file_lab_write("secret", "hunter2\n", 8, 0600);
    file_lab_cert("device-ca.pem", "P-256", true, -1, 365);
    file_lab_cert("ca.pem", "P-384", true, -1, 365);
    file_lab_key("ca.key", "P-384");
    file_lab_cert("tls.pem", "P-256", false, -1, 365);
    file_lab_key("tls.key", "P-256");
    file_lab_write("program", "#!/bin/sh\n", 10, 0755);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    file_lab_end();
    return 0;
}

#define GOOD_PLACES                                                                                \
    "[connector]\nstate_dir = @\n[store]\nkey_file = @/store.key\n"                                \
    "[control]\nsocket = @/control.sock\ngroup = root\n"
#define GOOD_CLOUD "[cloud]\ntenant = t\nclient_id = c\n"
#define GOOD_RECIPIENT "[recipient]\nca_file = @/device-ca.pem\n"
#define GOOD_CAS                                                                                   \
    "[ca local]\nbackend=local\nhost=h\nname=l\ntemplates=T\ncert_file=@/ca.pem\n"                 \
    "key_file=@/ca.key\n"                                                                          \
    "[ca exec]\nbackend=exec\nhost=h\nname=e\ntemplates=T\ncommand=@/program\n"                    \
    "chain_file = @/ca.pem\n[template T]\n" LAB_POLICY("local exec", "T")
#define GOOD GOOD_PLACES GOOD_CLOUD GOOD_RECIPIENT GOOD_CAS

static void
files_in_order_give_no_finding(void **state)
{
    (void)state;
    expect_files_clean(GOOD);
    expect_files_clean(
        GOOD_PLACES GOOD_CLOUD
        "auth = secret\nclient_secret_file = @/secret\nproxy = http://p:1\n"
        "proxy_user = u\nproxy_password_file = @/secret\nca_file = @/ca.pem\n" GOOD_RECIPIENT
            GOOD_CAS);
    expect_files_clean(GOOD_PLACES GOOD_CLOUD "auth = tls\nendpoint = https://e/\n"
                                              "tls_cert_file = @/tls.pem\n"
                                              "tls_key_file = @/tls.key\n" GOOD_RECIPIENT GOOD_CAS);
}

static void
the_store_key_must_be_there_private_and_of_its_length(void **state)
{
    (void)state;
    file_lab_remove("store.key");
    expect_file_finding(GOOD, "error store: key_file: /tmp/");
    assert_contains(findings.text, "store.key does not exist");
    file_lab_write("store.key", "short", 5, 0600);
    expect_file_finding(GOOD, "error store: key_file: 5 bytes, exactly 32 are needed");
    file_lab_write("store.key", "", 0, 0600);
    expect_file_finding(GOOD, "error store: key_file: /tmp/");
    assert_contains(findings.text, "is empty");
    file_lab_write("store.key", "0123456789abcdef0123456789abcdef", 32, 0640);
    expect_file_finding(GOOD, "error store: key_file: /tmp/");
    assert_contains(findings.text, "is open to other users (mode 0640)");
}

static void
a_credential_that_only_the_service_sees_is_a_warning(void **state)
{
    (void)state;
#define PLACES                                                                                     \
    "[connector]\nstate_dir = @\n[control]\nsocket = @/control.sock\ngroup = root\n" GOOD_CLOUD    \
        GOOD_RECIPIENT GOOD_CAS
    expect_file_finding(PLACES,
                        "warning store: key_file: the credential store-key is visible to the "
                        "service only");
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", file_lab_dir, 1), 0);
    expect_file_finding(PLACES, "error store: key_file: /tmp/");
    file_lab_write("store-key", "0123456789abcdef0123456789abcdef", 32, 0440);
    expect_files_clean(PLACES);
}

static void
the_assertion_identity_must_be_whole_and_in_time(void **state)
{
    (void)state;
    file_lab_remove("assertion.pem");
    expect_file_finding(GOOD, "error cloud: assertion_file: /tmp/");
    assert_contains(findings.text, "does not exist");
    file_lab_write("assertion.pem", "-----BEGIN", 10, 0600);
    expect_file_finding(GOOD, "error cloud: assertion_file: identity: ");
    write_identity("assertion.pem");
    file_lab_mode("assertion.pem", 0604);
    expect_file_finding(GOOD, "error cloud: assertion_file: /tmp/");
    assert_contains(findings.text, "open to other users");
}

static void
a_client_secret_is_one_line(void **state)
{
    (void)state;
    static const char CONFIG[] = GOOD_PLACES GOOD_CLOUD
        "auth = secret\nclient_secret_file = @/secret\n" GOOD_RECIPIENT GOOD_CAS;

    file_lab_write("secret", "\n", 1, 0600);
    expect_file_finding(CONFIG, "error cloud: client_secret_file: the file has an empty line only");
    file_lab_write("secret", "hunter2\nhunter2\n", 16, 0600);
    expect_file_finding(CONFIG, "error cloud: client_secret_file: the file has more than one line");
    file_lab_write("secret", "hunter2", 7, 0644);
    expect_file_finding(CONFIG, "error cloud: client_secret_file: /tmp/");
}

static void
the_tls_pair_must_belong_together(void **state)
{
    (void)state;
    static const char CONFIG[] =
        GOOD_PLACES GOOD_CLOUD "auth = tls\nendpoint = https://e/\ntls_cert_file = @/tls.pem\n"
                               "tls_key_file = @/tls.key\n" GOOD_RECIPIENT GOOD_CAS;

    file_lab_key("tls.key", "P-384");
    expect_file_finding(CONFIG, "error cloud: tls_key_file: the private key is not that of the "
                                "certificate");
    file_lab_write("tls.key", "nothing", 7, 0600);
    expect_file_finding(CONFIG, "error cloud: tls_key_file: no private key in PEM");
    file_lab_key("tls.key", "P-256");
    file_lab_write("tls.pem", "nothing", 7, 0644);
    expect_file_finding(CONFIG, "error cloud: tls_cert_file: /tmp/");
    file_lab_cert("tls.pem", "P-256", false, -30, -1);
    expect_file_finding(CONFIG, "error cloud: tls_cert_file: the certificate ran out on 20");
    file_lab_cert("tls.pem", "P-256", false, 1, 30);
    expect_file_finding(CONFIG,
                        "error cloud: tls_cert_file: the certificate is valid only from 20");
    file_lab_cert("tls.pem", "P-256", false, -1, 20);
    expect_file_finding(CONFIG, "warning cloud: tls_cert_file: the certificate runs out on 20");
    file_lab_cert("tls.pem", "P-256", false, -1, 5);
    expect_file_finding(CONFIG, "error cloud: tls_cert_file: the certificate runs out on 20");
}

static void
the_cas_of_the_cloud_must_be_certificates(void **state)
{
    (void)state;
    static const char CONFIG[] =
        GOOD_PLACES GOOD_CLOUD "ca_file = @/secret\n" GOOD_RECIPIENT GOOD_CAS;

    expect_file_finding(CONFIG, "error cloud: ca_file: /tmp/");
    assert_contains(findings.text, "has no certificate in PEM");
    file_lab_remove("secret");
    expect_file_finding(CONFIG, "error cloud: ca_file: /tmp/");
    assert_contains(findings.text, "does not exist");
}

static void
what_speaks_for_devices_must_be_cas_or_pins(void **state)
{
    (void)state;
    file_lab_cert("device-ca.pem", "P-256", false, -1, 365);
    expect_file_finding(GOOD, "error recipient: roots: 'CN=check' is not a CA certificate");
    file_lab_cert("device-ca.pem", "P-256", true, -9, -1);
    expect_file_finding(GOOD, "error recipient: ca_file: the certificate ran out on 20");
    file_lab_remove("device-ca.pem");
    expect_file_finding(GOOD, "error recipient: ca_file: /tmp/");
    file_lab_write("pins", "zz\n", 3, 0644);
    expect_file_finding(GOOD_PLACES GOOD_CLOUD "[recipient]\npins_file = @/pins\n" GOOD_CAS,
                        "error recipient: ");
    expect_file_finding(GOOD_PLACES GOOD_CLOUD "[recipient]\ncheck = no\n" GOOD_CAS,
                        "warning recipient: device certificates are not checked");
}

static void
a_local_ca_needs_its_certificate_and_key(void **state)
{
    (void)state;
    file_lab_key("ca.key", "P-256");
    expect_file_finding(GOOD, "error ca local: key_file: the private key is not that of the "
                              "certificate");
    file_lab_remove("ca.key");
    expect_file_finding(GOOD, "error ca local: key_file: /tmp/");
    file_lab_key("ca.key", "P-384");
    file_lab_cert("ca.pem", "P-384", false, -1, 365);
    check_files(GOOD);
    assert_string_equal(findings.text,
                        "error ca local: cert_file: certificate 1 is not that of a CA\n"
                        "error ca exec: chain_file: certificate 1 is not that of a CA\n");
}

static void
a_program_must_be_one_that_others_cannot_change(void **state)
{
    (void)state;
    file_lab_mode("program", 0644);
    expect_file_finding(GOOD, "error ca exec: command: /tmp/");
    assert_contains(findings.text, "cannot be run");
    file_lab_mode("program", 0757);
    expect_file_finding(GOOD, "error ca exec: command: everybody may change /tmp/");
    file_lab_remove("program");
    expect_file_finding(GOOD, "error ca exec: command: /tmp/");
    assert_contains(findings.text, "No such file");
}

static void
directories_must_be_there_and_not_open_to_all(void **state)
{
    (void)state;
    char path[128];

    check_files(
        "[connector]\nstate_dir = @/missing\n[store]\nkey_file = @/store.key\n"
        "path = @/missing/db\n[control]\nsocket = @/missing/control.sock\n"
        "group = certferry-no-such-group\n" GOOD_CLOUD
        "assertion_file = @/assertion.pem\n" GOOD_RECIPIENT
        "[ca local]\nbackend=local\nhost=h\nname=l\ntemplates=T\ncert_file=@/ca.pem\n"
        "key_file=@/ca.key\ncrl_file = @/secret/x.crl\n[template T]\n" LAB_POLICY("local", "T"));
    assert_contains(findings.text, "error connector: state_dir: directory /tmp/");
    assert_contains(findings.text, "error store: path: directory /tmp/");
    assert_contains(findings.text, "warning control: socket: directory /tmp/");
    assert_contains(findings.text,
                    "error control: group: there is no group certferry-no-such-group\n");
    assert_contains(findings.text, "error ca local: crl_file: ");

    (void)snprintf(path, sizeof path, "%s/open", file_lab_dir);
    assert_int_equal(mkdir(path, 0755), 0);
    assert_int_equal(chmod(path, 0777), 0);
    expect_file_finding(
        "[store]\npath = @/open/db\nkey_file = @/store.key\n[connector]\nstate_dir = @\n"
        "[control]\nsocket = @/s\ngroup = root\n" GOOD_CLOUD GOOD_RECIPIENT GOOD_CAS,
        "error store: path: everybody may write to /tmp/");
}

static void
what_has_no_effect_is_a_warning(void **state)
{
    (void)state;
    expect_file_finding(GOOD "[template Unused]\n",
                        "warning template Unused: no CA issues by this template");
    expect_file_finding(GOOD_PLACES GOOD_CLOUD GOOD_RECIPIENT,
                        "warning ca: there is no CA: every request is refused");
    expect_file_finding(GOOD_PLACES GOOD_CLOUD GOOD_RECIPIENT
                        "[ca e]\nbackend=exec\nhost=h\nname=e\ntemplates=T\ncommand=@/program\n"
                        "[template T]\n" LAB_POLICY("e", "T"),
                        "warning ca e: chain_file is not set: the program's own chain is believed");
}

#define DIRECTORY GOOD "[directory]\nuri = ldaps://dc\n"

static void
a_directory_needs_its_keytab_or_password_and_its_cas(void **state)
{
    (void)state;
    static const char KEYTAB[] = DIRECTORY "keytab_file = @/keytab\nca_file = @/ca.pem\n";
    static const char SIMPLE[] =
        DIRECTORY "auth = simple\nbind_dn = svc@example.com\npassword_file = @/secret\n";

    file_lab_write("keytab", "\5\2hunter2", 9, 0600);
    expect_files_clean(KEYTAB);
    expect_files_clean(SIMPLE);
    file_lab_mode("keytab", 0640);
    expect_file_finding(KEYTAB, "error directory: keytab_file: /tmp/");
    assert_contains(findings.text, "is open to other users");
    file_lab_mode("keytab", 0600);
    file_lab_write("keytab", "hunter2", 7, 0600);
    expect_file_finding(KEYTAB, "error directory: keytab_file: /tmp/");
    assert_contains(findings.text, "is no keytab with keys");
    file_lab_write("keytab", "\5\2", 2, 0600);
    expect_file_finding(KEYTAB, "error directory: keytab_file: /tmp/");
    file_lab_remove("keytab");
    expect_file_finding(KEYTAB, "error directory: keytab_file: /tmp/");
    file_lab_write("keytab", "\5\2x", 3, 0600);
    expect_file_finding(DIRECTORY "keytab_file = @/keytab\nca_file = @/secret\n",
                        "error directory: ca_file: /tmp/");
    file_lab_write("secret", "hunter2\nhunter2\n", 16, 0600);
    expect_file_finding(SIMPLE, "error directory: password_file: the file has more than one line");
}

static void
import_keys_and_their_pins_must_be_private(void **state)
{
    (void)state;
    static const char CONFIG[] = GOOD "[import-key a]\nname = k\nkey_file = @/import.key\n"
                                      "[import-key b]\nname = l\nkey_uri = pkcs11:x\n"
                                      "pin_file = @/pin\n";

    file_lab_key("import.key", "RSA");
    file_lab_write("pin", "1234\n", 5, 0600);
    expect_files_clean(CONFIG);
    file_lab_mode("import.key", 0644);
    expect_file_finding(CONFIG, "error import-key a: key_file: /tmp/");
    assert_contains(findings.text, "is open to other users");
    file_lab_key("import.key", "P-256");
    expect_file_finding(CONFIG, "error import-key a: key_file: ");
    file_lab_write("import.key", "hunter2", 7, 0600);
    expect_file_finding(CONFIG, "error import-key a: key_file: ");
    file_lab_key("import.key", "RSA");
    file_lab_write("pin", "", 0, 0600);
    expect_file_finding(CONFIG, "error import-key b: pin_file: /tmp/");
}

static void
a_recovery_identity_is_whole(void **state)
{
    (void)state;
    static const char CONFIG[] = GOOD "[recovery]\nidentity_file = @/recovery.pem\n";

    write_identity("recovery.pem");
    expect_files_clean(CONFIG);
    file_lab_mode("recovery.pem", 0644);
    expect_file_finding(CONFIG, "error recovery: identity_file: /tmp/");
    file_lab_mode("recovery.pem", 0600);
    file_lab_write("recovery.pem", "hunter2", 7, 0600);
    expect_file_finding(CONFIG, "error recovery: identity_file: identity: ");
    file_lab_remove("recovery.pem");
    expect_file_finding(CONFIG, "error recovery: identity_file: /tmp/");
    assert_contains(findings.text, "does not exist");
}

static void
cas_over_the_network_need_their_secrets_and_chains(void **state)
{
    (void)state;
#define HEAD(backend) "[ca a]\nhost=h\nname=n\ntemplates=T\nbackend=" backend "\n"
#define TAIL "[template T]\n" LAB_POLICY("a", "T")
#define ADCS HEAD("adcs") "keytab_file=@/keytab\nchain_file=@/ca.pem\n"
#define CES                                                                                        \
    HEAD("adcs")                                                                                   \
    "transport=ces\nces_url=https://c/\nauth=certificate\nrevoke_transport=command\n"              \
    "revoke_command=@/program\ntls_cert_file=@/tls.pem\ntls_key_file=@/tls.key\n"                  \
    "tls_ca_file=@/ca.pem\nchain_file=@/ca.pem\n"
#define CMP HEAD("cmp") "url=https://c/\nchain_file=@/ca.pem\n"
#define SECRET "reference=r\nsecret_file=@/secret\n"
#define SIGNER "protection=certificate\nsigner_file=@/signer.pem\nserver_cert_file=@/tls.pem\n"
#define PLACED(ca) GOOD_PLACES GOOD_CLOUD GOOD_RECIPIENT ca TAIL
    file_lab_write("keytab", "\5\2keys", 6, 0600);
    write_identity("signer.pem");
    expect_files_clean(PLACED(ADCS));
    expect_files_clean(PLACED(CES));
    expect_files_clean(PLACED(CMP SECRET));
    expect_files_clean(PLACED(CMP SIGNER));

    file_lab_mode("secret", 0644);
    expect_file_finding(PLACED(CMP SECRET), "error ca a: secret_file: /tmp/");
    assert_contains(findings.text, "is open to other users");
    file_lab_mode("program", 0777);
    expect_file_finding(PLACED(CES), "error ca a: revoke_command: everybody may change");
    file_lab_mode("program", 0755);
    file_lab_key("tls.key", "P-384");
    expect_file_finding(PLACED(CES), "error ca a: tls_key_file: ");
    file_lab_write("keytab", "keys", 4, 0600);
    expect_file_finding(PLACED(ADCS), "error ca a: keytab_file: ");
    file_lab_cert("ca.pem", "P-384", false, -1, 365);
    expect_file_finding(PLACED(CMP SIGNER),
                        "error ca a: chain_file: certificate 1 is not that of a CA");
    file_lab_write("signer.pem", "x", 1, 0600);
    file_lab_cert("ca.pem", "P-384", true, -1, 365);
    expect_file_finding(PLACED(CMP SIGNER), "error ca a: signer_file: ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(files_in_order_give_no_finding),
        TEST(the_store_key_must_be_there_private_and_of_its_length),
        TEST(a_credential_that_only_the_service_sees_is_a_warning),
        TEST(the_assertion_identity_must_be_whole_and_in_time),
        TEST(a_client_secret_is_one_line),
        TEST(the_tls_pair_must_belong_together),
        TEST(the_cas_of_the_cloud_must_be_certificates),
        TEST(what_speaks_for_devices_must_be_cas_or_pins),
        TEST(a_local_ca_needs_its_certificate_and_key),
        TEST(a_program_must_be_one_that_others_cannot_change),
        TEST(directories_must_be_there_and_not_open_to_all),
        TEST(what_has_no_effect_is_a_warning),
        TEST(a_directory_needs_its_keytab_or_password_and_its_cas),
        TEST(import_keys_and_their_pins_must_be_private),
        TEST(a_recovery_identity_is_whole),
        TEST(cas_over_the_network_need_their_secrets_and_chains),
    };
    return cmocka_run_group_tests(tests, file_lab_setup, file_lab_teardown);
}
