/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ca/adcs/ces_parts.h"
#include "certferry/clock.h"
#include "unit/base/unit.h"

static const char PASSWORD[] = "p<&>ss w\xc3\xb6rd\n";

static struct cf_err err;
static char directory[] = "/tmp/certferry-ces-XXXXXX";
static int port;
static int peer_input = -1;
static pid_t peer;
static int stop_flag;
static struct cf_clock *fake;
static struct cf_ca_settings settings;
static struct adcs_ca ca;
static struct adcs_reply reply;
static char findings[8192];
static char texts[8][300];

static char *
path_of(const char *name)
{
    static unsigned n;
    char *text = texts[n++ % CF_COUNT(texts)];

    (void)snprintf(text, sizeof texts[0], "%s/%s", directory, name);
    return text;
}

static int
start(void **state)
{
    int in[2], out[2];
    char line[32];

    (void)state;
    if (cf_http_global_init(&err) != CF_OK || !mkdtemp(directory) || pipe2(in, O_CLOEXEC) ||
        pipe2(out, O_CLOEXEC))
        return -1;
    int fd = open(path_of("password"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, PASSWORD, sizeof PASSWORD - 1) != (ssize_t)sizeof PASSWORD - 1)
        return -1;
    (void)close(fd);
    peer = fork();
    if (peer == 0) {
        (void)dup2(in[0], STDIN_FILENO);
        (void)dup2(out[1], STDOUT_FILENO);
        execl(CES_PEER_PYTHON, CES_PEER_PYTHON, "-B", CES_PEER_SCRIPT, directory, (char *)NULL);
        _exit(127);
    }
    (void)close(in[0]);
    (void)close(out[1]);
    peer_input = in[1];
    FILE *stream = fdopen(out[0], "r");
    if (!stream || !fgets(line, sizeof line, stream))
        return -1;
    (void)fclose(stream);
    port = (int)strtol(line, NULL, 10);
    return 0;
}

static int
end(void **state)
{
    (void)state;
    (void)close(peer_input);
    (void)waitpid(peer, NULL, 0);
    DIR *stream = opendir(directory);
    for (const struct dirent *entry; stream && (entry = readdir(stream));)
        (void)unlinkat(dirfd(stream), entry->d_name, 0);
    (void)closedir(stream);
    (void)rmdir(directory);
    cf_http_global_done();
    return 0;
}

static char *
url_of(const char *path)
{
    char *text = path_of("");

    (void)snprintf(text, sizeof texts[0], "https://localhost:%d/%s", port, path);
    return strdup(text);
}

static int
setup(void **state)
{
    (void)state;
    err = (struct cf_err){0};
    stop_flag = 0;
    findings[0] = '\0';
    fake = cf_clock_fake_new(cf_clock_now_ms(cf_clock_real()));
    settings = (struct cf_ca_settings){
        .name = strdup("corp"),
        .auth = CF_ADCS_PASSWORD,
        .username = strdup("svc@corp.example"),
        .password_file = strdup(path_of("password")),
        .tls_ca_file = strdup(path_of("root.pem")),
        .ces_url = url_of("password/CES"),
        .connect_timeout_ms = 10000,
        .timeout_ms = 20000,
    };
    ca = (struct adcs_ca){.settings = &settings, .env = {.clock = fake, .stop_flag = &stop_flag}};
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    ca.ces = adcs_ces_free(ca.ces);
    adcs_reply_done(&reply);
    fake = cf_clock_fake_free(fake);
    free(settings.name);
    free(settings.username);
    free(settings.password_file);
    free(settings.tls_ca_file);
    free(settings.tls_cert_file);
    free(settings.tls_key_file);
    free(settings.ces_url);
    free(settings.cep_url);
    return 0;
}

static void
set(char **option, const char *value)
{
    free(*option);
    *option = strdup(value);
}

static enum cf_rc
submit(void)
{
    char name[] = "Web";
    struct cf_template_settings template_settings = {.name = name};
    struct cf_ca_submission submission = {.csr = cf_bytes_of("0\x03\x02\x01\x05", 5),
                                          .template_settings = &template_settings};

    err = (struct cf_err){0};
    adcs_reply_done(&reply);
    if (!ca.ces)
        CF_TRY(adcs_ces_new(&ca, &ca.ces, &err));
    return adcs_ces_submit(&ca, &submission, &reply, &err);
}

static enum cf_rc
submit_as(const char *username)
{
    set(&settings.username, username);
    return submit();
}

