/* SPDX-License-Identifier: Apache-2.0 */
#include "ra_key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certferry/csr.h"
#include "certferry/digest.h"
#include "certferry/text.h"

enum { AAD_SIZE = CF_SCEP_NAME_MAX + 32, NAME_SIZE = 3 * CF_SCEP_NAME_MAX + 1 };

static struct cf_bytes
write_aad(const char *ca, enum cf_scep_ra_role role, char aad[AAD_SIZE])
{
    int len = snprintf(aad, AAD_SIZE, "ra %s %s", ca, cf_scep_ra_role_name(role));

    return cf_bytes_of(aad, (size_t)len);
}

/* Percent-encoded, as RFC 7512 wants everything that is not plain. */
static void
write_name(const char *ca, char name[NAME_SIZE])
{
    size_t len = 0;

    for (const char *at = ca; *at && len + 3 < NAME_SIZE; at++) {
        unsigned char c = (unsigned char)*at;
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
        if (is_plain)
            name[len++] = (char)c;
        else
            len += (size_t)snprintf(name + len, NAME_SIZE - len, "%%%02X", c);
    }
    name[len] = '\0';
}

/* The token's URI with an object that has never been: attributes stand before the query. */
static enum cf_rc
write_uri(const char *token, const char *ca, enum cf_scep_ra_role role, char **ret_uri,
          struct cf_err *err)
{
    char name[NAME_SIZE], uuid[CF_UUID_SIZE];
    int path_len = (int)strcspn(token, "?");
    bool is_bare = strcmp(token, "pkcs11:") == 0 || path_len == (int)strlen("pkcs11:");

    write_name(ca, name);
    cf_text_uuid(uuid);
    if (asprintf(ret_uri, "%.*s%sobject=certferry-ra-%s-%s-%.8s;type=private%s", path_len, token,
                 is_bare ? "" : ";", name, cf_scep_ra_role_name(role), uuid,
                 token + path_len) < 0) {
        *ret_uri = NULL;
        return cf_fail_oom(err);
    }
    return CF_OK;
}

static enum cf_rc
make_sealed(const struct cf_scep_keyring_options *options, const char *ca,
            enum cf_scep_ra_role role, struct cf_key **ret_key, char **ret_text, struct cf_err *err)
{
    cf_own(cf_key) key = NULL;
    cf_own(cf_buf) sealed = NULL;
    char aad[AAD_SIZE];

    CF_TRY(cf_key_generate(options->settings->ra_key, &key, err));
    CF_TRY(cf_key_seal(key, options->seal_key, write_aad(ca, role, aad), &sealed, err));
    CF_TRY(cf_text_base64(cf_buf_bytes(sealed), ret_text, err));
    *ret_key = cf_give(key);
    return CF_OK;
}

static enum cf_rc
make_in_token(const struct cf_scep_keyring_options *options, const char *ca,
              enum cf_scep_ra_role role, struct cf_key **ret_key, char **ret_text,
              struct cf_err *err)
{
    cf_own_str uri = NULL;

    CF_TRY(write_uri(options->settings->ra_token, ca, role, &uri, err));
    CF_TRY(cf_key_generate_in_token(uri, options->pin, options->settings->ra_key, ret_key, err));
    *ret_text = cf_give(uri);
    return CF_OK;
}

static enum cf_rc
make_csr(const struct cf_scep_keyring_options *options, const struct cf_key *key,
         enum cf_scep_ra_role role, struct cf_buf **ret_csr, struct cf_err *err)
{
    cf_own(cf_dn) subject = NULL;
    struct cf_csr_spec spec = {0};

    if (cf_dn_parse_text(options->settings->ra_subject, &subject, err) != CF_OK)
        return cf_err_prefix(err, "[scep] ra_subject");
    spec.subject = subject;
    if (role & CF_SCEP_RA_SIGN)
        spec.key_usage |= CF_KU_DIGITAL_SIGNATURE;
    if (role & CF_SCEP_RA_ENCRYPTION)
        spec.key_usage |= CF_KU_KEY_ENCIPHERMENT;
    return cf_csr_build(key, &spec, ret_csr, err);
}

enum cf_rc
cf_ra_key_make(const struct cf_scep_keyring_options *options, const char *ca,
               enum cf_scep_ra_role role, struct cf_ra_part *part, struct cf_err *err)
{
    cf_own(cf_key) key = NULL;
    cf_own_str text = NULL;

    if (options->seal_key)
        CF_TRY(make_sealed(options, ca, role, &key, &text, err));
    else if (options->settings->ra_token)
        CF_TRY(make_in_token(options, ca, role, &key, &text, err));
    else
        return cf_fail(err, CF_E_CONFIG, "[scep]: neither ra_key_file nor ra_token is set");
    CF_TRY(make_csr(options, key, role, &part->der, err));
    part->key = cf_give(text);
    return CF_OK;
}

enum cf_rc
cf_ra_key_open(const struct cf_scep_keyring_options *options, const char *ca,
               enum cf_scep_ra_role role, const char *text, struct cf_key **ret_key,
               struct cf_err *err)
{
    cf_own(cf_buf) sealed = NULL;
    char aad[AAD_SIZE];

    if (cf_text_starts_with(text, "pkcs11:"))
        return cf_key_open_token(text, options->pin, ret_key, err);
    if (!options->seal_key)
        return cf_fail(err, CF_E_CONFIG,
                       "the key was sealed with an [scep] ra_key_file, and this node has none");
    CF_TRY(cf_text_from_base64(text, CF_RA_KEY_TEXT_MAX, &sealed, err));
    return cf_key_unseal(cf_buf_bytes(sealed), options->seal_key, write_aad(ca, role, aad), ret_key,
                         err);
}

enum cf_rc
cf_ra_key_check_cert(struct cf_bytes csr_der, const struct cf_cert *cert, struct cf_err *err)
{
    cf_own(cf_csr) csr = NULL;
    uint8_t digest[CF_SHA256_LEN];
    char have[CF_SHA256_TEXT_SIZE], want[CF_SHA256_TEXT_SIZE];

    CF_TRY(cf_csr_parse(csr_der, &csr, err));
    CF_TRY(cf_sha256_text(cf_csr_spki(csr), want, err));
    cf_cert_spki_sha256(cert, digest);
    cf_text_hex(cf_bytes_of(digest, sizeof digest), false, have, sizeof have);
    if (strcmp(have, want) != 0)
        return cf_fail(err, CF_E_MISMATCH, "the certificate is for another key than was asked for");
    return CF_OK;
}
