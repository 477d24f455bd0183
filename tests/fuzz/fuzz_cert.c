/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_cert - certificates and concatenated chains in DER; what is read keeps its promises.
 * Covers cf_cert_parse, cf_chain_parse_der, the recipient's own checks and the link check.
 */
#include <stdlib.h>
#include <string.h>

#include "certferry/cert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool claim)
{
    if (!claim)
        abort();
}

static void
one(struct cf_bytes der)
{
    cf_own(cf_cert) cert = NULL;
    char serial[CF_SERIAL_TEXT_SIZE];

    if (cf_cert_parse(der, &cert, NULL) != CF_OK)
        return;
    must(cf_bytes_equal(cf_cert_der(cert), der));
    must(strlen(cf_cert_thumbprint(cert)) == CF_SHA1_TEXT_SIZE - 1);
    must(cf_serial_normalize(cf_cert_serial(cert), serial, NULL) == CF_OK);
    must(strcmp(serial, cf_cert_serial(cert)) == 0);
    (void)!cf_cert_check_usable_recipient(cert, cf_cert_not_before_ms(cert), NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cf_bytes input = cf_bytes_of(data, size);
    cf_own(cf_chain) chain = NULL;
    cf_own(cf_buf) der = NULL;

    one(input);
    if (cf_chain_parse_der(input, &chain, NULL) == CF_OK) {
        must(cf_chain_der(chain, &der, NULL) == CF_OK);
        must(cf_bytes_equal(cf_buf_bytes(der), input));
    }
    return 0;
}
