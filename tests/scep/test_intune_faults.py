# SPDX-License-Identifier: Apache-2.0
"""What lies between a device and Intune fails, hop by hop and process by process: no certificate gets
out early or twice, and what was begun is ended when the way is free again."""

import concurrent.futures
import pathlib
import random
import shutil
import time

import platforms
import pytest
from certs import certificates_of_ca, files_with, query
from intune import (  # noqa: F401: tenant and node are fixtures
    NOTIFIED, REFUSED, calls, enrol, node, order_of, tenant, tokens, windows)
from wire import pki

PROGRAM = pathlib.Path(__file__).resolve().parent.parent / "integration/exec_ca.py"
OAUTH = {"status": 400, "body": {"error": "invalid_client",
                                 "error_description": "AADSTS7000222: expired"}}
SILENCE, BROKEN = dict(fault="timeout", args={"seconds": 3}), dict(
    fault="garbage", args={"text": '{"code":', "type": "application/json"})
HOPS = {
    "token for the map": (dict(match="/oauth2/"), [
        SILENCE, dict(fault="reset"), dict(fault="500"), dict(fault="503"),
        dict(fault="status", args=OAUTH), BROKEN]),
    "map": (dict(match="servicePrincipals"), [
        SILENCE, dict(fault="500"), dict(fault="503"), dict(fault="401"), BROKEN]),
    "token for the service": (dict(match="/oauth2/", after=1), [
        SILENCE, dict(fault="500"), dict(fault="503"), dict(fault="status", args=OAUTH), BROKEN]),
    "validation": (dict(match="validateRequest"), [
        SILENCE, dict(fault="reset"), dict(fault="500"), dict(fault="503"), dict(fault="401"),
        BROKEN, dict(fault="429", args={"retryAfter": 1})]),
    "notification": (dict(match=NOTIFIED), [
        SILENCE, dict(fault="lostReply"), dict(fault="500"), dict(fault="503"),
        dict(fault="401"), BROKEN, dict(fault="429", args={"retryAfter": 1})]),
}


@pytest.fixture
def hasty(tenant, node):
    """A node that gives up soon, so that a test sees many failures; no token and no map is kept."""
    node.stop()
    node.config["cloud"].update(timeout="1s", connect_timeout="1s")
    node.config["scep"]["answer_timeout"] = "3s"
    node.start()
    return node


def forget(tenant, number):
    """The next call needs new tokens and the map."""
    tenant.identity.revoke_tokens()
    tenant.move_scep(f"/RACerts/Place{number}")


def until_answered(device, request, node, timeout=60):
    """What the device gets in the end; it comes again while it is told to."""
    deadline = time.monotonic() + timeout
    while (answer := device.exchange(request.build())).status != 200:
        assert answer.status == 503 and answer.header("Retry-After"), answer.status
        assert time.monotonic() < deadline, node.log_tail()
        time.sleep(0.2)
    return device.judge(request, answer)


@pytest.mark.parametrize("hop", HOPS)
def test_a_hop_that_fails_lets_nothing_out_and_is_gone_when_it_is_over(tenant, hasty, hop):
    device = windows(hasty)
    where, ways = HOPS[hop]
    for number, way in enumerate(ways):
        forget(tenant, number)
        told = len(calls(tenant, NOTIFIED))
        before = certificates_of_ca(hasty)
        rule = tenant.faults.add(**where, **way, times=0)
        order = order_of(tenant)
        request = device.follow(order)
        answer = device.exchange(request.build())
        assert answer.status == 503, (way, answer.status)
        assert tenant.wait(lambda _, rule=rule: rule.hits > 0, 10), way
        if hop != "notification":
            assert certificates_of_ca(hasty) == before, way
            assert len(calls(tenant, NOTIFIED)) == told, way
        tenant.faults.clear()
        reply = until_answered(device, request, hasty)
        certificate = reply.success().certificate
        assert tenant.scep.installed(certificate.pem.decode(), order["requestId"]) == [], way
        assert certificates_of_ca(hasty) == before + 1, way
    assert tenant.violations == []


def test_a_crash_between_certificate_and_notification_costs_nothing(tenant, node):
    device, order = windows(node), order_of(tenant)
    request = device.follow(order)
    rule = tenant.faults.add(match=NOTIFIED, fault="timeout", times=1, args={"seconds": 30})
    with concurrent.futures.ThreadPoolExecutor() as pool:
        first = pool.submit(device.exchange, request.build())
        assert tenant.wait(lambda _: rule.hits == 1, 20), node.log_tail()
        node.kill_daemon()
        node.start_daemon()
        assert first.result(60).status in (200, 503)
    certificate = until_answered(device, request, node).success().certificate
    assert tenant.scep.installed(certificate.pem.decode(), order["requestId"]) == []
    assert query(node, "SELECT count(*) FROM ledger WHERE context LIKE 'intune/%'") == [(1,)]
    assert tenant.violations == []


