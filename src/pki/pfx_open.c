/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pfx_open - reading a PKCS#12 file that somebody else made.
 *
 * First the whole file is looked at for what it asks (pfx_limits.c), then its MAC is verified, and
 * only then is anything decrypted. What could not be seen before, because it was encrypted, is
 * looked at in the same way before the key is decrypted.
 */
#include "pfx_internal.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

enum { PASSWORD_MAX = 512, SAFES_MAX = 16, VERSION = 3 };

/* Always the same: which of the two it was is nobody's business. */
#define WRONG "PFX: wrong password, or its bytes were changed"

struct cf_pfx_content {
    EVP_PKEY *pkey; /* owned */
    struct cf_cert *cert;
    struct cf_chain *others;
};

/* One part of the file, and its bags once they can be seen. */
struct safe {
    const PKCS7 *part; /* borrowed */
    STACK_OF(PKCS12_SAFEBAG) * bags;
    bool is_encrypted;
};

struct reading {
    PKCS12 *pfx;
    STACK_OF(PKCS7) * parts;
    struct safe safes[SAFES_MAX];
    size_t n_safes;
    const char *password;
    int password_len;
    struct cf_pfx_cost cost;

    PKCS12_SAFEBAG *key_bag; /* borrowed, as all below */
    bool is_key_encrypted;
    PKCS12_SAFEBAG *cert_bags[CF_PFX_CERTS_MAX];
    size_t n_certs;
};

static void
bags_free(STACK_OF(PKCS12_SAFEBAG) * bags)
{
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
}

static void
reading_done(struct reading *reading)
{
    for (size_t i = 0; i < reading->n_safes; i++)
        bags_free(reading->safes[i].bags);
    sk_PKCS7_pop_free(reading->parts, PKCS7_free);
    PKCS12_free(reading->pfx);
}

/* RFC 7292 section 4: OpenSSL reads any version. */
static enum cf_rc
check_version(struct cf_bytes der, struct cf_err *err)
{
    const unsigned char *at = der.data;
    long len = 0;
    int tag = 0, class = 0;

    if (ASN1_get_object(&at, &len, &tag, &class, (long)der.len) & 0x80 || tag != V_ASN1_SEQUENCE ||
        class != V_ASN1_UNIVERSAL ||
        ASN1_get_object(&at, &len, &tag, &class, (long)(der.data + der.len - at)) != 0 ||
        tag != V_ASN1_INTEGER || class != V_ASN1_UNIVERSAL || len != 1) {
        ERR_clear_error();
        return cf_fail(err, CF_E_ENCODING, "PFX: not a PKCS#12 file in binary form");
    }
    if (*at != VERSION)
        return cf_fail(err, CF_E_ENCODING, "PFX: version %u; %d is the only one", *at, VERSION);
    return CF_OK;
}

static enum cf_rc
parse(struct cf_bytes der, struct reading *reading, struct cf_err *err)
{
    const unsigned char *at = der.data;

    if (der.len > CF_PFX_DER_MAX)
        return cf_fail(err, CF_E_LIMIT, "PFX: %zu bytes; at most %d are read", der.len,
                       CF_PFX_DER_MAX);
    CF_TRY(check_version(der, err));
    reading->pfx = d2i_PKCS12(NULL, &at, (long)der.len);
    if (!reading->pfx)
        return cf_fail_openssl(err, CF_E_ENCODING, "PFX: not a PKCS#12 file");
    if (at != der.data + der.len)
        return cf_fail(err, CF_E_ENCODING, "PFX: %zu bytes follow its end",
                       (size_t)(der.data + der.len - at));
    return cf_pfx_check_mac(reading->pfx, &reading->cost, err);
}

