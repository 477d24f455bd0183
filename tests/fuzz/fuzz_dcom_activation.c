/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer to an activation. What passes names a port that an exporter can have.
 * Has to cover: cf_dcom_activation_read, cf_dcom_read_that.
 */
#include <stdlib.h>

#include "ca/adcs/dcom.h"
#include "ca/adcs/dcom_properties.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct cf_dcom_class CLASS = {
        .id = CF_COM_GUID(0x777),
        .interface = {.id = CF_COM_GUID(0x778), .name = "IKit"},
    };
    struct cf_dcom_activation activation = {0};
    struct cf_err err = {0};

    enum cf_rc rc = cf_dcom_activation_read(cf_bytes_of(data, size), &CLASS, &activation, &err);
    if (rc == CF_OK) {
        if (activation.port == 0 || activation.port == CF_EPM_PORT ||
            activation.reference.n_references > CF_DCOM_REFERENCES_MAX)
            abort();
    } else if (!err.text[0] || activation.port != 0) {
        abort();
    }
    return 0;
}
