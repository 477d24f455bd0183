# SPDX-License-Identifier: Apache-2.0
"""The SCEP service of the tenant judges as Intune does, and refuses what is not as published."""

import base64
import json
import random
import uuid

import pytest
from certlab import pki, scep_judge
from certlab.scep_console import scep_orders
from certlab.scep_csr import issue, make_csr
from certlab.scep_devices import Walk, certificates, delivered
from certlab.scep_judge import CODES
from certlab.state import Tenant
from labclient import Client

AGENT = "certferry/0.1"


@pytest.fixture(scope="module")
def key():
    return pki.new_key(2048)


@pytest.fixture
def service(tenant):
    tenant.add_devices(1, platforms=["windows"])
    tenant.scep.add_profile("wifi", "windows", urls=["https://a.example/scep/wifi"])
    return tenant.scep


class Connector(Client):
    def act(self, call, root, inner, **headers):
        return self.raw("POST", f"{self.tenant.scep_base}/ScepActions/{call}",
                        json.dumps({root: inner}).encode(),
                        self.headers("2018-02-20", UserAgent=AGENT, **headers))

    def validate(self, csr, transaction="T1", **headers):
        return self.act("validateRequest", "request", self.common(csr, transaction), **headers)

    @staticmethod
    def common(csr, transaction="T1"):
        der = csr if isinstance(csr, bytes) else csr.public_bytes(pki.serialization.Encoding.DER)
        return {"transactionId": transaction, "callerInfo": AGENT,
                "certificateRequest": base64.b64encode(der).decode()}

    def success(self, csr, certificate, transaction="T1", **changes):
        return self.act("successNotification", "notification", {
            **self.common(csr, transaction),
            "certificateThumbprint": pki.thumbprint(certificate),
            "certificateSerialNumber": pki.serial_hex(certificate),
            "certificateExpirationDateUtc":
                certificate.not_valid_after.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "issuingCertificateAuthority": certificate.issuer.rfc4514_string(),
            "caConfiguration": "corp", **changes})

    def failure(self, csr, transaction="T1", **changes):
        return self.act("failureNotification", "notification", {
            **self.common(csr, transaction), "hResult": -2147467259,
            "errorDescription": "The CA is down.", **changes})


@pytest.fixture
def connector(tenant):
    return Connector(tenant).login()


def code(answer):
    assert answer[0] == 200, answer
    return answer[1]["code"]


def test_a_right_request_passes_and_may_be_asked_about_again(service, connector, tenant, key):
    order = tenant.scep.order("wifi", next(iter(tenant.fleet.devices.values())))
    assert 5000 < len(order["challenge"]) < 8000
    csr = make_csr(order, key)
    assert [code(connector.validate(csr)) for _ in range(2)] == ["Success", "Success"]
    assert tenant.violations == []


@pytest.mark.parametrize("wanted", [c for c in CODES if c != "CertificateRequestDecodingFailed"])
def test_an_order_can_be_made_for_every_refusal(service, connector, tenant, key, wanted):
    order = service.order("wifi", next(iter(tenant.fleet.devices.values())), wrong=wanted)
    assert code(connector.validate(make_csr(order, key))) == wanted


def test_what_is_in_the_request_is_judged(service, connector, tenant, key):
    order = service.order("wifi", next(iter(tenant.fleet.devices.values())))
    cases = [
        ({"subject": []}, "SubjectNameMissing"),
        ({"subject": [["CN", "x"], ["O", "Corp"]]}, "SubjectNameMismatch"),
        ({"alternativeNames": []}, "SubjectAltNameMissing"),
        ({"alternativeNames": [["domainNameService", "x.example"]]}, "SubjectAltNameMismatch"),
        ({"keyUsage": ["digitalSignature"]}, "KeyUsageMismatch"),
        ({"extendedKeyUsages": []}, "EnhancedKeyUsageMissing"),
        ({"extendedKeyUsages": ["1.3.6.1.5.5.7.3.1"]}, "EnhancedKeyUsageMismatch"),
        ({"challenge": None}, "ChallengePasswordMissing"),
        ({"challenge": "secret"}, "ChallengeDecodingError"),
    ]
    for changes, wanted in cases:
        assert code(connector.validate(make_csr(order, key, **changes))) == wanted
    assert code(connector.validate(make_csr(order, pki.new_key(3072)))) == "KeyLengthMismatch"
    der = bytearray(make_csr(order, key).public_bytes(pki.serialization.Encoding.DER))
    der[-1] ^= 1
    assert code(connector.validate(bytes(der))) == "CertificateRequestDecodingFailed"
    assert code(connector.validate(b"garbage")) == "CertificateRequestDecodingFailed"


