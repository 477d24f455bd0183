/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_policy - a rule, a pattern and a SID, and behind the first NUL what they are compared with.
 *
 * Covers cf_policy_check_subject_rule, cf_policy_check_san_rule, cf_policy_match,
 * cf_policy_match_folded, cf_sid_read. A rule that was read matches what it says itself, and what
 * is refused by the exact comparison is refused by the folded one.
 */
#include "core/policy_internal.h"
#include "fuzz_pki.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cf_own_str rule = text_of(data, size);
    const char *text = "";
    char oid[CF_DN_OID_MAX];
    const char *pattern = NULL;
    enum cf_san_type type = CF_SAN_EMAIL;
    struct cf_sid sid, again;

    cf_own_str rest = NULL;
    if (strlen(rule) < size) {
        rest = text_of(data + strlen(rule) + 1, size - strlen(rule) - 1);
        text = rest;
    }
    if (cf_subject_rule_read(rule, oid, &pattern, NULL) == CF_OK) {
        must(cf_policy_check_subject_rule(rule, NULL) == CF_OK);
        must(*pattern && cf_policy_match(pattern, pattern));
    }
    if (cf_san_rule_read(rule, &type, &pattern, NULL) == CF_OK) {
        must(cf_policy_check_san_rule(rule, NULL) == CF_OK);
        must(*pattern && cf_policy_match(pattern, pattern));
    }
    must(cf_policy_match("*", text));
    if (cf_policy_match(rule, text))
        must(cf_policy_match_folded(rule, text));
    if (cf_sid_read(rule, &sid)) {
        must(cf_sid_equal(&sid, &sid));
        if (cf_sid_read(text, &again) && cf_sid_equal(&sid, &again))
            must(cf_sid_privilege(&sid) == cf_sid_privilege(&again));
    }
    return 0;
}
