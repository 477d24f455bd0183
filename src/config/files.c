/* SPDX-License-Identifier: Apache-2.0 */
/* files - every file that the settings name, looked at without changing any. */
#include "files.h"

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/stat.h>

#include "certferry/clock.h"
#include "certferry/file.h"
#include "certferry/identity.h"
#include "certferry/text.h"

enum { STORE_KEY_LEN = 32 };

static void
check_assertion(const struct cf_check *check, const char *path)
{
    cf_own(cf_identity) identity = NULL;
    struct cf_err err = {0};

    if (access(path, F_OK) != 0 && errno == ENOENT) {
        cf_check_fail(check, "make the connector's key with `certferry enroll`",
                      "assertion_file: %s does not exist", path);
        return;
    }
    cf_own(cf_secret) pem = cf_check_secret(check, "assertion_file", path);
    if (!pem)
        return;
    if (cf_identity_parse(pem, &identity, &err) == CF_OK)
        cf_check_validity(check, "assertion_file", cf_identity_cert(identity));
    else
        cf_check_fail(check, "make a new key with `certferry enroll`", "assertion_file: %s",
                      err.text);
}

static void
check_cloud(struct cf_check *check)
{
    const struct cf_cloud_settings *cloud = &check->settings->cloud;

    if (cloud->is_off)
        return;
    cf_check_begin(check, "cloud");
    switch (cloud->auth) {
    case CF_AUTH_SECRET:
        cf_check_line(check, "client_secret_file", cloud->client_secret_file);
        break;
    case CF_AUTH_CERTIFICATE:
        check_assertion(check, cloud->assertion_file);
        if (cloud->assertion_renew)
            cf_check_directory_of(check, "assertion_file", cloud->assertion_file);
        break;
    case CF_AUTH_TLS:
        cf_check_key_pair(check, "tls_cert_file", cloud->tls_cert_file, "tls_key_file",
                          cloud->tls_key_file);
        break;
    }
    if (cloud->proxy_user)
        cf_check_line(check, "proxy_password_file", cloud->proxy_password_file);
    if (cloud->ca_file)
        cf_check_anchors(check, "ca_file", cloud->ca_file);
}

static void
check_store(struct cf_check *check)
{
    const struct cf_settings *settings = check->settings;

    cf_check_begin(check, "connector");
    cf_check_directory(check, "state_dir", settings->state_dir);
    cf_check_begin(check, "store");
    if (settings->store_backend == CF_STORE_SQLITE)
        cf_check_directory_of(check, "path", settings->store_path);
    else if (settings->store_password_file)
        cf_check_line(check, "password_file", settings->store_password_file);
    cf_own(cf_secret) key = cf_check_secret(check, "key_file", settings->store_key_file);
    if (key && cf_secret_len(key) != STORE_KEY_LEN)
        cf_check_fail(check, "make one with: openssl rand -out FILE 32",
                      "key_file: %zu bytes, exactly %d are needed", cf_secret_len(key),
                      STORE_KEY_LEN);
    else if (key)
        cf_check_ok(check, "key_file has %d bytes", STORE_KEY_LEN);
}

static void
check_anchor_validity(const struct cf_check *check, const struct cf_buf *roots)
{
    cf_own(cf_chain) chain = NULL;

    /* A list that is too long for a chain is not looked at one by one. */
    if (cf_chain_parse_pem(cf_buf_bytes(roots), &chain, NULL) != CF_OK)
        return;
    for (size_t i = 0; i < cf_chain_count(chain); i++)
        cf_check_validity(check, "ca_file", cf_chain_at(chain, i));
}

static void
check_recipient(struct cf_check *check)
{
    const struct cf_settings *settings = check->settings;
    cf_own(cf_buf) roots = NULL;
    cf_own(cf_buf) pins = NULL;
    cf_own(cf_trust) trust = NULL;
    struct cf_err err = {0};

    if (!settings->cloud.serves_pkcs)
        return;
    cf_check_begin(check, "recipient");
    if (!settings->check_recipient) {
        cf_check_warn(check, "set check = yes, with ca_file or pins_file",
                      "device certificates are not checked: whoever rules the cloud can have keys "
                      "sent to a certificate of his own");
        return;
    }
    if (settings->recipient_ca_file)
        roots = cf_check_public(check, "ca_file", settings->recipient_ca_file);
    if (settings->recipient_pins_file)
        pins = cf_check_public(check, "pins_file", settings->recipient_pins_file);
    if ((settings->recipient_ca_file && !roots) || (settings->recipient_pins_file && !pins))
        return;
    struct cf_bytes none = cf_bytes_of("", 0);
    if (cf_trust_new(roots ? cf_buf_bytes(roots) : none, pins ? cf_buf_bytes(pins) : none, &trust,
                     &err) != CF_OK) {
        cf_check_fail(check, "correct ca_file or pins_file", "%s", err.text);
        return;
    }
    cf_check_ok(check, "device certificates can be checked");
    if (roots)
        check_anchor_validity(check, roots);
}

static void
check_control(struct cf_check *check)
{
    const struct cf_settings *settings = check->settings;

    cf_check_begin(check, "control");
    cf_check_socket_directory(check, "socket", settings->control_socket,
                              "the unit makes it with RuntimeDirectory=; else make it yourself");
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): only whether it is there; nothing in it is read */
    if (!getgrnam(settings->control_group))
        cf_check_fail(check,
                      "systemd-sysusers makes it; or name another one: the service does not start "
                      "without it",
                      "group: there is no group %s", settings->control_group);
    else
        cf_check_ok(check, "group %s is there", settings->control_group);
}

enum cf_rc
cf_config_check_files(const struct cf_settings *settings, cf_finding_fn *report, void *arg,
                      struct cf_err *err)
{
    struct cf_check check = {.settings = settings,
                             .report = report,
                             .arg = arg,
                             .now_ms = cf_clock_now_ms(cf_clock_real())};

    (void)err; /* what is wrong is a finding */
    check_store(&check);
    check_cloud(&check);
    check_recipient(&check);
    check_control(&check);
    cf_check_cas(&check);
    cf_check_accounts(&check);
    cf_check_scep(&check);
    return CF_OK;
}
