# SPDX-License-Identifier: Apache-2.0
"""MS-CSRA ICertAdminD and ICertAdminD2 over an Authority, as calls on a DCOM object."""
import struct

from . import codes
from .ca import ROLE_ADMIN, ROLE_OFFICER
from .csr import Refused
from .faults import Drop, RpcFault
from .ndr import Reader, Writer

ADMIN, ADMIN2 = "d99e6e71-fc88-11d0-b498-00a0c90312f3", "7fe0d935-dda6-443f-85d0-1cfb58fe41dd"
PRIVACY = 6
RPC_E_DISCONNECTED = 0x80010108


def orpc_this(stub):
    """The head of each call of an object (MS-DCOM 2.2.13.3)."""
    major, minor, flags, reserved = stub.u16(), stub.u16(), stub.u32(), stub.u32()
    stub.guid()
    if major != 5 or minor > 7 or flags & ~1 or reserved or stub.u32() != 0:
        raise RpcFault(codes.E_INVALIDARG)


def orpc_that():
    out = Writer()
    out.u32(0)
    out.u32(0)
    return out


class CertAdmin:
    """objects: what dcom.Activator made, {ipid: (Authority, interface)}."""

    def __init__(self, objects):
        self.objects = objects
        self._methods = {
            (ADMIN, 5): self._resubmit, (ADMIN, 6): self._deny, (ADMIN, 7): self._is_valid,
            (ADMIN, 10): self._revoke, (ADMIN, 18): self._ping, (ADMIN2, 47): self._roles}

    def __call__(self, call):
        method = self._methods.get((call.interface, call.opnum))
        if method is None:
            raise RpcFault(codes.FAULT_UNKNOWN_OPNUM)
        if call.auth_level != PRIVACY:
            raise RpcFault(codes.FAULT_ACCESS_DENIED)
        authority, interface = self.objects.get(call.object, (None, None))
        if interface != call.interface:
            raise RpcFault(RPC_E_DISCONNECTED)
        stub, out = Reader(call.stub), orpc_that()
        orpc_this(stub)
        authority.before(method.__name__.strip("_"))
        if stub.text() == authority.name:
            result = method(authority, call.caller, stub, out)
        else:
            out.raw(bytes({5: 4, 7: 8, 47: 4}.get(call.opnum, 0)))
            result = codes.E_INVALIDARG
        out.u32(result)
        return out.data

    @staticmethod
    def _may(authority, caller, roles):
        return authority.role(caller) & roles != 0

    def _revoke(self, authority, caller, stub, _):
        serial, reason, low, high = stub.text(), stub.u32(), stub.u32(), stub.u32()
        stub.end()
        if result := authority.faults.take("revoke_result"):
            return result["code"]
        if not self._may(authority, caller, ROLE_OFFICER):
            return codes.E_ACCESSDENIED
        result = authority.revoke(serial or "", reason, high << 32 | low)
        if authority.faults.take("revoke_lose"):
            raise Drop
        return result

    @staticmethod
    def _is_valid(authority, _, stub, out):
        serial = stub.text()
        stub.end()
        reason, disposition = authority.validity(serial or "")
        out.data += struct.pack("<ii", reason, disposition)
        return 0

    def _resubmit(self, authority, caller, stub, out):
        number = stub.u32()
        if not self._may(authority, caller, ROLE_OFFICER):
            out.u32(0)
            return codes.E_ACCESSDENIED
        try:
            authority.approve(number)
        except Refused as refused:
            out.u32(0)
            return refused.code
        out.u32(codes.ISSUED)
        return 0

    def _deny(self, authority, caller, stub, _):
        if not self._may(authority, caller, ROLE_OFFICER):
            return codes.E_ACCESSDENIED
        try:
            authority.deny(stub.u32())
        except Refused as refused:
            return refused.code
        return 0

    @staticmethod
    def _ping(*_):
        return 0

    @staticmethod
    def _roles(authority, caller, _, out):
        out.u32(authority.role(caller) | (ROLE_ADMIN if caller.name == "Administrator" else 0))
        return 0
