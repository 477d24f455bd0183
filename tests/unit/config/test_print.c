/* SPDX-License-Identifier: Apache-2.0 */
#include "conf_lab.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "config/schema.h"

static char *
sample(void)
{
    cf_own(cf_buf) out = cf_buf_new(1 << 20);
    struct cf_err err = {0};

    assert_ok(cf_config_sample(out, &err), err);
    return strdup(cf_buf_str(out));
}

/* Takes the '#' away from "#key = value" and "#[section]". */
static void
uncomment(char *text)
{
    char *to = text;

    for (const char *at = text; *at;) {
        size_t len = strcspn(at, "\n") + (strchr(at, '\n') != NULL);
        bool is_option = at[0] == '#' && (at[1] == '[' || (at[1] >= 'a' && at[1] <= 'z'));
        memmove(to, at + is_option, len - is_option);
        to += len - is_option;
        at += len;
    }
    *to = '\0';
}

static void
the_sample_is_good_once_what_is_needed_is_there(void **state)
{
    (void)state;
    static struct lab_faults faults;
    static const char *const NEEDED[] = {"#tenant =", "#client_id ="};
    cf_own_str text = sample();

    assert_null(lab_parse(text, &faults));
    assert_int_equal(faults.n, 3);
    for (size_t i = 0; i < CF_COUNT(NEEDED); i++) {
        char *at = strstr(text, NEEDED[i]);
        assert_non_null(at);
        *at = '\n';
    }
    char *ca_file = strstr(strstr(text, "[recipient]"), "#ca_file");
    *ca_file = '\n';
    cf_own(cf_settings) settings = lab_good(text);
    assert_int_equal(settings->n_cas, 0);
}

/* A line of a section that is uncommented. */
static void
leave_out(char *text, const char *section, const char *key)
{
    char line[64];

    (void)snprintf(line, sizeof line, "\n%s = ", key);
    memcpy(strstr(strstr(text, section), line), "\n#", 2);
}

/* What belongs to the other kind of store. */
static void
leave_out_postgres(char *text)
{
    leave_out(text, "[store]", "connection");
    leave_out(text, "[store]", "password_file");
}

static void
the_sample_is_good_with_every_line_of_it_in_force(void **state)
{
    (void)state;
    static const char *const CES[] = {"ces_url",         "cep_url",       "auth",
                                      "channel_binding", "delegate",      "username",
                                      "password_file",   "tls_cert_file", "tls_key_file",
                                      "tls_ca_file",     "proxy",         "revoke_command"};
    cf_own_str text = sample();

    uncomment(text);
    for (size_t i = 0; i < cf_n_sections; i++) {
        const struct cf_option *option = cf_sections[i].options;
        for (; option->key; option = cf_option_next(option)) {
            char line[100];
            (void)snprintf(line, sizeof line, "\n%s = ", option->key);
            assert_contains(text, line);
        }
    }
    leave_out_postgres(text);
    /* These two exclude key_file. */
    leave_out(text, "[import-key", "key_uri");
    leave_out(text, "[import-key", "pin_file");
    leave_out(text, "[ca ejbca]", "signer_file");
    /* What AD CS has with ces only. */
    for (size_t i = 0; i < CF_COUNT(CES); i++)
        leave_out(text, "[ca windows]", CES[i]);
    leave_out(text, "[scep]", "ra_token");
    leave_out(text, "[scep]", "ra_pin_file");
    leave_out(text, "[scep-profile", "challenge_file");
    cf_own(cf_settings) settings = lab_good(text);
    assert_int_equal(settings->n_cas, 4);
    assert_int_equal(settings->n_templates, 2);
    assert_int_equal(settings->n_policies, 1);
    assert_int_equal(settings->n_import_keys, 1);
    assert_true(settings->scep.is_on);
    assert_int_equal(settings->n_scep_profiles, 1);
}

static void
the_defaults_of_the_sample_are_the_defaults(void **state)
{
    (void)state;
    static const char *const EXAMPLE[] = {
        "id",    "endpoint",   "tls_cert_file", "tls_key_file",        "ca_file",
        "proxy", "proxy_user", "pins_file",     "proxy_password_file", "uri",
        "base",  "bind_dn",    "password_file", "keytab_file",         "principal"};
    cf_own_str text = sample();
    char *cas = strstr(text, "#[ca corp]");
    *cas = '\0';
    uncomment(text);
    leave_out_postgres(text);
    cf_own(cf_settings) shown = lab_good(text);
    cf_own_str shown_text = lab_print(shown);
    cf_own(cf_settings) plain = lab_good(
        "[cloud]\ntenant = contoso.example.com\nclient_id = 6f0c5a3e-2b61-4d0a-9a53-0d4a5e0b7c11\n"
        "[recipient]\nca_file = /etc/certferry/device-ca.pem\n");
    cf_own_str plain_text = lab_print(plain);

    for (char *line = strtok(shown_text, "\n"); line; line = strtok(NULL, "\n")) {
        bool is_example = false;
        for (size_t i = 0; i < CF_COUNT(EXAMPLE); i++)
            is_example |= strncmp(line, EXAMPLE[i], strcspn(line, " ")) == 0;
        if (!is_example)
            assert_contains(plain_text, line);
    }
}

