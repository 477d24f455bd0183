# SPDX-License-Identifier: Apache-2.0
"""The socket behind the domain controller's module: each RPC comes here, by its interface."""
import contextlib
import dataclasses
import socket
import struct
import threading
import traceback

from . import codes
from .ca import Caller
from .faults import Drop, RpcFault, Silence
from .ndr import BadStub


@dataclasses.dataclass
class Call:
    interface: str
    opnum: int
    auth_type: int
    auth_level: int
    caller: Caller
    remote: str  # who called: the proxy of a CA has an address of its own
    object: str
    stub: bytes


def parse(facts, stub):
    values, sids = {}, []
    for line in facts.decode().splitlines():
        name, _, value = line.partition("=")
        if name == "sid":
            sids.append(value)
        else:
            values[name] = value
    return Call(values["interface"], int(values["opnum"]), int(values["auth_type"]),
                int(values["auth_level"]), Caller(values["account"], tuple(sids)),
                values["remote"], values.get("object"), stub)


class Relay:
    """handlers: {interface: function(call) -> stub}; what these raise is as faults.py says."""

    def __init__(self, path, handlers):
        self.path, self.handlers, self.errors, self.calls = str(path), handlers, [], []
        self._stopped = threading.Event()
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(self.path)
        self._socket.listen(128)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while not self._stopped.is_set():
            with contextlib.suppress(OSError):
                connection, _ = self._socket.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    @staticmethod
    def _receive(connection, count):
        data = bytearray()
        while len(data) < count:
            some = connection.recv(min(65536, count - len(data)))
            if not some:
                raise Drop
            data += some
        return bytes(data)

    def _serve(self, connection):
        with connection:
            try:
                sizes = struct.unpack("<II", self._receive(connection, 8))
                call = parse(*(self._receive(connection, size) for size in sizes))
                fault, answer = self._answer(call)
                connection.sendall(struct.pack("<II", fault, len(answer)) + answer)
            except Silence:
                # Until the caller gives up or the lab ends.
                connection.settimeout(600)
                with contextlib.suppress(OSError):
                    connection.recv(1)
            except (Drop, OSError):
                pass
            except Exception:  # a fault of the double: the test has to see it
                self.errors.append(traceback.format_exc())

    def _answer(self, call):
        self.calls.append((call.interface, call.opnum, call.auth_type, call.auth_level, call.remote))
        try:
            return 0, bytes(self.handlers[call.interface](call))
        except BadStub:
            return codes.FAULT_NDR, b""
        except RpcFault as fault:
            return fault.status, b""

    def stop(self):
        self._stopped.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
