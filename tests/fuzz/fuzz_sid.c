/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_sid - security identifiers as text and as extension. Covers cf_sid_check, cf_sid_parse_der,
 * cf_sid_der. */
#include "certferry/sid.h"
#include "fuzz_pki.h"

static void
must_come_back(const char *sid)
{
    cf_own(cf_buf) der = NULL;
    cf_own_str back = NULL;

    must(strlen(sid) < CF_SID_TEXT_SIZE);
    must(cf_sid_der(sid, &der, NULL) == CF_OK);
    must(cf_sid_parse_der(cf_buf_bytes(der), &back, NULL) == CF_OK);
    must(strcmp(sid, back) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cf_own_str text = text_of(data, size);
    cf_own_str sid = NULL;

    if (cf_sid_check(text, NULL) == CF_OK)
        must_come_back(text);
    if (cf_sid_parse_der(cf_bytes_of(data, size), &sid, NULL) == CF_OK)
        must_come_back(sid);
    return 0;
}
