/* SPDX-License-Identifier: Apache-2.0 */
/* policy-test: what the policy in use makes of a request. */
#include <string.h>

#include "certferry/policy.h"
#include "command.h"

enum cf_rc
cf_command_policy_test(const struct cf_command_call *call, struct cf_json_writer *out,
                       struct cf_err *err)
{
    const char *document = NULL;

    const struct cf_policy_completer completer = cf_site_completer(call->site);
    CF_TRY(cf_json_string(call->request, "document", 1, CF_REQUEST_MAX, &document, err));
    return cf_policy_test(call->site->settings, call->site->directory, &completer,
                          cf_bytes_of(document, strlen(document)), out, err);
}
