/* SPDX-License-Identifier: Apache-2.0 */
/* dial - a TCP connection that can be given up at any time, handed to libldap. */
#include <openldap.h>

#include "certferry/tcp.h"

#include "parts.h"

struct cf_ldap_conn *
cf_ldap_conn_free(struct cf_ldap_conn *conn)
{
    if (!conn)
        return NULL;
    if (conn->ld) {
        /* A farewell is a courtesy: it waits for nobody. */
        cf_ldap_limit(conn, 0);
        (void)ldap_unbind_ext(conn->ld, NULL, NULL);
    }
    cf_fdp_close(&conn->fd);
    cf_kerberos_release(conn->credential);
    free(conn->base);
    free(conn);
    return NULL;
}

static bool
set_int(LDAP *ld, int option, int value)
{
    return ldap_set_option(ld, option, &value) == LDAP_OPT_SUCCESS;
}

/* Everything that ldap.conf or the environment could have set otherwise. */
static bool
set_options(struct cf_ldap_conn *conn)
{
    struct timeval never = {.tv_sec = -1}; /* our own layer keeps the time */
    ber_len_t pdu_max = CF_LDAP_PDU_MAX;
    Sockbuf *sockbuf = NULL;
    LDAP *ld = conn->ld;

    return set_int(ld, LDAP_OPT_PROTOCOL_VERSION, LDAP_VERSION3) &&
           ldap_set_option(ld, LDAP_OPT_REFERRALS, LDAP_OPT_OFF) == LDAP_OPT_SUCCESS &&
           ldap_set_option(ld, LDAP_OPT_RESTART, LDAP_OPT_ON) == LDAP_OPT_SUCCESS &&
           ldap_set_option(ld, LDAP_OPT_X_SASL_NOCANON, LDAP_OPT_ON) == LDAP_OPT_SUCCESS &&
           ldap_set_option(ld, LDAP_OPT_NETWORK_TIMEOUT, &never) == LDAP_OPT_SUCCESS &&
           set_int(ld, LDAP_OPT_DEREF, LDAP_DEREF_NEVER) &&
           set_int(ld, LDAP_OPT_SIZELIMIT, LDAP_NO_LIMIT) &&
           ldap_get_option(ld, LDAP_OPT_SOCKBUF, &sockbuf) == LDAP_OPT_SUCCESS &&
           ber_sockbuf_ctrl(sockbuf, LBER_SB_OPT_SET_MAX_INCOMING, &pdu_max) >= 0 &&
           ber_sockbuf_add_io(sockbuf, &cf_ldap_io, LBER_SBIOD_LEVEL_PROVIDER, conn) == 0;
}

static enum cf_rc
dial(const struct cf_ldap *ldap, const LDAPURLDesc *url, struct cf_ldap_conn *conn,
     struct cf_err *err)
{
    struct cf_tcp_options options = {.host = url->lud_host,
                                     .port = (uint16_t)url->lud_port,
                                     .connect_timeout_ms = ldap->settings->connect_timeout_ms,
                                     .stop_flag = ldap->env.stop_flag};

    if (url->lud_port < 1 || url->lud_port > UINT16_MAX)
        return cf_fail(err, CF_E_CONFIG, "there is no port %d", url->lud_port);
    enum cf_rc rc = cf_tcp_dial(&options, &conn->fd, err);
    if (rc != CF_OK)
        return cf_ldap_as_down(rc, err);
    if (ldap_init_fd(conn->fd, LDAP_PROTO_EXT, conn->uri, &conn->ld) != LDAP_SUCCESS)
        return cf_fail_oom(err);
    if (!set_options(conn))
        return cf_fail(err, CF_E_BUG, "libldap refuses an option");
    return CF_OK;
}

enum cf_rc
cf_ldap_dial(const struct cf_ldap *ldap, const char *uri, struct cf_ldap_conn **ret_conn,
             struct cf_err *err)
{
    cf_own(cf_ldap_conn) conn = calloc(1, sizeof *conn);
    LDAPURLDesc *url = NULL;

    if (!conn)
        return cf_fail_oom(err);
    conn->ldap = ldap;
    conn->uri = uri;
    conn->fd = -1;
    if (ldap_url_parse(uri, &url) != LDAP_URL_SUCCESS)
        return cf_fail(err, CF_E_CONFIG, "[directory] uri: %s is no LDAP URL", uri);
    enum cf_rc rc = dial(ldap, url, conn, err);
    ldap_free_urldesc(url);
    if (rc != CF_OK)
        return cf_err_prefix(err, "%s", uri);
    *ret_conn = cf_give(conn);
    return CF_OK;
}
