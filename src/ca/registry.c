/* SPDX-License-Identifier: Apache-2.0 */
/* registry - the one array of CA backends. */
#include <string.h>

#include "adcs/ca_adcs.h"
#include "certferry/ca.h"
#include "cmp/ca_cmp.h"
#include "exec/ca_exec.h"
#include "local/ca_local.h"

const struct cf_ca_ops *const cf_ca_backends[] = {
    &cf_ca_local_ops, &cf_ca_exec_ops, &cf_ca_cmp_ops, &cf_ca_adcs_ops, NULL,
};

const struct cf_ca_ops *
cf_ca_find_backend(const char *name)
{
    for (size_t i = 0; name && cf_ca_backends[i]; i++) {
        if (strcmp(cf_ca_backends[i]->name, name) == 0)
            return cf_ca_backends[i];
    }
    return NULL;
}
