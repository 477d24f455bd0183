/* SPDX-License-Identifier: Apache-2.0 */
#include "service.h"

const struct cf_enrollment_service *
adcs_service_find(const struct adcs_ca *ca, const struct cf_enrollment_services *services)
{
    const struct cf_ca_settings *settings = ca->settings;
    const struct cf_enrollment_service *service =
        cf_enrollment_service_find(services, settings->host, settings->ca_name);

    if (!service && settings->rpc_host)
        service = cf_enrollment_service_find(services, settings->rpc_host, settings->ca_name);
    return service;
}
