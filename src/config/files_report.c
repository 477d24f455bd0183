/* SPDX-License-Identifier: Apache-2.0 */
/* files_report - one file looked at, and what is said about it. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "certferry/file.h"
#include "certferry/text.h"
#include "files.h"
#include "value.h"

enum { TEXT_SIZE = 512 };

void
cf_check_begin(struct cf_check *check, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(check->subject, sizeof check->subject, format, args);
    va_end(args);
}

static void say(const struct cf_check *check, enum cf_severity severity, const char *remedy,
                const char *format, va_list args) CF_PRINTF(4, 0);

static void
say(const struct cf_check *check, enum cf_severity severity, const char *remedy, const char *format,
    va_list args)
{
    char text[TEXT_SIZE];
    struct cf_finding finding = {
        .severity = severity, .subject = check->subject, .text = text, .remedy = remedy};

    (void)vsnprintf(text, sizeof text, format, args);
    check->report(check->arg, &finding);
}

void
cf_check_ok(const struct cf_check *check, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(check, CF_FINDING_OK, NULL, format, args);
    va_end(args);
}

void
cf_check_warn(const struct cf_check *check, const char *remedy, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(check, CF_FINDING_WARNING, remedy, format, args);
    va_end(args);
}

void
cf_check_fail(const struct cf_check *check, const char *remedy, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(check, CF_FINDING_ERROR, remedy, format, args);
    va_end(args);
}

static bool
is_hidden_credential(const char *path, const struct cf_err *err)
{
    return !secure_getenv("CREDENTIALS_DIRECTORY") &&
           (cf_text_starts_with(path, CF_CREDENTIALS CF_UNIT_OF_SERVICE ".service/") ||
            cf_text_starts_with(path, CF_CREDENTIALS CF_UNIT_OF_FRONT ".service/")) &&
           (err->native == ENOENT || err->native == EACCES || err->native == ENOTDIR);
}

struct cf_secret *
cf_check_secret(const struct cf_check *check, const char *key, const char *path)
{
    struct cf_secret *secret = NULL;
    struct cf_err err = {0};

    if (cf_file_read_secret(path, CF_SECRET_MAX, &secret, &err) == CF_OK)
        return secret;
    if (is_hidden_credential(path, &err))
        cf_check_warn(
            check, "set it with LoadCredential= in the unit; the service checks it itself",
            "%s: the credential %s is visible to the service only", key, strrchr(path, '/') + 1);
    else if (err.native == ENOENT)
        cf_check_fail(check, "make the file, or correct the option", "%s: %s does not exist", key,
                      path);
    else
        cf_check_fail(check, "correct the file, or the option", "%s: %s", key, err.text);
    return NULL;
}

void
cf_check_line(const struct cf_check *check, const char *key, const char *path)
{
    cf_own(cf_secret) secret = cf_check_secret(check, key, path);

    if (!secret)
        return;
    cf_file_trim_newline(secret);
    size_t len = cf_secret_len(secret);
    if (len == 0)
        cf_check_fail(check, "write the secret into it", "%s: the file has an empty line only",
                      key);
    else if (memchr(cf_secret_data(secret), '\n', len) || memchr(cf_secret_data(secret), '\0', len))
        cf_check_fail(check, "write the secret alone, in one line",
                      "%s: the file has more than one line", key);
    else
        cf_check_ok(check, "%s can be read", key);
}

struct cf_buf *
cf_check_public(const struct cf_check *check, const char *key, const char *path)
{
    struct cf_buf *content = NULL;
    struct cf_err err = {0};

    if (cf_file_read(path, CF_CHECK_PEM_MAX, &content, &err) == CF_OK)
        return content;
    if (err.native == ENOENT)
        cf_check_fail(check, "make the file, or correct the option", "%s: %s does not exist", key,
                      path);
    else
        cf_check_fail(check, "correct the file, or the option", "%s: %s", key, err.text);
    return NULL;
}

struct cf_chain *
cf_check_chain(const struct cf_check *check, const char *key, const char *path)
{
    cf_own(cf_buf) pem = cf_check_public(check, key, path);
    struct cf_chain *chain = NULL;
    struct cf_err err = {0};

    if (!pem)
        return NULL;
    if (cf_chain_parse_pem(cf_buf_bytes(pem), &chain, &err) == CF_OK)
        return chain;
    cf_check_fail(check, "put certificates in PEM into the file", "%s: %s: %s", key, path,
                  err.text);
    return NULL;
}

void
cf_check_anchors(const struct cf_check *check, const char *key, const char *path)
{
    cf_own(cf_buf) pem = cf_check_public(check, key, path);

    if (pem && !strstr(cf_buf_str(pem), "-----BEGIN CERTIFICATE-----"))
        cf_check_fail(check, "put the CAs' certificates in PEM into the file",
                      "%s: %s has no certificate in PEM", key, path);
    else if (pem)
        cf_check_ok(check, "%s: %s has certificates", key, path);
}

void
cf_check_validity(const struct cf_check *check, const char *key, const struct cf_cert *cert)
{
    static const int64_t DAY_MS = 24LL * 60 * 60 * 1000;
    static const char RENEW[] = "renew the certificate";
    char from[CF_TEXT_TIME_SIZE], until[CF_TEXT_TIME_SIZE];

    cf_text_from_time(cf_cert_not_before_ms(cert), from);
    cf_text_from_time(cf_cert_not_after_ms(cert), until);
    if (cf_cert_not_after_ms(cert) <= check->now_ms)
        cf_check_fail(check, RENEW, "%s: the certificate ran out on %s", key, until);
    else if (cf_cert_not_before_ms(cert) > check->now_ms)
        cf_check_fail(check, "set the clock, or wait", "%s: the certificate is valid only from %s",
                      key, from);
    else if (cf_cert_not_after_ms(cert) - check->now_ms <= 7 * DAY_MS)
        cf_check_fail(check, RENEW, "%s: the certificate runs out on %s", key, until);
    else if (cf_cert_not_after_ms(cert) - check->now_ms <= 30 * DAY_MS)
        cf_check_warn(check, RENEW, "%s: the certificate runs out on %s", key, until);
    else
        cf_check_ok(check, "%s: the certificate is valid until %s", key, until);
}

void
cf_check_key_pair(const struct cf_check *check, const char *cert_key, const char *cert_path,
                  const char *key_key, const char *key_path)
{
    cf_own(cf_chain) chain = cf_check_chain(check, cert_key, cert_path);
    cf_own(cf_secret) key = cf_check_secret(check, key_key, key_path);
    char remedy[100];
    struct cf_err err = {0};

    if (chain)
        cf_check_validity(check, cert_key, cf_chain_at(chain, 0));
    if (!chain || !key)
        return;
    (void)snprintf(remedy, sizeof remedy, "name the key of the first certificate in %s", cert_key);
    if (cf_cert_check_key(cf_chain_at(chain, 0), key, &err) == CF_OK)
        cf_check_ok(check, "%s: the key is that of the certificate", key_key);
    else
        cf_check_fail(check, remedy, "%s: %s", key_key, err.text);
}

void
cf_check_directory(const struct cf_check *check, const char *key, const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0)
        cf_check_fail(check, "make the directory and give it to the service's user",
                      "%s: directory %s: %s", key, path, strerrordesc_np(errno));
    else if (!S_ISDIR(st.st_mode))
        cf_check_fail(check, "name a path in a directory", "%s: %s is not a directory", key, path);
    else if (st.st_mode & S_IWOTH)
        cf_check_fail(check, "chmod o-w the directory", "%s: everybody may write to %s", key, path);
    else if (access(path, W_OK | X_OK) != 0)
        cf_check_fail(check, "give the directory to the service's user",
                      "%s: directory %s cannot be written: %s", key, path, strerrordesc_np(errno));
    else
        cf_check_ok(check, "%s: directory %s can be written", key, path);
}

void
cf_check_socket_directory(const struct cf_check *check, const char *key, const char *path,
                          const char *remedy)
{
    size_t len = (size_t)(strrchr(path, '/') - path);
    cf_own_str directory = strndup(path, len > 0 ? len : 1);
    struct stat st;

    if (directory && stat(directory, &st) != 0)
        cf_check_warn(check, remedy, "%s: directory %s: %s", key, directory,
                      strerrordesc_np(errno));
    else if (directory)
        cf_check_directory(check, key, directory);
}

void
cf_check_directory_of(const struct cf_check *check, const char *key, const char *path)
{
    size_t len = (size_t)(strrchr(path, '/') - path);
    cf_own_str directory = strndup(path, len > 0 ? len : 1);

    if (directory)
        cf_check_directory(check, key, directory);
}
