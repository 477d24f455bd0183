/* SPDX-License-Identifier: Apache-2.0 */
/* tls - a context of its own for each connection: certificate demanded, name checked, TLS 1.2. */
#include "certferry/cert.h"
#include "certferry/text.h"

#include "explain.h"
#include "parts.h"

/* demand: LDAP_OPT_X_TLS_DEMAND, or _NEVER to look at a certificate that was refused. */
static enum cf_rc
prepare(struct cf_ldap_conn *conn, int demand, struct cf_err *err)
{
    int names = LDAP_OPT_X_TLS_TRY; /* the subject's CN counts only without alternative names */
    int least = LDAP_OPT_X_TLS_PROTOCOL_TLS1_2;
    int is_server = 0;
    LDAP *ld = conn->ld;

    /* A client certificate, directory of CAs or cipher list of ldap.conf is not meant for us. */
    if (ldap_set_option(ld, LDAP_OPT_X_TLS_CACERTFILE, conn->ldap->ca_file) != LDAP_OPT_SUCCESS ||
        ldap_set_option(ld, LDAP_OPT_X_TLS_CACERTDIR, NULL) != LDAP_OPT_SUCCESS ||
        ldap_set_option(ld, LDAP_OPT_X_TLS_CERTFILE, NULL) != LDAP_OPT_SUCCESS ||
        ldap_set_option(ld, LDAP_OPT_X_TLS_KEYFILE, NULL) != LDAP_OPT_SUCCESS ||
        ldap_set_option(ld, LDAP_OPT_X_TLS_CIPHER_SUITE, NULL) != LDAP_OPT_SUCCESS ||
        ldap_set_option(ld, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand) != LDAP_OPT_SUCCESS ||
        ldap_set_option(ld, LDAP_OPT_X_TLS_REQUIRE_SAN, &names) != LDAP_OPT_SUCCESS ||
        ldap_set_option(ld, LDAP_OPT_X_TLS_PROTOCOL_MIN, &least) != LDAP_OPT_SUCCESS)
        return cf_fail(err, CF_E_BUG, "libldap refuses a TLS option");
    if (ldap_set_option(ld, LDAP_OPT_X_TLS_NEWCTX, &is_server) != LDAP_OPT_SUCCESS)
        return cf_fail(err, CF_E_CONFIG, "[directory] ca_file: %s holds no certificates",
                       conn->ldap->ca_file);
    return CF_OK;
}

static enum cf_rc
fail(struct cf_ldap_conn *conn, int code, struct cf_err *err)
{
    char *diagnostic = NULL;

    conn->is_lost = true;
    CF_TRY(cf_ldap_interrupted(conn, "TLS", err));
    (void)ldap_get_option(conn->ld, LDAP_OPT_DIAGNOSTIC_MESSAGE, &diagnostic);
    enum cf_rc rc = cf_ldap_explain(CF_LDAP_STAGE_TLS, conn->uri, code, diagnostic, err);
    ldap_memfree(diagnostic);
    return rc;
}

static enum cf_rc
ask_start_tls(struct cf_ldap_conn *conn, struct cf_err *err)
{
    LDAPMessage *message = NULL;
    int msgid = 0;
    int answer = LDAP_OTHER;

    int code = ldap_start_tls(conn->ld, NULL, NULL, &msgid);
    if (code != LDAP_SUCCESS)
        return fail(conn, code, err);
    CF_TRY(cf_ldap_await(conn, msgid, "StartTLS", &message, err));
    code = ldap_parse_result(conn->ld, message, &answer, NULL, NULL, NULL, NULL, 1);
    if (code != LDAP_SUCCESS || answer != LDAP_SUCCESS)
        return fail(conn, code != LDAP_SUCCESS ? code : answer, err);
    return CF_OK;
}

enum cf_rc
cf_ldap_peer_cert(struct cf_ldap_conn *conn, struct cf_cert **ret_cert, struct cf_err *err)
{
    struct berval der = {0};

    if (ldap_get_option(conn->ld, LDAP_OPT_X_TLS_PEERCERT, &der) != LDAP_OPT_SUCCESS)
        return cf_fail(err, CF_E_NOT_FOUND, "the server's certificate is not shown");
    enum cf_rc rc = cf_cert_parse(cf_bytes_of(der.bv_val, der.bv_len), ret_cert, err);
    ldap_memfree(der.bv_val);
    return rc;
}

/* Nothing but the handshake is sent over this connection. */
static enum cf_rc
look_at_cert(const struct cf_ldap *ldap, const char *uri, struct cf_cert **ret_cert,
             struct cf_err *err)
{
    cf_own(cf_ldap_conn) conn = NULL;

    CF_TRY(cf_ldap_dial(ldap, uri, &conn, err));
    CF_TRY(prepare(conn, LDAP_OPT_X_TLS_NEVER, err));
    cf_ldap_limit(conn, ldap->settings->connect_timeout_ms);
    if (ldap->settings->tls == CF_DIRECTORY_STARTTLS)
        CF_TRY(ask_start_tls(conn, err));
    int code = ldap_install_tls(conn->ld);
    if (code != LDAP_SUCCESS)
        return fail(conn, code, err);
    return cf_ldap_peer_cert(conn, ret_cert, err);
}

/* libldap only says that it refuses a certificate; the dates tell more. */
static enum cf_rc
fail_cert(struct cf_ldap_conn *conn, int code, struct cf_err *err)
{
    cf_own(cf_cert) cert = NULL;
    int64_t now_ms = cf_clock_now_ms(conn->ldap->env.clock);
    char when[CF_TEXT_TIME_SIZE];

    enum cf_rc rc = fail(conn, code, err);
    if (rc != CF_E_TLS || look_at_cert(conn->ldap, conn->uri, &cert, NULL) != CF_OK)
        return rc;
    if (cf_cert_not_after_ms(cert) < now_ms) {
        cf_text_from_time(cf_cert_not_after_ms(cert), when);
        return cf_fail(err, CF_E_TLS, "%s: TLS: the server's certificate expired at %s; renew it",
                       conn->uri, when);
    }
    if (cf_cert_not_before_ms(cert) > now_ms) {
        cf_text_from_time(cf_cert_not_before_ms(cert), when);
        return cf_fail(
            err, CF_E_TLS,
            "%s: TLS: the server's certificate is not valid before %s; check this host's "
            "clock",
            conn->uri, when);
    }
    return cf_fail(err, CF_E_TLS,
                   "%s: TLS: the server's certificate is not for the name in uri, or not signed by "
                   "a CA of ca_file (%s); see it with gnutls-cli",
                   conn->uri, conn->ldap->ca_file);
}

enum cf_rc
cf_ldap_secure(struct cf_ldap_conn *conn, struct cf_err *err)
{
    if (conn->ldap->settings->tls == CF_DIRECTORY_SIGNED)
        return CF_OK;
    CF_TRY(prepare(conn, LDAP_OPT_X_TLS_DEMAND, err));
    cf_ldap_limit(conn, conn->ldap->settings->connect_timeout_ms);
    if (conn->ldap->settings->tls == CF_DIRECTORY_STARTTLS)
        CF_TRY(ask_start_tls(conn, err));
    int code = ldap_install_tls(conn->ld);
    if (code != LDAP_SUCCESS)
        return fail_cert(conn, code, err);
    return CF_OK;
}
