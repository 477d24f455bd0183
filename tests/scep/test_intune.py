# SPDX-License-Identifier: Apache-2.0
"""I1-I10: Intune's judgement before the CA hears of a request, and its knowledge before the device
has the certificate. The lab's service is the judge of every call."""

import hashlib
import random
import time

import platforms
import pytest
from certlab.scep_judge import CODES
from certs import certificates_of_ca, query
from intune import (  # noqa: F401: tenant and node are fixtures
    NOTIFIED, REFUSED, calls, enrol, node, order_of, tenant, tokens, windows)
from wire import pki


# -- I4, I5, I6 -----------------------------------------------------------------------------------------
def test_a_request_is_validated_issued_notified_and_delivered(tenant, node):
    device = windows(node)
    order = order_of(tenant)
    request = device.follow(order)
    reply = device.send(request).success()
    assert calls(tenant) == ["validateRequest", NOTIFIED]
    # Thumbprint, serial number, expiry and issuer are those of what the device has.
    assert tenant.scep.installed(reply.certificate.pem.decode(), order["requestId"]) == []
    entry = tenant.scep.ledger[0]
    assert entry["key"] == [request.transaction, hashlib.sha256(request.content).hexdigest()]
    assert tenant.violations == []


@pytest.mark.parametrize("platform", ["windows", "iOS", "android", "macOS"])
def test_every_platform_gets_its_certificate(tenant, node, platform):
    device = platforms.connect(
        platform, [f"http://127.0.0.1:{node.port}/scep/intune"], random.Random(1))
    for _ in range(2):  # the renewal is a new key and a new challenge
        device.key = pki.rsa_key()
        enrol(tenant, node, device)
    assert tenant.violations == []


def test_a_replay_is_the_same_certificate_and_told_once(tenant, node):
    device = windows(node)
    request = device.follow(order_of(tenant))
    octets = request.build()
    found = {device.send(request, octets).success().certificate.der for _ in range(3)}
    assert len(found) == 1
    assert calls(tenant, NOTIFIED).count(NOTIFIED) >= 1
    assert tenant.violations == []


def test_three_tries_of_windows_with_one_challenge(tenant, node):
    device, order = windows(node), order_of(tenant)
    for _ in range(device.behaviour.tries):
        device.send(device.follow(order)).success()
    assert tenant.violations == []


# -- I1 -----------------------------------------------------------------------------------------------
@pytest.fixture
def refusing(tenant, node):
    """Sends a request that the service has to answer with a code; the reply."""
    device = windows(node)

    def send(code):
        if code == "CertificateRequestDecodingFailed":
            tenant.faults.add(match="validateRequest", fault="scepCode", args={"code": code})
            return device.send(device.follow(order_of(tenant)))
        order = order_of(tenant, wrong=None if code.endswith("Missing") and code.startswith(
            ("Subject", "Enhanced")) else code)
        if code == "SubjectNameMissing":
            order["subject"] = []
        if code == "SubjectAltNameMissing":
            order["alternativeNames"] = []
        if code == "EnhancedKeyUsageMissing":
            order["extendedKeyUsages"] = []
        return device.send(device.follow(order))

    return send


def test_every_code_of_the_service_is_a_refusal(tenant, node, refusing):
    for code in CODES:
        before = certificates_of_ca(node)
        refusing(code).failure("badRequest")
        assert certificates_of_ca(node) == before, code
    assert calls(tenant, NOTIFIED) == calls(tenant, REFUSED) == []
    judged = {entry["code"] for entry in tenant.scep.ledger}
    # An empty subject and a request without a challenge need nobody's opinion.
    assert judged >= set(CODES) - {"SubjectNameMissing", "ChallengePasswordMissing"}
    assert tenant.violations == []


@pytest.mark.parametrize("answer", [
    dict(fault="scepCode", args={"code": "SomethingNew"}), dict(fault="garbage"),
    dict(fault="wrongShape"), dict(fault="wrongShape", args={"body": "{}"}),
    dict(fault="wrongShape", args={"body": '{"code":null}'})],
    ids=["new", "html", "shape", "empty", "null"])
def test_what_is_no_acceptance_is_a_refusal(tenant, node, answer):
    device = windows(node)
    tenant.faults.add(match="validateRequest", times=0, **answer)
    response = device.exchange((request := device.follow(order_of(tenant))).build())
    if response.status == 200:
        device.judge(request, response).failure("badRequest")
    else:
        assert response.status == 503
    assert calls(tenant, NOTIFIED) == []
    assert query(node, "SELECT count(*) FROM ledger WHERE context LIKE 'intune/%'") == [(0,)]


# -- I2, I3 -------------------------------------------------------------------------------------------
def test_a_failure_of_ours_is_told(tenant, node):
    device = windows(node, "slow")
    request = device.follow(order_of(tenant))
    device.send(request).pending()
    [waiting] = node.ask("requests", "--state", "submitted")["requests"]
    node.tool("deny", waiting["requestContext"])
    deadline = time.monotonic() + 20
    while (reply := device.send(device.poll_of(request))).status == "PENDING":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    reply.failure("badRequest")
    assert calls(tenant) == ["validateRequest", REFUSED]
    body = tenant.scep.ledger[-1]["body"]
    assert -2**31 <= body["hResult"] < 0 and body["errorDescription"]
    assert tenant.violations == []


