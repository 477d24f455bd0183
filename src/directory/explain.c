/* SPDX-License-Identifier: Apache-2.0 */
#include "explain.h"

#include <ldap.h>
#include <string.h>

#include "certferry/text.h"

enum { DIAGNOSTIC_SIZE = 120 };

struct meaning {
    const char *sign; /* a part of the diagnostic text */
    enum cf_rc rc;
    const char *text;
};

/* Active Directory's "data NNN", Kerberos' and GnuTLS' texts; the first that fits counts. */
static const struct meaning MEANINGS[] = {
    {"data 525", CF_E_AUTH, "the account does not exist; check bind_dn"},
    {"data 52e", CF_E_AUTH, "wrong password or account; check bind_dn and password_file"},
    {"data 530", CF_E_AUTH, "the account may not log on at this time; change its logon hours"},
    {"data 531", CF_E_AUTH, "the account may not log on from this host; change its workstations"},
    {"data 532", CF_E_AUTH, "the password has expired; set a new one in password_file"},
    {"data 533", CF_E_AUTH, "the account is disabled; enable it"},
    {"data 568", CF_E_AUTH, "the account is in too many groups"},
    {"data 701", CF_E_AUTH, "the account has expired; extend it"},
    {"data 773", CF_E_AUTH, "the password has to be changed first; take that mark off the account"},
    {"data 775", CF_E_AUTH, "the account is locked out; unlock it and check password_file"},
    {"data 80090346", CF_E_AUTH, "channel binding failed; is something opening TLS on the way?"},
    {"Sign or Seal are required", CF_E_AUTH,
     "the server wants signed connections; set protection = signed (or ldaps)"},
    {"BindSimple: Transport encryption required", CF_E_AUTH,
     "the server wants TLS; set protection = ldaps or starttls"},
    {"Clock skew", CF_E_DIRECTORY_DOWN,
     "the clocks differ by more than five minutes; synchronise this host's with the domain's"},
    {"Preauthentication failed", CF_E_AUTH,
     "the keytab's key is not the account's any more; export a new keytab_file"},
    {"Password incorrect", CF_E_AUTH,
     "the keytab's key is not the account's any more; export a new keytab_file"},
    {"Decrypt integrity check failed", CF_E_AUTH,
     "a key has been changed; export a new keytab_file, or wait until the domain controllers "
     "agree"},
    {"credentials have been revoked", CF_E_AUTH,
     "the account is disabled, locked or expired; enable it"},
    {"Client not found in Kerberos database", CF_E_AUTH,
     "the domain does not know the principal; check principal and the realm's letters"},
    {"Client '", CF_E_AUTH,
     "the domain does not know the principal; check principal and the realm's letters"},
    {"not found in Kerberos database", CF_E_AUTH,
     "no account has the service name ldap/HOST; use in uri the server's full DNS name, or "
     "register it with setspn"},
    {"Server not found", CF_E_AUTH,
     "no account has the service name ldap/HOST; use in uri the server's full DNS name, or "
     "register it with setspn"},
    {"Cannot contact any KDC", CF_E_DIRECTORY_DOWN,
     "no Kerberos server answers; check krb5.conf, DNS and port 88"},
    {"Cannot find KDC", CF_E_DIRECTORY_DOWN,
     "no Kerberos server is known for the realm; check krb5.conf and DNS"},
    {"encryption type", CF_E_AUTH,
     "the keytab's encryption types are not the domain's; export a keytab with AES keys"},
    {"KDC has no support", CF_E_AUTH,
     "the keytab's encryption types are not the domain's; export a keytab with AES keys"},
    {"No worthy mechs found", CF_E_AUTH,
     "the GSSAPI mechanism is missing; install libsasl2-modules-gssapi-mit"},
    {"non-properly terminated", CF_E_DIRECTORY_DOWN, "the server hung up during TLS"},
    {"push function", CF_E_DIRECTORY_DOWN, "the server hung up during TLS"},
    {"pull function", CF_E_DIRECTORY_DOWN, "the server hung up during TLS"},
    /* What GnuTLS leaves when libldap itself refuses the certificate. */
    {"(unknown error code)", CF_E_TLS,
     "the certificate is refused: expired, not yet valid, not signed by a CA of ca_file, or not "
     "for the name in uri"},
    {"hostname does not match", CF_E_TLS,
     "the certificate is not for this name; use in uri a name that the certificate has"},
    {"in the certificate verification", CF_E_TLS,
     "the certificate is expired, not yet valid, or not signed by a CA of ca_file"},
    {"successful bind must be completed", CF_E_AUTH, "the server lost the bind"},
};

