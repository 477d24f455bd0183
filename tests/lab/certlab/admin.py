# SPDX-License-Identifier: Apache-2.0
"""/lab/...: the tenant's methods for tests and people in other processes.

POST /lab/VERB with a JSON object of arguments (or nothing) and the header X-Lab-Token from
DIR/admin-token. remote.py is the client.
"""

import json
import secrets

from . import console, envelope, orders, scep_console


def _public_work(work):
    return {
        "requestContext": work.context, "kind": work.kind, "state": work.state,
        "offers": work.offers, "expected": work.expected, "wellFormed": work.well_formed,
        "device": work.request.get("device", {}).get("id"),
        "platform": work.request.get("device", {}).get("platform"), "history": work.history,
        "result": work.result,
    }


def _device(device):
    return {"device": device.record, "user": device.user, "certificate": orders.recipient(
        device.certificate)}


def users(tenant, count=1):
    return tenant.add_users(count)


def devices(tenant, count=0, **options):
    """Adds devices when count is given and lists the new ones, else lists all."""
    made = tenant.add_devices(count, **options) if count else tenant.fleet.devices.values()
    return [_device(device) for device in made]


def requests(tenant, **options):
    return tenant.add_requests(**options)


def malformed(tenant, kinds=None):
    return {kind: _public_work(work) for kind, work in tenant.add_malformed(kinds).items()}


def malformed_problems(tenant):
    return tenant.malformed_problems()


def faults(tenant, script=None):
    if script is not None:
        tenant.faults.set(script)
    return tenant.faults.describe()


def retire(tenant, devices):
    """Asks for the revocation of all their certificates; `end` is what administrators do."""
    return tenant.retire(devices)


def revocation(tenant, serialNumber, issuerName, caConfiguration=None):
    return tenant.revocations.add(serialNumber, issuerName, caConfiguration)


def settings(tenant, leaseSeconds=None, tokenLifetime=None, publishService=None,
             discoveryPages=None, allowAddKey=None, publishScep=None, scepBase=None):
    if leaseSeconds is not None:
        tenant.connector.lease_seconds = leaseSeconds
    if tokenLifetime is not None:
        tenant.identity.lifetime = tokenLifetime
    if publishService is not None:
        tenant.publish_service = publishService
    if discoveryPages is not None:
        tenant.discovery_pages = discoveryPages
    if allowAddKey is not None:
        tenant.allow_add_key = allowAddKey
    if publishScep is not None:
        tenant.publish_scep = publishScep
    if scepBase is not None:
        tenant.move_scep(scepBase)
    return {"leaseSeconds": tenant.connector.lease_seconds,
            "tokenLifetime": tenant.identity.lifetime}


def certificates(tenant, pem=None, remove=None):
    """Registers a certificate for signed assertions, or removes one by its SHA-256."""
    if remove:
        tenant.unregister_certificate(remove)
    if pem:
        tenant.register_certificate(pem)
    return sorted(tenant.identity.certificates)


def client_certificate(tenant, name="connector"):
    return [str(path) for path in tenant.issue_client_certificate(name)]


def revoke_tokens(tenant):
    return tenant.identity.revoke_tokens()


def state(tenant):
    """Counts, and what tests assert on."""
    counts = {}
    for work in tenant.connector.work:
        counts[work.state] = counts.get(work.state, 0) + 1
    return {
        "tenantId": tenant.tenant_id, "clientId": tenant.client_id, "baseUrl": tenant.base_url,
        "serviceUrl": tenant.service_url, "scepUrl": tenant.scep_url,
        "graphUrl": tenant.graph_url,
        "resource": tenant.resource, "devices": len(tenant.fleet.devices), "requests": counts,
        "revocationsOpen": len(tenant.unrevoked()), "violations": tenant.violations,
        "labErrors": tenant.lab_errors, "heartbeats": len(tenant.connector.heartbeats),
    }


def work(tenant):
    return [_public_work(item) for item in tenant.connector.work]


def results(tenant):
    return tenant.results()


def revocations(tenant):
    return tenant.revocations.items


def journal(tenant, path="", since=0):
    return tenant.journal.select(path, since)


def violations(tenant):
    return tenant.violations


def heartbeats(tenant):
    return tenant.connector.heartbeats


def open_result(tenant, requestContext, signers, issuers, use=False):
    """The device opens its result; {"error": TEXT} when it refuses."""
    try:
        return vars(tenant.open(requestContext, signers, issuers, handshake=use))
    except envelope.Refused as refused:
        return {"error": str(refused)}


VERBS = {
    function.__name__.replace("_", "-"): function
    for function in (
        users, devices, requests, malformed, malformed_problems, faults, retire, revocation,
        settings, certificates, client_certificate, revoke_tokens, state, work, results,
        revocations, journal, violations, heartbeats, open_result, *console.VERBS,
        *scep_console.VERBS,
    )
}


def answer(tenant, handler, delivery, body):
    token = handler.headers.get("X-Lab-Token", "")
    if not secrets.compare_digest(token.encode(), tenant.admin_token.encode()):
        return delivery.error(403, "Forbidden", "X-Lab-Token is wrong; see DIR/admin-token")
    function = VERBS.get(handler.path.removeprefix("/lab/"))
    if function is None or handler.command != "POST":
        return delivery.error(404, "NotFound", f"POST /lab/ and one of {sorted(VERBS)}")
    try:
        arguments = json.loads(body or b"{}")
        if not isinstance(arguments, dict):
            raise TypeError("the body is no JSON object")
        return delivery.json(200, function(tenant, **arguments))
    except (TypeError, ValueError, KeyError) as error:
        return delivery.error(400, "BadRequest", f"{type(error).__name__}: {error}")
