# SPDX-License-Identifier: Apache-2.0
"""MS-DCOM as far as a certificate manager needs it: activation and the release of objects."""
import os
import uuid

from . import codes, csra
from .faults import RpcFault
from .ndr import BadStub, Reader, Writer

ACTIVATOR, UNKNOWN = "000001a0-0000-0000-c000-000000000046", "00000131-0000-0000-c000-000000000046"
CERT_ADMIN_CLASS = "d99e6e73-fc88-11d0-b498-00a0c90312f3"
ACTIVATION_IN, ACTIVATION_OUT = "000001a2", "000001a3"
CLASS_IN, PROPS_OUT = "00000338", "00000339"
INSTANTIATION, SCM_REPLY = "000001ab", "000001b6"
INTEGRITY = 5
TAIL = "-0000-0000-c000-000000000046"


def _properties(blob):
    """{first field of the class: NDR of the property} of an OBJREF_CUSTOM of activation."""
    head = Reader(blob)
    if head.take(4) != b"MEOW" or head.u32() != 4:
        raise BadStub("no OBJREF_CUSTOM")
    if head.guid() != ACTIVATION_IN + TAIL or head.guid() != CLASS_IN + TAIL:
        raise BadStub("not activation properties")
    head.u32(), head.u32()
    total, _, body = head.u32(), head.u32(), Reader(blob[head.at:])
    body.take(16)
    whole, header_size = body.u32(), body.u32()
    if whole != total or whole != len(body.data):
        raise BadStub(f"sizes of activation properties: {whole}, {total}, {len(body.data)}")
    body.take(8)
    count = body.u32()
    body.take(16)
    body.take(12)
    if body.u32() != count:
        raise BadStub("counts of classes")
    classes = [body.guid() for _ in range(count)]
    if body.u32() != count:
        raise BadStub("counts of sizes")
    sizes, at, found = [body.u32() for _ in range(count)], header_size, {}
    for name, size in zip(classes, sizes, strict=True):
        found[name[:8]] = body.data[at + 16:at + size]
        at += size
    if at != len(body.data):
        raise BadStub("sizes of properties")
    return found


def _serialised(data):
    """Type serialization version 1 (MS-RPCE 2.2.6)."""
    data = bytes(data) + bytes(-len(data) % 8)
    out = Writer()
    out.raw(b"\x01\x10\x08\x00\xcc\xcc\xcc\xcc")
    out.u32(len(data))
    out.u32(0)
    return bytes(out.data) + data