struct code_meaning {
    int code;
    enum cf_rc rc;
    const char *text;
};

static const struct code_meaning CODES[] = {
    {LDAP_SERVER_DOWN, CF_E_DIRECTORY_DOWN, "the server does not answer or hung up"},
    {LDAP_TIMEOUT, CF_E_DIRECTORY_DOWN, "no answer in time"},
    {LDAP_BUSY, CF_E_DIRECTORY_DOWN, "the server is busy"},
    {LDAP_UNAVAILABLE, CF_E_DIRECTORY_DOWN, "the server is not available"},
    {LDAP_TIMELIMIT_EXCEEDED, CF_E_DIRECTORY_DOWN, "the server's time limit was passed"},
    {LDAP_ADMINLIMIT_EXCEEDED, CF_E_DIRECTORY_DOWN, "a limit of the server was passed"},
    {LDAP_INVALID_CREDENTIALS, CF_E_AUTH,
     "wrong password or account; check bind_dn and password_file, or keytab_file"},
    {LDAP_INAPPROPRIATE_AUTH, CF_E_AUTH, "the account has no password; check bind_dn"},
    {LDAP_STRONG_AUTH_REQUIRED, CF_E_AUTH,
     "the server wants a protected connection; check auth and protection"},
    {LDAP_CONFIDENTIALITY_REQUIRED, CF_E_AUTH,
     "the server wants TLS; set protection = ldaps or starttls"},
    {LDAP_AUTH_METHOD_NOT_SUPPORTED, CF_E_AUTH, "the server does not take this way of auth"},
    {LDAP_AUTH_UNKNOWN, CF_E_AUTH, "the server does not take this way of auth"},
    {LDAP_INSUFFICIENT_ACCESS, CF_E_AUTH, "the account may not read this; give it read rights"},
    {LDAP_NO_MEMORY, CF_E_OOM, "out of memory"},
    {LDAP_REFERRAL, CF_E_CONFIG, "the server points elsewhere; check base, use a server of it"},
    {LDAP_NO_SUCH_OBJECT, CF_E_CONFIG, "there is no such entry; check base"},
};

static const char *const DOING[] = {
    [CF_LDAP_STAGE_TLS] = "TLS",
    [CF_LDAP_STAGE_BIND] = "bind",
    [CF_LDAP_STAGE_SEARCH] = "search",
};

static struct code_meaning
by_stage(enum cf_ldap_stage stage, int code)
{
    for (size_t i = 0; i < CF_COUNT(CODES); i++) {
        if (CODES[i].code == code)
            return CODES[i];
    }
    switch (stage) {
    case CF_LDAP_STAGE_TLS:
        return (struct code_meaning){
            code, CF_E_TLS,
            "no protected connection came about; check ca_file, uri and the server's "
            "certificate"};
    case CF_LDAP_STAGE_BIND:
        return (struct code_meaning){code, CF_E_AUTH,
                                     "the server refuses; check auth, protection and the account"};
    case CF_LDAP_STAGE_SEARCH:
        break;
    }
    return (struct code_meaning){code, CF_E_PROTOCOL, "the search failed"};
}

enum cf_rc
cf_ldap_explain(enum cf_ldap_stage stage, const char *uri, int code, const char *diagnostic,
                struct cf_err *err)
{
    struct code_meaning meaning = by_stage(stage, code);
    char said[DIAGNOSTIC_SIZE] = "";

    if (diagnostic)
        cf_text_sanitize(diagnostic, strlen(diagnostic), said, sizeof said);
    for (size_t i = 0; diagnostic && i < CF_COUNT(MEANINGS); i++) {
        if (strstr(diagnostic, MEANINGS[i].sign)) {
            meaning.rc = MEANINGS[i].rc;
            meaning.text = MEANINGS[i].text;
            break;
        }
    }
    (void)cf_fail(err, meaning.rc, "%s: %s: %s (%d %s%s%s)", uri, DOING[stage], meaning.text, code,
                  ldap_err2string(code), said[0] ? ": " : "", said);
    if (err)
        err->native = code;
    return cf_never_ok_(meaning.rc);
}
