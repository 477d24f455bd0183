/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_request - a PkcsRequest as the cloud sent it. Covers cf_request_parse, cf_request_kind,
 * cf_facts_find and cf_platform_delivery: what passes has its required members, and each variable
 * has a value or an error that names it.
 */
#include <stdlib.h>
#include <string.h>

#include "certferry/facts.h"
#include "certferry/platform.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const variables[] = {
        "DeviceName", "UserPrincipalName", "IMEI", "FullyQualifiedDomainName", "nothing", ""};
    cf_own(cf_request) request = NULL;
    struct cf_delivery delivery;
    struct cf_err err = {0};

    if (cf_request_parse(cf_bytes_of(data, size), &request, &err) != CF_OK) {
        if (request || err.text[0] == '\0' ||
            cf_request_kind(cf_bytes_of(data, size)) == CF_KIND_REVOCATION)
            abort();
        return 0;
    }
    bool is_import = request->type == CF_REQUEST_IMPORT;
    if (!request->context[0] || !request->device.id[0] || !request->recipient ||
        (!is_import && !request->ca_host[0]) ||
        is_import != (request->encrypted_pfx && request->encrypted_password) ||
        (is_import && (!request->provider_name[0] || !request->key_name[0])))
        abort();
    enum cf_kind kind = cf_request_kind(cf_bytes_of(data, size));
    if ((kind == CF_KIND_IMPORT) != is_import ||
        (kind == CF_KIND_REENCRYPT) != (request->type == CF_REQUEST_REENCRYPT))
        abort();
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        const char *value = NULL;
        enum cf_rc rc = cf_facts_find(&(struct cf_facts){.request = request}, variables[i],
                                      strlen(variables[i]), &value, &err);
        if ((rc == CF_OK) != (value && value[0]))
            abort();
    }
    (void)!cf_platform_delivery(request->device.platform, request->device.os_version, &delivery,
                                &err);
    return 0;
}
