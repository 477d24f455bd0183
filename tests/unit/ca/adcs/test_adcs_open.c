/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/ca/ca_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "fake/fake_directory.h"

/* A section that opens; each test breaks one thing of it. */
struct open_kit {
    struct ca_kit kit;
    struct fake_directory *directory;
    char *command[2];
    char keytab[96];
    char chain[96];
};

/* A keytab with one key of svc@CORP.EXAMPLE (version 0x502, AES256). */
static void
write_keytab(const struct open_kit *open)
{
    static const uint8_t HEAD[] = {0,   0,   0,   1,   0,   12,  'C', 'O', 'R', 'P', '.', 'E',
                                   'X', 'A', 'M', 'P', 'L', 'E', 0,   3,   's', 'v', 'c', 0,
                                   0,   0,   1,   0,   0,   0,   0,   1,   0,   18,  0,   32};
    uint8_t file[2 + 4 + sizeof HEAD - 2 + 32] = {5, 2, 0, 0, 0, sizeof HEAD - 2 + 32};

    memcpy(file + 6, HEAD + 2, sizeof HEAD - 2);
    memset(file + 6 + sizeof HEAD - 2, 0x5a, 32);
    kit_write(&open->kit, "svc.keytab", cf_bytes_of(file, sizeof file));
    assert_int_equal(chmod(open->keytab, 0600), 0);
}

static int
setup(void **state)
{
    struct open_kit *open = calloc(1, sizeof *open);

    assert_non_null(open);
    kit_open(&open->kit, "3650", KIT_EC);
    (void)snprintf(open->keytab, sizeof open->keytab, "%s/svc.keytab", open->kit.dir);
    (void)snprintf(open->chain, sizeof open->chain, "%s/ca.pem", open->kit.dir);
    write_keytab(open);
    struct cf_ca_settings *settings = &open->kit.settings;
    free(settings->backend);
    settings->backend = strdup("adcs");
    settings->host = strdup("ca1.corp.example");
    settings->ca_name = strdup("Issuing CA");
    settings->keytab_file = open->keytab;
    settings->chain_file = open->chain;
    settings->timeout_ms = 1000;
    settings->connect_timeout_ms = 1000;
    struct cf_directory_env env = {.clock = open->kit.clock, .stop_flag = &open->kit.stop};
    open->directory = fake_directory_new(&env);
    *state = open;
    return 0;
}

static int
teardown(void **state)
{
    struct open_kit *open = *state;

    fake_directory_free(open->directory);
    free(open->kit.settings.host);
    free(open->kit.settings.ca_name);
    kit_close(&open->kit);
    free(open);
    return 0;
}

static void
expect_opens(struct open_kit *open)
{
    struct cf_ca *ca = kit_ca(&open->kit);

    assert_string_equal(ca->ops->name, "adcs");
    ca->ops->close(ca);
}

static void
expect_refused(struct open_kit *open, enum cf_rc rc, const char *text)
{
    const struct cf_ca_ops *ops = cf_ca_find_backend("adcs");
    struct cf_ca *ca = NULL;
    struct cf_err err = {0};

    assert_int_equal(ops->open(&open->kit.settings, &open->kit.env, &ca, &err), rc);
    assert_null(ca);
    kit_contains(err.text, text);
}

static void
a_whole_section_opens_without_asking_anybody(void **state)
{
    struct open_kit *open = *state;

    expect_opens(open);
    open->kit.settings.chain_file = NULL;
    open->kit.env.directory = &open->directory->base;
    expect_opens(open);
    assert_int_equal(open->directory->n_find_services, 0);
}

static void
the_keytab_is_needed_where_kerberos_is(void **state)
{
    struct open_kit *open = *state;
    struct cf_ca_settings *settings = &open->kit.settings;

    settings->keytab_file = NULL;
    expect_refused(open, CF_E_CONFIG, "keytab_file");
    settings->transport = CF_ADCS_CES;
    settings->ces_url = (char[]){"https://ca1.corp.example/ces"};
    settings->auth = CF_ADCS_CERTIFICATE;
    expect_refused(open, CF_E_CONFIG, "keytab_file");
    settings->revoke_transport = CF_ADCS_REVOKE_NONE;
    settings->auth = CF_ADCS_KERBEROS;
    expect_refused(open, CF_E_CONFIG, "keytab_file");
}

