# SPDX-License-Identifier: Apache-2.0
"""Activation, revocation and roles by the double, asked by Samba's client."""
import struct
import uuid

import pytest

from . import codes, csra, csrs, dcom, icpr
from .conftest import Client, Reply, fault_of, populate, request_stub
from .lab import SERVICE_PORT, directory
from .ndr import Reader, Writer

DEVICE = "CertificateTemplate:CertferryDevice\n"


def orpc(*numbers):
    out = Writer()
    for value in (5, 7):
        out.u16(value)
    out.u32(0)
    out.u32(0)
    out.raw(uuid.uuid4().bytes_le)
    out.u32(0)
    return out


def activation(interfaces, class_id=dcom.CERT_ADMIN_CLASS):
    """What a client asks with (MS-DCOM 2.2.22), with the two properties that matter."""
    wanted = Writer()
    wanted.guid(class_id)
    for value in (0, 0, 0, len(interfaces), 0, 0x20000, 0x58):
        wanted.u32(value)
    wanted.u16(5)
    wanted.u16(7)
    wanted.u32(len(interfaces))
    for interface in interfaces:
        wanted.guid(interface)
    how = Writer()
    for value in (0, 0x20000, 2, 1, 0x20004, 1, 7):
        how.u32(value)
    blob = dcom._custom(((dcom.INSTANTIATION, wanted.data), ("000001aa", how.data)))
    return blob.replace(uuid.UUID(dcom.ACTIVATION_OUT + dcom.TAIL).bytes_le,
                        uuid.UUID(dcom.ACTIVATION_IN + dcom.TAIL).bytes_le, 1).replace(
        uuid.UUID(dcom.PROPS_OUT + dcom.TAIL).bytes_le,
        uuid.UUID(dcom.CLASS_IN + dcom.TAIL).bytes_le, 1)


def activate(client, interfaces, **options):
    """(HRESULT, the OBJREF of the answer or None)."""
    connection = client.connect(dcom.ACTIVATOR, port=135, **options)
    stub, blob = orpc(), activation(interfaces)
    stub.u32(0)
    stub.pointer()
    stub.u32(len(blob))
    stub.u32(len(blob))
    stub.raw(blob)
    answer = Reader(connection.request(4, bytes(stub.data)))
    answer.take(8)
    if answer.u32() == 0:
        return answer.u32(), None
    size = answer.u32()
    assert answer.u32() == size
    blob = answer.take(size)
    return answer.u32(), blob


def ipids(blob, interfaces):
    """The IPID stands behind flags, reference count, OXID and OID of the standard OBJREF."""
    found = []
    for interface in interfaces:
        mark = b"MEOW\1\0\0\0" + uuid.UUID(interface).bytes_le
        at = blob.index(mark) + 24 + 24
        found.append(uuid.UUID(bytes_le=blob[at:at + 16]))
    return found


class Admin:
    def __init__(self, client, interfaces=(csra.ADMIN,)):
        hresult, blob = activate(client, interfaces)
        assert hresult == 0 and f"ca1.corp.example[{SERVICE_PORT}]".encode("utf-16-le") in blob
        self.ipid = dict(zip(interfaces, ipids(blob, interfaces), strict=True))
        self.client, self.connections = client, {}

    def call(self, interface, opnum, build, name=directory.ISSUING_CA, ipid=None):
        stub = orpc()
        stub.text(name)
        build(stub)
        if interface not in self.connections:
            self.connections[interface] = self.client.connect(interface)
        answer = self.connections[interface].request(
            opnum, bytes(stub.data), str(ipid or self.ipid[interface]))
        return struct.unpack(f"<{len(answer[8:]) // 4}I", answer[8:])

    def revoke(self, serial, reason, **options):
        def build(stub):
            stub.text(serial)
            for value in (reason, 0x1234, 0x5678):
                stub.u32(value)
        return self.call(csra.ADMIN, 10, build, **options)[0]

    def is_valid(self, serial):
        return self.call(csra.ADMIN, 7, lambda stub: stub.text(serial))


@pytest.fixture
def serial(lab, enroll):
    return lab.ca1.row(enroll(csrs.make(), DEVICE).id)["serial"]


