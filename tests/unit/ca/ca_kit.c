/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/ca/ca_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "certferry/file.h"

static const char CONFIG[] = "[req]\ndistinguished_name=dn\nprompt=no\n[dn]\nCN=Test CA\n"
                             "[v3_ca]\nbasicConstraints=critical,CA:TRUE\n"
                             "keyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
                             "[v3_leaf]\nbasicConstraints=critical,CA:FALSE\n"
                             "[v3_nosign]\nbasicConstraints=critical,CA:TRUE\n"
                             "keyUsage=critical,keyCertSign\n";

static char *CF_PRINTF(2, 0) command_in(const struct ca_kit *kit, const char *format, va_list args)
{
    char *text = NULL;
    char *command = NULL;

    assert_true(vasprintf(&text, format, args) >= 0);
    assert_true(asprintf(&command, "cd %s && { %s; } 2>>log", kit->dir, text) >= 0);
    free(text);
    return command;
}

int
kit_run(const struct ca_kit *kit, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    cf_own_str command = command_in(kit, format, args);
    va_end(args);
    int status = system(command); /* NOLINT: the tests' own words */
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

char *
kit_output(const struct ca_kit *kit, const char *format, ...)
{
    va_list args;
    char *text = calloc(1, 65536);

    va_start(args, format);
    cf_own_str command = command_in(kit, format, args);
    va_end(args);
    FILE *pipe = popen(command, "re");
    assert_non_null(pipe);
    assert_non_null(text);
    text[fread(text, 1, 65535, pipe)] = '\0';
    pclose(pipe);
    return text;
}

static char *
path_in(const struct ca_kit *kit, const char *name)
{
    char *path = NULL;

    assert_true(asprintf(&path, "%s/%s", kit->dir, name) >= 0);
    return path;
}

void
kit_write(const struct ca_kit *kit, const char *name, struct cf_bytes content)
{
    cf_own_str path = path_in(kit, name);

    assert_int_equal(cf_file_publish(path, content, 0644, NULL), CF_OK);
}

struct cf_buf *
kit_read(const struct ca_kit *kit, const char *name)
{
    cf_own_str path = path_in(kit, name);
    struct cf_buf *content = NULL;

    assert_int_equal(cf_file_read(path, 1 << 20, &content, NULL), CF_OK);
    return content;
}

static void
make_settings(struct ca_kit *kit)
{
    kit->eku[0] = strdup(KIT_CLIENT_AUTH);
    kit->eku[1] = strdup(KIT_SERVER_AUTH);
    kit->tmpl = (struct cf_template_settings){
        .name = strdup("device"),
        .key = CF_KEY_RSA_2048,
        .min_rsa_bits = 2048,
        .key_usage = CF_KU_DIGITAL_SIGNATURE | CF_KU_KEY_ENCIPHERMENT,
        .eku = kit->eku,
        .n_eku = 2,
        .validity_ms = 365ULL * KIT_DAY_MS,
    };
    kit->tmpls[0] = &kit->tmpl;
    kit->settings = (struct cf_ca_settings){
        .name = strdup("corp"),
        .backend = strdup("local"),
        .templates = kit->tmpls,
        .n_templates = 1,
        .cert_file = path_in(kit, "ca.pem"),
        .key_file = path_in(kit, "ca.key"),
        .crl_file = path_in(kit, "ca.crl"),
        .crl_url = strdup("http://crl.example.com/ca.crl"),
        .issuer_url = strdup("http://crl.example.com/ca.cer"),
        .crl_lifetime_ms = 7ULL * KIT_DAY_MS,
        .crl_overlap_ms = 1ULL * KIT_DAY_MS,
        .backdate_ms = 5ULL * 60 * 1000,
    };
}

void
kit_open(struct ca_kit *kit, const char *ca_days, const char *key_algorithm)
{
    *kit = (struct ca_kit){0};
    strcpy(kit->dir, "/tmp/certferry-ca-XXXXXX");
    assert_non_null(mkdtemp(kit->dir));
    kit_write(kit, "ca.cnf", cf_bytes_of(CONFIG, sizeof CONFIG - 1));
    assert_int_equal(kit_run(kit,
                             "umask 077; openssl req -x509 -config ca.cnf -extensions v3_ca "
                             "-newkey %s -nodes -keyout ca.key -out ca.pem -days %s",
                             key_algorithm, ca_days),
                     0);
    /* A minute on: certificates that a test has made later are valid by this clock too. */
    kit->clock = cf_clock_fake_new(cf_clock_now_ms(cf_clock_real()) + 60 * 1000);
    kit->store = fake_ca_store_new();
    kit->env = (struct cf_ca_env){
        .clock = kit->clock, .store = &kit->store->base, .stop_flag = &kit->stop};
    make_settings(kit);
}

void
kit_close(struct ca_kit *kit)
{
    (void)kit_run(kit, "rm -rf %s", kit->dir);
    cf_clock_fake_free(kit->clock);
    fake_ca_store_free(kit->store);
    free(kit->eku[0]);
    free(kit->eku[1]);
    free(kit->tmpl.name);
    free(kit->settings.name);
    free(kit->settings.backend);
    free(kit->settings.cert_file);
    free(kit->settings.key_file);
    free(kit->settings.crl_file);
    free(kit->settings.crl_url);
    free(kit->settings.issuer_url);
}

int
kit_setup(void **state)
{
    struct ca_kit *kit = calloc(1, sizeof *kit);

    assert_non_null(kit);
    kit_open(kit, "3650", KIT_EC);
    *state = kit;
    return 0;
}

int
kit_teardown(void **state)
{
    kit_close(*state);
    free(*state);
    return 0;
}

struct cf_ca *
kit_ca(struct ca_kit *kit)
{
    const struct cf_ca_ops *ops = cf_ca_find_backend(kit->settings.backend);
    struct cf_ca *ca = NULL;
    struct cf_err err = {0};

    assert_non_null(ops);
    if (ops->open(&kit->settings, &kit->env, &ca, &err) != CF_OK)
        fail_msg("%s", err.text);
    return ca;
}

struct cf_buf *
kit_csr_of(enum cf_key_kind kind, const struct cf_csr_spec *spec)
{
    cf_own(cf_key) key = NULL;
    struct cf_buf *der = NULL;

    assert_int_equal(cf_key_generate(kind, &key, NULL), CF_OK);
    assert_int_equal(cf_csr_build(key, spec, &der, NULL), CF_OK);
    return der;
}

struct cf_buf *
kit_csr(const char *cn)
{
    static const char *const EKU[] = {KIT_CLIENT_AUTH};
    cf_own(cf_dn) dn = cf_dn_new();

    assert_int_equal(cf_dn_append(dn, "CN", cn, NULL), CF_OK);
    struct cf_csr_spec spec = {
        .subject = dn, .key_usage = CF_KU_DIGITAL_SIGNATURE, .eku = EKU, .n_eku = 1};
    return kit_csr_of(CF_KEY_P256, &spec);
}

struct cf_buf *
kit_csr_openssl(const struct ca_kit *kit, const char *newkey, const char *extensions)
{
    assert_int_equal(kit_run(kit,
                             "{ cat ca.cnf; printf '[asked]\\n%s\\n'; } > req.cnf && "
                             "openssl req -new -config req.cnf -reqexts asked -newkey %s -nodes "
                             "-keyout /dev/null -subj /CN=asked -outform DER -out req.der",
                             extensions, newkey),
                     0);
    return kit_read(kit, "req.der");
}

struct cf_ca_submission
kit_submission(const struct ca_kit *kit, const char *context, const struct cf_buf *csr)
{
    return (struct cf_ca_submission){
        .request_context = context,
        .device_id = "device-1",
        .csr = cf_buf_bytes(csr),
        .template_settings = &kit->tmpl,
    };
}

struct cf_cert *
kit_issue(const struct ca_kit *kit, struct cf_ca *ca, const char *context, const struct cf_buf *csr)
{
    struct cf_ca_submission submission = kit_submission(kit, context, csr);
    struct cf_ca_answer answer = {0};
    struct cf_cert *cert = NULL;
    struct cf_err err = {0};

    if (ca->ops->submit(ca, &submission, &answer, &err) != CF_OK)
        fail_msg("%s", err.text);
    if (answer.disposition != CF_CA_ANSWER_ISSUED)
        fail_msg("disposition %d: %s", (int)answer.disposition, answer.reason);
    assert_int_equal(cf_cert_parse(cf_buf_bytes(answer.cert), &cert, NULL), CF_OK);
    cf_ca_answer_done(&answer);
    return cert;
}

void
kit_expect_rejected(const struct ca_kit *kit, struct cf_ca *ca, const char *context,
                    const struct cf_buf *csr, const char *text)
{
    struct cf_ca_submission submission = kit_submission(kit, context, csr);
    struct cf_ca_answer answer = {0};
    struct cf_err err = {0};

    if (ca->ops->submit(ca, &submission, &answer, &err) != CF_OK)
        fail_msg("%s", err.text);
    assert_int_equal(answer.disposition, CF_CA_ANSWER_REJECTED);
    kit_contains(answer.reason, text);
    cf_ca_answer_done(&answer);
}

enum cf_rc
kit_revoke(struct cf_ca *ca, const char *serial, int reason, struct cf_err *err)
{
    struct cf_ca_revocation revocation = {.serial = serial, .reason = reason};

    return ca->ops->revoke(ca, &revocation, err);
}
