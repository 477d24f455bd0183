/* SPDX-License-Identifier: Apache-2.0 */
/* issue - certificates with the key, subject and extensions that were asked for. */
#include <openssl/crmf.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "peer.h"

enum { TAG_SUBJECT_PUBLIC_KEY = 6 };

/* CertTemplate's publicKey [6], RFC 4211 section 5; OpenSSL has no accessor. */
static EVP_PKEY *
key_of_template(const OSSL_CRMF_CERTTEMPLATE *tmpl)
{
    unsigned char *der = NULL;
    int len = i2d_OSSL_CRMF_CERTTEMPLATE(tmpl, &der);
    const unsigned char *at = der;
    long left = len;
    int tag, class;
    long n = 0;
    EVP_PKEY *key = NULL;

    if (len <= 0 || ASN1_get_object(&at, &left, &tag, &class, len) & 0x80)
        return NULL;
    for (const unsigned char *end = at + left; at < end && !key; at += n) {
        const unsigned char *begin = at;
        if (ASN1_get_object(&at, &n, &tag, &class, end - at) & 0x80)
            break;
        if (tag != TAG_SUBJECT_PUBLIC_KEY)
            continue;
        der[begin - der] = V_ASN1_SEQUENCE | V_ASN1_CONSTRUCTED;
        key = d2i_PUBKEY(NULL, &begin, end - begin);
    }
    OPENSSL_free(der);
    return key;
}

static void
copy_extensions(X509 *cert, const STACK_OF(X509_EXTENSION) * extensions)
{
    for (int i = 0; extensions && i < sk_X509_EXTENSION_num(extensions); i++)
        X509_add_ext(cert, sk_X509_EXTENSION_value(extensions, i), -1);
}

static void
write_cert(const struct peer *peer, X509 *cert)
{
    char path[512];

    (void)snprintf(path, sizeof path, "%s/issued-%ld.pem", peer->dir, peer->serial);
    FILE *file = fopen(path, "we");
    if (!file || PEM_write_X509(file, cert) != 1 || fclose(file) != 0)
        peer_die("issued certificate");
}

X509 *
peer_issue(struct peer *peer, const OSSL_CRMF_MSG *crm, const X509_REQ *csr)
{
    OSSL_CRMF_CERTTEMPLATE *tmpl = crm ? OSSL_CRMF_MSG_get0_tmpl(crm) : NULL;
    X509_REQ *copy = csr ? X509_REQ_dup(csr) : NULL;
    EVP_PKEY *key = crm ? key_of_template(tmpl) : X509_REQ_get_pubkey(copy);
    STACK_OF(X509_EXTENSION) *extensions = crm ? NULL : X509_REQ_get_extensions(copy);
    X509 *cert = X509_new();

    if (!key || !cert)
        return NULL;
    X509_set_version(cert, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), ++peer->serial);
    X509_set_issuer_name(cert, X509_get_subject_name(peer->ca));
    X509_set_subject_name(cert, crm ? OSSL_CRMF_CERTTEMPLATE_get0_subject(tmpl)
                                    : X509_REQ_get_subject_name(copy));
    X509_gmtime_adj(X509_getm_notBefore(cert), -60);
    X509_gmtime_adj(X509_getm_notAfter(cert), 90L * 24 * 3600);
    X509_set_pubkey(cert, strcmp(peer->mode, "otherkey") == 0 ? peer->other : key);
    copy_extensions(cert, crm ? OSSL_CRMF_CERTTEMPLATE_get0_extensions(tmpl) : extensions);
    if (X509_sign(cert, strcmp(peer->mode, "otherca") == 0 ? peer->other : peer->key,
                  EVP_sha256()) <= 0)
        peer_die("signing");
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    EVP_PKEY_free(key);
    X509_REQ_free(copy);
    write_cert(peer, cert);
    return cert;
}
