/* SPDX-License-Identifier: Apache-2.0 */
/* What certferryd answers certferry-scepd, and the registration authority's document: read or
 * refused whole; what was read is written back the same. */
#include <stdlib.h>

#include "certferry/verdict.h"
#include "scep/backend_call.h"
#include "scep/ra_document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_result(const struct cf_json *result)
{
    struct cf_scep_answer answer = {0};
    struct cf_scep_ra_state state = {0};
    cf_own(cf_buf) crl = NULL;
    cf_own(cf_scep_profiles) profiles = NULL;

    if (cf_scep_parse_answer(result, &answer, NULL, NULL) == CF_OK &&
        answer.state == CF_SCEP_ANSWER_ISSUED && (!answer.cert || !answer.chain))
        abort();
    cf_scep_answer_done(&answer);
    if (cf_scep_parse_answer(result, &answer, &crl, NULL) == CF_OK &&
        (answer.state == CF_SCEP_ANSWER_ISSUED) != (crl != NULL))
        abort();
    cf_scep_answer_done(&answer);
    if (cf_scep_parse_ra_state(result, &state, NULL) == CF_OK &&
        (state.version > 0) != (state.document != NULL))
        abort();
    cf_scep_ra_state_done(&state);
    if (cf_scep_parse_profiles(result, &profiles, NULL) != CF_OK)
        return;
    for (size_t i = 0; i < profiles->n_profiles; i++) {
        if (!cf_scep_profiles_find_ca(profiles, profiles->profiles[i].ca->name))
            abort();
    }
}

static void
read_document(struct cf_bytes json)
{
    cf_own(cf_ra_document) first = NULL;
    cf_own(cf_ra_document) second = NULL;
    cf_own(cf_buf) text = NULL;
    cf_own(cf_buf) again = NULL;

    if (cf_ra_document_parse(json, &first, NULL) != CF_OK ||
        cf_ra_document_print(first, &text, NULL) != CF_OK)
        return;
    if (cf_ra_document_parse(cf_buf_bytes(text), &second, NULL) != CF_OK ||
        cf_ra_document_print(second, &again, NULL) != CF_OK ||
        !cf_bytes_equal(cf_buf_bytes(text), cf_buf_bytes(again)))
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cf_own(cf_json) document = NULL;
    const struct cf_json *result = NULL;
    bool is_verdict = false;

    read_document(cf_bytes_of(data, size));
    if (cf_json_parse(cf_bytes_of(data, size), CF_SCEP_LINE_MAX, &document, NULL) == CF_OK &&
        cf_verdict_read(document, &is_verdict, &result, NULL) == CF_OK)
        read_result(result);
    return 0;
}
