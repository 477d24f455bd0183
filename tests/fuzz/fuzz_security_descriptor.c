/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_security_descriptor - rights by a security descriptor. Covers adcs_access: whoever belongs
 * to nobody gets nothing unless there is no list at all, and only known rights come out.
 */
#include <stdlib.h>

#include "ca/adcs/preflight.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const sids[] = {"S-1-5-21-1-2-3-1104", "S-1-5-11", "S-1-1-0"};
    struct cf_bytes descriptor = cf_bytes_of(data, size);
    unsigned all = ADCS_ACCESS_READ | ADCS_ACCESS_ENROLL | ADCS_ACCESS_WRITE;
    unsigned ours = 0;
    unsigned nobodys = 0;

    enum cf_rc rc = adcs_access(descriptor, sids, CF_COUNT(sids), &ours, NULL);
    if (adcs_access(descriptor, NULL, 0, &nobodys, NULL) != rc)
        abort();
    if (rc == CF_OK && ((ours & ~all) || (nobodys && (nobodys != all || ours != all))))
        abort();
    return 0;
}
