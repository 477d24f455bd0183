/* SPDX-License-Identifier: Apache-2.0 */
#include "scep_kit.h"

#include <string.h>

#include <openssl/pkcs7.h>
#include <openssl/rsa.h>

#define SCEP_OID "2.16.840.1.113733.1.9"

static struct {
    X509 *ca;
    X509 *device;
    X509 *x509s[KIT_RAS];
    struct cf_cert *certs[KIT_RAS];
    struct cf_key *keys[KIT_RAS];
    struct cf_scep_ra ras[KIT_RAS];
} kit;

static const struct lab_extension ra_encryption[] = {
    {"keyUsage", "critical,keyEncipherment"}, {"subjectKeyIdentifier", "hash"}, {NULL, NULL}};
static const struct lab_extension ra_signing[] = {
    {"keyUsage", "critical,digitalSignature"}, {"subjectKeyIdentifier", "hash"}, {NULL, NULL}};

EVP_PKEY *
kit_public(const struct cf_key *key)
{
    struct cf_err err;
    cf_own(cf_buf) spki = NULL;

    assert_ok(cf_key_spki(key, &spki, &err), err);
    const unsigned char *at = cf_buf_bytes(spki).data;
    EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, (long)cf_buf_len(spki));
    assert_non_null(pkey);
    return pkey;
}

static void
make_ra(int which, const char *cn, const struct lab_extension *extensions)
{
    struct cf_err err;

    assert_ok(cf_key_generate(CF_KEY_RSA_2048, &kit.keys[which], &err), err);
    EVP_PKEY *public_key = kit_public(kit.keys[which]);
    kit.x509s[which] = lab_x509(&(struct lab_spec){.cn = cn,
                                                   .pkey = public_key,
                                                   .issuer = kit.ca,
                                                   .issuer_pkey = lab_key("P-256"),
                                                   .extensions = extensions});
    EVP_PKEY_free(public_key);
    kit.certs[which] = lab_to_cf(kit.x509s[which]);
    kit.ras[which] = (struct cf_scep_ra){.cert = kit.certs[which], .key = kit.keys[which]};
}

int
kit_setup(void **state)
{
    if (lab_setup(state) != 0)
        return -1;
    kit.ca = lab_x509(
        &(struct lab_spec){.cn = "Kit CA", .pkey = lab_key("P-256"), .extensions = lab_ca});
    kit.device = lab_x509(&(struct lab_spec){.cn = "device", .pkey = lab_key("RSA")});
    make_ra(KIT_ENCRYPTION, "RA encryption", ra_encryption);
    make_ra(KIT_SIGNING, "RA signing", ra_signing);
    return 0;
}

int
kit_teardown(void **state)
{
    X509_free(kit.ca);
    X509_free(kit.device);
    for (int i = 0; i < KIT_RAS; i++) {
        X509_free(kit.x509s[i]);
        cf_cert_free(kit.certs[i]);
        cf_key_free(kit.keys[i]);
    }
    return lab_teardown(state);
}

X509 *
kit_ca(void)
{
    return kit.ca;
}

X509 *
kit_device(void)
{
    return kit.device;
}

const struct cf_scep_ra *
kit_ras(void)
{
    return kit.ras;
}

X509 *
kit_ra_x509(int which)
{
    return kit.x509s[which];
}

static struct cf_buf *
from_bio(BIO *take_bio)
{
    char *data = NULL;
    long len = BIO_get_mem_data(take_bio, &data);
    struct cf_buf *buf = cf_buf_copy(cf_bytes_of(data, (size_t)len));

    BIO_free(take_bio);
    return buf;
}

