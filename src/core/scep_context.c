/* SPDX-License-Identifier: Apache-2.0 */
/* scep_context - by what name a device's request is known on every node. */
#include <stdio.h>
#include <string.h>

#include "certferry/digest.h"
#include "scep.h"

enum { HASH_LEN = 40 };

/* Each part with its length, so that no two lists of parts give the same bytes. */
static enum cf_rc
hash(struct cf_bytes a, struct cf_bytes b, char ret[CF_SHA256_TEXT_SIZE], struct cf_err *err)
{
    cf_own(cf_buf) text = cf_buf_new(a.len + b.len + 64);
    if (!text)
        return cf_fail_oom(err);

    CF_TRY(cf_buf_appendf(text, err, "%zu:", a.len));
    CF_TRY(cf_buf_append(text, a.data, a.len, err));
    CF_TRY(cf_buf_append(text, b.data, b.len, err));
    return cf_sha256_text(cf_buf_bytes(text), ret, err);
}

static enum cf_rc
check_len(int len, struct cf_err *err)
{
    return len > 0 && len <= CF_CONTEXT_MAX
               ? CF_OK
               : cf_fail(err, CF_E_RANGE, "the name of the profile or CA is too long");
}

enum cf_rc
cf_scep_prefix(const char *profile, const char *transaction_id, struct cf_bytes signer_spki,
               char ret[CF_CONTEXT_MAX + 1], struct cf_err *err)
{
    char text[CF_SHA256_TEXT_SIZE];

    CF_TRY(hash(cf_bytes_of(transaction_id, strlen(transaction_id)), signer_spki, text, err));
    return check_len(snprintf(ret, CF_CONTEXT_MAX + 1, "%s/%.*s/", profile, (int)HASH_LEN, text),
                     err);
}

enum cf_rc
cf_scep_context(const char *prefix, struct cf_bytes csr, struct cf_bytes others,
                char ret[CF_CONTEXT_MAX + 1], struct cf_err *err)
{
    char text[CF_SHA256_TEXT_SIZE];

    CF_TRY(hash(csr, others, text, err));
    return check_len(snprintf(ret, CF_CONTEXT_MAX + 1, "%s%.*s", prefix, (int)HASH_LEN, text), err);
}
