# SPDX-License-Identifier: Apache-2.0
"""What somebody between connector and CA can do to PDUs: nothing but delay."""
import struct

import pytest

import adcs_kit
from adcs import codes, icpr, proxy
from adcs.lab import SERVICE_PORT

ENDLESS_HEAD = struct.Struct("<BBBB4sHHI")


@pytest.fixture
def wire(lab):
    return lab.hosts[lab.ca1.host].wire


@pytest.fixture
def quick(host):
    host.config["ca corp"].update(timeout="2s", connect_timeout="1s")
    return host


def only_delays(tenant, host, lab, times=0):
    """times: so many requests the CA may have executed before."""
    contexts = adcs_kit.order(tenant)
    adcs_kit.finish(tenant, host, 90)
    adcs_kit.issued(tenant, host, contexts)
    assert len(lab.ca1.issued()) <= 1 + times


def test_packets_that_say_less_than_privacy_are_refused(tenant, quick, lab, wire):
    """The authentication level in the trailer of an answer is brought down to signing."""
    wire.from_server = proxy.only("response", proxy.auth_level(5), port=SERVICE_PORT, times=1)
    only_delays(tenant, quick, lab, 1)
    assert {level for name, _, _, level, _ in lab.relay.calls if name == icpr.INTERFACE} == {6}


def test_answers_without_protection_are_not_believed(tenant, quick, lab, wire):
    """A made-up answer with a made-up certificate."""
    def forged(pdu, _):
        call = struct.unpack_from("<I", pdu, 12)[0]
        stub = icpr.Answer(1, codes.ISSUED, 0, "Issued",
                           {"response": b"\x30\x00", "cert": b"\x30\x00"}).stub(lab.ca1.faults)
        body = struct.pack("<IHBB", len(stub), 0, 0, 0) + stub
        return ENDLESS_HEAD.pack(5, 0, proxy.RESPONSE, 3, pdu[4:8], 16 + len(body), 0, call) + body

    wire.from_server = proxy.only("response", forged, port=SERVICE_PORT, times=1)
    only_delays(tenant, quick, lab, 1)


@pytest.mark.parametrize("kind,port,size", [
    ("bind_ack", 135, 64), ("response", 135, 152), ("bind_ack", SERVICE_PORT, 160)])
def test_pdus_that_end_anywhere(tenant, quick, lab, wire, kind, port, size):
    """Every tenth length each, in one run: each costs one attempt."""
    sizes = list(range(1, size, 11))

    def cut(pdu, link):
        return proxy.truncate(sizes.pop(), len(sizes) % 2 == 1)(pdu, link) if sizes else pdu

    wire.from_server = proxy.only(kind, cut, port=port)
    only_delays(tenant, quick, lab)
    assert sizes == []


@pytest.mark.parametrize("kind,port,size", [
    ("bind_ack", 135, 60), ("response", 135, 152), ("bind_ack", SERVICE_PORT, 160),
    ("alter_resp", SERVICE_PORT, 100)])
def test_flipped_bits(tenant, quick, lab, wire, kind, port, size):
    bits = list(range(0, size * 8, 61))

    def flip(pdu, link):
        return proxy.flip(bits.pop())(pdu, link) if bits else pdu

    wire.from_server = proxy.only(kind, flip, port=port)
    # Some are harmless: then the request goes through at once.
    for _ in range(3):
        only_delays(tenant, quick, lab, len(lab.ca1.issued()))
    assert tenant.violations == []


def test_flipped_bits_of_sealed_answers(tenant, quick, lab, wire):
    bits = [3, 70, 16 * 8, 24 * 8, 40 * 8, 1000 * 8]

    def flip(pdu, link):
        return proxy.flip(bits.pop())(pdu, link) if bits else pdu

    wire.from_server = proxy.only("response", flip, port=SERVICE_PORT)
    only_delays(tenant, quick, lab, 6)
    assert bits == []


@pytest.mark.parametrize("kind,port", [
    ("response", 135), ("bind_ack", 135), ("bind_ack", SERVICE_PORT), ("response", SERVICE_PORT)])
def test_fragments_without_end(tenant, quick, lab, wire, kind, port):
    wire.from_server = proxy.only(kind, proxy.endless(proxy.fragment_without_end), port=port,
                                  times=2)
    only_delays(tenant, quick, lab, 2)


def test_faults_and_refused_binds(tenant, quick, lab, wire):
    statuses = [0x1C010014, 0x1C010001, 0x6BA, 0x6BB]

    def fail(pdu, _):
        return proxy.fault(statuses.pop(), pdu) if statuses else pdu

    wire.from_server = proxy.only("response", fail, port=SERVICE_PORT)
    only_delays(tenant, quick, lab, 4)
    assert statuses == []
    wire.from_server = proxy.only("bind_ack", lambda pdu, _: proxy.bind_nak(1, pdu), times=3)
    only_delays(tenant, quick, lab, 1 + 4)


def test_a_fixed_port_does_without_the_endpoint_mapper(tenant, quick, lab, wire):
    quick.config["ca corp"]["rpc_port"] = SERVICE_PORT
    quick.config["ca corp"]["revoke_transport"] = "none"
    only_delays(tenant, quick, lab)
    assert {port for port, _, _ in wire.seen} == {SERVICE_PORT}
