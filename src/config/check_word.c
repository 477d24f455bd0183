/* SPDX-License-Identifier: Apache-2.0 */
/* check_word - what addresses, names and rules must look like, word by word. */
#include <string.h>

#include "certferry/dn.h"
#include "certferry/sid.h"
#include "certferry/text.h"
#include "schema.h"

/* Not shown: somebody may have put a password into it. */
enum cf_rc
cf_check_ldap_uri(const char *word, struct cf_err *err)
{
    static const char LETTERS[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:[]";
    enum { URI_MAX = 255 };

    if (!cf_text_starts_with(word, "ldap://") && !cf_text_starts_with(word, "ldaps://"))
        return cf_fail(err, CF_E_SYNTAX, "must begin with ldaps:// or ldap://");
    const char *host = strstr(word, "://") + 3;
    size_t len = strlen(host);
    if (len == 0 || *host == ':' || strspn(host, LETTERS) != len || strlen(word) > URI_MAX)
        return cf_fail(err, CF_E_SYNTAX,
                       "must be written as ldaps://HOST or ldaps://HOST:PORT, without anything "
                       "behind it");
    return CF_OK;
}

enum cf_rc
cf_check_dn(const char *word, struct cf_err *err)
{
    cf_own(cf_dn) dn = NULL;
    struct cf_err own = {0};

    enum cf_rc rc = cf_dn_parse_text(word, &dn, &own);
    if (rc == CF_E_OOM)
        return cf_fail_oom(err);
    if (rc != CF_OK || cf_dn_count(dn) == 0)
        return cf_fail(err, CF_E_SYNTAX, "is no distinguished name such as DC=example,DC=com: %s",
                       rc != CF_OK ? own.text : "it is empty");
    return CF_OK;
}

enum cf_rc
cf_check_principal(const char *word, struct cf_err *err)
{
    const char *realm = strrchr(word, '@');

    if (!realm || realm == word || realm[1] == '\0' || strpbrk(word, " \t"))
        return cf_fail(err, CF_E_SYNTAX,
                       "must be written as NAME@REALM, for example certferry@EXAMPLE.COM");
    return CF_OK;
}

enum cf_rc
cf_check_upn_suffix(const char *word, struct cf_err *err)
{
    if (strchr(word, '@'))
        return cf_fail(err, CF_E_SYNTAX, "\"%.80s\" has an @: write only what stands behind it",
                       word);
    if (*word == '.' || *word == '\0' || strpbrk(word, "* "))
        return cf_fail(err, CF_E_SYNTAX,
                       "\"%.80s\" is no domain: write each as a whole, such as example.com", word);
    return CF_OK;
}

static enum cf_rc
check_name(const char *word, struct cf_err *err)
{
    if (*word == '\0')
        return cf_fail(err, CF_E_SYNTAX, "a word is empty: remove its quotes");
    if (strchr(word, '*'))
        return cf_fail(err, CF_E_SYNTAX, "\"%.80s\" has a *, but names are whole ones here", word);
    /* Taken as a name it would match nobody, in silence. */
    if (strncasecmp(word, "S-1-", 4) == 0)
        return cf_sid_check(word, err);
    return CF_OK;
}

enum cf_rc
cf_check_account(const char *word, struct cf_err *err)
{
    return check_name(word, err);
}

enum cf_rc
cf_check_group(const char *word, struct cf_err *err)
{
    if (strcmp(word, "none") == 0)
        return cf_fail(err, CF_E_SYNTAX, "none can only stand alone");
    if (strcmp(word, "privileged") != 0 && strcasecmp(word, "privileged") == 0)
        return cf_fail(err, CF_E_SYNTAX, "write privileged in small letters");
    return check_name(word, err);
}

/* Not shown: it may hold a PIN, which must not be in it. */
enum cf_rc
cf_check_key_uri(const char *word, struct cf_err *err)
{
    static const char SCHEME_LETTERS[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-";
    size_t len = strspn(word, SCHEME_LETTERS);

    if (strcasestr(word, "pin-value") || strcasestr(word, "pin-source"))
        return cf_fail(err, CF_E_SYNTAX,
                       "a PIN does not belong into a URI: name its file with "
                       "pin_file");
    if (len < 2 || word[len] != ':' || word[len + 1] == '\0' || strchr(word, ' '))
        return cf_fail(err, CF_E_SYNTAX,
                       "must be a URI such as pkcs11:token=NAME;object=NAME, without blanks");
    if (strncasecmp(word, "file:", 5) == 0)
        return cf_fail(err, CF_E_SYNTAX, "a file is named with key_file");
    return CF_OK;
}
