/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reference to an object, and bindings. First byte: which of the two.
 * Has to cover: cf_dcom_read_objref, cf_dcom_read_bindings.
 */
#include <stdlib.h>

#include "ca/adcs/dcom.h"
#include "ca/adcs/dcom_properties.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct cf_guid INTERFACE = CF_COM_GUID(0x778);

    if (size < 1)
        return 0;
    struct cf_reader reader = cf_reader_of(cf_bytes_of(data + 1, size - 1));
    if (data[0] & 1) {
        struct cf_dcom_reference reference = cf_dcom_read_objref(&reader, &INTERFACE);
        if (cf_reader_ok(&reader) && reference.n_references > CF_DCOM_REFERENCES_MAX)
            abort();
        return 0;
    }
    uint16_t port = cf_dcom_read_bindings(&reader);
    if (cf_reader_ok(&reader) != (port != 0) || port == CF_EPM_PORT)
        abort();
    return 0;
}
