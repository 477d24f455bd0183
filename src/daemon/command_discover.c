/* SPDX-License-Identifier: Apache-2.0 */
/* adcs-discover: the forest's CAs and templates. */
#include "command.h"

enum cf_rc
cf_command_adcs_discover(const struct cf_command_call *call, struct cf_json_writer *out,
                         struct cf_err *err)
{
    const struct cf_ca_ops *backend = cf_ca_find_backend("adcs");

    if (!backend || !backend->discover)
        return cf_fail(err, CF_E_UNSUPPORTED, "this daemon was built without AD CS");
    if (!call->site->directory)
        return cf_fail(err, CF_E_CONFIG,
                       "CAs are found in the directory: configure [directory] first (uri = "
                       "ldaps://DC, keytab_file; see docs/directory.md), reload, and try again");
    return backend->discover(call->site->settings, call->site->directory, out, err);
}
