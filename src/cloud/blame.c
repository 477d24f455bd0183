/* SPDX-License-Identifier: Apache-2.0 */
/*
 * blame - whose fault it is when bytes do not hold what they should.
 *
 * The lower layers take any bad text for a bad request. Here it came from the service or from the
 * administrator, and no request may be reported as failed for it.
 */
#include "wire.h"

static bool
is_about_bytes(enum cf_rc rc)
{
    return rc == CF_E_SYNTAX || rc == CF_E_FIELD || rc == CF_E_RANGE || rc == CF_E_ENCODING ||
           rc == CF_E_LIMIT;
}

enum cf_rc
cf_wire_blame_peer(struct cf_err *err)
{
    if (is_about_bytes(err->rc)) {
        err->rc = CF_E_PROTOCOL;
        err->fault = cf_rc_fault(CF_E_PROTOCOL);
    }
    return err->rc;
}

enum cf_rc
cf_wire_blame_settings(struct cf_err *err)
{
    if (err->fault == CF_FAULT_REQUEST) {
        err->rc = CF_E_CONFIG;
        err->fault = cf_rc_fault(CF_E_CONFIG);
    }
    return err->rc;
}
