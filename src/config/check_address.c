/* SPDX-License-Identifier: Apache-2.0 */
/* check_address - what databases, listeners and tokens are called. */
#include <string.h>

#include "certferry/key.h"
#include "certferry/text.h"
#include "schema.h"

/* Not shown: somebody may have put a password into it. */
enum cf_rc
cf_check_connection(const char *word, struct cf_err *err)
{
    if (strcasestr(word, "password"))
        return cf_fail(err, CF_E_SYNTAX,
                       "a password does not belong into it: name its file with password_file");
    if (strstr(word, "://") || !strchr(word, '='))
        return cf_fail(err, CF_E_SYNTAX,
                       "must be written as KEYWORD=VALUE, for example host=db.example.com "
                       "dbname=certferry user=certferry");
    return CF_OK;
}

static bool
is_host(const char *word, size_t len)
{
    static const char LETTERS[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

    return len > 0 && len <= 253 && strspn(word, LETTERS) == len;
}

static bool
is_ipv6(const char *word, size_t len)
{
    return len >= 4 && len <= 64 && word[0] == '[' && word[len - 1] == ']' &&
           strspn(word + 1, "0123456789abcdefABCDEF:.") == len - 2;
}

enum cf_rc
cf_check_listen(const char *word, struct cf_err *err)
{
    const char *port = strrchr(word, ':');
    size_t len = port ? (size_t)(port - word) : 0;
    uint64_t number = 0;

    if (!port || !(is_host(word, len) || is_ipv6(word, len)))
        return cf_fail(err, CF_E_SYNTAX,
                       "\"%.80s\" must be written as HOST:PORT or [IPv6]:PORT, for example "
                       "0.0.0.0:443 or [::]:443",
                       word);
    if (cf_text_u64(port + 1, 1, 65535, &number, NULL) != CF_OK)
        return cf_fail(err, CF_E_SYNTAX, "\"%.80s\" has no port from 1 to 65535", word);
    return CF_OK;
}

/* RFC 7512. Which key it is changes with each renewal, so that the URI may not say it. */
enum cf_rc
cf_check_token_uri(const char *word, struct cf_err *err)
{
    CF_TRY(cf_check_key_uri(word, err));
    if (strncasecmp(word, "pkcs11:", 7) != 0)
        return cf_fail(err, CF_E_SYNTAX, "must begin with pkcs11:");
    if (strcasestr(word, "object=") || strcasestr(word, ";id=") || strcasestr(word, ":id="))
        return cf_fail(err, CF_E_SYNTAX,
                       "must name the token alone, without object and id: keys are made in it");
    return CF_OK;
}

enum cf_rc
cf_check_key_kind(const char *word, struct cf_err *err)
{
    for (const struct cf_choice *choice = cf_choices_key; choice->name; choice++) {
        if (strcmp(choice->name, word) == 0)
            return CF_OK;
    }
    return cf_fail(err, CF_E_SYNTAX, "\"%.60s\" is none of rsa2048, rsa3072, rsa4096, p256, p384",
                   word);
}
