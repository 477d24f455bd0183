# SPDX-License-Identifier: Apache-2.0
"""The OpenAPI document against the daemon and the lab; Prism, between the two, is the judge."""

import contextlib
import http.client
import json
import ssl
import types
import urllib.parse
import uuid

import pytest

from certlab import malformed, orders
from certlab.people import PLATFORMS
from certlab.state import Tenant
from children import NODE_DIR, Node, free_port
from conftest import TESTS
from front import Front
from host import Host
from labclient import Client

DOCUMENT = TESTS.parent / "docs/protocol/connector-api.openapi.json"
PRISM = NODE_DIR / "node_modules/@stoplight/prism-cli/dist/index.js"
CALLS = (
    "downloadPkcsRequests", "uploadPkcsResults", "heartbeat", "downloadRevocationRequests",
    "uploadRevocationResults",
)
MANUAL = "CertferryManual"


@contextlib.contextmanager
def between(directory, *prism_options, lease_seconds=300):
    """Lab, Prism, front and a daemon that reaches the service through them; not started yet."""
    with contextlib.ExitStack() as stack:
        tenant = stack.enter_context(
            Tenant(directory / "lab", lease_seconds=lease_seconds, retry_seconds=0.1)
        )
        prism = stack.enter_context(Node(
            directory / "prism.log", PRISM, "proxy", DOCUMENT, tenant.service_url, "-h",
            "127.0.0.1", "-p", port := free_port(), *prism_options, port=port,
            environment={"NODE_EXTRA_CA_CERTS": str(tenant.tls_ca.path)},
        ))
        front = stack.enter_context(Front(directory, tenant, prism.port))
        host = stack.enter_context(Host(directory / "host", tenant))
        host.config["cloud"].update(endpoint=front.url, heartbeat_interval="1s", poll_wait="1s")
        host.config["ca corp"]["templates"] += " " + MANUAL
        for policy in ("policy users", "policy devices"):
            host.config[policy]["templates"] += " " + MANUAL
        host.config[f"template {MANUAL}"] = {"key": "p256", "approval": "yes"}
        yield types.SimpleNamespace(tenant=tenant, prism=prism, front=front, host=host)


def wait(world, condition, timeout=30):
    assert world.tenant.wait(lambda _: condition(), timeout), world.host.log_tail()


def finish(world):
    assert world.tenant.wait_finished(60), world.host.log_tail()


def keeps_the_document(tenant, kind):
    """Whether a request that is wrong on purpose is wrong in its sense only."""
    request, _ = malformed.make(kind, tenant, next(iter(tenant.fleet.devices.values())))
    return not tenant.schema.named(
        "PkcsRequest", dict(request, leaseExpiresUtc="2000-01-01T00:00:00Z")
    )


def post(world, call, body, **changes):
    """A call of the test's own by the daemon's way; a value of None leaves a header out."""
    headers = {
        "User-Agent": "certferry/0.1", "Content-Type": "application/json; charset=utf-8",
        "client-request-id": str(uuid.uuid4()), "Authorization": f"Bearer {world.token}",
        "api-version": "5019-05-05" if "Revocation" in call else "1.0", **changes,
    }
    folder = "Connectors" if call == "heartbeat" else "CertificateAuthorityRequests"
    address = urllib.parse.urlsplit(world.front.url)
    connection = http.client.HTTPSConnection(
        address.hostname, address.port, timeout=20,
        context=ssl.create_default_context(cafile=world.tenant.tls_ca.path),
    )
    try:
        connection.request("POST", f"/{folder}/{call}", json.dumps(body),
                           {n: v for n, v in headers.items() if v is not None})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_the_daemon_and_the_lab_keep_to_the_document(tmp_path):
    with between(tmp_path, "--errors", lease_seconds=4) as world:
        tenant, front, host = world.tenant, world.front, world.host
        devices = tenant.add_devices(len(PLATFORMS))
        assert {device.platform for device in devices} == set(PLATFORMS)
        contexts = tenant.add_requests(key_sizes=(None, 256))
        wrong = [kind for kind in malformed.KINDS if keeps_the_document(tenant, kind)]
        assert len(wrong) >= 10
        tenant.add_malformed(wrong)
        manual = tenant.add_request(
            orders.make_request(devices[0], certificateTemplateName=MANUAL)
        )
        host.start()

        def pendings():
            return [e for e in front.calls("uploadPkcsResults") if b'"pending"' in e.body]
        wait(world, lambda: len(tenant.unfinished()) == 1 and pendings())
        assert tenant.work(manual).state == "leased"
        host.tool("approve", manual)
        finish(world)
        for context in [*contexts, manual]:
            tenant.open(context, host.signer(), host.ca_pem())
        assert tenant.malformed_problems() == []

        tenant.retire([device.id for device in devices[:3]])
        tenant.revocations.add("0BADCAFE", tenant.work(manual).result[
            "issuingCertificateAuthority"], "corp")
        assert tenant.wait_revoked(30), host.log_tail()
        wait(world, lambda: front.calls("heartbeat"))
        assert host.stop() == 0
        assert [call for call in CALLS if not front.calls(call)] == []
        assert {exchange.status for exchange in front.exchanges} == {200}
        assert front.violations() == [] and "VIOLATIONS" not in world.prism.log()
        assert tenant.violations == [] and tenant.lab_errors == []


