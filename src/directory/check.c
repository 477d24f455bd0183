/* SPDX-License-Identifier: Apache-2.0 */
/* check - looks at each server from the credential to a search, without the breaker and the pool.
 */
#include <stdio.h>
#include <string.h>

#include "certferry/cert.h"
#include "certferry/text.h"

#include "parts.h"

enum { TEXT_SIZE = 512, WARN_DAYS = 30 };

#define DAY_MS (INT64_C(24) * 60 * 60 * 1000)

struct check {
    const struct cf_ldap *ldap;
    cf_finding_fn *report;
    void *arg;
};

static void
report(const struct check *check, enum cf_severity severity, const char *subject, const char *text,
       const char *remedy)
{
    struct cf_finding finding = {
        .severity = severity, .subject = subject, .text = text, .remedy = remedy};

    check->report(check->arg, &finding);
}

static const char *
remedy_for(const struct cf_err *err)
{
    switch (err->rc) {
    case CF_E_DIRECTORY_DOWN:
        return "check the name, DNS, the port and firewalls; requests that need the directory wait";
    case CF_E_TLS:
        return "check ca_file, the name in uri, the server's certificate and this host's clock";
    case CF_E_AUTH:
        return "do what the text says; docs/directory.md lists the causes";
    case CF_E_PERMISSION:
        return "let only the service's user read the file";
    case CF_E_NOT_FOUND:
    case CF_E_CONFIG:
    case CF_E_IO:
        return "check the [directory] section and the files it names";
    default:
        return "look at docs/directory.md; try again later";
    }
}

static void
report_error(const struct check *check, const char *subject, const struct cf_err *err)
{
    report(check, CF_FINDING_ERROR, subject, err->text, remedy_for(err));
}

/* The keytab may have been changed since the start. */
static void
check_credential(const struct check *check)
{
    const struct cf_directory_settings *settings = check->ldap->settings;
    cf_own(cf_kerberos) kerberos = NULL;
    struct cf_err own = {0};
    char text[TEXT_SIZE];

    if (!check->ldap->kerberos) {
        report(check, CF_FINDING_OK, "directory credential", "the password can be read", NULL);
        return;
    }
    if (cf_ldap_new_kerberos(settings, NULL, &kerberos, &own) != CF_OK) {
        report_error(check, "directory credential", &own);
        return;
    }
    (void)snprintf(text, sizeof text, "the keytab has a key of %s",
                   cf_kerberos_principal(kerberos));
    report(check, CF_FINDING_OK, "directory credential", text, NULL);
}

static void
report_tls(const struct check *check, struct cf_ldap_conn *conn)
{
    cf_own(cf_cert) cert = NULL;
    char when[CF_TEXT_TIME_SIZE];
    char text[TEXT_SIZE];

    if (check->ldap->settings->tls == CF_DIRECTORY_SIGNED)
        return;
    if (cf_ldap_peer_cert(conn, &cert, NULL) != CF_OK) {
        (void)snprintf(text, sizeof text, "%s: TLS is up", conn->uri);
        report(check, CF_FINDING_OK, "directory TLS", text, NULL);
    } else {
        int64_t left_ms = cf_cert_not_after_ms(cert) - cf_clock_now_ms(check->ldap->env.clock);
        bool is_late = left_ms < WARN_DAYS * DAY_MS;
        cf_text_from_time(cf_cert_not_after_ms(cert), when);
        (void)snprintf(text, sizeof text,
                       "%s: TLS is up; the server's certificate is valid until %s", conn->uri,
                       when);
        report(check, is_late ? CF_FINDING_WARNING : CF_FINDING_OK, "directory TLS", text,
               is_late ? "renew the domain controller's certificate in time" : NULL);
    }
}

/* One search that finds nothing proves as much as one that finds. */
static enum cf_rc
try_search(struct cf_ldap_conn *conn, struct cf_err *err)
{
    cf_own(cf_account) account = NULL;

    enum cf_rc rc =
        cf_ldap_lookup(conn, CF_LDAP_USER, "certferry-check@invalid", false, &account, err);
    return rc == CF_E_NOT_FOUND ? CF_OK : rc;
}

static void
report_step(const struct check *check, const char *subject, const char *uri, const char *what,
            const char *detail)
{
    char text[TEXT_SIZE];

    (void)snprintf(text, sizeof text, "%s: %s%s", uri, what, detail);
    report(check, CF_FINDING_OK, subject, text, NULL);
}

/* Policies need groups, other requests do not: no more than a warning. */
static void
report_groups(const struct check *check, struct cf_ldap_conn *conn)
{
    struct cf_err own = {0};

    enum cf_rc rc = cf_ldap_try_groups(conn, &own);
    if (rc == CF_OK)
        report_step(check, "directory groups", conn->uri, "the groups of users are shown", "");
    else if (rc == CF_E_UNSUPPORTED)
        report(check, CF_FINDING_WARNING, "directory groups", own.text,
               "add it to Windows Authorization Access Group, or set refused_groups = none: until "
               "then no [policy] with refused_groups can be judged");
    else if (rc == CF_E_NOT_FOUND)
        report(check, CF_FINDING_WARNING, "directory groups", own.text,
               "check [directory] base, and what the connector's account may read");
    else
        report_error(check, "directory groups", &own);
}

static void
check_server(const struct check *check, const char *uri)
{
    cf_own(cf_ldap_conn) conn = NULL;
    struct cf_err own = {0};

    if (cf_ldap_dial(check->ldap, uri, &conn, &own) != CF_OK) {
        report_error(check, "directory server", &own);
        return;
    }
    report_step(check, "directory server", uri, "the server can be reached", "");
    if (cf_ldap_secure(conn, &own) != CF_OK) {
        report_error(check, "directory TLS", &own);
        return;
    }
    report_tls(check, conn);
    if (cf_ldap_bind(conn, &own) != CF_OK) {
        report_error(check, "directory bind", &own);
        return;
    }
    report_step(check, "directory bind", uri, "bound as ",
                check->ldap->kerberos ? cf_kerberos_principal(check->ldap->kerberos)
                                      : check->ldap->settings->bind_dn);
    if (cf_ldap_find_base(conn, &own) != CF_OK) {
        report_error(check, "directory base", &own);
        return;
    }
    report_step(check, "directory base", uri, "searches start at ", conn->base);
    if (try_search(conn, &own) != CF_OK) {
        report_error(check, "directory search", &own);
        return;
    }
    report_step(check, "directory search", uri, "a search is answered", "");
    report_groups(check, conn);
}

enum cf_rc
cf_ldap_check(struct cf_ldap *ldap, cf_finding_fn *report_fn, void *arg, struct cf_err *err)
{
    struct check check = {.ldap = ldap, .report = report_fn, .arg = arg};

    (void)err; /* what is wrong is a finding */
    check_credential(&check);
    for (size_t i = 0; i < ldap->n_uris; i++)
        check_server(&check, ldap->settings->uri[i]);
    return CF_OK;
}