static struct cf_buf *
make_envelope(const struct kit_spec *spec)
{
    const unsigned flags = CMS_BINARY | CMS_PARTIAL | (spec->is_streamed ? CMS_STREAM : 0);
    const EVP_CIPHER *cipher = spec->cipher ? spec->cipher : EVP_aes_128_cbc();
    X509 *recipient = spec->recipient ? spec->recipient : kit.x509s[KIT_ENCRYPTION];
    struct cf_bytes content =
        spec->content.len > 0 ? spec->content : cf_bytes_of(KIT_CONTENT, strlen(KIT_CONTENT));

    CMS_ContentInfo *cms = CMS_encrypt(NULL, NULL, cipher, flags);
    CMS_RecipientInfo *info = CMS_add1_recipient_cert(
        cms, recipient, CMS_KEY_PARAM | (spec->recipient_by_key_id ? CMS_USE_KEYID : 0));
    assert_non_null(info);
    EVP_PKEY_CTX *context = CMS_RecipientInfo_get0_pkey_ctx(info);
    if (spec->oaep) {
        assert_true(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) > 0);
        assert_true(EVP_PKEY_CTX_set_rsa_oaep_md(context, spec->oaep) > 0);
        assert_true(EVP_PKEY_CTX_set_rsa_mgf1_md(context, spec->mgf1 ? spec->mgf1 : spec->oaep) >
                    0);
    }
    BIO *in = BIO_new_mem_buf(content.data, (int)content.len);
    BIO *out = BIO_new(BIO_s_mem());
    if (!spec->is_streamed)
        assert_int_equal(CMS_final(cms, in, NULL, flags), 1);
    assert_int_equal(i2d_CMS_bio_stream(out, cms, in, (int)flags), 1);
    BIO_free(in);
    CMS_ContentInfo_free(cms);
    struct cf_buf *envelope = from_bio(out);
    if (spec->edit) {
        uint8_t edited[8192];
        size_t len = cf_buf_len(envelope);
        assert_true(len <= sizeof edited);
        memcpy(edited, cf_buf_bytes(envelope).data, len);
        spec->edit(edited, len);
        cf_buf_free(envelope);
        envelope = cf_buf_copy(cf_bytes_of(edited, len));
    }
    return envelope;
}

static void
add(CMS_SignerInfo *signer, const char *oid, int type, const void *data, size_t len)
{
    ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
    assert_int_equal(CMS_signed_add1_attr_by_OBJ(signer, object, type, data, (int)len), 1);
    ASN1_OBJECT_free(object);
}

static void
add_attributes(CMS_SignerInfo *signer, const struct kit_spec *spec)
{
    const char *transaction = spec->transaction ? spec->transaction : "4711";
    uint8_t nonce[256];
    char type[16];

    memset(nonce, 0x5a, sizeof nonce);
    snprintf(type, sizeof type, "%d", spec->type ? spec->type : CF_SCEP_PKCS_REQ);
    if (*transaction)
        add(signer, SCEP_OID ".7",
            spec->transaction_type ? spec->transaction_type : V_ASN1_PRINTABLESTRING, transaction,
            strlen(transaction));
    if (spec->type >= 0)
        add(signer, SCEP_OID ".2", V_ASN1_PRINTABLESTRING, type, strlen(type));
    if (spec->nonce_len != SIZE_MAX)
        add(signer, SCEP_OID ".5", V_ASN1_OCTET_STRING, nonce,
            spec->nonce_len ? spec->nonce_len : 16);
    if (spec->add)
        spec->add(signer);
}

static void
add_signing_time(CMS_SignerInfo *signer, int64_t at_s)
{
    ASN1_TIME *time = ASN1_TIME_set(NULL, (time_t)at_s);
    add(signer, "1.2.840.113549.1.9.5", ASN1_STRING_type(time), ASN1_STRING_get0_data(time),
        (size_t)ASN1_STRING_length(time));
    ASN1_TIME_free(time);
}

static void
set_content(CMS_ContentInfo *cms, CMS_SignerInfo *signer, const EVP_MD *md, struct cf_bytes content)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    ASN1_OCTET_STRING **place = CMS_get0_content(cms);
    assert_non_null(place);
    if (!*place)
        *place = ASN1_OCTET_STRING_new();
    assert_int_equal(ASN1_OCTET_STRING_set(*place, content.data, (int)content.len), 1);
    (*place)->flags &= ~ASN1_STRING_FLAG_CONT;
    assert_int_equal(EVP_Digest(content.data, content.len, digest, &len, md, NULL), 1);
    if (CMS_signed_get_attr_by_NID(signer, NID_pkcs9_messageDigest, -1) < 0)
        add(signer, "1.2.840.113549.1.9.4", V_ASN1_OCTET_STRING, digest, len);
    if (CMS_signed_get_attr_by_NID(signer, NID_pkcs9_contentType, -1) < 0)
        assert_int_equal(CMS_signed_add1_attr_by_NID(signer, NID_pkcs9_contentType, V_ASN1_OBJECT,
                                                     OBJ_nid2obj(NID_pkcs7_data), -1),
                         1);
}