static void
what_is_printed_reads_back_to_the_same(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {
        LAB_BASE,
        LAB_BASE LAB_CAS,
        LAB_BASE "[ca a]\nbackend=exec\nhost=h\nname = It's \"x\" ; y\ntemplates = 'two words', T\n"
                 "command = /bin/x 'a\"b' \"c\\\\d'\" '' e,f #g\n"
                 "[template two words]\neku = 1.2.3 clientAuth 2.999.1\nkey = p384\n"
                 "[template T]\nkey_usage = keyAgreement\nvalidity = 1h 1m 1s 1ms\n" LAB_POLICY(
                     "a", "T 'two words'"),
        "[cloud]\nservice = usgov\ntenant=t\nclient_id=c\nproxy = http://p:1\nproxy_user = a b\n"
        "[recipient]\npins_file = /p\n[keys]\nsecure_heap = 65536\n[store]\nretain = 0\n",
        "[cloud]\nservice = custom\nauth = tls\nendpoint = https://e/\ntls_cert_file = /c\n"
        "tls_key_file = /k\n[recipient]\ncheck = off\n[connector]\nlog_level = debug\n",
    };

    for (size_t i = 0; i < CF_COUNT(TEXTS); i++) {
        cf_own(cf_settings) first = lab_good(TEXTS[i]);
        cf_own_str first_text = lab_print(first);
        cf_own(cf_settings) second = lab_good(first_text);
        cf_own_str second_text = lab_print(second);

        assert_string_equal(first_text, second_text);
    }
}

static void
quoted_words_come_back_as_they_were(void **state)
{
    (void)state;
    static const char *const WORD[] = {"/bin/x", "a\"b", "c\\d'", "", "e,f", "#g", "x y"};
    cf_own(cf_settings) first = lab_good(
        LAB_BASE
        "[ca a]\nbackend=exec\nhost=h\nname=n\ntemplates=T\n"
        "command = /bin/x 'a\"b' \"c\\\\d'\" '' e,f #g x' 'y\n[template T]\n" LAB_POLICY("a", "T"));
    cf_own_str text = lab_print(first);
    cf_own(cf_settings) second = lab_good(text);

    for (size_t i = 0; i < CF_COUNT(WORD); i++) {
        assert_string_equal(first->cas[0]->command[i], WORD[i]);
        assert_string_equal(second->cas[0]->command[i], WORD[i]);
    }
    assert_null(first->cas[0]->command[CF_COUNT(WORD)]);
}

static void
long_lists_are_printed_in_lines_that_can_be_read(void **state)
{
    (void)state;
    char text[16 * 1024] =
        LAB_BASE "[template T]\n" LAB_POLICY("a", "T") "[ca a]\nbackend=exec\nhost=h\nname=n\n"
                                                       "templates=T\ncommand = /bin/x";

    for (int i = 0; i < 200; i++)
        strcat(text, i % 10 ? " a-long-argument-of-a-program" : "\n  'on the next line'");
    cf_own(cf_settings) first = lab_good(text);
    cf_own_str printed = lab_print(first);
    cf_own(cf_settings) second = lab_good(printed);
    size_t n = 0;
    for (; first->cas[0]->command[n]; n++)
        assert_string_equal(first->cas[0]->command[n], second->cas[0]->command[n]);
    assert_int_equal(n, 201);
}

static void
secrets_are_never_printed(void **state)
{
    (void)state;
    char dir[] = "/tmp/certferry-print-XXXXXX";
    char path[64];
    char text[512];

    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/client-secret", dir);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("hunter2-the-secret", file);
    fclose(file);
    (void)snprintf(text, sizeof text, LAB_BASE "[store]\nkey_file = %s\n", path);

    cf_own(cf_settings) settings = lab_good(text);
    cf_own_str printed = lab_print(settings);
    assert_contains(printed, path);
    assert_null(strstr(printed, "hunter2"));
    (void)unlink(path);
    (void)rmdir(dir);
}

static void
a_change_that_needs_a_restart_is_named(void **state)
{
    (void)state;
    cf_own(cf_settings) old = lab_good(LAB_BASE);
    cf_own(cf_settings) same = lab_good(LAB_BASE "[keys]\npool_p256 = 7\n[retry]\nmin = 1s\n");
    cf_own(cf_settings) fresh = lab_good(LAB_BASE "[connector]\nio_workers = 9\n"
                                                  "[store]\npath = /elsewhere.db\n"
                                                  "[control]\ngroup = wheel\n");
    cf_own(cf_buf) out = cf_buf_new(1000);
    struct cf_err err = {0};

    assert_ok(cf_config_restart_needed(old, same, out, &err), err);
    assert_string_equal(cf_buf_str(out), "");
    assert_ok(cf_config_restart_needed(old, fresh, out, &err), err);
    assert_string_equal(cf_buf_str(out), "connector.io_workers store.path control.group");
}

static void
the_manual_has_every_option(void **state)
{
    (void)state;
    cf_own(cf_buf) out = cf_buf_new(1 << 20);
    struct cf_err err = {0};

    assert_ok(cf_config_manual(out, &err), err);
    for (size_t i = 0; i < cf_n_sections; i++) {
        const struct cf_option *option = cf_sections[i].options;
        for (; option->key; option = cf_option_next(option)) {
            char head[100];
            (void)snprintf(head, sizeof head, "\n*%s* = _", option->key);
            assert_contains(cf_buf_str(out), head);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sample_is_good_once_what_is_needed_is_there),
        cmocka_unit_test(the_sample_is_good_with_every_line_of_it_in_force),
        cmocka_unit_test(the_defaults_of_the_sample_are_the_defaults),
        cmocka_unit_test(what_is_printed_reads_back_to_the_same),
        cmocka_unit_test(quoted_words_come_back_as_they_were),
        cmocka_unit_test(long_lists_are_printed_in_lines_that_can_be_read),
        cmocka_unit_test(secrets_are_never_printed),
        cmocka_unit_test(a_change_that_needs_a_restart_is_named),
        cmocka_unit_test(the_manual_has_every_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
