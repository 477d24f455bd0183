/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import-key - brings the private key under which PFX passwords are encrypted to this host, hands
 * out its public half, and tries a configured key.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ask.h"
#include "certferry/file.h"
#include "certferry/import_key.h"
#include "commands.h"

enum { FILE_MAX = CF_SECRET_MAX, TRIAL_LEN = 32 };

static const char *const paddings[] = {
    [CF_OAEP_SHA256] = "oaepSha256",
    [CF_OAEP_SHA384] = "oaepSha384",
    [CF_OAEP_SHA512] = "oaepSha512",
};

static bool
is_pem(struct cf_bytes content)
{
    static const char mark[] = "-----BEGIN ";

    return memmem(content.data, content.len, mark, sizeof mark - 1) != NULL;
}

/* A PEM text stays as it is, once it has been seen to hold a usable key. */
static enum cf_rc
read_private(const char *path, struct cf_secret **ret_pem, struct cf_import_key **ret_key,
             struct cf_err *err)
{
    cf_own(cf_secret) content = NULL;
    cf_own(cf_secret) pem = NULL;

    CF_TRY(cf_file_read_secret(path, FILE_MAX, &content, err));
    if (is_pem(cf_bytes_of(cf_secret_data(content), cf_secret_len(content))))
        pem = cf_give(content);
    else
        CF_TRY(cf_cng_private_pem(content, &pem, err));
    CF_TRY(cf_import_key_parse(pem, ret_key, err));
    *ret_pem = cf_give(pem);
    return CF_OK;
}

/* Of a public blob, which anybody may read, or of a private key. */
static enum cf_rc
read_public(const char *path, struct cf_buf **ret_pem, struct cf_err *err)
{
    cf_own(cf_buf) content = NULL;
    cf_own(cf_secret) private_pem = NULL;
    cf_own(cf_import_key) key = NULL;
    struct stat st;

    /* What others may read is no private key; the reader of secrets would refuse it. */
    if (stat(path, &st) == 0 && (st.st_mode & 0077) != 0) {
        CF_TRY(cf_file_read(path, FILE_MAX, &content, err));
        if (!is_pem(cf_buf_bytes(content)))
            return cf_cng_public_pem(cf_buf_bytes(content), ret_pem, err);
    }
    enum cf_rc rc = read_private(path, &private_pem, &key, err);
    if (rc == CF_E_UNSUPPORTED && cf_file_read(path, FILE_MAX, &content, NULL) == CF_OK &&
        cf_cng_public_pem(cf_buf_bytes(content), ret_pem, NULL) == CF_OK)
        return CF_OK;
    CF_TRY(rc);
    return cf_import_key_public_pem(key, ret_pem, err);
}

static enum cf_rc
write_private(const char *path, const struct cf_secret *pem, bool force, struct cf_err *err)
{
    struct stat st;

    if (!force && lstat(path, &st) == 0)
        return cf_fail(err, CF_E_CONFLICT,
                       "%s exists already; whatever was encrypted for a key in it is lost with it. "
                       "--force replaces it",
                       path);
    if (!force && errno != ENOENT)
        return cf_fail_errno(err, CF_E_IO, errno, "%s", path);
    return cf_file_publish_secret(path, pem, err);
}

static enum cf_rc
try_one(const struct cf_import_key *key, enum cf_oaep oaep, struct cf_err *err)
{
    cf_own(cf_secret) trial = NULL;
    cf_own(cf_secret) plain = NULL;
    cf_own(cf_buf) cipher = NULL;

    CF_TRY(cf_secret_random(TRIAL_LEN, &trial, err));
    CF_TRY(cf_import_key_encrypt(
        key, oaep, cf_bytes_of(cf_secret_data(trial), cf_secret_len(trial)), &cipher, err));
    CF_TRY(cf_import_key_decrypt(key, oaep, cf_buf_bytes(cipher), &plain, err));
    if (cf_secret_equal(plain, trial))
        return CF_OK;
    return cf_fail(err, CF_E_CRYPTO, "another text came out than was encrypted");
}

static enum cf_rc
try_key(const struct cf_import_key *key, struct cf_err *err)
{
    for (enum cf_oaep oaep = CF_OAEP_SHA256; oaep <= CF_OAEP_SHA512; oaep++) {
        enum cf_rc rc = try_one(key, oaep, err);

        if (rc != CF_OK)
            return cf_err_prefix(err, "%s", paddings[oaep]);
    }
    return CF_OK;
}

static void
put_setting(struct cf_tool *tool, const char *name, const char *value)
{
    fprintf(tool->out, "%s = ", name);
    cf_tool_put(tool, value);
    fputc('\n', tool->out);
}

