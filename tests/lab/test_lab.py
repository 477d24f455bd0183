# SPDX-License-Identifier: Apache-2.0
"""The tenant keeps to the protocol page and notices a connector that does not."""

import base64
import http.client
import json
import ssl
import threading
import time
import uuid

import pytest
from cryptography import x509

from certlab import malformed, people, pki
from certlab.command import Refused
from certlab.remote import Remote
from certlab.schema import Schema
from certlab.state import Tenant
from labclient import Client, assertion, failed, pending


def self_signed():
    key = pki.new_key(2048)
    name = pki.common_name("connector")
    return key, pki.pem(pki.build(name, name, key.public_key(), key, days=30)).decode()


# -- tokens and discovery -------------------------------------------------------------------------
@pytest.mark.parametrize("changes, status, number", [
    ({"client_secret": "wrong"}, 401, 7000215),
    ({"client_secret": None}, 401, 7000215),
    ({"client_id": "x"}, 400, 700016),
    ({"scope": "https://elsewhere.example/.default"}, 400, 500011),
    ({"scope": "openid"}, 400, 1002012),
    ({"scope": None}, 400, 900144),
    ({"grant_type": "password"}, 400, 70003),
])
def test_the_token_endpoint_refuses_in_entras_words(tenant, changes, status, number):
    got, value = Client(tenant).token_form(**changes)
    assert (got, value["error_codes"]) == (status, [number])
    assert value["error_description"].startswith(f"AADSTS{number}: ")


def test_an_unknown_tenant_is_refused(tenant):
    status, value = Client(tenant).raw(
        "POST", "/nobody/oauth2/v2.0/token", b"",
        {"User-Agent": "certferry/1", "Content-Type": "application/x-www-form-urlencoded"})
    assert (status, value["error_codes"]) == (400, [90002])


@pytest.mark.parametrize("alg", ["PS256", "RS256"])
def test_an_assertion_is_as_good_as_a_secret_and_works_once(tenant, alg):
    key, certificate = self_signed()
    mark = tenant.register_certificate(certificate)
    form = assertion(tenant.client_id, tenant.token_url, key, mark, alg)
    client = Client(tenant)
    assert client.token_form(**form)[0] == 200
    status, value = client.token_form(**form)
    assert (status, value["error_codes"]) == (401, [700028])


@pytest.mark.parametrize("claims, number", [
    ({"aud": "https://elsewhere.example"}, 50027), ({"iss": "x"}, 50027), ({"sub": "x"}, 50027),
    ({"exp": 1}, 700024), ({"nbf": 4000000000, "exp": 4000000100}, 700024), ({"jti": ""}, 50027),
    ({"exp": 4000000000}, 700024), ({"exp": "soon"}, 50027),
])
def test_an_assertion_with_a_wrong_claim_is_refused(tenant, claims, number):
    key, certificate = self_signed()
    mark = tenant.register_certificate(certificate)
    form = assertion(tenant.client_id, tenant.token_url, key, mark, **claims)
    status, value = Client(tenant).token_form(**form)
    assert (status, value["error_codes"]) == (401, [number])


def test_only_registered_certificates_sign_assertions(tenant):
    (old, old_pem), (new, new_pem), (stranger, _) = (self_signed() for _ in range(3))
    old_mark, new_mark = tenant.register_certificate(old_pem), tenant.register_certificate(new_pem)
    client, where = Client(tenant), (tenant.client_id, tenant.token_url)
    assert client.token_form(**assertion(*where, old, old_mark))[0] == 200
    assert client.token_form(**assertion(*where, new, new_mark))[0] == 200
    assert client.token_form(**assertion(*where, stranger, new_mark))[0] == 401
    tenant.unregister_certificate(old_mark)
    assert client.token_form(**assertion(*where, old, old_mark))[0] == 401


