/* SPDX-License-Identifier: Apache-2.0 */
#include "certferry/ca.h"

#include <stdlib.h>

#include "certferry/cert.h"
#include "certferry/file.h"

enum { CHAIN_FILE_MAX = 1024 * 1024 };

void
cf_ca_answer_done(struct cf_ca_answer *answer)
{
    cf_buf_free(answer->cert);
    cf_buf_free(answer->chain);
    free(answer->cookie);
    *answer = (struct cf_ca_answer){0};
}

enum cf_rc
cf_ca_read_chain(const char *option, const char *path, struct cf_chain **ret_chain,
                 struct cf_err *err)
{
    cf_own(cf_buf) pem = NULL;
    struct cf_err own = {0};

    if (!path)
        return cf_fail(err, CF_E_CONFIG, "%s is not set", option);
    if (cf_file_read(path, CHAIN_FILE_MAX, &pem, err) != CF_OK)
        return cf_err_prefix(err, "%s", option);
    if (cf_chain_parse_pem(cf_buf_bytes(pem), ret_chain, &own) != CF_OK)
        return cf_fail(err, CF_E_CONFIG, "%s %s: %s", option, path, own.text);
    return CF_OK;
}
