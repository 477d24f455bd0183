# SPDX-License-Identifier: Apache-2.0
"""One domain for all tests of the doubles; Samba's own RPC client to judge them by."""
import os
import struct
from pathlib import Path

import pytest

from . import icpr, module, samba_peer
from .lab import SERVICE_PORT, Lab, directory, populate
from .ndr import Reader, Writer, wide

FOLDER = Path("/run/certferry-adcs")


def pytest_configure():
    if reason := module.missing():
        pytest.exit(f"skipped: {reason}", 77)


@pytest.fixture(scope="session")
def made():
    with Lab(FOLDER) as lab:
        os.environ["KRB5_CONFIG"] = str(lab.dc.krb5_conf)
        yield lab


@pytest.fixture
def lab(made):
    made.calm()
    yield made
    assert made.errors == []


class Client:
    def __init__(self, account="svc-certferry", password=populate.SERVICE_PASSWORD):
        self.peer = samba_peer.Peer(FOLDER, account, password)

    def connect(self, interface, host="ca1.corp.example", port=SERVICE_PORT, options="seal,krb5"):
        words = f"{port},{options}" if port else options
        return self.peer.connect(f"ncacn_ip_tcp:{host}[{words}]", interface)


@pytest.fixture
def client(lab):
    made = Client()
    yield made
    made.peer.close()


def fault_of(function, *args, **options):
    """The NTSTATUS that Samba's client makes of what the server said."""
    with pytest.raises(samba_peer.Refused) as caught:
        function(*args, **options)
    return caught.value.status


class Reply:
    def __init__(self, stub):
        reader = Reader(stub)
        self.id, self.disposition = reader.u32(), reader.u32()
        (_, self.response), (_, self.cert), (_, message) = (reader.blob() for _ in range(3))
        self.message = message[:-2].decode("utf-16-le") if message else ""
        reader.align(4)
        self.result = struct.unpack("<I", reader.take(4))[0]


def request_stub(csr, attributes="", number=0, name=directory.ISSUING_CA, flags=0):
    out = Writer()
    out.u32(flags)
    out.text(name)
    out.u32(number)
    out.blob(wide(attributes) if attributes else b"")
    out.blob(csr)
    return bytes(out.data)


@pytest.fixture
def enroll(client):
    connections = {}

    def call(*args, host="ca1.corp.example", **options):
        if host not in connections:
            connections[host] = client.connect(icpr.INTERFACE, host)
        return Reply(connections[host].request(0, request_stub(*args, **options)))

    return call
