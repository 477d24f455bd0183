/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "certferry/text.h"
#include "kerberos_internal.h"

enum { SAID_SIZE = 100 };

struct meaning {
    const char *sign; /* a part of libkrb5's text */
    enum cf_rc rc;
    enum cf_kerberos_cure cure;
    const char *text;
};

/*
 * Texts, not codes: libgssapi gives a code another number when a second mechanism reports it, as
 * SPNEGO does with those of Kerberos. The first that fits counts.
 */
static const struct meaning MEANINGS[] = {
    {"Clock skew", CF_E_NET, CF_KERBEROS_NO_CURE,
     "the clocks differ by more than five minutes; synchronise this host's with the domain's"},
    {"Cannot contact any KDC", CF_E_NET, CF_KERBEROS_NO_CURE,
     "no KDC answers; check krb5.conf, DNS and port 88"},
    {"Cannot find KDC", CF_E_NET, CF_KERBEROS_NO_CURE,
     "no KDC is known for the realm; check krb5.conf and DNS"},
    {"Cannot resolve network address", CF_E_NET, CF_KERBEROS_NO_CURE,
     "the KDC's name has no address; check krb5.conf and DNS"},
    {"service is not available", CF_E_NET, CF_KERBEROS_NO_CURE, "the KDC is not ready yet"},
    {"Preauthentication failed", CF_E_AUTH, CF_KERBEROS_NO_CURE,
     "the keytab's key is not the account's any more; export a new keytab_file"},
    {"Password incorrect", CF_E_AUTH, CF_KERBEROS_NO_CURE,
     "the keytab's key is not the account's any more; export a new keytab_file"},
    {"credentials have been revoked", CF_E_AUTH, CF_KERBEROS_NO_CURE,
     "the account is disabled, locked or expired; enable it"},
    {"entry in database has expired", CF_E_AUTH, CF_KERBEROS_NO_CURE,
     "the account has expired; extend it"},
    {"Password has expired", CF_E_AUTH, CF_KERBEROS_NO_CURE,
     "the account's password has expired; set a new one and export a new keytab_file"},
    {"Client not found in Kerberos database", CF_E_AUTH, CF_KERBEROS_NO_CURE,
     "the domain does not know the principal; check principal and the realm's letters"},
    {"Client '", CF_E_AUTH, CF_KERBEROS_NO_CURE,
     "the domain does not know the principal; check principal and the realm's letters"},
    {"not found in Kerberos database", CF_E_AUTH, CF_KERBEROS_NO_CURE,
     "no account has this service name; use the server's full DNS name, or register it with "
     "setspn -S"},
    {"Decrypt integrity check failed", CF_E_AUTH, CF_KERBEROS_FORGET,
     "a key has been changed; export a new keytab_file, or wait until the domain controllers "
     "agree"},
    {"Message stream modified", CF_E_AUTH, CF_KERBEROS_FORGET,
     "the server cannot read the ticket: its key was changed, or the service name is another "
     "account's; see setspn -Q"},
    {"Cannot decrypt ticket", CF_E_AUTH, CF_KERBEROS_FORGET,
     "the server cannot read the ticket: its key was changed, or the service name is another "
     "account's; see setspn -Q"},
    {"in keytab", CF_E_AUTH, CF_KERBEROS_FORGET,
     "the server has no key for the ticket: its key was changed, or the service name is another "
     "account's; see setspn -Q"},
    {"ersion of key is not available", CF_E_AUTH, CF_KERBEROS_FORGET,
     "the server's key was changed; it is tried with a new ticket"},
    {"Ticket expired", CF_E_AUTH, CF_KERBEROS_FORGET,
     "the ticket has run out; it is tried with a new one, and when that goes on this host's clock "
     "is "
     "ahead of the domain's"},
    {"Ticket not yet valid", CF_E_NET, CF_KERBEROS_FORGET,
     "the ticket is not valid yet; synchronise this host's clock with the domain's"},
    {"atching credential not found", CF_E_AUTH, CF_KERBEROS_ACQUIRE,
     "there is no ticket; check krb5.conf"},
    {"No credentials cache found", CF_E_AUTH, CF_KERBEROS_ACQUIRE,
     "there is no ticket; check krb5.conf"},
    {"ncryption type", CF_E_AUTH, CF_KERBEROS_NO_CURE,
     "the keytab's encryption types are not the domain's; export a keytab with AES keys"},
    {"KDC has no support", CF_E_AUTH, CF_KERBEROS_NO_CURE,
     "the keytab's encryption types are not the domain's; export a keytab with AES keys"},
    {"ey table", CF_E_AUTH, CF_KERBEROS_NO_CURE,
     "keytab_file has no key of the principal any more; export it anew"},
    {"KDC policy", CF_E_AUTH, CF_KERBEROS_NO_CURE,
     "the domain's policy forbids it; check the account's restrictions"},
    {"ASN.1", CF_E_PROTOCOL, CF_KERBEROS_NO_CURE, "the peer's token is not Kerberos'"},
    {"Invalid message type", CF_E_PROTOCOL, CF_KERBEROS_NO_CURE,
     "the peer's token is not Kerberos'"},
};

static struct meaning
by_major(OM_uint32 major)
{
    switch (GSS_ROUTINE_ERROR(major)) {
    case GSS_S_DEFECTIVE_TOKEN:
        return (struct meaning){.rc = CF_E_PROTOCOL, .text = "the peer's token is not Kerberos'"};
    case GSS_S_BAD_BINDINGS:
        return (struct meaning){.rc = CF_E_AUTH,
                                .text =
                                    "channel binding failed; is something opening TLS on the way?"};
    case GSS_S_BAD_MECH:
        return (struct meaning){.rc = CF_E_AUTH, .text = "the peer does not take Kerberos"};
    default:
        return (struct meaning){.rc = CF_E_AUTH,
                                .text = "refused; check the account, the keytab and krb5.conf"};
    }
}

static void
tell(gss_OID mech, OM_uint32 major, OM_uint32 minor, char *ret, size_t size)
{
    gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
    OM_uint32 ignored, more = 0;

    if (gss_display_status(&ignored, minor != 0 ? minor : major,
                           minor != 0 ? GSS_C_MECH_CODE : GSS_C_GSS_CODE, mech, &more,
                           &text) == GSS_S_COMPLETE)
        cf_text_sanitize(text.value, text.length, ret, size);
    (void)gss_release_buffer(&ignored, &text);
}

enum cf_rc
cf_kerberos_explain(const char *who, gss_OID mech, OM_uint32 major, OM_uint32 minor,
                    enum cf_kerberos_cure *ret_cure, struct cf_err *err)
{
    struct meaning meaning = by_major(major);
    char said[1024] = "";

    tell(mech, major, minor, said, sizeof said);
    for (size_t i = 0; i < CF_COUNT(MEANINGS); i++) {
        if (strstr(said, MEANINGS[i].sign)) {
            meaning = MEANINGS[i];
            break;
        }
    }
    if (ret_cure)
        *ret_cure = meaning.cure;
    return cf_fail(err, meaning.rc, "Kerberos: %.60s: %s (%.*s)", who, meaning.text, SAID_SIZE,
                   said);
}
