# SPDX-License-Identifier: Apache-2.0
"""Orders to the authorities from another process: one line of JSON there, one back.

{"ca": "ca1", "do": "approve", "args": [7], "options": {}} -> {"result": ...} or {"error": "..."}
"""
import contextlib
import json
import socket
import threading

from .csr import Refused


def _rows(authority):
    """What of the database is text."""
    return [{name: value for name, value in row.items() if not isinstance(value, bytes)}
            for row in authority.rows()]


def _offer(authority, *names):
    authority.offered = set(names)


class Control:
    def __init__(self, lab, path):
        self.lab = lab
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(path))
        self._socket.listen(8)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                with connection, connection.makefile("rw") as file:
                    file.write(json.dumps(self._answer(file.readline())) + "\n")

    def _answer(self, line):
        try:
            order = json.loads(line)
            return {"result": self._do(**order)}
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            return {"error": f"{type(error).__name__}: {error}"}
        except Refused as refused:
            return {"error": f"0x{refused.code:08x} {refused}"}

    def _do(self, ca, do, args=(), options=None):
        authority = {"ca1": self.lab.ca1, "ca2": self.lab.ca2}[ca]
        host = self.lab.hosts[authority.host]
        wire, orders = host.wire, {
            "approve": authority.approve, "deny": authority.deny, "revoke": authority.revoke,
            "fault": authority.faults.add, "calm": self.lab.calm, "down": host.stop,
            "up": host.start, "mode": lambda mode: setattr(wire, "mode", mode)}
        orders["rows"], orders["offer"] = (lambda: _rows(authority)), \
            (lambda *names: _offer(authority, *names))
        return orders[do](*args, **(options or {}))

    def stop(self):
        self._socket.close()
