/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_scep_content - what is in the envelopes of CertPoll, GetCert and GetCRL. Covers
 * cf_scep_parse_issuer_and_subject, cf_scep_parse_issuer_and_serial.
 */
#include "certferry/scep_message.h"
#include "fuzz_pki.h"

static bool
is_inside(struct cf_bytes part, const uint8_t *data, size_t size)
{
    return part.data >= data && part.len > 0 && part.len <= size &&
           part.data <= data + size - part.len;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cf_bytes issuer = {0}, subject = {0};
    char serial[CF_SERIAL_TEXT_SIZE], normal[CF_SERIAL_TEXT_SIZE];
    const struct cf_bytes content = cf_bytes_of(data, size);

    if (cf_scep_parse_issuer_and_subject(content, &issuer, &subject, NULL) == CF_OK)
        must(is_inside(issuer, data, size) && is_inside(subject, data, size));
    if (cf_scep_parse_issuer_and_serial(content, &issuer, serial, NULL) == CF_OK) {
        must(is_inside(issuer, data, size));
        must(cf_serial_normalize(serial, normal, NULL) == CF_OK && strcmp(serial, normal) == 0);
    }
    return 0;
}