def test_discovery_names_the_service_on_one_page_or_two(tenant):
    client = Client(tenant).login(scope=tenant.graph_url + "/.default")
    status, value = client.raw("GET", tenant.discovery_path, headers=client.headers())
    found = {e["providerName"]: e["uri"] for e in value["value"]}
    assert status == 200 and found["PkiConnectorFEService"] == tenant.service_url
    tenant.discovery_pages = True
    _, value = client.raw("GET", tenant.discovery_path, headers=client.headers())
    assert "PkiConnectorFEService" not in str(value["value"])
    link = value["@odata.nextLink"].removeprefix(tenant.base_url)
    _, value = client.raw("GET", link, headers=client.headers())
    assert value["value"][0]["uri"] == tenant.service_url
    assert tenant.violations == []


def test_a_token_is_good_for_its_resource_until_it_ends(tenant, client):
    assert client.raw("GET", tenant.discovery_path, headers=client.headers())[0] == 401
    assert client.download() == []
    tenant.identity.revoke_tokens()
    assert client.post("downloadPkcsRequests", {"downloadParameters": {
        "connectorId": "a", "maxRequests": 1, "waitSeconds": 0}})[0] == 401
    tenant.identity.lifetime = 0
    client.login()
    assert client.post("downloadRevocationRequests", {"downloadParameters": {
        "maxRequests": 1, "issuerName": None}})[0] == 401
    assert tenant.violations == []


def test_a_client_certificate_stands_in_for_the_token(tmp_path):
    with Tenant(tmp_path / "t", mtls=True) as tenant:
        pair = tenant.issue_client_certificate()
        assert Client(tenant, certificate=pair).download() == []
        with pytest.raises(AssertionError):
            Client(tenant).download()
        stranger = pki.Authority(tmp_path, "stranger", "certferry lab client CA")
        key = pki.new_key(256)
        certificate = pki.client_certificate(stranger, "connector", key.public_key())
        (tmp_path / "k").write_bytes(pki.key_pem(key))
        (tmp_path / "c").write_bytes(pki.pem(certificate))
        with pytest.raises(OSError):
            Client(tenant, certificate=(tmp_path / "k", tmp_path / "c")).download()


def test_a_connector_adds_its_next_certificate_itself(tenant):
    (old, old_pem), (new, new_pem), (stranger, _) = (self_signed() for _ in range(3))
    mark = tenant.register_certificate(old_pem)
    client = Client(tenant)
    client.login(scope=tenant.graph_url + "/.default",
                 **assertion(tenant.client_id, tenant.token_url, old, mark))
    base = f"/graph/v1.0/applications(appId='{tenant.client_id}')"
    found = client.raw("GET", base + "?$select=id", headers=client.headers())[1]["id"]

    def add(key, **claims):
        claims = {"aud": "00000002-0000-0000-c000-000000000000", "iss": found, **claims}
        proof = assertion("", "", key, mark, **claims)["client_assertion"]
        der = base64.b64encode(pki.der(x509.load_pem_x509_certificate(new_pem.encode())))
        credential = {"type": "AsymmetricX509Cert", "usage": "Verify", "key": der.decode()}
        body = {"keyCredential": credential, "passwordCredential": None, "proof": proof}
        return client.raw("POST", base + "/addKey", json.dumps(body), client.headers())[0]

    assert add(stranger) == 401
    assert add(old, aud=tenant.token_url) == 401
    assert add(old, iss=tenant.client_id) == 401
    assert add(old, exp=int(time.time()) + 3600) == 401
    tenant.allow_add_key = False
    assert add(old) == 403
    tenant.allow_add_key = True
    assert len(tenant.identity.certificates) == 1
    assert add(old) == 200
    next_mark = next(m for m in tenant.identity.certificates if m != mark)
    for key, name in ((old, mark), (new, next_mark)):
        client.login(**assertion(tenant.client_id, tenant.token_url, key, name))
    assert tenant.violations == []