def test_answers_to_requests_of_no_shape_keep_to_the_document(tmp_path):
    # Without --errors Prism only notes: a page with such requests breaks the document by itself.
    with between(tmp_path) as world:
        tenant = world.tenant
        tenant.add_devices(2)
        contexts = tenant.add_requests()
        tenant.add_malformed()
        world.host.start()
        finish(world)
        assert world.host.stop() == 0
        assert tenant.malformed_problems() == []
        assert all(tenant.work(c).result["status"] == "issued" for c in contexts)
        noted = [e for e in world.front.exchanges if e.violations]
        assert noted and {e.call for e in noted} == {"downloadPkcsRequests"}
        assert all(note["location"][0] == "response" for e in noted for note in e.noted)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A daemon that has issued and revoked; its calls are there to be bent."""
    with between(tmp_path_factory.mktemp("served"), "--errors") as world:
        devices = world.tenant.add_devices(1)
        world.tenant.add_requests()
        world.host.start()
        finish(world)
        world.tenant.retire([devices[0].id])
        assert world.tenant.wait_revoked(30), world.host.log_tail()
        wait(world, lambda: world.front.calls("heartbeat"))
        world.token = Client(world.tenant).login().token
        yield world


def test_a_bent_answer_is_caught_and_the_daemon_goes_on(served):
    world = served
    for call in CALLS:
        body = {"value": [17]} if "download" in call else {"value": "yes"}
        before = len(world.front.violations())
        rule = world.tenant.faults.add(match=call, fault="wrongShape", args={"body": body})
        if call.startswith("download") or call == "heartbeat":
            wait(world, lambda: rule.hits == 1 and len(world.front.violations()) > before)
        else:
            # An answer no longer comes by itself: ask with the body the daemon sent before.
            status, answer = post(world, call, json.loads(world.front.calls(call)[0].body))
            assert status == 500 and "#VIOLATIONS" in answer["type"], answer
        assert "response" in world.front.violations()[-1]
        good = len(world.front.calls(call))
        if call.startswith("download") or call == "heartbeat":
            wait(world, lambda: any(e.status == 200 for e in world.front.calls(call)[good:]))
    assert "VIOLATIONS" in world.prism.log()


def without(name):
    def change(body):
        del body[name]
    return change


def result_with(**members):
    def change(body):
        body["results"][0].update(members)
    return change


def result_without(name):
    def change(body):
        del body["results"][0][name]
    return change


def parameter(**members):
    def change(body):
        body["downloadParameters"].update(members)
    return change


BENT = {
    "no-more-than-500": ("downloadPkcsRequests", parameter(maxRequests=501)),
    "a-number-as-text": ("downloadPkcsRequests", parameter(waitSeconds="5")),
    "a-connector-without-name": ("downloadPkcsRequests", parameter(connectorId="")),
    "an-unknown-member": ("downloadPkcsRequests", parameter(purpose="none")),
    "thumbprint-in-lower-case": (
        "uploadPkcsResults", result_with(certificateThumbprint="ab" * 20)),
    "status-of-its-own": ("uploadPkcsResults", result_with(status="done")),
    "no-context": ("uploadPkcsResults", result_without("requestContext")),
    "no-results": ("uploadPkcsResults", without("results")),
    "beat-without-version": ("heartbeat", without("version")),
    "no-issuer-name": (
        "downloadRevocationRequests", lambda body: body["downloadParameters"].pop("issuerName")),
    "a-code-nobody-knows": ("uploadRevocationResults", result_with(errorCode="Tuesday")),
}


@pytest.mark.parametrize("case", BENT)
def test_a_bent_request_is_refused_before_the_service(served, case):
    call, change = BENT[case]
    body = json.loads(served.front.calls(call)[0].body)
    change(body)
    mark = str(uuid.uuid4())
    status, answer = post(served, call, body, **{"client-request-id": mark})
    assert status == 422 and "#UNPROCESSABLE_ENTITY" in answer["type"], answer
    assert mark not in json.dumps(served.tenant.journal.select(""))


@pytest.mark.parametrize("header, value, status", [
    ("api-version", "2.0", 422), ("api-version", None, 422), ("client-request-id", "17", 422),
    ("client-request-id", None, 422), ("Authorization", None, 401),
])
def test_a_bent_header_is_refused_before_the_service(served, header, value, status):
    body = json.loads(served.front.calls("downloadPkcsRequests")[0].body)
    got, answer = post(served, "downloadPkcsRequests", body, **{header: value})
    assert got == status and "stoplight.io/prism/errors" in answer["type"], answer
