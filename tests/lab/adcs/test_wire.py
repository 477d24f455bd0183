# SPDX-License-Identifier: Apache-2.0
"""What proxies do to PDUs, seen by Samba's client."""
import pytest

from . import codes, csrs, icpr, proxy
from .conftest import Reply, fault_of, request_stub

DEVICE = "CertificateTemplate:CertferryDevice\n"


@pytest.fixture
def wire(lab):
    return lab.hosts["ca1.corp.example"].wire


def issue(client, **options):
    connection = client.connect(icpr.INTERFACE, **options)
    return Reply(connection.request(0, request_stub(csrs.make(), DEVICE)))


def test_the_endpoint_mapper_leads_to_the_proxy(lab, client, wire):
    assert issue(client, port=None).disposition == codes.ISSUED
    assert (135, "server", proxy.RESPONSE) in wire.seen
    assert (49200, "client", proxy.BIND) in wire.seen


def test_each_host_has_its_own_wire(lab, client, wire):
    wire.mode = "refuse"
    fault_of(client.connect, icpr.INTERFACE)
    assert client.connect(icpr.INTERFACE, "ca2.corp.example")
    wire.mode = "pass"
    assert issue(client).disposition == codes.ISSUED


def test_a_host_that_is_off_and_on_again(lab, client):
    host = lab.hosts["ca1.corp.example"]
    connection = client.connect(icpr.INTERFACE)
    host.stop()
    fault_of(connection.request, 0, request_stub(csrs.make(), DEVICE))
    fault_of(client.connect, icpr.INTERFACE)
    host.start()
    assert issue(client).disposition == codes.ISSUED


def test_changed_pdus_are_noticed(client, wire):
    for change in (proxy.flip(1), proxy.truncate(20)):
        wire.from_server = proxy.only("bind_ack", change, times=1)
        fault_of(client.connect, icpr.INTERFACE)
    wire.from_server = proxy.only("response", proxy.flip(40 * 8), port=49200, times=1)
    fault_of(issue, client)
    wire.from_server = proxy.only("response", proxy.auth_level(5), port=49200, times=1)
    fault_of(issue, client)
    assert issue(client).disposition == codes.ISSUED


def test_faults_and_refusals_of_binds_can_be_made_up(client, wire):
    wire.from_server = proxy.only("response", lambda pdu, _: proxy.fault(0x1C010014, pdu), times=1,
                                  port=49200)
    fault_of(issue, client)
    wire.from_server = proxy.only("bind_ack", lambda pdu, _: proxy.bind_nak(2, pdu), times=1)
    fault_of(client.connect, icpr.INTERFACE)
