/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_cms_open - copies sealed to the connector itself, for one known key that is also the
 * signer's. Covers cf_cms_open_pfx.
 */
#include "certferry/cms.h"
#include "fuzz_pki.h"

/* Made for this; it protects nothing. */
static const char IDENTITY[] = "-----BEGIN PRIVATE KEY-----\n"
                               "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg8g7QHlok8a3oM5bA\n"
                               "zj1nc0qJzuw4fpwWPhn7dOjxW1yhRANCAATic8B7E5BBZa4d15H5Wjpcq+bCAwq5\n"
                               "dlicfFl7AA5ZVHub0o94AQl06kpz+Hdge/ma8YpfJUCWm9RN8UYYCh0v\n"
                               "-----END PRIVATE KEY-----\n"
                               "-----BEGIN CERTIFICATE-----\n"
                               "MIIBhjCCASugAwIBAgIUMn4eCs3bS+3l3ZUDBN9B4j/ScUEwCgYIKoZIzj0EAwIw\n"
                               "DzENMAsGA1UEAwwEZnV6ejAgFw0yNjExMjIwMTMwNTZaGA8yMTI2MTAyOTAxMzA1\n"
                               "NlowDzENMAsGA1UEAwwEZnV6ejBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABOJz\n"
                               "wHsTkEFlrh3XkflaOlyr5sIDCrl2WJx8WXsADllUe5vSj3gBCXTqSnP4d2B7+Zrx\n"
                               "il8lQJab1E3xRhgKHS+jYzBhMB0GA1UdDgQWBBRDHKEA09bO4vp+F5evNbUx4CeL\n"
                               "ejAfBgNVHSMEGDAWgBRDHKEA09bO4vp+F5evNbUx4CeLejAPBgNVHRMBAf8EBTAD\n"
                               "AQH/MA4GA1UdDwEB/wQEAwIDiDAKBggqhkjOPQQDAgNJADBGAiEA8gbnDe2pDU87\n"
                               "rk8+n9uIutPSzAd9dw+F1CWkwOFmLZICIQCPVefhqHcI5It7pKHNvK/RIiO5tcHe\n"
                               "Eh6XgTwAb5mvIA==\n"
                               "-----END CERTIFICATE-----\n";

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct cf_identity *identity;
    cf_own(cf_secret) pem = NULL;
    cf_own(cf_secret) pfx = NULL;
    cf_own(cf_secret) password = NULL;

    if (!identity) {
        must(cf_secret_copy(IDENTITY, sizeof IDENTITY - 1, &pem, NULL) == CF_OK);
        must(cf_identity_parse(pem, &identity, NULL) == CF_OK);
    }
    const struct cf_cert *signers[] = {cf_identity_cert(identity)};
    enum cf_rc rc = cf_cms_open_pfx(cf_bytes_of(data, size), identity, "fuzz", signers, 1, &pfx,
                                    &password, NULL);
    must(rc == CF_OK || rc == CF_E_CRYPTO || rc == CF_E_ENCODING || rc == CF_E_LIMIT);
    must((rc == CF_OK) == (pfx != NULL) && (rc == CF_OK) == (password != NULL));
    return 0;
}