def test_a_crowd_of_devices_shares_the_way(tenant, node):
    first = windows(node)
    keys = [pki.rsa_key() for _ in range(4)]
    found = len(tenant.journal.select("servicePrincipals"))

    def one(number):
        device = node.device_like(first, key=keys[number % 4])
        made = platforms.Managed(device.server, "/scep/intune", first.behaviour,
                                 key=keys[number % 4]).trust(first)
        made.options["cipher"] = "aes128"
        return enrol(tenant, node, made, index=number % 2)[1].serial_number

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        serials = list(pool.map(one, range(40)))
    assert len(set(serials)) == 40
    assert tokens(tenant) <= 3 and len(tenant.journal.select("servicePrincipals")) <= found + 2
    assert tenant.violations == []


def test_a_device_with_linked_profiles_gets_a_certificate_for_each(tenant, node):
    [phone] = tenant.add_devices(1, platforms=["iOS"])
    tenant.scep.add_profile("phones", "iOS", linked=2)
    device = platforms.connect(
        "iOS", [f"http://127.0.0.1:{node.port}/scep/intune"], random.Random(1))
    found = set()
    for _ in range(3):
        order = tenant.scep.order("phones", phone)
        certificate = device.send(device.follow(order, key=pki.rsa_key())).success().certificate
        assert tenant.scep.installed(certificate.pem.decode(), order["requestId"]) == []
        found.add(certificate.serial_number)
    assert len(found) == 3


@pytest.fixture
def program(tenant, node):
    """A node whose CA has become a program that can be told to fail; the folder of the CA."""
    folder = node.directory / "exec"
    folder.mkdir()
    node.stop()
    shutil.copy(node.ca_path, folder / "ca.pem")
    shutil.copy(node.credentials / "ca-corp-key", folder / "ca.key")
    old = node.config["ca corp"]
    node.config["ca corp"] = {
        **{name: old[name] for name in ("host", "name", "templates")}, "backend": "exec",
        "command": f"{PROGRAM} {folder}", "chain_file": folder / "ca.pem",
        "breaker_min": "1s", "breaker_max": "1s"}
    node.config["template ScepSlow"].pop("approval")
    node.config["template Scep"]["validity"] = "365d"
    node.config["scep-profile intune"]["keep_trying"] = "1m"
    node.start()
    return node, folder


def test_intune_hears_that_the_ca_refuses(tenant, program):
    node, folder = program
    device = windows(node)
    (folder / "mode").write_text("refuse")
    device.send(device.follow(order_of(tenant))).failure("badRequest")
    assert tenant.wait(lambda _: calls(tenant) == ["validateRequest", REFUSED], 20)
    body = tenant.scep.ledger[-1]["body"]
    assert body["hResult"] == -2146877423 and "on leave" in body["errorDescription"]
    assert tenant.violations == []


def test_intune_hears_that_the_ca_is_down_when_no_device_asks_any_more(tenant, program):
    node, folder = program
    device = windows(node)
    (folder / "mode").write_text("down")
    order = order_of(tenant)
    request = device.follow(order)
    assert device.exchange(request.build()).status == 503
    assert tenant.wait(lambda _: REFUSED in calls(tenant), 120), node.log_tail()
    assert NOTIFIED not in calls(tenant)
    assert tenant.scep.ledger[-1]["body"]["hResult"] == -2147023174
    # A device that comes after all begins anew.
    (folder / "mode").unlink()
    certificate = until_answered(device, request, node).success().certificate
    assert tenant.scep.installed(certificate.pem.decode(), order["requestId"]) == []
    assert tenant.violations == []


def test_a_check_says_what_the_tenant_lacks(tenant, node):
    found = {finding["subject"]: finding for finding in node.ask("check")["findings"]}
    assert found["cloud scep"]["severity"] == "ok", found
    tenant.publish_scep = False
    node.stop()
    node.start()
    answer = node.tool("--json", "check", check=False)
    assert answer.returncode == 4 and "scep_challenge_provider" in answer.stdout
    tenant.publish_scep = True


def test_a_challenge_is_written_down_nowhere(tenant, node):
    order, _ = enrol(tenant, node)
    refused = order_of(tenant, wrong="ChallengeExpired")
    device = windows(node)
    device.send(device.follow(refused)).failure("badRequest")
    needles = [one["challenge"][40:80].encode() for one in (order, refused)]
    for text in (node.log(), node.scepd.log()):
        assert not any(needle.decode() in text for needle in needles)
    node.stop()
    assert files_with(node.state, needles) == []
