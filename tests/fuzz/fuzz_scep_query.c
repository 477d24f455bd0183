/* SPDX-License-Identifier: Apache-2.0 */
/* Request targets: cf_scep_query_parse, cf_scep_route. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "scep/query.h"
#include "scep/routes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cf_scep_query query;
    char *target = malloc(size + 1);

    if (!target)
        return 0;
    memcpy(target, data, size);
    target[size] = '\0';
    if (cf_scep_query_parse(target, &query, NULL) == CF_OK) {
        size_t len = strlen(query.path);
        assert(query.path[0] == '/' && (len == 1 || query.path[len - 1] != '/'));
        assert(!strstr(query.path, "//"));
        for (size_t i = 0; i < len; i++)
            assert(query.path[i] >= ' ' && query.path[i] <= '~');
        assert(cf_scep_operation_name(query.operation));
        assert(!query.message || query.operation == CF_SCEP_OP_PKI_OPERATION);
        assert(!query.message || cf_buf_len(query.message) <= size);

        struct cf_scep_route route = cf_scep_route(query.path);
        assert(route.is_known || route.profile[0] == '\0');
        cf_scep_query_done(&query);
    }
    free(target);
    return 0;
}
