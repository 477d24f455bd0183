# SPDX-License-Identifier: Apache-2.0
"""MS-ICPR ICertPassage over an Authority: one method, CertServerRequest."""
from . import codes
from .faults import RpcFault
from .ndr import Reader, Writer, wide

INTERFACE = "91ae6020-9e3c-11cf-8d7c-00aa00c091be"
PRIVACY = 6
FLAGS_ALLOWED = 0x100 | 0x00040000 | 0x00080000


class Answer:
    def __init__(self, request_id, disposition, result=0, message="", row=None):
        self.request_id, self.disposition, self.result = request_id, disposition, result
        self.message, self.row = message, row

    def stub(self, faults):
        out = Writer()
        out.u32(self.request_id)
        out.u32(self.disposition)
        response, cert = b"", b""
        if self.disposition == codes.ISSUED and self.row:
            response, cert = self.row["response"], self.row["cert"]
        if faults.take("no_certificate"):
            cert = b""
        if faults.take("no_response"):
            response = b""
        if faults.take("garbage"):
            cert = response = b"\x30\x82\xff\xff" + b"certificates look otherwise"
        if big := faults.take("big"):
            response = bytes(big["size"])
        out.blob(response)
        out.blob(cert)
        out.blob(wide(self.message) if self.message else b"")
        out.u32(self.result)
        if faults.take("garbage_answer"):
            return bytes(reversed(out.data))
        if cut := faults.take("short_answer"):
            return bytes(out.data[:cut["size"]])
        return bytes(out.data)


def attributes_of(data):
    """{name: value}, or None when the text is not as MS-WCCE 2.2.2.7 wants it."""
    if data is None:
        return {}
    if len(data) % 2 or len(data) < 2 or data[-2:] != b"\0\0":
        return None
    found = {}
    for line in data[:-2].decode("utf-16-le").replace("\r", "").split("\n"):
        name, colon, value = line.partition(":")
        if colon:
            found[name.strip()] = value.strip()
    return found


class CertPassage:
    """find(remote): the Authority whose host was called."""

    def __init__(self, find):
        self.find = find

    def __call__(self, call):
        if call.opnum != 0:
            raise RpcFault(codes.FAULT_UNKNOWN_OPNUM)
        authority = self.find(call.remote)
        if call.auth_level != PRIVACY:
            raise RpcFault(codes.FAULT_ACCESS_DENIED)
        stub = Reader(call.stub)
        flags, name, number = stub.u32(), stub.text(), stub.u32()
        (attributes_size, attributes), (size, csr) = stub.blob(), stub.blob()
        stub.end()
        authority.before("request" if size else "poll")
        answer = self._answer(authority, call.caller, flags, name, number,
                              attributes if attributes_size else None, csr if size else None)
        authority.after(bool(size))
        return answer.stub(authority.faults)

    @staticmethod
    def _answer(authority, caller, flags, name, number, attributes, csr):
        if result := authority.faults.take("result"):
            return Answer(number, result["code"], result["code"])
        pairs = attributes_of(attributes)
        if name is None or name.lower() != authority.name.lower() or flags & ~FLAGS_ALLOWED:
            return Answer(number, codes.E_INVALIDARG, codes.E_INVALIDARG)
        if pairs is None or (csr is not None and number != 0):
            return Answer(number, codes.E_INVALIDARG, codes.E_INVALIDARG)
        if csr is None:
            disposition, row, message = authority.inspect(number)
            result = codes.CERTSRV_E_ADMIN_DENIED_REQUEST if disposition == codes.DENIED else 0
            if row is None:
                result = disposition
            return Answer(number, disposition, result, message, row)
        row = authority.submit(csr, pairs, caller)
        return Answer(row["id"], row["disposition"], 0, row["message"], row)