static enum cf_rc
look_at_part(struct reading *reading, const PKCS7 *part, struct cf_err *err)
{
    if (reading->n_safes == SAFES_MAX)
        return cf_fail(err, CF_E_LIMIT, "PFX: more than %d parts", SAFES_MAX);
    struct safe *safe = &reading->safes[reading->n_safes++];

    *safe = (struct safe){.part = part, .is_encrypted = PKCS7_type_is_encrypted(part)};
    if (safe->is_encrypted) {
        /* Decryptors have taken a missing content for one. */
        if (!part->d.encrypted || !part->d.encrypted->enc_data ||
            !part->d.encrypted->enc_data->enc_data)
            return cf_fail(err, CF_E_ENCODING, "PFX: an encrypted part without content");
        return cf_pfx_check_pbe(part->d.encrypted->enc_data->algorithm, &reading->cost, err);
    }
    if (!PKCS7_type_is_data(part))
        return cf_fail(err, CF_E_UNSUPPORTED,
                       "PFX: a part is sealed for a certificate; export it again with a password");
    safe->bags = part->d.data ? PKCS12_unpack_p7data((PKCS7 *)(uintptr_t)part) : NULL;
    if (!safe->bags)
        return cf_fail_openssl(err, CF_E_ENCODING, "PFX: a part cannot be read");
    return cf_pfx_check_bags(safe->bags, &reading->cost, err);
}

static enum cf_rc
look_at_parts(struct reading *reading, struct cf_err *err)
{
    reading->parts = PKCS12_unpack_authsafes(reading->pfx);
    if (!reading->parts)
        return cf_fail_openssl(err, CF_E_ENCODING, "PFX: the content cannot be read");
    for (int i = 0; i < sk_PKCS7_num(reading->parts); i++)
        CF_TRY(look_at_part(reading, sk_PKCS7_value(reading->parts, i), err));
    return CF_OK;
}

static enum cf_rc
fail_wrong(struct cf_err *err)
{
    ERR_clear_error();
    return cf_fail(err, CF_E_CRYPTO, WRONG);
}

static enum cf_rc
decrypt_parts(struct reading *reading, struct cf_err *err)
{
    if (PKCS12_verify_mac(reading->pfx, reading->password, reading->password_len) != 1)
        return fail_wrong(err);
    for (size_t i = 0; i < reading->n_safes; i++) {
        struct safe *safe = &reading->safes[i];

        if (!safe->is_encrypted)
            continue;
        safe->bags = PKCS12_unpack_p7encdata((PKCS7 *)(uintptr_t)safe->part, reading->password,
                                             reading->password_len);
        if (!safe->bags)
            return fail_wrong(err);
        CF_TRY(cf_pfx_check_bags(safe->bags, &reading->cost, err));
    }
    return CF_OK;
}

static enum cf_rc
note_key(struct reading *reading, PKCS12_SAFEBAG *bag, bool is_encrypted, struct cf_err *err)
{
    if (reading->key_bag)
        return cf_fail(err, CF_E_MISMATCH, "PFX: more than one private key; export one alone");
    if (!is_encrypted)
        return cf_fail(err, CF_E_UNSUPPORTED,
                       "PFX: the private key is not encrypted, so whoever carried it knows it");
    reading->key_bag = bag;
    reading->is_key_encrypted = PKCS12_SAFEBAG_get_nid(bag) == NID_pkcs8ShroudedKeyBag;
    return CF_OK;
}

static enum cf_rc
note_cert(struct reading *reading, PKCS12_SAFEBAG *bag, struct cf_err *err)
{
    if (PKCS12_SAFEBAG_get_bag_nid(bag) != NID_x509Certificate)
        return cf_fail(err, CF_E_UNSUPPORTED, "PFX: a certificate that is not X.509");
    if (reading->n_certs == CF_PFX_CERTS_MAX)
        return cf_fail(err, CF_E_LIMIT, "PFX: more than %d certificates", CF_PFX_CERTS_MAX);
    reading->cert_bags[reading->n_certs++] = bag;
    return CF_OK;
}

