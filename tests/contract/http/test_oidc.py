# SPDX-License-Identifier: Apache-2.0
"""Tokens of oidc-provider: what the daemon asks it for, and what it does with the answer."""

import contextlib
import json
import re
import time
import types
import urllib.error
import urllib.parse
import urllib.request

import pytest
from cryptography.hazmat.primitives import hashes

from certlab import pki
from certlab.oauth import base64url
from certlab.state import Tenant
from host import Host
from labclient import Client, assertion
from provider import Provider

CERTIFICATE = re.compile("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", re.DOTALL)


@contextlib.contextmanager
def connected(directory, auth, ttl=3600):
    """A lab whose tokens come from oidc-provider, and a daemon that is not started yet."""
    with contextlib.ExitStack() as stack:
        tenant = stack.enter_context(Tenant(directory / "lab", retry_seconds=0.1))
        provider = stack.enter_context(Provider(directory / "provider", tenant, ttl))
        host = stack.enter_context(Host(directory / "host", tenant, key="p256"))
        host.config["cloud"].update(
            authority=provider.authority + "/", auth=auth, poll_wait="1s",
            heartbeat_interval="1s",
        )
        yield types.SimpleNamespace(tenant=tenant, provider=provider, host=host)
        assert tenant.violations == [] and tenant.lab_errors == [], tenant.violations


@pytest.fixture
def by_secret(tmp_path):
    with connected(tmp_path, "secret") as world:
        world.provider.secret = world.tenant.identity.client_secret
        world.provider.publish()
        yield world


@pytest.fixture
def by_certificate(tmp_path):
    with connected(tmp_path, "certificate") as world:
        yield world


def wait(world, condition, timeout=30):
    assert world.tenant.wait(lambda _: condition(), timeout), (
        world.host.log_tail() + world.provider.log())


def work(world, count=2):
    """Some devices get certificates: discovery, download and upload all took the tokens."""
    world.tenant.add_devices(count)
    contexts = world.tenant.add_requests()
    wait(world, lambda: not world.tenant.unfinished())
    assert {world.tenant.work(c).result["status"] for c in contexts} == {"issued"}


def granted(world, resource=None):
    scope = f"{resource or world.tenant.resource}/.default"
    return [g for g in world.provider.grants() if g["granted"] and g["scope"] == scope]


def refused(world):
    return [g for g in world.provider.grants() if not g["granted"]]


def test_a_secret_gets_one_token_for_the_directory_and_one_for_the_service(by_secret):
    world = by_secret
    world.host.start()
    work(world)
    assert world.host.stop() == 0
    assert refused(world) == []
    assert len(granted(world)) == len(granted(world, world.tenant.graph_url)) == 1
    assert all(g["by"] == "secret" for g in world.provider.grants())


def test_a_wrong_secret_is_reported_and_the_right_one_taken_without_a_restart(by_secret):
    world = by_secret
    world.provider.secret = "another one"
    world.provider.publish()
    world.host.start()
    wait(world, lambda: "token refused: invalid_client" in world.host.log())
    assert "client_secret_file" in world.host.log()
    found = json.loads(world.host.tool("--json", "check", check=False).stdout)
    assert "invalid_client" in json.dumps(found)
    assert granted(world) == [] and {g["error"] for g in refused(world)} == {"invalid_client"}
    assert world.tenant.identity.client_secret not in world.host.log()
    world.provider.secret = world.tenant.identity.client_secret
    world.provider.publish()
    work(world)


def test_an_unknown_certificate_is_refused_until_it_is_registered(by_certificate):
    world = by_certificate
    world.host.write_config()
    made = world.host.tool("enroll").stdout
    certificate = CERTIFICATE.search(made).group(0)
    world.host.start()
    wait(world, lambda: "token refused: invalid_client" in world.host.log())
    assert "certificate" in next(
        line for line in world.host.log().splitlines() if "token refused" in line)
    assert granted(world) == []
    world.provider.register(certificate)
    work(world)
    assert world.host.stop() == 0
    calls = world.provider.grants()
    assert {g["by"] for g in calls} == {"assertion"}
    mark = base64url(world.provider.certificates[0].fingerprint(hashes.SHA256()))
    assert {g["head"]["x5t#S256"] for g in calls} == {mark}
    assert {g["head"]["alg"] for g in calls} == {"PS256"}
    for claims in (g["claims"] for g in calls):
        assert claims["aud"] == world.provider.token_url
        assert claims["iss"] == claims["sub"] == world.tenant.client_id
        assert claims["exp"] - claims["nbf"] <= 600