def test_revoked_once_and_again(lab, client, serial):
    admin = Admin(client)
    assert admin.is_valid(serial) == (0, 3, 0)
    assert admin.revoke(serial, 1) == 0
    assert admin.revoke(serial, 4) == 0
    assert admin.is_valid(serial) == (4, 2, 0)
    assert lab.ca1.revoked()[serial] == 4
    [row] = lab.ca1.rows("serial = ?", serial)
    assert row["revoked_filetime"] == 0x5678 << 32 | 0x1234


def test_what_cannot_be_revoked(client, serial):
    admin = Admin(client)
    for wrong in ("00", serial.upper(), "0x" + serial, serial[1:]):
        assert admin.revoke(wrong, 1) == codes.E_INVALIDARG or wrong == serial
    assert admin.revoke(serial, 7) == codes.E_INVALIDARG
    assert admin.revoke(serial, 0, name="Corp Second CA") == codes.E_INVALIDARG
    assert admin.revoke(serial, 1) == 0
    assert admin.revoke(serial, 6) == codes.ERROR_INVALID_DATA


def test_a_hold_can_be_released(lab, client, serial):
    admin = Admin(client)
    assert admin.revoke(serial, 0xFFFFFFFF) == codes.ERROR_INVALID_DATA
    assert admin.revoke(serial, 6) == 0
    assert admin.revoke(serial, 0xFFFFFFFF) == 0
    assert serial not in lab.ca1.revoked()


def test_only_officers_revoke(lab, serial):
    alice = Admin(Client("alice", populate.PASSWORD))
    assert alice.revoke(serial, 1) == codes.E_ACCESSDENIED
    assert serial not in lab.ca1.revoked()


def test_roles_are_told_by_the_second_interface(client):
    admin = Admin(client, (csra.ADMIN, csra.ADMIN2))
    roles, hresult = admin.call(csra.ADMIN2, 47, lambda stub: None)
    assert (roles, hresult) == (0x302, 0)
    # Each interface has an IPID of its own.
    fault_of(admin.call, csra.ADMIN2, 47, lambda stub: None, directory.ISSUING_CA,
             admin.ipid[csra.ADMIN])


def test_managers_approve_and_deny(lab, client, enroll):
    pending = "CertificateTemplate:CertferryPending"
    first, second = (enroll(csrs.make(), pending).id for _ in range(2))
    admin = Admin(client)
    assert admin.call(csra.ADMIN, 5, lambda stub: stub.u32(first)) == (codes.ISSUED, 0)
    assert admin.call(csra.ADMIN, 6, lambda stub: stub.u32(second)) == (0,)
    assert [lab.ca1.row(n)["disposition"] for n in (first, second)] == [codes.ISSUED, codes.DENIED]
    assert admin.call(csra.ADMIN, 5, lambda stub: stub.u32(first))[-1] == \
        codes.CERTSRV_E_BAD_REQUESTSTATUS


def test_an_object_that_was_released_is_gone(lab, client, serial):
    admin = Admin(client)
    [ipid] = admin.ipid.values()
    unknown = next(iter(lab.activator._unknowns))
    stub = orpc()
    stub.u16(1)
    stub.u32(1)
    stub.guid(str(ipid))
    stub.u32(5)
    stub.u32(0)
    client.connect(dcom.UNKNOWN).request(5, bytes(stub.data), unknown)
    assert str(ipid) in lab.activator.released
    fault_of(admin.revoke, serial, 1)


def test_activation_that_fails(lab, client):
    assert activate(client, (csra.ADMIN,), options="krb5,connect") == (codes.E_ACCESSDENIED, None)
    assert activate(client, (icpr.INTERFACE,)) == (codes.E_NOINTERFACE, None)
    lab.ca1.faults.add("activation_result", code=codes.CLASS_NOT_REGISTERED)
    assert activate(client, (csra.ADMIN,)) == (codes.CLASS_NOT_REGISTERED, None)
    lab.ca1.faults.add("redirect", host="10.66.0.1", port=4444)
    assert "10.66.0.1[4444]".encode("utf-16-le") in activate(client, (csra.ADMIN,))[1]


def test_a_call_of_enrolment_on_the_other_interface_is_not_one(client):
    connection = client.connect(icpr.INTERFACE)
    assert Reply(connection.request(0, request_stub(csrs.make(), DEVICE))).disposition == 3
    fault_of(connection.request, 10, b"")
