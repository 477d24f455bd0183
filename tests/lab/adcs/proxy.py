# SPDX-License-Identifier: Apache-2.0
"""A CA host on an address of its own: it passes everything on to the domain controller, and does
to the PDUs on their way what a test asks for.

Port 135 is passed to port 135, the service's port to Samba's dynamic one; answers of the endpoint
mapper are rewritten, so that clients come here again.
"""
import contextlib
import re
import socket
import struct
import threading

REQUEST, RESPONSE, FAULT, BIND, BIND_ACK, BIND_NAK = 0, 2, 3, 11, 12, 13
ALTER, ALTER_RESP, AUTH3 = 14, 15, 16
FIRST, LAST = 1, 2
NAMES = {"response": RESPONSE, "fault": FAULT, "bind_ack": BIND_ACK, "alter_resp": ALTER_RESP}
TOWER = re.compile(rb"\x01\x00\x07\x02\x00(..)\x01\x00\x09\x04\x00(....)", re.DOTALL)
EPM_PORT = 135


def pdu_type(pdu):
    return pdu[2]


class Wire:
    """What happens to PDUs. from_server and from_client: function(pdu, link) -> the bytes to pass
    on instead (b"" for none, None to end the connection). mode: "pass", "refuse" (nobody listens),
    "blackhole" (connections are taken and nothing ever comes)."""

    def __init__(self):
        self.mode, self.from_server, self.from_client = "pass", None, None
        self.seen = []  # (port, direction, PDU type)

    def clear(self):
        self.__init__()


class Link:
    """One connection of a client."""

    def __init__(self, client, server, port):
        self.client, self.server, self.port = client, server, port

    def end(self):
        for end in (self.client, self.server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


class Host:
    """A CA host: `address` for clients, ports {listening: (address, port) behind it}."""

    def __init__(self, address, ports, wire=None):
        self.address, self.ports, self.wire = address, ports, wire or Wire()
        self._listeners, self._links, self._lock = {}, set(), threading.Lock()
        self.start()

    # -- listening ----------------------------------------------------------------------------------
    def start(self):
        for port in self.ports:
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((self.address, port))
            listener.listen(64)
            self._listeners[port] = listener
            threading.Thread(target=self._accept, args=(listener, port), daemon=True).start()

    def stop(self):
        """As if the host were off: connections end, new ones are refused."""
        for listener in self._listeners.values():
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self._listeners.clear()
        self.cut()

    def cut(self):
        with self._lock:
            links, self._links = self._links, set()
        for link in links:
            link.end()

    def _accept(self, listener, port):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client, port), daemon=True).start()

    def _serve(self, client, port):
        if self.wire.mode == "refuse":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
            return
        try:
            server = socket.create_connection(self.ports[port], timeout=5,
                                              source_address=(self.address, 0))
        except OSError:
            client.close()
            return
        server.settimeout(None)
        link = Link(client, server, port)
        with self._lock:
            self._links.add(link)
        if self.wire.mode == "blackhole":
            with contextlib.suppress(OSError):
                while client.recv(65536):
                    pass
            link.end()
            return
        pumps = [threading.Thread(target=self._pump, args=(link, client, server, "client"), daemon=True),
                 threading.Thread(target=self._pump, args=(link, server, client, "server"), daemon=True)]
        for pump in pumps:
            pump.start()
            pump.join(0)

    # -- passing on -----------------------------------------------------------------------------------
    def _pump(self, link, source, target, who):
        with contextlib.suppress(OSError, struct.error):
            while pdu := read_pdu(source):
                self.wire.seen.append((link.port, who, pdu_type(pdu)))
                if who == "server" and link.port == EPM_PORT:
                    pdu = self._rewrite(pdu)
                change = self.wire.from_server if who == "server" else self.wire.from_client
                if change:
                    pdu = change(pdu, link)
                if pdu is None:
                    break
                target.sendall(pdu)
        link.end()
        with self._lock:
            self._links.discard(link)

    def _rewrite(self, pdu):
        """Towers of the endpoint mapper lead to us; a sealed PDU holds none."""
        behind = {port: own for own, (_, port) in self.ports.items()}
        address = socket.inet_aton(self.address)

        def tower(match):
            port = struct.unpack(">H", match[1])[0]
            return (b"\x01\x00\x07\x02\x00" + struct.pack(">H", behind.get(port, port)) +
                    b"\x01\x00\x09\x04\x00" + address)

        return TOWER.sub(tower, pdu) if pdu_type(pdu) == RESPONSE else pdu


def read_exactly(source, count):
    data = bytearray()
    while len(data) < count:
        some = source.recv(count - len(data))
        if not some:
            return b""
        data += some
    return bytes(data)


def read_pdu(source):
    head = read_exactly(source, 16)
    if not head:
        return b""
    [length] = struct.unpack_from("<H", head, 8)
    return head + read_exactly(source, length - 16)


# -- things to do to a PDU: each makes a function for Wire.from_server or from_client -----------------
def only(kind, change, port=None, times=1 << 30):
    """`change` for PDUs of one type (a name of NAMES, or a number), perhaps on one port, so often."""
    wanted, left = NAMES.get(kind, kind), [times]

    def apply(pdu, link):
        if pdu_type(pdu) != wanted or (port and link.port != port) or left[0] <= 0:
            return pdu
        left[0] -= 1
        return change(pdu, link)

    return apply


def truncate(size, keep_length=False):
    """The first bytes only, then the connection ends. keep_length False: with the length in the
    head put right, so that the PDU is whole in itself."""

    def change(pdu, link):
        cut = bytearray(pdu[:size])
        if not keep_length and len(cut) >= 10:
            struct.pack_into("<H", cut, 8, len(cut))
        with contextlib.suppress(OSError):
            link.client.sendall(cut)

    return change


def flip(bit):
    def change(pdu, _):
        changed = bytearray(pdu)
        changed[bit // 8 % len(pdu)] ^= 1 << bit % 8
        return bytes(changed)

    return change


def replace(data):
    return lambda pdu, link: data


def endless(make):
    """PDUs of make(the first) for as long as the client takes them."""

    def change(pdu, link):
        with contextlib.suppress(OSError):
            while True:
                link.client.sendall(make(pdu))

    return change


def fragment_without_end(pdu):
    """A response that is neither the first nor the last of its fragments, with little in it."""
    body = pdu[16:24] + bytes(8)
    return struct.pack("<BBBB4sHHI", 5, 0, RESPONSE, 0, pdu[4:8], 16 + len(body), 0,
                       struct.unpack_from("<I", pdu, 12)[0]) + body


def auth_level(level):
    """The level in the authentication trailer, where a PDU has one."""

    def change(pdu, _):
        [length, size] = struct.unpack_from("<HH", pdu, 8)
        if size == 0:
            return pdu
        changed = bytearray(pdu)
        changed[length - size - 8 + 1] = level
        return bytes(changed)

    return change


def fault(status, pdu, flags=FIRST | LAST):
    """A fault PDU without any protection, in answer to a call."""
    body = struct.pack("<IHBBII", 32, 0, 0, 0, status, 0)
    return struct.pack("<BBBB4sHHI", 5, 0, FAULT, flags, pdu[4:8], 16 + len(body), 0,
                       struct.unpack_from("<I", pdu, 12)[0]) + body


def bind_nak(reason, pdu):
    body = struct.pack("<HBBB", reason, 1, 5, 0) + b"\0" * 3
    return struct.pack("<BBBB4sHHI", 5, 0, BIND_NAK, FIRST | LAST, pdu[4:8], 16 + len(body), 0,
                       struct.unpack_from("<I", pdu, 12)[0]) + body
