/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_icpr - what a CA answers to CertServerRequest.
 * Covers adcs_icpr_read, cf_ndr_read_blob and cf_utf16_to_text.
 */
#include "ca/adcs/adcs.h"
#include "certferry/text.h"
#include "fuzz_pki.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct adcs_reply reply = {0};

    if (adcs_icpr_read(cf_bytes_of(data, size), &reply, NULL) != CF_OK) {
        must(!reply.cert && !reply.response && !reply.message[0]);
        return 0;
    }
    must(!reply.cert || cf_buf_len(reply.cert) > 0);
    must(!reply.response || cf_buf_len(reply.response) > 0);
    must(cf_text_is_printable(reply.message, strlen(reply.message)));
    adcs_reply_done(&reply);
    return 0;
}