def test_keys_of_the_registration_and_assignment_count(service, connector, tenant, key):
    device = next(iter(tenant.fleet.devices.values()))
    csr = make_csr(service.order("wifi", device), key)
    order = service.order("wifi", device, registered_keys=[scep_judge.key_id(csr)])
    csr = make_csr(order, key)
    assert code(connector.validate(csr)) == "Success"
    service.target("wifi", False)
    assert code(connector.validate(csr)) == "ScepProfileNoLongerTargetedToTheClient"


def test_a_challenge_lives_for_an_hour(service, connector, tenant, key):
    device = next(iter(tenant.fleet.devices.values()))
    assert code(connector.validate(make_csr(service.order("wifi", device, age=3500), key))) == \
        "Success"
    assert code(connector.validate(make_csr(service.order("wifi", device, age=3601), key))) == \
        "ChallengeExpired"
    assert code(connector.validate(make_csr(service.order("wifi", device, age=-900), key))) == \
        "ChallengeInvalidTimestamp"


def test_the_whole_order_of_calls(service, connector, tenant, key):
    device = next(iter(tenant.fleet.devices.values()))
    order = service.order("wifi", device)
    csr = make_csr(order, key)
    certificate = issue(tenant.rogue_ca, csr)
    text = pki.pem(certificate).decode()
    assert code(connector.validate(csr)) == "Success"
    assert service.installed(text) == ["delivered before its notification was accepted"]
    assert code(connector.success(csr, certificate)) == "Success"
    assert service.installed(text, order["requestId"]) == []
    [context] = service.retire(tenant.revocations, device.id)
    request = tenant.revocations.by_context[context]["request"]
    assert request["serialNumber"] == pki.serial_hex(certificate)
    assert request["caConfiguration"] == "corp"
    assert tenant.violations == []


def test_wrong_orders_of_calls_are_seen(service, connector, tenant, key):
    device = next(iter(tenant.fleet.devices.values()))
    csr = make_csr(service.order("wifi", device), key)
    assert code(connector.success(csr, issue(tenant.rogue_ca, csr))) == "Unknown"
    assert code(connector.failure(csr)) == "Unknown"
    assert len(tenant.violations) == 2
    refused = make_csr(service.order("wifi", device, wrong="ChallengeExpired"), key)
    connector.validate(refused, "T2")
    assert code(connector.failure(refused, "T2")) == "Unknown"
    assert len(tenant.violations) == 3
    connector.validate(csr)
    connector.success(csr, issue(tenant.rogue_ca, csr))
    connector.success(csr, issue(tenant.rogue_ca, csr))
    assert "a second certificate" in tenant.violations[3]
    connector.failure(csr)
    assert "after a certificate" in tenant.violations[4]


def test_facts_that_differ_from_the_certificate_are_seen(service, connector, tenant, key):
    csr = make_csr(service.order("wifi", next(iter(tenant.fleet.devices.values()))), key)
    certificate = issue(tenant.rogue_ca, csr)
    connector.validate(csr)
    connector.success(csr, certificate, certificateSerialNumber="0A1B",
                      certificateExpirationDateUtc="2030-01-01T00:00:00.000Z",
                      issuingCertificateAuthority="CN=x")
    problems = service.installed(pki.pem(certificate).decode())
    assert [p.split()[0] for p in problems] == ["serial", "expiry", "issuer"]


@pytest.mark.parametrize("changes", [
    {"certificateThumbprint": "ab" * 20}, {"certificateSerialNumber": "A1B"},
    {"certificateSerialNumber": "00A1"}, {"certificateSerialNumber": "a1"},
    {"certificateExpirationDateUtc": "2030-01-01T00:00:00Z"}, {"transactionId": ""},
    {"certificateExpirationDateUtc": "2030-13-01T00:00:00.000Z"}, {"callerInfo": None},
    {"issuingCertificateAuthority": "nobody"}, {"certificateRequest": "AA"}, {"extra": 1},
])
def test_a_success_has_exactly_the_published_form(service, connector, tenant, key, changes):
    csr = make_csr(service.order("wifi", next(iter(tenant.fleet.devices.values()))), key)
    assert connector.success(csr, issue(tenant.rogue_ca, csr), **changes)[0] == 400
    assert len(tenant.violations) == 1


@pytest.mark.parametrize("changes", [
    {"hResult": 0x80004005}, {"hResult": "-1"}, {"hResult": 5}, {"errorDescription": ""},
    {"errorDescription": "x" * 256}])
def test_a_failure_has_exactly_the_published_form(service, connector, tenant, key, changes):
    csr = make_csr(service.order("wifi", next(iter(tenant.fleet.devices.values()))), key)
    assert connector.failure(csr, **changes)[0] == 400
    assert len(tenant.violations) == 1