static void
put_section(struct cf_tool *tool, const struct cf_tool_args *args, const char *path)
{
    const char *name = cf_tool_option(args, "name");
    const char *provider = cf_tool_option(args, "provider");

    cf_tool_paragraph(tool, 0,
                      "The key is usable. For the configuration (name and provider are keyName and "
                      "providerName of the imports):");
    fputs("\n[import-key pfx]\n", tool->out);
    if (provider)
        put_setting(tool, "provider", provider);
    put_setting(tool, "name", name ? name : "the key's name at the import");
    put_setting(tool, "key_file", path);
    fputc('\n', tool->out);
    cf_tool_paragraph(tool, 0,
                      "The daemon has to be able to read the file, and nobody else: give it to the "
                      "user certferry (chown), or load it as a credential. Then reload the daemon "
                      "and try: certferry import-key --test pfx");
}

static enum cf_rc
open_configured(const struct cf_import_key_settings *settings, struct cf_import_key **ret_key,
                struct cf_err *err)
{
    cf_own(cf_secret) secret = NULL;

    if (settings->key_file) {
        CF_TRY(cf_file_read_secret(settings->key_file, FILE_MAX, &secret, err));
        return cf_import_key_parse(secret, ret_key, err);
    }
    if (settings->pin_file) {
        CF_TRY(cf_file_read_secret(settings->pin_file, FILE_MAX, &secret, err));
        cf_file_trim_newline(secret);
    }
    return cf_import_key_open(settings->key_uri, secret, ret_key, err);
}

static enum cf_rc
test_configured(const struct cf_settings *settings, const char *name, struct cf_err *err)
{
    cf_own(cf_import_key) key = NULL;

    for (size_t i = 0; i < settings->n_import_keys; i++) {
        if (strcmp(settings->import_keys[i]->name, name) != 0)
            continue;
        CF_TRY(open_configured(settings->import_keys[i], &key, err));
        return try_key(key, err);
    }
    return cf_fail(err, CF_E_NOT_FOUND, "the configuration has no section [import-key %s]", name);
}

static int
test(struct cf_tool *tool, const char *name)
{
    cf_own(cf_settings) settings = NULL;
    struct cf_err err = {0};
    int code = cf_tool_load(tool, &settings);

    if (code != CF_TOOL_OK)
        return code;
    if (cf_tool_open_pki(&err) != CF_OK || test_configured(settings, name, &err) != CF_OK)
        return cf_tool_fail(tool, &err);
    if (tool->json)
        fputs("{\"usable\":true}\n", tool->out);
    else
        cf_tool_paragraph(tool, 0,
                          "The key decrypts what is encrypted for it, with oaepSha256, oaepSha384 "
                          "and oaepSha512.");
    return CF_TOOL_OK;
}

static enum cf_rc
import_private(struct cf_tool *tool, const struct cf_tool_args *args, struct cf_err *err)
{
    const char *output = cf_tool_option(args, "output");
    cf_own(cf_secret) pem = NULL;
    cf_own(cf_import_key) key = NULL;

    CF_TRY(read_private(args->argument, &pem, &key, err));
    CF_TRY(try_key(key, err));
    CF_TRY(write_private(output, pem, cf_tool_option(args, "force") != NULL, err));
    if (tool->json) {
        fputs("{\"written\":true}\n", tool->out);
    } else {
        /* The configuration takes absolute paths only. */
        cf_own_str place = realpath(output, NULL);

        put_section(tool, args, place ? place : output);
    }
    return CF_OK;
}

static enum cf_rc
export_public(struct cf_tool *tool, const struct cf_tool_args *args, struct cf_err *err)
{
    cf_own(cf_buf) pem = NULL;

    CF_TRY(read_public(args->argument, &pem, err));
    return cf_tool_write(tool, cf_tool_option(args, "output"), cf_buf_bytes(pem), err);
}

int
cf_tool_import_key(struct cf_tool *tool, const struct cf_tool_args *args)
{
    const char *name = cf_tool_option(args, "test");
    bool is_public = cf_tool_option(args, "public") != NULL;
    const char *output = cf_tool_option(args, "output");
    struct cf_err err = {0};

    if (name && args->argument)
        return cf_tool_misuse(tool, "import-key: --test NAME takes no file");
    if (name)
        return test(tool, name);
    if (!args->argument)
        return cf_tool_misuse(tool, "import-key needs a file, or --test NAME");
    if (!is_public && (!output || strcmp(output, "-") == 0))
        return cf_tool_misuse(tool, "import-key: --output FILE is where the private key goes");
    if (cf_tool_open_pki(&err) != CF_OK ||
        (is_public ? export_public(tool, args, &err) : import_private(tool, args, &err)) != CF_OK)
        return cf_tool_fail(tool, &err);
    return CF_TOOL_OK;
}