# -- requests -------------------------------------------------------------------------------------
def test_every_request_fits_the_document(tenant, client):
    tenant.add_devices(10)
    tenant.add_requests(per_device=2, key_sizes=(None, 2048, 256))
    page = client.download()
    assert len(page) == 20
    assert [p for r in page for p in tenant.schema.named("PkcsRequest", r)] == []
    assert {r["profile"]["platform"] for r in page} == set(people.PLATFORMS)
    assert any(r["user"] is None for r in page)
    finer = sorted(set(people.ALL_PLATFORMS) - set(people.PLATFORMS))
    tenant.add_requests(tenant.add_devices(len(finer), platforms=finer, key_size=256))
    page = client.download()
    assert [p for r in page for p in tenant.schema.named("PkcsRequest", r)] == []
    assert set(people.ALL_PLATFORMS) == set(
        tenant.schema.document["components"]["schemas"]["Platform"]["enum"])


def test_a_lease_ends_and_the_request_is_offered_again(tenant, client):
    tenant.add_devices(1)
    [context] = tenant.add_requests()
    tenant.connector.lease_seconds = 0.4
    assert len(client.download()) == 1 and client.download() == []
    client.upload(pending(context))
    time.sleep(0.2)
    client.upload(pending(context))
    time.sleep(0.3)
    assert client.download() == []
    time.sleep(0.2)
    assert [r["requestContext"] for r in client.download()] == [context]
    assert tenant.work(context).offers == 2


def test_a_long_poll_ends_with_the_first_work(tenant, client):
    [device] = tenant.add_devices(1)
    timer = threading.Timer(0.3, tenant.add_requests, [[device]])
    start = time.time()
    timer.start()
    assert len(client.download(wait=8)) == 1
    assert 0.2 < time.time() - start < 4
    start = time.time()
    assert client.download(wait=1) == []
    assert time.time() - start >= 0.9


def test_results_are_idempotent_and_conflicts_refused(tenant, client):
    tenant.add_devices(2)
    one, other = tenant.add_requests()
    client.download()
    result = failed(one)
    for _ in range(2):
        assert client.upload(result)[0]["accepted"]
    answers = client.upload(dict(result, errorMessage="Another text."), failed(other))
    assert [(a["accepted"], a["errorCode"]) for a in answers] == [
        (False, "ConflictError"), (True, "None")]
    assert client.upload(pending(one))[0]["errorCode"] == "ConflictError"
    assert tenant.violations == [] and tenant.unfinished() == []


def test_a_retryable_failure_is_offered_again(tenant, client):
    tenant.add_devices(1)
    [context] = tenant.add_requests()
    client.download()
    assert client.upload(failed(context, "ServiceUnavailableException"))[0]["accepted"]
    time.sleep(0.15)
    assert len(client.download()) == 1


def test_a_request_goes_from_download_to_revocation(tenant, client, connector):
    devices = tenant.add_devices(3)
    contexts = tenant.add_requests()
    for request in client.download():
        device = tenant.fleet.devices[request["device"]["id"]]
        assert client.upload(connector.answer(device, request))[0]["accepted"]
    assert tenant.wait_finished(1)
    for context in contexts:
        assert tenant.open(context, connector.signers, connector.issuers, names=False).handshake
        with pytest.raises(Refused, match="alternative names"):
            tenant.open(context, connector.signers, connector.issuers)
    [asked] = tenant.retire([devices[0].id])
    body = {"downloadParameters": {"maxRequests": 500, "issuerName": None}}
    status, value = client.post("downloadRevocationRequests", body)
    result = tenant.work(contexts[0]).result
    assert value["value"] == [{
        "requestContext": asked, "serialNumber": result["certificateSerialNumber"],
        "issuerName": "CN=Corp Issuing CA", "caConfiguration": "corp"}]
    assert client.post("downloadRevocationRequests", body)[1] == {"value": []}
    done = {"requestContext": asked, "succeeded": True, "errorCode": "None"}
    assert client.post("uploadRevocationResults", {"results": [done]}) == (200, {"value": True})
    assert tenant.wait_revoked(1) and tenant.violations == []