def test_an_approved_request_is_notified_before_it_is_delivered(tenant, node):
    device, order = windows(node, "slow"), order_of(tenant)
    request = device.follow(order)
    device.send(request).pending()
    assert calls(tenant) == ["validateRequest"]
    [waiting] = node.ask("requests", "--state", "submitted")["requests"]
    node.tool("approve", waiting["requestContext"])
    deadline = time.monotonic() + 20
    while (reply := device.send(device.poll_of(request))).status == "PENDING":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    certificate = reply.success().certificate
    assert tenant.scep.installed(certificate.pem.decode(), order["requestId"]) == []


def test_a_refused_notification_keeps_the_certificate_from_the_device(tenant, node):
    """And the certificate is revoked: nobody is to have it."""
    device = windows(node)
    tenant.faults.add(match=NOTIFIED, fault="scepCode", times=0, args={"code": "Unknown"})
    request = device.follow(order_of(tenant))
    device.send(request).failure("badRequest")
    device.send(request.change()).failure("badRequest")
    deadline = time.monotonic() + 20
    while len(node.revoked() if node.crl_path.exists() else {}) != 1:
        assert time.monotonic() < deadline, node.log_tail()
        time.sleep(0.2)


def test_a_notification_that_does_not_get_through_delays_the_device(tenant, node):
    device = windows(node)
    rule = tenant.faults.add(match=NOTIFIED, fault="503", times=6)
    order = order_of(tenant)
    request = device.follow(order)
    deadline = time.monotonic() + 60
    while True:
        answer = device.exchange(request.build())
        if answer.status == 200:
            break
        assert answer.status == 503 and time.monotonic() < deadline
        time.sleep(0.3)
    certificate = device.judge(request, answer).success().certificate
    assert rule.hits > 0
    assert tenant.scep.installed(certificate.pem.decode(), order["requestId"]) == []
    assert query(node, "SELECT count(*) FROM ledger WHERE context LIKE 'intune/%'") == [(1,)]
    assert tenant.violations == []


# -- I7, I8, I9 ---------------------------------------------------------------------------------------
def test_tokens_and_the_map_are_used_again(tenant, node):
    enrol(tenant, node)
    before = tokens(tenant), len(tenant.journal.select("/endpoints"))
    for _ in range(5):
        enrol(tenant, node)
    assert (tokens(tenant), len(tenant.journal.select("/endpoints"))) == before


def test_a_token_that_is_not_taken_is_fetched_once_more(tenant, node):
    enrol(tenant, node)
    before = tokens(tenant)
    tenant.faults.add(match="validateRequest", fault="401", times=1)
    enrol(tenant, node)
    assert tokens(tenant) == before + 1


def test_a_service_that_moves_is_found_again(tenant, node):
    enrol(tenant, node)
    tenant.move_scep("/RACerts/Elsewhere")
    enrol(tenant, node)
    assert tenant.violations == []


# -- 1.12 ----------------------------------------------------------------------------------------------
STEPS = {
    "token": "/oauth2/v2.0/token", "map": "/endpoints", "validate": "validateRequest",
    "notify": NOTIFIED,
}


@pytest.mark.parametrize("step", sorted(STEPS))
def test_no_failure_on_the_way_issues_twice_or_lets_a_certificate_out(tenant, node, step):
    device = windows(node)
    for fault in ("500", "503", "429", "401", "reset", "garbage", "truncated", "lostReply"):
        if step in ("token", "map"):  # neither is kept
            tenant.identity.revoke_tokens()
            tenant.move_scep(f"/RACerts/{fault}")
        tenant.faults.set([{"match": STEPS[step], "fault": fault, "times": 3}])
        order = order_of(tenant)
        request = device.follow(order)
        deadline = time.monotonic() + 60
        while True:
            answer = device.exchange(request.build())
            if answer.status == 200:
                reply = device.judge(request, answer)
                break
            assert answer.status == 503, (fault, answer.status)
            assert time.monotonic() < deadline, (fault, node.log_tail())
            time.sleep(0.3)
        tenant.faults.clear()
        if reply.status == "SUCCESS":
            assert tenant.scep.installed(
                reply.certificate.pem.decode(), order["requestId"]) == [], fault
        else:
            reply.failure("badRequest")
    rows = query(node, "SELECT context, count(*) FROM ledger WHERE context LIKE 'intune/%' "
                       "GROUP BY context")
    assert {count for _, count in rows} <= {1}


# -- I10 ----------------------------------------------------------------------------------------------
def test_what_the_service_wants_revoked_is_revoked(tenant, node):
    found = [enrol(tenant, node)[1] for _ in range(3)]
    for number in range(520):
        tenant.revocations.add(f"{0xABCDEF00 + number:X}", "CN=Corp Issuing CA,O=Corp,C=DE")
    contexts = tenant.scep.retire(tenant.revocations)
    assert len(contexts) == 3
    again = tenant.revocations.add(
        tenant.revocations.by_context[contexts[0]]["request"]["serialNumber"].lower(),
        tenant.revocations.by_context[contexts[0]]["request"]["issuerName"])
    tenant.faults.add(match="uploadRevocationResults", fault="503", times=2)
    assert tenant.wait(lambda t: all(
        t.revocations.by_context[one]["state"] == "finished" for one in [*contexts, again]), 60), \
        node.log_tail()
    for context in [*contexts, again]:
        assert tenant.revocations.by_context[context]["result"]["succeeded"]
    serials = {f"{one.serial_number:X}" for one in found}
    assert serials == {serial.lstrip("0") for serial in node.revoked()}