def _bindings(addresses):
    """The body of a DUALSTRINGARRAY: TCP bindings, then the security provider's."""
    strings = b"".join(b"\x07\0" + (address + "\0").encode("utf-16-le") for address in addresses)
    strings += b"\0\0"
    security = b"\x09\0\xff\xff\0\0" + b"\0\0"
    out = Writer()
    out.u16((len(strings) + len(security)) // 2)
    out.u16(len(strings) // 2)
    out.raw(strings + security)
    return bytes(out.data)


class Activator:
    """find(remote): the Authority whose host was called; port: of its service."""

    def __init__(self, find, port):
        self.find, self.port, self.objects, self.released = find, port, {}, []
        self._unknowns = set()

    def __call__(self, call):
        if call.opnum != 4:
            raise RpcFault(codes.FAULT_UNKNOWN_OPNUM)
        authority = self.find(call.remote)
        stub, out = Reader(call.stub), csra.orpc_that()
        csra.orpc_this(stub)
        authority.before("activate")
        if stub.u32() != 0:
            raise BadStub("an outer object")
        result, reply = self._activate(authority, call, stub)
        if reply is None:
            out.u32(0)
        else:
            out.pointer()
            out.u32(len(reply))
            out.u32(len(reply))
            out.raw(reply)
        out.u32(result)
        return out.data

    def _activate(self, authority, call, stub):
        if fault := authority.faults.take("activation_result"):
            return fault["code"], None
        if call.auth_level < INTEGRITY:
            return codes.E_ACCESSDENIED, None
        if stub.u32() == 0:
            raise BadStub("no activation properties")
        count = stub.u32()
        if stub.u32() != count:
            raise BadStub("counts of an interface pointer")
        wanted = Reader(_properties(stub.take(count))[INSTANTIATION])
        class_id = wanted.guid()
        wanted.take(12)
        count = wanted.u32()
        wanted.take(16)
        if class_id != CERT_ADMIN_CLASS:
            return codes.CLASS_NOT_REGISTERED, None
        if wanted.u32() != count or not 1 <= count <= 2:
            raise BadStub("counts of interfaces")
        interfaces = [wanted.guid() for _ in range(count)]
        if not set(interfaces) <= {csra.ADMIN, csra.ADMIN2}:
            return codes.E_NOINTERFACE, None
        reply = self._reply(authority, interfaces)
        if authority.faults.take("garbage_objref"):
            reply = reply[:48] + os.urandom(len(reply) - 48)
        if cut := authority.faults.take("short_objref"):
            reply = reply[:cut["size"]]
        return 0, reply

    def _addresses(self, authority):
        host, port = authority.host, self.port
        if fault := authority.faults.take("redirect"):
            host, port = fault.get("host", host), fault.get("port", port)
        return [f"{host}[{port}]", f"10.53.0.99[{port}]"]

    def _reply(self, authority, interfaces):
        unknown, bindings = str(uuid.uuid4()), _bindings(self._addresses(authority))
        oxid, oid = os.urandom(8), os.urandom(8)
        self._unknowns.add(unknown)
        offered = []
        for interface in interfaces:
            ipid = str(uuid.uuid4())
            self.objects[ipid] = (authority, interface)
            offered.append((interface, _standard(interface, oxid + oid, ipid, bindings)))
        return _custom(((PROPS_OUT, _props_out(offered)),
                        (SCM_REPLY, _scm_reply(oxid, unknown, bindings))))

    def release(self, call):
        """IRemUnknown::RemRelease."""
        if call.opnum != 5:
            raise RpcFault(codes.FAULT_UNKNOWN_OPNUM)
        stub = Reader(call.stub)
        csra.orpc_this(stub)
        count = stub.u16()
        if stub.u32() != count:
            raise BadStub("counts of references")
        for _ in range(count):
            ipid = stub.guid()
            stub.u32(), stub.u32()
            if call.object in self._unknowns and self.objects.pop(ipid, None):
                self.released.append(ipid)
        out = csra.orpc_that()
        out.u32(0)
        return out.data


def _standard(interface, identity, ipid, bindings):
    """OBJREF_STANDARD (MS-DCOM 2.2.18.4) for one interface of the object."""
    out = Writer()
    out.raw(b"MEOW")
    out.u32(1)
    out.guid(interface)
    out.u32(0)
    out.u32(5)
    out.raw(identity)
    out.guid(ipid)
    out.raw(bindings)
    return bytes(out.data)


def _props_out(offered):
    """PropsOutInfo (MS-DCOM 2.2.22.2.9): [(interface, OBJREF)], all of them S_OK."""
    out = Writer()
    out.u32(len(offered))
    for _ in range(3):
        out.pointer()
    out.u32(len(offered))
    for interface, _ in offered:
        out.guid(interface)
    out.u32(len(offered))
    for _ in offered:
        out.u32(0)
    out.u32(len(offered))
    for _ in offered:
        out.pointer()
    for _, objref in offered:
        out.u32(len(objref))
        out.u32(len(objref))
        out.raw(objref)
    return out.data


def _scm_reply(oxid, unknown, bindings):
    out = Writer()
    out.u32(0)
    out.pointer()
    out.align(8)
    out.raw(oxid)
    out.pointer()
    out.guid(unknown)
    out.u32(6)
    out.u16(5)
    out.u16(7)
    out.u32(int.from_bytes(bindings[:2], "little"))
    out.raw(bindings)
    return out.data


def _custom(properties):
    """OBJREF_CUSTOM with activation properties (MS-DCOM 2.2.22)."""
    bodies = [_serialised(data) for _, data in properties]
    head = Writer()

    def write_head(size):
        head.data.clear()
        head.u32(size + sum(map(len, bodies)))
        head.u32(size)
        head.u32(0)
        head.u32(0)
        head.u32(len(bodies))
        head.raw(bytes(16))
        for pointer in (0x20000, 0x20004, 0, len(bodies)):
            head.u32(pointer)
        for name, _ in properties:
            head.guid(name + TAIL)
        head.u32(len(bodies))
        for body in bodies:
            head.u32(len(body))
        return _serialised(head.data)

    first = write_head(len(write_head(0)))
    payload = first + b"".join(bodies)
    out = Writer()
    out.raw(b"MEOW")
    out.u32(4)
    out.guid(ACTIVATION_OUT + TAIL)
    out.guid(PROPS_OUT + TAIL)
    out.u32(0)
    out.u32(len(payload) + 8)
    out.u32(len(payload))
    out.u32(0)
    return bytes(out.data) + payload