static void
issues_by_password(void **state)
{
    (void)state;
    assert_ok(submit(), err);
    assert_int_equal(reply.disposition, ADCS_ISSUED);
    assert_int_equal(reply.request_id, 42);
    assert_memory_equal(cf_buf_bytes(reply.cert).data, "0\x03\x02\x01\x05", 5);
    assert_ok(submit(), err);
}

static void
issues_by_client_certificate(void **state)
{
    (void)state;
    settings.auth = CF_ADCS_CERTIFICATE;
    free(settings.ces_url);
    settings.ces_url = url_of("certificate/CES");
    settings.tls_cert_file = strdup(path_of("client.pem"));
    settings.tls_key_file = strdup(path_of("client.key"));
    assert_ok(submit(), err);
    assert_int_equal(reply.disposition, ADCS_ISSUED);
}

static void
polls_by_number_and_believes_no_other(void **state)
{
    (void)state;
    assert_ok(adcs_ces_new(&ca, &ca.ces, &err), err);
    assert_ok(adcs_ces_poll(&ca, 77, &reply, &err), err);
    assert_int_equal(reply.disposition, ADCS_PENDING);
    assert_int_equal(reply.request_id, 77);
    set(&settings.username, "other");
    assert_rc(adcs_ces_poll(&ca, 77, &reply, &err), CF_E_PROTOCOL);
    assert_contains(err.text, "request 8");
}

static void
refusals_are_replies(void **state)
{
    (void)state;
    assert_ok(submit_as("denied"), err);
    assert_int_equal(reply.disposition, 0x80094012);
    assert_int_equal(reply.request_id, 7);
    assert_string_equal(reply.message, "Not by you.");
    assert_ok(submit_as("nil"), err);
    assert_int_equal(reply.disposition, ADCS_DENIED);
}

static void
each_bad_answer_is_the_error_that_says_who_has_to_act(void **state)
{
    static const struct {
        const char *mode;
        enum cf_rc rc;
        enum cf_fault fault;
        const char *text;
        bool nothing_issued;
    } CASES[] = {
        {"redirect", CF_E_CA_CONFIG, CF_FAULT_CONFIG, "redirect", true},
        {"unauthorized", CF_E_AUTH, CF_FAULT_CONFIG, "UsernamePassword", true},
        {"forbidden", CF_E_AUTH, CF_FAULT_CONFIG, "403", true},
        {"missing", CF_E_CA_CONFIG, CF_FAULT_CONFIG, "404", true},
        {"unavailable", CF_E_HTTP, CF_FAULT_TRANSIENT, "503", true},
        {"busy", CF_E_THROTTLED, CF_FAULT_TRANSIENT, "429", true},
        {"broken", CF_E_HTTP, CF_FAULT_TRANSIENT, "HTTP status 500", false},
        {"html", CF_E_CA_CONFIG, CF_FAULT_CONFIG, "text/html", false},
        {"big", CF_E_PROTOCOL, CF_FAULT_TRANSIENT, "larger", false},
        {"relates", CF_E_PROTOCOL, CF_FAULT_TRANSIENT, "RelatesTo", false},
        {"bomb", CF_E_PROTOCOL, CF_FAULT_TRANSIENT, "document type", false},
        {"cut", CF_E_PROTOCOL, CF_FAULT_TRANSIENT, "well-formed", false},
        {"plain", CF_E_PROTOCOL, CF_FAULT_TRANSIENT, "InternalServiceFault", false},
    };

    (void)state;
    for (size_t i = 0; i < CF_COUNT(CASES); i++) {
        assert_rc(submit_as(CASES[i].mode), CASES[i].rc);
        assert_int_equal(err.fault, CASES[i].fault);
        assert_contains(err.text, CASES[i].text);
        assert_null(reply.cert);
        assert_int_equal(reply.nothing_issued, CASES[i].nothing_issued);
    }
    assert_ok(submit_as("svc@corp.example"), err);
}

static void
a_wrong_password_is_for_the_administrator(void **state)
{
    (void)state;
    set(&settings.password_file, path_of("client.pem"));
    assert_rc(submit(), CF_E_PERMISSION);
    set(&settings.password_file, path_of("client.key"));
    assert_rc(submit(), CF_E_LIMIT);
    ca.ces = adcs_ces_free(ca.ces);
    int fd = open(path_of("wrong"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, "wrong", 5), 5);
    (void)close(fd);
    set(&settings.password_file, path_of("wrong"));
    assert_rc(submit(), CF_E_AUTH);
    assert_contains(err.text, "FailedAuthentication");
    assert_true(reply.nothing_issued);
    assert_null(strstr(err.text, "wrong"));
}

