/* SPDX-License-Identifier: Apache-2.0 */
/* bind - proves who we are: a password inside TLS, or Kerberos with a key from a keytab. */
#include <sasl/sasl.h>
#include <stdio.h>
#include <string.h>

#include "explain.h"
#include "parts.h"

enum { SERVICE_SIZE = 300 };

static enum cf_rc
fail(struct cf_ldap_conn *conn, int code, struct cf_err *err)
{
    char *diagnostic = NULL;

    conn->is_lost = true;
    CF_TRY(cf_ldap_interrupted(conn, "bind", err));
    (void)ldap_get_option(conn->ld, LDAP_OPT_DIAGNOSTIC_MESSAGE, &diagnostic);
    /* A server may quote what it was sent. */
    if (diagnostic && conn->ldap->password)
        cf_secret_mask(conn->ldap->password, diagnostic);
    enum cf_rc rc = cf_ldap_explain(CF_LDAP_STAGE_BIND, conn->uri, code, diagnostic, err);
    ldap_memfree(diagnostic);
    return rc;
}

static int
library_code(LDAP *ld)
{
    int code = LDAP_OTHER;

    (void)ldap_get_option(ld, LDAP_OPT_RESULT_CODE, &code);
    return code;
}

static enum cf_rc
bind_simple(struct cf_ldap_conn *conn, struct cf_err *err)
{
    const struct cf_secret *password = conn->ldap->password;
    struct berval credential = {.bv_len = cf_secret_len(password)};
    LDAPMessage *message = NULL;
    int msgid = 0;
    int answer = LDAP_OTHER;

    /* libldap's type wants a pointer to what it does not change. */
    memcpy(&credential.bv_val, &(const void *){cf_secret_data(password)}, sizeof(char *));
    int code = ldap_sasl_bind(conn->ld, conn->ldap->settings->bind_dn, LDAP_SASL_SIMPLE,
                              &credential, NULL, NULL, &msgid);
    if (code != LDAP_SUCCESS)
        return fail(conn, code, err);
    CF_TRY(cf_ldap_await(conn, msgid, "bind", &message, err));
    code = ldap_parse_result(conn->ld, message, &answer, NULL, NULL, NULL, NULL, 1);
    if (code == LDAP_SUCCESS && answer != LDAP_SUCCESS) {
        /* The text came with the answer; libldap keeps it for the option, too. */
        return fail(conn, answer, err);
    }
    return code == LDAP_SUCCESS ? CF_OK : fail(conn, code, err);
}

struct interaction {
    void *credential;
    bool has_credential;
};

/*
 * libsasl asks here for names, which the ticket gives it; the one moment between making the SASL
 * context and using it, so the credential goes in now.
 */
static int
interact(LDAP *ld, unsigned flags, void *arg, void *prompts)
{
    struct interaction *interaction = arg;

    (void)flags;
    if (!interaction->has_credential) {
        if (ldap_set_option(ld, LDAP_OPT_X_SASL_GSS_CREDS, interaction->credential) !=
            LDAP_OPT_SUCCESS)
            return LDAP_PARAM_ERROR;
        interaction->has_credential = true;
    }
    for (sasl_interact_t *prompt = prompts; prompt->id != SASL_CB_LIST_END; prompt++) {
        prompt->result = "";
        prompt->len = 0;
    }
    return LDAP_SUCCESS;
}

/* Active Directory refuses a SASL layer inside TLS, and wants one without TLS. */
static bool
set_security(struct cf_ldap_conn *conn)
{
    bool is_signed = conn->ldap->settings->tls == CF_DIRECTORY_SIGNED;
    int binding = is_signed ? LDAP_OPT_X_SASL_CBINDING_NONE : LDAP_OPT_X_SASL_CBINDING_TLS_ENDPOINT;
    char layered[] = "noanonymous,noplain,minssf=56";
    char bare[] = "noanonymous,noplain,minssf=0,maxssf=0";

    return ldap_set_option(conn->ld, LDAP_OPT_X_SASL_SECPROPS, is_signed ? layered : bare) ==
               LDAP_OPT_SUCCESS &&
           ldap_set_option(conn->ld, LDAP_OPT_X_SASL_CBINDING, &binding) == LDAP_OPT_SUCCESS;
}

static enum cf_rc
exchange(struct cf_ldap_conn *conn, struct cf_err *err)
{
    struct interaction interaction = {.credential = conn->credential};
    LDAPMessage *message = NULL;
    const char *mechanism = NULL;
    int msgid = 0;

    for (;;) {
        int code = ldap_sasl_interactive_bind(conn->ld, NULL, "GSSAPI", NULL, NULL, LDAP_SASL_QUIET,
                                              interact, &interaction, message, &mechanism, &msgid);
        ldap_msgfree(message);
        message = NULL;
        if (code != LDAP_SASL_BIND_IN_PROGRESS) {
            if (code != LDAP_SUCCESS)
                return fail(conn, code < 0 ? code : library_code(conn->ld), err);
            break;
        }
        CF_TRY(cf_ldap_await(conn, msgid, "bind", &message, err));
    }
    if (!interaction.has_credential)
        return cf_fail(err, CF_E_BUG, "%s: bind: the keytab's credential was not used", conn->uri);
    return CF_OK;
}

enum cf_rc
cf_ldap_new_kerberos(const struct cf_directory_settings *settings, const volatile int *stop_flag,
                     struct cf_kerberos **ret_kerberos, struct cf_err *err)
{
    struct cf_kerberos_options options = {.keytab_file = settings->keytab_file,
                                          .principal = settings->principal,
                                          .section = "[directory]",
                                          .timeout_ms = settings->timeout_ms,
                                          .stop_flag = stop_flag};

    return cf_kerberos_new(&options, ret_kerberos, err);
}

/* The ticket as well: libsasl would wait for a silent KDC without an end. */
static enum cf_rc
acquire(struct cf_ldap_conn *conn, struct cf_err *err)
{
    char service[SERVICE_SIZE];
    LDAPURLDesc *url = NULL;

    if (ldap_url_parse(conn->uri, &url) != LDAP_URL_SUCCESS)
        return cf_fail_oom(err); /* it was parsed to get here */
    int len = snprintf(service, sizeof service, "ldap@%s", url->lud_host);
    ldap_free_urldesc(url);
    if (len < 0 || (size_t)len >= sizeof service)
        return cf_fail(err, CF_E_CONFIG, "the host's name is too long");
    return cf_kerberos_acquire(conn->ldap->kerberos, service, &conn->credential, err);
}

static enum cf_rc
bind_gssapi(struct cf_ldap_conn *conn, struct cf_err *err)
{
    if (!set_security(conn))
        return cf_fail(err, CF_E_BUG, "libldap refuses a SASL option");
    enum cf_rc rc = acquire(conn, err);
    if (rc == CF_OK) {
        cf_ldap_limit(conn, conn->ldap->settings->timeout_ms); /* the tickets took their own time */
        rc = exchange(conn, err);
    } else {
        rc = cf_ldap_as_down(rc, err);
        (void)cf_err_prefix(err, "%s: bind", conn->uri);
    }
    /* A ticket that was refused must not be offered again. */
    if (rc == CF_E_AUTH)
        cf_kerberos_forget(conn->ldap->kerberos);
    return rc;
}

enum cf_rc
cf_ldap_bind(struct cf_ldap_conn *conn, struct cf_err *err)
{
    cf_ldap_limit(conn, conn->ldap->settings->timeout_ms);
    return conn->ldap->kerberos ? bind_gssapi(conn, err) : bind_simple(conn, err);
}