/* By hand: OpenSSL would add the time it is. */
static void
sign(CMS_SignerInfo *signer, EVP_PKEY *pkey, const EVP_MD *md)
{
    STACK_OF(X509_ATTRIBUTE) *attributes = sk_X509_ATTRIBUTE_new_null();
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char *der = NULL;
    uint8_t signature[1024];
    size_t signature_len = sizeof signature;

    for (int i = 0; i < CMS_signed_get_attr_count(signer); i++)
        sk_X509_ATTRIBUTE_push(attributes, CMS_signed_get_attr(signer, i));
    int len = ASN1_item_i2d((ASN1_VALUE *)attributes, &der, ASN1_ITEM_rptr(PKCS7_ATTR_SIGN));
    assert_true(len > 0);
    assert_int_equal(EVP_DigestSignInit(context, NULL, md, NULL, pkey), 1);
    assert_int_equal(EVP_DigestSign(context, signature, &signature_len, der, (size_t)len), 1);
    assert_int_equal(
        ASN1_STRING_set(CMS_SignerInfo_get0_signature(signer), signature, (int)signature_len), 1);
    EVP_MD_CTX_free(context);
    OPENSSL_free(der);
    sk_X509_ATTRIBUTE_free(attributes);
}

struct cf_buf *
kit_message(const struct kit_spec *spec)
{
    const unsigned flags = CMS_BINARY | CMS_PARTIAL | CMS_NOSMIMECAP;
    X509 *x509 = spec->signer ? spec->signer : kit.device;
    EVP_PKEY *pkey = spec->signer_key ? spec->signer_key : lab_key("RSA");
    const EVP_MD *md = spec->md ? spec->md : EVP_sha256();
    cf_own(cf_buf) envelope =
        spec->envelope.len > 0 ? cf_buf_copy(spec->envelope) : make_envelope(spec);
    unsigned char *der = NULL;

    CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, flags);
    CMS_SignerInfo *signer =
        CMS_add1_signer(cms, x509, pkey, md, flags | (spec->signer_by_key_id ? CMS_USE_KEYID : 0));
    assert_non_null(signer);
    add_attributes(signer, spec);
    if (spec->signed_at_s)
        add_signing_time(signer, spec->signed_at_s);
    set_content(cms, signer, md, cf_buf_bytes(envelope));
    sign(signer, pkey, md);
    int len = i2d_CMS_ContentInfo(cms, &der);
    assert_true(len > 0);
    CMS_ContentInfo_free(cms);
    struct cf_buf *message = cf_buf_copy(cf_bytes_of(der, (size_t)len));
    OPENSSL_free(der);
    return message;
}

struct cf_scep_message *
kit_parse(struct cf_bytes ber)
{
    struct cf_err err;
    struct cf_scep_message *message = NULL;

    assert_ok(cf_scep_message_parse(ber, &message, &err), err);
    return message;
}

struct cf_scep_message *
kit_parsed(const struct kit_spec *spec)
{
    cf_own(cf_buf) der = kit_message(spec);
    return kit_parse(cf_buf_bytes(der));
}

/* One element after another; strings in pieces of 100 octets. */
static void
to_ber(struct cf_buf *out, const unsigned char **at, const unsigned char *end)
{
    enum { PIECE = 100 };
    static const uint8_t indefinite = 0x80, end_of_contents[] = {0, 0};
    const unsigned char *start = *at;
    long len = 0;
    int tag = 0, class = 0;

    int form = ASN1_get_object(at, &len, &tag, &class, (long)(end - start));
    assert_int_equal(form & 0x81, 0);
    const unsigned char *content_end = *at + len;
    bool is_string = start[0] == V_ASN1_OCTET_STRING;
    if ((form & V_ASN1_CONSTRUCTED) == 0 && !is_string) {
        assert_int_equal(cf_buf_append(out, start, (size_t)(content_end - start), NULL), CF_OK);
        *at = content_end;
        return;
    }
    uint8_t head = start[0] | V_ASN1_CONSTRUCTED;
    assert_int_equal(cf_buf_append(out, &head, 1, NULL), CF_OK);
    assert_int_equal(cf_buf_append(out, &indefinite, 1, NULL), CF_OK);
    while (*at < content_end) {
        if (!is_string) {
            to_ber(out, at, content_end);
            continue;
        }
        size_t n = content_end - *at < PIECE ? (size_t)(content_end - *at) : PIECE;
        uint8_t piece[] = {V_ASN1_OCTET_STRING, (uint8_t)n};
        assert_int_equal(cf_buf_append(out, piece, sizeof piece, NULL), CF_OK);
        assert_int_equal(cf_buf_append(out, *at, n, NULL), CF_OK);
        *at += n;
    }
    assert_int_equal(cf_buf_append(out, end_of_contents, 2, NULL), CF_OK);
}

struct cf_buf *
kit_to_ber(struct cf_bytes der)
{
    struct cf_buf *out = cf_buf_new(4 * der.len + 1024);
    const unsigned char *at = der.data;

    to_ber(out, &at, der.data + der.len);
    return out;
}

