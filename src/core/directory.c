/* SPDX-License-Identifier: Apache-2.0 */
#include "certferry/directory.h"

#include <stdlib.h>

struct cf_account *
cf_account_free(struct cf_account *account)
{
    if (!account)
        return NULL;

    free(account->dn);
    free(account->upn);
    free(account->sam_account_name);
    free(account->mail);
    free(account->dns_host_name);
    free(account->group_sids);
    free(account);
    return NULL;
}