def test_a_result_that_contradicts_its_certificate_is_refused(tenant, client, connector):
    [device] = tenant.add_devices(1, platforms=["agent"])
    [context] = tenant.add_requests()
    [request] = client.download()
    good = connector.answer(device, request)
    wrong = [
        {"certificateThumbprint": "0" * 40}, {"certificateSerialNumber": "00"},
        {"certificateNotBeforeUtc": "2020-01-01T00:00:00Z"}, {"issuingCertificateAuthority": "x"},
        {"envelope": "windowsCsp"}, {"sealedPfxPassword": good["sealedPfx"]},
        {"sealedPfx": good["certificate"]},
    ]
    for change in wrong:
        assert not client.upload(dict(good, **change))[0]["accepted"], change
    assert len(tenant.violations) == len(wrong)
    assert client.upload(good)[0]["accepted"]


def test_one_key_for_two_requests_is_noticed(tenant, client, connector):
    [device] = tenant.add_devices(1, platforms=["agent"])
    tenant.add_requests(per_device=2)
    one, other = client.download()
    result = connector.answer(device, one)
    assert client.upload(result)[0]["accepted"]
    again = dict(result, requestContext=other["requestContext"])
    assert not client.upload(again)[0]["accepted"]
    assert "key pair" in tenant.violations[0]


def test_revocations_are_offered_until_final(tenant, client):
    context = tenant.revocations.add("0a:1B", "CN=Somebody")
    tenant.revocations.offer_seconds = 0.1
    body = {"downloadParameters": {"maxRequests": 5, "issuerName": None}}
    assert len(client.post("downloadRevocationRequests", body)[1]["value"]) == 1
    time.sleep(0.15)
    assert len(client.post("downloadRevocationRequests", body)[1]["value"]) == 1
    for code in ("RetryableServiceException", "CertificateNotFoundError"):
        result = {"requestContext": context, "succeeded": False, "errorCode": code,
                  "errorMessage": "no"}
        assert client.post("uploadRevocationResults", {"results": [result]})[1] == {"value": True}
    time.sleep(0.15)
    assert client.post("downloadRevocationRequests", body)[1] == {"value": []}
    assert tenant.violations == []


def test_a_heartbeat_tells_the_lease(tenant, client):
    status, value = client.post("/Connectors/heartbeat", {
        "connectorId": "c-1", "version": "0.1", "hostName": "pki1", "features": ["issue"],
        "certificateAuthorities": [{"certificationAuthority": "ca1.corp.example",
                                    "certificationAuthorityName": "Corp", "healthy": True}],
        "counters": {"issued": 3}})
    assert (status, value) == (200, {"value": True, "leaseSeconds": 30})
    assert tenant.connector.heartbeats[0]["connectorId"] == "c-1"


def test_malformed_requests_stand_among_good_ones(tenant, client):
    tenant.add_devices(2)
    made = tenant.add_malformed()
    tenant.add_requests()
    page = client.download()
    assert len(page) == len(malformed.KINDS) + 2
    refused = [w for w in made.values() if w.context]
    assert len(refused) == len(made) - 3 and all(w.expected for w in refused)
    assert len(tenant.malformed_problems()) == len(refused)
    for work in refused:
        assert client.upload(failed(work.context, work.expected[0]))[0]["accepted"]
    assert tenant.malformed_problems() == []
    for kind, work in made.items():
        if kind in ("missing-field", "wrong-type", "unknown-platform", "unknown-key-size"):
            assert tenant.schema.named("PkcsRequest", work.request), kind


# -- strictness -----------------------------------------------------------------------------------
GOOD = {"downloadParameters": {"connectorId": "a", "maxRequests": 1, "waitSeconds": 0}}