static void
a_server_that_repeats_the_password_is_not_quoted(void **state)
{
    (void)state;
    assert_rc(submit_as("echo"), CF_E_CA_CONFIG);
    assert_contains(err.text, "HTTP status 400");
    assert_null(strstr(err.text, "ss w"));
    assert_rc(submit_as("echo-fault"), CF_E_PROTOCOL);
    assert_contains(err.text, "not liked");
    assert_null(strstr(err.text, "ss w"));
    assert_ok(submit_as("echo-denied"), err);
    assert_contains(reply.message, "not liked");
    assert_null(strstr(reply.message, "ss w"));
}

static void
an_answer_that_does_not_come_leaves_it_open_whether_it_was_heard(void **state)
{
    (void)state;
    /* On a connection that stands the request goes out at once. */
    assert_ok(submit(), err);
    settings.timeout_ms = 1000;
    assert_rc(submit_as("slow"), CF_E_TIMEOUT);
}

static void
an_answer_that_does_not_come_is_not_asked_for_unasked(void **state)
{
    (void)state;
    assert_ok(submit(), err);
    assert_rc(submit_as("swallow"), CF_E_NET);
    assert_false(reply.nothing_issued);
    assert_ok(submit_as("swallowed"), err);
    assert_int_equal(reply.request_id, 1);
}

static void
an_answer_lost_in_the_second_leg_is_no_refusal(void **state)
{
    (void)state;
    ca.kerberos = (struct cf_kerberos *)&settings; /* only looked at whether it is there */
    settings.auth = CF_ADCS_KERBEROS;
    free(settings.ces_url);
    settings.ces_url = url_of("negotiate/CES");
    assert_rc(submit(), CF_E_NET);
    ca.ces = adcs_ces_free(ca.ces);
    settings.auth = CF_ADCS_PASSWORD;
    free(settings.ces_url);
    settings.ces_url = url_of("password/CES");
    assert_ok(submit_as("swallowed"), err);
    assert_int_equal(reply.request_id, 1);
}

static void
a_ca_that_cannot_be_reached_is_down(void **state)
{
    (void)state;
    set(&settings.ces_url, "https://localhost:1/CES");
    assert_rc(submit(), CF_E_CA_DOWN);
    assert_int_equal(err.fault, CF_FAULT_TRANSIENT);
    ca.ces = adcs_ces_free(ca.ces);
    set(&settings.ces_url, "https://no-such-host.invalid/CES");
    assert_rc(submit(), CF_E_CA_DOWN);
}

static void
a_server_that_is_not_trusted_gets_no_password(void **state)
{
    (void)state;
    set(&settings.tls_ca_file, path_of("client.pem"));
    assert_rc(submit(), CF_E_TLS);
    assert_true(reply.nothing_issued);
}

static void
stopping_ends_it(void **state)
{
    (void)state;
    assert_ok(adcs_ces_new(&ca, &ca.ces, &err), err);
    __atomic_store_n(&stop_flag, 1, __ATOMIC_RELEASE);
    assert_rc(submit(), CF_E_STOPPED);
}

static void
settings_that_cannot_work_are_refused_and_named(void **state)
{
    static const char *const URLS[] = {"http://localhost/", "https://",       "https://user@host/",
                                       "https://[::1]/",    "https://host?x", "ftp://x/"};

    (void)state;
    for (size_t i = 0; i < CF_COUNT(URLS); i++) {
        set(&settings.ces_url, URLS[i]);
        assert_rc(adcs_ces_new(&ca, &ca.ces, &err), CF_E_CONFIG);
        assert_contains(err.text, "ces_url");
    }
    set(&settings.ces_url, "https://host/");
    set(&settings.cep_url, "nowhere");
    assert_rc(adcs_ces_new(&ca, &ca.ces, &err), CF_E_CONFIG);
    assert_contains(err.text, "cep_url");
    settings.auth = CF_ADCS_KERBEROS;
    assert_rc(adcs_ces_new(&ca, &ca.ces, &err), CF_E_CONFIG);
    assert_contains(err.text, "keytab_file");
    settings.auth = CF_ADCS_CERTIFICATE;
    assert_rc(adcs_ces_new(&ca, &ca.ces, &err), CF_E_CONFIG);
    assert_contains(err.text, "tls_cert_file");
}

static unsigned
min_key_of(const char *name, bool *ret_may_enroll)
{
    cf_own(cf_ad_template) ad_template = NULL;

    assert_ok(adcs_xcep_template(&ca, name, &ad_template, ret_may_enroll, &err), err);
    return ad_template->min_key_bits;
}

