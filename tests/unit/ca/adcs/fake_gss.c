/* SPDX-License-Identifier: Apache-2.0 */
/* fake_gss - Kerberos without a domain: each leg's token is its number, and no leg is the last. */
#include <stdlib.h>

#include "certferry/kerberos.h"

struct cf_gss {
    char leg;
};

enum cf_rc
cf_gss_new(const struct cf_gss_options *options, struct cf_gss **ret_gss, struct cf_err *failure)
{
    (void)options;
    *ret_gss = calloc(1, sizeof **ret_gss);
    return *ret_gss ? CF_OK : cf_fail_oom(failure);
}

struct cf_gss *
cf_gss_free(struct cf_gss *gss)
{
    free(gss);
    return NULL;
}

enum cf_rc
cf_gss_step(struct cf_gss *gss, struct cf_bytes token, struct cf_buf **ret_token,
            bool *ret_is_complete, struct cf_err *failure)
{
    char number = (char)('1' + gss->leg++);

    (void)token;
    *ret_is_complete = false;
    *ret_token = cf_buf_copy(cf_bytes_of(&number, 1));
    return *ret_token ? CF_OK : cf_fail_oom(failure);
}

void
cf_kerberos_forget(const struct cf_kerberos *kerberos)
{
    (void)kerberos;
}
