/* SPDX-License-Identifier: Apache-2.0 */
/* ca - what the CA answers, transaction by transaction. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "peer.h"

static OSSL_CMP_PKISI *
refuse(const struct peer *peer)
{
    return OSSL_CMP_STATUSINFO_new(OSSL_CMP_PKISTATUS_rejection, 1 << peer->bit, peer->words);
}

static OSSL_CMP_PKISI *
on_request(OSSL_CMP_SRV_CTX *server, const OSSL_CMP_MSG *request, int id, const OSSL_CRMF_MSG *crm,
           const X509_REQ *csr, X509 **ret_cert, STACK_OF(X509) * *ret_chain,
           STACK_OF(X509) * *ret_ca_pubs)
{
    struct transaction *transaction = OSSL_CMP_SRV_CTX_get0_custom_ctx(server);
    struct peer *peer = transaction->peer;

    (void)id;
    (void)ret_chain;
    (void)ret_ca_pubs;
    if (strcmp(peer->mode, "reject") == 0)
        return refuse(peer);
    if (strncmp(peer->mode, "wait", 4) == 0) {
        if (!transaction->waiting)
            transaction->waiting = OSSL_CMP_MSG_dup(request);
        return OSSL_CMP_STATUSINFO_new(OSSL_CMP_PKISTATUS_waiting, 0, NULL);
    }
    *ret_cert = peer_issue(peer, crm, csr);
    peer_log(peer, "issued %ld", peer->serial);
    return *ret_cert ? OSSL_CMP_STATUSINFO_new(OSSL_CMP_PKISTATUS_accepted, 0, NULL) : NULL;
}

static int
on_poll(OSSL_CMP_SRV_CTX *server, const OSSL_CMP_MSG *request, int id, OSSL_CMP_MSG **ret_request,
        int64_t *ret_check_after)
{
    struct transaction *transaction = OSSL_CMP_SRV_CTX_get0_custom_ctx(server);
    struct peer *peer = transaction->peer;

    (void)request;
    (void)id;
    *ret_request = NULL;
    *ret_check_after = peer->bit;
    if (!transaction->waiting)
        return 0;
    if (strncmp(peer->mode, "wait", 4) == 0)
        return 1;
    *ret_request = transaction->waiting;
    transaction->waiting = NULL;
    return 1;
}

static OSSL_CMP_PKISI *
on_revocation(OSSL_CMP_SRV_CTX *server, const OSSL_CMP_MSG *request, const X509_NAME *issuer,
              const ASN1_INTEGER *serial)
{
    struct transaction *transaction = OSSL_CMP_SRV_CTX_get0_custom_ctx(server);
    struct peer *peer = transaction->peer;
    char path[512];

    (void)request;
    if (strcmp(peer->mode, "reject") == 0)
        return refuse(peer);
    long number = ASN1_INTEGER_get(serial);
    if (X509_NAME_cmp(issuer, X509_get_subject_name(peer->ca)) != 0 || number < 1 ||
        number > peer->serial)
        return OSSL_CMP_STATUSINFO_new(OSSL_CMP_PKISTATUS_rejection,
                                       1 << OSSL_CMP_PKIFAILUREINFO_badCertId,
                                       "no such certificate");
    (void)snprintf(path, sizeof path, "%s/revoked-%ld", peer->dir, number);
    if (access(path, F_OK) == 0)
        return OSSL_CMP_STATUSINFO_new(OSSL_CMP_PKISTATUS_rejection,
                                       1 << OSSL_CMP_PKIFAILUREINFO_certRevoked, "already revoked");
    FILE *file = fopen(path, "we");
    if (!file || fclose(file) != 0)
        peer_die("revoked");
    peer_log(peer, "revoked %ld", number);
    return OSSL_CMP_STATUSINFO_new(OSSL_CMP_PKISTATUS_accepted, 0, NULL);
}

static int
on_general(OSSL_CMP_SRV_CTX *server, const OSSL_CMP_MSG *request,
           const STACK_OF(OSSL_CMP_ITAV) * in, STACK_OF(OSSL_CMP_ITAV) * *ret_out)
{
    (void)server;
    (void)request;
    (void)in;
    *ret_out = sk_OSSL_CMP_ITAV_new_null();
    return *ret_out != NULL;
}

static void
on_error(OSSL_CMP_SRV_CTX *server, const OSSL_CMP_MSG *request, const OSSL_CMP_PKISI *status,
         const ASN1_INTEGER *code, const OSSL_CMP_PKIFREETEXT *details)
{
    const struct transaction *transaction = OSSL_CMP_SRV_CTX_get0_custom_ctx(server);

    (void)request;
    (void)status;
    (void)code;
    (void)details;
    peer_log(transaction->peer, "error from the client");
}

static int
on_confirmation(OSSL_CMP_SRV_CTX *server, const OSSL_CMP_MSG *request, int id,
                const ASN1_OCTET_STRING *hash, const OSSL_CMP_PKISI *status)
{
    const struct transaction *transaction = OSSL_CMP_SRV_CTX_get0_custom_ctx(server);
    char text[OSSL_CMP_PKISI_BUFLEN] = "accepted";

    (void)request;
    (void)id;
    (void)hash;
    if (status)
        (void)OSSL_CMP_snprint_PKIStatusInfo(status, text, sizeof text);
    peer_log(transaction->peer, "confirmed %s", text);
    return strcmp(transaction->peer->mode, "noconf") != 0;
}

static void
open_transaction(struct peer *peer, struct transaction *transaction, const ASN1_OCTET_STRING *id)
{
    const char *secret = strcmp(peer->mode, "badmac") == 0 ? "another secret" : peer->secret;
    OSSL_CMP_SRV_CTX *server = OSSL_CMP_SRV_CTX_new(NULL, NULL);
    OSSL_CMP_CTX *ctx = OSSL_CMP_SRV_CTX_get0_cmp_ctx(server);

    int implicit = strcmp(peer->mode, "noimplicit") != 0 && strcmp(peer->mode, "noconf") != 0;

    transaction->peer = peer;
    transaction->server = server;
    transaction->id = ASN1_OCTET_STRING_dup(id);
    X509_STORE_up_ref(peer->clients);
    if (OSSL_CMP_SRV_CTX_init(server, transaction, on_request, on_revocation, on_general, on_error,
                              on_confirmation, on_poll) != 1 ||
        OSSL_CMP_SRV_CTX_set_accept_raverified(server, 1) != 1 ||
        OSSL_CMP_SRV_CTX_set_grant_implicit_confirm(server, implicit) != 1 ||
        OSSL_CMP_SRV_CTX_set_send_unprotected_errors(server, strcmp(peer->mode, "openerr") == 0) !=
            1 ||
        OSSL_CMP_CTX_set1_referenceValue(ctx, (const unsigned char *)"certferry", 9) != 1 ||
        OSSL_CMP_CTX_set1_secretValue(ctx, (const unsigned char *)secret, (int)strlen(secret)) !=
            1 ||
        OSSL_CMP_CTX_set1_cert(ctx, peer->ca) != 1 || OSSL_CMP_CTX_set1_pkey(ctx, peer->key) != 1 ||
        OSSL_CMP_CTX_set0_trustedStore(ctx, peer->clients) != 1)
        peer_die("server");
}

OSSL_CMP_SRV_CTX *
peer_server(struct peer *peer, const OSSL_CMP_MSG *request)
{
    const ASN1_OCTET_STRING *id =
        OSSL_CMP_HDR_get0_transactionID(OSSL_CMP_MSG_get0_header(request));

    for (size_t i = 0; id && i < peer->n; i++) {
        if (ASN1_OCTET_STRING_cmp(id, peer->transactions[i].id) == 0)
            return peer->transactions[i].server;
    }
    if (!id || peer->n == PEER_TRANSACTIONS)
        return NULL;
    open_transaction(peer, &peer->transactions[peer->n], id);
    return peer->transactions[peer->n++].server;
}
