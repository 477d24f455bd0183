/* SPDX-License-Identifier: Apache-2.0 */
/* files_scep - the files of the SCEP front door: what certferryd reads, what certferry-scepd reads.
 */
#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>

#include "certferry/clock.h"
#include "files.h"

enum { RA_KEY_LEN = 32, CHALLENGE_SHORT = 16 };

static void
check_socket(struct cf_check *check)
{
    const struct cf_scep_settings *scep = &check->settings->scep;

    cf_check_begin(check, "scep");
    cf_check_socket_directory(check, "socket", scep->socket,
                              "systemd-tmpfiles makes it; else make it yourself, with the group of "
                              "socket_user and mode 2750");
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): only whether it is there; nothing in it is read */
    if (!getpwnam(scep->socket_user))
        cf_check_warn(check, "make the user with systemd-sysusers, or name another one",
                      "socket_user: there is no user %s, so certferry-scepd cannot ask",
                      scep->socket_user);
    else
        cf_check_ok(check, "user %s is there", scep->socket_user);
}

/* Lines are counted; none is shown. */
static void
check_challenges(struct cf_check *check, const struct cf_scep_profile_settings *profile)
{
    cf_own(cf_secret) secret = cf_check_secret(check, "challenge_file", profile->challenge_file);
    size_t n = 0, n_short = 0;

    if (!secret)
        return;
    const char *at = (const char *)cf_secret_data(secret);
    const char *end = at + cf_secret_len(secret);
    if (memchr(at, '\0', cf_secret_len(secret))) {
        cf_check_fail(check, "write one challenge in each line", "challenge_file: is no text");
        return;
    }
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t len = (size_t)((newline ? newline : end) - at);
        n += len > 0;
        n_short += len > 0 && len < CHALLENGE_SHORT;
        at += len + 1;
    }
    if (n == 0)
        cf_check_fail(check, "write one challenge in each line", "challenge_file: is empty");
    else if (n_short > 0)
        cf_check_warn(check, "make longer ones with: openssl rand -hex 16",
                      "challenge_file: %zu of %zu challenges have less than %d characters and may "
                      "be guessed",
                      n_short, n, CHALLENGE_SHORT);
    else
        cf_check_ok(check, "challenge_file: %zu challenge%s", n, n == 1 ? "" : "s");
}

void
cf_check_scep(struct cf_check *check)
{
    const struct cf_settings *settings = check->settings;

    if (!settings->scep.is_on)
        return;
    check_socket(check);
    for (size_t i = 0; i < settings->n_scep_profiles; i++) {
        const struct cf_scep_profile_settings *profile = settings->scep_profiles[i];

        cf_check_begin(check, "scep-profile %s", profile->name);
        if (profile->challenge == CF_SCEP_STATIC)
            check_challenges(check, profile);
        if (profile->next_ca_file)
            cf_check_ca_chain(check, "next_ca_file", profile->next_ca_file);
    }
}

static void
check_ra_key(const struct cf_check *check)
{
    const struct cf_scep_settings *scep = &check->settings->scep;
    cf_own(cf_secret) key = cf_check_secret(check, "ra_key_file", scep->ra_key_file);

    if (key && cf_secret_len(key) != RA_KEY_LEN)
        cf_check_fail(check, "make one with: openssl rand -out FILE 32",
                      "ra_key_file: %zu bytes, exactly %d are needed", cf_secret_len(key),
                      RA_KEY_LEN);
    else if (key)
        cf_check_ok(check, "ra_key_file has %d bytes", RA_KEY_LEN);
}

enum cf_rc
cf_config_check_front(const struct cf_settings *settings, cf_finding_fn *report, void *arg,
                      struct cf_err *err)
{
    const struct cf_scep_settings *scep = &settings->scep;
    struct cf_check check = {.settings = settings,
                             .report = report,
                             .arg = arg,
                             .now_ms = cf_clock_now_ms(cf_clock_real())};

    (void)err; /* what is wrong is a finding */
    cf_check_begin(&check, "scep");
    if (!scep->is_on) {
        cf_check_fail(&check,
                      "write a section [scep], and [scep-profile NAME] for each kind of "
                      "device",
                      "there is no section [scep]");
        return CF_OK;
    }
    if (scep->tls_listen)
        cf_check_key_pair(&check, "tls_cert_file", scep->tls_cert_file, "tls_key_file",
                          scep->tls_key_file);
    if (scep->ra_key_file)
        check_ra_key(&check);
    if (scep->ra_pin_file)
        cf_check_line(&check, "ra_pin_file", scep->ra_pin_file);
    return CF_OK;
}
