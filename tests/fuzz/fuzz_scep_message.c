/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_scep_message - what a device may send: read, checked, opened and answered, whatever it is.
 * Covers cf_scep_message_parse, cf_scep_message_check, cf_scep_message_open, cf_scep_reply_build,
 * cf_ber_to_der, cf_rsa_unwrap.
 */
#include "scep_ra.h"

static void
answer(const struct cf_scep_message *message, enum cf_scep_status status)
{
    cf_own(cf_buf) der = NULL;
    const struct cf_scep_reply reply = {
        .status = status,
        .fail_info = CF_SCEP_BAD_REQUEST,
        .fail_text = "no",
        .certs = status == CF_SCEP_SUCCESS ? cf_cert_der(the_ra()->cert) : (struct cf_bytes){0},
        .now_ms = INT64_C(1790000000000),
        .floor = CF_SCEP_SHA256,
        .cipher = CF_SCEP_AES128};
    enum cf_rc rc = cf_scep_reply_build(message, the_ra(), &reply, &der, NULL);

    must(rc == CF_OK || (rc == CF_E_UNSUPPORTED && status == CF_SCEP_SUCCESS));
    must((rc == CF_OK) == (der != NULL));
}

static void
open_it(const struct cf_scep_message *message)
{
    cf_own(cf_secret) content = NULL;
    cf_own(cf_secret) again = NULL;
    enum cf_rc rc = cf_scep_message_open(message, the_ra(), 1, &content, NULL);

    must(rc == CF_OK || rc == CF_E_NOT_FOUND || rc == CF_E_CRYPTO || rc == CF_E_UNSUPPORTED ||
         rc == CF_E_LIMIT);
    must((rc == CF_OK) == (content != NULL));
    must(cf_scep_message_open(message, the_ra(), 1, &again, NULL) == rc);
    must(rc != CF_OK || cf_secret_equal(content, again));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cf_own(cf_scep_message) message = NULL;
    enum cf_scep_fail_info fail_info = (enum cf_scep_fail_info)99;
    enum cf_rc rc = cf_scep_message_parse(cf_bytes_of(data, size), &message, NULL);

    must(rc == CF_OK || rc == CF_E_ENCODING || rc == CF_E_LIMIT);
    must((rc == CF_OK) == (message != NULL));
    if (!message)
        return 0;
    size_t len = strlen(cf_scep_message_transaction(message));
    must(len > 0 && len <= CF_SCEP_TRANSACTION_MAX);
    must(cf_scep_message_sender_nonce(message).len <= CF_SCEP_NONCE_MAX);
    must(cf_scep_message_signer(message).len > 0 && cf_scep_message_signer_spki(message).len > 0);
    must(cf_text_is_printable(cf_scep_message_recipients(message),
                              strlen(cf_scep_message_recipients(message))));
    rc = cf_scep_message_check(message, &fail_info, NULL);
    must(rc == CF_OK || (unsigned)fail_info <= CF_SCEP_BAD_CERT_ID);
    open_it(message);
    answer(message, CF_SCEP_FAILURE);
    answer(message, CF_SCEP_SUCCESS);
    return 0;
}