@pytest.mark.parametrize("changes, text", [
    ({"Content_Type": "application/json"}, "Content-Type"),
    ({"Content_Type": None}, "Content-Type"),
    ({"api_version": "2.0"}, "api-version"),
    ({"api_version": None}, "api-version"),
    ({"client_request_id": "1"}, "client-request-id"),
    ({"client_request_id": None}, "client-request-id"),
    ({"User_Agent": "curl/8"}, "User-Agent"),
    ({"Host": "elsewhere"}, "Host"),
])
def test_a_wrong_header_is_a_violation(tenant, client, changes, text):
    status, value = client.post("downloadPkcsRequests", GOOD, **changes)
    assert status == 400 and text in value["error"]["message"]
    assert len(tenant.violations) == 1 and text in tenant.violations[0]


def test_a_request_id_is_used_once(tenant, client):
    mark = str(uuid.uuid4())
    assert client.post("downloadPkcsRequests", GOOD, client_request_id=mark)[0] == 200
    # Until the answer is noted as sent, the same request may be a repetition that HTTP needs.
    assert tenant.wait(lambda _: all(entry["status"] for entry in tenant.journal.select()), 10)
    assert client.post("downloadPkcsRequests", GOOD, client_request_id=mark)[0] == 400
    assert "used before" in tenant.violations[0]


@pytest.mark.parametrize("call, body, text", [
    ("downloadPkcsRequests", {}, "downloadParameters is missing"),
    ("downloadPkcsRequests", {"downloadParameters": {
        "connectorId": "a", "maxRequests": 501, "waitSeconds": 0}}, "out of range"),
    ("downloadPkcsRequests", {"downloadParameters": {
        "connectorId": "a", "maxRequests": True, "waitSeconds": 0}}, "bool instead of"),
    ("downloadPkcsRequests", {"downloadParameters": {
        "connectorId": "a b", "maxRequests": 1, "waitSeconds": 0}}, "does not match"),
    ("downloadPkcsRequests", dict(GOOD, extra=1), "unknown member"),
    ("downloadPkcsRequests", b'{"downloadParameters":1,"downloadParameters":2}', "twice"),
    ("downloadPkcsRequests", b"\xff", "body"), ("downloadPkcsRequests", b"NaN", "NaN"),
    ("uploadPkcsResults", {"results": []}, "0 items"),
    ("uploadPkcsResults", {"results": [failed("a", "None")]}, "oneOf"),
    ("uploadPkcsResults", {"results": [failed("a", text="x" * 256)]}, "256 characters"),
    ("uploadPkcsResults", {"results": [dict(failed("a"), succeeded=True)]}, "oneOf"),
    ("uploadPkcsResults", {"results": [dict(failed("a"), sealedPfx="AAAA")]}, "oneOf"),
    ("uploadPkcsResults", {"results": [dict(pending("a"), status="issued")]}, "oneOf"),
    ("uploadPkcsResults", {"results": [failed("a"), failed("a")]}, "twice"),
    ("downloadRevocationRequests", {"downloadParameters": {"maxRequests": 1}}, "issuerName"),
    ("uploadRevocationResults", {"results": [
        {"requestContext": "a", "succeeded": True, "errorCode": "ConflictError"}]}, "oneOf"),
])
def test_a_wrong_body_is_a_violation(tenant, client, call, body, text):
    status, value = client.post(call, body)
    assert status == 400 and text in value["error"]["message"]
    assert tenant.violations


def test_unknown_paths_and_unknown_contexts_are_violations(tenant, client):
    assert client.post("/Connectors/other", {})[0] == 404
    assert not client.upload(failed("never-seen"))[0]["accepted"]
    result = {"requestContext": "x", "succeeded": True, "errorCode": "None"}
    assert client.post("uploadRevocationResults", {"results": [result]})[1] == {"value": False}
    assert len(tenant.violations) == 3


