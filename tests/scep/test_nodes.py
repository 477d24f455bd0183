# SPDX-License-Identifier: Apache-2.0
"""T1: several nodes over one PostgreSQL store. Whichever answers a call, and whichever is gone."""

import random
import time

import platforms
import pytest
from front import CHALLENGE, PROFILES
from postgres import Postgres, is_there
from wire import http, pki

pytestmark = pytest.mark.skipif(not is_there(), reason="PostgreSQL is not installed")


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    with Postgres(tmp_path_factory.mktemp("postgres")) as made:
        yield made


@pytest.fixture
def three(nodes, tmp_path, database):
    """Nodes A, B and C."""
    slow = {**PROFILES["wifi"], "default": "no", "template": "ScepSlow"}
    first = nodes("a", profiles={**PROFILES, "slow": slow})
    first.config["store"].update(database.settings(tmp_path.name))
    made = [first]
    for name in ("b", "c"):
        made.append(first.sibling(tmp_path / name))
    try:
        for node in made:
            node.start(timeout=40)
        yield made
    finally:
        for node in made[1:]:
            node.kill()
            node.check_logs()


def at(device, node):
    device.server = http.Server(node.port)
    return device


def test_the_certificates_are_the_same_everywhere(three):
    assert len({node.server.get("/scep/wifi", "GetCACert").body for node in three}) == 1
    assert len({node.server.get("/scep/wifi", "GetCACaps").body for node in three}) == 1


def test_any_node_answers_any_call(three):
    a, b, c = three
    device = a.device("slow")
    caps = device.caps
    at(device, b).discover()
    assert device.caps == caps
    request = device.pkcs_req("t1", challenge=CHALLENGE)
    at(device, c).send(request).pending()
    for node in three:
        at(device, node).send(device.poll_of(request)).pending()
    [waiting] = b.ask("requests", "--state", "submitted")["requests"]
    b.tool("approve", waiting["requestContext"])
    deadline = time.monotonic() + 30
    while (reply := at(device, a).send(device.poll_of(request))).status == "PENDING":
        assert time.monotonic() < deadline
        time.sleep(0.2)
    certificate = reply.success().certificate
    for node in three:
        found = at(device, node).send(request.change()).success().certificate
        assert found.der == certificate.der


@pytest.mark.parametrize("victim", [0, 1, 2])
def test_a_node_may_die_between_any_two_calls(three, victim):
    device = three[0].device("slow")
    request = device.pkcs_req(f"dies-{victim}", challenge=CHALLENGE)
    at(device, three[victim]).send(request).pending()
    three[victim].kill()
    rest = [node for index, node in enumerate(three) if index != victim]
    for node in rest:
        at(device, node).send(device.poll_of(request)).pending()
    [waiting] = rest[0].ask("requests", "--state", "submitted")["requests"]
    rest[0].tool("approve", waiting["requestContext"])
    deadline = time.monotonic() + 60
    while (reply := at(device, rest[1]).send(device.poll_of(request))).status == "PENDING":
        assert time.monotonic() < deadline, rest[1].log_tail()
        time.sleep(0.2)
    certificate = reply.success().certificate
    three[victim].start(timeout=40)
    assert at(device, three[victim]).send(request.change()).success().certificate.der \
        == certificate.der


def test_the_same_message_to_all_nodes_at_once_gives_one_certificate(three):
    from concurrent.futures import ThreadPoolExecutor
    device = three[0].device("wifi")
    for number in range(5):
        request = device.pkcs_req(f"race-{number}", challenge=CHALLENGE)
        octets = request.build()

        def send(node):
            own = node.device_like(device)
            return at(own, node).send(request, octets).success().certificate.der

        with ThreadPoolExecutor(6) as pool:
            assert len(set(pool.map(send, three * 2))) == 1


def test_a_renewal_at_another_node(three):
    device = three[0].device("renew")
    device.enrol("wanders", CHALLENGE).success()
    for node in (three[1], three[2], three[0]):
        new = pki.rsa_key()
        at(device, node)
        device.keep(device.send(device.renewal("wanders", new_key=new)).success(), new)


def test_a_one_time_challenge_is_good_at_one_node_only_once(three):
    challenge = three[0].new_challenge("once")
    device = three[1].device("once")
    device.send(device.pkcs_req("once", challenge=challenge)).success()
    at(device, three[2])
    device.send(device.pkcs_req("again", challenge=challenge)).failure("badRequest")


# -- how devices use several addresses ----------------------------------------------------------------
def addresses(three, path="/scep/wifi"):
    return [f"http://127.0.0.1:{node.port}{path}" for node in three]


def test_devices_with_several_addresses_pass_over_a_dead_node(three):
    source = random.Random(5)
    three[1].kill()
    for number, platform in enumerate(["android", "windows"] * 3):
        path = "/certsrv/mscep/mscep.dll" if platform == "windows" else "/scep/wifi"
        device = platforms.connect(platform, addresses(three, path), source)
        assert device.server.port != three[1].port
        device.enrol(f"{platform}-{number}", challenge=CHALLENGE).success()


def test_a_balancer_may_send_each_call_elsewhere(three):
    source = random.Random(9)
    device = platforms.connect("windows", addresses(three, "/certsrv/mscep/mscep.dll"), source)
    for number in range(12):
        at(device, source.choice(three)).discover()
        at(device, source.choice(three)).enrol(f"anywhere-{number}", challenge=CHALLENGE).success()
