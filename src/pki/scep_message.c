/* SPDX-License-Identifier: Apache-2.0 */
/* scep_message - what a message says. */
#include "scep_internal.h"

#include <stdlib.h>

struct cf_scep_message *
cf_scep_message_free(struct cf_scep_message *message)
{
    if (!message)
        return NULL;
    cf_buf_free(message->der);
    cf_buf_free(message->envelope);
    cf_buf_free(message->encrypted_joined);
    X509_free(message->signer);
    cf_buf_free(message->signer_der);
    cf_buf_free(message->signer_spki);
    free(message->recipients_text);
    free(message);
    return NULL;
}

int
cf_scep_message_type(const struct cf_scep_message *message)
{
    return message->type;
}

const char *
cf_scep_message_transaction(const struct cf_scep_message *message)
{
    return message->transaction;
}

struct cf_bytes
cf_scep_message_sender_nonce(const struct cf_scep_message *message)
{
    return message->sender_nonce;
}

enum cf_scep_digest
cf_scep_message_digest(const struct cf_scep_message *message)
{
    return cf_scep_digest_of_nid(message->digest_nid);
}

enum cf_scep_cipher
cf_scep_message_cipher(const struct cf_scep_message *message)
{
    return message->cipher;
}

enum cf_scep_transport
cf_scep_message_transport(const struct cf_scep_message *message)
{
    return message->n_recipients > 0 ? message->recipients[0].transport : CF_SCEP_TRANSPORT_OTHER;
}

bool
cf_scep_message_signing_time(const struct cf_scep_message *message, int64_t *ret_ms)
{
    if (message->has_signing_time)
        *ret_ms = message->signing_time_ms;
    return message->has_signing_time;
}

struct cf_bytes
cf_scep_message_signer(const struct cf_scep_message *message)
{
    return cf_buf_bytes(message->signer_der);
}

bool
cf_scep_message_signer_is_rsa(const struct cf_scep_message *message)
{
    return message->signer_is_rsa;
}

unsigned
cf_scep_message_signer_bits(const struct cf_scep_message *message)
{
    return message->signer_bits;
}

struct cf_bytes
cf_scep_message_signer_spki(const struct cf_scep_message *message)
{
    return cf_buf_bytes(message->signer_spki);
}

const char *
cf_scep_message_recipients(const struct cf_scep_message *message)
{
    return message->recipients_text;
}