static void
policies_are_kept_for_minutes(void **state)
{
    cf_own(cf_ad_template) none = NULL;
    bool may_enroll = false;

    (void)state;
    settings.cep_url = url_of("password/CEP");
    assert_ok(adcs_ces_new(&ca, &ca.ces, &err), err);
    unsigned first = min_key_of("web", &may_enroll);
    assert_true(may_enroll);
    assert_int_equal(min_key_of("Web", &may_enroll), first);
    assert_rc(adcs_xcep_template(&ca, "Missing", &none, &may_enroll, &err), CF_E_NOT_FOUND);
    cf_clock_fake_advance(fake, 5 * 60 * 1000);
    assert_int_equal(min_key_of("Web", &may_enroll), first + 1);
}

static void
without_a_policy_service_there_is_nothing_to_ask(void **state)
{
    cf_own(cf_ad_template) none = NULL;
    bool may_enroll = false;

    (void)state;
    assert_ok(adcs_ces_new(&ca, &ca.ces, &err), err);
    assert_rc(adcs_xcep_template(&ca, "Web", &none, &may_enroll, &err), CF_E_UNSUPPORTED);
}

static void
note(void *arg, const struct cf_finding *finding)
{
    size_t len = strlen(findings);

    (void)arg;
    (void)snprintf(findings + len, sizeof findings - len, "%d|%s|%s|%s\n", (int)finding->severity,
                   finding->subject, finding->text, finding->remedy ? finding->remedy : "");
}

static void
check_looks_at_everything_that_can_be_looked_at(void **state)
{
    char web[] = "Web", missing[] = "Missing";
    struct cf_template_settings first = {.name = web}, second = {.name = missing};
    struct cf_template_settings *templates[] = {&first, &second};

    (void)state;
    settings.cep_url = url_of("password/CEP");
    settings.templates = templates;
    settings.n_templates = 2;
    assert_ok(adcs_ces_new(&ca, &ca.ces, &err), err);
    assert_ok(adcs_ces_check(&ca, note, NULL, &err), err);
    assert_contains(findings,
                    "0|ca corp|cep_url answers over TLS; its server's certificate ends 2");
    assert_contains(findings, "0|ca corp|cep_url lets us in and tells of 1 templates and 1 CAs");
    assert_contains(findings, "0|ca corp|template Web: the policy service offers it");
    assert_contains(findings, "2|ca corp|template Missing: the policy service does not offer it");
    assert_contains(findings, "0|ca corp|ces_url answers over TLS");
    assert_contains(findings, "its CA says 0x80094004");
}

static void
check_warns_of_a_server_certificate_that_ends_soon(void **state)
{
    (void)state;
    assert_ok(adcs_ces_new(&ca, &ca.ces, &err), err);
    cf_clock_fake_advance(fake, INT64_C(70) * 24 * 3600 * 1000);
    assert_ok(adcs_ces_check(&ca, note, NULL, &err), err);
    assert_contains(findings, "1|ca corp|ces_url answers over TLS");
}

static void
check_says_what_does_not_work(void **state)
{
    (void)state;
    set(&settings.username, "unauthorized");
    assert_ok(adcs_ces_new(&ca, &ca.ces, &err), err);
    assert_ok(adcs_ces_check(&ca, note, NULL, &err), err);
    assert_contains(findings, "2|ca corp|ces_url: HTTP status 401");
    ca.ces = adcs_ces_free(ca.ces);
    set(&settings.ces_url, "https://localhost:1/CES");
    findings[0] = '\0';
    assert_ok(adcs_ces_new(&ca, &ca.ces, &err), err);
    assert_ok(adcs_ces_check(&ca, note, NULL, &err), err);
    assert_true(cf_text_starts_with(findings, "2|ca corp|"));
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        test(issues_by_password),
        test(issues_by_client_certificate),
        test(polls_by_number_and_believes_no_other),
        test(refusals_are_replies),
        test(each_bad_answer_is_the_error_that_says_who_has_to_act),
        test(a_wrong_password_is_for_the_administrator),
        test(a_server_that_repeats_the_password_is_not_quoted),
        test(an_answer_that_does_not_come_leaves_it_open_whether_it_was_heard),
        test(an_answer_that_does_not_come_is_not_asked_for_unasked),
        test(an_answer_lost_in_the_second_leg_is_no_refusal),
        test(a_ca_that_cannot_be_reached_is_down),
        test(a_server_that_is_not_trusted_gets_no_password),
        test(stopping_ends_it),
        test(settings_that_cannot_work_are_refused_and_named),
        test(policies_are_kept_for_minutes),
        test(without_a_policy_service_there_is_nothing_to_ask),
        test(check_looks_at_everything_that_can_be_looked_at),
        test(check_warns_of_a_server_certificate_that_ends_soon),
        test(check_says_what_does_not_work),
    };
    return cmocka_run_group_tests(tests, start, end);
}
