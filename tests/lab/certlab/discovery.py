# SPDX-License-Identifier: Apache-2.0
"""The service map of the directory: which service of the tenant lives where."""

PROVIDER = "PkiConnectorFEService"
SERVICE_BASE = "/PkiConnectorFEService"
SCEP = "ScepRequestValidationFEService"
SCEP_BASE = "/RACerts/StatelessScepRequestValidationService"
OTHERS = ("EnrollmentService", "SideCarService")


def _entry(base_url, name, resource, uri):
    return {
        "id": f"00000000-0000-4000-8000-{abs(hash_of(name)):012d}",
        "capability": name,
        "providerId": None,
        "providerName": name,
        "providerResourceId": resource,
        "uri": base_url + uri,
    }


def hash_of(name):
    """A small stable number; the built-in hash changes with every process."""
    return sum(ord(char) * 31**index for index, char in enumerate(name)) % 10**12


def endpoints(tenant, page):
    """One page of the map; with two pages the connector's services are on the second."""
    others = [_entry(tenant.base_url, name, tenant.resource, "/" + name) for name in OTHERS]
    ours = []
    if tenant.publish_service:
        ours = [_entry(tenant.base_url, PROVIDER, tenant.resource, SERVICE_BASE)]
    if tenant.publish_scep:
        # With the slash that real maps have at times.
        ours.append(_entry(tenant.base_url, SCEP, tenant.resource, tenant.scep_base + "/"))
    answer = {"@odata.context": f"{tenant.base_url}/graph/v1.0/$metadata#endpoints"}
    if not tenant.discovery_pages:
        answer["value"] = others + ours
    elif page == 0:
        answer["value"] = others
        answer["@odata.nextLink"] = tenant.base_url + tenant.discovery_path + "?$skiptoken=1"
    else:
        answer["value"] = ours
    return answer