static void
each_thing_that_is_missing_is_named(void **state)
{
    struct open_kit *open = *state;
    struct cf_ca_settings *settings = &open->kit.settings;
    struct cf_ca_settings whole = *settings;

    settings->host = NULL;
    expect_refused(open, CF_E_CONFIG, "host");
    *settings = whole;
    settings->ca_name = NULL;
    expect_refused(open, CF_E_CONFIG, "name");
    *settings = whole;
    settings->transport = CF_ADCS_CES;
    expect_refused(open, CF_E_CONFIG, "ces_url");
    *settings = whole;
    settings->rpc_port = 65536;
    expect_refused(open, CF_E_CONFIG, "rpc_port");
    *settings = whole;
    settings->timeout_ms = 0;
    expect_refused(open, CF_E_CONFIG, "timeout");
    *settings = whole;
    settings->chain_file = NULL;
    expect_refused(open, CF_E_CONFIG, "chain_file");
    *settings = whole;
    settings->revoke_transport = CF_ADCS_REVOKE_COMMAND;
    expect_refused(open, CF_E_CONFIG, "revoke_command");
    open->command[0] = open->chain;
    settings->revoke_command = open->command;
    expect_refused(open, CF_E_CONFIG, "cannot be run");
    open->command[0] = (char[]){"revoke.sh"};
    expect_refused(open, CF_E_CONFIG, "absolute");
    *settings = whole;
    expect_opens(open);
}

static void
files_that_are_not_what_they_should_be_are_refused(void **state)
{
    struct open_kit *open = *state;
    struct cf_ca_settings *settings = &open->kit.settings;
    char missing[128];

    settings->chain_file = open->keytab;
    expect_refused(open, CF_E_CONFIG, "chain_file");
    settings->chain_file = open->chain;
    (void)snprintf(missing, sizeof missing, "%s/none.keytab", open->kit.dir);
    settings->keytab_file = missing;
    const struct cf_ca_ops *ops = cf_ca_find_backend("adcs");
    struct cf_ca *ca = NULL;
    struct cf_err err = {0};
    assert_int_not_equal(ops->open(settings, &open->kit.env, &ca, &err), CF_OK);
    kit_contains(err.text, "none.keytab");
    settings->keytab_file = open->keytab;
    assert_int_equal(chmod(open->keytab, 0644), 0);
    expect_refused(open, CF_E_PERMISSION, "svc.keytab");
}

static void
the_chain_is_that_of_chain_file(void **state)
{
    struct open_kit *open = *state;
    struct cf_ca *ca = kit_ca(&open->kit);
    cf_own(cf_buf) der = NULL;
    cf_own(cf_chain) chain = NULL;

    assert_int_equal(ca->ops->chain(ca, &der, NULL), CF_OK);
    assert_int_equal(cf_chain_parse_der(cf_buf_bytes(der), &chain, NULL), CF_OK);
    assert_int_equal(cf_chain_count(chain), 1);
    ca->ops->close(ca);
}

static void
without_a_chain_that_is_known_nothing_is_submitted(void **state)
{
    struct open_kit *open = *state;
    cf_own(cf_buf) csr = kit_csr("device-1");
    struct cf_ca_submission submission = kit_submission(&open->kit, "r1", csr);
    struct cf_ca_answer answer = {0};
    struct cf_err err = {0};

    open->kit.settings.chain_file = NULL;
    open->kit.env.directory = &open->directory->base;
    struct cf_ca *ca = kit_ca(&open->kit);
    fake_directory_set_failure(open->directory, CF_E_DIRECTORY_DOWN, 0);
    /* As a CA that is down: nothing reached it. */
    assert_int_equal(ca->ops->submit(ca, &submission, &answer, &err), CF_E_CA_DOWN);
    kit_contains(err.text, "Issuing CA");
    fake_directory_set_failure(open->directory, CF_OK, 0);
    assert_int_equal(ca->ops->submit(ca, &submission, &answer, &err), CF_E_CA_CONFIG);
    kit_contains(err.text, "chain_file");
    ca->ops->close(ca);
}

static void
a_request_of_another_ca_is_not_polled_for(void **state)
{
    struct open_kit *open = *state;
    struct cf_ca *ca = kit_ca(&open->kit);
    struct cf_ca_answer answer = {0};
    struct cf_err err = {0};

    assert_int_equal(ca->ops->poll(ca, "7 rpc ca9.corp.example Issuing CA", &answer, &err),
                     CF_E_CA_CONFIG);
    kit_contains(err.text, "ca9.corp.example");
    ca->ops->close(ca);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_whole_section_opens_without_asking_anybody),
        CASE(the_keytab_is_needed_where_kerberos_is),
        CASE(each_thing_that_is_missing_is_named),
        CASE(files_that_are_not_what_they_should_be_are_refused),
        CASE(the_chain_is_that_of_chain_file),
        CASE(without_a_chain_that_is_known_nothing_is_submitted),
        CASE(a_request_of_another_ca_is_not_polled_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
