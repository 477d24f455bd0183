# SPDX-License-Identifier: Apache-2.0
"""Sealed RPC with a domain controller of Samba, and with somebody in between who changes packets.
Runs inside the namespaces of tests/lab/dc/run --alone."""
import os
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "lab/dc"))
import dc as lab_dc  # noqa: E402

PROBE = os.environ["CERTFERRY_RPC_PROBE"]
MECHS = ["negotiate", "kerberos"]
RESPONSE, FAULT, BIND, BIND_ACK = 2, 3, 11, 12
HEADER_SIGN = 4
TRAILER = 8


@pytest.fixture(scope="session")
def dc():
    folder = Path("/run/certferry-dc")
    folder.mkdir(mode=0o700)
    controller = lab_dc.DomainController(folder)
    controller.make_network()
    controller.provision()
    controller.export_keytab("CONN1$", folder / "conn1.keytab")
    controller.start()
    yield controller
    controller.stop()


def probe(dc, *words, port=0, mech="negotiate"):
    done = subprocess.run(
        [PROBE, dc.folder / "conn1.keytab", lab_dc.HOST, str(port), mech, *map(str, words)],
        env={**os.environ, "KRB5_CONFIG": str(dc.krb5_conf)}, check=True, text=True, timeout=120,
        stdout=subprocess.PIPE)
    rc, _, text = done.stdout.strip().partition(" ")
    return rc, text


@pytest.fixture(scope="session")
def port(dc):
    rc, text = probe(dc, "port")
    assert rc == "ok"
    return int(text)


def read(connection, length):
    data = b""
    while len(data) < length:
        part = connection.recv(length - len(data))
        if not part:
            raise EOFError
        data += part
    return data


class Between:
    """Passes one connection on; what the server says goes through `change`, which gets and gives a
    packet (None: it is lost), what the client says through `change_ours`."""

    def __init__(self, port, change, change_ours=lambda packet: packet):
        self.server_port = port
        self.change = change
        self.change_ours = change_ours
        self.listener = socket.create_server(("", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        client, _ = self.listener.accept()
        server = socket.create_connection((lab_dc.HOST, self.server_port))
        threading.Thread(target=self.forward, args=(client, server, self.change_ours),
                         daemon=True).start()
        self.forward(server, client, self.change)

    @staticmethod
    def forward(source, target, change):
        try:
            while True:
                head = read(source, 16)
                packet = change(head + read(source, struct.unpack_from("<H", head, 8)[0] - 16))
                if packet:
                    target.sendall(packet)
        except (EOFError, OSError):
            target.close()


def of_type(kind, change):
    return lambda packet: change(packet) if packet[2] == kind else packet


def flipped(at):
    def change(packet):
        data = bytearray(packet)
        data[at] ^= 1
        return bytes(data)
    return change


def trailer_at(packet):
    return len(packet) - struct.unpack_from("<H", packet, 10)[0] - TRAILER


def at_level_5(packet):
    at = trailer_at(packet)
    return packet[:at + 1] + b"\x05" + packet[at + 2:]


def bare(packet):
    at = trailer_at(packet)
    return packet[:8] + struct.pack("<HH", at, 0) + packet[12:at]


def as_fault(status):
    return lambda packet: (packet[:2] + b"\x03\x03" + packet[4:8] + struct.pack("<HH", 32, 0) +
                           packet[12:16] + bytes(8) + struct.pack("<II", status, 0))


def losing_the_second():
    seen = []

    def change(packet):
        # Of a call with many fragments: neither its first nor its last.
        if packet[3] & 3:
            return packet
        seen.append(packet)
        return None if len(seen) == 1 else packet
    return change


@pytest.mark.parametrize("mech", MECHS)
@pytest.mark.parametrize("n", [1, 10, 100, 1000])
def test_sealed_calls_of_every_length(dc, mech, n):
    rc, text = probe(dc, "names", n, mech=mech)
    assert rc == "ok", text
    words = dict(word.split("=") for word in text.split())
    assert words["status"] == "0"
    assert int(words["received"]) > 100 * n


@pytest.mark.parametrize("mech", MECHS)
def test_the_server_says_what_it_does_not_have(dc, port, mech):
    assert probe(dc, "operation", mech=mech)[0] == "CF_E_CA_CONFIG"
    rc, text = probe(dc, "interface", mech=mech)
    assert rc == "CF_E_CA_DOWN" and "ept_s_not_registered" in text
    rc, text = probe(dc, "interface", port=port, mech=mech)
    assert rc == "CF_E_CA_CONFIG" and "does not offer" in text


@pytest.mark.parametrize("mech", MECHS)
@pytest.mark.parametrize("kind, change, rc, text", [
    (RESPONSE, flipped(24), "CF_E_PROTOCOL", ""),
    (RESPONSE, flipped(16), "CF_E_PROTOCOL", ""),
    (RESPONSE, flipped(-1), "CF_E_PROTOCOL", ""),
    (RESPONSE, bare, "CF_E_PROTOCOL", "not protected"),
    (RESPONSE, at_level_5, "CF_E_PROTOCOL", "level 5"),
    (RESPONSE, as_fault(0x8007000d), "CF_E_PROTOCOL", "ERROR_INVALID_DATA"),
    (BIND_ACK, bare, "CF_E_CA_CONFIG", "does not authenticate"),
    (BIND_ACK, at_level_5, "CF_E_CA_CONFIG", "level 5"),
    (BIND_ACK, as_fault(5), "CF_E_AUTH", "ERROR_ACCESS_DENIED"),
])
def test_what_somebody_changed_on_the_way_is_refused(dc, port, mech, kind, change, rc, text):
    between = Between(port, of_type(kind, change))
    result = probe(dc, "names", 1, port=between.port, mech=mech)
    assert result[0] == rc and text in result[1]


@pytest.mark.parametrize("mech", MECHS)
def test_a_lost_fragment_does_not_pass(dc, port, mech):
    between = Between(port, of_type(RESPONSE, losing_the_second()))
    assert probe(dc, "names", 1000, port=between.port, mech=mech)[0] == "CF_E_PROTOCOL"


def without_header_signing(packet):
    return packet[:3] + bytes([packet[3] & ~HEADER_SIGN]) + packet[4:]


@pytest.mark.parametrize("mech", MECHS)
def test_header_signing_that_was_taken_out_of_the_bind_is_noticed(dc, port, mech):
    between = Between(port, lambda packet: packet, of_type(BIND, without_header_signing))
    result = probe(dc, "names", 1, port=between.port, mech=mech)
    assert result[0] == "CF_E_CA_CONFIG" and "ERROR_ACCESS_DENIED" in result[1]


@pytest.mark.parametrize("mech", MECHS)
def test_an_untouched_connection_passes(dc, port, mech):
    between = Between(port, lambda packet: packet)
    assert probe(dc, "names", 100, port=between.port, mech=mech)[0] == "ok"
