/* SPDX-License-Identifier: Apache-2.0 */
/*
 * assertion - a JWT (RFC 7519) that proves possession of a key whose certificate the tenant knows.
 *
 * Whoever holds one is the connector for ten minutes, so it is kept as a secret.
 */
#include <string.h>

#include "certferry/json.h"
#include "certferry/text.h"

#include "parts.h"

enum { LIFE_S = 600, JWT_MAX = 8 * 1024, SHA1_LEN = 20, SHA256_LEN = 32 };

static enum cf_rc
write_header(const struct cf_identity *identity, const char *alg, struct cf_buf *out,
             struct cf_err *err)
{
    const struct cf_cert *cert = cf_identity_cert(identity);
    uint8_t sha256[SHA256_LEN];
    char x5t_s256[4 * ((SHA256_LEN + 2) / 3) + 1];
    char x5t[4 * ((SHA1_LEN + 2) / 3) + 1];
    cf_own(cf_buf) sha1 = NULL;
    struct cf_json_writer json;

    cf_cert_sha256(cert, sha256);
    cf_text_base64url(cf_bytes_of(sha256, sizeof sha256), x5t_s256, sizeof x5t_s256);
    CF_TRY(cf_text_from_hex(cf_cert_thumbprint(cert), &sha1, err));
    if (cf_buf_len(sha1) != SHA1_LEN)
        return cf_fail(err, CF_E_BUG, "thumbprint is no SHA-1");
    cf_text_base64url(cf_buf_bytes(sha1), x5t, sizeof x5t);

    cf_json_writer_begin(&json, out);
    cf_json_put_object(&json, NULL);
    cf_json_put_string(&json, "alg", alg);
    cf_json_put_string(&json, "typ", "JWT");
    cf_json_put_string(&json, "x5t#S256", x5t_s256);
    cf_json_put_string(&json, "x5t", x5t);
    cf_json_put_object_end(&json);
    return cf_json_writer_end(&json, err);
}

static enum cf_rc
write_claims(const struct cf_assertion *assertion, struct cf_buf *out, struct cf_err *err)
{
    int64_t now_s = assertion->now_ms / 1000;
    char jti[CF_UUID_SIZE];
    struct cf_json_writer json;

    cf_text_uuid(jti);
    cf_json_writer_begin(&json, out);
    cf_json_put_object(&json, NULL);
    cf_json_put_string(&json, "aud", assertion->audience);
    cf_json_put_string(&json, "iss", assertion->issuer);
    if (assertion->subject) {
        cf_json_put_string(&json, "sub", assertion->subject);
        cf_json_put_string(&json, "jti", jti);
    }
    cf_json_put_int(&json, "nbf", now_s);
    cf_json_put_int(&json, "iat", now_s);
    cf_json_put_int(&json, "exp", now_s + LIFE_S);
    cf_json_put_object_end(&json);
    return cf_json_writer_end(&json, err);
}

static enum cf_rc
append_base64url(struct cf_buf *out, struct cf_bytes bytes, struct cf_err *err)
{
    size_t size = 4 * ((bytes.len + 2) / 3) + 1;
    cf_own_str text = malloc(size);

    if (!text)
        return cf_fail_oom(err);
    cf_text_base64url(bytes, text, size);
    enum cf_rc rc = cf_buf_append_str(out, text, err);
    cf_wipe(text, size);
    return rc;
}

enum cf_rc
cf_assertion_sign(const struct cf_assertion *assertion, struct cf_secret **ret_jwt,
                  struct cf_err *err)
{
    bool is_rsa = cf_cert_key_is_rsa(cf_identity_cert(assertion->identity));
    const char *alg = is_rsa ? "PS256" : "ES256";
    cf_own(cf_buf) header = cf_buf_new(JWT_MAX);
    cf_own(cf_buf) claims = cf_buf_new(JWT_MAX);
    cf_own(cf_buf) jwt = cf_buf_new(4 * JWT_MAX);
    cf_own(cf_buf) signature = NULL;
    const char *signed_alg = NULL;

    if (!header || !claims || !jwt)
        return cf_fail_oom(err);
    CF_TRY(write_header(assertion->identity, alg, header, err));
    CF_TRY(write_claims(assertion, claims, err));
    CF_TRY(append_base64url(jwt, cf_buf_bytes(header), err));
    CF_TRY(cf_buf_append_str(jwt, ".", err));
    CF_TRY(append_base64url(jwt, cf_buf_bytes(claims), err));
    CF_TRY(
        cf_identity_sign_jws(assertion->identity, cf_buf_bytes(jwt), &signed_alg, &signature, err));
    if (strcmp(alg, signed_alg) != 0)
        return cf_fail(err, CF_E_BUG, "the assertion says %s and is signed with %s", alg,
                       signed_alg);
    CF_TRY(cf_buf_append_str(jwt, ".", err));
    CF_TRY(append_base64url(jwt, cf_buf_bytes(signature), err));

    struct cf_bytes whole = cf_buf_bytes(jwt);
    enum cf_rc rc = cf_secret_copy(whole.data, whole.len, ret_jwt, err);
    cf_buf_clear(jwt);
    return rc;
}
