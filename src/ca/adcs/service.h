/* SPDX-License-Identifier: Apache-2.0 */
/* service - the CA's own entry among the directory's enrollment services. */
#pragma once

#include "adcs.h"
#include "certferry/enrollment.h"

/* By name and host, or rpc_host where profiles name the CA otherwise. NULL when there is none.
 * Borrowed from services. */
const struct cf_enrollment_service *
adcs_service_find(const struct adcs_ca *ca, const struct cf_enrollment_services *services);