def test_the_schema_subset_covers_the_whole_document():
    schema = Schema()
    for named in schema.document["components"]["schemas"]:
        schema.named(named, {})
        schema.named(named, None)
    for path in schema.paths:
        assert schema.request_schema(path) and schema.response_schema(path, 200)
        assert schema.response_schema(path, 429)


# -- journal, restart, other processes ------------------------------------------------------------
def test_the_journal_holds_bytes_and_no_secrets(tenant, client):
    journal = tenant.directory / "journal.jsonl"
    client.post("downloadPkcsRequests", GOOD)
    # An entry is written when its answer is out.
    assert tenant.wait(lambda _: journal.read_text().count("\n") == 2, 10)
    text = journal.read_text()
    entries = [json.loads(line) for line in text.splitlines()]
    assert [e["status"] for e in entries] == [200, 200]
    assert json.loads(entries[1]["body"]) == GOOD
    assert entries[1]["headers"]["api-version"] == "1.0"
    assert client.token not in text and tenant.identity.client_secret not in text
    assert (tenant.directory / "client-secret").stat().st_mode & 0o777 == 0o600


def test_a_restart_is_the_same_tenant(tmp_path):
    with Tenant(tmp_path) as tenant:
        first = (tenant.tenant_id, tenant.port, tenant.tls_ca.path.read_bytes())
        [device] = tenant.add_devices(1)
        [context] = tenant.add_requests()
        client = Client(tenant).login()
        client.download()
        client.upload(failed(context))
    with Tenant(tmp_path) as tenant:
        assert first == (tenant.tenant_id, tenant.port, tenant.tls_ca.path.read_bytes())
        assert tenant.fleet.devices[device.id].certificate_der == device.certificate_der
        assert tenant.results()[context]["status"] == "failed"
        assert tenant.add_devices(1)[0].id != device.id


def test_the_admin_interface_does_the_same_from_outside(tenant):
    remote = Remote(tenant.directory)
    [made] = remote.call("devices", count=1, platforms=["macOS"])
    assert x509.load_der_x509_certificate(base64.b64decode(made["certificate"]))
    [context] = remote.call("requests")
    assert remote.call("state")["requests"] == {"waiting": 1}
    assert remote.call("work")[0]["requestContext"] == context
    assert len(remote.call("malformed", kinds=["unknown-ca"])) == 1
    assert remote.call("faults", script=[{"fault": "503", "times": 2}])[0]["left"] == 2
    remote.call("revocation", serialNumber="01", issuerName="CN=x")
    for verb in ("revocations", "journal", "results", "violations", "heartbeats", "settings"):
        remote.call(verb)
    with pytest.raises(RuntimeError, match="unexpected keyword"):
        remote.call("state", wrong=1)
    status, _ = Client(tenant).raw("POST", "/lab/state", b"", {"X-Lab-Token": "guess"})
    assert status == 403


def test_a_client_that_dies_while_it_sends_has_asked_nothing(tenant, client):
    seen = len(tenant.journal.entries)
    connection = http.client.HTTPSConnection(
        "127.0.0.1", tenant.port,
        context=ssl.create_default_context(cafile=str(tenant.tls_ca.path)), timeout=10,
    )
    connection.putrequest("POST", "/PkiConnectorFEService/Connectors/heartbeat")
    connection.putheader("Content-Length", "1000")
    connection.endheaders(b'{"connectorId":')
    connection.close()
    client.download()
    assert len(tenant.journal.entries) == seen + 1
    assert tenant.violations == []


def test_a_long_poll_whose_client_is_gone_takes_no_work(tenant, client):
    impatient = Client(tenant, timeout=0.3)
    impatient.token = client.token
    with pytest.raises(TimeoutError):
        impatient.download(wait=20)
    time.sleep(0.3)
    tenant.add_devices(1)
    tenant.add_requests()
    assert len(client.download()) == 1