/* Revocation lists and secrets of other kinds are left where they are. */
static enum cf_rc
sort_bags(struct reading *reading, const STACK_OF(PKCS12_SAFEBAG) * bags, bool is_encrypted,
          struct cf_err *err)
{
    for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags); i++) {
        PKCS12_SAFEBAG *bag = sk_PKCS12_SAFEBAG_value(bags, i);

        switch (PKCS12_SAFEBAG_get_nid(bag)) {
        case NID_keyBag:
            CF_TRY(note_key(reading, bag, is_encrypted, err));
            break;
        case NID_pkcs8ShroudedKeyBag:
            CF_TRY(note_key(reading, bag, true, err));
            break;
        case NID_certBag:
            CF_TRY(note_cert(reading, bag, err));
            break;
        case NID_safeContentsBag:
            CF_TRY(sort_bags(reading, PKCS12_SAFEBAG_get0_safes(bag), is_encrypted, err));
            break;
        default:
            break;
        }
    }
    return CF_OK;
}

static enum cf_rc
read_key(const struct reading *reading, struct cf_pfx_content *content, struct cf_err *err)
{
    cf_own_ossl(PKCS8_PRIV_KEY_INFO) decrypted = NULL;
    const PKCS8_PRIV_KEY_INFO *info = NULL;

    if (!reading->key_bag)
        return cf_fail(err, CF_E_MISMATCH,
                       "PFX: no private key in it; export the certificate together with its key");
    if (reading->is_key_encrypted) {
        decrypted = PKCS12_decrypt_skey(reading->key_bag, reading->password, reading->password_len);
        if (!decrypted)
            return fail_wrong(err);
        info = decrypted;
    } else {
        info = PKCS12_SAFEBAG_get0_p8inf(reading->key_bag);
    }
    return cf_pfx_decode_key(info, &content->pkey, err);
}

static enum cf_rc
read_cert(const PKCS12_SAFEBAG *bag, struct cf_cert **ret_cert, struct cf_err *err)
{
    cf_own(cf_buf) buf = NULL;
    unsigned char *der = NULL;

    cf_own_ossl(X509) x509 = PKCS12_SAFEBAG_get1_cert(bag);
    if (!x509)
        return cf_fail_openssl(err, CF_E_ENCODING, "PFX: a certificate cannot be read");
    int len = i2d_X509(x509, &der);
    CF_TRY(cf_buf_from_ossl(der, len, &buf, err));
    enum cf_rc rc = cf_cert_parse(cf_buf_bytes(buf), ret_cert, err);
    return rc == CF_OK ? CF_OK : cf_err_prefix(err, "PFX");
}

/* Key and certificate of a pair carry the same localKeyID. */
static bool
has_key_id(const struct reading *reading, size_t index)
{
    const ASN1_TYPE *key_id = PKCS12_SAFEBAG_get0_attr(reading->key_bag, NID_localKeyID);
    const ASN1_TYPE *cert_id = PKCS12_SAFEBAG_get0_attr(reading->cert_bags[index], NID_localKeyID);

    return key_id && cert_id && ASN1_TYPE_cmp(key_id, cert_id) == 0;
}

/* Every certificate of the key leaves the list: an older one of it is no link of a chain. */
static enum cf_rc
take_own_cert(const struct reading *reading, struct cf_cert **certs, struct cf_pfx_content *content,
              struct cf_err *err)
{
    size_t own = CF_PFX_CERTS_MAX;

    for (size_t i = 0; i < reading->n_certs; i++) {
        if (X509_check_private_key(certs[i]->x509, content->pkey) != 1)
            continue;
        if (own == CF_PFX_CERTS_MAX || (has_key_id(reading, i) && !has_key_id(reading, own)))
            own = i;
    }
    ERR_clear_error();
    if (own == CF_PFX_CERTS_MAX)
        return cf_fail(err, CF_E_MISMATCH,
                       "PFX: none of its %zu certificates is that of the private key",
                       reading->n_certs);
    content->cert = cf_give(certs[own]);
    for (size_t i = 0; i < reading->n_certs; i++) {
        if (certs[i] && memcmp(certs[i]->spki_sha256, content->cert->spki_sha256,
                               sizeof certs[i]->spki_sha256) == 0)
            certs[i] = cf_cert_free(certs[i]);
    }
    return CF_OK;
}

