# SPDX-License-Identifier: Apache-2.0
"""What a test lets an authority do wrong, and how a front end is told to do it."""
import threading


class Drop(Exception):
    """The connection ends without an answer."""


class Silence(Exception):
    """No answer ever comes; the connection stays."""


class RpcFault(Exception):
    """A fault PDU with this status."""

    def __init__(self, status):
        super().__init__(f"fault 0x{status:08x}")
        self.status = status


class Faults:
    """A list of faults, each for a number of times; asked by kind where it would strike.

    Of requests: refuse(code), result(code: the call's return value), hang(seconds), drop (before
    anything), lose (issued, then no answer), silent (likewise, connection stays), fault(status).
    Of certificates: wrong_key, wrong_subject, wrong_san, wrong_eku, other_ca, extra_ca_only, garbage,
    no_certificate, no_chain. Of answers: big(size), endless, garbage_answer. Of activation: redirect(host, port), garbage_objref,
    activation_result(code). Of revocation: revoke_result(code), revoke_lose.
    """

    def __init__(self):
        self._lock, self._list = threading.Lock(), []
        self.struck = []

    def add(self, kind, times=1, **args):
        with self._lock:
            self._list.append([kind, times, args])

    def clear(self):
        with self._lock:
            self._list.clear()

    def take(self, kind):
        """The arguments of a fault of this kind, which counts as struck, or None."""
        with self._lock:
            for entry in self._list:
                if entry[0] == kind and entry[1] > 0:
                    entry[1] -= 1
                    self.struck.append(kind)
                    return {"kind": kind, **entry[2]}
        return None
