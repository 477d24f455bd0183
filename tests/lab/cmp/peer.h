/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peer - a CMP CA for tests: OpenSSL's server, a CA that really issues, and misbehaviour by script.
 *
 * All is in one directory: ca.pem and ca.key (the CA), secret (shared secret of reference
 * "certferry"), optionally clients.pem (whose signatures are believed). It writes port, and a line
 * into log for each message and confirmation. Before each request it reads mode:
 *   (none)           issues
 *   wait N           wants time, and to be asked again after N seconds
 *   waitcut, waitjunk, waitold N
 *                    likewise, and polls get no answer, no CMP, or its previous answer
 *   reject BIT TEXT  refuses with this bit of PKIFailureInfo
 *   otherkey         a certificate for another key
 *   otherca          one signed by another key than the CA's
 *   noimplicit       wants a confirmation whatever the client says
 *   noconf           issues, and refuses the confirmation
 *   old              sends its previous answer again
 *   lose             does what it is told, without an answer
 *   openerr          errors without protection
 *   badmac           answers protected with another secret
 *   big, garbage     10 MB, or no CMP
 *   html, cut, hang  a web page, no answer, an answer that never comes
 */
#pragma once

#include <openssl/cmp.h>
#include <stdbool.h>
#include <stddef.h>

enum { PEER_TRANSACTIONS = 256, PEER_WORDS = 200 };

struct peer {
    const char *dir;
    X509 *ca;
    EVP_PKEY *key;
    EVP_PKEY *other;
    X509_STORE *clients;
    char secret[128];
    long serial;
    unsigned char *previous; /* its last answer */
    size_t previous_len;
    char mode[16];
    int bit;
    char words[PEER_WORDS];
    struct transaction {
        struct peer *peer;
        OSSL_CMP_SRV_CTX *server;
        ASN1_OCTET_STRING *id;
        OSSL_CMP_MSG *waiting;
    } transactions[PEER_TRANSACTIONS];
    size_t n;
};

void peer_die(const char *what) __attribute__((noreturn));
void peer_log(const struct peer *peer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* issue.c: a certificate for a request; NULL when it cannot be read. */
X509 *peer_issue(struct peer *peer, const OSSL_CRMF_MSG *crm, const X509_REQ *csr);
/* ca.c: the server of this message's transaction; NULL when there are too many. */
OSSL_CMP_SRV_CTX *peer_server(struct peer *peer, const OSSL_CMP_MSG *request);
