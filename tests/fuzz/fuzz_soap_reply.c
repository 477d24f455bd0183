/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_soap_reply - an answer to a request for a certificate: issued has a certificate, pending a
 * number, and everything else is a failure that can be shown. Covers soap_read and wstep_read.
 */
#include <stdlib.h>
#include <string.h>

#include "ca/adcs/wstep.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool claim)
{
    if (!claim)
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char ID[] = "urn:uuid:00000000-0000-4000-8000-000000000001";
    struct adcs_reply reply = {0};
    struct cf_err err = {0};

    if (wstep_read(cf_bytes_of(data, size), ID, 0, &reply, &err) != CF_OK) {
        must(!reply.cert && !reply.response);
        must(cf_text_is_printable(err.text, strlen(err.text)));
        return 0;
    }
    must(cf_text_is_printable(reply.message, strlen(reply.message)));
    switch (reply.disposition) {
    case ADCS_ISSUED:
        must(reply.cert && cf_buf_len(reply.cert) > 0 && cf_buf_len(reply.cert) <= CF_CERT_DER_MAX);
        break;
    case ADCS_PENDING:
        must(!reply.cert && reply.request_id != 0);
        break;
    default:
        must(!reply.cert);
        must(reply.disposition == ADCS_DENIED || reply.disposition >= 0x80000000);
    }
    must(!reply.response || cf_buf_len(reply.response) <= ADCS_CMS_MAX);
    adcs_reply_done(&reply);
    return 0;
}