def test_every_token_call_has_an_assertion_of_its_own(by_certificate):
    world = by_certificate
    world.provider.ttl = 3
    world.host.write_config()
    world.provider.register(CERTIFICATE.search(world.host.tool("enroll").stdout).group(0))
    world.host.start()
    wait(world, lambda: len(granted(world)) >= 3)
    work(world)
    calls = world.provider.grants()
    assert refused(world) == []
    assert len({g["claims"]["jti"] for g in calls}) == len(calls) >= 4


def test_a_token_is_replaced_before_its_end(by_secret):
    world = by_secret
    world.provider.ttl = 4
    world.provider.publish()
    world.host.start()
    begin = time.monotonic()
    wait(world, lambda: len(granted(world)) >= 3)
    took = time.monotonic() - begin
    work(world)
    # Each served for half its life, and none was shown to the service after its end.
    assert took > 3
    assert [e for e in world.tenant.journal.entries if e["status"] == 401] == []


def test_a_401_of_the_service_leads_to_exactly_one_new_token(by_secret):
    world = by_secret
    world.host.start()
    work(world)
    assert len(granted(world)) == 1
    rule = world.tenant.faults.add(match="downloadPkcsRequests", fault="401")
    wait(world, lambda: rule.hits == 1 and len(granted(world)) == 2)
    work(world)
    assert len(granted(world)) == 2
    calls = [e for e in world.tenant.journal.entries if e["path"].endswith("PkcsRequests")]
    at = next(i for i, e in enumerate(calls) if e["status"] == 401)
    # The call was repeated at once, as another call.
    assert calls[at + 1]["body"] == calls[at]["body"] and calls[at + 1]["status"] == 200
    assert calls[at + 1]["time"] - calls[at]["time"] < 2
    assert calls[at + 1]["headers"]["client-request-id"] != calls[at]["headers"]["client-request-id"]


def ask(world, **form):
    """A token call of the test's own."""
    data = urllib.parse.urlencode({
        "grant_type": "client_credentials", "client_id": world.tenant.client_id,
        "scope": world.tenant.resource + "/.default", **form,
    }).encode()
    try:
        with urllib.request.urlopen(world.provider.token_url, data,
                                    context=world.provider.trust) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        return json.load(error)


# -- the judge has to be able to say no ----------------------------------------------------------
def test_a_token_of_another_resource_or_a_changed_one_is_not_taken(by_secret):
    world = by_secret
    client = Client(world.tenant)
    token = ask(world, client_secret=world.provider.secret)["access_token"]
    accepts = world.provider.accepts
    assert accepts(token, world.tenant.resource)
    assert not accepts(token, world.tenant.graph_url)
    head, claims, signature = token.split(".")
    assert not accepts(f"{head}.{claims[:-2]}AA.{signature}", world.tenant.resource)
    assert not accepts("opaque", world.tenant.resource)
    client.token = token
    body = {"downloadParameters": {"connectorId": "t", "maxRequests": 1, "waitSeconds": 0}}
    assert client.post("downloadPkcsRequests", body)[0] == 200
    client.token = head + "." + claims + "."
    assert client.post("downloadPkcsRequests", body)[0] == 401


def test_the_provider_refuses_an_assertion_shown_twice(by_certificate):
    world = by_certificate
    key = pki.new_key(2048)
    name = pki.common_name("c")
    certificate = pki.build(name, name, key.public_key(), key)
    world.provider.register(pki.pem(certificate).decode())
    form = assertion(world.tenant.client_id, world.provider.token_url, key, "00" * 32)
    del form["client_secret"]
    assert "access_token" in ask(world, **form)
    assert ask(world, **form)["error"] == "invalid_client"
    assert "only be used once" in refused(world)[-1]["detail"]