static void
certs_done(struct cf_cert *(*certs)[CF_PFX_CERTS_MAX])
{
    for (size_t i = 0; i < CF_PFX_CERTS_MAX; i++)
        cf_cert_free((*certs)[i]);
}

static enum cf_rc
read_certs(const struct reading *reading, struct cf_pfx_content *content, struct cf_err *err)
{
    __attribute__((cleanup(certs_done))) struct cf_cert *certs[CF_PFX_CERTS_MAX] = {0};

    for (size_t i = 0; i < reading->n_certs; i++)
        CF_TRY(read_cert(reading->cert_bags[i], &certs[i], err));
    CF_TRY(take_own_cert(reading, certs, content, err));

    struct cf_chain *others = content->others = calloc(1, sizeof *others);
    if (!others)
        return cf_fail_oom(err);
    others->certs = calloc(CF_PFX_CERTS_MAX, sizeof *others->certs);
    if (!others->certs)
        return cf_fail_oom(err);
    for (size_t i = 0; i < reading->n_certs; i++) {
        if (certs[i])
            others->certs[others->n_certs++] = cf_give(certs[i]);
    }
    return CF_OK;
}

static enum cf_rc
read_content(struct cf_bytes der, struct reading *reading, struct cf_pfx_content *content,
             struct cf_err *err)
{
    CF_TRY(parse(der, reading, err));
    CF_TRY(look_at_parts(reading, err));
    CF_TRY(decrypt_parts(reading, err));
    for (size_t i = 0; i < reading->n_safes; i++)
        CF_TRY(sort_bags(reading, reading->safes[i].bags, reading->safes[i].is_encrypted, err));
    CF_TRY(read_key(reading, content, err));
    return read_certs(reading, content, err);
}

enum cf_rc
cf_pfx_open(struct cf_bytes der, const struct cf_secret *password,
            struct cf_pfx_content **ret_content, struct cf_err *err)
{
    size_t len = cf_secret_len(password);

    if (len > PASSWORD_MAX || memchr(cf_secret_data(password), '\0', len))
        return cf_fail(err, CF_E_RANGE, "PFX: the password is over %d bytes or holds a NUL",
                       PASSWORD_MAX);
    cf_own(cf_pfx_content) content = calloc(1, sizeof *content);
    if (!content)
        return cf_fail_oom(err);

    ERR_clear_error();
    __attribute__((cleanup(reading_done))) struct reading reading = {
        .password = (const char *)cf_secret_data(password),
        .password_len = (int)len,
    };
    CF_TRY(read_content(der, &reading, content, err));
    *ret_content = cf_give(content);
    return CF_OK;
}

struct cf_pfx_content *
cf_pfx_content_free(struct cf_pfx_content *content)
{
    if (!content)
        return NULL;
    EVP_PKEY_free(content->pkey);
    cf_cert_free(content->cert);
    cf_chain_free(content->others);
    free(content);
    return NULL;
}

const struct cf_cert *
cf_pfx_content_cert(const struct cf_pfx_content *content)
{
    return content->cert;
}

enum cf_rc
cf_pfx_rebuild(const struct cf_pfx_content *content, enum cf_pfx_preset preset, unsigned iterations,
               const struct cf_secret *password, const char *friendly_name, struct cf_buf **ret_der,
               struct cf_err *err)
{
    CF_TRY(cf_pfx_check_key(content->pkey, content->cert, err));
    return cf_pfx_write(content->pkey, content->cert, content->others, preset, iterations, password,
                        friendly_name, ret_der, err);
}