@pytest.mark.parametrize("headers", [
    {"api_version": "5019-05-05"}, {"Content_Type": "application/json"}, {"UserAgent": None},
    {"UserAgent": "other/1"}, {"client_request_id": "7"}, {"User_Agent": "curl"}])
def test_a_call_has_exactly_the_published_headers(service, connector, key, tenant, headers):
    csr = make_csr(service.order("wifi", next(iter(tenant.fleet.devices.values()))), key)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    all_headers = {**connector.headers("2018-02-20", UserAgent=AGENT), **names}
    status, _ = connector.raw(
        "POST", f"{tenant.scep_base}/ScepActions/validateRequest",
        json.dumps({"request": connector.common(csr)}).encode(),
        {name: value for name, value in all_headers.items() if value is not None})
    assert status == 400 and tenant.violations


def test_without_a_token_nothing_is_judged(service, tenant, key):
    csr = make_csr(service.order("wifi", next(iter(tenant.fleet.devices.values()))), key)
    assert Connector(tenant).validate(csr)[0] == 401
    assert service.ledger == []


def test_the_map_may_lack_the_service_and_it_may_move(service, connector, tenant, key):
    graph = Client(tenant).login(scope=tenant.graph_url + "/.default")

    def services():
        head = {"User-Agent": AGENT, "Authorization": f"Bearer {graph.token}",
                "client-request-id": str(uuid.uuid4())}
        return {e["providerName"]: e["uri"] for e in
                graph.raw("GET", tenant.discovery_path, headers=head)[1]["value"]}

    assert services()["ScepRequestValidationFEService"] == tenant.scep_url + "/"
    old = tenant.scep_base
    tenant.move_scep("/moved")
    assert services()["ScepRequestValidationFEService"].endswith("/moved/")
    csr = make_csr(service.order("wifi", next(iter(tenant.fleet.devices.values()))), key)
    assert connector.raw("POST", old + "/ScepActions/validateRequest", b"{}")[0] == 404
    assert code(connector.validate(csr)) == "Success"
    tenant.publish_scep = False
    assert "ScepRequestValidationFEService" not in services()


def test_a_code_can_be_forced_on_each_call(service, connector, tenant, key):
    csr = make_csr(service.order("wifi", next(iter(tenant.fleet.devices.values()))), key)
    tenant.faults.add(match="successNotification", fault="scepCode", args={"code": "Unknown"})
    assert code(connector.validate(csr)) == "Success"
    assert code(connector.success(csr, issue(tenant.rogue_ca, csr))) == "Unknown"
    assert code(connector.success(csr, issue(tenant.rogue_ca, csr))) == "Success"
    assert [entry["code"] for entry in service.ledger] == ["Success", "Unknown", "Success"]


def test_everything_is_there_after_a_restart(tmp_path, key):
    with Tenant(tmp_path / "again") as tenant:
        tenant.add_devices(1)
        tenant.scep.add_profile("wifi", "windows")
        order = tenant.scep.order("wifi", next(iter(tenant.fleet.devices.values())))
    with Tenant(tmp_path / "again") as tenant:
        csr = make_csr(order, key)
        assert code(Connector(tenant).login().validate(csr)) == "Success"


def test_platforms_go_about_a_list_of_servers_in_their_own_way():
    urls = ["a", "b", "c"]
    assert len(delivered("iOS", urls, random.Random(1))) == 1
    assert {delivered("iOS", urls, random.Random(n))[0] for n in range(20)} == set(urls)
    windows = Walk("windows", urls, random.Random(2))
    rounds = [windows.round() for _ in range(20)]
    assert all(sorted(one) == urls for one in rounds) and len(set(map(tuple, rounds))) > 1
    assert len(list(windows)) == 9
    android = Walk("androidEnterprise", urls, random.Random(3))
    first = android.round()
    android.answered(first[1])
    assert android.round() == [first[1]]


def test_ios_has_a_certificate_for_each_linked_profile(service, tenant):
    assert [certificates(p, 2) for p in ("iOS", "windows", "androidEnterprise")] == [3, 1, 1]
    [device] = tenant.add_devices(1, platforms=["iOS"])
    service.add_profile("phones", "iOS", linked=2)
    orders = scep_orders(tenant, "phones", device.id)
    assert len({order["requestId"] for order in orders}) == 3


def test_nonsense_from_administrators_is_refused(service):
    for settings in ({"colour": 1}, {"keyUsage": ["cRLSign"]}):
        with pytest.raises(ValueError):
            service.add_profile("x", "windows", **settings)
    with pytest.raises(KeyError):
        service.add_profile("x", "palmOS")