/* The only value of an attribute; NULL when it is not there. */
static const ASN1_STRING *
value_of(CMS_SignerInfo *signer, const char *oid)
{
    ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
    int at = CMS_signed_get_attr_by_OBJ(signer, object, -1);

    ASN1_OBJECT_free(object);
    if (at < 0)
        return NULL;
    X509_ATTRIBUTE *attribute = CMS_signed_get_attr(signer, at);
    assert_int_equal(X509_ATTRIBUTE_count(attribute), 1);
    return X509_ATTRIBUTE_get0_type(attribute, 0)->value.asn1_string;
}

static int
read_text(CMS_SignerInfo *signer, const char *oid, char *ret, size_t size)
{
    const ASN1_STRING *value = value_of(signer, oid);

    ret[0] = '\0';
    if (!value)
        return -1;
    snprintf(ret, size, "%.*s", ASN1_STRING_length(value),
             (const char *)ASN1_STRING_get0_data(value));
    return ASN1_STRING_type(value);
}

static size_t
read_octets(CMS_SignerInfo *signer, const char *oid, uint8_t *ret, size_t size)
{
    const ASN1_STRING *value = value_of(signer, oid);

    if (!value)
        return 0;
    size_t len = (size_t)ASN1_STRING_length(value);
    assert_int_equal(ASN1_STRING_type(value), V_ASN1_OCTET_STRING);
    assert_true(len <= size);
    memcpy(ret, ASN1_STRING_get0_data(value), len);
    return len;
}

static void
open_envelope(struct kit_answer *answer, X509 *device, EVP_PKEY *key)
{
    const unsigned char *at = cf_buf_bytes(answer->envelope).data;
    BIO *out = BIO_new(BIO_s_mem());

    CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long)cf_buf_len(answer->envelope));
    assert_non_null(cms);
    assert_int_equal(CMS_decrypt(cms, key, device, NULL, out, CMS_BINARY), 1);
    CMS_ContentInfo_free(cms);
    answer->content = from_bio(out);
}

void
kit_read_answer(struct cf_bytes der, X509 *device, EVP_PKEY *key, struct kit_answer *ret_answer)
{
    struct kit_answer answer = {0};
    const unsigned char *at = der.data;
    BIO *out = BIO_new(BIO_s_mem());

    answer.cms = d2i_CMS_ContentInfo(NULL, &at, (long)der.len);
    assert_non_null(answer.cms);
    assert_ptr_equal(at, der.data + der.len);
    assert_int_equal(
        CMS_verify(answer.cms, NULL, NULL, NULL, out, CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY), 1);
    answer.envelope = from_bio(out);
    answer.signer = sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(answer.cms), 0);
    answer.transaction_type =
        read_text(answer.signer, SCEP_OID ".7", answer.transaction, sizeof answer.transaction);
    assert_int_equal(read_text(answer.signer, SCEP_OID ".2", answer.type, sizeof answer.type),
                     V_ASN1_PRINTABLESTRING);
    assert_int_equal(read_text(answer.signer, SCEP_OID ".3", answer.status, sizeof answer.status),
                     V_ASN1_PRINTABLESTRING);
    (void)read_text(answer.signer, SCEP_OID ".4", answer.fail_info, sizeof answer.fail_info);
    (void)read_text(answer.signer, "1.3.6.1.5.5.7.24.1", answer.fail_text, sizeof answer.fail_text);
    answer.sender_nonce_len =
        read_octets(answer.signer, SCEP_OID ".5", answer.sender_nonce, sizeof answer.sender_nonce);
    answer.recipient_nonce_len = read_octets(answer.signer, SCEP_OID ".6", answer.recipient_nonce,
                                             sizeof answer.recipient_nonce);
    if (cf_buf_len(answer.envelope) > 0)
        open_envelope(&answer, device, key);
    *ret_answer = answer;
}

void
kit_answer_done(struct kit_answer *answer)
{
    CMS_ContentInfo_free(answer->cms);
    cf_buf_free(answer->content);
    cf_buf_free(answer->envelope);
}

X509 *
kit_nth_cert(struct cf_bytes degenerate, int n)
{
    const unsigned char *at = degenerate.data;

    PKCS7 *p7 = d2i_PKCS7(NULL, &at, (long)degenerate.len);
    assert_non_null(p7);
    assert_ptr_equal(at, degenerate.data + degenerate.len);
    X509 *x509 = sk_X509_value(p7->d.sign->cert, n);
    if (x509)
        X509_up_ref(x509);
    PKCS7_free(p7);
    return x509;
}
