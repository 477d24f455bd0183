# SPDX-License-Identifier: Apache-2.0
"""Samba's DCE/RPC client, to judge the doubles by: samba_peer.c, in a process of its own."""
import subprocess
from pathlib import Path

from . import module


class Refused(Exception):
    """What Samba's client says failed: .status is an NTSTATUS."""

    def __init__(self, status, text):
        super().__init__(f"0x{status:08x} {text}")
        self.status = status


class Peer:
    def __init__(self, folder, account, password):
        program = Path(folder) / "samba_peer"
        if not program.exists():
            module.compile_c(program, [Path(__file__).with_suffix(".c")], "-ltevent-util",
                             "-Wno-deprecated-declarations",
                             "-lsamba-errors")
        self._process = subprocess.Popen([program, account, password], text=True,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, *words):
        self._process.stdin.write(" ".join(map(str, words)) + "\n")
        self._process.stdin.flush()
        kind, _, rest = self._process.stdout.readline().rstrip("\n").partition(" ")
        if kind == "ok":
            return rest
        status, _, text = rest.partition(" ")
        raise Refused(int(status or "0", 16), text or "the peer ended")

    def connect(self, binding, interface):
        return Connection(self, self.ask("bind", binding, interface))

    def close(self):
        self._process.stdin.close()
        self._process.wait(10)


class Connection:
    def __init__(self, peer, number):
        self.peer, self.number = peer, number

    def request(self, opnum, stub, object_id="-"):
        return bytes.fromhex(self.peer.ask("call", self.number, opnum, object_id,
                                           bytes(stub).hex() or "-"))
