/* SPDX-License-Identifier: Apache-2.0 */
/* scep_names - what the numbers of the protocol and of its algorithms are called. */
#include "scep_internal.h"

#include <openssl/objects.h>

const char *
cf_scep_message_type_name(enum cf_scep_message_type type)
{
    switch (type) {
    case CF_SCEP_CERT_REP:
        return "CertRep";
    case CF_SCEP_RENEWAL_REQ:
        return "RenewalReq";
    case CF_SCEP_UPDATE_REQ:
        return "UpdateReq";
    case CF_SCEP_PKCS_REQ:
        return "PKCSReq";
    case CF_SCEP_CERT_POLL:
        return "CertPoll";
    case CF_SCEP_GET_CERT:
        return "GetCert";
    case CF_SCEP_GET_CRL:
        return "GetCRL";
    default:
        return NULL;
    }
}

const char *
cf_scep_fail_info_name(enum cf_scep_fail_info fail_info)
{
    static const char *const names[] = {
        [CF_SCEP_BAD_ALG] = "badAlg",         [CF_SCEP_BAD_MESSAGE_CHECK] = "badMessageCheck",
        [CF_SCEP_BAD_REQUEST] = "badRequest", [CF_SCEP_BAD_TIME] = "badTime",
        [CF_SCEP_BAD_CERT_ID] = "badCertId",
    };
    return (unsigned)fail_info < CF_COUNT(names) ? names[fail_info] : "unknown";
}

static const struct {
    const char *name;
    int nid;
    const EVP_MD *(*md)(void);
} DIGESTS[] = {
    [CF_SCEP_MD5] = {"MD5", NID_md5, EVP_md5},
    [CF_SCEP_SHA1] = {"SHA-1", NID_sha1, EVP_sha1},
    [CF_SCEP_SHA224] = {"SHA-224", NID_sha224, EVP_sha224},
    [CF_SCEP_SHA256] = {"SHA-256", NID_sha256, EVP_sha256},
    [CF_SCEP_SHA384] = {"SHA-384", NID_sha384, EVP_sha384},
    [CF_SCEP_SHA512] = {"SHA-512", NID_sha512, EVP_sha512},
};

const char *
cf_scep_digest_name(enum cf_scep_digest digest)
{
    return (unsigned)digest < CF_COUNT(DIGESTS) ? DIGESTS[digest].name : "another digest";
}

enum cf_scep_digest
cf_scep_digest_of_nid(int nid)
{
    unsigned i = 0;

    while (i < CF_COUNT(DIGESTS) && DIGESTS[i].nid != nid)
        i++;
    return i < CF_COUNT(DIGESTS) ? (enum cf_scep_digest)i : CF_SCEP_DIGEST_OTHER;
}

const EVP_MD *
cf_scep_digest_md(enum cf_scep_digest digest)
{
    return (unsigned)digest < CF_COUNT(DIGESTS) ? DIGESTS[digest].md() : NULL;
}

static const struct {
    const char *name;
    int nid;
    uint8_t key_len;
    uint8_t block_len;
} CIPHERS[] = {
    [CF_SCEP_DES] = {"DES-CBC", NID_des_cbc, 8, 8},
    [CF_SCEP_DES3] = {"DES-EDE3-CBC", NID_des_ede3_cbc, 24, 8},
    [CF_SCEP_AES128] = {"AES-128-CBC", NID_aes_128_cbc, 16, 16},
    [CF_SCEP_AES192] = {"AES-192-CBC", NID_aes_192_cbc, 24, 16},
    [CF_SCEP_AES256] = {"AES-256-CBC", NID_aes_256_cbc, 32, 16},
};

const char *
cf_scep_cipher_name(enum cf_scep_cipher cipher)
{
    return (unsigned)cipher < CF_COUNT(CIPHERS) ? CIPHERS[cipher].name : "another cipher";
}

enum cf_scep_cipher
cf_scep_cipher_of_nid(int nid)
{
    unsigned i = 0;

    while (i < CF_COUNT(CIPHERS) && CIPHERS[i].nid != nid)
        i++;
    return i < CF_COUNT(CIPHERS) ? (enum cf_scep_cipher)i : CF_SCEP_CIPHER_OTHER;
}

size_t
cf_scep_cipher_key_len(enum cf_scep_cipher cipher)
{
    return (unsigned)cipher < CF_COUNT(CIPHERS) ? CIPHERS[cipher].key_len : 0;
}

size_t
cf_scep_cipher_block_len(enum cf_scep_cipher cipher)
{
    return (unsigned)cipher < CF_COUNT(CIPHERS) ? CIPHERS[cipher].block_len : 0;
}
